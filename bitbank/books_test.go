package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// state writes what a pair's snapshot says.
func state(t *testing.T, b *bitbank.Books) string {
	t.Helper()
	s, ok := b.Snapshot("btc_jpy", 1)
	if !ok {
		t.Fatal("btc_jpy is not kept")
	}
	text := s.State.String()
	for _, l := range append(s.Asks, s.Bids...) {
		text += " " + l.Price.String()
	}
	return fmt.Sprintf("%s #%d gaps %d", text, s.Seq, s.Gaps)
}

func TestABookIsOfferedOnlyWhileItIsJoinedWithoutAGap(t *testing.T) {
	message := func(c bitbank.Channel, data string) bitbank.Event {
		return bitbank.Event{Kind: bitbank.EventMessage, Room: string(c) + "_btc_jpy", Channel: c, Pair: "btc_jpy", Raw: []byte(data)}
	}
	whole := func(seq int, ask, bid string) bitbank.Event {
		return message(bitbank.ChannelDepthWhole, fmt.Sprintf(`{"asks":[["%s","1"]],"bids":[["%s","1"]],"timestamp":1,"sequenceId":"%d"}`, ask, bid, seq))
	}
	diff := func(seq int, asks, bids string) bitbank.Event {
		return message(bitbank.ChannelDepthDiff, fmt.Sprintf(`{"a":[%s],"b":[%s],"t":1,"s":"%d"}`, asks, bids, seq))
	}
	mode := func(m string) bitbank.Event {
		return message(bitbank.ChannelCircuitBreakInfo, `{"mode":"`+m+`","timestamp":1}`)
	}
	opened, closed := bitbank.Event{Kind: bitbank.EventOpened}, bitbank.Event{Kind: bitbank.EventClosed}
	unreadable := func(room string) bitbank.Event { return bitbank.Event{Kind: bitbank.EventUnreadable, Room: room} }
	b, err := bitbank.NewBooks("btc_jpy", "btc_jpy")
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		event bitbank.Event
		bad   bool
		want  string
	}{
		{opened, false, "awaited #0 gaps 0"},
		{diff(6, `["102","1"]`, ""), false, "awaited #0 gaps 0"},
		{whole(5, "103", "100"), false, "current 102 100 #6 gaps 0"},
		{diff(7, "", `["101","2"]`), false, "current 102 101 #7 gaps 0"},
		{message(bitbank.ChannelTicker, `{}`), false, "current 102 101 #7 gaps 0"},
		{unreadable("ticker_btc_jpy"), false, "current 102 101 #7 gaps 0"},
		{unreadable("depth_diff_xrp_jpy"), false, "current 102 101 #7 gaps 0"},
		{message(bitbank.ChannelDepthWhole, `{}`), true, "current 102 101 #7 gaps 0"},
		{message(bitbank.ChannelDepthDiff, `{"a":1}`), true, "awaited 102 101 #7 gaps 1"},
		{diff(9, `["102","0"]`, ""), false, "awaited 102 101 #7 gaps 1"}, // shown as it was
		{whole(8, "104", "101"), false, "current 104 101 #9 gaps 1"},     // and forgotten as a whole
		{unreadable("depth_diff_btc_jpy"), false, "awaited 104 101 #9 gaps 2"},
		{unreadable("depth_diff_btc_jpy"), false, "awaited 104 101 #9 gaps 2"},
		{whole(10, "104", "101"), false, "current 104 101 #10 gaps 2"},
		{unreadable(""), false, "awaited 104 101 #10 gaps 3"},
		{closed, false, "awaited 104 101 #10 gaps 3"},
		{opened, false, "awaited 104 101 #10 gaps 3"},
		{whole(3, "90", "80"), false, "current 90 80 #3 gaps 3"}, // ids began anew with the exchange

		{diff(4, "", `["90","1"]`), false, "crossed 90 90 #4 gaps 3"},
		{diff(5, "", `["90","0"]`), false, "crossed 90 80 #5 gaps 3"}, // what was lost is still unknown
		{whole(5, "90", "80"), false, "current 90 80 #5 gaps 3"},
		{whole(6, "90", "95"), false, "crossed 90 95 #6 gaps 3"},
		{mode("SOMETHING_NEW"), false, "current 90 95 #6 gaps 3"},
		{diff(7, "", `["96","1"]`), false, "current 90 96 #7 gaps 3"},
		{mode(""), true, "current 90 96 #7 gaps 3"},
		{mode("NONE"), false, "crossed 90 96 #7 gaps 3"},
		{mode("CIRCUIT_BREAK"), false, "current 90 96 #7 gaps 3"},
		{closed, false, "awaited 90 96 #7 gaps 4"},
		{opened, false, "awaited 90 96 #7 gaps 4"},
		{whole(8, "90", "96"), false, "crossed 90 96 #8 gaps 4"}, // the auction may be over
	} {
		err := b.Take(step.event)
		if got := state(t, b); got != step.want || (err != nil) != step.bad {
			t.Errorf("step %d: got %s, want %s; %v", i, got, step.want, err)
		}
	}
	b.SetMode("btc_jpy", bitbank.ModeResumption)
	if got, want := state(t, b), "current 90 96 #8 gaps 4"; got != want {
		t.Errorf("with the mode told: got %s, want %s", got, want)
	}
	if _, ok := b.Snapshot("xrp_jpy", 1); ok || bitbank.BookState(7).String() != "BookState(7)" {
		t.Error("there is a book of a pair that is not kept")
	}
	if _, err := bitbank.NewBooks("BTC_JPY"); err == nil {
		t.Error("a pair that is none is kept")
	}
}

func TestBooksLiveFromTheStream(t *testing.T) {
	options := bitbanktest.Options{OnJoin: func(s *bitbanktest.Server, room string) {
		if room == "depth_whole_btc_jpy" {
			s.Publish(room, bitbanktest.Payload("stream_depth_whole"))
		}
	}}
	bubble(t, options, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		b, err := bitbank.NewBooks("btc_jpy")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		heard := map[bitbank.EventKind]int{}
		o.Rooms = []string{"ticker_btc_jpy", "depth_diff_btc_jpy"}
		go func() {
			ended <- b.Follow(ctx, bitbank.FollowOptions{StreamOptions: o}, func(e bitbank.Event) { heard[e.Kind]++ })
		}()
		synctest.Wait()
		for _, room := range append(b.Rooms(), "ticker_btc_jpy") {
			if n := fake.Joined(room); n != 1 {
				t.Errorf("%d clients in %s", n, room)
			}
		}
		time.Sleep(3 * time.Second)
		fake.Publish("depth_diff_btc_jpy", bitbanktest.Payload("stream_depth_diff"))
		fake.Publish("depth_whole_btc_jpy", `{"asks":[]}`)
		synctest.Wait()
		began := time.Now()
		time.Sleep(2 * time.Second)
		s, _ := b.Snapshot("btc_jpy", -1)
		if s.State != bitbank.BookCurrent || s.Seq != 9000000008 || s.Age(time.Now()) != 2*time.Second || s.WholeHeard != began.Add(-3*time.Second) {
			t.Errorf("got %+v, heard %v ago", s, s.Age(time.Now()))
		}
		if heard[bitbank.EventUnreadable] != 1 || heard[bitbank.EventMessage] != 2 {
			t.Errorf("the owner heard %v", heard)
		}
		fake.Cut()
		synctest.Wait()
		s, _ = b.Snapshot("btc_jpy", 1)
		if s.State != bitbank.BookAwaited || len(s.Asks) != 1 || s.Gaps != 1 || s.Heard != began {
			t.Errorf("cut: %+v", s)
		}
		time.Sleep(2 * time.Second)
		if s, _ = b.Snapshot("btc_jpy", 1); s.State != bitbank.BookCurrent || s.Seq != 9000000005 {
			t.Errorf("connected again: %+v", s)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

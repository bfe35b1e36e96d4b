package relay

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// long is a ticker of a kilobyte, with a number in it.
func long(n int) string { return fmt.Sprintf(`{"n":%d,"pad":%q}`, n, strings.Repeat("x", 1000)) }

// numbers are those in what was heard of a room of long tickers; other events are -1.
func numbers(events []string) (all []int) {
	for _, e := range events {
		n := -1
		if _, rest, ok := strings.Cut(e, `{"n":`); ok {
			fmt.Sscanf(rest, "%d", &n)
		}
		all = append(all, n)
	}
	return all
}

func TestASlowBotIsToldWhatItMissed(t *testing.T) {
	bubble(t, Options{Queue: 100 << 10}, func(t *testing.T, w *world) {
		more := make(chan int)
		fast := w.bot(t, nil, ticker)
		fast.heard()
		slow := w.bot(t, more, ticker)
		for n := range 300 {
			w.publish(ticker, long(n))
		}
		began := time.Now()
		if got := numbers(fast.heard()); len(got) != 300 {
			t.Errorf("the other bot heard %d", len(got))
		}
		for x := range w.bots {
			if _, bytes := x.Waiting(); bytes > 100<<10 {
				t.Errorf("%d bytes wait", bytes)
			}
		}
		go func() { more <- 1000 }() // it reads again
		time.Sleep(2 * time.Second)
		w.publish(ticker, long(300))
		got := slow.heard()
		all := numbers(got)
		at := len(all) - 2
		m := markOf(got[at])
		if m.Kind != "gap" || m.Reason != Slow || m.Dropped != 300-at || m.From != began.UnixMilli() || m.To <= m.From || all[at+1] != 300 {
			t.Errorf("at the end it heard %q", got[at:])
		}
		for i, n := range all[:at] {
			if n != i {
				t.Fatalf("message %d is %d", i, n)
			}
		}
		if at < 90 || at > 110 {
			t.Errorf("%d of a kilobyte waited, 100 kB are allowed", at)
		}
		if s := w.Stats(); s.Dropped != uint64(m.Dropped) || s.Cut != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A book that misses differences is worth nothing, so a bot that catches up gets it anew.
func TestASlowBotGetsItsBookAnew(t *testing.T) {
	bubble(t, Options{Queue: 10 << 10}, func(t *testing.T, w *world) {
		more := make(chan int)
		a := w.bot(t, more, diffs, wholes, ticker, circuit, trades)
		w.publish(wholes, wholeData(1))
		for seq := 2; seq < 500; seq++ {
			w.publish(diffs, diffData(seq))
		}
		w.publish(wholes, wholeData(500))
		w.publish(diffs, diffData(502))
		w.publish(circuit, `{"mode":"NONE"}`)
		w.publish(ticker, `{"last":"1"}`)
		w.publish(trades, "{}")
		a.say(`42["leave-room","transactions_btc_jpy"]`) // of that it wants to know nothing
		go func() { more <- 1000 }()
		time.Sleep(2 * time.Second)
		var tail []string
		for _, e := range a.heard() {
			if m := markOf(e); m.Reason == Slow || len(tail) > 0 {
				tail = append(tail, short(e))
			}
		}
		want := []string{
			"gap " + circuit + " slow 1", "gap " + diffs, "gap " + wholes + " slow 1", "gap " + ticker + " slow 1",
			circuit + ` {"mode":"NONE"}`, wholes + " " + wholeData(500), diffs + " " + diffData(502),
		}
		if len(tail) != len(want) {
			t.Fatalf("heard at the end %q, want %q", tail, want)
		}
		for i, got := range tail {
			if !strings.HasPrefix(got, want[i]) {
				t.Errorf("heard %q, want %q", got, want[i])
			}
		}
	})
}

// What is lost upstream while a bot is behind, it is told as well.
func TestASlowBotIsToldOfAnOutage(t *testing.T) {
	bubble(t, Options{Queue: 10 << 10}, func(t *testing.T, w *world) {
		more := make(chan int)
		a := w.bot(t, more, ticker)
		for n := range 50 {
			w.publish(ticker, long(n))
		}
		w.bitbank.Quiet(true)
		w.bitbank.Cut()
		synctest.Wait()
		go func() { more <- 1000 }()
		time.Sleep(400 * time.Millisecond) // bitbank is asked again after 500 at the soonest
		a.heard()
		w.mu.Lock()
		for _, b := range w.bots {
			w.recover(b, time.Now())
		}
		w.mu.Unlock()
		got := a.heard()
		if len(got) != 2 || markOf(got[0]).Reason != Slow || markOf(got[1]).Kind != "lost" || markOf(got[1]).Reason != Upstream {
			t.Errorf("heard %q", got)
		}
	})
}

func TestABotThatStaysBehindIsCut(t *testing.T) {
	bubble(t, Options{Queue: 10 << 10, Patience: 10 * time.Second}, func(t *testing.T, w *world) {
		a := w.bot(t, make(chan int), ticker)
		other := w.bot(t, nil, ticker)
		for n := range 50 {
			w.publish(ticker, long(n))
		}
		time.Sleep(9 * time.Second)
		if a.heard(); w.Stats().Cut != 0 {
			t.Error("cut too early")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if s := w.Stats(); s.Cut != 1 || s.Bots != 1 {
			t.Errorf("%+v", s)
		}
		close(a.more)
		if !a.cut() || other.cut() {
			t.Error("the wrong one was cut")
		}
	})
}

// What bitbank does with a room that does not exist is silence, and it is not even asked.
func TestRoomsThatAreRefused(t *testing.T) {
	only := func(pair string) bool { return strings.HasSuffix(pair, "_jpy") }
	bubble(t, Options{Pair: only, PerBot: 3, MaxRooms: 5}, func(t *testing.T, w *world) {
		a := w.bot(t, nil, ticker)
		a.heard()
		for room, want := range map[string]string{
			"ticker_btc":      "refused ticker_btc no_room",
			"":                "refused  no_room",
			"ticker_BTC_JPY":  "refused ticker_BTC_JPY no_room",
			"ticker_btc_usd":  "refused ticker_btc_usd no_room",
			"candles_btc_jpy": "refused candles_btc_jpy no_room",
			"ticker_" + strings.Repeat("a", 99) + "_jpy": "refused ticker_" + strings.Repeat("a", 53) + " no_room",
		} {
			a.join(room)
			a.expect(want)
			if w.bitbank.Joined(room) != 0 {
				t.Errorf("bitbank was asked for %q", room)
			}
		}
		a.say(`42["join-room"]`)
		a.say(`42["join-room",["ticker_btc_jpy"]]`)
		a.say(`42["subscribe","ticker_eth_jpy"]`)
		a.expect("refused  no_room", "refused  no_room")
		a.join(trades)
		a.join(circuit)
		a.join("ticker_xrp_jpy")
		a.expect("refused ticker_xrp_jpy too_many_rooms")
		b := w.bot(t, nil, diffs) // two rooms
		b.join("ticker_xrp_jpy")
		b.join(ticker) // is there already
		b.expect("refused ticker_xrp_jpy too_many_rooms")
		if s := w.Stats(); s.Rooms != 5 {
			t.Errorf("%+v", s)
		}
	})
}

func TestOneBotTooManyIsRefused(t *testing.T) {
	bubble(t, Options{MaxBots: 2}, func(t *testing.T, w *world) {
		a := w.bot(t, nil)
		w.bot(t, nil)
		ask := func() int {
			res, err := w.client.Get("http://localhost/socket.io/?EIO=4&transport=polling")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.StatusCode
		}
		if got := ask(); got != 503 {
			t.Errorf("a third bot: %d", got)
		}
		a.conn.CloseNow()
		synctest.Wait()
		if got := ask(); got != 200 {
			t.Errorf("after one has gone: %d", got)
		}
	})
}

// npm's client begins with long polling, which waits longer than a gateway's server lets a request take.
func TestALongPollMayBeLong(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		ask := func(method, query, body string) string {
			req, err := http.NewRequest(method, "http://localhost/socket.io/?EIO=4&transport=polling"+query, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			res, err := w.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		sid := "&sid=" + strings.Split(ask(http.MethodGet, "", ""), `"`)[3]
		ask(http.MethodPost, sid, "40")
		ask(http.MethodGet, sid, "")
		began := time.Now()
		if got := ask(http.MethodGet, sid, ""); got != "2" || time.Since(began) < 24*time.Second {
			t.Errorf("after %v: %q", time.Since(began), got)
		}
	})
}

// Whatever a bot says, the relay stands, and only rooms of bitbank's are wanted.
func FuzzBot(f *testing.F) {
	for _, p := range []string{
		`40` + "\x1e" + `42["join-room","ticker_btc_jpy"]`, `42["join-room","depth_diff_btc_jpy"]` + "\x1e" + `42["leave-room","depth_diff_btc_jpy"]`,
		`42["join-room","ticker_btc_jpy"]` + "\x1e" + `42["join-room","ticker_btc_jpy"]`, `42["join-room",""]`, `42["join-room"]`, `42["leave-room",7]`, "41", "1", "42", `42["message",{"room_name":"ticker_btc_jpy"}]`,
		`42["join-room","ticker_` + strings.Repeat("a", 100) + `_jpy"]`, `42["join-room","\u0000"]`,
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, packets string) {
		r, err := New(Options{PerBot: 3, MaxRooms: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer r.io.Close()
		ask := func(method, query, body string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			q := httptest.NewRequest(method, "/socket.io/?EIO=4&transport=polling"+query, strings.NewReader(body))
			q.Host = "localhost"
			r.ServeHTTP(w, q)
			return w
		}
		w := ask(http.MethodGet, "", "")
		sid := strings.Split(w.Body.String(), `"`)[3]
		if w = ask(http.MethodPost, "&sid="+sid, "40\x1e"+packets); w.Code != 200 && w.Code != 400 {
			t.Fatalf("%q: %d", packets, w.Code)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.rooms) > 4 {
			t.Fatalf("%d rooms", len(r.rooms))
		}
		for name := range r.rooms {
			if c, _ := bitbank.SplitRoom(name); c == "" {
				t.Fatalf("%q is no room", name)
			}
		}
		for _, b := range r.bots {
			if len(b.rooms) > 3 {
				t.Fatalf("%d rooms of a bot", len(b.rooms))
			}
		}
	})
}

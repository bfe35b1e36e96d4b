package relay

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

const (
	ticker  = "ticker_btc_jpy"
	trades  = "transactions_btc_jpy"
	diffs   = "depth_diff_btc_jpy"
	wholes  = "depth_whole_btc_jpy"
	circuit = "circuit_break_info_btc_jpy"
)

func TestWhatBitbankSendsArrivesByteForByte(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		bots := []*client{w.bot(t, nil, ticker), w.bot(t, nil, ticker, trades)}
		for _, c := range bots {
			c.heard()
		}
		packets := []string{
			`["message",{"room_name":"ticker_btc_jpy","message":{"data":{"last":"1.500","vol":1e2,"new":[]}}}]`,
			`["message", {"message":{"pid":851205254, "data":{"last":"0"}},"room_name":"ticker_btc_jpy"}]`,
			"[\"message\",{\"room_name\":\"ticker_btc_jpy\",\"message\":{\"data\":{\"name\":\"\u65e5\u672c \\u672c\"}}}]",
		}
		for _, p := range packets {
			w.bitbank.Send("42" + p)
		}
		w.bitbank.Send(`42["message",{"room_name":"ticker_xrp_jpy","message":{"data":{}}}]`) // nobody asked
		w.bitbank.Send(`42["other",{}]`)
		for i, c := range bots {
			if got := c.heard(); !slices.Equal(got, packets) {
				t.Errorf("bot %d heard %q", i, got)
			}
		}
		if n := len(w.bitbank.Requests()); n != 1 {
			t.Errorf("%d connections to bitbank", n)
		}
		bots[1].say(`42["leave-room","ticker_btc_jpy"]`)
		synctest.Wait()
		w.publish(ticker, "{}")
		bots[0].expect(ticker + " {}")
		bots[1].expect()
	})
}

func TestBitbankIsAskedForWhatSomebodyWants(t *testing.T) {
	bubble(t, Options{Linger: time.Minute}, func(t *testing.T, w *world) {
		time.Sleep(time.Hour)
		if n := len(w.bitbank.Requests()); n != 0 {
			t.Errorf("%d connections for nobody", n)
		}
		joined := func(want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for _, room := range []string{ticker, trades, diffs, wholes} {
				if w.bitbank.Joined(room) == 1 {
					got = append(got, room)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("at bitbank: %v, want %v", got, want)
			}
		}
		a := w.bot(t, nil, ticker)
		joined(ticker)
		b := w.bot(t, nil, trades, diffs)
		joined(ticker, trades, diffs, wholes) // the last for the relay itself
		b.conn.CloseNow()
		time.Sleep(30 * time.Second)
		joined(ticker, trades, diffs, wholes)
		time.Sleep(33 * time.Second)
		joined(ticker, wholes)
		time.Sleep(62 * time.Second)
		joined(ticker)
		for range 1000 { // a bot in a loop costs bitbank nothing
			a.say(`42["leave-room","ticker_btc_jpy"]`)
			a.join(ticker)
		}
		joined(ticker)
		a.conn.CloseNow()
		time.Sleep(2 * time.Minute)
		joined()
		if s := w.Stats(); s.Connected || s.Rooms != 0 || s.Bots != 0 || s.Losses != 0 || len(w.bitbank.Requests()) != 1 {
			t.Errorf("with nobody there: %+v", s)
		}
		w.bot(t, nil, ticker)
		joined(ticker)
	})
}

func TestAnOutageIsMarkedAndTheBotsStay(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		a := w.bot(t, nil, ticker, circuit)
		if got := a.heard(); len(got) != 4 { // the connection began with this bot
			t.Errorf("heard %q", got)
		}
		w.publish(ticker, `{"last":"1"}`)
		a.expect(ticker + ` {"last":"1"}`)
		heal := w.bitbank.Fail(bitbanktest.Fault{Effect: bitbanktest.HTML, Status: 503})
		time.Sleep(10 * time.Second)
		cut := time.Now()
		w.bitbank.Cut()
		time.Sleep(5 * time.Minute)
		lost := a.heard()
		slices.Sort(lost)
		for i, room := range []string{circuit, ticker} {
			m := markOf(lost[i])
			if len(lost) != 2 || m.Kind != "lost" || m.Room != room || m.Reason != Upstream || m.From > cut.UnixMilli() || m.From < cut.Add(-time.Second*10).UnixMilli() {
				t.Fatalf("in the outage: %q", lost)
			}
		}
		b := w.bot(t, nil, ticker) // who comes now is told, too
		b.expect("lost " + ticker + " upstream")
		heal()
		healed := time.Now()
		time.Sleep(31 * time.Second)
		gaps := a.heard()
		for i, room := range []string{circuit, ticker} {
			m := markOf(gaps[i])
			if len(gaps) != 2 || m.Kind != "gap" || m.Room != room || m.Reason != Upstream || m.From > cut.UnixMilli() || m.To < healed.UnixMilli() || m.To > time.Now().UnixMilli() {
				t.Fatalf("after the outage: %q", gaps)
			}
		}
		b.expect("gap " + ticker + " upstream")
		w.publish(ticker, `{"last":"2"}`)
		a.expect(ticker + ` {"last":"2"}`)
		b.expect(ticker + ` {"last":"2"}`)
		if a.cut() || b.cut() || w.Stats().Losses != 1 {
			t.Errorf("a bot was cut, or %+v", w.Stats())
		}
		// Pauses of 15 to 30 s, and shorter ones at first.
		if n := len(w.bitbank.Requests()); n < 12 || n > 30 {
			t.Errorf("%d connections", n)
		}
	})
}

// Everybody who was cut at once must not come back at once.
func TestComingBackIsSpread(t *testing.T) {
	var pauses []time.Duration
	for seed := range uint64(60) {
		o := Options{Upstream: bitbank.FollowOptions{Rand: rand.New(rand.NewPCG(seed, 0))}}
		bubble(t, o, func(t *testing.T, w *world) {
			w.bot(t, nil, ticker)
			time.Sleep(time.Minute)
			cut := time.Now()
			w.bitbank.Cut()
			time.Sleep(3 * time.Second)
			all := w.bitbank.Requests()
			if len(all) != 2 || w.bitbank.Joined(ticker) != 1 {
				t.Fatalf("%d connections", len(all))
			}
			pauses = append(pauses, all[1].At.Sub(cut))
		})
	}
	slices.Sort(pauses)
	if first, last := pauses[0], pauses[len(pauses)-1]; first < 500*time.Millisecond || last > time.Second || last-first < 400*time.Millisecond {
		t.Errorf("bots of 60 machines come back %v to %v after the cut", first, last)
	}
}

// A connection that is open and dead says so only by silence: the mark begins with the last sign of life, not when that was noticed.
func TestASilentConnectionIsMarkedFromItsLastSignOfLife(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		a := w.bot(t, nil, ticker)
		a.heard()
		time.Sleep(25 * time.Second)
		last := time.Now() // bitbank's ping
		time.Sleep(5 * time.Second)
		w.bitbank.Quiet(true)
		time.Sleep(40*time.Second + 100*time.Millisecond)
		events := a.heard()
		if len(events) != 1 || markOf(events[0]).Kind != "lost" || markOf(events[0]).From != last.UnixMilli() {
			t.Errorf("heard %q, want the loss from %d", events, last.UnixMilli())
		}
	})
}

func TestDifferencesWaitForTheWholeAfterAGap(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		both := w.bot(t, nil, diffs, wholes)
		alone := w.bot(t, nil, diffs)
		both.heard()
		alone.heard()
		w.publish(wholes, wholeData(10))
		w.publish(diffs, diffData(12))
		both.expect(wholes+" "+wholeData(10), diffs+" "+diffData(12))
		alone.expect(diffs + " " + diffData(12))
		w.bitbank.Cut()
		time.Sleep(2 * time.Second)
		both.heard()
		alone.expect("lost " + diffs + " upstream")
		for _, seq := range []int{21, 22, 24} {
			w.publish(diffs, diffData(seq))
		}
		time.Sleep(time.Minute)
		both.expect()
		alone.expect()
		late := w.bot(t, nil, diffs)
		late.expect("lost " + diffs + " upstream") // not yet
		w.publish(wholes, wholeData(22))
		w.publish(diffs, diffData(25))
		both.expect("gap "+wholes+" upstream", wholes+" "+wholeData(22), "gap "+diffs+" upstream 2", diffs+" "+diffData(24), diffs+" "+diffData(25))
		for _, c := range []*client{alone, late} {
			c.expect("gap "+diffs+" upstream 2", diffs+" "+diffData(24), diffs+" "+diffData(25))
		}
		if s := w.Stats(); s.Kept != 2 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatGoesBackAndWhatCannotBeReadIsMarked(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		a := w.bot(t, nil, diffs, wholes, ticker)
		a.heard()
		w.publish(wholes, wholeData(10))
		w.publish(diffs, diffData(12))
		a.heard()
		w.publish(diffs, diffData(11))
		w.publish(diffs, diffData(14))
		a.expect("lost " + diffs + " sequence")
		w.publish(wholes, wholeData(12))
		a.expect(wholes+" "+wholeData(12), "gap "+diffs+" sequence 1", diffs+" "+diffData(14))
		w.publish(wholes, wholeData(3)) // the exchange began anew
		w.publish(diffs, diffData(4))
		a.expect("lost "+wholes+" sequence", "lost "+diffs+" sequence", "gap "+wholes+" sequence", wholes+" "+wholeData(3))
		w.publish(wholes, wholeData(4))
		a.expect(wholes+" "+wholeData(4), "gap "+diffs+" sequence 1")

		w.bitbank.Send(`42["message",{"room_name":"` + ticker + `","message":{}}]`)
		a.expect("lost "+ticker+" unreadable", "gap "+ticker+" unreadable")
		w.bitbank.Send(`42["message",{"room_name":"` + diffs + `","message":{}}]`)
		w.publish(diffs, diffData(6))
		a.expect("lost " + diffs + " unreadable")
		w.publish(wholes, wholeData(5))
		a.expect(wholes+" "+wholeData(5), "gap "+diffs+" unreadable", diffs+" "+diffData(6))
		w.bitbank.Send(`42["mess`) // of any room
		if got := a.heard(); len(got) != 5 {
			t.Errorf("heard %q", got)
		}
		// A form that we do not know is passed on.
		w.publish(diffs, `{"s":[1]}`)
		w.publish(wholes, `{"id":7}`)
		got := a.heard()
		if len(got) != 2 || !strings.HasSuffix(got[0], `{"data":{"id":7}}}]`) {
			t.Errorf("heard %q", got)
		}
		w.publish(diffs, `{"s":[1]}`)
		a.expect(diffs + ` {"s":[1]}`)
	})
}

func TestWhoComesLateHasTheBookAtOnce(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, w *world) {
		w.bot(t, nil, diffs, wholes, circuit, ticker)
		w.publish(ticker, "{}")
		w.publish(circuit, `{"mode":"NONE"}`)
		w.publish(wholes, wholeData(10))
		w.publish(diffs, diffData(11))
		w.publish(diffs, diffData(13))
		book := []string{wholes + " " + wholeData(10), diffs + " " + diffData(11), diffs + " " + diffData(13)}
		w.bot(t, nil, wholes, diffs).expect(book...)
		w.bot(t, nil, diffs, wholes).expect(append(book[1:], book...)...)   // what came before its whole comes again
		w.bot(t, nil, wholes, wholes).expect(book[0])                       // once is enough
		w.bot(t, nil, circuit, ticker).expect(circuit + ` {"mode":"NONE"}`) // a ticker says nothing when one joins

		// What an earlier connection said is not the state of now.
		w.bitbank.Cut()
		time.Sleep(2 * time.Second)
		w.bot(t, nil, circuit).expect()
		w.bot(t, nil, wholes, diffs).expect("lost "+wholes+" upstream", "lost "+diffs+" upstream")
	})
}

// While nobody wants the differences there are holes in them.
func TestDifferencesThatNobodyHeardAreNotReplayed(t *testing.T) {
	bubble(t, Options{Linger: time.Minute}, func(t *testing.T, w *world) {
		w.bot(t, nil, wholes)
		first := w.bot(t, nil, diffs)
		w.publish(wholes, wholeData(10))
		w.publish(diffs, diffData(11))
		first.conn.CloseNow()
		time.Sleep(2 * time.Minute)
		w.publish(diffs, diffData(12))
		w.bot(t, nil, wholes, diffs).expect()
	})
}

func TestTheProgramItselfCanWatchRooms(t *testing.T) {
	bubble(t, Options{Linger: time.Second}, func(t *testing.T, w *world) {
		var got []string
		stop, err := w.Watch([]string{circuit}, func(e bitbank.Event) {
			switch e.Kind {
			case bitbank.EventMessage:
				info, err := e.CircuitBreakInfo()
				got = append(got, fmt.Sprint(e.Pair, info.Mode, err))
			case bitbank.EventOpened, bitbank.EventClosed:
				got = append(got, fmt.Sprint(e.Kind == bitbank.EventOpened))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		w.bot(t, nil, ticker)
		w.publish(circuit, bitbanktest.Payload("stream_circuit_break_info"))
		w.publish(ticker, "{}")
		time.Sleep(time.Minute)
		w.bitbank.Cut()
		time.Sleep(2 * time.Second)
		w.publish(circuit, bitbanktest.Payload("stream_circuit_break_info"))
		stop()
		w.publish(circuit, bitbanktest.Payload("stream_circuit_break_info"))
		const info = "btc_jpyCIRCUIT_BREAK<nil>"
		if want := []string{"true", info, "false", "true", info}; !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
		time.Sleep(5 * time.Second)
		if n := w.bitbank.Joined(circuit); n != 0 {
			t.Error("the room is kept for nobody")
		}
		if _, err := w.Watch([]string{"circuit_break_info"}, nil); err == nil || err.Error() != `watch "circuit_break_info": no_room` {
			t.Errorf("no room: %v", err)
		}
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{
		{MaxBots: -1}, {PerBot: -1}, {MaxRooms: -1}, {Queue: -1}, {Patience: -1}, {Linger: -1},
		{Upstream: bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{URL: "stream.bitbank.cc"}}},
		{Upstream: bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{Rooms: []string{ticker}}}},
	} {
		if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), "make a relay: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// Programs of this machine come in, pages and other names do not.
func TestWhoMayComeIn(t *testing.T) {
	r, err := New(Options{Hosts: []string{"Trader.local"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.io.Close)
	for _, c := range []struct {
		host   string
		header []string
		want   int
	}{
		{"localhost:8150", nil, 200},
		{"127.0.0.1:8150", nil, 200},
		{"[::1]:8150", nil, 200},
		{"LOCALHOST.", nil, 200},
		{"trader.local:8150", nil, 200},
		{"127.0.0.1:8150", []string{"Origin", "http://127.0.0.1:8150"}, 200}, // python-socketio
		{"evil.example:8150", nil, 403},
		{"evil.example", []string{"Origin", "http://evil.example"}, 403}, // rebound
		{"127.0.0.1.evil.example:8150", nil, 403},
		{"", nil, 403},
		{"localhost:8150", []string{"Origin", "https://evil.example"}, 403},
		{"localhost:8150", []string{"Origin", "http://localhost:3000"}, 403},
		{"localhost:8150", []string{"Origin", "https://localhost:8150"}, 403},
		{"localhost:8150", []string{"Origin", "null"}, 403},
		{"localhost:8150", []string{"Origin", "http://localhost:8150", "Origin", "https://evil.example"}, 403},
		{"localhost:8150", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"localhost:8150", []string{"Sec-Fetch-Site", "same-site"}, 403},
	} {
		q := httptest.NewRequest(http.MethodGet, "/socket.io/?EIO=4&transport=polling", nil)
		q.Host = c.host
		for i := 0; i < len(c.header); i += 2 {
			q.Header.Add(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, q)
		if w.Code != c.want {
			t.Errorf("%s %q: %d, want %d", c.host, c.header, w.Code, c.want)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Error("a page may read the answer")
		}
	}
	if n := r.Stats().Refused; n != 11 {
		t.Errorf("%d refusals were counted", n)
	}
}

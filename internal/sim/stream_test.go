package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wait lets virtual time pass until everything that is due has happened.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var btc = []string{"ticker_btc_jpy", "transactions_btc_jpy", "depth_diff_btc_jpy", "depth_whole_btc_jpy", "circuit_break_info_btc_jpy"}

func TestEveryRoomSpeaksSoonAfterJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := alive(t, Options{Seed: 1})
		l := tune(t, c, append([]string{"ticker_no_jpy", "nonsense", "depth_whole_BTC_JPY"}, btc...)...)
		wait(2 * time.Second)
		all := l.messages(t)
		for _, room := range []string{"depth_diff_btc_jpy", "depth_whole_btc_jpy", "circuit_break_info_btc_jpy"} {
			if len(only(all, room)) == 0 {
				t.Errorf("%s says nothing within 2 s", room)
			}
		}
		// Trades come when somebody trades.
		wait(20 * time.Second)
		all = append(all, l.messages(t)...)
		for _, h := range all {
			if !slices.Contains(btc, h.room) {
				t.Errorf("heard %s", h.room)
			}
		}
		for _, room := range btc {
			if len(only(all, room)) == 0 {
				t.Errorf("%s says nothing within 22 s", room)
			}
		}
	})
}

// rest asks the public host and returns its data.
func rest(t *testing.T, s *Sim, path string) map[string]any {
	t.Helper()
	var got struct {
		Data map[string]any `json:"data"`
	}
	d := json.NewDecoder(get(t, s, "public", path).Body)
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got.Data
}

// merge builds the book that a follower has: the first whole, then every diff with a larger id.
func merge(t *testing.T, all []heard) (asks, bids map[string]string) {
	t.Helper()
	asks, bids = map[string]string{}, map[string]string{}
	var whole heard
	for _, h := range all {
		if h.room == "depth_whole_btc_jpy" {
			whole = h
			break
		}
	}
	put := func(side map[string]string, levels any) {
		for _, l := range levels.([]any) {
			price, amount := l.([]any)[0].(string), l.([]any)[1].(string)
			if v, err := strconv.ParseFloat(amount, 64); err != nil {
				t.Fatal(err)
			} else if v == 0 {
				delete(side, price)
			} else {
				side[price] = amount
			}
		}
	}
	put(asks, whole.data["asks"])
	put(bids, whole.data["bids"])
	for _, d := range only(all, "depth_diff_btc_jpy") {
		if d.data["s"].(string) > whole.data["sequenceId"].(string) { // ten digits each
			put(asks, d.data["a"])
			put(bids, d.data["b"])
		}
	}
	return asks, bids
}

func sides(levels any) map[string]string {
	m := map[string]string{}
	for _, l := range levels.([]any) {
		m[l.([]any)[0].(string)] = l.([]any)[1].(string)
	}
	return m
}

// Whatever happens to the market, at any speed, stream and REST tell one story.
func TestTheStreamTellsWhatRESTTells(t *testing.T) {
	for _, c := range []struct {
		speed float64
		for_  time.Duration
	}{{1, 5 * time.Minute}, {50, time.Minute}, {1000, 5 * time.Second}} {
		t.Run(fmt.Sprintf("speed %v", c.speed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, client := alive(t, Options{Seed: 3, Speed: c.speed})
				l := tune(t, client, btc...)
				var all []heard
				fifth := c.for_ / 5
				for _, call := range []string{
					`/market {"pair":"btc_jpy","move_percent":"-8","over_ms":60000}`,
					`/market {"pair":"btc_jpy","last":"12345678"}`,
					`/pairs/btc_jpy {"circuit_break":"CIRCUIT_BREAK"}`,
					`/pairs/btc_jpy {"circuit_break":"NONE"}`,
				} {
					wait(fifth)
					all = append(all, l.messages(t)...)
					var path, body string
					fmt.Sscan(call, &path, &body)
					post(t, s, path, body)
				}
				// A quarter of a tick past one, so that the last messages and the last state are of one tick.
				wait(fifth/tick.Round(1)*tick + tick/4)
				all = append(all, l.messages(t)...)

				depth := rest(t, s, "/btc_jpy/depth")
				asks, bids := merge(t, all)
				if d := cmp.Diff(asks, sides(depth["asks"])); d != "" {
					t.Errorf("asks of the stream and of REST: %s", d)
				}
				if d := cmp.Diff(bids, sides(depth["bids"])); d != "" {
					t.Errorf("bids of the stream and of REST: %s", d)
				}

				var told []any
				for _, h := range slices.Backward(only(all, "transactions_btc_jpy")) {
					if told = append(told, h.data["transactions"].([]any)...); len(told) >= 60 {
						break
					}
				}
				byREST := rest(t, s, "/btc_jpy/transactions")["transactions"].([]any)
				n := min(len(told), len(byREST))
				if d := cmp.Diff(plainJSON(t, told[:n]), plainJSON(t, byREST[:n])); n < 10 || d != "" {
					t.Errorf("%d trades: %s", n, d)
				}
				sequence := ""
				for _, h := range only(all, "depth_diff_btc_jpy") {
					if now := h.data["s"].(string); now <= sequence {
						t.Fatalf("sequence id %s after %s", now, sequence)
					} else {
						sequence = now
					}
				}
				tickers := only(all, "ticker_btc_jpy")
				if last := tickers[len(tickers)-1].data["last"]; last != rest(t, s, "/btc_jpy/ticker")["last"] {
					t.Errorf("the stream's last price is %v", last)
				}
			})
		})
	}
}

func plainJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAClientThatDoesNotAnswerPingsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := alive(t, Options{})
		deaf := tune(t, c)
		good := tune(t, c)
		deaf.deaf.Store(true)
		wait(pingInterval + pingTimeout - time.Second)
		if deaf.cut() {
			t.Error("cut before its time was over")
		}
		wait(2 * time.Second)
		if !deaf.cut() {
			t.Error("a client that does not answer is kept")
		}
		wait(10 * time.Minute)
		if good.cut() {
			t.Error("a client that answers was cut")
		}
		if pings := good.pings.Load(); pings < 25 || pings > 26 {
			t.Errorf("%d pings in 10 min 46 s, want one each 25 s", pings)
		}
	})
}

// One effect at a time, on a stream with two rooms of two pairs and two clients.
func TestEveryEffectOnTheStream(t *testing.T) {
	rooms := []string{"depth_whole_btc_jpy", "depth_diff_btc_jpy", "depth_whole_eth_jpy", "depth_diff_eth_jpy"}
	type seen struct {
		s     *Sim
		l     [2]*listener
		heard [2][]heard // in 10 s under the fault
		after [2][]heard // in 10 s after it was deleted
	}
	quiet := func(h []heard, room string) bool { return len(only(h, room)) == 0 }
	for _, c := range []struct {
		fault string
		want  func(seen) bool
	}{
		{`{"effect":"stall_stream"}`, func(x seen) bool {
			return len(x.heard[0]) == 0 && len(x.heard[1]) == 0 && len(x.after[0]) > 0 && len(x.after[1]) > 0 && !x.l[0].cut()
		}},
		{`{"effect":"stall_stream","count":1}`, func(x seen) bool { // the older one
			return len(x.heard[0]) == 0 && len(x.heard[1]) > 0 && len(x.after[0]) > 0
		}},
		{`{"effect":"stall_stream","count":1,"for_ms":5000}`, func(x seen) bool {
			return len(x.heard[0]) > 0 && len(x.heard[0]) < len(x.heard[1])
		}},
		{`{"effect":"mute_channel"}`, func(x seen) bool { return len(x.heard[0]) == 0 && len(x.after[0]) > 0 }},
		{`{"effect":"mute_channel","match":{"path":"depth_whole_btc_jpy"}}`, func(x seen) bool {
			return quiet(x.heard[0], rooms[0]) && !quiet(x.heard[0], rooms[1]) && !quiet(x.heard[0], rooms[2])
		}},
		{`{"effect":"mute_channel","match":{"path":"depth_whole*"}}`, func(x seen) bool {
			return quiet(x.heard[0], rooms[0]) && !quiet(x.heard[0], rooms[1]) && quiet(x.heard[0], rooms[2])
		}},
		{`{"effect":"mute_channel","match":{"pair":"btc_jpy"}}`, func(x seen) bool {
			return quiet(x.heard[0], rooms[0]) && quiet(x.heard[0], rooms[1]) && !quiet(x.heard[0], rooms[2])
		}},
		{`{"effect":"mute_channel","for_ms":5000}`, func(x seen) bool {
			n := len(only(x.heard[0], rooms[0]))
			return n > 3 && n < 7
		}},
		{`{"effect":"mute_channel","probability":0.5,"match":{"path":"depth_whole_btc_jpy"}}`, func(x seen) bool {
			n := len(only(x.heard[0], rooms[0]))
			return n > 0 && n < 10
		}},
		{`{"effect":"freeze_sequence"}`, func(x seen) bool {
			h := only(x.heard[0], rooms[0])
			return len(h) > 5 && cmp.Equal(h[0].data, h[len(h)-1].data) && !cmp.Equal(h[0].data, x.after[0][len(x.after[0])-1].data)
		}},
		{`{"effect":"duplicate","count":1,"match":{"path":"depth_whole_btc_jpy"}}`, func(x seen) bool {
			h := only(x.heard[0], rooms[0])
			return len(h) == 11 && cmp.Equal(h[0].data, h[1].data) && !cmp.Equal(h[1].data, h[2].data)
		}},
		{`{"effect":"shuffle","match":{"path":"depth_diff_btc_jpy"}}`, func(x seen) bool {
			return !inOrder(x.heard[0], rooms[1]) && inOrder(x.heard[0], rooms[3]) && inOrder(x.after[0][10:], rooms[1])
		}},
		{`{"effect":"shuffle","count":2,"match":{"path":"depth_diff_btc_jpy"}}`, func(x seen) bool {
			h := only(x.heard[0], rooms[1])
			return h[0].data["s"].(string) > h[1].data["s"].(string) && inOrder(h[1:], rooms[1])
		}},
		{`{"effect":"slow","delay_ms":4000,"match":{"path":"depth_diff_btc_jpy"}}`, func(x seen) bool {
			at, _ := only(x.heard[0], rooms[1])[0].data["t"].(json.Number).Int64()
			return len(only(x.heard[0], rooms[1])) > 0 && at < time.Now().Add(-16*time.Second).UnixMilli() && !quiet(x.after[0], rooms[1])
		}},
		{`{"effect":"close_stream"}`, func(x seen) bool { return x.l[0].cut() && x.l[1].cut() }},
		{`{"effect":"close_stream","count":1}`, func(x seen) bool { return x.l[0].cut() && !x.l[1].cut() }},
		{`{"effect":"close_stream","body":"1","count":1}`, func(x seen) bool { return x.l[0].last.Load().(string) == "1" && x.l[0].cut() }},
		{`{"effect":"close_stream","body":"41","count":1}`, func(x seen) bool {
			return x.l[0].last.Load().(string) == "41" && len(x.heard[0]) == 0 && !x.l[0].cut() && len(x.heard[1]) > 0
		}},
		{`{"effect":"maintenance"}`, func(x seen) bool { return x.l[0].cut() && x.l[1].cut() }},
		{`{"effect":"reset"}`, func(x seen) bool { return x.l[0].cut() && x.l[1].cut() }},
		{`{"effect":"refuse"}`, func(x seen) bool { return x.l[0].cut() && x.l[1].cut() }},
		{`{"effect":"blackhole"}`, func(x seen) bool { return len(x.heard[0]) == 0 && len(x.after[0]) > 0 }},
		// What concerns requests leaves a stream alone that is open.
		{`{"effect":"status","status":502}`, func(x seen) bool { return len(x.heard[0]) > 0 && !x.l[0].cut() }},
		{`{"effect":"html"}`, func(x seen) bool { return len(x.heard[0]) > 0 && !x.l[0].cut() }},
		{`{"effect":"maintenance","count":1}`, func(x seen) bool { return len(x.heard[0]) > 0 && !x.l[0].cut() }},
	} {
		t.Run(c.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, client := alive(t, Options{Seed: 1})
				x := seen{s: s}
				for i := range x.l {
					x.l[i] = tune(t, client, rooms...)
					wait(time.Millisecond)
				}
				wait(3 * time.Second)
				for _, l := range x.l {
					l.messages(t)
				}
				fault(t, s, `{"host":"stream",`+c.fault[1:])
				// From here, because close_stream is felt with the next tick.
				wait(10 * time.Second)
				for i, l := range x.l {
					x.heard[i] = l.messages(t)
				}
				callControl(t, s, "DELETE", "/faults", "")
				wait(10 * time.Second)
				for i, l := range x.l {
					x.after[i] = l.messages(t)
				}
				if !c.want(x) {
					t.Errorf("heard %d and %d messages under it, %d and %d after it", len(x.heard[0]), len(x.heard[1]), len(x.after[0]), len(x.after[1]))
				}
			})
		})
	}
}

// Pings are lost in it, so the session dies of silence; the client hears of that when packets pass again.
func TestALongBlackHoleIsSilentUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := alive(t, Options{Seed: 1})
		l := tune(t, c, btc...)
		wait(3 * time.Second)
		l.messages(t)
		fault(t, s, `{"host":"stream","effect":"blackhole","for_ms":120000}`)
		wait(119 * time.Second)
		if n := len(l.messages(t)); n > 0 || l.pings.Load() > 0 || l.cut() {
			t.Errorf("heard %d messages and %d pings out of a black hole, cut %v", n, l.pings.Load(), l.cut())
		}
		wait(2 * time.Second)
		if !l.cut() {
			t.Error("a session that died in the black hole is open after it")
		}
	})
}

func inOrder(all []heard, room string) bool {
	return slices.IsSortedFunc(only(all, room), func(a, b heard) int {
		x, y := a.data["s"].(string), b.data["s"].(string)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

func TestAResetCutsTheStreamBecauseItsNumbersBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := alive(t, Options{Seed: 1})
		l := tune(t, c, btc...)
		wait(2 * time.Second)
		post(t, s, "/reset", "")
		wait(time.Second)
		if !l.cut() {
			t.Error("the old session lives on in the new world")
		}
		again := tune(t, c, btc...)
		wait(2 * time.Second)
		if len(again.messages(t)) == 0 {
			t.Error("nothing is heard after a reset")
		}
	})
}

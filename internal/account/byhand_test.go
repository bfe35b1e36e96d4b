package account

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
)

// The owner trades by hand for a while: bots are held, over a restart too, their cancels are served, and when the time is over
// they go on by themselves.
func TestWhileTheOwnerTradesByHandBotsAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.place("0.001", patience)
		end := time.Now().Add(10 * time.Minute)
		w.a.Manual("", end, "")
		held := func(when string) {
			t.Helper()
			if r := w.place("0.002", patience); r.Outcome != gateway.NotPlaced || !strings.Contains(r.Reason, end.UTC().Format(time.RFC3339)) || w.orders() != 1 {
				t.Errorf("%s the bot is told %+v, %d orders", when, r, w.orders())
			}
			if s := w.a.State("grid"); s.Trading != "frozen" || !s.Until.Equal(end) {
				t.Errorf("%s the state is %+v", when, s)
			}
			if v := w.a.View(); len(v.Stops) != 1 || !v.Stops[0].Until.Equal(end) {
				t.Errorf("%s the stops are %+v", when, v.Stops)
			}
		}
		held("at once")
		c := w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patience)})
		if c.Outcome != gateway.Placed {
			t.Errorf("a cancel is told %+v", c)
		}
		w.stop()
		w.start()
		held("after a restart")
		time.Sleep(time.Until(end) + time.Second)
		if s := w.a.State("grid"); s.Trading != "open" {
			t.Errorf("afterwards the state is %+v", s)
		}
		if r := w.place("0.003", patience); r.Outcome != gateway.Placed {
			t.Errorf("afterwards the bot is told %+v", r)
		}
		var over []bool
		for r := range w.disk.all {
			if text := string(r.Data); strings.Contains(text, `"frozen":`) {
				over = append(over, strings.Contains(text, `"on":false`))
			}
		}
		if len(over) != 2 || over[0] || !over[1] {
			t.Errorf("recorded are %v, want the beginning and the end", over)
		}
	})
}

// What the owner places by hand is nobody's for us: it is shown, followed, and no bot's.
func TestWhatTheOwnerPlacesByHandIsNoBots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		lost := w.place("0.001", patience)
		w.a.Manual("", time.Now().Add(10*time.Minute), "")
		// Another client with the same key is what a human at the web site looks like to us.
		o := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "0.0015"), Price: num(t, "9000000")}
		if _, done := w.a.o.Client.PlaceOrder(t.Context(), o).Done(); !done {
			t.Fatal("the human's order was not placed")
		}
		time.Sleep(2 * time.Minute)
		if got, _ := w.a.Intent("grid", lost.Intent); got.Outcome == gateway.Placed {
			t.Errorf("the lost order is %+v", got)
		}
		live := 0
		for _, x := range w.a.View().Orders {
			if x.Standing == Live {
				live++
				if x.By != "" || x.Bot != "" {
					t.Errorf("the human's order is shown as %+v", x)
				}
			}
		}
		if live != 1 {
			t.Errorf("%d orders are live", live)
		}
	})
}

package account

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
)

// beat is a heartbeat of the bot grid.
func (w *world) beat(epoch int64, ttl time.Duration) (lease.Lease, error) {
	return w.a.Beat(lease.Ask{Bot: "grid", Epoch: epoch, TTL: ttl})
}

// arm arms the bot grid.
func (w *world) arm(epoch int64, ttl time.Duration) {
	w.t.Helper()
	if l, err := w.beat(epoch, ttl); err != nil || l.State != lease.Armed {
		w.t.Fatalf("arming epoch %d: %+v, %v", epoch, l, err)
	}
}

// beating keeps the bot alive for so long.
func (w *world) beating(epoch int64, ttl, most time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(ttl / 4) {
		if l, err := w.beat(epoch, ttl); err != nil || l.State != lease.Armed {
			w.t.Fatalf("a heartbeat: %+v, %v", l, err)
		}
	}
}

// state is how the switch of the bot grid stands.
func (w *world) state() lease.Lease { return w.a.State("grid").Switch }

// tries reports whether the bot grid may order, and says why not.
func (w *world) tries(amount string, epoch int64) (gateway.Outcome, string) {
	w.t.Helper()
	r := w.a.Place(w.t.Context(), gateway.Order{Bot: "grid", Epoch: epoch, Until: time.Now().Add(5 * time.Second), Order: bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(w.t, amount), Price: num(w.t, "9000000"),
	}})
	if r.Told != nil {
		r.Told(true)
	}
	return r.Outcome, r.Reason
}

// leased are the words of leases that are on the disk.
func (w *world) leased() (out []lease.Word) {
	w.t.Helper()
	for r := range w.disk.all {
		x, err := decode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		if x.Leased != nil {
			out = append(out, *x.Leased)
		}
	}
	return out
}

func TestASilentBotIsStoppedAndItsOrdersAreCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		pairs := slices.Sorted(maps.Keys(rests))
		w.grid("grid", 30, pairs[:9]...)
		w.grid("grid", 28, pairs[9])
		w.grid("other", 1, pairs[9])
		stop := bitbank.NewOrder{Pair: pairs[9], Side: bitbank.Sell, Type: bitbank.Stop, Amount: num(t, "1"), TriggerPrice: num(t, "20")}
		if r := w.a.Place(t.Context(), gateway.Order{Bot: "grid", Order: stop, Until: time.Now().Add(time.Minute)}); r.Outcome != gateway.Placed {
			t.Fatalf("%+v", r)
		}
		w.arm(1, 30*time.Second)
		w.beating(1, 30*time.Second, time.Duration(counts(60, 20, 5))*time.Minute)
		if n := len(w.leased()); n != 1 {
			t.Errorf("%d records of the lease after so many heartbeats", n)
		}
		w.beat(1, 30*time.Second)
		last := time.Now()
		time.Sleep(12 * time.Second)
		if l := w.state(); l.State != lease.Suspect || l.Why != lease.Silent {
			t.Errorf("after 12 s of silence: %+v", l)
		}
		time.Sleep(time.Until(last.Add(30*time.Second - time.Millisecond)))
		if s := w.a.State("grid"); s.Trading != "open" || s.Switch.State != lease.Suspect {
			t.Errorf("a millisecond before its time: %+v", s)
		}
		for time.Since(last) < time.Minute && w.a.State("grid").Trading == "open" {
			time.Sleep(100 * time.Microsecond)
		}
		frozen := time.Since(last) - 30*time.Second
		if s := w.a.State("grid"); s.Trading != "frozen" || frozen > 10*time.Millisecond {
			t.Errorf("%v after its time: %+v", frozen, s)
		}
		if o, why := w.tries("0.02", 0); o != gateway.NotPlaced || !strings.Contains(why, "/hikeshi/v1/state") || !strings.Contains(why, "above 1") {
			t.Errorf("an order is %s: %s", o, why)
		}
		p, _ := w.over(10 * time.Second)
		done := p.Ended.Sub(last.Add(30 * time.Second))
		fmt.Printf("figure: switch, lapse with 298 orders on 10 pairs: the bot stopped %v after it, all cancelled and verified after %v\n", frozen, done)
		if done > 4*time.Second || p.By != "switch" || len(p.Orders) != 298 || len(p.Spared) != 1 || w.live() != 2 {
			t.Errorf("after %v: %d cancelled, %d spared, %d rest", done, len(p.Orders), len(p.Spared), w.live())
		}
		time.Sleep(time.Second)
		s := w.a.State("grid")
		if s.Switch.State != lease.Safe || s.Trading != "frozen" || s.Report == nil || len(s.Report.Orders) != 298 || s.Report.Ended.IsZero() || len(s.Report.Spared) != 1 {
			t.Errorf("in the end: %+v", s)
		}
		if other := w.a.State("other"); other.Trading != "open" || other.Switch.Epoch != 0 || other.Report != nil {
			t.Errorf("the other bot: %+v", other)
		}

		// The bot comes back: with its old epoch it is refused, cancels are served, a new epoch arms.
		if l, err := w.beat(1, 30*time.Second); !errors.Is(err, lease.ErrUsed) || l.State != lease.Safe {
			t.Errorf("the old epoch: %+v, %v", l, err)
		}
		if o, _ := w.tries("0.02", 0); o != gateway.NotPlaced {
			t.Errorf("an order is %s", o)
		}
		if r := w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: pairs[9], IDs: []bitbank.OrderID{p.Spared[0].Order.ID}, Until: time.Now().Add(time.Minute)}); r.Outcome != gateway.Placed {
			t.Errorf("a cancel: %+v", r)
		}
		w.arm(2, 30*time.Second)
		if o, why := w.tries("0.02", 2); o != gateway.Placed {
			t.Errorf("an order of the new epoch is %s: %s", o, why)
		}
		if o, why := w.tries("0.03", 1); o != gateway.NotPlaced || !strings.Contains(why, "earlier epoch") {
			t.Errorf("an order of the old epoch is %s: %s", o, why)
		}
	})
}

// A bot that never arms is served as before, whatever the time between its calls.
func TestABotWithoutASwitchIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.place("0.01", time.Minute)
		time.Sleep(time.Duration(counts(24, 2, 1)) * time.Hour)
		w.a.Alive("grid", 0)
		if r := w.place("0.02", time.Minute); r.Outcome != gateway.Placed || w.live() != 2 || len(w.leased()) != 0 || len(w.a.View().Plans) != 0 {
			t.Errorf("%+v, %d rest", r, w.live())
		}
	})
}

// Arming, disarming and a lapse are on the disk before they are told; so a restart knows them, and begins what counts anew.
func TestASwitchOutlivesUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.disk.each.Store(int64(50 * time.Millisecond))
		began := time.Now()
		w.arm(4, time.Minute)
		if w := w.leased(); time.Since(began) < 50*time.Millisecond || len(w) != 1 {
			t.Errorf("armed after %v, %d on the disk", time.Since(began), len(w))
		}
		w.disk.each.Store(0)
		w.place("0.01", time.Minute)
		time.Sleep(50 * time.Second) // ten seconds are left
		w.stop()
		time.Sleep(time.Hour)
		w.start() // takes 15 s
		if l := w.state(); l.State != lease.Suspect || l.AnewWhy != lease.Restart || l.Epoch != 4 || time.Until(l.Expires).Round(time.Second) != 45*time.Second {
			t.Errorf("after the restart: %+v", l)
		}
		if l, err := w.beat(3, time.Minute); !errors.Is(err, lease.ErrOld) {
			t.Errorf("an old epoch after the restart: %+v, %v", l, err)
		}
		time.Sleep(44 * time.Second)
		if s := w.a.State("grid"); s.Trading != "open" || w.live() != 1 {
			t.Errorf("before the whole time has passed: %+v, %d rest", s, w.live())
		}
		time.Sleep(5 * time.Second)
		if l := w.state(); l.State != lease.Safe || w.live() != 0 {
			t.Errorf("after it: %+v, %d rest", l, w.live())
		}
		w.stop()
		w.start()
		if s := w.a.State("grid"); s.Switch.State != lease.Safe || s.Trading != "frozen" || s.Report == nil {
			t.Errorf("after another restart: %+v", s)
		}
		w.arm(5, time.Minute)
		if l, err := w.beat(5, 0); err != nil || l.State != lease.Off {
			t.Errorf("disarmed: %+v, %v", l, err)
		}
		w.stop()
		w.start()
		time.Sleep(time.Hour)
		if s := w.a.State("grid"); s.Switch.State != lease.Off || s.Trading != "open" {
			t.Errorf("disarmed, and an hour later: %+v", s)
		}
		if _, err := w.beat(5, time.Minute); !errors.Is(err, lease.ErrUsed) {
			t.Errorf("a heartbeat that was overtaken: %v", err)
		}
		if got := w.leased(); len(got) != 5 {
			t.Errorf("recorded are %+v", got)
		}
	})
}

// We die after the lapse, while the orders are being cancelled: the next start goes on with it, and the bot stays stopped.
func TestARestartGoesOnWithALapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 3, slices.Sorted(maps.Keys(rests))...)
		w.arm(1, 10*time.Second)
		time.Sleep(10*time.Second + 100*time.Millisecond)
		w.stop()
		if n := w.live(); n == 0 || n == 30 {
			t.Fatalf("%d rest: nothing is left to do, or nothing was done", n)
		}
		w.start()
		if s := w.a.State("grid"); s.Switch.State != lease.Safe || s.Trading != "frozen" || w.live() != 0 || len(w.a.View().Plans) != 1 {
			t.Errorf("%+v, %d rest", s, w.live())
		}
	})
}

// What is not on the disk is said to be so.
func TestArmingOnAFullDiskIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.place("0.01", time.Minute)
		w.disk.set(true, false)
		if l, err := w.beat(1, 10*time.Second); !errors.Is(err, gateway.ErrUnrecorded) || l.State != lease.Armed {
			t.Errorf("%+v, %v", l, err)
		}
		time.Sleep(time.Minute)
		if l := w.state(); l.State != lease.Safe || w.live() != 0 {
			t.Errorf("it counts all the same: %+v, %d rest", l, w.live())
		}
		w.disk.set(false, false)
		w.arm(2, time.Minute)
		if got := w.leased(); len(got) != 4 {
			t.Errorf("recorded are %+v", got)
		}
	})
}

// The machine sleeps, or its clock is set: that is no silence of the bot's.
func TestTheMachineSleepsAndNothingFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.place("0.01", time.Minute)
		w.arm(1, 30*time.Second)
		var jump time.Duration // of the wall clock
		real := w.a.guard.now
		w.a.mu.Lock()
		w.a.guard.now = func() lease.Moment {
			m := real()
			m.Wall = m.Wall.Add(jump)
			return m
		}
		w.a.mu.Unlock()
		for n, d := range []time.Duration{8 * time.Hour, -9 * time.Hour} {
			time.Sleep(29 * time.Second)
			w.a.mu.Lock()
			jump += d
			w.a.mu.Unlock()
			time.Sleep(28 * time.Second) // 57 s without a sign of life
			if s := w.a.State("grid"); s.Trading != "open" || s.Switch.State != lease.Suspect || s.Switch.AnewWhy != lease.Clock || w.live() != 1 {
				t.Fatalf("jump %d: %+v", n, s)
			}
			w.arm(1, 30*time.Second)
		}
		time.Sleep(35 * time.Second)
		if l := w.state(); l.State != lease.Safe || w.live() != 0 {
			t.Errorf("awake and silent: %+v", l)
		}
	})
}

// The owner cancels everything while a bot is silent: its report is of its own orders alone.
func TestAReportIsOfTheBotsOwnOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 2, "btc_jpy")
		w.grid("other", 3, "btc_jpy")
		w.arm(1, 10*time.Second)
		time.Sleep(9 * time.Second)
		w.cancelAll(ledger.Scope{})
		time.Sleep(10 * time.Second)
		if s := w.a.State("grid"); s.Switch.State != lease.Safe || s.Report == nil || len(s.Report.Orders) != 0 { // the other plan had them
			t.Errorf("%+v, report %+v", s, s.Report)
		}
		w.a.Freeze("", false, "")
		w.a.Freeze("grid", false, "")
		w.grid("grid", 2, "btc_jpy")
		w.arm(2, 10*time.Second)
		w.control("POST", "/faults", `{"host":"private","effect":"refuse"}`)
		time.Sleep(time.Minute)
		w.cancelAll(ledger.Scope{})
		if s := w.a.State("grid"); s.Report == nil || len(s.Report.Orders) != 2 {
			t.Errorf("latched: %+v, report %+v", s, s.Report)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(time.Minute)
	})
}

// The owner's own word holds whatever the switch does, and lets the bot go.
func TestTheOwnersWordIsApartFromTheSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.arm(1, 10*time.Second)
		w.a.Freeze("grid", true, "holidays")
		time.Sleep(20 * time.Second)
		w.arm(2, 10*time.Second)
		if s := w.a.State("grid"); s.Trading != "frozen" || s.Reason != "holidays" || s.Switch.State != lease.Armed {
			t.Errorf("armed anew: %+v", s)
		}
		w.a.Freeze("grid", false, "")
		if o, why := w.tries("0.01", 0); o != gateway.Placed {
			t.Errorf("let go: %s, %s", o, why)
		}
		time.Sleep(20 * time.Second)
		if v := w.a.View(); len(v.Stops) != 1 || !v.Stops[0].Lapsed || v.Stops[0].Bot != "grid" {
			t.Errorf("the stops are %+v", v.Stops)
		}
		w.a.Freeze("grid", false, "")
		if s := w.a.State("grid"); s.Trading != "open" || s.Switch.State != lease.Off || s.Switch.Why != lease.ByOwner {
			t.Errorf("released: %+v", s)
		}
		if o, why := w.tries("0.02", 0); o != gateway.Placed {
			t.Errorf("released: %s, %s", o, why)
		}
	})
}

// Bitbank is dark when the bot falls silent: the bot is stopped at once, and what rests is cancelled first thing when it is back.
func TestALapseInTheDarkIsLatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.place("0.01", time.Minute)
		w.arm(1, 30*time.Second)
		w.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
		time.Sleep(2 * time.Minute)
		if s := w.a.State("grid"); s.Trading != "frozen" || s.Switch.State != lease.Latched {
			t.Errorf("in the dark: %+v", s)
		}
		if _, err := w.beat(2, 30*time.Second); !errors.Is(err, lease.ErrRunning) {
			t.Errorf("a new epoch in the dark: %v", err)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(10 * time.Second)
		if l := w.state(); l.State != lease.Safe || w.live() != 0 {
			t.Errorf("in the light: %+v, %d rest", l, w.live())
		}
		w.arm(2, 30*time.Second)
	})
}

// Nothing could be cancelled with a key that only reads, and an account that does not run counts nothing.
func TestWhatCannotBeArmedIsRefused(t *testing.T) {
	ask := lease.Ask{Bot: "grid", Epoch: 1, TTL: time.Minute}
	for _, c := range []struct {
		o   Options
		err error
	}{{Options{ReadOnly: true}, gateway.ErrReadOnly}, {Options{}, gateway.ErrNotNow}} {
		a := Resume(c.o, &Memory{Ledger: &ledger.Ledger{}})
		if _, err := a.Beat(ask); !errors.Is(err, c.err) {
			t.Errorf("%v, want %v", err, c.err)
		}
	}
}

// A plan waits for one pair, the owner lets the bot go, and it orders in another: when it falls silent again that is cancelled too.
func TestALapseHasAPlanOfItsOwnWhereAnOlderOneKnowsLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 1, "xrp_jpy")
		w.arm(1, 10*time.Second)
		w.control("POST", "/pairs/xrp_jpy", `{"flags":{"stop_order_and_cancel":true}}`)
		time.Sleep(time.Minute)
		if l := w.state(); l.State != lease.Latched {
			t.Fatalf("the first lapse is %s", l.State)
		}
		w.a.Freeze("grid", false, "")
		w.arm(2, 10*time.Second)
		w.place("0.01", time.Minute)
		time.Sleep(time.Minute)
		if plans := w.a.View().Plans; len(plans) != 2 || w.live() != 1 {
			t.Errorf("%d plans, %d rest", len(plans), w.live())
		}
		w.control("POST", "/pairs/xrp_jpy", `{"flags":{"stop_order_and_cancel":false}}`)
		time.Sleep(time.Minute)
		if l := w.state(); l.State != lease.Safe || w.live() != 0 {
			t.Errorf("in the end it is %s, and %d rest", l.State, w.live())
		}
	})
}

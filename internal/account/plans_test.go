package account

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/ledger"
)

// rests are prices at two thirds of the simulated market.
var rests = map[string]string{
	"btc_jpy": "10000000", "xrp_jpy": "235", "ltc_jpy": "9400", "eth_jpy": "340000", "mona_jpy": "17",
	"bcc_jpy": "54000", "xlm_jpy": "30", "qtum_jpy": "270", "bat_jpy": "20", "omg_jpy": "20",
}

// grid are resting orders of a bot: so many purchases in each pair, far below the market.
func (w *world) grid(bot string, each int, pairs ...string) {
	w.t.Helper()
	for k := range each {
		for _, pair := range pairs {
			o := bitbank.NewOrder{Pair: pair, Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(w.t, fmt.Sprintf("0.%04d", 10+k)), Price: num(w.t, rests[pair])}
			r := w.a.Place(w.t.Context(), gateway.Order{Bot: bot, Order: o, Until: time.Now().Add(time.Minute)})
			if r.Outcome != gateway.Placed {
				w.t.Fatalf("%s: %+v", pair, r)
			}
			r.Told(true)
		}
	}
}

// request is one that bitbank has seen.
type request struct {
	Host, Method, Path, Key string
	Time                    time.Time
}

func (w *world) requests() []request {
	w.t.Helper()
	var truth struct{ Requests []request }
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &truth); err != nil {
		w.t.Fatal(err)
	}
	return truth.Requests
}

// live are bitbank's own words on what still rests.
func (w *world) live() (n int) {
	w.t.Helper()
	var truth struct{ Orders []struct{ Status string } }
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &truth); err != nil {
		w.t.Fatal(err)
	}
	for _, o := range truth.Orders {
		if !bitbank.OrderStatus(o.Status).Terminal() {
			n++
		}
	}
	return n
}

// over waits until the newest plan is, and returns it with how long that took.
func (w *world) over(most time.Duration) (Plan, time.Duration) {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		w.a.mu.Lock()
		all := w.a.broker.Ledger().Plans()
		w.a.mu.Unlock()
		if !all[len(all)-1].Open() {
			return w.a.View().Plans[0], time.Since(began)
		}
		if time.Since(began) > most {
			p := w.a.View().Plans[0]
			w.t.Fatalf("after %v the plan is %s, %d are left", most, p.State, p.Left())
		}
	}
}

// cancelled are the cancels that bitbank has seen.
func (w *world) cancelled() []request {
	return slices.DeleteFunc(w.requests(), func(r request) bool { return r.Method != "POST" || !strings.Contains(r.Path, "cancel_order") })
}

func (w *world) cancelAll(s ledger.Scope) Plan {
	w.t.Helper()
	p, err := w.a.CancelAll(s, "owner", "a test")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func TestThreeHundredOrdersAreCancelledWithinSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		pairs := slices.Sorted(maps.Keys(rests))
		w.grid("grid", 30, pairs...)
		time.Sleep(2 * time.Second) // no update of the grid's counts any more
		began := time.Now()
		p := w.cancelAll(ledger.Scope{})
		if s := w.a.State("grid"); s.Trading != "frozen" || time.Since(began) > 10*time.Millisecond {
			t.Errorf("after %v the bot is %s", time.Since(began), s.Trading)
		}
		if len(p.Orders) != 300 || p.State != PlanCancels {
			t.Errorf("%d orders are %s", len(p.Orders), p.State)
		}
		p, took := w.over(10 * time.Second)
		fmt.Printf("figure: plan, 300 orders on 10 pairs: the bot stopped at once, all cancelled and verified after %v\n", took)
		if took > 4*time.Second || p.Left() != 0 || w.live() != 0 {
			t.Errorf("after %v %d are left by our account, %d by bitbank's", took, p.Left(), w.live())
		}
		sent := w.cancelled()
		if len(sent) != len(pairs) {
			t.Errorf("%d cancels for %d pairs", len(sent), len(pairs))
		}
		for k := 6; k < len(sent); k++ {
			if d := sent[k].Time.Sub(sent[k-6].Time); d < time.Second {
				t.Errorf("seven cancels within %v", d)
			}
		}
	})
}

// Nobody has said whether a cancel of many orders counts as one update or as one for each, and bitbank was seen to take two seconds for
// each write of an account.
func TestSlowerReadingsOfABatch(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*world)
		most time.Duration
	}{
		{"each order counts as an update", func(w *world) { w.control("POST", "/ways", `{"cancel_orders_counts":"each"}`) }, 2 * time.Minute},
		{"each write takes two seconds", func(w *world) {
			w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"queue_delay","delay_ms":2000}`)
		}, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				each := counts(30, 5, 5)
				w.grid("grid", each, slices.Sorted(maps.Keys(rests))...)
				time.Sleep(2 * time.Second)
				c.set(w)
				w.cancelAll(ledger.Scope{})
				p, took := w.over(c.most)
				fmt.Printf("figure: plan, %d orders on 10 pairs, %s: all cancelled and verified after %v with %d cancels\n", 10*each, c.name, took, len(w.cancelled()))
				if p.Left() != 0 || w.live() != 0 {
					t.Errorf("%d are left by our account, %d by bitbank's", p.Left(), w.live())
				}
			})
		})
	}
}

func TestAPlanIsMadeOnceAndOutlivesUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 2, slices.Sorted(maps.Keys(rests))...)
		w.grid("other", 1, "btc_jpy")
		time.Sleep(2 * time.Second)
		first := w.cancelAll(ledger.Scope{})
		var pressed sync.WaitGroup
		for range 2 {
			pressed.Go(func() {
				if p := w.cancelAll(ledger.Scope{Bot: "grid"}); p.ID != first.ID {
					t.Errorf("pressed again it is %s, not %s", p.ID, first.ID)
				}
			})
		}
		pressed.Wait()
		time.Sleep(200 * time.Millisecond) // six pairs are cancelled, the others wait for the limit
		w.stop()
		if n := w.live(); n == 0 || n == 21 {
			t.Fatalf("%d orders rest: nothing is left to do, or nothing was done", n)
		}
		w.start()
		if p := w.a.View().Plans[0]; p.ID != first.ID || len(w.a.View().Plans) != 1 || p.State != PlanOver || w.live() != 0 {
			t.Errorf("after the restart %s is %s, and %d orders rest", p.ID, p.State, w.live())
		}
		if n := len(w.cancelled()); n > 12 {
			t.Errorf("%d cancels", n)
		}
		if s := w.a.State("grid"); s.Trading != "frozen" {
			t.Errorf("the bot is %s", s.Trading)
		}
	})
}

func TestTheOrdersOfOthersAndProtectionAreSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 2, "btc_jpy", "xrp_jpy")
		w.grid("other", 1, "btc_jpy")
		stop := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: num(t, "0.01"), TriggerPrice: num(t, "11000000")}
		if r := w.a.Place(t.Context(), gateway.Order{Bot: "grid", Order: stop, Until: time.Now().Add(time.Minute)}); r.Outcome != gateway.Placed {
			t.Fatalf("%+v", r)
		}
		time.Sleep(time.Second)
		if v := w.a.WouldCancel(ledger.Scope{Bot: "grid", Pair: "btc_jpy"}); len(v.Cancel) != 2 || len(v.Spare) != 1 || v.Open != nil {
			t.Errorf("would cancel %v, spare %v", v.Cancel, v.Spare)
		}
		w.cancelAll(ledger.Scope{Bot: "grid", Pair: "btc_jpy"})
		p, _ := w.over(5 * time.Second)
		if len(p.Orders) != 2 || len(p.Spared) != 1 || w.live() != 4 {
			t.Errorf("cancelled %d, spared %d, and %d rest", len(p.Orders), len(p.Spared), w.live())
		}
		if s := w.a.State("other"); s.Trading != "open" {
			t.Errorf("the other bot is %s", s.Trading)
		}
		w.cancelAll(ledger.Scope{Protective: true})
		if p, _ := w.over(5 * time.Second); len(p.Orders) != 4 || w.live() != 0 {
			t.Errorf("cancelled %d, and %d rest", len(p.Orders), w.live())
		}
		w.cancelAll(ledger.Scope{})
		if p, _ := w.over(time.Second); len(p.Orders) != 0 || p.State != PlanOver {
			t.Errorf("with nothing to do it is %s", p.State)
		}
	})
}

// An order whose answer is lost is cancelled as soon as it is found, and the plan waits for that.
func TestAPlanCancelsWhatIsFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 1, "btc_jpy")
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST","path":"/v1/user/spot/order"},"effect":"queue_delay","delay_ms":20000,"count":1}`)
		go w.place("0.02", time.Second)
		time.Sleep(2 * time.Second)
		if p := w.cancelAll(ledger.Scope{}); len(p.Lost) != 1 || len(p.Orders) != 1 {
			t.Fatalf("%d lost, %d known", len(p.Lost), len(p.Orders))
		}
		time.Sleep(3 * time.Second)
		if p := w.a.View().Plans[0]; !p.Open() || p.Left() != 2 { // the cancel waits in bitbank's queue too
			t.Errorf("the plan is %s, %d left", p.State, p.Left())
		}
		p, _ := w.over(2 * time.Minute)
		if w.live() != 0 || p.Lost[0].Standing != Cancelled {
			t.Errorf("%d rest; the lost one is %s", w.live(), p.Lost[0].Standing)
		}
	})
}

// While bitbank is dark the plan is latched; it goes first when it answers.
func TestALatchedPlanGoesFirst(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		within      time.Duration // of the first good answer
	}{
		{"dark", `{"host":"private","effect":"blackhole"}`, 250 * time.Millisecond},
		{"refused", `{"host":"private","effect":"refuse"}`, 250 * time.Millisecond},
		{"no cancels", `{"host":"private","match":{"method":"POST"},"effect":"api_error","code":70018}`, 16 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.grid("grid", 1, slices.Sorted(maps.Keys(rests))...)
				time.Sleep(2 * time.Second)
				w.control("POST", "/faults", c.fault)
				w.cancelAll(ledger.Scope{})
				time.Sleep(3 * time.Minute)
				if p := w.a.View().Plans[0]; p.State != PlanLatched || p.Left() != 10 {
					t.Errorf("the plan is %s, %d left", p.State, p.Left())
				}
				w.control("DELETE", "/faults", "")
				well := time.Now()
				p, took := w.over(time.Minute)
				if p.State != PlanOver || w.live() != 0 {
					t.Errorf("it is %s, and %d rest", p.State, w.live())
				}
				answered := time.Time{}
				for _, r := range w.requests() {
					if r.Host == "private" && r.Key != "" && r.Time.After(well) && answered.IsZero() {
						answered = r.Time
					}
				}
				first := time.Time{}
				for _, r := range w.cancelled() {
					if r.Time.After(well) && first.IsZero() {
						first = r.Time
					}
				}
				fmt.Printf("figure: plan, %s: first cancel %v after the first good answer, %v after bitbank is well; all over after %v\n", c.name, first.Sub(answered), first.Sub(well), took)
				if d := first.Sub(answered); d > c.within {
					t.Errorf("the first cancel left %v after the first good answer", d)
				}
			})
		})
	}
}

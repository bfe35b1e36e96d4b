package account

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/gateway"
	"hikeshi/internal/stop"
)

// A stopWorld is a world with prices elsewhere.
type stopWorld struct {
	*world
	elsewhere atomic.Pointer[string] // "" is not known
}

func newStopWorld(t *testing.T) *stopWorld {
	t.Helper()
	s := &stopWorld{world: newWorld(t)}
	s.world.stop()
	s.open = func(o Options) (*Account, error) {
		o.Market = func(string) (m exposure.Market) {
			if p := s.elsewhere.Load(); p != nil && *p != "" {
				m.Else = exposure.Else{Listed: true, Known: true, Price: decimal.RequireFromString(*p), At: time.Now()}
			}
			return m
		}
		return Open(o, s.disk.all)
	}
	s.prices("14000000", "14000000")
	s.start()
	return s
}

// prices moves bitbank's price and that of the others; "" leaves bitbank's.
func (s *stopWorld) prices(bitbank, elsewhere string) {
	s.t.Helper()
	if bitbank != "" {
		s.control("POST", "/market", `{"pair":"btc_jpy","last":"`+bitbank+`"}`)
	}
	s.elsewhere.Store(&elsewhere)
}

// plan is to sell so much when the price falls to thirteen millions.
func (s *stopWorld) plan(amount string) stop.Plan {
	p := stop.Plan{Pair: "btc_jpy", Side: bitbank.Sell, Trigger: num(s.t, "13000000"), Guard: num(s.t, "11000000"), Slippage: num(s.t, "1")}
	if amount != "" {
		p.Amount = num(s.t, amount)
	}
	return p
}

func (s *stopWorld) add(p stop.Plan) stop.ID {
	s.t.Helper()
	id, err := s.a.AddStop(s.t.Context(), p)
	if err != nil {
		s.t.Fatalf("AddStop: %v", err)
	}
	return id
}

func (s *stopWorld) view(id stop.ID) StopView {
	s.t.Helper()
	for _, v := range s.a.Stops() {
		if v.Plan.ID == id {
			return v
		}
	}
	s.t.Fatalf("the stop %s is gone", id)
	return StopView{}
}

// until waits for a state, for as long at most.
func (s *stopWorld) until(id stop.ID, state stop.State, most time.Duration) StopView {
	s.t.Helper()
	for range int(most / (100 * time.Millisecond)) {
		if v := s.view(id); v.State == state {
			return v
		}
		time.Sleep(100 * time.Millisecond)
	}
	v := s.view(id)
	s.t.Fatalf("after %v the stop is %s %q, not %s: %+v, exits %+v", most, v.State, v.Why, state, v.Doing, v.Exits)
	return v
}

// coins are what bitbank says that there is.
func (s *stopWorld) coins() decimal.Decimal {
	s.t.Helper()
	assets, err := s.a.o.Client.Assets(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, x := range assets {
		if x.Asset == "btc" {
			return x.OnHand.Decimal()
		}
	}
	s.t.Fatal("there is no btc")
	return decimal.Zero
}

func TestAStopIsCarriedOutToTheProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		before := s.coins()
		id := s.add(s.plan("0.3"))
		s.prices("12900000", "12900000")
		v := s.until(id, stop.Done, time.Minute)
		if got := before.Sub(s.coins()); !got.Equal(decimal.RequireFromString("0.3")) || v.Proof == nil || !v.Proof.Sold.Equal(num(t, "0.3")) {
			t.Errorf("sold is %s, the proof %+v", got, v.Proof)
		}
		for _, e := range v.Exits {
			if !strings.HasPrefix(e.Intent, "") || e.Order.Price.Decimal().LessThan(decimal.NewFromInt(11_000_000)) {
				t.Errorf("an exit at %s, beyond the guard", e.Order.Price)
			}
		}
	})
}

func TestAStopDoesNotFireByBitbankAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		id := s.add(s.plan("0.3"))
		s.prices("12900000", "14000000")
		time.Sleep(time.Minute)
		s.prices("12900000", "")
		time.Sleep(time.Minute)
		if v := s.view(id); v.State != stop.Armed || v.Unheard != stop.Single {
			t.Errorf("it is %s, and says %q", v.State, v.Unheard)
		}
	})
}

// The price falls elsewhere while bitbank is dark, and there too when it is back: the exit waits, survives a restart, is read for
// first, and goes ahead of everything though all bots are frozen.
func TestAStopThatFiresInTheDarkIsFirstAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		before := s.coins()
		id := s.add(s.plan("0.3"))
		s.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
		s.control("POST", "/faults", `{"host":"public","effect":"blackhole"}`)
		time.Sleep(10 * time.Second)
		s.a.Freeze("", true, "outage")
		s.prices("12900000", "12900000")
		s.until(id, stop.Pending, time.Minute)
		time.Sleep(time.Minute)
		if v := s.view(id); v.State != stop.Pending || v.Doing.Why != stop.Darkness || len(v.Exits) > 0 {
			t.Errorf("in the dark it is %s %+v", v.State, v.Doing)
		}
		s.world.stop()
		s.start()
		if v := s.view(id); v.State != stop.Pending {
			t.Errorf("after a restart it is %s", v.State)
		}
		s.control("DELETE", "/faults", "")
		v := s.until(id, stop.Done, time.Minute)
		if got := before.Sub(s.coins()); !got.Equal(decimal.RequireFromString("0.3")) {
			t.Errorf("sold is %s: %+v", got, v)
		}
	})
}

func TestAStopWhosePriceIsBackIsArmedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		before := s.coins()
		id := s.add(s.plan("0.3"))
		s.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
		s.control("POST", "/faults", `{"host":"public","effect":"blackhole"}`)
		time.Sleep(10 * time.Second)
		s.prices("", "12900000")
		s.until(id, stop.Pending, time.Minute)
		s.control("DELETE", "/faults", "")
		if v := s.until(id, stop.Armed, time.Minute); v.Why != stop.Returned || !before.Equal(s.coins()) {
			t.Errorf("it is %s %q, and there are %s", v.State, v.Why, s.coins())
		}
	})
}

// F01 for an exit: bitbank has taken it, and its answer is lost. No second one is sent while the first is unknown, and no more is
// sold than was meant.
func TestAnExitWhoseAnswerIsLostIsNotSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		before := s.coins()
		id := s.add(s.plan("0.3"))
		s.control("POST", "/faults", `{"host":"private","effect":"drop_response","match":{"method":"POST","path":"/v1/user/spot/order"},"count":1}`)
		s.prices("12900000", "12900000")
		v := s.until(id, stop.Done, 5*time.Minute)
		if got := before.Sub(s.coins()); !got.Equal(decimal.RequireFromString("0.3")) {
			t.Errorf("sold is %s: %+v", got, v.Exits)
		}
	})
}

// F85 and F86: a stop on bitbank locks what the plan would sell, and has sold a part of it.
func TestAStopOnBitbankAndAPlanSellTheSameOnce(t *testing.T) {
	for _, kind := range []struct{ name, order string }{
		{"it has fired", `13100000/`}, {"a stop limit was gapped through", `13100000/13090000`}, {"it waits for a lower price", `12000000/`},
	} {
		t.Run(kind.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStopWorld(t)
				before := s.coins()
				trigger, price, limited := strings.Cut(strings.TrimSuffix(kind.order, "/"), "/")
				n := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: num(t, "0.3"), TriggerPrice: num(t, trigger)}
				if limited {
					n.Type, n.Price = bitbank.StopLimit, num(t, price)
				}
				s.by(s.human(), n)
				time.Sleep(time.Minute)
				id := s.add(s.plan("0.3"))
				s.prices("12900000", "12900000")
				v := s.until(id, stop.Done, 2*time.Minute)
				sold := before.Sub(s.coins())
				if !sold.Equal(decimal.RequireFromString("0.3")) {
					t.Errorf("sold is %s; proof %+v, exits %+v", sold, v.Proof, v.Exits)
				}
			})
		})
	}
}

func TestAStopOfAllSellsWhatAStopOnBitbankLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		s.by(s.human(), bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: num(t, "9"), TriggerPrice: num(t, "12000000")})
		time.Sleep(time.Minute)
		id := s.add(s.plan(""))
		s.prices("12900000", "12900000")
		v := s.until(id, stop.Done, 10*time.Minute)
		if !s.coins().LessThan(decimal.RequireFromString("0.0001")) || v.Naked <= 0 || v.Naked > 10*time.Second || !v.NakedSince.IsZero() {
			t.Errorf("there are %s left, and it was naked for %v since %v", s.coins(), v.Naked, v.NakedSince)
		}
		fmt.Printf("figure: stop naked time of an exit that takes a native stop's place: %v\n", v.Naked)
	})
}

func TestAnEmptyWalletIsNotFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		id := s.add(s.plan("0.3"))
		s.control("POST", "/faults", `{"host":"private","effect":"stale_read","match":{"path":"/v1/user/assets"}}`)
		s.control("POST", "/faults", `{"host":"private","effect":"status","status":200,"body":"{\"success\":1,\"data\":{\"assets\":[]}}","match":{"path":"/v1/user/assets"}}`)
		s.prices("12900000", "12900000")
		s.until(id, stop.Pending, time.Minute)
		time.Sleep(time.Minute)
		if v := s.view(id); v.Over() {
			t.Errorf("it is %s by %+v", v.State, v.Proof)
		}
	})
}

func TestStopsAreRefusedGuardedAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		p := s.plan("11")
		_, err := s.a.AddStop(t.Context(), p)
		if problem, is := errors.AsType[stop.Problem](err); !is || problem.ID != "held_less" {
			t.Errorf("more than there is: %v", err)
		}
		p = s.plan("0.3")
		p.Pair = "no_jpy"
		if _, err = s.a.AddStop(t.Context(), p); err == nil || err.Error() != "pair" {
			t.Errorf("an unknown pair: %v", err)
		}
		s.disk.set(true, true)
		if _, err = s.a.AddStop(t.Context(), s.plan("0.3")); !errors.Is(err, ErrUnrecorded) || len(s.a.Stops()) > 0 {
			t.Errorf("on a full disk: %v, %d stops", err, len(s.a.Stops()))
		}
		s.disk.set(false, false)
		id := s.add(s.plan("0.3"))
		if err = s.a.GuardStop(t.Context(), id, num(t, "13500000")); err == nil || err.Error() != "guard_sell" {
			t.Errorf("a guard above the trigger: %v", err)
		}
		if err = s.a.GuardStop(t.Context(), id, num(t, "10000000")); err != nil || s.view(id).Plan.Guard.String() != "10000000" {
			t.Errorf("another guard: %v", err)
		}
		if err = s.a.RemoveStop(t.Context(), id); err != nil || s.view(id).State != stop.Removed {
			t.Errorf("removing it: %v", err)
		}
		if err = s.a.RemoveStop(t.Context(), id); !errors.Is(err, ErrNoStop) {
			t.Errorf("removing it twice: %v", err)
		}
		s.prices("12900000", "12900000")
		before := s.orders()
		time.Sleep(time.Minute)
		if s.orders() != before {
			t.Error("a removed stop has sent an order")
		}
	})
}

func TestAShortIsBoughtBackByItsStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		r := s.a.Place(t.Context(), gateway.Order{Bot: "grid", Until: time.Now().Add(10 * time.Second), Order: bitbank.NewOrder{
			Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Market, Amount: num(t, "0.1"), PositionSide: bitbank.Short,
		}})
		if r.Outcome != gateway.Placed {
			t.Fatalf("opening the short: %+v", r)
		}
		time.Sleep(10 * time.Minute)
		id := s.add(stop.Plan{Pair: "btc_jpy", Side: bitbank.Buy, Position: bitbank.Short, Trigger: num(t, "15000000"), Guard: num(t, "16000000"), Slippage: num(t, "1")})
		s.prices("15100000", "15100000")
		v := s.until(id, stop.Done, 2*time.Minute)
		if !v.Proof.Sold.Equal(num(t, "0.1")) {
			t.Errorf("bought back is %s", v.Proof.Sold)
		}
	})
}

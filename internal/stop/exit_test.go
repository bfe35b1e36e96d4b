package stop

import (
	"strconv"
	"testing"
	"time"

	"hikeshi/bitbank"
)

// ready is a world in which a whole exit can be sent at once: half a coin of one, and a deep book.
func ready() World {
	return World{
		Now: noon.Add(10 * time.Second), Since: noon,
		Reads: []Reading{{Began: noon.Add(9 * time.Second), Held: dec("1"), Free: dec("1")}},
		Market: &Market{
			At: noon.Add(9500 * time.Millisecond), Pair: *btc(), Status: bitbank.StatusNormal, Break: bitbank.CircuitBreakInfo{Mode: bitbank.ModeNone},
			BookAt: noon.Add(9500 * time.Millisecond),
			Book:   []bitbank.Level{{Price: num("8900000"), Amount: num("0.2")}, {Price: num("8850000"), Amount: num("0.4")}, {Price: num("8700000"), Amount: num("9")}},
		},
	}
}

func gone(intent, executed string, at time.Duration) Exit {
	return Exit{
		Intent: intent, Settled: true, Over: true, Signed: noon.Add(at), Changed: noon.Add(at),
		Order: bitbank.Order{ID: 7, Status: bitbank.StatusFullyFilled, ExecutedAmount: num(executed)},
	}
}

func TestTheLadder(t *testing.T) {
	sold := func(w *World) { w.Exits = []Exit{gone("a", "0.5", 8*time.Second)} }
	for _, c := range []struct {
		name   string
		change func(*Plan, *World)
		act    Act
		why    Reason
		amount string
		price  string
	}{
		{"deep enough", func(*Plan, *World) {}, Place, "", "0.5", "8811000"},
		{"all of it, in slices", func(p *Plan, _ *World) { p.Amount = num("") }, Place, "", "0.6", "8811000"},
		{"no more than the book takes", func(_ *Plan, w *World) { w.Market.Book = w.Market.Book[:1] }, Place, "", "0.2", "8811000"},
		{"no more than there is", func(_ *Plan, w *World) { w.Reads[0].Held, w.Reads[0].Free = dec("0.3"), dec("0.3") }, Place, "", "0.3", "8811000"},
		{"no more than is free", func(_ *Plan, w *World) { w.Reads[0].Free = dec("0.1") }, Place, "", "0.1", "8811000"},
		{"never below the guard", func(p *Plan, _ *World) { p.Guard = num("8880000") }, Place, "", "0.2", "8880000"},
		{"the guard above the book", func(p *Plan, _ *World) { p.Guard = num("8950000") }, Place, "", "0.5", "8950000"},
		{"an empty book", func(_ *Plan, w *World) { w.Market.Book = nil }, Place, "", "0.5", "8500000"},
		{"F85: a stop on bitbank has sold a part", func(_ *Plan, w *World) { w.Reads[0].Fired = dec("0.2") }, Place, "", "0.3", "8811000"},
		{"an exit has sold a part", func(_ *Plan, w *World) { w.Exits = []Exit{gone("a", "0.1", 8*time.Second)} }, Place, "", "0.4", "8811000"},
		{"by hand", func(_ *Plan, w *World) { w.Held = true }, Wait, ByHand, "", ""},
		{"an answer is lost", func(_ *Plan, w *World) { w.Exits = []Exit{{Intent: "a"}} }, Wait, Unsettled, "", ""},
		{"not read", func(_ *Plan, w *World) { w.Reads = nil }, Read, Unread, "", ""},
		{"read before it came back", func(_ *Plan, w *World) { w.Since = noon.Add(9100 * time.Millisecond) }, Read, Unread, "", ""},
		{"read before the newest order was over", func(_ *Plan, w *World) { w.Exits = []Exit{gone("a", "0.1", 9100*time.Millisecond)} }, Read, Unread, "", ""},
		{"read long ago", func(_ *Plan, w *World) { w.Now = noon.Add(time.Minute) }, Read, Unread, "", ""},
		{"it does not add up", func(_ *Plan, w *World) { w.Reads[0].Doubt, w.Now = Unsure, noon.Add(9200*time.Millisecond) }, Wait, Unsure, "", ""},
		{"it still does not", func(_ *Plan, w *World) { w.Reads[0].Doubt, w.Now = Unsure, noon.Add(11*time.Second) }, Read, Unsure, "", ""},
		{"the market is not known", func(_ *Plan, w *World) { w.Market = nil }, Look, "", "", ""},
		{"the market is old", func(_ *Plan, w *World) { w.Now = noon.Add(12 * time.Second) }, Look, "", "", ""},
		{"the price is back", func(_ *Plan, w *World) { w.Market.Book[0].Price = num("9100000") }, Rearm, Returned, "", ""},
		{"the price is back by a book of before the outage", func(_ *Plan, w *World) {
			w.Market.Book[0].Price, w.Market.BookAt = num("9100000"), noon.Add(-time.Minute)
		}, Wait, Stale, "", ""},
		{"nearly back", func(_ *Plan, w *World) { w.Market.Book[0].Price = num("9000500") }, Place, "", "0.2", "8910495"},
		{"halted", func(_ *Plan, w *World) { w.Market.Status = bitbank.StatusHalt }, Wait, Closed, "", ""},
		{"selling is stopped", func(_ *Plan, w *World) { w.Market.Pair.StopSellOrder = true }, Wait, Closed, "", ""},
		{"buying is stopped", func(_ *Plan, w *World) { w.Market.Pair.StopBuyOrder = true }, Place, "", "0.5", "8811000"},
		{"a raised minimum", func(_ *Plan, w *World) { w.Market.Least = num("0.6") }, Wait, Small, "", ""},
		{"others lock it", func(_ *Plan, w *World) { w.Reads[0].Free = dec("0") }, Wait, Locked, "", ""},
		{"an auction beyond the level", auction("8800000", "8000000", "9500000"), Place, "", "0.5", "8500000"},
		{"its band is above the guard", auction("8800000", "8600000", "9500000"), Place, "", "0.5", "8600000"},
		{"its band is below the guard", auction("8300000", "8000000", "8400000"), Wait, Outside, "", ""},
		{"one that would open above", auction("9200000", "8000000", "9500000"), Wait, Auction, "", ""},
		{"one of which nothing is known", auction("0", "8000000", "9500000"), Wait, Auction, "", ""},
		{"refused a moment ago", func(_ *Plan, w *World) {
			w.Exits = []Exit{{Intent: "a", Settled: true, Over: true, Refused: true, Changed: noon.Add(8 * time.Second)}, {Intent: "b", Settled: true, Over: true, Refused: true, Changed: noon.Add(8900 * time.Millisecond)}}
			w.Now = noon.Add(9300 * time.Millisecond)
			w.Market.At = w.Now
		}, Wait, Refused, "", ""},
		{"F86: a stop limit that was gapped through", func(_ *Plan, w *World) {
			w.Reads[0].Free, w.Reads[0].Guards = dec("0"), []bitbank.Order{{ID: 5, Status: bitbank.StatusUnfilled}}
		}, Cancel, "", "", ""},
		{"stops stay where nothing could take their place", func(_ *Plan, w *World) {
			w.Reads[0].Free, w.Reads[0].Guards, w.Market.Status = dec("0"), []bitbank.Order{{ID: 5, Status: bitbank.StatusInactive}}, bitbank.StatusHalt
		}, Wait, Closed, "", ""},
		{"and where it is free without them", func(_ *Plan, w *World) {
			w.Reads[0].Free, w.Reads[0].Guards = dec("0.5"), []bitbank.Order{{ID: 5, Status: bitbank.StatusInactive}}
		}, Place, "", "0.5", "8811000"},
		{"sold, and read once", func(_ *Plan, w *World) { sold(w); w.Reads[0].Held, w.Reads[0].Free = dec("0.5"), dec("0.5") }, Read, Unread, "", ""},
		{"sold, and two reads agree", func(_ *Plan, w *World) {
			sold(w)
			w.Reads[0].Held = dec("0.5")
			w.Reads = append(w.Reads, Reading{Began: noon.Add(9400 * time.Millisecond), Held: dec("0.5"), Free: dec("0.5")})
		}, Finish, Flat, "", ""},
		{"sold, and two reads differ", func(_ *Plan, w *World) {
			sold(w)
			w.Reads[0].Held = dec("0.4")
			w.Reads = append(w.Reads, Reading{Began: noon.Add(9400 * time.Millisecond), Held: dec("0.5"), Free: dec("0.5")})
		}, Read, Unread, "", ""},
		{"nothing left, and the books do not explain it", func(_ *Plan, w *World) {
			w.Reads[0].Held, w.Reads[0].Free = dec("0"), dec("0")
			w.Reads = append(w.Reads, Reading{Began: noon.Add(9400 * time.Millisecond), Unproved: true})
		}, Wait, Unsure, "", ""},
		{"an empty wallet of which nothing can be said", func(_ *Plan, w *World) {
			w.Reads[0].Held, w.Reads[0].Free = dec("0"), dec("0")
			w.Reads = append(w.Reads, Reading{Began: noon.Add(9400 * time.Millisecond), Doubt: Unsure})
		}, Wait, Unsure, "", ""},
	} {
		s, w := Standing{Plan: selling(), State: Pending}, ready()
		c.change(&s.Plan, &w)
		got := s.Next(w)
		if got.Act != c.act || got.Why != c.why || got.Act == Wait && got.Again <= 0 {
			t.Errorf("%s: %s %q, again in %v; want %s %q", c.name, got.Act, got.Why, got.Again, c.act, c.why)
			continue
		}
		if c.act == Place && (!got.Order.Amount.Equal(num(c.amount)) || !got.Order.Price.Equal(num(c.price)) || got.Order.Validate() != nil) {
			t.Errorf("%s: %s at %s (%v), want %s at %s", c.name, got.Order.Amount, got.Order.Price, got.Order.Validate(), c.amount, c.price)
		}
	}
}

func auction(estimate, lower, upper string) func(*Plan, *World) {
	return func(_ *Plan, w *World) {
		w.Market.Break = bitbank.CircuitBreakInfo{Mode: "CIRCUIT_BREAK", EstimatedPrice: num(estimate), LowerPrice: num(lower), UpperPrice: num(upper)}
	}
}

func TestAnExitThatRestsStaysAtTheGuardAndElseMakesWay(t *testing.T) {
	rests := func(price string, age time.Duration) World {
		w := ready()
		w.Reads[0].Free = dec("0.5")
		w.Exits = []Exit{{
			Intent: "a", Settled: true, Signed: w.Now.Add(-age), Changed: noon,
			Order: bitbank.Order{ID: 7, Status: bitbank.StatusUnfilled, Price: num(price), StartAmount: num("0.5"), ExecutedAmount: num("0")},
		}}
		return w
	}
	for _, c := range []struct {
		name   string
		guard  string
		w      World
		change func(*World)
		act    Act
	}{
		{"at the guard, which the book does not reach", "8950000", rests("8950000", time.Minute), nil, Wait},
		{"a marketable one that has just been sent", "8500000", rests("8890000", time.Second), nil, Wait},
		{"one that the market has left behind", "8500000", rests("8890000", 3*time.Second), nil, Cancel},
		{"at a guard that its owner has changed", "8400000", rests("8500000", time.Minute), func(w *World) { w.Market.Book = nil }, Cancel},
		{"while bitbank takes none", "8500000", rests("8890000", time.Minute), func(w *World) { w.Market.Status = bitbank.StatusHalt }, Wait},
	} {
		s := Standing{Plan: selling(), State: Exiting}
		s.Plan.Guard = num(c.guard)
		if c.change != nil {
			c.change(&c.w)
		}
		if got := s.Next(c.w); got.Act != c.act {
			t.Errorf("%s: %+v, want %s", c.name, got, c.act)
		}
	}
}

func TestAShortIsBoughtBack(t *testing.T) {
	p := Plan{ID: "1", Pair: "btc_jpy", Side: bitbank.Buy, Position: bitbank.Short, Trigger: num("11000000"), Guard: num("11500000"), Slippage: num("1"), Set: noon}
	w := ready()
	w.Market.Book = []bitbank.Level{{Price: num("11010000"), Amount: num("0.4")}, {Price: num("11300000"), Amount: num("1")}}
	got := Standing{Plan: p, State: Pending}.Next(w)
	if got.Act != Place || got.Order.Side != bitbank.Buy || got.Order.PositionSide != bitbank.Short || !got.Order.Amount.Equal(num("0.4")) || !got.Order.Price.Equal(num("11120100")) {
		t.Errorf("got %+v", got)
	}
}

// Whatever bitbank and we say in between, the sum of what leaves is never more than what was meant, and never more than there is.
func TestNothingIsSoldTwice(t *testing.T) {
	s, w := Standing{Plan: selling(), State: Pending}, ready()
	left := dec("1")
	for k := range 200 {
		got := s.Next(w)
		switch got.Act {
		case Place:
			s.State = Exiting
			part := got.Order.Amount.Decimal().Div(dec("2")).Truncate(4) // half of it, and the rest is cancelled
			if part.IsZero() {
				part = got.Order.Amount.Decimal()
			}
			left = left.Sub(part)
			w.Now = w.Now.Add(time.Second)
			e := gone(strconv.Itoa(k), part.String(), 0)
			e.Signed, e.Changed = w.Now, w.Now
			w.Exits = append(w.Exits, e)
		case Read:
			w.Now = w.Now.Add(time.Second)
			w.Reads = append(w.Reads, Reading{Began: w.Now, Held: left, Free: left})
			w.Now = w.Now.Add(10 * time.Millisecond)
		case Look:
			m := *w.Market
			m.At, w.Market = w.Now, &m
		case Wait:
			w.Now = w.Now.Add(got.Again)
		case Finish:
			if !left.Equal(dec("0.5")) || !got.Proof.Sold.Equal(num("0.5")) {
				t.Errorf("%s is left, proof %+v", left, got.Proof)
			}
			return
		}
	}
	t.Errorf("it never ended: %s is left", left)
}

package stop

import (
	"errors"
	"testing"
	"time"

	"hikeshi/bitbank"
)

func stopOrder(trigger string) bitbank.NewOrder {
	return bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: num("0.5"), TriggerPrice: num(trigger)}
}

// replacing is a world in which a stop at eight millions is replaced by one at nine, and nothing was done yet.
func replacing() (NativeStanding, NativeWorld) {
	n := NativeStanding{Native: Native{ID: "n1", Order: stopOrder("9000000"), Old: 5, Back: stopOrder("8000000"), Set: noon}}
	old := bitbank.Order{ID: 5, Status: bitbank.StatusInactive, StartAmount: num("0.5"), ExecutedAmount: num("0")}
	m := *ready().Market
	m.Book = []bitbank.Level{{Price: num("10000000"), Amount: num("1")}}
	return n, NativeWorld{Now: noon.Add(10 * time.Second), Old: &old, OldAt: noon.Add(9500 * time.Millisecond), Market: &m}
}

func TestAStopOnBitbankIsReplacedStepByStep(t *testing.T) {
	over := func(w *NativeWorld, executed string) {
		w.Old.Status, w.Old.ExecutedAmount = bitbank.StatusCanceledUnfilled, num(executed)
	}
	refused := func(w *NativeWorld, times int) {
		over(w, "0")
		for range times {
			w.Placed = append(w.Placed, Exit{Intent: "a", Settled: true, Refused: true, Over: true, Changed: noon.Add(5 * time.Second)})
		}
	}
	placed := func(trigger string) Exit {
		return Exit{Intent: "a", Settled: true, Order: bitbank.Order{ID: 8, Status: bitbank.StatusInactive, TriggerPrice: num(trigger)}}
	}
	for _, c := range []struct {
		name    string
		change  func(*NativeStanding, *NativeWorld)
		act     Act
		why     Reason
		trigger string
		amount  string
	}{
		{"the old one is cancelled first", func(*NativeStanding, *NativeWorld) {}, Cancel, "", "", ""},
		{"it is read before", func(_ *NativeStanding, w *NativeWorld) { w.OldAt = noon }, Read, Unread, "", ""},
		{"it is not known", func(_ *NativeStanding, w *NativeWorld) { w.Old = nil }, Read, Unread, "", ""},
		{"the market is not known", func(_ *NativeStanding, w *NativeWorld) { w.Market = nil }, Look, "", "", ""},
		{"a cancel was just asked for", func(_ *NativeStanding, w *NativeWorld) { w.Cancelled = noon.Add(9900 * time.Millisecond) }, Wait, Unread, "", ""},
		{"bitbank takes no stops: the old one stays", func(_ *NativeStanding, w *NativeWorld) { w.Market.Pair.StopStopOrder = true }, Wait, Closed, "", ""},
		{"an auction: it stays", func(_ *NativeStanding, w *NativeWorld) { w.Market.Break.Mode = "CIRCUIT_BREAK" }, Wait, Closed, "", ""},
		{"the new one would fire at once: it stays", func(_ *NativeStanding, w *NativeWorld) { w.Market.Book[0].Price = num("8900000") }, Wait, Closed, "", ""},
		{"it is over, and the new one follows", func(_ *NativeStanding, w *NativeWorld) { over(w, "0") }, Place, "", "9000000", "0.5"},
		{"a part of it was executed", func(_ *NativeStanding, w *NativeWorld) { over(w, "0.2") }, Place, "", "9000000", "0.3"},
		{"it was executed whole", func(_ *NativeStanding, w *NativeWorld) { over(w, "0.5") }, Finish, Fired, "", ""},
		{"the answer to the new one is lost", func(_ *NativeStanding, w *NativeWorld) { over(w, "0"); w.Placed = []Exit{{Intent: "a"}} }, Wait, Unsettled, "", ""},
		{"the new one is there", func(_ *NativeStanding, w *NativeWorld) { over(w, "0"); w.Placed = []Exit{placed("9000000")} }, Finish, Placed, "", ""},
		{"F81: the new one is refused, and the old one restored at once", func(_ *NativeStanding, w *NativeWorld) { refused(w, 1) }, Place, "", "8000000", "0.5"},
		{"one like the old is there again", func(_ *NativeStanding, w *NativeWorld) { refused(w, 1); w.Placed = append(w.Placed, placed("8000000")) }, Finish, Restored, "", ""},
		{"both are refused", func(_ *NativeStanding, w *NativeWorld) {
			refused(w, 2)
			w.Now = noon.Add(5100 * time.Millisecond)
			w.Market.At = w.Now
		}, Wait, Refused, "", ""},
		{"and tried again", func(_ *NativeStanding, w *NativeWorld) { refused(w, 2) }, Place, "", "9000000", "0.5"},
		{"a first one is placed", func(n *NativeStanding, w *NativeWorld) { n.Old, w.Old = 0, nil }, Place, "", "9000000", "0.5"},
	} {
		n, w := replacing()
		c.change(&n, &w)
		got := n.Next(w)
		if got.Act != c.act || got.Why != c.why || got.Act == Wait && got.Again <= 0 || got.Act == Cancel && !got.Guards {
			t.Errorf("%s: %s %q, want %s %q", c.name, got.Act, got.Why, c.act, c.why)
			continue
		}
		if c.act == Place && (!got.Order.TriggerPrice.Equal(num(c.trigger)) || !got.Order.Amount.Equal(num(c.amount)) || got.Order.Validate() != nil) {
			t.Errorf("%s: %+v (%v)", c.name, got.Order, got.Order.Validate())
		}
	}
}

func TestAStopOnBitbankThatCannotBeMeantIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Native, *NativeFacts)
	}{
		{"a good one", "", func(*Native, *NativeFacts) {}},
		{"an unknown pair", "pair", func(_ *Native, f *NativeFacts) { f.Pair = nil }},
		{"one that enters", "side", func(n *Native, _ *NativeFacts) { n.Order.Side = bitbank.Buy }},
		{"no trigger", "price", func(n *Native, _ *NativeFacts) { n.Order.TriggerPrice = num("") }},
		{"a stop limit without a price", "price", func(n *Native, _ *NativeFacts) { n.Order.Type = bitbank.StopLimit }},
		{"no amount", "amount", func(n *Native, _ *NativeFacts) { n.Order.Amount = num("") }},
		{"more than there is", "held_less", func(n *Native, _ *NativeFacts) { n.Order.Amount = num("2") }},
		{"unread", "held_unknown", func(_ *Native, f *NativeFacts) { f.Known = false }},
		{"at once", "at_once", func(_ *Native, f *NativeFacts) { f.Bitbank = quote("8999999", noon) }},
		{"no price", "no_price", func(_ *Native, f *NativeFacts) { f.Bitbank = Quote{} }},
		{"no such stop", "old", func(n *Native, _ *NativeFacts) { n.Old = 5 }},
		{"a stop of another pair", "old", func(n *Native, f *NativeFacts) {
			n.Old, f.Old = 5, &bitbank.Order{ID: 5, Pair: "xrp_jpy", Side: bitbank.Sell}
		}},
		{"replaced twice at a time", "twice", func(n *Native, f *NativeFacts) {
			n.Old, f.Old = 5, &bitbank.Order{ID: 5, Pair: "btc_jpy", Side: bitbank.Sell}
			f.Natives = []NativeStanding{{Native: Native{ID: "n1", Old: 5}}}
		}},
	} {
		n, f := Native{Order: stopOrder("9000000")}, NativeFacts{Pair: btc(), Bitbank: quote("10000000", noon), Usable: dec("1"), Known: true}
		c.change(&n, &f)
		got := ""
		if problem, is := errors.AsType[Problem](CheckNative(n, f)); is {
			got = problem.ID
		}
		if got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheTimeWithoutAStopIsSummedUp(t *testing.T) {
	var b Book
	n := Native{ID: b.NextNative(), Order: stopOrder("9000000"), Set: noon}
	for k, r := range []Record{
		{Native: &n}, {Naked: &Naked{ID: "n1", On: true}}, {Naked: &Naked{ID: "n1", On: true}}, {Naked: &Naked{ID: "n1"}},
		{Naked: &Naked{ID: "n1"}}, {Ended: &Ended{ID: "n1", Why: Placed}}, {Ended: &Ended{ID: "n1", Why: Fired}},
	} {
		r.At = noon.Add(time.Duration(k) * time.Second)
		b.Apply(r)
	}
	s, ok := b.Native("n1")
	if !ok || s.Naked != 2*time.Second || !s.NakedSince.IsZero() || s.Why != Placed || b.NextNative() != "n2" || len(b.Natives()) != 1 {
		t.Errorf("got %+v", s)
	}
}

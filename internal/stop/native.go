package stop

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A Native is a stop on bitbank itself that is to be placed, in the place of another one if that is named. It goes through its
// steps whatever happens in between, and each follows from what bitbank and the journal say: so a crash resumes it.
type Native struct {
	ID    ID               `json:"id"`
	Order bitbank.NewOrder `json:"order"`
	Old   bitbank.OrderID  `json:"old,omitzero"`  // that it replaces
	Back  bitbank.NewOrder `json:"back,omitzero"` // what that one looked like: it is restored when the new one is refused
	Set   time.Time        `json:"set"`
}

// What a Native can end with.
const (
	Placed   Reason = "placed"   // the new one is on bitbank
	Restored Reason = "restored" // bitbank refused the new one, and one like the old is there again
	Fired    Reason = "fired"    // the old one was executed before it could be cancelled
)

// A NativeStanding is a native stop and how far it has come.
type NativeStanding struct {
	Native
	Over  bool
	Why   Reason // of the end; "" of one that goes on
	Since time.Time
	// Naked is how long neither the old nor the new one was there, NakedSince since when if it still is so.
	Naked      time.Duration
	NakedSince time.Time
}

// A NativeWorld is what NextNative decides by.
type NativeWorld struct {
	Now       time.Time
	Old       *bitbank.Order // as it is known; nil: not
	OldAt     time.Time      // when it was read last
	Cancelled time.Time      // when a cancel of it was asked for last; zero: never
	Market    *Market
	Placed    []Exit // orders that were sent for it, in order
}

// Next says what is to be done now. The old one is cancelled only while bitbank takes the new one, and the new one is placed only when
// the end of the old one is confirmed, for what it has not executed.
func (n NativeStanding) Next(w NativeWorld) Step {
	refused := 0
	for _, e := range w.Placed {
		switch {
		case !e.Settled:
			return Step{Act: Wait, Why: Unsettled, Again: soon}
		case !e.Refused && e.Order.Price.Equal(n.Order.Price) && e.Order.TriggerPrice.Equal(n.Order.TriggerPrice):
			return Step{Act: Finish, Why: Placed}
		case !e.Refused:
			return Step{Act: Finish, Why: Restored}
		}
		refused++
	}
	if n.Old != 0 && (w.Old == nil || !w.Old.Status.Terminal() && w.Now.Sub(w.OldAt) > later) {
		return Step{Act: Read, Why: Unread}
	}
	if w.Market == nil || w.Now.Sub(w.Market.At) > marketYoung {
		return Step{Act: Look}
	}
	if n.Old != 0 && !w.Old.Status.Terminal() {
		switch {
		case n.closed(*w.Market):
			return Step{Act: Wait, Why: Closed, Again: later}
		case !w.Cancelled.IsZero() && w.Now.Sub(w.Cancelled) < later:
			return Step{Act: Wait, Why: Unread, Again: soon}
		}
		return Step{Act: Cancel, Cancel: []bitbank.OrderID{n.Old}, Guards: true}
	}
	order := n.Order
	if refused%2 == 1 && n.Old != 0 {
		order = n.Back
	}
	if n.Old != 0 {
		left := w.Old.StartAmount.Decimal().Sub(w.Old.ExecutedAmount.Decimal())
		if left.LessThan(w.Market.Pair.UnitAmount.Decimal()) {
			return Step{Act: Finish, Why: Fired}
		}
		order.Amount = bitbank.NewNumber(decimal.Min(n.Order.Amount.Decimal(), left))
	}
	if refused > 1 || refused == 1 && n.Old == 0 { // the old one is restored at once
		if wait := patience(World{Now: w.Now, Exits: w.Placed}); wait > 0 {
			return Step{Act: Wait, Why: Refused, Again: wait}
		}
	}
	return Step{Act: Place, Order: order}
}

// closed reports whether bitbank does not take the new one now, or would execute it at once.
func (n NativeStanding) closed(m Market) bool {
	p := Plan{Side: n.Order.Side, Trigger: n.Order.TriggerPrice}
	kind := m.Pair.StopStopOrder
	if n.Order.Type == bitbank.StopLimit {
		kind = m.Pair.StopStopLimitOrder
	}
	return kind || closed(m.Pair, m.Status, p) || m.Break.Mode != bitbank.ModeNone || len(m.Book) == 0 || p.beyond(m.Book[0].Price.Decimal())
}

// NativeFacts are what a native stop is checked against.
type NativeFacts struct {
	Pair    *bitbank.Pair // nil: bitbank lists no such pair
	Bitbank Quote
	Usable  decimal.Decimal // what there is and is not locked, and what the old one locks
	Known   bool            // that is known
	Old     *bitbank.Order  // nil: no live stop of this id is known
	Natives []NativeStanding
}

// CheckNative says why a native stop cannot be placed; nil when it can.
func CheckNative(n Native, f NativeFacts) error {
	o := n.Order
	p := Plan{Pair: o.Pair, Side: o.Side, Position: o.PositionSide, Trigger: o.TriggerPrice, Amount: o.Amount}
	facts := Facts{Pair: f.Pair}
	for _, check := range []func(Plan, Facts) *Problem{checkPair, checkSide} {
		if bad := check(p, facts); bad != nil {
			return *bad
		}
	}
	prices := map[string]bitbank.Number{"trigger": o.TriggerPrice}
	if o.Type == bitbank.StopLimit {
		prices["price"] = o.Price
	}
	for name, price := range prices {
		if bad := checkPrice(name, price, f.Pair); bad != nil {
			return *bad
		}
	}
	if bad := checkAmount(p, *f.Pair); bad != nil {
		return *bad
	}
	switch {
	case n.Old != 0 && (f.Old == nil || f.Old.Pair != o.Pair || f.Old.Side != o.Side || f.Old.PositionSide != o.PositionSide):
		return *bad("old")
	case !f.Known:
		return *bad("held_unknown")
	case !o.Amount.Known():
		return *bad("amount")
	case o.Amount.Decimal().GreaterThan(f.Usable):
		return *bad("held_less", "held", f.Usable.String())
	case f.Bitbank.At.IsZero():
		return *bad("no_price")
	case p.beyond(f.Bitbank.Price):
		return *bad("at_once", "price", f.Bitbank.Price.String(), "trigger", o.TriggerPrice.String())
	}
	for _, x := range f.Natives {
		if !x.Over && (n.Old != 0 && x.Old == n.Old) {
			return *bad("twice", "id", string(x.ID))
		}
	}
	return nil
}

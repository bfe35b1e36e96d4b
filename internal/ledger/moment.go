package ledger

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// An event is something that moved an asset at one time.
type event struct {
	at             time.Time
	locked, onHand decimal.Decimal
}

// Moment reports whether the read shows exactly what was true at some moment that it can speak of: with every event that is known
// until then in it, and none after it. Events of the last lag are in doubt, since bitbank's replicas lag and its clocks are not
// ours. An account that trades all the time is explained so, where [Explanation.Since] has doubts. What a lost order has moved is
// still missing, unless an event of the same amount is in doubt in this very read.
func (x *Explanation) Moment(signed time.Time, lag time.Duration) bool {
	k, d := x.k, x.locked
	if slices.Contains(d.Doubts, NoRate) {
		return false
	}
	first, sure := x.first(signed)
	if first == nil || !sure {
		return false
	}
	events, ok := x.events(k.Began.Add(-k.Near - lag))
	if !ok {
		return false
	}
	should, rounding := first.Row.OnHand.Decimal(), d.Rounding
	for _, c := range x.changes {
		if k.shows(c.from, c.to, first.Began, first.At) == before {
			continue
		}
		should, rounding = should.Add(c.amount), rounding.Add(c.rounding)
	}
	locked, onHand := d.Locked, k.Row.OnHand.Decimal().Sub(should)
	zero := func() bool {
		return !locked.Abs().GreaterThan(rounding) && !onHand.Abs().GreaterThan(rounding)
	}
	latest := k.At.Add(k.Near)
	for _, e := range slices.Backward(events) {
		if !e.at.After(latest) && zero() {
			return true
		}
		locked, onHand = locked.Add(e.locked), onHand.Add(e.onHand)
		rounding = rounding.Add(decimal.New(2, -digits(d.Asset)))
	}
	return zero()
}

// events are what is known to have moved the asset since a time, oldest first. Not ok: when something did is not known, and it
// was not long ago.
func (x *Explanation) events(since time.Time) (out []event, ok bool) {
	l, asset := x.l, x.k.Row.Asset
	ok = true
	add := func(at time.Time, locked, onHand decimal.Decimal) {
		if at.After(since) {
			out = append(out, event{at, locked, onHand})
		}
	}
	order := func(o *order) {
		base, quote := assetsOf(o.Pair)
		if base != asset && quote != asset || o.PositionSide != bitbank.Spot {
			return
		}
		if o.TriggerPrice.Known() || !o.StartAmount.Known() || o.OrderedAt == 0 {
			ok = ok && o.live() && o.OrderedAt != 0 && !o.OrderedAt.Time().After(since) && len(l.trades.of[orderKey{o.Pair, o.ID}]) == 0
			return
		}
		left := o.StartAmount.Decimal()
		lock := func() decimal.Decimal {
			of, amount, _ := lockOf(&o.Order, left, x.rates)
			if of != asset {
				return decimal.Decimal{}
			}
			return amount
		}
		add(o.OrderedAt.Time(), lock(), decimal.Decimal{})
		trades := slices.SortedFunc(slices.Values(l.trades.of[orderKey{o.Pair, o.ID}]), byTime)
		for _, t := range trades {
			was := lock()
			left = left.Sub(t.Amount.Decimal())
			add(t.ExecutedAt.Time(), lock().Sub(was), decimal.Decimal{})
		}
		switch {
		case !left.IsPositive():
		case o.CanceledAt != 0:
			add(o.CanceledAt.Time(), lock().Neg(), decimal.Decimal{})
		case o.Status.Terminal(): // when it ended is not said
			ok = ok && !o.Ended.After(since)
		}
	}
	for pair, live := range l.orders.live {
		if base, quote := assetsOf(pair); base == asset || quote == asset {
			for _, o := range live {
				order(o)
			}
		}
	}
	for _, o := range l.orders.lately {
		order(o)
	}
	for _, c := range x.changes {
		if c.to.After(since) {
			ok = ok && c.from.Equal(c.to)
			add(c.from, decimal.Decimal{}, c.amount)
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out, ok
}

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
	if x.lag != lag || x.events == nil {
		x.lag = lag
		x.events, x.told = x.recent(k.Began.Add(-k.Near - lag))
	}
	if !x.told {
		return false
	}
	for _, should := range x.expected(signed) {
		if x.fits(should) {
			return true
		}
	}
	return false
}

// mostUnsure bounds what is tried when an earlier balance is not sure.
const mostUnsure = 300

// expected is what should be on hand now with everything that is known: beside the balance from before a time, or, when none of
// those is sure, for every moment that the newest of them can have shown.
func (x *Explanation) expected(signed time.Time) []decimal.Decimal {
	first, sure := x.first(signed)
	lag := time.Duration(0)
	if !sure {
		if first = x.newest(signed); first == nil {
			return nil
		}
		lag = Stale
	}
	from, to := first.Began.Add(-x.k.Near-lag), first.At.Add(x.k.Near)
	sum := first.Row.OnHand.Decimal()
	var unsure []change
	for _, c := range x.changes {
		switch {
		case c.to.Before(from):
		case c.from.After(to):
			sum = sum.Add(c.amount)
		default:
			unsure = append(unsure, c)
		}
	}
	if len(unsure) > mostUnsure {
		return nil
	}
	slices.SortFunc(unsure, func(a, b change) int { return a.from.Compare(b.from) })
	out := []decimal.Decimal{sum}
	for k, c := range slices.Backward(unsure) {
		sum = sum.Add(c.amount)
		if k == 0 || !unsure[k-1].from.Equal(c.from) { // what happened at one time is seen together
			out = append(out, sum)
		}
	}
	return out
}

// newest is the newest read from before a time, whatever happened next to it.
func (x *Explanation) newest(signed time.Time) *reading {
	s := x.l.balances[x.locked.Asset]
	if s == nil {
		return nil
	}
	known := x.l.since()
	for i, r := range slices.Backward(s.Reads) {
		if !r.At.After(signed) && r.At.Before(x.k.Began) {
			if r.Began.Add(-x.k.Near - Stale).Before(known) {
				return nil
			}
			return &s.Reads[i]
		}
	}
	return nil
}

// fits reports whether the read shows a moment, when so much should be on hand by now.
func (x *Explanation) fits(should decimal.Decimal) bool {
	k, d := x.k, x.locked
	rounding := d.Rounding
	for _, c := range x.changes {
		rounding = rounding.Add(c.rounding)
	}
	locked, onHand := d.Locked, k.Row.OnHand.Decimal().Sub(should)
	zero := func() bool {
		return !locked.Abs().GreaterThan(rounding) && !onHand.Abs().GreaterThan(rounding)
	}
	latest := k.At.Add(k.Near)
	for n, e := range slices.Backward(x.events) {
		last := n == len(x.events)-1 || x.events[n+1].at.After(e.at) // what happened at one time is seen together
		if last && !e.at.After(latest) && zero() {
			return true
		}
		locked, onHand = locked.Add(e.locked), onHand.Add(e.onHand)
		rounding = rounding.Add(decimal.New(2, -digits(d.Asset)))
	}
	return zero()
}

// recent are the events of the asset since a time, oldest first. Not ok: when something happened is not known, and it was not
// long ago.
func (x *Explanation) recent(since time.Time) (out []event, ok bool) {
	l, asset := x.l, x.k.Row.Asset
	out, ok = []event{}, true
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
		trades := l.trades.of[orderKey{o.Pair, o.ID}]
		stood := func(m bitbank.Millis) bool { return !m.Time().After(since) }
		if stood(o.OrderedAt) && stood(o.CanceledAt) && o.OrderedAt != 0 && !o.Ended.After(since) &&
			!slices.ContainsFunc(trades, func(t *bitbank.Trade) bool { return !stood(t.ExecutedAt) }) && !o.TriggerPrice.Known() {
			return
		}
		if o.TriggerPrice.Known() || !o.StartAmount.Known() || o.OrderedAt == 0 {
			ok = ok && o.live() && o.OrderedAt != 0 && !o.OrderedAt.Time().After(since) && len(trades) == 0
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
		for _, t := range slices.SortedFunc(slices.Values(trades), byTime) {
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
	slices.SortFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out, ok
}

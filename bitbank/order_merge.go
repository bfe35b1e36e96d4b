package bitbank

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Newer reports whether fresh is a later report of the order than known. Reports overtake each other, so their order
// of arrival says nothing: the higher stage is later, and within a stage the smaller remaining amount, compared as a
// number (bitbank's sample code compares texts). A report without a remaining amount is no later than one with it; of
// two without, as of a stop_loss without amount, the one that executed more is later. A status that we do not know is
// never later.
func Newer(known, fresh Order) bool {
	if a, b := known.Status.Stage(), fresh.Status.Stage(); a != b {
		return b > a
	}
	left, right := known.RemainingAmount, fresh.RemainingAmount
	switch {
	case left.Known() && right.Known():
		return right.Decimal().LessThan(left.Decimal())
	case left.Known() || right.Known():
		return right.Known()
	}
	return fresh.ExecutedAmount.Decimal().GreaterThan(known.ExecutedAmount.Decimal())
}

// What an OrderMerger keeps.
const (
	// Longer than the 20 minutes that PubNub can be late.
	defaultKeepEnded = 30 * time.Minute
	// bitbank allows 30 active orders a pair, which is less than 2,000 in all.
	defaultMostOrders = 10_000
)

// An OrderMerger keeps the newest report of each order out of reports that repeat and overtake each other, from the
// private stream and from REST. No order goes back in it. What ended is kept for a while, so that a late report does
// not revive it. The zero OrderMerger is ready to be used, by one goroutine.
//
// It is for orders and not for fills: those are booked by (pair, trade id) from trades.
type OrderMerger struct {
	KeepEnded time.Duration // how long an order that ended is kept; default 30 minutes
	Most      int           // orders kept at most, default 10,000; beyond it what ended first goes first

	kept  map[orderKey]keptOrder
	ended []endedOrder // as they ended
}

type orderKey struct {
	pair string
	id   OrderID
}

type keptOrder struct {
	order Order
	at    time.Time // of the report
	gone  bool      // invalidated: only the report of its end counts
}

type endedOrder struct {
	key orderKey
	at  time.Time
}

// Merge takes a report that arrived at a time. The answer is the order as it is known now, and whether the report was
// news. What never changes, such as the price, is completed from other reports when the newest leaves it out.
func (m *OrderMerger) Merge(o Order, now time.Time) (Order, bool) {
	if m.kept == nil {
		m.kept = make(map[orderKey]keptOrder)
	}
	m.forget(now)
	key := orderKey{o.Pair, o.ID}
	known, there := m.kept[key]
	if there && (!Newer(known.order, o) || known.gone && !o.Status.Terminal()) {
		known.order = completed(known.order, o)
		m.kept[key] = known
		return known.order, false
	}
	o = completed(o, known.order)
	m.kept[key] = keptOrder{order: o, at: now}
	if o.Status.Terminal() && !known.order.Status.Terminal() && !known.gone {
		m.ended = append(m.ended, endedOrder{key, now})
	}
	m.forget(now)
	return o, true
}

// Invalidate takes orders that the engine dropped out of Active. Only a report of their end is news after that, for
// as long as ended orders are kept; how they ended is for REST to say.
func (m *OrderMerger) Invalidate(now time.Time, ids ...OrderID) {
	for key, k := range m.kept {
		if slices.Contains(ids, key.id) && !k.gone && !k.order.Status.Terminal() {
			k.gone = true
			m.kept[key] = k
			m.ended = append(m.ended, endedOrder{key, now})
		}
	}
}

// Order is the newest report of an order.
func (m *OrderMerger) Order(pair string, id OrderID) (Order, bool) {
	k, ok := m.kept[orderKey{pair, id}]
	return k.order, ok
}

// Active are the orders that have not ended, as far as is known, by id.
func (m *OrderMerger) Active() []Order {
	var out []Order
	for _, k := range m.kept {
		if !k.gone && !k.order.Status.Terminal() {
			out = append(out, k.order)
		}
	}
	slices.SortFunc(out, func(a, b Order) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Pair, b.Pair)) })
	return out
}

// forget drops what ended long ago, and what is too much.
func (m *OrderMerger) forget(now time.Time) {
	keep, most := m.KeepEnded, m.Most
	if keep <= 0 {
		keep = defaultKeepEnded
	}
	if most <= 0 {
		most = defaultMostOrders
	}
	drop := 0
	for _, e := range m.ended {
		if now.Sub(e.at) <= keep && len(m.kept) <= most {
			break
		}
		delete(m.kept, e.key)
		drop++
	}
	m.ended = slices.Delete(m.ended, 0, drop)
	for len(m.kept) > most { // only a fault of somebody makes so many that live
		delete(m.kept, m.oldest())
	}
}

// oldest is the order of which nothing was heard for longest.
func (m *OrderMerger) oldest() orderKey {
	keys := slices.Collect(maps.Keys(m.kept))
	return slices.MinFunc(keys, func(a, b orderKey) int { return m.kept[a].at.Compare(m.kept[b].at) })
}

// completed is fresh with the fields that never change, or that are set once, taken from known where it lacks them.
func completed(fresh, known Order) Order {
	fresh.Side = cmp.Or(fresh.Side, known.Side)
	fresh.PositionSide = cmp.Or(fresh.PositionSide, known.PositionSide)
	fresh.Type = cmp.Or(fresh.Type, known.Type)
	fresh.StartAmount = fresh.StartAmount.or(known.StartAmount)
	fresh.Price = fresh.Price.or(known.Price)
	fresh.TriggerPrice = fresh.TriggerPrice.or(known.TriggerPrice)
	fresh.PostOnly = fresh.PostOnly || known.PostOnly
	fresh.UserCancelable = cmp.Or(fresh.UserCancelable, known.UserCancelable)
	fresh.OrderedAt = cmp.Or(fresh.OrderedAt, known.OrderedAt)
	fresh.ExpireAt = cmp.Or(fresh.ExpireAt, known.ExpireAt)
	fresh.TriggeredAt = cmp.Or(fresh.TriggeredAt, known.TriggeredAt)
	fresh.CanceledAt = cmp.Or(fresh.CanceledAt, known.CanceledAt)
	return fresh
}

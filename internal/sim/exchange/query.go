package exchange

import (
	"slices"
	"time"
)

// Order reads one order (GET /v1/user/spot/order).
func (x *Exchange) Order(a *Account, p Params) (Row, int) {
	pr, n, code := x.one(p)
	if code != 0 {
		return Row{}, code
	}
	o := a.orders[n]
	if o == nil || o.pair != pr || x.forgotten(o) {
		return Row{}, 50009
	}
	return x.row(o, true), 0
}

// forgotten: finished so long ago that bitbank no longer tells.
func (x *Exchange) forgotten(o *Order) bool {
	return o.terminal() && x.market.Clock().Sub(o.finished) > horizon
}

// Infos reads several orders (POST /v1/user/spot/orders_info). What is unknown or too old is left out.
func (x *Exchange) Infos(a *Account, p Params) (Rows, int) {
	pr, ids, code := x.several(p)
	if code != 0 {
		return Rows{}, code
	}
	if x.Plays(InfoOrder, "id") {
		slices.Sort(ids)
	}
	out := Rows{[]Row{}}
	seen := map[int64]bool{}
	for _, n := range ids {
		o := a.orders[n]
		switch {
		case o == nil || o.pair != pr:
			if x.Plays(UnknownInfo, "50009") {
				return Rows{}, 50009
			}
		case !seen[n] && !x.forgotten(o):
			out.Orders = append(out.Orders, x.row(o, true))
		}
		seen[n] = true
	}
	return out, 0
}

// A span narrows a list.
type span struct {
	pair        *pair
	count       int64 // -1 for all
	from, until int64 // ids
	since, end  int64 // milliseconds
}

// span reads the filters of a list. The priority among wrong ones was measured.
func (x *Exchange) span(p Params, most int64) (s span, code int) {
	s = span{until: noEnd, end: noEnd}
	if p.has("pair") {
		if s.pair, code = x.named(p); code != 0 {
			return s, code
		}
	}
	for _, f := range []struct {
		name string
		most int64
		code int
		into *int64
	}{
		{"count", most, 40006, &s.count}, {"end", noEnd, 40007, &s.end}, {"end_id", noEnd, 40008, &s.until},
		{"from_id", noEnd, 40009, &s.from}, {"since", noEnd, 40022, &s.since},
	} {
		before := *f.into
		n, ok := p.whole(f.name, f.most)
		if !ok {
			return s, f.code
		}
		if *f.into = n; n < 0 {
			*f.into = before
			if f.name == "count" {
				*f.into = -1
			}
		}
	}
	return s, 0
}

// takes reports whether a row is within the span.
func (s span) takes(pr string, id int64, at int64) bool {
	return (s.pair == nil || s.pair.Name == pr) && id >= s.from && id <= s.until && at >= s.since && at <= s.end
}

// Active lists the live orders, oldest first (GET /v1/user/spot/active_orders). Without a count it lists all of them, says a
// maintainer (docs issue 90).
func (x *Exchange) Active(a *Account, p Params) (Rows, int) {
	s, code := x.span(p, noEnd)
	if code != 0 {
		return Rows{}, code
	}
	if s.pair == nil && (p.has("from_id") || p.has("end_id")) {
		return Rows{}, 30009
	}
	out := Rows{[]Row{}}
	for _, o := range a.live {
		if s.takes(o.pair.Name, o.ID, o.ordered.UnixMilli()) && (s.count < 0 || int64(len(out.Orders)) < s.count) {
			out.Orders = append(out.Orders, x.row(o, true))
		}
	}
	return out, 0
}

// Trades is what trade_history answers.
type Trades struct {
	Trades []Trade `json:"trades"`
}

// History lists executions, newest first unless asked otherwise (GET /v1/user/spot/trade_history).
func (x *Exchange) History(a *Account, p Params) (Trades, int) {
	s, code := x.span(p, 1000)
	if code != 0 {
		return Trades{}, code
	}
	if s.count < 0 {
		s.count = 500
		if x.Plays(HistoryDefault, "1000") {
			s.count = 1000
		}
	}
	var of int64
	if p.has("order_id") {
		if s.pair == nil {
			return Trades{}, 30009
		}
		var ok bool
		if of, ok = id(p["order_id"]); !ok {
			return Trades{}, 40013
		}
	}
	order, _ := p.text("order")
	out := Trades{[]Trade{}}
	take := func(t Trade) bool {
		if s.takes(t.Pair, t.TradeID, t.ExecutedAt) && (of == 0 || t.OrderID == of) {
			out.Trades = append(out.Trades, t)
		}
		return int64(len(out.Trades)) < s.count
	}
	if s.count == 0 {
		return out, 0
	}
	if order == "asc" {
		for _, t := range a.trades {
			if !take(t) {
				break
			}
		}
		return out, 0
	}
	for _, t := range slices.Backward(a.trades) {
		if !take(t) {
			break
		}
	}
	return out, 0
}

// An Asset is what an account has of one asset.
type Asset struct {
	Name                              string
	Free, Locked, Onhand, Withdrawing string
}

// Assets lists balances that have ever been anything but zero, in the order in which they came.
func (x *Exchange) Assets(a *Account) []Asset {
	out := make([]Asset, len(a.names))
	for i, name := range a.names {
		b := a.balances[name]
		d := Precision(name)
		out[i] = Asset{name, b.free.StringFixed(d), b.locked.StringFixed(d), b.onhand().StringFixed(d), b.withdrawing.StringFixed(d)}
	}
	return out
}

// Everything lists all orders of an account that are remembered, by id.
func (x *Exchange) Everything(a *Account) []Row {
	out := make([]Row, len(a.sequence))
	for i, o := range a.sequence {
		out[i] = x.row(o, false)
	}
	return out
}

// Clock is the time that the exchange has reached.
func (x *Exchange) Clock() time.Time { return x.market.Clock() }

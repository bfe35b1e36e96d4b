package exchange

import (
	"slices"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// A wish is an order as it was asked for, before it is one.
type wish struct {
	pair           *pair
	side           market.Side
	position       string
	kind           string
	postOnly       bool
	price, trigger int64
	amount         int64 // 0 for a whole position
}

// Place takes an order (POST /v1/user/spot/order). The row is the order's state when it was accepted: what happens to it in
// the same instant comes with the stream and is read later, as with the real one. Time must have been advanced.
func (x *Exchange) Place(a *Account, p Params) (Row, int) {
	w, code := x.wish(p)
	if code == 0 {
		code = a.refuses("order")
	}
	if code == 0 {
		code = x.admit(a, w)
	}
	if code != 0 {
		return Row{}, code
	}
	o := &Order{
		account: a, pair: w.pair, side: w.side, position: w.position, kind: w.kind, postOnly: w.postOnly,
		price: w.price, trigger: w.trigger, start: w.amount, left: w.amount, status: unfilled, ordered: x.market.Clock(),
	}
	if code := x.reserve(o); code != 0 {
		return Row{}, code
	}
	o.ID = x.nextID()
	if triggers(o.kind) {
		o.status = inactive
	}
	a.remember(o)
	row := x.row(o, false)
	x.announce(o, "spot_order_new", false)
	if triggers(o.kind) {
		w.pair.stops = append(w.pair.stops, o)
	} else {
		x.enter(o)
	}
	x.flush()
	return row, 0
}

// wish reads an order's parameters. What is missing comes before what is wrong; the order within either is our assumption.
func (x *Exchange) wish(p Params) (w wish, code int) {
	if code := missing(p); code != 0 {
		return w, code
	}
	name, _ := p.text("pair")
	if w.pair = x.pairs[name]; w.pair == nil {
		return w, 40017
	}
	side, _ := p.text("side")
	if w.side = market.Side(side); w.side != market.Buy && w.side != market.Sell {
		return w, 40021
	}
	w.kind, _ = p.text("type")
	if !slices.Contains([]string{limit, atMarket, stop, stopLimit, takeProfit, stopLoss}, w.kind) {
		return w, 40024
	}
	if p.has("position_side") {
		if w.position, _ = p.text("position_side"); w.position != "long" && w.position != "short" {
			return w, 40164
		}
		if !w.pair.Margin() {
			return w, 40165
		}
	}
	if p.has("post_only") {
		only, isBool := p["post_only"].(bool)
		if !isBool {
			return w, 40113
		}
		if only && w.kind != limit {
			return w, 40114
		}
		w.postOnly = only
	}
	return w, x.numbers(&w, p)
}

// missing finds what a type of order cannot do without.
func missing(p Params) int {
	kind, _ := p.text("type")
	for _, need := range []struct {
		name string
		code int
		by   bool
	}{
		{"pair", 30009, true}, {"amount", 30001, kind != takeProfit && kind != stopLoss}, {"price", 30012, rests(kind)},
		{"side", 30013, true}, {"type", 30015, true}, {"trigger_price", 30101, triggers(kind)},
	} {
		if need.by && !p.has(need.name) {
			return need.code
		}
	}
	return 0
}

// numbers reads amount, price and trigger in the pair's digits.
func (x *Exchange) numbers(w *wish, p Params) int {
	for _, n := range []struct {
		name   string
		into   *int64
		digits int
		code   int
		by     bool
	}{
		{"amount", &w.amount, w.pair.AmountDigits, 40001, true},
		{"price", &w.price, w.pair.PriceDigits, 40020, rests(w.kind)},
		{"trigger_price", &w.trigger, w.pair.PriceDigits, 40112, triggers(w.kind)},
	} {
		if !n.by || !p.has(n.name) {
			continue
		}
		text, ok := p.number(n.name)
		if !ok {
			return n.code
		}
		d, err := decimal.NewFromString(text)
		if err != nil {
			return n.code
		}
		if x.Plays(TooManyDigits, "cut") {
			d = d.Truncate(int32(n.digits))
		}
		v, ok := w.pair.units(d.String(), n.digits)
		if !ok || v <= 0 {
			return n.code
		}
		*n.into = v
	}
	if w.amount == 0 && x.Plays(WholePosition, "30001") {
		return 30001
	}
	return 0
}

// enter sends an order that has been accepted to its book.
func (x *Exchange) enter(o *Order) {
	p, name := o.pair, o.pair.Name
	x.orders[o.ID] = o
	to := market.Order{ID: o.ID, Side: o.side, Price: o.price, Amount: o.left}
	switch {
	case rests(o.kind):
		// Outside continuous trading post_only is ignored (documented).
		if o.postOnly && x.market.Crosses(name, o.side, o.price) {
			x.finish(o, canceledUnfilled)
			return
		}
		c, _ := x.market.Limit(name, to)
		x.see(c)
	case x.market.Mode(name) != market.ModeNone || !x.affords(o):
		x.finish(o, rejected) // fill or kill
	default:
		x.see(x.market.Market(name, to))
	}
	if o.left > 0 && !o.terminal() && !rests(o.kind) {
		panic("exchange: " + p.Name + ": a market order that the book could fill was left unfilled")
	}
}

// affords reports whether the book can fill a market order whole and its owner can pay for it.
func (x *Exchange) affords(o *Order) bool {
	var cost decimal.Decimal
	enough := x.market.Quote(o.pair.Name, o.side, o.left, func(price, amount int64) {
		v := o.pair.value(price, amount)
		cost = cost.Add(v).Add(o.pair.fee(v, true))
	})
	return enough && (o.position != "" || o.side == market.Sell || cost.LessThanOrEqual(o.lock))
}

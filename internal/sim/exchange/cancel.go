package exchange

import (
	"slices"

	"hikeshi/internal/sim/market"
)

// maxIDs is how many orders one call may name (documented for cancels; assumed for orders_info).
const maxIDs = 30

// Cancel takes one order back (POST /v1/user/spot/cancel_order).
func (x *Exchange) Cancel(a *Account, p Params) (Row, int) {
	pair, n, code := x.one(p)
	if code == 0 {
		code = x.stopsCancels(a, pair)
	}
	if code != 0 {
		return Row{}, code
	}
	o, code := x.cancelable(a, pair, n)
	if code != 0 {
		return Row{}, code
	}
	x.cancel(o)
	x.flush()
	return x.row(o, false), 0
}

// Rows is the list that several calls answer.
type Rows struct {
	Orders []Row `json:"orders"`
}

// CancelMany takes several orders back (POST /v1/user/spot/cancel_orders).
func (x *Exchange) CancelMany(a *Account, p Params) (Rows, int) {
	pair, ids, code := x.several(p)
	if code == 0 {
		code = x.stopsCancels(a, pair)
	}
	if code != 0 {
		return Rows{}, code
	}
	var all []*Order
	for _, n := range ids {
		o, code := x.cancelable(a, pair, n)
		if code == 0 && !slices.Contains(all, o) {
			all = append(all, o)
		}
		if code != 0 && (x.Plays(MixedCancel, "refuse") || len(ids) == 1) {
			return Rows{}, code
		}
	}
	out := Rows{[]Row{}}
	for _, o := range all {
		x.cancel(o)
		out.Orders = append(out.Orders, x.row(o, false))
	}
	x.flush()
	return out, 0
}

// named reads the pair of a request.
func (x *Exchange) named(p Params) (*pair, int) {
	if !p.has("pair") {
		return nil, 30009
	}
	name, _ := p.text("pair")
	if pr := x.pairs[name]; pr != nil {
		return pr, 0
	}
	return nil, 40017
}

// one reads a pair and an order's id.
func (x *Exchange) one(p Params) (*pair, int64, int) {
	pr, code := x.named(p)
	if code != 0 {
		return nil, 0, code
	}
	if !p.has("order_id") {
		return nil, 0, 30006
	}
	n, ok := id(p["order_id"])
	if !ok {
		return nil, 0, 40013
	}
	return pr, n, 0
}

// several reads a pair and a list of ids.
func (x *Exchange) several(p Params) (*pair, []int64, int) {
	pr, code := x.named(p)
	if code != 0 {
		return nil, nil, code
	}
	if !p.has("order_ids") {
		return nil, nil, 30007
	}
	list, ok := p["order_ids"].([]any)
	if !ok || len(list) == 0 {
		return nil, nil, 40014
	}
	if len(list) > maxIDs && x.Plays(ManyIDs, "40015") {
		return nil, nil, 40015
	}
	ids := make([]int64, len(list))
	for i, v := range list {
		if ids[i], ok = id(v); !ok {
			if _, isBool := v.(bool); isBool {
				return nil, nil, 10001 // measured for [true]
			}
			return nil, nil, 40014
		}
	}
	return pr, ids, 0
}

// stopsCancels: a halted exchange takes no cancels either (documented for HALT and stop_order_and_cancel).
func (x *Exchange) stopsCancels(a *Account, p *pair) int {
	s := x.market.State(p.Name)
	switch {
	case s.Status == "HALT":
		return 70013
	case s.Flags.StopOrderAndCancel:
		return 70018
	}
	return a.refuses("cancel")
}

// cancelable finds an order that its owner can still cancel. An order of another pair is not found (measured).
func (x *Exchange) cancelable(a *Account, p *pair, n int64) (*Order, int) {
	o := a.orders[n]
	switch {
	case o == nil || o.pair != p:
		return nil, 50009
	case o.status == fullyFilled:
		return nil, 50027
	case o.status == canceledUnfilled || o.status == canceledPartially:
		return nil, 50026
	case o.terminal() || o.kind == losscut:
		return nil, 50010
	}
	return o, 0
}

// cancel takes a live order out of wherever it waits.
func (x *Exchange) cancel(o *Order) {
	if o.status == inactive {
		o.pair.stops = slices.DeleteFunc(o.pair.stops, func(s *Order) bool { return s == o })
	} else {
		c, _ := x.market.Withdraw(o.pair.Name, o.ID)
		x.see(c)
	}
	status := canceledUnfilled
	if o.executed > 0 {
		status = canceledPartially
	}
	x.finish(o, status)
}

// Invalidate drops live orders of an account as the engine does, rarely, when their funds are gone.
func (x *Exchange) Invalidate(a *Account, ids []int64) {
	var gone []int64
	for _, n := range ids {
		if o := a.orders[n]; o != nil && !o.terminal() {
			x.cancel(o)
			gone = append(gone, n)
		}
	}
	if len(gone) == 0 {
		return
	}
	if x.Plays(InvalidShape, "number") {
		for _, n := range gone {
			x.tell(a, "spot_order_invalidation", []any{map[string]any{"order_id": n}})
		}
	} else {
		x.tell(a, "spot_order_invalidation", map[string]any{"order_id": gone})
	}
	x.flush()
}

// pull sets off the stops that the trades of a change have reached.
func (x *Exchange) pull(p *pair, c market.Change) {
	if len(p.stops) == 0 {
		return
	}
	var low, high int64
	for i, t := range c.Trades {
		if i == 0 {
			low, high = t.Price, t.Price
		}
		low, high = min(low, t.Price), max(high, t.Price)
	}
	if len(c.Trades) == 0 { // a mode has ended: what waited for it goes
		low = x.market.Last(p.Name)
		high = low
	}
	broken := x.market.Mode(p.Name) != market.ModeNone
	var fired []*Order
	p.stops = slices.DeleteFunc(p.stops, func(o *Order) bool {
		if !fires(o.kind, o.side, o.trigger, low, high) || broken && x.Plays(StopInBreak, "wait") {
			return false
		}
		fired = append(fired, o)
		return true
	})
	for _, o := range fired {
		x.fire(o)
	}
}

// fire lets a stop become the order that it stands for.
func (x *Exchange) fire(o *Order) {
	o.status, o.triggered = unfilled, x.market.Clock()
	if o.start == 0 { // a whole position
		if p := o.account.positions[spot{o.pair.Name, o.position}]; p != nil {
			o.left = p.open - p.locked // the rest is what other orders close
		}
	}
	x.announce(o, "spot_order", true)
	switch {
	case o.left == 0:
		x.finish(o, canceledUnfilled) // the position is gone
	case o.position == "" && o.lock.IsZero() && x.late(o):
		x.finish(o, canceledUnfilled)
	default:
		x.enter(o)
	}
}

// late puts aside a stop's money when it is triggered; true when there is none any more.
func (x *Exchange) late(o *Order) bool { return x.reserve(o) != 0 }

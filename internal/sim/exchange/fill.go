package exchange

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// reserve puts aside what an order may cost: 60001 when there is not so much, 50061 for margin.
func (x *Exchange) reserve(o *Order) int {
	if o.position != "" {
		return x.backs(o)
	}
	if triggers(o.kind) && o.triggered.IsZero() && x.Plays(StopLocks, "no") {
		return 0
	}
	asset, need := o.cost(x)
	b := o.account.balance(asset)
	if b.free.LessThan(need) {
		return 60001
	}
	b.free, b.locked, o.lock = b.free.Sub(need), b.locked.Add(need), need
	x.touch(o.account, asset)
	return 0
}

// lockAsset is what a spot order's lock is of.
func (o *Order) lockAsset() string {
	if o.side == market.Buy {
		return o.pair.Quote
	}
	return o.pair.Base
}

// cost is what a spot order must have: the coins that it sells, or the price with the taker's fee (measured: price x amount
// x 1.0012, cut to four decimals). A market order does not know its price: the pair's allowance is added to the last one.
func (o *Order) cost(x *Exchange) (asset string, need decimal.Decimal) {
	if o.side == market.Sell {
		return o.pair.Base, o.pair.coins(o.left)
	}
	price, extra := o.price, decimal.NewFromInt(1)
	if !rests(o.kind) {
		price, extra = x.market.Last(o.pair.Name), extra.Add(o.pair.allowance)
		if o.trigger > 0 {
			price = o.trigger
		}
	}
	one := decimal.NewFromInt(1)
	return o.pair.Quote, o.pair.exact(price, o.left).Mul(extra).Mul(one.Add(decimal.Max(o.pair.taker, decimal.Decimal{}))).Truncate(o.pair.digits)
}

// fill books one execution of an order: money, position, status, messages.
func (x *Exchange) fill(o *Order, f market.Fill, at time.Time) {
	p, a := o.pair, o.account
	value := p.value(f.Price, f.Amount)
	fee := p.fee(value, f.Taker)
	o.left, o.executed, o.paid = o.left-f.Amount, o.executed+f.Amount, o.paid.Add(value)
	coins := p.coins(f.Amount)
	// Who is on the other side: another account books its own fill, the crowd is booked here.
	if f.Against == 0 {
		x.swap(o.side.Other(), p, coins, value)
	}
	t := Trade{
		TradeID: f.Trade, Pair: p.Name, OrderID: o.ID, Side: string(o.side), Type: o.kind, Amount: p.amount(f.Amount), Price: p.price(f.Price),
		MakerTaker: "maker", FeeBase: decimal.Decimal{}.StringFixed(Precision(p.Base)), FeeOccurred: p.money(fee), ExecutedAt: at.UnixMilli(),
	}
	if f.Taker {
		t.MakerTaker = "taker"
	}
	if o.position == "" {
		x.settle(o, coins, value, fee)
		t.FeeQuote = t.FeeOccurred
	} else {
		x.swap(o.side, p, coins, value) // the exchange holds what a position is made of
		x.hold(o, f.Amount, value, fee, &t)
	}
	a.traded(t)
	switch {
	case o.left > 0:
		o.status = partiallyFilled
	default:
		x.end(o, fullyFilled, at)
	}
	x.tell(a, "spot_trade", []any{x.streamTrade(t)})
	x.announce(o, "spot_order", false)
}

// swap books one side of a trade on the world's account.
func (x *Exchange) swap(s market.Side, p *pair, coins, value decimal.Decimal) {
	if s == market.Buy {
		x.give(p.Base, coins)
		x.give(p.Quote, value.Neg())
		return
	}
	x.give(p.Base, coins.Neg())
	x.give(p.Quote, value)
}

// settle moves the money of a spot execution and frees what is no longer needed.
func (x *Exchange) settle(o *Order, coins, value, fee decimal.Decimal) {
	p := o.pair
	base, quote := o.account.balance(p.Base), o.account.balance(p.Quote)
	x.give(p.Quote, fee)
	if o.side == market.Sell {
		base.locked, o.lock = base.locked.Sub(coins), o.lock.Sub(coins)
		quote.free = quote.free.Add(value).Sub(fee)
	} else {
		paid := value.Add(fee)
		quote.locked, o.lock = quote.locked.Sub(paid), o.lock.Sub(paid)
		base.free = base.free.Add(coins)
		if rests(o.kind) {
			_, need := o.cost(x)
			x.free(o, o.lock.Sub(need))
		}
	}
	x.touch(o.account, p.Base)
	x.touch(o.account, p.Quote)
}

// free gives back a part of what an order has put aside.
func (x *Exchange) free(o *Order, amount decimal.Decimal) {
	b := o.account.balance(o.lockAsset())
	b.locked, b.free, o.lock = b.locked.Sub(amount), b.free.Add(amount), o.lock.Sub(amount)
	if !amount.IsZero() {
		x.touch(o.account, o.lockAsset())
	}
}

// end makes an order final.
func (x *Exchange) end(o *Order, status string, at time.Time) {
	o.status, o.finished = status, at
	if o.position == "" {
		x.free(o, o.lock)
	} else {
		x.loosen(o)
	}
	delete(x.orders, o.ID)
	o.account.finish(o)
}

// finish ends an order without a further execution and says so.
func (x *Exchange) finish(o *Order, status string) {
	now := x.market.Clock()
	if status != rejected {
		o.canceled = now
	}
	x.end(o, status, now)
	x.announce(o, "spot_order", false)
}

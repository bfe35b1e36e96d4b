package exchange

import (
	"slices"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// The rules of margin trading. What is documented: leverage two, interest of 0.04 % a day booked at 00:00 JST, closing orders
// carry the position's side, losscut_threshold "0.5". What is assumed: a call below 100 % of the maintenance margin, a
// liquidation at 50 % of it, coins count for half their price, long and short positions both need margin, and a call is due
// at the end of the second day after it.
var (
	ratio      = decimal.RequireFromString("0.5")
	collateral = decimal.RequireFromString("0.5")
	daily      = decimal.RequireFromString("0.0004")
	callAt     = decimal.NewFromInt(100)
	losscutAt  = decimal.NewFromInt(50)
)

// A spot is a pair's side of margin.
type spot struct{ pair, side string }

// A position is what is open on one side of a pair.
type position struct {
	open, locked  int64 // units; locked is what closing orders have put aside
	product       decimal.Decimal
	fee, interest decimal.Decimal // not yet paid
}

// A notice is what bitbank wants of a margin trader; the zero notice is none.
type notice struct {
	What              string
	OccurredAt, DueAt int64
	Amount            decimal.Decimal
}

// backs puts aside what a margin order needs: a part of the position, or margin.
func (x *Exchange) backs(o *Order) int {
	a := o.account
	if o.closes() {
		a.positions[spot{o.pair.Name, o.position}].locked += o.left
		return 0
	}
	price := o.price
	if !rests(o.kind) {
		price = x.market.Last(o.pair.Name)
	}
	// What the order would need is only counted once it is live, so it is not among the open ones here.
	if o.pair.exact(price, o.left).GreaterThan(x.figures(a).available) {
		return 50061
	}
	return 0
}

// loosen gives back what a finished closing order has not used of its position.
func (x *Exchange) loosen(o *Order) {
	if p := o.account.positions[spot{o.pair.Name, o.position}]; p != nil && o.closes() && o.start > 0 {
		p.locked -= o.left
	}
}

// hold books a margin execution: it opens a position, or closes a part of one and pays what has come of it.
func (x *Exchange) hold(o *Order, amount int64, value, fee decimal.Decimal, t *Trade) {
	key := spot{o.pair.Name, o.position}
	p := o.account.positions[key]
	if p == nil {
		p = &position{}
		o.account.positions[key] = p
	}
	digits := o.pair.digits
	t.PositionSide = &o.position
	zero := decimal.Decimal{}.StringFixed(digits)
	if !o.closes() {
		p.open, p.product, p.fee = p.open+amount, p.product.Add(value), p.fee.Add(fee)
		t.FeeQuote, t.ProfitLoss, t.Interest = zero, &zero, &zero
		x.positionUpdate(o.account, key, p)
		return
	}
	part := func(d decimal.Decimal) decimal.Decimal {
		if amount == p.open {
			return d // the last part takes what cutting has left over
		}
		return d.Mul(decimal.NewFromInt(amount)).Div(decimal.NewFromInt(p.open)).Truncate(digits)
	}
	product, opening, interest := part(p.product), part(p.fee), part(p.interest)
	gross := value.Sub(product)
	if o.position == "short" {
		gross = gross.Neg()
	}
	total := opening.Add(fee)
	net := gross.Sub(total).Sub(interest)
	p.open, p.product, p.fee, p.interest = p.open-amount, p.product.Sub(product), p.fee.Sub(opening), p.interest.Sub(interest)
	if o.start > 0 {
		p.locked -= amount
	}
	t.FeeQuote, t.ProfitLoss, t.Interest = o.pair.money(total), new(o.pair.money(net)), new(o.pair.money(interest))
	x.receive(o.account, net)
	x.positionUpdate(o.account, key, p)
}

// receive books a profit or a loss in yen. What a loss cannot be paid with is owed.
func (x *Exchange) receive(a *Account, net decimal.Decimal) {
	x.give("jpy", net.Neg())
	b := a.balance("jpy")
	b.free = b.free.Add(net)
	if b.free.IsNegative() {
		a.payable = a.payable.Sub(b.free)
		b.free = decimal.Decimal{}
		x.payableUpdate(a)
	}
	x.touch(a, "jpy")
}

// repay pays what is owed out of free yen.
func (x *Exchange) repay(a *Account) {
	b := a.balance("jpy")
	pays := decimal.Min(a.payable, b.free)
	if !pays.IsPositive() {
		return
	}
	a.payable, b.free = a.payable.Sub(pays), b.free.Sub(pays)
	x.touch(a, "jpy")
	x.payableUpdate(a)
	if a.payable.IsZero() {
		x.tellNotice(a, notice{What: "settled", OccurredAt: x.market.Clock().UnixMilli(), Amount: pays})
	}
}

// figures are the sums behind margin/status.
type figures struct {
	balance, profit, cost              decimal.Decimal // collateral; of the positions
	product, openProduct, orderProduct decimal.Decimal
	long, short, longOrder, shortOrder decimal.Decimal // maintenance margin
	total, available                   decimal.Decimal
	percentage                         decimal.Decimal
	exposed                            bool // there are positions
}

func (x *Exchange) figures(a *Account) figures {
	var f figures
	for _, name := range a.names {
		b := a.balances[name]
		if b.onhand().IsZero() {
			continue
		}
		worth := b.onhand().Mul(x.quote(name))
		if name != "jpy" {
			worth = worth.Mul(collateral)
		}
		f.balance = f.balance.Add(worth)
	}
	f.balance = f.balance.Sub(a.payable)
	for _, key := range x.sides {
		p := a.positions[key]
		if p == nil || p.open == 0 {
			continue
		}
		f.exposed = true
		pr := x.pairs[key.pair]
		now := pr.exact(x.market.Last(key.pair), p.open)
		f.cost = f.cost.Add(p.fee).Add(p.interest)
		f.product = f.product.Add(p.product)
		need := p.product.Mul(ratio)
		if key.side == "long" {
			f.profit, f.long = f.profit.Add(now).Sub(p.product), f.long.Add(need)
		} else {
			f.profit, f.short = f.profit.Sub(now).Add(p.product), f.short.Add(need)
		}
	}
	for _, o := range a.live {
		if o.position == "" || o.closes() {
			continue
		}
		price := o.price
		if !rests(o.kind) {
			price = x.market.Last(o.pair.Name)
		}
		v := o.pair.exact(price, o.left)
		f.orderProduct = f.orderProduct.Add(v)
		if o.position == "long" {
			f.longOrder = f.longOrder.Add(v.Mul(ratio))
		} else {
			f.shortOrder = f.shortOrder.Add(v.Mul(ratio))
		}
	}
	f.openProduct = f.product
	f.total = f.balance.Add(f.profit).Sub(f.cost)
	held := f.long.Add(f.short)
	f.available = decimal.Max(decimal.Decimal{}, f.total.Sub(held).Sub(f.longOrder).Sub(f.shortOrder).Div(ratio))
	if held.IsPositive() {
		f.percentage = f.total.Mul(decimal.NewFromInt(100)).DivRound(held, 2)
	}
	return f
}

// accrue books the interest of whole days.
func (x *Exchange) accrue(days int64) {
	for _, a := range x.accounts {
		for _, key := range x.sides {
			if p := a.positions[key]; p != nil && p.open > 0 {
				p.interest = p.interest.Add(p.product.Mul(daily).Mul(decimal.NewFromInt(days)).Truncate(4))
				x.positionUpdate(a, key, p)
			}
		}
	}
}

// watch calls for margin and liquidates.
func (x *Exchange) watch(a *Account) {
	x.repay(a)
	if len(a.positions) == 0 {
		return
	}
	f := x.figures(a)
	switch {
	case !f.exposed:
		if a.notice.What == "margin_call" {
			x.tellNotice(a, notice{})
		}
		if a.payable.IsPositive() && a.notice.What != "debt" {
			x.tellNotice(a, notice{What: "debt", OccurredAt: x.market.Clock().UnixMilli(), Amount: a.payable, DueAt: x.due()})
		}
	case f.percentage.LessThanOrEqual(losscutAt):
		x.liquidate(a)
	case f.percentage.LessThan(callAt) && a.notice.What != "margin_call":
		x.tellNotice(a, notice{What: "margin_call", OccurredAt: x.market.Clock().UnixMilli(), Amount: f.long.Add(f.short).Sub(f.total), DueAt: x.due()})
	case f.percentage.GreaterThanOrEqual(callAt) && a.notice.What == "margin_call":
		x.tellNotice(a, notice{})
	}
}

// due is the end of the second day after now, in Japan.
func (x *Exchange) due() int64 {
	return ((japanDay(x.market.Clock())+3)*86400-9*3600)*1000 - 1
}

// liquidate cancels the margin orders and closes every position at the market, as far as the book has enough. What is left
// is closed with the next sweep.
func (x *Exchange) liquidate(a *Account) {
	for _, o := range slices.Clone(a.live) {
		if o.position != "" {
			x.cancel(o)
		}
	}
	for _, key := range x.sides {
		p := a.positions[key]
		if p == nil || p.open == 0 || x.market.Mode(key.pair) != market.ModeNone {
			continue
		}
		side := market.Sell
		if key.side == "short" {
			side = market.Buy
		}
		left := p.open
		for left > 0 && !x.market.Quote(key.pair, side, left, func(int64, int64) {}) {
			left /= 2
		}
		if left == 0 {
			continue
		}
		pr := x.pairs[key.pair]
		o := &Order{
			ID: x.nextID(), account: a, pair: pr, side: side, position: key.side, kind: losscut, start: left, left: left,
			status: unfilled, ordered: x.market.Clock(),
		}
		p.locked += left
		a.remember(o)
		x.announce(o, "spot_order_new", false)
		x.enter(o)
	}
}

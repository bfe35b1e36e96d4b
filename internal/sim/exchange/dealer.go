package exchange

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// A Deal is a purchase or sale at the dealer's desk (販売所) of bitbank's web site. No call of the interface makes or lists
// one: its customer's stream tells it, and the balances change.
type Deal struct {
	Asset  string          `json:"asset"` // a coin
	Side   market.Side     `json:"side"`  // the customer's
	Price  decimal.Decimal `json:"price"` // yen for one coin; the desk names its own
	Amount decimal.Decimal `json:"amount"`
}

// Deal books a deal of an account at once. Nothing happens when it cannot be paid for.
func (x *Exchange) Deal(a *Account, d Deal) error {
	coin := x.pairs[d.Asset+"_jpy"]
	most := decimal.New(1, 15)
	switch {
	case coin == nil:
		return fmt.Errorf("asset: %q is no coin that is sold for yen", d.Asset)
	case d.Side != market.Buy && d.Side != market.Sell:
		return fmt.Errorf("side: %q is neither buy nor sell", d.Side)
	case !d.Price.IsPositive() || d.Price.GreaterThan(most) || !d.Price.Truncate(4).Equal(d.Price):
		return errors.New("price: expected yen above 0 and at most 10^15 with at most 4 decimals")
	case !d.Amount.IsPositive() || d.Amount.GreaterThan(most) || !d.Amount.Truncate(Precision(d.Asset)).Equal(d.Amount):
		return fmt.Errorf("amount: expected coins above 0 and at most 10^15 with at most %d decimals", Precision(d.Asset))
	}
	yen := d.Price.Mul(d.Amount).Truncate(Precision("jpy"))
	gets, pays := d.Asset, "jpy"
	in, out := d.Amount, yen
	if d.Side == market.Sell {
		gets, pays, in, out = pays, gets, out, in
	}
	from, to := a.balance(pays), a.balance(gets)
	if from.free.LessThan(out) {
		return fmt.Errorf("amount: it costs %s %s, the account has %s free", out, pays, from.free)
	}
	from.free, to.free = from.free.Sub(out), to.free.Add(in)
	x.give(pays, out)
	x.give(gets, in.Neg())
	x.touch(a, pays)
	x.touch(a, gets)
	x.tell(a, "dealer_order_new", []any{x.dealRow(d)})
	x.flush()
	return nil
}

// dealRow is the message's row. The documents' table calls its id a string, their example a number.
func (x *Exchange) dealRow(d Deal) any {
	var id any = x.nextID()
	if x.Plays(DealerID, "string") {
		id = fmt.Sprint(id)
	}
	return struct {
		OrderID   any         `json:"order_id"`
		Asset     string      `json:"asset"`
		Side      market.Side `json:"side"`
		Price     string      `json:"price"`
		Amount    string      `json:"amount"`
		OrderedAt int64       `json:"ordered_at"`
	}{id, d.Asset, d.Side, d.Price.String(), d.Amount.String(), x.market.Clock().UnixMilli()}
}

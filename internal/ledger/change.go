package ledger

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// changes are those that are known of an asset on hand; of trades, those since a time.
func (l *Ledger) changes(asset string, since time.Time) []change {
	var out []change
	l.trades.sort()
	for _, t := range l.trades.list[l.trades.from(since):] {
		if amount, touches := tradeOf(t, asset); touches {
			at := t.ExecutedAt.Time()
			c := change{amount: amount, from: at, to: at}
			if asset == quoteOf(t.Pair) {
				c.rounding = decimal.New(2, -digits(asset))
			}
			out = append(out, c)
		}
	}
	for _, t := range l.transfers.by {
		if t.Ended.IsZero() {
			continue // a deposit counts when it is done, a withdrawal is only locked until then
		}
		// When it was done is not said: after it was asked for, and before we saw it.
		if d := t.Deposit; d != nil && d.Asset == asset {
			from := d.FoundAt
			if d.ConfirmedAt != 0 {
				from = d.ConfirmedAt
			}
			out = append(out, change{amount: d.Amount.Decimal(), from: from.Time(), to: t.over()})
		}
		if w := t.Withdrawal; w != nil && w.Asset == asset && w.Status == bitbank.WithdrawalDone {
			out = append(out, change{amount: w.Amount.Decimal().Add(w.Fee.Decimal()).Neg(), from: w.RequestedAt.Time(), to: t.over()})
		}
	}
	for _, d := range l.deals.by {
		yen := d.Price.Decimal().Mul(d.Amount.Decimal()).Truncate(digits("jpy"))
		sign := decimal.NewFromInt(1)
		if d.Side == bitbank.Sell {
			sign = sign.Neg()
		}
		at := d.OrderedAt.Time()
		switch asset {
		case d.Asset:
			out = append(out, change{amount: d.Amount.Decimal().Mul(sign), from: at, to: at})
		case "jpy":
			out = append(out, change{amount: yen.Mul(sign).Neg(), from: at, to: at})
		}
	}
	return out
}

// tradeOf is what a trade did to an asset. One on margin moves only what comes of closing a position, with fees and interest
// taken off already.
func tradeOf(t *bitbank.Trade, asset string) (decimal.Decimal, bool) {
	base, quote := assetsOf(t.Pair)
	if t.PositionSide != bitbank.Spot {
		return t.ProfitLoss.Decimal(), asset == quote
	}
	amount := t.Amount.Decimal()
	switch asset {
	case base:
		if t.Side == bitbank.Sell {
			amount = amount.Neg()
		}
		return amount.Sub(t.FeeBase.Decimal()), true
	case quote:
		value := t.Price.Decimal().Mul(amount).Truncate(digits(quote))
		if t.Side == bitbank.Buy {
			value = value.Neg()
		}
		return value.Sub(t.FeeQuote.Decimal()), true
	}
	return decimal.Decimal{}, false
}

// Moved is what a trade did to the two assets of its pair.
func Moved(t bitbank.Trade) []Money {
	var out []Money
	base, quote := assetsOf(t.Pair)
	for _, asset := range []string{base, quote} {
		if amount, touches := tradeOf(&t, asset); touches && !amount.IsZero() {
			out = append(out, Money{Asset: asset, OnHand: amount})
		}
	}
	return out
}

// LockedBy is what a live order locks, as far as that can be worked out.
func LockedBy(o bitbank.Order, rates Rates) []Money {
	if o.Status.Terminal() {
		return nil
	}
	asset, amount, known := lockOf(&o, o.RemainingAmount.Decimal(), rates)
	if !known || asset == "" {
		return nil
	}
	return []Money{{Asset: asset, Locked: amount}}
}

package account

import (
	"context"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
)

// near is how far from the middle a level counts as near: a hundredth.
var near = decimal.New(1, -2)

// inspect reads how a pair stands. What cannot be read of it is not known, and so the pair is not well.
func (a *Account) inspect(i broker.Inspect) {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	e := broker.Inspected{Pair: i.Pair, Stopped: true}
	c := a.settling()
	if m, err := c.CircuitBreakInfo(ctx, i.Pair); err == nil {
		e.Mode = m.Mode
	}
	if status, err := c.SpotStatus(ctx); err == nil {
		for _, s := range status {
			if s.Pair == i.Pair {
				e.Status = s.Status
			}
		}
	}
	if pairs, err := c.SpotPairs(ctx); err == nil {
		for _, p := range pairs {
			if p.Name == i.Pair {
				e.Stopped = !p.IsEnabled || len(p.Flags()) > 0
			}
		}
	}
	if d, err := c.Depth(ctx, i.Pair); err == nil {
		e.Spread, e.Near = book(d)
	}
	a.step(e)
}

// book is how wide and how deep a book is around its middle.
func book(d bitbank.Depth) (spread, depth decimal.NullDecimal) {
	if len(d.Asks) == 0 || len(d.Bids) == 0 {
		return spread, depth
	}
	ask, bid := d.Asks[0].Price.Decimal(), d.Bids[0].Price.Decimal()
	middle := ask.Add(bid).Div(decimal.NewFromInt(2))
	if !middle.IsPositive() || ask.LessThan(bid) { // an auction's book crosses
		return spread, depth
	}
	within := func(levels []bitbank.Level) (sum decimal.Decimal) {
		for _, l := range levels {
			if l.Price.Decimal().Sub(middle).Abs().LessThanOrEqual(middle.Mul(near)) {
				sum = sum.Add(l.Amount.Decimal())
			}
		}
		return sum
	}
	return decimal.NewNullDecimal(ask.Sub(bid).Div(middle)), decimal.NewNullDecimal(decimal.Min(within(d.Asks), within(d.Bids)))
}

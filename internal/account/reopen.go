package account

import (
	"context"
	"time"

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

// A Reopening is how bitbank's return goes.
type Reopening struct {
	Since time.Time // when bitbank answered again
	Read  time.Time // when the account had been read since; zero: not yet
	Pairs []ReopenPair
}

// A ReopenPair is a pair in which orders wait, or waited.
type ReopenPair struct {
	broker.Inspected
	// Gap is how far bitbank's last price is above the median elsewhere, as a share of it; unknown where one of the two is.
	Gap decimal.NullDecimal
}

// thinSpread is the width of a book, as a share of its middle, from which it is called thin: our assumption. In calm the books of
// bitbank's large pairs are a hundredth of that wide.
var thinSpread = decimal.New(5, -3)

// wideGap is the difference to other venues from which it is told: our assumption.
var wideGap = decimal.New(2, -2)

// Thin reports whether the book was thin or empty when the pair was looked at; an order may be executed far from the last price.
func (p ReopenPair) Thin() bool {
	return p.Mode != "" && (!p.Spread.Valid || p.Spread.Decimal.GreaterThan(thinSpread))
}

// Far reports whether bitbank's price is far from other venues'.
func (p ReopenPair) Far() bool { return p.Gap.Valid && p.Gap.Decimal.Abs().GreaterThan(wideGap) }

// reopening is the return that goes on, if one does. Called with the lock.
func (a *Account) reopening(now time.Time) *Reopening {
	r, on := a.broker.Reopening(now)
	if !on {
		return nil
	}
	out := &Reopening{Since: r.Since, Read: r.Read}
	for _, i := range r.Pairs {
		p := ReopenPair{Inspected: i}
		if a.o.Market != nil {
			if m := a.o.Market(i.Pair); m.Else.Known && m.Own.At.After(r.Since) && m.Own.Price.IsPositive() {
				p.Gap = decimal.NewNullDecimal(m.Own.Price.Div(m.Else.Price).Sub(decimal.NewFromInt(1)))
			}
		}
		out.Pairs = append(out.Pairs, p)
	}
	return out
}

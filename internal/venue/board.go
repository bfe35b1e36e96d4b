package venue

import (
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// A Board is the newest that each venue, and bitbank, have said of each pair. It is for one goroutine at a time.
type Board struct {
	venues    []Venue
	operators []string
	line      decimal.Decimal // of the gap, in percent
	rows      map[string][]row
	here      map[string]Here
	bases     map[string]*Basis
	dark      bool
}

// A row is one venue and one pair.
type row struct {
	quote Quote
	since time.Time // when the quote's own time was first seen
	state State     // Fresh when the newest answer was a quote, whatever its age
	said  string
}

// NewBoard is an empty one. line is the owner's, for the gap in percent; zero is none.
func NewBoard(venues []Venue, line decimal.Decimal) *Board {
	b := &Board{venues: venues, line: line, rows: map[string][]row{}, here: map[string]Here{}, bases: map[string]*Basis{}}
	for _, v := range venues {
		b.operators = append(b.operators, v.operator())
	}
	return b
}

func (b *Board) row(id, pair string) *row {
	i := slices.IndexFunc(b.venues, func(v Venue) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	if b.rows[pair] == nil {
		b.rows[pair] = make([]row, len(b.venues))
		for k, v := range b.venues {
			b.rows[pair][k].state = Unasked
			if _, listed := v.Address(pair); !listed {
				b.rows[pair][k].state = Unlisted
			}
		}
	}
	return &b.rows[pair][i]
}

// Hear takes an answer of a venue. Its error says why the answer is no quote; the venue does not count then until it says
// something better. An answer with ErrNoPrice of a venue that has never told a price of this pair means that it does not list it.
func (b *Board) Hear(id, pair string, body []byte, at time.Time) error {
	i := slices.IndexFunc(b.venues, func(v Venue) bool { return v.ID == id })
	if i < 0 {
		return errors.New("no such venue")
	}
	q, err := b.venues[i].Read(pair, body, at)
	r := b.row(id, pair)
	switch {
	case errors.Is(err, ErrNoPrice) && r.quote.At.IsZero():
		r.state, r.said = Unlisted, ""
	case err != nil:
		r.state, r.said = Refused, err.Error()
	default:
		b.take(q)
		return nil
	}
	return err
}

// take counts a quote that was read, unless an older answer was overtaken by a newer one.
func (b *Board) take(q Quote) {
	r := b.row(q.Venue, q.Pair)
	if q.At.Before(r.quote.At) || q.Stamp.Before(r.quote.Stamp) {
		return
	}
	if r.quote.At.IsZero() || q.Stamp.IsZero() || q.Stamp.After(r.quote.Stamp) {
		r.since = q.At
		if late := q.At.Sub(q.Stamp); !q.Stamp.IsZero() && late > skew {
			r.since = q.Stamp
		}
	}
	r.quote, r.state, r.said = q, Fresh, ""
}

// Miss notes that a venue did not answer, in words for its owner. What it said before counts as long as it is fresh.
func (b *Board) Miss(id, pair, why string) {
	if r := b.row(id, pair); r != nil {
		r.said = why
	}
}

// Strike notes that a venue does not list a pair.
func (b *Board) Strike(id, pair string) {
	if r := b.row(id, pair); r != nil && r.quote.At.IsZero() {
		r.state, r.said = Unlisted, ""
	}
}

// Unlisted reports whether a venue, as far as is known, does not list a pair.
func (b *Board) Unlisted(id, pair string) bool {
	r := b.row(id, pair)
	return r != nil && r.state == Unlisted
}

// Dark says that bitbank does not answer, or answers again. While it is dark no basis is learned.
func (b *Board) Dark(on bool) { b.dark = on }

// Tell takes bitbank's own last price, and learns how it differs from elsewhere. A price whose own time has not moved, or is not
// of now, teaches nothing.
func (b *Board) Tell(pair string, price decimal.Decimal, stamp, at time.Time) {
	old := b.here[pair]
	if price.LessThan(cheapest) || price.GreaterThan(dearest) || at.Before(old.At) || stamp.Before(old.Stamp) {
		return
	}
	b.here[pair] = Here{Price: price, Stamp: stamp, At: at}
	if b.dark || !stamp.After(old.Stamp) || at.Sub(stamp) > together {
		return
	}
	r := b.Reference(pair, together, at)
	if !r.Known {
		return
	}
	if b.bases[pair] == nil {
		b.bases[pair] = &Basis{}
	}
	b.bases[pair].learn(share(price.Sub(r.Price), r.Price), at)
}

// Reference weighs what is known of a pair. limit is how old a quote may be: five seconds while something depends on it.
func (b *Board) Reference(pair string, limit time.Duration, now time.Time) Reference {
	sources := make([]Source, len(b.venues))
	for i, v := range b.venues {
		r := b.row(v.ID, pair)
		sources[i] = Source{ID: v.ID, Name: v.Name, Quote: r.quote, State: r.state, Since: r.since, Said: r.said}
	}
	r := compose(sources, b.operators, limit, now)
	r.Pair, r.Here, r.Gap.Line = pair, b.here[pair], b.line
	if basis := b.bases[pair]; basis != nil {
		r.Basis = *basis
	}
	r.Basis.Frozen = b.dark && r.Basis.Samples > 0
	if r.Price.IsZero() {
		return r
	}
	if r.Basis.Known {
		one, width := decimal.NewFromInt(1), r.Basis.width(r.Spread, now)
		r.Expected = rounded(r.Price.Mul(one.Add(r.Basis.Share)), r.Price)
		r.Low = rounded(r.Expected.Mul(one.Sub(width)), r.Price)
		r.High = rounded(r.Expected.Mul(one.Add(width)), r.Price)
	}
	if r.Here.Price.IsPositive() {
		r.Gap.Known = true
		r.Gap.Percent = r.Here.Price.Sub(r.Price).Mul(decimal.NewFromInt(100)).DivRound(r.Price, 4)
		r.Gap.Wide = r.Known && b.line.IsPositive() && r.Gap.Percent.Abs().GreaterThanOrEqual(b.line)
	}
	return r
}

// rounded keeps as many digits after the point as like has, and two more: what is worked out is not exact.
func rounded(d, like decimal.Decimal) decimal.Decimal { return d.Round(max(-like.Exponent(), 0) + 2) }

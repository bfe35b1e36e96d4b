package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

const (
	// Of each asset the first read of every ten seconds is kept for an hour, and of every ten minutes for a day: a lost order
	// that waits long still has a balance from before it.
	each      = 10 * time.Second
	recently  = time.Hour
	eachOld   = 10 * time.Minute
	keepReads = 24 * time.Hour
)

// A reading is what one balance said of one asset.
type reading struct {
	Row   bitbank.AssetUpdate `json:"row"`
	Began time.Time           `json:"began"` // bitbank looked between this
	At    time.Time           `json:"at"`    // and this
}

// later orders readings. Of two of one time any fixed order will do, as long as it does not depend on which came first.
func (r reading) later(o reading) bool {
	if c := cmp.Or(r.Began.Compare(o.Began), r.At.Compare(o.At)); c != 0 {
		return c > 0
	}
	a, b := r.Row, o.Row
	return cmp.Or(texts(a.OnHand, b.OnHand), texts(a.Locked, b.Locked), texts(a.Free, b.Free), texts(a.Withdrawing, b.Withdrawing),
		cmp.Compare(a.Precision, b.Precision)) > 0
}

func texts(a, b bitbank.Number) int { return strings.Compare(a.String(), b.String()) }

// balances are what is known of one asset.
type balances struct {
	Newest reading   `json:"newest"` // of reads and the stream
	Reads  []reading `json:"reads"`  // by time, the first of every ten seconds
}

// balance takes in a balance.
func (l *Ledger) balance(b *Balance, at time.Time) {
	if l.balances == nil {
		l.balances = map[string]*balances{}
	}
	age := b.age(at).UTC().Round(0)
	for _, row := range b.Rows {
		if row.Asset == "" {
			continue
		}
		s := l.balances[row.Asset]
		if s == nil {
			s = &balances{}
			l.balances[strings.Clone(row.Asset)] = s
		}
		r := reading{Row: row, Began: age, At: at}
		if r.later(s.Newest) {
			s.Newest = r
		}
		if b.Published.IsZero() && row.OnHand.Known() && !age.Before(l.forgotten) {
			s.add(r)
		}
	}
}

// add keeps a read, unless there is an earlier one within the same ten seconds: the reads that follow a lost order must not take
// the place of the one from before it.
func (s *balances) add(r reading) {
	slot := r.Began.Truncate(each)
	i := len(s.Reads)
	for i > 0 && s.Reads[i-1].Began.Truncate(each).After(slot) {
		i--
	}
	if i > 0 && s.Reads[i-1].Began.Truncate(each).Equal(slot) {
		if s.Reads[i-1].later(r) {
			s.Reads[i-1] = r
		}
		return
	}
	s.Reads = slices.Insert(s.Reads, i, r)
	s.thin(s.Reads[len(s.Reads)-1].Began)
}

// thin keeps fewer of the older reads.
func (s *balances) thin(newest time.Time) {
	var last time.Time
	s.Reads = slices.DeleteFunc(s.Reads, func(r reading) bool {
		age := newest.Sub(r.Began)
		slot := r.Began.Truncate(eachOld)
		drop := age > keepReads || age > recently && slot.Equal(last)
		last = slot
		return drop
	})
}

func (s *balances) forget(before time.Time) {
	s.Reads = slices.DeleteFunc(s.Reads, func(r reading) bool { return r.Began.Before(before) })
}

// A Holding is the newest that is known of what the account has of an asset.
type Holding struct {
	bitbank.AssetUpdate
	At time.Time // of which it speaks: its age is what has passed since
}

// Holdings are all balances by asset.
func (l *Ledger) Holdings() []Holding {
	var out []Holding
	for _, s := range l.balances {
		out = append(out, Holding{s.Newest.Row, s.Newest.Began})
	}
	slices.SortFunc(out, func(a, b Holding) int { return strings.Compare(a.Asset, b.Asset) })
	return out
}

// Holding is the newest that is known of one asset; false when nothing is.
func (l *Ledger) Holding(asset string) (Holding, bool) {
	s := l.balances[asset]
	if s == nil {
		return Holding{}, false
	}
	return Holding{s.Newest.Row, s.Newest.Began}, true
}

type positionKey struct {
	pair string
	side bitbank.PositionSide
}

// A position is the newest report of one.
type position struct {
	Row bitbank.Position `json:"row"`
	At  time.Time        `json:"at"`
}

// position takes in a report of a position. Reports carry no time of bitbank's, so the time of the record counts.
func (l *Ledger) position(p *bitbank.Position, at time.Time) {
	if l.positions == nil {
		l.positions = map[positionKey]*position{}
	}
	key := positionKey{strings.Clone(p.Pair), p.Side}
	if known := l.positions[key]; known == nil || (position{*p, at}).later(*known) {
		l.positions[key] = &position{*p, at}
	}
}

// later orders reports as reading.later does.
func (p position) later(o position) bool {
	if c := p.At.Compare(o.At); c != 0 {
		return c > 0
	}
	a, b := p.Row, o.Row
	return cmp.Or(texts(a.OpenAmount, b.OpenAmount), texts(a.LockedAmount, b.LockedAmount), texts(a.Product, b.Product),
		texts(a.AveragePrice, b.AveragePrice), texts(a.UnrealizedFee, b.UnrealizedFee),
		texts(a.UnrealizedInterest, b.UnrealizedInterest)) > 0
}

// A Position is the newest that is known of a margin position that is open.
type Position struct {
	bitbank.Position
	At time.Time // of which it speaks: its age is what has passed since
}

// Positions are the margin positions that are open, by pair and side.
func (l *Ledger) Positions() []Position {
	var out []Position
	for _, p := range l.positions {
		if p.Row.OpenAmount.Decimal().IsPositive() {
			out = append(out, Position{p.Row, p.At})
		}
	}
	slices.SortFunc(out, func(a, b Position) int {
		return cmp.Or(strings.Compare(a.Pair, b.Pair), strings.Compare(string(a.Side), string(b.Side)))
	})
	return out
}

// Position is what was last said of one position, also that it is closed; false when nothing was.
func (l *Ledger) Position(pair string, side bitbank.PositionSide) (bitbank.Position, bool) {
	if p := l.positions[positionKey{pair, side}]; p != nil {
		return p.Row, true
	}
	return bitbank.Position{}, false
}

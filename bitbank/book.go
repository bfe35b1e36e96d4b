package bitbank

import (
	"cmp"
	"slices"
)

// maxDiffs bounds the differences that a Book keeps. btc_jpy sends about ten a second and a whole every second or
// so; this is minutes of them.
const maxDiffs = 4096

// A Book is a local order book, joined from the stream's depth_whole and depth_diff. The zero Book is empty and ready
// to be used, by one goroutine.
//
// Order is by sequence id alone: a whole can arrive after differences that are newer than it, and its timestamp can
// contradict its id. Ids have holes, so a hole is no loss. However wholes and differences interleave on their way,
// once they have all arrived the book is the same.
//
// Differences cover only the levels around the touch, so levels further out grow old until the next whole. That is
// why every whole replaces the book, not only the first.
type Book struct {
	ready bool
	base  ladder // the newest whole
	now   ladder // base with the differences after it
	diffs []DepthDiff
	floor Sequence // what is not newer than this is in base already, or was given up
}

// A ladder is one state of a book.
type ladder struct {
	asks, bids []Level // asks ascending, bids descending
	totals     Totals
	at         Millis
	seq        Sequence
}

// Reset forgets everything. After a reconnect nothing is replayed, and after a restart of the exchange ids may begin
// anew.
func (b *Book) Reset() { *b = Book{} }

// ApplyWhole replaces the book by d and brings it up to date with the newer differences that are known. It reports
// whether d was used: a whole older than the one before is not.
func (b *Book) ApplyWhole(d Depth) bool {
	if d.Seq < b.floor {
		return false
	}
	b.base = ladder{tidy(d.Asks, ascending), tidy(d.Bids, descending), d.Totals, d.At, d.Seq}
	b.floor, b.ready = d.Seq, true
	b.diffs = slices.DeleteFunc(b.diffs, func(x DepthDiff) bool { return x.Seq <= d.Seq })
	b.rebuild()
	return true
}

// ApplyDiff takes a difference, in any order. It is kept until a whole has overtaken it. The answer is whether the
// book changed: not before the first whole, nor by a difference that is known already or older than the whole.
func (b *Book) ApplyDiff(d DepthDiff) bool {
	if d.Seq <= b.floor {
		return false
	}
	i, known := slices.BinarySearchFunc(b.diffs, d.Seq, func(x DepthDiff, s Sequence) int { return cmp.Compare(x.Seq, s) })
	if known {
		return false
	}
	b.diffs = slices.Insert(b.diffs, i, d)
	if b.ready && i == len(b.diffs)-1 {
		b.now.apply(d)
	} else if b.ready {
		b.rebuild() // it was overtaken on the way
	}
	if len(b.diffs) > maxDiffs {
		// Without a whole the oldest is given up, and with it every whole that would need it. With one it moves
		// into the base, where it would be applied first anyway.
		b.floor = b.diffs[0].Seq
		if b.ready {
			b.base.apply(b.diffs[0])
		}
		b.diffs = slices.Delete(b.diffs, 0, 1)
	}
	return b.ready
}

func (b *Book) rebuild() {
	b.now = b.base
	b.now.asks, b.now.bids = slices.Clone(b.base.asks), slices.Clone(b.base.bids)
	for _, d := range b.diffs {
		b.now.apply(d)
	}
}

// Ready reports whether there is a book at all.
func (b *Book) Ready() bool { return b.ready }

// Seq is the newest sequence id in the book.
func (b *Book) Seq() Sequence { return b.now.seq }

// At is the time that bitbank gave the newest change.
func (b *Book) At() Millis { return b.now.at }

// Asks are the lowest n asks, ascending; all of them when n is negative.
func (b *Book) Asks(n int) []Level { return first(b.now.asks, n) }

// Bids are the highest n bids, descending; all of them when n is negative.
func (b *Book) Bids(n int) []Level { return first(b.now.bids, n) }

// Totals are the amounts outside the listed levels.
func (b *Book) Totals() Totals { return b.now.totals }

// Crossed reports whether the best bid reaches the best ask. In mode NONE that means that a message was lost; in an
// auction it is right.
func (b *Book) Crossed() bool {
	return len(b.now.asks) > 0 && len(b.now.bids) > 0 && b.now.bids[0].Price.value.Cmp(b.now.asks[0].Price.value) >= 0
}

func first(levels []Level, n int) []Level {
	if n < 0 || n > len(levels) {
		n = len(levels)
	}
	return slices.Clone(levels[:n])
}

func ascending(a, b Level) int  { return a.Price.value.Cmp(b.Price.value) }
func descending(a, b Level) int { return b.Price.value.Cmp(a.Price.value) }

// tidy is a copy of levels in order, without empty ones; of two with one price the later counts.
func tidy(levels []Level, order func(a, b Level) int) []Level {
	out := make([]Level, 0, len(levels))
	sorted := levels
	if !slices.IsSortedFunc(levels, order) {
		sorted = slices.Clone(levels)
		slices.SortStableFunc(sorted, order)
	}
	for _, l := range sorted {
		if n := len(out); n > 0 && order(out[n-1], l) == 0 {
			out = out[:n-1]
		}
		out = append(out, l)
	}
	return slices.DeleteFunc(out, func(l Level) bool { return l.Amount.value.IsZero() })
}

// set puts a level into an ordered side, or takes it out when its amount is zero.
func set(side []Level, l Level, order func(a, b Level) int) []Level {
	i, found := slices.BinarySearchFunc(side, l, order)
	switch {
	case l.Amount.value.IsZero() && found:
		return slices.Delete(side, i, i+1)
	case l.Amount.value.IsZero():
		return side
	case found:
		side[i] = l
		return side
	}
	return slices.Insert(side, i, l)
}

func (l *ladder) apply(d DepthDiff) {
	for _, x := range d.Asks {
		l.asks = set(l.asks, x, ascending)
	}
	for _, x := range d.Bids {
		l.bids = set(l.bids, x, descending)
	}
	for _, t := range []struct {
		into *Number
		news Number
	}{
		{&l.totals.AsksOver, d.Totals.AsksOver}, {&l.totals.BidsUnder, d.Totals.BidsUnder},
		{&l.totals.AsksUnder, d.Totals.AsksUnder}, {&l.totals.BidsOver, d.Totals.BidsOver},
		{&l.totals.AskMarket, d.Totals.AskMarket}, {&l.totals.BidMarket, d.Totals.BidMarket},
	} {
		if t.news.Known() {
			*t.into = t.news
		}
	}
	l.at, l.seq = d.At, d.Seq
}

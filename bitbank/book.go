package bitbank

import (
	"cmp"
	"slices"
)

// What a Book keeps at most. btc_jpy sends about ten differences a second, of some ten levels each, and a whole every
// second or so; this is minutes of them, and some 10 MB.
const (
	maxDiffs   = 4096
	maxWaiting = 1 << 16 // levels in these differences
)

// A Book is a local order book, joined from the stream's depth_whole and depth_diff. The zero Book is empty and ready
// to be used, by one goroutine.
//
// Order is by sequence id alone: a whole can arrive after differences that are newer than it, and its timestamp can
// contradict its id. Ids have holes, so a hole is no loss. However wholes and differences interleave on their way,
// once they have all arrived the book is the same.
//
// Differences cover only the levels around the touch, so levels further out grow old until the next whole. That is
// why every whole replaces the book, not only the first.
//
// Memory is bounded: at most 4096 differences wait for the whole that will contain them, with 65536 levels together,
// and a side has at most 5000 levels. Beyond that the oldest differences and the levels furthest out are given up,
// and a whole that would need what was given up is not used.
type Book struct {
	ready      bool
	asks, bids side
	totals     Totals
	at         Millis
	seq        Sequence

	diffs   []DepthDiff // not in the newest whole, by rising sequence id
	waiting int         // levels in diffs
	floor   Sequence    // what is not newer than this is in the newest whole, or was given up
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
	b.asks.replace(d.Asks, sellers)
	b.bids.replace(d.Bids, buyers)
	b.totals, b.at, b.seq = d.Totals, d.At, d.Seq
	b.floor, b.ready = d.Seq, true
	passed, known := b.find(d.Seq)
	if known {
		passed++
	}
	b.forget(passed)
	for i := range b.diffs {
		b.apply(&b.diffs[i], nil)
	}
	return true
}

// ApplyDiff takes a difference, in any order. It is kept until a whole has overtaken it, so d's levels must not be
// changed afterwards. The answer is whether d was news for a book: not before the first whole, nor when it is known
// already or older than the whole.
func (b *Book) ApplyDiff(d DepthDiff) bool {
	if d.Seq <= b.floor {
		return false
	}
	i := len(b.diffs)
	if i > 0 && d.Seq <= b.diffs[i-1].Seq { // it was overtaken on the way, or is a repetition
		var known bool
		if i, known = b.find(d.Seq); known {
			return false
		}
	}
	b.diffs = slices.Insert(b.diffs, i, d)
	b.waiting += len(d.Asks) + len(d.Bids)
	if b.ready {
		b.apply(&b.diffs[i], b.diffs[i+1:])
	}
	for len(b.diffs) > maxDiffs || b.waiting > maxWaiting {
		b.floor = b.diffs[0].Seq
		b.forget(1)
	}
	return b.ready
}

// find is where the difference with an id is, or would be.
func (b *Book) find(seq Sequence) (int, bool) {
	return slices.BinarySearchFunc(b.diffs, seq, func(d DepthDiff, s Sequence) int { return cmp.Compare(d.Seq, s) })
}

// forget drops the oldest n differences.
func (b *Book) forget(n int) {
	for _, d := range b.diffs[:n] {
		b.waiting -= len(d.Asks) + len(d.Bids)
	}
	b.diffs = slices.Delete(b.diffs, 0, n)
}

// apply puts d into the book, except for what newer differences say otherwise.
func (b *Book) apply(d *DepthDiff, newer []DepthDiff) {
	for _, l := range d.Asks {
		b.asks.set(l, sellers, newer)
	}
	for _, l := range d.Bids {
		b.bids.set(l, buyers, newer)
	}
	totals := d.Totals
	for i := range newer {
		totals.update(newer[i].Totals)
	}
	b.totals.update(totals)
	if d.Seq > b.seq {
		b.at, b.seq = d.At, d.Seq
	}
}

// update takes the totals that are known.
func (t *Totals) update(news Totals) {
	t.AsksOver = news.AsksOver.or(t.AsksOver)
	t.BidsUnder = news.BidsUnder.or(t.BidsUnder)
	t.AsksUnder = news.AsksUnder.or(t.AsksUnder)
	t.BidsOver = news.BidsOver.or(t.BidsOver)
	t.AskMarket = news.AskMarket.or(t.AskMarket)
	t.BidMarket = news.BidMarket.or(t.BidMarket)
}

// Ready reports whether there is a book at all.
func (b *Book) Ready() bool { return b.ready }

// Seq is the newest sequence id in the book.
func (b *Book) Seq() Sequence { return b.seq }

// At is the time that bitbank gave the newest change.
func (b *Book) At() Millis { return b.at }

// Asks are the lowest n asks, ascending; all of them when n is negative.
func (b *Book) Asks(n int) []Level { return b.asks.best(n) }

// Bids are the highest n bids, descending; all of them when n is negative.
func (b *Book) Bids(n int) []Level { return b.bids.best(n) }

// Totals are the amounts outside the listed levels.
func (b *Book) Totals() Totals { return b.totals }

// Crossed reports whether the best bid reaches the best ask. In mode NONE that means that a message was lost; in an
// auction it is right.
func (b *Book) Crossed() bool {
	if len(b.asks) == 0 || len(b.bids) == 0 {
		return false
	}
	return b.bids[len(b.bids)-1].key.compare(b.asks[len(b.asks)-1].key.flipped()) >= 0
}

package bitbank_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

// A simpleBook follows the rule as it is written: the newest whole, and over it all newer differences by rising id. It
// keeps every message and begins anew each time.
type simpleBook struct {
	wholes map[bitbank.Sequence]bitbank.Depth
	diffs  map[bitbank.Sequence]bitbank.DepthDiff
}

// A ledger is one side: the level of each price, by the price's value.
type ledger map[string]bitbank.Level

func (l ledger) set(levels []bitbank.Level) {
	for _, x := range levels {
		price := x.Price.Decimal().String()
		if l[price] = x; x.Amount.Decimal().IsZero() {
			delete(l, price)
		}
	}
}

// sorted are the levels by price; sign is 1 for asks and -1 for bids.
func (l ledger) sorted(sign int) []bitbank.Level {
	out := []bitbank.Level{}
	for _, x := range l {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b bitbank.Level) int { return sign * a.Price.Decimal().Cmp(b.Price.Decimal()) })
	return out
}

// now is the book by the rule, as texts.
func (s *simpleBook) now() (string, bool) {
	var newest bitbank.Depth
	for _, w := range s.wholes {
		if w.Seq > newest.Seq {
			newest = w
		}
	}
	asks, bids := ledger{}, ledger{}
	asks.set(newest.Asks)
	bids.set(newest.Bids)
	seq, over := newest.Seq, newest.Totals.AsksOver
	var later []bitbank.DepthDiff
	for _, d := range s.diffs {
		if d.Seq > newest.Seq {
			later = append(later, d)
		}
	}
	slices.SortFunc(later, func(a, b bitbank.DepthDiff) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, d := range later {
		asks.set(d.Asks)
		bids.set(d.Bids)
		seq = d.Seq
		if d.Totals.AsksOver.Known() {
			over = d.Totals.AsksOver
		}
	}
	return written(asks.sorted(1), bids.sorted(-1), over, seq), newest.Seq > 0
}

// complete reports whether nothing is missing between the newest whole and the newest difference.
func (s *simpleBook) complete(history []bitbank.Sequence) (seq bitbank.Sequence, ok bool) {
	var from bitbank.Sequence
	for w := range s.wholes {
		from = max(from, w)
	}
	seq = from
	for d := range s.diffs {
		seq = max(seq, d)
	}
	for _, h := range history {
		if _, there := s.diffs[h]; h > from && h <= seq && !there {
			return 0, false
		}
	}
	return seq, from > 0
}

// written is a book with its numbers as they were written, not only with their values.
func written(asks, bids []bitbank.Level, over bitbank.Number, seq bitbank.Sequence) string {
	var s strings.Builder
	for _, side := range [][]bitbank.Level{asks, bids} {
		for _, l := range side {
			s.WriteString(l.Price.String() + ":" + l.Amount.String() + " ")
		}
		s.WriteString("| ")
	}
	return s.String() + over.String() + " #" + itoa(int(seq))
}

// Messages are lost, overtake, repeat, and wholes come late: after each one that arrives the book is what the rule
// says; and whenever nothing is missing it is the exchange's own book of that moment.
func TestABookIsWhatTheRuleSaysAfterEveryMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forms := rapid.SampledFrom([]string{"", ".0", ".000", ".5", ".50"})
		level := rapid.Custom(func(t *rapid.T) bitbank.Level {
			return bitbank.Level{
				Price:  number(t, itoa(rapid.IntRange(97, 103).Draw(t, "price"))+forms.Draw(t, "zeros")),
				Amount: number(t, itoa(rapid.IntRange(0, 3).Draw(t, "amount"))+forms.Draw(t, "zeros")),
			}
		})
		levels := rapid.SliceOfN(level, 0, 4)

		// The exchange's history: ids rise with holes; after some changes it sends a whole, which is on its way
		// longer than a difference.
		type message struct {
			whole *bitbank.Depth
			diff  *bitbank.DepthDiff
			due   int
		}
		var sent []message
		var ids []bitbank.Sequence
		truth := map[bitbank.Sequence]string{}
		asks, bids := ledger{}, ledger{}
		seq, over := bitbank.Sequence(0), number(t, "0")
		late := rapid.IntRange(0, 12).Draw(t, "late") // by how many messages one can be overtaken
		send := func(m message, slack int) {
			m.due = len(sent) + rapid.IntRange(0, late+slack).Draw(t, "delay")
			for range rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 2, 0}).Draw(t, "copies") {
				sent = append(sent, m)
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			seq += bitbank.Sequence(rapid.IntRange(1, 3).Draw(t, "hole"))
			d := bitbank.DepthDiff{Asks: levels.Draw(t, "asks"), Bids: levels.Draw(t, "bids"), Seq: seq, At: bitbank.Millis(seq)}
			asks.set(d.Asks)
			bids.set(d.Bids)
			if rapid.Bool().Draw(t, "total") {
				over = number(t, itoa(int(seq))+forms.Draw(t, "zeros"))
				d.Totals.AsksOver = over
			}
			ids, truth[seq] = append(ids, seq), written(asks.sorted(1), bids.sorted(-1), over, seq)
			send(message{diff: &d}, 0)
			if rapid.IntRange(0, 3).Draw(t, "whole") == 0 {
				w := bitbank.Depth{Asks: asks.sorted(1), Bids: bids.sorted(-1), Seq: seq, At: bitbank.Millis(seq), Totals: bitbank.Totals{AsksOver: over}}
				send(message{whole: &w}, 6)
			}
		}
		slices.SortStableFunc(sent, func(a, b message) int { return cmp.Compare(a.due, b.due) })

		var got bitbank.Book
		want := simpleBook{map[bitbank.Sequence]bitbank.Depth{}, map[bitbank.Sequence]bitbank.DepthDiff{}}
		for i, m := range sent {
			if m.whole != nil {
				got.ApplyWhole(*m.whole)
				want.wholes[m.whole.Seq] = *m.whole
			} else {
				got.ApplyDiff(*m.diff)
				want.diffs[m.diff.Seq] = *m.diff
			}
			rule, ready := want.now()
			if got.Ready() != ready {
				t.Fatalf("message %d: ready is %v", i, got.Ready())
			}
			if !ready {
				continue
			}
			book := written(got.Asks(-1), got.Bids(-1), got.Totals().AsksOver, got.Seq())
			if book != rule {
				t.Fatalf("message %d: got %s, by the rule %s", i, book, rule)
			}
			if seq, ok := want.complete(ids); ok && book != truth[seq] {
				t.Fatalf("message %d: got %s, at the exchange %s", i, book, truth[seq])
			}
			if got.At() != bitbank.Millis(got.Seq()) {
				t.Fatalf("message %d: id %d with time %d", i, got.Seq(), got.At())
			}
		}
	})
}

package bitbank_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hikeshi/bitbank"
)

func number(t interface{ Fatal(...any) }, s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// side reads "100:1 101:2".
func side(t interface{ Fatal(...any) }, s string) []bitbank.Level {
	out := []bitbank.Level{}
	for _, l := range strings.Fields(s) {
		price, amount, _ := strings.Cut(l, ":")
		out = append(out, bitbank.Level{Price: number(t, price), Amount: number(t, amount)})
	}
	return out
}

func whole(t interface{ Fatal(...any) }, seq bitbank.Sequence, asks, bids string) bitbank.Depth {
	return bitbank.Depth{Asks: side(t, asks), Bids: side(t, bids), Seq: seq, At: bitbank.Millis(seq)}
}

func diff(t interface{ Fatal(...any) }, seq bitbank.Sequence, asks, bids string) bitbank.DepthDiff {
	return bitbank.DepthDiff{Asks: side(t, asks), Bids: side(t, bids), Seq: seq, At: bitbank.Millis(seq)}
}

// show writes a book so that equal values look equal.
func show(b *bitbank.Book) string {
	var s strings.Builder
	for _, l := range b.Asks(-1) {
		fmt.Fprintf(&s, "%s:%s ", l.Price.Decimal(), l.Amount.Decimal())
	}
	s.WriteString("| ")
	for _, l := range b.Bids(-1) {
		fmt.Fprintf(&s, "%s:%s ", l.Price.Decimal(), l.Amount.Decimal())
	}
	fmt.Fprintf(&s, "#%d", b.Seq())
	return s.String()
}

// The case worked out by hand: differences 3, 5, 6 and 8 arrive, then whole 5. The book is whole 5 with 6 and 8.
func TestAWholeThatArrivesLateTakesTheNewerDifferences(t *testing.T) {
	var b bitbank.Book
	for _, d := range []bitbank.DepthDiff{
		diff(t, 3, "103:9", ""), diff(t, 5, "105:9", ""), diff(t, 6, "101:6", "99:0"), diff(t, 8, "102:8", "98:8"),
	} {
		if b.ApplyDiff(d) || b.Ready() {
			t.Errorf("difference %d made a book without a whole", d.Seq)
		}
	}
	if !b.ApplyWhole(whole(t, 5, "101:1 104:1", "99:1 97:1")) {
		t.Error("the whole was not used")
	}
	if got, want := show(&b), "101:6 102:8 104:1 | 98:8 97:1 #8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestABookStepByStep(t *testing.T) {
	var b bitbank.Book
	for i, step := range []struct {
		whole      bool
		seq        bitbank.Sequence
		asks, bids string
		used       bool
		want       string
	}{
		{true, 10, "101:1 102:2", "100:1 99:2", true, "101:1 102:2 | 100:1 99:2 #10"},
		{false, 10, "101:7", "", false, "101:1 102:2 | 100:1 99:2 #10"}, // in the whole already
		{false, 9, "101:7", "", false, "101:1 102:2 | 100:1 99:2 #10"},  // older
		{false, 12, "101:0 103:3", "", true, "102:2 103:3 | 100:1 99:2 #12"},
		{false, 12, "101:7", "", false, "102:2 103:3 | 100:1 99:2 #12"},               // twice
		{false, 11, "101:7 103:9", "98:1", true, "102:2 103:3 | 100:1 99:2 98:1 #12"}, // overtaken: 12 has the last word
		{true, 9, "200:1", "1:1", false, "102:2 103:3 | 100:1 99:2 98:1 #12"},         // an older whole
		{true, 11, "101:7 102:2", "100:5", true, "102:2 103:3 | 100:5 #12"},           // older than the book, newer than its whole
		{false, 20, "102.00:4", "100.0:0", true, "102:4 103:3 |  #20"},                // prices are numbers, not texts
		{false, 21, "", "103:1", true, "102:4 103:3 | 103:1 #21"},                     // crossed: shown as it is
		{true, 21, "103:1 102:1 104:0 102:3", "", true, "102:3 103:1 |  #21"},         // unordered, empty and double levels
	} {
		var used bool
		if step.whole {
			used = b.ApplyWhole(whole(t, step.seq, step.asks, step.bids))
		} else {
			used = b.ApplyDiff(diff(t, step.seq, step.asks, step.bids))
		}
		want := strings.Replace(step.want, "|  #", "| #", 1)
		if got := show(&b); got != want || used != step.used {
			t.Errorf("step %d: got %s (used %v), want %s (%v)", i, got, used, want, step.used)
		}
		if crossed := i == 9; b.Crossed() != crossed {
			t.Errorf("step %d: crossed is %v", i, b.Crossed())
		}
	}
	b.Reset()
	if b.Ready() || b.ApplyDiff(diff(t, 1, "1:1", "")) || !b.ApplyWhole(whole(t, 1, "5:1", "")) {
		t.Error("a book that was reset remembers")
	}
}

func TestABookKeepsItsOwnLevels(t *testing.T) {
	var b bitbank.Book
	w := whole(t, 1, "101:1 102:2", "100:1")
	b.ApplyWhole(w)
	b.Asks(1)[0] = bitbank.Level{}
	w.Asks[0] = bitbank.Level{}
	b.ApplyDiff(diff(t, 2, "103:3", ""))
	if got, want := show(&b), "101:1 102:2 103:3 | 100:1 #2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(b.Asks(2)); n != 2 {
		t.Errorf("%d asks, want 2", n)
	}
}

func TestTotalsThatAreAbsentStay(t *testing.T) {
	var b bitbank.Book
	var w bitbank.Depth
	var d bitbank.DepthDiff
	for into, text := range map[any]string{
		&w: `{"asks":[],"bids":[],"asks_over":"10","bids_under":"20","asks_under":"0","bids_over":"0","ask_market":"0","bid_market":"0","timestamp":1,"sequenceId":1}`,
		&d: `{"ao":"11.50","bm":"3","t":2,"s":"2"}`,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	b.ApplyWhole(w)
	b.ApplyDiff(d)
	got := b.Totals()
	if got.AsksOver.String() != "11.50" || got.BidsUnder.String() != "20" || got.BidMarket.String() != "3" || got.AskMarket.String() != "0" {
		t.Errorf("got %+v", got)
	}
	if b.At() != 2 {
		t.Errorf("at %d, want 2", b.At())
	}
}

// A room whose wholes stopped must not fill the memory, and a book that gave something up says so by not being ready.
func TestABookIsBounded(t *testing.T) {
	const many = 10_000
	var without, with bitbank.Book
	with.ApplyWhole(whole(t, 1, "100:1", ""))
	with.ApplyDiff(diff(t, 2, "500:2", "")) // the first to leave the buffer
	for i := bitbank.Sequence(3); i <= many; i++ {
		d := diff(t, i, fmt.Sprintf("%d:%d", 100+i%50, i), "")
		without.ApplyDiff(d)
		with.ApplyDiff(d)
	}
	if without.ApplyWhole(whole(t, 2, "100:1", "")) || without.Ready() {
		t.Error("a book was made although differences after its whole are gone")
	}
	if !without.ApplyWhole(whole(t, many-10, "100:1", "")) || without.Seq() != many {
		t.Errorf("a newer whole does not help: #%d", without.Seq())
	}
	if with.Seq() != many || len(with.Asks(-1)) != 51 {
		t.Errorf("#%d with %d asks", with.Seq(), len(with.Asks(-1)))
	}
	before := show(&with)
	if with.ApplyWhole(whole(t, 5, "7:7", "")) || show(&with) != before {
		t.Error("a whole that is far too old was used")
	}
	// What moved into the base stays right when a rebuild needs it.
	with.ApplyDiff(diff(t, many+5, "100:5", ""))
	with.ApplyDiff(diff(t, many+3, "100:3 99:3", ""))
	if got := with.Asks(2); got[0].Price.String() != "99" || got[1].Amount.String() != "5" || len(with.Asks(-1)) != 52 {
		t.Errorf("after an overtaken difference: %v", got)
	}
}

// However little of it fits one bound, the other holds too: few differences with many levels, and a side that only
// grows.
func TestABooksLevelsAreBounded(t *testing.T) {
	var b bitbank.Book
	for i := range bitbank.Sequence(40) {
		d := bitbank.DepthDiff{Seq: i + 1, At: 1}
		for j := range 4000 {
			d.Asks = append(d.Asks, bitbank.Level{Price: number(t, itoa(int(i)*4000+j+1)), Amount: number(t, "1")})
		}
		b.ApplyDiff(d)
	}
	if b.ApplyWhole(whole(t, 22, "1:1", "")) || !b.ApplyWhole(whole(t, 24, "1:1", "")) {
		t.Error("other differences were given up than the oldest beyond 65536 levels")
	}
	if asks := b.Asks(-1); len(asks) != 5000 || asks[0].Price.String() != "1" || b.Seq() != 40 {
		t.Errorf("%d asks at #%d, want the lowest 5000", len(asks), b.Seq())
	}
	// All that waits is forgotten with the whole that contains it.
	if !b.ApplyWhole(whole(t, 40, "1:1", "")) || len(b.Asks(-1)) != 1 || b.ApplyDiff(diff(t, 40, "2:1", "")) {
		t.Errorf("after the newest whole: %s", show(&b))
	}
}

package bitbank

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A crowd writes the depth of one pair as its rooms would carry it: 200 levels a side, one yen thousandth apart, with
// changes that gather around the touch. Seeded, so that every run measures the same.
type crowd struct {
	r          *rand.Rand
	asks, bids map[int]int // amount in units of 1e-4 by the distance from the middle, which is 1 or more
	seq        uint64
}

const crowdLevels, crowdMiddle = 200, 350_000

func newCrowd(seed uint64) *crowd {
	c := &crowd{rand.New(rand.NewPCG(seed, 1)), map[int]int{}, map[int]int{}, 9_000_000_000}
	for i := range crowdLevels {
		c.asks[i+1], c.bids[i+1] = 1+c.r.IntN(50_000_000), 1+c.r.IntN(50_000_000)
	}
	return c
}

func writeLevel(s *strings.Builder, sign, distance, amount int) {
	price := crowdMiddle + sign*distance
	fmt.Fprintf(s, `["%d.%03d","%d.%04d"],`, price/1000, price%1000, amount/10000, amount%10000)
}

// change changes n levels, exponentially rarer away from the touch; every third is emptied.
func (c *crowd) change(n int) string {
	var sides [2]strings.Builder
	for range n {
		side, sign, s := c.asks, 1, &sides[0]
		if c.r.IntN(2) == 0 {
			side, sign, s = c.bids, -1, &sides[1]
		}
		distance := 1 + min(int(c.r.ExpFloat64()*15), crowdLevels-1)
		amount := 1 + c.r.IntN(50_000_000)
		if _, there := side[distance]; there && c.r.IntN(3) == 0 {
			amount = 0
			delete(side, distance)
		} else {
			side[distance] = amount
		}
		writeLevel(s, sign, distance, amount)
	}
	c.seq += 1 + c.r.Uint64N(3)
	return fmt.Sprintf(`{"a":[%s],"b":[%s],"ao":"%d.5000","bu":"120.4000","t":1767225600123,"s":"%d"}`,
		strings.TrimSuffix(sides[0].String(), ","), strings.TrimSuffix(sides[1].String(), ","), c.r.IntN(1000), c.seq)
}

// whole is the depth as it stands.
func (c *crowd) whole() string {
	list := func(side map[int]int, sign int) string {
		var s strings.Builder
		for distance := range crowdLevels {
			if amount, there := side[distance+1]; there {
				writeLevel(&s, sign, distance+1, amount)
			}
		}
		return strings.TrimSuffix(s.String(), ",")
	}
	return fmt.Sprintf(`{"asks":[%s],"bids":[%s],"asks_over":"120.5000","bids_under":"240.1000","asks_under":"0","bids_over":"0","ask_market":"0","bid_market":"0","timestamp":1767225600200,"sequenceId":"%d"}`,
		list(c.asks, 1), list(c.bids, -1), c.seq)
}

func readDiff(tb testing.TB, text string) DepthDiff {
	tb.Helper()
	d, err := Event{Room: "depth_diff_xrp_jpy", Raw: []byte(text)}.DepthDiff()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func readWhole(tb testing.TB, text string) Depth {
	tb.Helper()
	d, err := Event{Room: "depth_whole_xrp_jpy", Raw: []byte(text)}.Depth()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// How many level updates a second one core applies: differences of eight levels with a whole after every fifteen, in
// order; each fourth overtaken by the next three; and from the text of the messages.
func BenchmarkBook(b *testing.B) {
	const changes, perWhole, levels = 1500, 15, 8
	c := newCrowd(1)
	var texts []string
	var diffs []DepthDiff
	var wholes []Depth
	first := readWhole(b, c.whole())
	for i := range changes {
		text := c.change(levels)
		texts, diffs = append(texts, text), append(diffs, readDiff(b, text))
		if i%perWhole == perWhole-1 {
			wholes = append(wholes, readWhole(b, c.whole()))
		}
	}
	overtaken := slices.Clone(diffs)
	for i := 0; i+3 < len(overtaken); i += 4 {
		overtaken[i], overtaken[i+1], overtaken[i+2], overtaken[i+3] = overtaken[i+1], overtaken[i+2], overtaken[i+3], overtaken[i]
	}
	text := func(i int) DepthDiff { return readDiff(b, texts[i]) }
	for _, way := range []struct {
		name string
		diff func(i int) DepthDiff
	}{
		{"in order", func(i int) DepthDiff { return diffs[i] }},
		{"overtaking", func(i int) DepthDiff { return overtaken[i] }},
		{"from text", text},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var book Book
				book.ApplyWhole(first)
				for i := range changes {
					book.ApplyDiff(way.diff(i))
					if i%perWhole == perWhole-1 {
						book.ApplyWhole(wholes[i/perWhole])
					}
				}
				if got := book.Seq(); uint64(got) != c.seq {
					b.Fatalf("the book ends at %d, want %d", got, c.seq)
				}
			}
			rate := float64(b.N) * changes * levels / b.Elapsed().Seconds()
			b.ReportMetric(rate, "levels/s")
			b.ReportMetric(0, "ns/op")
			if rate < 1e6 {
				b.Errorf("%.0f level updates a second, want at least a million", rate)
			}
			fmt.Printf("figure: order book, %s: %.1f million level updates a second\n", way.name, rate/1e6)
		})
	}
}

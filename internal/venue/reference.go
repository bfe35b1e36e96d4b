package venue

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// A Reference is what a pair costs elsewhere, and how far that can be relied on.
type Reference struct {
	Pair string
	// Price is the median of the Sources that are Counted; zero when there are none. It is there for people also when it is not
	// Known: then it may be old, or one venue's word.
	Price decimal.Decimal
	At    time.Time // of the oldest quote in Price: its age is what has passed since; zero when there is no Price
	// Known says that at least three venues that are fresh, independent and near each other agree. Nothing may be triggered by a
	// Price that is not Known.
	Known   bool
	Why     Doubt           // why it is not Known
	Limit   time.Duration   // how old a quote may be to be fresh
	Sources []Source        // every venue, in the order of the configuration
	Spread  decimal.Decimal // between the highest and the lowest of the counted, as a share of Price
	Basis   Basis           // how bitbank usually differs

	// Expected is what bitbank's price would be now by Basis, between Low and High, a band that widens with time. All are zero
	// without a Price or a Basis.
	Expected, Low, High decimal.Decimal

	Here Here // bitbank's own newest price
	Gap  Gap
}

// A Doubt is why a price is not known: words for people are in the text catalogue under "prices.doubt." + doubt.
type Doubt string

// The doubts.
const (
	Sure  Doubt = ""
	None  Doubt = "none"  // no venue has told a price
	Stale Doubt = "stale" // fewer than three are fresh, and more were
	Few   Doubt = "few"   // fewer than three venues tell a price
	Apart Doubt = "apart" // fewer than three are near each other
)

// A Source is one venue in a reference.
type Source struct {
	ID      string // of the venue
	Name    string
	Quote   Quote // the newest good one; zero At: none
	State   State
	Since   time.Time // as of when Quote counts: when its own time was first seen here
	Counted bool      // in the median
	Said    string    // what was wrong with the newest answer; "" when nothing was
}

// A State is how a venue stands in a reference: words for people are in the text catalogue under "prices.state." + state.
type State string

// The states.
const (
	Unasked  State = "unasked"  // not yet
	Fresh    State = "fresh"    // and counted, unless the others are too few
	Old      State = "old"      // or its own time stands still
	Far      State = "far"      // more than 3 % from the median
	Same     State = "same"     // of an operator that counts already
	Refused  State = "refused"  // its newest answer was no quote
	Unlisted State = "unlisted" // it does not trade the pair
)

// Here is bitbank's own price of a pair.
type Here struct {
	Price decimal.Decimal // last; zero: not known
	Stamp time.Time       // bitbank's own time
	At    time.Time       // when it arrived
}

// A Gap is between bitbank and elsewhere.
type Gap struct {
	Known   bool            // there is a price on both sides; their ages are those of Reference.At and Here.At
	Percent decimal.Decimal // of the price elsewhere; positive: bitbank is dearer
	Wide    bool            // at or over the owner's line, by a Price that is Known
	Line    decimal.Decimal // the owner's line, in percent; zero: none
}

const (
	// least is how many venues must agree.
	least = 3
	// skew is how wrong our clock, or theirs, may be before the distance counts as age.
	skew = 30 * time.Second
	// forget is when a quote is too old to be shown even beside fresher ones.
	forget = time.Hour
)

// farther is how far from the median a price may be, as a share of it: see the package's rules.
var farther = decimal.New(3, -2)

// compose weighs the newest quotes. States of venues that cannot count are set already.
func compose(sources []Source, operators []string, limit time.Duration, now time.Time) Reference {
	r := Reference{Limit: limit, Sources: sources}
	var fresh, rest []int
	for i, s := range sources {
		age := passed(s.Since, now)
		if !s.Since.IsZero() {
			sources[i].Since = now.Add(-age)
		}
		switch {
		case s.State != Fresh:
		case sameAs(sources, operators, fresh, i):
			sources[i].State = Same
		case age <= limit:
			fresh = append(fresh, i)
		default:
			sources[i].State = Old
			if age <= forget {
				rest = append(rest, i)
			}
		}
	}
	near := r.near(fresh)
	switch {
	case len(near) >= least:
		r.Known = true
	case len(fresh) >= least:
		r.Why, near = Apart, fresh // the median of all lies among the honest ones, that of two need not
	default:
		r.Why = Few
		if len(fresh)+len(rest) >= least {
			r.Why = Stale
		}
		// For people, the youngest of the others beside them, so that it is not one venue's word where there are more.
		slices.SortStableFunc(rest, func(a, b int) int { return sources[b].Since.Compare(sources[a].Since) })
		near = fresh
		for _, i := range rest {
			if len(near) < least && !sameAs(sources, operators, near, i) {
				near = append(near, i)
			}
		}
	}
	if len(near) == 0 {
		r.Why = None
		return r
	}
	slices.Sort(near)
	prices := r.prices(near)
	r.Price = median(prices)
	r.Spread = share(prices[len(prices)-1].Sub(prices[0]), r.Price)
	r.At = now
	for _, i := range near {
		sources[i].Counted = true
		if at := sources[i].Since; at.Before(r.At) {
			r.At = at
		}
	}
	return r
}

// passed is how much time has: by the clock on the wall, which goes on while the machine sleeps, or by the other, which nobody sets
// back, whichever says more.
func passed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// near are those of the fresh ones that are not far from their median; the others are marked.
func (r *Reference) near(fresh []int) (near []int) {
	if len(fresh) < least {
		return fresh
	}
	middle := median(r.prices(fresh))
	for _, i := range fresh {
		if r.Sources[i].Quote.Price().Sub(middle).Abs().GreaterThan(middle.Mul(farther)) {
			r.Sources[i].State = Far
			continue
		}
		near = append(near, i)
	}
	return near
}

// sameAs reports whether the operator of venue i is among others: by its name, or because it says the same at the same time.
func sameAs(sources []Source, operators []string, others []int, i int) bool {
	return slices.ContainsFunc(others, func(k int) bool {
		a, b := sources[k].Quote, sources[i].Quote
		mirrored := !a.Stamp.IsZero() && a.Stamp.Equal(b.Stamp) && a.Bid.IsPositive() && a.Bid.Equal(b.Bid) && a.Ask.Equal(b.Ask) && a.Last.Equal(b.Last)
		return operators[k] == operators[i] || mirrored
	})
}

// prices are those of some sources, in order.
func (r *Reference) prices(of []int) []decimal.Decimal {
	out := make([]decimal.Decimal, len(of))
	for k, i := range of {
		out[k] = r.Sources[i].Quote.Price()
	}
	slices.SortFunc(out, func(a, b decimal.Decimal) int { return a.Cmp(b) })
	return out
}

// median is the middle of sorted prices, or the mean of the two in the middle.
func median(sorted []decimal.Decimal) decimal.Decimal {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1].Add(sorted[n/2]).Mul(half)
}

// digits of shares: a millionth of a percent.
const digits = 8

func share(part, of decimal.Decimal) decimal.Decimal { return part.DivRound(of, digits) }

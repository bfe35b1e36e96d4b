package venue

import (
	"time"

	"github.com/shopspring/decimal"
)

// A Basis is how bitbank's last price usually differs from the price elsewhere, learned while bitbank is well.
type Basis struct {
	Known   bool            // learned from enough samples
	Share   decimal.Decimal // of the price elsewhere: 0.001 is a tenth of a percent dearer at bitbank
	Spread  decimal.Decimal // the usual distance of a sample from Share
	Samples int
	At      time.Time // of the newest sample; it stands still while bitbank is dark
	Frozen  bool      // bitbank is dark
}

const (
	// memory is how slowly a basis follows: a sample that lasts as long as this counts half.
	memory = 10 * time.Minute
	// each is the least time between two samples.
	each = 5 * time.Second
	// enough samples make a basis.
	enough = 5
	// together is how far apart quotes may be that are compared: within it the market's own move is below the spread.
	together = 15 * time.Second
)

// learn counts a sample.
func (b *Basis) learn(sample decimal.Decimal, now time.Time) {
	since := passed(b.At, now)
	if b.Samples > 0 && since < each {
		return
	}
	b.Samples++
	since = min(since, memory)
	weight := share(decimal.NewFromInt(int64(since)), decimal.NewFromInt(int64(memory+since)))
	if b.Samples <= enough {
		weight = share(decimal.NewFromInt(1), decimal.NewFromInt(int64(b.Samples))) // the first ones count alike
	}
	if b.Samples > 1 {
		b.Spread = b.Spread.Add(sample.Sub(b.Share).Abs().Sub(b.Spread).Mul(weight)).Round(digits)
	}
	b.Share = b.Share.Add(sample.Sub(b.Share).Mul(weight)).Round(digits)
	b.At, b.Known = now, b.Samples >= enough
}

// The band around the expected price, as shares of it: our assumptions. It is at least a tenth of a percent wide on each side, as
// yen markets of the same coin lie apart by so much in calm, grows by its own width every ten minutes that nothing was learned,
// and says nothing more at a tenth.
var (
	narrowest = decimal.New(1, -3)
	widest    = decimal.New(1, -1)
)

const doubles = 10 * time.Minute

// width is one side of the band, as a share of the expected price. spread is that of the venues.
func (b Basis) width(spread decimal.Decimal, now time.Time) decimal.Decimal {
	w := decimal.Max(narrowest, b.Spread.Mul(decimal.NewFromInt(3)))
	grown := decimal.NewFromInt(1).Add(share(decimal.NewFromInt(int64(max(passed(b.At, now), 0))), decimal.NewFromInt(int64(doubles))))
	return decimal.Min(widest, w.Mul(grown).Add(spread.Mul(half)))
}

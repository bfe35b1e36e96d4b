package exposure

import (
	"time"

	"github.com/shopspring/decimal"
)

// A Market is what is known of the price of a pair against yen.
type Market struct {
	Own  Quote // bitbank's last price
	Else Else
}

// A Quote is a price that somebody told. The zero Quote is none.
type Quote struct {
	Price decimal.Decimal
	Stamp time.Time // the teller's own time
	At    time.Time // when it arrived
	// Moving says that the teller's times go on, of this pair or of others: a thin pair stands still for minutes, and everything
	// does when bitbank hangs and still answers.
	Moving bool
}

// An Else is the price elsewhere. The zero Else says that no other venue lists the pair.
type Else struct {
	Listed bool // a venue lists the pair, or may do so
	// Known says that at least three independent and fresh venues agree; Why else is why not.
	Known bool
	// Agreed says that at least three venues agree, not all of them fresh: enough to value something, and never to decide something.
	Agreed bool
	Why    string          // a venue.Doubt
	Price  decimal.Decimal // the median; zero: none
	At     time.Time       // of the oldest quote in it
	// Expected is what bitbank's price would be by how it usually differs, between Low and High; zero: that is not known.
	Expected, Low, High decimal.Decimal
}

// A From is whose price a value is made of.
type From string

// The sources of prices.
const (
	Nobody  From = ""
	Yen     From = "yen" // it is money already
	Bitbank From = "bitbank"
	Venues  From = "venues" // corrected by how bitbank usually differs
	Raw     From = "raw"    // venues, not corrected: it is not known how bitbank differs
)

// A Why is why there is no price. Beside these there are the doubts of package venue: none, few, stale, apart.
type Why string

// The reasons.
const (
	Unlisted Why = "unlisted" // no other venue trades it
	Unasked  Why = "unasked"  // no price was asked for, as when a journal is read without the program that runs
	Cost     Why = "cost"     // of a position: what it cost is not known
)

const (
	// OwnFresh is how old bitbank's last price may be to count: it is read every ten seconds, and one read may be lost.
	OwnFresh = 25 * time.Second
	// ElseFresh is how old the oldest of the prices elsewhere may be to value something: in an outage the pairs on which nothing
	// depends take turns. PriceLimit is how old a price may be without being shown as old.
	ElseFresh  = 5 * time.Minute
	PriceLimit = time.Minute
	// sharp is how old it may be where something depends on it and bitbank tells no price: the venues are asked every two seconds then.
	sharp = 10 * time.Second
)

// rawBand is the half width of the band around a price that is not corrected, as a share: our assumption. Yen markets of one coin
// lie some tenths of a percent apart in calm.
var rawBand = decimal.New(1, -2)

// A Price is what something is valued with.
type Price struct {
	Amount    decimal.Decimal // zero without From
	Low, High decimal.Decimal // where it lies in all likelihood; of bitbank's own price the price itself
	From      From
	At        time.Time // of which it speaks
	Why       Why       // without From
	// Last is bitbank's newest price, for people also when it is too old to count. Zero: none was ever told.
	Last Quote
}

// price is what a pair is valued with at a time.
func (m Market) price(now time.Time) Price {
	p := Price{Last: m.Own}
	one := decimal.NewFromInt(1)
	switch out := m.Else; {
	case m.Own.fresh(OwnFresh, now):
		p.Amount, p.Low, p.High, p.From, p.At = m.Own.Price, m.Own.Price, m.Own.Price, Bitbank, m.Own.At
	case (out.Known || out.Agreed) && now.Sub(out.At) <= ElseFresh && out.Expected.IsPositive():
		p.Amount, p.Low, p.High, p.From, p.At = out.Expected, out.Low, out.High, Venues, out.At
	case (out.Known || out.Agreed) && now.Sub(out.At) <= ElseFresh && out.Price.IsPositive():
		p.Amount, p.Low, p.High, p.From, p.At = out.Price, out.Price.Mul(one.Sub(rawBand)), out.Price.Mul(one.Add(rawBand)), Raw, out.At
	case out.Known || out.Listed && out.Why == "":
		p.Why = "stale"
	case out.Listed:
		p.Why = Why(out.Why)
	default:
		p.Why = Unlisted
	}
	return p
}

func (q Quote) fresh(limit time.Duration, now time.Time) bool {
	return q.Price.IsPositive() && now.Sub(q.At) <= limit && q.At.Sub(now) <= limit
}

// broad is how wide the band may be, as a share of the price, for its middle to count where something depends on it.
var broad = decimal.New(2, -2)

// A trusted interval holds every reading of a price that may be relied on where something depends on it.
type trusted struct {
	low, high decimal.Decimal
	from      From
	at        time.Time // of what was told last: a sample with the same is the same sample
}

// trust is the interval. Never a single source: three venues must agree, and bitbank's own price, while it is fresh, must lie on
// the same side as theirs. Beside bitbank's own the prices elsewhere may be as old as their pace in calm makes them. Not ok: why.
func (m Market) trust(now time.Time) (t trusted, blind string, ok bool) {
	out := m.Else
	own := m.Own.Moving && m.Own.fresh(OwnFresh, now)
	switch {
	case !out.Listed:
		return t, "unlisted", false
	case !out.Known || !out.Price.IsPositive() || out.At.Sub(now) > sharp || !own && now.Sub(out.At) > sharp:
		return t, "single", false
	}
	one := decimal.NewFromInt(1)
	t = trusted{at: out.At, from: Venues}
	switch width := out.High.Sub(out.Low); {
	case out.Expected.IsPositive() && width.LessThanOrEqual(out.Expected.Mul(broad)):
		t.low, t.high = out.Expected, out.Expected
	case out.Expected.IsPositive():
		t.low, t.high = out.Low, out.High
	case own:
		t.low, t.high = out.Price, out.Price
	default: // how bitbank differs was never measured: the whole band counts
		t.low, t.high, t.from = out.Price.Mul(one.Sub(rawBand)), out.Price.Mul(one.Add(rawBand)), Raw
	}
	if own {
		t.low, t.high, t.from, t.at = decimal.Min(t.low, m.Own.Price), decimal.Max(t.high, m.Own.Price), Bitbank, m.Own.At
	}
	return t, "", true
}

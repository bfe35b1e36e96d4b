package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/text"
	"hikeshi/internal/venue"
)

// Prices is what coins cost at other exchanges. All methods may be called concurrently.
type Prices interface {
	// References are those of all pairs that are wanted, in the order of their names.
	References() []venue.Reference
	// Public are the pairs that the configuration names: the others tell what the account has to do with.
	Public() []string
}

// A Price is one pair's reference as programs read it. Prices are decimal numbers in strings, shares are in percent.
type Price struct {
	Pair     string        `json:"pair"`
	Price    string        `json:"price,omitzero"` // the median; missing when nobody has told any
	At       Stamp         `json:"at,omitzero"`    // of the oldest quote in it
	AgeMS    int64         `json:"age_ms,omitzero"`
	Known    bool          `json:"known"`
	Why      venue.Doubt   `json:"why,omitzero"`
	Text     string        `json:"text,omitzero"` // why, in words
	LimitMS  int64         `json:"limit_ms"`
	Spread   string        `json:"spread_percent,omitzero"`
	Expected string        `json:"expected,omitzero"` // at bitbank, by the basis
	Low      string        `json:"low,omitzero"`
	High     string        `json:"high,omitzero"`
	Bitbank  *bitbankPrice `json:"bitbank,omitzero"`
	Basis    *priceBasis   `json:"basis,omitzero"`
	Gap      *priceGap     `json:"gap,omitzero"`
	Sources  []priceSource `json:"sources"`
}

// A bitbankPrice is bitbank's own last price.
type bitbankPrice struct {
	Last  string `json:"last"`
	Stamp Stamp  `json:"stamp"` // bitbank's own time
	At    Stamp  `json:"at"`    // when it arrived
	AgeMS int64  `json:"age_ms"`
}

type priceBasis struct {
	Known   bool   `json:"known"`
	Percent string `json:"percent"`
	Spread  string `json:"spread_percent"`
	Samples int    `json:"samples"`
	At      Stamp  `json:"at"`
	Frozen  bool   `json:"frozen"`
}

type priceGap struct {
	Percent string `json:"percent"`
	Wide    bool   `json:"wide"`
	Line    string `json:"line,omitzero"`
}

type priceSource struct {
	Venue   string      `json:"venue"`
	Name    string      `json:"name"`
	State   venue.State `json:"state"`
	Text    string      `json:"text"`
	Counted bool        `json:"counted"`
	Price   string      `json:"price,omitzero"`
	Last    string      `json:"last,omitzero"`
	Bid     string      `json:"bid,omitzero"`
	Ask     string      `json:"ask,omitzero"`
	Stamp   Stamp       `json:"stamp,omitzero"` // the venue's own time
	At      Stamp       `json:"at,omitzero"`    // when it arrived
	AgeMS   int64       `json:"age_ms,omitzero"`
	Said    string      `json:"said,omitzero"` // what was wrong with the newest answer
}

// apiPrices answers with the pairs that the configuration names, and with the token or in a session with all.
func (s *server) apiPrices(w http.ResponseWriter, r *http.Request) {
	if s.o.Prices == nil {
		fail(w, http.StatusNotFound, "no_prices", "no other exchange is asked: hosts.venue1 to venue3 and prices.venues of the configuration are off")
		return
	}
	if _, shown := bearer(r); shown && s.shut(w, r) {
		return
	}
	all, now := s.mayRead(r), time.Now()
	out := struct {
		At    Stamp   `json:"at"`
		Pairs []Price `json:"pairs"`
	}{At: Stamp(now), Pairs: []Price{}}
	for _, ref := range s.o.Prices.References() {
		if all || slices.Contains(s.o.Prices.Public(), ref.Pair) {
			out.Pairs = append(out.Pairs, shapePrice(s.lang(r), ref, now))
		}
	}
	answer(w, http.StatusOK, out)
}

func shapePrice(l text.Lang, r venue.Reference, now time.Time) Price {
	out := Price{
		Pair: r.Pair, Price: priceOf(r.Price), At: Stamp(r.At), AgeMS: ageMS(r.At, now), Known: r.Known, Why: r.Why,
		LimitMS: r.Limit.Milliseconds(), Expected: priceOf(r.Expected), Low: priceOf(r.Low), High: priceOf(r.High), Sources: []priceSource{},
	}
	if r.Why != venue.Sure {
		out.Text = text.Say(l, "prices.doubt."+string(r.Why), nil)
	}
	if r.Price.IsPositive() {
		out.Spread = percentOf(r.Spread)
	}
	if r.Here.Price.IsPositive() {
		out.Bitbank = &bitbankPrice{priceOf(r.Here.Price), Stamp(r.Here.Stamp), Stamp(r.Here.At), ageMS(r.Here.At, now)}
	}
	if b := r.Basis; b.Samples > 0 {
		out.Basis = &priceBasis{b.Known, percentOf(b.Share), percentOf(b.Spread), b.Samples, Stamp(b.At), b.Frozen}
	}
	if r.Gap.Known {
		out.Gap = &priceGap{r.Gap.Percent.String(), r.Gap.Wide, priceOf(r.Gap.Line)}
	}
	for _, s := range r.Sources {
		one := priceSource{
			Venue: s.ID, Name: s.Name, State: s.State, Text: text.Say(l, "prices.state."+string(s.State), nil), Counted: s.Counted, Said: s.Said,
		}
		if q := s.Quote; !q.At.IsZero() {
			one.Price, one.Last, one.Bid, one.Ask = priceOf(q.Price()), priceOf(q.Last), priceOf(q.Bid), priceOf(q.Ask)
			one.Stamp, one.At, one.AgeMS = Stamp(q.Stamp), Stamp(q.At), ageMS(s.Since, now)
		}
		out.Sources = append(out.Sources, one)
	}
	return out
}

// priceOf is a price in a string; zero, which no price is, is left out.
func priceOf(d decimal.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// percentOf is a share as one.
func percentOf(share decimal.Decimal) string { return share.Shift(2).String() }

// ageMS is in milliseconds; of nothing it is zero and left out.
func ageMS(at, now time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(now.Sub(at), 0).Milliseconds()
}

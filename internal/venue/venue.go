package venue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A Venue is how the public ticker of another exchange is asked and read.
type Venue struct {
	ID   string // unique, such as venue1
	Name string // for people
	// URL holds {PAIR} (BTC_JPY), {pair} (btc_jpy), {BASE} or {base} where the pair goes. Without any it is about one pair alone:
	// the first of Pairs, or btc_jpy.
	URL string
	// Dot paths into the JSON answer, such as data.0.last. Last is required; Bid and Ask come together or not at all; without
	// Time the venue's own time is not known, and its quotes are as old as their arrival.
	Last, Bid, Ask, Time string
	// Pairs are those it lists, by bitbank's names. Empty: whether it lists a pair is found out by asking.
	Pairs []string
}

// only is the pair of an address that has no place for one.
const only = "btc_jpy"

// Address is where a pair's ticker is; ok is false when the venue has none.
func (v Venue) Address(pair string) (address string, ok bool) {
	listed := len(v.Pairs) == 0
	for _, p := range v.Pairs {
		listed = listed || p == pair
	}
	base, _, _ := strings.Cut(pair, "_")
	address = strings.NewReplacer(
		"{PAIR}", strings.ToUpper(pair), "{pair}", pair, "{BASE}", strings.ToUpper(base), "{base}", base,
	).Replace(v.URL)
	if address == v.URL {
		alone := only
		if len(v.Pairs) > 0 {
			alone = v.Pairs[0]
		}
		listed = pair == alone
	}
	return address, listed
}

// operator is who runs the venue, as far as its address tells: the registered part of its domain name. An address that is a
// number, or this machine, counts with its port, where a simulator keeps several.
func (v Venue) operator() string {
	u, err := url.Parse(v.URL)
	if err != nil {
		return v.URL
	}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	labels := strings.Split(name, ".")
	n := len(labels)
	if _, err := strconv.Atoi(labels[n-1]); err == nil || n < 2 || strings.Contains(name, ":") {
		return strings.ToLower(u.Host)
	}
	keep := 2
	if n > 2 && len(labels[n-1]) == 2 && len(labels[n-2]) <= 3 { // such as co.jp
		keep = 3
	}
	return strings.Join(labels[n-keep:], ".")
}

// A Quote is what one venue says of one pair.
type Quote struct {
	Venue string // its ID
	Pair  string
	Last  decimal.Decimal
	Bid   decimal.Decimal // zero, as Ask, when the venue does not tell
	Ask   decimal.Decimal
	Stamp time.Time // the venue's own time; zero when it does not tell
	At    time.Time // when the answer arrived, by our clock
}

// Price is the middle between bid and ask, which moves without a trade, or the last price where these are not told.
func (q Quote) Price() decimal.Decimal {
	if q.Bid.IsPositive() {
		return q.Bid.Add(q.Ask).Mul(half)
	}
	return q.Last
}

// half is exact, where a division would bring sixteen digits.
var half = decimal.New(5, -1)

// ErrNoPrice is the error of an answer that has no price where one should be, as of a pair that the venue does not list.
var ErrNoPrice = errors.New("no price where one should be")

// A price lies between these, in whatever currency: the cheapest coins cost some 1e-8 BTC, the dearest 1e8 yen.
var (
	cheapest = decimal.New(1, -12)
	dearest  = decimal.New(1, 12)
	// apart is how far the last price may lie outside of bid and ask before the answer contradicts itself.
	apart = decimal.New(5, -2)
)

// Read makes a quote of an answer that arrived at a time. Its errors say what is wrong with the answer; ErrNoPrice is among them.
func (v Venue) Read(pair string, body []byte, at time.Time) (Quote, error) {
	q := Quote{Venue: v.ID, Pair: pair, At: at}
	for _, f := range []struct {
		path string
		into *decimal.Decimal
	}{{v.Last, &q.Last}, {v.Bid, &q.Bid}, {v.Ask, &q.Ask}} {
		if f.path == "" {
			continue
		}
		text, err := Pick(body, f.path)
		if err != nil {
			return Quote{}, err
		}
		n, err := bitbank.ParseNumber(text)
		if err != nil {
			return Quote{}, fmt.Errorf("%w: %s is no number", ErrNoPrice, f.path)
		}
		*f.into = n.Decimal()
	}
	if v.Time != "" {
		text, err := Pick(body, v.Time)
		if err != nil {
			return Quote{}, err
		}
		if q.Stamp, err = stamp(text); err != nil {
			return Quote{}, err
		}
	}
	// Before a venue's clock is believed to be ahead, ours may be behind: either way nothing can be said of the age.
	if q.Stamp.Sub(at) > skew {
		return Quote{}, fmt.Errorf("its time %s is ahead of ours", q.Stamp.UTC().Format(time.RFC3339))
	}
	if err := q.check(v.Bid != ""); err != nil {
		return Quote{}, err
	}
	return q, nil
}

// check refuses what no market says.
func (q Quote) check(sided bool) error {
	absurd := func(p decimal.Decimal) bool { return p.LessThan(cheapest) || p.GreaterThan(dearest) }
	one := decimal.NewFromInt(1)
	switch {
	case absurd(q.Last):
		return fmt.Errorf("last is %s, which is no price", q.Last)
	case !sided:
		return nil
	case absurd(q.Bid) || absurd(q.Ask):
		return fmt.Errorf("bid is %s and ask %s, which are no prices", q.Bid, q.Ask)
	case q.Bid.GreaterThan(q.Ask):
		return fmt.Errorf("bid %s is above ask %s", q.Bid, q.Ask)
	case q.Last.LessThan(q.Bid.Mul(one.Sub(apart))) || q.Last.GreaterThan(q.Ask.Mul(one.Add(apart))):
		return fmt.Errorf("last %s is far from bid %s and ask %s", q.Last, q.Bid, q.Ask)
	}
	return nil
}

// Pick takes a text or a number out of JSON by a dot path such as data.0.last, as it is written there. What is not there is
// ErrNoPrice.
func Pick(body []byte, path string) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var at any
	if err := d.Decode(&at); err != nil {
		return "", fmt.Errorf("no JSON: %w", err)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(v) {
				return "", fmt.Errorf("%w: a list without %q of %s", ErrNoPrice, step, path)
			}
			at = v[n]
		default:
			return "", fmt.Errorf("%w: nothing at %q of %s", ErrNoPrice, step, path)
		}
	}
	switch v := at.(type) {
	case json.Number:
		return v.String(), nil
	case string:
		return v, nil
	}
	return "", fmt.Errorf("%w: nothing at %s", ErrNoPrice, path)
}

// stamp reads a venue's time: seconds or milliseconds since 1970, RFC 3339, or the same without a zone, which is UTC (bitFlyer's
// documents, "Ticker").
func stamp(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case n >= 1e8 && n < 1e11:
			return time.Unix(n, 0), nil
		case n >= 1e11 && n < 1e14:
			return time.UnixMilli(n), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time", text)
}

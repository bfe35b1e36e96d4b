package venue

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

// The three, as their public documents describe them.
var (
	flyer = Venue{ID: "venue1", Name: "bitFlyer", URL: "https://api.bitflyer.com/v1/ticker?product_code={PAIR}", Last: "ltp", Bid: "best_bid", Ask: "best_ask", Time: "timestamp"}
	check = Venue{ID: "venue2", Name: "Coincheck", URL: "https://coincheck.com/api/ticker?pair={pair}", Last: "last", Bid: "bid", Ask: "ask", Time: "timestamp"}
	gmo   = Venue{ID: "venue3", Name: "GMO Coin", URL: "https://api.coin.z.com/public/v1/ticker?symbol={BASE}", Last: "data.0.last", Bid: "data.0.bid", Ask: "data.0.ask", Time: "data.0.timestamp"}
)

const (
	flyerSays = `{"product_code":"BTC_JPY","state":"RUNNING","timestamp":"2026-11-25T02:59:59.97","tick_id":3579,"best_bid":14999000,"best_ask":15001000,"ltp":15000500,"volume":16819.26}`
	checkSays = `{"last":15000000.0,"bid":14999500.0,"ask":15000500.0,"high":15100000.0,"low":14900000.0,"volume":1500.25,"timestamp":1795575599}`
	gmoSays   = `{"status":0,"data":[{"ask":"15000600","bid":"15000000","high":"15100000","last":"15000200","low":"14900000","symbol":"BTC","timestamp":"2026-11-25T02:59:59.112Z","volume":"194.79"}],"responsetime":"2026-11-25T03:00:00.112Z"}`
)

func TestTheThreeTickersAreReadAsTheyAreDocumented(t *testing.T) {
	for _, c := range []struct {
		venue       Venue
		body        string
		price, last string
		late        time.Duration // of its own time, behind noon
		btc, xrp    string
	}{
		{flyer, flyerSays, "15000000", "15000500", 30 * time.Millisecond, "https://api.bitflyer.com/v1/ticker?product_code=BTC_JPY", "https://api.bitflyer.com/v1/ticker?product_code=XRP_JPY"},
		{check, checkSays, "15000000", "15000000", time.Second, "https://coincheck.com/api/ticker?pair=btc_jpy", "https://coincheck.com/api/ticker?pair=xrp_jpy"},
		{gmo, gmoSays, "15000300", "15000200", 888 * time.Millisecond, "https://api.coin.z.com/public/v1/ticker?symbol=BTC", "https://api.coin.z.com/public/v1/ticker?symbol=XRP"},
	} {
		q, err := c.venue.Read("btc_jpy", []byte(c.body), noon)
		if err != nil {
			t.Errorf("%s: %v", c.venue.Name, err)
			continue
		}
		if q.Price().String() != c.price || q.Last.String() != c.last || noon.Sub(q.Stamp) != c.late || q.Venue != c.venue.ID || q.Pair != "btc_jpy" || !q.At.Equal(noon) {
			t.Errorf("%s: %+v", c.venue.Name, q)
		}
		for pair, want := range map[string]string{"btc_jpy": c.btc, "xrp_jpy": c.xrp} {
			if got, ok := c.venue.Address(pair); got != want || !ok {
				t.Errorf("%s of %s: %q %v, want %q", c.venue.Name, pair, got, ok, want)
			}
		}
	}
}

func TestWhatNoMarketSaysIsNoQuote(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		none bool // ErrNoPrice
	}{
		"empty":                     {``, false},
		"a page":                    {`<html>`, false},
		"another shape":             {`{"success":false,"error":"invalid pair"}`, true},
		"null":                      {`{"last":null,"bid":1,"ask":2,"timestamp":1795575599}`, true},
		"a word":                    {`{"last":"NaN","bid":1,"ask":2,"timestamp":1795575599}`, true},
		"a million digits":          {`{"last":1e999999,"bid":1,"ask":2,"timestamp":1795575599}`, true},
		"zero":                      {`{"last":0,"bid":1,"ask":2,"timestamp":1795575599}`, false},
		"negative":                  {`{"last":-15000000,"bid":14999500,"ask":15000500,"timestamp":1795575599}`, false},
		"a bid of zero":             {`{"last":15000000,"bid":0,"ask":15000500,"timestamp":1795575599}`, false},
		"no ask":                    {`{"last":15000000,"bid":14999500,"timestamp":1795575599}`, true},
		"too dear":                  {`{"last":1e13,"bid":1e13,"ask":1e13,"timestamp":1795575599}`, false},
		"bid above ask":             {`{"last":15000000,"bid":15000500,"ask":14999500,"timestamp":1795575599}`, false},
		"last far from the book":    {`{"last":1500000,"bid":14999500,"ask":15000500,"timestamp":1795575599}`, false},
		"no time":                   {`{"last":15000000,"bid":14999500,"ask":15000500,"timestamp":"soon"}`, false},
		"time in another unit":      {`{"last":15000000,"bid":14999500,"ask":15000500,"timestamp":1}`, false},
		"time ahead by a minute":    {`{"last":15000000,"bid":14999500,"ask":15000500,"timestamp":1795575660}`, false},
		"a list where an object is": {`[1,2,3]`, true},
	} {
		q, err := check.Read("btc_jpy", []byte(c.body), noon)
		if err == nil || errors.Is(err, ErrNoPrice) != c.none || q != (Quote{}) {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}

func TestAnAddressWithoutAPlaceForAPairIsOfOnePairAlone(t *testing.T) {
	for _, c := range []struct {
		venue Venue
		pair  string
		want  bool
	}{
		{Venue{URL: "https://a.example/ticker"}, "btc_jpy", true},
		{Venue{URL: "https://a.example/ticker"}, "eth_jpy", false},
		{Venue{URL: "https://a.example/ticker", Pairs: []string{"eth_jpy"}}, "eth_jpy", true},
		{Venue{URL: "https://a.example/ticker", Pairs: []string{"eth_jpy"}}, "btc_jpy", false},
		{Venue{URL: "https://a.example/{base}", Pairs: []string{"eth_jpy"}}, "btc_jpy", false},
		{Venue{URL: "https://a.example/{base}"}, "mona_jpy", true},
	} {
		if _, got := c.venue.Address(c.pair); got != c.want {
			t.Errorf("%s %v of %s: %v, want %v", c.venue.URL, c.venue.Pairs, c.pair, got, c.want)
		}
	}
}

func TestOneOperatorIsRecognizedUnderManyNames(t *testing.T) {
	for a, b := range map[string]string{
		"https://api.bitflyer.com/v1/ticker": "https://lightning.bitflyer.com/v2",
		"https://api.example.co.jp/a":        "https://www.example.co.jp./b",
		"http://127.0.0.1:8120/v1":           "http://127.0.0.1:8120/v2",
	} {
		if x, y := (Venue{URL: a}).operator(), (Venue{URL: b}).operator(); x != y {
			t.Errorf("%s is run by %q, %s by %q", a, x, b, y)
		}
	}
	for a, b := range map[string]string{
		"https://api.bitflyer.com/v1/ticker": "https://coincheck.com/api/ticker",
		"https://a.co.jp/":                   "https://b.co.jp/",
		"http://127.0.0.1:8120/v1":           "http://127.0.0.1:8121/v1",
		"http://localhost:1/":                "http://localhost:2/",
	} {
		if x, y := (Venue{URL: a}).operator(), (Venue{URL: b}).operator(); x == y {
			t.Errorf("%s and %s are both run by %q", a, b, x)
		}
	}
}

// No answer of a stranger makes the reader fall over, or gives a price that is none.
func FuzzRead(f *testing.F) {
	for _, s := range []string{flyerSays, checkSays, gmoSays, `{"last":1e-99,"bid":"1","ask":[1]}`, strings.Repeat("[", 1000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []Venue{flyer, check, gmo, {ID: "x", Last: "last"}} {
			q, err := v.Read("btc_jpy", body, noon)
			if err == nil && (!q.Price().IsPositive() || q.Price().GreaterThan(dearest) || v.Bid != "" && q.Bid.GreaterThan(q.Ask)) {
				t.Errorf("%s makes %+v of %q", v.Name, q, body)
			}
		}
	})
}

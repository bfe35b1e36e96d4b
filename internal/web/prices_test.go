package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/secret"
	"hikeshi/internal/text"
	"hikeshi/internal/venue"
)

// A bourse is a board as of now.
type bourse struct{ board *venue.Board }

func (b bourse) References() (all []venue.Reference) {
	for _, pair := range []string{"btc_jpy", "eth_jpy", "xrp_jpy"} {
		all = append(all, b.board.Reference(pair, time.Minute, time.Now()))
	}
	return all
}

func (bourse) Public() []string { return []string{"btc_jpy", "eth_jpy"} }

// boursed is a dashboard over three venues and a board on which everything stands that can stand there.
func boursed(t *testing.T) http.Handler {
	t.Helper()
	var venues []venue.Venue
	for i, host := range []string{"one.com", "two.com", "three.com", "api.three.com"} {
		venues = append(venues, venue.Venue{ID: fmt.Sprint("v", i), Name: host, URL: "https://" + host + "/{pair}", Last: "last", Bid: "bid", Ask: "ask", Time: "at"})
	}
	b := venue.NewBoard(venues, decimal.NewFromInt(2))
	now := time.Now()
	say := func(id, pair string, price int, at time.Time) {
		body := fmt.Appendf(nil, `{"last":%d,"bid":%d,"ask":%d,"at":%d}`, price, price-1, price+1, at.UnixMilli())
		if err := b.Hear(id, pair, body, at); err != nil {
			t.Fatal(err)
		}
	}
	for k := range 6 {
		at := now.Add(time.Duration(k-6) * 6 * time.Second)
		for i, v := range venues {
			say(v.ID, "btc_jpy", 15_000_000+i, at)
		}
		b.Tell("btc_jpy", decimal.NewFromInt(15_015_000), at, at)
	}
	b.Tell("btc_jpy", decimal.NewFromInt(16_000_000), now, now)
	b.Dark(true)
	say("v0", "eth_jpy", 400_000, now)
	say("v1", "eth_jpy", 600_000, now.Add(-time.Hour/2))
	b.Hear("v2", "eth_jpy", []byte(`{"last":0,"bid":1,"ask":2,"at":1795575599}`), now) // refused
	b.Strike("v3", "eth_jpy")
	b.Miss("v0", "eth_jpy", "no answer: timeout")
	return New(Options{Source: &fake{snap: scenes(now)[0].snapshot(now)}, Log: slog.New(slog.DiscardHandler), Prices: bourse{b}, Token: secret.New(testToken)})
}

func TestPricesElsewhereAreAnsweredWithTheirSourcesAndAges(t *testing.T) {
	h := boursed(t)
	c := published(t, h)
	for _, l := range bothLangs {
		c.answers(t, h, "/api/v1/prices", l, with(testToken))
	}
	var got struct{ Pairs []Price }
	if err := json.Unmarshal([]byte(body(t, get(t, h, "/api/v1/prices?lang=en", with(testToken)))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Pairs) != 3 {
		t.Fatalf("%+v", got)
	}
	btc, eth, xrp := got.Pairs[0], got.Pairs[1], got.Pairs[2]
	if !btc.Known || btc.Price != "15000001" || btc.Why != "" || btc.Expected == "" || btc.Low == "" || btc.High == "" || !btc.Basis.Known || !btc.Basis.Frozen ||
		btc.Gap.Percent != "6.6667" || !btc.Gap.Wide || btc.Gap.Line != "2" || btc.Bitbank.Last != "16000000" || btc.AgeMS < 5000 || btc.Sources[3].State != venue.Same {
		t.Errorf("btc: %+v %+v %+v", btc, btc.Basis, btc.Gap)
	}
	if eth.Known || eth.Why != venue.Few || eth.Text != text.Say(text.English, "prices.doubt.few", nil) || eth.Price != "500000" || eth.AgeMS < 1_700_000 || eth.Gap != nil {
		t.Errorf("eth: %+v", eth)
	}
	for i, want := range []venue.State{venue.Fresh, venue.Old, venue.Refused, venue.Unlisted} {
		if s := eth.Sources[i]; s.State != want || s.Text == "prices.state."+string(want) || (s.Said != "") != (i == 0 || i == 2) {
			t.Errorf("eth at %s: %+v", s.Name, s)
		}
	}
	if xrp.Known || xrp.Price != "" || xrp.Why != venue.None || xrp.AgeMS != 0 || xrp.Sources[0].State != venue.Unasked {
		t.Errorf("xrp: %+v", xrp)
	}
}

// Which pairs the account has to do with is nobody's business without the token.
func TestWithoutTheTokenOnlyPairsOfTheConfigurationAreTold(t *testing.T) {
	h := boursed(t)
	c := published(t, h)
	for name, one := range map[string]struct {
		change []func(*http.Request)
		status int
		pairs  int
	}{
		"nobody":        {nil, http.StatusOK, 2},
		"the token":     {[]func(*http.Request){with(testToken)}, http.StatusOK, 3},
		"a wrong token": {[]func(*http.Request){with("wrong")}, http.StatusUnauthorized, 0},
		"a session":     {[]func(*http.Request){enter(t, h)}, http.StatusOK, 3},
	} {
		c.answers(t, h, "/api/v1/prices", text.Japanese, one.change...)
		r := get(t, h, "/api/v1/prices", one.change...)
		var got struct{ Pairs []Price }
		if err := json.Unmarshal([]byte(body(t, r)), &got); err != nil || r.StatusCode != one.status || len(got.Pairs) != one.pairs {
			t.Errorf("%s: %s with %d pairs, %v", name, r.Status, len(got.Pairs), err)
		}
	}
	none := handler(&fake{})
	published(t, none).answers(t, none, "/api/v1/prices", text.English)
	if r := get(t, none, "/api/v1/prices"); r.StatusCode != http.StatusNotFound {
		t.Errorf("without venues: %s", r.Status)
	}
}

// Every word that a venue, or a price, can be called has words for people.
func TestEveryStateOfAPriceHasWords(t *testing.T) {
	for _, s := range []venue.State{venue.Unasked, venue.Fresh, venue.Old, venue.Far, venue.Same, venue.Refused, venue.Unlisted} {
		if !text.Has("prices.state." + string(s)) {
			t.Errorf("no words for the state %s", s)
		}
	}
	for _, d := range []venue.Doubt{venue.None, venue.Stale, venue.Few, venue.Apart} {
		if !text.Has("prices.doubt." + string(d)) {
			t.Errorf("no words for the doubt %s", d)
		}
	}
}

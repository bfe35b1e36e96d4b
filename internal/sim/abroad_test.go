package sim

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A tickerAbroad is what all three have in common.
type tickerAbroad struct {
	last, bid, ask float64
	at             time.Time
}

// tickersAbroad asks the three for a pair.
func tickersAbroad(t *testing.T, s *Sim, pair string) map[string]tickerAbroad {
	t.Helper()
	read := func(host, path string, into any) {
		if err := json.Unmarshal([]byte(text(t, get(t, s, host, path))), into); err != nil {
			t.Fatalf("%s%s: %v", host, path, err)
		}
	}
	var flyer struct {
		At   string  `json:"timestamp"`
		Bid  float64 `json:"best_bid"`
		Ask  float64 `json:"best_ask"`
		Last float64 `json:"ltp"`
	}
	read("venue1", "/v1/ticker?product_code="+strings.ToUpper(pair), &flyer)
	flown, err := time.Parse("2006-01-02T15:04:05.999", flyer.At)
	if err != nil {
		t.Error(err)
	}
	var check struct {
		Last, Bid, Ask float64
		Timestamp      int64
	}
	read("venue2", "/api/ticker?pair="+pair, &check)
	var gmo struct {
		Data []struct {
			Last, Bid, Ask string
			Timestamp      time.Time
		}
	}
	read("venue3", "/public/v1/ticker?symbol="+strings.ToUpper(strings.TrimSuffix(pair, "_jpy")), &gmo)
	g := gmo.Data[0]
	return map[string]tickerAbroad{
		"venue1": {flyer.Last, flyer.Bid, flyer.Ask, flown},
		"venue2": {check.Last, check.Bid, check.Ask, time.Unix(check.Timestamp, 0)},
		"venue3": {mustFloat(t, g.Last), mustFloat(t, g.Bid), mustFloat(t, g.Ask), g.Timestamp},
	}
}

// near reports whether two prices are the same but for bases, noise and a second of market.
func near(a, b float64) bool { return math.Abs(a/b-1) < 2e-3 }

func TestTheMarketMovesEverywhereOrWhereItIsSaid(t *testing.T) {
	for _, c := range []struct {
		name, body string
		bitbank    float64            // change, as a factor
		venues     map[string]float64 // likewise; those that are missing do not change
	}{
		{"everywhere", `{"pair":"eth_jpy","move_percent":"-10","over_ms":4000}`, 0.9, map[string]float64{"venue1": 0.9, "venue2": 0.9, "venue3": 0.9}},
		{"at the venues", `{"pair":"eth_jpy","move_percent":"-10","over_ms":4000,"where":"venues"}`, 1, map[string]float64{"venue1": 0.9, "venue2": 0.9, "venue3": 0.9}},
		{"at one", `{"pair":"eth_jpy","move_percent":"50","where":"venue2"}`, 1, map[string]float64{"venue2": 1.5}},
		{"at bitbank", `{"pair":"eth_jpy","move_percent":"-10","over_ms":4000,"where":"bitbank"}`, 0.9, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := calm(t, Options{Seed: 7})
				go s.Play(t.Context())
				before, world := tickersAbroad(t, s, "eth_jpy"), priceHere(s, "eth_jpy")
				post(t, s, "/market", c.body)
				for second := range 8 { // that what is moved, or not, stays so
					wait(time.Second)
					if second < 4 {
						continue
					}
					after := tickersAbroad(t, s, "eth_jpy")
					if got := priceHere(s, "eth_jpy") / world; !near(got, c.bitbank) {
						t.Errorf("bitbank moved by %v, want %v", got, c.bitbank)
					}
					for host, was := range before {
						want := c.venues[host]
						if want == 0 {
							want = 1
						}
						if got := after[host].last / was.last; !near(got, want) {
							t.Errorf("%s moved by %v, want %v", host, got, want)
						}
					}
				}
				// From there they go together again.
				before = tickersAbroad(t, s, "eth_jpy")
				post(t, s, "/market", `{"pair":"eth_jpy","move_percent":"20"}`)
				wait(time.Second)
				for host, after := range tickersAbroad(t, s, "eth_jpy") {
					if got := after.last / before[host].last; !near(got, 1.2) {
						t.Errorf("%s follows by %v, want 1.2", host, got)
					}
				}
			})
		})
	}
}

// A move elsewhere and one at bitbank afterwards, as in an outage in which bitbank catches up, end at the same price.
func TestBitbankCatchesUpWithTheVenues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 7, Speed: 10})
		go s.Play(t.Context())
		post(t, s, "/market", `{"pair":"btc_jpy","move_percent":"-8","over_ms":20000,"where":"venues"}`)
		wait(3 * time.Second) // ten times faster
		post(t, s, "/market", `{"pair":"btc_jpy","move_percent":"-8","over_ms":10000,"where":"bitbank"}`)
		wait(3 * time.Second)
		for host, there := range tickersAbroad(t, s, "btc_jpy") {
			if here := priceHere(s, "btc_jpy"); math.Abs(there.last/here-1) > 1e-2 {
				t.Errorf("%s says %v, bitbank %v", host, there.last, here)
			}
		}
	})
}

func TestAVenueCanBeAbsurdStandStillOrCross(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 7})
		go s.Play(t.Context())
		post(t, s, "/market", `{"pair":"xrp_jpy","last":"1","where":"venue1"}`)
		post(t, s, "/venues/venue2", `{"frozen":true}`)
		post(t, s, "/venues/venue3", `{"crossed":true}`)
		still := tickersAbroad(t, s, "xrp_jpy")["venue2"]
		wait(10 * time.Second)
		now := tickersAbroad(t, s, "xrp_jpy")
		if a := now["venue1"]; a.last > 1.01 || a.last < 0.99 || time.Since(a.at) > time.Second {
			t.Errorf("venue1 says %+v", a)
		}
		if now["venue2"] != still || time.Since(still.at) < 9*time.Second {
			t.Errorf("venue2 says %+v, it stood at %+v", now["venue2"], still)
		}
		if now["venue3"].bid <= now["venue3"].ask {
			t.Errorf("venue3 says %+v", now["venue3"])
		}
		post(t, s, "/venues/venue2", `{"frozen":false}`)
		post(t, s, "/venues/venue3", `{"crossed":false}`)
		now = tickersAbroad(t, s, "xrp_jpy")
		if time.Since(now["venue2"].at) > time.Second || now["venue3"].bid >= now["venue3"].ask {
			t.Errorf("well again they say %+v", now)
		}
		post(t, s, "/reset", "")
		if a := tickersAbroad(t, s, "xrp_jpy")["venue1"]; a.last < 10 {
			t.Errorf("in a new world venue1 says %+v", a)
		}
	})
}

// Faults act on them as on every host.
func TestFaultsActOnVenues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 7})
		fault(t, s, `{"host":"venue1","effect":"status","status":200,"body":"{\"ltp\":0}","match":{"path":"/v1/ticker"}}`)
		fault(t, s, `{"host":"venue2","effect":"clock_skew","delay_ms":-600000}`)
		fault(t, s, `{"host":"venue3","effect":"status","status":429,"retry_after":9,"count":1}`)
		if got := text(t, get(t, s, "venue1", "/v1/ticker")); got != `{"ltp":0}` {
			t.Errorf("venue1 says %s", got)
		}
		if r := get(t, s, "venue3", "/public/v1/ticker?symbol=BTC"); r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "9" {
			t.Errorf("venue3 says %s", r.Status)
		}
		var check struct{ Timestamp int64 }
		if err := json.Unmarshal([]byte(text(t, get(t, s, "venue2", "/api/ticker"))), &check); err != nil || time.Since(time.Unix(check.Timestamp, 0)) < 9*time.Minute {
			t.Errorf("venue2 is at %d, %v", check.Timestamp, err)
		}
	})
}

// priceHere is bitbank's own, while the market is played.
func priceHere(s *Sim, pair string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.x.Market().Price(pair)
}

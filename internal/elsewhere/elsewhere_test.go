package elsewhere

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/resilience"
	"hikeshi/internal/venue"
)

// A world is three venues and bitbank without a network.
type world struct {
	mu    sync.Mutex
	price float64
	asked map[string][]time.Time // by host and pair
	does  map[string]func(*http.Request) (*http.Response, error)
	wants []Want
	dark  bool
}

func newWorld(wants ...Want) *world {
	return &world{price: 10_000, asked: map[string][]time.Time{}, does: map[string]func(*http.Request) (*http.Response, error){}, wants: wants}
}

func (x *world) set(change func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change()
}

func says(status int, body string, headers ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (x *world) ticker(host string) string {
	apart := 1 + map[string]float64{"v1": 0.0001, "v2": -0.0001, "v3": 0}[host]
	return fmt.Sprintf(`{"last":"%.2f","bid":"%.2f","ask":"%.2f","at":%d}`, x.price*apart, x.price*apart*0.9999, x.price*apart*1.0001, time.Now().UnixMilli())
}

// RoundTrip answers as the host does, or well.
func (x *world) RoundTrip(r *http.Request) (*http.Response, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	host, pair := r.URL.Host[:2], r.URL.Query().Get("p")
	x.asked[host] = append(x.asked[host], time.Now())
	x.asked[host+"/"+pair] = append(x.asked[host+"/"+pair], time.Now())
	if do := x.does[host]; do != nil {
		return do(r)
	}
	if pair == "doge_jpy" && host == "v3" {
		return says(http.StatusBadRequest, `{"error":"invalid pair"}`)
	}
	return says(http.StatusOK, x.ticker(host))
}

// busiest is the most that a host, or a host's pair, was asked within any length of time.
func (x *world) busiest(of string, length time.Duration) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	best := 0
	for i, from := range x.asked[of] {
		n := 0
		for _, t := range x.asked[of][i:] {
			if t.Sub(from) < length {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

func (x *world) count(of string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.asked[of])
}

func (x *world) options(heard string) Options {
	o := Options{
		Line: decimal.NewFromInt(2), HTTP: x, HurryPerMinute: 60, Rand: rand.New(rand.NewPCG(1, 2)),
		Wants: func() []Want { x.mu.Lock(); defer x.mu.Unlock(); return slices.Clone(x.wants) },
		Dark:  func() bool { x.mu.Lock(); defer x.mu.Unlock(); return x.dark },
		Allow: func(time.Time) bool { return true },
		Tickers: func(context.Context) ([]bitbank.Ticker, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.dark {
				return nil, errors.New("bitbank is dark")
			}
			n, err := bitbank.ParseNumber(fmt.Sprintf("%.2f", x.price*1.001))
			return []bitbank.Ticker{{Pair: "xrp_jpy", Last: n, At: bitbank.Millis(time.Now().UnixMilli())}}, err
		},
	}
	budget := resilience.NewBudget(func(string) resilience.Limit { return resilience.Limit{PerMinute: 6, Burst: 6} })
	for _, id := range []string{"v1", "v2", "v3"} {
		o.Places = append(o.Places, Place{
			Venue: venue.Venue{ID: id, Name: id, URL: "https://" + id + "place.com/ticker?p={pair}", Last: "last", Bid: "bid", Ask: "ask", Time: "at"},
			Heard: heard, Allow: func(now time.Time) bool { return budget.Allow(id, now) },
		})
	}
	return o
}

// run lets a watch run in the bubble until the test ends.
func run(t *testing.T, o Options) *Watch {
	t.Helper()
	w := New(o)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-over })
	return w
}

func TestInCalmAVenueIsAskedSixTimesAMinuteAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy"}, Want{Pair: "xrp_jpy", Urgent: true}, Want{Pair: "eth_jpy"})
		w := run(t, x.options(""))
		for minute := range 30 {
			time.Sleep(time.Minute)
			if r := w.Reference("btc_jpy"); !r.Known || time.Since(r.At) > 15*time.Second {
				t.Fatalf("after %d minutes: %+v", minute+1, r)
			}
			if r := w.Reference("xrp_jpy"); minute > 3 && !r.Known {
				t.Fatalf("after %d minutes: %+v", minute+1, r)
			}
		}
		for _, host := range []string{"v1", "v2", "v3"} {
			if got := x.busiest(host, time.Minute); got > 6 {
				t.Errorf("%s was asked %d times in a minute", host, got)
			}
		}
		if r := w.Reference("xrp_jpy"); !r.Basis.Known || !r.Basis.Share.Round(4).Equal(decimal.New(1, -3)) || !r.Gap.Known || r.Gap.Wide {
			t.Errorf("%+v", r)
		}
		if all := w.References(); len(all) != 3 || all[0].Pair != "btc_jpy" || all[2].Pair != "xrp_jpy" {
			t.Errorf("%d references", len(all))
		}
	})
}

// What the watch hears need not be asked again; the rest of its budget is for the others.
func TestWhatTheWatchHearsIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy"}, Want{Pair: "xrp_jpy"})
		o := x.options("btc_jpy")
		w := run(t, o)
		for range 10 * 5 {
			time.Sleep(steady)
			for _, p := range o.Places {
				if p.Allow(time.Now()) {
					x.set(func() { x.asked[p.ID] = append(x.asked[p.ID], time.Now()) })
					w.Hear(p.ID, "btc_jpy", []byte(x.ticker(p.ID)), time.Now())
				}
			}
			w.Tell("btc_jpy", decimal.NewFromInt(10_050), time.Now(), time.Now())
		}
		for _, host := range []string{"v1", "v2", "v3"} {
			if got := x.busiest(host, time.Minute); got > 6 {
				t.Errorf("%s was asked %d times in a minute", host, got)
			}
			if asked, looks := x.count(host+"/btc_jpy"), x.count(host); asked != 0 || looks < 10*5-2 {
				t.Errorf("%s was asked %d times for what it had said, and the watch looked %d times", host, asked, looks)
			}
		}
		for pair, want := range map[string]bool{"btc_jpy": true, "xrp_jpy": true, "eth_jpy": false} {
			if r := w.Reference(pair); r.Known != want {
				t.Errorf("%s: %+v", pair, r)
			}
		}
		if r := w.Reference("btc_jpy"); !r.Basis.Known || !r.Gap.Percent.Equal(decimal.RequireFromString("0.5")) {
			t.Errorf("%+v", r)
		}
	})
}

func TestInTheDarkOnlyWhatSomethingDependsOnIsAskedMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy"}, Want{Pair: "xrp_jpy"}, Want{Pair: "eth_jpy"})
		w := run(t, x.options(""))
		time.Sleep(10 * time.Minute)
		x.set(func() { x.dark, x.price, x.asked = true, 9_000, map[string][]time.Time{} })
		time.Sleep(10 * time.Minute)
		if got := x.busiest("v1", time.Minute); got > 6 {
			t.Errorf("nothing depends on it, and v1 was asked %d times in a minute", got)
		}
		x.set(func() { x.wants[1].Urgent, x.wants[0].Urgent = true, true })
		time.Sleep(5 * time.Second)
		for range 60 {
			time.Sleep(time.Second)
			for _, pair := range []string{"btc_jpy", "xrp_jpy"} {
				if r := w.Reference(pair); !r.Known || r.Limit != 5*time.Second || time.Since(r.At) > 4*time.Second || !r.Gap.Known && pair == "xrp_jpy" {
					t.Fatalf("%s: %+v", pair, r)
				}
			}
		}
		if got := x.busiest("v1", time.Minute); got > 66 {
			t.Errorf("v1 was asked %d times in a minute", got)
		}
		if got := x.busiest("v1/xrp_jpy", 10*time.Second); got > 6 {
			t.Errorf("v1 was asked %d times for one pair in ten seconds", got)
		}
		if r := w.Reference("xrp_jpy"); !r.Gap.Wide || !r.Basis.Frozen {
			t.Errorf("%+v", r)
		}
		x.set(func() { x.dark = false })
		time.Sleep(time.Minute)
		x.set(func() { x.asked = map[string][]time.Time{} })
		time.Sleep(10 * time.Minute)
		if got := x.busiest("v1", time.Minute); got > 6 {
			t.Errorf("in calm again v1 was asked %d times in a minute", got)
		}
	})
}

func TestAVenueThatFailsIsLeftAloneAndComesBack(t *testing.T) {
	long := strings.Repeat("1", most+1)
	for name, do := range map[string]func(*http.Request) (*http.Response, error){
		"refuses":      func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"is silent":    func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded },
		"is ill":       func(*http.Request) (*http.Response, error) { return says(http.StatusBadGateway, "<html>") },
		"shows a page": func(*http.Request) (*http.Response, error) { return says(http.StatusOK, "<html>") },
		"never ends":   func(*http.Request) (*http.Response, error) { return says(http.StatusOK, `{"last":`+long+`}`) },
		"sends elsewhere": func(*http.Request) (*http.Response, error) {
			return says(http.StatusFound, "", "Location", "https://v1place.com/")
		},
		"is crossed": func(*http.Request) (*http.Response, error) {
			return says(http.StatusOK, fmt.Sprintf(`{"last":"1","bid":"2","ask":"1","at":%d}`, time.Now().UnixMilli()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newWorld(Want{Pair: "btc_jpy", Urgent: true})
				x.dark = true
				w := run(t, x.options("btc_jpy"))
				time.Sleep(10 * time.Second)
				if r := w.Reference("btc_jpy"); !r.Known {
					t.Fatalf("%+v", r)
				}
				x.set(func() { x.asked, x.does["v3"] = map[string][]time.Time{}, do })
				time.Sleep(5 * time.Minute)
				r := w.Reference("btc_jpy")
				if r.Known || r.Sources[2].State == venue.Fresh || r.Sources[2].Said == "" || !r.Sources[0].Counted || !r.Sources[1].Counted {
					t.Errorf("%+v", r)
				}
				if n := x.count("v3"); n < 5 || n > 30 {
					t.Errorf("it was asked %d times in five minutes", n)
				}
				x.set(func() { delete(x.does, "v3") })
				time.Sleep(calmMost + 5*time.Second)
				if r := w.Reference("btc_jpy"); !r.Known || r.Sources[2].Said != "" {
					t.Errorf("well again: %+v", r)
				}
			})
		})
	}
}

// A venue that hangs does not keep the others waiting, nor the end.
func TestAVenueThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy", Urgent: true})
		x.dark = true
		o := x.options("btc_jpy")
		o.HTTP = hanging{x}
		w := run(t, o)
		time.Sleep(20 * time.Second)
		r := w.Reference("btc_jpy")
		if !r.Sources[0].Counted || !r.Sources[1].Counted || r.Sources[2].Counted || !strings.HasPrefix(r.Sources[2].Said, "no answer") {
			t.Errorf("%+v", r)
		}
	})
}

// hanging is a world whose third venue takes requests and says nothing.
type hanging struct{ *world }

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Host, "v3") {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.world.RoundTrip(r)
}

func TestAVenueThatIsAskedTooMuchIsLeftAloneForAsLongAsItSays(t *testing.T) {
	for header, want := range map[string]time.Duration{"20": 20 * time.Second, "": time.Minute, "soon": time.Minute, "99999": 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			x := newWorld(Want{Pair: "btc_jpy", Urgent: true})
			x.dark = true
			x.does["v2"] = func(*http.Request) (*http.Response, error) {
				return says(http.StatusTooManyRequests, "", "Retry-After", header)
			}
			run(t, x.options("btc_jpy"))
			time.Sleep(want - time.Second)
			if n := x.count("v2"); n != 1 {
				t.Errorf("%q: it was asked %d times meanwhile", header, n)
			}
			time.Sleep(2 * time.Second)
			if n := x.count("v2"); n != 2 {
				t.Errorf("%q: it was asked %d times afterwards", header, n)
			}
		})
	}
}

// A pair that a venue does not list is no failure: the other pairs of it go on, and it is asked again after an hour.
func TestAPairThatIsNotListedIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy", Urgent: true}, Want{Pair: "doge_jpy", Urgent: true})
		x.dark = true
		w := run(t, x.options("btc_jpy"))
		time.Sleep(59 * time.Minute)
		if n := x.count("v3/doge_jpy"); n != 1 {
			t.Errorf("it was asked %d times for what it does not list", n)
		}
		if r := w.Reference("doge_jpy"); r.Known || r.Why != venue.Few || r.Sources[2].State != venue.Unlisted || r.Price.IsZero() {
			t.Errorf("%+v", r)
		}
		if r := w.Reference("btc_jpy"); !r.Known {
			t.Errorf("%+v", r)
		}
		time.Sleep(2 * time.Minute)
		if n := x.count("v3/doge_jpy"); n != 2 {
			t.Errorf("an hour later it was asked %d times", n)
		}
	})
}

// Many held coins are traded nowhere else: their turns go to those that are, but for one in an hour.
func TestPairsThatNobodyListsTakeNoTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wants := []Want{{Pair: "btc_jpy"}, {Pair: "xrp_jpy"}}
		for i := range 20 {
			wants = append(wants, Want{Pair: fmt.Sprintf("none%d_jpy", i)})
		}
		x := newWorld(wants...)
		nowhere := func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Query().Get("p"), "none") {
				return says(http.StatusNotFound, "")
			}
			return says(http.StatusOK, x.ticker(r.URL.Host[:2]))
		}
		x.does["v1"], x.does["v2"], x.does["v3"] = nowhere, nowhere, nowhere
		w := run(t, x.options("btc_jpy"))
		time.Sleep(time.Hour)
		x.set(func() { x.asked = map[string][]time.Time{} })
		time.Sleep(6 * time.Hour)
		if got := x.count("v1/xrp_jpy"); got < 6*48-10 {
			t.Errorf("what is listed was asked %d times in six hours", got)
		}
		if got := x.count("v1"); got < 6*48-10 || got > 6*48+1 {
			t.Errorf("v1 was asked %d times in six hours", got)
		}
		if r := w.Reference("xrp_jpy"); !r.Known || r.Limit != 2*turn {
			t.Errorf("%+v", r)
		}
	})
}

// A venue in maintenance answers without a price: that may be so of a pair that it lists, so it is asked again soon.
func TestAnAnswerWithoutAPriceIsAskedForAgainSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(Want{Pair: "btc_jpy", Urgent: true})
		x.dark = true
		x.does["v2"] = func(*http.Request) (*http.Response, error) { return says(http.StatusOK, `{"status":5,"messages":[]}`) }
		w := run(t, x.options("btc_jpy"))
		time.Sleep(unpricedFor)
		if n := x.count("v2"); n != 1 {
			t.Errorf("it was asked %d times meanwhile", n)
		}
		x.set(func() { delete(x.does, "v2") })
		time.Sleep(5 * time.Second)
		if r := w.Reference("btc_jpy"); !r.Known {
			t.Errorf("%+v", r)
		}
	})
}

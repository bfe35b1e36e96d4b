package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/gateway"
	"hikeshi/internal/probe"
	"hikeshi/internal/sim"
	"hikeshi/internal/sim/memnet"
	"hikeshi/internal/venue"
	"hikeshi/internal/watch"
)

// A holder is an account with a margin position, if it has one.
type holder struct {
	mu     sync.Mutex
	urgent bool
}

func (h *holder) Wants() []account.Want {
	h.mu.Lock()
	defer h.mu.Unlock()
	return []account.Want{{Pair: "btc_jpy", Urgent: h.urgent}, {Pair: "eth_jpy", Urgent: h.urgent}, {Pair: "doge_jpy"}}
}

func (h *holder) State(string) gateway.State { return gateway.State{Trading: "open"} }

// A street is a simulated world on a network in memory, and the watch and the prices of the shipped configuration in it.
type street struct {
	t    *testing.T
	sim  *sim.Sim
	app  *App
	held *holder
}

func newStreet(t *testing.T) *street {
	t.Helper()
	world := memnet.New(memnet.Options{Seed: 5, Families: []probe.Family{probe.IPv4}, Second: config.Default().Checks.Second})
	bitbank, err := sim.New(sim.Options{Seed: 5, TLS: true, Refused: world.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	served, err := world.Carry(bitbank, 443)
	if err != nil {
		t.Fatal(err)
	}
	world.Add("ntp", []string{config.Default().Checks.Server})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { bitbank.Play(ctx) })

	cfg := config.Default()
	cfg.DataDir, cfg.CAFile = "", filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(cfg.CAFile, bitbank.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	wo, err := WatchOptions(cfg, Options{Machine: world, hear: a.hear})
	if err != nil {
		t.Fatal(err)
	}
	a.watch = watch.New(wo)
	if err := a.openPrices(wo.Budget, byName(world)); err != nil {
		t.Fatal(err)
	}
	s := &street{t, bitbank, a, &holder{}}
	a.prices.account = s.held
	running.Go(func() { a.watch.Run(ctx) })
	running.Go(func() { a.followPrices(ctx) })
	t.Cleanup(func() {
		stop()
		bitbank.Close()
		world.Close()
		served.Wait()
		running.Wait()
	})
	return s
}

// byName dials names in a network that dials addresses.
func byName(world *memnet.Network) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		name, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		addrs, err := world.Lookup(ctx, "", "ip4", name)
		if err != nil {
			return nil, err
		}
		return world.DialContext(ctx, "tcp4", net.JoinHostPort(addrs[0].String(), port))
	}
}

func (s *street) post(path, body string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sim.Handler(sim.Control).ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	if w.Code != http.StatusOK {
		s.t.Fatalf("POST %s %s: %s", path, body, w.Body)
	}
}

// busiest is the most that a host was asked in a minute, since a time.
func (s *street) busiest(host string, since time.Time) int {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sim.Handler(sim.Control).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/truth", nil))
	var truth struct{ Requests []sim.Request }
	if err := json.Unmarshal(w.Body.Bytes(), &truth); err != nil {
		s.t.Fatal(err)
	}
	var at []time.Time
	for _, r := range truth.Requests {
		if r.Host == host && r.Time.After(since) {
			at = append(at, r.Time)
		}
	}
	best := 0
	for i := range at {
		n := 0
		for _, x := range at[i:] {
			if x.Sub(at[i]) < time.Minute {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

var venues = []string{"venue1", "venue2", "venue3"}

func (s *street) dark() {
	for _, host := range []string{"public", "private", "stream", "pubnub", "web", "app"} {
		s.post("/faults", `{"host":"`+host+`","effect":"refuse"}`)
	}
}

// within reports whether a price is as far from another as it should be, in percent, but for what the market moves of itself.
func within(got, of decimal.Decimal, percent string) bool {
	change := got.Sub(of).Mul(decimal.NewFromInt(100)).DivRound(of, 4)
	return change.Sub(decimal.RequireFromString(percent)).Abs().LessThan(decimal.RequireFromString("1.5"))
}

// The story of an outage: prices are known in calm, six requests a minute bring them; bitbank goes dark, the price falls elsewhere,
// and it is known as soon as something depends on it; one venue that lies moves nothing.
func TestAPriceThatFallsElsewhereIsKnownWhileBitbankIsDark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t)
		began := time.Now()
		time.Sleep(12 * time.Minute)
		for _, pair := range []string{"btc_jpy", "eth_jpy", "xrp_jpy"} {
			r := s.app.prices.Reference(pair)
			if !r.Known || r.Basis.Samples == 0 || !r.Gap.Known || r.Gap.Wide || !within(r.Here.Price, r.Price, "0") {
				t.Errorf("in calm: %+v", r)
			}
		}
		calm := s.app.prices.Reference("btc_jpy")
		if time.Since(calm.At) > 20*time.Second || !calm.Basis.Known {
			t.Errorf("btc_jpy: %+v", calm)
		}
		if r := s.app.prices.Reference("doge_jpy"); r.Known || r.Sources[0].State != venue.Unlisted {
			t.Errorf("what is traded at bitbank alone: %+v", r)
		}

		s.dark()
		s.post("/market", `{"pair":"btc_jpy","move_percent":"-8","over_ms":20000,"where":"venues"}`)
		time.Sleep(5 * time.Minute)
		for _, host := range append(venues, "public") {
			if n, limit := s.busiest(host, began), map[bool]int{true: 60, false: 6}[host == "public"]; n > limit {
				t.Errorf("%s was asked %d times in a minute, and nothing depends on it", host, n)
			}
		}
		if r := s.app.prices.Reference("btc_jpy"); r.Known && r.Limit != 5*time.Second || !r.Basis.Frozen || !within(r.Price, calm.Price, "-8") {
			t.Errorf("nothing depends on it: %+v", r)
		}

		s.held.mu.Lock()
		s.held.urgent = true
		s.held.mu.Unlock()
		hurried := time.Now()
		time.Sleep(5 * time.Second)
		for range 120 {
			time.Sleep(time.Second)
			r := s.app.prices.Reference("btc_jpy")
			if !r.Known || r.Limit != 5*time.Second || time.Since(r.At) > 5*time.Second || !within(r.Price, calm.Price, "-8") || !r.Gap.Wide || !r.Basis.Frozen ||
				r.Low.GreaterThan(r.Expected) || r.High.LessThan(r.Expected) {
				t.Fatalf("in the dark: %+v", r)
			}
			if eth := s.app.prices.Reference("eth_jpy"); !eth.Known {
				t.Fatalf("in the dark: %+v", eth)
			}
		}
		for _, host := range venues {
			if n := s.busiest(host, hurried); n < 50 || n > 66 {
				t.Errorf("%s was asked %d times in a minute of the dark", host, n)
			}
		}

		for _, wrong := range []struct{ path, body string }{
			{"/market", `{"pair":"btc_jpy","last":"1","where":"venue2"}`},
			{"/market", `{"pair":"btc_jpy","last":"99000000","where":"venue2"}`},
			{"/venues/venue2", `{"frozen":true}`},
			{"/venues/venue2", `{"crossed":true}`},
			{"/faults", `{"host":"venue2","effect":"html"}`},
			{"/faults", `{"host":"venue2","effect":"refuse"}`},
			{"/faults", `{"host":"venue2","effect":"clock_skew","delay_ms":-3600000}`},
			{"/faults", `{"host":"venue2","effect":"status","status":200,"body":"{\"last\":0}"}`},
		} {
			s.post(wrong.path, wrong.body)
			time.Sleep(12 * time.Second)
			if r := s.app.prices.Reference("btc_jpy"); r.Known || !within(r.Price, calm.Price, "-8") {
				t.Errorf("venue2 with %s: %+v", wrong.body, r)
			}
			s.post("/venues/venue2", `{"frozen":false,"crossed":false}`)
			s.post("/market", `{"pair":"btc_jpy","last":"`+s.app.prices.Reference("btc_jpy").Sources[0].Quote.Last.String()+`","where":"venue2"}`)
			s.lift("venue2")
			time.Sleep(35 * time.Second)
			if r := s.app.prices.Reference("btc_jpy"); !r.Known {
				t.Fatalf("after %s: %+v", wrong.body, r)
			}
		}

		s.lift("")
		s.post("/market", `{"pair":"btc_jpy","move_percent":"-8","over_ms":1000,"where":"bitbank"}`)
		time.Sleep(3 * time.Minute)
		back := time.Now()
		time.Sleep(3 * time.Minute)
		if r := s.app.prices.Reference("btc_jpy"); !r.Known || r.Basis.Frozen || r.Gap.Wide {
			t.Errorf("in the light again: %+v", r)
		}
		for _, host := range venues {
			if n := s.busiest(host, back); n > 6 {
				t.Errorf("%s was asked %d times in a minute of calm", host, n)
			}
		}
	})
}

// lift ends the faults of a host, or of all.
func (s *street) lift(host string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sim.Handler(sim.Control).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/faults", nil))
	var got struct{ Faults []sim.Fault }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		s.t.Fatal(err)
	}
	for _, f := range got.Faults {
		if host == "" || f.Host == host {
			s.sim.Handler(sim.Control).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/faults/"+f.ID, nil))
		}
	}
}

func TestVenuesAreThoseOfTheConfiguration(t *testing.T) {
	cfg := config.Default()
	cfg.Hosts[probe.Venue1] = config.Host{URL: "off"}
	cfg.Hosts[probe.Venue2] = config.Host{URL: "https://two.example/{pair}", Name: "Two", Ticker: "last", Pairs: []string{"eth_jpy"}}
	cfg.Prices.Venues = []config.Venue{{Name: "Four", URL: "https://four.example/{BASE}", Ticker: "x", Bid: "b", Ask: "a", Time: "t"}}
	watched, others := venuesOf(cfg)
	if len(watched) != 2 || watched[0].Name != "Two" || watched[1].ID != "venue3" || len(others) != 1 || others[0].ID != "prices/Four" || others[0].Time != "t" {
		t.Errorf("%+v %+v", watched, others)
	}
	if address, pair := lookedAt(watched[0]); address != "https://two.example/eth_jpy" || pair != "eth_jpy" {
		t.Errorf("the watch looks at %s of %s", pair, address)
	}
	po, err := probeOptions(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := po.Places[probe.Venue3].URL; got != "https://api.coin.z.com/public/v1/ticker?symbol=BTC" {
		t.Errorf("the watch looks at %s", got)
	}
	for role := range cfg.Hosts {
		cfg.Hosts[role] = config.Host{URL: "off"}
	}
	cfg.Prices.Venues = nil
	a := &App{cfg: cfg, log: slog.New(slog.DiscardHandler), watch: watch.New(watch.Options{})}
	if err := a.openPrices(nobody{}, nil); err != nil || a.prices != nil {
		t.Errorf("without venues: %v, %v", a.prices, err)
	}
	cfg.Prices.GapPercent, cfg.Prices.Venues = "x", []config.Venue{{Name: "A", URL: "https://a.example", Ticker: "x"}}
	a.cfg = cfg
	if err := a.openPrices(nobody{}, nil); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a gap that is no number: %v", err)
	}
}

type nobody struct{}

func (nobody) Allow(string, time.Time) bool { return false }

package app

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/diagnose"
	"hikeshi/internal/elsewhere"
	"hikeshi/internal/gateway"
	"hikeshi/internal/probe"
	"hikeshi/internal/resilience"
	"hikeshi/internal/venue"
)

// prices are what coins cost at other exchanges, and what the rest of the program says for it: whether bitbank is dark, which
// pairs are wanted, and bitbank's own price of the pair that the watch looks at.
type prices struct {
	*elsewhere.Watch
	public []string // pairs that the configuration names
	// account is what the account depends on; nil without one.
	account interface {
		Wants() []account.Want
		State(bot string) gateway.State
	}

	mu    sync.Mutex // guards what follows
	wants []elsewhere.Want
	dark  bool
	told  time.Time // of the newest look at bitbank's ticker
}

// looked is the pair that the watch looks at, at every venue whose address has a place for it: all of them list it.
const looked = "btc_jpy"

// venuesOf are the venues that cfg names, in the order in which they are shown: those that the watch looks at, and the others.
func venuesOf(cfg config.Config) (watched, others []venue.Venue) {
	for _, role := range []probe.Host{probe.Venue1, probe.Venue2, probe.Venue3} {
		if h := cfg.Hosts[role]; h.URL != "" && h.URL != "off" {
			watched = append(watched, venue.Venue{
				ID: string(role), Name: h.Name, URL: h.URL, Last: h.Ticker, Bid: h.Bid, Ask: h.Ask, Time: h.Time, Pairs: h.Pairs,
			})
		}
	}
	for _, x := range cfg.Prices.Venues {
		others = append(others, venue.Venue{
			ID: "prices/" + x.Name, Name: x.Name, URL: x.URL, Last: x.Ticker, Bid: x.Bid, Ask: x.Ask, Time: x.Time, Pairs: x.Pairs,
		})
	}
	return watched, others
}

// lookedAt is the address that the watch looks at, and the pair that it is about.
func lookedAt(v venue.Venue) (address, pair string) {
	if address, ok := v.Address(looked); ok {
		return address, looked
	}
	// A venue of other pairs: its first one.
	address, _ = v.Address(v.Pairs[0])
	return address, v.Pairs[0]
}

// An allower counts a request, or refuses it.
type allower interface {
	Allow(key string, now time.Time) bool
}

// hear hands what the watch has heard from a venue to the prices.
func (a *App) hear(role probe.Host, pair string, body []byte, at time.Time) {
	if a.prices != nil {
		a.prices.Hear(string(role), pair, body, at)
	}
}

// openPrices builds the prices. budget is the watch's: together they ask a venue no more than it allows.
func (a *App) openPrices(budget allower, dial func(ctx context.Context, network, addr string) (net.Conn, error)) error {
	cfg := a.cfg
	watched, others := venuesOf(cfg)
	if len(watched)+len(others) == 0 {
		return nil
	}
	transport, err := transport(cfg)
	if err != nil {
		return err
	}
	if dial != nil {
		transport.DialContext = dial
	}
	line, err := decimal.NewFromString(cfg.Prices.GapPercent)
	if err != nil {
		return err
	}
	p := &prices{public: pairsOf(cfg)}
	if a.account != nil {
		p.account = a.account
	}
	o := elsewhere.Options{
		Line: line, HurryPerMinute: cfg.Prices.HurryPerMinute, HTTP: transport, Log: a.log,
		Rand:  rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		Wants: p.wanted, Dark: p.isDark,
		Allow: func(now time.Time) bool { return budget.Allow(string(probe.Public), now) },
	}
	for _, v := range watched {
		_, heard := lookedAt(v)
		o.Places = append(o.Places, elsewhere.Place{
			Venue: v, Heard: heard, Allow: func(now time.Time) bool { return budget.Allow(v.ID, now) },
		})
	}
	own := resilience.NewBudget(func(string) resilience.Limit {
		return resilience.Limit{PerMinute: cfg.Budget.NeutralPerMinute, Burst: cfg.Budget.NeutralPerMinute}
	})
	for _, v := range others {
		o.Places = append(o.Places, elsewhere.Place{Venue: v, Allow: func(now time.Time) bool { return own.Allow(v.ID, now) }})
	}
	if public := cfg.Hosts[probe.Public].URL; public != "off" {
		client, err := bitbank.New(bitbank.Options{PublicURL: public, HTTP: &http.Client{Transport: transport}})
		if err != nil {
			return err
		}
		o.Tickers = client.Tickers
	}
	p.Watch = elsewhere.New(o)
	p.see(a, time.Now())
	a.prices = p
	return nil
}

// pairsOf are the pairs that the owner has named, and the one that is looked at anyway.
func pairsOf(cfg config.Config) []string {
	if slices.Contains(cfg.Pairs, looked) {
		return cfg.Pairs
	}
	return append([]string{looked}, cfg.Pairs...)
}

// Public implements web.Prices.
func (p *prices) Public() []string { return p.public }

func (p *prices) wanted() []elsewhere.Want {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wants
}

func (p *prices) isDark() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dark
}

const (
	// seeEach is how often it is looked how bitbank stands and what is wanted.
	seeEach = 500 * time.Millisecond
	// silentFor is three looks at bitbank's ticker that saw nothing: then its price is no price of now.
	silentFor = 6 * time.Second
)

// followPrices asks the venues until ctx ends, and keeps what they depend on.
func (a *App) followPrices(ctx context.Context) error {
	over := make(chan struct{})
	go func() {
		defer close(over)
		a.prices.Run(ctx) // it ends with ctx, and has no error but that
	}()
	tick := time.NewTicker(seeEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			<-over
			return nil
		case now := <-tick.C:
			a.prices.see(a, now)
		}
	}
}

// see takes how bitbank stands from the watch and the account.
func (p *prices) see(a *App, now time.Time) {
	snap := a.watch.Snapshot()
	ticker, looking := snap.Round.Signals[probe.PublicTicker]
	dark := snap.Verdict.Scope == diagnose.Bitbank || snap.Verdict.Scope == diagnose.Maintenance ||
		looking && !ticker.OKAt.IsZero() && now.Sub(ticker.OKAt) > silentFor
	if p.account != nil {
		dark = dark || p.account.State("").Trading == "dark"
	}
	wants := p.depending()
	fresh := ticker.Last.Failure == probe.OK && !ticker.Last.Late
	p.mu.Lock()
	p.dark, p.wants = dark, wants
	fresh = fresh && ticker.Last.At.After(p.told)
	if fresh {
		p.told = ticker.Last.At
	}
	p.mu.Unlock()
	if fresh && ticker.Last.Last != "" {
		if last, err := decimal.NewFromString(ticker.Last.Last); err == nil {
			p.Tell(bitbankPair(a.cfg), last, ticker.Last.DataAt, ticker.Last.At)
		}
	}
}

// bitbankPair is the pair whose ticker the watch reads at bitbank.
func bitbankPair(cfg config.Config) string {
	if len(cfg.Pairs) > 0 {
		return cfg.Pairs[0]
	}
	return looked
}

// depending are the pairs that the owner has named, and those that the account has to do with.
func (p *prices) depending() []elsewhere.Want {
	urgent := map[string]bool{}
	for _, pair := range p.public {
		urgent[pair] = false
	}
	if p.account != nil {
		for _, w := range p.account.Wants() {
			urgent[w.Pair] = w.Urgent
		}
	}
	var out []elsewhere.Want
	for _, pair := range slices.Sorted(maps.Keys(urgent)) {
		out = append(out, elsewhere.Want{Pair: pair, Urgent: urgent[pair]})
	}
	return out
}

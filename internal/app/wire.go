package app

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
	"hikeshi/internal/resilience"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// Check looks once at everything that cfg names and returns what it found, within 5 s.
func Check(ctx context.Context, cfg config.Config, o Options) (watch.Snapshot, error) {
	wo, err := WatchOptions(cfg, o)
	if err != nil {
		return watch.Snapshot{}, err
	}
	return watch.Check(ctx, wo), nil
}

// WatchOptions are the probes and limits that cfg asks for, for whoever runs the watch without the rest of the program.
func WatchOptions(cfg config.Config, o Options) (watch.Options, error) {
	machine := o.Machine
	if machine == nil {
		machine = probe.ThisMachine()
	}
	looks, err := probeOptions(cfg, o)
	if err != nil {
		return watch.Options{}, err
	}
	probes, err := probe.Catalogue(looks, machine)
	if err != nil {
		return watch.Options{}, err
	}
	limit := limits(cfg.Budget, probes)
	budget := resilience.NewBudget(limit)
	health := probe.NewHealth(cfg.DataDir)
	health.Full = func(now time.Time) bool {
		for _, key := range []string{string(probe.Public), string(probe.Private)} {
			if l := limit(key); l.PerMinute > 0 && budget.Count(key, now) >= l.PerMinute {
				return true
			}
		}
		return false
	}
	wo := watch.Options{
		Probes: probes,
		Budget: budget,
		Limit:  func(key string) int { return limit(key).PerMinute },
		Log:    o.Log,
		Health: health,
	}
	if cfg.Practice() {
		wo.Mode = "demo"
	}
	for _, w := range cfg.Windows {
		wo.Windows = append(wo.Windows, diagnose.Window(w))
	}
	for role, h := range cfg.Hosts {
		if h.SameEdge {
			wo.SameEdge = append(wo.SameEdge, role)
		}
	}
	slices.Sort(wo.SameEdge)
	return wo, nil
}

// probeOptions are the owner's settings in the words of package probe.
func probeOptions(cfg config.Config, o Options) (probe.Options, error) {
	po := probe.Options{
		Pairs: cfg.Pairs, Places: map[probe.Host]probe.Place{},
		Interface: cfg.Checks.Interface, Gateway: cfg.Checks.Gateway, Resolver: cfg.Checks.Resolver,
		SecondResolver: cfg.Checks.Second,
	}
	for role, h := range cfg.Hosts {
		if h.URL != "" && h.URL != "off" {
			po.Places[role] = probe.Place{URL: h.URL, Second: h.Second, Ticker: h.Ticker}
		}
	}
	watched, _ := venuesOf(cfg)
	for _, v := range watched {
		role := probe.Host(v.ID)
		place := po.Places[role]
		address, pair := lookedAt(v)
		place.URL = address
		if o.hear != nil {
			place.Heard = func(body []byte, at time.Time) { o.hear(role, pair, body, at) }
		}
		po.Places[role] = place
	}
	if cfg.Checks.NTP {
		po.NTPServer = cfg.Checks.Server
	}
	for _, f := range cfg.Checks.Families {
		switch f {
		case "ipv4":
			po.Families = append(po.Families, probe.IPv4)
		case "ipv6":
			po.Families = append(po.Families, probe.IPv6)
		}
	}
	var err error
	if po.Roots, err = roots(cfg.CAFile); err != nil {
		return po, err
	}
	po.Credentials, _, err = credentials(cfg)
	return po, err
}

// roots are the system's certificate authorities and those of a file; nil, which means the system's, without a file.
func roots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &Trouble{ID: "ca", Args: text.Args{"path": path}, Err: err}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without any of its own
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, &Trouble{ID: "ca", Args: text.Args{"path": path}, Err: errors.New("no certificate in PEM")}
	}
	return pool, nil
}

// credentials reads the owner's key, and whether it may trade, as far as the owner has said; nil when there is none.
func credentials(cfg config.Config) (c *bitbank.Credentials, trade bool, err error) {
	k := cfg.Key
	if k.Name != "" {
		return keptKey(cfg)
	}
	if k.IDFile == "" && k.SecretFile == "" {
		return nil, false, nil
	}
	var values [2]secret.Value
	for i, path := range []string{k.IDFile, k.SecretFile} {
		v, err := secret.Read(path)
		if err != nil {
			return nil, false, &Trouble{ID: "key", Args: text.Args{"path": path}, Err: err}
		}
		values[i] = v
	}
	if c, err = bitbank.NewCredentials(values[0].Reveal(), values[1].Reveal(), k.Origin, bitbank.Auth{}); err != nil {
		return nil, false, &Trouble{ID: "key", Args: text.Args{"path": k.IDFile}, Err: err}
	}
	return c, k.Trade, nil
}

const (
	// pairsPerMinute bounds /spot/pairs, which weighs much and changes seldom. It is taken out of the host's minute.
	pairsPerMinute = 2
	// connectsPerMinute bounds connections without a request, by host and family: the steady six and as many again
	// while something is in doubt.
	connectsPerMinute = 12
)

// limits says how often a budget key may be used: interfaces are counted by the host, everything else by the page.
func limits(b config.Budget, probes []probe.Probe) func(key string) resilience.Limit {
	by := map[string]resilience.Limit{}
	pairs := min(pairsPerMinute, b.APIPerMinute/2)
	for _, p := range probes {
		l := resilience.Limit{PerMinute: b.PagePerMinute, Burst: b.PagePerMinute}
		switch p.Host {
		case probe.Public, probe.Private, probe.Stream:
			l = resilience.Limit{PerMinute: b.APIPerMinute, Burst: b.APIBurst}
		case probe.Neutral1, probe.Neutral2, probe.Neutral3, probe.Venue1, probe.Venue2, probe.Venue3:
			l = resilience.Limit{PerMinute: b.NeutralPerMinute, Burst: b.NeutralPerMinute}
		}
		switch {
		case probe.Connects(p.Target):
			l = resilience.Limit{PerMinute: connectsPerMinute, Burst: connectsPerMinute}
		case p.Target == probe.PrivatePairs:
			l = resilience.Limit{PerMinute: pairs, Burst: 1}
		case p.Host == probe.Private:
			l = resilience.Limit{PerMinute: b.APIPerMinute - pairs, Burst: max(b.APIBurst-1, 1)}
		}
		by[p.Budget] = l
	}
	return func(key string) resilience.Limit { return by[key] }
}

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/exposure"
	"hikeshi/internal/gateway"
	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
	"hikeshi/internal/relay"
)

// A door is the gateway's way in.
type door struct {
	gateway  *gateway.Gateway
	relay    *relay.Relay // nil when the stream is not watched
	bots     bots
	listener net.Listener
	server   *http.Server
}

// openAccount takes up the account behind cfg's key, and the gateway in front of it. Without a key, or when bitbank's private
// host is not watched, there is neither; without an address for it there is no gateway.
func (a *App) openAccount(ctx context.Context, listenAt func(network, addr string) (net.Listener, error)) error {
	cfg := a.cfg
	private := cfg.Hosts[probe.Private].URL
	key, trade, err := credentials(cfg)
	if err != nil || key == nil || private == "" || private == "off" {
		return err
	}
	limiter, err := bitbank.NewLimiter(account.Limits())
	if err != nil {
		return err
	}
	transport, err := transport(cfg)
	if err != nil {
		return err
	}
	public := cfg.Hosts[probe.Public].URL
	if public == "off" {
		public = bitbank.DefaultPublicURL
	}
	client, err := bitbank.New(bitbank.Options{
		PublicURL: public, PrivateURL: private, Credentials: key, Limiter: limiter, HTTP: &http.Client{Transport: transport},
	})
	if err != nil {
		return err
	}
	decided, err := a.policy()
	if err != nil {
		return err
	}
	ao := account.Options{Client: client, ReadOnly: !trade, Barrier: cfg.Gateway.Barrier, Limiter: limiter, Switch: a.switches(), Policy: decided, Log: a.log}
	if stream := cfg.Hosts[probe.PubNub].URL; stream != "off" {
		ao.StreamURL, ao.StreamHTTP = stream, &http.Client{Transport: transport.Clone()}
	}
	memory, err := a.remember(ctx)
	if err != nil {
		return err
	}
	ao.Journal, ao.Low = a.journal, a.journal.Low
	ao.Market = func(pair string) exposure.Market {
		if a.prices == nil {
			return exposure.Market{}
		}
		return exposure.MarketOf(a.prices.Reference(pair))
	}
	a.account = account.Resume(ao, memory)
	if cfg.Gateway.Listen == "" {
		return nil
	}
	bots, err := botsOf(cfg)
	if err != nil {
		return err
	}
	g, err := gateway.New(gateway.Options{
		Desk: a.account, Bot: bots.find, Private: private, Public: public, Key: key, Limiter: limiter, Transport: transport.Clone(),
		Hold: time.Duration(cfg.Gateway.AnswerMS) * time.Millisecond, HoldOf: bots.hold,
	})
	if err != nil {
		return err
	}
	a.door = &door{gateway: g, bots: bots, server: g.Server()}
	if stream := cfg.Hosts[probe.Stream].URL; stream != "" && stream != "off" {
		a.door.relay, err = relay.New(relay.Options{Upstream: bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{
			URL: stream, HTTP: &http.Client{Transport: transport.Clone()},
		}}})
		if err != nil {
			return err
		}
		a.door.server.Handler = a.door
	}
	a.door.listener, err = listen(listenAt, cfg.Gateway.Listen)
	if !trade {
		a.warnings = append(a.warnings, Trouble{ID: "gateway.readonly", Err: errors.New("the key has no trading right")})
	}
	return err
}

// remember reads what the journal knows of the account. A journal that is damaged further back than its opening looks is
// salvaged: no ledger is made of what does not verify.
func (a *App) remember(ctx context.Context) (*account.Memory, error) {
	m, err := account.Remember(ctx, a.journal)
	if !errors.Is(err, journal.ErrBroken) {
		return m, err
	}
	a.log.Error("the journal is damaged; what verifies is kept", "err", err)
	if err := a.journal.Close(); err != nil {
		return nil, err
	}
	if a.journal, err = openJournal(ctx, a.cfg.DataDir, journal.Options{Salvage: true}); err != nil {
		return nil, err
	}
	a.warnDamage()
	return account.Remember(ctx, a.journal)
}

// ServeHTTP hands the stream to the relay, and everything else to the gateway.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.relay != nil && strings.HasPrefix(r.URL.Path, "/socket.io/") {
		d.relay.ServeHTTP(w, r)
		return
	}
	d.gateway.ServeHTTP(w, r)
}

// serve lets bots in until ctx ends. What they have asked for is answered.
func (d *door) serve(ctx context.Context) error {
	defer d.gateway.Close()
	if d.relay != nil {
		relaying, stop := context.WithCancel(ctx)
		relayed := make(chan struct{})
		go func() {
			defer close(relayed)
			d.relay.Run(relaying) // its error is the context's
		}()
		defer func() { stop(); <-relayed }()
	}
	over := make(chan error, 1)
	go func() { over <- d.server.Serve(d.listener) }()
	select {
	case err := <-over:
		return fmt.Errorf("serve the gateway: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if d.server.Shutdown(stop) != nil {
		d.server.Close()
	}
	<-over
	return nil
}

// transport trusts the system's certificate authorities and cfg's.
func transport(cfg config.Config) (*http.Transport, error) {
	pool, err := roots(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
	}, nil
}

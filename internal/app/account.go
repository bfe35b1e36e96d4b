package app

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// openAccount takes up the account behind cfg's key: nil without a key, or when its host is not watched.
func openAccount(ctx context.Context, cfg config.Config, j *journal.Journal, log *slog.Logger) (*account.Account, error) {
	private := cfg.Hosts[probe.Private].URL
	key, err := credentials(cfg)
	if err != nil || key == nil || private == "" || private == "off" {
		return nil, err
	}
	limiter, err := bitbank.NewLimiter(account.Limits())
	if err != nil {
		return nil, err
	}
	transport, err := transport(cfg)
	if err != nil {
		return nil, err
	}
	o := bitbank.Options{PrivateURL: private, Credentials: key, Limiter: limiter, HTTP: &http.Client{Transport: transport}}
	if public := cfg.Hosts[probe.Public].URL; public != "off" {
		o.PublicURL = public
	}
	client, err := bitbank.New(o)
	if err != nil {
		return nil, err
	}
	ao := account.Options{Client: client, Journal: j, Log: log}
	if stream := cfg.Hosts[probe.PubNub].URL; stream != "off" {
		ao.StreamURL, ao.StreamHTTP = stream, &http.Client{Transport: transport.Clone()}
	}
	return account.Open(ao, j.Read(ctx, journal.Query{Kinds: []journal.Kind{account.Kind}}))
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

package account

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

const (
	// quotesEvery is how often bitbank's own prices are read while the account has anything that depends on them: one public
	// request for all pairs, at the same pace in calm and in an outage.
	quotesEvery = 10 * time.Second
	// quoteFor bounds one read.
	quoteFor = 5 * time.Second
	// standing is how old the newest of bitbank's own times may be: on some pair there is a trade or a change every second.
	standstill = time.Minute
)

// A Want is a pair whose price matters for the account, against yen.
type Want struct {
	Pair string
	// Urgent: something depends on it when bitbank is dark: a margin position, or a line of the owner's.
	Urgent bool
}

// Wants are the pairs of coins that are held, of positions, of live orders, of the owner's lines and of local stops.
func (a *Account) Wants() []Want {
	a.mu.Lock()
	all := wants(a.broker.Ledger())
	a.mu.Unlock()
	for _, pair := range a.StopPairs() {
		i := slices.IndexFunc(all, func(w Want) bool { return w.Pair == pair })
		if i < 0 {
			i, all = len(all), append(all, Want{Pair: pair})
		}
		all[i].Urgent = true
	}
	return all
}

func wants(l *ledger.Ledger) []Want {
	urgent := map[string]bool{}
	add := func(pair string, now bool) {
		base, _, _ := strings.Cut(pair, "_")
		if base != "jpy" && base != "" {
			urgent[base+"_jpy"] = urgent[base+"_jpy"] || now
		}
	}
	for _, h := range l.Holdings() {
		if h.OnHand.Decimal().IsPositive() {
			add(h.Asset, false)
		}
	}
	for _, o := range l.Live() {
		add(o.Pair, false)
	}
	for _, p := range l.Positions() {
		add(p.Pair, true)
	}
	for _, x := range l.Lines() {
		add(x.Pair, x.Kind != ledger.NoStop)
	}
	var out []Want
	for _, pair := range slices.Sorted(maps.Keys(urgent)) {
		out = append(out, Want{pair, urgent[pair]})
	}
	return out
}

// quotes reads bitbank's own prices until ctx ends.
func (a *Account) quotes(ctx context.Context) error {
	for {
		wait := time.Second // until it is known what is held
		if len(a.Wants()) > 0 {
			a.readQuotes(ctx)
			wait = quotesEvery
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (a *Account) readQuotes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, quoteFor)
	defer cancel()
	all, err := a.o.Client.TickersJPY(ctx)
	if err != nil {
		a.log.Debug("bitbank's prices were not read", "err", err)
		return
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.books.own = quotesOf(all, now)
}

// quotesOf are the last prices of tickers that arrived at a time.
func quotesOf(all []bitbank.Ticker, now time.Time) map[string]exposure.Quote {
	moving := slices.ContainsFunc(all, func(t bitbank.Ticker) bool { return now.Sub(t.At.Time()) <= standstill })
	out := make(map[string]exposure.Quote, len(all))
	for _, t := range all {
		if t.Last.Decimal().IsPositive() {
			out[t.Pair] = exposure.Quote{Price: t.Last.Decimal(), Stamp: t.At.Time(), At: now, Moving: moving}
		}
	}
	return out
}

// markets are the prices of all that matters, and of one more pair if one is named. Called with the lock.
func (a *Account) markets(now time.Time, more string) map[string]exposure.Market {
	pairs := wants(a.broker.Ledger())
	if more != "" {
		pairs = append(pairs, Want{Pair: more})
	}
	out := make(map[string]exposure.Market, len(pairs))
	for _, w := range pairs {
		var m exposure.Market
		if a.o.Market != nil {
			m = a.o.Market(w.Pair)
		}
		if own := a.books.own[w.Pair]; own.At.After(m.Own.At) {
			m.Own = own
		}
		out[w.Pair] = m
	}
	return out
}

package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/transfer"
)

func (a *Account) balances(ctx context.Context, c *bitbank.Client, r *reading) error {
	began := time.Now()
	assets, err := c.Assets(ctx)
	if err != nil {
		return err
	}
	r.rows, r.rowsAt = rows(assets), [2]time.Time{began, time.Now()}
	records := []ledger.Record{{At: r.rowsAt[1], Balance: &ledger.Balance{Rows: r.rows, Began: began}}}
	routes := transfer.RoutesOf(assets)
	a.mu.Lock()
	known, _ := a.broker.Ledger().Routes()
	a.mu.Unlock()
	if !slices.Equal(routes, known) {
		records = append(records, ledger.Record{At: r.rowsAt[1], Routes: &ledger.Routes{Rows: routes}})
	}
	a.step(broker.Heard{Records: records})
	return nil
}

// orders reads the live orders of all pairs, and those that were live and are not any more.
func (a *Account) orders(ctx context.Context, c *bitbank.Client, r *reading) error {
	a.mu.Lock()
	before := a.broker.Ledger().Live()
	a.mu.Unlock()
	live, err := c.ActiveOrders(ctx, bitbank.OrderQuery{})
	if err != nil {
		return err
	}
	type key struct {
		pair string
		id   bitbank.OrderID
	}
	listed := map[key]*bitbank.Order{}
	var found []ledger.Record
	a.mu.Lock()
	for _, o := range live {
		listed[key{o.Pair, o.ID}] = &o
		found = append(found, ledger.Record{Order: &o})
		if _, _, known := a.broker.Ledger().Order(o.Pair, o.ID); !known {
			r.appeared = append(r.appeared, o)
		}
	}
	a.mu.Unlock()
	absent := map[string][]bitbank.OrderID{}
	for _, o := range before {
		if listed[key{o.Pair, o.ID}] == nil {
			absent[o.Pair] = append(absent[o.Pair], o.ID)
		}
	}
	for pair, ids := range absent {
		orders, err := readAll(ctx, c, pair, ids)
		if err != nil {
			return err
		}
		for _, o := range orders {
			listed[key{o.Pair, o.ID}] = &o
			found = append(found, ledger.Record{Order: &o})
		}
	}
	a.mu.Lock()
	for _, o := range before {
		read := listed[key{o.Pair, o.ID}]
		switch now, _, _ := a.broker.Ledger().Order(o.Pair, o.ID); {
		case now.Status.Terminal(): // the stream has told meanwhile
		case read == nil:
			r.missing = append(r.missing, o)
		case read.Status.Terminal():
			r.ended = append(r.ended, *read)
		}
	}
	a.mu.Unlock()
	a.step(broker.Heard{Records: found})
	return nil
}

// tradePages is how many pages of trades are taken in at a time: two thousand trades, and what proves that there are no more.
const tradePages = 4

// again is how far back a whole read goes for trades, whatever was read before: what bitbank shows late, after an incident, has a time
// that was passed already.
const again = time.Hour

// trades reads the trades since those that were read last, and the orders of those that are new. What was taken in stays when a
// later page fails.
func (a *Account) trades(ctx context.Context, c *bitbank.Client, r *reading) error {
	a.mu.Lock()
	from := a.broker.Ledger().CoveredTo(ledger.Trades)
	a.mu.Unlock()
	since := from.Add(-time.Minute) // bitbank's replicas lag, and its clocks are not ours
	switch {
	case from.IsZero():
		since = r.began.Add(-recent)
	case r.whole && r.began.Add(-again).Before(since):
		since = r.began.Add(-again)
	}
	for {
		more, err := a.someTrades(ctx, c, r, since)
		if err != nil || more.IsZero() {
			return err
		}
		since = more
	}
}

// someTrades reads trades since a time, and says where to go on when there are more.
func (a *Account) someTrades(ctx context.Context, c *bitbank.Client, r *reading, since time.Time) (more time.Time, err error) {
	to := time.Now().Add(-time.Minute)
	found, err := traded(c.AllTrades(ctx, bitbank.TradeQuery{Since: since}, tradePages))
	if errors.Is(err, bitbank.ErrMorePages) {
		to, err = found[len(found)-1].ExecutedAt.Time(), nil
		more = to
	}
	if err != nil {
		return time.Time{}, err
	}
	var fresh []bitbank.Trade
	var records []ledger.Record
	a.mu.Lock()
	for _, t := range found {
		if !a.broker.Ledger().Traded(t) {
			fresh = append(fresh, t)
			records = append(records, ledger.Record{Traded: &t})
		}
	}
	begin := a.broker.Ledger().CoveredFrom(ledger.Trades)
	a.mu.Unlock()
	orders, err := a.ordersOf(ctx, c, fresh)
	if err != nil {
		return time.Time{}, err
	}
	for _, o := range orders {
		records = append(records, ledger.Record{Order: &o})
	}
	r.fills = append(r.fills, fresh...)
	if begin.IsZero() {
		begin = since
	}
	// From where the whole piece begins: not every such record is written.
	records = append(records, ledger.Record{Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: begin, To: to}})
	a.step(broker.Heard{Records: records})
	return more, nil
}

// traded are the trades of a history, until its error if there is one.
func traded(trades func(func(bitbank.Trade, error) bool)) (out []bitbank.Trade, err error) {
	for t, err := range trades {
		if err != nil {
			return out, err
		}
		out = append(out, t)
	}
	return out, nil
}

package account

import (
	"context"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

const (
	// The account is read whole so often in calm, and sooner while bots are at work: what an order did to the balances is only
	// known beside a balance from before it.
	auditEvery = time.Minute
	busyEvery  = 10 * time.Second
	busyFor    = 10 * time.Minute
	// A read that failed is tried again after this; the broker's own reads notice sooner that bitbank is back.
	auditAgain = 15 * time.Second
	// transfersEvery is how often deposits and withdrawals are read: they take minutes, and the stream reports them too.
	transfersEvery = 5 * time.Minute
	// ratesEvery is how often bitbank's fees are read.
	ratesEvery = time.Hour
	// recent is how far back a first read goes for trades; an import goes further.
	recent = 24 * time.Hour
)

// upkeep reads the account whole, again and again.
func (a *Account) upkeep(ctx context.Context) error {
	var transfers, rates time.Time
	for {
		wait := auditEvery
		err := a.audit(ctx, &rates, &transfers)
		a.mu.Lock()
		if err == nil {
			a.read = time.Now()
		}
		if time.Since(a.busy) < busyFor {
			wait = busyEvery
		}
		a.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			a.log.Warn("the account was not read", "err", err)
			wait = auditAgain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		case <-a.doubt:
		}
	}
}

// audit compares the ledger with bitbank, and takes in what it did not know.
func (a *Account) audit(ctx context.Context, rates, transfers *time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := a.settling()
	if time.Since(*rates) >= ratesEvery {
		pairs, err := c.SpotPairs(ctx)
		if err != nil {
			return err
		}
		a.mu.Lock()
		a.broker.SetRates(ledger.RatesOf(pairs))
		a.mu.Unlock()
		*rates = time.Now()
	}
	if err := a.balances(ctx, c); err != nil {
		return err
	}
	if err := a.orders(ctx, c); err != nil {
		return err
	}
	if err := a.trades(ctx, c); err != nil {
		return err
	}
	if time.Since(*transfers) >= transfersEvery {
		if err := a.transfers(ctx, c); err != nil {
			return err
		}
		*transfers = time.Now()
	}
	return nil
}

func (a *Account) balances(ctx context.Context, c *bitbank.Client) error {
	began := time.Now()
	assets, err := c.Assets(ctx)
	if err != nil {
		return err
	}
	a.step(broker.Heard{Records: []ledger.Record{{At: time.Now(), Balance: &ledger.Balance{Rows: rows(assets), Began: began}}}})
	return nil
}

// orders reads the live orders of all pairs, and those that were live and are not any more.
func (a *Account) orders(ctx context.Context, c *bitbank.Client) error {
	a.mu.Lock()
	before := a.broker.Ledger().Live()
	a.mu.Unlock()
	live, err := c.ActiveOrders(ctx, bitbank.OrderQuery{})
	if err != nil {
		return err
	}
	listed := map[string]map[bitbank.OrderID]bool{}
	var found []ledger.Record
	for _, o := range live {
		if listed[o.Pair] == nil {
			listed[o.Pair] = map[bitbank.OrderID]bool{}
		}
		listed[o.Pair][o.ID] = true
		found = append(found, ledger.Record{Order: &o})
	}
	ended := map[string][]bitbank.OrderID{}
	for _, o := range before {
		if !listed[o.Pair][o.ID] {
			ended[o.Pair] = append(ended[o.Pair], o.ID)
		}
	}
	for pair, ids := range ended {
		orders, err := readAll(ctx, c, pair, ids)
		if err != nil {
			return err
		}
		for _, o := range orders {
			found = append(found, ledger.Record{Order: &o})
		}
	}
	a.step(broker.Heard{Records: found})
	return nil
}

// trades reads the trades since those that were read last.
func (a *Account) trades(ctx context.Context, c *bitbank.Client) error {
	now := time.Now()
	a.mu.Lock()
	from := a.broker.Ledger().CoveredTo(ledger.Trades)
	a.mu.Unlock()
	if from.IsZero() {
		from = now.Add(-recent)
	}
	// bitbank's replicas lag, and its clocks are not ours.
	since := from.Add(-time.Minute)
	found, err := traded(c.AllTrades(ctx, bitbank.TradeQuery{Since: since}, 0))
	if err != nil {
		return err
	}
	found = append(found, ledger.Record{Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: from, To: now.Add(-time.Minute)}})
	a.step(broker.Heard{Records: found})
	return nil
}

// traded are the trades of a history, or its error.
func traded(trades func(func(bitbank.Trade, error) bool)) ([]ledger.Record, error) {
	var out []ledger.Record
	for t, err := range trades {
		if err != nil {
			return nil, err
		}
		out = append(out, ledger.Record{Traded: &t})
	}
	return out, nil
}

func (a *Account) transfers(ctx context.Context, c *bitbank.Client) error {
	var found []ledger.Record
	for _, asset := range []string{"", "jpy"} { // yen must be asked for
		q := bitbank.TransferQuery{Asset: asset, Count: 100}
		in, err := c.DepositHistory(ctx, q)
		if err != nil {
			return err
		}
		out, err := c.WithdrawalHistory(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range in {
			found = append(found, ledger.Record{Transfer: &ledger.Transfer{Deposit: &d}})
		}
		for _, w := range out {
			found = append(found, ledger.Record{Transfer: &ledger.Transfer{Withdrawal: &w}})
		}
	}
	a.step(broker.Heard{Records: found})
	return nil
}

// follow follows the private stream, if there is one.
func (a *Account) follow(ctx context.Context) error {
	if a.o.StreamURL == "" {
		return nil
	}
	began := time.Now()
	gap := func(to time.Time) { a.step(broker.Heard{Gap: &reconcile.Gap{From: began, To: to}}) }
	gap(time.Time{})
	c := a.settling()
	return bitbank.FollowPrivate(ctx, bitbank.PrivateOptions{
		Ticket: c.Subscribe, HTTP: a.o.StreamHTTP, URL: a.o.StreamURL, SubscribeKey: a.o.SubscribeKey,
		Backfill: func(ctx context.Context, _ time.Time) error {
			rates := time.Now() // what bitbank charges is not missed in a gap
			var transfers time.Time
			return a.audit(ctx, &rates, &transfers)
		},
	}, func(e bitbank.PrivateEvent) {
		switch e.Kind {
		case bitbank.PrivateMessage:
			if records := reports(e); len(records) > 0 {
				a.step(broker.Heard{Records: records})
			}
			// bitbank's engine has dropped orders whose money is gone. What they came to, and what is left, is read.
			if len(e.Invalidated) > 0 {
				a.log.Warn("bitbank has dropped orders", "ids", e.Invalidated)
				poke(a.doubt)
			}
		case bitbank.PrivateGap, bitbank.PrivateClosed:
			if began.IsZero() {
				began = e.At
				gap(time.Time{})
			}
		case bitbank.PrivateBackfilled, bitbank.PrivatePolled:
			if !began.IsZero() && !e.Cursor.Owed {
				gap(e.At)
				began = time.Time{}
			}
		}
	})
}

// reports are what a message of the stream says.
func reports(e bitbank.PrivateEvent) []ledger.Record {
	var out []ledger.Record
	for _, o := range e.Orders {
		out = append(out, ledger.Record{At: e.At, Order: &o.Order})
	}
	for _, t := range e.Trades {
		out = append(out, ledger.Record{At: e.At, Traded: &t})
	}
	if len(e.Assets) > 0 {
		out = append(out, ledger.Record{At: e.At, Balance: &ledger.Balance{Rows: e.Assets, Published: e.Published}})
	}
	for _, d := range e.DealerOrders {
		out = append(out, ledger.Record{At: e.At, Dealt: &d})
	}
	for _, d := range e.Deposits {
		out = append(out, ledger.Record{At: e.At, Transfer: &ledger.Transfer{Deposit: &d}})
	}
	for _, w := range e.Withdrawals {
		out = append(out, ledger.Record{At: e.At, Transfer: &ledger.Transfer{Withdrawal: &w}})
	}
	for _, p := range e.Positions {
		out = append(out, ledger.Record{At: e.At, Position: &p})
	}
	return out
}

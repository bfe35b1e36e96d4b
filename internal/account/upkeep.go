package account

import (
	"context"
	"errors"
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
)

// upkeep reads the account whole, again and again.
func (a *Account) upkeep(ctx context.Context) error {
	for {
		wait := auditEvery
		err := a.audit(ctx, false)
		a.mu.Lock()
		if time.Since(a.busy) < busyFor {
			wait = busyEvery
		}
		_, answered := errors.AsType[*bitbank.Error](err)
		a.guard.unread = err != nil && !answered
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

// follow follows the private stream, if there is one.
func (a *Account) follow(ctx context.Context) error {
	if a.o.StreamURL == "" {
		return nil
	}
	began := time.Now()
	gap := func(to time.Time) {
		a.mu.Lock()
		a.books.judge.cut(began, to)
		a.mu.Unlock()
		a.step(broker.Heard{Gap: &reconcile.Gap{From: began, To: to}})
	}
	gap(time.Time{})
	c := a.settling()
	return bitbank.FollowPrivate(ctx, bitbank.PrivateOptions{
		Ticket: c.Subscribe, HTTP: a.o.StreamHTTP, URL: a.o.StreamURL, SubscribeKey: a.o.SubscribeKey,
		Backfill: func(ctx context.Context, _ time.Time) error { return a.audit(ctx, true) },
	}, func(e bitbank.PrivateEvent) {
		switch e.Kind {
		case bitbank.PrivateMessage:
			if records := reports(e); len(records) > 0 {
				a.step(broker.Heard{Records: records})
			}
			// bitbank's engine has dropped orders whose money is gone. What they came to, and what is left, is read.
			if len(e.Invalidated) > 0 {
				a.log.Warn("bitbank has dropped orders", "ids", e.Invalidated)
				a.mu.Lock()
				a.books.judge.drop(e.Invalidated)
				a.mu.Unlock()
				poke(a.doubt)
			}
			if len(e.Notices) > 0 || len(e.Payables) > 0 {
				a.mu.Lock()
				a.books.margin.told = true
				a.mu.Unlock()
				poke(a.doubt)
			}
		case bitbank.PrivateGap, bitbank.PrivateClosed:
			if began.IsZero() {
				began = e.At
				gap(time.Time{})
			}
			if !e.Since.IsZero() { // what was heard last may be older than the end of the connection
				a.mu.Lock()
				a.books.judge.cut(e.Since, time.Time{})
				a.mu.Unlock()
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

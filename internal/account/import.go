package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

const (
	// importEvery is the least between two reads of the past.
	importEvery = time.Second
	// importAfter is how long bitbank must have answered and nothing have been in doubt before the past is read.
	importAfter = 2 * time.Minute
	// importSpare is how much of the account's limit must be free: what bots and everything else ask comes first.
	importSpare = 3
	// A slice that failed is tried again after this, each time after twice as long.
	importAgain     = time.Minute
	importAgainMost = time.Hour
	// importRows is how many trades are read at a time: a slice is one record of the journal, of some 100 KB then.
	importRows = 200
	// importSure is how far apart two empty answers must be to count as the beginning of a history.
	importSure = time.Minute
)

// An importer reads what bitbank still has of the past, from newest to oldest, in slices. Each slice is read from both ends, and
// counts when both answers agree: after an incident single answers of bitbank have been wrong for a day.
type importer struct {
	a    *Account
	c    *bitbank.Client // with no share of the limit
	last time.Time       // when it read last
	doom time.Time       // when something was in doubt last

	jobs map[ledger.Kind]*importing
}

// An importing is one history.
type importing struct {
	next  time.Time
	pause time.Duration
	empty time.Time // when bitbank has shown nothing older first
}

// history imports the past until there is nothing older, or ctx ends.
func (a *Account) history(ctx context.Context) error {
	m := &importer{a: a, c: a.o.Client, doom: time.Now(), jobs: map[ledger.Kind]*importing{}}
	for ctx.Err() == nil {
		l, wait, more := m.choose(time.Now())
		if !more {
			wait = importAgainMost // an asset that the account did not have may come
		}
		if wait > 0 {
			sleep(ctx, wait)
			continue
		}
		job := m.jobs[l.name()]
		err := m.slice(ctx, l, job)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			job.pause = min(max(importAgain, 2*job.pause), importAgainMost)
			job.next = time.Now().Add(job.pause)
			if !answers(err) {
				m.doom = time.Now()
			}
			a.log.Info("a slice of the past was not read", "history", l.name(), "err", err)
		default:
			job.pause = 0
		}
	}
	return nil
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// choose is the history to go on with, the trades before the transfers, or how long to wait for one; more is false when all are
// imported.
func (m *importer) choose(now time.Time) (l list, wait time.Duration, more bool) {
	for _, one := range append([]list{{ledger.Trades, ""}}, m.a.lists()...) {
		m.a.mu.Lock()
		first, begun := m.a.broker.Ledger().First(one.name()), !m.a.broker.Ledger().CoveredTo(ledger.Trades).IsZero()
		m.a.mu.Unlock()
		if !first.IsZero() {
			continue
		}
		job := m.jobs[one.name()]
		if job == nil {
			job = &importing{}
			m.jobs[one.name()] = job
		}
		until := job.next.Sub(now)
		if !begun { // the audit reads the newest
			until = max(until, importEvery)
		}
		if !more || until < wait {
			l, wait, more = one, max(until, 0), true
		}
		if wait == 0 {
			return l, 0, true
		}
	}
	return l, wait, more
}

// spare waits until the past may be read: bitbank answers, no order is in doubt, and the limit is mostly free.
func (m *importer) spare(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Now()
		if !m.a.calm(now) {
			m.doom = now
		}
		wait := max(m.doom.Add(importAfter).Sub(now), m.last.Add(importEvery).Sub(now))
		if wait <= 0 && m.a.o.Limiter != nil && m.a.o.Limiter.Spare(bitbank.Query) < importSpare {
			wait = importEvery
		}
		if wait <= 0 {
			m.last = now
			return nil
		}
		sleep(ctx, min(wait, 5*time.Second))
	}
}

// calm reports whether bitbank answers, the account was read lately, and no order is in doubt.
func (a *Account) calm(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broker.Dark() || a.read.IsZero() || now.Sub(a.read) > unreadAfter {
		return false
	}
	return !slices.ContainsFunc(a.broker.Ledger().Open(), func(i ledger.Intent) bool {
		return i.Case != nil && i.Case.Verdict == reconcile.Unknown
	})
}

// A row is one entry of a history: a trade or a transfer.
type row struct {
	key   string
	at    time.Time
	trade bitbank.Trade
	moved ledger.Transfer
}

// page reads one page of a history: what is from since to end, both included, the newest first or, of trades, the oldest. Zero is
// no bound.
func (m *importer) page(ctx context.Context, l list, since, end time.Time, ascending bool) ([]row, error) {
	if err := m.spare(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	var out []row
	if l.kind == ledger.Trades {
		count := importRows
		if ascending {
			count = 1000
		}
		trades, err := m.c.TradeHistory(ctx, bitbank.TradeQuery{Since: since, End: end, Count: count, Ascending: ascending})
		for _, t := range trades {
			out = append(out, row{key: fmt.Sprint(t.Pair, " ", t.ID, " ", t.OrderID), at: t.ExecutedAt.Time(), trade: t})
		}
		return out, err
	}
	moved, err := readTransfers(ctx, m.c, l, since, end)
	for _, t := range moved {
		r := row{moved: t}
		if _, r.at = t.Over(); t.Deposit != nil {
			r.key = t.Deposit.UUID
		} else {
			r.key = t.Withdrawal.UUID
		}
		out = append(out, r)
	}
	return out, err
}

// slice imports one more piece of a history, or finds that there is nothing older.
func (m *importer) slice(ctx context.Context, l list, job *importing) error {
	m.a.mu.Lock()
	to := m.a.broker.Ledger().CoveredFrom(l.name())
	m.a.mu.Unlock()
	if to.IsZero() {
		to = time.Now() // the newest are the audit's; reading them again costs one page
	}
	end := to.Add(-time.Millisecond).Truncate(time.Millisecond)
	page, err := m.page(ctx, l, time.Time{}, end, false)
	if err != nil {
		return err
	}
	if len(page) == 0 {
		return m.nothing(ctx, l, job, to, end)
	}
	job.empty = time.Time{}
	from := page[len(page)-1].at // in another order than newest first the second answer disagrees
	if from.IsZero() || from.After(end) {
		return fmt.Errorf("an entry of %v in what is up to %v", from, end)
	}
	again, err := m.page(ctx, l, from, end, true)
	if err != nil {
		return err
	}
	if err := agree(page, again, from); err != nil {
		return err
	}
	found := ledger.Imported{Kind: l.name(), From: from, To: to}
	for _, r := range again {
		if l.kind == ledger.Trades {
			found.Trades = append(found.Trades, r.trade)
		} else {
			found.Transfers = append(found.Transfers, r.moved)
		}
	}
	if found.Orders, err = m.orders(ctx, found.Trades); err != nil {
		return err
	}
	m.a.step(broker.Heard{Records: []ledger.Record{{Imported: &found}}})
	return nil
}

// nothing takes in that bitbank has shown nothing older. It counts when another answer says so a minute later.
func (m *importer) nothing(ctx context.Context, l list, job *importing, to, end time.Time) error {
	again, err := m.page(ctx, l, time.Time{}, end, true)
	if err != nil {
		return err
	}
	now := time.Now()
	switch {
	case len(again) > 0:
		job.empty = time.Time{}
		return errors.New("one answer shows older entries, and another none")
	case job.empty.IsZero() || now.Sub(job.empty) < importSure:
		if job.empty.IsZero() {
			job.empty = now
		}
		job.next = job.empty.Add(importSure)
		return nil
	}
	from := now.Add(-memory) // bitbank keeps three months; that it has shown older trades is no promise
	if !from.Before(end) {
		from = end
	}
	m.a.step(broker.Heard{Records: []ledger.Record{{Imported: &ledger.Imported{Kind: l.name(), From: from, To: to, First: true}}}})
	return nil
}

// agree fails when two answers about the time since from differ, but for entries of the very moment at which the first was cut.
func agree(page, again []row, from time.Time) error {
	first, second := map[string]bool{}, map[string]bool{}
	for _, r := range page {
		first[r.key] = true
	}
	for _, r := range again {
		second[r.key] = true
		if !first[r.key] && !r.at.Equal(from) {
			return fmt.Errorf("one answer has an entry of %v that another lacks", r.at)
		}
	}
	for _, r := range page {
		if !second[r.key] {
			return fmt.Errorf("one answer lacks an entry of %v that another has", r.at)
		}
	}
	return nil
}

// orders reads the orders of trades, while bitbank still knows them.
func (m *importer) orders(ctx context.Context, trades []bitbank.Trade) ([]bitbank.Order, error) {
	kept := slices.DeleteFunc(slices.Clone(trades), func(t bitbank.Trade) bool {
		return time.Since(t.ExecutedAt.Time()) >= memory+48*time.Hour
	})
	var out []bitbank.Order
	for pair, all := range m.a.unknown(kept) {
		for ids := range slices.Chunk(all, 30) {
			if err := m.spare(ctx); err != nil {
				return nil, err
			}
			orders, err := m.c.OrdersInfo(ctx, pair, ids...)
			if err != nil {
				return nil, err
			}
			out = append(out, orders...)
		}
	}
	return out, nil
}

package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

const (
	// transfersEvery is how often deposits and withdrawals are read: they take minutes, and the stream reports them too.
	transfersEvery = 5 * time.Minute
	// positionsEvery likewise for margin positions and the margin as a whole; sooner while a position is open.
	positionsEvery = 5 * time.Minute
	openEvery      = auditEvery - 10*time.Second // with every read of the account in calm
	// ratesEvery is how often bitbank's fees are read.
	ratesEvery = time.Hour
	// weighEvery is how often all balances are explained, which takes longer than all else for an account that trades much.
	weighEvery = time.Minute
	// recent is how far back a first read goes for trades; the import goes further.
	recent = 24 * time.Hour
	// checkedFor is how long a read on demand answers further ones.
	checkedFor = 2 * time.Second
)

// books are what the upkeep remembers. With turn, who audits has them alone; what is marked is guarded by Account.mu.
type books struct {
	turn  chan struct{} // holds one
	judge judge         // its cuts: guarded
	rates ledger.Rates

	waiting []bitbank.UnconfirmedDeposit

	ratesAt, transfersAt, positionsAt, weighed, checked time.Time

	margin  margins                   // guarded
	pairs   []string                  // guarded: that bitbank trades
	own     map[string]exposure.Quote // guarded: bitbank's last prices
	unsure  []string                  // guarded: of what nothing could be said when balances were weighed last
	noticed reading                   // guarded: what exits have read since the newest audit, for the next one to judge
	giveUp  context.CancelFunc        // guarded: ends the newest audit
	since   time.Time                 // guarded: when it began
	named   bool                      // guarded: bitbank wants to be told the asset of withdrawals
}

// Check compares the ledger with bitbank now. While bitbank does not answer it fails without asking.
func (a *Account) Check(ctx context.Context) error {
	a.mu.Lock()
	running, over := a.ctx, a.ending
	dark := a.broker.Dark()
	a.mu.Unlock()
	switch {
	case running == nil || over:
		return errors.New("the account is not followed")
	case dark:
		return ErrDark
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(running, cancel)()
	return a.audit(ctx, true)
}

// ErrDark is the error of a check while bitbank does not answer.
var ErrDark = errors.New("bitbank does not answer; nothing more is asked until it does")

// audit compares the ledger with bitbank, takes in what it did not know, and notes the differences. Whole is with what is else
// read every few minutes only.
func (a *Account) audit(ctx context.Context, whole bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	b := &a.books
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-b.turn }()
	a.mu.Lock()
	b.giveUp, b.since = cancel, time.Now()
	a.mu.Unlock()
	if whole && time.Since(b.checked) < checkedFor {
		return nil
	}
	c := a.settling()
	if time.Since(b.ratesAt) >= ratesEvery {
		pairs, err := c.SpotPairs(ctx)
		if err != nil {
			return err
		}
		late := b.rates.StopsLockLate
		b.rates = ledger.RatesOf(pairs)
		b.rates.StopsLockLate = late
		a.mu.Lock()
		a.broker.SetRates(b.rates)
		b.pairs = slices.Sorted(maps.Keys(b.rates.Pairs))
		a.mu.Unlock()
		b.ratesAt = time.Now()
	}
	r := reading{began: time.Now(), whole: whole}
	a.mu.Lock()
	r.first = a.broker.Ledger().CoveredTo(ledger.Trades).IsZero()
	r.add(b.noticed)
	b.noticed = reading{}
	a.mu.Unlock()
	for _, read := range []func(context.Context, *bitbank.Client, *reading) error{a.balances, a.orders, a.trades} {
		if err := read(ctx, c, &r); err != nil {
			return err
		}
	}
	a.mu.Lock()
	a.read = time.Now() // bots may order: what lives, what has filled and what there is to pay with is known
	a.mu.Unlock()
	a.step(broker.Audited{Began: r.began})
	if whole || time.Since(b.transfersAt) >= a.transfersDue() {
		if err := a.transfers(ctx, c, r.rowsAt[1]); err != nil {
			return err
		}
		b.transfersAt = time.Now()
	}
	if whole || a.marginDue(b.positionsAt) {
		a.positions(ctx, c)
		b.positionsAt = time.Now()
	}
	r.held = b.waiting
	a.compare(r)
	a.judgeTransfers(r)
	if whole {
		b.checked = time.Now()
	}
	return nil
}

// interrupt ends an audit that began before a time: it waits for a bitbank that did not answer then.
func (a *Account) interrupt(before time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.books.giveUp != nil && a.books.since.Before(before) {
		a.books.giveUp()
	}
}

// compare notes what a reading and the ledger disagree on.
func (a *Account) compare(r reading) {
	j, rates := &a.books.judge, a.books.rates
	unsure := map[string]bool{}
	a.mu.Lock()
	var records []ledger.Record
	for _, b := range j.missed(a.broker.Ledger(), r, rates) {
		records = append(records, ledger.Record{Broke: &b})
	}
	stand := j.standing(a.broker.Ledger(), r, rates)
	a.mu.Unlock()
	weigh := r.whole || time.Since(a.books.weighed) >= weighEvery
	for _, row := range r.rows {
		var b ledger.Break
		broken, sure := false, false
		if weigh {
			a.mu.Lock() // for one asset at a time: orders wait for it
			b, broken, sure = j.money(a.broker.Ledger(), r, row, rates)
			a.mu.Unlock()
		}
		if broken {
			stand = append(stand, b)
		} else if !sure {
			unsure[unaccounted(row.Asset)] = true
		}
	}
	a.mu.Lock()
	if weigh {
		a.books.weighed, a.books.unsure = time.Now(), j.open(unsure, stand)
		if j.learn() {
			a.books.rates.StopsLockLate = !rates.StopsLockLate
			a.broker.SetRates(a.books.rates)
			a.log.Info("the balances say what bitbank's documents do not", "stops lock when they are triggered", a.books.rates.StopsLockLate)
		}
	}
	records = append(records, news(a.broker.Ledger(), stand, unsure, r.began)...)
	a.mu.Unlock()
	j.read = r.began
	if len(records) > 0 {
		a.step(broker.Heard{Records: records})
	}
}

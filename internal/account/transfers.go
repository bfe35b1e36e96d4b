package account

import (
	"context"
	"errors"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
)

// A list is one list of transfers as bitbank gives it.
type list struct {
	kind  ledger.Kind // Deposits or Withdrawals
	asset string      // "" is all coins; yen must be asked for
}

// name is the kind under which the ledger knows what of it was read.
func (l list) name() ledger.Kind { return ledger.Listed(l.kind, l.asset) }

const (
	// transferPage is the most rows that bitbank gives of a list.
	transferPage = 100
	// transferPages bounds how far one audit goes back; the import goes further.
	transferPages = 10
	// settledIn is how far back each audit goes at least. The ledger takes a transfer of which nobody saw that it was under way
	// for one that ended within a week.
	settledIn = 8 * 24 * time.Hour
)

// lists are those that this account has. bitbank's documents say that the asset of withdrawals can be left out; others had to
// name it, so then each asset is asked for that the account has or had.
func (a *Account) lists() []list {
	out := []list{{ledger.Deposits, ""}, {ledger.Deposits, "jpy"}, {ledger.Withdrawals, "jpy"}}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.books.named {
		return append(out, list{ledger.Withdrawals, ""})
	}
	seen := map[string]bool{"jpy": true}
	add := func(asset string) {
		if !seen[asset] {
			seen[asset] = true
			out = append(out, list{ledger.Withdrawals, asset})
		}
	}
	for _, h := range a.broker.Ledger().Holdings() {
		if !h.OnHand.Decimal().IsZero() {
			add(h.Asset)
		}
	}
	for _, t := range a.broker.Ledger().Transfers() {
		if w := t.Withdrawal; w != nil {
			add(w.Asset)
		}
	}
	return out
}

// transfers reads the newest deposits and withdrawals, as far back as some may still be under way. The assets were read before.
func (a *Account) transfers(ctx context.Context, c *bitbank.Client, assets time.Time) error {
	began := time.Now()
	until := began.Add(-settledIn)
	a.mu.Lock()
	for _, t := range a.broker.Ledger().Transfers() {
		if over, began := t.Over(); !over && began.Before(until) && !began.IsZero() {
			until = began
		}
	}
	known, before := a.broker.Ledger().Waiting()
	a.mu.Unlock()
	w := ledger.Waiting{Senders: known.Senders, Assets: assets}
	for _, l := range a.lists() {
		err := a.newest(ctx, c, l, until, before)
		if refused(err) && l == (list{ledger.Withdrawals, ""}) {
			a.mu.Lock()
			a.books.named = true
			a.mu.Unlock()
			return a.transfers(ctx, c, assets)
		}
		if err != nil && !refused(err) {
			return err
		}
		if err != nil {
			a.log.Warn("transfers were not read", "list", l.name(), "err", err)
			w.Refused = append(w.Refused, l.name())
		}
	}
	// What waits for its sender to be declared is in no balance, and perhaps in no history.
	held, err := c.UnconfirmedDeposits(ctx)
	if err != nil && !refused(err) {
		return err
	}
	if err == nil {
		a.books.waiting = held
	} else {
		a.log.Warn("unconfirmed deposits were not read", "err", err)
		w.Refused = append(w.Refused, undeclared)
	}
	w.Deposits = a.books.waiting
	if len(w.Deposits) > 0 {
		if w.Senders, err = senders(ctx, c, known.Senders); err != nil {
			return err
		}
	}
	a.step(broker.Heard{Records: []ledger.Record{{At: began, Waiting: &w}}})
	return nil
}

// undeclared is the list of deposits that wait for their senders to be declared.
const undeclared ledger.Kind = "unconfirmed_deposits"

// senders are how many the account has registered, by their status. Who they are is nobody's business here. What bitbank does not
// show stays as it was known.
func senders(ctx context.Context, c *bitbank.Client, known map[string]int) (map[string]int, error) {
	all, err := c.DepositOriginators(ctx)
	if refused(err) {
		return known, nil
	}
	out := map[string]int{}
	for _, o := range all {
		out[o.Status]++
	}
	return out, err
}

// refused reports whether bitbank has answered with a refusal that another try does not change.
func refused(err error) bool {
	e, ok := errors.AsType[*bitbank.Error](err)
	return ok && e.Code >= 20000 && e.Code < 60000
}

// newest reads a list from now back to a time.
// What is new in it happened after it was read before.
func (a *Account) newest(ctx context.Context, c *bitbank.Client, l list, until, before time.Time) error {
	var end time.Time
	for range transferPages {
		page, err := readTransfers(ctx, c, l, time.Time{}, end)
		if err != nil {
			return err
		}
		var records []ledger.Record
		oldest := end
		a.mu.Lock()
		for _, t := range page {
			if !a.broker.Ledger().Told(t) {
				if !before.IsZero() {
					t.After = before
				}
				records = append(records, ledger.Record{Transfer: &t})
			}
			if _, began := t.Over(); !began.IsZero() && (oldest.IsZero() || began.Before(oldest)) {
				oldest = began
			}
		}
		a.mu.Unlock()
		if len(records) > 0 {
			a.step(broker.Heard{Records: records})
		}
		if len(page) == 0 || oldest.Equal(end) || oldest.Before(until) {
			return nil
		}
		end = oldest
	}
	return nil
}

// readTransfers reads one page of a list: what began from since to end, both included, the newest of it. Zero is no bound. Whatever a
// transfer has come to, it has since it began.
func readTransfers(ctx context.Context, c *bitbank.Client, l list, since, end time.Time) ([]ledger.Transfer, error) {
	q := bitbank.TransferQuery{Asset: l.asset, Count: transferPage, Since: since, End: end}
	var out []ledger.Transfer
	if l.kind == ledger.Deposits {
		in, err := c.DepositHistory(ctx, q)
		for _, d := range in {
			out = append(out, ledger.Transfer{Deposit: &d, After: d.FoundAt.Time()})
		}
		return out, err
	}
	gone, err := c.WithdrawalHistory(ctx, q)
	for _, w := range gone {
		out = append(out, ledger.Transfer{Withdrawal: &w, After: w.RequestedAt.Time()})
	}
	return out, err
}

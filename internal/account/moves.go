package account

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/transfer"
)

// movingEvery is how often transfers are read while one is under way or awaited: just below auditEvery, so that each audit does.
const movingEvery = 50 * time.Second

// transfersDue is how old a read of transfers may be.
func (a *Account) transfersDue() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.broker.Ledger()
	moving := slices.ContainsFunc(l.Expected(), func(e ledger.Expected) bool { return time.Since(e.Sent) < settledIn }) || slices.ContainsFunc(l.Transfers(), func(t ledger.Transfer) bool {
		over, began := t.Over()
		return !over && time.Since(began) < settledIn
	})
	if moving {
		return movingEvery
	}
	return transfersEvery
}

// judgeTransfers notes what a reading says of money that should come back, and which transfers need somebody now, or do not any
// more. Each change is recorded once, over restarts too.
func (a *Account) judgeTransfers(r reading) {
	a.mu.Lock()
	l := a.broker.Ledger()
	var records []ledger.Record
	for _, f := range l.Followed() {
		if w := f.Withdrawal; w == nil || f.Back == ledger.BackReturned || !unsent(w.Status) || r.began.Sub(f.Seen[string(w.Status)].At) > countFor {
			continue
		}
		for _, row := range r.rows {
			if row.Asset != f.Withdrawal.Asset {
				continue
			}
			k := ledger.Look{Row: row, Began: r.rowsAt[0], At: r.rowsAt[1]}
			if b := transfer.CameBack(l, f, l.Explain(k, a.books.rates), k); b != f.Back && b != ledger.BackUnproved {
				records = append(records, ledger.Record{At: r.began, CameBack: &ledger.CameBack{UUID: f.Withdrawal.UUID, Back: b}})
			}
		}
	}
	a.mu.Unlock()
	if len(records) > 0 {
		a.step(broker.Heard{Records: records})
	}
	now := time.Now()
	a.mu.Lock()
	records = alerts(a.broker.Ledger(), now)
	a.mu.Unlock()
	if len(records) > 0 {
		a.step(broker.Heard{Records: records})
	}
}

// unsent reports whether a withdrawal ended without being sent.
func unsent(s bitbank.WithdrawalStatus) bool { return s.Terminal() && s != bitbank.WithdrawalDone }

// alerts are the changes that are worth telling since the last ones were recorded.
func alerts(l *ledger.Ledger, now time.Time) []ledger.Record {
	var out []ledger.Record
	for _, c := range Moves(l, now) {
		state := ""
		if c.Stand.Attention() {
			state = string(c.Stand)
		}
		if e := c.Awaited; e != nil && c.Stand == transfer.Done { // it has come as it was announced
			met := *e
			met.Dropped = true
			out = append(out, ledger.Record{At: now, Expected: &met})
		}
		if c.Alert.State != state {
			out = append(out, ledger.Record{At: now, Alerted: &ledger.Alerted{Key: c.Key, N: c.Alert.N + 1, State: state}})
		}
	}
	return out
}

// Moves are the transfers of a ledger, judged as far as bitbank's lists were read.
func Moves(l *ledger.Ledger, now time.Time) []transfer.Case {
	_, read := l.Waiting()
	return transfer.Judge(l, read, now)
}

// A withdrawal that waits for its owner, and a transfer whose word we do not know, are among the differences after so long: nothing
// says how long they take usually. Our assumption.
const (
	ownerWaits  = time.Hour
	untoldWaits = 24 * time.Hour
)

// stuck are the transfers that should have moved on, as differences. Those that wait for their senders to be declared are told of by
// themselves.
func stuck(l *ledger.Ledger, now time.Time) []ledger.Break {
	var out []ledger.Break
	by := map[string]ledger.Transfer{}
	for _, t := range l.Transfers() {
		if t.Deposit != nil {
			by["in "+t.Deposit.UUID] = t
		} else {
			by["out "+t.Withdrawal.UUID] = t
		}
	}
	for _, c := range Moves(l, now) {
		t, listed := by[c.Key]
		if !listed || c.Undeclared {
			continue
		}
		b := ledger.Break{ID: string(ledger.Stuck) + " " + c.Key, Kind: ledger.Stuck, Found: now, Transfer: &t}
		switch late := c.Stand == transfer.Late || c.Stand == transfer.Stopped; {
		case late && c.Usual != nil:
			b.Since = c.Waits.Add(c.Usual.Late)
		case late:
			b.Since = c.Due
		case c.Stand == transfer.Owner && c.For > ownerWaits:
			b.Since = c.Waits.Add(ownerWaits)
		case c.Stand == transfer.Untold && c.For > untoldWaits:
			b.Since = c.Waits.Add(untoldWaits)
		default:
			continue
		}
		if t.Deposit != nil {
			b.Money = []ledger.Money{{Asset: c.Asset, OnHand: c.Amount.Decimal()}}
		} else {
			b.Money = []ledger.Money{{Asset: c.Asset, Locked: c.Amount.Decimal().Add(c.Fee.Decimal())}}
		}
		out = append(out, b)
	}
	return out
}

// expectMost bounds what is awaited at a time.
const expectMost = 100

// Expect has a deposit awaited that its owner has sent, and returns it with the name by which it can be dropped. Announcing the same
// transaction again changes what was said of it. What cannot be taken is a *transfer.Mistake, or ErrExpected.
func (a *Account) Expect(e ledger.Expected) (ledger.Expected, error) {
	a.mu.Lock()
	known := a.broker.Ledger().Expected()
	routes, _ := a.broker.Ledger().Routes()
	a.mu.Unlock()
	e, err := transfer.Complete(e, routes, time.Now())
	if err != nil {
		return e, err
	}
	e.ID = expectedID(e)
	if len(known) >= expectMost && !slices.ContainsFunc(known, func(k ledger.Expected) bool { return k.ID == e.ID }) {
		return e, fmt.Errorf("%w: %d deposits are awaited already; drop some first", ErrExpected, len(known))
	}
	a.step(broker.Heard{Records: []ledger.Record{{At: time.Now(), Expected: &e}}})
	poke(a.doubt)
	return e, nil
}

// ErrExpected is the error of an announcement that cannot be taken.
var ErrExpected = errors.New("not awaited")

// expectedID names an announcement: of a coin by its transaction, so that it is the same however often it is made; of yen by what
// was sent when.
func expectedID(e ledger.Expected) string {
	of := []string{e.Asset, strings.ToLower(e.TxID)}
	if e.TxID == "" {
		of = []string{e.Asset, e.Amount.String(), e.Sent.UTC().Format(time.RFC3339)}
	}
	sum := sha256.Sum256([]byte(strings.Join(of, "\n")))
	return hex.EncodeToString(sum[:4])
}

// Unexpect drops an announcement. It fails when there is none of that name.
func (a *Account) Unexpect(id string) error {
	a.mu.Lock()
	known := a.broker.Ledger().Expected()
	a.mu.Unlock()
	i := slices.IndexFunc(known, func(e ledger.Expected) bool { return e.ID == id })
	if i < 0 {
		return fmt.Errorf("%w: no deposit is awaited under the name %.20q", ErrExpected, id)
	}
	e := known[i]
	e.Dropped = true
	a.step(broker.Heard{Records: []ledger.Record{{At: time.Now(), Expected: &e}}})
	return nil
}

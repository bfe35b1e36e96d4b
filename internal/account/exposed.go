package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// exposed is what a ledger says of what is held, without prices.
func exposed(l *ledger.Ledger, now time.Time) exposure.Input {
	in := exposure.Input{Now: now, Holdings: l.Holdings(), Positions: l.Positions(), Lines: l.Lines()}
	if m, known := l.Margin(); known {
		in.Margin, in.Held, in.Demand = &m, m.Held, m.Notice
	}
	leaving := map[string]map[bitbank.OrderID]bool{}
	var unknown []exposure.Order
	for _, i := range l.Open() {
		switch {
		case i.Cancel != nil:
			if leaving[i.Cancel.Pair] == nil {
				leaving[i.Cancel.Pair] = map[bitbank.OrderID]bool{}
			}
			for _, id := range i.Cancel.IDs {
				leaving[i.Cancel.Pair][id] = true
			}
		case i.Order != nil && (i.Case == nil || i.Case.Verdict != reconcile.Ambiguous): // the orders that an ambiguous one may be are known, and counted
			unknown = append(unknown, exposure.Order{Order: wanted(*i.Order), Unknown: true})
		}
	}
	for _, o := range l.Live() {
		in.Orders = append(in.Orders, exposure.Order{Order: o, Leaving: leaving[o.Pair][o.ID]})
	}
	in.Orders = append(in.Orders, unknown...)
	for _, b := range l.Breaks() {
		if b.Over.IsZero() {
			for _, m := range b.Money {
				in.Unsure = append(in.Unsure, m.Asset)
			}
		}
	}
	for _, h := range in.Holdings {
		if h.At.After(in.Read) {
			in.Read = h.At
		}
	}
	return in
}

// sharpen adds to an input what the ledger does not hold: what was read since the start and changed nothing, and prices. Called
// with the lock.
func (a *Account) sharpen(in *exposure.Input) {
	m := &a.books.margin
	in.Dark, in.Read = a.broker.Dark() || a.guard.unread, a.read
	for _, name := range a.books.unsure {
		if !strings.Contains(name, "/") {
			in.Unsure = append(in.Unsure, name)
		}
	}
	if m.newest != nil {
		in.Margin, in.Held, in.Demand = m.newest, m.newest.Held, m.newest.Notice
	}
	for i, p := range in.Positions {
		key := exposure.Key{Pair: p.Pair, Side: p.Side}
		if at := m.shown[key]; at.After(p.At) {
			in.Positions[i].At = at
		}
		if _, zero := m.zero[key]; zero {
			in.Doubted = append(in.Doubted, key)
		}
	}
	in.Markets = a.markets(in.Now, "")
}

// watched is what the account holds now, if its owner has drawn a line.
func (a *Account) watched() (exposure.Input, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.broker.Ledger().Lines()) == 0 {
		return exposure.Input{}, false
	}
	in := exposed(a.broker.Ledger(), time.Now())
	a.sharpen(&in)
	return in, true
}

// linesEvery is how often the owner's lines are looked at. Prices come every few seconds.
const linesEvery = time.Second

// lines follows the owner's lines until ctx ends.
func (a *Account) lines(ctx context.Context) error {
	var w exposure.Watcher
	each := time.NewTicker(linesEvery)
	defer each.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-each.C:
		}
		in, some := a.watched()
		if !some {
			continue
		}
		var records []ledger.Record
		for _, c := range w.Step(exposure.Of(in)) {
			records = append(records, ledger.Record{At: time.Now(), Crossed: &c})
		}
		if len(records) > 0 {
			a.step(broker.Heard{Records: records})
		}
	}
}

// Draw sets a line of the owner's: its number is given here. It stands when Draw returns without an error; a *exposure.Refusal says
// why it does not make sense.
func (a *Account) Draw(ctx context.Context, x ledger.Line) (ledger.Line, error) {
	a.mu.Lock()
	in := exposed(a.broker.Ledger(), time.Now())
	a.sharpen(&in)
	in.Markets = a.markets(in.Now, x.Pair)
	if refused := exposure.Check(x, a.books.pairs, in); refused != nil {
		a.mu.Unlock()
		return ledger.Line{}, refused
	}
	x.ID = a.broker.Ledger().NextLine()
	done := a.drawn(ledger.Record{Line: &x})
	a.mu.Unlock()
	return x, a.kept(ctx, done)
}

// Erase removes a line of the owner's; false when there is none with this number.
func (a *Account) Erase(ctx context.Context, id int) (bool, error) {
	a.mu.Lock()
	if !slices.ContainsFunc(a.broker.Ledger().Lines(), func(x ledger.LineState) bool { return x.ID == id }) {
		a.mu.Unlock()
		return false, nil
	}
	done := a.drawn(ledger.Record{Line: &ledger.Line{ID: id, Removed: true}})
	a.mu.Unlock()
	return true, a.kept(ctx, done)
}

// drawn records something, and tells when it is on the disk. Called with the lock.
func (a *Account) drawn(r ledger.Record) <-chan error {
	r.At = time.Now()
	done := make(chan error, 1)
	a.queue(item{effects: a.broker.Step(r.At, broker.Heard{Records: []ledger.Record{r}}), done: done})
	return done
}

// kept waits until something is on the disk.
func (a *Account) kept(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("it holds, and is not recorded yet: %w", err)
		}
		return nil
	case <-a.over:
		return fmt.Errorf("the account is not followed any more")
	case <-ctx.Done():
		return ctx.Err()
	}
}

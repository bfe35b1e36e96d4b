package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
	"hikeshi/internal/stop"
)

// StopKind is the kind of the journal's records of local stops: a stop.Record each.
const StopKind journal.Kind = "stop"

// stops are the local stops of an account, and what was learned for them since the start.
type stops struct {
	turn chan struct{} // holds one: who changes the book, which waits for the disk

	mu        sync.Mutex // guards what follows
	book      stop.Book
	watches   map[stop.ID]*stop.Watch
	steps     map[stop.ID]Doing     // the newest of each that acts
	acting    map[stop.ID]bool      // a goroutine carries it out
	concluded map[stop.ID]time.Time // see StopView
	feeds     map[string]*feed      // by pair
	exits     map[string]seen       // by intent: when it changed last, as far as we saw
	back      time.Time             // nothing that was read before says anything
	silent    bool                  // the newest read of the account was not answered
	pairs     map[string]bitbank.Pair
	changed   chan struct{} // closed and made anew when something has changed that an exit waits for
}

func newStops(b stop.Book) *stops {
	return &stops{
		turn: make(chan struct{}, 1), book: b, watches: map[stop.ID]*stop.Watch{}, steps: map[stop.ID]Doing{}, acting: map[stop.ID]bool{},
		concluded: map[stop.ID]time.Time{},
		feeds:     map[string]*feed{}, exits: map[string]seen{}, pairs: map[string]bitbank.Pair{}, changed: make(chan struct{}),
	}
}

// A seen is what an order of an exit looked like.
type seen struct {
	settled, over bool
	executed      string
	at            time.Time
}

// A Doing is what an exit does now, or waits for.
type Doing struct {
	stop.Step
	At time.Time
}

// A StopView is a local stop for people.
type StopView struct {
	stop.Standing
	// Dark says that bitbank does not answer, or that its prices do not come: an armed plan is watched by other exchanges alone.
	Dark bool
	// Unheard is what keeps an armed plan from being judged now, "" when it is judged.
	Unheard stop.Reason
	Bitbank stop.Quote
	Else    stop.Quote
	Doing   Doing // of one that acts
	// Concluded is when the first read of the account ended that the exit could be decided by, since it was triggered or we were
	// started; zero: not yet.
	Concluded time.Time
	Exits     []stop.Exit
	Sold      bitbank.Number
}

// ErrStop are the errors of changes to local stops.
var (
	ErrNoStop       = errors.New("there is no such stop, or it is over")
	ErrUnrecorded   = errors.New("the journal could not be written, so nothing was changed")
	ErrStopReadOnly = errors.New("the account's key has no trading right, so a stop could never be carried out")
	ErrStopUnread   = errors.New("bitbank does not answer, so the stop cannot be checked")
)

// noteStop has a record of a stop on the disk, and then in the book. Check is asked in between whether it still fits.
func (a *Account) noteStop(ctx context.Context, check func(*stop.Book) (stop.Record, error)) error {
	s := a.stops
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	r, err := check(&s.book)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if r.At.IsZero() {
		r.At = time.Now()
	}
	if _, err := a.o.Journal.Append(context.WithoutCancel(ctx), journal.Entry{Kind: StopKind, At: r.At, Data: r}); err != nil {
		a.log.Error("a record of a stop was not written", "err", err)
		return ErrUnrecorded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.Apply(r)
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// moved takes a plan to another state, if it is still in one of those.
func (a *Account) moved(ctx context.Context, m stop.Moved, from ...stop.State) error {
	return a.noteStop(ctx, func(b *stop.Book) (stop.Record, error) {
		s, ok := b.Find(m.ID)
		for _, f := range from {
			if ok && s.State == f {
				return stop.Record{Moved: &m}, nil
			}
		}
		return stop.Record{}, ErrNoStop
	})
}

// CheckStop says whether a plan can be set now: stop.Problem is why not. It asks bitbank for the pair and the price.
func (a *Account) CheckStop(ctx context.Context, p stop.Plan) (stop.Plan, error) {
	if a.o.ReadOnly {
		return p, ErrStopReadOnly
	}
	f, err := a.stopFacts(ctx, p)
	if err != nil {
		a.log.Info("a stop was not checked", "err", err)
		return p, ErrStopUnread
	}
	p.Held = bitbank.NewNumber(f.Held)
	return p, stop.Check(p, f)
}

// AddStop sets a plan, after CheckStop has found nothing wrong with it. It is watched from then on, over restarts.
func (a *Account) AddStop(ctx context.Context, p stop.Plan) (stop.ID, error) {
	p, err := a.CheckStop(ctx, p)
	if err != nil {
		return "", err
	}
	err = a.noteStop(ctx, func(b *stop.Book) (stop.Record, error) {
		p.ID, p.Set = b.Next(), time.Now().UTC().Round(0)
		return stop.Record{At: p.Set, Set: &p}, nil
	})
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// RemoveStop ends a plan by its owner's word. One whose exit has sent something ends too: what rests on the book stays there.
func (a *Account) RemoveStop(ctx context.Context, id stop.ID) error {
	return a.moved(ctx, stop.Moved{ID: id, To: stop.Removed}, stop.Armed, stop.Pending, stop.Exiting)
}

// GuardStop gives a plan another guard. A problem with it is a stop.Problem.
func (a *Account) GuardStop(ctx context.Context, id stop.ID, guard bitbank.Number) error {
	a.stops.mu.Lock()
	s, ok := a.stops.book.Find(id)
	pair, known := a.stops.pairs[s.Plan.Pair]
	a.stops.mu.Unlock()
	switch {
	case !ok || s.Over():
		return ErrNoStop
	case !known:
		return ErrStopUnread
	}
	s.Plan.Guard = guard
	if err := stop.CheckGuard(s.Plan, pair); err != nil {
		return err
	}
	return a.noteStop(ctx, func(b *stop.Book) (stop.Record, error) {
		if s, ok := b.Find(id); !ok || s.Over() {
			return stop.Record{}, ErrNoStop
		}
		return stop.Record{Guard: &stop.Guarded{ID: id, Guard: guard}}, nil
	})
}

// Stops are the local stops, those that are not over first.
func (a *Account) Stops() []StopView {
	now := time.Now()
	a.stops.mu.Lock()
	all := a.stops.book.All()
	a.stops.mu.Unlock()
	var out []StopView
	for _, s := range all {
		v := StopView{Standing: s, Exits: a.exitsOf(s, now)}
		a.stops.mu.Lock()
		if f := a.stops.feeds[s.Plan.Pair]; f != nil && !s.Over() {
			v.Bitbank, v.Dark = f.quote, f.dark
		}
		if w := a.stops.watches[s.Plan.ID]; w != nil && s.State == stop.Armed {
			v.Unheard = w.Why()
		}
		if s.Acting() {
			v.Doing = a.stops.steps[s.Plan.ID]
		}
		v.Concluded = a.stops.concluded[s.Plan.ID]
		a.stops.mu.Unlock()
		v.Else = a.elsewhere(s.Plan.Pair)
		sum := bitbank.Number{}.Decimal()
		for _, e := range v.Exits {
			sum = sum.Add(e.Order.ExecutedAmount.Decimal())
		}
		v.Sold = bitbank.NewNumber(sum)
		out = append(out, v)
	}
	return out
}

// StopPairs are the pairs whose prices local stops depend on.
func (a *Account) StopPairs() []string {
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	return a.stopPairs()
}

// stopPairs is StopPairs with the lock of the stops.
func (a *Account) stopPairs() []string {
	var out []string
	listed := map[string]bool{}
	for _, s := range a.stops.book.Open() {
		if !listed[s.Plan.Pair] {
			listed[s.Plan.Pair] = true
			out = append(out, s.Plan.Pair)
		}
	}
	return out
}

// exitBot is the name that the exit of a plan is recorded under.
func exitBot(id stop.ID) string { return broker.Exits + string(id) }

// exitsOf are the orders of a plan's exit, oldest first.
func (a *Account) exitsOf(s stop.Standing, now time.Time) []stop.Exit {
	var out []stop.Exit
	a.mu.Lock()
	l := a.broker.Ledger()
	for _, i := range l.Recent(s.Plan.Set) {
		if i.Bot == exitBot(s.Plan.ID) && i.Order != nil {
			out = append(out, exitOf(l, i))
		}
	}
	a.mu.Unlock()
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	for k, e := range out {
		is := seen{e.Settled, e.Over, e.Order.ExecutedAmount.String(), now}
		if was, ok := a.stops.exits[e.Intent]; ok && was.settled == is.settled && was.over == is.over && was.executed == is.executed {
			is.at = was.at
		} else if !s.Over() {
			a.stops.exits[e.Intent] = is
		}
		out[k].Changed = is.at
	}
	return out
}

// exitOf is an intent as an order of an exit.
func exitOf(l *ledger.Ledger, i ledger.Intent) stop.Exit {
	x := line(l, i)
	e := stop.Exit{Intent: i.ID, Signed: i.Signed, Settled: i.Settled(), Code: x.Code, Order: x.Order}
	if !e.Settled {
		e.Order.ExecutedAmount = bitbank.Number{} // what looks like it may be another's
		return e
	}
	e.Refused = i.Answer == ledger.Declined || x.Standing == NotPlaced
	e.Over = e.Refused || x.Order.Status.Terminal()
	return e
}

// decodeStop reads a record of a stop.
func decodeStop(r journal.Record) (stop.Record, error) {
	var x stop.Record
	if err := json.Unmarshal(r.Data, &x); err != nil {
		return x, fmt.Errorf("read record %d of a stop: %w", r.Seq, err)
	}
	return x, nil
}

package account

import (
	"context"
	"math/rand/v2"
	"time"

	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/stop"
)

const (
	// exitFor is how long an order of an exit is waited for before it counts as unknown and is looked for.
	exitFor = 10 * time.Second
	// exitAgain is the longest pause before bitbank is asked again that did not answer: half of it at least, drawn, so that not
	// everybody comes back at once.
	exitAgain = 2500 * time.Millisecond
	exitReads = 2 // the newest readings that are kept
)

// resumeExits has every plan carried out that acts and is not carried out yet.
func (a *Account) resumeExits() {
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	for _, s := range a.stops.book.Open() {
		if id := s.Plan.ID; s.Acting() && !a.stops.acting[id] {
			a.stops.acting[id] = true
			a.begin(func() { a.exit(a.ctx, id) })
		}
	}
	for _, n := range a.stops.book.Natives() {
		if id := n.ID; !n.Over && !a.stops.acting[id] {
			a.stops.acting[id] = true
			a.begin(func() { a.placeNative(a.ctx, id) })
		}
	}
}

// An exit carries out one plan. It is one goroutine's.
type exit struct {
	id      stop.ID
	reads   []stop.Reading
	market  *stop.Market
	audited time.Time // when a whole read of the account began for it
	// concluded says that one has ended by which it could be decided.
	concluded bool
}

// exit carries out a plan while it is pending or exiting.
func (a *Account) exit(ctx context.Context, id stop.ID) {
	defer func() {
		a.stops.mu.Lock()
		defer a.stops.mu.Unlock()
		delete(a.stops.acting, id)
	}()
	x := &exit{id: id}
	for ctx.Err() == nil {
		a.stops.mu.Lock()
		s, ok := a.stops.book.Find(id)
		a.stops.mu.Unlock()
		if !ok || !s.Acting() {
			return
		}
		step := s.Next(a.world(s, x))
		if step.Act != stop.Read && step.Act != stop.Look { // they take a moment, and say what it waits for afterwards
			a.doing(id, step)
		}
		pause := a.act(ctx, s, x, step)
		if pause <= 0 {
			continue
		}
		a.stops.mu.Lock()
		changed := a.stops.changed
		a.stops.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(pause):
		}
	}
}

// doing notes what an exit does or waits for, and since when.
func (a *Account) doing(id stop.ID, step stop.Step) {
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	if was := a.stops.steps[id]; was.Act != step.Act || was.Why != step.Why {
		a.stops.steps[id] = Doing{step, time.Now()}
	}
}

// world is what the next step is decided by.
func (a *Account) world(s stop.Standing, x *exit) stop.World {
	now := time.Now()
	w := stop.World{Now: now, Reads: x.reads, Market: x.market, Exits: a.exitsOf(s, now)}
	a.mu.Lock()
	w.Held = a.o.ReadOnly || a.broker.Stopped(exitBot(s.Plan.ID)) != ""
	a.mu.Unlock()
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	w.Since = a.stops.back
	return w
}

// act does a step, and says how long to wait before the next.
func (a *Account) act(ctx context.Context, s stop.Standing, x *exit, step stop.Step) time.Duration {
	id := s.Plan.ID
	switch step.Act {
	case stop.Read:
		return a.lookFor(ctx, s.Plan, x, step.Whole)
	case stop.Look:
		m, err := a.readMarket(ctx, s.Plan)
		if err != nil {
			return unanswered()
		}
		x.market = m
	case stop.Place, stop.Cancel:
		if s.State == stop.Pending {
			if err := a.moved(ctx, stop.Moved{ID: id, To: stop.Exiting}, stop.Pending); err != nil {
				a.tellStop(id, err)
				return time.Second
			}
		}
		x.reads = nil // what was read before says nothing any more
		return a.sendExit(ctx, s, step)
	case stop.Finish:
		a.log.Warn("a stop is carried out: nothing is left", "stop", id, "sold", step.Proof.Sold)
		a.tellStop(id, a.moved(ctx, stop.Moved{ID: id, To: stop.Done, Why: stop.Flat, Proof: step.Proof}, stop.Pending, stop.Exiting))
		return time.Second
	case stop.Rearm:
		a.stops.mu.Lock()
		if w := a.stops.watches[id]; w != nil {
			w.Back()
		}
		a.stops.mu.Unlock()
		a.tellStop(id, a.moved(ctx, stop.Moved{ID: id, To: stop.Armed, Why: stop.Returned}, stop.Pending))
		return time.Second
	}
	return step.Again
}

// lookFor reads the account and the market.
func (a *Account) lookFor(ctx context.Context, p stop.Plan, x *exit, whole bool) time.Duration {
	r, m := a.readFor(ctx, p, x, whole)
	x.market = m
	if r.Doubt == stop.Unread {
		a.doing(p.ID, stop.Step{Act: stop.Wait, Why: stop.Darkness})
		return unanswered()
	}
	if r.Doubt == "" && !x.concluded {
		x.concluded = true
		a.stops.mu.Lock()
		a.stops.concluded[p.ID] = time.Now()
		a.stops.mu.Unlock()
	}
	x.reads = append(x.reads, r)
	x.reads = x.reads[max(0, len(x.reads)-exitReads):]
	return 0
}

// unanswered is how long bitbank is left alone that did not answer.
func unanswered() time.Duration { return exitAgain/2 + rand.N(exitAgain/2) }

// sendExit sends an order of an exit, or a cancel for it, through the same machine as a bot's.
func (a *Account) sendExit(ctx context.Context, s stop.Standing, step stop.Step) time.Duration {
	e := broker.Ask{Bot: exitBot(s.Plan.ID), Until: time.Now().Add(exitFor), Another: true, Guard: broker.Unguarded}
	if step.Act == stop.Place {
		e.Order = &step.Order
	} else {
		e.Cancel = &ledger.Cancel{Pair: s.Plan.Pair, IDs: step.Cancel}
		if step.Guards {
			if err := a.naked(ctx, s.Plan.ID, true); err != nil {
				return time.Second
			}
		}
	}
	r := a.ask(ctx, e)
	if r.Told != nil {
		r.Told(true)
	}
	a.log.Info("an exit", "stop", s.Plan.ID, "act", step.Act, "outcome", r.Outcome, "reason", r.Reason)
	if step.Act == stop.Place && len(r.Orders) > 0 && !s.NakedSince.IsZero() {
		a.tellStop(s.Plan.ID, a.naked(ctx, s.Plan.ID, false))
	}
	switch {
	case step.Act == stop.Cancel:
		return 100 * time.Millisecond // what it has come to is read then
	case r.Intent == "":
		return time.Second // nothing was sent
	}
	return 0
}

// naked notes when nothing on bitbank protects what an exit is for, and when an order of it does.
func (a *Account) naked(ctx context.Context, id stop.ID, on bool) error {
	return a.noteStop(ctx, func(*stop.Book) (stop.Record, error) {
		return stop.Record{Naked: &stop.Naked{ID: id, On: on}}, nil
	})
}

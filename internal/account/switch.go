package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hikeshi/internal/broker"
	"hikeshi/internal/gateway"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
)

// Switch are the owner's rules of the dead man's switch, and what is known of maintenance.
type Switch struct {
	Rules   lease.Rules
	Windows []lease.Window // announced, that concern orders
	// Maintenance reports whether one is seen now. It may be called concurrently. Nil: never.
	Maintenance func() bool
}

// A guard is the shell of the dead man's switch. Everything but the channel is guarded by the account's lock.
type guard struct {
	rules Switch
	book  *lease.Book
	now   func() lease.Moment
	alarm chan struct{} // holds one: something was armed

	unread bool // the newest read of the account was not answered
}

func newGuard(s Switch) guard {
	began := time.Now()
	return guard{rules: s, book: lease.New(s.Rules), alarm: make(chan struct{}, 1), now: func() lease.Moment {
		now := time.Now()
		return lease.Moment{Wall: now.Round(0), Run: now.Sub(began)} // Sub goes by the monotonic readings
	}}
}

// takeUp takes the leases up as they were recorded. Called with the lock.
func (a *Account) takeUp() {
	for _, l := range a.broker.Ledger().Leases() {
		a.guard.book.Resume(a.guard.now(), l.Word, l.At)
	}
}

// watchBots looks at the countdowns until ctx ends.
func (a *Account) watchBots(ctx context.Context) error {
	for {
		var timer <-chan time.Time
		if next := a.countDown(); next > 0 {
			timer = time.After(next)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.guard.alarm:
		case <-timer:
		}
	}
}

// countDown lets the countdowns run, and returns when it is to be called again; 0 is when something is armed. A bot whose lease
// lapses is stopped in the same moment, before anybody can ask for the lock.
func (a *Account) countDown() time.Duration {
	seen := a.rules().Maintenance()
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.guard.now()
	for _, e := range a.guard.book.Tick(now, a.sky(seen)) {
		switch {
		case e.Record != nil:
			a.log.Warn("a bot's dead man's switch has lapsed: its new orders are refused, and what rests is cancelled", "bot", e.Bot, "epoch", e.Epoch, "why", e.Why)
			a.leased(*e.Record)
		case e.Why == lease.Clock || e.Why == lease.Late:
			a.log.Warn("this program was away: the countdown of a bot's dead man's switch begins anew", "bot", e.Bot, "why", e.Why)
		}
	}
	for _, l := range a.guard.book.All() {
		if w := a.stage(now, l); w != nil {
			a.leased(*w)
		}
	}
	return a.guard.book.Next(now)
}

// rules are those of the owner, with nothing left out.
func (a *Account) rules() Switch {
	r := a.guard.rules
	if r.Maintenance == nil {
		r.Maintenance = func() bool { return false }
	}
	return r
}

// sky is what is known of bitbank. Called with the lock.
func (a *Account) sky(maintenance bool) lease.Sky {
	return lease.Sky{Windows: a.guard.rules.Windows, Maintenance: maintenance}
}

// leased has a word of a lease recorded, and what follows from it done. Called with the lock.
func (a *Account) leased(w lease.Word) {
	a.queue(item{effects: a.broker.Step(time.Now(), broker.Lease{Word: w})})
	poke(a.tick)
}

// stage says how far the plan of a lapse is. What it returns is to be recorded. Called with the lock.
func (a *Account) stage(now lease.Moment, l lease.Lease) *lease.Word {
	if !l.State.Lapsed() || l.State == lease.Safe {
		return nil
	}
	p := a.planOfLapse(l.Bot)
	if p == nil {
		return nil
	}
	return a.guard.book.Stage(now, l.Bot, stageOf(*p))
}

// planOfLapse is the plan by which the orders of a bot that has lapsed are cancelled: the newest over all of them, since the lapse
// made one, or found one that went on. Called with the lock.
func (a *Account) planOfLapse(bot string) *Plan {
	l := a.broker.Ledger()
	w, ok := l.Lease(bot)
	if !ok || !w.State.Lapsed() {
		return nil
	}
	for _, p := range slices.Backward(l.Plans()) {
		if p.Scope.Covers(ledger.Scope{Bot: bot, Protective: w.Spare == lease.Nothing}) {
			return new(a.progress(planOf(l, p)))
		}
	}
	return nil
}

// stageOf is how far a plan is, in the words of the switch.
func stageOf(p Plan) lease.State {
	switch p.State {
	case PlanOver:
		return lease.Safe
	case PlanLatched:
		return lease.Latched
	case PlanCancels:
		return lease.Drain
	case PlanLooks:
		if p.Left() > 0 {
			return lease.Resolve
		}
		return lease.Verify
	}
	return lease.Frozen // given up by its owner, who lets the bot go
}

// Beat implements gateway.Desk.
func (a *Account) Beat(b lease.Ask) (lease.Lease, error) {
	seen := a.rules().Maintenance()
	done := make(chan error, 1)
	a.mu.Lock()
	switch {
	case a.o.ReadOnly:
		a.mu.Unlock()
		return lease.Lease{}, gateway.ErrReadOnly
	case a.ctx == nil || a.ending:
		a.mu.Unlock()
		return lease.Lease{}, gateway.ErrNotNow
	}
	now := a.guard.now()
	l, record, err := a.guard.book.Beat(now, a.sky(seen), b)
	if record == nil {
		a.mu.Unlock()
		return l, err
	}
	a.queue(item{a.broker.Step(time.Now(), broker.Lease{Word: *record}), done})
	a.mu.Unlock()
	poke(a.tick)
	poke(a.guard.alarm)
	select {
	case err := <-done:
		if err != nil {
			return l, errors.Join(gateway.ErrUnrecorded, err)
		}
		return l, nil
	case <-a.over:
		return l, gateway.ErrNotNow
	}
}

// Alive implements gateway.Desk.
func (a *Account) Alive(bot string, epoch int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.guard.book.Touch(a.guard.now(), bot, epoch)
}

// release lets a bot go whose switch has lapsed, because its owner says so.
func (a *Account) release(bot string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.guard.now()
	if w, ok := a.guard.book.Release(now, bot); ok {
		a.leased(w)
	}
}

// lapsedWords says why the orders of a bot are refused whose switch has lapsed, and where the report is.
func (a *Account) lapsedWords(bot string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, _ := a.broker.Ledger().Lease(bot)
	return lapsedWords(l)
}

func lapsedWords(l ledger.Leased) string {
	return fmt.Sprintf("the bot's dead man's switch has lapsed; GET /hikeshi/v1/state has the report; when it says safe, arm an epoch above %d", l.Epoch)
}

// reportOf is a plan for a bot: what is the bot's, since the plan may be one over all of them.
func reportOf(p Plan, bot string) *gateway.Report {
	r := &gateway.Report{Plan: p.ID, Began: p.At, Ended: p.Ended}
	for _, o := range p.Orders {
		if o.Bot != bot {
			continue
		}
		r.Orders = append(r.Orders, o.Order)
		if o.Stuck {
			r.Left = append(r.Left, o.Order.ID)
		}
	}
	for _, x := range p.Spared {
		if x.Bot == bot {
			r.Spared = append(r.Spared, x.Order)
		}
	}
	for _, x := range p.Lost {
		if x.Bot == bot {
			r.Lost = append(r.Lost, x.Intent)
		}
	}
	return r
}

// switchesOf are the switches as they were recorded.
func switchesOf(l *ledger.Ledger) []lease.Lease {
	var out []lease.Lease
	for _, w := range l.Leases() {
		out = append(out, lease.Lease{Word: w.Word, Since: w.At})
	}
	return out
}

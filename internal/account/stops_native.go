package account

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/stop"
)

// A NativeView is a stop on bitbank that is being placed or replaced, for people.
type NativeView struct {
	stop.NativeStanding
	Doing Doing
	Exits []stop.Exit // orders that were sent for it
}

// Natives are the stops on bitbank that were placed or replaced from here, the newest first.
func (a *Account) Natives() []NativeView {
	a.stops.mu.Lock()
	all := a.stops.book.Natives()
	a.stops.mu.Unlock()
	var out []NativeView
	for _, n := range all {
		v := NativeView{NativeStanding: n, Exits: a.placedFor(n)}
		a.stops.mu.Lock()
		if !n.Over {
			v.Doing = a.stops.steps[n.ID]
		}
		a.stops.mu.Unlock()
		out = append(out, v)
	}
	return out
}

// placedFor are the orders that were sent for a native stop.
func (a *Account) placedFor(n stop.NativeStanding) []stop.Exit {
	return a.exitsOf(stop.Standing{Plan: stop.Plan{ID: n.ID, Set: n.Set}}, time.Now())
}

// CheckNative says whether a stop on bitbank can be placed, or replaced by another, and completes it: stop.Problem is why not.
func (a *Account) CheckNative(ctx context.Context, n stop.Native) (stop.Native, error) {
	if a.o.ReadOnly {
		return n, ErrStopReadOnly
	}
	p := stop.Plan{Pair: n.Order.Pair, Side: n.Order.Side, Position: n.Order.PositionSide}
	f, err := a.stopFacts(ctx, p)
	if err != nil {
		a.log.Info("a stop was not checked", "err", err)
		return n, ErrStopUnread
	}
	facts := stop.NativeFacts{Pair: f.Pair, Bitbank: f.Bitbank}
	if f.Pair == nil {
		return n, stop.CheckNative(n, facts)
	}
	a.stops.mu.Lock()
	facts.Natives = a.stops.book.Natives()
	a.stops.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.broker.Ledger().Live() {
		if o.Pair != n.Order.Pair || !stopKinds[o.Type] {
			continue
		}
		if o.ID == n.Old {
			facts.Old = &o
			n.Back = bitbank.NewOrder{
				Pair: o.Pair, Side: o.Side, Type: o.Type, PositionSide: o.PositionSide, Amount: o.RemainingAmount, Price: o.Price, TriggerPrice: o.TriggerPrice,
			}
			if !n.Order.Amount.Known() {
				n.Order.Amount = o.RemainingAmount
			}
		}
	}
	facts.Known = !f.HeldAt.IsZero()
	facts.Usable = a.unlocked(p, f.Held)
	if facts.Old != nil {
		facts.Usable = facts.Usable.Add(facts.Old.RemainingAmount.Decimal())
	}
	return n, stop.CheckNative(n, facts)
}

// unlocked is what of a holding or position no order locks. Called with the lock.
func (a *Account) unlocked(p stop.Plan, held decimal.Decimal) decimal.Decimal {
	l := a.broker.Ledger()
	if p.Position == bitbank.Spot {
		for _, h := range l.Holdings() {
			if h.Asset == coinOf(p.Pair) {
				return h.Free.Decimal()
			}
		}
	}
	for _, o := range l.Live() {
		if alikeExit(o, p) {
			held = held.Sub(o.RemainingAmount.Decimal())
		}
	}
	return decimal.Max(held, decimal.Zero)
}

// AddNative has a stop placed on bitbank, or replaced by another, after CheckNative has found nothing wrong with it. It goes on over
// restarts.
func (a *Account) AddNative(ctx context.Context, n stop.Native) (stop.ID, error) {
	n, err := a.CheckNative(ctx, n)
	if err != nil {
		return "", err
	}
	err = a.noteStop(ctx, func(b *stop.Book) (stop.Record, error) {
		n.ID, n.Set = b.NextNative(), time.Now().UTC().Round(0)
		return stop.Record{At: n.Set, Native: &n}, nil
	})
	if err != nil {
		return "", err
	}
	a.resumeExits()
	return n.ID, nil
}

// EndNative gives up what is not placed yet. What was sent is sent.
func (a *Account) EndNative(ctx context.Context, id stop.ID) error {
	return a.endNative(ctx, id, stop.ByHand)
}

func (a *Account) endNative(ctx context.Context, id stop.ID, why stop.Reason) error {
	return a.noteStop(ctx, func(b *stop.Book) (stop.Record, error) {
		if n, ok := b.Native(id); !ok || n.Over {
			return stop.Record{}, ErrNoStop
		}
		return stop.Record{Ended: &stop.Ended{ID: id, Why: why}}, nil
	})
}

// A placing carries out one native stop. It is one goroutine's.
type placing struct {
	world stop.NativeWorld
}

// placeNative goes through a native stop's steps until they are over.
func (a *Account) placeNative(ctx context.Context, id stop.ID) {
	defer func() {
		a.stops.mu.Lock()
		defer a.stops.mu.Unlock()
		delete(a.stops.acting, id)
	}()
	x := &placing{}
	for ctx.Err() == nil {
		a.stops.mu.Lock()
		n, ok := a.stops.book.Native(id)
		a.stops.mu.Unlock()
		if !ok || n.Over {
			return
		}
		x.world.Now, x.world.Placed = time.Now(), a.placedFor(n)
		step := n.Next(x.world)
		if step.Act != stop.Read && step.Act != stop.Look {
			a.doing(id, step)
		}
		pause := a.actNative(ctx, n, x, step)
		if pause <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// actNative does a step, and says how long to wait before the next.
func (a *Account) actNative(ctx context.Context, n stop.NativeStanding, x *placing, step stop.Step) time.Duration {
	p := stop.Plan{ID: n.ID, Pair: n.Order.Pair, Side: n.Order.Side, Position: n.Order.PositionSide}
	switch step.Act {
	case stop.Read:
		return a.readOld(ctx, n, x)
	case stop.Look:
		m, err := a.readMarket(ctx, p)
		if err != nil {
			a.doing(n.ID, stop.Step{Act: stop.Wait, Why: stop.Darkness})
			return unanswered()
		}
		x.world.Market = m
	case stop.Cancel:
		if err := a.naked(ctx, n.ID, true); err != nil {
			return time.Second
		}
		x.world.Cancelled, x.world.OldAt = time.Now(), time.Time{}
		a.sendFor(ctx, n.ID, broker.Ask{Cancel: &ledger.Cancel{Pair: n.Order.Pair, IDs: step.Cancel}})
	case stop.Place:
		if !a.sendFor(ctx, n.ID, broker.Ask{Order: &step.Order}) {
			return time.Second
		}
	case stop.Finish:
		a.tellStop(n.ID, a.naked(ctx, n.ID, false))
		a.log.Warn("a stop on bitbank", "id", n.ID, "end", step.Why)
		a.tellStop(n.ID, a.endNative(ctx, n.ID, step.Why))
		return time.Second
	}
	return step.Again
}

// sendFor sends a write through the bots' own machine, and reports whether anything was sent.
func (a *Account) sendFor(ctx context.Context, id stop.ID, e broker.Ask) bool {
	e.Bot, e.Until, e.Another, e.Guard = exitBot(id), time.Now().Add(exitFor), true, broker.Unguarded
	r := a.ask(ctx, e)
	if r.Told != nil {
		r.Told(true)
	}
	a.log.Info("a stop on bitbank", "id", id, "outcome", r.Outcome, "reason", r.Reason)
	return r.Intent != ""
}

// readOld reads the stop that is to be replaced.
func (a *Account) readOld(ctx context.Context, n stop.NativeStanding, x *placing) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	at := time.Now()
	orders, err := readAll(ctx, a.exiting(), n.Order.Pair, []bitbank.OrderID{n.Old})
	if err != nil || len(orders) == 0 {
		a.doing(n.ID, stop.Step{Act: stop.Wait, Why: stop.Darkness})
		return unanswered()
	}
	a.step(broker.Heard{Answered: true, Records: []ledger.Record{{Order: &orders[0]}}})
	a.mu.Lock()
	defer a.mu.Unlock()
	if o, _, known := a.broker.Ledger().Order(n.Order.Pair, n.Old); known {
		x.world.Old, x.world.OldAt = &o, at
	}
	return 0
}

package broker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// A plan cancels many orders: the bots in its scope are stopped first, then its orders are cancelled pair by pair in batches, what
// is still looked for is cancelled on sight, and it is over when bitbank has reported the end of every one. While bitbank does not
// answer, or takes no cancels, the plan is latched, and goes before everything else when it does.

// batch is how many orders one cancel may name (bitbank's documents, "Cancel multiple orders").
const batch = 30

// resize learns how many orders one cancel may name: nobody has said whether such a cancel counts as one update or as one for each.
// One that was refused as too many is halved; a minute after that, one that was taken whole lets the next be larger.
func (b *Broker) resize(now time.Time, e Sent, n int) {
	switch {
	case e.Refused != nil && e.Refused.Code == 10009 && n > 1:
		b.batch, b.resized = n/2, now
	case len(e.Orders) > 0 && n == b.batch && now.Sub(b.resized) >= time.Minute:
		b.batch, b.resized = min(batch, 2*b.batch), now
	}
}

// late is how much later than a plan an order may seem to have been placed that was placed before it: bitbank's clock and ours differ.
const late = 2 * time.Second

// cancelAll takes in a CancelAll. One that an open plan covers is that plan: pressed twice is pressed once.
func (b *Broker) cancelAll(now time.Time, e CancelAll) {
	if f, _, on := b.ledger.Frozen(e.Scope.Bot); e.By != bySwitch && (!on || !f.Until.IsZero()) {
		b.keep(now, ledger.Record{Frozen: &ledger.Frozen{Bot: e.Scope.Bot, On: true, Why: e.Why}})
	}
	if _, covered := b.Covering(e.Scope); covered {
		return
	}
	p := ledger.Planned{ID: "plan-" + b.id(), Scope: e.Scope, By: e.By, Why: e.Why}
	cancel, spare := b.ledger.Within(e.Scope)
	for _, o := range cancel {
		p.Orders = append(p.Orders, ledger.Named{Pair: o.Pair, ID: o.ID})
	}
	for _, o := range spare {
		p.Spared = append(p.Spared, ledger.Named{Pair: o.Pair, ID: o.ID})
	}
	lost := b.ledger.LostWithin(e.Scope)
	for _, i := range lost {
		p.Lost = append(p.Lost, i.ID)
	}
	b.keep(now, ledger.Record{Planned: &p})
	for _, i := range lost {
		b.unwant(now, Unwant{ID: i.ID})
	}
}

// Covering is a plan that goes on and does all that one over a scope would do now.
func (b *Broker) Covering(s ledger.Scope) (ledger.Plan, bool) {
	for _, p := range b.ledger.OpenPlans() {
		if p.Scope.Covers(s) && b.hasAll(p, s) {
			return p, true
		}
	}
	return ledger.Plan{}, false
}

// hasAll reports whether a plan names all that is to be cancelled in a scope. Since it was made the owner may have let a bot go, and the
// bot may have ordered more.
func (b *Broker) hasAll(p ledger.Plan, s ledger.Scope) bool {
	cancel, _ := b.ledger.Within(s)
	return !slices.ContainsFunc(cancel, func(o bitbank.Order) bool { return !slices.Contains(p.Orders, ledger.Named{Pair: o.Pair, ID: o.ID}) }) &&
		!slices.ContainsFunc(b.ledger.LostWithin(s), func(i ledger.Intent) bool { return !slices.Contains(p.Lost, i.ID) })
}

// giveUp ends a plan that its owner does not want any more. What was sent is sent.
func (b *Broker) giveUp(now time.Time, id string) {
	for _, p := range b.ledger.OpenPlans() {
		if p.ID == id {
			b.end(now, p, ledger.PlanEnded{ID: id, GivenUp: true})
		}
	}
}

// end records the end of a plan, and stops its cancels that are not on their way.
func (b *Broker) end(now time.Time, p ledger.Plan, e ledger.PlanEnded) {
	b.keep(now, ledger.Record{PlanEnded: &e})
	maps.DeleteFunc(b.cancels, func(_ string, k *cancelling) bool { return k.plan == p.ID && k.sending == "" })
	for _, n := range p.Orders {
		delete(b.stuck, n)
	}
}

// drain moves the open plans on.
func (b *Broker) drain(now time.Time) {
	for _, p := range b.ledger.OpenPlans() {
		b.drainOne(now, p)
	}
}

func (b *Broker) drainOne(now time.Time, p ledger.Plan) {
	if more := b.more(p); len(more.Orders)+len(more.Spared) > 0 {
		b.keep(now, ledger.Record{PlanMore: &more})
		p.Orders = append(p.Orders, more.Orders...)
	}
	covered := map[ledger.Named]bool{}
	for _, k := range b.cancels {
		for _, c := range k.list {
			covered[ledger.Named{Pair: c.Pair, ID: c.ID}] = true
		}
	}
	over := true
	var left []ledger.Left
	var pairs []string // in the order of their first order
	todo := map[string][]ledger.Named{}
	for _, n := range p.Orders {
		code, stuck := b.stuck[n]
		switch o, _, known := b.ledger.Order(n.Pair, n.ID); {
		case !known || o.Status.Terminal():
		case stuck:
			left = append(left, ledger.Left{Named: n, Code: code})
		case covered[n]:
			over = false
		default:
			over = false
			if todo[n.Pair] == nil {
				pairs = append(pairs, n.Pair)
			}
			todo[n.Pair] = append(todo[n.Pair], n)
		}
	}
	for _, pair := range pairs {
		for some := range slices.Chunk(todo[pair], batch) {
			b.batches++
			k := &cancelling{bot: Own, plan: p.ID}
			for _, n := range some {
				k.list = append(k.list, reconcile.OpenCancel(n.Pair, n.ID, now))
			}
			b.cancels[fmt.Sprintf("%s %06d", p.ID, b.batches)] = k
		}
	}
	for _, id := range p.Lost {
		i, kept := b.ledger.Intent(id)
		if !kept {
			continue
		}
		over = over && i.Settled()
		for _, n := range found(i) {
			code, stuck := b.stuck[n]
			switch o, _, known := b.ledger.Order(n.Pair, n.ID); {
			case !known || o.Status.Terminal():
			case stuck:
				left = append(left, ledger.Left{Named: n, Code: code})
			default:
				over = false
			}
		}
	}
	if over {
		b.end(now, p, ledger.PlanEnded{ID: p.ID, Left: left})
	}
}

// found are the orders that a lost one has turned out to be.
func found(i ledger.Intent) (out []ledger.Named) {
	ids := i.Placed
	if i.Case != nil && i.Case.Verdict == reconcile.Placed {
		ids = i.Case.Orders
	}
	for _, id := range ids {
		out = append(out, ledger.Named{Pair: i.Order.Pair, ID: id})
	}
	return out
}

// more are the orders of a plan's scope that were placed before it, and that nobody knew of.
func (b *Broker) more(p ledger.Plan) ledger.PlanMore {
	m := ledger.PlanMore{ID: p.ID}
	cancel, spare := b.ledger.Within(p.Scope)
	fresh := func(o bitbank.Order) (ledger.Named, bool) {
		n := ledger.Named{Pair: o.Pair, ID: o.ID}
		return n, !o.OrderedAt.Time().After(p.At.Add(late)) && !slices.Contains(p.Orders, n) && !slices.Contains(p.Spared, n)
	}
	for _, o := range cancel {
		if n, is := fresh(o); is {
			m.Orders = append(m.Orders, n)
		}
	}
	for _, o := range spare {
		if n, is := fresh(o); is {
			m.Spared = append(m.Spared, n)
		}
	}
	return m
}

// queued reports whether a cancel of a plan waits for the account's limit: they go one after the other, in the plan's order.
func (b *Broker) queued() bool {
	for _, s := range b.sending {
		if s.Urgent && !s.signed {
			return true
		}
	}
	return false
}

// Latched reports whether a plan is held up: bitbank does not answer, or takes no cancels of what it waits for.
func (b *Broker) Latched(plan string) bool {
	waits, latched := 0, 0
	for _, k := range b.cancels {
		if k.plan != plan {
			continue
		}
		for _, c := range k.list {
			switch {
			case c.State == reconcile.Done || c.State == reconcile.Stuck:
			case c.State == reconcile.Latched, c.State == reconcile.Sending && reconcile.Latches(c.Refused): // is tried now and then
				latched++
			default:
				waits++
			}
		}
	}
	return b.line.dark() && waits+latched > 0 || latched > 0 && waits == 0
}

package account

import (
	"errors"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
)

// A PlanState is how far a plan has come.
type PlanState string

// The states of plans.
const (
	PlanCancels PlanState = "cancelling" // cancels are sent, or wait for the account's limit
	PlanLooks   PlanState = "looking"    // all that is known is over, and lost orders are looked for
	PlanLatched PlanState = "latched"    // bitbank does not answer or takes no cancels: it goes first when it does
	PlanOver    PlanState = "over"       // bitbank has reported the end of every order, but of those that are named as left
	PlanGivenUp PlanState = "given_up"   // by its owner
)

// A Plan is a plan with what has become of each of its orders.
type Plan struct {
	ledger.Plan
	State  PlanState
	Orders []PlanOrder
	Spared []Line
	Lost   []Line // orders whose answers were lost: cancelled as soon as they are found
}

// A PlanOrder is an order that a plan cancels.
type PlanOrder struct {
	Line
	// Stuck says that bitbank refuses to cancel it for a reason that waiting does not mend: Code, or 0 when it knows no such order.
	Stuck bool
}

// Left is how many orders of the plan are not over.
func (p *Plan) Left() int {
	n := 0
	for _, o := range p.Orders {
		if o.Standing == Live {
			n++
		}
	}
	for _, x := range p.Lost {
		if x.Standing == Uncertain || x.Standing == Ambiguous || x.Standing == Live {
			n++
		}
	}
	return n
}

// plansOf are the plans as a ledger knows them, the newest first.
func plansOf(l *ledger.Ledger) []Plan {
	var out []Plan
	for _, p := range l.Plans() {
		out = append(out, planOf(l, p))
	}
	slices.Reverse(out)
	return out
}

func planOf(l *ledger.Ledger, p ledger.Plan) Plan {
	out := Plan{Plan: p, State: PlanCancels}
	open := 0
	for _, n := range p.Orders {
		x := PlanOrder{Line: lineOf(l, n)}
		if x.Standing == Live {
			open++
		}
		for _, left := range p.Left {
			if left.Named == n && x.Standing == Live {
				x.Stuck, x.Code = true, left.Code
			}
		}
		out.Orders = append(out.Orders, x)
	}
	for _, n := range p.Spared {
		out.Spared = append(out.Spared, lineOf(l, n))
	}
	for _, id := range p.Lost {
		if i, ok := l.Intent(id); ok {
			out.Lost = append(out.Lost, line(l, i))
		}
	}
	switch {
	case p.GivenUp:
		out.State = PlanGivenUp
	case !p.Open():
		out.State = PlanOver
	case open == 0:
		out.State = PlanLooks
	}
	return out
}

// lineOf is how an order stands; one that is so old that it is not kept has no standing.
func lineOf(l *ledger.Ledger, n ledger.Named) Line {
	o, by, ok := l.Order(n.Pair, n.ID)
	if !ok {
		return Line{Order: bitbank.Order{Pair: n.Pair, ID: n.ID}}
	}
	return Line{Standing: standing(o), Order: o, Since: o.OrderedAt.Time(), By: by.By, Bot: by.Bot, Intent: by.Intent}
}

// A Preview is what a plan would do now.
type Preview struct {
	Cancel, Spare []Line // what is cancelled first comes first
	Lost          []Line
	Open          *Plan // one that does all of it already
}

// WouldCancel is what a plan over a scope would do now. It changes nothing.
func (a *Account) WouldCancel(s ledger.Scope) Preview {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.would(s)
}

// would is WouldCancel with the lock.
func (a *Account) would(s ledger.Scope) (v Preview) {
	l := a.broker.Ledger()
	cancel, spare := l.Within(s)
	for _, o := range cancel {
		v.Cancel = append(v.Cancel, lineOf(l, ledger.Named{Pair: o.Pair, ID: o.ID}))
	}
	for _, o := range spare {
		v.Spare = append(v.Spare, lineOf(l, ledger.Named{Pair: o.Pair, ID: o.ID}))
	}
	for _, i := range l.LostWithin(s) {
		v.Lost = append(v.Lost, line(l, i))
	}
	if p, covered := a.broker.Covering(s); covered {
		v.Open = new(a.progress(planOf(l, p)))
	}
	return v
}

// progress says whether a plan is held up. Called with the lock.
func (a *Account) progress(p Plan) Plan {
	if p.Open() && p.State == PlanCancels && a.broker.Latched(p.ID) {
		p.State = PlanLatched
	}
	return p
}

// ErrReadOnly is the error of what needs a key with the trading right.
var ErrReadOnly = errors.New("the account's key has no trading right, as far as its owner has confirmed: nothing can be cancelled with it")

// CancelAll stops the bots of a scope and cancels its orders until bitbank has reported the end of each, over restarts and outages.
// While a plan that covers the scope goes on it is that one. It returns when the plan is on the disk; on a disk that takes nothing the
// plan is carried out all the same, and the error says so; with ErrReadOnly nothing is done. By is "owner", "switch" or "policy".
func (a *Account) CancelAll(s ledger.Scope, by, why string) (Plan, error) {
	if a.o.ReadOnly {
		return Plan{}, ErrReadOnly
	}
	done := make(chan error, 1)
	a.mu.Lock()
	a.queue(item{a.broker.Step(time.Now(), broker.CancelAll{Scope: s, By: by, Why: why}), done})
	var plan Plan
	if p, covered := a.broker.Covering(s); covered {
		plan = a.progress(planOf(a.broker.Ledger(), p))
	} else { // nothing was to be done, so it is over already
		plan = plansOf(a.broker.Ledger())[0]
	}
	a.mu.Unlock()
	poke(a.tick)
	select {
	case err := <-done:
		return plan, err
	case <-a.over:
		return plan, nil
	}
}

// GiveUp ends a plan before all its orders are over. What was sent is sent; the bots stay stopped.
func (a *Account) GiveUp(plan string) {
	a.step(broker.GiveUp{ID: plan})
}

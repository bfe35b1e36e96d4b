package broker

import (
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// answer gives the outcome of a settled order to whoever waits for it.
func (b *Broker) answer(now time.Time, i ledger.Intent) {
	for _, c := range b.waitingFor(i.ID) {
		b.finish(c, i)
	}
}

// waitingFor are the calls that wait for an intent: one, since only an owed one is joined, once for each debt.
func (b *Broker) waitingFor(id string) []*call {
	var out []*call
	for _, c := range b.calls {
		if c.intent == id && !c.told {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y *call) int { return int(x.Call) - int(y.Call) })
	return out
}

// finish tells a call the final outcome of its order.
func (b *Broker) finish(c *call, i ledger.Intent) {
	r := b.Outcome(i)
	r.Call = c.Call
	c.told, c.settled = true, true
	b.do(r)
}

// Outcome is what a bot would be told now of an intent.
func (b *Broker) Outcome(i ledger.Intent) Reply {
	r := Reply{Intent: i.ID}
	var placed []bitbank.OrderID
	switch {
	case i.Answer == ledger.Done:
		placed = i.Placed
	case i.Answer == ledger.Declined:
		r.Outcome, r.Code = NotPlaced, i.Refused.Code
		switch {
		case r.Code != 0:
		case i.Refused.Proof == bitbank.ProofNotBegun:
			r.Reason = Unrecorded // it was signed, and kept back
		default:
			r.Reason = NeverSent
		}
	case i.Over:
		placed = i.Cancel.IDs
	case i.Case != nil && i.Case.Verdict == reconcile.Placed:
		placed = i.Case.Orders
	case i.Case != nil && i.Case.Verdict == reconcile.NotPlaced:
		r.Outcome, r.Reason = NotPlaced, proof(*i.Case)
	}
	if len(placed) == 0 {
		return r
	}
	r.Outcome = Placed
	for _, id := range placed {
		if o, _, ok := b.ledger.Order(pairOf(i), id); ok {
			r.Orders = append(r.Orders, o)
		}
	}
	return r
}

func pairOf(i ledger.Intent) string {
	if i.Order != nil {
		return i.Order.Pair
	}
	return i.Cancel.Pair
}

func proof(c reconcile.Case) Reason {
	switch c.Assumes {
	case reconcile.AssumesOrder:
		return Proved
	case reconcile.AssumesQ:
		return ProvedByQ
	}
	return ByOwner
}

// refuse answers a call for which nothing was recorded.
func (b *Broker) refuse(c *call, why Reason) {
	c.told = true
	r := Reply{Call: c.Call, Outcome: NotPlaced, Reason: why}
	switch why {
	case Auction:
		r.Mode = b.modes.by[c.Order.Pair].mode
	case ByHand:
		f, _, _ := b.ledger.Frozen(c.Bot)
		r.Until = f.Until
	}
	b.do(r)
}

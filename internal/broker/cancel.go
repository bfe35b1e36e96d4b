package broker

import (
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// A cancelling is a cancel whose answer was lost: its orders are read until each is over, and it is sent again, with longer
// and longer pauses, while they rest.
type cancelling struct {
	bot     string
	list    []reconcile.Cancel
	sending string // the intent of its repetition that is under way
}

// sentCancel takes in what came of a cancel.
func (b *Broker) sentCancel(now time.Time, s *sending, e Sent, i ledger.Intent) {
	c := b.calls[s.call]
	if id, k := b.repeats(e.ID); k != nil {
		k.sending = ""
		b.progress(now, id, k, func(x reconcile.Cancel) reconcile.Cancel {
			if slices.Contains(s.Cancel.IDs, x.ID) {
				return x.Answered(outcome(e, x.ID), now)
			}
			return x
		})
		return
	}
	switch {
	case e.Refused == nil && len(e.Orders) == 0 && !i.Settled():
		b.check(now, i)
	case c == nil || c.told:
	case e.Refused != nil:
		c.told, c.settled = true, true
		r := Reply{Call: c.Call, Intent: i.ID, Outcome: NotPlaced, Code: e.Refused.Code}
		if r.Code == 0 {
			r.Reason = NeverSent
		}
		b.do(r)
	default: // taken, or its orders were over before its answer was lost
		b.finish(c, i)
	}
}

// outcome is what one order of a cancel came to.
func outcome(e Sent, id bitbank.OrderID) reconcile.CancelAnswer {
	for _, o := range e.Orders {
		if o.ID == id {
			return reconcile.CancelAnswer{Order: &o}
		}
	}
	if e.Refused != nil {
		return reconcile.CancelAnswer{Refused: true, Code: e.Refused.Code}
	}
	return reconcile.CancelAnswer{}
}

// check begins to look what became of a lost cancel.
func (b *Broker) check(now time.Time, i ledger.Intent) {
	k := &cancelling{bot: i.Bot}
	for _, id := range i.Cancel.IDs {
		k.list = append(k.list, reconcile.OpenCancel(i.Cancel.Pair, id, i.Signed).Answered(reconcile.CancelAnswer{}, now))
	}
	b.cancels[i.ID] = k
}

// repeats is the lost cancel that an intent repeats.
func (b *Broker) repeats(intent string) (string, *cancelling) {
	for id, k := range b.cancels {
		if k.sending == intent {
			return id, k
		}
	}
	return "", nil
}

// progress moves a lost cancel on, and answers its bot when every order of it is over.
func (b *Broker) progress(now time.Time, id string, k *cancelling, step func(reconcile.Cancel) reconcile.Cancel) {
	for n := range k.list {
		k.list[n] = step(k.list[n])
	}
	r := Reply{Intent: id, Outcome: Placed}
	for _, c := range k.list {
		switch c.State {
		case reconcile.Done:
			r.Orders = append(r.Orders, *c.Final)
		case reconcile.Stuck:
			r.Outcome, r.Code = NotPlaced, c.Refused
		default:
			return
		}
	}
	delete(b.cancels, id)
	for _, c := range b.waitingFor(id) {
		c.told, c.settled = true, true
		r.Call = c.Call
		b.do(r)
	}
}

// cancelReads are the reads of orders that lost cancels want.
func (b *Broker) cancelReads() []job {
	var out []job
	for _, id := range slices.Sorted(maps.Keys(b.cancels)) {
		var first time.Time
		for _, c := range b.cancels[id].list {
			if what, at := c.Wants(); what == "read" && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if !first.IsZero() {
			out = append(out, job{at: first, read: id})
		}
	}
	return out
}

// readCancel asks for the orders of a lost cancel that are not over.
func (b *Broker) readCancel(now time.Time, id string) {
	k := b.cancels[id]
	r := Read{Pair: k.list[0].Pair}
	for _, c := range k.list {
		if what, at := c.Wants(); what == "read" && !at.After(now) {
			r.IDs = append(r.IDs, c.ID)
		}
	}
	b.do(r)
}

// seen takes in orders that were read by their ids.
func (b *Broker) seen(now time.Time, e Seen) {
	b.reading = false
	if len(e.Orders)+len(e.Missing) == 0 {
		b.line.failed(now)
		return
	}
	b.line.answered()
	var fresh []ledger.Record
	for _, o := range e.Orders {
		fresh = append(fresh, ledger.Record{Order: &o})
	}
	b.heard(now, Heard{Records: fresh})
	for _, id := range slices.Sorted(maps.Keys(b.cancels)) {
		k := b.cancels[id]
		b.progress(now, id, k, func(c reconcile.Cancel) reconcile.Cancel {
			for _, o := range e.Orders {
				c = c.Read(o, now)
			}
			if e.Pair == c.Pair && slices.Contains(e.Missing, c.ID) {
				c = c.Missing(now)
			}
			return c
		})
	}
}

// recancel sends lost cancels again whose orders rest all the same.
func (b *Broker) recancel(now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(b.cancels)) {
		k := b.cancels[id]
		if k.sending != "" || b.line.dark() {
			continue
		}
		again := &ledger.Cancel{}
		for _, c := range k.list {
			if what, at := c.Wants(); what == "send" && !at.After(now) {
				again.Pair = c.Pair
				again.IDs = append(again.IDs, c.ID)
			}
		}
		if len(again.IDs) == 0 {
			continue
		}
		k.sending = b.id()
		s := &sending{Send: Send{ID: k.sending, Bot: k.bot, Cancel: again}}
		b.sending[k.sending] = s
		b.do(s.Send)
	}
}

// recancels is when the next lost cancel is to be sent again.
func (b *Broker) recancels() time.Time {
	var next time.Time
	for _, k := range b.cancels {
		for _, c := range k.list {
			if what, at := c.Wants(); what == "send" && k.sending == "" && !b.line.dark() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}

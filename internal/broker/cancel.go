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
	plan    string // which it belongs to; "": none
}

// sentCancel takes in what came of a cancel.
func (b *Broker) sentCancel(now time.Time, s *sending, e Sent, i ledger.Intent) {
	c := b.calls[s.call]
	if len(e.Orders) > 0 {
		b.opens(s.Cancel.Pair)
	}
	if id, k := b.repeats(e.ID); k != nil {
		k.sending = ""
		b.resize(now, e, len(s.Cancel.IDs))
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
			b.stuck[ledger.Named{Pair: c.Pair, ID: c.ID}] = c.Refused
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

// cancelReads offers the reads of orders that lost cancels want.
func (b *Broker) cancelReads(offer func(job)) {
	for id, k := range b.cancels {
		var first time.Time
		for _, c := range k.list {
			if what, at := c.Wants(); what == "read" && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if !first.IsZero() {
			offer(job{at: first, read: id})
		}
	}
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
	b.line.answered(now)
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

// begin cancels orders, and goes on until they are over. The id tells it apart from other cancels.
func (b *Broker) begin(now time.Time, id, bot, pair string, orders ...bitbank.OrderID) {
	if b.cancels[id] != nil {
		return
	}
	k := &cancelling{bot: bot}
	for _, o := range orders {
		k.list = append(k.list, reconcile.OpenCancel(pair, o, now))
	}
	b.cancels[id] = k
}

// unwanted cancels a lost order that was found and that nobody wants any more; a barrier is one of those.
func (b *Broker) unwanted(now time.Time, i ledger.Intent) {
	if (i.Unwanted || i.Bot == Own) && i.Case != nil && i.Case.Verdict == reconcile.Placed {
		b.begin(now, "unwanted "+i.ID, i.Bot, i.Order.Pair, i.Case.Orders...)
	}
}

// unwant takes in that an order is to be cancelled as soon as it is known.
func (b *Broker) unwant(now time.Time, e Unwant) {
	i, ok := b.ledger.Intent(e.ID)
	if !ok || i.Order == nil {
		return
	}
	b.keep(now, ledger.Record{Unwanted: &ledger.Unwanted{ID: e.ID}})
	switch i, _ = b.ledger.Intent(e.ID); {
	case i.Answer == ledger.Done:
		b.begin(now, "unwanted "+i.ID, i.Bot, i.Order.Pair, i.Placed...)
	default:
		b.unwanted(now, i)
	}
}

// probeLatched is how often one cancel of a pair that takes none is tried all the same.
const probeLatched = 15 * time.Second

// opens lets the latched cancels of a pair go, since it takes cancels again.
func (b *Broker) opens(pair string) {
	for _, k := range b.cancels {
		for n, c := range k.list {
			if c.Pair == pair {
				k.list[n] = c.Opens()
			}
		}
	}
}

// probes tries one latched cancel of each pair now and then.
func (b *Broker) probes(now time.Time) {
	tried := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(b.cancels)) {
		k := b.cancels[id]
		for n, c := range k.list {
			if c.State == reconcile.Latched && !tried[c.Pair] && k.sending == "" && now.Sub(c.SentAt) >= probeLatched {
				k.list[n], tried[c.Pair] = c.Opens(), true
			}
		}
	}
}

func (k *cancelling) rank() int {
	if k.plan != "" {
		return 0
	}
	return 1
}

// recancel sends lost cancels again whose orders rest all the same, and those of plans, which go first.
func (b *Broker) recancel(now time.Time) {
	b.probes(now)
	if b.line.dark() {
		return
	}
	ids := slices.Sorted(maps.Keys(b.cancels))
	slices.SortStableFunc(ids, func(x, y string) int { return b.cancels[x].rank() - b.cancels[y].rank() })
	for _, id := range ids {
		k := b.cancels[id]
		if k.sending != "" || k.plan != "" && b.queued() {
			continue
		}
		again := &ledger.Cancel{}
		for _, c := range k.list {
			if what, at := c.Wants(); what == "send" && !at.After(now) && len(again.IDs) < b.batch {
				again.Pair = c.Pair
				again.IDs = append(again.IDs, c.ID)
			}
		}
		if len(again.IDs) == 0 {
			continue
		}
		k.sending = b.id()
		s := &sending{Send: Send{ID: k.sending, Bot: k.bot, Cancel: again, Urgent: k.plan != ""}}
		b.sending[k.sending] = s
		b.do(s.Send)
	}
}

// recancels is when the next lost cancel is to be sent again.
func (b *Broker) recancels() time.Time {
	var next time.Time
	for _, k := range b.cancels {
		for _, c := range k.list {
			what, at := c.Wants()
			if c.State == reconcile.Latched {
				what, at = "send", c.SentAt.Add(probeLatched)
			}
			if what == "send" && k.sending == "" && !b.line.dark() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}

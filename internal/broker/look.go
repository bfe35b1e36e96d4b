package broker

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

const (
	young   = 2 * time.Second        // a pass that takes longer is none
	overlap = 5 * time.Second        // how long before a lost order its pair's trades are read
	fences  = 500 * time.Millisecond // between two reads that look whether the fence is closed
	keepOwn = 64                     // of our newest orders of a pair, the barriers among them
)

// A pair is where lost orders are looked for.
type pair struct {
	open    map[string]int  // lost orders, with how many looks were made since their fence
	watched map[string]bool // orders that were proved not to exist, for a day
	placed  []placed        // our newest orders, oldest first
	last    time.Time       // when the newest look began
}

// A placed is an order of ours that has an id.
type placed struct {
	id     bitbank.OrderID
	signed time.Time
}

func (b *Broker) pair(name string) *pair {
	p := b.pairs[name]
	if p == nil {
		p = &pair{open: map[string]int{}, watched: map[string]bool{}}
		b.pairs[name] = p
	}
	return p
}

// own notes an order of ours that has an id.
func (p *pair) own(id bitbank.OrderID, signed time.Time) {
	p.placed = append(p.placed, placed{id, signed})
	p.placed = p.placed[max(0, len(p.placed)-keepOwn):]
}

// follow begins to look for a lost order.
func (b *Broker) follow(now time.Time, id, pair string) {
	b.pair(pair).open[id] = 0
	if b.gap != nil {
		b.learn(now, id, reconcile.Fact{Gap: b.gap})
	}
}

// learn takes a fact into the case of a lost order.
func (b *Broker) learn(now time.Time, id string, f reconcile.Fact) {
	f.At = now
	_, n, _ := b.ledger.Case(id)
	b.keep(now, ledger.Record{Learned: &ledger.Learned{ID: id, N: n + 1, Fact: f}})
}

// A job is a read that is due.
type job struct {
	at    time.Time
	pair  string
	fence bool
	read  string // the lost cancel whose orders are to be read
}

// jobs are the reads that are wanted next, each pair's first.
func (b *Broker) jobs(now time.Time) []job {
	var out []job
	var fence time.Time
	for _, name := range slices.Sorted(maps.Keys(b.pairs)) {
		p := b.pairs[name]
		var first time.Time
		for id, made := range p.open {
			c, _, _ := b.ledger.Case(id)
			wants, at := c.Wants(now, made, p.last)
			if slices.Contains(wants, reconcile.WantPass) && (first.IsZero() || at.Before(first)) {
				first = at
			}
			if closed := c.Intent.Expires().Add(time.Second); c.FencedAt.IsZero() && !c.Settled() && (fence.IsZero() || closed.Before(fence)) {
				fence = closed
			}
		}
		if !first.IsZero() {
			out = append(out, job{at: first, pair: name})
		}
	}
	if !fence.IsZero() && b.line.read.IsZero() {
		if next := b.fence.Add(fences); next.After(fence) {
			fence = next
		}
		out = append(out, job{at: fence, fence: true})
	}
	out = append(out, b.cancelReads()...)
	for k := range out {
		if next := b.line.wait(); next.After(out[k].at) {
			out[k].at = next
		}
	}
	slices.SortStableFunc(out, func(x, y job) int { return x.at.Compare(y.at) })
	return out
}

// due is when the next read is.
func (b *Broker) due(now time.Time) time.Time {
	if b.reading {
		return time.Time{}
	}
	if jobs := b.jobs(now); len(jobs) > 0 {
		return jobs[0].at
	}
	return time.Time{}
}

// plan asks for the read that is due, one at a time.
func (b *Broker) plan(now time.Time) {
	if b.reading {
		return
	}
	jobs := b.jobs(now)
	if len(jobs) == 0 || jobs[0].at.After(now) {
		return
	}
	b.reading = true
	switch j := jobs[0]; {
	case j.fence:
		b.fence = now
		b.do(Fence{})
	case j.read != "":
		b.readCancel(now, j.read)
	default:
		l := Look{Pair: j.pair}
		p := b.pairs[j.pair]
		p.last = now
		for id := range p.open {
			c, _, _ := b.ledger.Case(id)
			if since := c.Intent.At.Add(-overlap); l.Since.IsZero() || since.Before(l.Since) {
				l.Since = since
			}
			l.Moved = l.Moved || !c.FencedAt.IsZero() && now.After(c.FencedAt.Add(reconcile.Q))
		}
		b.do(l)
	}
}

// looked takes in a pass.
func (b *Broker) looked(now time.Time, e Looked) {
	b.reading = false
	if e.Answered {
		b.line.answered()
	} else {
		b.line.failed(now)
	}
	listed := map[bitbank.OrderID]bool{}
	var fresh []ledger.Record
	for _, o := range e.Live {
		listed[o.ID] = true
		fresh = append(fresh, ledger.Record{Order: &o})
	}
	for _, o := range e.Orders {
		fresh = append(fresh, ledger.Record{Order: &o})
	}
	for _, t := range e.Trades {
		listed[t.OrderID] = true
		fresh = append(fresh, ledger.Record{Traded: &t})
	}
	if len(e.Assets) > 0 {
		fresh = append(fresh, ledger.Record{At: e.AssetsAt[1], Balance: &ledger.Balance{Rows: e.Assets, Began: e.AssetsAt[0]}})
	}
	b.record(now, fresh)
	p := b.pair(e.Pair)
	whole := e.Whole && now.Sub(e.Began) <= young
	for _, id := range slices.Sorted(maps.Keys(p.open)) {
		c, _, _ := b.ledger.Case(id)
		if !whole {
			for _, o := range b.strange(id, e.Pair, listed) {
				b.learn(now, id, reconcile.Fact{Told: &reconcile.Told{Order: o}})
			}
			b.judge(now, id)
			continue
		}
		if !c.FencedAt.IsZero() {
			p.open[id]++
		}
		if !e.Moved.IsZero() {
			b.learn(now, id, reconcile.Fact{Moved: &reconcile.Moved{Traded: e.Moved}})
		}
		fresh := false
		for _, o := range p.placed {
			if c.Barrier == nil && !c.FencedAt.IsZero() && o.signed.After(c.FencedAt) && listed[o.id] {
				b.learn(now, id, reconcile.Fact{Later: &reconcile.Later{Signed: o.signed, ID: o.id, Seen: now}})
				c, _, _ = b.ledger.Case(id)
			}
			fresh = fresh || c.Barrier != nil && !o.signed.Before(c.Barrier.Signed) && listed[o.id]
		}
		pass := reconcile.Pass{Began: e.Began, Fresh: fresh, Status: e.Status}
		for _, o := range b.strange(id, e.Pair, listed) {
			if o.Status.Terminal() {
				pass.Traded = append(pass.Traded, o)
			} else {
				pass.Live = append(pass.Live, o)
			}
		}
		pass.Unexplained, pass.Unsure = b.unexplained(c.Intent.At, e)
		b.learn(now, id, reconcile.Fact{Pass: &pass})
		b.judge(now, id)
	}
}

// strange are the listed orders that are nobody's, or the intent's own already.
func (b *Broker) strange(id, pair string, listed map[bitbank.OrderID]bool) []bitbank.Order {
	var out []bitbank.Order
	for _, o := range slices.Sorted(maps.Keys(listed)) {
		if order, by, ok := b.ledger.Order(pair, o); ok && (by.By == ledger.Nobody || by.Intent == id) {
			out = append(out, order)
		}
	}
	return out
}

// unexplained compares the assets of a pass with what is known.
func (b *Broker) unexplained(signed time.Time, e Looked) (amounts map[string]decimal.Decimal, unsure bool) {
	for _, row := range e.Assets {
		d := b.ledger.Unexplained(ledger.Look{Row: row, Began: e.AssetsAt[0], At: e.AssetsAt[1], Since: signed}, b.rates)
		if x := d.Amount(); !x.IsZero() {
			if amounts == nil {
				amounts = map[string]decimal.Decimal{}
			}
			amounts[row.Asset] = x
		}
		unsure = unsure || len(d.Doubts) > 0
	}
	return amounts, unsure || len(e.Assets) < 2
}

// judge ends a lost order when its case has a verdict.
func (b *Broker) judge(now time.Time, id string) {
	c, _, _ := b.ledger.Case(id)
	if !c.Settled() {
		return
	}
	name := c.Intent.Order.Pair
	p := b.pair(name)
	if _, open := p.open[id]; !open {
		return
	}
	delete(p.open, id)
	if c.Verdict == reconcile.NotPlaced {
		p.watched[id] = true
	}
	i, _ := b.ledger.Intent(id)
	for _, order := range c.Orders {
		p.own(order, i.Signed)
	}
	b.answer(now, i)
	b.advance(ledger.LaneOf(*i.Order))
}

// record takes in what is new of reports, and gives the new orders to the cases that they may belong to.
func (b *Broker) record(now time.Time, fresh []ledger.Record) {
	for _, r := range fresh {
		switch {
		case r.Order != nil:
			before, _, known := b.ledger.Order(r.Order.Pair, r.Order.ID)
			b.ledger.Apply(r)
			if after, _, _ := b.ledger.Order(r.Order.Pair, r.Order.ID); known && same(before, after) {
				continue
			}
			b.keep(now, r)
			if p := b.pairs[r.Order.Pair]; p != nil && !known {
				for id := range p.watched {
					b.ghost(now, id, r.Order)
				}
			}
		case r.Traded != nil && b.ledger.Traded(*r.Traded):
		default:
			b.keep(now, r)
		}
	}
}

// same reports whether two reports of an order say the same.
func same(a, b bitbank.Order) bool {
	if a.Cancelable() != b.Cancelable() {
		return false
	}
	a.UserCancelable, b.UserCancelable = nil, nil
	return a == b
}

// ghost tells the case of an order that was proved not to exist about one that has shown up.
func (b *Broker) ghost(now time.Time, id string, o *bitbank.Order) {
	if _, by, _ := b.ledger.Order(o.Pair, o.ID); by.By == ledger.Nobody {
		b.learn(now, id, reconcile.Fact{Told: &reconcile.Told{Order: *o}})
	}
}

// fenced takes in a read that looked whether a fence is closed.
func (b *Broker) fenced(now time.Time, e Fenced) {
	b.reading = false
	if !e.OK {
		b.line.failed(now)
		return
	}
	b.line.answered()
	for _, name := range slices.Sorted(maps.Keys(b.pairs)) {
		for _, id := range slices.Sorted(maps.Keys(b.pairs[name].open)) {
			if c, _, _ := b.ledger.Case(id); c.FencedAt.IsZero() && !now.Before(c.Intent.Expires().Add(time.Second)) {
				b.learn(now, id, reconcile.Fact{Fence: &e.Fence})
			}
		}
	}
}

// heard takes in reports that came by themselves.
func (b *Broker) heard(now time.Time, e Heard) {
	b.record(now, e.Records)
	if g := e.Gap; g != nil {
		b.gap = g
		if !g.To.IsZero() {
			b.gap = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.pairs)) {
		listed := map[bitbank.OrderID]bool{}
		for _, r := range e.Records {
			if r.Order != nil && r.Order.Pair == name {
				listed[r.Order.ID] = true
			}
		}
		for _, id := range slices.Sorted(maps.Keys(b.pairs[name].open)) {
			if e.Gap != nil {
				b.learn(now, id, reconcile.Fact{Gap: e.Gap})
			}
			for _, o := range b.strange(id, name, listed) {
				b.learn(now, id, reconcile.Fact{Told: &reconcile.Told{Order: o}})
			}
			b.judge(now, id)
		}
	}
}

// decided takes the owner's word on an ambiguous order.
func (b *Broker) decided(now time.Time, e Decided) {
	if c, _, ok := b.ledger.Case(e.ID); ok && c.Verdict == reconcile.Ambiguous {
		b.learn(now, e.ID, reconcile.Fact{Human: &reconcile.Human{Ours: e.Ours}})
		b.judge(now, e.ID)
	}
}

package broker

import (
	"cmp"
	"maps"
	"slices"
	"strings"
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
	lately  = 5 * time.Second        // what happened so long before a read need not be in it, and is looked for
	patient = 20 * time.Second       // how long after its fence a case waits before its money is kept quiet
	// watchFor is how long an order is looked for that contradicts a verdict: as long as reconcile takes it in.
	watchFor = 24 * time.Hour
)

// A pair is where lost orders are looked for.
type pair struct {
	open    map[string]int           // lost orders, with how many looks were made since their fence
	lanes   map[ledger.Lane]string   // of those: which one looks so
	watched map[ledger.Lane][]string // settled ones that another order of their lane would contradict
	placed  []placed                 // our newest orders that bitbank has answered with an id, oldest first
	last    time.Time                // when the newest look began
	mark    mark
	awaits  bool // a look is to be made when the quiet time ends

	known  bool      // what follows is up to date
	pass   time.Time // when the next look is due; zero when none is
	fence  time.Time // when the first fence that is not closed may be
	bare   time.Time // when the newest fence without a barrier closed
	barest time.Time // and the oldest
	nearly time.Time // when the first absence can be proved
}

// A placed is an order of ours that has an id.
type placed struct {
	id     bitbank.OrderID
	signed time.Time
}

func (b *Broker) pair(name string) *pair {
	p := b.pairs[name]
	if p == nil {
		p = &pair{open: map[string]int{}, lanes: map[ledger.Lane]string{}, watched: map[ledger.Lane][]string{}}
		b.pairs[name] = p
	}
	return p
}

// own notes an order of ours that bitbank has answered with an id. One that was found by what it looks like is no barrier: it
// may be another's.
func (p *pair) own(id bitbank.OrderID, signed time.Time) {
	p.placed, p.known = append(p.placed, placed{id, signed}), false
	p.placed = p.placed[max(0, len(p.placed)-keepOwn):]
}

// follow begins to look for a lost order.
func (b *Broker) follow(now time.Time, i ledger.Intent) {
	p, lane := b.pair(i.Order.Pair), ledger.LaneOf(*i.Order)
	p.open[i.ID], p.known = 0, false
	p.lanes[lane] = i.ID
	if b.gap != nil {
		b.learn(now, i.ID, reconcile.Fact{Gap: b.gap})
	}
	// The stream may have told of it before its answer was given up.
	for _, id := range b.ledger.Baseline(*i.Order, now) {
		if o, by, ok := b.ledger.Order(i.Order.Pair, id); ok && by.By == ledger.Nobody && !slices.Contains(i.Known, id) {
			b.learn(now, i.ID, reconcile.Fact{Told: &reconcile.Told{Order: o}})
		}
	}
	b.judge(now, i.ID)
}

// watch goes on looking whether an order shows up that contradicts a verdict.
func (p *pair) watch(i ledger.Intent) {
	lane := ledger.LaneOf(*i.Order)
	if !slices.Contains(p.watched[lane], i.ID) {
		p.watched[lane] = append(p.watched[lane], i.ID)
	}
}

// learn takes a fact into the case of a lost order.
func (b *Broker) learn(now time.Time, id string, f reconcile.Fact) {
	f.At = now
	c, n, _ := b.ledger.Case(id)
	b.pair(c.Intent.Order.Pair).known = false
	b.keep(now, ledger.Record{Learned: &ledger.Learned{ID: id, N: n + 1, Fact: f}})
}

// A job is a read that is due.
type job struct {
	at    time.Time
	pair  string
	fence bool
	read  string // the lost cancel whose orders are to be read
}

// sooner is the one of two jobs that comes first; at one time in a fixed order.
func (j job) sooner(o job) bool {
	return cmp.Or(j.at.Compare(o.at), strings.Compare(j.pair, o.pair), strings.Compare(j.read, o.read)) < 0
}

// survey works out what the lost orders of a pair want next.
func (b *Broker) survey(now time.Time, p *pair) {
	if p.known {
		return
	}
	p.known, p.pass, p.fence, p.bare, p.barest, p.nearly = true, time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	for id, made := range p.open {
		c, _, _ := b.ledger.Case(id)
		wants, at := c.Wants(now, made, p.last)
		if slices.Contains(wants, reconcile.WantPass) && (p.pass.IsZero() || at.Before(p.pass)) {
			p.pass = at
		}
		if slices.Contains(wants, reconcile.WantBarrier) && !c.FencedAt.IsZero() {
			if c.FencedAt.After(p.bare) {
				p.bare = c.FencedAt
			}
			if p.barest.IsZero() || c.FencedAt.Before(p.barest) {
				p.barest = c.FencedAt
			}
		}
		if enough := c.EnoughAt(); enough.After(now) && (p.nearly.IsZero() || enough.Before(p.nearly)) {
			p.nearly = enough
		}
		if closed := c.Intent.Expires().Add(time.Second); c.FencedAt.IsZero() && c.Verdict == reconcile.Unknown && (p.fence.IsZero() || closed.Before(p.fence)) {
			p.fence = closed
		}
	}
	if n := len(p.placed); n > 0 && !p.bare.IsZero() && p.placed[n-1].signed.After(p.bare) { // a barrier is to be seen
		if soon := p.last.Add(time.Second); soon.Before(p.pass) && now.Sub(p.placed[n-1].signed) < time.Minute {
			p.pass = soon
		}
	}
	if end := b.quiet.end; !end.IsZero() && p.pass.After(end) && p.awaits {
		p.pass = end
	}
}

// job is the read that is wanted next.
func (b *Broker) job(now time.Time) (first job, ok bool) {
	fence := time.Time{}
	offer := func(j job) {
		if next := b.line.wait(); next.After(j.at) {
			j.at = next
		}
		if !ok || j.sooner(first) {
			first, ok = j, true
		}
	}
	for name, p := range b.pairs {
		if len(p.open) == 0 {
			continue
		}
		b.survey(now, p)
		if !p.pass.IsZero() {
			offer(job{at: p.pass, pair: name})
		}
		if !p.fence.IsZero() && (fence.IsZero() || p.fence.Before(fence)) {
			fence = p.fence
		}
	}
	if !fence.IsZero() && b.line.read.IsZero() {
		if next := b.fence.Add(fences); next.After(fence) {
			fence = next
		}
		offer(job{at: fence, fence: true})
	}
	b.cancelReads(offer)
	// What could not leave has made it dark, and nothing that is open would be read: whether bitbank is back is asked.
	if !ok && b.line.dark() {
		offer(job{at: b.line.darkness.Add(again), fence: true})
	}
	return first, ok
}

// due is when the next read is.
func (b *Broker) due(now time.Time) time.Time {
	if b.reading {
		return time.Time{}
	}
	j, _ := b.job(now)
	return j.at
}

// plan asks for the read that is due, one at a time.
func (b *Broker) plan(now time.Time) {
	if b.reading {
		return
	}
	j, ok := b.job(now)
	if !ok || j.at.After(now) {
		return
	}
	b.reading = true
	switch {
	case j.fence:
		b.fence = now
		b.do(Fence{})
	case j.read != "":
		b.readCancel(now, j.read)
	default:
		l := Look{Pair: j.pair}
		p := b.pairs[j.pair]
		p.last, p.known = now, false
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
		b.line.answered(now)
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
	p.known = false
	whole := e.Whole && now.Sub(e.Began) <= young
	found := b.alike(e.Pair, listed)
	money := b.explain(e)
	doubtful := false
	for _, id := range slices.Sorted(maps.Keys(p.open)) {
		c, _, _ := b.ledger.Case(id)
		if c.Verdict != reconcile.Unknown {
			continue // a human decides
		}
		if !whole {
			for _, o := range found[id] {
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
				order, _, _ := b.ledger.Order(e.Pair, o.id)
				b.learn(now, id, reconcile.Fact{Later: &reconcile.Later{Signed: o.signed, ID: o.id, Seen: now, Ordered: order.OrderedAt.Time()}})
				c, _, _ = b.ledger.Case(id)
			}
			fresh = fresh || c.Barrier != nil && !o.signed.Before(c.Barrier.Signed) && listed[o.id]
		}
		pass := reconcile.Pass{Began: e.Began, Fresh: fresh, Status: e.Status}
		for _, o := range found[id] {
			if o.Status.Terminal() {
				pass.Traded = append(pass.Traded, o)
			} else {
				pass.Live = append(pass.Live, o)
			}
		}
		pass.Unexplained, pass.Unsure = money.since(c.Intent.At)
		b.learn(now, id, reconcile.Fact{Pass: &pass})
		if c.Barrier != nil && now.Sub(c.FencedAt) >= patient && pass.Unsure {
			doubtful = true
		}
		b.judge(now, id)
	}
	b.hush(now, e.Began, p, doubtful && len(p.open) > 0)
}

// alike are the listed orders that are nobody's, by the lost order that they look like.
func (b *Broker) alike(pair string, listed map[bitbank.OrderID]bool) map[string][]bitbank.Order {
	p := b.pairs[pair]
	if p == nil || len(p.open) == 0 {
		return nil
	}
	out := map[string][]bitbank.Order{}
	for _, o := range slices.Sorted(maps.Keys(listed)) {
		order, by, ok := b.ledger.Order(pair, o)
		if !ok || by.By != ledger.Nobody {
			continue
		}
		if id := p.lanes[laneOf(order)]; id != "" {
			out[id] = append(out[id], order)
		}
	}
	return out
}

// laneOf is the lane that an order looks like.
func laneOf(o bitbank.Order) ledger.Lane {
	return ledger.LaneOf(bitbank.NewOrder{
		Pair: o.Pair, Side: o.Side, Type: o.Type, PositionSide: o.PositionSide, Amount: o.StartAmount, Price: o.Price, TriggerPrice: o.TriggerPrice,
	})
}

// A money is the assets of a pass beside what is known.
type money struct {
	rows  []*ledger.Explanation
	began time.Time
}

func (b *Broker) explain(e Looked) money {
	m := money{began: e.AssetsAt[0]}
	for _, row := range e.Assets {
		m.rows = append(m.rows, b.ledger.Explain(ledger.Look{Row: row, Began: e.AssetsAt[0], At: e.AssetsAt[1]}, b.rates))
	}
	return m
}

// since is what nothing explains beside a balance from before a time. What has moved so lately that a replica that lags need not
// show it is no sign of anything.
func (m money) since(signed time.Time) (amounts map[string]decimal.Decimal, unsure bool) {
	for _, row := range m.rows {
		d := row.Since(signed)
		x := d.Amount()
		if (len(d.Doubts) > 0 || !x.IsZero()) && row.Moment(signed, lately) {
			continue
		}
		unsure = unsure || len(d.Doubts) > 0
		switch {
		case x.IsZero():
		case m.began.Sub(d.Moved) < reconcile.L:
			unsure = true
		default:
			if amounts == nil {
				amounts = map[string]decimal.Decimal{}
			}
			amounts[d.Asset] = x
		}
	}
	return amounts, unsure || len(m.rows) < 2
}

// judge ends a lost order when its case has a verdict.
func (b *Broker) judge(now time.Time, id string) {
	c, _, ok := b.ledger.Case(id)
	if !ok || !c.Settled() {
		return
	}
	p := b.pair(c.Intent.Order.Pair)
	if _, open := p.open[id]; !open {
		return
	}
	i, _ := b.ledger.Intent(id)
	lane := ledger.LaneOf(*i.Order)
	delete(p.open, id)
	delete(p.lanes, lane)
	p.known = false
	p.watch(i)
	b.answer(now, i)
	b.unwanted(now, i)
	b.free(now, lane)
}

// free goes on with a lane that nothing of is open any more. What has shown up meanwhile and is nobody's contradicts a verdict.
func (b *Broker) free(now time.Time, key ledger.Lane) {
	if l := b.lanes[key]; l != nil {
		strange := l.strange
		l.strange = nil
		for _, id := range strange {
			b.ghost(now, key, id)
		}
	}
	b.advance(now, key)
}

// record takes in what is new of reports.
func (b *Broker) record(now time.Time, fresh []ledger.Record) {
	for _, r := range fresh {
		switch {
		case r.Order != nil:
			before, _, known := b.ledger.Order(r.Order.Pair, r.Order.ID)
			b.ledger.Apply(r)
			after, by, _ := b.ledger.Order(r.Order.Pair, r.Order.ID)
			if known && same(before, after) {
				continue
			}
			b.keep(now, r)
			if p := b.pairs[r.Order.Pair]; p != nil && !known && by.By == ledger.Nobody {
				if key := laneOf(after); len(p.watched[key]) > 0 {
					b.appeared(now, key, after.ID)
				}
			}
		case r.Traded != nil && b.ledger.Traded(*r.Traded):
		case r.Balance != nil && r.Balance.Published.IsZero():
			b.balance(now, r)
		case r.Backfilled != nil:
			key := "history " + string(r.Backfilled.Kind)
			if b.ledger.Apply(r); now.Sub(b.written[key]) >= coveredEvery {
				b.written[key] = now
				b.keep(now, r)
			}
		default:
			b.keep(now, r)
		}
	}
}

// What says nothing new is not written each time: a balance in a calm hour, a history that reaches a little further. A crash then
// costs an earlier balance to compare with, and a piece of history that is read again.
const (
	balanceEvery = time.Hour
	coveredEvery = 10 * time.Minute
)

// balance takes in a read of balances, and writes those that have changed, or that were not written for an hour.
func (b *Broker) balance(now time.Time, r ledger.Record) {
	var rows []bitbank.AssetUpdate
	for _, row := range r.Balance.Rows {
		known, ok := b.ledger.Holding(row.Asset)
		same := ok && known.OnHand.Equal(row.OnHand) && known.Locked.Equal(row.Locked) && known.Withdrawing.Equal(row.Withdrawing)
		if key := "balance " + row.Asset; !same || now.Sub(b.written[key]) >= balanceEvery {
			b.written[key] = now
			rows = append(rows, row)
		}
	}
	b.ledger.Apply(r)
	if len(rows) > 0 {
		b.keep(now, ledger.Record{At: r.At, Balance: &ledger.Balance{Rows: rows, Began: r.Balance.Began}})
	}
}

// appeared takes in that an order of nobody's has shown up in a lane that is watched. While one of that lane is open it may be
// that one.
func (b *Broker) appeared(now time.Time, key ledger.Lane, id bitbank.OrderID) {
	l := b.lanes[key]
	if _, busy := b.ledger.Busy(key); busy || l != nil && l.sending != "" {
		l = b.lane(key)
		l.strange = append(l.strange, id)
		return
	}
	b.ghost(now, key, id)
}

// same reports whether two reports of an order say the same.
func same(a, b bitbank.Order) bool {
	if a.Cancelable() != b.Cancelable() {
		return false
	}
	a.UserCancelable, b.UserCancelable = nil, nil
	return a == b
}

// ghost tells settled cases of an order that they do not account for.
func (b *Broker) ghost(now time.Time, key ledger.Lane, order bitbank.OrderID) {
	o, by, ok := b.ledger.Order(key.Pair, order)
	if !ok || by.By != ledger.Nobody {
		return
	}
	p := b.pair(key.Pair)
	for _, id := range slices.Clone(p.watched[key]) {
		c, _, kept := b.ledger.Case(id)
		if !kept || now.Sub(c.At) > watchFor {
			p.watched[key] = slices.DeleteFunc(p.watched[key], func(x string) bool { return x == id })
			continue
		}
		if !c.Fits(o) {
			continue
		}
		b.learn(now, id, reconcile.Fact{Told: &reconcile.Told{Order: o}})
		if c, _, _ := b.ledger.Case(id); c.Verdict == reconcile.Ambiguous { // two look the same after all
			p.open[id], p.lanes[key], p.known = 0, id, false
		}
	}
	if len(p.watched[key]) == 0 {
		delete(p.watched, key)
	}
}

// fenced takes in a read that looked whether a fence is closed.
func (b *Broker) fenced(now time.Time, e Fenced) {
	b.reading = false
	if !e.OK {
		b.line.failed(now)
		return
	}
	b.line.answered(now)
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
	if e.Answered {
		b.line.answered(now)
	}
	b.record(now, e.Records)
	if g := e.Gap; g != nil {
		b.gap = g
		if !g.To.IsZero() {
			b.gap = nil
		}
	}
	listed := map[string]map[bitbank.OrderID]bool{}
	for _, r := range e.Records {
		if o := r.Order; o != nil {
			if listed[o.Pair] == nil {
				listed[o.Pair] = map[bitbank.OrderID]bool{}
			}
			listed[o.Pair][o.ID] = true
		}
	}
	if e.Gap != nil {
		for _, name := range slices.Sorted(maps.Keys(b.pairs)) {
			for _, id := range slices.Sorted(maps.Keys(b.pairs[name].open)) {
				b.learn(now, id, reconcile.Fact{Gap: e.Gap})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		found := b.alike(name, listed[name])
		for _, id := range slices.Sorted(maps.Keys(found)) {
			for _, o := range found[id] {
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

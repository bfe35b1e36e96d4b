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

// Own is the bot that our own orders and cancels are recorded under.
const Own = "hikeshi"

// A barrier is a small order far from the market that is sent only so that what was sent before it is seen to have taken effect
// or never to do so. It is a real order, so the owner allows it; bots that trade make their own orders barriers.
type barrier struct {
	allowed bool
	asked   string    // the pair whose Quote is awaited
	sending string    // the intent of the newest that is being sent
	patient time.Time // until when no other is sent beside it
	due     time.Time // when the next is to be sent
}

// A mark is the barrier of a pair.
type mark struct {
	order  bitbank.OrderID // that rests; 0 when none does
	intent string
	signed time.Time
	newest time.Time // when one was sent last
	quoted time.Time // when a Quote was asked for last
}

const (
	barriers    = 1500 * time.Millisecond // at most one of a pair in; absence is to be proved 35 s after the fence
	quotes      = 1 * time.Second         // at most one Quote of a pair in
	barrierFor  = 3 * time.Minute         // the longest that one rests
	barrierWait = 300 * time.Millisecond  // how long after a fence the bots' own orders are waited for
	barrierMost = 1 * time.Second         // how long the fences of other lost orders are waited for
	barrierSlow = time.Second             // without an answer for so long, the next is sent beside it
)

// AllowBarrier says whether an order of the smallest size far from the market may be sent to settle lost ones.
func (b *Broker) AllowBarrier(on bool) { b.barrier.allowed = on }

// guard asks for what a barrier needs when a lost order wants one, and takes back the one that is not needed any more.
func (b *Broker) guard(now time.Time) {
	held := b.stopped(Own) != ""
	for _, name := range slices.Sorted(maps.Keys(b.pairs)) {
		p := b.pairs[name]
		if m := &p.mark; m.order != 0 && (held || !b.needed(p, m.signed) || now.Sub(m.signed) >= barrierFor) {
			b.begin(now, "barrier "+m.intent, Own, name, m.order)
			m.order = 0
		}
	}
	r := &b.barrier
	r.due = time.Time{}
	if held || !r.allowed || r.asked != "" || b.line.dark() {
		return
	}
	pair, at := "", time.Time{}
	for name, p := range b.pairs {
		if len(p.open) == 0 || p.mark.order != 0 && now.Sub(p.mark.signed) < barrierFor && p.mark.signed.After(p.bare) {
			continue
		}
		b.survey(now, p)
		if p.bare.IsZero() || len(p.placed) > 0 && p.placed[len(p.placed)-1].signed.After(p.bare) {
			continue
		}
		when := p.bare.Add(barrierWait)
		if most := p.barest.Add(barrierMost); !p.fence.IsZero() && most.After(when) {
			when = most // one for all of them
		}
		for _, next := range []time.Time{p.mark.newest.Add(barriers), p.mark.quoted.Add(quotes), r.patient} {
			if next.After(when) {
				when = next
			}
		}
		if pair == "" || when.Before(at) || when.Equal(at) && name < pair {
			pair, at = name, when
		}
	}
	switch {
	case pair == "":
	case at.After(now):
		r.due = at
	default:
		r.asked, b.pairs[pair].mark.quoted = pair, now
		b.do(Quote{pair})
	}
}

// needed reports whether a lost order of a pair still waits for a barrier that was signed at a time.
func (b *Broker) needed(p *pair, signed time.Time) bool {
	for id := range p.open {
		if c, _, _ := b.ledger.Case(id); c.Verdict == reconcile.Unknown && !c.FencedAt.IsZero() && signed.After(c.FencedAt) {
			return true
		}
	}
	return false
}

// quoted sends the barrier: a tenth below the market it is not executed, and not refused either.
func (b *Broker) quoted(now time.Time, e Quoted) {
	r := &b.barrier
	if r.asked != e.Pair {
		return
	}
	r.asked = ""
	p := b.pair(e.Pair)
	if b.survey(now, p); b.stopped(Own) != "" || !e.Calm || !e.Smallest.Known() || !e.Last.IsPositive() || p.bare.IsZero() {
		return
	}
	// Some ticks lower each time, so that a lost one and the next can be told apart.
	price := e.Last.Mul(decimal.New(9, -1)).Truncate(e.Digits).Sub(decimal.New(int64(b.made%97), -e.Digits))
	n, err := bitbank.ParseNumber(price.String())
	if err != nil || !price.IsPositive() {
		return
	}
	o := bitbank.NewOrder{Pair: e.Pair, Side: bitbank.Buy, Type: bitbank.Limit, Amount: e.Smallest, Price: n, PostOnly: true}
	if _, busy := b.ledger.Busy(ledger.LaneOf(o)); busy || b.lanes[ledger.LaneOf(o)] != nil {
		return
	}
	c := &call{Ask: Ask{Bot: Own, Order: &o, Guard: Unguarded}, lane: ledger.LaneOf(o)}
	b.send(c)
	r.sending, r.patient, p.mark.newest = c.intent, now.Add(barrierSlow), now
}

// barred takes in what came of a barrier: it rests now, or there is none. A lost one is looked for like any other order. Of two
// that rest the older one serves no later fence.
func (b *Broker) barred(now time.Time, i ledger.Intent) {
	if i.ID == b.barrier.sending {
		b.barrier.sending, b.barrier.patient = "", time.Time{}
	}
	if i.Answer != ledger.Done {
		return
	}
	b.owe(now, i.ID, ledger.Paid)
	p := b.pair(i.Order.Pair)
	older, rests := p.mark, mark{order: i.Placed[0], intent: i.ID, signed: i.Signed}
	if rests.signed.Before(older.signed) && older.order != 0 {
		older, rests = rests, older
	}
	if older.order != 0 {
		b.begin(now, "barrier "+older.intent, Own, i.Order.Pair, older.order)
	}
	p.mark.order, p.mark.intent, p.mark.signed, p.known = rests.order, rests.intent, rests.signed, false
}

// sweep takes back, after a start, the barriers that still rest.
func (b *Broker) sweep(now time.Time) {
	for _, o := range b.ledger.Live() {
		if _, by, _ := b.ledger.Order(o.Pair, o.ID); by.By == ledger.Bot && by.Bot == Own {
			b.begin(now, "barrier "+by.Intent, Own, o.Pair, o.ID)
		}
	}
}

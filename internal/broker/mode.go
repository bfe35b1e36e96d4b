package broker

import (
	"cmp"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// A Guard says when a bot's post-only orders are sent. In every circuit-break mode but NONE bitbank takes them and silently
// drops the word (bitbank's documents, "Create new order"): what was to rest may then take, in the auction.
type Guard int

// The guards. Strict is the zero value.
const (
	Strict    Guard = iota // sent only while the pair is known to trade continuously
	Lenient                // also while its mode cannot be read, unless it was another one when it was read last
	Unguarded              // always sent
)

const (
	// modeYoung is how old the newest read of a mode may be: five reads may fail in a row before it is not known any more.
	modeYoung = 30 * time.Second
	// modeEvery is how often a mode is read while bots place post-only orders in its pair: how late a new mode is noticed.
	modeEvery = 5 * time.Second
	// modeFor is how long after the newest such order its pair is followed.
	modeFor = 10 * time.Minute
	// modeApart is between two reads of any pairs; while none is answered it is modeEvery.
	modeApart = 200 * time.Millisecond
)

// modes are those of the pairs in which bots place post-only orders.
type modes struct {
	by      map[string]*circuit
	newest  time.Time // when the newest read was asked for
	failing bool      // it was not answered
}

// A circuit is what is known of a pair's mode.
type circuit struct {
	mode    string
	at      time.Time // when the read that said so was sent; zero: none did
	stamp   time.Time // bitbank's own time of it
	wanted  time.Time // when a post-only order came last
	asked   time.Time // when a read was asked for last
	reading bool      // it is under way
	failed  bool      // it said nothing
}

// judge says what becomes of a post-only order now: it is refused for a reason, it waits for a read that is under way or about to
// be, or it is sent.
func (m circuit) judge(now time.Time, g Guard) (why Reason, wait bool) {
	continuous := m.mode == bitbank.ModeNone
	switch fresh := !m.at.IsZero() && now.Sub(m.at) <= modeYoung; {
	case g == Unguarded, fresh && continuous:
		return "", false
	case fresh:
		return Auction, false
	case !m.failed:
		return "", true
	case g == Lenient && (continuous || m.at.IsZero()):
		return "", false
	case g == Lenient:
		return Auction, false
	}
	return Blind, false
}

// hold judges a call's order, if it depends on a mode.
func (b *Broker) hold(now time.Time, c *call) (why Reason, wait bool) {
	if c == nil || c.Order == nil || !c.Order.PostOnly || c.Guard == Unguarded {
		return "", false
	}
	m := b.modes.by[c.Order.Pair]
	if m == nil {
		m = &circuit{}
	}
	return m.judge(now, c.Guard)
}

// want sees to it that the mode of a pair is known while post-only orders come in it.
func (ms *modes) want(now time.Time, pair string) {
	m := ms.by[pair]
	if m == nil {
		m = &circuit{}
		ms.by[pair] = m
	}
	if now.Sub(m.wanted) > modeFor {
		m.failed = false // that was long ago
	}
	m.wanted = now
}

// next is the pair whose mode is to be read next, and when; "" when none is.
func (ms *modes) next(now time.Time) (pair string, at time.Time) {
	apart := modeApart
	if ms.failing {
		apart = modeEvery
	}
	for name, m := range ms.by {
		if m.reading || now.Sub(m.wanted) > modeFor {
			continue
		}
		due := m.wanted
		for _, t := range []time.Time{m.asked.Add(modeEvery), ms.newest.Add(apart)} {
			if t.After(due) {
				due = t
			}
		}
		if pair == "" || cmp.Or(due.Compare(at), m.asked.Compare(ms.by[pair].asked), strings.Compare(name, pair)) < 0 {
			pair, at = name, due
		}
	}
	return pair, at
}

// observe asks for the mode that is due. While bitbank does not answer no order is sent, and nothing of it is asked.
func (b *Broker) observe(now time.Time) {
	if b.line.dark() {
		return
	}
	pair, at := b.modes.next(now)
	if pair == "" || at.After(now) {
		return
	}
	m := b.modes.by[pair]
	m.asked, m.reading, b.modes.newest = now, true, now
	b.do(Observe{pair})
}

// observes is when the next mode is to be read.
func (b *Broker) observes(now time.Time) time.Time {
	if b.line.dark() {
		return time.Time{}
	}
	_, at := b.modes.next(now)
	return at
}

// observed takes in a mode, and lets the orders go on that wait for it. An answer that is older than what is known comes of a
// replica that lags, and says nothing.
func (b *Broker) observed(now time.Time, e Observed) {
	m := b.modes.by[e.Pair]
	if m == nil {
		return
	}
	b.modes.failing = e.Mode == ""
	m.reading, m.failed = false, b.modes.failing || e.Stamp.Before(m.stamp)
	if !m.failed {
		m.mode, m.at, m.stamp = e.Mode, e.Began, e.Stamp
	}
	b.wake = now
}

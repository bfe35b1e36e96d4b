package broker

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// When bitbank answers again after an outage everybody trades at once, books are thin, and what is known of the account is old. So
// new orders go step by step: not before the account has been read, in a pair not before it trades as usual, and then one class of
// bots after the other, besides the slower pace of [line.ramp]. Cancels, and the exits of stops, never wait for that.

// A Class is how early a bot's orders go again after an outage.
type Class int

// The classes. Usual is the zero value.
const (
	Usual Class = iota
	Early
	Late
)

// How long after bitbank's return, or after a pair has become well, the orders of a class go, and how far the bots of one class are drawn apart.
var (
	classAfter  = map[Class]time.Duration{Early: 0, Usual: 15 * time.Second, Late: 45 * time.Second}
	classSpread = map[Class]time.Duration{Early: 2 * time.Second, Usual: 10 * time.Second, Late: 15 * time.Second}
)

const (
	// reopenMost is when all of it ends: a pair that is not well by then is the owner's to judge.
	reopenMost = 10 * time.Minute
	// inspectEach is how often a pair is looked at that is not well, and in which orders wait.
	inspectEach = 3 * time.Second
)

// A reopening is one return of bitbank.
type reopening struct {
	since time.Time // zero: there was none
	read  time.Time // when the account had been read whole since; zero: not yet
	pairs map[string]*opening
}

// An opening is a pair in which orders wait.
type opening struct {
	asked time.Time
	busy  bool      // an Inspect is under way
	seen  bool      // it was looked at
	well  time.Time // since when it trades as usual: since bitbank's return, when it did so at the first look
	last  Inspected
}

// reopened notices that bitbank is back.
func (b *Broker) reopened() {
	if b.line.bright.After(b.reopen.since) {
		b.reopen = reopening{since: b.line.bright, pairs: map[string]*opening{}}
		b.do(Audit{})
	}
}

// reopening reports whether one goes on.
func (b *Broker) reopening(now time.Time) bool {
	return !b.reopen.since.IsZero() && now.Sub(b.reopen.since) < reopenMost
}

// release is when a call's order may go, as far as the reopening is concerned: a time, or not before something has happened.
func (b *Broker) release(now time.Time, c *call) (at time.Time, wait bool) {
	if !b.reopening(now) {
		return at, false
	}
	p := b.reopen.pairs[c.Order.Pair]
	if p == nil {
		p = &opening{}
		b.reopen.pairs[c.Order.Pair] = p
	}
	if b.reopen.read.IsZero() || p.well.IsZero() {
		return at, true
	}
	return p.well.Add(classAfter[c.Class] + apart(c.Bot, classSpread[c.Class])), false
}

// apart is a bot's own share of a time, always the same.
func apart(bot string, spread time.Duration) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(bot))
	return spread * time.Duration(h.Sum32()%1000) / 1000
}

// audited takes in that the account was read whole.
func (b *Broker) audited(now time.Time, e Audited) {
	if b.reopening(now) && b.reopen.read.IsZero() && !e.Began.Before(b.reopen.since) {
		b.reopen.read, b.wake = now, now
	}
}

// inspected takes in how a pair stands.
func (b *Broker) inspected(now time.Time, e Inspected) {
	p := b.reopen.pairs[e.Pair]
	if p == nil {
		return
	}
	if e.Well() && p.well.IsZero() {
		p.well, b.wake = now, now
		if !p.seen {
			p.well = b.reopen.since
		}
	}
	p.busy, p.seen, p.last = false, true, e
}

// Well reports whether a pair trades as usual.
func (e Inspected) Well() bool {
	return e.Mode == bitbank.ModeNone && !e.Stopped && (e.Status == bitbank.StatusNormal || e.Status == bitbank.StatusBusy)
}

// inspect asks for the pairs that are due.
func (b *Broker) inspect(now time.Time) {
	for pair, at := b.inspects(now); pair != "" && !at.After(now); pair, at = b.inspects(now) {
		p := b.reopen.pairs[pair]
		p.asked, p.busy = now, true
		b.do(Inspect{Pair: pair})
	}
}

// inspects is the pair that is to be looked at next, and when.
func (b *Broker) inspects(now time.Time) (pair string, at time.Time) {
	if !b.reopening(now) || b.line.dark() {
		return "", time.Time{}
	}
	for name, p := range b.reopen.pairs {
		if p.busy || !p.well.IsZero() {
			continue
		}
		due := p.asked.Add(inspectEach)
		if pair == "" || cmp.Or(due.Compare(at), strings.Compare(name, pair)) < 0 {
			pair, at = name, due
		}
	}
	return pair, at
}

// A Reopening is how far one has come.
type Reopening struct {
	Since time.Time   // when bitbank answered again
	Read  time.Time   // when the account had been read since; zero: not yet
	Pairs []Inspected // in which orders wait or waited, as they were seen last; of one that was not looked at yet only its name
}

// Reopening is the one that goes on, if there is one: it is over when everything that waits may go.
func (b *Broker) Reopening(now time.Time) (r Reopening, on bool) {
	last := b.reopen.since.Add(classAfter[Late] + classSpread[Late])
	if !b.reopening(now) {
		return r, false
	}
	r.Since, r.Read = b.reopen.since, b.reopen.read
	on = b.reopen.read.IsZero() || now.Before(last)
	for name, p := range b.reopen.pairs {
		x := p.last
		x.Pair = name
		r.Pairs = append(r.Pairs, x)
		on = on || p.well.IsZero()
	}
	slices.SortFunc(r.Pairs, func(a, b Inspected) int { return strings.Compare(a.Pair, b.Pair) })
	return r, on
}

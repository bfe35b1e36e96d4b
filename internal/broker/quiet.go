package broker

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/ledger"
)

// A quiet is a short time in which no new order may touch what lost orders are paid with: while money moves all the time, no
// look can show that all of it is explained. Orders wait for it; cancels and fills do not.
type quiet struct {
	end      time.Time // when the looks are made that it is for; zero when there is none
	length   time.Duration
	rest     time.Time // until when there is no other
	doubtful bool      // one of its looks was
	next     time.Time // when another begins
}

const (
	quietFirst = 2500 * time.Millisecond // what happened nearer to a read than two seconds need not be in it
	quietMost  = 32 * time.Second        // beyond what a replica may lag
	quietOver  = 5 * time.Second         // when the looks that it is for do not come, it ends all the same
)

// hush takes in a look: a doubtful one begins a quiet time, the last of those that it is for ends it. Half of the time is the
// bots' in any case.
func (b *Broker) hush(now, began time.Time, p *pair, doubtful bool) {
	q := &b.quiet
	if began.Before(q.end) && len(p.open) > 0 {
		return // not one of those
	}
	p.awaits = false
	q.doubtful = q.doubtful || doubtful
	if q.end.IsZero() {
		if doubtful && !now.Before(q.rest) {
			q.length = max(q.length, quietFirst)
			q.end, q.doubtful = now.Add(q.length), false
			for _, p := range b.pairs {
				p.awaits, p.known = len(p.open) > 0, false
			}
		}
		return
	}
	for _, p := range b.pairs {
		if p.awaits && len(p.open) > 0 && now.Before(q.end.Add(quietOver)) {
			return
		}
	}
	b.wake = now
	q.rest, q.end = now.Add(q.length), time.Time{}
	if q.doubtful {
		q.length = min(2*q.length, quietMost)
	} else {
		q.length = max(q.length/2, quietFirst)
	}
}

// foresee begins a quiet time before the look that can prove an absence.
func (b *Broker) foresee(now time.Time) {
	q := &b.quiet
	q.next = time.Time{}
	if !q.end.IsZero() {
		return
	}
	for _, p := range b.pairs {
		if len(p.open) == 0 {
			continue
		}
		b.survey(now, p)
		if p.nearly.IsZero() {
			continue
		}
		begin := p.nearly.Add(-quietFirst)
		switch {
		case begin.After(now):
			if q.next.IsZero() || begin.Before(q.next) {
				q.next = begin
			}
		case p.nearly.After(now) && !now.Before(q.rest):
			if q.end.IsZero() || p.nearly.Before(q.end) {
				q.end = p.nearly
			}
			q.doubtful = false
			p.awaits, p.known = true, false
		}
	}
	if !q.end.IsZero() {
		q.length = max(q.length, quietFirst)
	}
}

// gate is when an order of a pair may be sent: not during a quiet time, and step by step after an outage.
func (b *Broker) gate(now time.Time, pair string) time.Time {
	at := b.line.ramp(now)
	if b.quiet.end.IsZero() {
		return at
	}
	for name, p := range b.pairs {
		if end := b.quiet.end.Add(quietOver); len(p.open) > 0 && shares(name, pair) && end.After(at) {
			at = end
		}
	}
	return at
}

// shares reports whether two pairs have an asset in common.
func shares(a, b string) bool {
	base, quote, _ := strings.Cut(a, "_")
	x, y, _ := strings.Cut(b, "_")
	return base == x || base == y || quote == x || quote == y
}

// park lets a lane wait until a time, or until something has changed.
func (b *Broker) park(key ledger.Lane, l *lane, until time.Time) {
	if len(b.parked) == 0 || until.Before(b.wake) {
		b.wake = until
	}
	if !l.parked {
		l.parked = true
		b.parked = append(b.parked, key)
	}
}

// unpark tries the lanes that wait, in the order in which they came.
func (b *Broker) unpark(now time.Time) {
	if len(b.parked) == 0 || b.wake.After(now) {
		return
	}
	was := b.parked
	b.parked = nil
	for k, key := range was {
		l := b.lanes[key]
		if l == nil {
			continue
		}
		if at := b.line.ramp(now); at.After(now) { // the others come later still
			b.parked = append(b.parked, slices.Clone(was[k:])...)
			if b.wake.Before(now) || at.Before(b.wake) || k == 0 {
				b.wake = at
			}
			return
		}
		l.parked = false
		b.advance(now, key)
	}
}

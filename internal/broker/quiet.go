package broker

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/ledger"
)

// A quiet is a short time in which no new order may touch the assets of a pair: while money moves all the time, no look can show
// that all of it is explained. Orders wait for it; cancels and fills do not.
type quiet struct {
	end    time.Time // when the look is made that it is for; zero when there is none
	length time.Duration
	rest   time.Time // until when there is no other
}

const (
	quietFirst = 2500 * time.Millisecond // what happened nearer to a read than two seconds need not be in it
	quietMost  = 32 * time.Second        // beyond what a replica may lag
	quietOver  = 5 * time.Second         // when the look that it is for does not come, it ends all the same
)

// looked ends it, and begins another when a look was in doubt. Half of the time is the bots' in any case.
func (q *quiet) looked(now time.Time, doubtful bool) {
	if !q.end.IsZero() {
		q.rest = now.Add(q.length)
		q.end = time.Time{}
		if doubtful {
			q.length = min(2*q.length, quietMost)
		}
		return
	}
	if doubtful && !now.Before(q.rest) {
		q.length = max(q.length, quietFirst)
		q.end = now.Add(q.length)
	}
}

// gate is when an order of a pair may be sent: not during a quiet time, and step by step after an outage.
func (b *Broker) gate(now time.Time, pair string) time.Time {
	at := b.line.ramp(now)
	for name, p := range b.pairs {
		if p.quiet.end.IsZero() || !shares(name, pair) {
			continue
		}
		if end := p.quiet.end.Add(quietOver); end.After(at) {
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

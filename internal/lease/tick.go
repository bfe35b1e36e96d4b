package lease

import (
	"maps"
	"slices"
	"time"
)

// Rules are what the owner has chosen in calm times, for all bots.
type Rules struct {
	Windows Windows
	Early   time.Duration // with CancelBefore: how long before an announced maintenance
}

// Windows says what announced maintenance does to the countdowns.
type Windows string

// What it does. Pause is the zero value.
const (
	Pause        Windows = ""       // nothing is counted while one is under way; after it the countdowns begin anew
	CancelBefore Windows = "cancel" // before it every armed bot is treated as silent
	CountOn      Windows = "run"    // nothing: the countdowns run
)

// A Window is an announced maintenance that concerns orders; both ends are known.
type Window struct{ Start, End time.Time }

// A Sky is what is known of bitbank when a Tick comes.
type Sky struct {
	Windows     []Window
	Maintenance bool // it is seen now
}

// An Event is what a Tick has found.
type Event struct {
	Lease
	Record *Word // what is to be recorded, before anything is sent: a lapse
}

const (
	// tick is how often a countdown is looked at: how soon it is noticed that we were away.
	tick = 500 * time.Millisecond
	// settled is how much of a moment a timer may come early or late without meaning.
	settled = time.Millisecond
)

// Tick lets time pass. It returns what has changed by it: leases that have become Suspect, have begun anew or have lapsed.
func (b *Book) Tick(now Moment, sky Sky) []Event {
	why, lag := b.away(now)
	var out []Event
	hold, until := b.rules.holds(now.Wall, sky)
	early := b.rules.before(now.Wall, sky)
	for _, bot := range slices.Sorted(maps.Keys(b.leases)) {
		l := b.leases[bot]
		if !l.State.Counting() {
			continue
		}
		was := l.Held
		l.Held, l.HeldUntil = hold, until
		switch {
		case early:
			out = append(out, b.lapse(now, l, Maintenance))
		case hold || was:
			b.heard(now, l)
		case why == Clock || why == Late && lag > lateness(l.TTL):
			l.State, l.Since, l.Why = Suspect, now.Wall, why
			l.Anew, l.AnewWhy = now.Wall, why
			b.heard(now, l)
			out = append(out, Event{Lease: *l})
		case now.Run-l.heard >= l.TTL:
			out = append(out, b.lapse(now, l, Silent))
		case l.State == Armed && now.Run-l.heard >= missed(l.TTL):
			l.State, l.Since, l.Why = Suspect, now.Wall, Silent
			out = append(out, Event{Lease: *l})
		}
	}
	return out
}

func (b *Book) lapse(now Moment, l *Lease, why Why) Event {
	w := l.Word
	w.State, w.Why = Frozen, why
	*l = Lease{Word: w, Since: now.Wall}
	return Event{Lease: *l, Record: new(w)}
}

// away says whether we were away since it was said when this Tick is due, and how late it is.
func (b *Book) away(now Moment) (why Why, lag time.Duration) {
	if b.next == 0 { // none was due
		return "", 0
	}
	lag = now.Run - b.next
	switch {
	case apart(now.Wall.Sub(b.last.Wall), now.Run-b.last.Run):
		return Clock, lag
	case lag > settled:
		return Late, lag
	}
	return "", lag
}

// holds reports whether nothing is counted now, and until when.
func (r Rules) holds(now time.Time, sky Sky) (bool, time.Time) {
	if r.Windows == CountOn {
		return false, time.Time{}
	}
	for _, w := range sky.Windows {
		if !now.Before(w.Start) && now.Before(w.End) {
			return true, w.End
		}
	}
	return sky.Maintenance, time.Time{}
}

// before reports whether an announced maintenance is so near that orders are cancelled, or is under way.
func (r Rules) before(now time.Time, sky Sky) bool {
	return r.Windows == CancelBefore && slices.ContainsFunc(sky.Windows, func(w Window) bool {
		return !now.Before(w.Start.Add(-r.Early)) && now.Before(w.End)
	})
}

// Next is how long it is until a Tick is due; 0 when none is, until something is armed. It is asked after each Tick.
func (b *Book) Next(now Moment) time.Duration {
	next := time.Duration(0)
	sooner := func(d time.Duration) {
		if d = max(d, settled); next == 0 || d < next {
			next = d
		}
	}
	for _, l := range b.leases {
		if l.State != Off && l.State != Safe {
			sooner(tick)
		}
		if !l.State.Counting() {
			continue
		}
		left := l.TTL - (now.Run - l.heard)
		if l.State == Armed {
			left -= l.TTL - missed(l.TTL)
		}
		sooner(left)
	}
	b.last, b.next = now, 0
	if next > 0 {
		b.next = now.Run + next
	}
	return next
}

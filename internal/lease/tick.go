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
	Cutoff  Cutoff
	After   time.Duration // with AskOwner and CancelBots: how long bitbank is out of reach
}

// Windows says what announced maintenance does to the countdowns.
type Windows string

// What it does. Pause is the zero value.
const (
	Pause        Windows = ""       // nothing is counted while one is under way; after it the countdowns begin anew
	CancelBefore Windows = "cancel" // before it every armed bot is treated as silent
	CountOn      Windows = "run"    // nothing: the countdowns run
)

// A Cutoff says what happens when we cannot reach bitbank, whatever the bots do.
type Cutoff string

// What happens. Keep is the zero value.
const (
	Keep       Cutoff = ""       // nothing: the orders stay
	AskOwner   Cutoff = "ask"    // it is shown, and the owner decides
	CancelBots Cutoff = "cancel" // the bots' orders are cancelled as soon as bitbank can be reached
)

// A Window is an announced maintenance that concerns orders; both ends are known.
type Window struct{ Start, End time.Time }

// A Sky is what is known of bitbank when a Tick comes.
type Sky struct {
	Windows     []Window
	Maintenance bool // it is seen now
	Dark        bool // bitbank does not answer us
}

// A Cut is how long bitbank has been out of reach.
type Cut struct {
	Since time.Time // zero: it answers
	Due   bool      // it was long enough for what the rules say
}

// An Event is what a Tick has found.
type Event struct {
	Lease        // of the bot; the zero one with CutOff
	CutOff bool  // bitbank was out of reach for so long as the rules say
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
	out := b.reach(now, sky, why, lag)
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
	switch apart := now.Wall.Sub(b.last.Wall) - (now.Run - b.last.Run); {
	case apart > away, apart < -away:
		return Clock, lag
	case lag > settled:
		return Late, lag
	}
	return "", lag
}

// reach counts how long bitbank has been out of reach.
func (b *Book) reach(now Moment, sky Sky, why Why, lag time.Duration) []Event {
	switch {
	case b.rules.Cutoff == Keep:
		return nil
	case !sky.Dark:
		b.cut = Cut{}
		return nil
	case b.cut.Since.IsZero():
		b.cut, b.cutRun = Cut{Since: now.Wall}, now.Run
		return nil
	case b.cut.Due:
		return nil
	case why == Clock || lag > away: // we were away ourselves
		b.cutRun = now.Run
		return nil
	}
	if hold, _ := b.rules.holds(now.Wall, sky); hold {
		b.cutRun = now.Run
	}
	if now.Run-b.cutRun < b.rules.After {
		return nil
	}
	b.cut.Due = true
	return []Event{{CutOff: true}}
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
	if b.rules.Cutoff != Keep {
		sooner(tick)
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

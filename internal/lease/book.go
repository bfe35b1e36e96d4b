package lease

import (
	"maps"
	"slices"
	"time"
)

// A Book holds the leases of an account's bots. Make one with New; it is one goroutine's.
type Book struct {
	rules  Rules
	leases map[string]*Lease

	last Moment        // when Next was asked
	next time.Duration // when a Tick is due, by the monotonic clock; 0 when none is
}

// New returns a book without leases.
func New(r Rules) *Book { return &Book{rules: r, leases: map[string]*Lease{}} }

// Resume takes up what was recorded of a bot. What counts is Suspect, with its whole time to live.
func (b *Book) Resume(now Moment, w Word, since time.Time) {
	l := &Lease{Word: w, Since: since}
	if w.State == Armed {
		l.State, l.Anew, l.AnewWhy = Suspect, now.Wall, Restart
		b.heard(now, l)
	}
	b.leases[w.Bot] = l
}

// An Ask is a heartbeat. TTL 0 disarms.
type Ask struct {
	Bot   string
	Epoch int64
	TTL   time.Duration
	Spare Spare
}

// Beat arms, renews or disarms. What it returns beside the lease is to be recorded before it is answered; nil for a plain renewal.
// On an error nothing has changed, and the lease is the one that stands.
func (b *Book) Beat(now Moment, sky Sky, a Ask) (Lease, *Word, error) {
	l := b.leases[a.Bot]
	if l == nil {
		l = &Lease{}
	}
	switch {
	case a.Epoch < l.Epoch:
		return *l, nil, ErrOld
	case a.TTL == 0:
		return b.disarm(now, l, a)
	case a.Epoch == l.Epoch && l.State.Counting():
		changed := a.TTL != l.TTL || a.Spare != l.Spare
		l.TTL, l.Spare = a.TTL, a.Spare
		b.renew(now, l)
		if changed {
			return *l, new(l.recorded()), nil
		}
		return *l, nil, nil
	case l.State.Lapsed() && l.State != Safe:
		return *l, nil, ErrRunning
	case a.Epoch == l.Epoch:
		return *l, nil, ErrUsed
	case b.rules.before(now.Wall, sky):
		return *l, nil, ErrMaintenance
	}
	armed := &Lease{Word: Word{Bot: a.Bot, Epoch: a.Epoch, TTL: a.TTL, Spare: a.Spare, State: Armed}, Since: now.Wall}
	b.heard(now, armed)
	b.leases[a.Bot] = armed
	return *armed, new(armed.Word), nil
}

// disarm ends the lease of an epoch. A second time changes nothing.
func (b *Book) disarm(now Moment, l *Lease, a Ask) (Lease, *Word, error) {
	switch {
	case a.Epoch != l.Epoch:
		return *l, nil, ErrNone
	case l.State == Off:
		return *l, nil, nil
	case l.State.Lapsed():
		return *l, nil, ErrUsed
	}
	b.end(now, l, "")
	return *l, new(l.Word), nil
}

// Release disarms the lease of a bot whatever its state, because the owner says so. There is nothing to record, and false, when
// it has not lapsed.
func (b *Book) Release(now Moment, bot string) (Word, bool) {
	l := b.leases[bot]
	if l == nil || !l.State.Lapsed() {
		return Word{}, false
	}
	b.end(now, l, ByOwner)
	return l.Word, true
}

func (b *Book) end(now Moment, l *Lease, why Why) {
	w := l.Word
	w.State, w.Why = Off, why
	*l = Lease{Word: w, Since: now.Wall}
}

// Touch takes any call of a bot for a heartbeat; epoch is the one that the call names, 0 when it names none.
func (b *Book) Touch(now Moment, bot string, epoch int64) {
	if l := b.leases[bot]; l != nil && l.State.Counting() && (epoch == 0 || epoch == l.Epoch) {
		b.renew(now, l)
	}
}

// Stage takes in how far the cancelling after a lapse is. What it returns is to be recorded: that the bot is safe.
func (b *Book) Stage(now Moment, bot string, s State) *Word {
	l := b.leases[bot]
	if l == nil || !l.State.Lapsed() || !s.Lapsed() || l.State == s || l.State == Safe {
		return nil
	}
	l.State, l.Since = s, now.Wall
	if s != Safe {
		return nil
	}
	return new(l.Word)
}

// recorded is the word of a lease that counts.
func (l *Lease) recorded() Word {
	w := l.Word
	w.State, w.Why = Armed, ""
	return w
}

// renew takes in a sign of life.
func (b *Book) renew(now Moment, l *Lease) {
	if l.State == Suspect {
		l.State, l.Since, l.Why = Armed, now.Wall, ""
	}
	b.heard(now, l)
}

func (b *Book) heard(now Moment, l *Lease) {
	l.heard, l.Expires = now.Run, now.Wall.Add(l.TTL)
}

// Of is a bot's lease; the zero one when there is none.
func (b *Book) Of(bot string) Lease {
	if l := b.leases[bot]; l != nil {
		return *l
	}
	return Lease{}
}

// All are the leases, by the names of their bots.
func (b *Book) All() []Lease {
	var out []Lease
	for _, bot := range slices.Sorted(maps.Keys(b.leases)) {
		out = append(out, *b.leases[bot])
	}
	return out
}

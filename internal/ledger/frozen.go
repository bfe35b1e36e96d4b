package ledger

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// frozen are the newest words on a bot: one that holds until it is taken back, and one that ends by itself. Each counts by
// itself, so that the end of the second never lets go what the first holds.
type frozen struct {
	Bot     string    `json:"bot,omitzero"`
	On      bool      `json:"on"`
	Why     string    `json:"why,omitzero"`
	At      time.Time `json:"at"`
	Timed   Frozen    `json:"timed,omitzero"`
	TimedAt time.Time `json:"timed_at,omitzero"`
}

// word is the one without an end.
func (f frozen) word() Frozen { return Frozen{Bot: f.Bot, On: f.On, Why: f.Why} }

// UnmarshalJSON reads a word. An end that cannot be read is none: what is held then stays held, and what was to end does not.
func (f *Frozen) UnmarshalJSON(b []byte) error {
	type plain Frozen // without this method
	read := struct {
		*plain
		Until json.RawMessage `json:"until"`
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(b, &read); err != nil || read.Until == nil {
		return err
	}
	if json.Unmarshal(read.Until, &f.Until) != nil && !f.On {
		f.Until = time.Unix(1, 0) // no end is so early
	}
	return nil
}

func (l *Ledger) freeze(f Frozen, at time.Time) {
	if l.frozen == nil {
		l.frozen = map[string]frozen{}
	}
	known := l.frozen[f.Bot]
	older, olderTimed := known.At.After(at), known.TimedAt.After(at)
	switch ends := !f.Until.IsZero(); {
	case f.On && !ends:
		if !older {
			known.Bot, known.On, known.Why, known.At = f.Bot, f.On, f.Why, at
		}
	case f.On:
		if !olderTimed {
			known.Timed, known.TimedAt = f, at
		}
	case ends: // its time is over, unless it was prolonged
		if !olderTimed && !known.Timed.Until.After(f.Until) {
			known.Timed, known.TimedAt = f, at
		}
	default:
		if !older {
			known.Bot, known.On, known.Why, known.At = f.Bot, f.On, f.Why, at
		}
		if !olderTimed {
			known.Timed, known.TimedAt = f, at
		}
	}
	l.frozen[f.Bot] = known
}

// Frozen says whether the orders of a bot are stopped, by its own name or with all others, since when and why. Until is zero when
// they are until somebody lets them go.
func (l *Ledger) Frozen(bot string) (f Frozen, since time.Time, on bool) {
	for _, name := range []string{"", bot} {
		if f := l.frozen[name]; f.On {
			return f.word(), f.At, true
		}
	}
	for _, name := range []string{"", bot} {
		if f := l.frozen[name]; f.Timed.On {
			return f.Timed, f.TimedAt, true
		}
	}
	return Frozen{}, time.Time{}, false
}

// A Stop is a bot whose orders are stopped; Bot "" is every bot.
type Stop struct {
	Frozen
	Since  time.Time
	Lapsed bool // by its dead man's switch, and by nobody
}

// Stops are those that hold, by name; of several for one bot the owner's without an end, then the switch's. One whose end is past
// holds until its end is recorded.
func (l *Ledger) Stops() []Stop {
	var out []Stop
	lapsed := func(bot string) bool { return l.leases[bot].State.Lapsed() }
	for _, f := range l.frozen {
		switch {
		case f.On:
			out = append(out, Stop{Frozen: f.word(), Since: f.At})
		case f.Timed.On && !lapsed(f.Bot):
			out = append(out, Stop{Frozen: f.Timed, Since: f.TimedAt})
		}
	}
	for bot, w := range l.leases {
		if lapsed(bot) && !l.frozen[bot].On {
			out = append(out, Stop{Frozen: Frozen{Bot: bot, On: true}, Since: w.At, Lapsed: true})
		}
	}
	slices.SortFunc(out, func(a, b Stop) int { return strings.Compare(a.Bot, b.Bot) })
	return out
}

// ByHand are the stops that end by themselves and still hold, by name: their owner trades by hand meanwhile.
func (l *Ledger) ByHand() []Stop {
	var out []Stop
	for _, f := range l.frozen {
		if f.Timed.On {
			out = append(out, Stop{Frozen: f.Timed, Since: f.TimedAt})
		}
	}
	slices.SortFunc(out, func(a, b Stop) int { return strings.Compare(a.Bot, b.Bot) })
	return out
}

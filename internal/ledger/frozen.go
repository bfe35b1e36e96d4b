package ledger

import (
	"slices"
	"strings"
	"time"
)

// frozen is the newest word on a bot.
type frozen struct {
	Frozen
	At time.Time `json:"at"`
}

func (l *Ledger) freeze(f Frozen, at time.Time) {
	if known, ok := l.frozen[f.Bot]; ok && known.At.After(at) {
		return
	}
	if l.frozen == nil {
		l.frozen = map[string]frozen{}
	}
	l.frozen[f.Bot] = frozen{f, at}
}

// Frozen says whether the orders of a bot are stopped, by its own name or with all others, since when and why.
func (l *Ledger) Frozen(bot string) (f Frozen, since time.Time, on bool) {
	for _, name := range []string{"", bot} {
		if f := l.frozen[name]; f.On {
			return f.Frozen, f.At, true
		}
	}
	return Frozen{}, time.Time{}, false
}

// A Stop is a bot whose orders are stopped; Bot "" is every bot.
type Stop struct {
	Frozen
	Since time.Time
}

// Stops are those that hold now, by name.
func (l *Ledger) Stops() []Stop {
	var out []Stop
	for _, f := range l.frozen {
		if f.On {
			out = append(out, Stop{f.Frozen, f.At})
		}
	}
	slices.SortFunc(out, func(a, b Stop) int { return strings.Compare(a.Bot, b.Bot) })
	return out
}

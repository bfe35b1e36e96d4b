package ledger

import "time"

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

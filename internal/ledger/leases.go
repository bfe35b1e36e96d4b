package ledger

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/lease"
)

// A Leased is the newest that was recorded of a bot's dead man's switch, and when.
type Leased struct {
	lease.Word
	At time.Time `json:"at"`
}

func (l *Ledger) lease(w lease.Word, at time.Time) {
	if l.leases == nil {
		l.leases = map[string]Leased{}
	}
	if old, known := l.leases[w.Bot]; !known || w.Overrules(old.Word) {
		l.leases[w.Bot] = Leased{w, at}
	}
}

// Lease is what was recorded last of a bot's switch; false when it never armed one.
func (l *Ledger) Lease(bot string) (Leased, bool) {
	w, ok := l.leases[bot]
	return w, ok
}

// Leases are those of all bots, by name.
func (l *Ledger) Leases() []Leased {
	var out []Leased
	for _, w := range l.leases {
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b Leased) int { return strings.Compare(a.Bot, b.Bot) })
	return out
}

package ledger

import (
	"cmp"
	"slices"
	"time"

	"hikeshi/bitbank"
)

// A LineKind is what a line of the owner's is about.
type LineKind string

// The kinds of lines.
const (
	Above   LineKind = "above" // the pair's price is at Value or higher, in the quote currency
	Below   LineKind = "below" // at Value or lower
	Loss    LineKind = "loss"  // margin positions, of Pair or with "" all, have an unrealised loss of Value or more: yen, or percent of what they cost
	GapLine LineKind = "gap"   // bitbank's last price and other venues' are Value percent apart, or more
	NoStop  LineKind = "stop"  // coins of Pair that are held have no stop order on bitbank that is large enough; without a Value
)

// A Line is something that the owner wants to be told of. It stands until it is removed.
type Line struct {
	ID      int            `json:"id"` // counts from 1, and is never used again
	Kind    LineKind       `json:"kind,omitzero"`
	Pair    string         `json:"pair,omitzero"`
	Value   bitbank.Number `json:"value,omitzero"`
	Percent bool           `json:"percent,omitzero"` // of a Loss
	Why     string         `json:"why,omitzero"`     // the owner's words
	Removed bool           `json:"removed,omitzero"` // without the rest
}

// A Crossed says that a line was crossed, or that what it is about is back on its quiet side.
type Crossed struct {
	Line int `json:"line"`
	// N counts the changes of a line from 1: a change whose number is not beyond the newest one is a repetition.
	N  int  `json:"n"`
	On bool `json:"on"`
	// Value is what it was about: a price, a loss or a gap as Line says, or how much of the coins a stop covers, in percent.
	Value bitbank.Number `json:"value,omitzero"`
	From  string         `json:"from,omitzero"` // whose price: bitbank, venues
}

// A LineState is a line and how it stands.
type LineState struct {
	Line
	Set time.Time `json:"set"`
	// The newest change; with N 0 there was none, and the line is on its quiet side.
	Last Crossed   `json:"last,omitzero"`
	At   time.Time `json:"at,omitzero"` // of it
}

// line sets a line, or removes it.
func (l *Ledger) line(x *Line, at time.Time) {
	if l.lines == nil {
		l.lines = map[int]*LineState{}
	}
	switch known := l.lines[x.ID]; {
	case x.Removed:
		delete(l.lines, x.ID)
	case known == nil && x.ID > l.lined:
		l.lines[x.ID] = &LineState{Line: *x, Set: at}
	}
	l.lined = max(l.lined, x.ID)
}

// crossed notes a change of a line.
func (l *Ledger) crossed(c *Crossed, at time.Time) {
	if s := l.lines[c.Line]; s != nil && c.N > s.Last.N {
		l.lines[c.Line] = &LineState{Line: s.Line, Set: s.Set, Last: *c, At: at}
	}
}

// Lines are the owner's lines that stand, in the order in which they were set.
func (l *Ledger) Lines() []LineState {
	var out []LineState
	for _, s := range l.lines {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b LineState) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// NextLine is the number of a new line.
func (l *Ledger) NextLine() int { return l.lined + 1 }

package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A BreakKind is a kind of difference between our books and bitbank's.
type BreakKind string

// The kinds. The first three were taken in when they were found: they are over from the beginning, and remembered for a day.
const (
	Filled      BreakKind = "filled"      // trades that nobody told us of
	Ended       BreakKind = "ended"       // an order that lived for us was cancelled, or rejected
	Appeared    BreakKind = "appeared"    // an order lives that we did not know
	Missing     BreakKind = "missing"     // an order lives for us, and bitbank neither lists it nor knows its id
	Unaccounted BreakKind = "unaccounted" // money that nothing explains
	Stuck       BreakKind = "stuck"       // a deposit or withdrawal that does not move
	Undeclared  BreakKind = "undeclared"  // a deposit that bitbank holds back until its sender is declared
	Aged        BreakKind = "aged"        // an order that lives longer than bitbank's memory of finished ones is
)

// A Cause is why we did not know.
type Cause string

// The causes of what was not seen.
const (
	WasOff    Cause = "off"    // we were not running
	WasCut    Cause = "gap"    // the private stream was cut
	WasUnread Cause = "unread" // there is no stream, and the account could not be read
	WasUntold Cause = "untold" // the stream was there, and did not tell
	// WasDropped is said of an order that bitbank's engine has dropped, because what it was to be paid with was gone.
	WasDropped Cause = "dropped"
)

// A Break is a difference between our books and bitbank's.
type Break struct {
	ID    string    `json:"id"` // names it as long as it lasts
	Kind  BreakKind `json:"kind"`
	Cause Cause     `json:"cause,omitzero"` // of Filled, Ended and Appeared
	Since time.Time `json:"since"`          // since when books have differed, as far as is known
	Found time.Time `json:"found"`
	Over  time.Time `json:"over,omitzero"`  // when they agreed again; zero: they do not yet
	Taken bool      `json:"taken,omitzero"` // it was never explained: we count from bitbank's balance on

	Order    *bitbank.Order `json:"order,omitzero"` // as it is known now
	Origin   Origin         `json:"origin,omitzero"`
	Fills    Sum            `json:"fills,omitzero"` // of Filled
	Transfer *Transfer      `json:"transfer,omitzero"`
	Money    []Money        `json:"money,omitzero"` // what it comes to
}

// A Sum is several trades of one order.
type Sum struct {
	N      int             `json:"n,omitzero"`
	Amount decimal.Decimal `json:"amount,omitzero"`
	Value  decimal.Decimal `json:"value,omitzero"` // amount times price
	First  time.Time       `json:"first,omitzero"`
	Last   time.Time       `json:"last,omitzero"`
}

// Money is what a break comes to in one asset.
type Money struct {
	Asset  string          `json:"asset"`
	OnHand decimal.Decimal `json:"onhand,omitzero"` // more, or with a sign less, than we knew
	Locked decimal.Decimal `json:"locked,omitzero"`
}

// What is kept of breaks: those that are not over, and of the others a day.
const (
	keepBreaks = 1_000
	breakFor   = 24 * time.Hour
)

func (l *Ledger) broke(b *Break) {
	if b.ID == "" {
		return
	}
	if l.breaks == nil {
		l.breaks = map[string]Break{}
	}
	l.breaks[b.ID] = *b
	if slack(len(l.breaks), keepBreaks) {
		l.trimBreaks()
	}
}

// trimBreaks drops what was over a day ago, and of more than there is room for those that were found first.
func (l *Ledger) trimBreaks() {
	for id, b := range l.breaks {
		if !b.Over.IsZero() && l.newest.Sub(b.Over) > breakFor {
			delete(l.breaks, id)
		}
	}
	if len(l.breaks) > keepBreaks {
		for _, b := range l.Breaks()[keepBreaks:] {
			delete(l.breaks, b.ID)
		}
	}
}

// Breaks are the differences that are not over, and those of the last day, the newest first.
func (l *Ledger) Breaks() []Break {
	out := make([]Break, 0, len(l.breaks))
	for _, b := range l.breaks {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Break) int {
		return cmp.Or(cmp.Compare(sign(b), sign(a)), b.Found.Compare(a.Found), strings.Compare(a.ID, b.ID))
	})
	return out
}

// sign is 1 for a break that is not over.
func sign(b Break) int {
	if b.Over.IsZero() {
		return 1
	}
	return 0
}

// Break is one of them.
func (l *Ledger) Break(id string) (Break, bool) {
	b, ok := l.breaks[id]
	return b, ok
}

package reconcile

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A Fact is one thing that was learned after the answer was lost. Exactly one of the pointers is set.
type Fact struct {
	At    time.Time `json:"at"` // by our clock, when it was learned
	Fence *Fence    `json:"fence,omitzero"`
	Pass  *Pass     `json:"pass,omitzero"`
	Told  *Told     `json:"told,omitzero"`
	Gap   *Gap      `json:"gap,omitzero"`
	Later *Later    `json:"later,omitzero"`
	Moved *Moved    `json:"moved,omitzero"`
	Human *Human    `json:"human,omitzero"`
}

// A Fence is what a signed read over a fresh connection says of how late bitbank's clocks are.
type Fence struct {
	// Signed is the time that the read was signed with, and Window its window.
	Signed time.Time     `json:"signed"`
	Window time.Duration `json:"window"`
	Code   bitbank.Code  `json:"code"` // 0 when it was accepted
}

// closes reports whether the host that answered can no longer accept the intent: it refuses the same time and window as too
// old, or its clock is beyond them, since it accepts a read that is signed a second later than their end.
func (f Fence) closes(i Intent) bool {
	const tooOld = 20035
	if f.Code == tooOld {
		return !f.Signed.Before(i.At) && f.Window >= i.Window
	}
	return f.Code == 0 && !f.Signed.Before(i.Expires().Add(time.Second))
}

// A Pass is one complete look: the live orders of the pair, then its trades since the intent until an empty page, then the
// assets, then the state of the pair. One that failed in part, or took longer than two seconds, is no pass. Orders that are
// known to be another intent's are left out, and so may be those that look otherwise.
type Pass struct {
	Began  time.Time       `json:"began"`
	Live   []bitbank.Order `json:"live"`
	Traded []bitbank.Order `json:"traded"` // the orders of those trades, looked up by their ids
	Fresh  bool            `json:"fresh"`  // the barrier's order, or a later one of ours, was among the live ones or in the trades
	// Unexplained is what of the pair's two assets is locked by nothing known, or on hand by nothing known.
	Unexplained map[string]decimal.Decimal `json:"unexplained,omitzero"`
	// Unsure says that something moved so close to the reads that the amounts prove nothing: the pass shows a match, and no
	// absence.
	Unsure bool   `json:"unsure,omitzero"`
	Status string `json:"status"` // of the pair, see bitbank.StatusNormal
}

// conserves reports whether every amount is explained.
func (p Pass) conserves() bool {
	for _, d := range p.Unexplained {
		if !d.IsZero() {
			return false
		}
	}
	return true
}

// A Told is an order that the private stream has reported.
type Told struct {
	Order bitbank.Order `json:"order"`
}

// A Gap is a time in which the private stream may have lost messages; To is zero while it lasts. A pass that begins after its
// end fills it.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// A Later is another write of ours, signed after the fence, that got an id and was seen in a list: what the same user sent
// before it has taken effect or never will (assumption A1).
type Later struct {
	Signed time.Time       `json:"signed"`
	ID     bitbank.OrderID `json:"id"`
	Seen   time.Time       `json:"seen"` // when it was listed first
	// Ordered is when it took effect, by bitbank's time. An order that took effect later than that is not the lost one, under A1.
	Ordered time.Time `json:"ordered,omitzero"`
}

// A Moved is a public trade of the pair, by its own time: the engine has worked until then.
type Moved struct {
	Traded time.Time `json:"traded"`
}

// A Human is what the owner has decided about an ambiguous case.
type Human struct {
	Ours []bitbank.OrderID `json:"ours"` // none: nothing was placed
}

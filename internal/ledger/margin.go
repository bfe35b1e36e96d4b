package ledger

import (
	"slices"
	"time"

	"hikeshi/bitbank"
)

// A Margin is a read of the account's margin as a whole.
type Margin struct {
	Status bitbank.MarginStatus `json:"status"`
	// Began is when the read was sent; bitbank looked at some time from then to the record's.
	Began time.Time `json:"began"`
	// Held is when the margin positions were read whole, so that one which the ledger does not have is proved not to be open at
	// that time; Notice is what bitbank demanded then. Zero: they were not.
	Held   time.Time            `json:"held,omitzero"`
	Notice bitbank.MarginNotice `json:"notice,omitzero"`
	// Payable is what the account owes, in yen, at Held; absent: not known.
	Payable bitbank.Number `json:"payable,omitzero"`
	// Prices are bitbank's last prices when Began, by pair against yen, of the coins that the account had, as far as they were known.
	Prices map[string]bitbank.Number `json:"prices,omitzero"`
}

// later orders reads as reading.later does.
func (m Margin) later(o Margin) bool {
	if c := m.Began.Compare(o.Began); c != 0 {
		return c > 0
	}
	if c := m.Held.Compare(o.Held); c != 0 {
		return c > 0
	}
	return texts(m.Status.Balance, o.Status.Balance) > 0
}

// margin takes in a read of the margin. The newest counts.
func (l *Ledger) margin(m *Margin) {
	c := *m
	c.Began, c.Held = m.Began.UTC().Round(0), m.Held.UTC().Round(0)
	c.Status.Available = slices.Clone(m.Status.Available)
	prices := make(map[string]bitbank.Number, len(m.Prices))
	for pair, p := range m.Prices {
		prices[pair] = p
	}
	if c.Prices = prices; len(prices) == 0 {
		c.Prices = nil
	}
	if l.read == nil || c.later(*l.read) {
		l.read = &c
	}
}

// Margin is the newest read of the margin; false when there is none. It is not to be written to.
func (l *Ledger) Margin() (Margin, bool) {
	if l.read == nil {
		return Margin{}, false
	}
	return *l.read, true
}

package reconcile

import (
	"slices"
	"time"

	"hikeshi/bitbank"
)

// An Intent is what was recorded, and was on the disk, before the order was sent.
type Intent struct {
	ID     string           `json:"id"`
	Order  bitbank.NewOrder `json:"order"`
	At     time.Time        `json:"at"`     // the time that the request was signed with
	Window time.Duration    `json:"window"` // how long after it bitbank accepts the request

	Known []bitbank.OrderID `json:"known"` // every order of the pair that was known before anything was sent
}

// Expires is when, by bitbank's documented rule, no clock of it accepts the request any more.
func (i Intent) Expires() time.Time { return i.At.Add(i.Window) }

const (
	// ahead is how much earlier than ours bitbank's clocks may show an order: it accepts requests up to a second from its
	// future, and its hosts may differ by half a second.
	ahead = 1500 * time.Millisecond
	// Q is how long after the fence a write that was accepted may still wait in bitbank's queue. Nobody knows the real bound:
	// queues of ten seconds were seen (docs issue 38). It is named in every verdict that rests on it.
	Q = 10 * time.Minute
	// L is how far a replica that answers reads may lag behind. Nobody knows the real bound either: verdicts that rest on a
	// barrier wait so long after it was seen.
	L = 30 * time.Second
)

// matches reports whether an order looks as the lost one must, and was ordered in time.
func (i Intent) matches(o bitbank.Order, latest time.Time) bool {
	at := o.OrderedAt.Time()
	if at.IsZero() { // not said: then the time speaks neither for nor against it
		at = i.At
	}
	return o.ID > 0 && !slices.Contains(i.Known, o.ID) && i.Looks(o) &&
		!at.Before(i.At.Add(-ahead)) && (latest.IsZero() || !at.After(latest))
}

// Looks reports whether an order looks as the lost one must: prices and amounts are compared as numbers. post_only is not
// compared, because bitbank drops it silently outside continuous trading. Only such orders are facts for its case.
func (i Intent) Looks(o bitbank.Order) bool {
	want := i.Order
	return o.Pair == want.Pair && o.Side == want.Side && o.Type == want.Type && o.PositionSide == want.PositionSide &&
		equal(o.StartAmount, want.Amount) && equal(o.Price, want.Price) && equal(o.TriggerPrice, want.TriggerPrice)
}

// equal compares amounts; one that is not said fits what was not asked for, and nothing else.
func equal(a, b bitbank.Number) bool {
	if !a.Known() || !b.Known() {
		return a.Known() == b.Known()
	}
	return a.Decimal().Equal(b.Decimal())
}

package ledger

import (
	"time"

	"hikeshi/bitbank"
)

// An Imported is a slice of the account's past: everything that bitbank's history of a kind has from From to To. It is one
// record, so that a slice is taken in whole or not at all.
type Imported struct {
	Kind  Kind      `json:"kind"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	First bool      `json:"first,omitzero"` // bitbank shows nothing before From

	Trades    []bitbank.Trade `json:"trades,omitzero"`
	Orders    []bitbank.Order `json:"orders,omitzero"` // of the trades, those that bitbank still knows
	Transfers []Transfer      `json:"transfers,omitzero"`
}

// imported takes in a slice. What is old counts as old: an order ended when bitbank says that it did, not when we were told, so
// that it does not push out what ended lately, and is not taken for something that has just happened.
func (l *Ledger) imported(i *Imported, at time.Time) {
	last := map[orderKey]bitbank.Millis{}
	for _, t := range i.Trades {
		key := orderKey{t.Pair, t.OrderID}
		last[key] = max(last[key], t.ExecutedAt)
	}
	for k := range i.Orders {
		o := &i.Orders[k]
		told := at
		if end := max(o.OrderedAt, o.TriggeredAt, o.CanceledAt, last[orderKey{o.Pair, o.ID}]); o.Status.Terminal() && end > 0 && end.Time().Before(at) {
			told = end.Time().UTC()
		}
		l.reported(o, told)
	}
	for k := range i.Trades {
		l.trades.add(&i.Trades[k], l.forgotten)
	}
	for k := range i.Transfers {
		l.transfers.add(&i.Transfers[k], at)
	}
	l.backfilled(&Backfilled{i.Kind, i.From, i.To})
	if known, ok := l.first[i.Kind]; i.First && (!ok || i.From.Before(known)) {
		if l.first == nil {
			l.first = map[Kind]time.Time{}
		}
		l.first[i.Kind] = i.From.UTC().Round(0)
	}
}

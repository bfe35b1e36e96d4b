package ledger

import (
	"time"

	"hikeshi/bitbank"
)

// What is kept of what is over. See the package comment.
const (
	keepOrders    = 10_000 // more than 6 updates a second can place in the 20 minutes that a report can be late
	keepTrades    = 20_000
	keepTransfers = 5_000
	keepIntents   = 10_000
	keepDeals     = 1_000
	keepSpans     = 1_000 // of each kind
	ghostFor      = 24 * time.Hour
)

// A Ledger is what is known of one account. The zero Ledger knows nothing and is ready to be used.
type Ledger struct {
	newest    time.Time // of all records
	forgotten time.Time // what was over before is not taken in
	starts    int       // of our gateway

	intents   intents
	orders    orders
	trades    trades
	balances  map[string]*balances
	positions map[positionKey]*position
	transfers transfers
	deals     deals
	spans     map[Kind][]Span
	first     map[Kind]time.Time
	breaks    map[string]Break
	frozen    map[string]frozen
	leases    map[string]Leased
	moves     moves
	read      *Margin // of the margin, the newest
	lines     map[int]*LineState
	lined     int     // the newest line's number
	plans     []*Plan // oldest first
	proposals []Proposal
}

// Apply folds one record in. The ledger keeps no pointer into it.
func (l *Ledger) Apply(r Record) {
	at := r.At.UTC().Round(0)
	if at.After(l.newest) {
		l.newest = at
	}
	switch {
	case r.Order != nil:
		l.reported(r.Order, at)
	case r.Traded != nil:
		l.trades.add(r.Traded, l.forgotten)
	case r.Balance != nil:
		l.balance(r.Balance, at)
	case r.Intended != nil:
		l.intended(r.Intended, at)
	case r.Answered != nil:
		l.answered(r.Answered, at)
	case r.Owed != nil:
		l.owed(r.Owed, at)
	case r.Started != nil:
		l.started(r.Started.N, at)
	case r.Transfer != nil:
		l.transfers.add(r.Transfer, at)
	case r.Dealt != nil:
		l.deals.add(r.Dealt, l.forgotten)
	case r.Position != nil:
		l.position(r.Position, at)
	case r.Learned != nil:
		l.learned(r.Learned, at)
	case r.Attributed != nil:
		l.attribute(orderKey{r.Attributed.Pair, r.Attributed.Order}, origin{Origin: r.Attributed.Origin, Said: true, At: at})
	case r.Backfilled != nil:
		l.backfilled(r.Backfilled)
	case r.Imported != nil:
		l.imported(r.Imported, at)
	case r.Broke != nil:
		l.broke(r.Broke)
	case r.Frozen != nil:
		l.freeze(*r.Frozen, at)
	case r.Leased != nil:
		l.lease(*r.Leased, at)
	case r.Unwanted != nil:
		if i := l.intents.by[r.Unwanted.ID]; i != nil {
			i.Unwanted = true
		}
	case r.Margin != nil:
		l.margin(r.Margin)
	case r.Line != nil:
		l.line(r.Line, at)
	case r.Crossed != nil:
		l.crossed(r.Crossed, at)
	case r.Expected != nil:
		l.moves.expect(*r.Expected)
	case r.Waiting != nil:
		l.moves.waits(*r.Waiting, at)
	case r.Routes != nil:
		l.moves.routes(*r.Routes, at)
	case r.CameBack != nil:
		l.transfers.cameBack(*r.CameBack)
	case r.Alerted != nil:
		l.moves.alerted(*r.Alerted, at)
	case r.Planned != nil:
		l.planned(r.Planned, at)
	case r.PlanMore != nil:
		l.planMore(r.PlanMore)
	case r.Proposed != nil:
		l.proposed(r.Proposed, at)
	case r.Disposed != nil:
		l.disposed(r.Disposed, at)
	case r.PlanEnded != nil:
		l.planEnded(r.PlanEnded, at)
	case r.Forgotten != nil:
		l.forget(r.Forgotten.Before.UTC())
	}
}

// forget drops what was over before a time.
func (l *Ledger) forget(before time.Time) {
	if !before.After(l.forgotten) {
		return
	}
	l.forgotten = before
	l.closeCancels()
	l.orders.forget(before)
	l.intents.forget(before, l.newest)
	l.trades.forget(before)
	l.transfers.forget(before)
	l.deals.forget(before)
	for _, b := range l.balances {
		b.forget(before)
	}
	for kind, spans := range l.spans {
		l.spans[kind] = trimmed(spans, before)
	}
}

// tidy brings everything within its bounds, so that what is answered does not depend on when it was tidied last.
func (l *Ledger) tidy() {
	l.closeCancels()
	l.orders.trim(keepOrders)
	l.intents.trim(keepIntents, l.newest)
	l.trades.trim(keepTrades)
	l.transfers.trim(keepTransfers)
	l.deals.trim(keepDeals)
	l.trimBreaks()
}

// slack reports whether so much more than a bound is held that tidying is worth it.
func slack(n, bound int) bool { return n > bound+bound/4 }

// better is the number that says more: the known one, of two the one with more digits. Of one history all reports say the
// same, so this only decides how it is written.
func better(a, b bitbank.Number) bitbank.Number {
	if a == b {
		return a
	}
	x, y := a.String(), b.String()
	if len(y) > len(x) || len(y) == len(x) && y > x {
		return b
	}
	return a
}

// Newest is the time of the newest record.
func (l *Ledger) Newest() time.Time { return l.newest }

package account

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

const (
	// slow is how late a message of the stream may be before a read that finds the same first counts as finding it: messages
	// come within a second in calm.
	slow = 5 * time.Second
	// lasting is how long a difference must stay before it counts: replicas of bitbank lag, see ledger.Stale.
	lasting = ledger.Stale + slow
	// unreadAfter is how old a read may get without a stream before what happens meanwhile counts as not seen.
	unreadAfter = 150 * time.Second
	// memory is how long bitbank tells what became of a finished order (bitbank's documents, "Fetch order information").
	memory = 90 * 24 * time.Hour
	// countFor is how long money is counted from one balance: the ledger keeps balances so long.
	countFor = 24 * time.Hour
)

// A reading is one read of the account beside what was known before it.
type reading struct {
	began time.Time
	whole bool // with what else is read every few minutes only
	first bool // there was none before, ever: all of it is new, and nothing was missed

	fills    []bitbank.Trade              // that were not known
	ended    []bitbank.Order              // that lived for us and are over
	appeared []bitbank.Order              // that live and were not known
	missing  []bitbank.Order              // that live for us; neither listed nor known by their ids
	held     []bitbank.UnconfirmedDeposit // as they were read last
	rows     []bitbank.AssetUpdate
	rowsAt   [2]time.Time // when the read of the balances was sent, and answered
}

// add takes in what another reading has found that was not known.
func (r *reading) add(o reading) {
	r.fills, r.ended, r.appeared = append(r.fills, o.fills...), append(r.ended, o.ended...), append(r.appeared, o.appeared...)
}

// A judge tells what a reading and the ledger disagree on. It reads no clock and does no I/O.
type judge struct {
	start  time.Time         // of this run
	known  bool              // there were records of earlier runs
	stream bool              // the private stream is followed
	cuts   []reconcile.Gap   // of it, in this run, oldest first; To is zero while one lasts
	read   time.Time         // when the reading before began; zero: none in this run
	gone   []bitbank.OrderID // what the engine has dropped, as far as the stream has told

	doubted, learned bool // see otherwise

	good map[string]time.Time // by asset: the newest balance that was explained
	seen map[string]time.Time // since when a difference is seen that must last, by its ID
}

// keepCuts and keepGone bound what is remembered. A reading fills a cut, and reads what was dropped, so only the newest matter.
const (
	keepCuts = 16
	keepGone = 256
)

// cut notes that the stream may miss messages from a time to another; zero while it lasts.
func (j *judge) cut(from, to time.Time) {
	if n := len(j.cuts); n > 0 && j.cuts[n-1].To.IsZero() {
		j.cuts[n-1].To = to
		if from.Before(j.cuts[n-1].From) {
			j.cuts[n-1].From = from
		}
		return
	}
	j.cuts = append(j.cuts, reconcile.Gap{From: from, To: to})
	j.cuts = j.cuts[max(0, len(j.cuts)-keepCuts):]
}

// drop notes that bitbank's engine has dropped orders.
func (j *judge) drop(ids []bitbank.OrderID) {
	j.gone = append(j.gone, ids...)
	j.gone = j.gone[max(0, len(j.gone)-keepGone):]
}

// cause says why something was not seen that happened between two times; "" when it need not have been seen yet.
func (j *judge) cause(from, to, began time.Time) ledger.Cause {
	if from.Before(j.start) {
		if j.known {
			return ledger.WasOff
		}
		return ""
	}
	for _, c := range j.cuts {
		if !to.Before(c.From) && (c.To.IsZero() || !from.After(c.To)) {
			return ledger.WasCut
		}
	}
	switch late := !j.read.IsZero() && began.Sub(j.read) > unreadAfter; {
	case !j.stream && late:
		return ledger.WasUnread
	case j.stream && from.Equal(to) && to.Before(began.Add(-slow)):
		return ledger.WasUntold
	}
	return ""
}

// happened is cause for one time of bitbank's; a time that is not said lies between the reading before and this one.
func (j *judge) happened(at bitbank.Millis, began time.Time) ledger.Cause {
	if at != 0 {
		return j.cause(at.Time(), at.Time(), began)
	}
	from := j.read
	if from.IsZero() {
		from = j.start.Add(-1)
	}
	return j.cause(from, began, began)
}

// missed are the differences that a reading has closed by itself: what was not seen when it happened.
func (j *judge) missed(l *ledger.Ledger, r reading, rates ledger.Rates) []ledger.Break {
	if r.first {
		return nil
	}
	out := j.filled(l, r)
	add := func(kind ledger.BreakKind, o bitbank.Order, at bitbank.Millis, money []ledger.Money) {
		cause := j.happened(at, r.began)
		if kind == ledger.Ended && slices.Contains(j.gone, o.ID) {
			cause = ledger.WasDropped
		}
		if cause == "" {
			return
		}
		since := at.Time()
		if since.IsZero() {
			since = r.began
		}
		out = append(out, about(l, ledger.Break{Kind: kind, Cause: cause, Since: since, Found: r.began, Over: r.began, Money: money}, o))
	}
	for _, o := range r.ended {
		if o.Status != bitbank.StatusFullyFilled { // its trades tell of that
			add(ledger.Ended, o, o.CanceledAt, nil)
		}
	}
	for _, o := range r.appeared {
		add(ledger.Appeared, o, o.OrderedAt, ledger.LockedBy(o, rates))
	}
	return out
}

// about completes a break of an order.
func about(l *ledger.Ledger, b ledger.Break, o bitbank.Order) ledger.Break {
	b.ID = string(b.Kind) + " " + o.Pair + "/" + strconv.FormatInt(int64(o.ID), 10)
	known, by, ok := l.Order(o.Pair, o.ID)
	if ok {
		o = known
	}
	b.Order, b.Origin = &o, by
	return b
}

// filled are the trades that nobody told us of, by order. Those of one order are counted together for a day.
func (j *judge) filled(l *ledger.Ledger, r reading) []ledger.Break {
	by := map[string]ledger.Break{}
	for _, t := range r.fills {
		at := t.ExecutedAt.Time()
		cause := j.cause(at, at, r.began)
		if cause == "" {
			continue
		}
		fresh := about(l, ledger.Break{Kind: ledger.Filled, Cause: cause, Since: at}, bitbank.Order{ID: t.OrderID, Pair: t.Pair, Side: t.Side, Type: t.Type, PositionSide: t.PositionSide})
		b, known := by[fresh.ID]
		if !known {
			if b, known = l.Break(fresh.ID); !known {
				b = fresh
			}
		}
		b.Found, b.Over, b.Order, b.Origin = r.began, r.began, fresh.Order, fresh.Origin
		if at.Before(b.Since) {
			b.Since = at
		}
		amount := t.Amount.Decimal()
		b.Fills = ledger.Sum{N: b.Fills.N + 1, Amount: b.Fills.Amount.Add(amount), Value: b.Fills.Value.Add(amount.Mul(t.Price.Decimal())), First: b.Since, Last: b.Fills.Last}
		if at.After(b.Fills.Last) {
			b.Fills.Last = at
		}
		b.Money = added(b.Money, ledger.Moved(t))
		by[b.ID] = b
	}
	return slices.SortedFunc(maps.Values(by), func(a, b ledger.Break) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
}

// added is the sum of two amounts of money, asset by asset.
func added(to, more []ledger.Money) []ledger.Money {
	to = slices.Clone(to)
	for _, m := range more {
		if i := slices.IndexFunc(to, func(x ledger.Money) bool { return x.Asset == m.Asset }); i >= 0 {
			to[i].OnHand, to[i].Locked = to[i].OnHand.Add(m.OnHand), to[i].Locked.Add(m.Locked)
		} else {
			to = append(to, m)
		}
	}
	return to
}

// lasts reports whether a difference is seen long enough to count.
func (j *judge) lasts(id string, now time.Time) bool {
	if j.seen == nil {
		j.seen = map[string]time.Time{}
	}
	since, seen := j.seen[id]
	if !seen {
		j.seen[id] = now
		return false
	}
	return now.Sub(since) >= lasting
}

// standing are the differences that no reading closes: they stay until bitbank and we agree.
func (j *judge) standing(l *ledger.Ledger, r reading, rates ledger.Rates) []ledger.Break {
	var out []ledger.Break
	gone := map[string]bool{}
	for _, o := range r.missing {
		b := about(l, ledger.Break{Kind: ledger.Missing, Since: r.began, Found: r.began, Money: ledger.LockedBy(o, rates)}, o)
		gone[b.ID] = true
		if j.lasts(b.ID, r.began) {
			b.Since = j.seen[b.ID]
			out = append(out, b)
		}
	}
	maps.DeleteFunc(j.seen, func(id string, _ time.Time) bool {
		return strings.HasPrefix(id, string(ledger.Missing)) && !gone[id]
	})
	for _, o := range l.Live() {
		if at := o.OrderedAt.Time(); o.OrderedAt != 0 && r.began.Sub(at) > memory {
			out = append(out, about(l, ledger.Break{Kind: ledger.Aged, Since: at.Add(memory), Found: r.began, Money: ledger.LockedBy(o, rates)}, o))
		}
	}
	for _, d := range r.held {
		t := ledger.Transfer{Deposit: &bitbank.Deposit{UUID: d.UUID, Asset: d.Asset, Network: d.Network, Amount: d.Amount, TxID: d.TxID, FoundAt: d.CreatedAt}}
		out = append(out, ledger.Break{
			ID: string(ledger.Undeclared) + " " + d.UUID, Kind: ledger.Undeclared, Since: d.CreatedAt.Time(), Found: r.began, Transfer: &t,
			Money: []ledger.Money{{Asset: d.Asset, OnHand: d.Amount.Decimal()}},
		})
	}
	return append(out, stuck(l, r.began)...)
}

// news are the records that a list of standing differences is worth: those that are new or have changed, and the end of those that
// are not among them any more. Of unsure ones nothing is said.
func news(l *ledger.Ledger, stand []ledger.Break, unsure map[string]bool, now time.Time) []ledger.Record {
	var out []ledger.Record
	listed := map[string]bool{}
	for _, b := range stand {
		listed[b.ID] = true
		if known, ok := l.Break(b.ID); ok && known.Over.IsZero() {
			b.Found, b.Since = known.Found, known.Since
			if alike(b, known) {
				continue
			}
		}
		out = append(out, ledger.Record{Broke: &b})
	}
	for _, b := range l.Breaks() {
		if b.Over.IsZero() && !listed[b.ID] && !unsure[b.ID] {
			b.Over, b.Taken = now, b.Kind == ledger.Unaccounted && now.Sub(b.Since) > countFor
			out = append(out, ledger.Record{Broke: &b})
		}
	}
	return out
}

// alike compares two breaks as they are written.
func alike(a, b ledger.Break) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

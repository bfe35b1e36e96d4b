package account

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

// A Query chooses orders of the past: those that were sent, ordered, executed or cancelled from Since to before Until.
type Query struct {
	Since, Until time.Time
	Pair         string // "" is all
}

// A History is what the journal knows of a time.
type History struct {
	Query
	Orders []PastOrder // the newest first
	// Transfers are the deposits and withdrawals that began in the time, oldest first; of all pairs, and of what is over the newest.
	Transfers []ledger.Transfer
	Holes     []ledger.Span // when trades may be missing: bitbank's history was not read then
	// Followed is since when the account is followed. Of orders before it only those with trades are known, because bitbank
	// lists no order that is over; zero: it never was.
	Followed time.Time
	// First is since when bitbank has shown trades at all, at the latest; zero: its oldest were not read yet.
	First time.Time
}

// A PastOrder is an order with its trades, oldest first.
type PastOrder struct {
	Line
	Trades []bitbank.Trade
}

// Traded is the standing of an order of which only trades are known: bitbank forgets orders after three months, and trades later.
const Traded Standing = "traded"

// ErrTooMany is the error of a History that holds more than historyMost orders.
var ErrTooMany = errors.New("there are more orders than fit: ask for a shorter time")

const historyMost = 200_000

type pastKey struct {
	pair string
	id   bitbank.OrderID
}

// A historian collects what a Query wants out of records.
type historian struct {
	q      Query
	l      ledger.Ledger
	began  time.Time
	orders map[pastKey]*PastOrder
	lines  map[string]Line // by intent
	traded map[tradeKey]bool
}

type tradeKey struct {
	pastKey
	trade bitbank.TradeID
}

// HistoryOf reads the records of an account, oldest first.
func HistoryOf(records iter.Seq2[ledger.Record, error], q Query, now time.Time) (History, error) {
	h := &historian{q: q, orders: map[pastKey]*PastOrder{}, lines: map[string]Line{}, traded: map[tradeKey]bool{}}
	for r, err := range records {
		if err != nil {
			return History{}, err
		}
		if h.take(r); len(h.orders)+len(h.lines) > historyMost {
			return History{}, ErrTooMany
		}
	}
	return h.history(now), nil
}

func (h *historian) take(r ledger.Record) {
	if h.began.IsZero() {
		h.began = r.At
	}
	h.l.Apply(r)
	switch {
	case r.Order != nil:
		h.order(*r.Order)
	case r.Traded != nil:
		h.trade(*r.Traded)
	case r.Intended != nil:
		h.intent(r.Intended.ID)
	case r.Answered != nil:
		for _, o := range r.Answered.Orders {
			h.order(o)
		}
		h.intent(r.Answered.ID)
	case r.Learned != nil:
		h.intent(r.Learned.ID)
	case r.Attributed != nil:
		h.order(bitbank.Order{Pair: r.Attributed.Pair, ID: r.Attributed.Order})
	case r.Imported != nil:
		for _, o := range r.Imported.Orders {
			h.order(o)
		}
		for _, t := range r.Imported.Trades {
			h.trade(t)
		}
	}
}

func (h *historian) in(at time.Time) bool { return !at.Before(h.q.Since) && at.Before(h.q.Until) }

func (h *historian) wants(pair string) bool { return h.q.Pair == "" || h.q.Pair == pair }

// order takes in a report of an order that is in the time, or has trades in it.
func (h *historian) order(report bitbank.Order) {
	if !h.wants(report.Pair) {
		return
	}
	key := pastKey{report.Pair, report.ID}
	known := h.orders[key]
	o, by, ok := h.l.Order(report.Pair, report.ID)
	if !ok { // too old for the ledger's memory
		o = report
		if known != nil && !bitbank.Newer(known.Order, o) {
			return
		}
	}
	if o.Status == "" || known == nil && !h.in(o.OrderedAt.Time()) && !h.in(o.CanceledAt.Time()) {
		return
	}
	if known == nil {
		known = &PastOrder{}
		h.orders[key] = known
	}
	known.Standing, known.Order, known.Since = standing(o), o, o.OrderedAt.Time()
	if ok {
		known.By, known.Bot, known.Intent = by.By, by.Bot, by.Intent
	}
}

func (h *historian) trade(t bitbank.Trade) {
	key := tradeKey{pastKey{t.Pair, t.OrderID}, t.ID}
	if !h.wants(t.Pair) || !h.in(t.ExecutedAt.Time()) || h.traded[key] {
		return
	}
	h.traded[key] = true
	o := h.orders[key.pastKey]
	if o == nil {
		o = &PastOrder{Line: Line{Standing: Traded, Order: bitbank.Order{ID: t.OrderID, Pair: t.Pair, Side: t.Side, Type: t.Type, PositionSide: t.PositionSide}}}
		h.orders[key.pastKey] = o
		h.order(o.Order)
	}
	o.Trades = append(o.Trades, t)
}

// intent takes in how an order of a bot stands that was sent in the time.
func (h *historian) intent(id string) {
	i, ok := h.l.Intent(id)
	if !ok || i.Order == nil || !h.wants(i.Order.Pair) || !h.in(i.Signed) {
		return
	}
	x := line(&h.l, i)
	h.lines[id] = x
	if key := (pastKey{x.Order.Pair, x.Order.ID}); x.Order.ID != 0 && h.orders[key] == nil {
		h.orders[key] = &PastOrder{Line: x}
	}
}

func (h *historian) history(now time.Time) History {
	out := History{Query: h.q, Followed: h.began, First: h.l.First(ledger.Trades)}
	for _, x := range h.lines {
		if x.Order.ID == 0 {
			out.Orders = append(out.Orders, PastOrder{Line: x})
			continue
		}
		o := h.orders[pastKey{x.Order.Pair, x.Order.ID}]
		o.Case, o.Alike, o.By, o.Bot, o.Intent, o.Since = x.Case, x.Alike, x.By, x.Bot, x.Intent, x.Since
	}
	for _, o := range h.orders {
		slices.SortFunc(o.Trades, func(a, b bitbank.Trade) int {
			return cmp.Or(cmp.Compare(a.ExecutedAt, b.ExecutedAt), cmp.Compare(a.ID, b.ID))
		})
		if o.Standing == Traded {
			o.sum()
		}
		out.Orders = append(out.Orders, *o)
	}
	slices.SortFunc(out.Orders, func(a, b PastOrder) int {
		return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.Order.ID, a.Order.ID), strings.Compare(a.Intent, b.Intent))
	})
	for _, t := range h.l.Transfers() {
		if _, began := t.Over(); h.in(began) {
			out.Transfers = append(out.Transfers, t)
		}
	}
	end := h.q.Until
	if now.Before(end) {
		end = now
	}
	out.Holes = h.l.Holes(ledger.Trades, h.q.Since, end)
	// How far the history was read is recorded every ten minutes; the stream tells meanwhile.
	if n := len(out.Holes); n > 0 && out.Holes[n-1].To.Equal(now) && now.Sub(out.Holes[n-1].From) <= 15*time.Minute {
		out.Holes = out.Holes[:n-1]
	}
	return out
}

// sum makes of trades what they say of their order.
func (o *PastOrder) sum() {
	var amount, value decimal.Decimal
	for _, t := range o.Trades {
		amount = amount.Add(t.Amount.Decimal())
		value = value.Add(t.Amount.Decimal().Mul(t.Price.Decimal()))
	}
	o.Since = o.Trades[0].ExecutedAt.Time()
	o.Order.ExecutedAmount = bitbank.NewNumber(amount)
	if amount.IsPositive() {
		o.Order.AveragePrice = bitbank.NewNumber(value.DivRound(amount, 8))
	}
}

// RecordsOf are an account's records out of its journal's.
func RecordsOf(records iter.Seq2[journal.Record, error]) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for r, err := range records {
			var x ledger.Record
			if err == nil {
				x, err = decode(r)
			}
			if !yield(x, err) || err != nil {
				return
			}
		}
	}
}

// decode is the account's record in one of the journal's.
func decode(r journal.Record) (x ledger.Record, err error) {
	if err = json.Unmarshal(r.Data, &x); err != nil {
		err = fmt.Errorf("record %d: %w", r.Seq, err)
	}
	return x, err
}

package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A tradeKey tells reports of trades apart. Pair and trade id are not enough: of a trade between two orders of the account there
// are two reports with one id.
type tradeKey struct {
	pair  string
	id    bitbank.TradeID
	order bitbank.OrderID
}

func keyOf(t *bitbank.Trade) tradeKey { return tradeKey{t.Pair, t.ID, t.OrderID} }

// trades are the newest ones, each once.
type trades struct {
	by      map[tradeKey]*bitbank.Trade
	list    []*bitbank.Trade // the same ones
	sorted  bool             // list is by time
	dropped *bitbank.Trade   // the newest that gave way to the bound; nothing before it is taken in
	of      map[orderKey][]*bitbank.Trade
}

// byTime orders trades; no two are equal.
func byTime(a, b *bitbank.Trade) int {
	return cmp.Or(cmp.Compare(a.ExecutedAt, b.ExecutedAt), strings.Compare(a.Pair, b.Pair), cmp.Compare(a.ID, b.ID), cmp.Compare(a.OrderID, b.OrderID))
}

// add takes in a report of a trade.
func (s *trades) add(t *bitbank.Trade, forgotten time.Time) {
	if known := s.by[keyOf(t)]; known != nil {
		complete(known, t)
		return
	}
	if t.ID <= 0 || t.Pair == "" || t.ExecutedAt.Time().Before(forgotten) || s.dropped != nil && byTime(t, s.dropped) <= 0 {
		return
	}
	s.put(new(*t))
	if slack(len(s.list), keepTrades) {
		s.trim(keepTrades)
	}
}

// Traded reports whether a trade is known.
func (l *Ledger) Traded(t bitbank.Trade) bool { return l.trades.by[keyOf(&t)] != nil }

// put keeps a trade that is not known yet.
func (s *trades) put(t *bitbank.Trade) {
	if s.by == nil {
		s.by, s.of = map[tradeKey]*bitbank.Trade{}, map[orderKey][]*bitbank.Trade{}
	}
	key := orderKey{t.Pair, t.OrderID}
	s.of[key] = append(s.of[key], t)
	s.sorted = len(s.list) == 0 || s.sorted && byTime(s.list[len(s.list)-1], t) < 0
	s.by[keyOf(t)] = t
	s.list = append(s.list, t)
}

// complete fills in what one report of a trade leaves out.
func complete(t, fresh *bitbank.Trade) {
	t.Side = max(t.Side, fresh.Side)
	t.PositionSide = max(t.PositionSide, fresh.PositionSide)
	t.Type = max(t.Type, fresh.Type)
	t.MakerTaker = max(t.MakerTaker, fresh.MakerTaker)
	t.Amount = better(t.Amount, fresh.Amount)
	t.Price = better(t.Price, fresh.Price)
	t.FeeBase = better(t.FeeBase, fresh.FeeBase)
	t.FeeQuote = better(t.FeeQuote, fresh.FeeQuote)
	t.FeeOccurredQuote = better(t.FeeOccurredQuote, fresh.FeeOccurredQuote)
	t.ProfitLoss = better(t.ProfitLoss, fresh.ProfitLoss)
	t.Interest = better(t.Interest, fresh.Interest)
}

func (s *trades) sort() {
	if !s.sorted {
		slices.SortFunc(s.list, byTime)
		s.sorted = true
	}
}

// trim keeps the newest.
func (s *trades) trim(most int) {
	if s.sort(); len(s.list) > most {
		s.dropped = s.list[len(s.list)-most-1]
		s.cut(len(s.list) - most)
	}
}

func (s *trades) forget(before time.Time) {
	s.sort()
	s.cut(s.from(before))
}

// cut drops the first n.
func (s *trades) cut(n int) {
	for _, t := range s.list[:n] {
		delete(s.by, keyOf(t))
		key := orderKey{t.Pair, t.OrderID}
		if s.of[key] = slices.DeleteFunc(s.of[key], func(x *bitbank.Trade) bool { return x == t }); len(s.of[key]) == 0 {
			delete(s.of, key)
		}
	}
	s.list = slices.Delete(s.list, 0, n)
}

// sum is what is known to have been executed of an order.
func (s *trades) sum(key orderKey) decimal.Decimal {
	var sum decimal.Decimal
	for _, t := range s.of[key] {
		sum = sum.Add(t.Amount.Decimal())
	}
	return sum
}

// from is where the trades at a time and later begin.
func (s *trades) from(at time.Time) int {
	i, _ := slices.BinarySearchFunc(s.list, at, func(t *bitbank.Trade, at time.Time) int { return t.ExecutedAt.Time().Compare(at) })
	return i
}

// since is from when on no trade has given way to a bound.
func (l *Ledger) since() time.Time {
	since := l.forgotten
	if d := l.trades.dropped; d != nil {
		if at := d.ExecutedAt.Time().Add(time.Millisecond); at.After(since) {
			since = at
		}
	}
	return since
}

// Fills are the trades of from <= t < to by bitbank's time, oldest first. They are whole when that history was read without a
// hole and all of it is still kept; else the journal and bitbank have to be asked.
func (l *Ledger) Fills(from, to time.Time) (fills []bitbank.Trade, whole bool) {
	l.tidy()
	l.trades.sort()
	for _, t := range l.trades.list[l.trades.from(from):] {
		if !t.ExecutedAt.Time().Before(to) {
			break
		}
		fills = append(fills, *t)
	}
	return fills, !from.Before(l.since()) && l.Covered(Trades, from, to)
}

// A span is a piece of a history that was read whole.
type span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// backfilled joins a span to those that it touches.
func (l *Ledger) backfilled(b *Backfilled) {
	if l.spans == nil {
		l.spans = map[Kind][]span{}
	}
	fresh := span{b.From.UTC().Round(0), b.To.UTC().Round(0)}
	if !fresh.From.Before(fresh.To) {
		return
	}
	var out []span
	for _, s := range l.spans[b.Kind] {
		if s.To.Before(fresh.From) || s.From.After(fresh.To) {
			out = append(out, s)
			continue
		}
		if s.From.Before(fresh.From) {
			fresh.From = s.From
		}
		if s.To.After(fresh.To) {
			fresh.To = s.To
		}
	}
	out = append(out, fresh)
	slices.SortFunc(out, func(a, b span) int { return a.From.Compare(b.From) })
	out = trimmed(out, l.forgotten)
	l.spans[b.Kind] = out[max(0, len(out)-keepSpans):]
}

// trimmed leaves out what lies before a time.
func trimmed(spans []span, before time.Time) []span {
	var out []span
	for _, s := range spans {
		if s.From.Before(before) {
			s.From = before
		}
		if s.From.Before(s.To) {
			out = append(out, s)
		}
	}
	return out
}

// Covered reports whether a history was read whole from one time to another.
func (l *Ledger) Covered(kind Kind, from, to time.Time) bool {
	return slices.ContainsFunc(l.spans[kind], func(s span) bool { return !s.From.After(from) && !s.To.Before(to) })
}

// CoveredTo is how far the newest span of a history that was read whole reaches; zero when none was.
func (l *Ledger) CoveredTo(kind Kind) time.Time {
	spans := l.spans[kind]
	if len(spans) == 0 {
		return time.Time{}
	}
	return spans[len(spans)-1].To
}

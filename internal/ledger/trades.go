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

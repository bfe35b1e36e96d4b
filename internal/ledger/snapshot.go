package ledger

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// A snapshot is a ledger as JSON: what stands in the journal so that not everything has to be folded again. Fields are added,
// not renamed.
type snapshot struct {
	Newest    time.Time             `json:"newest"`
	Forgotten time.Time             `json:"forgotten"`
	Starts    int                   `json:"starts"`
	Intents   []*Intent             `json:"intents"`
	Orders    []*order              `json:"orders"`
	Trades    []*bitbank.Trade      `json:"trades"`
	Dropped   *bitbank.Trade        `json:"dropped,omitzero"`
	Balances  map[string]*balances  `json:"balances"`
	Positions []*position           `json:"positions"`
	Transfers map[string]*transfer  `json:"transfers"`
	Deals     []bitbank.DealerOrder `json:"deals"`
	Spans     map[Kind][]Span       `json:"spans"`
	First     map[Kind]time.Time    `json:"first,omitzero"`
	Breaks    map[string]Break      `json:"breaks,omitzero"`
	Frozen    map[string]frozen     `json:"frozen"`
}

// MarshalJSON writes all that is kept. Two ledgers that know the same write the same.
func (l *Ledger) MarshalJSON() ([]byte, error) {
	l.tidy()
	l.trades.sort()
	s := snapshot{
		Newest: l.newest, Forgotten: l.forgotten, Starts: l.starts, Trades: l.trades.list, Dropped: l.trades.dropped,
		Balances: l.balances, Transfers: l.transfers.by, Spans: l.spans, First: l.first, Breaks: l.breaks, Frozen: l.frozen,
		Intents: slices.SortedFunc(maps.Values(l.intents.by), byAge),
		Orders: slices.SortedFunc(maps.Values(l.orders.all), func(a, b *order) int {
			return cmp.Or(cmp.Compare(a.ID, b.ID), strings.Compare(a.Pair, b.Pair))
		}),
		Positions: slices.SortedFunc(maps.Values(l.positions), func(a, b *position) int {
			return cmp.Or(strings.Compare(a.Row.Pair, b.Row.Pair), strings.Compare(string(a.Row.Side), string(b.Row.Side)))
		}),
	}
	for _, id := range slices.Sorted(maps.Keys(l.deals.by)) {
		s.Deals = append(s.Deals, *l.deals.by[id])
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Ledger) UnmarshalJSON(b []byte) error {
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*l = Ledger{newest: s.Newest, forgotten: s.Forgotten, starts: s.Starts, balances: s.Balances, spans: s.Spans, first: s.First, breaks: s.Breaks, frozen: s.Frozen}
	for _, i := range s.Intents {
		l.intents.add(i)
	}
	for _, o := range s.Orders {
		l.orders.add(o, s.Newest)
	}
	l.trades.dropped = s.Dropped
	for _, t := range s.Trades {
		l.trades.put(t)
	}
	for _, p := range s.Positions {
		l.position(&p.Row, p.At)
	}
	l.transfers.by = s.Transfers
	for _, t := range s.Transfers {
		if !t.Ended.IsZero() {
			l.transfers.ended++
		}
	}
	for _, d := range s.Deals {
		l.deals.add(&d, s.Forgotten)
	}
	return nil
}

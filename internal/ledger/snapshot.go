package ledger

import (
	"cmp"
	"encoding/json"
	"iter"
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
	Leases    map[string]Leased     `json:"leases,omitzero"`
	Moves     moves                 `json:"moves,omitzero"`
	Margin    *Margin               `json:"margin,omitzero"`
	Lines     []*LineState          `json:"lines,omitzero"`
	Lined     int                   `json:"lined,omitzero"`
	Plans     []Plan                `json:"plans,omitzero"`
	Proposals []Proposal            `json:"proposals,omitzero"`
}

// Schema is the version of what a snapshot says, and of how records are folded: whenever records would make another ledger than a
// snapshot of before and the records after it, it rises, and older snapshots are passed over.
const Schema = 7

// A Snapshot is a copy of a ledger at a time, to be written while the ledger goes on.
type Snapshot struct{ s snapshot }

// Snapshot copies all that is kept, which takes some milliseconds when all of it is full.
func (l *Ledger) Snapshot() *Snapshot {
	l.tidy()
	s := snapshot{
		Newest: l.newest, Forgotten: l.forgotten, Starts: l.starts, Dropped: l.trades.dropped, Balances: map[string]*balances{},
		Transfers: map[string]*transfer{}, Spans: map[Kind][]Span{}, First: maps.Clone(l.first), Breaks: maps.Clone(l.breaks), Frozen: maps.Clone(l.frozen), Leases: maps.Clone(l.leases),
		Intents: clones(maps.Values(l.intents.by)), Orders: clones(maps.Values(l.orders.all)), Trades: clones(slices.Values(l.trades.list)),
		Positions: clones(maps.Values(l.positions)), Margin: l.read, Lines: clones(maps.Values(l.lines)), Lined: l.lined, Moves: l.moves.clone(),
		Plans: l.Plans(), Proposals: l.Proposals(),
	}
	for asset, b := range l.balances {
		s.Balances[asset] = &balances{b.Newest, slices.Clone(b.Reads)}
	}
	for key, t := range l.transfers.by {
		c := *t
		if c.Deposit != nil {
			c.Deposit = new(*c.Deposit)
		}
		if c.Withdrawal != nil {
			c.Withdrawal = new(*c.Withdrawal)
		}
		c.Seen = maps.Clone(c.Seen)
		s.Transfers[key] = &c
	}
	for kind, spans := range l.spans {
		s.Spans[kind] = slices.Clone(spans)
	}
	for _, d := range l.deals.by {
		s.Deals = append(s.Deals, *d)
	}
	return &Snapshot{s}
}

// clones are copies of values whose insides are replaced, never written to.
func clones[T any](of iter.Seq[*T]) []*T {
	var out []*T
	for x := range of {
		out = append(out, new(*x))
	}
	return out
}

// MarshalJSON writes it. Two ledgers that know the same write the same.
func (x *Snapshot) MarshalJSON() ([]byte, error) {
	s := x.s
	slices.SortFunc(s.Intents, byAge)
	slices.SortFunc(s.Orders, func(a, b *order) int { return cmp.Or(cmp.Compare(a.ID, b.ID), strings.Compare(a.Pair, b.Pair)) })
	slices.SortFunc(s.Trades, byTime)
	slices.SortFunc(s.Positions, func(a, b *position) int {
		return cmp.Or(strings.Compare(a.Row.Pair, b.Row.Pair), strings.Compare(string(a.Row.Side), string(b.Row.Side)))
	})
	slices.SortFunc(s.Deals, func(a, b bitbank.DealerOrder) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Lines, func(a, b *LineState) int { return cmp.Compare(a.ID, b.ID) })
	return json.Marshal(s)
}

// MarshalJSON writes all that is kept.
func (l *Ledger) MarshalJSON() ([]byte, error) { return l.Snapshot().MarshalJSON() }

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Ledger) UnmarshalJSON(b []byte) error {
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*l = Ledger{newest: s.Newest, forgotten: s.Forgotten, starts: s.Starts, balances: s.Balances, spans: s.Spans, first: s.First, breaks: s.Breaks, frozen: s.Frozen,
		leases: s.Leases, moves: s.Moves, read: s.Margin, lined: s.Lined}
	for k := range s.Plans {
		l.plans = append(l.plans, &s.Plans[k])
	}
	l.proposals = s.Proposals
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
	for _, x := range s.Lines {
		if l.lines == nil {
			l.lines = map[int]*LineState{}
		}
		l.lines[x.ID] = x
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

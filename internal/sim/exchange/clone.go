package exchange

import (
	"maps"
	"math/rand/v2"
	"slices"

	"hikeshi/internal/sim/market"
)

// Clone copies the exchange with its market. The copy lives on its own.
func (x *Exchange) Clone() *Exchange { return x.clone(x.market.Clone()) }

// Snapshot copies the accounts only, as a replica that lags behind shows them. It reads the living market and must not be
// advanced.
func (x *Exchange) Snapshot() *Exchange { return x.clone(x.market) }

func (x *Exchange) clone(m *market.Market) *Exchange {
	c := *x
	c.market = m
	c.rng = rand.New(rand.NewPCG(uint64(x.lastID), 0x636f7079)) // ids that a copy gives are its own
	c.pairs, c.orders, c.accounts = map[string]*pair{}, map[int64]*Order{}, nil
	c.chosen, c.arrived, c.world = maps.Clone(x.chosen), maps.Clone(x.arrived), maps.Clone(x.world)
	c.changes, c.events, c.touched = nil, nil, nil
	for name, p := range x.pairs {
		q := *p
		q.stops = nil
		c.pairs[name] = &q
	}
	for _, a := range x.accounts {
		c.accounts = append(c.accounts, c.copyAccount(a))
	}
	for name, p := range x.pairs { // in their order: who is first is triggered first
		for _, o := range p.stops {
			c.pairs[name].stops = append(c.pairs[name].stops, c.Account(o.account.ID).orders[o.ID])
		}
	}
	return &c
}

// copyAccount copies an account and its orders into the copy.
func (x *Exchange) copyAccount(a *Account) *Account {
	b := *a
	b.balances, b.orders, b.positions = map[string]*balance{}, make(map[int64]*Order, len(a.orders)), map[spot]*position{}
	b.refuse, b.names = maps.Clone(a.refuse), slices.Clip(a.names)
	b.trades = slices.Clip(a.trades) // only ever appended to
	b.sequence, b.live = make([]*Order, 0, len(a.sequence)), nil
	for name, was := range a.balances {
		b.balances[name] = new(*was)
	}
	for key, was := range a.positions {
		b.positions[key] = new(*was)
	}
	for _, o := range a.sequence {
		n := *o
		n.account, n.pair = &b, x.pairs[o.pair.Name]
		b.orders[n.ID] = &n
		b.sequence = append(b.sequence, &n)
		if !n.terminal() {
			b.live = append(b.live, &n)
			if n.status != inactive {
				x.orders[n.ID] = &n
			}
		}
	}
	return &b
}

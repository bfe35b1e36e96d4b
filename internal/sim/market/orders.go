package market

// A resting is where an account's order waits.
type resting struct {
	side  Side
	price int64
}

// An Order is what an account sends to a pair's book. Orders act at the time that the market has reached, so whoever sends
// one has advanced it.
type Order struct {
	ID            int64 // above 0, never used before in this pair
	Side          Side
	Price, Amount int64 // ticks and units; a market order has no price
}

// Limit lets a limit order take what it can get up to its price; the rest stays in the book. In a call auction it only
// waits. Left is what rests.
func (m *Market) Limit(name string, o Order) (c Change, left int64) {
	p := m.index[name]
	c, left = p.begin(m.now), o.Amount
	if p.circuit.mode == ModeNone {
		left = p.match(&c, o.Side, o.ID, o.Price, left, 0)
	}
	if left > 0 {
		p.own(o.Side).put(Level{o.Price, left}, o.ID)
		p.orders[o.ID] = resting{o.Side, o.Price}
	}
	p.finish(m, &c)
	return c, left
}

// Crosses reports whether a limit order would take anything now.
func (m *Market) Crosses(name string, s Side, price int64) bool {
	p := m.index[name]
	best, ok := p.opposite(s).best()
	return p.circuit.mode == ModeNone && ok && !p.opposite(s).before(price, best)
}

// Quote tells what a market order for amount would trade now, best price first. False when the book has not enough.
func (m *Market) Quote(name string, s Side, amount int64, each func(price, amount int64)) bool {
	side := m.index[name].opposite(s)
	for _, rungs := range [][]rung{side.rungs, side.far} {
		for i := range rungs {
			if amount == 0 {
				return true
			}
			n := min(amount, rungs[i].Amount)
			each(rungs[i].Price, n)
			amount -= n
		}
	}
	return amount == 0
}

// Market executes a market order whole: the caller has asked Quote whether the book has enough.
func (m *Market) Market(name string, o Order) Change {
	p := m.index[name]
	c := p.begin(m.now)
	p.match(&c, o.Side, o.ID, 0, o.Amount, 0)
	p.finish(m, &c)
	return c
}

// Withdraw takes an account's order out of the book; left is what had not been executed, 0 when it is not there.
func (m *Market) Withdraw(name string, id int64) (c Change, left int64) {
	p := m.index[name]
	c = p.begin(m.now)
	if r, ok := p.orders[id]; ok {
		left = p.own(r.side).remove(r.price, id)
		delete(p.orders, id)
	}
	p.finish(m, &c)
	return c, left
}

// finish ends a change that an account has caused.
func (p *pair) finish(m *Market, c *Change) {
	if p.circuit.mode == ModeNone && !p.Delisted && (len(p.asks.rungs) == 0 || len(p.bids.rungs) == 0) {
		p.reopen(m.rng) // somebody has emptied a side
	}
	p.settle(m.rng, c)
	c.Circuit = c.Circuit || p.circuit.mode != ModeNone
}

// forget drops an order that has been executed whole from the list of those that wait.
func (p *pair) forget(id int64) {
	r, ok := p.orders[id]
	if !ok {
		return
	}
	s := p.own(r.side)
	for _, rungs := range [][]rung{s.rungs, s.far} {
		if i, found := s.search(rungs, r.price); found {
			for _, c := range rungs[i].queue {
				if c.id == id {
					return
				}
			}
		}
	}
	delete(p.orders, id)
}

// own is the side that an order rests on.
func (p *pair) own(s Side) *side {
	if s == Buy {
		return &p.bids
	}
	return &p.asks
}

// A State is what decides whether a pair takes an order.
type State struct {
	Status, MinAmount string
	Flags             Flags
	Mode              Mode
	Last              int64 // ticks
	Lower, Upper      int64 // the trigger band, or the auction's range
}

// State reads a known pair.
func (m *Market) State(name string) State {
	p := m.index[name]
	lower, upper := p.band()
	return State{p.status, p.minAmount, p.flags, p.circuit.mode, p.last, lower, upper}
}

// Mode is how a known pair is traded.
func (m *Market) Mode(name string) Mode { return m.index[name].circuit.mode }

// Last is the price of a known pair's newest trade, in ticks.
func (m *Market) Last(name string) int64 { return m.index[name].last }

// Settings lists what does not change of the pairs.
func (m *Market) Settings() []Settings {
	out := make([]Settings, len(m.pairs))
	for i, p := range m.pairs {
		out[i] = p.Settings
	}
	return out
}

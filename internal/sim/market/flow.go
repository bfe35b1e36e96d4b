package market

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// order is one order of the crowd: it rests, takes, or takes a resting one back.
func (p *pair) order(rng *rand.Rand, at time.Time) Change {
	c := p.begin(at)
	if p.circuit.mode != ModeNone {
		p.place(rng, true)
		c.Circuit = true
	} else {
		switch r := rng.Float64(); {
		case r < 0.50:
			p.place(rng, false)
		case r < 0.86:
			p.withdraw(rng)
		default:
			p.take(rng, &c, p.favoured(rng), 0)
		}
		p.follow(rng, &c)
	}
	p.settle(rng, &c)
	return c
}

// begin opens a change.
func (p *pair) begin(at time.Time) Change {
	p.before, p.stamp = p.ticker(), at
	return Change{Pair: p.Name, At: at}
}

// settle brings both sides to the levels that are shown and gives the change its place in the order of things.
func (p *pair) settle(rng *rand.Rand, c *Change) {
	for _, f := range c.Fills {
		p.forget(f.Order)
	}
	if p.leaves(c) {
		p.halt(c)
	}
	if p.circuit.mode == ModeNone {
		p.trim(rng)
	} else { // both sides may reach over the estimated price: the documents say at most 400
		p.asks.cut(2 * depth)
		p.bids.cut(2 * depth)
	}
	// Holes are normal at bitbank: nobody may take them for lost messages.
	p.seq += 1 + rng.Int64N(4)
	c.Seq = p.seq
	c.Asks, c.Bids = p.asks.changed(), p.bids.changed()
	slices.Reverse(c.Trades)
	c.Ticker = c.Ticker || p.ticker() != p.before
}

// amount draws what one order is for: ¥150,000 in the mean.
func (p *pair) amount(rng *rand.Rand) int64 {
	mean := 150_000 / (p.fair / math.Pow10(p.PriceDigits)) * math.Pow10(p.AmountDigits)
	if p.Quote != "jpy" {
		mean = 1e4
	}
	return max(int64(math.Pow10(p.AmountDigits-4)), int64(mean*rng.ExpFloat64()))
}

// favoured is the side that takes next: whoever finds the book cheap.
func (p *pair) favoured(rng *rand.Rand) Side {
	ask, asked := p.asks.best()
	if bid, bidden := p.bids.best(); asked && bidden {
		mid := float64(ask+bid) / 2
		if rng.Float64() < 0.3 && mid != p.fair {
			if mid < p.fair {
				return Buy
			}
			return Sell
		}
	}
	if rng.IntN(2) == 0 {
		return Buy
	}
	return Sell
}

// place puts a limit order near the fair price. In a call auction it may cross the other side; else it stops short of it.
func (p *pair) place(rng *rand.Rand, crossing bool) {
	away := p.gap * (0.5 + rng.ExpFloat64()*6)
	if crossing {
		away = p.gap * rng.NormFloat64() * 4
	}
	amount := p.amount(rng)
	if rng.IntN(2) == 0 {
		price := int64(math.Ceil(p.fair + away))
		if bid, ok := p.bids.best(); ok && !crossing {
			price = max(price, bid+1)
		}
		p.asks.put(Level{max(price, 1), amount}, 0)
		return
	}
	price := int64(math.Floor(p.fair - away))
	if ask, ok := p.asks.best(); ok && !crossing {
		price = min(price, ask-1)
	}
	if price >= 1 {
		p.bids.put(Level{price, amount}, 0)
	}
}

// withdraw takes back an order of the crowd, most often one near the touch.
func (p *pair) withdraw(rng *rand.Rand) {
	s := &p.asks
	if rng.IntN(2) == 0 {
		s = &p.bids
	}
	i := int(rng.ExpFloat64() * 8)
	// Without this many left the book would look ill rather than quiet.
	if i >= len(s.rungs) || len(s.rungs) < depth*3/4 {
		return
	}
	r := &s.rungs[i]
	all := r.Amount - r.owned()
	if half := all / 2; half > 0 && rng.IntN(3) == 0 {
		all -= half
	}
	if all > 0 {
		r.leave(all)
		s.tell(r.Level)
		s.prune(&s.rungs, i)
	}
}

// opposite is the side that a taker takes from.
func (p *pair) opposite(taker Side) *side {
	if taker == Sell {
		return &p.bids
	}
	return &p.asks
}

// take is the crowd taking the best orders: a drawn amount, or everything up to limit when there is one.
func (p *pair) take(rng *rand.Rand, c *Change, taker Side, limit int64) {
	amount := p.amount(rng)
	if limit > 0 {
		amount = math.MaxInt64
	}
	p.match(c, taker, 0, limit, amount, 1)
}

// match lets a taker's order eat the best of the other side up to limit (0 for any price) and leaves the last spare levels
// alone. What it could not have is returned.
func (p *pair) match(c *Change, taker Side, id, limit, amount int64, spare int) (left int64) {
	s := p.opposite(taker)
	for amount > 0 {
		if len(s.rungs) <= spare && !s.showNext() {
			break
		}
		r := &s.rungs[0]
		price := r.Price
		if limit > 0 && s.before(limit, price) {
			break
		}
		amount -= r.eat(amount, func(maker, n int64) { p.trade(c, taker, price, n, id, maker) })
		s.tell(r.Level)
		s.prune(&s.rungs, 0)
	}
	return amount
}

// trade executes between a taker's and a maker's order; 0 is the crowd.
func (p *pair) trade(c *Change, taker Side, price, amount, takerID, makerID int64) {
	trade := p.execute(c, taker, price, amount)
	if makerID != 0 {
		c.Fills = append(c.Fills, Fill{Order: makerID, Price: price, Amount: amount, Trade: trade, Against: takerID})
	}
	if takerID != 0 {
		c.Fills = append(c.Fills, Fill{Order: takerID, Price: price, Amount: amount, Taker: true, Trade: trade, Against: makerID})
	}
}

// execute records one trade everywhere a trade is seen.
func (p *pair) execute(c *Change, side Side, price, amount int64) (id int64) {
	p.tradeID++
	t := Trade{ID: p.tradeID, Side: side, Price: price, Amount: amount, At: c.At}
	p.last = price
	c.Trades = append(c.Trades, t)
	if p.trades = append(p.trades, t); len(p.trades) > keepTrades {
		p.trades = slices.Clone(p.trades[keepTrades/4:])
	}
	b := bar{minute: c.At.Unix() / 60, open: price, high: price, low: price, close: price, volume: amount}
	switch {
	case p.bar.volume > 0 && p.bar.minute == b.minute:
		p.bar.fold(b)
	case p.bar.volume > 0:
		if p.bars = append(p.bars, p.bar); len(p.bars) > keepBars {
			p.bars = slices.Clone(p.bars[keepBars/4:])
		}
		p.bar = b
	default:
		p.bar = b
	}
	p.roll(c.At).fold(b)
	return t.ID
}

// roll opens new buckets of the 24 h window until now and returns the current one.
func (p *pair) roll(now time.Time) *bar {
	at := now.Unix() / 60 / bucketWidth * bucketWidth
	w := &p.window
	steps := (at - w[buckets-1].minute) / bucketWidth
	for range min(steps, buckets) {
		c := w[buckets-1].close
		copy(w[:], w[1:])
		w[buckets-1] = bar{open: c, high: c, low: c, close: c}
	}
	if steps > 0 {
		p.reference = w[buckets-1].open
		for i := range w {
			w[i].minute = at - int64(buckets-1-i)*bucketWidth
		}
	}
	return &w[buckets-1]
}

// follow takes what the fair price has left behind. After a jump beyond half the book everybody quotes anew instead.
func (p *pair) follow(rng *rand.Rand, c *Change) {
	fair := int64(math.Round(p.fair))
	asks, bids := p.asks.rungs, p.bids.rungs
	if len(asks) == 0 || len(bids) == 0 || fair > asks[len(asks)/2].Price || fair < bids[len(bids)/2].Price {
		p.requote(rng, c)
		return
	}
	if fair > asks[0].Price {
		p.take(rng, c, Buy, fair)
	}
	if fair < bids[0].Price {
		p.take(rng, c, Sell, fair)
	}
	// Makers close a wide spread before anybody takes from its far side.
	const wide = 6 // gaps
	ask, _ := p.asks.best()
	bid, _ := p.bids.best()
	if near := p.fair + p.gap*(0.5+rng.ExpFloat64()); float64(ask) > p.fair+wide*p.gap {
		ask = max(int64(math.Ceil(near)), bid+1)
		p.asks.put(Level{ask, p.amount(rng)}, 0)
	}
	if near := p.fair - p.gap*(0.5+rng.ExpFloat64()); float64(bid) < p.fair-wide*p.gap && near >= 1 {
		p.bids.put(Level{min(int64(math.Floor(near)), ask-1), p.amount(rng)}, 0)
	}
}

// requote lets the crowd leave and come back around the fair price. Orders of accounts that are better than it trade.
func (p *pair) requote(rng *rand.Rand, c *Change) {
	fair := max(1, int64(math.Round(p.fair)))
	p.asks.clear()
	p.bids.clear()
	p.match(c, Buy, 0, fair, math.MaxInt64, 0)
	p.match(c, Sell, 0, fair, math.MaxInt64, 0)
	p.asks.hideAll()
	p.bids.hideAll()
	taker := Buy
	if p.fair < float64(p.last) {
		taker = Sell
	}
	p.fill(rng)
	p.execute(c, taker, fair, p.amount(rng))
}

// fill builds the crowd's levels on both sides around the fair price.
func (p *pair) fill(rng *rand.Rand) {
	p.gap = max(1, p.fair*gapShare)
	ask, bid := int64(math.Ceil(p.fair+p.gap/2)), int64(math.Floor(p.fair-p.gap/2))
	for range depth {
		p.asks.put(Level{ask, p.amount(rng)}, 0)
		ask += 1 + int64(p.gap*rng.ExpFloat64())
		if bid >= 1 {
			p.bids.put(Level{bid, p.amount(rng)}, 0)
			bid -= 1 + int64(p.gap*rng.ExpFloat64())
		}
	}
}

// trim keeps both sides at the levels that are shown: what is missing comes in at the far end.
func (p *pair) trim(rng *rand.Rand) {
	for _, s := range []*side{&p.asks, &p.bids} {
		s.cut(depth)
		for len(s.rungs) > 0 && len(s.rungs) < depth {
			price := s.rungs[len(s.rungs)-1].Price + int64(s.dir)*(1+int64(p.gap*rng.ExpFloat64()))
			if price < 1 { // a price near zero has no room for bids
				for s.show(1) && len(s.rungs) < depth {
				}
				break
			}
			if !s.show(price) {
				s.put(Level{price, p.amount(rng)}, 0)
			}
		}
	}
}

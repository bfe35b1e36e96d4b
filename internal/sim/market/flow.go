package market

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// order is one order of somebody: it rests, takes, or takes a resting one back.
func (p *pair) order(rng *rand.Rand, at time.Time) Change {
	c := Change{Pair: p.Name, At: at}
	before := p.ticker()
	p.stamp = at
	if p.circuit.mode != ModeNone {
		p.place(rng, &c, true)
		p.cut(2*depth, &c) // both sides may reach over the estimated price: the documents say at most 400
		c.Circuit = true
	} else {
		switch r := rng.Float64(); {
		case r < 0.50:
			p.place(rng, &c, false)
		case r < 0.86:
			p.withdraw(rng, &c)
		default:
			p.take(rng, &c, p.favoured(rng), 0)
		}
		p.follow(rng, &c)
		p.trim(rng, &c)
	}
	p.settle(rng, &c)
	c.Ticker = p.ticker() != before
	return c
}

// settle gives the change its place in the order of things, and merges what it did to one price.
func (p *pair) settle(rng *rand.Rand, c *Change) {
	// Holes are normal at bitbank: nobody may take them for lost messages.
	p.seq += 1 + rng.Int64N(4)
	c.Seq = p.seq
	c.Asks, c.Bids = lastWord(c.Asks, 1), lastWord(c.Bids, -1)
	slices.Reverse(c.Trades)
}

// lastWord keeps the last amount of each price, best first.
func lastWord(levels []Level, direction int) []Level {
	slices.SortStableFunc(levels, func(a, b Level) int { return direction * cmp.Compare(a.Price, b.Price) })
	out := levels[:0]
	for i, l := range levels {
		if i+1 == len(levels) || levels[i+1].Price != l.Price {
			out = append(out, l)
		}
	}
	return out
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
	if len(p.asks) > 0 && len(p.bids) > 0 {
		mid := float64(p.asks[0].Price+p.bids[0].Price) / 2
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
func (p *pair) place(rng *rand.Rand, c *Change, crossing bool) {
	away := p.gap * (0.5 + rng.ExpFloat64()*6)
	if crossing {
		away = p.gap * rng.NormFloat64() * 4
	}
	amount := p.amount(rng)
	if rng.IntN(2) == 0 {
		price := int64(math.Ceil(p.fair + away))
		if !crossing && len(p.bids) > 0 {
			price = max(price, p.bids[0].Price+1)
		}
		p.asks = put(p.asks, Level{price, amount}, 1, &c.Asks)
		return
	}
	price := int64(math.Floor(p.fair - away))
	if !crossing && len(p.asks) > 0 {
		price = min(price, p.asks[0].Price-1)
	}
	if price >= 1 {
		p.bids = put(p.bids, Level{price, amount}, -1, &c.Bids)
	}
}

// put adds an amount at a price, keeps the side sorted (direction 1 for asks, -1 for bids) and notes the new amount.
func put(side []Level, l Level, direction int, note *[]Level) []Level {
	i, found := slices.BinarySearchFunc(side, l.Price, func(a Level, price int64) int { return direction * cmp.Compare(a.Price, price) })
	if found {
		side[i].Amount += l.Amount
	} else {
		side = slices.Insert(side, i, l)
	}
	*note = append(*note, side[i])
	return side
}

// withdraw takes back an order, most often one near the touch.
func (p *pair) withdraw(rng *rand.Rand, c *Change) {
	side, note := &p.asks, &c.Asks
	if rng.IntN(2) == 0 {
		side, note = &p.bids, &c.Bids
	}
	i := int(rng.ExpFloat64() * 8)
	// Without this many left the book would look ill rather than quiet.
	if i >= len(*side) || len(*side) < depth*3/4 {
		return
	}
	l := &(*side)[i]
	if half := l.Amount / 2; half > 0 && rng.IntN(3) == 0 {
		l.Amount = half
		*note = append(*note, *l)
		return
	}
	*note = append(*note, Level{l.Price, 0})
	*side = slices.Delete(*side, i, i+1)
}

// take executes against the best orders: a drawn amount, or everything up to limit when there is one.
func (p *pair) take(rng *rand.Rand, c *Change, side Side, limit int64) {
	book, note := &p.asks, &c.Asks
	if side == Sell {
		book, note = &p.bids, &c.Bids
	}
	left := p.amount(rng)
	for len(*book) > 1 {
		l := &(*book)[0]
		switch {
		case limit == 0 && left <= 0, limit > 0 && side == Buy && l.Price > limit, limit > 0 && side == Sell && l.Price < limit:
			return
		}
		n := l.Amount
		if limit == 0 {
			n = min(n, left)
		}
		left -= n
		l.Amount -= n
		p.execute(c, side, l.Price, n)
		*note = append(*note, *l)
		if l.Amount == 0 {
			*book = slices.Delete(*book, 0, 1)
		}
	}
}

// execute records one trade everywhere a trade is seen.
func (p *pair) execute(c *Change, side Side, price, amount int64) {
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
		for i := range w {
			w[i].minute = at - int64(buckets-1-i)*bucketWidth
		}
	}
	return &w[buckets-1]
}

// follow takes what the fair price has left behind. After a jump beyond half the book everybody quotes anew instead.
func (p *pair) follow(rng *rand.Rand, c *Change) {
	fair := int64(math.Round(p.fair))
	if len(p.asks) == 0 || len(p.bids) == 0 || fair > p.asks[len(p.asks)/2].Price || fair < p.bids[len(p.bids)/2].Price {
		p.requote(rng, c)
		return
	}
	if fair > p.asks[0].Price {
		p.take(rng, c, Buy, fair)
	}
	if fair < p.bids[0].Price {
		p.take(rng, c, Sell, fair)
	}
	// Makers close a wide spread before anybody takes from its far side.
	const wide = 6 // gaps
	if ask := p.fair + p.gap*(0.5+rng.ExpFloat64()); float64(p.asks[0].Price) > p.fair+wide*p.gap {
		p.asks = put(p.asks, Level{max(int64(math.Ceil(ask)), p.bids[0].Price+1), p.amount(rng)}, 1, &c.Asks)
	}
	if bid := p.fair - p.gap*(0.5+rng.ExpFloat64()); float64(p.bids[0].Price) < p.fair-wide*p.gap && bid >= 1 {
		p.bids = put(p.bids, Level{min(int64(math.Floor(bid)), p.asks[0].Price-1), p.amount(rng)}, -1, &c.Bids)
	}
}

// requote replaces the whole book around the fair price and trades once there.
func (p *pair) requote(rng *rand.Rand, c *Change) {
	for _, l := range p.asks {
		c.Asks = append(c.Asks, Level{l.Price, 0})
	}
	for _, l := range p.bids {
		c.Bids = append(c.Bids, Level{l.Price, 0})
	}
	side := Buy
	if p.fair < float64(p.last) {
		side = Sell
	}
	p.asks, p.bids = nil, nil
	p.fill(rng)
	c.Asks, c.Bids = append(c.Asks, p.asks...), append(c.Bids, p.bids...)
	p.execute(c, side, max(1, int64(math.Round(p.fair))), p.amount(rng))
}

// fill builds both sides around the fair price.
func (p *pair) fill(rng *rand.Rand) {
	p.gap = max(1, p.fair*gapShare)
	ask, bid := int64(math.Ceil(p.fair+p.gap/2)), int64(math.Floor(p.fair-p.gap/2))
	for range depth {
		p.asks = append(p.asks, Level{ask, p.amount(rng)})
		ask += 1 + int64(p.gap*rng.ExpFloat64())
		if bid >= 1 {
			p.bids = append(p.bids, Level{bid, p.amount(rng)})
			bid -= 1 + int64(p.gap*rng.ExpFloat64())
		}
	}
}

// trim keeps both sides at the levels that are shown: what is missing comes in at the far end.
func (p *pair) trim(rng *rand.Rand, c *Change) {
	p.cut(depth, c)
	for n := len(p.asks); n < depth; n++ {
		price := p.asks[n-1].Price + 1 + int64(p.gap*rng.ExpFloat64())
		p.asks = put(p.asks, Level{price, p.amount(rng)}, 1, &c.Asks)
	}
	for n := len(p.bids); n > 0 && n < depth; n++ { // a price near zero has no room for bids
		price := p.bids[n-1].Price - 1 - int64(p.gap*rng.ExpFloat64())
		if price < 1 {
			break
		}
		p.bids = put(p.bids, Level{price, p.amount(rng)}, -1, &c.Bids)
	}
}

// cut lets what is beyond the shown levels count as beyond.
func (p *pair) cut(most int, c *Change) {
	for len(p.asks) > most {
		l := p.asks[len(p.asks)-1]
		p.asks, p.over = p.asks[:len(p.asks)-1], p.over+l.Amount
		c.Asks = append(c.Asks, Level{l.Price, 0})
	}
	for len(p.bids) > most {
		l := p.bids[len(p.bids)-1]
		p.bids, p.under = p.bids[:len(p.bids)-1], p.under+l.Amount
		c.Bids = append(c.Bids, Level{l.Price, 0})
	}
}

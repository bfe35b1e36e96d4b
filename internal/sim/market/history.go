package market

import (
	"hash/fnv"
	"math"
	"time"
)

// A bar is what happened in one minute, in ticks and amount units. Bars without trades are not kept.
type bar struct {
	minute                 int64 // minutes since 1970
	open, high, low, close int64
	volume                 int64
}

// fold adds a later bar.
func (b *bar) fold(c bar) {
	b.high, b.low = max(b.high, c.high), min(b.low, c.low)
	b.close = c.close
	b.volume += c.volume
}

// A past is the price of a pair before the simulator started: a function of the minute, so it needs no memory.
type past struct {
	key    uint64
	price  float64 // at the anchor
	anchor float64 // noise at the anchor
	step   int64   // minutes between trades: 1 in a busy pair, 60 in a thin one
	volume float64 // mean amount units a bar with trades
	flat   bool    // delisted: one price for ever
}

func newPast(seed uint64, s Settings, priceTicks int64, start time.Time) past {
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	p := past{key: h.Sum64() ^ mix(seed), price: float64(priceTicks), flat: s.Delisted}
	switch {
	case s.rate >= 1:
		p.step = 1
	case s.rate >= 0.2:
		p.step = 5
	default:
		p.step = 60
	}
	// ¥300,000 a traded minute: a plausible size, the same order as what the live flow trades.
	p.volume = 300_000 / s.price * math.Pow10(s.AmountDigits)
	p.anchor = p.noise(start.Unix() / 60 / p.step * p.step)
	return p
}

// mix is the finalizer of SplitMix64: neighbouring numbers come out unrelated.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit is a number in [0, 1) for a position, the same for ever.
func (p past) unit(octave, at int64) float64 {
	return float64(mix(p.key^mix(uint64(octave)<<56^uint64(at)))>>11) / (1 << 53)
}

// noise is the logarithm of the price relative to an arbitrary level. Its octaves reach from 4 minutes to half a year and
// grow with the root of their length, as a random walk does: about 3 % a day.
func (p past) noise(minute int64) float64 {
	sum := 0.0
	for octave := int64(0); octave < 9; octave++ {
		length := int64(4) << (2 * octave)
		i, f := minute/length, float64(minute%length)/float64(length)
		f = f * f * (3 - 2*f)
		v := p.unit(octave, i)*(1-f) + p.unit(octave, i+1)*f
		sum += (v - 0.5) * 4e-4 * math.Sqrt(float64(length))
	}
	return sum
}

// at is the price in ticks when the minute closed.
func (p past) at(minute int64) int64 {
	if p.flat {
		return int64(p.price)
	}
	return max(1, int64(math.Round(p.price*math.Exp(p.noise(minute/p.step*p.step)-p.anchor))))
}

// bar is the minute's bar; its volume is 0 when nothing was traded.
func (p past) bar(minute int64) bar {
	c := p.at(minute)
	b := bar{minute: minute, open: c, high: c, low: c, close: c}
	if p.flat || minute%p.step != 0 {
		return b
	}
	b.open = p.at(minute - p.step)
	width := float64(max(b.open, b.close)) * 3e-4
	b.high = max(b.open, b.close) + int64(width*p.unit(20, minute))
	b.low = max(1, min(b.open, b.close)-int64(width*p.unit(21, minute)))
	b.volume = 4 + int64(p.volume*2*p.unit(22, minute))
	return b
}

// trades are the minute's trades, oldest first: open, one extreme, the other, close. Ids rise with time: eight a minute
// leave room.
func (p past) trades(minute int64) []Trade {
	if p.flat || minute%p.step != 0 {
		return nil
	}
	b := p.bar(minute)
	first, second := b.high, b.low
	if b.close > b.open {
		first, second = b.low, b.high
	}
	prices := [4]int64{b.open, first, second, b.close}
	out := make([]Trade, 4)
	for i, price := range prices {
		side := Buy
		if i > 0 && price < prices[i-1] {
			side = Sell
		}
		amount := b.volume / 4
		if i == 3 {
			amount = b.volume - 3*(b.volume/4)
		}
		out[i] = Trade{ID: minute*8 + int64(i), Side: side, Price: price, Amount: amount, At: time.UnixMilli(minute*60_000 + int64(i)*15_000 + 5_000)}
	}
	return out
}

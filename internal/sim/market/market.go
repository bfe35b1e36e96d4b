package market

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A Side is who took: the buyer or the seller.
type Side string

// The sides.
const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// Other is who is on the other side.
func (s Side) Other() Side {
	if s == Buy {
		return Sell
	}
	return Buy
}

// A Level is one price of a book: ticks and amount units.
type Level struct{ Price, Amount int64 }

// A Trade is one execution.
type Trade struct {
	ID            int64
	Side          Side
	Price, Amount int64
	At            time.Time
}

// A Change is what one event did to one pair. Sequence ids rise within a pair, with holes.
type Change struct {
	Pair       string
	At         time.Time
	Seq        int64
	Asks, Bids []Level // absolute new amounts; 0 removes the level
	Trades     []Trade // newest first
	Fills      []Fill  // shares that accounts' orders had in the trades, oldest first
	Ticker     bool    // the ticker differs from before
	Circuit    bool    // the circuit-break info differs from before
}

const (
	depth       = 200       // levels a side that bitbank shows in continuous trading
	latest      = 60        // trades that /transactions answers without a date
	bucketWidth = 15        // minutes; 24 h figures roll in these steps
	buckets     = 24 * 4    //
	keepBars    = 20_000    // minutes with trades kept a pair: two weeks of a busy one
	keepTrades  = 100_000   // trades kept a pair: more than a day of the busiest
	firstSeq    = 9_000e6   // the order of magnitude of the real ids
	calmSigma   = 1.0e-4    // price noise a root second: 3 % a day
	gapShare    = 2e-5      // mean distance between levels, as a share of the price: 300 yen at 15,000,000
	pull        = 1.0 / 7e3 // a second: how fast the fair price returns to its base; keeps a long run in sight of it
)

// A Market is the exchange. See the package comment.
type Market struct {
	seed  uint64
	speed float64
	start time.Time
	now   time.Time
	src   *rand.PCG
	rng   *rand.Rand
	pairs []*pair
	index map[string]*pair
}

// A pair is the state of one market. Prices are ticks of its last decimal, amounts units of theirs.
type pair struct {
	Settings
	past       past
	asks, bids side
	orders     map[int64]resting // of accounts, in the book
	before     quote             // the ticker when the change began
	reference  int64             // what the trigger band stands around: the price of the current quarter of an hour
	breaks     []time.Time       // of the last hour
	fair, base float64           // ticks
	moving     *move
	fairAt     time.Time
	next       time.Time // of the next order; zero for never
	gap        float64   // ticks
	seq        int64
	tradeID    int64
	last       int64
	stamp      time.Time
	trades     []Trade      // newest last
	bars       []bar        // of past minutes
	bar        bar          // of the last minute with a trade; volume 0 before the first
	window     [buckets]bar // minute is the bucket's first minute
	status     string
	minAmount  string
	flags      Flags
	circuit    circuit
}

type move struct {
	from, to float64
	start    time.Time
	length   time.Duration
}

// New opens a market at start. Speed is how many times faster than life orders arrive and prices wander; timestamps stay
// those of the wall.
func New(seed uint64, speed float64, start time.Time) *Market {
	src := rand.NewPCG(seed, 0x6d61726b6574)
	m := &Market{seed: seed, speed: speed, start: start, now: start, src: src, rng: rand.New(src), index: map[string]*pair{}}
	for _, s := range loadSettings() {
		ticks := max(1, int64(math.Round(s.price*math.Pow10(s.PriceDigits))))
		p := &pair{
			Settings: s, past: newPast(seed, s, ticks, start), fair: float64(ticks), base: float64(ticks), fairAt: start,
			gap: max(1, float64(ticks)*gapShare), seq: firstSeq + m.rng.Int64N(1e6), last: ticks, reference: ticks, stamp: start,
			status: "NORMAL", minAmount: s.Unit, circuit: circuit{mode: ModeNone, fee: "NORMAL"},
		}
		p.asks.dir, p.bids.dir = 1, -1
		p.orders = map[int64]resting{}
		m.remember(p)
		if s.Delisted {
			p.flags = delistedFlags()
			// Nobody has traded here for months: the docs' readers saw old timestamps.
			p.stamp = start.AddDate(0, -2, 0)
		} else {
			p.fill(m.rng)
			p.asks.crowd, p.bids.crowd = p.amount(m.rng)*4000, p.amount(m.rng)*4000
			p.asks.changed()
			p.bids.changed()
			p.next = m.later(p, start)
		}
		m.pairs = append(m.pairs, p)
		m.index[s.Name] = p
	}
	return m
}

// SetSpeed changes how many times faster than life the market is from now on.
func (m *Market) SetSpeed(speed float64) { m.speed = speed }

// remember gives a new pair its last trades and its last 24 hours.
func (m *Market) remember(p *pair) {
	minute := m.start.Unix() / 60
	p.tradeID = minute*8 + 8
	if p.past.flat {
		for i := range p.window {
			at := (minute/bucketWidth - int64(buckets-1-i)) * bucketWidth
			p.window[i] = bar{minute: at, open: p.last, high: p.last, low: p.last, close: p.last}
		}
		return
	}
	for at := minute - 1; len(p.trades) < latest; at-- {
		ts := p.past.trades(at)
		slices.Reverse(ts)
		p.trades = append(p.trades, ts...)
	}
	slices.Reverse(p.trades)
	p.last = p.trades[len(p.trades)-1].Price
	for i := range p.window {
		first := (minute/bucketWidth - int64(buckets-1-i)) * bucketWidth
		b := p.past.bar(first)
		for at := first + 1; at < first+bucketWidth && at < minute; at++ {
			if at%p.past.step == 0 { // between trades the price stands
				b.fold(p.past.bar(at))
			}
		}
		p.window[i] = b
	}
}

// later draws when the pair's next order arrives.
func (m *Market) later(p *pair, from time.Time) time.Time {
	wait := m.rng.ExpFloat64() / (p.rate * m.speed)
	return from.Add(max(time.Microsecond, time.Duration(wait*float64(time.Second))))
}

// Advance lets everything happen that is due until now, in order, and returns it. An earlier time does nothing: clocks step.
func (m *Market) Advance(now time.Time) []Change {
	var changes []Change
	for {
		c, ok := m.Next(now)
		if !ok {
			return changes
		}
		changes = append(changes, c)
	}
}

// Next lets the next thing happen that is due until now, and reports whether there was one. When there was none the market
// has reached now.
func (m *Market) Next(now time.Time) (Change, bool) {
	for {
		var p *pair
		for _, q := range m.pairs {
			if q.circuit.ends(now) {
				return m.enter(q, ModeNone, m.now), true
			}
			if !q.next.IsZero() && !q.next.After(now) && (p == nil || q.next.Before(p.next)) {
				p = q
			}
		}
		if p == nil {
			if now.After(m.now) {
				m.now = now
			}
			return Change{}, false
		}
		at := p.next
		if at.After(m.now) {
			m.now = at
		}
		p.wander(m, at)
		var c Change
		open := p.trading()
		if open {
			c = p.order(m.rng, at)
		}
		p.next = m.later(p, at)
		// After a suspension of the machine hours are due at once. Nobody saw them, so they are skipped.
		if now.Sub(at) > m.backlog() {
			p.next = m.later(p, now)
		}
		if open {
			return c, true
		}
	}
}

// backlog is how much is caught up with: a minute of life, some 1,500 orders, but never less than a second of the clock, so
// that a late tick loses nothing.
func (m *Market) backlog() time.Duration {
	return max(time.Second, min(time.Minute, time.Duration(float64(time.Minute)/m.speed)))
}

// wander moves the fair price on to at, also while nobody can trade: the rest of the world goes on.
func (p *pair) wander(m *Market, at time.Time) {
	seconds := max(0, at.Sub(p.fairAt).Seconds()) * m.speed
	p.fairAt = at
	if p.moving != nil {
		share := min(1, float64(at.Sub(p.moving.start))*m.speed/float64(p.moving.length))
		p.base = p.moving.from + (p.moving.to-p.moving.from)*share
		p.fair = p.base
		if share >= 1 {
			p.moving = nil
		}
		return
	}
	p.fair *= math.Exp(calmSigma*math.Sqrt(seconds)*m.rng.NormFloat64() + pull*min(seconds, 60)*math.Log(p.base/p.fair))
	p.fair = max(p.fair, 1)
}

// trading reports whether orders reach the book.
func (p *pair) trading() bool {
	return p.status != "HALT" && !p.flags.StopOrder && !p.flags.StopOrderAndCancel
}

// Clone copies the market. The copy lives on its own.
func (m *Market) Clone() *Market {
	src := *m.src
	c := &Market{seed: m.seed, speed: m.speed, start: m.start, now: m.now, src: &src, rng: rand.New(&src), index: map[string]*pair{}}
	for _, p := range m.pairs {
		q := *p
		q.asks, q.bids, q.orders = p.asks.clone(), p.bids.clone(), maps.Clone(p.orders)
		// What is past is only ever appended to, so both may keep the same elements.
		q.trades, q.bars = slices.Clip(p.trades), slices.Clip(p.bars)
		if p.moving != nil {
			mv := *p.moving
			q.moving = &mv
		}
		c.pairs = append(c.pairs, &q)
		c.index[q.Name] = &q
	}
	return c
}

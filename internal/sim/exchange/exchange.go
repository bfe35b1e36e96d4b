package exchange

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// An Exchange is the whole of it. See the package comment.
type Exchange struct {
	market   *market.Market
	rng      *rand.Rand
	pairs    map[string]*pair
	accounts []*Account
	orders   map[int64]*Order // that rest in books, by id
	chosen   map[string]string
	lastID   int64
	limits   Limits
	sides    []spot // both of every margin pair

	arrived map[string]decimal.Decimal // what came from outside less what left, by asset
	world   map[string]decimal.Decimal // the crowd and the exchange itself

	changes []market.Change
	events  []Event
	touched []touch
	swept   time.Time // when what goes by the clock was last looked at
	day     int64     // of Japan, for the interest
}

// Limits are what an account may have. The zero value of each is bitbank's own.
type Limits struct {
	Live int // live orders, default 30: see the way active_orders_limit
}

// firstOrder is the order of magnitude of the ids of 2026.
const firstOrder = 59_600_000_000

// New opens an exchange on a market.
func New(seed uint64, m *market.Market, l Limits) *Exchange {
	if l.Live == 0 {
		l.Live = 30
	}
	x := &Exchange{
		market: m, rng: rand.New(rand.NewPCG(seed, 0x6f7264657273)), pairs: map[string]*pair{}, orders: map[int64]*Order{},
		chosen: map[string]string{}, lastID: firstOrder, limits: l,
		arrived: map[string]decimal.Decimal{}, world: map[string]decimal.Decimal{}, swept: m.Clock(), day: japanDay(m.Clock()),
	}
	for _, s := range m.Settings() {
		x.pairs[s.Name] = newPair(s)
		if s.Margin() {
			x.sides = append(x.sides, spot{s.Name, "long"}, spot{s.Name, "short"})
		}
	}
	return x
}

// Open opens an account with what it brings along.
func (x *Exchange) Open(id string, brings map[string]decimal.Decimal) *Account {
	a := newAccount(id)
	x.accounts = append(x.accounts, a)
	names := make([]string, 0, len(brings))
	for name := range brings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x.Purse(a).Receive(name, brings[name])
	}
	x.touched = nil // nobody listens yet
	return a
}

// Account finds an account, nil when there is none of that id.
func (x *Exchange) Account(id string) *Account {
	i := slices.IndexFunc(x.accounts, func(a *Account) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return x.accounts[i]
}

// Market is where the books are. Whoever does something to it by another way than the exchange hands the changes to See.
func (x *Exchange) Market() *market.Market { return x.market }

// Advance lets everything happen that is due until now.
func (x *Exchange) Advance(now time.Time) {
	for {
		c, ok := x.market.Next(now)
		if !ok {
			break
		}
		x.see(c)
	}
	x.sweep()
}

// See tells the exchange what was done to the market.
func (x *Exchange) See(changes []market.Change) {
	for _, c := range changes {
		x.see(c)
	}
	x.flush()
}

// see books the fills of a change and looks whether its trades set anything off.
func (x *Exchange) see(c market.Change) {
	x.changes = append(x.changes, c)
	p := x.pairs[c.Pair]
	for _, f := range c.Fills {
		if o := x.orders[f.Order]; o != nil {
			x.fill(o, f, c.At)
		}
	}
	if len(c.Trades) > 0 || c.Circuit {
		x.pull(p, c)
	}
}

// Changes hands out what has happened in the books since it was last called.
func (x *Exchange) Changes() []market.Change {
	changes := x.changes
	x.changes = nil
	return changes
}

// Events hands out what is to be told to accounts, in the order in which it happened.
func (x *Exchange) Events() []Event {
	x.flush()
	events := x.events
	x.events = nil
	return events
}

// sweepEvery is how often what goes by the clock is looked at.
const sweepEvery = time.Second

// sweep does what the clock demands: expiry, interest, liquidation.
func (x *Exchange) sweep() {
	now := x.market.Clock()
	if now.Sub(x.swept) < sweepEvery {
		return
	}
	x.swept = now
	for _, a := range x.accounts {
		for _, o := range slices.Clone(a.live) {
			if now.Sub(o.ordered) >= lifetime {
				x.cancel(o)
			}
		}
	}
	if day := japanDay(now); day != x.day {
		x.accrue(int64(day - x.day))
		x.day = day
	}
	for _, a := range x.accounts {
		x.watch(a)
	}
	x.flush()
}

// japanDay numbers the days of Japan, which has no summer time.
func japanDay(t time.Time) int64 {
	return (t.Unix() + 9*3600) / 86400
}

// nextID draws an order id: other customers take ids too.
func (x *Exchange) nextID() int64 {
	x.lastID += 1 + x.rng.Int64N(50)
	return x.lastID
}

// Sum is everything that is in the exchange of an asset, and what should be: what came in less what left.
func (x *Exchange) Sum(asset string) (is, should decimal.Decimal) {
	is = x.world[asset]
	for _, a := range x.accounts {
		if b := a.balances[asset]; b != nil {
			is = is.Add(b.onhand())
		}
		if asset == "jpy" {
			is = is.Sub(a.payable)
		}
	}
	return is, x.arrived[asset]
}

// give moves an amount between the world and nobody in particular: the account's side is booked by the caller.
func (x *Exchange) give(asset string, amount decimal.Decimal) {
	x.world[asset] = x.world[asset].Add(amount)
}

// quote is the newest price of an asset in yen, in a pair's ticks and as a decimal; zero when it has none.
func (x *Exchange) quote(asset string) decimal.Decimal {
	if asset == "jpy" {
		return decimal.NewFromInt(1)
	}
	p := x.pairs[asset+"_jpy"]
	if p == nil || p.Delisted {
		return decimal.Decimal{}
	}
	return decimal.New(x.market.Last(p.Name), -int32(p.PriceDigits))
}

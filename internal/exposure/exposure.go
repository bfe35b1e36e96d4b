package exposure

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// An Input is everything that a report is made of.
type Input struct {
	Now  time.Time
	Dark bool // bitbank does not answer, whosever fault that is
	// Read is when balances and live orders were read whole last, Held when margin positions were; zero: never, as far as is known.
	Read, Held time.Time
	Holdings   []ledger.Holding
	Positions  []ledger.Position // that are open
	// Doubted are positions that one read has shown as closed, and no second one yet.
	Doubted []Key
	// Unsure are assets whose balance nothing explains.
	Unsure []string
	Margin *ledger.Margin // the newest read; nil: none
	Demand bitbank.MarginNotice
	Orders []Order
	Lines  []ledger.LineState
	// Markets are the prices, by pair. Nil: nobody asks for prices.
	Markets map[string]Market
}

// A Key names a margin position.
type Key struct {
	Pair string
	Side bitbank.PositionSide
}

// An Order is one that lives, or may live.
type Order struct {
	bitbank.Order
	Unknown bool // whether it was placed is not known; without an ID
	Leaving bool // a cancel was sent whose answer is not known
}

// Limits after which what was read of the account is old: it is read every minute, margin positions every five when none is open.
const (
	ReadLimit = 150 * time.Second
	HeldLimit = 11 * time.Minute
)

// A Report is what an account holds at a time.
type Report struct {
	At        time.Time
	Dark      bool
	Read      time.Time
	Held      time.Time
	Assets    []Asset // of which there is something, or may be
	Positions []Position
	Worth     Sum // of the coins, the yen, and what positions have gained or lost
	Result    Sum // what positions have gained or lost
	Coins     []Coin
	Margin    Margin
	Stops     []Stop
	Lines     []Line
	Flat      bool // no position is open, by a whole read that is not old
	Sized     bool // the sizes of all open orders are known
}

// An Asset is what is held of one.
type Asset struct {
	ledger.Holding
	Price
	Value, Least, Most decimal.Decimal // in yen; zero without From
	Old                bool            // it was read longer ago than ReadLimit
	Doubt              bool            // nothing explains its balance
}

// A Position is an open margin position.
type Position struct {
	ledger.Position
	Price
	Value            decimal.Decimal // of the coins, in yen
	Cost             decimal.Decimal // what they cost
	Gross            decimal.Decimal // gained, or lost, before costs
	Costs            decimal.Decimal // fees and interest that bitbank has not booked yet, as of At
	Billed           bool            // Costs is known; else it counts as zero
	Net, Least, Most decimal.Decimal
	Known            bool // the figures above stand for something
	Old              bool
	Doubt            bool // one read has shown it as closed
}

// A Sum is what can be valued, and what is left out.
type Sum struct {
	Value, Least, Most decimal.Decimal
	Counted            int
	Left               []Left
	Oldest             time.Time // of the prices in it; zero: none
}

// A Left is something that cannot be valued.
type Left struct {
	Asset  string
	Side   bitbank.PositionSide // of a margin position
	Amount decimal.Decimal
	Why    Why
}

func (s *Sum) add(value, least, most decimal.Decimal, at time.Time) {
	s.Value, s.Least, s.Most, s.Counted = s.Value.Add(value), s.Least.Add(least), s.Most.Add(most), s.Counted+1
	if !at.IsZero() && (s.Oldest.IsZero() || at.Before(s.Oldest)) {
		s.Oldest = at
	}
}

// Of makes a report.
func Of(in Input) Report {
	r := Report{At: in.Now, Dark: in.Dark, Read: in.Read, Held: in.Held, Sized: true}
	for _, h := range in.Holdings {
		if !h.OnHand.Known() || h.OnHand.Decimal().IsZero() && !slices.Contains(in.Unsure, h.Asset) {
			continue
		}
		a := in.asset(h)
		r.Assets = append(r.Assets, a)
		if a.From == Nobody {
			r.Worth.Left = append(r.Worth.Left, Left{Asset: h.Asset, Amount: h.OnHand.Decimal(), Why: a.Why})
		} else {
			r.Worth.add(a.Value, a.Least, a.Most, a.Price.At)
		}
	}
	for _, p := range in.Positions {
		x := in.position(p)
		r.Positions = append(r.Positions, x)
		for _, s := range []*Sum{&r.Worth, &r.Result} {
			if x.Known {
				s.add(x.Net, x.Least, x.Most, x.Price.At)
			} else {
				s.Left = append(s.Left, Left{Asset: base(p.Pair), Side: p.Side, Amount: p.OpenAmount.Decimal(), Why: x.Why})
			}
		}
	}
	r.Flat = len(in.Positions) == 0 && len(in.Doubted) == 0 && !in.Held.IsZero() && in.Now.Sub(in.Held) <= HeldLimit
	r.coins(in)
	r.Margin = in.margin(r)
	r.stops(in)
	for _, l := range in.Lines {
		r.Lines = append(r.Lines, Line{LineState: l, Look: look(l.Line, r, in)})
	}
	return r
}

// price is what an asset is valued with.
func (in Input) price(asset string) Price {
	if asset == "jpy" {
		one := decimal.NewFromInt(1)
		return Price{Amount: one, Low: one, High: one, From: Yen}
	}
	if in.Markets == nil {
		return Price{Why: Unasked}
	}
	return in.Markets[asset+"_jpy"].price(in.Now)
}

func (in Input) asset(h ledger.Holding) Asset {
	a := Asset{Holding: h, Price: in.price(h.Asset), Old: in.Now.Sub(h.At) > ReadLimit, Doubt: slices.Contains(in.Unsure, h.Asset)}
	n := h.OnHand.Decimal()
	a.Value, a.Least, a.Most = n.Mul(a.Amount), n.Mul(a.Low), n.Mul(a.High)
	return a
}

func (in Input) position(p ledger.Position) Position {
	x := Position{Position: p, Price: in.price(base(p.Pair)), Old: in.Now.Sub(p.At) > HeldLimit, Doubt: slices.Contains(in.Doubted, Key{p.Pair, p.Side})}
	if _, quote, _ := strings.Cut(p.Pair, "_"); quote != "jpy" && x.From != Nobody {
		x.Price = Price{Why: Unlisted, Last: x.Last} // bitbank has none
	}
	n := p.OpenAmount.Decimal()
	switch {
	case p.Product.Known() && p.Product.Decimal().IsPositive():
		x.Cost = p.Product.Decimal()
	case p.AveragePrice.Known() && p.AveragePrice.Decimal().IsPositive():
		x.Cost = n.Mul(p.AveragePrice.Decimal())
	case x.From != Nobody:
		x.Price = Price{Why: Cost, Last: x.Last}
	}
	if x.From == Nobody {
		return x
	}
	x.Known = true
	x.Billed = p.UnrealizedFee.Known() && p.UnrealizedInterest.Known()
	x.Costs = p.UnrealizedFee.Decimal().Add(p.UnrealizedInterest.Decimal())
	x.Value = n.Mul(x.Amount)
	x.Gross = gained(p.Side, x.Value, x.Cost)
	x.Net = x.Gross.Sub(x.Costs)
	low, high := gained(p.Side, n.Mul(x.Low), x.Cost).Sub(x.Costs), gained(p.Side, n.Mul(x.High), x.Cost).Sub(x.Costs)
	x.Least, x.Most = decimal.Min(low, high), decimal.Max(low, high)
	return x
}

// gained is what a position has gained before costs. bitbank's rules give it for a long one: (price - average price) x amount
// (bitbank.cc/guide/margin-trading-rule); that of a short one is the other way round.
func gained(side bitbank.PositionSide, value, cost decimal.Decimal) decimal.Decimal {
	if side == bitbank.Short {
		return cost.Sub(value)
	}
	return value.Sub(cost)
}

func base(pair string) string {
	b, _, _ := strings.Cut(pair, "_")
	return b
}

// A Coin is how much depends on the price of one coin. Long and short stand side by side; Net is their sum with what is held.
type Coin struct {
	Asset             string
	Spot, Long, Short decimal.Decimal
	Locked            decimal.Decimal // of Spot: in orders
	Net               decimal.Decimal
	Price
	// Buys and Sells are what open orders would buy and sell if all of them were filled, and the parts of them whose order may
	// not exist.
	Buys, Sells, BuysMaybe, SellsMaybe decimal.Decimal
	// MostLong and MostShort are Net with all of the buys and none of the sells, and the other way round.
	MostLong, MostShort decimal.Decimal
	Unsized             int // orders whose size is not known, which are not in any of these
}

// coins sums by coin.
func (r *Report) coins(in Input) {
	by := map[string]*Coin{}
	of := func(asset string) *Coin {
		if by[asset] == nil {
			by[asset] = &Coin{Asset: asset, Price: in.price(asset)}
		}
		return by[asset]
	}
	for _, a := range r.Assets {
		if a.Asset != "jpy" {
			c := of(a.Asset)
			c.Spot, c.Locked = a.OnHand.Decimal(), a.Locked.Decimal()
		}
	}
	for _, p := range r.Positions {
		switch c := of(base(p.Pair)); p.Side {
		case bitbank.Short:
			c.Short = c.Short.Add(p.OpenAmount.Decimal())
		default:
			c.Long = c.Long.Add(p.OpenAmount.Decimal())
		}
	}
	closing := map[Key]decimal.Decimal{} // what is left to close
	for _, p := range in.Positions {
		closing[Key{p.Pair, p.Side}] = p.OpenAmount.Decimal()
	}
	for _, o := range in.Orders {
		c := of(base(o.Pair))
		n, known := size(o)
		if closes(o.Order) {
			// However many there are: no more can be closed than is open.
			key := Key{o.Pair, o.PositionSide}
			if left := closing[key]; !known || n.GreaterThan(left) {
				n, known = left, true
			}
			closing[key] = closing[key].Sub(n)
		}
		if !known {
			c.Unsized++
			r.Sized = false
			continue
		}
		all, maybe := &c.Buys, &c.BuysMaybe
		if o.Side == bitbank.Sell {
			all, maybe = &c.Sells, &c.SellsMaybe
		}
		*all = all.Add(n)
		if o.Unknown {
			*maybe = maybe.Add(n)
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(by)) {
		c := by[asset]
		c.Net = c.Spot.Add(c.Long).Sub(c.Short)
		c.MostLong, c.MostShort = c.Net.Add(c.Buys), c.Net.Sub(c.Sells)
		r.Coins = append(r.Coins, *c)
	}
}

// size is what is left of an order.
func size(o Order) (decimal.Decimal, bool) {
	switch {
	case o.RemainingAmount.Known():
		return o.RemainingAmount.Decimal(), true
	case o.StartAmount.Known():
		return o.StartAmount.Decimal().Sub(o.ExecutedAmount.Decimal()), true
	}
	return decimal.Decimal{}, false
}

// closes reports whether an order makes a margin position smaller.
func closes(o bitbank.Order) bool {
	return o.PositionSide == bitbank.Long && o.Side == bitbank.Sell || o.PositionSide == bitbank.Short && o.Side == bitbank.Buy
}

package stop

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// An ID names a plan.
type ID string

// A Plan is what the owner wants to happen, as it was confirmed.
type Plan struct {
	ID       ID                   `json:"id"`
	Pair     string               `json:"pair"`
	Side     bitbank.Side         `json:"side"`              // of the exit: sell, or buy for a short position
	Position bitbank.PositionSide `json:"position,omitzero"` // "" leaves a holding of coins
	Trigger  bitbank.Number       `json:"trigger"`
	Guard    bitbank.Number       `json:"guard"`            // no order of the exit has a worse price
	Amount   bitbank.Number       `json:"amount,omitzero"`  // absent: all that is there
	Slippage bitbank.Number       `json:"slippage"`         // how far below the best price one order may take, in per cent
	Expires  time.Time            `json:"expires,omitzero"` // zero: never
	Set      time.Time            `json:"set"`
	Held     bitbank.Number       `json:"held"` // what there was of the coin or the position then
}

// Usual and bounds of what a plan may say.
const (
	SlippageUsual = 1  // per cent
	slippageMost  = 20 // beyond it the guard alone would decide
	expiresMost   = 366 * 24 * time.Hour
	// heldYoung is how old the knowledge of a holding may be when a plan is set.
	heldYoung = 5 * time.Minute
)

// hysteresis is how far back inside the level a price must be to count as back, in parts of it.
var hysteresis = decimal.New(1, -3)

// beyond reports whether a price has reached the trigger.
func (p Plan) beyond(price decimal.Decimal) bool {
	return price.IsPositive() && p.worse(price, p.Trigger.Decimal()) || price.Equal(p.Trigger.Decimal())
}

// inside reports whether a price is clear of the trigger.
func (p Plan) inside(price decimal.Decimal) bool {
	t := p.Trigger.Decimal()
	margin := t.Mul(hysteresis)
	if p.Side == bitbank.Buy {
		margin = margin.Neg()
	}
	return p.worse(t.Add(margin), price)
}

// worse reports whether price a is worse for the exit than b.
func (p Plan) worse(a, b decimal.Decimal) bool {
	if p.Side == bitbank.Buy {
		return a.GreaterThan(b)
	}
	return a.LessThan(b)
}

// worst is the worse of two prices.
func (p Plan) best(a, b decimal.Decimal) decimal.Decimal {
	if p.worse(a, b) {
		return b
	}
	return a
}

// all reports whether the plan is for all that is there.
func (p Plan) all() bool { return !p.Amount.Known() }

// A Problem is why something is refused, in words by its ID: `stop.bad.` and it.
type Problem struct {
	ID   string
	Args map[string]string
}

// CheckGuard says why a plan cannot have its guard; nil when it can.
func CheckGuard(p Plan, pair bitbank.Pair) error {
	if bad := checkPrices(p, Facts{Pair: &pair}); bad != nil {
		return *bad
	}
	return nil
}

// Error is for programs and logs.
func (p Problem) Error() string { return p.ID }

// Facts are what a plan is checked against.
type Facts struct {
	Now       time.Time
	Pair      *bitbank.Pair // nil: bitbank lists no such pair
	Bitbank   Quote
	Reference Quote
	// Held is what there is of the coin or the position, and what of it is free or locked by own stops on bitbank.
	Held, Usable decimal.Decimal
	HeldAt       time.Time // zero: not known
	Plans        []Standing
}

// Check says why a plan cannot be set; nil when it can.
func Check(p Plan, f Facts) error {
	for _, check := range []func(Plan, Facts) *Problem{checkPair, checkSide, checkPrices, checkBounds, checkHeld, checkOthers, checkNow} {
		if bad := check(p, f); bad != nil {
			return *bad
		}
	}
	return nil
}

func bad(id string, pairs ...string) *Problem {
	b := &Problem{id, map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		b.Args[pairs[i]] = pairs[i+1]
	}
	return b
}

func checkPair(p Plan, f Facts) *Problem {
	switch {
	case f.Pair == nil:
		return bad("pair", "pair", p.Pair)
	case p.Position != bitbank.Spot && !f.Pair.Margin():
		return bad("no_margin", "pair", p.Pair)
	}
	return nil
}

// checkSide refuses an exit that would enter.
func checkSide(p Plan, _ Facts) *Problem {
	want := map[bitbank.PositionSide]bitbank.Side{bitbank.Spot: bitbank.Sell, bitbank.Long: bitbank.Sell, bitbank.Short: bitbank.Buy}
	side, known := want[p.Position]
	switch {
	case !known:
		return bad("position")
	case p.Side != side:
		return bad("side", "side", string(side))
	}
	return nil
}

// checkPrice refuses what is no price of a pair.
func checkPrice(name string, n bitbank.Number, pair *bitbank.Pair) *Problem {
	digits := int32(pair.PriceDigits)
	switch d := n.Decimal(); {
	case !n.Known() || !d.IsPositive():
		return bad("price", "field", name)
	case !d.Equal(d.Truncate(digits)):
		return bad("price_grid", "field", name, "digits", decimal.NewFromInt32(digits).String())
	}
	return nil
}

func checkPrices(p Plan, f Facts) *Problem {
	for name, n := range map[string]bitbank.Number{"trigger": p.Trigger, "guard": p.Guard} {
		if bad := checkPrice(name, n, f.Pair); bad != nil {
			return bad
		}
	}
	if !p.worse(p.Guard.Decimal(), p.Trigger.Decimal()) {
		return bad("guard_"+string(p.Side), "trigger", p.Trigger.String())
	}
	return nil
}

func checkBounds(p Plan, f Facts) *Problem {
	if d := p.Slippage.Decimal(); !p.Slippage.Known() || !d.IsPositive() || d.GreaterThan(decimal.NewFromInt(slippageMost)) {
		return bad("slippage", "most", decimal.NewFromInt(slippageMost).String())
	}
	if !p.Expires.IsZero() && (!p.Expires.After(f.Now) || p.Expires.Sub(f.Now) > expiresMost) {
		return bad("expires")
	}
	return checkAmount(p, *f.Pair)
}

// checkAmount refuses what is no amount of a pair; without one it is all that is there.
func checkAmount(p Plan, pair bitbank.Pair) *Problem {
	if p.all() {
		return nil
	}
	digits := int32(pair.AmountDigits)
	switch d := p.Amount.Decimal(); {
	case !d.IsPositive():
		return bad("amount")
	case !d.Equal(d.Truncate(digits)):
		return bad("amount_grid", "digits", decimal.NewFromInt32(digits).String())
	case d.LessThan(pair.UnitAmount.Decimal()):
		return bad("amount_small", "least", pair.UnitAmount.String())
	}
	return nil
}

// checkHeld refuses what is more than there is. What is not known is not zero: then it cannot be said.
func checkHeld(p Plan, f Facts) *Problem {
	switch {
	case f.HeldAt.IsZero() || f.Now.Sub(f.HeldAt) > heldYoung:
		return bad("held_unknown")
	case f.Usable.LessThan(f.Pair.UnitAmount.Decimal()):
		return bad("held_none", "held", f.Usable.String())
	case !p.all() && p.Amount.Decimal().GreaterThan(f.Usable):
		return bad("held_less", "held", f.Usable.String())
	}
	return nil
}

// checkOthers refuses plans that promise the same coins twice.
func checkOthers(p Plan, f Facts) *Problem {
	sum := p.Amount.Decimal()
	for _, s := range f.Plans {
		if s.Over() || s.Plan.Pair != p.Pair && (p.Position != bitbank.Spot || base(s.Plan.Pair) != base(p.Pair)) || s.Plan.Position != p.Position {
			continue
		}
		if p.all() || s.Plan.all() {
			return bad("twice", "id", string(s.Plan.ID))
		}
		if sum = sum.Add(s.Plan.Amount.Decimal()); sum.GreaterThan(f.Usable) {
			return bad("together", "id", string(s.Plan.ID), "held", f.Usable.String())
		}
	}
	return nil
}

// checkNow refuses what would fire at once, and what nobody can say of whether it would.
func checkNow(p Plan, f Facts) *Problem {
	known := false
	for _, q := range []Quote{f.Bitbank, f.Reference} {
		if q.At.IsZero() {
			continue
		}
		known = true
		if p.beyond(q.Price) {
			return bad("at_once", "price", q.Price.String(), "trigger", p.Trigger.String())
		}
	}
	if !known {
		return bad("no_price")
	}
	return nil
}

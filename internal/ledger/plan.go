package ledger

import (
	"slices"
	"time"

	"hikeshi/bitbank"
)

// A Scope says which orders a plan is about. The zero Scope is every order of the account, whoever placed it, but for protective ones.
type Scope struct {
	Bot  string `json:"bot,omitzero"`  // the orders of one bot; "" is everybody's
	Pair string `json:"pair,omitzero"` // of one pair; "" is every pair
	// Protective takes those in too that limit a loss: see [Protects].
	Protective bool `json:"protective,omitzero"`
	// Except are left alone.
	Except []Lot `json:"except,omitzero"`
}

// A Lot is the orders of a bot in a pair; "" is every bot, and every pair.
type Lot struct {
	Bot  string `json:"bot,omitzero"`
	Pair string `json:"pair,omitzero"`
}

func (t Lot) holds(pair, bot string) bool {
	return (t.Pair == "" || t.Pair == pair) && (t.Bot == "" || t.Bot == bot)
}

// Covers reports whether a plan over s does all that one over o would do.
func (s Scope) Covers(o Scope) bool {
	for _, t := range s.Except { // what it leaves alone, o must leave alone too
		if !slices.Contains(o.Except, t) {
			return false
		}
	}
	return (s.Bot == "" || s.Bot == o.Bot) && (s.Pair == "" || s.Pair == o.Pair) && (s.Protective || !o.Protective)
}

// Holds reports whether an order is in the scope, protective or not.
func (s Scope) Holds(pair, bot string) bool {
	return (Lot{s.Bot, s.Pair}).holds(pair, bot) && !slices.ContainsFunc(s.Except, func(t Lot) bool { return t.holds(pair, bot) })
}

// Protects reports whether an order limits the loss of what is held: stops, and what closes a margin position (SAFETY: the switch
// spares protection). A take_profit is spared with them: cancelling it helps nobody who is cut off.
func Protects(o bitbank.Order) bool {
	switch o.Type {
	case bitbank.Stop, bitbank.StopLimit, bitbank.StopLoss, bitbank.TakeProfit:
		return true
	}
	return o.PositionSide != "" && !Increases(o)
}

// Increases reports whether an order, executed, makes what its owner risks larger: a spot purchase, and what opens a margin position
// (a long one is opened by buying, a short one by selling: bitbank's documents, "Create new order").
func Increases(o bitbank.Order) bool {
	switch o.PositionSide {
	case bitbank.Long:
		return o.Side == bitbank.Buy
	case bitbank.Short:
		return o.Side == bitbank.Sell
	}
	return o.Side == bitbank.Buy
}

// A Named is an order by its name.
type Named struct {
	Pair string          `json:"pair"`
	ID   bitbank.OrderID `json:"id"`
}

// A Planned is a decision to cancel orders, with all that it was made of. It is carried out until each is over, whatever happens to us meanwhile.
type Planned struct {
	ID    string   `json:"id"`
	Scope Scope    `json:"scope"`
	By    string   `json:"by"`            // "owner", "switch" or "policy"
	Why   string   `json:"why,omitzero"`  // in words
	Lost  []string `json:"lost,omitzero"` // intents whose orders are cancelled as soon as they are found
	// Orders are cancelled, in this order; Spared are not, because they protect.
	Orders []Named `json:"orders,omitzero"`
	Spared []Named `json:"spared,omitzero"`
}

// A PlanMore adds orders to a plan that were placed before it and were found after.
type PlanMore struct {
	ID     string  `json:"id"`
	Orders []Named `json:"orders,omitzero"`
	Spared []Named `json:"spared,omitzero"`
}

// A PlanEnded says that a plan is over: all its orders are, or its owner has given it up.
type PlanEnded struct {
	ID      string `json:"id"`
	GivenUp bool   `json:"given_up,omitzero"`
	Left    []Left `json:"left,omitzero"` // those that bitbank does not cancel
}

// A Left is an order that bitbank refuses to cancel for a reason that waiting does not mend; with code 0 it knows no such order.
type Left struct {
	Named
	Code bitbank.Code `json:"code,omitzero"`
}

// A Plan is what has become of a Planned.
type Plan struct {
	Planned
	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended,omitzero"` // zero: it goes on
	GivenUp bool      `json:"given_up,omitzero"`
	Left    []Left    `json:"left,omitzero"`
}

// Open reports whether the plan goes on.
func (p *Plan) Open() bool { return p.Ended.IsZero() }

// keepPlans bounds the plans that are over.
const keepPlans = 50

func (l *Ledger) planned(p *Planned, at time.Time) {
	if p.ID == "" || l.plan(p.ID) != nil {
		return
	}
	l.plans = append(l.plans, &Plan{Planned: p.copy(), At: at})
	for over := l.plans; len(over) > keepPlans; over = over[1:] {
		if !over[0].Open() {
			l.plans = slices.DeleteFunc(l.plans, func(x *Plan) bool { return x == over[0] })
			return
		}
	}
}

func (p Planned) copy() Planned {
	p.Lost, p.Orders, p.Spared = slices.Clone(p.Lost), slices.Clone(p.Orders), slices.Clone(p.Spared)
	return p
}

func (l *Ledger) plan(id string) *Plan {
	for _, p := range l.plans {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (l *Ledger) planMore(m *PlanMore) {
	p := l.plan(m.ID)
	if p == nil || !p.Open() {
		return
	}
	for _, n := range m.Orders {
		if !slices.Contains(p.Orders, n) {
			p.Orders = append(p.Orders, n)
		}
	}
	for _, n := range m.Spared {
		if !slices.Contains(p.Spared, n) {
			p.Spared = append(p.Spared, n)
		}
	}
}

func (l *Ledger) planEnded(e *PlanEnded, at time.Time) {
	if p := l.plan(e.ID); p != nil && p.Open() {
		p.Ended, p.GivenUp, p.Left = at, e.GivenUp, slices.Clone(e.Left)
	}
}

// Plans are those that go on and the newest that are over, oldest first.
func (l *Ledger) Plans() []Plan { return l.plansThat(func(*Plan) bool { return true }) }

// OpenPlans are those that go on, oldest first.
func (l *Ledger) OpenPlans() []Plan { return l.plansThat((*Plan).Open) }

func (l *Ledger) plansThat(want func(*Plan) bool) (out []Plan) {
	for _, p := range l.plans {
		if want(p) {
			c := *p
			c.Planned, c.Left = p.Planned.copy(), slices.Clone(p.Left)
			out = append(out, c)
		}
	}
	return out
}

// Within are the live orders of a scope: those that are to be cancelled, what increases the risk before what reduces it, and those that
// are spared.
func (l *Ledger) Within(s Scope) (cancel, spare []bitbank.Order) {
	for _, o := range l.Live() {
		if !s.Holds(o.Pair, l.orders.all[orderKey{o.Pair, o.ID}].Origin.Bot) {
			continue
		}
		if Protects(o) && !s.Protective {
			spare = append(spare, o)
		} else {
			cancel = append(cancel, o)
		}
	}
	first := func(o bitbank.Order) int {
		if Increases(o) && !Protects(o) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(cancel, func(a, b bitbank.Order) int { return first(a) - first(b) })
	return cancel, spare
}

// LostWithin are the intents of orders in a scope whose outcome is not known. An order that would be spared is left out.
func (l *Ledger) LostWithin(s Scope) []Intent {
	return copies(l.intents.open, func(i *Intent) bool {
		if i.Order == nil || !s.Holds(i.Order.Pair, i.Bot) {
			return false
		}
		n := i.Order
		return s.Protective || !Protects(bitbank.Order{Side: n.Side, PositionSide: n.PositionSide, Type: n.Type})
	})
}

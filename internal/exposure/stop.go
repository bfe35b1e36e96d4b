package exposure

import (
	"slices"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A Cover is how much of something is protected by stop orders that stand on bitbank.
type Cover string

// The covers.
const (
	Uncovered Cover = "none"
	Partly    Cover = "part"
	Covered   Cover = "whole"
	InDoubt   Cover = "doubt" // it depends on orders whose outcome is not known
)

// A Stop is what the check-up has found for a position, or for a coin that is held.
type Stop struct {
	Pair    string
	Side    bitbank.PositionSide // Spot for a coin that is held
	Amount  decimal.Decimal
	Sure    decimal.Decimal // what is certainly covered, Amount at most
	Percent int             // Sure of Amount, rounded down
	Cover   Cover
	Orders  []bitbank.OrderID // that wait for their price
	Doubts  int               // orders that would count if it were known that they live
	Fired   []bitbank.OrderID // that were triggered and rest on the book: they wait for no price any more
	Wanted  bool              // the owner asked for it, or it is a position
	Old     bool              // the orders were read longer ago than ReadLimit
}

// stops looks at every margin position, and at every coin that is held.
func (r *Report) stops(in Input) {
	old := in.Read.IsZero() || in.Now.Sub(in.Read) > ReadLimit
	for _, p := range r.Positions {
		side := bitbank.Sell
		if p.Side == bitbank.Short {
			side = bitbank.Buy
		}
		s := in.stop(p.Pair, p.Side, side, p.OpenAmount.Decimal())
		s.Wanted, s.Old = true, old
		r.Stops = append(r.Stops, s)
	}
	for _, a := range r.Assets {
		if a.Asset == "jpy" || !a.OnHand.Decimal().IsPositive() {
			continue
		}
		s := in.stop(a.Asset+"_jpy", bitbank.Spot, bitbank.Sell, a.OnHand.Decimal())
		s.Old = old
		s.Wanted = in.wants(s.Pair)
		r.Stops = append(r.Stops, s)
	}
}

// wants reports whether the owner wants to be told when a coin has no stop.
func (in Input) wants(pair string) bool {
	for _, l := range in.Lines {
		if l.Kind == ledger.NoStop && l.Pair == pair {
			return true
		}
	}
	return false
}

func (in Input) stop(pair string, position bitbank.PositionSide, side bitbank.Side, amount decimal.Decimal) Stop {
	s := Stop{Pair: pair, Side: position, Amount: amount}
	maybe := decimal.Decimal{}
	for _, o := range in.Orders {
		if o.Pair != pair || o.PositionSide != position || o.Side != side || !slices.Contains([]bitbank.OrderType{bitbank.Stop, bitbank.StopLimit, bitbank.StopLoss}, o.Type) {
			continue
		}
		n, known := size(o)
		if !known { // without an amount it is for the whole position (bitbank's documents, "Create new order")
			n = amount
		}
		switch {
		case o.Unknown || o.Leaving:
			s.Doubts++
			maybe = maybe.Add(n)
		case o.Status != bitbank.StatusInactive:
			s.Fired = append(s.Fired, o.ID)
		default:
			s.Orders = append(s.Orders, o.ID)
			s.Sure = s.Sure.Add(n)
		}
	}
	whole := !s.Sure.LessThan(amount)
	s.Sure = decimal.Min(s.Sure, amount)
	s.Percent = 100
	if amount.IsPositive() {
		s.Percent = int(s.Sure.Mul(decimal.NewFromInt(100)).Div(amount).IntPart())
	}
	switch {
	case whole:
		s.Cover = Covered
	case maybe.IsPositive():
		s.Cover = InDoubt
	case s.Sure.IsPositive():
		s.Cover = Partly
	default:
		s.Cover = Uncovered
	}
	return s
}

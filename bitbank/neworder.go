package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A NewOrder is an order to be placed. Which fields it needs depends on its type:
//
//	Limit                 Amount, Price; PostOnly if wanted
//	Market                Amount
//	Stop                  Amount, TriggerPrice
//	StopLimit             Amount, Price, TriggerPrice
//	TakeProfit, StopLoss  TriggerPrice, PositionSide; without Amount for the whole position
//
// In every market mode but ModeNone bitbank refuses market orders and ignores PostOnly without a word.
type NewOrder struct {
	Pair         string
	Side         Side
	Type         OrderType
	PositionSide PositionSide // Spot, or which margin position it opens or closes
	Amount       Number       // in the pair's base asset
	Price        Number
	TriggerPrice Number
	PostOnly     bool
}

// Validate says why an order could not be right, whatever the market and the account are like. bitbank alone knows
// the rest.
func (o NewOrder) Validate() error {
	triggered := slices.Contains([]OrderType{Stop, StopLimit, TakeProfit, StopLoss}, o.Type)
	closing := o.Type == TakeProfit || o.Type == StopLoss
	switch {
	case !isPair(o.Pair):
		return fmt.Errorf("place an order: %.40q is not a pair such as btc_jpy", o.Pair)
	case o.Side != Buy && o.Side != Sell:
		return fmt.Errorf("place an order: the side %.40q is neither buy nor sell", o.Side)
	case o.Type != Limit && o.Type != Market && !triggered:
		return fmt.Errorf("place an order: %.40q is not a type that can be placed", o.Type)
	case o.PositionSide != Spot && o.PositionSide != Long && o.PositionSide != Short:
		return fmt.Errorf("place an order: the position side %.40q is neither long nor short", o.PositionSide)
	case closing && o.PositionSide == Spot:
		return fmt.Errorf("place an order: %s needs a position side", o.Type)
	case o.PostOnly && o.Type != Limit:
		return fmt.Errorf("place an order: post-only is for limit orders, not for %s", o.Type)
	}
	for _, f := range []struct {
		name            string
		value           Number
		needed, allowed bool
	}{
		{"amount", o.Amount, !closing, true},
		{"price", o.Price, o.Type == Limit || o.Type == StopLimit, o.Type == Limit || o.Type == StopLimit},
		{"trigger price", o.TriggerPrice, triggered, triggered},
	} {
		switch {
		case f.needed && !f.value.Known():
			return fmt.Errorf("place an order: %s needs a %s", o.Type, f.name)
		case f.value.Known() && !f.allowed:
			return fmt.Errorf("place an order: %s has no %s", o.Type, f.name)
		case f.value.Known() && f.value.Decimal().Sign() <= 0:
			return fmt.Errorf("place an order: the %s %s is not above zero", f.name, f.value)
		}
	}
	return nil
}

// MarshalJSON writes the body that bitbank's documents ask for, always in the same order and spacing.
func (o NewOrder) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Pair         string       `json:"pair"`
		Amount       string       `json:"amount,omitempty"`
		Price        string       `json:"price,omitempty"`
		Side         Side         `json:"side"`
		PositionSide PositionSide `json:"position_side,omitempty"`
		Type         OrderType    `json:"type"`
		PostOnly     bool         `json:"post_only,omitempty"`
		TriggerPrice string       `json:"trigger_price,omitempty"`
	}{o.Pair, o.Amount.plain(), o.Price.plain(), o.Side, o.PositionSide, o.Type, o.PostOnly, o.TriggerPrice.plain()})
}

// UnmarshalJSON reads what MarshalJSON writes, so that a journal can keep an order as it was sent.
func (o *NewOrder) UnmarshalJSON(b []byte) error {
	var w struct {
		Pair         string       `json:"pair"`
		Amount       Number       `json:"amount"`
		Price        Number       `json:"price"`
		Side         Side         `json:"side"`
		PositionSide PositionSide `json:"position_side"`
		Type         OrderType    `json:"type"`
		PostOnly     bool         `json:"post_only"`
		TriggerPrice Number       `json:"trigger_price"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*o = NewOrder{
		Pair: w.Pair, Side: w.Side, Type: w.Type, PositionSide: w.PositionSide, Amount: w.Amount, Price: w.Price,
		TriggerPrice: w.TriggerPrice, PostOnly: w.PostOnly,
	}
	return nil
}

// same reports whether got is o, as far as got says. An answer about another order is an answer to another request:
// to take its id would be to adopt somebody else's order.
func (o NewOrder) same(got Order) error {
	number := func(asked, got Number) bool { return !asked.Known() || !got.Known() || asked.Equal(got) }
	if got.Pair != "" && got.Pair != o.Pair || got.Side != "" && got.Side != o.Side ||
		got.Type != "" && got.Type != o.Type || got.PositionSide != "" && got.PositionSide != o.PositionSide ||
		!number(o.Amount, got.StartAmount) || !number(o.Price, got.Price) || !number(o.TriggerPrice, got.TriggerPrice) {
		return errors.New("the answer is about another order")
	}
	return nil
}

// nameOrders says why orders could not be found by pair and ids.
func nameOrders(pair string, ids ...OrderID) error {
	if !isPair(pair) {
		return fmt.Errorf("name an order: %.40q is not a pair such as btc_jpy", pair)
	}
	if len(ids) == 0 || len(ids) > maxOrders {
		return fmt.Errorf("name orders: %d ids, want 1 to %d", len(ids), maxOrders)
	}
	seen := map[OrderID]bool{}
	for _, id := range ids {
		if id <= 0 || seen[id] {
			return fmt.Errorf("name orders: the id %d is not above zero, or stands twice", id)
		}
		seen[id] = true
	}
	return nil
}

// wanted reports whether o is the order that was asked for.
func wanted(o Order, pair string, id OrderID) error {
	if o.Pair != pair || o.ID != id {
		return errors.New("the answer is about another order")
	}
	return nil
}

// wantedAll reports whether every order is one of those that were asked for.
func wantedAll(list []Order, pair string, ids []OrderID) error {
	for _, o := range list {
		if o.Pair != pair || !slices.Contains(ids, o.ID) {
			return errors.New("the answer is about another order")
		}
	}
	return nil
}

// missing are the ids that no order of list has.
func missing(ids []OrderID, list []Order) []OrderID {
	var out []OrderID
	for _, id := range ids {
		if !slices.ContainsFunc(list, func(o Order) bool { return o.ID == id }) {
			out = append(out, id)
		}
	}
	return out
}

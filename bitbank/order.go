package bitbank

import "errors"

// A Side says what an order or trade does.
type Side string

// The sides.
const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// A PositionSide says which margin position an order or trade is for; "" is spot. Buying opens a Long and closes a
// Short, selling the other way round.
type PositionSide string

// The sides of a position.
const (
	Spot  PositionSide = ""
	Long  PositionSide = "long"
	Short PositionSide = "short"
)

// An OrderType is how an order is executed (bitbank's documents, "Create new order").
type OrderType string

// The types. Market is fill or kill. TakeProfit and StopLoss close a margin position, the whole of it when they have
// no amount. LossCut is made by bitbank itself when it liquidates.
const (
	Limit      OrderType = "limit"
	Market     OrderType = "market"
	Stop       OrderType = "stop"
	StopLimit  OrderType = "stop_limit"
	TakeProfit OrderType = "take_profit"
	StopLoss   OrderType = "stop_loss"
	LossCut    OrderType = "losscut"
)

// An OrderStatus is where an order is in its life, as bitbank wrote it. One that bitbank adds is kept as it came.
type OrderStatus string

// The statuses. The lists of bitbank's documents differ; all seven are to be expected everywhere.
const (
	StatusInactive                OrderStatus = "INACTIVE" // a stop that is not triggered
	StatusUnfilled                OrderStatus = "UNFILLED"
	StatusPartiallyFilled         OrderStatus = "PARTIALLY_FILLED"
	StatusFullyFilled             OrderStatus = "FULLY_FILLED"
	StatusCanceledUnfilled        OrderStatus = "CANCELED_UNFILLED"
	StatusCanceledPartiallyFilled OrderStatus = "CANCELED_PARTIALLY_FILLED" // what was executed counts
	StatusRejected                OrderStatus = "REJECTED"                  // taken by the interface, refused by the engine
)

// StageUnknown is the stage of a status that is not one of the constants.
const StageUnknown = -1

// StageTerminal is the stage of orders that change no more.
const StageTerminal = 3

// Stage orders the statuses: 0 inactive, 1 unfilled, 2 partially filled, StageTerminal, or StageUnknown. An order's
// stage only rises; of two reports of the same stage the one with the smaller RemainingAmount is newer.
func (s OrderStatus) Stage() int {
	switch s {
	case StatusInactive:
		return 0
	case StatusUnfilled:
		return 1
	case StatusPartiallyFilled:
		return 2
	case StatusFullyFilled, StatusCanceledUnfilled, StatusCanceledPartiallyFilled, StatusRejected:
		return StageTerminal
	}
	return StageUnknown
}

// Terminal reports whether the order changes no more. An unknown status is not terminal.
func (s OrderStatus) Terminal() bool { return s.Stage() == StageTerminal }

// An Order is an order as bitbank reports it. Which numbers and times are known depends on its type and status.
type Order struct {
	ID           OrderID      `json:"order_id"`
	Pair         string       `json:"pair"`
	Side         Side         `json:"side"`
	PositionSide PositionSide `json:"position_side,omitempty"`
	Type         OrderType    `json:"type"`
	Status       OrderStatus  `json:"status"`

	StartAmount     Number `json:"start_amount"`     // absent for TakeProfit and StopLoss without amount
	RemainingAmount Number `json:"remaining_amount"` // likewise
	ExecutedAmount  Number `json:"executed_amount"`  // the number to trust for what is owned
	AveragePrice    Number `json:"average_price"`    // "0" while nothing is executed
	Price           Number `json:"price"`            // Limit and StopLimit
	TriggerPrice    Number `json:"trigger_price"`    // the kinds with a trigger

	PostOnly bool `json:"post_only"`
	// UserCancelable is nil when bitbank does not say; see Cancelable.
	UserCancelable *bool `json:"user_cancelable,omitempty"`

	OrderedAt   Millis `json:"ordered_at"`
	ExpireAt    Millis `json:"expire_at,omitempty"` // orders live 180 days (bitbank's announcement of 2021-04)
	TriggeredAt Millis `json:"triggered_at,omitempty"`
	CanceledAt  Millis `json:"canceled_at,omitempty"`
}

// Cancelable reports whether the owner may cancel the order; bitbank's own liquidations say no.
func (o Order) Cancelable() bool { return o.UserCancelable == nil || *o.UserCancelable }

// check is for answers of REST, where the documents promise these fields; the stream leaves some of them out.
func (o *Order) check() error {
	switch {
	case o.ID == 0:
		return errors.New("an order without order_id")
	case o.Pair == "" || o.Side == "" || o.Type == "" || o.Status == "":
		return errors.New("an order without pair, side, type or status")
	case !o.ExecutedAmount.Known():
		return errors.New("an order without executed_amount")
	}
	return nil
}

type orders struct {
	Orders []Order `json:"orders"`
}

func (l *orders) check() error {
	seen := make(map[OrderID]bool, len(l.Orders))
	for _, o := range l.Orders {
		if seen[o.ID] {
			return errors.New("an order is listed twice")
		}
		seen[o.ID] = true
	}
	return checkAll("orders", l.Orders)
}

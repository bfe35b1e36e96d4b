package bitbank

import "errors"

// The liquidity a trade brought or took.
const (
	Maker = "maker"
	Taker = "taker"
)

// A Trade is one execution of an order of the account.
type Trade struct {
	ID           TradeID      `json:"trade_id"` // unique within Pair only
	Pair         string       `json:"pair"`
	OrderID      OrderID      `json:"order_id"`
	Side         Side         `json:"side"`
	PositionSide PositionSide `json:"position_side,omitempty"`
	Type         OrderType    `json:"type"`
	Amount       Number       `json:"amount"`
	Price        Number       `json:"price"`
	MakerTaker   string       `json:"maker_taker"`
	FeeBase      Number       `json:"fee_amount_base"`
	// FeeQuote is negative for a rebate. On margin it is zero for an opening trade; a closing one carries both fees.
	FeeQuote Number `json:"fee_amount_quote"`
	// FeeOccurredQuote is the fee that arose with this trade; not every answer has it.
	FeeOccurredQuote Number `json:"fee_occurred_amount_quote"`
	ProfitLoss       Number `json:"profit_loss"` // margin only; fees and interest are already taken off
	Interest         Number `json:"interest"`    // margin only
	ExecutedAt       Millis `json:"executed_at"`
}

func (t *Trade) check() error {
	switch {
	case t.ID == 0 || t.OrderID == 0:
		return errors.New("a trade without trade_id or order_id")
	case t.Pair == "" || t.Side == "" || t.ExecutedAt <= 0:
		return errors.New("a trade without pair, side or executed_at")
	case !t.Amount.Known() || !t.Price.Known():
		return errors.New("a trade without amount or price")
	}
	return nil
}

type trades struct {
	Trades []Trade `json:"trades"`
}

func (l *trades) check() error { return checkAll("trades", l.Trades) }

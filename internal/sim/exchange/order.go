package exchange

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// The statuses of orders, by bitbank's names.
const (
	inactive          = "INACTIVE"
	unfilled          = "UNFILLED"
	partiallyFilled   = "PARTIALLY_FILLED"
	fullyFilled       = "FULLY_FILLED"
	canceledUnfilled  = "CANCELED_UNFILLED"
	canceledPartially = "CANCELED_PARTIALLY_FILLED"
	rejected          = "REJECTED"
)

// The types of orders.
const (
	limit      = "limit"
	atMarket   = "market"
	stop       = "stop"
	stopLimit  = "stop_limit"
	takeProfit = "take_profit"
	stopLoss   = "stop_loss"
	losscut    = "losscut"
)

// An Order is one order of an account.
type Order struct {
	ID       int64
	account  *Account
	pair     *pair
	side     market.Side
	position string // long, short, or "" for spot
	kind     string
	postOnly bool

	price, trigger        int64 // ticks
	start, left, executed int64 // units; start is 0 for a whole position
	paid                  decimal.Decimal
	lock                  decimal.Decimal // of lockAsset, still put aside
	status                string

	ordered, triggered, canceled, finished time.Time
}

// lifetime is how long an order rests before bitbank cancels it (announcement of 2021-04).
const lifetime = 180 * 24 * time.Hour

// horizon is how long a finished order can be looked up (documented: three months).
const horizon = 90 * 24 * time.Hour

func (o *Order) terminal() bool {
	switch o.status {
	case inactive, unfilled, partiallyFilled:
		return false
	}
	return true
}

// triggers reports whether the type waits for a price.
func triggers(kind string) bool {
	return kind == stop || kind == stopLimit || kind == takeProfit || kind == stopLoss
}

// rests reports whether the type stands in the book.
func rests(kind string) bool { return kind == limit || kind == stopLimit }

// closes reports whether a margin order makes a position smaller: selling a long one, buying a short one back.
func (o *Order) closes() bool { return closes(o.side, o.position) }

func closes(s market.Side, position string) bool {
	return position == "long" && s == market.Sell || position == "short" && s == market.Buy
}

// A Row is an order as bitbank writes it. Which keys there are depends on the order.
type Row struct {
	OrderID        int64   `json:"order_id"`
	Pair           string  `json:"pair"`
	Side           string  `json:"side"`
	PositionSide   *string `json:"position_side,omitempty"`
	Type           string  `json:"type"`
	StartAmount    *string `json:"start_amount"`
	Remaining      *string `json:"remaining_amount"`
	Executed       string  `json:"executed_amount"`
	Price          *string `json:"price,omitempty"`
	PostOnly       *bool   `json:"post_only,omitempty"`
	UserCancelable bool    `json:"user_cancelable"`
	AveragePrice   string  `json:"average_price"`
	OrderedAt      int64   `json:"ordered_at"`
	ExpireAt       *int64  `json:"expire_at"`
	TriggeredAt    *int64  `json:"triggered_at,omitempty"`
	TriggerPrice   *string `json:"trigger_price,omitempty"`
	CanceledAt     *int64  `json:"canceled_at,omitempty"`
	Status         string  `json:"status"`
}

// row writes an order. fetched is for reads, where canceled_at is not documented.
func (x *Exchange) row(o *Order, fetched bool) Row {
	p := o.pair
	r := Row{
		OrderID: o.ID, Pair: p.Name, Side: string(o.side), Type: o.kind, Executed: p.amount(o.executed),
		UserCancelable: o.kind != losscut, AveragePrice: "0", OrderedAt: o.ordered.UnixMilli(), Status: o.status,
	}
	if o.position != "" {
		r.PositionSide = &o.position
	}
	if o.start > 0 {
		r.StartAmount, r.Remaining = new(p.amount(o.start)), new(p.amount(o.left))
	}
	if rests(o.kind) {
		r.Price = new(p.price(o.price))
	}
	if o.kind == limit {
		r.PostOnly = &o.postOnly
	}
	if triggers(o.kind) {
		r.TriggerPrice = new(p.price(o.trigger))
		if !o.triggered.IsZero() {
			r.TriggeredAt = new(o.triggered.UnixMilli())
		}
	}
	if o.kind != atMarket && o.kind != losscut {
		r.ExpireAt = new(o.ordered.Add(lifetime).UnixMilli())
	}
	if o.executed > 0 {
		r.AveragePrice = o.paid.DivRound(p.coins(o.executed), int32(p.PriceDigits)).StringFixed(int32(p.PriceDigits))
	}
	if !o.canceled.IsZero() && (!fetched || x.Plays(CanceledAt, "yes")) {
		r.CanceledAt = new(o.canceled.UnixMilli())
	}
	return r
}

// A Trade is one execution as bitbank writes it in trade_history.
type Trade struct {
	TradeID      int64   `json:"trade_id"`
	Pair         string  `json:"pair"`
	OrderID      int64   `json:"order_id"`
	Side         string  `json:"side"`
	PositionSide *string `json:"position_side,omitempty"`
	Type         string  `json:"type"`
	Amount       string  `json:"amount"`
	Price        string  `json:"price"`
	MakerTaker   string  `json:"maker_taker"`
	FeeBase      string  `json:"fee_amount_base"`
	FeeQuote     string  `json:"fee_amount_quote"`
	FeeOccurred  string  `json:"fee_occurred_amount_quote"`
	ProfitLoss   *string `json:"profit_loss,omitempty"`
	Interest     *string `json:"interest,omitempty"`
	ExecutedAt   int64   `json:"executed_at"`
}

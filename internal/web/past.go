package web

import (
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/text"
)

// A History is the orders of a past time, for programs, with the words for people. `hikeshi orders --since … --json` prints it.
type History struct {
	Since    Stamp       `json:"since"`
	Until    Stamp       `json:"until"`
	Pair     string      `json:"pair,omitzero"`
	Followed Stamp       `json:"followed,omitzero"` // since when the account is followed: of orders before it only those with trades are known
	First    Stamp       `json:"first,omitzero"`    // bitbank has shown no trades before; absent: its oldest were not read yet
	Holes    []Span      `json:"holes"`             // where trades may be missing
	Orders   []PastOrder `json:"orders"`            // the newest first
	// Transfers are those that began in that time, oldest first, of all pairs.
	Transfers []Transfer `json:"transfers"`
}

// A Span is a piece of time.
type Span struct {
	From Stamp `json:"from"`
	To   Stamp `json:"to"`
}

// A PastOrder is an order with its trades, oldest first.
type PastOrder struct {
	Order
	Trades []Trade `json:"trades"`
}

// A Trade is one execution as bitbank reports it.
type Trade struct {
	ID         bitbank.TradeID `json:"trade_id"`
	Amount     string          `json:"amount"`
	Price      string          `json:"price"`
	FeeBase    string          `json:"fee_amount_base,omitzero"`
	FeeQuote   string          `json:"fee_amount_quote,omitzero"`
	ProfitLoss string          `json:"profit_loss,omitzero"`
	Interest   string          `json:"interest,omitzero"`
	MakerTaker string          `json:"maker_taker,omitzero"`
	ExecutedAt Stamp           `json:"executed_at"`
}

// DescribeHistory words a history.
func DescribeHistory(l text.Lang, h account.History, now time.Time) History {
	out := History{
		Since: Stamp(h.Since), Until: Stamp(h.Until), Pair: h.Pair, Followed: Stamp(h.Followed), First: Stamp(h.First), Holes: []Span{}, Orders: []PastOrder{}, Transfers: []Transfer{},
	}
	for _, s := range h.Holes {
		out.Holes = append(out.Holes, Span{Stamp(s.From), Stamp(s.To)})
	}
	for _, t := range h.Transfers {
		out.Transfers = append(out.Transfers, shapeTransfer(l, t))
	}
	for _, x := range h.Orders {
		o := PastOrder{Order: shapeOrder(l, x.Line, false, now), Trades: []Trade{}}
		for _, t := range x.Trades {
			o.Trades = append(o.Trades, Trade{
				ID: t.ID, Amount: t.Amount.String(), Price: t.Price.String(), FeeBase: t.FeeBase.String(), FeeQuote: t.FeeQuote.String(),
				ProfitLoss: t.ProfitLoss.String(), Interest: t.Interest.String(), MakerTaker: t.MakerTaker, ExecutedAt: Stamp(t.ExecutedAt.Time()),
			})
		}
		out.Orders = append(out.Orders, o)
	}
	return out
}

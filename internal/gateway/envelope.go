package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// writing is how long an answer may take to be taken from us.
const writing = 5 * time.Second

// failure is bitbank's envelope around a code.
func failure(code bitbank.Code) []byte {
	return []byte(`{"success":0,"data":{"code":` + strconv.Itoa(int(code)) + `}}`)
}

// success is bitbank's envelope around data.
func success(data any) []byte {
	return asJSON(struct {
		Success int `json:"success"`
		Data    any `json:"data"`
	}{1, data})
}

// asJSON writes our own types, which hold nothing that cannot be written.
func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("gateway: write an answer: " + err.Error())
	}
	return b
}

// respond writes an answer of ours. say is for people.
func respond(w http.ResponseWriter, status int, say string, body []byte) bool {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if say != "" {
		h.Set("Hikeshi-Reason", oneLine(say))
	}
	return send(w, status, body)
}

// oneLine is s as a header can carry it: one line of printable ASCII, at most 200 bytes.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
	return s[:min(len(s), 200)]
}

// send writes an answer, and reports whether all of it was given to the connection.
func send(w http.ResponseWriter, status int, body []byte) bool {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(writing)) // a recorder of a test has no deadline
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	n, err := w.Write(body)
	return err == nil && n == len(body) && rc.Flush() == nil
}

// An orderRow is an order as bitbank writes it: which keys there are depends on the order (bitbank's documents, "Order").
type orderRow struct {
	ID              bitbank.OrderID      `json:"order_id"`
	Pair            string               `json:"pair"`
	Side            bitbank.Side         `json:"side"`
	PositionSide    bitbank.PositionSide `json:"position_side,omitempty"`
	Type            bitbank.OrderType    `json:"type"`
	StartAmount     bitbank.Number       `json:"start_amount"` // null without one
	RemainingAmount bitbank.Number       `json:"remaining_amount"`
	ExecutedAmount  bitbank.Number       `json:"executed_amount"`
	Price           *bitbank.Number      `json:"price,omitempty"`
	PostOnly        *bool                `json:"post_only,omitempty"` // limit orders have one
	UserCancelable  *bool                `json:"user_cancelable,omitempty"`
	AveragePrice    bitbank.Number       `json:"average_price"`
	OrderedAt       bitbank.Millis       `json:"ordered_at"`
	ExpireAt        *bitbank.Millis      `json:"expire_at"` // null without one
	TriggeredAt     bitbank.Millis       `json:"triggered_at,omitempty"`
	TriggerPrice    *bitbank.Number      `json:"trigger_price,omitempty"`
	CanceledAt      bitbank.Millis       `json:"canceled_at,omitempty"`
	Status          bitbank.OrderStatus  `json:"status"`
}

func rowOf(o bitbank.Order) orderRow {
	known := func(n bitbank.Number) *bitbank.Number {
		if !n.Known() {
			return nil
		}
		return &n
	}
	r := orderRow{
		ID: o.ID, Pair: o.Pair, Side: o.Side, PositionSide: o.PositionSide, Type: o.Type, StartAmount: o.StartAmount,
		RemainingAmount: o.RemainingAmount, ExecutedAmount: o.ExecutedAmount, Price: known(o.Price), UserCancelable: o.UserCancelable,
		AveragePrice: o.AveragePrice, OrderedAt: o.OrderedAt, TriggeredAt: o.TriggeredAt, TriggerPrice: known(o.TriggerPrice),
		CanceledAt: o.CanceledAt, Status: o.Status,
	}
	if o.Type == bitbank.Limit {
		r.PostOnly = &o.PostOnly
	}
	if o.ExpireAt != 0 {
		r.ExpireAt = &o.ExpireAt
	}
	return r
}

func rowsOf(orders []bitbank.Order) []orderRow {
	rows := make([]orderRow, len(orders))
	for i, o := range orders {
		rows[i] = rowOf(o)
	}
	return rows
}

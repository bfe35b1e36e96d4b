package exchange

import (
	"strconv"
	"testing"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// An operation is an order that is accepted, or a cancel: here four far orders, their cancels, and two that trade.
func BenchmarkOrderOperations(b *testing.B) {
	m := market.New(1, 1, opening)
	x := New(1, m, Limits{})
	a := x.Open("one", map[string]decimal.Decimal{"jpy": decimal.NewFromInt(1_000_000_000), "btc": decimal.NewFromInt(1000)})
	far := Params{"pair": "btc_jpy", "side": "buy", "type": "limit", "amount": "0.001", "price": strconv.FormatInt(m.Last("btc_jpy")*9/10, 10)}
	buy := Params{"pair": "btc_jpy", "side": "buy", "type": "market", "amount": "0.001"}
	sell := Params{"pair": "btc_jpy", "side": "sell", "type": "market", "amount": "0.001"}
	place := func(p Params) int64 {
		row, code := x.Place(a, p)
		if code != 0 {
			b.Fatalf("%v: %d", p, code)
		}
		return row.OrderID
	}
	done := 0
	for b.Loop() {
		var ids [4]int64
		for i := range ids {
			ids[i] = place(far)
		}
		for _, id := range ids {
			if _, code := x.Cancel(a, Params{"pair": "btc_jpy", "order_id": strconv.FormatInt(id, 10)}); code != 0 {
				b.Fatal(code)
			}
		}
		place(buy)
		place(sell)
		done += 10
		x.Changes()
		x.Events()
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "operations/s")
}

package exchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

func TestADealMovesMoneyAndOnlyTheStreamTellsIt(t *testing.T) {
	x := New(1, market.New(1, 1, opening), Limits{})
	a := x.Open("one", map[string]decimal.Decimal{"jpy": decimal.NewFromInt(20_000), "btc": decimal.New(1, -2)})
	deal := func(asset string, side market.Side, price, amount string) error {
		return x.Deal(a, Deal{asset, side, decimal.RequireFromString(price), decimal.RequireFromString(amount)})
	}
	for _, bad := range []struct {
		asset         string
		side          market.Side
		price, amount string
		says          string
	}{
		{"jpy", market.Buy, "1", "1", "asset:"},
		{"no", market.Buy, "1", "1", "asset:"},
		{"btc", "up", "1", "1", "side:"},
		{"btc", market.Buy, "0", "1", "price:"},
		{"btc", market.Buy, "0.00001", "1", "price:"},
		{"btc", market.Buy, "1e16", "1", "price:"},
		{"btc", market.Buy, "1", "-1", "amount:"},
		{"btc", market.Buy, "1", "0.000000001", "amount:"},
		{"btc", market.Buy, "15000000", "0.002", "amount: it costs 30000 jpy, the account has 20000 free"},
		{"btc", market.Sell, "15000000", "0.02", "amount: it costs 0.02 btc, the account has 0.01 free"},
	} {
		if err := deal(bad.asset, bad.side, bad.price, bad.amount); err == nil || !strings.HasPrefix(err.Error(), bad.says) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if got := x.Events(); len(got) != 0 {
		t.Errorf("refused deals are told: %v", got)
	}
	for _, side := range []market.Side{market.Buy, market.Sell} {
		if err := deal("btc", side, "15000000.5", "0.001"); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct{ asset, onhand string }{{"jpy", "20000"}, {"btc", "0.01"}} {
		if got := a.balance(want.asset).onhand(); !got.Equal(decimal.RequireFromString(want.onhand)) {
			t.Errorf("after a purchase and its reversal there are %s %s", got, want.asset)
		}
		if is, should := x.Sum(want.asset); !is.Equal(should) {
			t.Errorf("there are %s %s, should be %s", is, want.asset, should)
		}
	}
	methods := map[string]int{}
	for _, e := range x.Events() {
		methods[e.Method]++
		if b, _ := json.Marshal(e.Params); e.Method == "dealer_order_new" && !strings.Contains(string(b), `"price":"15000000.5","amount":"0.001"`) {
			t.Errorf("told: %s", b)
		}
	}
	if methods["dealer_order_new"] != 2 || methods["asset_update"] != 4 || len(methods) != 2 {
		t.Errorf("told: %v", methods)
	}
	if got, _ := x.History(a, Params{}); len(got.Trades) != 0 {
		t.Error("a deal stands in the trade history")
	}
}

package bitbank

import (
	"encoding/json"
	"testing"
)

// A journal keeps orders as they were sent, and a case that is resumed compares with them.
func TestAnOrderReadsBackAsItWasWritten(t *testing.T) {
	number := func(s string) Number {
		n, err := ParseNumber(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, want := range []NewOrder{
		{Pair: "btc_jpy", Side: Buy, Type: Limit, Amount: number("0.0100"), Price: number("15000000"), PostOnly: true},
		{Pair: "xrp_jpy", Side: Sell, Type: StopLimit, Amount: number("7"), Price: number("90.5"), TriggerPrice: number("91")},
		{Pair: "btc_jpy", Side: Sell, Type: StopLoss, PositionSide: Long, TriggerPrice: number("9000000")},
		{Pair: "eth_jpy", Side: Buy, Type: Market, PositionSide: Short, Amount: number("0.5")},
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got NewOrder
		if err := json.Unmarshal(b, &got); err != nil || got != want {
			t.Errorf("%s reads back as %+v, %v", b, got, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"pair":"btc_jpy","amount":"much"}`), new(NewOrder)); err == nil {
		t.Error("an amount that is no number was read")
	}
}

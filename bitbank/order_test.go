package bitbank_test

import (
	"encoding/json"
	"testing"

	"hikeshi/bitbank"
)

func TestIdsAreExactOrAnError(t *testing.T) {
	for text, want := range map[string]int64{
		`1`: 1, `"1"`: 1, `0`: 0, `null`: 0,
		`59592963728`: 59592963728, `"59592963728"`: 59592963728,
		`9007199254740993`: 9007199254740993, `"9007199254740993"`: 9007199254740993, // 2^53 + 1
		`9223372036854775807`: 1<<63 - 1, `"9223372036854775807"`: 1<<63 - 1,
	} {
		var order bitbank.OrderID
		var trade bitbank.TradeID
		if err := json.Unmarshal([]byte(text), &order); err != nil || int64(order) != want {
			t.Errorf("%s: got %d, %v; want %d", text, order, err, want)
		}
		if err := json.Unmarshal([]byte(text), &trade); err != nil || int64(trade) != want {
			t.Errorf("%s: got %d, %v; want %d", text, trade, err, want)
		}
	}
	for _, text := range []string{
		`1.5`, `1.0`, `1e3`, `-1`, `-0`, `9223372036854775808`, `99999999999999999999`, `true`, `{}`, `[1]`,
		`""`, `" 1"`, `"1 "`, `"+1"`, `"-1"`, `"01"`, `"1.0"`, `"1e3"`, `"1_000"`, `"0x1"`, `"１"`, `"9223372036854775808"`, `"null"`,
	} {
		var order bitbank.OrderID
		if err := json.Unmarshal([]byte(text), &order); err == nil {
			t.Errorf("%s was read as %d", text, order)
		}
	}
}

func TestAStatusIsTerminalOnlyWhenItIsKnownToBe(t *testing.T) {
	for status, stage := range map[bitbank.OrderStatus]int{
		"INACTIVE": 0, "UNFILLED": 1, "PARTIALLY_FILLED": 2,
		"FULLY_FILLED": 3, "CANCELED_UNFILLED": 3, "CANCELED_PARTIALLY_FILLED": 3, "REJECTED": 3,
		"": bitbank.StageUnknown, "CANCELED": bitbank.StageUnknown, "fully_filled": bitbank.StageUnknown, "NEW": bitbank.StageUnknown,
	} {
		if got := status.Stage(); got != stage || status.Terminal() != (stage == bitbank.StageTerminal) {
			t.Errorf("%q: stage %d, terminal %v", status, got, status.Terminal())
		}
	}
	for status, terminal := range map[bitbank.WithdrawalStatus]bool{
		"CONFIRMING": false, "EXAMINING": false, "SENDING": false, "": false, "NEW": false,
		"DONE": true, "REJECTED": true, "CANCELED": true, "CONFIRM_TIMEOUT": true,
	} {
		if status.Terminal() != terminal {
			t.Errorf("withdrawal %q: terminal %v", status, status.Terminal())
		}
	}
	for status, terminal := range map[bitbank.DepositStatus]bool{"FOUND": false, "CONFIRMED": false, "DONE": true, "NEW": false} {
		if status.Terminal() != terminal {
			t.Errorf("deposit %q: terminal %v", status, status.Terminal())
		}
	}
}

// The documents' tables, their examples and what was seen differ; every form is read, and what contradicts itself is
// not.
func TestFieldsThatTravelInTwoFormsAreRead(t *testing.T) {
	for _, c := range []struct {
		into any
		text string
		want string // what it is written as; "" is an error
	}{
		{new(bitbank.AssetUpdate), `{"asset":"jpy","freeAmount":"1","lockedAmount":"2","onhandAmount":"3","withdrawingAmount":"0","amountPrecision":4}`,
			`{"asset":"jpy","free_amount":"1","locked_amount":"2","onhand_amount":"3","withdrawing_amount":"0","amount_precision":4}`},
		{new(bitbank.AssetUpdate), `{"asset":"jpy","free_amount":"1","locked_amount":"2","onhand_amount":"3"}`,
			`{"asset":"jpy","free_amount":"1","locked_amount":"2","onhand_amount":"3","withdrawing_amount":null,"amount_precision":0}`},
		{new(bitbank.AssetUpdate), `{"asset":"jpy","free_amount":"1","freeAmount":"1.0"}`,
			`{"asset":"jpy","free_amount":"1","locked_amount":null,"onhand_amount":null,"withdrawing_amount":null,"amount_precision":0}`},
		{new(bitbank.AssetUpdate), `{"asset":"jpy","free_amount":"1","freeAmount":"2"}`, ""},
		{new(bitbank.AssetUpdate), `{"asset":"jpy","amount_precision":4,"amountPrecision":8}`, ""},
		{new(bitbank.Position), `{"pair":"btc_jpy","position_side":"long","open":"0.1","locked":"0","unrealized_fee":"1","unrealized_interest":"2"}`,
			`{"pair":"btc_jpy","position_side":"long","open_amount":"0.1","locked_amount":"0","product":null,"average_price":null,"unrealized_fee_amount":"1","unrealized_interest_amount":"2"}`},
		{new(bitbank.Position), `{"pair":"btc_jpy","position_side":"long","open":"0.1","open_amount":"0.2"}`, ""},
		{new(bitbank.Tag), `12345678901234567890`, `"12345678901234567890"`},
		{new(bitbank.Tag), `"0012"`, `"0012"`},
		{new(bitbank.Tag), `null`, `""`},
		{new(bitbank.Tag), `1.5`, ""},
		{new(bitbank.Tag), `-1`, ""},
		{new(bitbank.Tag), `true`, ""},
	} {
		err := json.Unmarshal([]byte(c.text), c.into)
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if out, _ := json.Marshal(c.into); err == nil && string(out) != c.want {
			t.Errorf("%s: got %s, want %s", c.text, out, c.want)
		}
	}
	for what, kind := range map[string]string{"margin_call": bitbank.NoticeCall, "marginCall": bitbank.NoticeCall, "debt": bitbank.NoticeDebt, "SETTLED": bitbank.NoticeSettled, "": ""} {
		if got := (bitbank.MarginNotice{What: what}).Kind(); got != kind {
			t.Errorf("%q is the kind %q", what, got)
		}
	}
}

package bitbank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"hikeshi/bitbank/bitbanktest"
)

// accountData are the answers about an account: a right one, and its reader, which gives back what it read.
var accountData = []struct {
	name, body string
	read       func([]byte) (any, error)
}{
	{"order", `{"success":1,"data":{"order_id":9007199254740993,"pair":"btc_jpy","side":"buy","position_side":"long","type":"limit","start_amount":"0.0100","remaining_amount":null,"executed_amount":"0.0000","price":"15000000","average_price":"0","post_only":true,"user_cancelable":false,"ordered_at":1767225600000,"expire_at":null,"triggered_at":5,"trigger_price":"1","canceled_at":6,"status":"UNFILLED"}}`, reader[Order]},
	{"placed order", `{"success":1,"data":{"order_id":"9223372036854775807"}}`, reader[placedOrder]},
	{"orders", `{"success":1,"data":{"orders":[{"order_id":1,"pair":"a_b","side":"sell","type":"stop","executed_amount":1e-8,"status":"NEW"}]}}`, reader[orders]},
	{"trades", bitbanktest.Payload("trade_history"), reader[trades]},
	{"margin status", bitbanktest.Payload("margin_status"), reader[MarginStatus]},
	{"positions", bitbanktest.Payload("margin_positions"), reader[Positions]},
	{"position of the stream", `{"success":1,"data":{"pair":"btc_jpy","position_side":"short","open":"1","locked":"2","unrealized_fee":"3","unrealized_interest":"4"}}`, reader[Position]},
	{"deposits", bitbanktest.Payload("deposit_history"), reader[deposits]},
	{"unconfirmed deposits", bitbanktest.Payload("unconfirmed_deposits"), reader[unconfirmedDeposits]},
	{"originators", bitbanktest.Payload("deposit_originators"), reader[originators]},
	{"withdrawal accounts", bitbanktest.Payload("withdrawal_account"), reader[withdrawalAccounts]},
	{"withdrawals", bitbanktest.Payload("withdrawal_history"), reader[withdrawals]},
	{"withdrawal", `{"success":1,"data":{"uuid":"u","asset":"xrp","amount":"1","status":"SENDING","destination_tag":"00012"}}`, reader[Withdrawal]},
	{"asset update", `{"success":1,"data":{"asset":"jpy","freeAmount":"1","locked_amount":"2","onhandAmount":3.50,"withdrawing_amount":null,"amountPrecision":4}}`, reader[AssetUpdate]},
	{"confirmation", `{"success":1,"data":{}}`, reader[ConfirmedDeposits]},
}

func reader[T any](body []byte) (any, error) { return decode[T]("read", 200, "application/json", body) }

// secondName is the other name under which a field travels: those of the private stream's positions, and of its balances.
var secondName = map[string]string{
	"open_amount": "open", "locked_amount": "locked", "unrealized_fee_amount": "unrealized_fee", "unrealized_interest_amount": "unrealized_interest",
}

var secondNameOfBalance = map[string]string{
	"free_amount": "freeAmount", "locked_amount": "lockedAmount", "onhand_amount": "onhandAmount", "withdrawing_amount": "withdrawingAmount",
	"amount_precision": "amountPrecision",
}

// What is read of an account is what stands there, digit by digit, or an error: no id is rounded, no amount loses a
// zero, no field is taken from elsewhere. Written and read again it is the same.
func FuzzAccount(f *testing.F) {
	for i, d := range accountData {
		f.Add(uint8(i), []byte(d.body))
		f.Add(uint8(i), []byte(`{"success":1,"data":{"pair":"","position_side":"","open":"0","locked":"A"}}`)) // one kind's name in another
	}
	f.Add(uint8(0), []byte(`{"success":1,"data":{"order_id":1,"Order_ID":2}}`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		read := accountData[int(which)%len(accountData)].read
		v, err := read(body)
		if err != nil {
			_, refused := errors.AsType[*Error](err)
			_, broken := errors.AsType[*BodyError](err)
			if !refused && !broken {
				t.Fatalf("an error of type %T: %v", err, err)
			}
			return
		}
		written, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := read([]byte(`{"success":1,"data":` + string(written) + `}`))
		if err != nil {
			t.Fatalf("%s was written as %s, which cannot be read: %v", body, written, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%s, read again, is %s (%v)", written, twice, err)
		}
		var raw struct {
			Data any `json:"data"`
		}
		var ours any
		if err := errors.Join(loose(body, &raw), loose(written, &ours)); err != nil {
			t.Fatal(err)
		}
		second := secondName
		if _, balance := v.(AssetUpdate); balance {
			second = secondNameOfBalance
		}
		if err := sameText(ours, raw.Data, second); err != nil {
			t.Fatalf("%s was read as %s: %v", body, written, err)
		}
	})
}

// loose reads JSON with numbers as text.
func loose(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

// sameText reports where ours says what raw does not.
func sameText(ours, raw any, second map[string]string) error {
	switch o := ours.(type) {
	case map[string]any:
		r, ok := raw.(map[string]any)
		if !ok && raw != nil {
			return fmt.Errorf("an object from %v", raw)
		}
		for name, value := range o {
			found := field(r, name)
			if found == nil {
				found = field(r, second[name])
			}
			if err := sameText(value, found, second); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	case []any:
		r, ok := raw.([]any)
		if !ok || len(r) != len(o) {
			return fmt.Errorf("%d rows from %v", len(o), raw)
		}
		for i := range o {
			if err := sameText(o[i], r[i], second); err != nil {
				return err
			}
		}
		return nil
	}
	got, want := fmt.Sprint(ours), fmt.Sprint(raw)
	empty := ours == nil || got == "" || got == "0" || got == "false"
	if got != want && !(empty && (raw == nil || want == "-0")) {
		return fmt.Errorf("%q from %q", got, want)
	}
	return nil
}

// field is what package json takes for name.
func field(m map[string]any, name string) any {
	for k, v := range m {
		if name != "" && strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

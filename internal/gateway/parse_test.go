package gateway

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

func TestAnOrderIsReadAsItWasMeant(t *testing.T) {
	for _, c := range []struct {
		body string
		want string // what would be sent
	}{
		{`{"pair": "xrp_jpy", "price": "20", "amount": "1","side": "buy", "type": "limit"}`,
			`{"pair":"xrp_jpy","amount":"1","price":"20","side":"buy","type":"limit"}`},
		{`{"pair":"btc_jpy","amount":0.1000,"price":15000000,"side":"sell","type":"limit","post_only":true}`,
			`{"pair":"btc_jpy","amount":"0.1000","price":"15000000","side":"sell","type":"limit","post_only":true}`},
		{`{"pair":"btc_jpy","amount":1e-4,"side":"sell","type":"market","price":null,"post_only":false}`,
			`{"pair":"btc_jpy","amount":"0.0001","side":"sell","type":"market"}`},
		{`{"pair":"btc_jpy","amount":"123456789012345678901234567890.123456789012345678901234567","price":"1","side":"buy","type":"limit"}`,
			`{"pair":"btc_jpy","amount":"123456789012345678901234567890.123456789012345678901234567","price":"1","side":"buy","type":"limit"}`},
		{`{"pair":"btc_jpy","amount":"1","trigger_price":"2","side":"buy","type":"stop"}`,
			`{"pair":"btc_jpy","amount":"1","side":"buy","type":"stop","trigger_price":"2"}`},
		{`{"pair":"btc_jpy","amount":"1","price":"3","trigger_price":"2","side":"buy","type":"stop_limit"}`,
			`{"pair":"btc_jpy","amount":"1","price":"3","side":"buy","type":"stop_limit","trigger_price":"2"}`},
		{`{"pair":"btc_jpy","trigger_price":"2","side":"sell","position_side":"long","type":"stop_loss"}`,
			`{"pair":"btc_jpy","side":"sell","position_side":"long","type":"stop_loss","trigger_price":"2"}`},
	} {
		o, err := readOrder([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if got, _ := json.Marshal(o); string(got) != c.want {
			t.Errorf("%s\nis %s\nwant %s", c.body, got, c.want)
		}
	}
}

// changed is a good order with fields replaced; a value "-" takes one out.
func changed(pairs ...string) string {
	f := map[string]string{"pair": `"btc_jpy"`, "amount": `"0.1"`, "price": `"100"`, "side": `"buy"`, "type": `"limit"`}
	for i := 0; i < len(pairs); i += 2 {
		if f[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(f, pairs[i])
		}
	}
	var parts []string
	for name, v := range f {
		parts = append(parts, fmt.Sprintf("%q:%s", name, v))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

func TestWhatIsWrongWithAnOrderHasBitbanksCode(t *testing.T) {
	for _, c := range []struct {
		body string
		want bitbank.Code
	}{
		{``, 10002}, {`[]`, 10002}, {`null`, 10002}, {`"a"`, 10002}, {`{`, 10002}, {`{"pair":}`, 10002},
		{changed() + "x", 10002}, {changed() + changed(), 10002},
		{`{"pair":"btc_jpy","pair":"xrp_jpy","amount":"1","price":"1","side":"buy","type":"limit"}`, 10002},
		{`{"pair":"btc_jpy","amount":"1","amount":null,"price":"1","side":"buy","type":"limit"}`, 10002},
		{changed("time_in_force", `"fok"`), 10002}, {changed("Amount", `"2"`), 10002},
		{changed("pair", "-"), 30009}, {changed("pair", "null"), 30009}, {changed("pair", `""`), 40017}, {changed("pair", "1"), 40017},
		{changed("pair", `"BTC/JPY"`), 40017}, {changed("pair", `"btcjpy"`), 40017}, {changed("pair", `"_jpy"`), 40017},
		{changed("amount", "-"), 30001}, {changed("amount", `"0"`), 40001}, {changed("amount", `"-1"`), 40001}, {changed("amount", `""`), 40001},
		{changed("amount", `"1,5"`), 40001}, {changed("amount", "true"), 40001}, {changed("amount", `"NaN"`), 40001}, {changed("amount", `[1]`), 40001},
		{changed("amount", `" 1"`), 40001}, {changed("amount", `"0x10"`), 40001}, {changed("amount", `1e999`), 40001},
		{changed("price", "-"), 30012}, {changed("price", `"0"`), 40020}, {changed("price", `"market"`), 40020},
		{changed("type", `"market"`), 40020}, // with a price
		{changed("side", "-"), 30013}, {changed("side", `"BUY"`), 40021}, {changed("side", "1"), 40021},
		{changed("type", "-"), 30015}, {changed("type", `"losscut"`), 40024}, {changed("type", `"fok"`), 40024}, {changed("type", "1"), 40024},
		{changed("type", `"stop_limit"`), 30101}, {changed("trigger_price", "1"), 40112}, {changed("type", `"stop_limit"`, "trigger_price", `"0"`), 40112},
		{changed("post_only", `"true"`), 40113}, {changed("post_only", `1`), 40113},
		{changed("type", `"market"`, "price", "-", "post_only", "true"), 40114},
		{changed("position_side", `"both"`), 40164}, {changed("type", `"stop_loss"`, "price", "-", "trigger_price", "1"), 40164},
	} {
		_, err := readOrder([]byte(c.body))
		if err == nil {
			t.Errorf("%s: is an order, want %d", c.body, c.want)
		} else if got := mistakeOf(err).code; got != c.want {
			t.Errorf("%s: code %d (%v), want %d", c.body, got, err, c.want)
		}
	}
}

func TestCancelsNameOrdersByNumberOrText(t *testing.T) {
	many := func(n int) string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprint(i + 1)
		}
		return `{"pair":"btc_jpy","order_ids":[` + strings.Join(ids, ",") + `]}`
	}
	for _, c := range []struct {
		body string
		many bool
		want []bitbank.OrderID
		code bitbank.Code
	}{
		{`{"pair":"btc_jpy","order_id":59592963728}`, false, []bitbank.OrderID{59592963728}, 0},
		{`{"pair":"btc_jpy","order_id":"59592963728"}`, false, []bitbank.OrderID{59592963728}, 0},
		{`{"pair":"btc_jpy","order_id":9007199254740993}`, false, []bitbank.OrderID{9007199254740993}, 0}, // no float holds it
		{`{"pair":"btc_jpy","order_ids":[1,"2",1]}`, true, []bitbank.OrderID{1, 2}, 0},
		{`{"order_id":1}`, false, nil, 30009}, {`{"pair":"","order_id":1}`, false, nil, 40017}, {`{"pair":5,"order_id":1}`, false, nil, 40017},
		{`{"pair":"btc_jpy"}`, false, nil, 30006}, {`{"pair":"btc_jpy"}`, true, nil, 30007}, {`{"pair":"btc_jpy","order_id":null}`, false, nil, 30006},
		{`{"pair":"btc_jpy","order_id":1.5}`, false, nil, 40013}, {`{"pair":"btc_jpy","order_id":1e3}`, false, nil, 40013},
		{`{"pair":"btc_jpy","order_id":true}`, false, nil, 40013}, {`{"pair":"btc_jpy","order_id":-1}`, false, nil, 40013},
		{`{"pair":"btc_jpy","order_id":0}`, false, nil, 40013}, {`{"pair":"btc_jpy","order_id":[1]}`, false, nil, 40013},
		{`{"pair":"btc_jpy","order_id":18446744073709551616}`, false, nil, 40013},
		{`{"pair":"btc_jpy","order_ids":[]}`, true, nil, 40014}, {`{"pair":"btc_jpy","order_ids":1}`, true, nil, 40014},
		{`{"pair":"btc_jpy","order_ids":[null]}`, true, nil, 40014}, {many(31), true, nil, 40015},
		{`{"pair":"btc_jpy","order_id":1}`, true, nil, 10002}, // the other call's field
		{`{"pair":"btc_jpy","order_id":1,"order_id":2}`, false, nil, 10002},
	} {
		pair, ids, err := readCancel([]byte(c.body), c.many)
		switch {
		case c.code == 0 && (err != nil || pair != "btc_jpy" || !slices.Equal(ids, c.want)):
			t.Errorf("%s: %s %v, %v", c.body, pair, ids, err)
		case c.code != 0 && (err == nil || mistakeOf(err).code != c.code):
			t.Errorf("%s: %v, want code %d", c.body, err, c.code)
		}
	}
	if _, ids, err := readCancel([]byte(many(30)), true); err != nil || len(ids) != 30 {
		t.Errorf("thirty orders: %d, %v", len(ids), err)
	}
}

// An amount is the same number before and after, whatever digits it has and whether it comes as a text or bare.
func TestNumbersPassDigitByDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.StringMatching(`[1-9][0-9]{0,20}`).Draw(t, "whole")
		part := rapid.StringMatching(`(\.[0-9]{1,20})?`).Draw(t, "part")
		text := whole + part
		quoted := rapid.Bool().Draw(t, "quoted")
		raw := text
		if quoted {
			raw = `"` + text + `"`
		}
		o, err := readOrder([]byte(changed("amount", raw, "price", raw)))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(o)
		var sent struct{ Amount, Price string }
		if err := json.Unmarshal(b, &sent); err != nil {
			t.Fatal(err)
		}
		want, _ := new(big.Rat).SetString(text)
		for _, s := range []string{sent.Amount, sent.Price} {
			if got, ok := new(big.Rat).SetString(s); !ok || got.Cmp(want) != 0 {
				t.Fatalf("%s became %s", text, s)
			}
		}
	})
}

func FuzzOrderBody(f *testing.F) {
	f.Add([]byte(changed()))
	f.Add([]byte(`{"pair":"btc_jpy","order_ids":[1,"2"]}`))
	f.Add([]byte(`{"pair":"btc_jpy","order_id":"59592963728"}`))
	f.Add([]byte(`{"amount":1e-7,"pair":"\u0062tc_jpy"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if o, err := readOrder(body); err == nil {
			if err := o.Validate(); err != nil {
				t.Fatalf("%q is an order that cannot be: %v", body, err)
			}
			b, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			again, err := readOrder(b)
			if err != nil || !again.Amount.Equal(o.Amount) || !again.Price.Equal(o.Price) || again.Side != o.Side || again.Pair != o.Pair {
				t.Fatalf("%q is sent as %s, which is another order: %v", body, b, err)
			}
		} else if m := mistakeOf(err); m.code == 0 || m.say == "" {
			t.Fatalf("%q: a mistake without code or words: %v", body, err)
		}
		for _, many := range []bool{false, true} {
			if _, ids, err := readCancel(body, many); err == nil && (len(ids) == 0 || len(ids) > maxIDs || slices.Min(ids) <= 0) {
				t.Fatalf("%q cancels %v", body, ids)
			}
		}
	})
}

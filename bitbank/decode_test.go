package bitbank_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

func envelope(data string) []byte { return []byte(`{"success":1,"data":` + data + `}`) }

// What bitbank sends and its documents do not say, or say otherwise, is read.
func TestOdditiesOfTheWireAreRead(t *testing.T) {
	for _, c := range []struct {
		name string
		got  func() (any, error)
		want string
	}{
		{"best prices of a delisted pair are null", func() (any, error) {
			v, err := bitbank.DecodeTicker(envelope(`{"sell":null,"buy":null,"high":"1","low":"1","open":"1","last":"1","vol":"0","timestamp":5}`))
			return []any{v.Sell.Known(), v.Buy.Known(), v.Last.String()}, err
		}, "[false false 1]"},
		{"a crossed ticker in an auction", func() (any, error) {
			v, err := bitbank.DecodeTicker(envelope(`{"sell":"9","buy":"10","timestamp":5}`))
			return []any{v.Sell.String(), v.Buy.String()}, err
		}, "[9 10]"},
		{"fields that are new", func() (any, error) {
			v, err := bitbank.DecodeTicker(envelope(`{"sell":"9","new":{"a":[1]},"timestamp":5}`))
			return v.Sell.String(), err
		}, "9"},
		{"sequenceId as a string", func() (any, error) {
			v, err := bitbank.DecodeDepth(envelope(`{"asks":[],"bids":[],"timestamp":5,"sequenceId":"18446744073709551615"}`))
			return v.Seq, err
		}, "18446744073709551615"},
		{"sequenceId as a number", func() (any, error) {
			v, err := bitbank.DecodeDepth(envelope(`{"asks":[],"bids":[],"timestamp":5,"sequenceId":9000000003}`))
			return v.Seq, err
		}, "9000000003"},
		{"an auction's totals, and a crossed book", func() (any, error) {
			v, err := bitbank.DecodeDepth(envelope(`{"asks":[["9","1"]],"bids":[["10","2"]],"asks_under":"3","bids_over":"4","ask_market":"5","bid_market":"6","timestamp":5,"sequenceId":"1"}`))
			return []any{v.Totals.AsksUnder.String(), v.Totals.BidsOver.String(), v.Totals.AskMarket.String(), v.Totals.BidMarket.String(), v.Totals.AsksOver.Known()}, err
		}, "[3 4 5 6 false]"},
		{"amounts as bare numbers", func() (any, error) {
			v, err := bitbank.DecodeDepth(envelope(`{"asks":[[9.50,1]],"bids":[],"timestamp":5,"sequenceId":"1"}`))
			return fmt.Sprint(v.Asks), err
		}, "[{9.50 1}]"},
		{"no trade yet", func() (any, error) {
			v, err := bitbank.DecodeTransactions(envelope(`{"transactions":[]}`))
			return len(v), err
		}, "0"},
		{"a candlestick's time beside it", func() (any, error) {
			v, err := bitbank.DecodeCandlestick(envelope(`{"candlestick":[{"type":"1min","ohlcv":[["1","2","0.5","1.5","9",7]]}],"timestamp":8}`))
			return []any{v.Kind, v.At, v.Rows[0].Volume.String(), v.Rows[0].At}, err
		}, "[1min 8 9 7]"},
		{"a candlestick's time inside it", func() (any, error) {
			v, err := bitbank.DecodeCandlestick(envelope(`{"candlestick":[{"type":"1min","ohlcv":[],"timestamp":8}]}`))
			return v.At, err
		}, "8"},
		{"a candlestick without a time", func() (any, error) {
			v, err := bitbank.DecodeCandlestick(envelope(`{"candlestick":[{"type":"1min","ohlcv":[]}]}`))
			return v.At.Time().IsZero(), err
		}, "true"},
		{"a break whose end is open, in a mode that is new", func() (any, error) {
			v, err := bitbank.DecodeCircuitBreakInfo(envelope(`{"mode":"NEW_MODE","estimated_itayose_amount":null,"fee_type":"DYNAMIC","reopen_timestamp":null,"timestamp":5}`))
			return []any{v.Mode, v.ReopenAt.Time().IsZero(), v.EstimatedAmount.Known()}, err
		}, "[NEW_MODE true false]"},
		{"a status that is new", func() (any, error) {
			v, err := bitbank.DecodeSpotStatus(envelope(`{"statuses":[{"pair":"btc_jpy","status":"SLEEPY","min_amount":"0.0001"}]}`))
			return v[0].Status, err
		}, "SLEEPY"},
		{"a pair without quote asset and with a rate that is not documented", func() (any, error) {
			v, err := bitbank.DecodeSpotPairs(envelope(`{"pairs":[{"name":"sky_jpy","base_asset":"sky","market_in_cb_allowance_rate":"0.30","margin_long_interest":null,"margin_current_individual_until":null,"stop_order":true,"is_enabled":true}]}`))
			return []any{v[0].Quote, v[0].MarketAllowanceInBreak.String(), v[0].Margin(), v[0].Flags()}, err
		}, "[ 0.30 false [stop_order]]"},
		{"withdrawal fees of either shape under the other asset, and no networks", func() (any, error) {
			v, err := bitbank.DecodeAssets(envelope(`{"assets":[{"asset":"jpy","onhand_amount":"1","withdrawal_fee":{"min":"1","max":"2"}},{"asset":"btc","onhand_amount":"0.00000000","withdrawal_fee":{"under":"3","over":"4","threshold":"5"},"network_list":[{"asset":"btc","network":"never_seen","withdrawal_fee":{"min":"6","max":"7"}}]},{"asset":"new","onhand_amount":"1"}]}`))
			return []any{v[0].Fee.Max.String(), v[1].Fee.Over.String(), v[1].Networks[0].Fee.Min.String(), v[0].Networks == nil, v[1].OnHand.String()}, err
		}, "[2 4 6 true 0.00000000]"},
	} {
		got, err := c.got()
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.name, got, err, c.want)
		}
	}
}

// Half an answer must not pass for a market without a book, an exchange without pairs or an account without money.
func TestWrongShapesAreErrors(t *testing.T) {
	decoders := map[string]func([]byte) error{
		"ticker":             func(b []byte) error { _, err := bitbank.DecodeTicker(b); return err },
		"tickers":            func(b []byte) error { _, err := bitbank.DecodeTickers(b); return err },
		"depth":              func(b []byte) error { _, err := bitbank.DecodeDepth(b); return err },
		"transactions":       func(b []byte) error { _, err := bitbank.DecodeTransactions(b); return err },
		"candlestick":        func(b []byte) error { _, err := bitbank.DecodeCandlestick(b); return err },
		"circuit_break_info": func(b []byte) error { _, err := bitbank.DecodeCircuitBreakInfo(b); return err },
		"spot_status":        func(b []byte) error { _, err := bitbank.DecodeSpotStatus(b); return err },
		"spot_pairs":         func(b []byte) error { _, err := bitbank.DecodeSpotPairs(b); return err },
		"assets":             func(b []byte) error { _, err := bitbank.DecodeAssets(b); return err },
	}
	for name, decode := range decoders {
		right := bitbanktest.Payload(name)
		if err := decode([]byte(right)); err != nil {
			t.Errorf("%s: the right answer: %v", name, err)
		}
		if err := decode([]byte(right + "\n")); err != nil {
			t.Errorf("%s: with an end of line: %v", name, err)
		}
		for _, data := range []string{`{}`, `[]`, `"x"`, `1`, `true`, `{"timestamp":"5"}`, `{"timestamp":1.5}`, `[{}]`, `[null]`} {
			if err := decode(envelope(data)); describe(err) != "body shape" {
				t.Errorf("%s: %s gives %v", name, data, err)
			}
		}
		if err := decode([]byte(`{"success":0,"data":{"code":10007}}`)); describe(err) != "code 10007 maintenance" {
			t.Errorf("%s: a refusal gives %v", name, err)
		}
		for cut := range right { // wherever the line broke
			if err := decode([]byte(right[:cut])); describe(err) != "body truncated" && cut > 0 || err == nil {
				t.Fatalf("%s: cut at %d gives %v", name, cut, err)
			}
		}
	}
	for name, bad := range map[string][]string{
		"ticker":             {`{"timestamp":5,"last":"12,5"}`, `{"timestamp":5,"last":true}`, `{"timestamp":5,"last":""}`, `{"timestamp":5,"last":{}}`, `{"timestamp":-5}`},
		"tickers":            {`[{"timestamp":5}]`, `[{"pair":"btc_jpy"}]`},
		"depth":              {`{"asks":[],"timestamp":5,"sequenceId":1}`, `{"asks":[["1"]],"bids":[],"timestamp":5,"sequenceId":1}`, `{"asks":[["1","-2"]],"bids":[],"timestamp":5,"sequenceId":1}`, `{"asks":[[null,"2"]],"bids":[],"timestamp":5,"sequenceId":1}`, `{"asks":[],"bids":[],"timestamp":5}`, `{"asks":[],"bids":[],"timestamp":5,"sequenceId":"x"}`, `{"asks":[],"bids":[],"timestamp":5,"sequenceId":-1}`, `{"asks":[],"bids":[],"timestamp":5,"sequenceId":null}`},
		"transactions":       {`{"transactions":[{}]}`, `{"transactions":null}`, `{"transactions":[{"transaction_id":1,"price":"1","amount":null,"executed_at":5}]}`},
		"candlestick":        {`{"candlestick":[]}`, `{"candlestick":[{"type":"1min"}]}`, `{"candlestick":[{"ohlcv":[["1","1","1","1","1"]]}]}`, `{"candlestick":[{"ohlcv":[["1","1","1",null,"1",5]]}]}`, `{"candlestick":[{"ohlcv":[["1","1","1","1","1","5"]]}]}`},
		"circuit_break_info": {`{"mode":"NONE"}`, `{"timestamp":5}`, `{"mode":1,"timestamp":5}`},
		"spot_status":        {`{"statuses":[]}`, `{"statuses":[{"pair":"btc_jpy"}]}`, `{"statuses":[{"status":"NORMAL"}]}`},
		"spot_pairs":         {`{"pairs":[]}`, `{"pairs":[{}]}`, `{"pairs":[{"name":"btc_jpy","stop_order":"no"}]}`},
		"assets":             {`{"assets":[]}`, `{"assets":[{"asset":"jpy"}]}`, `{"assets":[{"onhand_amount":"1"}]}`},
	} {
		for _, data := range bad {
			if err := decoders[name](envelope(data)); describe(err) != "body shape" {
				t.Errorf("%s: %s gives %v", name, data, err)
			}
		}
	}
}

func TestABookThatIsFarTooLongIsRefused(t *testing.T) {
	levels := strings.Repeat(`["1","1"],`, 6000)
	if _, err := bitbank.DecodeDepth(envelope(`{"asks":[` + levels[:len(levels)-1] + `],"bids":[],"timestamp":5,"sequenceId":1}`)); describe(err) != "body shape" {
		t.Errorf("got %v", err)
	}
}

func TestCheckTellsWhatAnAnswerIs(t *testing.T) {
	for _, c := range []struct {
		status     int
		kind, body string
		want       string
	}{
		{200, "application/json", `{"success":1,"data":{}}`, ""},
		{200, "text/html", `{"success":1,"data":{}}`, ""}, // the body decides
		{200, "", "\n{\"success\":1,\"data\":[]}\n", ""},
		{200, "text/html; charset=utf-8", "Sorry", "body html"},
		{200, "text/plain", "Sorry", "body not_json"},
		{200, "application/json", "\xef\xbb\xbf<!doctype html><p>", "body html"},
		{200, "", "<?xml version='1.0'?><html></html>", "body html"},
		{200, "", "<Error><Code>AccessDenied</Code></Error>", "body not_json"},
		{200, "", " \n\t", "body empty"},
		{403, "text/html", "<html>", "status 403 html"},
		{429, "", "", "status 429 rate"},
		{429, "", `{"success":0,"data":{"code":10009}}`, "code 10009 rate"},
		{404, "", `{"success":0,"data":{"code":10000}}`, "code 10000 missing"},
		{520, "", "error code: 520", "status 520"},
		{301, "", "", "status 301"},
		{500, "", `{"message":"Internal Server Error"}`, "status 500"},
		{200, "", `{"success":0,"data":{"code":"10007"}}`, "body shape"},
		{200, "", `{"success":0,"data":{"code":-1}}`, "body shape"},
		{200, "", `{"success":0}`, "body shape"},
	} {
		if got := describe(bitbank.Check(c.status, c.kind, []byte(c.body))); got != c.want {
			t.Errorf("%d %s %q: got %q, want %q", c.status, c.kind, c.body, got, c.want)
		}
	}
}

func TestErrorsQuoteLittle(t *testing.T) {
	err := bitbank.Check(200, "", []byte(strings.Repeat("あ", 5000)))
	if n := len(err.Error()); n > 400 {
		t.Errorf("an error of %d bytes", n)
	}
}

func TestNumbersAreExactAndPrintAsTheyCame(t *testing.T) {
	for _, s := range []string{"0", "0.0100", "-0.0002", "15000000", "0.00000000", "1e-8", "2.5E+3", "40000000.123456789012345678"} {
		var n bitbank.Number
		if err := json.Unmarshal([]byte(`"`+s+`"`), &n); err != nil || n.String() != s || !n.Known() {
			t.Errorf("%s: got %s, %v", s, n, err)
		}
		var bare bitbank.Number
		if err := json.Unmarshal([]byte(s), &bare); err != nil || !bare.Equal(n) {
			t.Errorf("%s as a bare number: got %s, %v", s, bare, err)
		}
		out, err := json.Marshal(n)
		if err != nil || string(out) != `"`+s+`"` {
			t.Errorf("%s: written as %s, %v", s, out, err)
		}
	}
	for _, s := range []string{"", " ", "-", ".", ".5", "5.", "1.2.3", "+1", "1,5", "0x1", "NaN", "Infinity", "1e", "1e+", "1e999", "1e2147483647", "１", strings.Repeat("9", 65)} {
		if n, err := bitbank.ParseNumber(s); err == nil {
			t.Errorf("%q was read as %s", s, n)
		}
	}
	a, _ := bitbank.ParseNumber("0.0100")
	b, _ := bitbank.ParseNumber("0.01")
	if !a.Equal(b) || a.Equal(bitbank.Number{}) || !(bitbank.Number{}).Equal(bitbank.Number{}) {
		t.Error("numbers are compared by their text")
	}
	out, err := json.Marshal(bitbank.Number{})
	if err != nil || string(out) != "null" {
		t.Errorf("an absent number is written as %s, %v", out, err)
	}
}

func TestATimeThatIsNotSaidIsZero(t *testing.T) {
	if !bitbank.Millis(0).Time().IsZero() || !bitbank.Millis(1767225600123).Time().Equal(time.UnixMilli(1767225600123)) {
		t.Error("wrong times")
	}
}

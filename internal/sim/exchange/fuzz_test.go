package exchange

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// Whatever object a client sends, it gets a code or a row, and money is conserved. The exchange lives on between inputs, so
// that orders of earlier ones stand in the book.
func FuzzRequests(f *testing.F) {
	m := market.New(1, 1, opening)
	x := New(1, m, Limits{})
	a := x.Open("a", map[string]decimal.Decimal{"jpy": decimal.NewFromInt(5_000_000), "btc": decimal.NewFromInt(1)})
	now := opening
	for _, seed := range []string{
		`{"pair":"btc_jpy","amount":"0.001","price":"9000000","side":"buy","type":"limit","post_only":true}`,
		`{"pair":"btc_jpy","amount":0.001,"side":"sell","type":"market"}`,
		`{"pair":"btc_jpy","amount":"0.01","price":"16000000","side":"sell","type":"stop_limit","trigger_price":"14000000"}`,
		`{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market","position_side":"long"}`,
		`{"pair":"btc_jpy","side":"sell","type":"take_profit","trigger_price":"99000000","position_side":"long"}`,
		`{"pair":"xrp_jpy","amount":1e-3,"price":3.5e2,"side":"buy","type":"limit"}`,
		`{"pair":"btc_jpy","order_id":9007199254740993}`, `{"pair":"btc_jpy","order_ids":["1",2,true,null,1e99]}`,
		`{"pair":null,"count":"5","since":-1,"end":18446744073709551616,"order":"asc"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := Params{}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if d.Decode(&p) != nil || p == nil {
			return
		}
		now = now.Add(1e7)
		x.Advance(now)
		for _, ask := range []func() (any, int){
			func() (any, int) { return both(x.Place(a, p)) }, func() (any, int) { return both(x.Order(a, p)) },
			func() (any, int) { return both(x.Infos(a, p)) }, func() (any, int) { return both(x.Active(a, p)) },
			func() (any, int) { return both(x.History(a, p)) }, func() (any, int) { return both(x.Cancel(a, p)) },
			func() (any, int) { return both(x.CancelMany(a, p)) },
		} {
			row, code := ask()
			if code != 0 && (code < 10000 || code > 99999) {
				t.Fatalf("code %d", code)
			}
			if _, err := json.Marshal(row); err != nil {
				t.Fatal(err)
			}
		}
		x.Changes()
		x.Events()
		for _, asset := range []string{"jpy", "btc", "xrp"} {
			if is, should := x.Sum(asset); !is.Equal(should) {
				t.Fatalf("%s: there is %s, there should be %s", asset, is, should)
			}
		}
	})
}

func both[T any](row T, code int) (any, int) { return row, code }

package transfer

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// Whatever a body says, the answer is a withdrawal or one of bitbank's codes, and the locked amount is right.
func FuzzBodies(f *testing.F) {
	w := open(f, Options{})
	btc := w.to["my btc wallet"]
	for _, seed := range []string{
		`{"asset":"btc","uuid":"` + btc + `","amount":"0.1"}`,
		`{"asset":"btc","uuid":"` + btc + `","amount":1e-7,"otp_token":7}`,
		`{"deposits":[{"uuid":"` + btc + `","originator_uuid":"` + w.sender + `"}]}`,
		`{"originator_uuid":"` + w.sender + `"}`,
		`{"asset":{},"uuid":[],"amount":1e400,"deposits":"x"}`,
		`{"deposits":[null,1,[],{}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		var m map[string]any
		if d.Decode(&m) != nil {
			return
		}
		w := open(t, Options{})
		data, code := w.RequestWithdrawal(m, start)
		if row, ok := data.(CoinWithdrawal); ok {
			if cost := dec(row.Amount).Add(dec(row.Fee)); code != 0 || !w.purse.locked[row.Asset].Equal(cost) || !dec(row.Amount).IsPositive() {
				t.Errorf("%s: %+v, code %d, locked %s", body, row, code, w.purse.locked[row.Asset])
			}
		} else if _, ok := data.(YenWithdrawal); !ok && (data != nil || code < 20011) {
			t.Errorf("%s: %v, code %d", body, data, code)
		}
		for _, request := range []func() (any, int){
			func() (any, int) { return w.ConfirmDeposits(m, start) },
			func() (any, int) { return w.ConfirmDepositsAll(m, start) },
		} {
			if data, code := request(); (data == nil) != (code != 0) || code != 0 && code < 30019 {
				t.Errorf("%s: %v, code %d", body, data, code)
			}
		}
	})
}

// Whatever a query says, the answer is a list or one of the documented codes.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{"", "asset=btc&count=5&since=1&end=2", "asset=&count=", "count=99999999999999999999", "since=-1&end=%00", "asset=btc&asset=jpy"} {
		f.Add(seed)
	}
	w := open(f, Options{})
	known := map[int]bool{0: true, 30016: true, 40006: true, 40007: true, 40022: true, 40025: true}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		for _, read := range []func(url.Values) (any, int){w.DepositHistory, w.WithdrawalHistory, w.WithdrawalAccounts} {
			if data, code := read(q); !known[code] || (data == nil) != (code != 0) {
				t.Errorf("%q: %v, code %d", raw, data, code)
			}
		}
	})
}

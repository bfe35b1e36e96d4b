package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// A recipe makes the exchange answer with a code: what is done to it by the control interface, and what is asked.
type recipe struct {
	codes   string   // one code, or several with blanks; CODE in the rest stands for it
	control []string // path and body
	ask     string   // method, path and body
}

const (
	order    = "POST /v1/user/spot/order "
	withdraw = `POST /v1/user/request_withdrawal {"asset":"btc","uuid":"ACCOUNT","amount":"1"}`
	confirm  = `POST /v1/user/confirm_deposits_all {"originator_uuid":"00000000-0000-4000-8000-000000000000"}`
)

func limitOrder(extra string) string { return order + far(extra) }

// recipes of all codes that a client can meet in a living exchange. What has no documented cause is named by a condition.
var recipes = []recipe{
	{"10000", nil, "GET /v1/nothing"},
	{"10001", nil, `POST /v1/user/spot/orders_info {"pair":"btc_jpy","order_ids":[true]}`},
	{"10002", nil, order + "{"},
	{"10007", []string{`/faults {"host":"private","effect":"maintenance"}`}, "GET /v1/user/assets"},
	{"10009", []string{`/accounts/sim {"query":1}`, "GET /v1/user/assets"}, "GET /v1/user/assets"},
	{"10003 10005 10008 50003 50004 50005 50006 50008 50011 50088 60020 70001 70002 70003 70009 70011 70012 70026", []string{`/accounts/sim {"refuse":{"order":CODE}}`}, limitOrder("")},
	{"20001", nil, "GET /v1/user/nothing"},
	{"20018", nil, "GET /user/assets"},
	{"20019", nil, "POST /user/spot/order {}"},
	{"20011 20014 20023 20024 20025 20026 50033 50034 50035 50037 50038 50046 50047 50048 50049 50050 50054 50070 50071 50083 60017 70014 40163", []string{`/accounts/sim/refusals {"code":CODE,"times":1}`}, withdraw},
	{"30103 30104 30105 30106 30107 30108 30109 30110 30111 30112 30113 30114 30115 30116 30117 30118 30119 30120 30121 30122 30123", []string{`/accounts/sim/refusals {"code":CODE,"times":1}`}, withdraw},
	{"40116 40117 40118 40119 40120 40121 40122 40123 40124 40125 40126 40127", []string{`/accounts/sim/refusals {"code":CODE,"times":1}`}, withdraw},
	{"40152 40153 40154 40155 40156 40157 40158 40159 40160 50043 50044 50045 50051 50052 50053", []string{`/accounts/sim/refusals {"code":CODE,"times":1}`}, confirm},
	{"30001", nil, order + `{"pair":"btc_jpy"}`},
	{"30006", nil, "GET /v1/user/spot/order?pair=btc_jpy"},
	{"30007", nil, `POST /v1/user/spot/cancel_orders {"pair":"btc_jpy"}`},
	{"30009", nil, order + "{}"},
	{"30012", nil, order + `{"pair":"btc_jpy","amount":"1","type":"limit"}`},
	{"30013", nil, order + `{"pair":"btc_jpy","amount":"1"}`},
	{"30015", nil, order + `{"pair":"btc_jpy","amount":"1","side":"buy"}`},
	{"30016", nil, "GET /v1/user/withdrawal_account"},
	{"30019", nil, `POST /v1/user/request_withdrawal {"asset":"btc","amount":"1"}`},
	{"30039", nil, `POST /v1/user/request_withdrawal {"asset":"btc","uuid":"ACCOUNT"}`},
	{"30101", nil, order + `{"pair":"btc_jpy","amount":"1","side":"buy","type":"stop"}`},
	{"40001", nil, limitOrder(`,"amount":"-1"`)},
	{"40006", nil, "GET /v1/user/deposit_history?count=x"},
	{"40007", nil, "GET /v1/user/deposit_history?end=x"},
	{"40008", nil, "GET /v1/user/spot/trade_history?end_id=x"},
	{"40009", nil, "GET /v1/user/spot/trade_history?from_id=x"},
	{"40013", nil, "GET /v1/user/spot/order?pair=btc_jpy&order_id=x"},
	{"40014", nil, `POST /v1/user/spot/cancel_orders {"pair":"btc_jpy","order_ids":[]}`},
	{"40015", nil, `POST /v1/user/spot/cancel_orders {"pair":"btc_jpy","order_ids":[` + strings.Repeat("1,", 30) + `1]}`},
	{"40017", nil, "GET /v1/user/spot/order?pair=x&order_id=1"},
	{"40020", nil, limitOrder(`,"price":"x"`)},
	{"40021", nil, limitOrder(`,"side":"x"`)},
	{"40022", nil, "GET /v1/user/withdrawal_history?since=x"},
	{"40024", nil, limitOrder(`,"type":"losscut"`)},
	{"40025", nil, "GET /v1/user/deposit_history?asset=x"},
	{"40028", nil, `POST /v1/user/request_withdrawal {"asset":"btc","uuid":7,"amount":"1"}`},
	{"40048", nil, `POST /v1/user/request_withdrawal {"asset":"btc","uuid":"ACCOUNT","amount":"x"}`},
	{"40112", nil, order + `{"pair":"btc_jpy","amount":"1","side":"buy","type":"stop","trigger_price":"x"}`},
	{"40113", nil, limitOrder(`,"post_only":"x"`)},
	{"40114", nil, order + `{"pair":"btc_jpy","amount":"1","side":"buy","type":"market","post_only":true}`},
	{"40164", nil, limitOrder(`,"position_side":"x"`)},
	{"40165", nil, limitOrder(`,"pair":"ltc_jpy","position_side":"long"`)},
	{"40200", nil, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"stop","trigger_price":"20000000","position_side":"long"}`},
	{"50009", nil, "GET /v1/user/spot/order?pair=btc_jpy&order_id=1"},
	{"50010", []string{`/ways {"stop_in_break":"reject"}`, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"stop","trigger_price":"15500000"}`, `/pairs/btc_jpy {"circuit_break":"CIRCUIT_BREAK"}`, `/market {"pair":"btc_jpy","last":"16000000"}`}, `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":LAST}`},
	{"50026", []string{limitOrder(""), `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":LAST}`}, `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":LAST}`},
	{"50027", []string{order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market"}`}, `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":LAST}`},
	{"50058 50059 50060", []string{`/accounts/sim {"refuse":{"margin":CODE}}`}, limitOrder(`,"position_side":"long"`)},
	{"50061", nil, order + `{"pair":"btc_jpy","amount":"50","price":"15000000","side":"buy","type":"limit","position_side":"long"}`},
	{"50062", nil, order + `{"pair":"btc_jpy","amount":"1","price":"15000000","side":"sell","type":"limit","position_side":"long"}`},
	{"50072 50073", []string{`/accounts/sim {"refuse":{"spot_buy":CODE}}`}, limitOrder("")},
	{"50078 50080", []string{`/accounts/sim {"refuse":{"open_long":CODE}}`}, limitOrder(`,"position_side":"long"`)},
	{"50079 50081", []string{`/accounts/sim {"refuse":{"close_short":CODE}}`}, limitOrder(`,"position_side":"short"`)},
	{"60001", nil, limitOrder(`,"amount":"900"`)},
	{"60002", nil, order + `{"pair":"btc_jpy","amount":"11","side":"buy","type":"market"}`},
	{"60003", nil, limitOrder(`,"amount":"1001"`)},
	{"60004", []string{`/pairs/btc_jpy {"status":"BUSY","min_amount":"0.01"}`}, limitOrder("")},
	{"60005", nil, limitOrder(`,"price":"999999999"`)},
	{"60006", nil, limitOrder(`,"price":"1"`)},
	{"60011", []string{`/accounts/sim {"update":100}`, strings.Repeat(limitOrder("")+"\n", 30)}, limitOrder("")},
	{"60016", nil, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"stop","trigger_price":"999999999"}`},
	{"60018", nil, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"stop","trigger_price":"1000000"}`},
	{"60019", nil, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"take_profit","trigger_price":"1000000","position_side":"long"}`},
	{"70004", []string{`/pairs/btc_jpy {"status":"HALT"}`}, limitOrder("")},
	{"70005", []string{`/pairs/btc_jpy {"flags":{"stop_buy_order":true}}`}, limitOrder("")},
	{"70006", []string{`/pairs/btc_jpy {"flags":{"stop_sell_order":true}}`}, limitOrder(`,"side":"sell"`)},
	{"70010", []string{`/ways {"raised_minimum":"70010"}`, `/pairs/btc_jpy {"status":"BUSY","min_amount":"0.01"}`}, limitOrder("")},
	{"70013", []string{limitOrder(""), `/pairs/btc_jpy {"status":"HALT"}`}, `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":LAST}`},
	{"70017", nil, limitOrder(`,"pair":"xrp_btc","price":"0.00002"`)},
	{"70018", []string{`/pairs/btc_jpy {"flags":{"stop_order_and_cancel":true}}`}, limitOrder("")},
	{"70019", []string{`/accounts/sim {"refuse":{"cancel":70019}}`}, `POST /v1/user/spot/cancel_order {"pair":"btc_jpy","order_id":1}`},
	{"70020", []string{`/pairs/btc_jpy {"circuit_break":"CIRCUIT_BREAK"}`}, order + `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market"}`},
	{"70021", []string{`/pairs/btc_jpy {"circuit_break":"CIRCUIT_BREAK"}`}, limitOrder("")},
	{"70022", []string{`/pairs/btc_jpy {"flags":{"stop_stop_limit_order":true}}`}, limitOrder(`,"type":"stop_limit","trigger_price":"9000000"`)},
	{"70023", []string{`/pairs/btc_jpy {"flags":{"stop_stop_order":true}}`}, limitOrder(`,"type":"stop","trigger_price":"9000000"`)},
	{"70024", []string{`/pairs/btc_jpy {"flags":{"stop_margin_long_order":true}}`}, limitOrder(`,"position_side":"long"`)},
	{"70025", []string{`/pairs/btc_jpy {"flags":{"stop_margin_short_order":true}}`}, limitOrder(`,"side":"sell","position_side":"short"`)},
	// Lending has no endpoint, so nothing of the exchange answers with its codes: only a fault does.
	{"70015 70016", []string{`/faults {"host":"private","effect":"api_error","code":CODE}`}, limitOrder("")},
}

// cook follows a recipe for one code and returns the code that came.
func (r recipe) cook(t *testing.T, code string) int {
	s, err := New(Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, last := firstCaller(t, s), ""
	u, _ := s.user(firstUser)
	accounts, _ := u.desk.WithdrawalAccounts(map[string][]string{"asset": {"btc"}})
	_, account, _ := strings.Cut(string(asJSON(200, accounts).body), `"uuid":"`)
	account, _, _ = strings.Cut(account, `"`)
	do := func(line string) int {
		method, rest, _ := strings.Cut(strings.NewReplacer("CODE", code, "LAST", last, "ACCOUNT", account).Replace(line), " ")
		path, body, _ := strings.Cut(rest, " ")
		_, got, data := c.call(method, path, body)
		if id, ok := data["order_id"].(json.Number); ok {
			last = string(id)
		}
		return got
	}
	for _, step := range r.control {
		for line := range strings.Lines(step) {
			if line = strings.TrimSpace(line); line[0] != '/' {
				if got := do(line); got != 0 {
					t.Fatalf("%s: %d", line, got)
				}
				continue
			}
			path, body, _ := strings.Cut(strings.ReplaceAll(line, "CODE", code), " ")
			if status, got := callControl(t, s, "POST", path, body); status != 200 {
				t.Fatalf("POST %s %s: %d %s", path, body, status, got)
			}
		}
	}
	return do(r.ask)
}

// Every code of bitbank's list can be met: by its cause where one is documented, else by a condition that names it.
func TestEveryCodeCanBeProduced(t *testing.T) {
	produced := map[bitbank.Code]bool{}
	for code := range authCodes(t) {
		produced[code] = true
	}
	synctest.Test(t, func(t *testing.T) {
		for _, r := range recipes {
			for code := range strings.FieldsSeq(r.codes) {
				if got := r.cook(t, code); strconv.Itoa(got) != code {
					t.Errorf("%v %.120s: %d, want %s", r.control, r.ask, got, code)
				} else {
					produced[bitbank.Code(got)] = true
				}
			}
		}
	})
	for _, info := range bitbank.Codes() {
		if !produced[info.Code] {
			t.Errorf("nothing produces %d: %s", info.Code, info.En)
		}
	}
	if len(produced) != len(bitbank.Codes()) {
		t.Errorf("%d codes were produced, bitbank's list has %d", len(produced), len(bitbank.Codes()))
	}
}

// authCodes are those that wrong headers get.
func authCodes(t *testing.T) map[bitbank.Code]bool {
	s := calm(t, Options{Seed: 1})
	now := ms(time.Now())
	out := map[bitbank.Code]bool{}
	for want, header := range map[int][]string{
		20002: windowed("other", accountSecret, now, "5000", assetsPath),
		20003: nil,
		20004: {"ACCESS-KEY", accountKey, "ACCESS-NONCE", ""},
		20005: windowed(accountKey, "other", now, "5000", assetsPath),
		20033: {"ACCESS-KEY", accountKey, "ACCESS-TIME-WINDOW", "5000"},
		20034: windowed(accountKey, accountSecret, ms(time.Now().Add(time.Hour)), "5000", assetsPath),
		20035: windowed(accountKey, accountSecret, ms(time.Now().Add(-time.Hour)), "5000", assetsPath),
		20036: {"ACCESS-KEY", accountKey},
		20037: windowed(accountKey, accountSecret, "x", "5000", assetsPath),
		20038: windowed(accountKey, accountSecret, now, "60001", assetsPath),
		20039: nonced(accountSecret, "x", assetsPath),
	} {
		r := get(t, s, "private", assetsPath, header...)
		if got := text(t, r); r.StatusCode != http.StatusOK || got != fmt.Sprintf(`{"success":0,"data":{"code":%d}}`, want) {
			t.Errorf("%v: %d %s", header, r.StatusCode, got)
			continue
		}
		out[bitbank.Code(want)] = true
	}
	return out
}

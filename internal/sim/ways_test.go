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

	"hikeshi/internal/sim/exchange"
)

// A play shows how a point is read: what a client sees of it.
type play func(c caller) string

// coded is an answer in a few words: its code, or the keys and values that are asked for.
func (c caller) coded(method, path, body string, keys ...string) string {
	c.t.Helper()
	_, code, data := c.call(method, path, body)
	if code != 0 {
		return strconv.Itoa(code)
	}
	out := []string{"0"}
	for _, k := range keys {
		v, there := data[k]
		out = append(out, fmt.Sprintf("%s=%v%v", k, v, there))
	}
	return strings.Join(out, " ")
}

func (c caller) control(path, body string) {
	c.t.Helper()
	if status, got := callControl(c.t, c.s, "POST", path, body); status != 200 {
		c.t.Fatalf("POST %s %s: %d %s", path, body, status, got)
	}
}

// placed sends an order and returns its id.
func (c caller) placed(body string) string {
	c.t.Helper()
	return string(c.want(0, "POST", orderPath, body)["order_id"].(json.Number))
}

// told does something and returns the params of the first message of a method that it causes.
func (c caller) told(method string, do func()) string {
	l := c.listen()
	l.poll(200)
	do()
	r := get(c.t, c.s, "pubnub", "/v2/subscribe/sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe/"+l.channel+"/0?uuid="+l.channel+"&auth="+l.auth+"&tt="+l.tt)
	body := text(c.t, r)
	_, after, _ := strings.Cut(body, `"method":"`+method+`","params":`)
	return after[:min(len(after), 400)]
}

func has(text string, keys ...string) string {
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprint(k, strings.Contains(text, k)))
	}
	return strings.Join(out, " ")
}

const cancelMany = "/v1/user/spot/cancel_orders"

// plays holds one for every way; the answers are of its first and its other readings, in order.
var plays = map[string]struct {
	do   play
	want []string
}{
	exchange.RestLimit: {func(c caller) string {
		for i := range 30 {
			c.placed([]string{far(""), far(`,"pair":"eth_jpy","price":"300000"`)}[i%2])
		}
		return c.coded("POST", orderPath, far(""))
	}, []string{"0", "60011"}},
	exchange.MixedCancel: {func(c caller) string {
		id := c.placed(far(""))
		first := c.coded("POST", cancelMany, `{"pair":"btc_jpy","order_ids":[1,`+id+`]}`)
		return first + " " + c.coded("GET", orderPath+"?pair=btc_jpy&order_id="+id, "", "status")
	}, []string{"0 0 status=CANCELED_UNFILLEDtrue", "50009 0 status=UNFILLEDtrue"}},
	exchange.ManyIDs: {func(c caller) string {
		return c.coded("POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[`+strings.Repeat("1,", 30)+`1]}`)
	}, []string{"40015", "0"}},
	exchange.InfoOrder: {func(c caller) string {
		one, two := c.placed(far("")), c.placed(far(""))
		rows := c.want(0, "POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[`+two+`,`+one+`]}`)["orders"].([]any)
		return fmt.Sprint(string(rows[0].(map[string]any)["order_id"].(json.Number)) == two)
	}, []string{"true", "false"}},
	exchange.UnknownInfo: {func(c caller) string {
		return c.coded("POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[1]}`)
	}, []string{"0", "50009"}},
	exchange.TooManyDigits: {func(c caller) string {
		return c.coded("POST", orderPath, far(`,"amount":"0.00109"`), "start_amount")
	}, []string{"40001", "0 start_amount=0.0010true"}},
	exchange.StoppedPair: {func(c caller) string {
		c.control("/pairs/btc_jpy", `{"flags":{"stop_order":true}}`)
		return c.coded("POST", orderPath, far(""))
	}, []string{"70017", "70004"}},
	exchange.RaisedMinimum: {func(c caller) string {
		c.control("/pairs/btc_jpy", `{"status":"BUSY","min_amount":"0.01"}`)
		return c.coded("POST", orderPath, far(""))
	}, []string{"60004", "70010"}},
	exchange.StopLocks: {func(c caller) string {
		c.placed(`{"pair":"btc_jpy","amount":"1","side":"sell","type":"stop","trigger_price":"9000000"}`)
		return fmt.Sprint(c.want(0, "GET", assetsPath, "")["assets"].([]any)[1].(map[string]any)["locked_amount"])
	}, []string{"1.00000000", "0.00000000"}},
	exchange.StopInBreak: {func(c caller) string {
		id := c.placed(`{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"stop","trigger_price":"15500000"}`)
		c.control("/pairs/btc_jpy", `{"circuit_break":"CIRCUIT_BREAK"}`)
		c.control("/market", `{"pair":"btc_jpy","last":"16000000"}`)
		during := c.coded("GET", orderPath+"?pair=btc_jpy&order_id="+id, "", "status")
		c.control("/pairs/btc_jpy", `{"circuit_break":"NONE"}`)
		return during + " " + c.coded("GET", orderPath+"?pair=btc_jpy&order_id="+id, "", "status")
	}, []string{"0 status=REJECTEDtrue 0 status=REJECTEDtrue", "0 status=INACTIVEtrue 0 status=FULLY_FILLEDtrue"}},
	exchange.CanceledAt: {func(c caller) string {
		id := c.placed(far(""))
		c.want(0, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":`+id+`}`)
		_, there := c.want(0, "GET", orderPath+"?pair=btc_jpy&order_id="+id, "")["canceled_at"]
		return fmt.Sprint(there)
	}, []string{"true", "false"}},
	exchange.AssetKeys: {func(c caller) string {
		return has(c.told("asset_update", func() { c.placed(far("")) }), "freeAmount", "free_amount")
	}, []string{"freeAmounttrue free_amountfalse", "freeAmountfalse free_amounttrue"}},
	exchange.PositionKeys: {func(c caller) string {
		return has(c.told("margin_position_update", func() {
			c.placed(`{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market","position_side":"long"}`)
		}), `"open_amount"`, `"open"`)
	}, []string{`"open_amount"true "open"false`, `"open_amount"false "open"true`}},
	exchange.InvalidShape: {func(c caller) string {
		return has(c.told("spot_order_invalidation", func() { c.control("/accounts/sim", `{"invalidate":[`+c.placed(far(""))+`]}`) }), `{"order_id":[`, `[{"order_id":`)
	}, []string{`{"order_id":[true [{"order_id":false`, `{"order_id":[false [{"order_id":true`}},
	exchange.SpotTradeKeys: {func(c caller) string {
		return has(c.told("spot_trade", func() { c.placed(`{"pair":"btc_jpy","amount":"0.0001","side":"buy","type":"market"}`) }), `"profit_loss":null`)
	}, []string{`"profit_loss":nullfalse`, `"profit_loss":nulltrue`}},
	exchange.WholePosition: {func(c caller) string {
		c.placed(`{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market","position_side":"long"}`)
		return c.coded("POST", orderPath, `{"pair":"btc_jpy","side":"sell","type":"take_profit","trigger_price":"20000000","position_side":"long"}`, "start_amount")
	}, []string{"0 start_amount=<nil>true", "30001"}},
	exchange.HistoryDefault: {func(c caller) string {
		for range 300 {
			c.placed(`{"pair":"btc_jpy","amount":"0.0001","side":"buy","type":"market"}`)
			c.placed(`{"pair":"btc_jpy","amount":"0.0001","side":"sell","type":"market"}`)
		}
		return fmt.Sprint(len(c.want(0, "GET", "/v1/user/spot/trade_history", "")["trades"].([]any)) > 500)
	}, []string{"false", "true"}},
	exchange.CancelCounts: {func(c caller) string {
		c.control("/accounts/sim", `{"update":2}`)
		c.coded("POST", cancelMany, `{"pair":"btc_jpy","order_ids":[1,2]}`)
		return c.coded("POST", orderPath, far(""))
	}, []string{"0", "10009"}},
	exchange.ConfirmClass: {func(c caller) string {
		c.control("/accounts/sim", `{"update":1}`)
		c.placed(far(""))
		return c.coded("POST", "/v1/user/confirm_deposits_all", `{}`)
	}, []string{"30019", "10009"}},
	exchange.LimiterWindow: {func(c caller) string {
		c.control("/accounts/sim", `{"query":1}`)
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1900 * time.Millisecond)))
		c.coded("GET", assetsPath, "")
		time.Sleep(200 * time.Millisecond) // the clock's next second
		return c.coded("GET", assetsPath, "")
	}, []string{"10009", "0"}},
	exchange.LimiterRefused: {func(c caller) string {
		c.control("/accounts/sim", `{"query":1}`)
		c.coded("GET", assetsPath, "")
		time.Sleep(600 * time.Millisecond)
		c.coded("GET", assetsPath, "")
		time.Sleep(600 * time.Millisecond)
		return c.coded("GET", assetsPath, "")
	}, []string{"0", "10009"}},
	exchange.RetryAfter: {func(c caller) string {
		c.control("/accounts/sim", `{"query":1}`)
		signed := windowed(c.key, c.secret, ms(time.Now()), "5000", assetsPath)
		get(c.t, c.s, "private", assetsPath, signed...)
		return get(c.t, c.s, "private", assetsPath, signed...).Header.Get("Retry-After")
	}, []string{"", "1"}},
	exchange.Replay: {func(c caller) string {
		signed := windowed(c.key, c.secret, ms(time.Now()), "5000", assetsPath)
		get(c.t, c.s, "private", assetsPath, signed...)
		return fmt.Sprint(strings.Contains(text(c.t, get(c.t, c.s, "private", assetsPath, signed...)), "20001"))
	}, []string{"false", "true"}},
	exchange.NoWindow: {func(c caller) string {
		now, out := ms(time.Now()), ""
		for _, signed := range []string{now, now + "5000"} {
			r := get(c.t, c.s, "private", assetsPath, "ACCESS-KEY", c.key, "ACCESS-REQUEST-TIME", now, "ACCESS-SIGNATURE", sign(c.secret, signed+assetsPath))
			out += fmt.Sprint(strings.HasPrefix(text(c.t, r), `{"success":1`), " ")
		}
		return out
	}, []string{"true true ", "true false ", "false true "}},
	exchange.TimeOff: {func(c caller) string {
		r := get(c.t, c.s, "private", assetsPath, windowed(c.key, c.secret, ms(time.Now().Add(-time.Minute)), "5000", assetsPath)...)
		return text(c.t, r)
	}, []string{`{"success":0,"data":{"code":20035}}`, `{"success":0,"data":{"code":20034}}`}},
	exchange.OldToken: {func(c caller) string {
		l := c.listen()
		c.listen()
		r := get(c.t, c.s, "pubnub", "/v2/subscribe/sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe/"+l.channel+"/0?uuid="+l.channel+"&auth="+l.auth+"&tt=0")
		return http.StatusText(r.StatusCode)
	}, []string{"OK", "Forbidden"}},
	exchange.DealerID: {func(c caller) string {
		told := c.told("dealer_order_new", func() {
			c.control("/accounts/sim/deals", `{"asset":"btc","side":"buy","price":"15100000","amount":"0.01"}`)
		})
		return has(told, `"order_id":"`, `"order_id":5`)
	}, []string{`"order_id":"false "order_id":5true`, `"order_id":"true "order_id":5false`}},
}

// Every point on which bitbank's documents leave a choice can be played each way, and a client sees the difference.
func TestEveryWayCanBePlayedBothWays(t *testing.T) {
	for _, w := range exchange.New(1, calm(t, Options{}).x.Market(), exchange.Limits{}).Ways() {
		p, ok := plays[w.Name]
		if !ok || len(p.want) != len(w.Readings) {
			t.Errorf("%s: there are %d plays for %d readings", w.Name, len(p.want), len(w.Readings))
			continue
		}
		for i, reading := range w.Readings {
			synctest.Test(t, func(t *testing.T) {
				c := firstCaller(t, calm(t, Options{Seed: 1, Limits: Limits{Query: 10_000, Update: 10_000}}))
				c.control("/ways", fmt.Sprintf(`{%q:%q}`, w.Name, reading))
				if got := p.do(c); got != p.want[i] {
					t.Errorf("%s=%s: saw %q, want %q", w.Name, reading, got, p.want[i])
				}
			})
		}
	}
}

package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A caller asks the private host as one customer, signed by time window.
type caller struct {
	t           *testing.T
	s           *Sim
	key, secret string
}

func firstCaller(t *testing.T, s *Sim) caller { return caller{t, s, accountKey, accountSecret} }

// call asks and returns status, code (0 for success) and data.
func (c caller) call(method, path, body string) (status, code int, data map[string]any) {
	c.t.Helper()
	payload := path
	if method == http.MethodPost {
		payload = body
	}
	r := ask(c.t, c.s, "private", method, path, body, windowed(c.key, c.secret, ms(time.Now()), "5000", payload)...)
	var got struct {
		Success *int           `json:"success"`
		Data    map[string]any `json:"data"`
	}
	dec := json.NewDecoder(r.Body)
	dec.UseNumber()
	if err := dec.Decode(&got); err != nil || got.Success == nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if *got.Success == 0 {
		n, err := strconv.Atoi(string(got.Data["code"].(json.Number)))
		if err != nil || len(got.Data) != 1 {
			c.t.Fatalf("%s %s: refused with %v", method, path, got.Data)
		}
		return r.StatusCode, n, nil
	}
	return r.StatusCode, 0, got.Data
}

// want asks and fails unless the answer has this code.
func (c caller) want(code int, method, path, body string) map[string]any {
	c.t.Helper()
	_, got, data := c.call(method, path, body)
	if got != code {
		c.t.Fatalf("%s %s %s: code %d, want %d", method, path, body, got, code)
	}
	return data
}

const orderPath = "/v1/user/spot/order"

// far is a limit order that nobody meets.
func far(extra string) string {
	return `{"pair":"btc_jpy","amount":"0.001","price":"9000000","side":"buy","type":"limit"` + extra + `}`
}

func TestAnOrderLivesFromItsAcceptanceToItsCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := firstCaller(t, calm(t, Options{Seed: 1, Limits: Limits{Query: 100, Update: 100}}))
		o := c.want(0, "POST", orderPath, far(`,"post_only":true`))
		id := string(o["order_id"].(json.Number))
		if o["status"] != "UNFILLED" || o["start_amount"] != "0.0010" || o["remaining_amount"] != "0.0010" || o["price"] != "9000000" || o["post_only"] != true || o["average_price"] != "0" {
			t.Errorf("placed: %v", o)
		}
		if _, spot := o["position_side"]; spot {
			t.Error("a spot order has a position_side")
		}
		assets := c.want(0, "GET", assetsPath, "")["assets"].([]any)
		if yen := assets[0].(map[string]any); yen["locked_amount"] != "9009.0000" || yen["free_amount"] != "9990991.0000" {
			t.Errorf("locked for it: %v", yen)
		}
		if list := c.want(0, "GET", "/v1/user/spot/active_orders?pair=btc_jpy", "")["orders"].([]any); len(list) != 1 {
			t.Errorf("active orders: %v", list)
		}
		c.want(50009, "GET", orderPath+"?pair=xrp_jpy&order_id="+id, "") // keyed by pair and id
		c.want(0, "POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[`+id+`]}`)
		gone := c.want(0, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":"`+id+`"}`) // as ccxt sends it
		if gone["status"] != "CANCELED_UNFILLED" || gone["canceled_at"] == nil {
			t.Errorf("cancelled: %v", gone)
		}
		c.want(50026, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":`+id+`}`)
		// One that takes what rests is filled at once, and says so when it is read.
		o = c.want(0, "POST", orderPath, `{"pair":"btc_jpy","amount":"0.01","side":"buy","type":"market"}`)
		if o["status"] != "UNFILLED" || o["price"] != nil {
			t.Errorf("a market order is answered as %v", o)
		}
		id = string(o["order_id"].(json.Number))
		if o = c.want(0, "GET", orderPath+"?pair=btc_jpy&order_id="+id, ""); o["status"] != "FULLY_FILLED" || o["executed_amount"] != "0.0100" || o["average_price"] == "0" {
			t.Errorf("read again: %v", o)
		}
		trades := c.want(0, "GET", "/v1/user/spot/trade_history?pair=btc_jpy&order_id="+id, "")["trades"].([]any)
		if len(trades) == 0 || trades[0].(map[string]any)["maker_taker"] != "taker" {
			t.Errorf("its trades: %v", trades)
		}
		c.want(50027, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":`+id+`}`)
	})
}

// Of two equal keys in an object the last one counts, so far's extra replaces what far says.

// Whatever a client sends gets a code, never a 500 and never a crash.
func TestBadInputGetsTheCodeThatBitbankGives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := firstCaller(t, calm(t, Options{Seed: 1, Limits: Limits{Query: 1000, Update: 1000}}))
		for _, bad := range []struct {
			code               int
			method, path, body string
		}{
			{10002, "POST", orderPath, `{"pair":`},
			{10002, "POST", orderPath, `[]`},
			{10002, "POST", orderPath, `null`},
			{10002, "POST", orderPath, `{} {}`},
			{10002, "POST", orderPath, ``},
			{30009, "POST", orderPath, `{}`},
			{30001, "POST", orderPath, `{"pair":"btc_jpy"}`},
			{30012, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","type":"limit"}`},
			{30013, "POST", orderPath, `{"pair":"btc_jpy","amount":"1"}`},
			{30015, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","side":"buy"}`},
			{30101, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","side":"buy","type":"stop"}`},
			{40017, "POST", orderPath, `{"pair":"BTC_JPY","amount":"1","price":"1","side":"buy","type":"limit"}`},
			{40017, "POST", orderPath, `{"pair":7,"amount":"1","price":"1","side":"buy","type":"limit"}`},
			{40021, "POST", orderPath, far(`,"side":"up"`)},
			{40024, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","price":"1","side":"buy","type":"losscut"}`},
			{40001, "POST", orderPath, far(`,"amount":"-1"`)},
			{40001, "POST", orderPath, far(`,"amount":"1e2"`)},
			{40001, "POST", orderPath, far(`,"amount":true`)},
			{40001, "POST", orderPath, far(`,"amount":"0"`)},
			{40001, "POST", orderPath, far(`,"amount":"0.00001"`)},
			{40001, "POST", orderPath, far(`,"amount":"` + strings.Repeat("9", 5000) + `"`)},
			{40001, "POST", orderPath, far(`,"amount":1e400`)},
			{40020, "POST", orderPath, far(`,"price":"0.5"`)},
			{40020, "POST", orderPath, far(`,"price":{}`)},
			{40112, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","side":"buy","type":"stop","trigger_price":"x"}`},
			{40113, "POST", orderPath, far(`,"post_only":"yes"`)},
			{40114, "POST", orderPath, `{"pair":"btc_jpy","amount":"1","side":"buy","type":"market","post_only":true}`},
			{40164, "POST", orderPath, far(`,"position_side":"up"`)},
			{40165, "POST", orderPath, `{"pair":"ltc_jpy","amount":"1","price":"9","side":"buy","type":"limit","position_side":"long"}`},
			{60003, "POST", orderPath, far(`,"amount":"1001"`)},
			{60001, "POST", orderPath, far(`,"amount":"900"`)},
			{60005, "POST", orderPath, far(`,"price":"999999999"`)},
			{60006, "POST", orderPath, far(`,"price":"1"`)},
			{70017, "POST", orderPath, `{"pair":"xrp_btc","amount":"1","price":"0.00002","side":"buy","type":"limit"}`},
			{30009, "GET", orderPath, ""},
			{30006, "GET", orderPath + "?pair=btc_jpy", ""},
			{40013, "GET", orderPath + "?pair=btc_jpy&order_id=1.5", ""},
			{40013, "GET", orderPath + "?pair=btc_jpy&order_id=1&order_id=2", ""},
			{40017, "GET", orderPath + "?pair=&order_id=1", ""},
			{50009, "GET", orderPath + "?pair=btc_jpy&order_id=1", ""},
			{30006, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy"}`},
			{40013, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":true}`},
			{50009, "POST", "/v1/user/spot/cancel_order", `{"pair":"btc_jpy","order_id":99999999999999999}`},
			{30007, "POST", "/v1/user/spot/cancel_orders", `{"pair":"btc_jpy"}`},
			{40014, "POST", "/v1/user/spot/cancel_orders", `{"pair":"btc_jpy","order_ids":[]}`},
			{40014, "POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":{"a":1}}`},
			{10001, "POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[true]}`},
			{40015, "POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[` + strings.Repeat("1,", 30) + `1]}`},
			{40006, "GET", "/v1/user/spot/active_orders?count=&end=&since=x", ""},
			{40007, "GET", "/v1/user/spot/active_orders?end=&end_id=", ""},
			{40008, "GET", "/v1/user/spot/trade_history?end_id=x&from_id=x", ""},
			{40009, "GET", "/v1/user/spot/trade_history?from_id=-1", ""},
			{40022, "GET", "/v1/user/spot/trade_history?since=99999999999999999999", ""},
			{40006, "GET", "/v1/user/spot/trade_history?count=1001", ""},
			{20001, "GET", "/v1/user/spot/nothing", ""},
			{20001, "GET", "/v1/user/request_withdrawal", ""},
			{30016, "POST", "/v1/user/request_withdrawal", `{}`},
			{30016, "GET", "/v1/user/withdrawal_account", ""},
		} {
			if status, code, _ := c.call(bad.method, bad.path, bad.body); status != 200 || code != bad.code {
				t.Errorf("%s %s %.120s: %d, code %d, want %d", bad.method, bad.path, bad.body, status, code, bad.code)
			}
		}
	})
}

func TestQueriesAndUpdatesHaveLimitsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := firstCaller(t, calm(t, Options{Seed: 1}))
		count := func(method, path, body string) (n int) {
			for {
				status, code, _ := c.call(method, path, body)
				if status == 429 && code == codeTooMany {
					return n
				}
				n++
			}
		}
		if reads, writes := count("GET", assetsPath, ""), count("POST", orderPath, far("")); reads != 10 || writes != 6 {
			t.Errorf("%d reads and %d writes in a second", reads, writes)
		}
		time.Sleep(time.Second)
		if reads := count("POST", "/v1/user/spot/orders_info", `{"pair":"btc_jpy","order_ids":[1]}`); reads != 10 { // a read in spite of its method
			t.Errorf("%d reads in the next second", reads)
		}
	})
}

// Under queue_delay a write takes effect later, one after the other, also when its sender has long gone.
func TestQueuedWritesHappenLateAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 1, Limits: Limits{Query: 1000, Update: 1000}})
		fault(t, s, `{"host":"private","effect":"queue_delay","delay_ms":2000,"match":{"method":"POST"}}`)
		c := firstCaller(t, s)
		answered := make(chan time.Duration, 3)
		began := time.Now()
		for range 3 {
			go func() {
				c.want(0, "POST", orderPath, far(""))
				answered <- time.Since(began)
			}()
		}
		live := func() int {
			return len(c.want(0, "GET", "/v1/user/spot/active_orders", "")["orders"].([]any))
		}
		time.Sleep(time.Second)
		for want := range 4 {
			if got := live(); got != want {
				t.Errorf("after %v there are %d orders, want %d", time.Since(began), got, want)
			}
			time.Sleep(2 * time.Second)
		}
		for i := range 3 {
			if at := <-answered; at != time.Duration(i+1)*2*time.Second {
				t.Errorf("answer %d came after %v", i, at)
			}
		}
	})
}

// A write that no fault is about does not overtake one that waits: bitbank takes a user's writes in order.
func TestNothingOvertakesAQueuedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 1, Limits: Limits{Query: 1000, Update: 1000}})
		fault(t, s, `{"host":"private","effect":"queue_delay","delay_ms":2000,"count":1,"match":{"method":"POST"}}`)
		c := firstCaller(t, s)
		var ids [2]string
		var answered sync.WaitGroup
		for i := range ids {
			answered.Go(func() { ids[i] = fmt.Sprint(c.want(0, "POST", orderPath, far(""))["order_id"]) })
			time.Sleep(time.Second)
		}
		answered.Wait()
		if ids[0] >= ids[1] {
			t.Errorf("the order that was sent first is %s, the second %s", ids[0], ids[1])
		}
		if live := c.want(0, "GET", "/v1/user/spot/active_orders", "")["orders"].([]any); len(live) != 2 {
			t.Errorf("%d orders live", len(live))
		}
	})
}

// A replica that lags shows the accounts as they were.
func TestALaggingReplicaShowsThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 1, Limits: Limits{Query: 1000, Update: 1000}})
		go s.Play(t.Context())
		fault(t, s, `{"host":"private","effect":"replica_lag","delay_ms":5000,"match":{"method":"GET"}}`)
		c := firstCaller(t, s)
		time.Sleep(6 * time.Second)
		c.want(0, "POST", orderPath, far(""))
		live := func() int {
			return len(c.want(0, "GET", "/v1/user/spot/active_orders", "")["orders"].([]any))
		}
		time.Sleep(3 * time.Second)
		if n := live(); n != 0 {
			t.Errorf("after 3 s %d orders are shown", n)
		}
		time.Sleep(4 * time.Second)
		if n := live(); n != 1 {
			t.Errorf("after 7 s %d orders are shown", n)
		}
	})
}

func TestAnotherCustomerHasMoneyKeysAndConditionsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := calm(t, Options{Seed: 1})
		post := func(want int, path, body string) string {
			t.Helper()
			status, got := callControl(t, s, "POST", path, body)
			if status != want {
				t.Fatalf("POST %s %s: %d %s", path, body, status, got)
			}
			return got
		}
		post(200, "/accounts", `{"id":"bot","key":"bot-key","secret":"s","balances":{"jpy":"20000"}}`)
		post(409, "/accounts", `{"id":"bot","key":"other","secret":"s"}`)
		post(400, "/accounts", `{"id":"b","key":"k","secret":"s","balances":{"jpy":"0.00001"}}`)
		post(404, "/accounts/nobody", `{}`)
		post(400, "/accounts/bot", `{"refuse":{"order":60001}}`)
		post(200, "/accounts/bot", `{"refuse":{"order":50005},"update":50,"query":50}`)
		c := caller{t, s, "bot-key", "s"}
		c.want(50005, "POST", orderPath, far(""))
		post(200, "/accounts/bot", `{"refuse":{"order":0}}`)
		o := c.want(0, "POST", orderPath, far(""))
		c.want(60001, "POST", orderPath, far(`,"amount":"0.01"`))
		firstCaller(t, s).want(50009, "GET", orderPath+"?pair=btc_jpy&order_id="+string(o["order_id"].(json.Number)), "")
		post(200, "/accounts/bot", `{"invalidate":[`+string(o["order_id"].(json.Number))+`],"key":"second","secret":"t"}`)
		second := caller{t, s, "second", "t"}
		if n := len(second.want(0, "GET", "/v1/user/spot/active_orders", "")["orders"].([]any)); n != 0 {
			t.Errorf("%d orders live", n)
		}
		// Money arrives, and one point is read the other way.
		post(200, "/accounts/bot/deposits", `{"asset":"jpy","amount":"5000","status":"DONE"}`)
		if yen := second.want(0, "GET", assetsPath, "")["assets"].([]any)[0].(map[string]any); yen["free_amount"] != "25000.0000" {
			t.Errorf("after the deposit: %v", yen)
		}
		post(400, "/ways", `{"canceled_at_on_fetch":"maybe"}`)
		post(200, "/ways", `{"canceled_at_on_fetch":"no"}`)
		read := second.want(0, "GET", orderPath+"?pair=btc_jpy&order_id="+string(o["order_id"].(json.Number)), "")
		if _, there := read["canceled_at"]; there {
			t.Errorf("canceled_at is there: %v", read)
		}
	})
}

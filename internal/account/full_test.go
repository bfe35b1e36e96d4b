package account

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/keys"
	"hikeshi/internal/secret"
)

// While the journal lives on its reserve, and while nothing can be written at all, orders are refused with the reason, cancels
// are served, and the page says so.
func TestOnTheReserveOrdersAreRefusedAndCancelsServed(t *testing.T) {
	for _, nothing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.place("0.001", patient)
			w.disk.set(nothing, true)
			got := w.place("0.002", patient)
			if got.Outcome != gateway.NotPlaced || got.Intent != "" || !strings.Contains(got.Reason, "disk is full") || w.orders() != 1 {
				t.Errorf("an order is told %+v, %d orders", got, w.orders())
			}
			if v := w.a.View(); v.Trading != "full" || w.a.State("grid").Trading != "full" {
				t.Errorf("trading is %q for people, %q for bots", v.Trading, w.a.State("grid").Trading)
			}
			c := w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patient)})
			if c.Outcome != gateway.Placed || strings.Contains(c.Reason, "not recorded") != nothing || (w.a.Unrecorded() > 0) != nothing {
				t.Errorf("nothing can be written %v: a cancel is told %+v, %d records wait", nothing, c, w.a.Unrecorded())
			}
			w.disk.set(false, false)
			if r := w.place("0.003", patient); r.Outcome != gateway.Placed || w.a.Unrecorded() != 0 || w.a.State("grid").Trading != "open" {
				t.Errorf("with space again an order is told %+v, %d records wait", r, w.a.Unrecorded())
			}
		})
	}
}

// An order whose record was the first to need the reserve stays, and so does one that waited for the account's limit meanwhile.
func TestAnOrderThatWaitsWhenTheDiskBecomesFullIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		replies := make(chan gateway.Reply)
		const orders = 12 // more than the limit lets go at once
		for i := range orders {
			go func() { replies <- w.place(fmt.Sprintf("0.%03d", i+1), patient) }()
		}
		time.Sleep(100 * time.Millisecond)
		w.disk.set(false, true)
		before := w.orders()
		placed := 0
		for range orders {
			if r := <-replies; r.Outcome == gateway.Placed {
				placed++
			} else if r.Outcome != gateway.NotPlaced || !strings.Contains(r.Reason, "disk is full") {
				t.Errorf("a waiting order is told %+v", r)
			}
		}
		if before == 0 || before == orders || placed != before || w.orders() != before {
			t.Errorf("%d orders when the disk became full, %d placed, %d in the end", before, placed, w.orders())
		}
	})
}

// The repetition of an order that is lost joins it on a full disk too: "not placed" would be a lie.
func TestARepetitionJoinsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","effect":"drop_response","for_ms":6000}`)
		if r := w.place("0.001", 3*time.Second); r.Outcome != gateway.Unknown {
			t.Fatalf("the bot is told %+v", r)
		}
		w.disk.set(false, true)
		if r := w.place("0.001", 30*time.Second); r.Outcome != gateway.Placed || w.orders() != 1 {
			t.Errorf("the repetition is told %+v, %d orders", r, w.orders())
		}
	})
}

// What the bot reads of it in bitbank's envelope.
func TestTheGatewaySaysThatTheDiskIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		key, err := bitbank.NewCredentials("sim-key", "sim-secret", "http://private", bitbank.Auth{})
		if err != nil {
			t.Fatal(err)
		}
		limiter, err := bitbank.NewLimiter(Limits())
		if err != nil {
			t.Fatal(err)
		}
		grid := keys.Bot{Name: "grid", ID: secret.New("bot-key"), Secret: secret.New("bot-secret"), Scope: keys.Scope{
			Trade: true, Types: []bitbank.OrderType{bitbank.Limit}, Most: map[string]decimal.Decimal{"btc_jpy": decimal.NewFromInt(1)},
		}}
		g, err := gateway.New(gateway.Options{
			Desk: w.a, Bot: func(id string) (keys.Bot, bool) { return grid, id == "bot-key" }, Private: "http://private", Public: "http://public",
			Key: key, Limiter: limiter, Transport: w.private.Transport, Rand: rand.New(rand.NewPCG(1, 2)),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		post := func(path, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
			r.Host = "localhost:8150"
			stamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
			r.Header.Set("ACCESS-KEY", "bot-key")
			r.Header.Set("ACCESS-REQUEST-TIME", stamp)
			r.Header.Set("ACCESS-TIME-WINDOW", "5000")
			r.Header.Set("ACCESS-SIGNATURE", bitbank.Signature("bot-secret", stamp+"5000"+body))
			answer := httptest.NewRecorder()
			g.ServeHTTP(answer, r)
			return answer
		}
		const order = `{"pair":"btc_jpy","amount":"0.001","price":"9000000","side":"buy","type":"limit"}`
		var placed struct {
			Success int `json:"success"`
			Data    struct {
				ID int64 `json:"order_id"`
			} `json:"data"`
		}
		if a := post("/v1/user/spot/order", order); json.Unmarshal(a.Body.Bytes(), &placed) != nil || placed.Success != 1 {
			t.Fatalf("%s", a.Body)
		}
		w.disk.set(true, true)
		a := post("/v1/user/spot/order", strings.Replace(order, "0.001", "0.002", 1))
		if a.Code != 200 || a.Body.String() != `{"success":0,"data":{"code":70004}}` || a.Header().Get("Hikeshi-Outcome") != "not-placed" ||
			!strings.Contains(a.Header().Get("Hikeshi-Reason"), "disk is full") {
			t.Errorf("an order is answered %d %v %s", a.Code, a.Header(), a.Body)
		}
		a = post("/v1/user/spot/cancel_order", fmt.Sprintf(`{"pair":"btc_jpy","order_id":%d}`, placed.Data.ID))
		if !strings.Contains(a.Body.String(), `"success":1`) || a.Header().Get("Hikeshi-Outcome") != "placed" || !strings.Contains(a.Header().Get("Hikeshi-Reason"), "not recorded") {
			t.Errorf("a cancel is answered %d %v %s", a.Code, a.Header(), a.Body)
		}
	})
}

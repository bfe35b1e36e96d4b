package gateway

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
)

const goodOrder = `{"pair":"btc_jpy","amount":"0.01","price":"15000000","side":"buy","type":"limit"}`

func number(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

var resting = bitbank.Order{
	ID: 59592963728, Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Status: bitbank.StatusUnfilled, StartAmount: number("0.0100"),
	RemainingAmount: number("0.0100"), ExecutedAmount: number("0.0000"), AveragePrice: number("0"), Price: number("15000000"),
	UserCancelable: new(true), OrderedAt: 1767225600000, ExpireAt: 1782777600000,
}

const restingRow = `{"order_id":59592963728,"pair":"btc_jpy","side":"buy","type":"limit","start_amount":"0.0100","remaining_amount":"0.0100",` +
	`"executed_amount":"0.0000","price":"15000000","post_only":false,"user_cancelable":true,"average_price":"0","ordered_at":1767225600000,` +
	`"expire_at":1782777600000,"status":"UNFILLED"}`

func TestABotIsToldWhatBecameOfItsOrder(t *testing.T) {
	for _, c := range []struct {
		name    string
		reply   Reply
		body    string
		outcome string
	}{
		{"placed", Reply{Intent: "1-7", Outcome: Placed, Orders: []bitbank.Order{resting}}, `{"success":1,"data":` + restingRow + `}`, "placed"},
		{"unknown", Reply{Intent: "1-7", Outcome: Unknown, Reason: "no answer yet"}, `{"success":0,"data":{"code":10005}}`, "unknown"},
		{"an outcome of the future", Reply{Intent: "1-7", Outcome: "half"}, `{"success":0,"data":{"code":10005}}`, "unknown"},
		{"placed without an order", Reply{Intent: "1-7", Outcome: Placed}, `{"success":0,"data":{"code":10005}}`, "unknown"},
		{"refused by bitbank", Reply{Intent: "1-7", Outcome: NotPlaced, Code: 60001}, `{"success":0,"data":{"code":60001}}`, "not-placed"},
		{"frozen", Reply{Outcome: NotPlaced, Reason: "the owner has\nstopped 注文"}, `{"success":0,"data":{"code":70004}}`, "not-placed"},
	} {
		k := newKit(t, fine(0))
		k.desk.place = func(context.Context, Order) Reply { return c.reply }
		before := time.Now()
		w := k.ask(t, "maker", http.MethodPost, pathOrder, goodOrder)
		if w.Code != http.StatusOK || w.Body.String() != c.body || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			t.Errorf("%s: HTTP %d, %s\n%s\nwant\n%s", c.name, w.Code, w.Header(), w.Body, c.body)
		}
		if got := w.Header().Get("Hikeshi-Outcome"); got != c.outcome {
			t.Errorf("%s: outcome %q, want %q", c.name, got, c.outcome)
		}
		if got := w.Header().Get("Hikeshi-Intent"); got != c.reply.Intent {
			t.Errorf("%s: intent %q, want %q", c.name, got, c.reply.Intent)
		}
		if got := w.Header().Get("Hikeshi-Reason"); len(got) != len([]rune(c.reply.Reason)) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: reason %q", c.name, got)
		}
		if got := k.desk.heard(); !slices.Equal(got, []bool{true}) {
			t.Errorf("%s: the desk heard %v, want true once", c.name, got)
		}
		if len(k.desk.orders) != 1 || k.desk.orders[0].Bot != "maker" || k.desk.orders[0].Order.Amount.String() != "0.01" || k.desk.orders[0].Another {
			t.Errorf("%s: the desk was asked %+v", c.name, k.desk.orders)
		}
		if until := k.desk.orders[0].Until; until.Before(before.Add(7*time.Second)) || until.After(time.Now().Add(7500*time.Millisecond)) {
			t.Errorf("%s: until %v after", c.name, until.Sub(before))
		}
		if n := k.host.count(); n != 0 {
			t.Errorf("%s: %d requests went around the desk", c.name, n)
		}
	}
}

func TestOrdersAndCancelsStayWithinTheScope(t *testing.T) {
	k := newKit(t, fine(0))
	for _, c := range []struct {
		bot, path, body string
		want            bitbank.Code
		asked           bool
	}{
		{"reader", pathOrder, goodOrder, 70004, false},
		{"reader", pathCancel, `{"pair":"btc_jpy","order_id":1}`, 70004, false},
		{"maker", pathOrder, strings.Replace(goodOrder, "0.01", "1.1", 1), 70004, false},
		{"maker", pathOrder, strings.Replace(goodOrder, "btc_jpy", "eth_jpy", 1), 70004, false},
		{"maker", pathOrder, `{"pair":"btc_jpy","trigger_price":"2","side":"sell","position_side":"long","type":"stop_loss"}`, 70004, false}, // a whole position
		{"maker", pathOrder, strings.Replace(goodOrder, "0.01", "zero", 1), 40001, false},
		{"maker", pathCancel, `{"pair":"eth_jpy","order_id":1}`, 70004, false},
		{"maker", pathCancels, `{"pair":"btc_jpy","order_ids":[1,true]}`, 40014, false},
		{"maker", pathCancels, `{"pair":"btc_jpy","order_ids":[1,"2"]}`, 70004, true},
		{"maker", pathCancel, `{"pair":"btc_jpy","order_id":"3"}`, 70004, true},
	} {
		before := len(k.desk.cancels) + len(k.desk.orders)
		w := k.ask(t, c.bot, http.MethodPost, c.path, c.body)
		if got := codeIn(w.Body.String()); got != c.want || w.Code != 200 || w.Header().Get("Hikeshi-Outcome") != "not-placed" {
			t.Errorf("%s %s %s: code %d, HTTP %d, outcome %q, want %d", c.bot, c.path, c.body, got, w.Code, w.Header().Get("Hikeshi-Outcome"), c.want)
		}
		if asked := len(k.desk.cancels)+len(k.desk.orders) > before; asked != c.asked {
			t.Errorf("%s %s %s: the desk was asked: %v, want %v", c.bot, c.path, c.body, asked, c.asked)
		}
	}
	if got := k.desk.cancels[0]; got.Bot != "maker" || got.Pair != "btc_jpy" || !slices.Equal(got.IDs, []bitbank.OrderID{1, 2}) {
		t.Errorf("the desk was asked to cancel %+v", got)
	}
	s := k.Stats()
	if s.Refused[OutOfScope] != 6 || s.Refused[Malformed] != 2 || s.Cancels != 2 || s.Orders != 0 {
		t.Errorf("counted %+v", s)
	}
}

func TestAKeyThatOnlyReadsCancelsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		scope keys.Scope
		pair  string
		want  bool
	}{
		"in scope":     {everything, "btc_jpy", true},
		"another pair": {everything, "eth_jpy", false},
		"reads only":   {keys.Scope{Most: everything.Most}, "btc_jpy", false},
		"nothing":      {keys.Scope{}, "btc_jpy", false},
	} {
		if got := mayCancel(c.scope, c.pair); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCancelsAreAnsweredLikeBitbank(t *testing.T) {
	gone := resting
	gone.Status, gone.CanceledAt = bitbank.StatusCanceledUnfilled, 1767225601000
	row := strings.Replace(strings.Replace(restingRow, `"UNFILLED"`, `"CANCELED_UNFILLED"`, 1), `"status"`, `"canceled_at":1767225601000,"status"`, 1)
	for _, c := range []struct {
		path, body string
		orders     []bitbank.Order
		want       string
		outcome    string
	}{
		{pathCancel, `{"pair":"btc_jpy","order_id":59592963728}`, []bitbank.Order{gone}, `{"success":1,"data":` + row + `}`, "placed"},
		{pathCancel, `{"pair":"btc_jpy","order_id":59592963728}`, nil, `{"success":0,"data":{"code":10005}}`, "unknown"},
		{pathCancels, `{"pair":"btc_jpy","order_ids":[59592963728,5]}`, []bitbank.Order{gone}, `{"success":1,"data":{"orders":[` + row + `]}}`, "placed"},
		{pathCancels, `{"pair":"btc_jpy","order_ids":[59592963728]}`, nil, `{"success":0,"data":{"code":10005}}`, "unknown"},
	} {
		k := newKit(t, fine(0))
		k.desk.cancel = func(context.Context, Cancel) Reply { return Reply{Outcome: Placed, Orders: c.orders} }
		w := k.ask(t, "maker", http.MethodPost, c.path, c.body)
		if w.Body.String() != c.want || w.Header().Get("Hikeshi-Outcome") != c.outcome {
			t.Errorf("%s %s: %s %s, want %s %s", c.path, c.body, w.Header().Get("Hikeshi-Outcome"), w.Body, c.outcome, c.want)
		}
	}
}

// Which keys an order has depends on its type, as in bitbank's own answers.
func TestAMarketOrderHasNoPrice(t *testing.T) {
	o := resting
	o.Type, o.Price, o.ExpireAt = bitbank.Market, bitbank.Number{}, 0
	got := string(asJSON(rowOf(o)))
	for _, absent := range []string{`"price"`, `"post_only"`, `"trigger_price"`, `"canceled_at"`, `"position_side"`} {
		if strings.Contains(got, absent) {
			t.Errorf("%s holds %s", got, absent)
		}
	}
	if !strings.Contains(got, `"expire_at":null`) {
		t.Errorf("%s: want expire_at null", got)
	}
}

// What a bot's key says of post-only orders goes to the desk with each of its orders; a key that says nothing guards.
func TestTheDeskHearsOfTheGuard(t *testing.T) {
	k := newKit(t, fine(0))
	free := everything
	free.Guard = keys.GuardOff
	k.bots["free-key"] = bot("free", free)
	k.ask(t, "maker", http.MethodPost, pathOrder, goodOrder)
	k.ask(t, "free", http.MethodPost, pathOrder, goodOrder)
	if len(k.desk.orders) != 2 || k.desk.orders[0].Guard != keys.GuardOn || k.desk.orders[1].Guard != keys.GuardOff {
		t.Errorf("the desk was asked %+v", k.desk.orders)
	}
}

func TestAnEqualOrderCanBeIntended(t *testing.T) {
	k := newKit(t, fine(0))
	r := request(t, t.Context(), "maker", http.MethodPost, pathOrder, goodOrder)
	r.Header.Set("Hikeshi-Duplicate", "intended")
	k.do(r)
	if len(k.desk.orders) != 1 || !k.desk.orders[0].Another {
		t.Errorf("the desk was asked %+v", k.desk.orders)
	}
}

// A library that lost its connection sends the same bytes again: nothing is placed twice, and nobody hears that nothing was
// placed. Reads and cancels, which name their orders, may come twice at once.
func TestAnOrderThatComesAgainIsTheSameOrder(t *testing.T) {
	k := newKit(t, fine(0))
	k.desk.place = func(context.Context, Order) Reply { return Reply{Outcome: Placed, Orders: []bitbank.Order{resting}} }
	r := request(t, t.Context(), "maker", http.MethodPost, pathOrder, goodOrder)
	again := r.Clone(t.Context())
	again.Body = io.NopCloser(strings.NewReader(goodOrder))
	if w := k.do(r); codeIn(w.Body.String()) != 0 {
		t.Fatalf("%s", w.Body)
	}
	w := k.do(again)
	if codeIn(w.Body.String()) != codeTimedOut || w.Code != 200 || w.Header().Get("Hikeshi-Outcome") != "unknown" || len(k.desk.orders) != 1 {
		t.Errorf("HTTP %d %s %s, the desk was asked %d times", w.Code, w.Header().Get("Hikeshi-Outcome"), w.Body, len(k.desk.orders))
	}
	const body = `{"pair":"btc_jpy","order_id":1}`
	r = request(t, t.Context(), "maker", http.MethodPost, pathCancel, body)
	again = r.Clone(t.Context())
	again.Body = io.NopCloser(strings.NewReader(body))
	k.do(r)
	k.do(again)
	if len(k.desk.cancels) != 2 {
		t.Errorf("the desk was asked for %d cancels, want 2", len(k.desk.cancels))
	}
	if s := k.Stats(); s.Refused[Repeated] != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestTheOwnAddresses(t *testing.T) {
	k := newKit(t, fine(0))
	k.desk.intent = func(bot, id string) (Reply, bool) {
		if bot != "maker" {
			return Reply{}, false
		}
		switch id {
		case "1-7":
			return Reply{Intent: id, Outcome: Placed, Orders: []bitbank.Order{resting}}, true
		case "1-8":
			return Reply{Intent: id, Reason: "bitbank's answer was lost"}, true
		}
		return Reply{}, false
	}
	for _, c := range []struct {
		bot, path string
		status    int
		want      string
		told      int
	}{
		{"maker", "/hikeshi/v1/state", 200, `{"trading":"frozen","since":"2026-11-25T00:00:00Z","reason":"maker is frozen"}`, 0},
		{"maker", "/hikeshi/v1/intents/1-7", 200, `{"intent":"1-7","outcome":"placed","orders":[` + restingRow + `]}`, 1},
		{"maker", "/hikeshi/v1/intents/1-8", 200, `{"intent":"1-8","outcome":"unknown","reason":"bitbank's answer was lost"}`, 1},
		{"maker", "/hikeshi/v1/intents/1-9", 404, `{"success":0,"data":{"code":10000}}`, 0},
		{"reader", "/hikeshi/v1/intents/1-7", 404, `{"success":0,"data":{"code":10000}}`, 0},
		{"maker", "/hikeshi/v1/other", 404, `{"success":0,"data":{"code":10000}}`, 0},
		{"", "/hikeshi/v1/state", 200, `{"success":0,"data":{"code":20003}}`, 0},
	} {
		before := len(k.desk.heard())
		w := k.ask(t, c.bot, http.MethodGet, c.path, "")
		if w.Code != c.status || w.Body.String() != c.want || len(k.desk.heard())-before != c.told {
			t.Errorf("%s %s: HTTP %d %s, told %d; want %d %s", c.bot, c.path, w.Code, w.Body, len(k.desk.heard())-before, c.status, c.want)
		}
	}
}

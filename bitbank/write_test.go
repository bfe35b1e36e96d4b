package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// verdict says in a word or two which of the three an outcome is, and fails when it is not exactly one.
func verdict[T any](t *testing.T, o bitbank.Outcome[T]) string {
	t.Helper()
	_, done := o.Done()
	refusal, refused := o.Refused()
	open, lost := o.Lost()
	switch {
	case done && !refused && !lost && o.Err() == nil && o.String() == "done":
		return "done"
	case refused && !done && !lost && o.Err() == error(refusal) && refusal.NeverSent() == (refusal.Code == 0):
		if refusal.NeverSent() {
			return "never sent: " + string(refusal.Proof)
		}
		return "refused " + itoa(int(refusal.Code))
	case lost && !done && !refused && open != nil && o.Err() != nil:
		if open.Code != 0 {
			return "lost " + itoa(int(open.Code))
		}
		return "lost"
	}
	t.Errorf("an outcome that is not one of three: %+v", o)
	return "contradiction"
}

// orderOnWire has the id of the order that writeAt cancels.
const orderOnWire = `{"order_id":59600000001,"pair":"btc_jpy","side":"buy","type":"limit","price":"15000000","start_amount":"0.0100","executed_amount":"0","status":"UNFILLED"}`

// allWrites are the writes by name, and an answer of success to each.
var allWrites = []struct{ name, path, success string }{
	{"PlaceOrder", "/v1/user/spot/order", orderOnWire},
	{"CancelOrder", "/v1/user/spot/cancel_order", orderOnWire},
	{"CancelOrders", "/v1/user/spot/cancel_orders", `{"orders":[` + orderOnWire + `]}`},
	{"ConfirmDeposits", "/v1/user/confirm_deposits", `{}`},
	{"ConfirmDepositsAll", "/v1/user/confirm_deposits_all", `{}`},
	{"RequestWithdrawal", "/v1/user/request_withdrawal", `{"uuid":"u","asset":"btc","account_uuid":"a","amount":"0.1","fee":"0.0006","status":"CONFIRMING","requested_at":5}`},
}

// write makes one write and says what became of it.
func write(ctx context.Context, t *testing.T, c *bitbank.Client, name string) string {
	t.Helper()
	switch name {
	case "PlaceOrder":
		return verdict(t, c.PlaceOrder(ctx, limitBuy(t)))
	case "CancelOrder":
		return verdict(t, c.CancelOrder(ctx, "btc_jpy", 59600000001))
	case "CancelOrders":
		return verdict(t, c.CancelOrders(ctx, "btc_jpy", 59600000001))
	case "ConfirmDeposits":
		return verdict(t, c.ConfirmDeposits(ctx, bitbank.DepositConfirmation{DepositUUID: "d", OriginatorUUID: "o"}))
	case "ConfirmDepositsAll":
		return verdict(t, c.ConfirmDepositsAll(ctx, "o"))
	case "RequestWithdrawal":
		return verdict(t, c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", AccountUUID: "a", Amount: number(t, "0.1"), OTPToken: "123456"}))
	}
	t.Fatalf("there is no write %s", name)
	return ""
}

func TestTheZeroOutcomeIsLost(t *testing.T) {
	var o bitbank.Outcome[bitbank.Order]
	if got := verdict(t, o); got != "lost" {
		t.Errorf("it is %s", got)
	}
	if order, done := o.Done(); done || order.ID != 0 {
		t.Errorf("it holds %+v", order)
	}
}

func TestWritesThatSucceedSayWhatWasDone(t *testing.T) {
	fake, c := owner(t)
	ctx := t.Context()
	placed := must(t, c.PlaceOrder(ctx, limitBuy(t)))
	if placed.ID != 59600000001 || placed.Status != bitbank.StatusUnfilled || placed.StartAmount.String() != "0.0100" {
		t.Errorf("placed %+v", placed)
	}
	stop := must(t, c.PlaceOrder(ctx, bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.StopLimit, PositionSide: bitbank.Long,
		Amount: number(t, "1e-4"), Price: number(t, "14000000"), TriggerPrice: number(t, "14100000"),
	}))
	if stop.Status != bitbank.StatusInactive || stop.PositionSide != bitbank.Long || stop.TriggerPrice.String() != "14100000" {
		t.Errorf("placed %+v", stop)
	}
	post := limitBuy(t)
	post.PostOnly = true
	third := must(t, c.PlaceOrder(ctx, post))
	if !third.PostOnly {
		t.Errorf("placed %+v", third)
	}
	whole := must(t, c.PlaceOrder(ctx, bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.StopLoss, PositionSide: bitbank.Long, TriggerPrice: number(t, "1"),
	}))
	if whole.StartAmount.Known() {
		t.Errorf("placed %+v", whole)
	}
	if o := must(t, c.CancelOrder(ctx, "btc_jpy", placed.ID)); !o.Status.Terminal() || o.CanceledAt == 0 {
		t.Errorf("cancelled %+v", o)
	}
	if got := verdict(t, c.CancelOrder(ctx, "btc_jpy", placed.ID)); got != "refused 50026" {
		t.Errorf("cancelled again: %s", got)
	}
	many, done := c.CancelOrders(ctx, "btc_jpy", placed.ID, stop.ID, third.ID).Done()
	if !done || len(many.Orders) != 2 || len(many.Open) != 1 || many.Open[0] != placed.ID {
		t.Errorf("cancelled %+v, %v", many, done)
	}
	if got := verdict(t, c.ConfirmDeposits(ctx, bitbank.DepositConfirmation{DepositUUID: "d", OriginatorUUID: "o"})); got != "done" {
		t.Errorf("confirmed: %s", got)
	}
	if got := verdict(t, c.ConfirmDepositsAll(ctx, "o")); got != "done" {
		t.Errorf("confirmed all: %s", got)
	}
	w, done := c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", AccountUUID: "a", Amount: number(t, "0.10"), SMSToken: "123456"}).Done()
	if !done || w.Status != bitbank.WithdrawalConfirming || w.UUID == "" {
		t.Errorf("requested %+v, %v", w, done)
	}
	var bodies []string
	for _, r := range fake.Requests() {
		if !r.Signed || r.Method != http.MethodPost {
			t.Errorf("%s %s, signed %v", r.Method, r.Path, r.Signed)
		}
		bodies = append(bodies, strings.TrimPrefix(r.Path, "/v1/user/")+" "+r.Body)
	}
	want := []string{
		`spot/order {"pair":"btc_jpy","amount":"0.0100","price":"15000000","side":"buy","type":"limit"}`,
		`spot/order {"pair":"btc_jpy","amount":"0.0001","price":"14000000","side":"sell","position_side":"long","type":"stop_limit","trigger_price":"14100000"}`,
		`spot/order {"pair":"btc_jpy","amount":"0.0100","price":"15000000","side":"buy","type":"limit","post_only":true}`,
		`spot/order {"pair":"btc_jpy","side":"sell","position_side":"long","type":"stop_loss","trigger_price":"1"}`,
		`spot/cancel_order {"pair":"btc_jpy","order_id":59600000001}`,
		`spot/cancel_order {"pair":"btc_jpy","order_id":59600000001}`,
		`spot/cancel_orders {"pair":"btc_jpy","order_ids":[59600000001,59600000002,59600000003]}`,
		`confirm_deposits {"deposits":[{"uuid":"d","originator_uuid":"o"}]}`,
		`confirm_deposits_all {"originator_uuid":"o"}`,
		`request_withdrawal {"asset":"btc","uuid":"a","amount":"0.10","sms_token":"123456"}`,
	}
	if got := strings.Join(bodies, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("sent\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestWritesThatCannotBeRightAreNeverSent(t *testing.T) {
	fake, c := owner(t)
	ctx, n := t.Context(), func(s string) bitbank.Number { return number(t, s) }
	type order = bitbank.NewOrder
	orders := map[string]order{
		"nothing":                          {},
		"no pair":                          {Side: "buy", Type: "limit", Amount: n("1"), Price: n("1")},
		"a strange pair":                   {Pair: "BTC_JPY", Side: "buy", Type: "limit", Amount: n("1"), Price: n("1")},
		"no side":                          {Pair: "btc_jpy", Type: "limit", Amount: n("1"), Price: n("1")},
		"no type":                          {Pair: "btc_jpy", Side: "buy", Amount: n("1"), Price: n("1")},
		"a liquidation":                    {Pair: "btc_jpy", Side: "buy", Type: "losscut", Amount: n("1")},
		"a strange position side":          {Pair: "btc_jpy", Side: "buy", PositionSide: "both", Type: "limit", Amount: n("1"), Price: n("1")},
		"a limit without amount":           {Pair: "btc_jpy", Side: "buy", Type: "limit", Price: n("1")},
		"a limit without price":            {Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: n("1")},
		"a limit with a trigger":           {Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: n("1"), Price: n("1"), TriggerPrice: n("1")},
		"an amount of zero":                {Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: n("0.000"), Price: n("1")},
		"a negative price":                 {Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: n("1"), Price: n("-1")},
		"a market order with a price":      {Pair: "btc_jpy", Side: "buy", Type: "market", Amount: n("1"), Price: n("1")},
		"a market order that is post-only": {Pair: "btc_jpy", Side: "buy", Type: "market", Amount: n("1"), PostOnly: true},
		"a stop without trigger":           {Pair: "btc_jpy", Side: "buy", Type: "stop", Amount: n("1")},
		"a stop with a price":              {Pair: "btc_jpy", Side: "buy", Type: "stop", Amount: n("1"), Price: n("1"), TriggerPrice: n("1")},
		"a stop limit without price":       {Pair: "btc_jpy", Side: "buy", Type: "stop_limit", Amount: n("1"), TriggerPrice: n("1")},
		"a stop loss on spot":              {Pair: "btc_jpy", Side: "sell", Type: "stop_loss", TriggerPrice: n("1")},
		"a stop loss of a negative amount": {Pair: "btc_jpy", Side: "sell", PositionSide: "long", Type: "stop_loss", TriggerPrice: n("1"), Amount: n("-1")},
	}
	for name, o := range orders {
		if got := verdict(t, c.PlaceOrder(ctx, o)); got != "never sent: invalid" || o.Validate() == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, got := range map[string]string{
		"a cancel without pair":           verdict(t, c.CancelOrder(ctx, "", 1)),
		"a cancel of no order":            verdict(t, c.CancelOrder(ctx, "btc_jpy", 0)),
		"a cancel of a negative order":    verdict(t, c.CancelOrder(ctx, "btc_jpy", -1)),
		"cancels of nothing":              verdict(t, c.CancelOrders(ctx, "btc_jpy")),
		"cancels of one order twice":      verdict(t, c.CancelOrders(ctx, "btc_jpy", 1, 1)),
		"cancels of 31 orders":            verdict(t, c.CancelOrders(ctx, "btc_jpy", make([]bitbank.OrderID, 31)...)),
		"a confirmation of nothing":       verdict(t, c.ConfirmDeposits(ctx)),
		"a confirmation by nobody":        verdict(t, c.ConfirmDeposits(ctx, bitbank.DepositConfirmation{DepositUUID: "d"})),
		"a confirmation of all by nobody": verdict(t, c.ConfirmDepositsAll(ctx, "")),
		"a withdrawal of nothing":         verdict(t, c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", AccountUUID: "a"})),
		"a withdrawal to nowhere":         verdict(t, c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", Amount: n("1")})),
		"a withdrawal with both tokens":   verdict(t, c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", AccountUUID: "a", Amount: n("1"), OTPToken: "1", SMSToken: "2"})),
	} {
		if got != "never sent: invalid" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if n := len(fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Every way in which an answer can fail, for every write: what left may have happened, whatever came back.
func TestWhatLeftAndWasNotAnsweredIsLost(t *testing.T) {
	type fault = bitbanktest.Fault
	text := func(status int, body string) fault {
		return fault{Effect: bitbanktest.Status, Status: status, Body: body}
	}
	for _, c := range []struct {
		name  string
		fault fault
	}{
		{"a page with status 200", fault{Effect: bitbanktest.HTML}},
		{"a page with status 502", fault{Effect: bitbanktest.HTML, Status: 502}},
		{"a page with status 503", fault{Effect: bitbanktest.HTML, Status: 503}},
		{"a page with status 504, and it was done", fault{Effect: bitbanktest.HTML, Status: 504, After: true}},
		{"a page with status 520", fault{Effect: bitbanktest.HTML, Status: 520}},
		{"a page with status 403", fault{Effect: bitbanktest.HTML, Status: 403}},
		{"nothing", fault{Effect: bitbanktest.Empty}},
		{"nothing, and it was done", fault{Effect: bitbanktest.Empty, After: true}},
		{"a bare 408", fault{Effect: bitbanktest.Empty, Status: 408}},
		{"a bare 409", fault{Effect: bitbanktest.Empty, Status: 409}},
		{"a bare 429", fault{Effect: bitbanktest.Empty, Status: 429}},
		{"a bare 500", fault{Effect: bitbanktest.Empty, Status: 500}},
		{"fewer bytes than announced", fault{Effect: bitbanktest.Truncate}},
		{"JSON that ends early", fault{Effect: bitbanktest.Half}},
		{"another shape", fault{Effect: bitbanktest.Status, Body: `{"success":1,"data":[7]}`}},
		{"a redirect", fault{Effect: bitbanktest.Redirect}},
		{"cut", fault{Effect: bitbanktest.Reset}},
		{"cut after it was done", fault{Effect: bitbanktest.Reset, After: true}},
		{"text", text(200, "Bad gateway")},
		{"success as text", text(200, `{"success":"1","data":{}}`)},
		{"success 2", text(200, `{"success":2,"data":{}}`)},
		{"no data", text(200, `{"success":1}`)},
		{"data null", text(200, `{"success":1,"data":null}`)},
		{"success twice", text(200, `{"success":0,"success":1,"data":{"code":20003}}`)},
		{"a refusal without a code", text(200, `{"success":0,"data":{}}`)},
		{"a refusal whose code is text", text(200, `{"success":0,"data":{"code":"60001"}}`)},
		{"a refusal with two codes", text(200, `{"success":0,"data":{"code":10001,"code":60001}}`)},
		{"a code that nobody knows", text(200, `{"success":0,"data":{"code":79999}}`)},
	} {
		for _, w := range allWrites {
			fake, client := owner(t)
			c.fault.Path = w.path
			fake.Fail(c.fault)
			if got := write(t.Context(), t, client, w.name); !strings.HasPrefix(got, "lost") {
				t.Errorf("%s, %s: %s", w.name, c.name, got)
			}
			if n := len(fake.Requests()); n != 1 {
				t.Errorf("%s, %s: %d requests arrived, want 1", w.name, c.name, n)
			}
		}
	}
}

func TestSuccessNeedsTheAnswerToThisRequest(t *testing.T) {
	order := func(old, new string) string { return strings.Replace(orderOnWire, old, new, 1) }
	for _, c := range []struct{ write, data, want string }{
		{"PlaceOrder", orderOnWire, "done"},
		{"PlaceOrder", `{"order_id":59600000001}`, "done"},
		{"PlaceOrder", `{"order_id":"9007199254740993","status":"NEW"}`, "done"},
		{"PlaceOrder", order(`"0.0100"`, `"0.01"`), "done"},
		{"PlaceOrder", order(`"UNFILLED"`, `"CANCELED_UNFILLED"`), "done"},
		{"PlaceOrder", `{}`, "lost"},
		{"PlaceOrder", order(`59600000001`, `0`), "lost"},
		{"PlaceOrder", order(`59600000001`, `null`), "lost"},
		{"PlaceOrder", order(`59600000001`, `1.5`), "lost"},
		{"PlaceOrder", order(`59600000001`, `1e3`), "lost"},
		{"PlaceOrder", order(`59600000001`, `-5`), "lost"},
		{"PlaceOrder", order(`59600000001`, `"abc"`), "lost"},
		{"PlaceOrder", order(`59600000001`, `9223372036854775808`), "lost"},
		{"PlaceOrder", order(`{`, `{"order_id":7,`), "lost"},
		{"PlaceOrder", order(`"btc_jpy"`, `"xrp_jpy"`), "lost"},
		{"PlaceOrder", order(`"buy"`, `"sell"`), "lost"},
		{"PlaceOrder", order(`"limit"`, `"market"`), "lost"},
		{"PlaceOrder", order(`"15000000"`, `"15000001"`), "lost"},
		{"PlaceOrder", order(`"15000000"`, `true`), "lost"},
		{"PlaceOrder", order(`"0.0100"`, `"0.0200"`), "lost"},
		{"PlaceOrder", order(`{`, `{"position_side":"long",`), "lost"},
		{"PlaceOrder", `[` + orderOnWire + `]`, "lost"},
		{"CancelOrder", orderOnWire, "done"},
		{"CancelOrder", order(`59600000001`, `59600000002`), "lost"},
		{"CancelOrder", order(`"btc_jpy"`, `"xrp_jpy"`), "lost"},
		{"CancelOrder", `{"order_id":59600000001}`, "lost"},
		{"CancelOrders", `{"orders":[` + orderOnWire + `]}`, "done"},
		{"CancelOrders", `{"orders":[]}`, "lost"},
		{"CancelOrders", `{}`, "lost"},
		{"CancelOrders", `{"orders":[` + order(`59600000001`, `59600000002`) + `]}`, "lost"},
		{"CancelOrders", `{"orders":[` + orderOnWire + `,` + orderOnWire + `]}`, "lost"},
		{"ConfirmDeposits", `{}`, "done"},
		{"ConfirmDeposits", `{"deposits":[]}`, "done"},
		{"ConfirmDeposits", `[]`, "lost"},
		{"ConfirmDepositsAll", `"ok"`, "lost"},
		{"RequestWithdrawal", `{}`, "lost"},
		{"RequestWithdrawal", `{"uuid":"u","asset":"btc","amount":"0.10","status":"CONFIRMING"}`, "done"},
		{"RequestWithdrawal", `{"uuid":"u","asset":"btc","amount":"0.2","status":"CONFIRMING"}`, "lost"},
		{"RequestWithdrawal", `{"uuid":"u","asset":"xrp","amount":"0.1","status":"CONFIRMING"}`, "lost"},
		{"RequestWithdrawal", `{"uuid":"u","asset":"btc","account_uuid":"b","amount":"0.1","status":"CONFIRMING"}`, "lost"},
	} {
		fake, client := owner(t)
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Body: string(envelope(c.data))})
		if got := write(t.Context(), t, client, c.write); got != c.want {
			t.Errorf("%s answered with %s: %s, want %s", c.write, c.data, got, c.want)
		}
	}
}

// What proves that nothing left says so, with the reason.
func TestWhatDidNotLeaveIsRefused(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	because := errors.New("the owner changed his mind")
	cancel(because)
	full := errors.New("the disk is full")
	keep := bitbank.Call{BeforeSend: func(context.Context, bitbank.Attempt) error { return full }}
	for _, w := range allWrites {
		fake, c := owner(t)
		_, unsigned := serve(t, bitbanktest.Options{})
		nowhere := newClient(t, bitbank.Options{PrivateURL: "http://127.0.0.1:1", Credentials: credentials(t, "key", "secret", "http://127.0.0.1:1", bitbank.Auth{})})
		unresolved := newClient(t, bitbank.Options{PrivateURL: "http://no.invalid", Credentials: credentials(t, "key", "secret", "http://no.invalid", bitbank.Auth{})})
		for _, x := range []struct {
			name string
			got  string
			want string
		}{
			{"the context had ended", write(ended, t, c, w.name), "never sent: limit"},
			{"there is no key", write(t.Context(), t, unsigned, w.name), "never sent: not_begun"},
			{"it could not be recorded", write(t.Context(), t, c.With(keep), w.name), "never sent: not_begun"},
			{"the time to sign with is over", write(t.Context(), t, c.With(bitbank.Call{At: time.Now().Add(-3 * time.Second)}), w.name), "never sent: not_begun"},
			{"the window is too long", write(t.Context(), t, c.With(bitbank.Call{Window: 6 * time.Second}), w.name), "never sent: not_begun"},
			{"the window is no whole number", write(t.Context(), t, c.With(bitbank.Call{Window: time.Second + 1}), w.name), "never sent: not_begun"},
			{"the limiter knows no such priority", write(t.Context(), t, c.With(bitbank.Call{Priority: "who"}), w.name), "never sent: limit"},
			{"nobody listens", write(t.Context(), t, nowhere, w.name), "never sent: not_sent"},
			{"the name is not found", write(t.Context(), t, unresolved, w.name), "never sent: not_sent"},
		} {
			if x.got != x.want {
				t.Errorf("%s, %s: %s, want %s", w.name, x.name, x.got, x.want)
			}
		}
		if n := len(fake.Requests()); n != 0 {
			t.Errorf("%s: %d requests were sent", w.name, n)
		}
	}
	_, c := owner(t)
	refusal, _ := c.PlaceOrder(ended, limitBuy(t)).Refused()
	if !errors.Is(refusal, because) || !strings.HasPrefix(refusal.Error(), "PlaceOrder: never sent: ") {
		t.Errorf("got %v", refusal)
	}
	if refusal, _ = c.With(keep).PlaceOrder(t.Context(), limitBuy(t)).Refused(); !errors.Is(refusal, full) {
		t.Errorf("got %v", refusal)
	}
}

// What is recorded before a write is what leaves, and when it was lost the record's time bounds how long to wait.
func TestAWriteIsRecordedExactlyAsItLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := virtual(t, bitbank.Options{})
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang, After: true, Path: "/v1/user/spot/order", Method: "POST"})
		var recorded []bitbank.Attempt
		c = c.With(bitbank.Call{Window: 1500 * time.Millisecond, BeforeSend: func(_ context.Context, a bitbank.Attempt) error {
			if len(fake.Requests()) != 0 {
				t.Error("it was sent before it was recorded")
			}
			recorded = append(recorded, a)
			time.Sleep(20 * time.Millisecond) // a disk
			return nil
		}})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		open, lost := c.PlaceOrder(ctx, limitBuy(t)).Lost()
		if !lost || !errors.Is(open, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Fatalf("after %v: %+v, %v", time.Since(began), open, lost)
		}
		if !open.At.Equal(began) || open.Window != 1500*time.Millisecond {
			t.Errorf("signed with %v and %v, want %v", open.At, open.Window, began)
		}
		r := fake.Requests()
		if len(recorded) != 1 || len(r) != 1 || string(recorded[0].Body) != r[0].Body || recorded[0].Path != r[0].Path ||
			recorded[0].Op != "PlaceOrder" || !recorded[0].At.Equal(open.At) || recorded[0].Window != open.Window {
			t.Errorf("recorded %+v, arrived %+v", recorded, r)
		}
		if orders, err := c.ActiveOrders(t.Context(), bitbank.OrderQuery{}); err != nil || len(orders) != 1 {
			t.Errorf("the lost order: %+v, %v", orders, err)
		}
		// The same time and window on a read tells when the lost request can no longer be accepted.
		look := c.With(bitbank.Call{At: open.At, Window: open.Window, Fresh: true})
		if _, err := look.Assets(t.Context()); !errors.Is(err, bitbank.ErrClock) {
			t.Errorf("the window is over, but %v", err)
		}
	})
}

func TestACallWithoutADeadlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := virtual(t, bitbank.Options{})
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang})
		for name, call := range map[string]func() error{
			"a write":        func() error { return c.PlaceOrder(context.Background(), limitBuy(t)).Err() },
			"a read":         func() error { _, err := c.Assets(context.Background()); return err },
			"market data":    func() error { _, err := c.Ticker(context.Background(), "btc_jpy"); return err },
			"a sign of life": func() error { _, err := c.Knock(context.Background()); return err },
		} {
			began := time.Now()
			if err := call(); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
				t.Errorf("%s: after %v: %v", name, time.Since(began), err)
			}
		}
	})
}

// A crowded exchange was seen to take ten seconds for five orders: who says that he waits, waits.
func TestALongDeadlineIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := virtual(t, bitbank.Options{})
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Slow, Delay: 25 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		if got := write(ctx, t, c, "PlaceOrder"); got != "done" || time.Since(began) != 25*time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
	})
}

func TestAWindowForWritesIsShort(t *testing.T) {
	key := func(window time.Duration) *bitbank.Credentials {
		return credentials(t, "key", "secret", "https://api.bitbank.cc", bitbank.Auth{Window: window})
	}
	for _, window := range []time.Duration{5001 * time.Millisecond, -1, time.Microsecond} {
		if _, err := bitbank.New(bitbank.Options{Credentials: key(0), WriteWindow: window}); err == nil {
			t.Errorf("%v was taken", window)
		}
	}
	for _, c := range []struct{ key, given, want time.Duration }{
		{0, 0, 2 * time.Second}, {time.Second, 0, time.Second}, {time.Minute, 0, 2 * time.Second}, {0, 5 * time.Second, 5 * time.Second},
	} {
		var got time.Duration
		client := newClient(t, bitbank.Options{Credentials: key(c.key), WriteWindow: c.given}).With(bitbank.Call{
			BeforeSend: func(_ context.Context, a bitbank.Attempt) error { got = a.Window; return errors.New("enough") },
		})
		client.PlaceOrder(t.Context(), limitBuy(t))
		if got != c.want {
			t.Errorf("key %v, option %v: a write is valid for %v, want %v", c.key, c.given, got, c.want)
		}
	}
}

// With nonces there is no window, and requests leave one after the other.
func TestWritesWorkWithNonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := virtual(t, bitbank.Options{Credentials: credentials(t, "key", "secret", "http://api.invalid", bitbank.Auth{Nonce: true})})
		results := make(chan string)
		for i := range 8 {
			go func() {
				if i%2 == 0 {
					results <- verdict(t, c.PlaceOrder(t.Context(), limitBuy(t)))
					return
				}
				_, err := c.ActiveOrders(t.Context(), bitbank.OrderQuery{})
				results <- fmt.Sprint("done ", err)
			}()
		}
		for range 8 {
			if got := <-results; got != "done" && got != "done <nil>" {
				t.Errorf("got %s", got)
			}
		}
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Reset})
		open, lost := c.PlaceOrder(t.Context(), limitBuy(t)).Lost()
		if !lost || !open.At.IsZero() || open.Window != 0 {
			t.Errorf("got %+v", open)
		}
		if got := verdict(t, c.With(bitbank.Call{Window: time.Second}).PlaceOrder(t.Context(), limitBuy(t))); got != "never sent: not_begun" {
			t.Errorf("a window with nonces: %s", got)
		}
	})
}

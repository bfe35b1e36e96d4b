package bitbank_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// owner is a fake bitbank and a client with its key.
func owner(t *testing.T) (*bitbanktest.Server, *bitbank.Client) {
	t.Helper()
	return serve(t, bitbanktest.Options{Key: "key", Secret: "secret"})
}

// virtual is owner in memory, for virtual time. o's addresses and credentials are filled in.
func virtual(t *testing.T, o bitbank.Options) (*bitbanktest.Server, *bitbank.Client) {
	t.Helper()
	fake := bitbanktest.New(bitbanktest.Options{Key: "key", Secret: "secret"})
	h, end := bitbanktest.Memory(fake)
	t.Cleanup(end)
	const origin = "http://api.invalid"
	o.HTTP, o.PublicURL, o.PrivateURL = h, origin, origin
	if o.Credentials == nil {
		o.Credentials = credentials(t, "key", "secret", origin, bitbank.Auth{})
	}
	return fake, newClient(t, o)
}

// limitBuy is an order that is right.
func limitBuy(t *testing.T) bitbank.NewOrder {
	t.Helper()
	return bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: number(t, "0.0100"), Price: number(t, "15000000")}
}

// must is an order that has to be placed.
func must(t *testing.T, o bitbank.Outcome[bitbank.Order]) bitbank.Order {
	t.Helper()
	order, done := o.Done()
	if !done {
		t.Fatal(o.Err())
	}
	return order
}

func TestEveryPrivateEndpointIsRead(t *testing.T) {
	fake, c := owner(t)
	ctx := t.Context()
	since, end := time.UnixMilli(1767225601500), time.UnixMilli(1767225604000)

	placed := must(t, c.PlaceOrder(ctx, limitBuy(t)))
	if o, err := c.Order(ctx, "btc_jpy", placed.ID); err != nil || o.Status != bitbank.StatusUnfilled || o.Price.String() != "15000000" || !o.Cancelable() || o.ExpireAt == 0 {
		t.Errorf("Order: %+v, %v", o, err)
	}
	if o, err := c.OrdersInfo(ctx, "btc_jpy", placed.ID, 7); err != nil || len(o) != 1 || o[0].ID != placed.ID {
		t.Errorf("OrdersInfo: %+v, %v", o, err)
	}
	if o, err := c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: "btc_jpy", Count: 5, FromID: 1, EndID: 1 << 60, Since: since, End: end}); err != nil || len(o) != 1 {
		t.Errorf("ActiveOrders: %+v, %v", o, err)
	}
	if o, err := c.ActiveOrders(ctx, bitbank.OrderQuery{}); err != nil || len(o) != 1 {
		t.Errorf("ActiveOrders: %+v, %v", o, err)
	}
	trades, err := c.TradeHistory(ctx, bitbank.TradeQuery{
		Pair: "btc_jpy", OrderID: 59600000001, Count: 1000, Since: since, End: end, FromID: 1, EndID: 1 << 60, Ascending: true,
	})
	if err != nil || len(trades) != 2 || trades[0].ID != 1350000001 || trades[1].FeeOccurredQuote.Known() || trades[1].PositionSide != bitbank.Spot {
		t.Errorf("TradeHistory: %+v, %v", trades, err)
	}
	if trades, err = c.TradeHistory(ctx, bitbank.TradeQuery{}); err != nil || len(trades) != 4 || trades[0].FeeQuote.String() != "-7.0000" ||
		trades[1].ProfitLoss.String() != "680.5000" || trades[1].PositionSide != bitbank.Long || trades[1].MakerTaker != bitbank.Taker {
		t.Errorf("TradeHistory: %+v, %v", trades, err)
	}
	if m, err := c.MarginStatus(ctx); err != nil || m.Status != bitbank.MarginNormal || m.BalancePercentage.String() != "512.34" || len(m.Available) != 2 {
		t.Errorf("MarginStatus: %+v, %v", m, err)
	}
	if p, err := c.MarginPositions(ctx); err != nil || len(p.Positions) != 2 || p.Positions[0].OpenAmount.String() != "0.0100" || p.Notice.Kind() != "" ||
		p.Payables.Amount.String() != "0.0000" || p.LossCutThreshold.Company.String() != "0.5" {
		t.Errorf("MarginPositions: %+v, %v", p, err)
	}
	if d, err := c.DepositHistory(ctx, bitbank.TransferQuery{Asset: "btc", Count: 100, Since: since}); err != nil || len(d) != 2 ||
		d[0].Status != bitbank.DepositFound || d[1].Amount.String() != "0.0100" || d[1].TxID != "" || d[1].ConfirmedAt == 0 {
		t.Errorf("DepositHistory: %+v, %v", d, err)
	}
	if d, err := c.UnconfirmedDeposits(ctx); err != nil || len(d) != 1 || d[0].Amount.String() != "250.000000" || d[0].CreatedAt == 0 {
		t.Errorf("UnconfirmedDeposits: %+v, %v", d, err)
	}
	if o, err := c.DepositOriginators(ctx); err != nil || len(o) != 2 || o[0].Status != "CONFIRMED" || o[0].LastName != "" || o[1].SubstantialControllers[0].Name != "A Person" {
		t.Errorf("DepositOriginators: %+v, %v", o, err)
	}
	if a, err := c.WithdrawalAccounts(ctx, "btc"); err != nil || len(a) != 1 || a[0].Label != "cold wallet" {
		t.Errorf("WithdrawalAccounts: %+v, %v", a, err)
	}
	if w, err := c.WithdrawalHistory(ctx, bitbank.TransferQuery{}); err != nil || len(w) != 2 || w[0].DestinationTag != "9007199254740993" ||
		w[0].Status.Terminal() || w[1].BankName != "Example Bank" || !w[1].Status.Terminal() {
		t.Errorf("WithdrawalHistory: %+v, %v", w, err)
	}
	ticket, err := c.Subscribe(ctx)
	if err != nil || ticket.Channel() != "made-up-channel" || ticket.Token() != "made-up-token" {
		t.Errorf("Subscribe: %q %q, %v", ticket.Channel(), ticket.Token(), err)
	}

	var asked []string
	for _, r := range fake.Requests() {
		if !r.Signed {
			t.Errorf("%s is not signed", r.Path)
		}
		asked = append(asked, strings.TrimSuffix(strings.TrimPrefix(r.Path, "/v1/user/")+" "+r.Query+r.Body, " "))
	}
	const id = "59600000001"
	want := []string{
		`spot/order {"pair":"btc_jpy","amount":"0.0100","price":"15000000","side":"buy","type":"limit"}`,
		`spot/order order_id=` + id + `&pair=btc_jpy`,
		`spot/orders_info {"pair":"btc_jpy","order_ids":[` + id + `,7]}`,
		`spot/active_orders count=5&end=1767225604000&end_id=1152921504606846976&from_id=1&pair=btc_jpy&since=1767225601500`,
		`spot/active_orders`,
		`spot/trade_history count=1000&end=1767225604000&end_id=1152921504606846976&from_id=1&order=asc&order_id=59600000001&pair=btc_jpy&since=1767225601500`,
		`spot/trade_history`,
		`margin/status`, `margin/positions`,
		`deposit_history asset=btc&count=100&since=1767225601500`,
		`unconfirmed_deposits`, `deposit_originators`, `withdrawal_account asset=btc`, `withdrawal_history`, `subscribe`,
	}
	if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// A question that bitbank would refuse, or answer otherwise than it was meant, costs no request.
func TestQuestionsThatCannotBeRightAreNotAsked(t *testing.T) {
	fake, c := owner(t)
	ctx, now := t.Context(), time.Now()
	ids := make([]bitbank.OrderID, 31)
	for i := range ids {
		ids[i] = bitbank.OrderID(i + 1)
	}
	for name, err := range map[string]error{
		"an order without pair":           second(c.Order(ctx, "", 1)),
		"an order without id":             second(c.Order(ctx, "btc_jpy", 0)),
		"no orders":                       second(c.OrdersInfo(ctx, "btc_jpy")),
		"31 orders":                       second(c.OrdersInfo(ctx, "btc_jpy", ids...)),
		"an order twice":                  second(c.OrdersInfo(ctx, "btc_jpy", 1, 1)),
		"a strange pair":                  second(c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: "BTC/JPY"})),
		"from an id without pair":         second(c.ActiveOrders(ctx, bitbank.OrderQuery{FromID: 1})),
		"to an id without pair":           second(c.ActiveOrders(ctx, bitbank.OrderQuery{EndID: 1})),
		"a negative count":                second(c.ActiveOrders(ctx, bitbank.OrderQuery{Count: -1})),
		"an end before the beginning":     second(c.ActiveOrders(ctx, bitbank.OrderQuery{Since: now, End: now.Add(-time.Hour)})),
		"too many trades":                 second(c.TradeHistory(ctx, bitbank.TradeQuery{Count: 1001})),
		"trades of an order without pair": second(c.TradeHistory(ctx, bitbank.TradeQuery{OrderID: 1})),
		"trades from a negative id":       second(c.TradeHistory(ctx, bitbank.TradeQuery{FromID: -1})),
		"too many deposits":               second(c.DepositHistory(ctx, bitbank.TransferQuery{Count: 101})),
		"too many withdrawals":            second(c.WithdrawalHistory(ctx, bitbank.TransferQuery{Count: 101})),
		"accounts of no asset":            second(c.WithdrawalAccounts(ctx, "")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func second[T any](_ T, err error) error { return err }

// An answer to another question is worse than none.
func TestAnAnswerToAnotherQuestionIsAnError(t *testing.T) {
	const order = `{"order_id":59600000001,"pair":"btc_jpy","side":"buy","type":"limit","executed_amount":"0","status":"UNFILLED"}`
	const trade = `{"trade_id":1,"pair":"btc_jpy","order_id":59600000001,"side":"buy","amount":"1","price":"1","executed_at":5}`
	fake, c := owner(t)
	fake.Answer("/v1/user/spot/order", string(envelope(order)))
	for _, path := range []string{"/v1/user/spot/orders_info", "/v1/user/spot/active_orders"} {
		fake.Answer(path, string(envelope(`{"orders":[`+order+`]}`)))
	}
	fake.Answer("/v1/user/spot/trade_history", string(envelope(`{"trades":[`+trade+`]}`)))
	ctx := t.Context()
	if _, err := c.Order(ctx, "btc_jpy", 59600000001); err != nil {
		t.Errorf("the right order: %v", err)
	}
	for name, err := range map[string]error{
		"another id":     second(c.Order(ctx, "btc_jpy", 59600000002)),
		"another pair":   second(c.Order(ctx, "xrp_jpy", 59600000001)),
		"other ids":      second(c.OrdersInfo(ctx, "btc_jpy", 59600000002)),
		"a foreign pair": second(c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: "xrp_jpy"})),
	} {
		if describe(err) != "body shape" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an account's answers lack or contradict is an error; what the documents leave open is not.
func TestAccountsAreReadDefensively(t *testing.T) {
	const order = `"pair":"btc_jpy","side":"buy","type":"limit","executed_amount":"0","status":"UNFILLED"`
	for _, x := range []struct{ name, order, want string }{
		{"an id beyond 2^53", `{"order_id":9007199254740993,` + order + `}`, "9007199254740993"},
		{"an id as a string", `{"order_id":"9007199254740993",` + order + `}`, "9007199254740993"},
		{"a status that is new", `{"order_id":1,"pair":"btc_jpy","side":"buy","type":"limit","executed_amount":"0","status":"HELD"}`, "1"},
		{"everything null", `{"order_id":1,` + order + `,"price":null,"start_amount":null,"remaining_amount":null,"expire_at":null,"canceled_at":null,"triggered_at":null,"position_side":null,"post_only":null,"user_cancelable":null,"average_price":null,"ordered_at":null}`, "1"},
		{"an id with a fraction", `{"order_id":1.5,` + order + `}`, "body shape"},
		{"an id with an exponent", `{"order_id":1e3,` + order + `}`, "body shape"},
		{"an id beyond 2^63", `{"order_id":9223372036854775808,` + order + `}`, "body shape"},
		{"a negative id", `{"order_id":-1,` + order + `}`, "body shape"},
		{"no id", `{` + order + `}`, "body shape"},
		{"two ids", `{"order_id":1,"order_id":2,` + order + `}`, "body shape"},
		{"two ids that differ in case", `{"order_id":1,"Order_Id":2,` + order + `}`, "body shape"},
		{"no status", `{"order_id":1,"pair":"btc_jpy","side":"buy","type":"limit","executed_amount":"0"}`, "body shape"},
		{"no executed amount", `{"order_id":1,"pair":"btc_jpy","side":"buy","type":"limit","status":"UNFILLED"}`, "body shape"},
		{"an amount that is none", `{"order_id":1,` + order + `,"price":"12,5"}`, "body shape"},
		{"a time with a fraction", `{"order_id":1,` + order + `,"ordered_at":1.5}`, "body shape"},
	} {
		fake, c := owner(t)
		fake.Answer("/v1/user/spot/active_orders", string(envelope(`{"orders":[`+x.order+`]}`)))
		got, err := c.ActiveOrders(t.Context(), bitbank.OrderQuery{})
		if s := describe(err); err != nil && s != x.want {
			t.Errorf("%s: %v", x.name, err)
		}
		if err == nil && (len(got) != 1 || fmt.Sprint(got[0].ID) != x.want || got[0].Status.Terminal()) {
			t.Errorf("%s: %+v, want %s", x.name, got, x.want)
		}
	}
	for path, bad := range map[string][]string{
		"spot/active_orders":   {`{}`, `{"orders":null}`, `{"orders":[null]}`, `{"orders":[{"order_id":1,` + order + `},{"order_id":1,` + order + `}]}`},
		"spot/trade_history":   {`{}`, `[]`},
		"margin/status":        {`{}`, `{"status":"NORMAL","available_balances":[{}]}`},
		"margin/positions":     {`{}`, `{"positions":[{}]}`, `{"positions":[{"pair":"btc_jpy","position_side":"long","open_amount":"1","open":"2"}]}`},
		"deposit_history":      {`{}`, `{"deposits":[{"uuid":"x"}]}`},
		"unconfirmed_deposits": {`{}`, `{"deposits":[{}]}`},
		"deposit_originators":  {`{}`, `{"originators":[{}]}`},
		"withdrawal_account":   {`{}`, `{"accounts":[{}]}`},
		"withdrawal_history":   {`{}`, `{"withdrawals":[{}]}`},
		"subscribe":            {`{}`, `{"pubnub_channel":"x"}`, `{"pubnub_channel":1,"pubnub_token":"x"}`},
	} {
		for _, data := range append(bad, `"x"`, `1`, `true`, `[1]`) {
			fake, c := owner(t)
			fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Body: string(envelope(data))})
			if err := readAt(t, c, path); describe(err) != "body shape" || strings.Contains(err.Error(), data) && len(data) > 6 {
				t.Errorf("%s: %s gives %v", path, data, err)
			}
		}
	}
}

// readAt asks for what stands at a path.
func readAt(t *testing.T, c *bitbank.Client, path string) error {
	t.Helper()
	ctx := t.Context()
	switch path {
	case "spot/order":
		return second(c.Order(ctx, "btc_jpy", 1))
	case "spot/orders_info":
		return second(c.OrdersInfo(ctx, "btc_jpy", 1))
	case "spot/active_orders":
		return second(c.ActiveOrders(ctx, bitbank.OrderQuery{}))
	case "spot/trade_history":
		return second(c.TradeHistory(ctx, bitbank.TradeQuery{}))
	case "margin/status":
		return second(c.MarginStatus(ctx))
	case "margin/positions":
		return second(c.MarginPositions(ctx))
	case "deposit_history":
		return second(c.DepositHistory(ctx, bitbank.TransferQuery{}))
	case "unconfirmed_deposits":
		return second(c.UnconfirmedDeposits(ctx))
	case "deposit_originators":
		return second(c.DepositOriginators(ctx))
	case "withdrawal_account":
		return second(c.WithdrawalAccounts(ctx, "btc"))
	case "withdrawal_history":
		return second(c.WithdrawalHistory(ctx, bitbank.TransferQuery{}))
	case "subscribe":
		return second(c.Subscribe(ctx))
	case "assets":
		return second(c.Assets(ctx))
	}
	t.Fatalf("there is no read of %s", path)
	return nil
}

var allReads = []string{
	"spot/order", "spot/orders_info", "spot/active_orders", "spot/trade_history", "margin/status", "margin/positions", "deposit_history",
	"unconfirmed_deposits", "deposit_originators", "withdrawal_account", "withdrawal_history", "subscribe", "assets",
}

func TestNothingAboutAnAccountIsAskedWithoutAKey(t *testing.T) {
	fake, c := serve(t, bitbanktest.Options{})
	for _, path := range allReads {
		if err := readAt(t, c, path); !errors.Is(err, bitbank.ErrNoKey) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n := len(fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestATicketCannotBePrinted(t *testing.T) {
	ticket := bitbank.NewTicket("the-channel", "the-token")
	out, err := ticket.MarshalText()
	if s := fmt.Sprintf("%v %+v %#v %s %q %d %x %s", ticket, ticket, ticket, ticket, ticket, ticket, ticket, out); err != nil || strings.Contains(s, "the-") || ticket.Channel() != "the-channel" || ticket.Token() != "the-token" {
		t.Errorf("printed: %s, %v", s, err)
	}
	if (bitbank.Ticket{}).Channel() != "" || (bitbank.Ticket{}).Token() != "" {
		t.Error("no ticket opens something")
	}
}

package bitbank_test

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// account is a client of a fake bitbank in memory. A real one needs Credentials only, with the origin
// "https://api.bitbank.cc".
func account() (*bitbanktest.Server, *bitbank.Client, func()) {
	fake := bitbanktest.New(bitbanktest.Options{Key: "key", Secret: "secret"})
	http, end := bitbanktest.Memory(fake)
	const origin = "http://api.invalid"
	key, err := bitbank.NewCredentials("key", "secret", origin, bitbank.Auth{})
	if err != nil {
		panic(err)
	}
	client, err := bitbank.New(bitbank.Options{HTTP: http, PrivateURL: origin, Credentials: key})
	if err != nil {
		panic(err)
	}
	return fake, client, end
}

// small is an order that is far from the market.
func small() bitbank.NewOrder {
	return bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, PostOnly: true,
		Amount: bitbank.NewNumber(decimal.RequireFromString("0.0001")),
		Price:  bitbank.NewNumber(decimal.NewFromInt(9000000)),
	}
}

// A write has three ends, and a program that trades has an answer to each.
func ExampleClient_PlaceOrder() {
	fake, client, end := account()
	defer end()
	place := func(o bitbank.NewOrder) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		outcome := client.PlaceOrder(ctx, o)
		if order, done := outcome.Done(); done {
			fmt.Println("placed as", order.ID)
		} else if refusal, refused := outcome.Refused(); refused && refusal.NeverSent() {
			fmt.Println("not placed, and bitbank has not seen it:", refusal.Err)
		} else if refused {
			info, _ := bitbank.Lookup(refusal.Code)
			fmt.Println("not placed:", info.En)
		} else {
			// It may rest on the book. Look for it; never send it again.
			fmt.Println("lost")
		}
	}
	place(small())
	place(bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Market, Amount: small().Amount, Price: small().Price})
	undo := fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Refuse, Code: 60001})
	place(small())
	undo()
	undo = fake.Fail(bitbanktest.Fault{Effect: bitbanktest.HTML, Status: 502, After: true}) // it is placed, but who knows
	place(small())
	undo()
	orders, err := client.ActiveOrders(context.Background(), bitbank.OrderQuery{Pair: "btc_jpy"})
	fmt.Println(len(orders), "active orders,", err)
	// Output:
	// placed as 59600000001
	// not placed, and bitbank has not seen it: place an order: market has no price
	// not placed: Balance is not enough
	// lost
	// 2 active orders, <nil>
}

// A cancel is done when the order says so, with what was executed before.
func ExampleClient_CancelOrder() {
	_, client, end := account()
	defer end()
	ctx := context.Background()
	order, _ := client.PlaceOrder(ctx, small()).Done()
	if err := client.CancelOrder(ctx, order.Pair, order.ID).Err(); err != nil {
		fmt.Println("whatever this says, the order itself is asked:", err)
	}
	order, err := client.Order(ctx, order.Pair, order.ID)
	if err == nil && order.Status.Terminal() {
		fmt.Println(order.Status, "executed", order.ExecutedAmount)
	}
	// Output: CANCELED_UNFILLED executed 0.0000
}

func ExampleClient_ActiveOrders() {
	_, client, end := account()
	defer end()
	ctx := context.Background()
	client.PlaceOrder(ctx, small())
	orders, err := client.ActiveOrders(ctx, bitbank.OrderQuery{})
	if err != nil {
		fmt.Println("not known:", err) // which is not the same as none
		return
	}
	for _, o := range orders {
		fmt.Println(o.ID, o.Pair, o.Side, o.Type, o.RemainingAmount, "at", o.Price, o.Status)
	}
	// Output: 59600000001 btc_jpy buy limit 0.0001 at 9000000 UNFILLED
}

// All trades since a moment, each once.
func ExampleClient_AllTrades() {
	_, client, end := account()
	defer end()
	since := time.UnixMilli(1767225600000)
	for trade, err := range client.AllTrades(context.Background(), bitbank.TradeQuery{Since: since}, 20) {
		if err != nil {
			fmt.Println("incomplete:", err)
			return
		}
		fmt.Println(trade.ExecutedAt.Time().UTC().Format(time.TimeOnly), trade.Pair, trade.Side, trade.Amount, "at", trade.Price)
	}
	// Output:
	// 00:00:01 btc_jpy buy 0.0010 at 15000000
	// 00:00:01 btc_jpy buy 0.0040 at 15000000
	// 00:00:04 btc_jpy sell 0.0100 at 15100000
	// 00:00:05 xrp_jpy sell 100.0000 at 350.001
}

// One limiter for everything that uses the account, with room that is kept for emergencies.
func ExampleLimiter() {
	limiter, err := bitbank.NewLimiter(bitbank.LimiterOptions{Shares: []bitbank.Share{{Priority: "panic", Query: 1, Update: 2}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := bitbank.New(bitbank.Options{Limiter: limiter})
	if err != nil {
		fmt.Println(err)
		return
	}
	urgent := client.With(bitbank.Call{Priority: "panic"})
	fmt.Println(urgent.CancelOrder(context.Background(), "btc_jpy", 59600000001)) // it has no key
	// Output: CancelOrder: never sent: there is no key
}

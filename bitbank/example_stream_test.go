package bitbank_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// Order books of several pairs, one of which is shown.
func ExampleBooks() {
	fake := bitbanktest.New(bitbanktest.Options{OnJoin: func(s *bitbanktest.Server, room string) {
		if channel, ok := strings.CutSuffix(room, "_btc_jpy"); ok {
			s.Publish(room, bitbanktest.Payload("stream_"+channel))
		}
	}})
	http, end := bitbanktest.Memory(fake)
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	books, err := bitbank.NewBooks("btc_jpy", "xrp_jpy")
	if err != nil {
		fmt.Println(err)
		return
	}
	options := bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{HTTP: http, URL: "ws://stream.invalid"}}
	books.Follow(ctx, options, func(bitbank.Event) {
		s, _ := books.Snapshot("btc_jpy", 1)
		if s.State == bitbank.BookCurrent && s.Mode != "" && s.Seq == 9000000008 {
			fmt.Println(s.Pair, "bid", s.Bids[0].Price, "ask", s.Asks[0].Price, "in mode", s.Mode)
			cancel()
		}
	})
	s, _ := books.Snapshot("xrp_jpy", 1)
	fmt.Println(s.Pair, "is", s.State)
	// Output:
	// btc_jpy bid 15000000 ask 15000200 in mode CIRCUIT_BREAK
	// xrp_jpy is awaited
}

// An owner who keeps the account's orders: what the stream says early, and what REST says after a gap, go through one
// merger. Two clients of one account share a Limiter, so that backfills leave room for orders.
func ExampleFollowPrivate() {
	pubnub := bitbanktest.NewPubNub(bitbanktest.PubNubOptions{})
	http, end := bitbanktest.Memory(pubnub)
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	var orders bitbank.OrderMerger
	var cursor bitbank.Cursor // kept in a journal, and given to Resume after a restart
	bitbank.FollowPrivate(ctx, bitbank.PrivateOptions{
		HTTP: http, URL: "http://pubnub.invalid",
		Ticket: func(context.Context) (bitbank.Ticket, error) { // client.Subscribe
			return bitbank.NewTicket(pubnub.Ticket()), nil
		},
		Backfill: func(ctx context.Context, since time.Time) error {
			// client.ActiveOrders, client.AllTrades since then, client.Assets, and so on.
			return nil
		},
		Resume: cursor,
	}, func(e bitbank.PrivateEvent) {
		switch e.Kind {
		case bitbank.PrivateGap:
			fmt.Println("a gap:", e.Reason)
		case bitbank.PrivateBackfilled:
			fmt.Println("closed")
			// The reports of an order's life overtake each other.
			pubnub.Publish(`{"method":"spot_order","params":[{"order_id":7,"pair":"btc_jpy","status":"FULLY_FILLED","remaining_amount":"0","executed_amount":"2"}]}`)
			pubnub.Publish(`{"method":"spot_order_new","params":[{"order_id":7,"pair":"btc_jpy","status":"UNFILLED","remaining_amount":"2","executed_amount":"0","price":"15000000"}]}`)
		case bitbank.PrivateMessage:
			for _, o := range e.Orders {
				now, news := orders.Merge(o.Order, e.At)
				fmt.Println("order", o.ID, "is", now.Status, "at", now.Price, "news:", news)
			}
		case bitbank.PrivatePolled:
			cursor = e.Cursor
			if o, _ := orders.Order("btc_jpy", 7); o.Price.Known() {
				cancel()
			}
		}
	})
	fmt.Println(len(orders.Active()), "active, to go on:", cursor.Timetoken != 0)
	// Output:
	// a gap: first
	// closed
	// order 7 is FULLY_FILLED at  news: true
	// order 7 is FULLY_FILLED at 15000000 news: false
	// 0 active, to go on: true
}

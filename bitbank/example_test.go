package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// Whatever comes back in an outage, the type of the error says who spoke.
func Example() {
	fake := bitbanktest.New(bitbanktest.Options{}) // in the place of the real bitbank
	server := httptest.NewServer(fake)
	defer server.Close()
	client, err := bitbank.New(bitbank.Options{HTTP: server.Client(), PublicURL: server.URL, PrivateURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	ask := func() {
		ticker, err := client.Ticker(context.Background(), "btc_jpy")
		refusal, refused := errors.AsType[*bitbank.Error](err)
		broken, isBroken := errors.AsType[*bitbank.BodyError](err)
		front, isFront := errors.AsType[*bitbank.StatusError](err)
		switch {
		case err == nil:
			fmt.Println("last price", ticker.Last)
		case errors.Is(err, bitbank.ErrMaintenance):
			fmt.Println("maintenance, code", refusal.Code)
		case refused:
			info, _ := bitbank.Lookup(refusal.Code)
			fmt.Println("refused:", info.En)
		case isBroken:
			fmt.Println("the answer is", broken.Defect)
		case isFront:
			fmt.Println("something in front of bitbank answers", front.Status)
		default:
			fmt.Println("no answer")
		}
	}
	ask()
	for _, f := range []bitbanktest.Fault{
		{Effect: bitbanktest.Refuse, Code: 10007},
		{Effect: bitbanktest.Refuse, Code: 10008},
		{Effect: bitbanktest.HTML},
		{Effect: bitbanktest.HTML, Status: 503},
		{Effect: bitbanktest.Reset},
	} {
		undo := fake.Fail(f)
		ask()
		undo()
	}
	// Output:
	// last price 15000000
	// maintenance, code 10007
	// refused: Servers overloaded
	// the answer is html
	// something in front of bitbank answers 503
	// no answer
}

func ExampleClient_Knock() {
	server := httptest.NewServer(bitbanktest.New(bitbanktest.Options{}))
	defer server.Close()
	client, err := bitbank.New(bitbank.Options{HTTP: server.Client(), PrivateURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	refusal, err := client.Knock(context.Background())
	fmt.Println(refusal.Code, err)
	// Output: 20003 <nil>
}

// A book lives from two rooms, and begins anew with every connection.
func ExampleFollow() {
	whole, diff := bitbank.Room(bitbank.ChannelDepthWhole, "btc_jpy"), bitbank.Room(bitbank.ChannelDepthDiff, "btc_jpy")
	fake := bitbanktest.New(bitbanktest.Options{OnJoin: func(s *bitbanktest.Server, room string) {
		s.Publish(room, bitbanktest.Payload("stream_"+strings.TrimSuffix(room, "_btc_jpy")))
	}})
	http, end := bitbanktest.Memory(fake)
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	var book bitbank.Book
	options := bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{
		HTTP: http, URL: "ws://stream.invalid", Rooms: []string{whole, diff},
	}}
	bitbank.Follow(ctx, options, func(e bitbank.Event) {
		switch {
		case e.Kind == bitbank.EventOpened:
			book.Reset()
		case e.Kind == bitbank.EventClosed:
			fmt.Println("lost:", e.Err)
		case e.Channel == bitbank.ChannelDepthWhole:
			if d, err := e.Depth(); err == nil {
				book.ApplyWhole(d)
			}
		case e.Channel == bitbank.ChannelDepthDiff:
			if d, err := e.DepthDiff(); err == nil {
				book.ApplyDiff(d)
			}
		}
		if book.Seq() == 9000000008 {
			cancel()
		}
	})
	fmt.Println("best ask", book.Asks(1)[0].Price, "for", book.Asks(1)[0].Amount)
	fmt.Println("best bid", book.Bids(1)[0].Price, "for", book.Bids(1)[0].Amount)
	// Output:
	// best ask 15000200 for 0.3000
	// best bid 15000000 for 0.0900
}

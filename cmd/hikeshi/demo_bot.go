package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
	"hikeshi/internal/secret"
)

const (
	quotePair = "xrp_jpy" // not the pair that the demo's outage halts
	// quoteEvery leaves the account's limit, and the reader of the page, room.
	quoteEvery = 4 * time.Second
	// quoteApart makes sure of the order in which bitbank gets a round's two orders.
	quoteApart = 300 * time.Millisecond
	restMost   = 4 // orders of the bot; the oldest are cancelled beyond it
)

// quoteAside is how far from the last price an order is: rarely met in a minute.
var quoteAside = decimal.New(5, -3)

// A quoter is the demo's bot. It has a small buy and a small sell of one pair on the book, all through the gateway and with a
// local key, as any bot does. What became of an order whose answer is lost is not for it to find out, so it repeats none.
type quoter struct {
	client *bitbank.Client
	every  time.Duration
	rest   []bitbank.OrderID // oldest first
}

// newQuoter is a bot with the first of the configured local keys.
func newQuoter(cfg config.Config) (*quoter, error) {
	id, err := secret.Read(cfg.Gateway.Bots[0].IDFile)
	if err != nil {
		return nil, err
	}
	key, err := secret.Read(cfg.Gateway.Bots[0].SecretFile)
	if err != nil {
		return nil, err
	}
	url := "http://" + cfg.Gateway.Listen
	credentials, err := bitbank.NewCredentials(id.Reveal(), key.Reveal(), url, bitbank.Auth{})
	if err != nil {
		return nil, err
	}
	client, err := bitbank.New(bitbank.Options{PublicURL: url, PrivateURL: url, Credentials: credentials})
	return &quoter{client: client, every: quoteEvery}, err
}

// run trades until ctx ends.
func (q *quoter) run(ctx context.Context) {
	for n := 0; pause(ctx, q.every); n++ {
		q.round(ctx, n)
	}
}

// round places a buy and a sell, waits for both answers, and cancels what has rested longest. Where anything is not certain it
// does nothing more: the next round comes.
func (q *quoter) round(ctx context.Context, n int) {
	now, err := q.client.Ticker(ctx, quotePair)
	if err != nil || !now.Last.Known() {
		return
	}
	// Another amount each time, so that no order looks like an earlier one.
	amount := bitbank.NewNumber(decimal.New(100+int64(n%100), -1))
	var placed [2]bitbank.OrderID
	var both sync.WaitGroup
	for i, side := range []bitbank.Side{bitbank.Buy, bitbank.Sell} {
		aside := quoteAside
		if side == bitbank.Buy {
			aside = aside.Neg()
		}
		price := bitbank.NewNumber(now.Last.Decimal().Mul(aside.Add(decimal.New(1, 0))).Round(2))
		both.Go(func() {
			if !pause(ctx, time.Duration(i)*quoteApart) {
				return
			}
			o := bitbank.NewOrder{Pair: quotePair, Side: side, Type: bitbank.Limit, Amount: amount, Price: price}
			if order, done := q.client.PlaceOrder(ctx, o).Done(); done {
				placed[i] = order.ID
			}
		})
	}
	both.Wait()
	for _, id := range placed {
		if id != 0 {
			q.rest = append(q.rest, id)
		}
	}
	for len(q.rest) > restMost && placed[1] != 0 {
		if _, lost := q.client.CancelOrder(ctx, quotePair, q.rest[0]).Lost(); lost {
			return
		}
		q.rest = slices.Delete(q.rest, 0, 1) // cancelled, or filled before
	}
}

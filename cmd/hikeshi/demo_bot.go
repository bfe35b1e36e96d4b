package main

import (
	"context"
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
	quoteEvery = 2 * time.Second
	// openMost orders may be without an answer; then the bot asks first whether bitbank answers at all.
	openMost = 2
	restMost = 4 // orders of the bot on the book; the oldest are cancelled beyond it
)

// quoteAside is how far from the last price an order is: rarely met in a minute.
var quoteAside = decimal.New(5, -3)

// A quoter is the demo's bot. It places a small buy and a small sell of one pair in turn, all through the gateway and with a local
// key, as any bot does. What became of an order whose answer is lost is not for it to find out, so it repeats none.
type quoter struct {
	client *bitbank.Client
	orders sync.WaitGroup // each order is placed by a goroutine of its own

	mu     sync.Mutex
	flying int               // orders that wait for their answer
	silent int               // answers that were lost since bitbank answered last
	rest   []bitbank.OrderID // on the book, oldest first
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
	return &quoter{client: client}, err
}

// run trades until ctx ends.
func (q *quoter) run(ctx context.Context) {
	for n := 0; pause(ctx, quoteEvery); n++ {
		q.round(ctx, n)
	}
	q.orders.Wait()
}

// round places one order, if not too many are without an answer, and does not wait for it.
func (q *quoter) round(ctx context.Context, n int) {
	q.mu.Lock()
	flying, silent := q.flying, q.silent
	q.mu.Unlock()
	if flying >= openMost {
		return
	}
	if silent >= openMost {
		if _, err := q.client.ActiveOrders(ctx, bitbank.OrderQuery{Pair: quotePair}); err != nil {
			return
		}
	}
	now, err := q.client.Ticker(ctx, quotePair)
	if err != nil || !now.Last.Known() {
		return
	}
	side, factor := bitbank.Buy, decimal.New(1, 0).Sub(quoteAside)
	if n%2 == 1 {
		side, factor = bitbank.Sell, decimal.New(1, 0).Add(quoteAside)
	}
	o := bitbank.NewOrder{
		Pair: quotePair, Side: side, Type: bitbank.Limit, Price: bitbank.NewNumber(now.Last.Decimal().Mul(factor).Round(2)),
		Amount: bitbank.NewNumber(decimal.New(100+int64(n%100), -1)), // another each time: no order looks like an earlier one
	}
	q.mu.Lock()
	q.flying, q.silent = q.flying+1, min(q.silent, openMost-1)
	q.mu.Unlock()
	q.orders.Go(func() { q.place(ctx, o) })
}

// place places an order, and cancels the one that has rested longest.
func (q *quoter) place(ctx context.Context, o bitbank.NewOrder) {
	outcome := q.client.PlaceOrder(ctx, o)
	order, done := outcome.Done()
	_, lost := outcome.Lost()
	var oldest bitbank.OrderID
	q.mu.Lock()
	q.flying--
	switch {
	case done:
		q.silent = 0
		if q.rest = append(q.rest, order.ID); len(q.rest) > restMost {
			oldest, q.rest = q.rest[0], q.rest[1:]
		}
	case lost:
		q.silent++
	}
	q.mu.Unlock()
	if oldest != 0 {
		q.client.CancelOrder(ctx, quotePair, oldest) // the gateway goes on with it when its answer is lost
	}
}

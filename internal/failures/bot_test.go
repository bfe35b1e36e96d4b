package failures

import (
	"context"
	"fmt"
)

// A bot trades through a client: our gateway, or a naive one. It says what it believes.
type bot interface {
	// place wants one order placed, and returns when the client has made up its mind. A want behind which the bot asks again
	// calls it again.
	place(ctx context.Context, o order) belief
	// cancel wants an order cancelled: isPlaced says that bitbank took the cancel.
	cancel(ctx context.Context, pair string, id int64) belief
}

// A belief is what a client holds to be true of an order.
type belief struct {
	state state
	id    int64 // of one that it believes to be placed; 0: it has been told none
	code  int   // bitbank's, of one that failed
}

type state int

const (
	isUnknown state = iota
	isFailed        // no such order exists, nor will
	isPlaced
)

// A process is a bot that can lose its power and start again.
type process interface {
	crash()
	start()
}

func cancelBody(pair string, id int64) string {
	return fmt.Sprintf(`{"pair":%q,"order_id":%d}`, pair, id)
}

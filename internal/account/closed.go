package account

import (
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/reconcile"
)

// closedFor is how long bitbank's word that a pair takes no cancels stands. Bots that ask again and again are answered with it,
// so that bitbank is asked once in that time and a pair that opens is noticed as soon.
const closedFor = 3 * time.Second

// closed are the pairs that took no cancel when they were asked last. It may be used concurrently.
type closed struct {
	mu sync.Mutex
	by map[string]closing
}

// A closing is bitbank's word, and when it was given.
type closing struct {
	code bitbank.Code
	at   time.Time
}

// word is bitbank's for a pair, while it stands.
func (c *closed) word(pair string) (bitbank.Code, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.by[pair]
	return x.code, ok && time.Since(x.at) < closedFor
}

// take takes in what came of a cancel.
func (c *closed) take(pair string, r gateway.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.Outcome == gateway.NotPlaced && reconcile.Latches(r.Code):
		if c.by == nil {
			c.by = map[string]closing{}
		}
		c.by[pair] = closing{r.Code, time.Now()}
	case r.Outcome == gateway.Placed:
		delete(c.by, pair)
	}
}

package gateway

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Reason is why the gateway did not do what it was asked, for counting.
type Reason string

// The reasons.
const (
	ForeignHost  Reason = "foreign_host" // another Host, or a web page
	NotSigned    Reason = "not_signed"   // key or signature
	Repeated     Reason = "repeated"     // an order that came before, to the last byte
	NoSuchPath   Reason = "no_such_path"
	Forbidden    Reason = "forbidden"     // withdrawals, confirmations of deposits
	Malformed    Reason = "malformed"     // an order or a cancel that cannot be
	OutOfScope   Reason = "out_of_scope"  // of the bot's key
	TooMany      Reason = "too_many"      // calls at once, or signatures
	NoRoom       Reason = "no_room"       // in the account's limit until the bot's time was up
	NotAnswering Reason = "not_answering" // the breaker is open
	NoAnswer     Reason = "no_answer"     // from bitbank, or not in time
)

// Stats are what a gateway has counted since it was made.
type Stats struct {
	Inbound   uint64 // requests that came
	Orders    uint64 // handed to the desk
	Cancels   uint64 // likewise
	Forwarded uint64 // reads that left for bitbank, without repeats
	Retried   uint64 // repeats
	Coalesced uint64 // reads that were answered by another's request
	HungUp    uint64 // orders and cancels whose answer was not written to the last byte
	Refused   map[Reason]uint64
}

// counters may be used concurrently.
type counters struct {
	inbound, orders, cancels, forwarded, retried, coalesced, hungUp atomic.Uint64

	mu      sync.Mutex
	refused map[Reason]uint64
}

func (c *counters) refuse(why Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[why]++
}

// Stats may be called at any time.
func (g *Gateway) Stats() Stats {
	c := &g.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Inbound: c.inbound.Load(), Orders: c.orders.Load(), Cancels: c.cancels.Load(), Forwarded: c.forwarded.Load(),
		Retried: c.retried.Load(), Coalesced: c.coalesced.Load(), HungUp: c.hungUp.Load(), Refused: maps.Clone(c.refused),
	}
}

package resilience

import (
	"sync"
	"time"
)

// A Limit bounds the requests of one key. The zero Limit allows nothing.
type Limit struct {
	PerMinute int // in any 60 s
	Burst     int // of these within any one second
}

// delay is how much later than it was counted here a request may reach the other side, whose minute is the one that was
// promised: as long as a look waits for its connection.
const delay = 2 * time.Second

// A Budget counts requests per key, exactly: no window of 60 s ever holds more than PerMinute, none of a second
// more than Burst. It remembers at most PerMinute instants a key. It is safe for concurrent use.
type Budget struct {
	limit func(key string) Limit

	mu   sync.Mutex
	sent map[string][]time.Time // oldest first, at most PerMinute
}

// NewBudget returns a budget whose limits are told by key.
func NewBudget(limit func(key string) Limit) *Budget {
	return &Budget{limit: limit, sent: map[string][]time.Time{}}
}

// Allow reports whether a request may be sent now, and counts it when it may. Time must not go back from call to
// call by more than the caller is willing to see counted too strictly.
func (b *Budget) Allow(key string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next(key, now).After(now) {
		return false
	}
	l := b.limit(key)
	if l.PerMinute <= 0 || l.Burst <= 0 {
		return false
	}
	sent := append(b.sent[key], now)
	if over := len(sent) - l.PerMinute; over > 0 {
		sent = append(sent[:0], sent[over:]...)
	}
	b.sent[key] = sent
	return true
}

// Next is the earliest time at which a request may be sent, now when it may be sent at once. For a key that allows
// nothing it is a minute away, always.
func (b *Budget) Next(key string, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next(key, now)
}

func (b *Budget) next(key string, now time.Time) time.Time {
	l, sent := b.limit(key), b.sent[key]
	if l.PerMinute <= 0 || l.Burst <= 0 {
		return now.Add(time.Minute)
	}
	at := now
	if n := len(sent); n >= l.PerMinute {
		at = later(at, sent[n-l.PerMinute].Add(time.Minute+delay))
	}
	if n := len(sent); n >= l.Burst {
		at = later(at, sent[n-l.Burst].Add(time.Second))
	}
	return at
}

// Count is the number of requests in the 60 s before now.
func (b *Budget) Count(key string, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, t := range b.sent[key] {
		if now.Sub(t) < time.Minute {
			n++
		}
	}
	return n
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

package gateway

import (
	"sync"
	"time"
)

// A verdict is what one request says of the host that it went to.
type verdict int

const (
	silent   verdict = iota // nothing: it was given up too early
	answered                // bitbank's application spoke, be it a refusal
	failed                  // no answer, or not bitbank's
)

// opensAfter is how many failures in a row open a breaker. One or two are a lost packet or a server that went away.
const opensAfter = 5

// A breaker keeps reads from a host that does not answer. It may be used concurrently.
//
// It opens after failures in a row, and only failures count: bitbank's refusals are answers, and whoever gave up early says
// nothing. From 1 to 5 s later, a chance that keeps programs from coming back in step, it lets one GET through: of a bot's,
// because nothing is asked that nobody wants to know. An answer closes it.
type breaker struct {
	dice *dice

	mu       sync.Mutex
	failures int
	open     bool
	probing  bool
	until    time.Time // of an open one: when the next probe may go
}

// refuses reports whether a read would be refused now.
func (b *breaker) refuses(probe bool, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shut(probe, now)
}

func (b *breaker) shut(probe bool, now time.Time) bool {
	return b.open && (b.probing || !probe || now.Before(b.until))
}

// A pass is leave for one request.
type pass struct{ probe bool }

// enter is asked when a request is about to leave. probe says that it may be the one that goes first.
func (b *breaker) enter(probe bool, now time.Time) (pass, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut(probe, now) {
		return pass{}, false
	}
	b.probing = b.open
	return pass{b.open}, true
}

// report takes in what came of a request, and says how many have failed in a row.
func (b *breaker) report(p pass, v verdict, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe {
		b.probing = false
	} else if b.open {
		return b.failures // it left before the breaker opened
	}
	switch v {
	case answered:
		b.failures, b.open = 0, false
	case failed:
		b.failures++
		if p.probe || b.failures >= opensAfter {
			b.open, b.until = true, now.Add(b.dice.between(time.Second, 5*time.Second))
		}
	}
	return b.failures
}

// pause keeps reads away for a while, because the host has asked for it.
func (b *breaker) pause(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open || until.After(b.until) {
		b.open, b.until = true, until
	}
}

// ailing reports whether the newest requests have failed, more than one in a row.
func (b *breaker) ailing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures > 1
}

// closed reports whether everything may pass.
func (b *breaker) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.open
}

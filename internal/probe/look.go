package probe

import (
	"context"
	"time"
)

// A Probe is one way of looking, and how often. It has either Look or Follow.
type Probe struct {
	Target   Target
	Host     Host
	Every    time.Duration
	Offset   time.Duration // after the watch began, so that the looks at one host do not fall together; may be negative
	Deadline time.Duration // Look returns by then, whatever the other side does
	Budget   string        // key of the request budget; empty for a look that sends no request
	Also     []Target      // further targets that Follow reports on, such as the channels of a stream

	// Look looks once and returns what it saw, or the zero Observation when ctx was cancelled. While it is unusually
	// slow it hands an Observation with Late set to early, so that others are asked at once.
	Look func(ctx context.Context, early func(Observation)) Observation
	// Follow reports until ctx ends.
	Follow func(ctx context.Context, report func(Observation))
}

// Targets are all that p reports on.
func (p Probe) Targets() []Target { return append([]Target{p.Target}, p.Also...) }

// ThisMachine is the computer that this program runs on and its network.
func ThisMachine() Machine { return System{} }

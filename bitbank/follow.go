package bitbank

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// FollowOptions say how to stay connected.
type FollowOptions struct {
	StreamOptions
	// First and Longest are the pauses before connecting again: First after a cut, doubling up to Longest while it
	// keeps failing. Default 1 s and 30 s. Each is drawn between its half and its whole, so that everybody who was
	// cut at once does not come back at once.
	First, Longest time.Duration
	Rand           *rand.Rand // where the draws come from; nil is the runtime's source
}

// steady is how long a connection lasts before the next cut counts as a first one.
const steady = 30 * time.Second

// Follow keeps a connection to the stream until ctx ends, and reports every event, its own losses included, to on,
// one at a time. Each connection begins anew: nothing is replayed, so a Book is Reset at EventOpened. on must return
// soon: nothing is read meanwhile, and nothing is queued. Follow returns ctx's error, or at once that of options
// that cannot work.
func Follow(ctx context.Context, o FollowOptions, on func(Event)) error {
	if _, err := o.address(); err != nil {
		return fmt.Errorf("follow the stream: %w", err)
	}
	if o.First <= 0 {
		o.First = time.Second
	}
	if o.Longest <= 0 {
		o.Longest = 30 * time.Second
	}
	for pause := o.First; ; {
		lasted, err := o.follow(ctx, on)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if lasted >= steady {
			pause = o.First
		}
		retry := draw(o.Rand, pause)
		on(Event{Kind: EventClosed, At: time.Now(), Err: err, Retry: retry})
		pause = max(o.First, min(2*pause, o.Longest))
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow is the life of one connection: how long it lasted, and why it ended.
func (o FollowOptions) follow(ctx context.Context, on func(Event)) (time.Duration, error) {
	s, err := Dial(ctx, o.StreamOptions)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	opened := time.Now()
	on(Event{Kind: EventOpened, At: opened, Session: s.Session(), Stream: s})
	for {
		e, err := s.Next(ctx)
		if err != nil {
			return time.Since(opened), err
		}
		on(e)
	}
}

// draw is a pause between the half and the whole of d, from r or, when that is nil, from the runtime's source.
func draw(r *rand.Rand, d time.Duration) time.Duration {
	half := int64(d / 2)
	if r != nil {
		return time.Duration(half + r.Int64N(half+1))
	}
	return time.Duration(half + rand.Int64N(half+1))
}

package pubnub_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/internal/sim/pubnub"
)

// A follower polls without end, over HTTP, and goes away for a while now and then.
type follower struct {
	reader
	away atomic.Int64 // milliseconds, of the next absence
	hang atomic.Value // context.CancelFunc of the poll under way
	got  chan string
}

func (f *follower) run(ctx context.Context) {
	defer close(f.got)
	for ctx.Err() == nil {
		one, cancel := context.WithCancel(ctx)
		f.hang.Store(cancel)
		h := f.poll(one)
		cancel()
		for _, m := range h.messages {
			f.got <- m
		}
		time.Sleep(time.Duration(f.away.Swap(0)) * time.Millisecond)
	}
}

// Clients that hang up in the middle of a poll and come back with their last place hear everything once and in order, as
// long as nothing overflows.
func TestFollowersHearEverythingThoughTheyHangUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			r := build(t, pubnub.Options{Hold: 700 * time.Millisecond, Batch: rapid.IntRange(1, 100).Draw(t, "batch")})
			ctx, cancel := context.WithCancel(context.Background())
			var all []*follower
			for range rapid.IntRange(1, 3).Draw(t, "followers") {
				token := r.Grant(mine, time.Now().Add(time.Hour))
				f := &follower{reader: reader{rig: r, channel: mine, token: token, place: "0"}, got: make(chan string, 10_000)}
				if h := f.poll(ctx); h.status != 200 {
					t.Fatalf("first call: %+v", h)
				}
				all = append(all, f)
				go f.run(ctx)
			}
			synctest.Wait()
			var said []string
			for range rapid.IntRange(1, 30).Draw(t, "steps") {
				switch rapid.IntRange(0, 2).Draw(t, "step") {
				case 0:
					for range rapid.IntRange(1, 8).Draw(t, "messages") {
						r.say(mine, len(said), pubnub.Fate{})
						said = append(said, fmt.Sprint(len(said)))
					}
				case 1: // at most twelve steps of eight messages pass in an absence
					f := rapid.SampledFrom(all).Draw(t, "who")
					f.away.Store(rapid.Int64Range(0, 550).Draw(t, "away"))
					f.hang.Load().(context.CancelFunc)()
				}
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			cancel()
			for i, f := range all {
				var got []string
				for m := range f.got {
					got = append(got, m)
				}
				if !slices.Equal(got, said) {
					t.Errorf("follower %d heard %v, said was %v", i, got, said)
				}
			}
		})
	})
}

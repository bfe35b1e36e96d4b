package pubnub_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/sim/pubnub"
)

func TestAMessageCanBeLostOrDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say(mine, 1, pubnub.Fate{Lost: true})
		r.say(mine, 2, pubnub.Fate{Copies: 2})
		r.say(mine, 3, pubnub.Fate{})
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"2", "2", "2", "3"}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestALateMessageComesBehindThoseOfMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say(mine, 1, pubnub.Fate{Late: 3 * time.Second, Copies: 1})
		r.say(mine, 2, pubnub.Fate{Late: 2 * time.Second})
		r.say(mine, 3, pubnub.Fate{})
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{{0, []string{"3"}}, {2 * time.Second, []string{"2"}}, {time.Second, []string{"1", "1"}}} {
			time.Sleep(step.after)
			r.Advance(time.Now())
			if h := c.poll(t.Context()); !slices.Equal(h.messages, step.want) {
				t.Errorf("after %v: %+v, want %v", step.after, h, step.want)
			}
		}
		// What is due at once comes in the order in which it was due.
		r.say(mine, 4, pubnub.Fate{Late: 2 * time.Second})
		r.say(mine, 5, pubnub.Fate{Late: time.Second})
		time.Sleep(time.Minute)
		r.say(mine, 6, pubnub.Fate{}) // publishing lets them arrive, too
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"5", "4", "6"}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestMixedMessagesComeInAnotherOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		for round := range 20 {
			for n := range 5 {
				r.say(mine, n, pubnub.Fate{Mixed: true})
			}
			h := c.poll(t.Context())
			if sorted := slices.Sorted(slices.Values(h.messages)); slices.IsSorted(h.messages) || !slices.Equal(sorted, []string{"0", "1", "2", "3", "4"}) {
				t.Errorf("round %d: %+v", round, h)
			}
		}
		// A quiet channel holds two of them for a second.
		for round := range 10 {
			r.say(mine, 1, pubnub.Fate{Mixed: true})
			r.say(mine, 2, pubnub.Fate{Mixed: true})
			got := c.polling(t.Context())
			time.Sleep(time.Second - time.Millisecond)
			r.Advance(time.Now())
			if synctest.Wait(); len(got) != 0 {
				t.Fatalf("round %d, within a second: %+v", round, <-got)
			}
			time.Sleep(time.Millisecond)
			r.Advance(time.Now())
			if h := <-got; !slices.Equal(h.messages, []string{"2", "1"}) {
				t.Errorf("round %d, after a second: %+v", round, h)
			}
		}
	})
}

func TestAStalledPollSaysNothingAtAllUntilTheStallIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stall atomic.Pointer[chan struct{}]
		r := build(t, pubnub.Options{Poll: func(_ uint64, channel string) pubnub.PollFate {
			if s := stall.Load(); s != nil && channel == mine {
				return pubnub.PollFate{Stalled: *s}
			}
			return pubnub.PollFate{}
		}})
		one, other := r.join(t, mine), r.join(t, "another")
		first, fine := one.polling(t.Context()), other.polling(t.Context())
		synctest.Wait()
		s := make(chan struct{})
		stall.Store(&s)
		r.Nudge()
		r.say(mine, 1, pubnub.Fate{})
		r.say("another", 2, pubnub.Fate{})
		if h := <-fine; !slices.Equal(h.messages, []string{"2"}) {
			t.Errorf("the other channel: %+v", h)
		}
		second := (&reader{rig: r, channel: mine, token: one.token, place: "0"}).polling(t.Context()) // a first call is silent, too
		time.Sleep(10 * time.Minute)
		r.Revoke("nobody")
		if synctest.Wait(); len(first)+len(second) != 0 {
			t.Fatal("a stalled poll was answered within ten minutes")
		}
		stall.Store(nil) // who was stalled stays so until the stall's own end
		r.Nudge()
		if synctest.Wait(); len(first) != 0 {
			t.Fatalf("before the end of the stall: %+v", <-first)
		}
		close(s)
		if h := <-first; !slices.Equal(h.messages, []string{"1"}) {
			t.Errorf("after the stall: %+v", h)
		}
		if h := <-second; h.status != 200 || h.messages != nil {
			t.Errorf("the first call after the stall: %+v", h)
		}
	})
}

func TestAStalledPollOutlivesItsTimeAndIsAnsweredEmptyThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := make(chan struct{})
		r := build(t, pubnub.Options{Poll: func(number uint64, _ string) pubnub.PollFate {
			if number == 2 {
				return pubnub.PollFate{Stalled: s}
			}
			return pubnub.PollFate{}
		}})
		c := r.join(t, mine)
		got, began := c.polling(t.Context()), time.Now()
		time.AfterFunc(time.Hour, func() { close(s) })
		if h := <-got; h.status != 200 || h.messages != nil || time.Since(began) != time.Hour {
			t.Errorf("%+v after %v", h, time.Since(began))
		}
	})
}

// A stalled client that hangs up frees its place, as any other.
func TestWhoHangsUpOnAStallIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		r := build(t, pubnub.Options{Polls: 1, Poll: func(number uint64, _ string) pubnub.PollFate {
			if number == 2 {
				return pubnub.PollFate{Stalled: forever}
			}
			return pubnub.PollFate{}
		}})
		c := r.join(t, mine)
		if h := c.poll(timeout(t, time.Minute)); !errors.Is(h.err, context.DeadlineExceeded) {
			t.Errorf("%+v", h)
		}
		synctest.Wait()
		r.say(mine, 1, pubnub.Fate{})
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"1"}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestPollsAreCutAndTheNextOneMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cut atomic.Bool
		stalled := make(chan struct{})
		r := build(t, pubnub.Options{Poll: func(number uint64, channel string) pubnub.PollFate {
			if channel == "another" && number > 2 && !cut.Load() {
				return pubnub.PollFate{Stalled: stalled}
			}
			return pubnub.PollFate{Cut: cut.Load()}
		}})
		one, two := r.join(t, mine), r.join(t, "another")
		first, second := one.polling(t.Context()), two.polling(t.Context())
		r.say("another", 1, pubnub.Fate{})
		synctest.Wait()
		cut.Store(true)
		r.Nudge()
		for _, got := range []<-chan heard{first, second} { // one that waits, one that is stalled with a message
			if h := <-got; h.err == nil {
				t.Errorf("%+v", h)
			}
		}
		cut.Store(false)
		close(stalled)
		r.say(mine, 2, pubnub.Fate{})
		if h := one.poll(t.Context()); !slices.Equal(h.messages, []string{"2"}) {
			t.Errorf("%+v", h)
		}
		if h := two.poll(t.Context()); !slices.Equal(h.messages, []string{"1"}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestAClearedQueueIsAGapWithoutAMarker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say(mine, 1, pubnub.Fate{})
		r.say(mine, 2, pubnub.Fate{Late: time.Second})
		r.say(mine, 3, pubnub.Fate{Mixed: true})
		r.Clear(mine)
		r.Clear("nobody")
		time.Sleep(time.Minute)
		r.say(mine, 4, pubnub.Fate{})
		if h := c.poll(t.Context()); !slices.Equal(h.messages, []string{"4"}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestARestartForgetsEverybodyButTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t, pubnub.Options{})
		c := r.join(t, mine)
		r.say(mine, 1, pubnub.Fate{})
		c.poll(t.Context())
		got, before := c.polling(t.Context()), c.place
		synctest.Wait()
		r.Restart()
		if h := <-got; h.err == nil {
			t.Errorf("the poll that waited: %+v", h)
		}
		if h := c.poll(t.Context()); h.status != 403 {
			t.Errorf("an old token: %+v", h)
		}
		if now := r.join(t, mine); now.place < before {
			t.Errorf("the time went back from %s to %s", before, now.place)
		}
	})
}

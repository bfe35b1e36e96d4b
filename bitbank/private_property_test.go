package bitbank_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// A trouble is one step of a stream's life: what happens, and a number for how much of it.
type trouble struct {
	what string
	n    int
}

var troubles = []string{"publish", "burst", "garbage", "repeat", "sleep", "cut", "down", "up", "garbled", "deaf", "revoke", "restart", "no ticket", "ticket", "no REST", "REST"}

// Whatever happens to the stream, to its tickets, to REST and to us: in the end each message was either reported, or a
// backfill that began after it reached back to it; and no trade was reported twice within one life.
func TestNothingIsMissedUnnoticed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trouble {
			return trouble{rapid.SampledFrom(troubles).Draw(t, "what"), rapid.IntRange(1, 130).Draw(t, "n")}
		}), 1, 40).Draw(rt, "steps")
		bare := rapid.Bool().Draw(rt, "bare")
		var failure string
		synctest.Test(t, func(t *testing.T) { failure = live(t, steps, bare) })
		if failure != "" {
			rt.Fatal(failure)
		}
	})
}

// live goes through the steps, heals the world, and says what is wrong.
func live(t *testing.T, steps []trouble, bare bool) (failure string) {
	fake := bitbanktest.NewPubNub(bitbanktest.PubNubOptions{Bare: bare})
	h, end := bitbanktest.Memory(fake)
	defer end()
	var mu sync.Mutex // held except while we wait
	mu.Lock()
	wait := func(what func()) {
		mu.Unlock()
		what()
		mu.Lock()
	}
	sleep := func(d time.Duration) { wait(func() { time.Sleep(d) }) }
	type backfill struct{ began, since time.Time }
	var done []backfill
	var ticketErr, restErr error
	var cursor bitbank.Cursor
	published := map[int]time.Time{}
	heard, twice := map[int]bool{}, map[int]bool{}
	options := bitbank.PrivateOptions{
		HTTP: h, URL: "http://pubnub.invalid",
		Ticket: func(context.Context) (bitbank.Ticket, error) {
			mu.Lock()
			defer mu.Unlock()
			return bitbank.NewTicket(fake.Ticket()), ticketErr
		},
		Backfill: func(ctx context.Context, since time.Time) error {
			began := time.Now()
			time.Sleep(3 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			if restErr == nil {
				done = append(done, backfill{began, since})
			}
			return restErr
		},
	}
	var stop func()
	start := func() {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		options.Resume = cursor
		clear(twice)
		go func() {
			defer close(ended)
			bitbank.FollowPrivate(ctx, options, func(e bitbank.PrivateEvent) {
				mu.Lock()
				defer mu.Unlock()
				for _, trade := range e.Trades {
					id := int(trade.ID)
					if twice[id] {
						failure = fmt.Sprintf("trade %d is reported twice", id)
					}
					heard[id], twice[id] = true, true
				}
				if e.Kind == bitbank.PrivatePolled || e.Kind == bitbank.PrivateBackfilled {
					cursor = e.Cursor // as an owner would keep it
				}
			})
		}()
		stop = func() {
			cancel()
			wait(func() { <-ended })
		}
	}
	start()
	undo := func() {}
	publish := func(n int) {
		for range n {
			id := len(published) + 1
			published[id] = time.Now()
			fake.Publish(fill(id))
		}
	}
	for _, s := range steps {
		switch s.what {
		case "publish":
			publish(1)
		case "burst":
			publish(s.n)
		case "garbage":
			published[len(published)+1] = time.Now() // it can only be read over REST
			fake.Publish(`{"method":"spot_trade","params":[{"trade_id":-1}]}`)
		case "repeat":
			fake.Repeat(s.n)
		case "sleep":
			sleep(time.Duration(s.n) * 15 * time.Second) // up to half an hour
		case "cut":
			fake.Cut()
		case "down", "garbled", "deaf":
			undo()
			undo = fake.Fail(map[string]bitbanktest.Fault{
				"down":    {Effect: bitbanktest.Reset},
				"garbled": {Effect: bitbanktest.Half, Path: "tt=9"}, // only where the queue is can be asked
				"deaf":    {Effect: bitbanktest.Reset, Path: "tt=9"},
			}[s.what])
			fake.Cut()
		case "up":
			undo()
		case "revoke":
			fake.Revoke()
		case "restart":
			stop()
			sleep(time.Duration(s.n) * time.Second)
			start()
		case "no ticket":
			ticketErr = errors.New("maintenance")
		case "ticket":
			ticketErr = nil
		case "no REST":
			restErr = errors.New("maintenance")
		case "REST":
			restErr = nil
		}
		if s.n%2 == 0 {
			wait(synctest.Wait)
		}
	}
	undo()
	ticketErr, restErr = nil, nil
	sleep(10 * time.Minute)
	stop()
	for id, at := range published {
		covered := heard[id]
		for _, b := range done {
			covered = covered || !b.began.Before(at) && !b.since.After(at)
		}
		if !covered && failure == "" {
			failure = fmt.Sprintf("trade %d of %v was missed unnoticed; backfills %v", id, at, done)
		}
	}
	if cursor.Owed && failure == "" {
		failure = fmt.Sprintf("the cursor %+v still owes", cursor)
	}
	return failure
}

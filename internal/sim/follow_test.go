package sim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// A follower is our client on the private stream.
type follower struct {
	mu        sync.Mutex
	methods   []string
	gaps      []bitbank.GapReason
	troubles  []error
	tickets   int
	backfills int
	orders    map[bitbank.OrderID]bitbank.OrderStatus
}

func (f *follower) on(e bitbank.PrivateEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Err != nil {
		f.troubles = append(f.troubles, e.Err)
	}
	switch e.Kind {
	case bitbank.PrivateMessage:
		f.methods = append(f.methods, e.Method)
		for _, o := range e.Orders {
			f.orders[o.ID] = o.Status
		}
	case bitbank.PrivateGap:
		f.gaps = append(f.gaps, e.Reason)
	}
}

// follow starts it, and waits until it has a place in the stream.
func follow(t *testing.T, s *Sim, client *bitbank.Client) *follower {
	t.Helper()
	f := &follower{orders: map[bitbank.OrderID]bitbank.OrderStatus{}}
	wire := serveInMemory(t, s, "pubnub")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- bitbank.FollowPrivate(ctx, bitbank.PrivateOptions{
			HTTP: wire, URL: "http://pubnub",
			Ticket: func(ctx context.Context) (bitbank.Ticket, error) {
				f.mu.Lock()
				f.tickets++
				f.mu.Unlock()
				return client.Subscribe(ctx)
			},
			Backfill: func(context.Context, time.Time) error {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.backfills++
				return nil
			},
		}, f.on)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("FollowPrivate: %v", err)
		}
		wire.CloseIdleConnections()
	})
	time.Sleep(2 * time.Second)
	return f
}

// Client and simulator were written by different hands from the same documents: what one tells the other understands, over an
// outage, a revoked token and half a day.
func TestOurClientFollowsThePrivateStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A bubble begins in 2000, when timetokens had a digit less than any real one.
		time.Sleep(3 * 365 * 24 * time.Hour)
		s := calm(t, Options{Seed: 1, Limits: Limits{Query: 1000, Update: 1000}})
		client, wire := ourClient(t, s)
		defer wire.CloseIdleConnections()
		f := follow(t, s, client)
		place := func() bitbank.OrderID {
			t.Helper()
			o, done := client.PlaceOrder(t.Context(), wanted).Done()
			if !done {
				t.Fatal("not placed")
			}
			return o.ID
		}
		told := func(id bitbank.OrderID, want bitbank.OrderStatus) {
			t.Helper()
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.orders[id] != want {
				t.Errorf("order %d was told as %q, want %q; heard %v, troubles %v", id, f.orders[id], want, f.methods, f.troubles)
			}
		}
		id := place()
		synctest.Wait()
		told(id, bitbank.StatusUnfilled) // before the answer, or with it
		client.CancelOrder(t.Context(), "btc_jpy", id)
		synctest.Wait()
		told(id, bitbank.StatusCanceledUnfilled)
		if f.mu.Lock(); !slices.Contains(f.methods, bitbank.MethodAssetUpdate) || f.backfills != 1 {
			t.Errorf("heard %v, read %d times over REST", f.methods, f.backfills)
		}
		f.mu.Unlock()

		// What is told while the stream is away is caught up with.
		fault(t, s, `{"host":"pubnub","effect":"status","status":503,"for_ms":20000}`)
		fault(t, s, `{"host":"pubnub","effect":"close_stream","count":1}`)
		time.Sleep(2 * time.Second)
		id = place()
		time.Sleep(time.Minute)
		told(id, bitbank.StatusUnfilled)

		// A token that is refused is renewed, and so is one that is twelve hours old.
		for _, renew := range []func(){
			func() { callControl(t, s, http.MethodPost, "/accounts/sim", `{"revoke":true}`) },
			func() { time.Sleep(12*time.Hour + time.Minute) },
		} {
			f.mu.Lock()
			before := f.tickets
			f.mu.Unlock()
			renew()
			time.Sleep(time.Minute)
			id = place()
			time.Sleep(time.Minute)
			told(id, bitbank.StatusUnfilled)
			if f.mu.Lock(); f.tickets == before {
				t.Error("no other ticket was asked for")
			}
			f.mu.Unlock()
		}
	})
}

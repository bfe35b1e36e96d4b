package bitbank_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

func newLimiter(t interface{ Fatal(...any) }, o bitbank.LimiterOptions) *bitbank.Limiter {
	l, err := bitbank.NewLimiter(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// most is the largest number of times within any span that is open at its beginning.
func most(times []time.Time, span time.Duration) int {
	slices.SortFunc(times, time.Time.Compare)
	best, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= span {
			from++
		}
		best = max(best, i-from+1)
	}
	return best
}

// Whoever sends what, when, with whatever delays, gaps, refusals and given-up waits: no second of arriving at bitbank
// ever holds more than the limit, and the queue never sticks.
func TestNoSecondEverHoldsMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(r, "limit")
		margin := time.Duration(rapid.IntRange(1, 200).Draw(r, "margin")) * time.Millisecond
		share := rapid.IntRange(0, limit-1).Draw(r, "share")
		senders := rapid.IntRange(1, 20).Draw(r, "senders")
		seed := rapid.Uint64().Draw(r, "seed")
		var arrived []time.Time
		left := 0
		synctest.Test(t, func(*testing.T) {
			l := newLimiter(r, bitbank.LimiterOptions{
				Update: limit, Margin: margin, Shares: []bitbank.Share{{Priority: "panic", Update: share}},
			})
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range senders {
				chance := rand.New(rand.NewPCG(seed, uint64(i)))
				ms := func(most int64) time.Duration { return time.Duration(chance.Int64N(most*1000+1)) * time.Microsecond }
				all.Go(func() {
					for range 8 {
						time.Sleep(ms(400))
						ctx, cancel := context.WithTimeout(context.Background(), ms(5000))
						slot, err := l.Wait(ctx, bitbank.Update, []string{"", "panic"}[chance.IntN(2)])
						cancel()
						if err != nil {
							continue
						}
						time.Sleep(ms(300)) // connecting
						switch chance.IntN(10) {
						case 0: // never sent
						default:
							slot.Sent()
							sent := time.Now()
							delay := ms(margin.Milliseconds())
							mu.Lock()
							arrived = append(arrived, sent.Add(min(delay, margin)))
							left++
							mu.Unlock()
							time.Sleep(ms(300)) // the answer
							if chance.IntN(20) == 0 {
								slot.Refused(0)
							}
						}
						slot.Release()
					}
				})
			}
			all.Wait()
		})
		if got := most(arrived, time.Second); got > limit {
			r.Fatalf("%d of %d arrived within one second, limit %d", got, left, limit)
		}
	})
}

// Requests of a limiter that nobody refuses leave as fast as they may.
func TestTheLimitIsUsedInFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{})
		began := time.Now()
		for i := range 100 {
			slot, err := l.Wait(t.Context(), bitbank.Query, "")
			if err != nil {
				t.Fatal(err)
			}
			slot.Sent()
			slot.Release()
			if want := time.Duration(i/10) * 1050 * time.Millisecond; time.Since(began) != want {
				t.Fatalf("request %d left after %v, want %v", i, time.Since(began), want)
			}
		}
		// The other class has room of its own.
		for range 6 {
			if slot, err := l.Wait(t.Context(), bitbank.Update, ""); err != nil {
				t.Fatal(err)
			} else {
				slot.Sent()
			}
		}
		if took := time.Since(began); took != 9*1050*time.Millisecond {
			t.Errorf("updates waited for queries: %v", took)
		}
	})
}

func TestASharesRoomIsKeptAndTheUrgentGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{Shares: []bitbank.Share{{Priority: "panic", Update: 1}, {Priority: "exit", Update: 1}}})
		try := func(priority string) bool {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			slot, err := l.Wait(ctx, bitbank.Update, priority)
			if err == nil {
				slot.Sent()
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			return err == nil
		}
		for _, step := range []struct {
			priority string
			want     bool
		}{
			{"", true}, {"", true}, {"", true}, {"", true}, {"", false}, // two are kept
			{"exit", true}, {"exit", false}, // one of them for panic only
			{"panic", true}, {"panic", false},
		} {
			if got := try(step.priority); got != step.want {
				t.Errorf("%q may go: %v, want %v", step.priority, got, step.want)
			}
		}
		// Now everything is full: whoever waits longest goes last when it is least urgent.
		var order []string
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, p := range []string{"", "", "exit", "panic", "panic"} {
			all.Go(func() {
				slot, err := l.Wait(t.Context(), bitbank.Update, p)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, p)
				mu.Unlock()
				slot.Sent()
			})
			synctest.Wait()
		}
		all.Wait()
		if want := []string{"panic", "panic", "exit", "", ""}; !slices.Equal(order, want) {
			t.Errorf("left in the order %q, want %q", order, want)
		}
	})
}

func TestWhatWasNotSentGivesItsRoomBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{Update: 1})
		held, err := l.Wait(t.Context(), bitbank.Update, "")
		if err != nil {
			t.Fatal(err)
		}
		began, next := time.Now(), make(chan time.Duration)
		go func() {
			slot, err := l.Wait(t.Context(), bitbank.Update, "")
			if err != nil {
				t.Error(err)
			} else {
				slot.Sent()
			}
			next <- time.Since(began)
		}()
		time.Sleep(3 * time.Second) // held counts as long as it may still leave
		held.Release()
		if waited := <-next; waited != 3*time.Second {
			t.Errorf("the next left after %v, want 3s", waited)
		}
	})
}

func TestTheLimiterLearnsFromRefusalsAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{})
		fake, c := virtual(t, bitbank.Options{Limiter: l})
		refuse := func(f bitbanktest.Fault) {
			f.Count = 1
			fake.Fail(f)
			if _, err := c.Assets(t.Context()); !errors.Is(err, bitbank.ErrRateLimited) {
				t.Errorf("got %v", err)
			}
		}
		refuse(bitbanktest.Fault{Effect: bitbanktest.Refuse, Code: 10009, Status: 429})
		if got := l.Limit(bitbank.Query); got != 7 {
			t.Errorf("after a refusal %d a second, want 7", got)
		}
		if got := l.Limit(bitbank.Update); got != 6 {
			t.Errorf("the other class has %d, want 6", got)
		}
		began := time.Now()
		if _, err := c.Assets(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Errorf("the next request left after %v, %v; want a second", time.Since(began), err)
		}
		refuse(bitbanktest.Fault{Effect: bitbanktest.Empty, Status: 429})
		if got := l.Limit(bitbank.Query); got != 5 {
			t.Errorf("after two refusals %d a second, want 5", got)
		}
		for range 30 {
			refuse(bitbanktest.Fault{Effect: bitbanktest.Refuse, Code: 10009})
		}
		if got := l.Limit(bitbank.Query); got != 1 {
			t.Errorf("after many refusals %d a second, want 1", got)
		}
		for want := 1; want <= 10; want++ {
			if got := l.Limit(bitbank.Query); got != want {
				t.Errorf("%d seconds later %d a second, want %d", (want-1)*10, got, want)
			}
			time.Sleep(10 * time.Second)
		}
		if got := l.Limit(bitbank.Query); got != 10 {
			t.Errorf("it rose to %d, above the limit", got)
		}
		if l.Limit("none") != 0 {
			t.Error("a class that is none has a limit")
		}
	})
}

// Requests that were under way together are refused together, and that is one lesson.
func TestRefusalsOfOneBurstAreOneLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{})
		var slots []*bitbank.Slot
		for range 5 {
			slot, err := l.Wait(t.Context(), bitbank.Query, "")
			if err != nil {
				t.Fatal(err)
			}
			slot.Sent()
			slots = append(slots, slot)
		}
		for _, slot := range slots {
			time.Sleep(10 * time.Millisecond)
			slot.Refused(3 * time.Second)
			slot.Release()
		}
		if got := l.Limit(bitbank.Query); got != 7 {
			t.Errorf("%d a second, want 7", got)
		}
		began := time.Now()
		if _, err := l.Wait(t.Context(), bitbank.Query, ""); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("the next left after %v, %v; want the pause that bitbank asked for", time.Since(began), err)
		}
	})
}

func TestClientsOfOneAccountShareItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{Shares: []bitbank.Share{{Priority: "panic", Update: 2}}})
		fake, one := virtual(t, bitbank.Options{Limiter: l})
		other := one.With(bitbank.Call{})
		for i := range 4 {
			if got := write(t.Context(), t, []*bitbank.Client{one, other}[i%2], "PlaceOrder"); got != "done" {
				t.Errorf("%d: %s", i, got)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		refusal, refused := other.PlaceOrder(ctx, limitBuy(t)).Refused()
		if !refused || refusal.Proof != bitbank.ProofLimit || !errors.Is(refusal, context.DeadlineExceeded) {
			t.Errorf("the fifth: %v", refusal)
		}
		began := time.Now()
		urgent := one.With(bitbank.Call{Priority: "panic"})
		if got := write(t.Context(), t, urgent, "CancelOrder"); got != "done" || time.Since(began) != 0 {
			t.Errorf("panic: %s after %v", got, time.Since(began))
		}
		if n := len(fake.Requests()); n != 5 {
			t.Errorf("%d requests arrived, want 5", n)
		}
		for range 12 { // status and pairs count, with and without a key
			one.SpotStatus(t.Context())
		}
		if took := time.Since(began); took != 1050*time.Millisecond {
			t.Errorf("twelve looks at the status took %v", took)
		}
	})
}

// What is left is for work that is to cost nobody anything: what others keep, use or wait for is not.
func TestWhatIsSpareIsWhatNobodyElseWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{Query: 8, Shares: []bitbank.Share{{Priority: "settle", Query: 3}}})
		spare := func(when string, want int) {
			t.Helper()
			if got := l.Spare(bitbank.Query); got != want {
				t.Errorf("%s %d are spare, want %d", when, got, want)
			}
		}
		spare("at first", 5)
		for range 3 {
			slot, err := l.Wait(t.Context(), bitbank.Query, "")
			if err != nil {
				t.Fatal(err)
			}
			slot.Sent()
			slot.Release()
		}
		spare("after three", 2)
		time.Sleep(1049 * time.Millisecond)
		spare("just before a second and the margin are over", 2)
		time.Sleep(time.Millisecond)
		spare("then", 5)
		slot, err := l.Wait(t.Context(), bitbank.Query, "settle")
		if err != nil {
			t.Fatal(err)
		}
		slot.Sent()
		slot.Refused(0)
		slot.Release()
		spare("while bitbank wants a pause", 0)
		if n := l.Spare("none"); n != 0 {
			t.Errorf("%d are spare of a class that is none", n)
		}
	})
}

func TestALimiterIsRefusedWhenItCannotWork(t *testing.T) {
	share := func(s ...bitbank.Share) bitbank.LimiterOptions { return bitbank.LimiterOptions{Shares: s} }
	for name, o := range map[string]bitbank.LimiterOptions{
		"a negative limit":       {Query: -1},
		"a negative margin":      {Margin: -1},
		"shares that take all":   share(bitbank.Share{Priority: "a", Update: 6}),
		"shares that sum to all": share(bitbank.Share{Priority: "a", Query: 5}, bitbank.Share{Priority: "b", Query: 5}),
		"a share without a name": share(bitbank.Share{Query: 1}),
		"a share twice":          share(bitbank.Share{Priority: "a"}, bitbank.Share{Priority: "a"}),
		"a negative share":       share(bitbank.Share{Priority: "a", Query: -1}),
	} {
		if _, err := bitbank.NewLimiter(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := newLimiter(t, bitbank.LimiterOptions{}).Wait(t.Context(), "none", ""); err == nil {
		t.Error("a class that is none was taken")
	}
}

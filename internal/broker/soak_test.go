package broker

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fromEnv is a number of the environment, or another.
func fromEnv(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return or
}

// soak plays worlds until so many answers were lost, on all processors, and adds up what came of them.
func soak(t *testing.T, want int, each func(seed uint64, p *plan)) tally {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // worlds are short-lived
	first := uint64(fromEnv("HIKESHI_SEED", 1))
	most := fromEnv("HIKESHI_WORLDS", 1_000_000)
	var next, lost atomic.Int64
	var mu sync.Mutex
	var sum tally
	failed := 0
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				n := next.Add(1) - 1
				if int(n) >= most || lost.Load() >= int64(want) {
					return
				}
				seed := first + uint64(n)
				w := worldOf(seed, each)
				w.play()
				lost.Add(int64(w.tally.ambiguous))
				mu.Lock()
				sum.add(w.tally)
				if len(w.wrong) > 0 {
					if failed++; failed <= 3 {
						t.Errorf("seed %d (%+v): %s\nreplay: HIKESHI_SEED=%d HIKESHI_WORLDS=1 go test ./internal/broker -run %s", seed, w.plan, w.wrong[0], seed, t.Name())
					}
				}
				stop := failed > 10
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	all.Wait()
	return sum
}

func worldOf(seed uint64, each func(uint64, *plan)) *world {
	w := newWorld(seed, plan{})
	w.plan = planOf(w.rng)
	w.plan.ambiguous = 300
	each(seed, &w.plan)
	return w
}

// quantile of durations.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

// scale is how many lost answers a run plays.
func scale(short, usual, long int) int {
	switch {
	case os.Getenv("HIKESHI_LONG") == "1":
		return long
	case testing.Short():
		return short
	}
	return usual
}

// Under A1 and with queues shorter than Q no order is doubled, no order is said to be absent that is there, and everything is
// settled once bitbank is well.
func TestNoOrderIsDoubledOrLost(t *testing.T) {
	began := time.Now()
	sum := soak(t, scale(4_000, 20_000, 1_000_000), func(uint64, *plan) {})
	fmt.Printf("figure: broker, %d worlds (seeds from %d on), %d orders wanted, %d sent, %d ambiguous, %d crashes, %d cancels, in %.0f s\n",
		sum.worlds, fromEnv("HIKESHI_SEED", 1), sum.wants, sum.orders, sum.ambiguous, sum.crashes, sum.cancels, time.Since(began).Seconds())
	fmt.Printf("figure: broker, doubled %d, falsely absent %d, not settled %d, cancelled unasked %d, adopted a human's equal order %d, left to a human %d, given again after a crash %d\n",
		sum.doubled, sum.falseAbsent, sum.stuck, sum.unasked, sum.strangers, sum.ambiguousEnd, sum.again)
	fmt.Printf("figure: broker, found placed %d: %d in the midst of trouble, %d after bitbank was well and we ran: p50 %v, p99 %v, and where replicas lag by more than a second %d: p50 %v, p99 %v\n",
		sum.placed, sum.inTrouble, len(sum.seen), quantile(sum.seen, .5), quantile(sum.seen, .99), len(sum.old), quantile(sum.old, .5), quantile(sum.old, .99))
	fmt.Printf("figure: broker, proved absent by A1 %d: p50 %v, p99 %v after the fence; by Q %d\n",
		sum.provedA1, quantile(sum.proof, .5), quantile(sum.proof, .99), sum.provedQ)
	all := append(sum.seen, sum.old...)
	if seen := quantile(all, .99); len(all) > 3000 && seen > 3*time.Second { // fewer have no p99
		t.Errorf("placed orders are recognised after %v", seen)
	}
}

// One seed is one world, whatever else runs.
func TestASeedReplaysItsWorld(t *testing.T) {
	for seed := range uint64(scale(4, 4, 60)) {
		first, again := worldOf(seed, func(_ uint64, p *plan) { p.ambiguous = 60 }), worldOf(seed, func(_ uint64, p *plan) { p.ambiguous = 60 })
		first.play()
		again.play()
		if first.n != again.n || !first.now.Equal(again.now) || len(first.shell.disk) != len(again.shell.disk) {
			t.Errorf("seed %d: %d happenings until %v, then %d until %v", seed, first.n, first.now, again.n, again.now)
		}
	}
}

// One and the same bitbank, but with a queue that does not keep its order (A1), or is longer than ten minutes (Q): what follows
// from these assumptions may be wrong there, and how often it is is counted.
func TestWhatTheAssumptionsAreWorth(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks func(*plan)
	}{
		{"A1 does not hold", func(p *plan) { p.unordered = true }},
		{"queues longer than Q", func(p *plan) { p.endless = true }},
	} {
		sum := soak(t, scale(150, 300, 20_000), func(_ uint64, p *plan) { p.twins = false; c.breaks(p) })
		fmt.Printf("figure: broker, %s: %d ambiguous, doubled %d, falsely absent %d, adopted wrongly %d, not settled %d\n",
			c.name, sum.ambiguous, sum.doubled, sum.falseAbsent, sum.strangers, sum.stuck)
	}
}

// With the active barrier, and a bitbank that answers well again, absence is proved soon after the fence.
func TestABarrierProvesAbsenceSoon(t *testing.T) {
	sum := soak(t, scale(2_000, 2_000, 50_000), func(_ uint64, p *plan) {
		*p = plan{ambiguous: 60, barrier: true, quick: true}
	})
	p50, p99 := quantile(sum.proof, .5), quantile(sum.proof, .99)
	fmt.Printf("figure: broker, active barrier, bitbank quick, bots trading on: absence of %d proved p50 %v, p95 %v, p99 %v after the fence\n",
		len(sum.proof), p50, quantile(sum.proof, .95), p99)
	fmt.Printf("figure: broker, active barrier, bitbank quick, no room for it because thirty orders live in the pair: absence of %d proved p50 %v, p99 %v\n",
		len(sum.full), quantile(sum.full, .5), quantile(sum.full, .99))
	fmt.Printf("figure: broker, active barrier, bitbank quick: %d placed orders recognised p50 %v, p99 %v after bitbank answers\n",
		len(sum.seen), quantile(sum.seen, .5), quantile(sum.seen, .99))
	if p99 > 35*time.Second {
		t.Errorf("p99 of a proof is %v after the fence", p99)
	}
	if seen := quantile(sum.seen, .99); seen > 3*time.Second {
		t.Errorf("placed orders are recognised after %v", seen)
	}
}

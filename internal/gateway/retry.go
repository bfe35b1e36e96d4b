package gateway

import (
	"sync"
	"time"
)

const (
	retryShare   = 10  // of so many requests one may be repeated
	retryFloor   = 3   // and so many more
	maxAttempts  = 3   // of one read
	retryBuckets = 120 // seconds
	retryMinute  = 60  // likewise, how long a repeat may take the place of a read
)

// Pauses before a repeat: drawn from zero to a bound that doubles. A host that names its own pause is obeyed up to maxPause.
const (
	firstPause = 200 * time.Millisecond
	pauseCap   = 2 * time.Second
	maxPause   = 5 * time.Second
)

// A retryBudget bounds repeats: 10 % of the last two minutes' requests, and 3 more for quiet times. It counts in whole seconds
// and may be used concurrently. Only the first failure in a row is repeated at all: the second one says that it was no lost
// packet, and in an outage a quiet bot's repeats would be more than a tenth of what it asks. Where one asks less than ten times
// a minute even that one is, so a repeat that fails too takes the place of the next read, which is not sent while the host still
// fails.
type retryBudget struct {
	mu       sync.Mutex
	second   int64 // the newest bucket's
	requests [retryBuckets]int
	retries  [retryBuckets]int
	sums     [2]int // of requests and retries
	debt     int    // repeats that failed: as many reads are not sent
	due      int64  // until which second
}

// request counts one that was sent for the first time.
func (b *retryBudget) request(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	b.requests[b.second%retryBuckets]++
	b.sums[0]++
}

// retry reports whether one may be repeated, and counts it.
func (b *retryBudget) retry(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	if b.sums[1] >= b.sums[0]/retryShare+retryFloor {
		return false
	}
	b.retries[b.second%retryBuckets]++
	b.sums[1]++
	return true
}

// vain takes in that a repeat failed too.
func (b *retryBudget) vain(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.debt, b.due = b.debt+1, now.Unix()+retryMinute
}

// repay reports whether a read is not to be sent, and counts it. It is asked while the host fails.
func (b *retryBudget) repay(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.debt == 0 {
		return false
	}
	if now.Unix() > b.due {
		b.debt = 0
		return false
	}
	b.debt--
	return true
}

// advance forgets what is older than two minutes. A clock that goes back stays in the newest second.
func (b *retryBudget) advance(now time.Time) {
	s := now.Unix()
	if b.second == 0 || s-b.second >= retryBuckets {
		b.requests, b.retries, b.sums, b.second = [retryBuckets]int{}, [retryBuckets]int{}, [2]int{}, s
		return
	}
	for b.second < s {
		b.second++
		i := b.second % retryBuckets
		b.sums[0] -= b.requests[i]
		b.sums[1] -= b.retries[i]
		b.requests[i], b.retries[i] = 0, 0
	}
}

// backoff is the bound of the pause before the n-th repeat, from 1.
func backoff(n int) time.Duration { return min(pauseCap, firstPause<<(n-1)) }

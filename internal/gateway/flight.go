package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Why a read has no answer of bitbank's.
var (
	errShut   = errors.New("bitbank does not answer at present, and was not asked")
	errNoRoom = errors.New("the account's limit at bitbank had no room in time")
	errLate   = errors.New("no answer came in time")
	errHungUp = errors.New("nobody waits any more")
)

// patience is how long a read waits for an equal one that left before it. It is short, because that one may be lost: an
// equal read leaves at most five times a second while its answer does not come.
const patience = 200 * time.Millisecond

// A flight is one request to bitbank and everybody who waits for its answer. Calls join as long as it has not left: what
// bitbank read before a call came is never its answer.
type flight struct {
	question
	done   chan struct{} // closed when answer and err are set
	answer answer
	err    error

	before *flight // an equal one that has left; nil when there is none
	cancel context.CancelCauseFunc

	// Guarded by the table's mutex.
	calls  int       // that wait, or are being answered
	until  time.Time // when the last of them gives up
	left   time.Time // when it was sent; zero before
	landed bool
}

// A question is what is asked: equal questions have equal keys.
type question struct {
	method string
	target string // path and query as they came
	body   string // of a POST
	sign   bool
	bot    string // the first who asks
}

func (q question) key() string { return q.method + " " + q.target + "\n" + q.body }

// A table holds the flights to one host. It is bounded by the calls that wait and by how long a flight can last.
type table struct {
	mu      sync.Mutex
	waiting map[string]*flight // not left yet
	flying  map[string]*flight // the newest that has left
}

// join adds a call that waits until a time to a flight, which is new when fresh is true.
func (t *table) join(q question, until time.Time) (f *flight, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := q.key()
	f = t.waiting[key]
	if f == nil {
		f, fresh = &flight{question: q, done: make(chan struct{}), before: t.flying[key]}, true
		t.waiting[key] = f
	}
	f.calls++
	if until.After(f.until) {
		f.until = until
	}
	return f, fresh
}

// part ends a call's waiting. A flight that nobody waits for is given up; one that has left is heard for a little longer,
// because its answer, or silence, says how the host is.
func (t *table) part(f *flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.calls--; f.calls > 0 {
		return
	}
	if f.landed {
		recycle(f.answer.body)
		return
	}
	if !f.left.IsZero() {
		return // see upstream.listen
	}
	t.drop(f)
	f.cancel(errHungUp)
}

// depart closes a flight to further calls. False: nobody waits for it.
func (t *table) depart(f *flight, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.calls == 0 {
		return false
	}
	if f.left.IsZero() {
		t.drop(f)
		t.flying[f.key()] = f
		f.left = now
	}
	return true
}

// drop takes f from those that can be joined. The mutex is held.
func (t *table) drop(f *flight) {
	if key := f.key(); t.waiting[key] == f {
		delete(t.waiting, key)
	}
}

// land ends a flight with what came of it.
func (t *table) land(f *flight, a answer, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(f)
	if key := f.key(); t.flying[key] == f {
		delete(t.flying, key)
	}
	f.answer, f.err, f.before, f.landed = a, err, nil, true
	close(f.done)
	if f.calls == 0 {
		recycle(a.body)
	}
}

// awaited reports whether somebody waits for f, and until when.
func (t *table) awaited(f *flight) (until time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return f.until, f.calls > 0
}

// Bodies are used again, because they are most of what a read leaves to be collected, and collecting is most of what makes a
// read late. Longer ones than maxKept are rare and left to the collector.
const maxKept = 64 << 10

var kept = sync.Pool{New: func() any { return new([maxKept]byte) }}

// buffer is room for n bytes.
func buffer(n int) []byte {
	if n > maxKept {
		return make([]byte, n)
	}
	return kept.Get().(*[maxKept]byte)[:n]
}

// recycle takes back what buffer gave; nobody uses it any more.
func recycle(b []byte) {
	if cap(b) == maxKept {
		kept.Put((*[maxKept]byte)(b[:maxKept]))
	}
}

package pubnub

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"time"
)

// A timetoken counts 100 ns since 1970 and names a place in the order of all messages.
type timetoken int64

func tokenOf(t time.Time) timetoken { return max(timetoken(t.UnixNano()/100), 1) }

// String has 17 digits, as every timetoken between 2001 and 2286 has by itself.
func (t timetoken) String() string {
	s := strconv.FormatInt(int64(t), 10)
	const digits = "00000000000000000"
	return digits[min(len(s), len(digits)):] + s
}

// span is a duration in units of timetokens.
func span(d time.Duration) timetoken { return timetoken(d / 100) }

// A clock gives timetokens that rise strictly, also while the time stands or steps back. One serves all channels, so that a
// client's place is the same in each.
type clock struct{ last timetoken }

func (c *clock) next(now time.Time) timetoken {
	c.last = max(tokenOf(now), c.last+1)
	return c.last
}

// here is a place after everything that has been published and before everything that will be.
func (c *clock) here(now time.Time) timetoken {
	c.last = max(tokenOf(now), c.last)
	return c.last
}

// A queue is what a channel keeps. It reads no clock.
type queue struct {
	depth    int           // more than this overflow, oldest first
	keep     time.Duration // older than this are gone
	messages []message     // by rising timetoken
	late     []parked      // on their way, in the order of publishing
	mixed    []parked      // held to be put into another order
}

// A message is one that subscribers can get.
type message struct {
	at       timetoken
	envelope []byte // as it stands in an answer
}

// A parked message is published and has not arrived.
type parked struct {
	payload json.RawMessage
	due     time.Time
}

// push appends a message whose timetoken is higher than all before.
func (q *queue) push(m message) {
	q.messages = append(q.messages, m)
	first := q.fresh(m.at)
	first = max(first, len(q.messages)-q.depth)
	clear(q.messages[:first])
	q.messages = q.messages[first:]
}

// fresh is the index of the oldest message that is not too old.
func (q *queue) fresh(now timetoken) int {
	return sort.Search(len(q.messages), func(i int) bool { return q.messages[i].at >= now-span(q.keep) })
}

// after returns at most so many messages that came later than a place, oldest first. They may be read, not kept.
func (q *queue) after(place, now timetoken, most int) []message {
	i := sort.Search(len(q.messages), func(i int) bool { return q.messages[i].at > place })
	i = max(i, q.fresh(now))
	return q.messages[i:min(len(q.messages), i+most)]
}

// mixAt is how many messages are held under [Fate.Mixed] before they are let go, as on the public stream. mixFor is how long
// at most: a quiet channel would hold the last one for ever.
const (
	mixAt  = 5
	mixFor = time.Second
	// maxParked bounds what is on its way; beyond it the oldest are lost.
	maxParked = 10_000
)

// park puts a message on its way.
func (q *queue) park(payload json.RawMessage, f Fate, now time.Time) {
	if f.Late > 0 {
		q.late = bounded(append(q.late, parked{payload, now.Add(f.Late)}))
		return
	}
	q.mixed = append(q.mixed, parked{payload, now.Add(mixFor)})
}

func bounded(all []parked) []parked {
	if n := len(all) - maxParked; n > 0 {
		return slices.Delete(all, 0, n)
	}
	return all
}

// arrive takes out what has arrived, in the order in which it does.
func (q *queue) arrive(now time.Time, rng *rand.Rand) []json.RawMessage {
	var out []json.RawMessage
	if n := len(q.mixed); n >= mixAt || n > 0 && !q.mixed[0].due.After(now) {
		order := rng.Perm(n)
		if slices.IsSorted(order) {
			slices.Reverse(order) // another order was asked for
		}
		for _, i := range order {
			out = append(out, q.mixed[i].payload)
		}
		q.mixed = nil
	}
	var due []parked
	waiting := q.late[:0]
	for _, p := range q.late {
		if p.due.After(now) {
			waiting = append(waiting, p)
		} else {
			due = append(due, p)
		}
	}
	clear(q.late[len(waiting):])
	q.late = waiting
	slices.SortStableFunc(due, func(a, b parked) int { return a.due.Compare(b.due) })
	for _, p := range due {
		out = append(out, p.payload)
	}
	return out
}

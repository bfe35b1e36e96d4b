package bitbank

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Class is one of the two kinds of request that bitbank counts, for each account, over all of its keys (bitbank's
// documents, "Rate limit").
type Class string

// The classes. Update is placing and cancelling orders and asking for withdrawals; Query is everything else.
const (
	Query  Class = "query"
	Update Class = "update"
)

// LimiterOptions of a Limiter. The zero LimiterOptions are bitbank's own limits without shares.
type LimiterOptions struct {
	Query  int // requests in any second, default 10
	Update int // likewise, default 6
	// Margin is how much later than another a request may reach bitbank that left at the same moment: the limit
	// holds for every second and Margin of leaving, so it holds for every second of arriving. Default 50 ms.
	Margin time.Duration
	// Shares keep room for what must not wait, the most urgent first.
	Shares []Share
}

// A Share is room that only its own priority and more urgent ones may use. Of what waits behind them for two seconds one
// request a second is let through all the same.
type Share struct {
	Priority      string // the name that Call.Priority gives
	Query, Update int    // requests in any second
}

// A Limiter keeps an account within bitbank's limits. Every client and every program part of the account must share
// one, because bitbank counts them together. It may be used concurrently.
//
// It is a log of the last second, not a bucket of tokens: a bucket lets a burst and a second's refill pass within one
// second. It learns: when bitbank says too many (HTTP 429, code 10009), because somebody else uses the account or
// its limit was lowered, it pauses for a second and goes on with a quarter less, and one more every ten seconds.
type Limiter struct {
	margin time.Duration
	shares []Share
	lanes  map[Class]*lane
}

// A lane is the state of one class.
type lane struct {
	mu      sync.Mutex
	limit   int // configured
	learned int // at the last cut; rises from there
	cutAt   time.Time
	pause   time.Time // nothing leaves before
	log     []*Slot   // what is under way or left within the last second
	waiting []*waiter // most urgent first, then in order of arrival
	fairAt  time.Time // when one that had waited too long was let through last
}

type waiter struct {
	rank  int
	since time.Time
	wake  chan struct{} // holds one; something changed
}

// tooLong is how long others wait behind what is more urgent, before one of them a second is let through: a loop of cancels
// must not keep the order from leaving that is the way out.
const tooLong = 2 * time.Second

// A Slot is leave to send one request.
type Slot struct {
	lane   *lane
	sentAt time.Time // zero: not sent yet, so it counts
}

// riseEvery is how long the limiter waits before it tries one request a second more.
const riseEvery = 10 * time.Second

// NewLimiter returns a limiter. It fails when the shares leave nothing for others.
func NewLimiter(o LimiterOptions) (*Limiter, error) {
	if o.Query == 0 {
		o.Query = 10
	}
	if o.Update == 0 {
		o.Update = 6
	}
	if o.Margin == 0 {
		o.Margin = 50 * time.Millisecond
	}
	l := &Limiter{margin: o.Margin, shares: slices.Clone(o.Shares), lanes: map[Class]*lane{
		Query: {limit: o.Query, learned: o.Query}, Update: {limit: o.Update, learned: o.Update},
	}}
	queries, updates := 0, 0
	names := map[string]bool{"": true}
	for _, s := range o.Shares {
		if s.Query < 0 || s.Update < 0 || names[s.Priority] {
			return nil, fmt.Errorf("make a limiter: the share of priority %q is negative, named twice or without a name", s.Priority)
		}
		names[s.Priority] = true
		queries, updates = queries+s.Query, updates+s.Update
	}
	if o.Query <= queries || o.Update <= updates || o.Margin < 0 {
		return nil, errors.New("make a limiter: the limits must be above the sum of the shares, and the margin not negative")
	}
	return l, nil
}

// Wait returns when one more request of the class may leave, or with an error when ctx ends before. The request
// counts from now on: the caller reports with Slot.Sent when it leaves, and calls Slot.Release when it is over.
func (l *Limiter) Wait(ctx context.Context, class Class, priority string) (*Slot, error) {
	lane := l.lanes[class]
	if lane == nil {
		return nil, fmt.Errorf("wait for the rate limit: there is no class %q", class)
	}
	rank := slices.IndexFunc(l.shares, func(s Share) bool { return s.Priority == priority })
	if rank < 0 {
		if priority != "" {
			return nil, fmt.Errorf("wait for the rate limit: there is no priority %q", priority)
		}
		rank = len(l.shares)
	}
	w := &waiter{rank: rank, since: time.Now(), wake: make(chan struct{}, 1)}
	lane.enter(w)
	defer lane.leave(w)
	for {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("wait for the rate limit: %w", context.Cause(ctx))
		}
		slot, wait := lane.take(w, time.Now(), l.reserved(class, rank), time.Second+l.margin)
		if slot != nil {
			return slot, nil
		}
		var timer <-chan time.Time // nil: only a change helps
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-timer:
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// reserved is what the shares of more urgent priorities keep from rank.
func (l *Limiter) reserved(class Class, rank int) int {
	sum := 0
	for _, s := range l.shares[:rank] {
		if class == Query {
			sum += s.Query
		} else {
			sum += s.Update
		}
	}
	return sum
}

// Limit is how many requests of the class the limiter lets leave in a second at present.
func (l *Limiter) Limit(class Class) int {
	lane := l.lanes[class]
	if lane == nil {
		return 0
	}
	lane.mu.Lock()
	defer lane.mu.Unlock()
	return lane.present(time.Now())
}

// Spare is how many requests of the class could leave at once, now, for somebody without a share; 0 while anybody waits. It is a
// hint for work that is to cost nobody anything: another may take the room before it is used.
func (l *Limiter) Spare(class Class) int {
	lane := l.lanes[class]
	if lane == nil {
		return 0
	}
	lane.mu.Lock()
	defer lane.mu.Unlock()
	now := time.Now()
	if len(lane.waiting) > 0 || lane.pause.After(now) {
		return 0
	}
	used := 0
	for _, s := range lane.log {
		if s.sentAt.IsZero() || s.sentAt.Add(time.Second+l.margin).After(now) {
			used++
		}
	}
	return max(0, lane.present(now)-l.reserved(class, len(l.shares))-used)
}

// Sent says that the request leaves now.
func (s *Slot) Sent() {
	s.lane.mu.Lock()
	defer s.lane.mu.Unlock()
	if s.sentAt.IsZero() {
		s.sentAt = time.Now()
		s.lane.poke()
	}
}

// Release says that the request is over. One that was not sent gives its room back.
func (s *Slot) Release() {
	s.lane.mu.Lock()
	defer s.lane.mu.Unlock()
	if s.sentAt.IsZero() {
		s.lane.log = slices.DeleteFunc(s.lane.log, func(o *Slot) bool { return o == s })
		s.lane.poke()
	}
}

// Refused says that bitbank refused the request for being one too many. pause is what it asked for; less than a
// second is a second.
func (s *Slot) Refused(pause time.Duration) {
	s.lane.mu.Lock()
	defer s.lane.mu.Unlock()
	now := time.Now()
	if until := now.Add(max(pause, time.Second)); until.After(s.lane.pause) {
		s.lane.pause = until
	}
	if !s.sentAt.After(s.lane.cutAt) {
		return // it left before the last cut and says nothing new
	}
	present := s.lane.present(now)
	s.lane.learned, s.lane.cutAt = max(1, min(present-1, present*3/4)), now
}

// present is the limit now.
func (l *lane) present(now time.Time) int {
	if l.cutAt.IsZero() {
		return l.limit
	}
	return min(l.limit, l.learned+int(now.Sub(l.cutAt)/riseEvery))
}

func (l *lane) enter(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := len(l.waiting)
	for at > 0 && l.waiting[at-1].rank > w.rank {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, w)
}

func (l *lane) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(o *waiter) bool { return o == w })
	l.poke()
}

// poke wakes whose turn it is.
func (l *lane) poke() {
	if len(l.waiting) == 0 {
		return
	}
	w, _ := l.first(time.Now())
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// first is whose turn it is: the first who waits, or, with fair, one who has waited too long behind others.
func (l *lane) first(now time.Time) (w *waiter, fair bool) {
	w = l.waiting[0]
	if now.Sub(l.fairAt) < time.Second {
		return w, false
	}
	for _, o := range l.waiting[1:] {
		if o.rank > l.waiting[0].rank && now.Sub(o.since) >= tooLong && (!fair || o.since.Before(w.since)) {
			w, fair = o, true
		}
	}
	return w, fair
}

// take is a slot when it is w's turn and there is room for it; else how long to wait at least, 0 for until something
// changes.
func (l *lane) take(w *waiter, now time.Time, reserved int, span time.Duration) (*Slot, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, fair := l.first(now)
	if first != w {
		if w == l.waiting[0] {
			l.poke() // it does not know yet that it has waited too long
		}
		return nil, 0
	}
	if fair {
		reserved = 0
	}
	if wait := l.pause.Sub(now); wait > 0 {
		return nil, wait
	}
	l.log = slices.DeleteFunc(l.log, func(s *Slot) bool { return !s.sentAt.IsZero() && !s.sentAt.Add(span).After(now) })
	over := len(l.log) - max(1, l.present(now)-reserved) // below zero: there is room
	if over < 0 {
		if fair {
			l.fairAt = now
		}
		s := &Slot{lane: l}
		l.log = append(l.log, s)
		return s, 0
	}
	var ends []time.Time
	for _, s := range l.log {
		if !s.sentAt.IsZero() {
			ends = append(ends, s.sentAt.Add(span))
		}
	}
	if over >= len(ends) {
		return nil, 0 // too few have left: one of them changes that
	}
	slices.SortFunc(ends, time.Time.Compare)
	wait := ends[over].Sub(now)
	if rise := l.cutAt.Add((now.Sub(l.cutAt)/riseEvery + 1) * riseEvery).Sub(now); !l.cutAt.IsZero() && rise < wait {
		wait = rise
	}
	return nil, wait
}

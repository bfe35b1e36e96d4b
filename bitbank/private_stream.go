package bitbank

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// PrivateOptions say how to follow an account's private stream.
type PrivateOptions struct {
	// Ticket gets a ticket, such as Client.Subscribe does. It must end with its context.
	Ticket func(ctx context.Context) (Ticket, error)
	// Backfill reads over REST what may have been missed since a time: active orders, trades, balances, positions,
	// deposits and withdrawals; since the beginning of the owner's interest when it is zero. It runs beside the stream,
	// one at a time, and again after an error; it must end with its context. When it is nil, gaps are only reported.
	Backfill func(ctx context.Context, since time.Time) error
	// Resume is the newest Cursor of an earlier life; zero begins anew, which is a gap.
	Resume Cursor

	HTTP         *http.Client // its Timeout and redirect policy are not used; nil is a client with limits
	URL          string       // default DefaultPubNubURL
	SubscribeKey string       // default DefaultSubscribeKey
	// First and Longest are the pauses after a failure, as in FollowOptions. Default 1 s and 30 s.
	First, Longest time.Duration
	Rand           *rand.Rand // where the pauses' draws come from; nil is the runtime's source
}

const (
	// A ticket lives 12 hours; another is asked for five minutes earlier, as clients of bitbank's people do. A poll that
	// began before may use the old one to its end, because none lasts five minutes.
	ticketLife = 12*time.Hour - 5*time.Minute

	// What PubNub keeps for a channel (PubNub's documents): so long and so many.
	keptFor  = 20 * time.Minute
	keptMost = 100

	// overlap is how much earlier than the last message a gap begins: a message is published after what it reports, and
	// the provider's clock is not bitbank's.
	overlap = time.Minute

	// backfillPause is from the end of one backfill to the next: each is a dozen calls of the ten that bitbank allows in
	// a second.
	backfillPause = 10 * time.Second

	// emptyPause is from the beginning of a poll that brought nothing new to the next. PubNub lets it wait for minutes;
	// one that does not must not make us ask in a circle.
	emptyPause = time.Second

	// refusedMost is how many answers in a row that cannot be used make us give a timetoken up.
	refusedMost = 3
)

// FollowPrivate follows an account's private stream until ctx ends, and reports every event, its own losses included,
// to on, one at a time. on must return soon; nothing is queued but the answer at hand.
//
// The stream is a hint and REST is the truth: messages are delivered at most once and in no order, there is no
// snapshot, and no mark where one is missing. Wherever something may have been missed there is a PrivateGap, and
// Backfill is called. Repetitions that PubNub delivers are left out, as far as the last 4096 messages and trades go;
// bitbank's own stay, and a ledger still needs its trades' ids. Reports of one order overtake each other: an OrderMerger
// brings them into order.
//
// It returns ctx's error, or at once that of options that cannot work.
func FollowPrivate(ctx context.Context, o PrivateOptions, on func(PrivateEvent)) error {
	p, err := newPoller(o)
	if err == nil && o.Ticket == nil {
		err = errors.New("there is no Ticket")
	}
	if err != nil {
		return fmt.Errorf("follow the private stream: %w", err)
	}
	if o.First <= 0 {
		o.First = time.Second
	}
	if o.Longest <= 0 {
		o.Longest = 30 * time.Second
	}
	f := &follower{
		PrivateOptions: o, on: on, poller: p, cursor: o.Resume, sure: o.Resume,
		polled: make(chan pollResult, 1), granted: make(chan ticketResult, 1), filled: make(chan error, 1),
	}
	return f.run(ctx)
}

// A follower is the state of FollowPrivate, owned by its goroutine. At most one poll, one request for a ticket and one
// backfill are under way; each ends in one value of its channel.
type follower struct {
	PrivateOptions
	on     func(PrivateEvent)
	poller *poller

	ticket  Ticket
	channel string    // that the cursor belongs to; "" before the first answer
	got     time.Time // when the ticket was asked for, by the wall clock
	asking  task
	granted chan ticketResult

	cursor  Cursor
	sure    Cursor // up to where nothing is missing, or a gap was reported
	met     Cursor // where the queue was when it was asked last
	opened  bool   // the last poll was answered
	began   bool   // some poll was answered
	refused int    // polls with a timetoken in a row whose answers could not be used
	polling task
	polled  chan pollResult
	seen    recent

	debt    debt
	filling task
	filled  chan error
}

// A task is one of the three things that a follower does beside its own work.
type task struct {
	busy  bool
	due   time.Time     // not before
	pause time.Duration // the next after a failure
}

// fail is when to try again.
func (t *task) fail(o PrivateOptions) time.Duration {
	t.pause = max(o.First, min(2*t.pause, o.Longest))
	retry := draw(o.Rand, t.pause)
	t.due = time.Now().Add(retry)
	return retry
}

// ready begins a task that is due. When it is not, wait learns for how long.
func (t *task) ready(wait *time.Duration) bool {
	if t.busy {
		return false
	}
	if left := time.Until(t.due); left > 0 {
		*wait = min(*wait, left)
		return false
	}
	t.busy = true
	return true
}

type ticketResult struct {
	ticket Ticket
	asked  time.Time
	err    error
}

type pollResult struct {
	list   []delivery
	next   Cursor
	ticket Ticket
	began  time.Time
	hello  bool // it only asked where the queue is
	err    error
}

func (f *follower) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer f.settle()
	defer cancel()
	for {
		wait := f.begin(ctx)
		timer := time.NewTimer(wait)
		select {
		case r := <-f.granted:
			f.asking.busy = false
			f.grant(ctx, r)
		case r := <-f.polled:
			f.polling.busy = false
			f.hear(ctx, r)
		case err := <-f.filled:
			f.filling.busy = false
			f.fill(ctx, err)
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// settle waits for what is under way, which ends with the context.
func (f *follower) settle() {
	if f.asking.busy {
		<-f.granted
	}
	if f.polling.busy {
		<-f.polled
	}
	if f.filling.busy {
		<-f.filled
	}
}

// begin starts what is due, and says how long nothing else is.
func (f *follower) begin(ctx context.Context) (wait time.Duration) {
	wait = time.Hour // the wall clock is looked at again: a machine may have slept
	now := time.Now().Round(0)
	if old := now.Sub(f.got); f.ticket.Channel() != "" && old < ticketLife {
		wait = min(wait, ticketLife-old)
	} else if f.asking.ready(&wait) {
		go func() {
			t, err := f.Ticket(ctx)
			f.granted <- ticketResult{t, now, err}
		}()
	}
	if f.ticket.Channel() != "" && f.polling.ready(&wait) {
		t, c, hello := f.ticket, f.cursor, !f.opened
		if hello { // it is answered at once, where a poll that is up to date would leave us in doubt for minutes
			c = Cursor{}
		}
		go func() {
			r := pollResult{ticket: t, began: time.Now(), hello: hello}
			r.list, r.next, r.err = f.poller.poll(ctx, t, c)
			f.polled <- r
		}()
	}
	if f.began && f.debt.owed && f.filling.ready(&wait) {
		since := f.debt.begin()
		go func() { f.filled <- f.Backfill(ctx, since) }()
	}
	return wait
}

func (f *follower) report(e PrivateEvent) {
	e.At = time.Now()
	f.on(e)
}

// grant takes a ticket.
func (f *follower) grant(ctx context.Context, r ticketResult) {
	if r.err == nil && (r.ticket.Channel() == "" || r.ticket.Token() == "") {
		r.err = errors.New("a ticket without channel or token")
	}
	if r.err != nil {
		if ctx.Err() == nil {
			f.report(PrivateEvent{Kind: PrivateTicketFailed, Err: r.err, Retry: f.asking.fail(f.PrivateOptions)})
		}
		return
	}
	f.asking.pause, f.asking.due = 0, time.Time{}
	f.ticket, f.got = r.ticket, r.asked
	f.report(PrivateEvent{Kind: PrivateRenewed})
}

// hear takes the end of a poll.
func (f *follower) hear(ctx context.Context, r pollResult) {
	switch {
	case r.err != nil && ctx.Err() == nil:
		f.close(r)
	case r.err != nil:
	case r.hello:
		f.open(r)
	default:
		f.take(r)
	}
}

// open takes the answer to where the queue is. It becomes the cursor only when there is no other that serves.
func (f *follower) open(r pollResult) {
	f.opened, f.began, f.polling.due, f.met = true, true, time.Time{}, r.next
	f.report(PrivateEvent{Kind: PrivateOpened})
	before := f.cursor
	if before.Timetoken == 0 || f.refused >= refusedMost {
		f.advance(r.next)
		f.refused = 0
	}
	for _, reason := range f.gapsOf(r, before) {
		f.gap(reason, before)
	}
	if f.cursor.Timetoken != before.Timetoken {
		f.report(PrivateEvent{Kind: PrivatePolled, Cursor: f.debt.mark(f.cursor)})
	}
}

// take takes what came after the cursor.
func (f *follower) take(r pollResult) {
	f.polling.pause, f.polling.due, f.refused = 0, time.Time{}, 0
	before := f.cursor
	for _, reason := range f.gapsOf(r, before) {
		f.gap(reason, before)
	}
	news := 0
	for _, d := range r.list {
		if f.deliver(d, before) {
			news++
		}
	}
	f.advance(r.next)
	f.report(PrivateEvent{Kind: PrivatePolled, Cursor: f.debt.mark(f.cursor)})
	if news == 0 {
		f.polling.due = r.began.Add(emptyPause)
	}
}

func (f *follower) advance(next Cursor) {
	f.cursor.Timetoken, f.cursor.Region, f.cursor.Heard = next.Timetoken, next.Region, next.Heard
}

// close reports a poll that failed. A ticket that was refused is given up; the timetoken is not.
func (f *follower) close(r pollResult) {
	f.opened = false
	if time.Since(r.began) >= steady {
		f.polling.pause = 0
	}
	retry := f.polling.fail(f.PrivateOptions)
	status, foreign := errors.AsType[*StatusError](r.err)
	_, broken := errors.AsType[*BodyError](r.err)
	switch {
	case foreign && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		if f.ticket == r.ticket { // else there is a newer one already
			f.ticket, f.asking.due = Ticket{}, f.polling.due
		}
	case !r.hello && (broken || foreign && status.Status == http.StatusBadRequest):
		f.refused++
	}
	f.report(PrivateEvent{Kind: PrivateClosed, Err: r.err, Retry: retry})
}

// deliver reports a message, unless it is a repetition, and whether it was new.
func (f *follower) deliver(d delivery, before Cursor) bool {
	e := PrivateEvent{Published: d.published.Time()}
	if d.published.Timetoken != 0 && f.seen.repeated(fmt.Append(nil, d.published.Timetoken), d.raw) {
		return false
	}
	if err := readPrivate(d.raw, &e); err != nil {
		e.Kind, e.Raw = PrivateUnreadable, d.raw
		e.Err = &BodyError{Op: "private stream", Defect: Shape, Err: err}
		f.report(e)
		f.gap(GapUnreadable, before)
		return true
	}
	if e.Method == MethodTrade {
		var fresh []Trade
		for _, t := range e.Trades {
			if !f.seen.repeated([]byte(MethodTrade), fmt.Append(nil, t)) {
				fresh = append(fresh, t)
			}
		}
		if e.Trades = fresh; len(fresh) == 0 {
			return false
		}
	}
	f.report(e)
	return true
}

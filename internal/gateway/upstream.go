package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"hikeshi/bitbank"
)

const (
	maxAnswer = 8 << 20 // the largest real answer, a day of transactions, is about 2 MB
	sendsAt   = 64      // requests to one host at once
	// attempt is how long one request may take: a connection that died silently must leave time for another.
	attempt = 4 * time.Second
	// hearing is how long a request that nobody waits for any more is listened to: less says nothing of a host that is slow.
	hearing = 2500 * time.Millisecond
	// queued is how many reads of one bot stand in line at the account's limit, so that one bot's many do not keep the others'
	// few from their turn.
	queued = 2
)

// An upstream is one host of bitbank, as reads see it.
type upstream struct {
	origin  *url.URL
	via     http.RoundTripper
	ctx     context.Context
	running *sync.WaitGroup
	stats   *counters
	dice    *dice

	// These are nil for the public host, which needs no key and is said to have no limit (bitbankinc/bitbank-api-docs#91).
	key      *bitbank.Credentials
	limiter  *bitbank.Limiter
	priority string

	table   table
	breaker breaker
	budget  retryBudget
	sending chan struct{}

	linesMu sync.Mutex
	lines   map[string]*line
}

// A line is the places of one bot in the queue at the account's limit.
type line struct {
	places chan struct{}
	users  int
}

func defaultTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConnsPerHost: sendsAt,
		MaxConnsPerHost:     sendsAt,
		ForceAttemptHTTP2:   true,
	}
}

func newUpstream(ctx context.Context, origin string, via http.RoundTripper, d *dice, c *counters, running *sync.WaitGroup) (*upstream, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%.100q is not a host such as https://public.bitbank.cc", origin)
	}
	return &upstream{
		origin: u, via: via, ctx: ctx, running: running, stats: c, dice: d,
		table:   table{waiting: map[string]*flight{}, flying: map[string]*flight{}},
		breaker: breaker{dice: d}, sending: make(chan struct{}, sendsAt), lines: map[string]*line{},
	}, nil
}

// provesToSign refuses a key that signs for another host, or with nonces: those must arrive in order, and reads do not wait for
// one another.
func (u *upstream) provesToSign() error {
	req, err := http.NewRequest(http.MethodGet, u.origin.Scheme+"://"+u.origin.Host+"/v1/user/assets", nil)
	if err != nil {
		return err
	}
	if err := u.key.Sign(req, nil, time.Now()); err != nil {
		return err
	}
	if req.Header.Get("ACCESS-NONCE") != "" {
		return errors.New("the account's key must sign with a time window, not with nonces")
	}
	return nil
}

// ask hands the answer to a question to use, which keeps nothing of it; or says why there is none until a time, or until ctx
// ended.
func (u *upstream) ask(ctx context.Context, q question, until time.Time, use func(answer)) error {
	if u.breaker.refuses(q.method == http.MethodGet, time.Now()) {
		return errShut
	}
	if q.method == http.MethodGet && u.breaker.ailing() && u.budget.repay(time.Now()) {
		return errShut
	}
	f, fresh := u.table.join(q, until)
	defer u.table.part(f)
	if fresh {
		fctx, cancel := context.WithCancelCause(u.ctx)
		f.cancel = cancel
		u.running.Go(func() {
			defer cancel(nil)
			a, err := u.fly(fctx, f)
			u.table.land(f, a, err)
		})
	} else {
		u.stats.coalesced.Add(1)
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-f.done:
		if f.err == nil {
			use(f.answer)
		}
		return f.err
	case <-t.C:
		return u.late(f)
	case <-ctx.Done():
		return errHungUp
	}
}

// late says what a call has waited for in vain.
func (u *upstream) late(f *flight) error {
	u.table.mu.Lock()
	defer u.table.mu.Unlock()
	if f.left.IsZero() && u.limiter != nil {
		return errNoRoom
	}
	return errLate
}

// fly asks bitbank, more than once when that is allowed.
func (u *upstream) fly(ctx context.Context, f *flight) (answer, error) {
	f.wait(ctx)
	for n := 1; ; n++ {
		a, o, err := u.once(ctx, f, n)
		if !o.mends || n == maxAttempts || !u.rest(ctx, f, a, o.failures, n) {
			return a, err
		}
	}
}

// An outlook is what one request says of a repeat.
type outlook struct {
	mends    bool // it failed in a way that a repeat may mend
	failures int  // of the host in a row
}

// wait lets an equal request that has left before come back, for a little while.
func (f *flight) wait(ctx context.Context) {
	if f.before == nil {
		return
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-f.before.done:
	case <-t.C:
	case <-ctx.Done():
	}
}

// once sends a flight's request once.
func (u *upstream) once(ctx context.Context, f *flight, n int) (answer, outlook, error) {
	slot, err := u.turn(ctx, f.bot)
	if err != nil {
		return answer{}, outlook{}, err
	}
	defer slot.Release()
	select {
	case u.sending <- struct{}{}:
		defer func() { <-u.sending }()
	case <-ctx.Done():
		return answer{}, outlook{}, errHungUp
	}
	now := time.Now()
	p, ok := u.breaker.enter(f.method == http.MethodGet, now)
	if !ok {
		return answer{}, outlook{}, errShut
	}
	if !u.table.depart(f, now) {
		u.breaker.report(p, silent, now)
		return answer{}, outlook{}, errHungUp
	}
	if n == 1 {
		u.budget.request(now)
		u.stats.forwarded.Add(1)
	} else {
		u.stats.retried.Add(1)
	}
	a, err := u.exchange(ctx, f, slot)
	v, mends := u.judge(a, err)
	failures := u.breaker.report(p, v, time.Now())
	if n > 1 && v == failed {
		u.budget.vain(time.Now())
	}
	u.heed(a, slot, time.Now())
	return a, outlook{mends && f.method == http.MethodGet, failures}, err
}

// turn waits for the account's limit. A public host has none, and the slot is one that counts nothing.
func (u *upstream) turn(ctx context.Context, bot string) (slot, error) {
	if u.limiter == nil {
		return free{}, nil
	}
	leave, err := u.enqueue(ctx, bot)
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := u.limiter.Wait(ctx, bitbank.Query, u.priority)
	if err != nil {
		return nil, errNoRoom
	}
	return s, nil
}

// A slot is a [bitbank.Slot].
type slot interface {
	Sent()
	Release()
	Refused(pause time.Duration)
}

type free struct{}

func (free) Sent()                 {}
func (free) Release()              {}
func (free) Refused(time.Duration) {}

// enqueue waits for one of the bot's places in the line.
func (u *upstream) enqueue(ctx context.Context, bot string) (leave func(), err error) {
	u.linesMu.Lock()
	l := u.lines[bot]
	if l == nil {
		l = &line{places: make(chan struct{}, queued)}
		u.lines[bot] = l
	}
	l.users++
	u.linesMu.Unlock()
	out := func() {
		u.linesMu.Lock()
		defer u.linesMu.Unlock()
		if l.users--; l.users == 0 {
			delete(u.lines, bot)
		}
	}
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places; out() }, nil
	case <-ctx.Done():
		out()
		return nil, errNoRoom
	}
}

// judge says what an answer, or none, says of the host, and whether a repeat may help.
func (u *upstream) judge(a answer, err error) (v verdict, mends bool) {
	switch {
	case err != nil && u.ctx.Err() != nil:
		return silent, false
	case err != nil:
		return failed, true
	}
	if a.status == http.StatusOK && bytes.HasPrefix(a.body, []byte(`{"success":1,`)) && a.body[len(a.body)-1] == '}' {
		return answered, false // whether all of it is sound is for whoever reads it
	}
	err = bitbank.Check(a.status, a.kind, a.body)
	if _, refused := errors.AsType[*bitbank.Error](err); err == nil || refused {
		return answered, a.status == http.StatusTooManyRequests
	}
	if s, bare := errors.AsType[*bitbank.StatusError](err); bare && s.Status < 500 && !s.HTML {
		return answered, s.Status == http.StatusTooManyRequests // something in front spoke, but not of an outage
	}
	return failed, true
}

// heed takes in that we ask too much.
func (u *upstream) heed(a answer, s slot, now time.Time) {
	if a.status != http.StatusTooManyRequests && !bytes.Contains(a.body[:min(len(a.body), 64)], []byte(`"code":10009`)) {
		return
	}
	pause := min(a.retryAfter(), time.Minute)
	s.Refused(pause)
	if u.limiter == nil {
		u.breaker.pause(now.Add(max(pause, u.dice.between(time.Second, 5*time.Second))))
	}
}

// rest pauses before a repeat. False: there is none, because more than this one failed, nobody waits so long, or the budget is
// used up, which is asked last.
func (u *upstream) rest(ctx context.Context, f *flight, a answer, failures, n int) bool {
	pause := max(u.dice.between(0, backoff(n)), a.retryAfter())
	now := time.Now()
	until, ok := u.table.awaited(f)
	if !ok || pause > maxPause || now.Add(pause).After(until) || failures > 1 || !u.breaker.closed() || !u.budget.retry(now) {
		return false
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

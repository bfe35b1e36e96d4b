package failures

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// trustsAnybody verifies no certificate: the answer to "x509: certificate signed by unknown authority" that is found first.
func trustsAnybody(l *library) {
	t := l.http.(*http.Transport)
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
}

// nonceOfClock signs with the milliseconds of the machine's clock as a nonce.
func nonceOfClock(l *library) {
	l.nonces = &nonces{next: func() int64 { return l.w.clock().UnixMilli() }}
}

// countsFrom signs with nonces that begin at a time and rise by one, as node-bitbankcc's do.
func countsFrom(at time.Time) func(*library) {
	return func(l *library) {
		n := at.UnixMilli()
		l.nonces = &nonces{next: func() int64 { n++; return n }}
	}
}

// A pair of bots takes orders in turn.
type twoBots struct {
	bots [2]bot
	mu   sync.Mutex
	who  map[order]int
}

// twoProcesses are two bots with one key, one of which was started an hour later.
func twoProcesses(w *world) bot {
	now := time.Now()
	return &twoBots{bots: [2]bot{direct(countsFrom(now.Add(-time.Hour)))(w), direct(countsFrom(now))(w)}, who: map[order]int{}}
}

// of is the bot that an order belongs to.
func (b *twoBots) of(o order) bot {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ok := b.who[o]
	if !ok {
		n = len(b.who) % 2
		b.who[o] = n
	}
	return b.bots[n]
}

func (b *twoBots) place(ctx context.Context, o order) belief { return b.of(o).place(ctx, o) }

func (b *twoBots) cancel(ctx context.Context, pair string, id int64) belief {
	return b.bots[0].cancel(ctx, pair, id)
}

// stopsAt20001 takes the first 20001 for a revoked key, and asks nothing more.
func stopsAt20001(l *library) {
	revoked := false
	l.reads = func(status int, body []byte) belief {
		b := envelope(status, body)
		revoked = revoked || b.code == 20001
		return b
	}
	l.http = gate{l.http, func() bool { return !revoked }}
}

// A gate lets requests through as long as it is open.
type gate struct {
	http.RoundTripper
	open func() bool
}

func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if !g.open() {
		return nil, errNetwork
	}
	return g.RoundTripper.RoundTrip(r)
}

// A givesUp takes an order for failed after some time, whatever happens. With a deaf client the order stays in the client's queue.
type givesUp struct {
	bot
	after time.Duration
	deaf  bool
}

func (g givesUp) place(ctx context.Context, o order) belief {
	limited, cancel := context.WithTimeout(ctx, g.after)
	defer cancel()
	if !g.deaf {
		if b := g.bot.place(limited, o); b.state != isUnknown {
			return b
		}
		return belief{state: isFailed}
	}
	answer := make(chan belief, 1)
	go func() { answer <- g.bot.place(ctx, o) }()
	select {
	case b := <-answer:
		return b
	case <-limited.Done():
		return belief{state: isFailed}
	}
}

// paced sends so many a second at most, and again what was not taken.
func paced(perSecond int) func(w *world) bot {
	return direct(func(l *library) {
		sendsAgain(0)(l)
		l.http = &metronome{RoundTripper: l.http, every: time.Second / time.Duration(perSecond)}
	})
}

// A metronome lets one request leave at each of its beats.
type metronome struct {
	http.RoundTripper
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

func (m *metronome) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	at := m.next
	if now := time.Now(); at.Before(now) {
		at = now
	}
	m.next = at.Add(m.every)
	m.mu.Unlock()
	rest(r.Context(), time.Until(at))
	return m.RoundTripper.RoundTrip(r)
}

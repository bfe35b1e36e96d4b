package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
	"hikeshi/internal/sim/pubnub"
)

// Options of a simulator. The zero value is a calm world of seed 0 on ports from 8100.
type Options struct {
	Seed     uint64
	Speed    float64 // of traders, moves and scenarios; default 1
	TLS      bool    // HTTPS with an own certificate authority
	PortBase int     // default 8100; Run listens on the ports of the contract from here
	Limits   Limits
	Logger   *slog.Logger

	// Refused, when set, hears when a host begins and ceases to refuse connections. The owner of a network in memory then
	// refuses them; on loopback the listener itself is closed.
	Refused func(host string, refusing bool)
}

// Limits are what one user may do. The zero value of each is bitbank's own.
type Limits struct {
	Query  int // calls a second of the class QUERY, default 10
	Update int // of the class UPDATE, default 6
	Live   int // live orders of a pair, default 30
}

// A Sim is a simulated world. Make one with [New]; every way of using it ends with [Sim.Close] or the end of Run's context.
type Sim struct {
	o      Options
	log    *slog.Logger
	ca     *authority // nil without TLS
	faults *faults
	gates  map[string]*gate
	parts  map[string]http.Handler
	stream *stream
	feed   *pubnub.Server // the private stream

	mu        sync.Mutex // guards what follows; never held over network or other locks but the faults'
	x         *exchange.Exchange
	users     []*user
	spoken    []exchange.Event // of transfers, to be told with the exchange's own
	older     *picture         // half a minute to a minute ago, for stale reads
	recent    *picture         // what older will be next
	recentAt  time.Time
	lag       []*picture // for replica_lag, oldest first, while there is such a fault
	requests  []Request
	firstSeen int // requests forgotten since the start, because the log is bounded
	notices   []Notice
	venues    map[string]*venue
	scenario  *playing

	closing chan struct{}
	once    sync.Once
	running sync.WaitGroup // connections' servers and scenarios
	servers []*http.Server
	bound   []bound // between Listen and Run
}

// New builds a world. Nothing runs yet.
func New(o Options) (*Sim, error) {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.PortBase == 0 {
		o.PortBase = 8100
	}
	o.Limits.Query, o.Limits.Update = orElse(o.Limits.Query, 10), orElse(o.Limits.Update, 6)
	// Beyond a thousand times life there are 25,000 orders a second to play; the top port is the control host's.
	if !(o.Speed > 0 && o.Speed <= 1000) {
		return nil, fmt.Errorf("build the simulator: speed is %v, want more than 0 and at most 1000", o.Speed)
	}
	if min(o.Limits.Query, o.Limits.Update, o.Limits.Live) < 0 {
		return nil, fmt.Errorf("build the simulator: the limits are %d, %d and %d, want none below 1", o.Limits.Query, o.Limits.Update, o.Limits.Live)
	}
	if o.PortBase < 1 || o.PortBase+99 > 65535 {
		return nil, fmt.Errorf("build the simulator: the first port is %d, want one from 1 to 65436", o.PortBase)
	}
	s := &Sim{o: o, log: o.Logger, gates: map[string]*gate{}, parts: map[string]http.Handler{}, closing: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.faults = &faults{rng: rand.New(rand.NewPCG(o.Seed, 0x6661756c74)), changed: s.reconcile}
	s.stream, s.feed = newStream(s), newFeed(s)
	for _, p := range places {
		s.gates[p.name] = newGate()
		s.parts[p.name] = s.handler(p.name)
	}
	s.open(time.Now())
	if o.TLS {
		var err error
		if s.ca, err = newAuthority(time.Now()); err != nil {
			return nil, fmt.Errorf("build the simulator: %w", err)
		}
	}
	return s, nil
}

// open begins the world anew.
func (s *Sim) open(now time.Time) {
	// At life's own speed: a minute at a thousand times that would keep a start waiting for two seconds.
	m := market.New(s.o.Seed, min(s.o.Speed, 1), now.Add(-2*staleAfter))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.x, s.users, s.older = exchange.New(s.o.Seed, m, exchange.Limits{Live: s.o.Limits.Live}), nil, nil
	s.openUser(firstUser, accountKey, accountSecret, firstBalances)
	// Played in steps, because a market skips what it could not have shown anybody within a minute.
	for m.Clock().Before(now) {
		s.x.Advance(m.Clock().Add(time.Second))
		if s.older == nil && now.Sub(m.Clock()) <= staleAfter {
			s.older = s.take()
		}
	}
	m.SetSpeed(s.o.Speed)
	s.x.Changes()
	s.x.Events()
	s.recent, s.recentAt, s.lag, s.spoken = s.take(), now, nil, nil
	s.requests, s.firstSeen, s.notices, s.venues = nil, 0, nil, newVenues()
}

// Handler is a host without a network. Effects below HTTP do not reach it.
func (s *Sim) Handler(host string) http.Handler {
	h, ok := s.parts[host]
	if !ok {
		return http.NotFoundHandler()
	}
	return h
}

// Serve serves one host on ln until ln or the simulator is closed.
func (s *Sim) Serve(host string, ln net.Listener) error {
	g, ok := s.gates[host]
	if !ok {
		ln.Close()
		return fmt.Errorf("serve %s: no such host", host)
	}
	srv := s.server(host)
	s.mu.Lock()
	select {
	case <-s.closing:
		s.mu.Unlock()
		ln.Close()
		return http.ErrServerClosed
	default:
	}
	s.servers = append(s.servers, srv)
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	defer context.AfterFunc(s.until(), func() { ln.Close() })()
	err := srv.Serve(s.wrap(host, g.listen(ln)))
	if s.closed() {
		return http.ErrServerClosed
	}
	return fmt.Errorf("serve %s: %w", host, err)
}

// until is a context that ends with the simulator.
func (s *Sim) until() context.Context {
	return closingContext{context.Background(), s.closing}
}

type closingContext struct {
	context.Context
	done <-chan struct{}
}

func (c closingContext) Done() <-chan struct{} { return c.done }

func (c closingContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

func (s *Sim) closed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Sim) server(host string) *http.Server {
	return &http.Server{
		Handler: s.parts[host],
		// A client that opens a connection and says nothing is not kept for ever.
		ReadHeaderTimeout: time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.With("host", host).Handler(), slog.LevelDebug),
	}
}

// tick is how often the world moves: messages of the stream are at most this late.
const tick = 100 * time.Millisecond

// Play lets time pass until ctx ends or the simulator is closed. Without it the world stands still.
func (s *Sim) Play(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case now := <-t.C:
			s.step(now)
		}
	}
}

// staleAfter is how often a picture for stale reads is taken; the one that is shown is one to two of these old.
const staleAfter = 30 * time.Second

func (s *Sim) step(now time.Time) {
	s.mu.Lock()
	s.advance(now)
	changes := s.x.Changes()
	s.tell()
	s.feed.Advance(now)
	s.trail(now)
	if now.Sub(s.recentAt) >= staleAfter {
		s.older, s.recent, s.recentAt = s.recent, s.take(), now
	}
	s.mu.Unlock()
	s.stream.publish(changes, now)
}

// Close ends everything and waits for it.
func (s *Sim) Close() {
	s.once.Do(func() {
		s.stopScenario()
		close(s.closing)
		s.faults.clear(true)
		s.mu.Lock()
		servers := s.servers
		s.mu.Unlock()
		for _, srv := range servers {
			srv.Close()
		}
		for _, g := range s.gates {
			g.close()
		}
		s.stream.io.Close()
		s.feed.Close()
		s.unlisten()
	})
	s.running.Wait()
}

// Listen takes every port of the contract, so that a port in use is known before anything is promised. Run and Close give
// them back.
func (s *Sim) Listen() error {
	for _, p := range places {
		ln, err := net.Listen("tcp4", s.address(p.port))
		if err != nil {
			s.unlisten()
			return fmt.Errorf("listen for the simulated host %s: %w", p.name, err)
		}
		s.bound = append(s.bound, bound{p.name, ln})
	}
	return nil
}

func (s *Sim) unlisten() {
	for _, b := range s.bound {
		b.ln.Close()
	}
	s.bound = nil
}

type bound struct {
	host string
	ln   net.Listener
}

// Run listens, unless Listen has, and plays until ctx ends. It returns nil when it was ended so.
func (s *Sim) Run(ctx context.Context) error {
	if s.bound == nil {
		if err := s.Listen(); err != nil {
			return err
		}
	}
	all := s.bound
	s.bound = nil
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var served sync.WaitGroup
	failed := make(chan error, len(all))
	for _, b := range all {
		served.Go(func() {
			if err := s.keep(ctx, b.host, b.ln); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	served.Go(func() { s.Play(ctx) })
	<-ctx.Done()
	s.Close()
	served.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// keep serves a loopback host, and listens again on the same port when a refusal is over.
func (s *Sim) keep(ctx context.Context, host string, ln net.Listener) error {
	g, srv := s.gates[host], s.server(host)
	s.mu.Lock()
	s.servers = append(s.servers, srv)
	s.mu.Unlock()
	if host == Control {
		srv.Handler = loopbackOnly(srv.Handler)
	}
	p, _ := placeOf(host)
	for {
		if ln == nil {
			var err error
			if ln, err = net.Listen("tcp4", s.address(p.port)); err != nil {
				return fmt.Errorf("listen for the simulated host %s again: %w", host, err)
			}
		}
		open := ln
		if g.own(func() { open.Close() }) {
			if err := srv.Serve(s.wrap(host, g.listen(open))); errors.Is(err, http.ErrServerClosed) {
				return nil
			}
		} else {
			ln.Close()
		}
		ln = nil
		if ctx.Err() != nil || s.closed() {
			return nil
		}
		if reopened := g.refused(); reopened != nil {
			select {
			case <-reopened:
			case <-ctx.Done():
				return nil
			case <-s.closing:
				return nil
			}
		}
	}
}

// loopbackOnly keeps web pages of others from the control host: a name that is rebound to this machine is not its name, and
// a form of another site may not post.
func loopbackOnly(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if h, _, err := net.SplitHostPort(name); err == nil {
			name = h
		}
		if name != "localhost" && name != "127.0.0.1" {
			http.Error(w, "the control host is reached as 127.0.0.1 or localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// reconcile makes listeners, connections and the stream agree with the faults of a host.
func (s *Sim) reconcile(host string) {
	if s.closed() {
		return
	}
	has := func(effect string) bool {
		return s.faults.find(host, func(a *active) bool { return a.Effect == effect && a.whole() }) != nil
	}
	g := s.gates[host]
	refusing := has("refuse")
	if g.refuse(refusing) && s.o.Refused != nil {
		s.o.Refused(host, refusing)
	}
	g.darken(has("blackhole"))
	// Only new connections look at a certificate.
	if g.change(&g.expired, has("cert_expired")) {
		g.cut(func(c *conn) { c.finish(c.Conn.Close) })
	}
	if has("reset") {
		g.cut((*conn).reset)
	}
	switch host {
	case "stream":
		s.stream.reconcile()
	case "pubnub":
		s.feed.Nudge()
	}
}

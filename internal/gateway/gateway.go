package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/loopback"
)

// Options of a Gateway. What has no default must be set.
type Options struct {
	Desk Desk
	// Bot finds the working local key of an id, as [keys.Store.Bot] does. It may be called concurrently.
	Bot func(id string) (keys.Bot, bool)

	// Private and Public are bitbank's hosts, such as https://api.bitbank.cc and https://public.bitbank.cc.
	Private, Public string
	// Key signs for Private, with a time window.
	Key *bitbank.Credentials
	// Limiter is the account's, shared with everything that uses the account. Priority is the bots' in it; default "", what
	// all may use.
	Limiter  *bitbank.Limiter
	Priority string
	// Transport asks bitbank. It is a default one with 64 connections a host when nil.
	Transport http.RoundTripper

	// Hold is how long a bot is kept waiting at most, from the last byte of its request: shortly less than it waits by itself.
	// 10 ms to a minute, default 7.5 s, which is 2.5 s less than ccxt waits.
	Hold time.Duration
	// HoldOf is Hold for one bot, by name. It may be nil, and 0 is Hold.
	HoldOf func(bot string) time.Duration

	// Hosts are names under which the gateway is reached, besides localhost, 127.0.0.1 and ::1. Without a port.
	Hosts []string
	// PerBot and Total are how many calls may be open at once: of one bot, default 64, and together, default 512. Reads, orders,
	// cancels and heartbeats are counted apart, so that a cancel finds room whatever waits. Calls that need no key are together one bot.
	PerBot, Total int

	// Rand draws the pauses. Default: seeded by the system.
	Rand *rand.Rand
}

// defaults fills in what is left out, and refuses what cannot be.
func (o *Options) defaults() error {
	if o.Hold == 0 {
		o.Hold = 7500 * time.Millisecond
	}
	if o.PerBot == 0 {
		o.PerBot = 64
	}
	if o.Total == 0 {
		o.Total = 512
	}
	if o.Transport == nil {
		o.Transport = defaultTransport()
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	switch {
	case o.Desk == nil || o.Bot == nil || o.Key == nil || o.Limiter == nil:
		return errors.New("a desk, bots, a key and a limiter are needed")
	case o.Hold < minHold || o.Hold > maxHold:
		return fmt.Errorf("hold is %v, want %v to %v", o.Hold, minHold, maxHold)
	case o.PerBot < 1 || o.Total < o.PerBot:
		return fmt.Errorf("calls at once: %d a bot and %d together, want at least 1 and no fewer together than a bot", o.PerBot, o.Total)
	}
	return nil
}

const (
	minHold = 10 * time.Millisecond
	maxHold = time.Minute
)

// A Gateway is an [http.Handler]. Make one with New, serve it with [Gateway.Server], and Close it.
type Gateway struct {
	o       Options
	hosts   loopback.Names
	door    *doorman
	rooms   map[kind]*rooms
	private *upstream
	public  *upstream
	stats   counters

	stop    context.CancelFunc
	running sync.WaitGroup // requests to bitbank
}

// New returns a gateway. Nothing runs yet.
func New(o Options) (*Gateway, error) {
	if err := o.defaults(); err != nil {
		return nil, fmt.Errorf("make a gateway: %w", err)
	}
	g := &Gateway{
		o:     o,
		hosts: loopback.NewNames(o.Hosts...),
		door:  &doorman{lookup: o.Bot, opened: time.Now(), bots: map[string]*guest{}},
		rooms: map[kind]*rooms{},
		stats: counters{refused: map[Reason]uint64{}},
	}
	for _, k := range []kind{reads, orders, cancels, beats} {
		g.rooms[k] = &rooms{perBot: o.PerBot, total: o.Total, open: map[string]int{}}
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	chance := &dice{rng: o.Rand}
	for _, u := range []struct {
		into   **upstream
		origin string
		key    *bitbank.Credentials
		limit  *bitbank.Limiter
	}{{&g.private, o.Private, o.Key, o.Limiter}, {&g.public, o.Public, nil, nil}} {
		up, err := newUpstream(ctx, u.origin, o.Transport, chance, &g.stats, &g.running)
		if err != nil {
			return nil, fmt.Errorf("make a gateway: %w", err)
		}
		up.key, up.limiter, up.priority = u.key, u.limit, o.Priority
		*u.into = up
	}
	if err := g.private.provesToSign(); err != nil {
		return nil, fmt.Errorf("make a gateway: %w", err)
	}
	return g, nil
}

// Close gives up what is being asked of bitbank, and waits for it. It is called when nothing is served any more. Orders and
// cancels are the desk's.
func (g *Gateway) Close() {
	g.stop()
	g.running.Wait()
}

// Bounds of a request. bitbank's longest body, thirty ids of twenty digits to cancel, is below 1 KiB.
const (
	maxHeader = 16 << 10
	maxTarget = 4 << 10
	maxBody   = 64 << 10
)

// Server serves the gateway with bounds on headers and on time. A kept connection stays open for long, because one that is
// closed just as a bot sends an order costs that order its answer.
func (g *Gateway) Server() *http.Server {
	return &http.Server{
		Handler:           g,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      maxHold + 10*time.Second,
		IdleTimeout:       10 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:          log.New(io.Discard, "", 0), // what bots do wrong is in their answers and in Stats
	}
}

// ServeHTTP implements [http.Handler]. The order is: may this come in at all, is there such an address, who asks.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.stats.inbound.Add(1)
	if !g.hosts.Allow(r.Host) || foreign(r) {
		g.stats.refuse(ForeignHost)
		http.Error(w, "this gateway answers programs on this machine, under localhost", http.StatusMisdirectedRequest)
		return
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	k := kindOf(r.Method, path)
	if k == orders || k == cancels {
		w.Header().Set("Hikeshi-Outcome", string(NotPlaced)) // until the desk has it
	}
	leave, ok := g.rooms[k].enter()
	if !ok {
		g.refuse(w, refusal{codeTooMany, TooMany, "too many calls are open at this gateway"})
		return
	}
	defer leave()
	g.serve(w, r, path)
}

// A kind of call has rooms of its own.
type kind int

const (
	reads kind = iota
	orders
	cancels
	beats // heartbeats of the dead man's switch
)

func kindOf(method, path string) kind {
	switch {
	case method == http.MethodPost && path == pathOrder:
		return orders
	case method == http.MethodPost && (path == pathCancel || path == pathCancels):
		return cancels
	case method == http.MethodPost && path == pathBeat:
		return beats
	}
	return reads
}

// foreign reports whether a web page asks. Programs send neither header; a page of this machine at another port is another
// origin, too.
func foreign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || site == "cross-site" || site == "same-site"
}

// hold is how long a bot is kept waiting.
func (g *Gateway) hold(bot string) time.Duration {
	if g.o.HoldOf != nil && bot != anyone {
		if d := g.o.HoldOf(bot); d > 0 {
			return max(minHold, min(d, maxHold))
		}
	}
	return g.o.Hold
}

// anyone is the name under which calls without a key are counted; no bot can have it.
const anyone = ""

// rooms bound the calls that are open at once.
type rooms struct {
	perBot, total int

	mu   sync.Mutex
	all  int
	open map[string]int
}

// enter takes a place among all calls.
func (r *rooms) enter() (leave func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all >= r.total {
		return nil, false
	}
	r.all++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all--
	}, true
}

// of takes a place among the calls of a bot.
func (r *rooms) of(bot string) (leave func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[bot] >= r.perBot {
		return nil, false
	}
	r.open[bot]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open[bot]--; r.open[bot] == 0 {
			delete(r.open, bot)
		}
	}, true
}

// dice are one source of chance for several goroutines.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

// between draws a time from low to high.
func (d *dice) between(low, high time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return low + time.Duration(d.rng.Int64N(int64(high-low)+1))
}

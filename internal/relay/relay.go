package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/loopback"
	"hikeshi/internal/socketio"
)

// Options of a Relay. The zero value follows bitbank.
type Options struct {
	// Upstream says how to reach bitbank's stream, and when to come back. Its rooms are the relay's business.
	Upstream bitbank.FollowOptions
	// Hosts are names under which the relay is reached, besides localhost, 127.0.0.1 and ::1. Without a port.
	Hosts []string
	// Pair reports whether bitbank has a pair. Nil takes every well-formed one. It is called under a lock and must not block.
	Pair func(pair string) bool

	MaxBots  int // at once; default 32
	PerBot   int // rooms of a bot; default 320, bitbank has 310
	MaxRooms int // of all; default 512
	// Queue is how many bytes wait for a bot before messages to it are dropped. Default 2 MiB.
	Queue int
	// Patience is how long a bot may stay behind before it is cut. Default 10 s.
	Patience time.Duration
	// Linger is how long a room that nobody wants is kept at bitbank, so that a bot that starts anew, or joins and leaves in a
	// loop, costs bitbank nothing. Default a minute.
	Linger time.Duration
}

// defaults fills in what is left out, and refuses what cannot be.
func (o *Options) defaults() error {
	for _, n := range []struct {
		into  *int
		usual int
	}{{&o.MaxBots, 32}, {&o.PerBot, 320}, {&o.MaxRooms, 512}, {&o.Queue, 2 << 20}} {
		if *n.into == 0 {
			*n.into = n.usual
		}
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Linger == 0 {
		o.Linger = time.Minute
	}
	switch {
	case o.MaxBots < 1 || o.PerBot < 1 || o.MaxRooms < 1 || o.Queue < 1:
		return errors.New("the bounds on bots, rooms and queues must be positive")
	case o.Patience < 0 || o.Linger < 0:
		return errors.New("patience and linger must be positive")
	case len(o.Upstream.Rooms) > 0:
		return errors.New("the rooms upstream are those that are joined, and none are to be given")
	}
	// Follow refuses what cannot work before it looks at anything else.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := bitbank.Follow(ended, o.Upstream, func(bitbank.Event) {}); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// The heartbeat of the bots' connections: the times that were seen at bitbank in 2023.
const (
	pingInterval = 25 * time.Second
	pingTimeout  = 20 * time.Second
	// maxPayload is the longest packet of a bot. One that joins a room has about 60 bytes; polling sends several at once.
	maxPayload = 64 << 10
)

// A Relay is an [http.Handler] for the path /socket.io/. Make one with New, serve it, and Run it. Its methods may be called
// concurrently.
type Relay struct {
	o     Options
	hosts loopback.Names
	io    *socketio.Server
	want  chan struct{} // somebody wants a connection
	work  chan struct{} // rooms came or went, or the connection is new

	mu       sync.Mutex
	bots     map[*socketio.Session]*bot
	rooms    map[string]*room
	depths   map[string]*depth // by pair
	watchers map[*watcher]bool
	link     link
	stats    Stats
}

// Stats count what a relay has done.
type Stats struct {
	Connected bool      // to bitbank
	Since     time.Time // of Connected; zero before the first connection
	Bots      int       // connected now
	Rooms     int       // wanted now, those that the relay needs itself included

	Losses   uint64 // connections to bitbank that ended
	Messages uint64 // from bitbank
	Passed   uint64 // to bots, each counted
	Dropped  uint64 // for bots that did not keep up
	Kept     uint64 // differences that a whole contained before they were passed on
	Cut      uint64 // bots that stayed behind
	Refused  uint64 // requests of strangers, and rooms
}

// New returns a relay. Nothing runs yet; bots may connect already and are told that nothing comes.
func New(o Options) (*Relay, error) {
	if err := o.defaults(); err != nil {
		return nil, fmt.Errorf("make a relay: %w", err)
	}
	r := &Relay{
		o: o, hosts: loopback.NewNames(o.Hosts...),
		want: make(chan struct{}, 1), work: make(chan struct{}, 1),
		bots: map[*socketio.Session]*bot{}, rooms: map[string]*room{}, depths: map[string]*depth{}, watchers: map[*watcher]bool{},
	}
	r.io = socketio.New(socketio.Options{
		PingInterval: pingInterval, PingTimeout: pingTimeout, MaxPayload: maxPayload, MaxSessions: o.MaxBots,
		Opened: r.opened, Event: r.heard, Closed: r.closed,
	})
	return r, nil
}

// Run follows bitbank's stream while anybody wants it. It returns ctx's error when all has stopped and every bot is cut.
func (r *Relay) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { r.follow(ctx) })
	running.Go(func() { r.ask(ctx) })
	running.Go(func() { r.sweep(ctx) })
	running.Wait()
	r.io.Close()
	return context.Cause(ctx)
}

// Stats tells what was done so far.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Connected, s.Since, s.Bots, s.Rooms = r.link.stream != nil, r.link.since, len(r.bots), len(r.rooms)
	return s
}

// nudge wakes who waits for a channel, now or the next time.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// sweep looks after bots that do not keep up and rooms that nobody wants, once a second.
func (r *Relay) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, x := range r.tidy(now) {
				x.Close(socketio.Cut) // without the lock, which its end takes
			}
		}
	}
}

// tidy is one sweep. It returns whom to cut.
func (r *Relay) tidy(now time.Time) (cut []*socketio.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for x, b := range r.bots {
		switch {
		case b.behind.IsZero():
		case r.keepsUp(b):
			r.recover(b, now)
		case now.Sub(b.behind) > r.o.Patience:
			r.stats.Cut++
			cut = append(cut, x)
		}
	}
	for _, m := range r.rooms {
		switch {
		case r.wanted(m):
			m.idle = time.Time{}
		case m.idle.IsZero():
			m.idle = now
		case now.Sub(m.idle) >= r.o.Linger:
			r.remove(m)
		}
	}
	return cut
}

// ServeHTTP implements [http.Handler].
func (r *Relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if !r.hosts.Allow(q.Host) || foreign(q) {
		r.mu.Lock()
		r.stats.Refused++
		r.mu.Unlock()
		http.Error(w, "this stream is for programs on this machine, under localhost", http.StatusForbidden)
		return
	}
	// A long poll takes up to 25 s, which the limits of the server that we are mounted on need not allow. Where that has none, this
	// is not supported, and not needed.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pingInterval + pingTimeout + 10*time.Second))
	r.io.ServeHTTP(w, q)
}

package pubnub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options of a server. The zero value of each is what is known of PubNub as bitbank uses it.
type Options struct {
	SubscribeKey string        // default: the one in bitbank's documents
	Publisher    string        // the uuid that messages come from; default "bitbank". Our assumption
	Depth        int           // messages that a channel keeps; default 100 (PubNub's documents)
	Keep         time.Duration // how long it keeps them; default 20 min (PubNub's documents)
	Hold         time.Duration // how long a poll waits for a message; default 280 s (measured by others)
	Batch        int           // messages in one answer at most; default 100. Our assumption
	Polls        int           // polls that wait at once; default 1000. Our assumption
	Region       int           // of the data centre, other than 0; default 12 (recorded)

	// AnyUUID lets every uuid use a token. Otherwise it has to be the name of the channel, as bitbank's documents say.
	AnyUUID bool

	// Seed draws the tokens and the order of mixed messages.
	Seed uint64

	// Poll, when set, is asked what becomes of a poll: when it comes, and whenever it wakes ([Server.Nudge] wakes all). The
	// number is the poll's own and never used again.
	Poll func(number uint64, channel string) PollFate
}

// A PollFate is what becomes of one poll. The zero value is a poll without trouble.
type PollFate struct {
	// Stalled, when set, silences the poll until it is closed: no message, and no answer when its time is over. A stall that
	// was named once holds until then.
	Stalled <-chan struct{}
	// Cut ends the poll without an answer.
	Cut bool
}

// A Fate is what becomes of one message on its way. The zero value arrives once and at once.
type Fate struct {
	Lost   bool
	Copies int           // arrives so many times more. Each is a message of its own, as when a publisher sends again
	Late   time.Duration // arrives so much later, behind what is published meanwhile
	Mixed  bool          // is held for a second or until there are five, which then come in another order. Late goes first
}

// A Server is the service. Make one with [New]; whoever makes it closes it.
type Server struct {
	o       Options
	head    []byte // what every message begins with, up to its timetoken
	closing chan struct{}
	waiting sync.WaitGroup

	mu       sync.Mutex // guards what follows
	rng      *rand.Rand
	clock    clock
	grants   grants
	channels map[string]*channel // as many as were granted or published to
	polls    uint64              // ever
	held     int                 // polls that wait
	age      int                 // of the world: polls from before a restart are cut
	closed   bool
}

// A channel is a queue and those who wait for it.
type channel struct {
	queue
	tail    []byte        // of every message, from its timetoken to its payload
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// New makes a server.
func New(o Options) *Server {
	o.SubscribeKey = cmp.Or(o.SubscribeKey, "sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe")
	o.Publisher = cmp.Or(o.Publisher, "bitbank")
	o.Depth = cmp.Or(o.Depth, 100)
	o.Keep = cmp.Or(o.Keep, 20*time.Minute)
	o.Hold = cmp.Or(o.Hold, 280*time.Second)
	o.Batch = cmp.Or(o.Batch, 100)
	o.Polls = cmp.Or(o.Polls, 1000)
	o.Region = cmp.Or(o.Region, 12)
	rng := rand.New(rand.NewPCG(o.Seed, 0x7075626e7562))
	return &Server{
		o: o, closing: make(chan struct{}), rng: rng, grants: newGrants(rng), channels: map[string]*channel{},
		head: fmt.Appendf(nil, `{"a":"5","f":0,"i":%s,"p":{"t":"`, encode(o.Publisher)),
	}
}

// Grant makes a token that opens a channel until a time. Older tokens of the channel stay good: whether bitbank's do is not
// documented.
func (s *Server) Grant(channel string, until time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel(channel)
	return s.grants.give(channel, until)
}

// Revoke ends a token, or all tokens of a channel that were granted so far. Polls that wait on one are refused at once; when
// PubNub does so is our assumption.
func (s *Server) Revoke(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.grants.revoke(name) {
		s.channel(c).wake()
	}
}

// Publish sends a JSON value to a channel, now. The value is kept and handed on as it is, unchecked.
func (s *Server) Publish(name string, payload json.RawMessage, f Fate, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channel(name)
	s.arrive(c, now)
	if f.Lost {
		return
	}
	for range 1 + f.Copies {
		if f.Late > 0 || f.Mixed {
			c.park(payload, f, now)
		} else {
			c.push(s.message(c, payload, now))
			c.wake()
		}
	}
	s.arrive(c, now)
}

// Advance lets late and mixed messages arrive whose time has come. They wait for it: call it often.
func (s *Server) Advance(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		s.arrive(c, now)
	}
}

// arrive pushes what has been on its way. The lock is held.
func (s *Server) arrive(c *channel, now time.Time) {
	for _, payload := range c.queue.arrive(now, s.rng) {
		c.push(s.message(c, payload, now))
		c.wake()
	}
}

// message gives a payload its timetoken and its envelope, keys in recorded order: shard, flags, publisher, place, key,
// channel, payload. Where more than one channel is asked for PubNub adds b, the name by which it was. The lock is held.
func (s *Server) message(c *channel, payload json.RawMessage, now time.Time) message {
	at := s.clock.next(now)
	b := make([]byte, 0, len(s.head)+len(c.tail)+len(payload)+32)
	b = append(b, s.head...)
	b = append(b, at.String()...)
	b = append(b, c.tail...)
	b = append(b, payload...)
	return message{at, append(b, '}')}
}

// Clear forgets what a channel has kept and what is on its way to it: another gap without a marker.
func (s *Server) Clear(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[name]; c != nil {
		c.messages, c.late, c.mixed = nil, nil, nil
	}
}

// Nudge wakes every poll that waits, so that it asks for its fate again.
func (s *Server) Nudge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		c.wake()
	}
}

// Restart begins anew: it cuts every poll and forgets tokens and messages. Timetokens go on rising.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.age++
	for _, c := range s.channels {
		c.wake()
	}
	s.channels, s.grants = map[string]*channel{}, newGrants(s.rng)
}

// Close cuts every poll and waits until it has ended. Do not call it with a lock that [Options.Poll] needs.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.closing)
	}
	s.waiting.Wait()
}

// channel finds or makes one. The lock is held.
func (s *Server) channel(name string) *channel {
	c := s.channels[name]
	if c == nil {
		c = &channel{
			queue: queue{depth: s.o.Depth, keep: s.o.Keep},
			tail:  fmt.Appendf(nil, `","r":%d},"k":%s,"c":%s,"d":`, s.o.Region, encode(s.o.SubscribeKey), encode(name)),
		}
		s.channels[name] = c
	}
	return c
}

// wake lets everybody who waits look again: one signal for all. The lock is held.
func (c *channel) wake() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// wait returns what the next change closes. The lock is held.
func (c *channel) wait() <-chan struct{} {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// ServeHTTP answers by the clock of this machine.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := s.Answer(r, 0)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	a.Send(w, r)
}

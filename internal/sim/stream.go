package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"hikeshi/internal/sim/market"
	"hikeshi/internal/socketio"
)

// The stream's own times. 25 s and 20 s were seen in 2023; the documents' sample says 60 s for the second.
const (
	pingInterval = 25 * time.Second
	pingTimeout  = 20 * time.Second
	maxPayload   = 1_000_000
	// wholeEvery is how often a changed book is sent whole: about a second after joining was seen.
	wholeEvery = time.Second
	// circuitEvery repeats the circuit-break info of a pair in which nothing happens. Our assumption.
	circuitEvery = time.Minute
	// shuffled is how many messages are held to be sent in another order.
	shuffled = 5
)

// A stream is the public stream: who listens to which room, and what is wrong with what they hear.
type stream struct {
	sim *Sim
	io  *socketio.Server

	mu       sync.Mutex
	rooms    map[string]*room
	stalled  map[*socketio.Session]*active
	held     []message // under shuffle
	delayed  []message // under slow, by due
	rng      *rand.Rand
	wholesAt time.Time
}

// A room is one subject of one pair.
type room struct {
	name    string
	kind    string
	pair    string
	members map[*socketio.Session]bool
	fresh   bool      // somebody joined and has heard nothing yet
	changed bool      // since the last message
	at      time.Time // of the last message
	last    string    // its event, repeated under freeze_sequence
}

type message struct {
	room  string
	event string
	due   time.Time
}

var roomKinds = []string{"ticker", "transactions", "depth_diff", "depth_whole", "circuit_break_info"}

func newStream(s *Sim) *stream {
	st := &stream{sim: s, rooms: map[string]*room{}, stalled: map[*socketio.Session]*active{}, rng: rand.New(rand.NewPCG(s.o.Seed, 0x73747265616d))}
	st.io = socketio.New(socketio.Options{
		PingInterval: pingInterval, PingTimeout: pingTimeout, MaxPayload: maxPayload,
		Opened: st.opened, Event: st.event, Closed: st.closed,
	})
	return st
}

// opened stalls a new session when a fault says so.
func (st *stream) opened(x *socketio.Session) {
	if a := st.struck(x, "stall_stream"); a != nil {
		st.stall(x, a)
	}
}

func (st *stream) stall(x *socketio.Session, a *active) {
	st.mu.Lock()
	st.stalled[x] = a
	st.mu.Unlock()
	x.Pause(true)
}

// struck asks the faults of an effect, once for each session, whether they take this one.
func (st *stream) struck(x *socketio.Session, effect string) *active {
	return st.sim.strikes("stream", x, effect)
}

// strikes asks the faults of an effect on a host, once for each who, whether they take this one.
func (s *Sim) strikes(host string, who any, effect string) *active {
	used := s.faults.use(host, func(a *active) bool {
		if a.Effect != effect || a.met[who] {
			return false
		}
		if a.met == nil {
			a.met = map[any]bool{}
		}
		a.met[who] = true
		return true
	}, is(effect))
	if len(used) == 0 {
		return nil
	}
	return used[0]
}

func is(effect string) func(*active) bool {
	return func(a *active) bool { return a.Effect == effect }
}

// event is what clients may say: join-room and leave-room. A room that does not exist stays silent, as nothing is
// documented about it.
func (st *stream) event(x *socketio.Session, name, argument string) {
	kind, pair := splitRoom(argument)
	if kind == "" || !st.sim.known(pair) {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	r := st.rooms[argument]
	switch {
	case name == "join-room":
		if r == nil {
			r = &room{name: argument, kind: kind, pair: pair, members: map[*socketio.Session]bool{}}
			st.rooms[argument] = r
		}
		r.members[x] = true
		r.fresh = true
	case name == "leave-room" && r != nil:
		st.leave(r, x)
	}
}

// leave takes a session out of a room. The lock is held.
func (st *stream) leave(r *room, x *socketio.Session) {
	if delete(r.members, x); len(r.members) == 0 {
		delete(st.rooms, r.name)
	}
}

func splitRoom(name string) (kind, pair string) {
	for _, k := range roomKinds {
		if p, ok := strings.CutPrefix(name, k+"_"); ok {
			return k, p
		}
	}
	return "", ""
}

func (st *stream) closed(x *socketio.Session) {
	st.forget(x)
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.stalled, x)
}

// forget takes a session out of all rooms: who comes back joins anew.
func (st *stream) forget(x *socketio.Session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, r := range st.rooms {
		st.leave(r, x)
	}
}

// reconcile lets open sessions feel what has changed among the faults.
func (st *stream) reconcile() {
	all := st.io.Sessions()
	down := st.sim.faults.find("stream", func(a *active) bool { return a.Effect == "maintenance" && a.whole() })
	for _, x := range all {
		st.mu.Lock()
		by := st.stalled[x]
		st.mu.Unlock()
		if down != nil {
			// Whether bitbank keeps, cuts or silences streams during maintenance is not known. This one cuts.
			x.Close(socketio.Cut)
			continue
		}
		if by != nil && !over(by) {
			continue
		}
		if a := st.struck(x, "stall_stream"); a != nil {
			st.stall(x, a)
		} else if by != nil {
			st.mu.Lock()
			delete(st.stalled, x)
			st.mu.Unlock()
			x.Pause(false)
		}
	}
}

func over(a *active) bool {
	select {
	case <-a.over:
		return true
	default:
		return false
	}
}

// publish sends what changed, and what is due by the clock.
func (st *stream) publish(changes []market.Change, now time.Time) {
	st.hangUp()
	messages := st.compose(changes, now)
	st.mu.Lock()
	out := st.spoil(messages, now)
	type delivery struct {
		to     *socketio.Session
		packet socketio.Packet
	}
	var deliveries []delivery
	for _, m := range out {
		if r := st.rooms[m.room]; r != nil {
			packet := socketio.NewPacket([]byte(m.event))
			for x := range r.members {
				deliveries = append(deliveries, delivery{x, packet})
			}
		}
	}
	st.mu.Unlock()
	// A black hole swallows what is said into it. Sessions would be cut for not keeping up, which would be a sign of life.
	if st.sim.gates["stream"].darkness() != nil {
		return
	}
	for _, d := range deliveries {
		d.to.Send(d.packet)
	}
}

// hangUp closes sessions while close_stream is in force.
func (st *stream) hangUp() {
	if st.sim.faults.find("stream", is("close_stream")) == nil {
		return
	}
	for _, x := range st.io.Sessions() {
		if a := st.struck(x, "close_stream"); a != nil {
			st.forget(x)
			x.Close(endings[a.Body])
		}
	}
}

// endings are the ways to close a stream, by the packet that says so.
var endings = map[string]socketio.Ending{"": socketio.Cut, "41": socketio.Namespace, "1": socketio.Engine}

// compose writes the messages of every room that somebody listens to.
func (st *stream) compose(changes []market.Change, now time.Time) []message {
	s := st.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	var out []message
	say := func(r *room, data any) {
		out = append(out, message{room: r.name, event: encode(r.name, data)})
		r.at, r.fresh, r.changed = now, false, false
	}
	for _, c := range changes {
		if r := st.rooms["depth_diff_"+c.Pair]; r != nil && len(c.Asks)+len(c.Bids) > 0 {
			say(r, s.x.Market().Diff(c))
		}
		if r := st.rooms["transactions_"+c.Pair]; r != nil && len(c.Trades) > 0 {
			say(r, s.x.Market().Executed(c))
		}
		if r := st.rooms["ticker_"+c.Pair]; r != nil && c.Ticker {
			r.changed = true
		}
		if r := st.rooms["depth_whole_"+c.Pair]; r != nil {
			r.changed = true
		}
		if r := st.rooms["circuit_break_info_"+c.Pair]; r != nil && c.Circuit {
			r.changed = true
		}
	}
	second := now.Sub(st.wholesAt) >= wholeEvery
	if second {
		st.wholesAt = now
	}
	for _, name := range sortedKeys(st.rooms) {
		r := st.rooms[name]
		switch {
		case r.kind == "ticker" && r.changed:
			say(r, s.x.Market().Ticker(r.pair))
		case r.kind == "depth_whole" && second && (r.changed || r.fresh):
			say(r, s.x.Market().Depth(r.pair))
		case r.kind == "circuit_break_info" && second && (r.changed || r.fresh || now.Sub(r.at) >= circuitEvery):
			say(r, s.x.Market().Circuit(r.pair))
		}
	}
	return out
}

// encode is the event that bitbank's clients get: a room's name and, two levels down, the data.
func encode(room string, data any) string {
	type inner struct {
		Data any `json:"data"`
	}
	b, err := json.Marshal([2]any{"message", struct {
		Room    string `json:"room_name"`
		Message inner  `json:"message"`
	}{room, inner{data}}})
	if err != nil {
		panic(fmt.Sprintf("encode a message of %s: %v", room, err))
	}
	return string(b)
}

// spoil lets the faults of the stream do what they do to messages. The lock is held.
func (st *stream) spoil(in []message, now time.Time) []message {
	var out []message
	for _, m := range in {
		copies, late, hold := 1, time.Duration(0), false
		r := st.rooms[m.room]
		frozen := false
		for _, a := range st.sim.faults.use("stream", func(a *active) bool { return spoils[a.Effect] && a.Match.fits("", m.room, "") }, is("mute_channel")) {
			switch a.Effect {
			case "mute_channel":
				copies = 0
			case "duplicate":
				copies = 2
			case "shuffle":
				hold = true
			case "slow":
				late = time.Duration(a.DelayMS) * time.Millisecond
			case "freeze_sequence":
				frozen = true
			}
		}
		if r != nil && frozen && r.last != "" {
			m.event = r.last
		} else if r != nil {
			r.last = m.event
		}
		for range copies {
			switch {
			case late > 0:
				m.due = now.Add(late)
				st.delayed = append(st.delayed, m)
			case hold:
				st.held = append(st.held, m)
			default:
				out = append(out, m)
			}
		}
	}
	if len(st.held) >= shuffled || (len(st.held) > 0 && st.sim.faults.find("stream", is("shuffle")) == nil) {
		order := st.rng.Perm(len(st.held))
		if slices.IsSorted(order) {
			slices.Reverse(order) // another order was asked for
		}
		for _, i := range order {
			out = append(out, st.held[i])
		}
		st.held = nil
	}
	waiting := st.delayed[:0]
	for _, m := range st.delayed {
		if m.due.After(now) {
			waiting = append(waiting, m)
		} else {
			out = append(out, m)
		}
	}
	clear(st.delayed[len(waiting):])
	st.delayed = waiting
	// A day's delay of the busiest rooms would fill memory; what is older than this queue is lost.
	const most = 50_000
	if n := len(st.delayed) - most; n > 0 {
		st.delayed = slices.Delete(st.delayed, 0, n)
	}
	return out
}

var spoils = map[string]bool{"mute_channel": true, "duplicate": true, "shuffle": true, "slow": true, "freeze_sequence": true}

// restart cuts everybody and forgets what was on its way: a world that begins anew numbers its messages anew.
func (st *stream) restart() {
	st.mu.Lock()
	st.held, st.delayed = nil, nil
	st.mu.Unlock()
	for _, x := range st.io.Sessions() {
		x.Close(socketio.Cut)
	}
}

func (s *Sim) known(pair string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.x.Market().Known(pair)
}

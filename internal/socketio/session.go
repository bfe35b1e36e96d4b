package socketio

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// maxQueue is how many packets wait for a slow client before it is cut: half a minute of the busiest rooms.
const maxQueue = 2048

// MaxOffers is how many packets may wait when another is offered. It is the half of the queue, so that an offer never takes the
// place of a ping.
const MaxOffers = maxQueue / 2

// A Packet is an event, written once for however many sessions: name and arguments as a JSON array.
type Packet struct{ frame []byte }

// NewPacket writes a packet. The event is copied.
func NewPacket(event []byte) Packet { return Packet{append([]byte("42"), event...)} }

// Len is how many bytes the packet has.
func (p Packet) Len() int { return len(p.frame) }

// An Ending is how a session is closed from our side.
type Ending int

const (
	// Cut closes the transport without a word: what an outage does. Clients reconnect by themselves.
	Cut Ending = iota
	// Namespace says "41". npm's client takes it for the server's will and does not come back by itself.
	Namespace
	// Engine says "1", the protocol's own close.
	Engine
)

// A Session is one client.
type Session struct {
	server *Server
	id     string
	number int           // in the order of opening
	wake   chan struct{} // something changed for the writer
	over   chan struct{} // closed with the session
	pong   chan struct{}

	mu        sync.Mutex
	queue     [][]byte
	bytes     int // in queue
	paused    bool
	polling   bool // a GET waits
	upgrading bool
	socket    bool // the writer of a WebSocket runs
	joined    bool // the namespace is connected
	closed    bool
}

// Send queues an event for a connected client, and cuts one that does not keep up. While the session is paused it is lost.
func (x *Session) Send(p Packet) {
	x.mu.Lock()
	ready := x.joined && !x.paused
	x.mu.Unlock()
	if ready {
		x.enqueue(p.frame)
	}
}

// Offer is Send for those who look after slow clients themselves: it cuts nobody, and reports whether the packet was queued. Up
// to MaxOffers packets and most bytes wait, or a single packet of any size.
func (x *Session) Offer(p Packet, most int) bool {
	x.mu.Lock()
	n := len(x.queue)
	room := x.joined && !x.paused && !x.closed && n < MaxOffers && (n == 0 || x.bytes+len(p.frame) <= most)
	if room {
		x.push(p.frame)
	}
	x.mu.Unlock()
	if room {
		x.nudge()
	}
	return room
}

// Waiting is how much is queued.
func (x *Session) Waiting() (packets, bytes int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.queue), x.bytes
}

// Pause stops and starts everything that the session says.
func (x *Session) Pause(on bool) {
	x.mu.Lock()
	x.paused = on
	x.mu.Unlock()
	x.nudge()
}

// Close ends the session, or, with Namespace, only what it was for.
func (x *Session) Close(how Ending) {
	switch how {
	case Namespace:
		x.mu.Lock()
		joined := x.joined
		x.joined = false
		x.mu.Unlock()
		if joined {
			x.enqueue([]byte("41"))
		}
		return // the client closes the transport
	case Engine:
		x.enqueue([]byte("1"))
		return // the writer closes after it
	}
	x.mu.Lock()
	first := !x.closed
	x.closed = true
	x.mu.Unlock()
	if !first {
		return
	}
	close(x.over)
	x.server.mu.Lock()
	delete(x.server.sessions, x.id)
	x.server.mu.Unlock()
	x.server.o.Closed(x)
}

func (x *Session) nudge() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

func (x *Session) enqueue(packet []byte) {
	x.mu.Lock()
	full := len(x.queue) >= maxQueue
	if !full && !x.closed {
		x.push(packet)
	}
	x.mu.Unlock()
	if full {
		x.Close(Cut)
		return
	}
	x.nudge()
}

// push adds to the queue. The lock is held.
func (x *Session) push(packet []byte) {
	x.queue = append(x.queue, packet)
	x.bytes += len(packet)
}

// take empties the queue, unless the session is paused.
func (x *Session) take() [][]byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.paused {
		return nil
	}
	q := x.queue
	x.queue, x.bytes = nil, 0
	return q
}

// next takes the first packet, nil when there is none or the session is paused. One at a time, so that what a slow client has
// not taken yet is still counted.
func (x *Session) next() []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.paused || len(x.queue) == 0 {
		return nil
	}
	p := x.queue[0]
	x.queue[0] = nil
	x.queue = x.queue[1:]
	x.bytes -= len(p)
	return p
}

// context ends with the session.
func (x *Session) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	stop := make(chan struct{})
	go func() {
		select {
		case <-x.over:
			cancel()
		case <-stop:
		}
	}()
	return ctx, sync.OnceFunc(func() { close(stop); cancel() })
}

// beat pings, and closes the session when no pong comes. A paused session neither pings nor listens for it.
func (x *Session) beat() {
	for {
		if !x.wait(x.server.o.PingInterval) {
			return
		}
		x.mu.Lock()
		quiet := x.paused
		x.mu.Unlock()
		if quiet {
			continue
		}
		select {
		case <-x.pong:
		default:
		}
		x.enqueue([]byte("2"))
		limit := time.NewTimer(x.server.o.PingTimeout)
		select {
		case <-x.pong:
		case <-limit.C:
			x.mu.Lock()
			quiet = x.paused
			x.mu.Unlock()
			if !quiet {
				x.Close(Cut)
				return
			}
		case <-x.over:
		}
		limit.Stop()
	}
}

// wait reports whether the session is still open after d.
func (x *Session) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-x.over:
		return false
	}
}

// handle takes one Engine.IO packet of the client.
func (x *Session) handle(packet string) {
	if packet == "" {
		return
	}
	switch packet[0] {
	case '1':
		x.Close(Cut)
	case '3':
		select {
		case x.pong <- struct{}{}:
		default:
		}
	case '4':
		x.message(packet[1:])
	}
}

// message takes one Socket.IO packet.
func (x *Session) message(packet string) {
	if packet == "" {
		return
	}
	kind, rest := packet[0], packet[1:]
	if strings.HasPrefix(rest, "/") {
		space, _, _ := strings.Cut(rest, ",")
		if kind == '0' && space != "/" {
			x.enqueue([]byte("44" + space + `,{"message":"Invalid namespace"}`))
		}
		return
	}
	switch kind {
	case '0':
		x.mu.Lock()
		again := x.joined
		x.joined = true
		x.mu.Unlock()
		if !again {
			// The namespace's id differs from the transport's.
			x.enqueue([]byte(`40{"sid":"n` + x.id + `"}`))
		}
	case '1':
		x.Close(Cut)
	case '2':
		var parts []any
		if json.Unmarshal([]byte(strings.TrimLeft(rest, "0123456789")), &parts) != nil || len(parts) == 0 {
			return
		}
		name, _ := parts[0].(string)
		argument := ""
		if len(parts) > 1 {
			argument, _ = parts[1].(string)
		}
		x.mu.Lock()
		ready := x.joined
		x.mu.Unlock()
		if ready {
			x.server.o.Event(x, name, argument)
		}
	}
}

// serve runs a WebSocket until the session ends: this goroutine reads, another writes.
func (x *Session) serve(conn *websocket.Conn) {
	ctx, cancel := x.context()
	written := make(chan struct{})
	x.mu.Lock()
	x.socket = true
	x.mu.Unlock()
	go func() { defer close(written); x.write(ctx, conn) }()
	x.nudge()
	for {
		kind, b, err := conn.Read(ctx)
		if err != nil {
			break
		}
		if kind == websocket.MessageText {
			x.handle(string(b))
		}
	}
	x.Close(Cut)
	cancel()
	conn.CloseNow()
	<-written
}

func (x *Session) write(ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-x.wake:
		case <-ctx.Done():
			return
		}
		for packet := x.next(); packet != nil; packet = x.next() {
			if conn.Write(ctx, websocket.MessageText, packet) != nil || isClose(packet) {
				x.Close(Cut)
				return
			}
		}
	}
}

// isClose reports whether a packet is Engine.IO's close.
func isClose(packet []byte) bool { return string(packet) == "1" }

// probed releases the poll that waits: the client wants to leave it.
func (x *Session) probed() {
	x.mu.Lock()
	x.upgrading = true
	x.mu.Unlock()
	x.nudge()
}

// due is what a poll has to say now: what waits, or a noop that lets go of a client that is changing the transport.
func (x *Session) due() [][]byte {
	if packets := x.take(); len(packets) > 0 {
		return packets
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.upgrading && !x.paused {
		return [][]byte{[]byte("6")}
	}
	return nil
}

// poll answers one long poll with everything that waits, or waits for it.
func (x *Session) poll(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	busy := x.polling || x.socket
	x.polling = true
	x.mu.Unlock()
	if busy {
		refuse(w, 3, "Bad request")
		x.Close(Cut)
		return
	}
	defer func() {
		x.mu.Lock()
		x.polling = false
		x.mu.Unlock()
	}()
	packets := x.due()
	for len(packets) == 0 {
		select {
		case <-x.wake:
			packets = x.due()
		case <-x.over:
			packets = [][]byte{[]byte("1")}
		case <-r.Context().Done():
			// A client that gives a poll up is gone: engine.io closes such a session too.
			x.Close(Cut)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Write(bytes.Join(packets, []byte("\x1e")))
	if isClose(packets[len(packets)-1]) {
		x.Close(Cut)
	}
}

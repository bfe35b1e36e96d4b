package bitbanktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// A conn is one client of the stream.
type conn struct {
	ws *websocket.Conn
	// out holds what is to be sent. A client that lets 1024 frames wait is cut, as bitbank's would be in the end.
	out    chan string
	pong   atomic.Int64 // of the last sign of life, in nanoseconds
	cancel context.CancelFunc

	mu    sync.Mutex
	rooms map[string]bool
}

// stream serves one client until either side ends it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("EIO") != "4" || r.URL.Query().Get("transport") != "websocket" {
		http.Error(w, `{"code":5,"message":"Unsupported protocol version"}`, http.StatusBadRequest)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer ws.CloseNow()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &conn{ws: ws, out: make(chan string, 1024), cancel: cancel, rooms: map[string]bool{}}
	c.pong.Store(time.Now().UnixNano())
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	c.out <- fmt.Sprintf(`0{"sid":"engine","upgrades":[],"pingInterval":%d,"pingTimeout":%d,"maxPayload":1000000}`,
		s.options.PingInterval.Milliseconds(), s.options.PingTimeout.Milliseconds())
	var writer sync.WaitGroup
	writer.Go(func() { s.write(ctx, c) })
	for {
		kind, b, err := ws.Read(ctx)
		if err != nil || kind != websocket.MessageText {
			break
		}
		s.hear(c, string(b))
	}
	cancel()
	writer.Wait()
}

// write sends what is queued, asks for signs of life, and cuts a client that gives none.
func (s *Server) write(ctx context.Context, c *conn) {
	defer c.cancel()
	ping := time.NewTicker(s.options.PingInterval)
	defer ping.Stop()
	for {
		var text string
		select {
		case <-ctx.Done():
			return
		case text = <-c.out:
		case now := <-ping.C:
			if now.Sub(time.Unix(0, c.pong.Load())) > s.options.PingInterval+s.options.PingTimeout {
				return
			}
			if s.isQuiet() {
				continue
			}
			text = "2"
		}
		if c.ws.Write(ctx, websocket.MessageText, []byte(text)) != nil {
			return
		}
	}
}

// hear acts on a client's frame.
func (s *Server) hear(c *conn, text string) {
	switch {
	case text == "40":
		c.send(`40{"sid":"socket"}`)
	case text == "3":
		c.pong.Store(time.Now().UnixNano())
	case strings.HasPrefix(text, "42"):
		var event []string
		if json.Unmarshal([]byte(text[2:]), &event) != nil || len(event) != 2 {
			return
		}
		room := event[1]
		switch event[0] {
		case "join-room":
			c.set(room, true)
			if s.options.OnJoin != nil {
				s.options.OnJoin(s, room)
			}
		case "leave-room":
			c.set(room, false)
		}
	}
}

func (c *conn) set(room string, in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rooms[room] = in
}

func (c *conn) in(room string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[room]
}

// send queues a frame, or cuts a client that does not read.
func (c *conn) send(text string) {
	select {
	case c.out <- text:
	default:
		c.cancel()
	}
}

func (s *Server) each(act func(*conn)) {
	s.mu.Lock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		act(c)
	}
}

func (s *Server) isQuiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quiet
}

// Publish sends data, which is JSON, to everybody who joined room, and says to how many.
func (s *Server) Publish(room, data string) int {
	if s.isQuiet() {
		return 0
	}
	n := 0
	s.each(func(c *conn) {
		if c.in(room) {
			n++
			c.send(`42["message",{"room_name":"` + room + `","message":{"data":` + data + `}}]`)
		}
	})
	return n
}

// Send sends a text frame as it is to every client of the stream: "41" closes the namespace, "1" the connection.
func (s *Server) Send(frame string) { s.each(func(c *conn) { c.send(frame) }) }

// Quiet holds everything back, pings too, with the connections left open: a stalled stream.
func (s *Server) Quiet(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = on
}

// Cut ends every connection of the stream without a word.
func (s *Server) Cut() { s.each(func(c *conn) { c.cancel() }) }

// Joined says how many clients are in room.
func (s *Server) Joined(room string) int {
	n := 0
	s.each(func(c *conn) {
		if c.in(room) {
			n++
		}
	})
	return n
}

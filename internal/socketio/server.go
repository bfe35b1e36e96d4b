package socketio

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Options of a server. The functions are called without a lock held, each session's events in order.
type Options struct {
	PingInterval time.Duration // 25 s was seen at bitbank
	PingTimeout  time.Duration // 20 s was seen, the documents' sample says 60 s
	MaxPayload   int64
	MaxSessions  int // at once; one more is refused with 503. 0 is no bound.

	// Opened is called before the session says its first word, so that it can be paused before it.
	Opened func(*Session)
	// Event is called with an event of the client and its first argument, if that is a string.
	Event  func(s *Session, name, argument string)
	Closed func(*Session)
}

// A Server is an http.Handler for the path /socket.io/.
type Server struct {
	o        Options
	mu       sync.Mutex
	sessions map[string]*Session
	opened   int // ever
	closed   bool
	running  sync.WaitGroup
}

// New makes a server. Whoever makes it closes it.
func New(o Options) *Server {
	return &Server{o: o, sessions: map[string]*Session{}}
}

// Close cuts every session and waits until all has ended.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, x := range s.Sessions() {
		x.Close(Cut)
	}
	s.running.Wait()
}

// Sessions lists those that are open, oldest first.
func (s *Server) Sessions() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.sessions), func(a, b *Session) int { return cmp.Compare(a.number, b.number) })
}

// refuse answers as engine.io does: a small JSON object with its own code.
func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, http.StatusBadRequest, code, message)
}

// full answers a client for whom there is no place, now or any more.
func full(w http.ResponseWriter) {
	answer(w, http.StatusServiceUnavailable, 4, "No place for another client")
}

func answer(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%d,"message":%q}`, code, message)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.running.Add(1)
	}
	s.mu.Unlock()
	if closed {
		full(w)
		return
	}
	defer s.running.Done()
	q := r.URL.Query()
	transport, sid := q.Get("transport"), q.Get("sid")
	switch {
	case transport != "websocket" && transport != "polling":
		refuse(w, 0, "Transport unknown")
		return
	case q.Get("EIO") != "4":
		refuse(w, 5, "Unsupported protocol version")
		return
	}
	if sid == "" {
		s.handshake(w, r, transport)
		return
	}
	s.mu.Lock()
	x := s.sessions[sid]
	s.mu.Unlock()
	switch {
	case x == nil:
		refuse(w, 1, "Session ID unknown")
	case transport == "websocket":
		s.upgrade(x, w, r)
	case r.Method == http.MethodGet:
		x.poll(w, r)
	case r.Method == http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxPayload))
		if err != nil {
			x.Close(Cut)
			refuse(w, 3, "Bad request")
			return
		}
		for packet := range strings.SplitSeq(string(body), "\x1e") {
			x.handle(packet)
		}
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "ok")
	default:
		refuse(w, 2, "Bad handshake method")
	}
}

// handshake opens a session on the transport that the client chose.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request, transport string) {
	if r.Method != http.MethodGet {
		refuse(w, 2, "Bad handshake method")
		return
	}
	if s.isFull() {
		full(w)
		return
	}
	var conn *websocket.Conn
	if transport == "websocket" {
		var err error
		if conn, err = s.accept(w, r); err != nil {
			return // accept has answered
		}
	}
	x := s.open(transport)
	if x == nil {
		if conn != nil {
			conn.CloseNow()
		} else {
			full(w)
		}
		return
	}
	if conn != nil {
		x.serve(conn)
		return
	}
	x.poll(w, r)
}

// isFull reports whether no other session may open.
func (s *Server) isFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.noPlace()
}

// noPlace is isFull with the lock held.
func (s *Server) noPlace() bool {
	return s.closed || s.o.MaxSessions > 0 && len(s.sessions) >= s.o.MaxSessions
}

func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	// A stream for anybody has no origin to defend; browsers connect to bitbank's from any page.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err == nil {
		conn.SetReadLimit(s.o.MaxPayload)
	}
	return conn, err
}

// open registers a new session and starts its heartbeat. It returns nil when there is no place for it.
func (s *Server) open(transport string) *Session {
	x := &Session{server: s, id: rand.Text(), wake: make(chan struct{}, 1), over: make(chan struct{}), pong: make(chan struct{}, 1)}
	upgrades := []string{}
	if transport == "polling" {
		upgrades = []string{"websocket"}
	}
	hello, err := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int64    `json:"maxPayload"`
	}{x.id, upgrades, s.o.PingInterval.Milliseconds(), s.o.PingTimeout.Milliseconds(), s.o.MaxPayload})
	if err != nil {
		panic(fmt.Sprintf("encode the handshake: %v", err)) // strings and numbers always encode
	}
	s.mu.Lock()
	if s.noPlace() {
		s.mu.Unlock()
		return nil
	}
	s.opened++
	x.number = s.opened
	s.sessions[x.id] = x
	s.running.Add(1)
	s.mu.Unlock()
	s.o.Opened(x)
	x.enqueue(append([]byte("0"), hello...))
	go func() { defer s.running.Done(); x.beat() }()
	return x
}

// upgrade moves a polling session to a WebSocket: probe, answer, release the waiting poll, switch.
func (s *Server) upgrade(x *Session, w http.ResponseWriter, r *http.Request) {
	conn, err := s.accept(w, r)
	if err != nil {
		return // accept has answered
	}
	ctx, cancel := x.context()
	defer cancel()
	if _, b, err := conn.Read(ctx); err != nil || string(b) != "2probe" {
		conn.CloseNow()
		return
	}
	if conn.Write(ctx, websocket.MessageText, []byte("3probe")) != nil {
		conn.CloseNow()
		return
	}
	x.probed()
	if _, b, err := conn.Read(ctx); err != nil || string(b) != "5" {
		conn.CloseNow()
		x.Close(Cut)
		return
	}
	x.serve(conn)
}

package failures

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"hikeshi/internal/pipe"
)

// A line is a client's way to the exchange: what goes wrong before bitbank, or behind it, goes wrong here.
type line struct {
	w       *world
	foreign bool // somebody else's

	mu      sync.Mutex
	conns   map[*wire]bool
	refused int  // answers that said "too many"
	dead    bool // its machine has lost its power: nothing comes in or goes out any more
}

func (w *world) newLine() *line {
	l := &line{w: w, conns: map[*wire]bool{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, l)
	return l
}

var errNoHost = errors.New("no such host")

// dial connects to a host by its name.
func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	bad := l.w.trouble()
	if bad.dial != nil {
		if err := bad.dial(ctx, addr); err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: err}
		}
	}
	host, _, _ := net.SplitHostPort(addr)
	to := cmp.Or(bad.portal, l.w.hosts[host])
	if to == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errNoHost}
	}
	c, err := to.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	x := &wire{Conn: c, line: l, to: to}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		c.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.ErrClosed}
	}
	l.conns[x] = true
	return x, nil
}

// transport is a plain one over the line, as Go's default is.
func (l *line) transport() *http.Transport {
	t := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 16, TLSClientConfig: l.w.trust()}
	l.w.t.Cleanup(t.CloseIdleConnections)
	return t
}

// cut ends every connection; die does so for good.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Conn.Close()
	}
	clear(l.conns)
}

func (l *line) die() {
	l.mu.Lock()
	l.dead = true
	l.mu.Unlock()
	l.cut()
}

// tooMuch is how many answers said "too many".
func (l *line) tooMuch() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// A trouble is what is wrong with the way to the exchange. The zero trouble is none.
type trouble struct {
	// dial is asked before a connection is made; an error is why there is none.
	dial func(ctx context.Context, addr string) error
	// portal answers in the place of every host.
	portal *pipe.Listener
	// late is how a request is held up.
	late *late
}

// noNames is a resolver that does not answer.
func noNames(ctx context.Context, addr string) error {
	return &net.DNSError{Err: "server misbehaving", Name: addr, IsTemporary: true}
}

// late takes one order off the line: its sender sees the connection break after gone, and the order arrives all the same, this
// long after it was sent.
type late struct{ gone, arrives time.Duration }

// A wire is one connection.
type wire struct {
	net.Conn
	line *line
	to   *pipe.Listener

	mu   sync.Mutex
	held []byte // what was written and is held up; nil: nothing is
}

var orderLine = []byte("POST /v1/user/spot/order HTTP/1.1\r\n")

func (c *wire) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil && bytes.HasPrefix(b, orderLine) {
		if l := c.line.w.takeLate(); l != nil {
			c.held = []byte{}
			go c.deliver(*l)
		}
	}
	if c.held != nil {
		c.held = append(c.held, b...)
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *wire) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if bytes.HasPrefix(b[:n], tooMany) {
		c.line.mu.Lock()
		c.line.refused++
		c.line.mu.Unlock()
	}
	return n, err
}

var tooMany = []byte("HTTP/1.1 429")

func (c *wire) Close() error {
	c.line.mu.Lock()
	delete(c.line.conns, c)
	c.line.mu.Unlock()
	return c.Conn.Close()
}

// deliver is the way of a request that was held up: the answer finds nobody.
func (c *wire) deliver(l late) {
	time.Sleep(l.gone)
	c.Conn.Close()
	time.Sleep(l.arrives - l.gone)
	to, err := c.to.DialContext(context.Background(), "pipe", "")
	if err != nil {
		return // the world is over
	}
	defer to.Close()
	to.SetDeadline(time.Now().Add(time.Minute))
	c.mu.Lock()
	b := c.held
	c.mu.Unlock()
	if _, err := to.Write(b); err == nil {
		to.Read(make([]byte, 4096))
	}
}

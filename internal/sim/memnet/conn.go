package memnet

import (
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// window bounds what waits for a reader, as TCP's window does. A quarter of a megabyte holds the largest answer of
	// bitbank's that is asked for.
	window = 256 << 10
	// Lost data is sent again one round trip later, because what follows it tells of the loss; if that is lost too, after
	// againAfter (Linux: 200 ms and the round trip), and after twice as long each time, up to againMost.
	againAfter = 300 * time.Millisecond
	againMost  = 2 * time.Minute
)

// A segment is what one write has sent.
type segment struct {
	data []byte
	left int           // bytes that have not got through: of many packets only the lost ones are sent again
	last bool          // the writer has closed
	at   time.Time     // when it arrives; zero while it is lost
	next time.Time     // when a lost one is sent again
	wait time.Duration // and the time after that
}

// A pipe is one direction of a connection.
type pipe struct {
	network *Network
	route   route

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when something happens
	queue   []segment
	held    int
	shut    bool // the writer has closed
	gone    bool // the reader has
	reset   bool
	readBy  time.Time
	writeBy time.Time
}

func newPipe(n *Network, r route) *pipe {
	return &pipe{network: n, route: r, changed: make(chan struct{})}
}

// stir wakes everybody who waits. The lock is held.
func (p *pipe) stir() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// wait lets go of the lock until something happens or the time comes; the zero time never does.
func (p *pipe) wait(until time.Time) {
	changed := p.changed
	p.mu.Unlock()
	defer p.mu.Lock()
	if until.IsZero() {
		<-changed
		return
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	}
}

func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case p.gone:
			return 0, net.ErrClosed
		case p.reset:
			return 0, os.NewSyscallError("read", syscall.ECONNRESET)
		case passed(p.readBy, now):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		}
		due := p.arrival(now)
		if due.IsZero() || due.After(now) {
			p.wait(earlier(due, p.readBy))
			continue
		}
		s := &p.queue[0]
		if s.last {
			return 0, io.EOF
		}
		n := copy(b, s.data)
		p.held -= n
		if s.data = s.data[n:]; len(s.data) == 0 {
			p.queue[0] = segment{}
			p.queue = p.queue[1:]
		}
		p.stir()
		return n, nil
	}
}

// arrival is when the oldest segment arrives, or when to look again because it is lost; zero when nothing is on its way.
func (p *pipe) arrival(now time.Time) time.Time {
	if len(p.queue) == 0 {
		return time.Time{}
	}
	s := &p.queue[0]
	if s.at.IsZero() && !s.next.After(now) {
		p.send(s, now)
	}
	if s.at.IsZero() {
		return s.next
	}
	return s.at
}

// send tries to get a segment through.
func (p *pipe) send(s *segment, now time.Time) {
	f := p.network.packets(p.route, s.left)
	if !f.lost {
		s.at = now.Add(f.delay)
		return
	}
	s.left = f.missing
	if s.wait == 0 {
		s.next, s.wait = now.Add(2*f.delay), againAfter
		return
	}
	s.next = now.Add(s.wait)
	s.wait = min(2*s.wait, againMost)
}

func (p *pipe) write(b []byte) (sent int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case p.shut:
			return sent, net.ErrClosed
		case p.reset:
			return sent, os.NewSyscallError("write", syscall.EPIPE)
		case passed(p.writeBy, now):
			return sent, os.ErrDeadlineExceeded
		case len(b) == 0:
			return sent, nil
		case p.held >= window:
			p.wait(p.writeBy)
			continue
		}
		n := min(len(b), window-p.held)
		p.put(segment{data: append([]byte(nil), b[:n]...)}, now)
		sent, b = sent+n, b[n:]
	}
}

// put sends a segment for the first time. The lock is held.
func (p *pipe) put(s segment, now time.Time) {
	s.left = len(s.data)
	p.send(&s, now)
	p.held += len(s.data)
	p.queue = append(p.queue, s)
	p.stir()
}

// change does something under the lock and wakes everybody.
func (p *pipe) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	p.stir()
}

// conn is one end of a connection.
type conn struct {
	in, out       *pipe
	local, remote net.Addr
	network       *Network
	once          sync.Once
	linger        bool // closing is cutting
}

func join(n *Network, r route, a, b net.Addr) (here, there *conn) {
	up, down := newPipe(n, r), newPipe(n, r)
	return &conn{in: down, out: up, local: a, remote: b, network: n}, &conn{in: up, out: down, local: b, remote: a, network: n}
}

func (c *conn) error(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	return n, c.error("read", err)
}

func (c *conn) Write(b []byte) (int, error) {
	f := c.network.packets(c.out.route, len(b))
	c.out.mu.Lock()
	gone := c.out.gone
	c.out.mu.Unlock()
	if !f.lost && (f.reset || gone) {
		c.abort() // who speaks to somebody who has left is told so
	}
	n, err := c.out.write(b)
	return n, c.error("write", err)
}

// Close ends this end; the other one hears of it if the line lets it. What has been written still arrives, as soon as the
// line lets it, unless the connection is cut.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.network.forget(c)
		if c.linger {
			heard := !c.network.packets(c.out.route, 40).lost
			c.out.change(func() {
				c.out.reset = heard
				c.out.queue = slices.DeleteFunc(c.out.queue, func(s segment) bool { return s.at.IsZero() })
			})
			c.in.change(func() { c.in.reset = c.in.reset || heard })
		} else {
			c.out.change(func() { c.out.put(segment{last: true}, time.Now()) })
		}
		c.out.change(func() { c.out.shut = true })
		c.in.change(func() { c.in.gone, c.in.queue, c.in.held = true, nil, 0 })
	})
	return nil
}

// abort cuts the connection: both ends hear of it.
func (c *conn) abort() {
	c.network.forget(c)
	c.out.change(func() { c.out.reset = true })
	c.in.change(func() { c.in.reset = true })
}

// SetLinger makes Close cut the connection when sec is 0, as on a [net.TCPConn].
func (c *conn) SetLinger(sec int) error {
	c.linger = sec == 0
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.readBy = t })
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.writeBy = t })
	return nil
}

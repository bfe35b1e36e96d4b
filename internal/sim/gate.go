package sim

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A gate stands between a host and its network and holds what faults do below HTTP. Loopback listeners and those of a
// network in memory pass through the same one.
type gate struct {
	mu      sync.Mutex
	conns   map[*conn]bool
	shut    bool          // refusing
	expired bool          // the certificate is
	dark    chan struct{} // while a black hole: closed at its end
	reopen  chan struct{} // while refusing: closed at its end
	stop    func()        // closes the loopback listener; nil when somebody else owns it
	stopped bool          // for good
}

func newGate() *gate { return &gate{conns: map[*conn]bool{}} }

// listen wraps a listener so that its connections pass through the gate.
func (g *gate) listen(ln net.Listener) net.Listener { return &door{ln, g} }

type door struct {
	net.Listener
	gate *gate
}

func (d *door) Accept() (net.Conn, error) {
	for {
		raw, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: raw, gate: d.gate, closed: make(chan struct{})}
		d.gate.mu.Lock()
		refused := d.gate.shut || d.gate.stopped
		if !refused {
			d.gate.conns[c] = true
		}
		d.gate.mu.Unlock()
		if !refused {
			return c, nil
		}
		abort(raw)
	}
}

// refuse closes the door and cuts everybody, or opens it again. It reports whether that was a change.
func (g *gate) refuse(on bool) bool {
	g.mu.Lock()
	changed := g.shut != on
	g.shut = on
	var stop func()
	if changed && on {
		g.reopen = make(chan struct{})
		stop = g.stop
	}
	if changed && !on {
		close(g.reopen)
	}
	g.mu.Unlock()
	if stop != nil {
		stop()
	}
	if changed && on {
		g.cut(func(c *conn) { c.finish(c.Conn.Close) })
	}
	return changed
}

// refused returns a channel that is closed when the door opens again, nil while it is open.
func (g *gate) refused() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		return nil
	}
	return g.reopen
}

// darken makes the host a black hole, or ends that. Connections that were waiting to say something are cut at the end: what
// they had to say is stale.
func (g *gate) darken(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case on && g.dark == nil:
		g.dark = make(chan struct{})
	case !on && g.dark != nil:
		close(g.dark)
		g.dark = nil
	}
}

// change sets one of the gate's facts and reports whether it was another one.
func (g *gate) change(fact *bool, to bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := *fact != to
	*fact = to
	return changed
}

func (g *gate) darkness() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dark
}

// cut does something to every connection that is open.
func (g *gate) cut(how func(*conn)) {
	g.mu.Lock()
	all := make([]*conn, 0, len(g.conns))
	for c := range g.conns {
		all = append(all, c)
	}
	g.mu.Unlock()
	for _, c := range all {
		how(c)
	}
}

// close ends everything for good.
func (g *gate) close() {
	g.mu.Lock()
	g.stopped = true
	stop := g.stop
	g.mu.Unlock()
	g.darken(false)
	if stop != nil {
		stop()
	}
	g.cut(func(c *conn) { c.finish(c.Conn.Close) })
}

// own tells the gate how to close the listener that it stands before; false when it must not open now.
func (g *gate) own(stop func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || g.stopped {
		return false
	}
	g.stop = stop
	return true
}

var errDark = errors.New("write into a black hole: the connection was cut at its end")

type conn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

// NetConn is the connection below, as for a tls.Conn.
func (c *conn) NetConn() net.Conn { return c.Conn }

// Write says nothing while the host is a black hole. It waits, as TCP does, and fails at its end.
func (c *conn) Write(b []byte) (int, error) {
	if dark := c.gate.darkness(); dark != nil {
		select {
		case <-dark:
		case <-c.closed:
		}
		c.finish(c.Conn.Close)
		return 0, errDark
	}
	return c.Conn.Write(b)
}

// Close hides the end of a connection as long as the host is a black hole: packets of goodbye do not arrive either.
func (c *conn) Close() error {
	dark := c.gate.darkness()
	if dark == nil {
		return c.finish(c.Conn.Close)
	}
	c.once.Do(func() {
		close(c.closed)
		// Whoever reads here must wake up; the other end hears nothing.
		c.Conn.SetReadDeadline(time.Unix(1, 0))
		go func() {
			<-dark
			c.gate.forget(c)
			c.Conn.Close()
		}()
	})
	return nil
}

// finish closes the connection now, whatever the weather.
func (c *conn) finish(how func() error) error {
	var err error
	c.once.Do(func() {
		close(c.closed)
		c.gate.forget(c)
		err = how()
	})
	return err
}

func (g *gate) forget(c *conn) {
	g.mu.Lock()
	delete(g.conns, c)
	g.mu.Unlock()
}

// reset ends the connection with RST instead of FIN.
func (c *conn) reset() {
	c.finish(func() error { abort(c.Conn); return nil })
}

// reset ends a connection that a handler has taken over with RST.
func reset(c net.Conn) {
	for under := c; under != nil; {
		if own, ok := under.(*conn); ok {
			own.reset()
			return
		}
		next, ok := under.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		under = next.NetConn()
	}
	abort(c)
}

// abort closes with RST where the transport has such a thing: TCP does with a linger of 0, and a network in memory may
// have the same method.
func abort(c net.Conn) {
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}

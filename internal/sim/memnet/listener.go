package memnet

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// backlog is how many connections wait to be accepted: one watch never opens as many at a host.
const backlog = 128

type listener struct {
	network *Network
	door    door
	addr    net.Addr
	waiting chan *conn
	over    chan struct{}
	once    sync.Once
}

// Listen opens a port of a host.
func (n *Network) Listen(name string, port uint16) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil || len(h.addrs) == 0 {
		return nil, fmt.Errorf("listen on %s: no such host", name)
	}
	d := door{name, port}
	if n.doors[d] != nil || n.closed {
		return nil, fmt.Errorf("listen on %s: port %d is taken", name, port)
	}
	l := &listener{
		network: n, door: d, addr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.addrs[0], port)),
		waiting: make(chan *conn, backlog), over: make(chan struct{}),
	}
	n.doors[d] = l
	return l, nil
}

// put hands a new connection to whoever accepts; false when there are too many or the listener is closed.
func (l *listener) put(c *conn) bool {
	select {
	case <-l.over:
		return false
	default:
	}
	select {
	case l.waiting <- c:
		return true
	default:
		return false
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.over:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
}

func (l *listener) Close() error {
	l.network.mu.Lock()
	if l.network.doors[l.door] == l {
		delete(l.network.doors, l.door)
	}
	l.network.mu.Unlock()
	l.shut()
	return nil
}

// shut ends the listener and cuts whoever waits at it.
func (l *listener) shut() {
	l.once.Do(func() { close(l.over) })
	for {
		select {
		case c := <-l.waiting:
			c.abort()
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr { return l.addr }

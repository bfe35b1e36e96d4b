// Package pipe is a listener in memory for tests: a server that serves it is reached by dialling it, without a socket, and in
// the virtual time of testing/synctest. Latency, names and faults are what internal/sim/memnet is for.
package pipe

import (
	"context"
	"net"
	"sync"
)

// A Listener hands over one end of a [net.Pipe] for every dial. It may be used concurrently.
type Listener struct {
	conns chan net.Conn
	over  chan struct{}
	once  sync.Once
}

// Listen opens a listener.
func Listen() *Listener { return &Listener{conns: make(chan net.Conn), over: make(chan struct{})} }

// DialContext connects to the listener, whatever the address.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.over:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. Connections stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.over) })
	return nil
}

// Addr implements [net.Listener]. It is a loopback address, because that is what a server in memory stands for.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

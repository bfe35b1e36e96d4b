package bitbanktest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

// Memory serves h without a socket and returns a client that reaches it under every host name, in plain HTTP and
// WebSocket. close ends both and waits for the server. Inside a testing/synctest bubble all of it runs in virtual
// time.
func Memory(h http.Handler) (client *http.Client, close func()) {
	l := &listener{conns: make(chan net.Conn), ended: make(chan struct{})}
	// Closing a server leaves its WebSockets open; their requests live in this context.
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:     h,
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(l) })
	transport := &http.Transport{DialContext: l.dial}
	return &http.Client{Transport: transport}, func() {
		cancel()
		transport.CloseIdleConnections()
		server.Close()
		serving.Wait()
	}
}

// A listener hands over one end of a pipe for every dial.
type listener struct {
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.ended:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

func (l *listener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

package bitbank

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// NoRedirect keeps an http.Client from following redirects: bitbank's interfaces send none, so one comes from
// something in between, and headers with a signature must not follow it.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// sender is given or the default client, without redirects. begin bounds how long the default client waits for an
// answer to begin; zero leaves that to the context, because a crowded exchange takes seconds for an order.
func sender(given *http.Client, begin time.Duration) *http.Client {
	if given != nil {
		c := *given
		c.CheckRedirect = NoRedirect
		return &c
	}
	// Five seconds to connect: a phone's radio wakes up in two.
	return &http.Client{CheckRedirect: NoRedirect, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: begin,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
	}}
}

// errLost is a connection that ended, or gave the request back, before an answer came.
var errLost = fmt.Errorf("the connection ended before an answer came: %w", io.EOF)

// A once sees to it that a request goes out at most once. Go's transport sends a GET again by itself when a kept
// connection dies under it, or when HTTP/2 says that it was not processed, which hides the failure and spends two
// requests where one was counted.
type once struct {
	traced, sent, again atomic.Bool
	cancel              context.CancelCauseFunc
}

func onlyOnce(req *http.Request) (*http.Request, *once) {
	ctx, cancel := context.WithCancelCause(req.Context())
	o := &once{cancel: cancel}
	return req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { o.traced.Store(true) },
		WroteHeaders: func() { o.sent.Store(true) },
		GotConn: func(i httptrace.GotConnInfo) {
			if !o.sent.Load() {
				return
			}
			o.again.Store(true)
			cancel(errLost)
			// HTTP/2 looks at the context before it writes, and its connection is shared; HTTP/1.1 writes first.
			if t, ok := i.Conn.(*tls.Conn); !ok || t.ConnectionState().NegotiatedProtocol != "h2" {
				i.Conn.Close()
			}
		},
	})), o
}

// end frees what onlyOnce holds.
func (o *once) end() { o.cancel(nil) }

// unsent reports whether a request that failed is known not to have left. A transport that does not trace proves
// nothing.
func (o *once) unsent() bool { return o.traced.Load() && !o.sent.Load() }

// explain says why a request failed, without the address: it stands in the operation already.
func (o *once) explain(err error) error {
	if o.again.Load() {
		return errLost
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

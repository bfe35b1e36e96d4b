package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"hikeshi/bitbank"
)

// An answer is what bitbank said.
type answer struct {
	status int
	kind   string // Content-Type
	pause  string // Retry-After
	body   []byte
}

// retryAfter is the pause that the host asks for, in whole seconds; 0 when it asks for none.
func (a answer) retryAfter() time.Duration {
	n, err := strconv.Atoi(a.pause)
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// exchange sends the request and reads the whole answer.
func (u *upstream) exchange(ctx context.Context, f *flight, s slot) (answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer u.listen(f, cancel)()
	req, err := u.request(ctx, f)
	if err != nil {
		return answer{}, err
	}
	if f.sign {
		if err := u.key.Sign(req, []byte(f.body), u.key.Now()); err != nil {
			return answer{}, err
		}
	}
	res, err := u.via.RoundTrip(onlyOnce(req, s, cancel))
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	s.Sent() // for transports that do not trace
	b, err := readWhole(res)
	if err != nil {
		return answer{}, err
	}
	if f.sign && bytes.Contains(b[:min(len(b), 64)], []byte(`"code":2003`)) {
		if e, refused := errors.AsType[*bitbank.Error](bitbank.Check(res.StatusCode, res.Header.Get("Content-Type"), b)); refused {
			u.key.Heed(e.Code, res.Header.Get("Date"))
		}
	}
	return answer{res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Retry-After"), b}, nil
}

// readWhole reads a body within its bound, in one piece when its length was announced.
func readWhole(res *http.Response) ([]byte, error) {
	if n := res.ContentLength; n >= 0 && n <= maxAnswer {
		b := buffer(int(n))
		_, err := io.ReadFull(res.Body, b)
		return b, err
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return b, err
}

// listen ends a request that takes too long: attempt, or hearing once nobody waits.
func (u *upstream) listen(f *flight, cancel context.CancelCauseFunc) (stop func()) {
	unheard := time.AfterFunc(hearing, func() {
		if _, ok := u.table.awaited(f); !ok {
			cancel(errLate)
		}
	})
	end := time.AfterFunc(attempt, func() { cancel(errLate) })
	return func() {
		unheard.Stop()
		end.Stop()
	}
}

// request is what is sent: the bot's target as it came, and nothing else of the bot's.
func (u *upstream) request(ctx context.Context, f *flight) (*http.Request, error) {
	address, err := url.ParseRequestURI(f.target)
	if err != nil {
		return nil, err
	}
	address.Scheme, address.Host = u.origin.Scheme, u.origin.Host
	if address.RequestURI() != f.target {
		return nil, fmt.Errorf("the target %.100q would be sent otherwise", f.target)
	}
	req := (&http.Request{Method: f.method, URL: address, Host: address.Host, Header: http.Header{"Accept": {"application/json"}}}).WithContext(ctx)
	if f.method == http.MethodPost {
		// GetBody stays nil: it is what lets a transport send a body again.
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(f.body)), int64(len(f.body))
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// onlyOnce sees to it that a request leaves once, and says when. Go's transport sends a GET again by itself when a kept
// connection dies under it, which would spend two requests where one was counted.
func onlyOnce(req *http.Request, s slot, cancel context.CancelCauseFunc) *http.Request {
	var sent atomic.Bool
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() {
			sent.Store(true)
			s.Sent()
		},
		GotConn: func(i httptrace.GotConnInfo) {
			if !sent.Load() {
				return
			}
			cancel(io.ErrUnexpectedEOF)
			// HTTP/2 looks at the context before it writes, and its connection is shared; HTTP/1.1 writes first.
			if t, ok := i.Conn.(*tls.Conn); !ok || t.ConnectionState().NegotiatedProtocol != "h2" {
				i.Conn.Close()
			}
		},
	}))
}

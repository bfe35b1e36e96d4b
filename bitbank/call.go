package bitbank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Windows of writes: whole milliseconds, long enough for a slow line and short enough that a request which was held
// up somewhere does not act when nobody expects it any more.
const (
	defaultWriteWindow = 2 * time.Second
	maxWriteWindow     = 5 * time.Second
)

// defaultTimeout ends calls whose context has no deadline, from the moment of sending.
const defaultTimeout = 10 * time.Second

// A Call changes how requests are made. The zero Call changes nothing.
type Call struct {
	// At is the time to sign with; zero is the moment of sending. It exists for looking with the time of an earlier
	// request whether that one could still be accepted. Not with nonces.
	At time.Time
	// Window is how long the request stays valid, in whole milliseconds: at most 5 s for a write, 60 s for a read.
	// Zero is Options.WriteWindow for a write, Auth.Window for a read.
	Window time.Duration
	// Priority is the share of the limiter that the request may use; "" is what all may use.
	Priority string
	// Fresh is a connection of its own for every request. The client's transport must be an *http.Transport.
	Fresh bool
	// BeforeSend is called when a write is signed and about to leave, to record it. An error keeps it back: the
	// outcome is refused and the write was never sent. Its time counts against the window.
	BeforeSend func(context.Context, Attempt) error
}

// An Attempt is a write that is about to be sent.
type Attempt struct {
	Op     string        // the call, such as "PlaceOrder"
	Path   string        // such as /v1/user/spot/order
	Body   []byte        // exactly what is sent; not to be changed
	At     time.Time     // what it is signed with; the time of sending with nonces
	Window time.Duration // zero with nonces
}

// With returns a client that makes its requests as call says, and shares everything else with c.
func (c *Client) With(call Call) *Client {
	d := *c
	d.call, d.http = call, c.kept
	if call.Fresh {
		d.http = fresh(c.kept)
	}
	return &d
}

// fresh is a client that keeps no connection.
func fresh(shared *http.Client) *http.Client {
	c := *shared
	transport := shared.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	t, ok := transport.(*http.Transport)
	if !ok {
		c.Transport = noFresh{}
		return &c
	}
	t = t.Clone()
	t.DisableKeepAlives = true
	c.Transport = t
	return &c
}

// noFresh sends nothing.
type noFresh struct{}

func (noFresh) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("a fresh connection needs an *http.Transport in Options.HTTP")
}

// stamp is the time and window that a request is signed with now.
func (c *Client) stamp(write bool) (at time.Time, window time.Duration, err error) {
	at, window = c.key.Now(), c.key.auth.Window
	if write {
		window = c.writeWindow
	}
	if c.key.auth.Nonce {
		if !c.call.At.IsZero() || c.call.Window != 0 {
			return at, 0, errors.New("sign a request: with nonces there is neither time nor window")
		}
		return at, 0, nil
	}
	longest := time.Minute
	if write {
		longest = maxWriteWindow
	}
	if w := c.call.Window; w != 0 {
		window = w
	}
	if window < time.Millisecond || window > longest || window%time.Millisecond != 0 {
		return at, window, fmt.Errorf("sign a request: a window of %v is not 1 ms to %v in whole milliseconds", window, longest)
	}
	if began := c.call.At; !began.IsZero() {
		if write && at.Sub(began) > window {
			return began, window, fmt.Errorf("sign a request: its window of %v after %v is over", window, began)
		}
		at = began
	}
	return at, window, nil
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"hikeshi/bitbank"
)

const (
	// connectLimit is how long the stream's host may take to be connected to, and dialLimit until the rooms are
	// asked for: half a dozen round trips, from anywhere on earth.
	connectLimit = 1500 * time.Millisecond
	dialLimit    = 3 * time.Second
	// A connection that lasted ends by a deployment or a cut: the next is tried soon. Otherwise twenty attempts a
	// minute at most, a third of what one host may be asked.
	steadyAfter = 10 * time.Second
	againSoon   = 400 * time.Millisecond
	againLater  = 3 * time.Second
)

// A happening is what the connector tells the follower.
type happening struct {
	event  bitbank.Event
	linked bool            // the host was connected to; what follows is its turn to speak
	opened *bitbank.Stream // a new connection
	trip   trip
	took   time.Duration
	bad    *trouble // the connection ended, or could not be made
}

// A connector keeps one connection to the stream.
type connector struct {
	dial  *dialer
	site  *site
	rooms []string
	tell  func(happening) bool // false when nobody listens any more
}

// run connects, reads and connects again until ctx ends.
func (c *connector) run(ctx context.Context) {
	for ctx.Err() == nil {
		begin := time.Now()
		s, t, bad := c.connect(ctx)
		if ctx.Err() != nil {
			if s != nil {
				s.Close()
			}
			return
		}
		again := againLater
		if bad == nil {
			opened := time.Now()
			c.tell(happening{opened: s, trip: t, took: opened.Sub(begin)})
			bad = c.read(ctx, s)
			if time.Since(opened) >= steadyAfter {
				again = againSoon
			}
			t = trip{addr: t.addr}
		}
		if !c.tell(happening{trip: t, took: time.Since(begin), bad: bad}) {
			return
		}
		// Counted from the last attempt, and drawn: everybody who was cut at once must not come back at once.
		wait := time.NewTimer(again*3/4 + rand.N(again/2))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
	}
}

func (c *connector) read(ctx context.Context, s *bitbank.Stream) *trouble {
	defer s.Close()
	for {
		e, err := s.Next(ctx)
		if err != nil {
			if errors.Is(err, bitbank.ErrDeadLink) {
				return because(Silent, Body, err)
			}
			return because(StreamClosed, Body, err)
		}
		if !c.tell(happening{event: e}) {
			return nil
		}
	}
}

// connect makes one attempt, its phases timed.
func (c *connector) connect(ctx context.Context) (*bitbank.Stream, trip, *trouble) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	var t trip
	connecting, done := context.WithTimeout(ctx, connectLimit)
	conn, bad := c.dial.open(connecting, c.site, 0, &t)
	done()
	if bad != nil {
		return nil, t, bad
	}
	c.tell(happening{linked: true})
	given := make(chan net.Conn, 1)
	given <- conn
	give := func(context.Context, string, string) (net.Conn, error) {
		select {
		case conn := <-given:
			return conn, nil
		default:
			return nil, errors.New("one connection an attempt")
		}
	}
	carrier := &http.Transport{
		DialContext: give, DialTLSContext: give, DisableKeepAlives: true, MaxResponseHeaderBytes: headMost,
	}
	defer carrier.CloseIdleConnections()
	begin := time.Now()
	s, err := bitbank.Dial(ctx, bitbank.StreamOptions{
		HTTP: &http.Client{Transport: named{carrier}}, URL: c.site.url.String(), Rooms: c.rooms, Handshake: dialLimit,
	})
	t.timing.FirstByte = time.Since(begin)
	if err == nil {
		return s, t, nil
	}
	conn.Close()
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return nil, t, c.refused(err)
}

// named says who asks.
type named struct{ http.RoundTripper }

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", agent)
	return n.RoundTripper.RoundTrip(req)
}

// refused says why a connection that was made carries no stream.
func (c *connector) refused(err error) *trouble {
	status, isStatus := errors.AsType[*bitbank.StatusError](err)
	body, isBody := errors.AsType[*bitbank.BodyError](err)
	refusal, isRefusal := errors.AsType[*bitbank.Error](err)
	var a answer
	switch {
	case isStatus:
		a = answer{status: status.Status, body: []byte(status.Body)}
	case isBody:
		a = answer{status: body.Status, body: []byte(body.Body)}
	case isRefusal:
		a = answer{status: refusal.Status}
	case errors.Is(err, bitbank.ErrHandshake):
		return because(Handshake, Content, err)
	case errors.Is(err, bitbank.ErrClosed):
		return because(StreamClosed, Content, err)
	default:
		return exchangeTrouble(err, FirstByte)
	}
	var o Observation
	return refused(err, a, c.site, &o)
}

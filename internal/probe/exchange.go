package probe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// headMost bounds status line and headers: browsers refuse more than 256 KiB, and real ones are below 16.
	headMost = 64 << 10
	// dataMost bounds an answer of an interface. The largest that we ask for, the settings of all pairs, is 100 kB.
	dataMost = 1 << 20
	// pageMost is how much of a page is read: what a page is shows in its first lines.
	pageMost = 64 << 10
	// agent says who asks. Nobody is imitated.
	agent = "Hikeshi (outage watch)"
)

// A link is an open connection that carries one HTTP/1.1 exchange at a time. net/http's own transport is not used: it
// sends a GET again by itself when a kept connection dies, which hides the failure and spends two requests of the
// budget where one was counted; and phases are timed here without guessing which connection it took.
type link struct {
	conn  net.Conn
	trip  trip
	bound *io.LimitedReader
	read  *bufio.Reader
}

func newLink(conn net.Conn, t trip) *link {
	bound := &io.LimitedReader{R: conn, N: headMost}
	return &link{conn: conn, trip: t, bound: bound, read: bufio.NewReader(bound)}
}

// An answer is one HTTP answer.
type answer struct {
	status int
	header http.Header
	body   []byte
	more   bool // the body went on beyond what is read
	keep   bool // the connection can carry another exchange
}

// alive reports whether a kept connection is still open and has nothing to say unasked. Servers close idle
// connections as they please; that is no failure.
func (l *link) alive() bool {
	l.bound.N = headMost
	l.conn.SetReadDeadline(time.Now().Add(time.Millisecond)) // a deadline that has passed already would not look
	_, err := l.read.Peek(1)
	l.conn.SetReadDeadline(time.Time{})
	return isTimeout(err)
}

// exchange asks once. Whatever the other side does, it returns with ctx.
func (l *link) exchange(ctx context.Context, req *http.Request, most int64, t *trip) (answer, *trouble) {
	stop := context.AfterFunc(ctx, func() { l.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	wrong := func(err error, p Phase) *trouble {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return exchangeTrouble(err, p)
	}
	l.bound.N = most + headMost
	begin := time.Now()
	if err := req.Write(l.conn); err != nil {
		return answer{}, wrong(err, FirstByte)
	}
	_, err := l.read.Peek(1)
	t.timing.FirstByte = time.Since(begin)
	if err != nil {
		return answer{}, wrong(err, FirstByte)
	}
	begin = time.Now()
	res, err := readResponse(l.read, req)
	if err != nil {
		return answer{}, wrong(err, FirstByte)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, most))
	t.timing.Body = time.Since(begin)
	if err != nil {
		return a, wrong(err, Body)
	}
	var one [1]byte
	n, err := res.Body.Read(one[:])
	a.more = n > 0
	a.keep = !a.more && errors.Is(err, io.EOF) && !res.Close
	return a, nil
}

// readResponse skips the few interim answers that HTTP allows.
func readResponse(r *bufio.Reader, req *http.Request) (*http.Response, error) {
	for range 5 {
		res, err := http.ReadResponse(r, req)
		if err != nil || res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			return res, err
		}
	}
	return nil, errors.New("interim answers without end")
}

// A keeper keeps the connection of one look between its turns. Looks at one target do not overlap.
type keeper struct{ link *link }

// ask sends one GET to a site, over k's connection when it has one and over a new one that is closed again without
// k, and notes in o how it went. sign may add headers.
func (d *dialer) ask(ctx context.Context, s *site, k *keeper, most int64, o *Observation, sign func(*http.Request) error) (answer, *trouble) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return answer{}, because(Shape, Content, err)
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Language", "ja,en;q=0.5")
	if k == nil {
		req.Close = true
	}
	if sign != nil {
		if err := sign(req); err != nil {
			return answer{}, because(Shape, Content, err)
		}
	}
	var t trip
	l, bad := d.linkFor(ctx, s, k, &t)
	defer func() { t.on(o) }()
	if bad != nil {
		return answer{}, bad
	}
	sent := time.Now()
	a, bad := l.exchange(ctx, req, most, &t)
	o.Status = a.status
	if bad == nil || bad.phase == Body {
		o.skew(a.header, sent, t.timing.FirstByte)
	}
	switch {
	case bad != nil:
		cut(l.conn)
	case k != nil && a.keep:
		k.link = l
	default:
		l.conn.Close()
	}
	return a, bad
}

// cut closes a connection without a goodbye. What the line has not delivered would otherwise be sent again for minutes,
// and be counted as a request then, when its turn has long been given to another.
func cut(c net.Conn) {
	if s, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = s.NetConn() // TLS would say goodbye, too
	}
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}

func (d *dialer) linkFor(ctx context.Context, s *site, k *keeper, t *trip) (*link, *trouble) {
	if k != nil && k.link != nil {
		l := k.link
		k.link = nil
		if l.alive() {
			t.addr = l.trip.addr
			return l, nil
		}
		l.conn.Close()
	}
	conn, bad := d.open(ctx, s, 0, t)
	if bad != nil {
		return nil, bad
	}
	return newLink(conn, *t), nil
}

// skew reads how far our clock is ahead of the answer's Date. That header is cut to whole seconds, so half a second
// is added on average; a cache says in Age how long ago it was written. Our own moment is the middle of the way.
func (o *Observation) skew(h http.Header, sent time.Time, took time.Duration) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > 0 && age < 1<<30 {
		date = date.Add(time.Duration(age) * time.Second)
	}
	o.Skew = sent.Round(0).Add(took / 2).Sub(date.Add(500 * time.Millisecond)).Round(time.Millisecond)
	o.SkewKnown = true
}

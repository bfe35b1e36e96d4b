package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/pipe"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// pipes is a network in memory, so that a bubble's virtual time reaches through it.
type pipes struct{ *pipe.Listener }

// ask opens a connection and sends a request for the event stream on it.
func (p *pipes) ask(t *testing.T, header string) net.Conn {
	t.Helper()
	ours, err := p.DialContext(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(ours, "GET /api/v1/events?lang=en HTTP/1.1\r\nHost: localhost\r\n"+header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	return ours
}

// A stream is an answer that does not end.
type stream struct {
	t    *testing.T
	conn net.Conn
	resp *http.Response
	in   *bufio.Reader
}

func (p *pipes) open(t *testing.T, header string) *stream {
	t.Helper()
	conn := p.ask(t, header)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &stream{t, conn, resp, bufio.NewReader(resp.Body)}
}

// next reads one block: "id", "event", "data", "retry" or "" for a comment.
func (s *stream) next() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the stream ended: %v", err)
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			return out
		}
		name, value, _ := strings.Cut(line, ": ")
		out[strings.TrimSuffix(name, ":")] = value
	}
}

// serving runs a server in a bubble around f.
func serving(t *testing.T, source *fake, f func(p *pipes)) {
	serve(t, func() http.Handler { return handler(source) }, f)
}

// serve does so with a handler that is made inside.
func serve(t *testing.T, made func() http.Handler, f func(p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{pipe.Listen()}
		ctx, stop := context.WithCancel(t.Context())
		server := &http.Server{Handler: made(), BaseContext: func(net.Listener) context.Context { return ctx }}
		over := make(chan struct{})
		go func() { defer close(over); server.Serve(p) }()
		f(p)
		stop()
		synctest.Wait()
		server.Close()
		<-over
		synctest.Wait()
	})
}

// told is a subscription that hands out what is put into it. Made inside of the bubble that waits for it.
func (f *fake) told() (events chan watch.Event, asked func() []journal.Seq) {
	events = make(chan watch.Event, 64)
	var seen []journal.Seq
	f.subscribe = func(_ context.Context, after journal.Seq) <-chan watch.Event {
		f.mu.Lock()
		defer f.mu.Unlock()
		seen = append(seen, after)
		return events
	}
	return events, func() []journal.Seq {
		f.mu.Lock()
		defer f.mu.Unlock()
		return seen
	}
}

func TestANewListenerHearsThePresentVerdictAndThenEveryChangeInOrder(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[4].snapshot(now)
	f := &fake{snap: snap}
	c := published(t, handler(f))
	serving(t, f, func(p *pipes) {
		events, _ := f.told()
		events <- watch.Event{Seq: 42, At: now, Kind: "component", Data: snap.Verdict.Board[0]}
		events <- watch.Event{Seq: 43, At: now, Kind: "incident", Data: incident.Action{Kind: "open", Announce: true, Incident: past(now)[0]}}
		events <- watch.Event{Seq: 44, At: now, Kind: "verdict", Data: snap.Verdict}
		s := p.open(t, "")
		defer s.conn.Close()
		if got := s.resp.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
			t.Errorf("content type %q", got)
		}
		if got := s.next(); got["retry"] == "" {
			t.Errorf("first comes %v, want the pause before coming back", got)
		}
		for n, kind := range []string{"verdict", "component", "incident", "verdict"} {
			got := s.next()
			if got["event"] != kind || got["id"] != strconv.Itoa(41+n) {
				t.Errorf("number %d is %s %s, want %s %d", n, got["event"], got["id"], kind, 41+n)
			}
			var data map[string]any
			if err := json.Unmarshal([]byte(got["data"]), &data); err != nil {
				t.Fatal(err)
			}
			if data["seq"] != float64(41+n) || data["at"] == "" {
				t.Errorf("%s %s holds seq %v and at %v", kind, got["id"], data["seq"], data["at"])
			}
			if kind == "verdict" {
				c.check(t, "the verdict event", c.at(t, c.root, "components", "schemas", "Verdict"), data)
			}
		}
	})
}

func TestAListenerThatComesBackHearsWhatItMissedAndNoMore(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[0].snapshot(now)
	for name, header := range map[string]string{"as a browser does": "Last-Event-ID: 41\r\n", "with nonsense": "Last-Event-ID: -1; drop\r\n"} {
		f := &fake{snap: snap}
		serving(t, f, func(p *pipes) {
			events, asked := f.told()
			events <- watch.Event{Seq: 42, At: now, Kind: "verdict", Data: snap.Verdict}
			s := p.open(t, header)
			defer s.conn.Close()
			s.next()
			want, first := journal.Seq(41), "42"
			if name == "with nonsense" { // a new listener
				want, first = 0, "41"
			}
			if got := s.next(); got["id"] != first {
				t.Errorf("%s: first comes %s, want %s", name, got["id"], first)
			}
			if got := asked(); len(got) != 1 || got[0] != want {
				t.Errorf("%s: asked for what comes after %v, want %d", name, got, want)
			}
		})
	}
}

func TestACalmStreamShowsThatItLives(t *testing.T) {
	f := &fake{}
	serving(t, f, func(p *pipes) {
		f.told()
		s := p.open(t, "")
		defer s.conn.Close()
		s.next()
		began := time.Now()
		if got := s.next(); got[""] != "still here" || time.Since(began) != heartbeat {
			t.Errorf("after %s comes %v", time.Since(began), got)
		}
	})
}

// A client that stops reading must hold up nobody and cost nothing but its own connection, and that not for long.
func TestAListenerThatDoesNotReadIsCutOff(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[4].snapshot(now)
	f := &fake{snap: snap}
	serving(t, f, func(p *pipes) {
		ended := make(chan struct{})
		f.subscribe = func(ctx context.Context, _ journal.Seq) <-chan watch.Event {
			context.AfterFunc(ctx, func() { close(ended) })
			events := make(chan watch.Event, 64)
			for n := range 64 {
				events <- watch.Event{Seq: journal.Seq(42 + n), At: now, Kind: "verdict", Data: snap.Verdict}
			}
			return events
		}
		conn := p.ask(t, "")
		defer conn.Close()
		began := time.Now()
		<-ended
		if got := time.Since(began); got > writeWithin {
			t.Errorf("it was cut off after %s, want %s", got, writeWithin)
		}
	})
}

func TestTheNumberOfStreamsIsBoundedAndPlacesComeFree(t *testing.T) {
	f := &fake{}
	f.subscribe = func(context.Context, journal.Seq) <-chan watch.Event { return nil }
	serving(t, f, func(p *pipes) {
		var open []*stream
		for range streamsMost {
			open = append(open, p.open(t, ""))
		}
		more := p.open(t, "")
		if more.resp.StatusCode != http.StatusServiceUnavailable || more.resp.Header.Get("Retry-After") == "" {
			t.Errorf("one too many is answered %s, retry after %q", more.resp.Status, more.resp.Header.Get("Retry-After"))
		}
		more.conn.Close()
		open[0].conn.Close()
		synctest.Wait()
		if again := p.open(t, ""); again.resp.StatusCode != http.StatusOK {
			t.Errorf("after one has left the next is answered %s", again.resp.Status)
		} else {
			again.conn.Close()
		}
		for _, s := range open[1:] {
			s.conn.Close()
		}
	})
}

// The hub closes a subscriber that has fallen behind: its client comes back and resumes.
func TestAStreamEndsWithItsSubscription(t *testing.T) {
	f := &fake{}
	serving(t, f, func(p *pipes) {
		events, _ := f.told()
		s := p.open(t, "")
		defer s.conn.Close()
		s.next()
		close(events)
		if _, err := s.in.ReadByte(); err != io.EOF {
			t.Errorf("after the end comes %v", err)
		}
	})
}

func TestAStreamSpeaksItsListenersLanguage(t *testing.T) {
	e := watch.Event{Seq: 1, At: time.Now(), Kind: "component", Data: diagnose.PartState{Part: "web", State: diagnose.Down, Failure: "timeout"}}
	for l, want := range map[text.Lang]string{text.Japanese: "ウェブ画面", text.English: "the web site"} {
		if got := frame(l, e); !strings.Contains(got, want) || strings.Count(got, "\n") != 4 {
			t.Errorf("%s: %q", l, got)
		}
	}
}

package socketio_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"hikeshi/internal/pipe"
	"hikeshi/internal/socketio"
)

// A rig is a server on a network in memory and what it has told its owner.
type rig struct {
	*socketio.Server
	client *http.Client
	events chan string
	opened chan *socketio.Session
	closed chan *socketio.Session
}

// sidOf reads the id out of a handshake, of the transport or of the namespace.
func sidOf(hello string) string { return strings.Split(hello, `"`)[3] }

func build(t *testing.T) *rig {
	t.Helper()
	r := &rig{events: make(chan string, 100), opened: make(chan *socketio.Session, 100), closed: make(chan *socketio.Session, 100)}
	r.Server = socketio.New(socketio.Options{
		PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second, MaxPayload: 1000, MaxSessions: 5,
		Opened: func(x *socketio.Session) { r.opened <- x },
		Event:  func(_ *socketio.Session, name, argument string) { r.events <- name + " " + argument },
		Closed: func(x *socketio.Session) { r.closed <- x },
	})
	ln := pipe.Listen()
	srv := &http.Server{Handler: r.Server}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	r.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: ln.DialContext}}
	t.Cleanup(func() {
		r.Server.Close()
		srv.Close()
		<-served
	})
	return r
}

// do asks over HTTP; what went wrong comes back as text, since some ask from goroutines of their own.
func (r *rig) do(method, query, body string) (int, string) {
	req, err := http.NewRequest(method, "http://stream/socket.io/?"+query, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	got, err := r.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return 0, err.Error()
	}
	return got.StatusCode, string(b)
}

func (r *rig) dial(t *testing.T, query string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://stream/socket.io/?"+query, &websocket.DialOptions{HTTPClient: r.client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func packet(event string) socketio.Packet { return socketio.NewPacket([]byte(event)) }

func hear(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, b, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func say(t *testing.T, c *websocket.Conn, packet string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(packet)); err != nil {
		t.Fatal(err)
	}
}

const fresh = "EIO=4&transport=websocket"

// The frames of the documents, one after the other.
func TestTheHandshakeOfTheDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		c := r.dial(t, fresh)
		hello := hear(t, c)
		if !strings.HasPrefix(hello, `0{"sid":"`) || !strings.HasSuffix(hello, `,"upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}`) {
			t.Errorf("hello: %s", hello)
		}
		x := <-r.opened
		say(t, c, `42["join-room","early"]`) // before the namespace it is nobody's event
		say(t, c, "40")
		if got := hear(t, c); !strings.HasPrefix(got, `40{"sid":"`) || sidOf(got) == sidOf(hello) {
			t.Errorf("namespace: %s after %s, want another sid", got, hello)
		}
		say(t, c, `42["join-room","ticker_btc_jpy"]`)
		say(t, c, `427["leave-room","ticker_btc_jpy"]`) // with an acknowledgement's number
		for _, want := range []string{"join-room ticker_btc_jpy", "leave-room ticker_btc_jpy"} {
			if got := <-r.events; got != want {
				t.Errorf("event %q, want %q", got, want)
			}
		}
		x.Send(packet(`["message",{"a":1}]`))
		if got := hear(t, c); got != `42["message",{"a":1}]` {
			t.Errorf("message: %s", got)
		}
		began := time.Now()
		if got := hear(t, c); got != "2" || time.Since(began) != 25*time.Second {
			t.Errorf("ping: %s after %v", got, time.Since(began))
		}
		say(t, c, "3")
		say(t, c, "40/other,")
		if got := hear(t, c); got != `44/other,{"message":"Invalid namespace"}` {
			t.Errorf("another namespace: %s", got)
		}
		say(t, c, "1")
		<-r.closed
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("open after the client's close")
		}
	})
}

func TestWhatIsNoHandshakeIsRefusedAsEngineIODoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		for _, c := range []struct{ method, query, want string }{
			{"GET", "", `{"code":0,"message":"Transport unknown"}`},
			{"GET", "EIO=4&transport=pigeon", `{"code":0,"message":"Transport unknown"}`},
			{"GET", "EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
			{"GET", "transport=websocket", `{"code":5,"message":"Unsupported protocol version"}`},
			{"GET", "EIO=4&transport=polling&sid=none", `{"code":1,"message":"Session ID unknown"}`},
			{"POST", "EIO=4&transport=polling&sid=none", `{"code":1,"message":"Session ID unknown"}`},
			{"POST", "EIO=4&transport=polling", `{"code":2,"message":"Bad handshake method"}`},
		} {
			if status, got := r.do(c.method, c.query, ""); status != 400 || got != c.want {
				t.Errorf("%s %s: %d %s, want %s", c.method, c.query, status, got, c.want)
			}
		}
		if n := len(r.Sessions()); n != 0 {
			t.Errorf("%d sessions were opened", n)
		}
	})
}

func TestLongPollingAndTheUpgradeFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		_, hello := r.do("GET", "EIO=4&transport=polling", "")
		if !strings.Contains(hello, `"upgrades":["websocket"]`) {
			t.Fatalf("hello: %s", hello)
		}
		x := <-r.opened
		at := "EIO=4&transport=polling&sid=" + sidOf(hello)
		if _, got := r.do("POST", at, "40\x1e42[\"join-room\",\"a\"]"); got != "ok" {
			t.Errorf("post: %s", got)
		}
		if _, got := r.do("GET", at, ""); !strings.HasPrefix(got, `40{"sid":"`) {
			t.Errorf("poll: %s", got)
		}
		if got := <-r.events; got != "join-room a" {
			t.Errorf("event: %s", got)
		}
		time.AfterFunc(5*time.Second, func() { x.Send(packet(`["message",1]`)); x.Send(packet(`["message",2]`)) })
		got := ""
		for !strings.Contains(got, "2]") { // one poll or two, as they meet
			_, more := r.do("GET", at, "")
			got += more + " "
		}

		// The upgrade releases the poll that waits, and then the WebSocket has the word.
		polled := make(chan string, 1)
		go func() { _, b := r.do("GET", at, ""); polled <- b }()
		synctest.Wait()
		c := r.dial(t, strings.Replace(at, "polling", "websocket", 1))
		say(t, c, "2probe")
		if got := hear(t, c); got != "3probe" {
			t.Errorf("probe: %s", got)
		}
		if got := <-polled; got != "6" {
			t.Errorf("the waiting poll: %q, want a noop", got)
		}
		say(t, c, "5")
		synctest.Wait()
		x.Send(packet(`["message",3]`))
		if got := hear(t, c); got != `42["message",3]` {
			t.Errorf("after the upgrade: %s", got)
		}
	})
}

// Two polls at once are a client gone wrong; a poll that is given up is a client gone.
func TestPollsThatCannotBeEndTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		_, hello := r.do("GET", "EIO=4&transport=polling", "")
		at := "EIO=4&transport=polling&sid=" + sidOf(hello)
		go r.do("GET", at, "")
		synctest.Wait()
		if status, _ := r.do("GET", at, ""); status != 400 {
			t.Errorf("a second poll: %d", status)
		}
		<-r.closed

		_, hello = r.do("GET", "EIO=4&transport=polling", "")
		at = "EIO=4&transport=polling&sid=" + sidOf(hello)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://stream/socket.io/?"+at, nil)
		if _, err := r.client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an idle poll: %v", err)
		}
		<-r.closed
		if status, got := r.do("POST", "EIO=4&transport=polling&sid=x", strings.Repeat("4", 2000)); status != 400 {
			t.Errorf("post to nobody: %d %s", status, got)
		}
	})
}

func TestAPausedSessionSaysNothingAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		c := r.dial(t, fresh)
		hear(t, c)
		x := <-r.opened
		say(t, c, "40")
		hear(t, c)
		x.Pause(true)
		said := make(chan string, 10)
		go func() {
			defer close(said)
			for {
				_, b, err := c.Read(context.Background())
				if err != nil {
					return
				}
				said <- string(b)
			}
		}()
		for range 10 {
			x.Send(packet(`["message",1]`))
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if len(said) != 0 || len(r.closed) != 0 {
			t.Errorf("said %q in ten minutes, closed %d", <-said, len(r.closed))
		}
		x.Pause(false)
		x.Send(packet(`["message",2]`))
		if got := <-said; got != `42["message",2]` {
			t.Errorf("after the pause: %s", got)
		}
	})
}

func TestAClientThatDoesNotKeepUpIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		c := r.dial(t, fresh)
		hear(t, c)
		x := <-r.opened
		say(t, c, "40")
		hear(t, c)
		for range 3000 { // nobody reads
			x.Send(packet(`["message",1]`))
		}
		<-r.closed
		if n := len(r.Sessions()); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

// An offer leaves the judgment to the caller: no cut, a count of what waits, and room again when the client has read.
func TestAnOfferCutsNobody(t *testing.T) {
	for _, c := range []struct {
		most, want int
	}{
		{1 << 20, 1024},                   // as many as may wait
		{10 * len(`42["message",1]`), 10}, // as many bytes
		{1, 1},                            // one of any size
	} {
		synctest.Test(t, func(t *testing.T) {
			r := build(t)
			c1 := r.dial(t, fresh)
			hear(t, c1)
			x := <-r.opened
			if x.Offer(packet(`["message",1]`), c.most) {
				t.Error("taken before the namespace")
			}
			say(t, c1, "40")
			hear(t, c1)
			offer := func() (n int) {
				for n < 3000 && x.Offer(packet(`["message",1]`), c.most) {
					n++
				}
				return n
			}
			offer() // one or more are on their way already
			synctest.Wait()
			offer()
			if packets, bytes := x.Waiting(); packets != c.want || bytes != c.want*packet(`["message",1]`).Len() {
				t.Errorf("%d packets and %d bytes wait, want %d packets", packets, bytes, c.want)
			}
			hear(t, c1)
			synctest.Wait()
			if n := offer(); n != 1 {
				t.Errorf("room for %d after one was read", n)
			}
			if len(r.closed) != 0 {
				t.Error("it was cut")
			}
			x.Close(socketio.Cut)
			if offer() != 0 {
				t.Error("taken after the end")
			}
		})
	}
}

func TestOneClientTooManyIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := build(t)
		var first *websocket.Conn
		for i := range 5 {
			c := r.dial(t, fresh)
			hear(t, c)
			if i == 0 {
				first = c
			}
		}
		if status, got := r.do("GET", "EIO=4&transport=polling", ""); status != 503 || got != `{"code":4,"message":"No place for another client"}` {
			t.Errorf("a sixth client: %d %s", status, got)
		}
		if _, res, err := websocket.Dial(t.Context(), "ws://stream/socket.io/?"+fresh, &websocket.DialOptions{HTTPClient: r.client}); err == nil || res.StatusCode != 503 {
			t.Errorf("a sixth client: %v", err)
		}
		say(t, first, "1")
		<-r.closed
		hear(t, r.dial(t, fresh))
		r.Server.Close()
		if status, _ := r.do("GET", "EIO=4&transport=polling", ""); status != 503 {
			t.Errorf("after the end: %d", status)
		}
	})
}

func TestTheThreeEndings(t *testing.T) {
	for ending, want := range map[socketio.Ending]string{socketio.Cut: "", socketio.Namespace: "41", socketio.Engine: "1"} {
		synctest.Test(t, func(t *testing.T) {
			r := build(t)
			c := r.dial(t, fresh)
			hear(t, c)
			x := <-r.opened
			say(t, c, "40")
			hear(t, c)
			x.Close(ending)
			x.Close(ending) // once is enough
			x.Send(packet(`["message",1]`))
			got := ""
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var err error
			for err == nil {
				var b []byte
				if _, b, err = c.Read(ctx); err == nil {
					got += string(b)
				}
			}
			open := errors.Is(err, context.DeadlineExceeded)
			if got != want || open != (ending == socketio.Namespace) {
				t.Errorf("ending %d: %q, open %v", ending, got, open)
			}
		})
	}
}

// No packet of a client breaks the server.
func FuzzPacket(f *testing.F) {
	for _, p := range []string{"40", "41", "42[]", `42["join-room"]`, `42{"a":1}`, "40/x,", "4", "3", "2", "1", "6", "43[1]", "45-[\"a\"]", "42[\"a\",\"b\"]\x1e40", "\x1e\x1e"} {
		f.Add(p)
	}
	s := socketio.New(socketio.Options{
		PingInterval: time.Hour, PingTimeout: time.Hour, MaxPayload: 1 << 16,
		Opened: func(*socketio.Session) {}, Event: func(*socketio.Session, string, string) {}, Closed: func(*socketio.Session) {},
	})
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, packets string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/socket.io/?EIO=4&transport=polling", nil))
		hello := w.Body.String()
		sid := hello[8 : 8+strings.IndexByte(hello[8:], '"')]
		w = httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/socket.io/?EIO=4&transport=polling&sid="+sid, strings.NewReader(packets)))
		if w.Code != 200 && w.Code != 400 {
			t.Fatalf("%q: %d", packets, w.Code)
		}
		for _, x := range s.Sessions() {
			x.Close(socketio.Cut)
		}
	})
}

package bitbank_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hikeshi/bitbank"
)

// A rawServer speaks HTTP/1.1 by hand, to end connections where no library would.
type rawServer struct {
	address string
	// second is what happens to the second request of a connection, and to the first when firstToo is set.
	second   func(*net.TCPConn, *bufio.Reader)
	firstToo bool

	begun, complete atomic.Int32 // POSTs of which a part, or all, arrived
}

func newRawServer(t *testing.T, firstToo bool, second func(*net.TCPConn, *bufio.Reader)) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{address: "http://" + l.Addr().String(), second: second, firstToo: firstToo}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer c.Close(); s.serve(c.(*net.TCPConn)) })
		}
	})
	return s
}

func (s *rawServer) serve(c *net.TCPConn) {
	in := bufio.NewReader(io.TeeReader(c, &counter{s: s}))
	if !s.firstToo {
		if _, err := readRequest(in); err != nil {
			return
		}
		const data = `{"success":1,"data":{"orders":[]}}`
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(data), data)
	}
	s.second(c, in)
}

// A counter looks for POSTs in what a connection receives.
type counter struct {
	s    *rawServer
	text []byte
}

func (c *counter) Write(p []byte) (int, error) {
	had := bytes.Count(c.text, []byte("POST /"))
	closed := bytes.Count(c.text, []byte(`"type":"limit"}`))
	c.text = append(c.text, p...)
	c.s.begun.Add(int32(bytes.Count(c.text, []byte("POST /")) - had))
	c.s.complete.Add(int32(bytes.Count(c.text, []byte(`"type":"limit"}`)) - closed))
	return len(p), nil
}

// readRequest reads one request and returns its body.
func readRequest(in *bufio.Reader) (string, error) {
	r, err := http.ReadRequest(in)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

func readHeader(in *bufio.Reader) {
	for {
		if line, err := in.ReadString('\n'); err != nil || line == "\r\n" {
			return
		}
	}
}

func hard(c *net.TCPConn) { c.SetLinger(0) } // a reset instead of an end

// Wherever a connection dies, kept or new, a write arrives at most once, and what is said of it is true.
func TestAConnectionThatDiesIsNoReasonToSendAgain(t *testing.T) {
	answer := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + `{"success":1,"data":{"order_id":596`
	partly := func(n int) func(*net.TCPConn, *bufio.Reader) {
		return func(c *net.TCPConn, in *bufio.Reader) { readRequest(in); io.WriteString(c, answer[:n]) }
	}
	for _, x := range []struct {
		name string
		do   func(*net.TCPConn, *bufio.Reader)
		want string // "" is whatever is true
	}{
		{"at once", func(*net.TCPConn, *bufio.Reader) {}, ""},
		{"at once, hard", func(c *net.TCPConn, _ *bufio.Reader) { hard(c) }, ""},
		{"a moment later", func(*net.TCPConn, *bufio.Reader) { time.Sleep(2 * time.Millisecond) }, ""},
		{"after a byte", func(_ *net.TCPConn, in *bufio.Reader) { in.ReadByte() }, "lost"},
		{"after the header", func(_ *net.TCPConn, in *bufio.Reader) { readHeader(in) }, "lost"},
		{"after the header, hard", func(c *net.TCPConn, in *bufio.Reader) { readHeader(in); hard(c) }, "lost"},
		{"after the body", func(_ *net.TCPConn, in *bufio.Reader) { readRequest(in) }, "lost"},
		{"after the body, hard", func(c *net.TCPConn, in *bufio.Reader) { readRequest(in); hard(c) }, "lost"},
		{"within the status", partly(7), "lost"},
		{"after the status", partly(17), "lost"},
		{"within the header", partly(40), "lost"},
		{"within the answer", partly(len(answer)), "lost"},
		{"with something that is no HTTP", func(c *net.TCPConn, in *bufio.Reader) { readRequest(in); io.WriteString(c, "220 hello\r\n") }, "lost"},
	} {
		for _, fresh := range []bool{false, true} {
			if fresh && x.want == "" {
				continue // a server that reads nothing of a new connection answers nothing
			}
			for range 5 {
				s := newRawServer(t, fresh, x.do)
				c := newClient(t, bitbank.Options{
					HTTP: &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}, PrivateURL: s.address,
					Credentials: credentials(t, "key", "secret", s.address, bitbank.Auth{}),
				})
				if !fresh {
					if _, err := c.ActiveOrders(t.Context(), bitbank.OrderQuery{}); err != nil {
						t.Fatal(err)
					}
				}
				got := write(t.Context(), t, c, "PlaceOrder")
				begun, complete := s.begun.Load(), s.complete.Load()
				if begun > 1 || complete > 1 {
					t.Errorf("%s, new %v: it arrived %d times, %d of them whole", x.name, fresh, begun, complete)
				}
				switch {
				case x.want != "" && got != x.want:
					t.Errorf("%s, new %v: %s, want %s", x.name, fresh, got, x.want)
				case got == "never sent: not_sent" && complete > 0:
					t.Errorf("%s, new %v: %s, but it arrived", x.name, fresh, got)
				case got == "done":
					t.Errorf("%s, new %v: done, but nobody answered", x.name, fresh)
				}
			}
		}
	}
}

// stubborn is a transport that repeats what fails, as some libraries do.
type stubborn struct{ http.RoundTripper }

func (s stubborn) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	for range 3 {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		res, err := s.RoundTripper.RoundTrip(again)
		if err == nil && res.StatusCode < 500 {
			return res, nil
		}
		if err == nil {
			res.Body.Close()
		}
	}
	return nil, io.ErrUnexpectedEOF
}

func TestATransportThatRepeatsIsKeptFromIt(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil && (r.Method == http.MethodGet || len(b) > 0) {
			arrived.Add(1)
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	c := newClient(t, bitbank.Options{
		HTTP: &http.Client{Transport: stubborn{server.Client().Transport}}, PrivateURL: server.URL,
		Credentials: credentials(t, "key", "secret", server.URL, bitbank.Auth{}),
	})
	for _, w := range allWrites {
		arrived.Store(0)
		if got := write(t.Context(), t, c, w.name); got != "lost" || arrived.Load() != 1 {
			t.Errorf("%s: %s, arrived %d times", w.name, got, arrived.Load())
		}
	}
}

func TestARedirectIsNeverFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		var first, other atomic.Int32
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first.Add(1)
			to := elsewhere.URL + r.URL.Path
			if first.Load()%2 == 0 {
				to = r.URL.Path // the same place
			}
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		}))
		c := newClient(t, bitbank.Options{
			HTTP: server.Client(), PrivateURL: server.URL,
			Credentials: credentials(t, "key", "secret", server.URL, bitbank.Auth{}),
		})
		for _, w := range allWrites {
			if got := write(t.Context(), t, c, w.name); got != "lost" {
				t.Errorf("%d, %s: %s", status, w.name, got)
			}
		}
		if n := int(first.Load()); n != len(allWrites) || other.Load() != 0 {
			t.Errorf("%d: %d requests and %d elsewhere, want %d and none", status, n, other.Load(), len(allWrites))
		}
		server.Close()
		elsewhere.Close()
	}
}

func TestAProxyThatFailsLeavesTheOutcomeOpenOnlyWhenItGotTheRequest(t *testing.T) {
	var posts, connects atomic.Int32
	var status atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			connects.Add(1)
		} else {
			posts.Add(1)
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(int(status.Load()))
		io.WriteString(w, "<html><h1>Bad Gateway</h1></html>")
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	via := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(at)}}
	for _, code := range []int32{407, 502, 503, 504} {
		status.Store(code)
		for origin, want := range map[string]string{"http://api.invalid": "lost", "https://api.invalid": "never sent: not_sent"} {
			c := newClient(t, bitbank.Options{HTTP: via, PrivateURL: origin, Credentials: credentials(t, "key", "secret", origin, bitbank.Auth{})})
			posts.Store(0)
			connects.Store(0)
			if got := write(t.Context(), t, c, "PlaceOrder"); got != want || posts.Load()+connects.Load() != 1 {
				t.Errorf("%d for %s: %s after %d posts and %d connects, want %s", code, origin, got, posts.Load(), connects.Load(), want)
			}
		}
	}
}

// HTTP/2 lets a server say that it did nothing with a request, and Go's client would believe it and send again.
func TestHTTP2RepeatsNothing(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.EnableHTTP2 = true
	cert.StartTLS()
	defer cert.Close()
	const rst, goAway, refused, protocol, cancel, calm = 3, 7, 7, 1, 8, 11
	stream := func(id, code uint32) []byte { return h2frame(rst, id, binary.BigEndian.AppendUint32(nil, code)) }
	away := func(last, code uint32) []byte {
		return h2frame(goAway, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code))
	}
	for _, x := range []struct {
		name      string
		afterBody bool
		say       func(id uint32) []byte
	}{
		{"refused at the header", false, func(id uint32) []byte { return stream(id, refused) }},
		{"refused after the body", true, func(id uint32) []byte { return stream(id, refused) }},
		{"a protocol error", true, func(id uint32) []byte { return stream(id, protocol) }},
		{"a cancelled stream", true, func(id uint32) []byte { return stream(id, cancel) }},
		{"going away before this stream, at the header", false, func(uint32) []byte { return away(0, 0) }},
		{"going away before this stream, after the body", true, func(uint32) []byte { return away(0, 0) }},
		{"going away with this stream", true, func(id uint32) []byte { return away(id, calm) }},
		{"nothing more", true, func(uint32) []byte { return nil }},
	} {
		var headers, bodies atomic.Int32
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				serving.Go(func() { defer conn.Close(); serveH2(conn, x.afterBody, x.say, &headers, &bodies) })
			}
		})
		origin := "https://" + l.Addr().String()
		h := cert.Client()
		transport := h.Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = true
		c := newClient(t, bitbank.Options{
			HTTP: &http.Client{Transport: transport, Timeout: 5 * time.Second}, PrivateURL: origin,
			Credentials: credentials(t, "key", "secret", origin, bitbank.Auth{}),
		})
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		if !x.afterBody {
			if _, err := c.ActiveOrders(ctx, bitbank.OrderQuery{}); err == nil || headers.Swap(0) != 1 {
				t.Errorf("%s: a read arrived more than once, or %v", x.name, err)
			}
		}
		got := write(ctx, t, c, "PlaceOrder")
		stop()
		switch {
		case headers.Load() != 1 || bodies.Load() > 1:
			t.Errorf("%s: %d headers and %d bodies arrived, want one", x.name, headers.Load(), bodies.Load())
		case got != "lost" && (got != "never sent: not_sent" || bodies.Load() > 0):
			t.Errorf("%s: %s, and %d bodies arrived", x.name, got, bodies.Load())
		}
		transport.CloseIdleConnections()
		l.Close()
		serving.Wait()
	}
}

func h2frame(kind byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	f := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, 0}
	return append(binary.BigEndian.AppendUint32(f, stream), payload...)
}

// serveH2 counts requests and says something to the first, then listens on for a moment.
func serveH2(conn net.Conn, afterBody bool, say func(uint32) []byte, headers, bodies *atomic.Int32) {
	in := bufio.NewReader(conn)
	if preface := make([]byte, 24); !readAll(in, preface) || !strings.HasPrefix(string(preface), "PRI") {
		return
	}
	conn.Write(h2frame(4, 0, nil))
	for {
		head := make([]byte, 9)
		if !readAll(in, head) {
			return
		}
		body := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if !readAll(in, body) {
			return
		}
		kind, flags, id := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		speak := false
		switch {
		case kind == 4 && flags == 0: // settings
			ack := h2frame(4, 0, nil)
			ack[4] = 1
			conn.Write(ack)
		case kind == 1: // headers
			headers.Add(1)
			speak = !afterBody
		case kind == 0 && flags&1 != 0: // the end of the data
			bodies.Add(1)
			speak = afterBody
		}
		if speak {
			conn.Write(say(id))
			conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		}
	}
}

func readAll(in io.Reader, into []byte) bool {
	_, err := io.ReadFull(in, into)
	return err == nil
}

func TestAFreshConnectionIsOne(t *testing.T) {
	var made atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"success":0,"data":{"code":20035}}`)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	key := credentials(t, "key", "secret", server.URL, bitbank.Auth{})
	c := newClient(t, bitbank.Options{HTTP: server.Client(), PrivateURL: server.URL, Credentials: key})
	for _, client := range []*bitbank.Client{c, c, c.With(bitbank.Call{Fresh: true}), c.With(bitbank.Call{Fresh: true}), c.With(bitbank.Call{Fresh: true}).With(bitbank.Call{})} {
		if _, err := client.Assets(t.Context()); describe(err) != "code 20035 clock auth" {
			t.Error(err)
		}
	}
	again := c.With(bitbank.Call{Fresh: true})
	again.Assets(t.Context())
	again.Assets(t.Context())
	if n := made.Load(); n != 5 {
		t.Errorf("%d connections, want 5", n)
	}
	odd := newClient(t, bitbank.Options{HTTP: &http.Client{Transport: stubborn{http.DefaultTransport}}, PrivateURL: server.URL, Credentials: key})
	if got := write(t.Context(), t, odd.With(bitbank.Call{Fresh: true}), "PlaceOrder"); got != "never sent: not_sent" {
		t.Errorf("a fresh connection of a transport that has none: %s", got)
	}
}

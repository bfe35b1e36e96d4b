package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// served is the kit's gateway on loopback, as the program serves it.
func served(t testing.TB, g *Gateway) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := g.Server()
	over := make(chan error, 1)
	go func() { over <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-over; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// raw is a signed request as its bytes.
func raw(t testing.TB, name, method, target, body string) string {
	t.Helper()
	r := request(t, t.Context(), name, method, target, body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n", method, target, len(body))
	for name, v := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, v[0])
	}
	return b.String() + "\r\n" + body
}

// patient waits until ok, for what happens on real connections.
func patient(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestABotThatReadItsAnswerWasTold(t *testing.T) {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	wasTold(t, client, 20) // over one kept connection
}

// wasTold has a bot place so many orders and read each answer, and expects the desk to hear that it was told.
func wasTold(t *testing.T, client *http.Client, orders int) {
	t.Helper()
	k := newKit(t, fine(0))
	k.desk.place = func(context.Context, Order) Reply { return Reply{Outcome: Placed, Orders: []bitbank.Order{resting}} }
	address := served(t, k.Gateway)
	for range orders {
		r := request(t, t.Context(), "maker", http.MethodPost, pathOrder, goodOrder)
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", address, ""
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || codeIn(string(b)) != 0 {
			t.Fatalf("%s, %v", b, err)
		}
		time.Sleep(2 * time.Millisecond) // no two have the same time
	}
	patient(t, fmt.Sprintf("the desk did not hear of %d answers", orders), func() bool { return len(k.desk.heard()) == orders })
	if got := k.desk.heard(); slices.Contains(got, false) {
		t.Errorf("the desk heard %v", got)
	}
}

func TestABotThatHungUpWasNotTold(t *testing.T) {
	k := newKit(t, fine(0))
	asked := make(chan struct{})
	k.desk.place = func(ctx context.Context, _ Order) Reply {
		close(asked)
		<-ctx.Done() // the bot's hanging up ends it
		return Reply{Outcome: Placed, Orders: []bitbank.Order{resting}}
	}
	c, err := net.Dial("tcp4", served(t, k.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, raw(t, "maker", http.MethodPost, pathOrder, goodOrder))
	<-asked
	c.Close()
	patient(t, "the desk was not told", func() bool { return len(k.desk.heard()) == 1 })
	if got := k.desk.heard(); got[0] || k.Stats().HungUp != 1 {
		t.Errorf("the desk heard %v", got)
	}
}

// A bot that sends half a request asks for nothing.
func TestHalfARequestReachesNoDesk(t *testing.T) {
	k := newKit(t, fine(0))
	c, err := net.Dial("tcp4", served(t, k.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	whole := raw(t, "maker", http.MethodPost, pathOrder, goodOrder)
	io.WriteString(c, whole[:len(whole)-10])
	c.(*net.TCPConn).CloseWrite()
	b, _ := io.ReadAll(c)
	c.Close()
	if n := k.Stats().Orders; n != 0 || !strings.Contains(string(b), "10002") {
		t.Errorf("%d orders, answered %s", n, b)
	}
}

func TestLongHeadersAreRefused(t *testing.T) {
	k := newKit(t, fine(0))
	c, err := net.Dial("tcp4", served(t, k.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go io.WriteString(c, "GET /tickers HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n")
	b, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(b), "HTTP/1.1 431") || k.host.count() != 0 {
		t.Errorf("answered %.100s", b)
	}
}

// A breaking is a connection that breaks in one of the ways that can be seen.
type breaking struct {
	*httptest.ResponseRecorder
	write func([]byte) (int, error)
	flush func() error
}

func (b breaking) Write(p []byte) (int, error) { return b.write(p) }
func (b breaking) FlushError() error           { return b.flush() }

func TestWhatCanBeSeenOfABrokenConnectionIsNotTold(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, c := range map[string]struct {
		write func(context.CancelFunc, []byte) (int, error)
		flush func(context.CancelFunc) error
		want  bool
	}{
		"whole":         {func(_ context.CancelFunc, p []byte) (int, error) { return len(p), nil }, func(context.CancelFunc) error { return nil }, true},
		"nothing taken": {func(context.CancelFunc, []byte) (int, error) { return 0, broken }, func(context.CancelFunc) error { return nil }, false},
		"half taken":    {func(_ context.CancelFunc, p []byte) (int, error) { return len(p) / 2, nil }, func(context.CancelFunc) error { return nil }, false},
		"not flushed":   {func(_ context.CancelFunc, p []byte) (int, error) { return len(p), nil }, func(context.CancelFunc) error { return broken }, false},
		"hung up while it was written": {func(hangUp context.CancelFunc, p []byte) (int, error) { hangUp(); return len(p), nil },
			func(context.CancelFunc) error { return nil }, false},
		"hung up just after": {func(_ context.CancelFunc, p []byte) (int, error) { return len(p), nil },
			func(hangUp context.CancelFunc) error { time.AfterFunc(noticing/2, hangUp); return nil }, false},
		"a bug": {func(context.CancelFunc, []byte) (int, error) { panic(http.ErrAbortHandler) }, func(context.CancelFunc) error { return nil }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t, fine(0))
			k.desk.place = func(context.Context, Order) Reply { return Reply{Outcome: Placed, Orders: []bitbank.Order{resting}} }
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			w := breaking{httptest.NewRecorder(), func(p []byte) (int, error) { return c.write(hangUp, p) }, func() error { return c.flush(hangUp) }}
			func() {
				defer func() { _ = recover() }()
				k.ServeHTTP(w, request(t, ctx, "maker", http.MethodPost, pathOrder, goodOrder))
			}()
			if got := k.desk.heard(); !slices.Equal(got, []bool{c.want}) {
				t.Errorf("%s: the desk heard %v, want %v once", name, got, c.want)
			}
			if taken(k.Gateway) != 0 {
				t.Errorf("%s: a place stays taken", name)
			}
		})
	}
}

// An order whose bot has hung up before the desk is asked is answered to nobody, whatever the desk says.
func TestNobodyIsToldAfterHangingUp(t *testing.T) {
	k := newKit(t, fine(0))
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	w := k.do(request(t, ctx, "maker", http.MethodPost, pathOrder, goodOrder))
	if got := k.desk.heard(); !slices.Equal(got, []bool{false}) || w.Body.Len() != 0 {
		t.Errorf("the desk heard %v, written %q", got, w.Body)
	}
}

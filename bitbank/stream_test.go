package bitbank_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// bubble runs test in virtual time with a fake bitbank behind an in-memory network.
func bubble(t *testing.T, o bitbanktest.Options, test func(t *testing.T, fake *bitbanktest.Server, s bitbank.StreamOptions)) {
	synctest.Test(t, func(t *testing.T) {
		fake := bitbanktest.New(o)
		h, end := bitbanktest.Memory(fake)
		defer end()
		test(t, fake, bitbank.StreamOptions{HTTP: h, URL: "ws://stream.invalid", Rooms: []string{"ticker_btc_jpy", "depth_diff_btc_jpy"}})
	})
}

func dial(t *testing.T, o bitbank.StreamOptions) *bitbank.Stream {
	t.Helper()
	s, err := bitbank.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	synctest.Wait() // the server has the rooms
	return s
}

func next(t *testing.T, s *bitbank.Stream) bitbank.Event {
	t.Helper()
	e, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheStreamCarriesEveryChannel(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		o.Rooms = nil
		for _, c := range bitbank.Channels() {
			o.Rooms = append(o.Rooms, bitbank.Room(c, "btc_jpy"))
		}
		s := dial(t, o)
		for _, c := range bitbank.Channels() {
			if n := fake.Publish(bitbank.Room(c, "btc_jpy"), bitbanktest.Payload("stream_"+string(c))); n != 1 {
				t.Errorf("%s: %d clients", c, n)
			}
			e := next(t, s)
			if e.Kind != bitbank.EventMessage || e.Channel != c || e.Pair != "btc_jpy" || e.Room != string(c)+"_btc_jpy" || e.At.IsZero() {
				t.Errorf("%s: got %+v", c, e)
			}
			var err error
			var right bool
			switch c {
			case bitbank.ChannelTicker:
				var v bitbank.Ticker
				v, err = e.Ticker()
				right = v.Last.String() == "15000000"
			case bitbank.ChannelTransactions:
				var v []bitbank.Transaction
				v, err = e.Transactions()
				right = len(v) == 1 && v[0].ID == 1210000003
			case bitbank.ChannelDepthWhole:
				var v bitbank.Depth
				v, err = e.Depth()
				right = v.Seq == 9000000005 && len(v.Asks) == 2
			case bitbank.ChannelDepthDiff:
				var v bitbank.DepthDiff
				v, err = e.DepthDiff()
				right = v.Seq == 9000000008 && len(v.Asks) == 2 && v.Totals.AsksOver.String() == "120.4000" && !v.Totals.BidsUnder.Known()
			case bitbank.ChannelCircuitBreakInfo:
				var v bitbank.CircuitBreakInfo
				v, err = e.CircuitBreakInfo()
				right = v.Mode == bitbank.ModeBreak && v.ReopenAt == 1767226200000
			}
			if err != nil || !right {
				t.Errorf("%s: %s, %v", c, e.Raw, err)
			}
		}
	})
}

// What is passed on must be what came: no number is written anew, and nothing that we do not know is left out.
func TestAMessageCarriesThePacketItCameIn(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		s := dial(t, o)
		for _, packet := range []string{
			`["message",{"room_name":"ticker_btc_jpy","message":{"data":{"last":"1.50","new":1e2}}}]`,
			`["message", {"message":{"pid":5, "data":{"last":"1.50"}},"room_name":"ticker_btc_jpy"}, 7]`,
		} {
			fake.Send("42" + packet)
			if e := next(t, s); e.Room != "ticker_btc_jpy" || string(e.Packet) != packet {
				t.Errorf("got %s of %q, want %s", e.Packet, e.Room, packet)
			}
		}
	})
}

func TestRoomsComeAndGoWhileAStreamIsFollowed(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		o.Rooms = nil
		opened := make(chan *bitbank.Stream, 1)
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			ended <- bitbank.Follow(ctx, bitbank.FollowOptions{StreamOptions: o}, func(e bitbank.Event) {
				if e.Kind == bitbank.EventOpened {
					opened <- e.Stream
				}
			})
		}()
		s := <-opened
		for i, act := range []func(context.Context, string) error{s.Join, s.Leave} {
			err := act(t.Context(), "ticker_xrp_jpy")
			synctest.Wait()
			if n := fake.Joined("ticker_xrp_jpy"); err != nil || n != 1-i {
				t.Errorf("%d clients in the room, want %d: %v", n, 1-i, err)
			}
		}
		cancel()
		<-ended
	})
}

func TestPingsOfTheServerAreAnswered(t *testing.T) {
	bubble(t, bitbanktest.Options{PingInterval: 4 * time.Second, PingTimeout: 3 * time.Second}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		s := dial(t, o)
		if got := s.Session(); got.Interval != 4*time.Second || got.Timeout != 3*time.Second || got.Silence() != 7*time.Second {
			t.Errorf("session %+v", got)
		}
		began := time.Now()
		for range 100 { // unanswered, the server would cut after the second
			if e := next(t, s); e.Kind != bitbank.EventPing {
				t.Fatalf("got %+v", e)
			}
		}
		if took := time.Since(began); took != 400*time.Second {
			t.Errorf("100 pings took %v", took)
		}
	})
}

func TestASilentStreamIsDeadAfterTheServersOwnTimes(t *testing.T) {
	bubble(t, bitbanktest.Options{PingInterval: 5 * time.Second, PingTimeout: 2 * time.Second}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		s := dial(t, o)
		fake.Quiet(true)
		began := time.Now()
		if _, err := s.Next(t.Context()); !errors.Is(err, bitbank.ErrDeadLink) || time.Since(began) != 7*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestHowAStreamEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(*bitbanktest.Server)
		closed bool // by the server's word; otherwise by the connection
	}{
		{"the namespace is closed", func(s *bitbanktest.Server) { s.Send("41") }, true},
		{"Engine.IO is closed", func(s *bitbanktest.Server) { s.Send("1") }, true},
		{"the namespace is refused", func(s *bitbanktest.Server) { s.Send(`44{"message":"no"}`) }, true},
		{"the connection is cut", func(s *bitbanktest.Server) { s.Cut() }, false},
	} {
		bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
			s := dial(t, o)
			c.end(fake)
			_, err := s.Next(t.Context())
			if err == nil || errors.Is(err, bitbank.ErrClosed) != c.closed {
				t.Errorf("%s: %v", c.name, err)
			}
			if _, err := s.Next(t.Context()); err == nil {
				t.Errorf("%s: the stream goes on", c.name)
			}
		})
	}
}

func TestFramesThatAreNotDocumentedDoNotEndTheStream(t *testing.T) {
	for frame, kind := range map[string]bitbank.EventKind{
		`x`:              bitbank.EventUnreadable,
		`4`:              bitbank.EventUnreadable,
		`49`:             bitbank.EventUnreadable,
		`42`:             bitbank.EventUnreadable,
		`42{"a":1}`:      bitbank.EventUnreadable,
		`42[]`:           bitbank.EventUnreadable,
		`42["message"]`:  bitbank.EventUnreadable,
		`42["message",1`: bitbank.EventUnreadable,
		`42["message",{"room_name":"ticker_btc_jpy"}]`:                                           bitbank.EventUnreadable,
		`42["message",{"room_name":"ticker_btc_jpy","room_name":"a","message":{"data":{}}}]`:     bitbank.EventUnreadable,
		`42["message",{"room_name":"ticker_btc_jpy","message":{"pid":7,"data":{"last":"1"}}}]`:   bitbank.EventMessage,
		`42/,["message",{"room_name":"ticker_btc_jpy","message":{"data":{"last":"1"}}}]`:         bitbank.EventMessage,
		`4217["message",{"room_name":"ticker_btc_jpy","message":{"data":{"last":"1"}},"x":[1]}]`: bitbank.EventMessage,
		`42["message",{"room_name":"something_new","message":{"data":[1]}}]`:                     bitbank.EventMessage,
		`42["hello",1]`: bitbank.EventPing, // nothing to report: the next is the ping
		`42/x,["message",{"room_name":"ticker_btc_jpy","message":{"data":{}}}]`: bitbank.EventPing,
		`3`: bitbank.EventPing, `6`: bitbank.EventPing, `bAAAA`: bitbank.EventPing,
		`43[]`: bitbank.EventPing, `40{"sid":"again"}`: bitbank.EventPing,
	} {
		bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
			s := dial(t, o)
			fake.Send(frame)
			if e := next(t, s); e.Kind != kind || (e.Kind == bitbank.EventUnreadable) != (e.Err != nil) {
				t.Errorf("%s: got %+v", frame, e)
			}
			fake.Publish("ticker_btc_jpy", bitbanktest.Payload("stream_ticker"))
			if e := next(t, s); e.Channel != bitbank.ChannelTicker {
				t.Errorf("after %s: got %+v", frame, e)
			}
		})
	}
}

func TestDataThatIsNotDocumentedIsAnError(t *testing.T) {
	for _, e := range []bitbank.Event{
		{Room: "ticker_btc_jpy", Raw: []byte(`{}`)}, {Room: "ticker_btc_jpy", Raw: []byte(`[]`)},
		{Room: "ticker_btc_jpy", Raw: []byte(`{"timestamp":"soon"}`)},
		{Room: "ticker_btc_jpy", Raw: []byte(`{"timestamp":1,"timestamp":2}`)}, {Room: "ticker_btc_jpy", Raw: []byte(`{"timestamp":1`)},
	} {
		if _, err := e.Ticker(); describe(err) != "body shape" || !strings.HasPrefix(err.Error(), "ticker_btc_jpy: ") {
			t.Errorf("%s: %v", e.Raw, err)
		}
	}
}

func TestLeavingARoomEndsItsMessages(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		s := dial(t, o)
		if err := s.Leave(t.Context(), "ticker_btc_jpy"); err != nil {
			t.Fatal(err)
		}
		if err := s.Join(t.Context(), "ticker_xrp_jpy"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if fake.Joined("ticker_btc_jpy") != 0 || fake.Joined("ticker_xrp_jpy") != 1 {
			t.Error("the server has other rooms")
		}
		if err := s.Join(t.Context(), `tickers_btc_jpy`); err == nil {
			t.Error("a misspelt room was asked for")
		}
	})
}

func TestWhyDialingFails(t *testing.T) {
	rooms := []string{"ticker_btc_jpy"}
	for _, c := range []struct {
		name  string
		fault bitbanktest.Fault
		want  string
	}{
		{"a page", bitbanktest.Fault{Effect: bitbanktest.HTML}, "body html"},
		{"a page with status 503", bitbanktest.Fault{Effect: bitbanktest.HTML, Status: 503}, "status 503 html"},
		{"a refusal", bitbanktest.Fault{Effect: bitbanktest.Refuse, Code: 10007}, "code 10007 maintenance"},
		{"data", bitbanktest.Fault{Effect: bitbanktest.Shape}, "body shape"},
		{"nothing", bitbanktest.Fault{Effect: bitbanktest.Empty}, "body empty"},
		{"a redirect", bitbanktest.Fault{Effect: bitbanktest.Redirect}, "status 302 html"},
		{"a cut", bitbanktest.Fault{Effect: bitbanktest.Reset}, "connection"},
	} {
		bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
			fake.Fail(c.fault)
			_, err := bitbank.Dial(t.Context(), o)
			if got := describe(err); got != c.want || !strings.HasPrefix(err.Error(), "dial the stream: ") {
				t.Errorf("%s: got %q, want %q (%v)", c.name, got, c.want, err)
			}
		})
	}
	for _, o := range []bitbank.StreamOptions{
		{URL: "stream.bitbank.cc", Rooms: rooms}, {URL: "ftp://stream.bitbank.cc"}, {URL: "wss://stream.bitbank.cc/x"},
		{Rooms: []string{"ticker"}}, {Rooms: []string{"ticker_BTC_JPY"}}, {Rooms: []string{`ticker_btc_jpy"]`}},
	} {
		if _, err := bitbank.Dial(t.Context(), o); err == nil {
			t.Errorf("%+v was dialed", o)
		}
		if err := bitbank.Follow(t.Context(), bitbank.FollowOptions{StreamOptions: o}, nil); err == nil {
			t.Errorf("%+v was followed", o)
		}
	}
}

func TestAHandshakeThatNeverEndsIsBounded(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang})
		began := time.Now()
		o.Handshake = 3 * time.Second
		if _, err := bitbank.Dial(t.Context(), o); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestThePeerMustSpeakSocketIO(t *testing.T) {
	for _, first := range []string{"", "hello", `0`, `0{}`, `0{"sid":"x","pingInterval":0,"pingTimeout":1}`,
		`0{"sid":"x","pingInterval":-1,"pingTimeout":1}`, `0{"sid":"x","pingInterval":9000000000000000000,"pingTimeout":1}`,
		`40{"sid":"x"}`, `42["message"]`} {
		bubbleRaw(t, first, func(o bitbank.StreamOptions) {
			if _, err := bitbank.Dial(t.Context(), o); !errors.Is(err, bitbank.ErrHandshake) {
				t.Errorf("%q: %v", first, err)
			}
		})
	}
}

func TestFollowComesBackAndAsksForItsRoomsAgain(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		ctx, cancel := context.WithCancel(t.Context())
		var seen []bitbank.Event
		ended := make(chan error, 1)
		go func() {
			ended <- bitbank.Follow(ctx, bitbank.FollowOptions{StreamOptions: o, Rand: rand.New(rand.NewPCG(1, 2))},
				func(e bitbank.Event) {
					if e.Kind != bitbank.EventPing {
						seen = append(seen, e)
					}
				})
		}()
		for range 3 {
			synctest.Wait()
			if n := fake.Joined("ticker_btc_jpy"); n != 1 {
				t.Fatalf("%d clients in the room", n)
			}
			fake.Publish("ticker_btc_jpy", bitbanktest.Payload("stream_ticker"))
			synctest.Wait()
			time.Sleep(time.Minute) // long enough for the next cut to count as a first one
			fake.Cut()
			time.Sleep(2 * time.Second)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Follow ended with %v", err)
		}
		want := []bitbank.EventKind{}
		for range 3 {
			want = append(want, bitbank.EventOpened, bitbank.EventMessage, bitbank.EventClosed)
		}
		want = append(want, bitbank.EventOpened)
		if len(seen) != len(want) {
			t.Fatalf("got %d events, want %d: %+v", len(seen), len(want), seen)
		}
		for i, e := range seen {
			if e.Kind != want[i] {
				t.Errorf("event %d is %+v, want kind %d", i, e, want[i])
			}
			if e.Kind == bitbank.EventClosed && (e.Err == nil || e.Retry < 500*time.Millisecond || e.Retry > time.Second) {
				t.Errorf("event %d: %v, again after %v", i, e.Err, e.Retry)
			}
		}
	})
}

func TestFollowIsPoliteInAnOutage(t *testing.T) {
	bubble(t, bitbanktest.Options{}, func(t *testing.T, fake *bitbanktest.Server, o bitbank.StreamOptions) {
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.HTML, Status: 503})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var closed int
		err := bitbank.Follow(ctx, bitbank.FollowOptions{StreamOptions: o}, func(e bitbank.Event) {
			closed++
			if describe(e.Err) != "status 503 html" {
				t.Errorf("closed by %v", e.Err)
			}
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		// Pauses of 15 to 30 s are 120 to 240 attempts an hour, and a few more at first.
		if n := len(fake.Requests()); n < 120 || n > 250 || closed > n || closed < n-1 {
			t.Errorf("%d connections and %d reports in an hour", n, closed)
		}
	})
}

// bubbleRaw serves WebSockets that begin with one text frame and then say nothing.
func bubbleRaw(t *testing.T, first string, test func(bitbank.StreamOptions)) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		if ws.Write(r.Context(), websocket.MessageText, []byte(first)) == nil {
			ws.Read(r.Context()) // until the client goes
		}
	}))
	defer server.Close()
	test(bitbank.StreamOptions{HTTP: server.Client(), URL: server.URL, Handshake: 5 * time.Second})
}

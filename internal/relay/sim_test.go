package relay

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/sim"
)

// sockets are a simulated bitbank whose time passes, and a relay before it, on sockets.
type sockets struct {
	sim   *sim.Sim
	relay *Relay
	// addresses of the streams
	direct, relayed string
}

func onLoopback(t testing.TB, o sim.Options) sockets {
	t.Helper()
	s, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := sockets{sim: s, direct: "http://" + ln.Addr().String()}
	running.Go(func() { s.Serve("stream", ln) })
	running.Go(func() { s.Play(ctx) })
	l.relay, err = New(Options{Upstream: bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{URL: l.direct}}})
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() { l.relay.Run(ctx) })
	srv := httptest.NewServer(l.relay)
	l.relayed = srv.URL
	t.Cleanup(func() {
		cancel()
		s.Close()
		running.Wait()
		srv.Close()
	})
	return l
}

func (l sockets) fault(t *testing.T, method, fault string) {
	t.Helper()
	w := httptest.NewRecorder()
	l.sim.Handler(sim.Control).ServeHTTP(w, httptest.NewRequest(method, "/faults", strings.NewReader(fault)))
	if w.Code >= 300 {
		t.Fatalf("%s: %d %s", fault, w.Code, w.Body)
	}
}

// A tape is what a client has heard: packets in order, and books.
type tape struct {
	books *bitbank.Books
	mu    sync.Mutex
	all   []string
	lost  int
}

// record follows a stream until the test ends.
func record(t *testing.T, address string) *tape {
	t.Helper()
	books, err := bitbank.NewBooks("btc_jpy", "xrp_jpy")
	if err != nil {
		t.Fatal(err)
	}
	p := &tape{books: books}
	o := bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{URL: address, Rooms: append(books.Rooms(), "ticker_btc_jpy", "transactions_btc_jpy")}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		bitbank.Follow(ctx, o, func(e bitbank.Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			books.Take(e)
			switch e.Kind {
			case bitbank.EventMessage:
				p.all = append(p.all, string(e.Packet))
			case bitbank.EventClosed:
				p.lost++
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

func (p *tape) heard() (all []string, lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all), p.lost
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("did not happen in 20 s: %s", what)
}

// The same client straight at the simulated bitbank and behind the relay, whose connection is cut meanwhile: what the relayed one
// hears is what the direct one hears, in its order, it is never cut itself, and its books are true afterwards.
func TestAClientBehindTheRelayHearsWhatADirectOneHears(t *testing.T) {
	l := onLoopback(t, sim.Options{Seed: 5, Speed: 5})
	relayed := record(t, l.relayed)
	eventually(t, "the relay hears something", func() bool { return l.relay.Stats().Messages > 0 })
	direct := record(t, l.direct)
	quiet := func(p *tape) bool { all, _ := p.heard(); return len(all) < 50 }
	eventually(t, "both hear", func() bool { return !quiet(relayed) && !quiet(direct) })
	l.fault(t, http.MethodPost, `{"host":"stream","effect":"close_stream","count":1}`) // the oldest, which is the relay's
	eventually(t, "the relay comes back", func() bool { s := l.relay.Stats(); return s.Losses == 1 && s.Connected })
	before, _ := relayed.heard()
	eventually(t, "more", func() bool { all, _ := relayed.heard(); return len(all) > len(before)+50 })

	equal := 0
	eventually(t, "books can be compared", func() bool {
		for _, pair := range []string{"btc_jpy", "xrp_jpy"} {
			a, _ := direct.books.Snapshot(pair, -1)
			b, _ := relayed.books.Snapshot(pair, -1)
			if a.Seq != b.Seq || a.Seq == 0 {
				continue
			}
			equal++
			if !reflect.DeepEqual(a.Asks, b.Asks) || !reflect.DeepEqual(a.Bids, b.Bids) {
				t.Fatalf("%s at %d: behind the relay %v / %v, direct %v / %v", pair, a.Seq, b.Asks[:3], b.Bids[:3], a.Asks[:3], a.Bids[:3])
			}
		}
		return equal > 50
	})
	theirs, cuts := direct.heard()
	ours, lost := relayed.heard()
	if cuts != 0 || lost != 0 {
		t.Errorf("the clients were cut %d and %d times", cuts, lost)
	}
	// From the first that both have heard, ours are theirs without those of the gap.
	at := slices.Index(ours, theirs[slices.IndexFunc(theirs, func(p string) bool { return slices.Contains(ours, p) })])
	missing, i := 0, 0
	for _, p := range theirs {
		if i < len(ours)-at && ours[at+i] == p {
			i++
		} else {
			missing++
		}
	}
	if left := len(ours) - at - i; left > 20 || missing > len(theirs)/2 { // what is on its way to one of them
		t.Errorf("of %d messages %d are missing; %d of ours are not theirs", len(theirs), missing, left)
	}
}

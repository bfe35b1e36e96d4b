package failures

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/relay"
)

// marketData are the failures of the public stream.
var marketData = []scenario{
	{
		id: "F55", trigger: "The public stream is cut, and a client comes back.",
		later: "asking for a room again that stays silent while others speak", setup: setup{speed: 1},
		play: func(w *world) {
			e := w.ear()
			w.pass(20 * time.Second)
			w.fault(`{"host":"stream","effect":"close_stream","count":1}`)
			w.pass(time.Minute)
			if old := time.Since(e.newest()); old > 10*time.Second {
				w.find(stale, fmt.Sprintf("a minute after the cut the newest data is %v old", old.Round(time.Second)))
			}
		},
		naive: []naive{{"comes back and asks for no rooms", stale, hears(&radio{forgets: true, pause: time.Second})}},
	},
	{
		id: "F64", trigger: "Differences of the depth are lost, and later the book crosses in an auction.", setup: setup{speed: 1},
		play: func(w *world) {
			e := w.ear()
			w.pass(20 * time.Second)
			w.fault(`{"host":"stream","match":{"path":"depth_*"},"effect":"mute_channel","for_ms":30000}`)
			w.pass(33 * time.Second)
			right := false
			for range 20 {
				w.pass(100 * time.Millisecond)
				asks, bids, _ := e.depth()
				wantAsks, wantBids := w.levels()
				right = right || slices.Equal(asks, wantAsks) && slices.Equal(bids, wantBids)
			}
			if !right {
				w.find(stale, "three seconds after the hole the book is wrong still")
			}
			w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"CIRCUIT_BREAK"}`)
			w.pass(10 * time.Second)
			if _, _, auction := e.depth(); !auction {
				w.find(phantom, "in the auction the book is taken for one that can be traded on")
			}
		},
		naive: []naive{{"reads one whole and then differences", stale, hears(&radio{pause: time.Second})}},
	},
	{
		id: "F67", trigger: "The public stream is cut every twenty seconds, and refused for a minute.",
		later: "a second connection that overlaps the first", setup: setup{speed: 1},
		play: func(w *world) {
			e := w.ear()
			for range 3 {
				w.pass(20 * time.Second)
				w.fault(`{"host":"stream","effect":"close_stream","count":1}`)
			}
			w.fault(`{"host":"stream","effect":"status","status":503,"for_ms":60000}`)
			w.pass(100 * time.Second)
			if old := time.Since(e.newest()); old > 10*time.Second {
				w.find(stale, fmt.Sprintf("the newest data is %v old", old.Round(time.Second)))
			}
			n := 0
			for _, r := range w.truth().Requests {
				if r.Host == "stream" {
					n++
				}
			}
			if n > 60 {
				w.find(hammering, fmt.Sprintf("%d connections to the stream in three minutes", n))
			}
		},
		naive: []naive{{"comes back at once", hammering, hears(&radio{pause: roundTrip})}},
	},
}

// An ear hears the public stream.
type ear interface {
	newest() time.Time                          // when the newest ticker came
	depth() (asks, bids []string, auction bool) // ten levels a side
}

// ear is the client's.
func (w *world) ear() ear {
	if r, ok := w.bot.(*radio); ok {
		return r
	}
	return newRelayed(w)
}

// A relayed hears through our relay, and keeps books as our library does.
type relayed struct {
	books *bitbank.Books

	mu   sync.Mutex
	last time.Time
}

func newRelayed(w *world) *relayed {
	books, err := bitbank.NewBooks(pair)
	if err != nil {
		w.t.Fatal(err)
	}
	x, err := relay.New(relay.Options{Upstream: bitbank.FollowOptions{StreamOptions: w.stream(), Rand: rand.New(rand.NewPCG(3, 4))}})
	if err != nil {
		w.t.Fatal(err)
	}
	e := &relayed{books: books}
	ticker := bitbank.Room(bitbank.ChannelTicker, pair)
	stop, err := x.Watch(append(books.Rooms(), ticker), func(m bitbank.Event) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if m.Room == ticker {
			e.last = m.At
		}
		if err := books.Take(m); err != nil {
			w.t.Errorf("read the stream: %v", err)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	w.t.Cleanup(func() { stop(); cancel() })
	w.going.Go(func() { _ = x.Run(ctx) }) // its error is the context's
	return e
}

func (e *relayed) newest() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

func (e *relayed) depth() (asks, bids []string, auction bool) {
	s, _ := e.books.Snapshot(pair, 10)
	return texts(s.Asks), texts(s.Bids), s.Mode != "" && s.Mode != bitbank.ModeNone
}

func texts(levels []bitbank.Level) (all []string) {
	for _, l := range levels {
		all = append(all, l.Price.String()+" "+plain(l.Amount.String()))
	}
	return all
}

// levels are ten of a side as the exchange has them.
func (w *world) levels() (asks, bids []string) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.sim.Handler("public").ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/btc_jpy/depth", nil))
	var d struct {
		Data struct{ Asks, Bids [][2]string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil {
		w.t.Fatal(err)
	}
	side := func(rows [][2]string) (all []string) {
		for _, r := range rows[:min(10, len(rows))] {
			all = append(all, r[0]+" "+plain(r[1]))
		}
		return all
	}
	return side(d.Data.Asks), side(d.Data.Bids)
}

// stream is how to reach the public stream.
func (w *world) stream() bitbank.StreamOptions {
	return bitbank.StreamOptions{URL: w.url("stream"), HTTP: &http.Client{Transport: w.newLine().transport()}}
}

// A radio is a naive client's stream. It takes one whole of the depth and then differences, and knows of no auction.
type radio struct {
	*library
	forgets bool          // coming back, it does not ask for its rooms again
	pause   time.Duration // before it comes back

	mu   sync.Mutex
	last time.Time
	book bitbank.Book
	has  bool
}

// hears makes a bot of a radio.
func hears(like *radio) func(w *world) bot {
	return func(w *world) bot {
		r := &radio{library: &library{w: w, http: w.newLine().transport()}, forgets: like.forgets, pause: like.pause}
		ctx, cancel := context.WithCancel(w.t.Context())
		w.t.Cleanup(cancel)
		o := w.stream()
		w.going.Go(func() { r.listen(ctx, o) })
		return r
	}
}

func (r *radio) listen(ctx context.Context, o bitbank.StreamOptions) {
	for _, c := range []bitbank.Channel{bitbank.ChannelTicker, bitbank.ChannelDepthWhole, bitbank.ChannelDepthDiff} {
		o.Rooms = append(o.Rooms, bitbank.Room(c, pair))
	}
	for ctx.Err() == nil {
		s, err := bitbank.Dial(ctx, o)
		for err == nil {
			var e bitbank.Event
			if e, err = s.Next(ctx); err == nil {
				r.hear(e)
			}
		}
		if r.forgets && s != nil {
			o.Rooms = nil
		}
		rest(ctx, r.pause)
	}
}

func (r *radio) hear(e bitbank.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Channel {
	case bitbank.ChannelTicker:
		r.last = e.At
	case bitbank.ChannelDepthWhole:
		if d, err := e.Depth(); err == nil && !r.has {
			r.has = r.book.ApplyWhole(d)
		}
	case bitbank.ChannelDepthDiff:
		if d, err := e.DepthDiff(); err == nil {
			r.book.ApplyDiff(d)
		}
	}
}

func (r *radio) newest() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (r *radio) depth() (asks, bids []string, auction bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return texts(r.book.Asks(10)), texts(r.book.Bids(10)), false
}

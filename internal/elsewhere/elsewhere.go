package elsewhere

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/venue"
)

// A Want is a pair whose price elsewhere somebody wants to know.
type Want struct {
	Pair string
	// Urgent: something depends on it while bitbank is dark, such as a margin position or a plan to sell.
	Urgent bool
}

// A Place is one venue, and how it is asked.
type Place struct {
	venue.Venue
	// Heard is the pair whose answers come by [Watch.Hear] anyway, every twelve seconds; "" when none does, and then it is asked
	// for btc_jpy as often here.
	Heard string
	// Allow counts a request in calm, or refuses it.
	Allow func(now time.Time) bool
}

// Options are what a watch is made of. All but Line, Log and Tickers are required.
type Options struct {
	Places []Place
	Line   decimal.Decimal // of the gap to bitbank, in percent; zero: none
	// Wants are called several times a second.
	Wants func() []Want
	// Dark reports whether bitbank does not answer; likewise.
	Dark func() bool
	// Tickers reads bitbank's own prices of all pairs; nil: bitbank's are told by [Watch.Tell] alone. Allow refuses a read that
	// there is no budget for.
	Tickers func(ctx context.Context) ([]bitbank.Ticker, error)
	Allow   func(now time.Time) bool
	// HurryPerMinute bounds what each venue is asked while bitbank is dark and something depends on it.
	HurryPerMinute int
	HTTP           http.RoundTripper
	Rand           *rand.Rand // of pauses and of when our turns begin
	Log            *slog.Logger
}

// A Watch asks the venues. Make one with [New].
type Watch struct {
	o      Options
	offset time.Duration // of our turns, so that not everybody's begin at the same moment

	mu    sync.Mutex // guards what follows; never held over the network
	board *venue.Board
	heard map[string]time.Time // a venue's newest answer by Hear
	rand  *rand.Rand
}

// New builds a watch and starts nothing.
func New(o Options) *Watch {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &Watch{o: o, rand: o.Rand, offset: time.Duration(o.Rand.Int64N(int64(turn))), heard: map[string]time.Time{}}
	var venues []venue.Venue
	for _, p := range o.Places {
		venues = append(venues, p.Venue)
	}
	w.board = venue.NewBoard(venues, o.Line)
	return w
}

// Run asks until ctx ends, and returns when nothing is under way any more.
func (w *Watch) Run(ctx context.Context) error {
	var asking sync.WaitGroup
	for _, p := range w.o.Places {
		asking.Go(func() { w.askVenue(ctx, p) })
	}
	if w.o.Tickers != nil {
		asking.Go(func() { w.askBitbank(ctx) })
	}
	asking.Wait()
	return nil
}

// Hear takes an answer that somebody else has got from a venue: the watch's look at its ticker.
func (w *Watch) Hear(id, pair string, body []byte, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard[id] = at
	if err := w.board.Hear(id, pair, body, at); err != nil {
		w.o.Log.Debug("another exchange's ticker was not read", "venue", id, "pair", pair, "err", err)
	}
}

// Tell takes bitbank's own last price of a pair, with bitbank's own time.
func (w *Watch) Tell(pair string, price decimal.Decimal, stamp, at time.Time) {
	dark := w.o.Dark()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.board.Dark(dark)
	w.board.Tell(pair, price, stamp, at)
}

// Reference is what a pair costs elsewhere, now.
func (w *Watch) Reference(pair string) venue.Reference {
	dark, wants := w.o.Dark(), w.o.Wants()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.board.Dark(dark)
	return w.board.Reference(pair, w.limit(pair, dark, wants), time.Now())
}

// References are those of all pairs that are wanted, in the order of their names.
func (w *Watch) References() []venue.Reference {
	var pairs []string
	for _, want := range w.o.Wants() {
		pairs = append(pairs, want.Pair)
	}
	slices.Sort(pairs)
	var all []venue.Reference
	for _, pair := range slices.Compact(pairs) {
		all = append(all, w.Reference(pair))
	}
	return all
}

const (
	// freshInDark is how old a price may be while bitbank is dark.
	freshInDark = 5 * time.Second
	// steady is how often a pair is heard whose answers come anyway, or would; twice that and a bit is still fresh in calm.
	steady = 12 * time.Second
	// turn is how long the other pairs wait for each other in calm: five looks a minute of the watch leave one more in 62 seconds,
	// its budget's own minute, and some room for its doubts.
	turn = 75 * time.Second
	// window is how long after the beginning of a turn its pair may be asked.
	window = 10 * time.Second
)

// limit is how old a price of a pair may be to be fresh: in calm it follows the pace. Called with the lock.
func (w *Watch) limit(pair string, dark bool, wants []Want) time.Duration {
	if dark {
		return freshInDark
	}
	if pair == usual {
		return 2*steady + 6*time.Second
	}
	return 2 * turn * time.Duration(max(len(slices.DeleteFunc(others(wants), w.nobodyLists)), 1))
}

// usual is the pair that is asked of every venue all the time.
const usual = "btc_jpy"

// others are the wanted pairs that take turns, sorted.
func others(wants []Want) []string {
	var out []string
	for _, want := range wants {
		if want.Pair != usual {
			out = append(out, want.Pair)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// turnOf is the pair whose turn it is, and which turn that is; "" outside the turn's window.
func (w *Watch) turnOf(wants []Want, now time.Time) (pair string, number int64) {
	since := now.Add(w.offset).UnixNano()
	number = since / int64(turn)
	pairs := others(wants)
	if number%wholeTurns != 0 {
		w.mu.Lock()
		pairs = slices.DeleteFunc(pairs, w.nobodyLists)
		w.mu.Unlock()
	}
	if len(pairs) == 0 || since%int64(turn) >= int64(window) {
		return "", number
	}
	return pairs[number%int64(len(pairs))], number
}

// wholeTurns: an hour. So often a turn is for all pairs, also for those that no venue has listed, in case one does now.
const wholeTurns = int64(time.Hour / turn)

// nobodyLists reports whether no venue lists a pair, as far as is known. Pairs that are held are many, and each would take a turn.
// Called with the lock.
func (w *Watch) nobodyLists(pair string) bool {
	return !slices.ContainsFunc(w.o.Places, func(p Place) bool { return !w.board.Unlisted(p.ID, pair) })
}

// beat is how often it is looked whether somebody is to be asked.
const beat = 250 * time.Millisecond

// eachBeat calls do at every beat until ctx ends.
func eachBeat(ctx context.Context, do func(now time.Time)) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(time.Now())
		}
	}
}

// askBitbank reads bitbank's own prices in each turn, while it answers.
func (w *Watch) askBitbank(ctx context.Context) {
	last := int64(-1)
	eachBeat(ctx, func(now time.Time) {
		pair, number := w.turnOf(w.o.Wants(), now)
		// A second behind the venues, whose answers are there then.
		if number == last || pair == "" || w.o.Dark() || (now.Add(w.offset).UnixNano())%int64(turn) < int64(time.Second) || !w.o.Allow(now) {
			return
		}
		last = number
		bounded, cancel := context.WithTimeout(ctx, patience)
		all, err := w.o.Tickers(bounded)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			w.o.Log.Debug("bitbank's own prices were not read", "err", err)
		}
		for _, t := range all {
			if t.Pair == pair {
				w.Tell(pair, t.Last.Decimal(), t.At.Time(), time.Now())
			}
		}
	})
}

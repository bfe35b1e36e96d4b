package market

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A watcher of one pair holds what it was told against what it can read.
type watcher struct {
	m      *Market
	name   string
	book   follower
	seq    int64
	trade  int64
	at     time.Time
	minute map[int64]bar // of the trades that it was told
}

func (w *watcher) hear(t *rapid.T, changes []Change) {
	for _, c := range changes {
		if c.Pair != w.name {
			continue
		}
		if c.Seq <= w.seq {
			t.Fatalf("sequence id %d after %d", c.Seq, w.seq)
		}
		if c.At.Before(w.at) {
			t.Fatalf("a change of %v after one of %v", c.At, w.at)
		}
		w.seq, w.at = c.Seq, c.At
		w.book.apply(w.m.Diff(c))
		for _, x := range slices.Backward(c.Trades) {
			if x.ID <= w.trade || x.Amount <= 0 || x.Price <= 0 {
				t.Fatalf("trade %+v after id %d", x, w.trade)
			}
			w.trade = x.ID
			b := bar{minute: x.At.Unix() / 60, open: x.Price, high: x.Price, low: x.Price, close: x.Price, volume: x.Amount}
			if old, ok := w.minute[b.minute]; ok {
				old.fold(b)
				b = old
			}
			w.minute[b.minute] = b
		}
	}
}

func (w *watcher) check(t *rapid.T) {
	p := w.m.index[w.name]
	d := w.m.Depth(w.name)
	if read := whole(d); !maps.Equal(w.book.asks, read.asks) || !maps.Equal(w.book.bids, read.bids) {
		t.Fatalf("the book that was told and the one that is read: %s", gocmp.Diff(w.book, read, gocmp.AllowUnexported(follower{})))
	}
	if !slices.IsSortedFunc(p.asks, func(a, b Level) int { return int(a.Price - b.Price) }) || !slices.IsSortedFunc(p.bids, func(a, b Level) int { return int(b.Price - a.Price) }) {
		t.Fatal("the book is not sorted")
	}
	for _, l := range slices.Concat(p.asks, p.bids) {
		if l.Amount <= 0 || l.Price <= 0 {
			t.Fatalf("level %+v", l)
		}
	}
	if p.circuit.mode == ModeNone && (len(p.asks) > depth || len(p.bids) > depth || len(p.asks) > 0 && len(p.bids) > 0 && p.asks[0].Price <= p.bids[0].Price) {
		t.Fatalf("in continuous trading: %d asks, %d bids, %v %v", len(p.asks), len(p.bids), p.asks[0], p.bids[0])
	}
	if len(p.asks) > 2*depth || len(p.bids) > 2*depth {
		t.Fatalf("%d asks, %d bids", len(p.asks), len(p.bids))
	}
	w.candles(t, p)
	tk := w.m.Ticker(w.name)
	if got := w.m.Transactions(w.name).Transactions[0]; tk.Last != got.Price || got.ID != w.trade && w.trade > 0 {
		t.Fatalf("last is %s, the newest trade %+v, the last that was told %d", tk.Last, got, w.trade)
	}
	last, high, low := parse(tk.Last), parse(tk.High), parse(tk.Low)
	if low > last || last > high || parse(tk.Open) > high || parse(tk.Open) < low {
		t.Fatalf("ticker %+v", tk)
	}
}

// candles holds the minutes that were told against those that are kept, and against today's candles as they are answered.
func (w *watcher) candles(t *rapid.T, p *pair) {
	told, live := 0, w.m.start.Unix()/60
	p.minutes(w.m.start, w.m.now.Add(time.Minute), w.m.start, func(b bar) {
		want, traded := w.minute[b.minute]
		if traded {
			told++
		}
		if traded && b != want || !traded && (b.volume != 0 || b.open != b.close || b.high != b.low) {
			t.Fatalf("minute %d is kept as %+v, told was %+v", b.minute-live, b, want)
		}
	})
	if told != len(w.minute) {
		t.Fatalf("%d of %d minutes with trades are kept", told, len(w.minute))
	}
	c, found := w.m.Candles(w.name, "1min", w.m.now.UTC().Format("20060102"))
	if found != Found {
		return // midnight's gap
	}
	rows := c.Candlestick[0].Rows
	last := w.m.now.Unix() / 60
	if got := rows[len(rows)-1][5]; got != last*60_000 {
		t.Fatalf("the newest candle is of %v, the clock stands at %d", got, last*60_000)
	}
	for _, r := range rows {
		want, traded := w.minute[r[5].(int64)/60_000]
		if got := [5]any{r[0], r[1], r[2], r[3], r[4]}; traded && got != [5]any{p.price(want.open), p.price(want.high), p.price(want.low), p.price(want.close), p.volume(want.volume)} {
			t.Fatalf("the candle says %v, the trades %+v", r, want)
		}
	}
}

func parse(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// However the market is pushed about, what it tells and what it answers stay one story: book, trades, candles, ticker.
func TestWhatIsToldAndWhatIsReadAgreeHoweverTheMarketIsPushed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.SampledFrom([]float64{1, 20, 1000}).Draw(t, "speed")
		now := opening.Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "minute of the day")) * time.Minute)
		m := New(rapid.Uint64Range(0, 99).Draw(t, "seed"), speed, now)
		w := &watcher{m: m, name: rapid.SampledFrom([]string{"btc_jpy", "xrp_jpy", "xym_jpy", "boba_jpy"}).Draw(t, "pair"), minute: map[int64]bar{}}
		w.book = whole(m.Depth(w.name))
		step := time.Duration(float64(30*time.Second) / max(1, speed/20))
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(step)).Draw(t, "for")))
				w.hear(t, m.Advance(now))
			},
			"the machine sleeps": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 5*60).Draw(t, "minutes")) * time.Minute)
				w.hear(t, m.Advance(now))
			},
			"the clock is set back": func(t *rapid.T) {
				now = now.Add(-time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "by")))
				w.hear(t, m.Advance(now))
			},
			// Between two ticks, as the control host does.
			"set": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Millisecond)).Draw(t, "after")))
				w.hear(t, m.Set(w.name, Setting{
					Status:       rapid.SampledFrom([]string{"", "NORMAL", "NORMAL", "BUSY", "HALT"}).Draw(t, "status"),
					CircuitBreak: rapid.SampledFrom([]Mode{"", ModeNone, ModeNone, ModeBreak, ModeFullRange, ModeResumption, ModeListing}).Draw(t, "mode"),
				}, now))
			},
			"move": func(t *rapid.T) {
				changes, err := m.Move(w.name, rapid.Float64Range(-50, 100).Draw(t, "percent"), time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds"))*time.Second, now)
				if err != nil {
					t.Fatal(err)
				}
				w.hear(t, changes)
			},
			"jump": func(t *rapid.T) {
				to := m.Price(w.name) * rapid.Float64Range(0.3, 3).Draw(t, "times")
				changes, err := m.Jump(w.name, strconv.FormatFloat(min(max(to, 0.001), 1e12), 'f', 6, 64), now)
				if err != nil {
					t.Fatal(err)
				}
				w.hear(t, changes)
			},
			"": w.check,
		})
	})
}

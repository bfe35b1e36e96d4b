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
	minute map[int64]bar   // of the trades that it was told
	orders map[int64]int64 // what is left of the accounts' orders
	next   int64
}

// order is one that an account sends.
func (w *watcher) order(t *rapid.T) {
	w.next++
	p := w.m.index[w.name]
	o := Order{
		ID: w.next, Side: rapid.SampledFrom([]Side{Buy, Sell}).Draw(t, "side"), Amount: rapid.Int64Range(1, 1e6).Draw(t, "amount"),
		Price: max(1, p.last+int64(rapid.Float64Range(-600, 600).Draw(t, "gaps away")*p.gap)),
	}
	w.orders[o.ID] = o.Amount
	c, left := w.m.Limit(w.name, o)
	w.hear(t, []Change{c})
	if w.orders[o.ID] != left {
		t.Fatalf("order %+v has %d left, by its fills %d", o, left, w.orders[o.ID])
	}
}

// back takes one order back.
func (w *watcher) back(t *rapid.T) {
	if w.next == 0 {
		return
	}
	id := rapid.Int64Range(1, w.next).Draw(t, "order")
	c, left := w.m.Withdraw(w.name, id)
	if w.hear(t, []Change{c}); left != w.orders[id] {
		t.Fatalf("order %d gave %d back, had %d left", id, left, w.orders[id])
	}
	w.orders[id] = 0
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
		for _, f := range c.Fills {
			if w.orders[f.Order] -= f.Amount; w.orders[f.Order] < 0 || f.Amount <= 0 {
				t.Fatalf("%+v leaves %d", f, w.orders[f.Order])
			}
		}
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
	book := map[int64]int64{}
	for _, s := range []*side{&p.asks, &p.bids} {
		s.check(t, book)
	}
	for id, left := range w.orders {
		if _, waits := p.orders[id]; book[id] != left || waits != (left > 0) {
			t.Fatalf("order %d: the book has %d, left is %d, it waits: %v", id, book[id], left, waits)
		}
	}
	ask, asked := p.asks.best()
	bid, bidden := p.bids.best()
	if n := max(len(p.asks.rungs), len(p.bids.rungs)); p.circuit.mode == ModeNone && (n > depth || asked && bidden && ask <= bid) || n > 2*depth {
		t.Fatalf("mode %s: %d asks, %d bids, %v %v", p.circuit.mode, len(p.asks.rungs), len(p.bids.rungs), ask, bid)
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

// check holds a side to its own rules: sorted, nothing empty, queues that add up, and nothing hidden that is nearer than
// what is shown.
func (s *side) check(t *rapid.T, book map[int64]int64) {
	all := slices.Concat(s.rungs, s.far)
	for i, r := range all {
		sum := int64(0)
		for _, c := range r.queue {
			if c.amount <= 0 || c.id == 0 && i >= len(s.rungs) {
				t.Fatalf("price %d: claim %+v", r.Price, c)
			}
			sum += c.amount
			if book[c.id] += c.amount; book[c.id] != c.amount && c.id != 0 {
				t.Fatalf("order %d stands in the book twice", c.id)
			}
		}
		if r.Amount <= 0 || r.Price <= 0 || r.queue != nil && sum != r.Amount || r.queue == nil && i >= len(s.rungs) {
			t.Fatalf("level %+v", r)
		}
		if i > 0 && !s.before(all[i-1].Price, r.Price) {
			t.Fatalf("price %d after %d", r.Price, all[i-1].Price)
		}
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
		w := &watcher{m: m, name: rapid.SampledFrom([]string{"btc_jpy", "xrp_jpy", "xym_jpy", "boba_jpy"}).Draw(t, "pair"), minute: map[int64]bar{}, orders: map[int64]int64{}}
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
			"order":     w.order,
			"take back": w.back,
			"":          w.check,
		})
	})
}

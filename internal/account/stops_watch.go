package account

import (
	"context"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/stop"
)

const (
	// stopsEvery is how often the price of a pair with a stop is looked at, over bitbank's public host: the same in calm and in an
	// outage.
	stopsEvery = time.Second
	// feedPatience is how long one answer may take, and feedDark how many in a row may be missing before bitbank counts as dark for
	// a stop. That alone sends nothing.
	feedPatience = 1500 * time.Millisecond
	feedDark     = 3
)

// A feed is bitbank's own price of a pair.
type feed struct {
	quote stop.Quote
	fails int
	dark  bool
}

// hear takes in a look at the book; without one it was not answered.
func (f *feed) hear(d *bitbank.Depth, at time.Time) {
	if d == nil || len(d.Asks) == 0 || len(d.Bids) == 0 {
		f.fails++
		f.quote = stop.Quote{}
		return
	}
	ask, bid := d.Asks[0].Price.Decimal(), d.Bids[0].Price.Decimal()
	if ask.LessThan(bid) { // an auction collects: there is no price
		f.fails, f.quote = 0, stop.Quote{}
		return
	}
	mid := ask.Add(bid).Div(decimal.NewFromInt(2))
	f.quote = stop.Quote{Price: mid, Low: bid, High: ask, At: at, Venues: 1, First: f.fails > 0}
	f.fails = 0
}

// watchStops looks at the prices that stops depend on, triggers them, and has their exits carried out, until ctx ends.
func (a *Account) watchStops(ctx context.Context) error {
	a.stops.mu.Lock()
	a.stops.back = time.Now()
	a.stops.mu.Unlock()
	tick := time.NewTicker(stopsEvery)
	defer tick.Stop()
	for {
		a.resumeExits()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		a.hearPrices(ctx)
		a.judgeStops(ctx)
	}
}

// hearPrices asks bitbank for the book of every pair with a stop, all at once.
func (a *Account) hearPrices(ctx context.Context) {
	var asking sync.WaitGroup
	for _, pair := range a.StopPairs() {
		asking.Go(func() {
			d, at := a.book(ctx, pair)
			a.mu.Lock()
			dark := a.broker.Dark()
			a.mu.Unlock()
			a.stops.mu.Lock()
			defer a.stops.mu.Unlock()
			f := a.stops.feeds[pair]
			if f == nil {
				f = &feed{}
				a.stops.feeds[pair] = f
			}
			f.hear(d, at)
			f.dark = dark || f.fails >= feedDark
		})
	}
	asking.Wait()
}

// book reads the book of a pair, and says when it was so by our clock; nil when bitbank did not answer in time.
func (a *Account) book(ctx context.Context, pair string) (*bitbank.Depth, time.Time) {
	ctx, cancel := context.WithTimeout(ctx, feedPatience)
	defer cancel()
	d, err := a.o.Client.Depth(ctx, pair)
	if err != nil {
		return nil, time.Time{}
	}
	now := time.Now()
	return &d, now.Add(d.At.Time().Sub(a.o.Client.Now()))
}

// elsewhere is what a pair costs at other exchanges, as bitbank usually differs from them; without a time when that is not known.
func (a *Account) elsewhere(pair string) stop.Quote {
	if a.o.Market == nil {
		return stop.Quote{}
	}
	m := a.o.Market(pair).Else
	if !m.Known {
		return stop.Quote{}
	}
	q := stop.Quote{Price: m.Price, Low: m.Price, High: m.Price, At: m.At, Venues: 3}
	if m.Expected.IsPositive() {
		q.Price, q.Low, q.High = m.Expected, m.Low, m.High
	}
	return q
}

// judgeStops lets time pass for every plan: it may be over, or triggered.
func (a *Account) judgeStops(ctx context.Context) {
	a.stops.mu.Lock()
	open := a.stops.book.Open()
	a.stops.mu.Unlock()
	for _, s := range open {
		now := time.Now()
		if p := s.Plan; s.State != stop.Exiting && !p.Expires.IsZero() && !now.Before(p.Expires) {
			a.tellStop(p.ID, a.moved(ctx, stop.Moved{ID: p.ID, To: stop.Expired}, stop.Armed, stop.Pending))
			continue
		}
		if s.State != stop.Armed {
			continue
		}
		t := stop.Tick{Now: now, Reference: a.elsewhere(s.Plan.Pair)}
		a.stops.mu.Lock()
		if f := a.stops.feeds[s.Plan.Pair]; f != nil {
			t.Bitbank, t.Dark = f.quote, f.dark
		}
		w := a.stops.watches[s.Plan.ID]
		if w == nil {
			w = &stop.Watch{}
			a.stops.watches[s.Plan.ID] = w
		}
		fired := w.Take(s.Plan, t)
		a.stops.mu.Unlock()
		if !fired {
			continue
		}
		price := t.Bitbank.Price
		if t.Dark {
			price = t.Reference.Price
		}
		a.log.Warn("a stop is triggered", "stop", s.Plan.ID, "pair", s.Plan.Pair, "price", price)
		a.tellStop(s.Plan.ID, a.moved(ctx, stop.Moved{ID: s.Plan.ID, To: stop.Pending, Why: stop.Passed, Price: bitbank.NewNumber(price)}, stop.Armed))
	}
}

// tellStop notes that a change of a plan could not be made; it is tried again with the next look.
func (a *Account) tellStop(id stop.ID, err error) {
	if err != nil {
		a.log.Warn("a stop was not changed", "stop", id, "err", err)
	}
}

// stopFacts are what a plan is checked against, as bitbank and we know it now.
func (a *Account) stopFacts(ctx context.Context, p stop.Plan) (stop.Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f := stop.Facts{Now: time.Now()}
	pairs, err := a.o.Client.SpotPairs(ctx)
	if err != nil {
		return f, err
	}
	for _, x := range pairs {
		if x.Name == p.Pair {
			f.Pair = &x
		}
	}
	if f.Pair == nil {
		return f, nil
	}
	var book feed
	d, at := a.book(ctx, p.Pair)
	book.hear(d, at)
	f.Bitbank, f.Reference = book.quote, a.elsewhere(p.Pair)
	f.Held, f.Usable, f.HeldAt = a.heldFor(p, *f.Pair)
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	a.stops.pairs[p.Pair] = *f.Pair
	f.Plans = a.stops.book.Open()
	return f, nil
}

// heldFor is what the books say that there is of what a plan would leave: all of it, what of it is free or locked by own stops on
// bitbank, and as of when.
func (a *Account) heldFor(p stop.Plan, pair bitbank.Pair) (held, usable decimal.Decimal, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.broker.Ledger()
	if p.Position == bitbank.Spot {
		h, known := l.Holding(pair.Base)
		if !known || !h.OnHand.Known() || !h.Free.Known() || a.read.IsZero() {
			return held, usable, time.Time{}
		}
		usable = h.Free.Decimal()
		for _, o := range guardsOf(l, p) {
			usable = usable.Add(o.RemainingAmount.Decimal())
		}
		return h.OnHand.Decimal(), decimal.Min(usable, h.OnHand.Decimal()), a.read
	}
	for _, x := range l.Positions() {
		if x.Pair == p.Pair && x.Side == p.Position {
			held = x.OpenAmount.Decimal()
		}
	}
	if m := a.books.margin.newest; m != nil {
		at = m.Held
	}
	return held, held, at
}

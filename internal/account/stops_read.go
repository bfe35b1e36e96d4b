package account

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/stop"
)

// exiting is the client for what an exit reads.
func (a *Account) exiting() *bitbank.Client {
	return a.o.Client.With(bitbank.Call{Priority: Exits})
}

// stopKinds are the orders that wait on bitbank for a price.
var stopKinds = map[bitbank.OrderType]bool{bitbank.Stop: true, bitbank.StopLimit: true, bitbank.StopLoss: true}

// guardsOf are the account's own stops on bitbank that would leave the same as a plan.
func guardsOf(l *ledger.Ledger, p stop.Plan) (out []bitbank.Order) {
	for _, o := range l.Live() {
		if stopKinds[o.Type] && alikeExit(o, p) {
			out = append(out, o)
		}
	}
	return out
}

func alikeExit(o bitbank.Order, p stop.Plan) bool {
	return o.Pair == p.Pair && o.Side == p.Side && o.PositionSide == p.Position
}

// coinOf is the coin of a pair.
func coinOf(pair string) string {
	coin, _, _ := strings.Cut(pair, "_")
	return coin
}

// firedFor is what stops on bitbank have sold of the same since a plan was set, by their trades.
func firedFor(l *ledger.Ledger, p stop.Plan) (sum decimal.Decimal) {
	for _, t := range tradesFor(l, p) {
		if o, _, known := l.Order(t.Pair, t.OrderID); known && stopKinds[o.Type] && t.Side == p.Side {
			sum = sum.Add(t.Amount.Decimal())
		}
	}
	return sum
}

// tradesFor are the trades of what a plan would leave, since it was set.
func tradesFor(l *ledger.Ledger, p stop.Plan) (out []bitbank.Trade) {
	fills, _ := l.Fills(p.Set, time.Now().Add(time.Minute))
	for _, t := range fills {
		if t.Pair == p.Pair && t.PositionSide == p.Position {
			out = append(out, t)
		}
	}
	return out
}

// tradesSettle is how long after a trade it is certain that a read shows it: see Account.trades.
const tradesSettle = 90 * time.Second

// auditedFor is how long a whole read of the account stands, between which an exit reads its own orders and what there is alone.
const auditedFor = 15 * time.Second

// readFor reads the account for an exit, and beside the last of it the market, so that neither is old when the other is there: first
// everything that orders move, then what there is. Whole weighs the books too. Without a market it was not read.
func (a *Account) readFor(ctx context.Context, p stop.Plan, x *exit, whole bool) (stop.Reading, *stop.Market) {
	began := time.Now()
	r := stop.Reading{Began: began, Doubt: stop.Unread}
	a.stops.mu.Lock()
	back, silent := a.stops.back, a.stops.silent
	a.stops.mu.Unlock()
	var err error
	switch fresh := !silent && !x.audited.Before(back) && began.Sub(x.audited) <= auditedFor; {
	case whole:
		a.interrupt(back)
		err = a.auditFor(ctx)
	case !fresh:
		err = a.readMoves(ctx, p)
	default:
		err = a.readExits(ctx, p)
	}
	var m *stop.Market
	if err == nil {
		var reading sync.WaitGroup
		reading.Go(func() { m, _ = a.readMarket(ctx, p) }) // it is looked at again
		err = a.remaining(ctx, p, &r)
		reading.Wait()
	}
	if err == nil {
		a.mu.Lock()
		a.read = time.Now()
		a.mu.Unlock()
	}
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	switch {
	case err != nil:
		a.stops.silent = !answers(err)
		a.log.Info("the account was not read for an exit", "stop", p.ID, "err", err)
		return r, nil
	case silent:
		a.stops.silent, a.stops.back = false, began
	}
	if x.audited.Before(a.stops.back) || began.Sub(x.audited) > auditedFor {
		x.audited = began
	}
	return r, m
}

const (
	probeFor = 2 * time.Second
	auditFor = 15 * time.Second
)

// auditFor audits for an exit, which does not wait for long.
func (a *Account) auditFor(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, auditFor)
	defer cancel()
	return a.audit(ctx, true)
}

// readMoves reads what orders have moved: the live ones, what became of those that are not, and trades. It waits for no audit that is
// under way, which may hang in the dark; what it finds is left for the next one to judge. Whether bitbank answers at all is asked
// first, and briefly.
func (a *Account) readMoves(ctx context.Context, p stop.Plan) error {
	c := a.exiting()
	r := reading{began: time.Now()}
	asking, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	if err := a.balances(asking, c, &r); err != nil {
		return err
	}
	ctx, cancel = context.WithTimeout(ctx, auditFor)
	defer cancel()
	for _, read := range []func(context.Context, *bitbank.Client, *reading) error{a.orders, a.trades} {
		if err := read(ctx, c, &r); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.books.noticed.add(r)
	return nil
}

// readExits reads the orders of an exit that are not over.
func (a *Account) readExits(ctx context.Context, p stop.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var ids []bitbank.OrderID
	a.mu.Lock()
	l := a.broker.Ledger()
	for _, o := range l.Live() {
		if _, by, _ := l.Order(o.Pair, o.ID); by.Bot == exitBot(p.ID) {
			ids = append(ids, o.ID)
		}
	}
	a.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	orders, err := readAll(ctx, a.exiting(), p.Pair, ids)
	if err != nil {
		return err
	}
	var records []ledger.Record
	for _, o := range orders {
		records = append(records, ledger.Record{Order: &o})
	}
	a.step(broker.Heard{Records: records})
	return nil
}

// remaining reads what there is, and whether our books explain what of it is locked.
func (a *Account) remaining(ctx context.Context, p stop.Plan, r *stop.Reading) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if p.Position != bitbank.Spot {
		return a.openPosition(ctx, p, r)
	}
	began := time.Now()
	assets, err := a.exiting().Assets(ctx)
	if err != nil {
		return err
	}
	found := rows(assets)
	a.step(broker.Heard{Answered: true, Records: []ledger.Record{{At: time.Now(), Balance: &ledger.Balance{Rows: found, Began: began}}}})
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.broker.Ledger()
	coin := coinOf(p.Pair)
	for _, row := range found {
		if row.Asset != coin || !row.OnHand.Known() || !row.Free.Known() || !row.Locked.Known() {
			continue
		}
		r.Doubt, r.Held, r.Free = "", row.OnHand.Decimal(), row.Free.Decimal()
		locked := decimal.Zero
		for _, o := range l.Live() {
			for _, m := range ledger.LockedBy(o, a.books.rates) {
				if m.Asset == coin {
					locked = locked.Add(m.Locked)
				}
			}
		}
		if !locked.Equal(row.Locked.Decimal()) {
			r.Doubt = stop.Unsure
		}
	}
	a.judged(l, p, coin, r)
	return nil
}

// openPosition is remaining for a position. The list names every pair and side, so one that is not in it was not read.
func (a *Account) openPosition(ctx context.Context, p stop.Plan, r *stop.Reading) error {
	began := time.Now()
	list, err := a.exiting().MarginPositions(ctx)
	if err != nil {
		return err
	}
	a.takePositions(list, began)
	a.step(broker.Heard{Answered: true})
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.broker.Ledger()
	for _, x := range list.Positions {
		if x.Pair != p.Pair || x.Side != p.Position || !x.OpenAmount.Known() {
			continue
		}
		r.Doubt, r.Held, r.Free = "", x.OpenAmount.Decimal(), x.OpenAmount.Decimal()
		for _, o := range l.Live() {
			if alikeExit(o, p) {
				r.Free = r.Free.Sub(o.RemainingAmount.Decimal())
			}
		}
		r.Free = decimal.Max(r.Free, decimal.Zero)
	}
	a.judged(l, p, "", r)
	// What was opened and closed since the plan was set must come to what is there.
	_, whole := l.Fills(p.Set, time.Now().Add(-tradesSettle))
	sum := p.Held.Decimal()
	for _, t := range tradesFor(l, p) {
		if t.Side == p.Side {
			sum = sum.Sub(t.Amount.Decimal())
		} else {
			sum = sum.Add(t.Amount.Decimal())
		}
	}
	r.Unproved = !whole || !sum.Equal(r.Held)
	return nil
}

// judged completes a reading by the books. Called with the lock.
func (a *Account) judged(l *ledger.Ledger, p stop.Plan, coin string, r *stop.Reading) {
	r.Guards, r.Fired = guardsOf(l, p), firedFor(l, p)
	for _, b := range l.Breaks() {
		for _, m := range b.Money {
			r.Unproved = r.Unproved || b.Kind == ledger.Unaccounted && b.Over.IsZero() && m.Asset == coin
		}
	}
	for _, name := range a.books.unsure {
		r.Unproved = r.Unproved || name == coin
	}
}

// readMarket reads what bitbank says of a pair, all at once.
func (a *Account) readMarket(ctx context.Context, p stop.Plan) (*stop.Market, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m := &stop.Market{At: time.Now()}
	c := a.exiting()
	g, ctx := errgroup.WithContext(ctx)
	listed := false
	g.Go(func() (err error) {
		m.Break, err = c.CircuitBreakInfo(ctx, p.Pair)
		return err
	})
	g.Go(func() error {
		d, err := c.Depth(ctx, p.Pair)
		if m.Book = d.Bids; p.Side == bitbank.Buy {
			m.Book = d.Asks
		}
		m.BookAt = time.Now().Add(d.At.Time().Sub(c.Now()))
		return err
	})
	g.Go(func() error {
		pairs, err := c.SpotPairs(ctx)
		for _, x := range pairs {
			if x.Name == p.Pair {
				m.Pair, listed = x, true
			}
		}
		return err
	})
	g.Go(func() error {
		status, err := c.SpotStatus(ctx)
		for _, s := range status {
			if s.Pair == p.Pair {
				m.Status, m.Least = s.Status, s.MinAmount
			}
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if !listed || m.Status == "" {
		m.Status = bitbank.StatusHalt // a pair that is not listed takes nothing
	}
	return m, nil
}

package reconcile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
)

// A world is a bitbank with a queue, hosts whose clocks differ and replicas that lag, over the simulated exchange. Time is a
// number: nothing runs by itself.
type world struct {
	t    testing.TB
	rng  *rand.Rand
	x    *exchange.Exchange
	a    *exchange.Account
	now  time.Time
	tail time.Time // when the account's queue is empty: writes take effect in the order of their acceptance (A1)
	wait []queued
	past []picture // a second apart, oldest first

	slow time.Duration // the longest that a write waits in the queue
	lag  time.Duration // the longest that a replica lags
}

type queued struct {
	at time.Time
	do func()
}

type picture struct {
	at time.Time
	x  *exchange.Exchange
}

func newWorld(t testing.TB, seed uint64) *world {
	// A calm market costs nothing, and what it does is not the question here.
	m := market.New(seed, 0.02, sent)
	x := exchange.New(seed, m, exchange.Limits{Live: 1000})
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 2)), x: x, now: sent,
		a: x.Open("me", map[string]decimal.Decimal{"jpy": decimal.New(1, 9), "btc": decimal.New(1, 4)}),
	}
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

const grain = 500 * time.Millisecond

// step lets half a second pass.
func (w *world) step() {
	end := w.now.Add(grain)
	for len(w.wait) > 0 && !w.wait[0].at.After(end) {
		q := w.wait[0]
		w.wait = w.wait[1:]
		w.x.Advance(q.at)
		q.do()
	}
	w.x.Advance(end)
	w.now = end
	w.x.Changes()
	w.x.Events()
	if n := len(w.past); n == 0 || w.now.Sub(w.past[n-1].at) >= time.Second {
		w.past = append(w.past, picture{w.now, w.x.Snapshot()})
		if len(w.past) > 70 {
			w.past = w.past[1:]
		}
	}
}

// skew is what one of bitbank's hosts is wrong by.
func (w *world) skew() time.Duration { return w.upTo(1600*time.Millisecond) - 800*time.Millisecond }

// send is a write on its way: it arrives, is accepted or too late, waits in the queue and takes effect.
func (w *world) send(o bitbank.NewOrder, at time.Time, window, travels time.Duration, done func(bitbank.OrderID)) {
	arrives := w.now.Add(travels)
	clock := arrives.Add(w.skew())
	if !at.Before(clock.Add(time.Second)) || clock.Sub(at) > window {
		return // 20034, 20035: and nobody hears of it
	}
	if w.tail.Before(arrives) {
		w.tail = arrives
	}
	w.tail = w.tail.Add(w.upTo(w.slow))
	b, err := json.Marshal(o)
	if err != nil {
		w.t.Fatal(err)
	}
	var p exchange.Params
	if err := json.Unmarshal(b, &p); err != nil {
		w.t.Fatal(err)
	}
	w.wait = append(w.wait, queued{w.tail, func() {
		row, code := w.x.Place(w.a, p)
		if code != 0 {
			w.t.Fatalf("%s: %d", b, code)
		}
		done(bitbank.OrderID(row.OrderID))
	}})
	slices.SortStableFunc(w.wait, func(a, b queued) int { return a.at.Compare(b.at) })
}

// replica is a copy that answers one read.
func (w *world) replica() (*exchange.Exchange, *exchange.Account) {
	behind := time.Duration(0)
	if w.rng.IntN(2) == 0 {
		behind = w.upTo(w.lag)
	}
	p := w.past[len(w.past)-1]
	for _, q := range slices.Backward(w.past) {
		if p = q; !q.at.After(w.now.Add(-behind)) {
			break
		}
	}
	return p.x, p.x.Account("me")
}

func ordersOf(t testing.TB, rows []exchange.Row) []bitbank.Order {
	b, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	var out []bitbank.Order
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// pass is one complete look, each of its reads at a replica of its own. ours are the ids that are known to belong elsewhere.
func (w *world) pass(i Intent, ours []bitbank.OrderID, barrier bitbank.OrderID, before decimal.Decimal) Pass {
	p := Pass{Began: w.now, Status: bitbank.StatusNormal}
	x, a := w.replica()
	rows, _ := x.Active(a, exchange.Params{"pair": i.Order.Pair})
	for _, o := range ordersOf(w.t, rows.Orders) {
		if p.Fresh = p.Fresh || o.ID == barrier; !slices.Contains(ours, o.ID) {
			p.Live = append(p.Live, o)
		}
	}
	x, a = w.replica()
	trades, _ := x.History(a, exchange.Params{"pair": i.Order.Pair, "since": strconv.FormatInt(i.At.Add(-5*time.Second).UnixMilli(), 10), "order": "asc", "count": "1000"})
	for _, tr := range trades.Trades {
		if id := bitbank.OrderID(tr.OrderID); !slices.Contains(ours, id) {
			row, code := x.Order(a, exchange.Params{"pair": i.Order.Pair, "order_id": strconv.FormatInt(tr.OrderID, 10)})
			if code != 0 {
				w.t.Fatalf("order %d of a trade: %d", id, code)
			}
			p.Traded = append(p.Traded, ordersOf(w.t, []exchange.Row{row})...)
		}
	}
	// What the ledger knows explains the locks of our own orders, and what they have traded.
	x, a = w.replica()
	p.Unexplained = map[string]decimal.Decimal{"jpy": w.unexplained(x, a, i.At, ours, before)}
	return p
}

// unexplained is the yen that are not where the known orders say.
func (w *world) unexplained(x *exchange.Exchange, a *exchange.Account, since time.Time, ours []bitbank.OrderID, before decimal.Decimal) decimal.Decimal {
	should := before
	for _, o := range ordersOf(w.t, x.Everything(a)) {
		if !slices.Contains(ours, o.ID) || o.Side != bitbank.Buy {
			continue
		}
		if !o.Status.Terminal() {
			should = should.Sub(o.Price.Decimal().Mul(o.RemainingAmount.Decimal()).Mul(decimal.RequireFromString("1.001")).Truncate(4))
		}
	}
	trades, _ := x.History(a, exchange.Params{"order": "asc", "count": "1000", "pair": "btc_jpy", "since": strconv.FormatInt(since.UnixMilli(), 10)})
	for _, tr := range trades.Trades {
		if slices.Contains(ours, bitbank.OrderID(tr.OrderID)) {
			v := decimal.RequireFromString(tr.Price).Mul(decimal.RequireFromString(tr.Amount)).Truncate(4)
			should = should.Sub(v).Sub(decimal.RequireFromString(tr.FeeQuote))
		}
	}
	for _, as := range x.Assets(a) {
		if as.Name == "jpy" {
			return decimal.RequireFromString(as.Free).Sub(should)
		}
	}
	return decimal.Decimal{}
}

// An end is what a case came to and what was true.
type end struct {
	c     Case
	truth bitbank.OrderID // 0: nothing was placed
	twin  bitbank.OrderID // the human's order that looks the same
	took  time.Duration
}

// lose sends one order whose answer is lost, and resolves it. identical lets a human send the same order in the same seconds.
func (w *world) lose(n int, identical bool) end {
	r := w.rng
	w.wait, w.tail, w.past = nil, time.Time{}, nil
	w.slow = []time.Duration{0, time.Second, 10 * time.Second, 120 * time.Second}[r.IntN(4)]
	w.lag = []time.Duration{0, 5 * time.Second, L - 2*time.Second}[r.IntN(3)]
	w.step()
	last := decimal.RequireFromString(w.x.Market().Ticker("btc_jpy").Last)
	away := []string{"0.9", "0.95", "1.002"}[r.IntN(3)] // the last one fills at once
	price := last.Mul(decimal.RequireFromString(away)).Truncate(0)
	o := bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Price: num(price.String()),
		Amount: num(decimal.New(int64(100+n%50), -4).String()), PostOnly: r.IntN(5) == 0,
	}
	i := Intent{ID: fmt.Sprint(n), Order: o, At: w.now, Window: 2 * time.Second}
	var before decimal.Decimal
	for _, as := range w.x.Assets(w.a) {
		if as.Name == "jpy" {
			before = decimal.RequireFromString(as.Free)
		}
	}
	for _, known := range ordersOf(w.t, w.x.Everything(w.a)) {
		i.Known = append(i.Known, known.ID)
	}
	ours := slices.Clone(i.Known)
	e := end{}
	if r.IntN(4) > 0 { // else it never arrives
		w.send(o, w.now, i.Window, []time.Duration{0, w.upTo(time.Second), w.upTo(6 * time.Second)}[r.IntN(3)], func(id bitbank.OrderID) { e.truth = id })
	}
	if identical {
		w.send(o, w.now, i.Window, w.upTo(time.Second), func(id bitbank.OrderID) { e.twin = id })
	}
	e.c = w.resolve(i, ours, before)
	e.took = w.now.Sub(i.At)
	// What is still in the queue takes effect: a verdict must not be contradicted later.
	for end := w.now.Add(3 * time.Minute); w.now.Before(end); {
		w.step()
	}
	for _, live := range ordersOf(w.t, w.x.Everything(w.a)) { // the next case begins with a clean book
		if !live.Status.Terminal() {
			w.x.Cancel(w.a, exchange.Params{"pair": live.Pair, "order_id": strconv.FormatInt(int64(live.ID), 10)})
		}
		if live.Status == bitbank.StatusCanceledUnfilled { // post_only that would have taken: neither resting nor filled
			for _, id := range []*bitbank.OrderID{&e.truth, &e.twin} {
				if *id == live.ID {
					*id = 0
				}
			}
		}
	}
	return e
}

// resolve does what the case wants until it is settled, or a quarter of an hour has passed.
func (w *world) resolve(i Intent, ours []bitbank.OrderID, before decimal.Decimal) Case {
	c := Open(i, w.now)
	made, last := 0, w.now
	var barrier, asked time.Time
	var barrierID bitbank.OrderID
	learn := func(f Fact) { f.At = w.now; c = c.Learn(f) }
	for until := w.now.Add(15 * time.Minute); !c.Settled() && c.Verdict != Ambiguous && w.now.Before(until); {
		w.step()
		wants, at := c.Wants(w.now, made, last)
		if slices.Contains(wants, WantFence) && w.now.Sub(asked) >= time.Second {
			asked = w.now
			clock := w.now.Add(w.skew())
			f := Fence{Signed: i.At, Window: i.Window}
			if clock.Sub(i.At) > i.Window {
				f.Code = 20035
			}
			learn(Fact{Fence: &f})
		}
		if slices.Contains(wants, WantBarrier) && barrier.IsZero() && w.now.After(c.FencedAt) {
			barrier = w.now
			far := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num("0.0001"), Price: num("5000000"), PostOnly: true}
			w.send(far, w.now, i.Window, 0, func(id bitbank.OrderID) { barrierID = id; ours = append(ours, id) })
		}
		if slices.Contains(wants, WantPass) && !at.After(w.now) {
			p := w.pass(i, ours, barrierID, before)
			if last = w.now; !c.FencedAt.IsZero() {
				made++
			}
			if p.Fresh && c.Barrier == nil {
				learn(Fact{Later: &Later{Signed: barrier, ID: barrierID, Seen: w.now}})
			}
			learn(Fact{Pass: &p})
			learn(Fact{Moved: &Moved{Traded: w.now}})
		}
	}
	return c
}

// Under A1, with queues shorter than Q and replicas within L, no verdict is ever contradicted by what happened, and every case
// is settled.
func TestNoVerdictIsContradictedByWhatHappened(t *testing.T) {
	worlds, each := 4, 250
	if testing.Short() {
		each = 60
	}
	if os.Getenv("HIKESHI_LONG") == "1" {
		worlds, each = 40, 500
	}
	for seed := range worlds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, uint64(seed))
			counts := map[string]int{}
			var slowest time.Duration
			for n := range each {
				identical := n%10 == 9
				e := w.lose(n, identical)
				counts[string(e.c.Verdict)+" "+e.c.Assumes]++
				slowest = max(slowest, e.took)
				switch {
				case e.c.Verdict == NotPlaced && (e.truth != 0 || e.twin != 0):
					t.Fatalf("order %d was placed as %d, the case says %+v", n, e.truth, e.c)
				case e.c.Verdict == Placed && !identical && e.c.Orders[0] != e.truth:
					t.Fatalf("order %d was placed as %d, the case adopts %v", n, e.truth, e.c.Orders)
				case e.c.Verdict == Ambiguous && !identical, e.c.Verdict == Unknown:
					t.Fatalf("order %d: %+v", n, e.c)
				}
			}
			for _, must := range []string{"placed ", "not_placed A1", "ambiguous "} {
				if counts[must] == 0 {
					t.Errorf("%q was never the end: the play proves nothing about it: %v", must, counts)
				}
			}
			t.Logf("figure: %d lost orders (seed %d): %v, the slowest after %v", each, seed, counts, slowest)
		})
	}
}

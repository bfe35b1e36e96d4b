package failures

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/account"
)

// A keeper is a bot that keeps a book of the orders that it believes in.
type keeper interface {
	bot
	book() map[int64]entry
}

// An entry is an order as a client believes it to be.
type entry struct {
	live     bool
	executed string
}

// What can be wrong with a book, and with cancels.
const (
	invisible kind = "invisible" // an order lives that the client takes for gone
	stale     kind = "stale"     // an order is gone that the client takes for living
	misbooked kind = "misbooked" // something else was executed than the client believes
	standing  kind = "standing"  // an order lives that was to be taken back
	tooLate   kind = "too late"  // what was to happen happened too late
)

// pair is the one that these scenarios trade.
const pair = "btc_jpy"

const cancelOrder = "/v1/user/spot/cancel_order"

// onCancels is a fault of the private host that concerns the cancelling of one order.
func onCancels(effect, more string) string {
	return strings.Replace(onOrders(effect, more), "/spot/order", "/spot/cancel_order", 1)
}

// book implements keeper: what the page about orders shows.
func (o *ours) book() map[int64]entry {
	all := map[int64]entry{}
	for _, x := range o.now().account.View().Orders {
		if x.Order.ID != 0 {
			all[int64(x.Order.ID)] = entry{x.Standing == account.Live, x.Order.ExecutedAmount.String()}
		}
	}
	return all
}

// placed wants an order and waits until the client knows its id.
func (w *world) placed(o order) int64 {
	w.t.Helper()
	x := w.want(o)
	for range 300 {
		if b, over := x.state(); over && b.id != 0 {
			return b.id
		}
		w.pass(100 * time.Millisecond)
	}
	w.t.Fatalf("the order was not placed: %+v", o)
	return 0
}

// takeBack has the bot take an order back: again every five seconds, for two minutes, while the client says that it failed.
func (w *world) takeBack(id int64) {
	until := time.Now().Add(2 * time.Minute)
	ctx, cancel := context.WithCancel(w.t.Context())
	w.t.Cleanup(cancel)
	w.going.Go(func() {
		for ctx.Err() == nil && w.bot.cancel(ctx, pair, id).state == isFailed && time.Now().Before(until) {
			rest(ctx, insistEvery)
		}
	})
}

// booksAgree compares what the client believes of its orders with the exchange.
func booksAgree(w *world) (flaws []flaw) {
	book := w.bot.(keeper).book()
	for _, r := range w.truth().Orders {
		if w.strange(r) {
			continue
		}
		e, known := book[r.ID]
		switch {
		case r.live() && !e.live:
			flaws = append(flaws, flaw{invisible, fmt.Sprintf("order %d lives, and the client takes it for gone", r.ID)})
		case !r.live() && e.live:
			flaws = append(flaws, flaw{stale, fmt.Sprintf("order %d is %s, and the client takes it for living", r.ID, r.Status)})
		}
		if was, is := plain(e.executed), plain(r.Executed); is != "0" && was != is || known && was != "" && was != is {
			flaws = append(flaws, flaw{misbooked, fmt.Sprintf("of order %d were executed %s, and the client books %q", r.ID, is, was)})
		}
	}
	return flaws
}

// noneLives asks for a book that is empty in the end.
func noneLives(w *world) (flaws []flaw) {
	for _, r := range w.truth().Orders {
		if !w.strange(r) && r.live() {
			flaws = append(flaws, flaw{standing, fmt.Sprintf("order %d lives on", r.ID)})
		}
	}
	return flaws
}

// both joins what several judgements say.
func both(judgements ...func(w *world) []flaw) func(w *world) []flaw {
	return func(w *world) (flaws []flaw) {
		for _, j := range judgements {
			flaws = append(flaws, j(w)...)
		}
		return flaws
	}
}

// find notes something wrong that shows while a scenario is played.
func (w *world) find(k kind, says string) { w.found = append(w.found, flaw{k, says}) }

// sent are the times at which the account's requests to a path of the private host arrived.
func (w *world) sent(method, path string, since time.Time) (at []time.Time) {
	for _, r := range w.truth().Requests {
		if r.Host == "private" && r.Method == method && r.Path == path && r.Key == simKey && !r.Time.Before(since) {
			at = append(at, r.Time)
		}
	}
	return at
}

// live reports whether an order can still be executed.
func (r row) live() bool {
	return r.Status == "UNFILLED" || r.Status == "PARTIALLY_FILLED" || r.Status == "INACTIVE"
}

// A hand is a library whose owner keeps a book by himself, and has habits with cancels.
type hand struct {
	*library
	takes func(ctx context.Context, h *hand, id int64) state

	mu     sync.Mutex
	orders map[int64]entry
}

// byHand makes a hand.
func byHand(takes func(ctx context.Context, h *hand, id int64) state) func(w *world) bot {
	return func(w *world) bot { return newHand(w, takes) }
}

// byHabit makes a hand with the habits of a library.
func byHabit(change func(*library)) func(w *world) bot {
	return func(w *world) bot {
		h := newHand(w, waitsForTheAnswer)
		change(h.library)
		return h
	}
}

func newHand(w *world, takes func(ctx context.Context, h *hand, id int64) state) *hand {
	return &hand{library: &library{w: w, http: w.newLine().transport()}, takes: takes, orders: map[int64]entry{}}
}

// place implements bot.
func (h *hand) place(ctx context.Context, o order) belief {
	b := h.library.place(ctx, o)
	rest(ctx, roundTrip) // the way back
	if b.state == isPlaced && b.id != 0 {
		h.note(b.id, func(e *entry) { e.live = true })
	}
	return b
}

// cancel implements bot.
func (h *hand) cancel(ctx context.Context, _ string, id int64) belief {
	return belief{state: h.takes(ctx, h, id), id: id}
}

// book implements keeper.
func (h *hand) book() map[int64]entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.orders)
}

// note changes an entry of the book.
func (h *hand) note(id int64, change func(*entry)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.orders[id]
	change(&e)
	h.orders[id] = e
}

// over notes that an order is gone.
func (h *hand) over(id int64) { h.note(id, func(e *entry) { e.live = false }) }

// sendCancel sends a cancel: the order as it was answered, or a code, or an error.
func (h *hand) sendCancel(ctx context.Context, id int64) (row, int, error) {
	_, b, err := h.send(ctx, http.MethodPost, cancelOrder, cancelBody(pair, id))
	var a struct {
		Data struct {
			row
			Code int
		}
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	return a.Data.row, a.Data.Code, err
}

// Habits with cancels.

// waitsForTheAnswer sends one cancel. An order whose cancel was not answered is "being cancelled" for ever.
func waitsForTheAnswer(ctx context.Context, h *hand, id int64) state {
	r, code, err := h.sendCancel(ctx, id)
	switch {
	case err != nil:
		return isUnknown
	case code != 0:
		return isFailed
	}
	h.note(id, func(e *entry) { *e = entry{r.live(), r.Executed} })
	return isPlaced
}

// anErrorIsGone takes an order out of the book whatever is answered.
func anErrorIsGone(ctx context.Context, h *hand, id int64) state {
	if r, code, err := h.sendCancel(ctx, id); err == nil && code == 0 {
		h.note(id, func(e *entry) { *e = entry{r.live(), r.Executed} })
	} else {
		h.over(id)
	}
	return isPlaced
}

// clearsFirst clears the book before it asks, and does not look at the answer.
func clearsFirst(ctx context.Context, h *hand, id int64) state {
	h.over(id)
	h.sendCancel(ctx, id)
	return isPlaced
}

// untilItIsTaken sends a cancel again and again, for two minutes.
func untilItIsTaken(ctx context.Context, h *hand, id int64) state {
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until) && ctx.Err() == nil; {
		if s := waitsForTheAnswer(ctx, h, id); s == isPlaced {
			return s
		}
	}
	return isFailed
}

// booksNothing takes "cancelled" for "nothing was executed".
func booksNothing(ctx context.Context, h *hand, id int64) state {
	_, code, err := h.sendCancel(ctx, id)
	if err != nil || code != 0 {
		return isFailed
	}
	h.over(id)
	return isPlaced
}

// Another customer of the exchange. He only ever sells, which the account of the scenarios does not.
const otherKey, otherSecret = "other-key", "other-secret"

// strange reports whether an order is none of the bot's: bots buy by limits, and stops are the owner's.
func (w *world) strange(r row) bool {
	return r.Side == "sell" && (r.Type == "limit" || strings.HasPrefix(r.Type, "stop")) || w.ofOurs(r)
}

// sells has another customer sell so much to whoever bids this price.
func (w *world) sells(amount, price string) {
	w.t.Helper()
	o := order{Pair: pair, Side: "sell", Type: "limit", Amount: amount, Price: price}
	ask := func() belief {
		req, rec := httptest.NewRequest(http.MethodPost, "/v1/user/spot/order", strings.NewReader(o.body())), httptest.NewRecorder()
		sign(req, otherKey, otherSecret, o.body(), time.Now(), 5000)
		w.sim.Handler("private").ServeHTTP(rec, req)
		return envelope(rec.Code, rec.Body.Bytes())
	}
	b := ask()
	if b.code == 20002 { // he has no account yet
		w.control("POST", "/accounts", `{"id":"other","key":"`+otherKey+`","secret":"`+otherSecret+`","balances":{"btc":"1000"}}`)
		b = ask()
	}
	if b.id == 0 {
		w.t.Fatalf("the other customer was refused with %d", b.code)
	}
}

// best is a bid that is the best of the market and is not executed at once.
func (w *world) best(amount string) order {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.sim.Handler("public").ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/btc_jpy/depth", nil))
	var d struct {
		Data struct{ Asks, Bids [][2]decimal.Decimal }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil || len(d.Data.Bids) == 0 {
		w.t.Fatalf("the depth cannot be read: %v", err)
	}
	bid := d.Data.Bids[0][0].Add(decimal.NewFromInt(1))
	if !bid.LessThan(d.Data.Asks[0][0]) {
		bid = d.Data.Bids[0][0]
	}
	return order{Pair: pair, Side: "buy", Type: "limit", Amount: amount, Price: bid.String()}
}

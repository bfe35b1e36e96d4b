package broker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A bot wants orders at its pace, repeats what it was not told the outcome of, hangs up when it is impatient, and cancels
// what it has.
type bot struct {
	w        *world
	name     string
	pair     string
	every    time.Duration // on average between two moves
	patience time.Duration // how long the gateway may hold its calls
	hangs    float64       // how often it hangs up before
	repeats  int           // how often it repeats a call whose outcome it does not know
	equal    int           // up to so many equal orders at once
	mine     []resting
	serial   bool // one call at a time
	waits    int  // calls
	stopped  bool
}

type resting struct {
	id    bitbank.OrderID
	pair  string
	until time.Time
}

func newBots(w *world) []*bot {
	n := 2 + w.rng.IntN(4)
	var out []*bot
	for i := range n {
		b := &bot{
			w: w, name: fmt.Sprint("bot", i), pair: tradedPairs[w.rng.IntN(len(tradedPairs))],
			every: w.between(300*time.Millisecond, 3*time.Second), patience: []time.Duration{500 * time.Millisecond, 7500 * time.Millisecond, 30 * time.Second}[w.rng.IntN(3)],
			hangs: []float64{0, 0, 0.1, 0.4}[w.rng.IntN(4)], repeats: []int{0, 1, 5, 20}[w.rng.IntN(4)], equal: []int{1, 1, 2, 4}[w.rng.IntN(4)], serial: w.rng.IntN(3) > 0,
		}
		out = append(out, b)
		w.after(w.upTo(5*time.Second), b.move)
	}
	return out
}

func (b *bot) move() {
	if b.stopped {
		return
	}
	w := b.w
	pace := b.every
	if w.weather.kind == "well" {
		pace = 4 * time.Second
	}
	w.after(time.Duration(float64(pace)*w.rng.ExpFloat64())+time.Millisecond, b.move)
	if !w.shell.up || b.serial && b.waits > 0 {
		return
	}
	b.cancel()
	if len(b.mine) > 20 {
		return
	}
	o := bitbank.NewOrder{Pair: b.pair, Side: bitbank.Buy, Type: bitbank.Limit, Amount: num1(fmt.Sprintf("0.%d", 1+w.rng.IntN(5)))}
	if w.chance(0.5) {
		o.Side = bitbank.Sell
	}
	off := 50 + 25*w.rng.IntN(12) // hundredths of a percent from the price
	if w.chance(0.03) {
		off = -20 // takes at once
	}
	if o.Side == bitbank.Buy {
		off = -off
	}
	o.Price = w.bank.price(o.Pair, off)
	if w.rng.IntN(4) == 0 {
		o.PostOnly = true
	}
	if w.chance(0.01) {
		o.Type, o.Price, o.PostOnly = bitbank.Market, bitbank.Number{}, false
	}
	for range 1 + w.rng.IntN(b.equal) {
		b.want(o)
	}
}

// want is one order that is wanted, however often it has to be asked for.
func (b *bot) want(o bitbank.NewOrder) {
	b.w.truth.wants(b.name, o)
	b.ask(o, 0)
}

func (b *bot) ask(o bitbank.NewOrder, try int) {
	w, s := b.w, b.w.shell
	again := func() {
		if try < b.repeats {
			w.after(w.between(100*time.Millisecond, 3*time.Second), func() { b.ask(o, try+1) })
		}
	}
	if !s.up || !s.audited {
		again()
		return
	}
	s.calls++
	call, life := s.calls, s.life
	over := false
	b.waits++
	s.held[call] = func(r Reply, answered bool) {
		over = true
		b.waits--
		if !answered { // we went down
			again()
			return
		}
		whole := w.chance(0.97)
		s.after(w.upTo(5*time.Millisecond), func() { s.told(Told{Call: call, Whole: whole}) })
		switch {
		case !whole, r.Outcome == Unknown:
			again()
		case r.Outcome == Placed:
			b.has(o, r)
		default:
			w.truth.absent(b.name, o)
		}
	}
	if w.chance(b.hangs) {
		w.after(w.upTo(b.patience), func() {
			if s.life == life && s.up && !over {
				s.held[call] = func(Reply, bool) { s.told(Told{Call: call}) } // it was being written
				over = true
				b.waits--
				s.step(Gone{Call: call})
				again()
			}
		})
	}
	s.step(Ask{Call: call, Bot: b.name, Order: &o, Guard: Unguarded, Until: w.now.Add(b.patience)})
}

// has takes in an order that is said to be placed: it is another one than those before.
func (b *bot) has(o bitbank.NewOrder, r Reply) {
	for _, x := range r.Orders {
		if before, told := b.w.truth.told[x.ID]; told {
			// A crash before the records of the answer leaves it open whether the bot was told: docs/adr/0015.
			if crashed := b.w.shell.crashed; crashed.Before(before) || crashed.Sub(before) > 20*time.Millisecond {
				b.w.never("order %d is given to bots twice: %v", x.ID, r)
			}
			b.w.tally.again++
		}
		b.w.truth.told[x.ID] = b.w.now
		b.mine = append(b.mine, resting{x.ID, x.Pair, b.w.now.Add(b.w.between(5*time.Second, 90*time.Second))})
	}
	if len(r.Orders) != 1 {
		b.w.never("bot %s is told that %v is placed with %d orders: %+v", b.name, o, len(r.Orders), r)
	}
}

// cancel takes back what has rested long enough, several of a pair at once.
func (b *bot) cancel() {
	var ids []bitbank.OrderID
	b.mine = slices.DeleteFunc(b.mine, func(r resting) bool {
		if r.until.After(b.w.now) || len(ids) >= 5 {
			return false
		}
		ids = append(ids, r.id)
		return true
	})
	if len(ids) == 0 {
		return
	}
	w, s := b.w, b.w.shell
	for _, id := range ids {
		w.truth.asked[id] = true
	}
	s.calls++
	call := s.calls
	s.held[call] = func(r Reply, answered bool) {
		if answered {
			s.after(time.Millisecond, func() { s.told(Told{Call: call, Whole: true}) })
		}
		if !answered || r.Outcome == NotPlaced {
			for _, id := range ids {
				b.mine = append(b.mine, resting{id, b.pair, w.now.Add(20 * time.Second)})
			}
		}
	}
	s.step(Ask{Call: call, Bot: b.name, Cancel: &ledger.Cancel{Pair: b.pair, IDs: ids}, Until: w.now.Add(b.patience)})
}

// A human trades at the web site: orders of his own, deposits, and sometimes the very order that a bot has just placed.
type human struct {
	w       *world
	stopped bool
	mine    []resting
}

func (h *human) begin() { h.w.after(h.w.upTo(30*time.Second), h.move) }

func (h *human) move() {
	if h.stopped {
		return
	}
	w := h.w
	w.after(w.between(5*time.Second, 90*time.Second), h.move)
	if k := w.weather.kind; k == "outage" || k == "dark" || k == "maintenance" {
		return
	}
	switch n := w.rng.IntN(10); {
	case n == 0:
		h.deposit()
	case n < 4 && len(h.mine) > 0:
		r := h.mine[0]
		h.mine = h.mine[1:]
		w.truth.asked[r.id] = true
		w.bank.enqueue(func() { w.bank.execute(Send{Cancel: &ledger.Cancel{Pair: r.pair, IDs: []bitbank.OrderID{r.id}}}) })
	default:
		pair := tradedPairs[w.rng.IntN(len(tradedPairs))]
		h.place(bitbank.NewOrder{Pair: pair, Side: bitbank.Buy, Type: bitbank.Limit, Amount: num1(fmt.Sprintf("0.0%d7", 1+w.rng.IntN(9))), Price: w.bank.price(pair, -30-w.rng.IntN(300))})
	}
	if w.plan.twins && w.chance(0.3) {
		for _, id := range slices.Sorted(maps.Keys(w.truth.lost)) {
			if w.truth.verdicts[id] == "" && w.truth.sent[id].Bot != Own { // nobody else places a barrier's odd price
				w.truth.twins[ledger.LaneOf(*w.truth.sent[id].Order)] = true
				h.place(*w.truth.sent[id].Order)
				break
			}
		}
	}
}

func (h *human) place(o bitbank.NewOrder) {
	h.w.bank.enqueue(func() {
		row, code := h.w.bank.x.Place(h.w.bank.a, paramsOf(o))
		if code == 0 {
			h.mine = append(h.mine, resting{bitbank.OrderID(row.OrderID), o.Pair, time.Time{}})
		}
	})
}

// deposit: yen arrive, and are told by the stream and the history a little later.
func (h *human) deposit() {
	w := h.w
	at := w.now
	w.bank.reach()
	w.bank.x.Purse(w.bank.a).Receive("jpy", num1("1000").Decimal())
	d := bitbank.Deposit{
		UUID: fmt.Sprint("deposit", w.now.UnixNano()), Asset: "jpy", Amount: num1("1000"), Status: bitbank.DepositDone,
		FoundAt: bitbank.Millis(at.UnixMilli()), ConfirmedAt: bitbank.Millis(at.UnixMilli()),
	}
	w.bank.reach()
	w.bank.deposits = append(w.bank.deposits, ledger.Record{Transfer: &ledger.Transfer{Deposit: &d}})
	w.shell.stream(w.bank.deposits[len(w.bank.deposits)-1])
}

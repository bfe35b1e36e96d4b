package broker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A naive client sends a bot's orders straight to the same faulty bitbank. It is told what our client is told, and does what the
// clients of today do.
type naive struct {
	w    *world
	kind string
	made int
	sum  outcomes
}

// outcomes of wanted orders: each should be executed once, or the client should know that it is not.
type outcomes struct{ wanted, ambiguous, doubled, extra, lost int }

// An attempt is one wanted order and what became of it.
type attempt struct {
	order    bitbank.NewOrder
	tries    int
	executed int
	hopeless bool // the client takes it for failed
}

func (n *naive) want() {
	w := n.w
	if w.tallyOver(n.sum.ambiguous) {
		return
	}
	w.after(w.upTo(2*time.Second), n.want)
	pair := tradedPairs[w.rng.IntN(len(tradedPairs))]
	n.made++
	a := &attempt{order: bitbank.NewOrder{
		Pair: pair, Side: bitbank.Buy, Type: bitbank.Limit, Price: w.bank.price(pair, -50-w.rng.IntN(300)), Amount: num1(fmt.Sprintf("0.%03d", 100+n.made%900)),
	}}
	n.sum.wanted++
	n.send(a)
	w.after(10*time.Minute, func() {
		switch {
		case a.executed > 1:
			n.sum.doubled++
			n.sum.extra += a.executed - 1
		case a.executed == 1 && a.hopeless:
			n.sum.lost++
		}
	})
}

// tallyOver reports whether enough answers were lost.
func (w *world) tallyOver(lost int) bool { return lost >= w.plan.ambiguous }

func (n *naive) send(a *attempt) {
	w := n.w
	a.tries++
	s := Send{ID: fmt.Sprint(n.kind, n.made, "-", a.tries), Bot: "naive", Order: &a.order}
	w.bank.watch = func(id string, order bitbank.OrderID) { n.executed(id, order) }
	n.mine()[s.ID] = a
	w.bank.post(s, w.now, 5*time.Second, func(e Sent) { n.answered(a, e) })
}

func (n *naive) mine() map[string]*attempt {
	if n.w.bank.naive == nil {
		n.w.bank.naive = map[string]*attempt{}
	}
	return n.w.bank.naive
}

// executed counts; it is taken back after a minute, so that the book stays small.
func (n *naive) executed(id string, order bitbank.OrderID) {
	a := n.mine()[id]
	a.executed++
	n.w.after(time.Minute, func() {
		n.w.bank.reach()
		n.w.bank.execute(Send{Bot: Own, Cancel: &ledger.Cancel{Pair: a.order.Pair, IDs: []bitbank.OrderID{order}}})
	})
}

func (n *naive) answered(a *attempt, e Sent) {
	w := n.w
	if len(e.Orders) > 0 {
		return
	}
	lost := e.Refused == nil
	if lost {
		n.sum.ambiguous++
	}
	switch n.kind {
	case "ccxt with its retry option": // up to three more times, on errors of the network, among them 5xx and time-outs
		if lost && e.Code == 0 && a.tries <= 3 {
			w.after(10*time.Millisecond, func() { n.send(a) })
			return
		}
	case "naive retry bot": // until it is taken
		if a.tries < 10 {
			w.after(time.Second, func() { n.send(a) })
			return
		}
	case "five-poll resolver":
		if lost {
			n.poll(a, 0)
			return
		}
	}
	a.hopeless = true
}

// poll looks five times for the order in the lists, and sends it again when it was in none.
func (n *naive) poll(a *attempt, polls int) {
	w := n.w
	if polls == 5 {
		if a.tries < 4 {
			n.send(a)
		} else {
			a.hopeless = true
		}
		return
	}
	w.after(2*time.Second, func() {
		if ok, _ := w.weather.read(w); ok && w.bank.shows(a.order) {
			return
		}
		n.poll(a, polls+1)
	})
}

// shows reports whether the lists show such an order.
func (k *bank) shows(o bitbank.NewOrder) bool {
	same := func(x bitbank.Order) bool { return laneOf(x) == ledger.LaneOf(o) }
	if slices.ContainsFunc(k.live(o.Pair), same) {
		return true
	}
	for _, t := range k.traded(o.Pair, k.w.now.Add(-time.Minute)) {
		if slices.ContainsFunc(k.infos([]bitbank.OrderID{t.OrderID}), same) {
			return true
		}
	}
	return false
}

// What clients of today make of the same bitbank, beside ours.
func TestNaiveClientsDoubleAndLose(t *testing.T) {
	each := scale(100, 300, 10_000)
	for _, kind := range []string{"ccxt with its retry option", "naive retry bot", "five-poll resolver"} {
		var sum outcomes
		for seed := range uint64(6) {
			w := newWorld(1000+seed, plan{ambiguous: each})
			p := planOf(w.rng)
			w.plan.lag, w.plan.tail = p.lag, p.tail
			n := &naive{w: w, kind: kind}
			w.weather.begin(w)
			w.after(0, n.want)
			w.runUntil(begin.Add(30*24*time.Hour), func() bool { return w.tallyOver(n.sum.ambiguous) })
			w.runUntil(w.now.Add(20*time.Minute), nil)
			sum.wanted, sum.ambiguous, sum.doubled = sum.wanted+n.sum.wanted, sum.ambiguous+n.sum.ambiguous, sum.doubled+n.sum.doubled
			sum.extra, sum.lost = sum.extra+n.sum.extra, sum.lost+n.sum.lost
		}
		fmt.Printf("figure: naive, %s: of %d wanted orders and %d ambiguous answers %d doubled (%d orders too many), %d placed and taken for failed\n",
			kind, sum.wanted, sum.ambiguous, sum.doubled, sum.extra, sum.lost)
		if sum.doubled == 0 {
			t.Errorf("%s doubled nothing: the worlds prove nothing about it", kind)
		}
	}
}

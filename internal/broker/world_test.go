package broker

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"hikeshi/bitbank"
)

// A world is a bitbank, a broker with its shell and its disk, bots, and a human at the web site, under one seed. Nothing in it
// runs by itself: what is to happen stands in a queue, and time is the time of the next thing.
type world struct {
	seed  uint64
	rng   *rand.Rand
	now   time.Time
	queue happenings
	n     int
	plan  plan

	weather weather
	bank    *bank
	shell   *shell
	bots    []*bot
	human   *human
	truth   *truth
	tally   tally
	wrong   []string // what must never happen
}

// A plan is what kind of world it is.
type plan struct {
	ambiguous int           // so many lost answers, then the world gets well
	lag       time.Duration // the longest that a replica lags
	tail      time.Duration // the longest that the user's queue gets
	quick     bool          // bitbank is quick whenever it is well: for the figures of how long a proof takes
	barrier   bool          // the active barrier is allowed
	crashes   bool
	full      bool // now and then the disk is
	human     bool
	twins     bool // the human sometimes places the very order that a bot has just placed
	json      bool // records go through JSON on their way to the disk
	unordered bool // violates A1: the queue does not keep its order
	endless   bool // violates Q: some writes wait longer
	kill      int  // the process ends before this effect, counted from 1
}

func planOf(rng *rand.Rand) plan {
	p := plan{
		lag:     []time.Duration{0, time.Second, 5 * time.Second, 28 * time.Second}[rng.IntN(4)],
		tail:    []time.Duration{0, 2 * time.Second, 20 * time.Second, 120 * time.Second}[rng.IntN(4)],
		barrier: rng.IntN(2) == 0, crashes: rng.IntN(3) > 0, full: rng.IntN(4) == 0, human: rng.IntN(4) > 0,
		twins: rng.IntN(5) == 0, json: rng.IntN(8) == 0,
	}
	return p
}

// A tally is what is counted.
type tally struct {
	worlds, orders, ambiguous, crashes, wants, joined       int
	placed, provedA1, provedQ, ambiguousEnd, strangers      int
	doubled, falseAbsent, lostOrders, stuck, unasked, early int
	cancels, ghosts                                         int
	again                                                   int             // an order's number was given to a bot once more, after a crash
	inTrouble                                               int             // recognised before bitbank was well
	proof, seen, old, settle                                []time.Duration // old: seen where replicas lag by more than a second; fence to verdict; answers again to placed; lost to settled
	full                                                    []time.Duration // fence to verdict, where a pair had no room for a barrier
}

func (t *tally) add(o tally) {
	t.worlds, t.orders, t.ambiguous, t.crashes = t.worlds+o.worlds, t.orders+o.orders, t.ambiguous+o.ambiguous, t.crashes+o.crashes
	t.wants, t.joined, t.placed, t.provedA1, t.provedQ = t.wants+o.wants, t.joined+o.joined, t.placed+o.placed, t.provedA1+o.provedA1, t.provedQ+o.provedQ
	t.ambiguousEnd, t.strangers, t.doubled, t.falseAbsent = t.ambiguousEnd+o.ambiguousEnd, t.strangers+o.strangers, t.doubled+o.doubled, t.falseAbsent+o.falseAbsent
	t.lostOrders, t.stuck, t.unasked, t.early = t.lostOrders+o.lostOrders, t.stuck+o.stuck, t.unasked+o.unasked, t.early+o.early
	t.cancels, t.ghosts = t.cancels+o.cancels, t.ghosts+o.ghosts
	t.proof, t.seen, t.settle = append(t.proof, o.proof...), append(t.seen, o.seen...), append(t.settle, o.settle...)
	t.again += o.again
	t.full, t.old, t.inTrouble = append(t.full, o.full...), append(t.old, o.old...), t.inTrouble+o.inTrouble
}

func newWorld(seed uint64, p plan) *world {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), now: begin, plan: p}
	w.tally.worlds = 1
	w.truth = newTruth(w)
	w.bank = newBank(w)
	w.shell = newShell(w)
	w.human = &human{w: w}
	return w
}

// A happening is something that will happen.
type happening struct {
	at time.Time
	n  int // in the order in which they were arranged
	do func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].n < h[j].n
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = happening{}
	*h = (*h)[:len(*h)-1]
	return last
}

func (w *world) at(t time.Time, do func()) {
	if t.Before(w.now) {
		t = w.now
	}
	w.n++
	heap.Push(&w.queue, happening{t, w.n, do})
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// runUntil lets everything happen until a time, or until done says so.
func (w *world) runUntil(end time.Time, done func() bool) {
	for len(w.queue) > 0 && len(w.wrong) == 0 && !w.queue[0].at.After(end) {
		h := heap.Pop(&w.queue).(happening)
		w.now = h.at
		h.do()
		if done != nil && done() {
			return
		}
	}
	if w.now.Before(end) && done == nil {
		w.now = end
	}
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

func (w *world) between(a, b time.Duration) time.Duration { return a + w.upTo(b-a) }

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// never notes what must not be.
func (w *world) never(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf("%s: ", w.now.Sub(begin))+fmt.Sprintf(format, args...))
}

// play runs the world until so many answers were lost, then well until everything is settled, and then for some time longer,
// in which nothing may contradict what was said.
func (w *world) play() {
	w.shell.start()
	w.bots = newBots(w)
	w.weather.begin(w)
	if w.plan.human {
		w.human.begin()
	}
	w.runUntil(begin.Add(6*time.Hour), func() bool { return w.tally.ambiguous >= w.plan.ambiguous })
	w.weather.well(w)
	w.human.stopped = true
	well := w.now
	w.runUntil(well.Add(time.Minute), nil)
	// The bots go on for a while: their orders are barriers.
	calm := 20 * time.Minute
	calm += w.plan.tail
	if w.plan.endless {
		calm += time.Hour
	}
	w.runUntil(well.Add(calm), func() bool { return w.shell.up && w.shell.unsettled() == 0 })
	for _, b := range w.bots {
		b.stopped = true
	}
	settled := w.now
	w.runUntil(settled.Add(4*time.Minute), nil)
	if len(w.wrong) == 0 {
		w.truth.end()
	}
}

// num1 reads a number that is known to be one.
func num1(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

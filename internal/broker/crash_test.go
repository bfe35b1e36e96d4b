package broker

import (
	"fmt"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// scripted is a world in which little is left to chance: a bot wants ten orders, two of them equal; some answers and some
// requests are lost; one order is cancelled. The process ends before a certain effect.
func scripted(kill int) *world {
	w := newWorld(4, plan{barrier: true, kill: kill})
	b := &bot{w: w, name: "bot", pair: "btc_jpy", patience: 3 * time.Second, repeats: 20}
	w.shell.start()
	w.bots = []*bot{b}
	kinds := []string{"well", "answers lost", "requests lost", "well", "code after", "well", "answers lost", "well"}
	for n, kind := range kinds {
		w.after(time.Duration(2+n)*time.Second, func() {
			w.weather.kind, w.weather.wild = kind, 1
			o := bitbank.NewOrder{
				Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num1(fmt.Sprintf("0.00%d", n+1)), Price: w.bank.price("btc_jpy", -100),
			}
			b.want(o)
			if n == 1 || n == 6 {
				b.want(o)
			}
			if n == 5 && len(b.mine) > 0 {
				b.mine[0].until = w.now
				b.cancel()
			}
			if n == len(kinds)-1 {
				w.weather.ended = true
			}
		})
	}
	w.runUntil(begin.Add(15*time.Second), nil)
	w.runUntil(begin.Add(20*time.Minute), func() bool { return w.shell.up && w.shell.unsettled() == 0 })
	w.runUntil(w.now.Add(time.Minute), nil)
	if len(w.wrong) == 0 {
		w.truth.end()
	}
	return w
}

// Whichever effect is the first that does not happen, the next start converges, and no order is doubled or lost.
func TestACrashBeforeAnyEffectIsSurvived(t *testing.T) {
	whole := scripted(0)
	if len(whole.wrong) > 0 || whole.tally.ambiguous < 4 {
		t.Fatalf("without a crash: %v, %d ambiguous", whole.wrong, whole.tally.ambiguous)
	}
	effects := whole.shell.carried
	if effects < 40 {
		t.Fatalf("the history has %d effects only", effects)
	}
	lost := 0
	for kill := 1; kill <= effects; kill++ {
		w := scripted(kill)
		if len(w.wrong) > 0 {
			t.Errorf("killed before effect %d of %d: %s", kill, effects, w.wrong[0])
		}
		if w.tally.crashes != 1 {
			t.Errorf("killed before effect %d of %d: %d crashes", kill, effects, w.tally.crashes)
		}
		lost += w.tally.ambiguous
	}
	fmt.Printf("figure: broker, killed before each of %d effects, once each: all settled, nothing doubled, %d answers lost altogether\n", effects, lost)
}

// Several thousand lost orders at once are settled in good time, and the memory of the broker is bounded.
func TestThousandsOfOpenOrdersAreSettledTogether(t *testing.T) {
	const many = 3000
	b := started()
	now := begin
	looks, slowest := 0, time.Duration(0)
	var serve func(effects []Effect)
	serve = func(effects []Effect) {
		for _, l := range of[Look](effects) {
			began := time.Now()
			effects := b.Step(now, Looked{Pair: l.Pair, Began: now, Whole: true, Answered: true, Status: bitbank.StatusNormal})
			slowest = max(slowest, time.Since(began))
			looks++
			serve(effects)
		}
		for range of[Fence](effects) {
			serve(b.Step(now, Fenced{Fence: reconcile.Fence{Signed: now, Window: 5 * time.Second}, OK: true}))
		}
	}
	for n := range many {
		o := limit(t, fmt.Sprintf("0.%05d", n+1))
		s := only[Send](t, b.Step(now, Ask{Call: CallID(n + 1), Bot: "grid", Order: o, Until: now.Add(time.Second)}))
		b.Sign(now, s.ID, now, 2*time.Second)
		serve(b.Step(now, Sent{ID: s.ID, Code: 10005}))
	}
	took := time.Now()
	looks, slowest = 0, 0
	for range 200 {
		now = now.Add(500 * time.Millisecond)
		serve(b.Step(now, Tick{}))
	}
	if looks < 10 {
		t.Fatalf("%d looks", looks)
	}
	for n := range many { // the stream tells of every one
		o := limit(t, fmt.Sprintf("0.%05d", n+1))
		b.Step(now, Heard{Records: []ledger.Record{{At: now, Order: new(placedOf(t, o, bitbank.OrderID(n+1), begin))}}})
	}
	if open := len(b.Ledger().Open()); open != 0 {
		t.Errorf("%d are open", open)
	}
	each := time.Since(took) / many
	fmt.Printf("figure: broker, %d lost orders at once: the slowest of %d looks takes %v; all in all %v for each order\n", many, looks, slowest, each)
}

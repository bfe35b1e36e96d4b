package broker

import (
	"encoding/json"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

const half = 30 * time.Minute

func byHand(bot string, until time.Duration) Freeze {
	return Freeze{ledger.Frozen{Bot: bot, On: true, Until: begin.Add(until)}}
}

// stoppedAt asks for an order and says why it is refused, if it is.
func stoppedAt(t *testing.T, b *Broker, call CallID, at time.Duration) Reason {
	t.Helper()
	effects := b.Step(begin.Add(at), ask(call, limit(t, "0.01"), at+time.Second))
	defer b.Step(begin.Add(at), Gone{Call: call})
	if len(of[Send](effects)) > 0 {
		return ""
	}
	return only[Reply](t, effects).Reason
}

func TestTradingByHandEndsByItselfAndSaysSo(t *testing.T) {
	b := started()
	k := only[Keep](t, b.Step(begin, byHand("", half)))
	if f := k.Records[0].Frozen; !f.On || !f.Until.Equal(begin.Add(half)) {
		t.Fatalf("recorded is %+v", f)
	}
	if got := stoppedAt(t, b, 1, time.Minute); got != ByHand {
		t.Errorf("an order meanwhile is refused for %q", got)
	}
	// A cancel is served.
	c := &ledger.Cancel{Pair: "btc_jpy", IDs: []bitbank.OrderID{7}}
	only[Send](t, b.Step(begin.Add(time.Minute), Ask{Call: 2, Bot: "grid", Cancel: c, Until: begin.Add(2 * time.Minute)}))
	if next := b.Next(begin.Add(3 * time.Minute)); next.IsZero() || next.After(begin.Add(half)) {
		t.Errorf("the next step is due at %v", next)
	}
	k = only[Keep](t, b.Step(begin.Add(half), Tick{}))
	if f := k.Records[len(k.Records)-1].Frozen; f == nil || f.On || !f.Until.Equal(begin.Add(half)) {
		t.Errorf("at its end is recorded %+v", k.Records)
	}
	if effects := b.Step(begin.Add(half+time.Second), Tick{}); len(of[Keep](effects)) > 0 {
		t.Errorf("it ends twice: %+v", effects)
	}
	if got := stoppedAt(t, b, 3, half+time.Minute); got != "" {
		t.Errorf("an order afterwards is refused for %q", got)
	}
}

// An order that waits when its owner takes over never leaves.
func TestWhatWaitsIsHeldToo(t *testing.T) {
	b := started()
	s := only[Send](t, b.Step(begin, ask(1, limit(t, "0.01"), 8*time.Second)))
	b.Step(begin.Add(time.Second), byHand("grid", half))
	if effects, ok := b.Sign(begin.Add(2*time.Second), s.ID, begin.Add(2*time.Second), 2*time.Second); ok {
		t.Fatalf("it leaves: %+v", effects)
	}
	r := only[Reply](t, b.Step(begin.Add(2*time.Second), Sent{ID: s.ID}))
	if r.Outcome != NotPlaced || r.Reason != ByHand || !r.Until.Equal(begin.Add(half)) {
		t.Errorf("the bot is told %+v", r)
	}
}

func TestAnEndLetsGoNoMoreThanItHeld(t *testing.T) {
	b := started()
	b.Step(begin, Freeze{ledger.Frozen{Bot: "grid", On: true}})
	b.Step(begin.Add(time.Minute), byHand("", half))
	b.Step(begin.Add(half), Tick{})
	if got := stoppedAt(t, b, 1, time.Hour); got != Frozen {
		t.Errorf("a bot that was frozen before is refused for %q", got)
	}
	b.Step(begin.Add(time.Hour), byHand("grid", 2*time.Hour))
	b.Step(begin.Add(time.Hour), Freeze{ledger.Frozen{Bot: "grid"}})
	if got := stoppedAt(t, b, 2, time.Hour); got != "" {
		t.Errorf("one that was let go is refused for %q", got)
	}
}

// A restart in between changes nothing; an end that came while we were down is recorded at the start.
func TestTradingByHandOutlivesUs(t *testing.T) {
	b := started()
	var disk [][]byte
	for _, k := range of[Keep](b.Step(begin, byHand("", half))) {
		for _, r := range k.Records {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			disk = append(disk, text)
		}
	}
	again := func(at time.Duration) (*Broker, []Effect) {
		records := make([]ledger.Record, len(disk))
		for i, text := range disk {
			if err := json.Unmarshal(text, &records[i]); err != nil {
				t.Fatal(err)
			}
		}
		b := resumed(records)
		return b, b.Start(begin.Add(at))
	}
	b, _ = again(10 * time.Minute)
	if got := stoppedAt(t, b, 1, 11*time.Minute); got != ByHand {
		t.Errorf("after a restart an order is refused for %q", got)
	}
	b, effects := again(time.Hour)
	over := false
	for _, r := range only[Keep](t, effects).Records {
		over = over || r.Frozen != nil && !r.Frozen.On
	}
	if got := stoppedAt(t, b, 1, time.Hour); got != "" || !over {
		t.Errorf("when its end is past an order is refused for %q, the end recorded: %v", got, over)
	}
	// A clock that was set back keeps it, and does not record its end over and over.
	b, _ = again(-time.Hour)
	if got := stoppedAt(t, b, 1, -time.Hour); got != ByHand {
		t.Errorf("with an earlier clock an order is refused for %q", got)
	}
}

// No barrier of ours is sent while the owner trades by hand, even if only one bot is held, and one that rests is taken back.
func TestWhileTheOwnerTradesNoBarrierIsSent(t *testing.T) {
	b := started()
	b.AllowBarrier(true)
	_, now := lose(t, b, 1, limit(t, "0.01"), begin)
	now = now.Add(time.Second)
	only[Quote](t, b.Step(now, Tick{}))
	// It is asked for already when the owner takes over.
	b.Step(now, Freeze{ledger.Frozen{Bot: "arb", On: true, Until: now.Add(10 * time.Second)}})
	if sent := of[Send](b.Step(now, quoteOf("btc_jpy"))); len(sent) > 0 {
		t.Errorf("a barrier is sent: %+v", sent)
	}
	for end := now.Add(9 * time.Second); now.Before(end); now = now.Add(time.Second) {
		if asked := of[Quote](b.Step(now, Tick{})); len(asked) > 0 {
			t.Fatalf("a barrier is planned: %+v", asked)
		}
	}
	now = now.Add(2 * time.Second)
	only[Quote](t, b.Step(now, Tick{}))
	s := only[Send](t, b.Step(now, quoteOf("btc_jpy")))
	b.Sign(now, s.ID, now, 2*time.Second)
	b.Step(now, Sent{ID: s.ID, Orders: []bitbank.Order{placedOf(t, s.Order, 70, now)}})
	effects := b.Step(now.Add(time.Second), Freeze{ledger.Frozen{On: true, Until: now.Add(time.Minute)}})
	if c := only[Send](t, effects); c.Cancel == nil || c.Cancel.IDs[0] != 70 {
		t.Errorf("the barrier that rests stays: %+v", effects)
	}
}

// What appears meanwhile and is nobody's is the owner's: no lost order of a bot is found in it unless it would be at any other time,
// and two that look the same are the owner's to tell apart.
func TestTheOwnersOrdersAreNotTakenForABots(t *testing.T) {
	for _, c := range []struct {
		name    string
		appears []string // amounts of orders that look like the lost one otherwise
		want    reconcile.Verdict
	}{
		{"another one", []string{"0.02"}, reconcile.Unknown},
		{"two that look the same", []string{"0.01", "0.01"}, reconcile.Ambiguous},
	} {
		b := started()
		id, now := lose(t, b, 1, limit(t, "0.01"), begin)
		b.Step(now, Freeze{ledger.Frozen{On: true, Until: now.Add(half)}})
		var seen []bitbank.Order
		for i, amount := range c.appears {
			seen = append(seen, placedOf(t, limit(t, amount), bitbank.OrderID(80+i), begin.Add(time.Second)))
		}
		now = now.Add(time.Second)
		b.Step(now, Tick{})
		b.Step(now, Looked{Pair: "btc_jpy", Began: now, Whole: true, Answered: true, Live: seen})
		got, _, _ := b.Ledger().Case(id)
		if got.Verdict != c.want {
			t.Errorf("%s: the lost order is %q, want %q", c.name, got.Verdict, c.want)
		}
		for _, o := range seen {
			if _, by, _ := b.Ledger().Order("btc_jpy", o.ID); by.By != ledger.Nobody {
				t.Errorf("%s: %d is made %+v", c.name, o.ID, by)
			}
		}
	}
}

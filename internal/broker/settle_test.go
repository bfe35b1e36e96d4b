package broker

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// lose sends an order whose answer is lost, and closes its fence.
func lose(t *testing.T, b *Broker, call CallID, o *bitbank.NewOrder, now time.Time) (id string, later time.Time) {
	t.Helper()
	s := only[Send](t, b.Step(now, Ask{Call: call, Bot: "grid", Order: o, Until: now.Add(time.Second)}))
	b.Sign(now, s.ID, now, 2*time.Second)
	b.Step(now, Sent{ID: s.ID, Code: 10005})
	now = now.Add(3100 * time.Millisecond)
	b.Step(now, Looked{Pair: o.Pair})
	for range 3 {
		b.Step(now, Fenced{Fence: reconcile.Fence{Signed: now, Window: 5 * time.Second}, OK: true})
	}
	if c, _, _ := b.Ledger().Case(s.ID); c.FencedAt.IsZero() {
		t.Fatalf("the fence is open: %+v", c)
	}
	return s.ID, now
}

func quoteOf(pair string) Quoted {
	return Quoted{Pair: pair, Smallest: num1("0.0001"), Last: decimal.NewFromInt(9_000_000), Calm: true}
}

func TestABarrierIsSentWhenItIsAllowedAndTakenBack(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		b := started()
		b.AllowBarrier(allowed)
		id, now := lose(t, b, 1, limit(t, "0.01"), begin)
		now = now.Add(time.Second)
		asked := of[Quote](b.Step(now, Tick{}))
		if !allowed {
			if len(asked) > 0 {
				t.Error("a quote is asked for, and no barrier is allowed")
			}
			continue
		}
		if len(asked) != 1 {
			t.Fatalf("%d quotes are asked for", len(asked))
		}
		if sent := of[Send](b.Step(now, Quoted{Pair: "btc_jpy"})); len(sent) > 0 {
			t.Errorf("a barrier is sent where nothing is calm: %+v", sent)
		}
		now = now.Add(quotes)
		only[Quote](t, b.Step(now, Tick{}))
		s := only[Send](t, b.Step(now, quoteOf("btc_jpy")))
		if o := s.Order; s.Bot != Own || !o.PostOnly || o.Amount.String() != "0.0001" || !o.Price.Decimal().LessThan(decimal.NewFromInt(8_100_001)) {
			t.Errorf("the barrier is %+v", s)
		}
		b.Sign(now, s.ID, now, 2*time.Second)
		rests := placedOf(t, s.Order, 70, now)
		b.Step(now, Sent{ID: s.ID, Orders: []bitbank.Order{rests}})
		// The lost order is found after all: the barrier is not needed any more.
		effects := b.Step(now, Heard{Records: []ledger.Record{{Order: new(placedOf(t, limit(t, "0.01"), 7, begin))}}})
		if c, _, _ := b.Ledger().Case(id); c.Verdict != reconcile.Placed {
			t.Fatalf("%+v", c)
		}
		effects = append(effects, b.Step(now, Tick{})...)
		if c := only[Send](t, effects); c.Cancel == nil || c.Cancel.IDs[0] != 70 {
			t.Errorf("the barrier is not taken back: %+v", c)
		}
	}
}

func TestAfterDarknessOrdersComeStepByStep(t *testing.T) {
	b := started()
	b.Step(begin, Looked{Pair: "btc_jpy"})
	b.Step(begin, Looked{Pair: "btc_jpy"})
	if !b.Dark() {
		t.Fatal("it is not dark")
	}
	now := begin.Add(time.Minute)
	b.Step(now, Seen{Pair: "btc_jpy", Missing: []bitbank.OrderID{1}})
	b.Step(now, Ask{Call: 2000, Bot: "grid", Class: Early, Order: limit(t, "7"), Until: now.Add(time.Millisecond)})
	well(t, b, now, "btc_jpy")
	now = now.Add(classSpread[Early])
	sent := 0
	for n := range 100 {
		sent += len(of[Send](b.Step(now, Ask{Call: CallID(n + 1), Bot: "grid", Class: Early, Order: limit(t, decimal.New(int64(n+1), -3).String()), Until: now.Add(time.Hour)})))
	}
	if sent != 1 {
		t.Errorf("%d orders are sent at once", sent)
	}
	// A cancel never waits.
	c := &ledger.Cancel{Pair: "btc_jpy", IDs: []bitbank.OrderID{7}}
	only[Send](t, b.Step(now, Ask{Call: 1000, Bot: "grid", Cancel: c, Until: now.Add(time.Hour)}))
	by := map[int]int{}
	for end := now.Add(50 * time.Second); now.Before(end); {
		now = b.Next(now)
		sent += len(of[Send](b.Step(now, Tick{})))
		by[int(now.Sub(begin.Add(time.Minute))/(10*time.Second))] = sent
	}
	if by[0] < 6 || by[0] > 13 || by[1]-by[0] < 15 || by[1]-by[0] > 23 || sent != 100 {
		t.Errorf("sent after each ten seconds: %v", by)
	}
}

func TestALostOrderThatNobodyWantsIsCancelledOnSight(t *testing.T) {
	b := started()
	id, now := lose(t, b, 1, limit(t, "0.01"), begin)
	if effects := b.Step(now, Unwant{ID: id}); len(of[Send](effects)) > 0 {
		t.Fatalf("what is not known is cancelled: %+v", effects)
	}
	effects := b.Step(now, Heard{Records: []ledger.Record{{Order: new(placedOf(t, limit(t, "0.01"), 7, begin))}}})
	s := only[Send](t, effects)
	if s.Cancel == nil || s.Cancel.IDs[0] != 7 {
		t.Fatalf("%+v is sent", s)
	}
	// The pair takes no cancels: it is tried now and then, and goes with the first that is taken.
	b.Sign(now, s.ID, now, 2*time.Second)
	b.Step(now, Sent{ID: s.ID, Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: 70018}})
	if effects := b.Step(now.Add(10*time.Second), Tick{}); len(of[Send](effects)) > 0 {
		t.Errorf("it is sent again at once: %+v", effects)
	}
	now = now.Add(probeLatched)
	s = only[Send](t, b.Step(now, Tick{}))
	b.Sign(now, s.ID, now, 2*time.Second)
	over := placedOf(t, limit(t, "0.01"), 7, begin)
	over.Status = bitbank.StatusCanceledUnfilled
	b.Step(now, Sent{ID: s.ID, Orders: []bitbank.Order{over}})
	if len(b.cancels) != 0 {
		t.Errorf("it goes on: %+v", b.cancels)
	}
}

func TestABotThatHangsUpWhileItIsAnsweredIsOwedTheAnswer(t *testing.T) {
	b := started()
	o := limit(t, "0.01")
	s := only[Send](t, b.Step(begin, ask(1, o, 8*time.Second)))
	b.Sign(begin, s.ID, begin, 2*time.Second)
	only[Reply](t, b.Step(begin, Sent{ID: s.ID, Orders: []bitbank.Order{placedOf(t, o, 7, begin)}}))
	b.Step(begin, Gone{Call: 1})
	// It repeats before anybody has said that the answer was not written.
	effects := b.Step(begin, ask(2, o, 8*time.Second))
	if r := of[Reply](effects); len(r) != 1 || r[0].Outcome != Placed || r[0].Orders[0].ID != 7 {
		t.Errorf("the repetition leads to %+v", effects)
	}
}

func TestAGapThatACrashInterruptedEnds(t *testing.T) {
	b := started()
	var written []ledger.Record
	note := func(effects []Effect) {
		for _, k := range of[Keep](effects) {
			written = append(written, k.Records...)
		}
	}
	s := only[Send](t, b.Step(begin, ask(1, limit(t, "0.01"), 8*time.Second)))
	signed, _ := b.Sign(begin, s.ID, begin, 2*time.Second)
	note(signed)
	note(b.Step(begin, Sent{ID: s.ID}))
	note(b.Step(begin, Heard{Gap: &reconcile.Gap{From: begin}}))
	again := resumed(written)
	again.Start(begin.Add(time.Minute))
	if c, _, _ := again.Ledger().Case(s.ID); len(c.Gaps) != 1 || !c.Gaps[0].To.Equal(begin.Add(time.Minute)) {
		t.Errorf("its gaps are %+v", c.Gaps)
	}
}

func TestTwoOrdersThatOnlyPostOnlyTellsApartShareALane(t *testing.T) {
	b := started()
	o := limit(t, "0.01")
	maker := *o
	maker.PostOnly = true
	only[Send](t, b.Step(begin, ask(1, o, 8*time.Second)))
	if effects := b.Step(begin, ask(2, &maker, 8*time.Second)); len(of[Send](effects)) > 0 {
		t.Errorf("both are under way: %+v", effects)
	}
}

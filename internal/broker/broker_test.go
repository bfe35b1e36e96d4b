package broker

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

var begin = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

func num(t testing.TB, s string) bitbank.Number {
	t.Helper()
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func limit(t testing.TB, amount string) *bitbank.NewOrder {
	return &bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, amount), Price: num(t, "9000000")}
}

// placedOf is an order as bitbank reports it after it was placed.
func placedOf(t testing.TB, n *bitbank.NewOrder, id bitbank.OrderID, at time.Time) bitbank.Order {
	return bitbank.Order{
		ID: id, Pair: n.Pair, Side: n.Side, Type: n.Type, Status: bitbank.StatusUnfilled, StartAmount: n.Amount,
		RemainingAmount: n.Amount, ExecutedAmount: num(t, "0"), AveragePrice: num(t, "0"), Price: n.Price, OrderedAt: bitbank.Millis(at.UnixMilli()),
	}
}

// of are the effects of one type.
func of[T Effect](effects []Effect) []T {
	var out []T
	for _, e := range effects {
		if x, ok := e.(T); ok {
			out = append(out, x)
		}
	}
	return out
}

func only[T Effect](t *testing.T, effects []Effect) T {
	t.Helper()
	all := of[T](effects)
	if len(all) != 1 {
		t.Fatalf("%d effects of type %T among %+v", len(all), *new(T), effects)
	}
	return all[0]
}

func started() *Broker {
	b := New()
	b.Start(begin)
	return b
}

func ask(call CallID, o *bitbank.NewOrder, until time.Duration) Ask {
	return Ask{Call: call, Bot: "grid", Order: o, Until: begin.Add(until)}
}

func TestAnOrderIsRecordedSentAndAnswered(t *testing.T) {
	b := started()
	o := limit(t, "0.01")
	s := only[Send](t, b.Step(begin, ask(1, o, 8*time.Second)))
	effects, ok := b.Sign(begin, s.ID, begin, 2*time.Second)
	if !ok || only[Keep](t, effects).Records[0].Intended.ID != s.ID {
		t.Fatalf("signing gives %+v, %v", effects, ok)
	}
	effects = b.Step(begin.Add(time.Second), Sent{ID: s.ID, Orders: []bitbank.Order{placedOf(t, o, 7, begin)}})
	if _, first := effects[0].(Keep); !first {
		t.Errorf("the answer is given before it is recorded: %+v", effects)
	}
	if r := only[Reply](t, effects); r.Call != 1 || r.Outcome != Placed || r.Orders[0].ID != 7 {
		t.Errorf("the bot is told %+v", r)
	}
	b.Step(begin.Add(time.Second), Told{Call: 1, Whole: true})
	if i, _ := b.Ledger().Intent(s.ID); i.Debt != ledger.Paid {
		t.Errorf("the debt is %q after the answer was written", i.Debt)
	}
	// The next equal one is another one.
	if next := only[Send](t, b.Step(begin.Add(2*time.Second), ask(2, o, 9*time.Second))); next.ID == s.ID {
		t.Error("two intents bear one id")
	}
}

func TestARepetitionJoinsWhatIsOwedAndAnEqualOrderWaits(t *testing.T) {
	b := started()
	o := limit(t, "0.01")
	s := only[Send](t, b.Step(begin, ask(1, o, 8*time.Second)))
	b.Sign(begin, s.ID, begin, 2*time.Second)
	// A second one while the first is held is wanted too, and waits.
	if effects := b.Step(begin.Add(time.Second), ask(2, o, 20*time.Second)); len(of[Send](effects)) > 0 {
		t.Fatalf("two orders of one lane are under way: %+v", effects)
	}
	effects := b.Step(begin.Add(2*time.Second), Sent{ID: s.ID})
	if len(of[Reply](effects)) > 0 {
		t.Fatalf("a lost answer is told at once: %+v", effects)
	}
	only[Look](t, effects)
	b.Step(begin.Add(3*time.Second), Looked{Pair: "btc_jpy", Began: begin.Add(3 * time.Second), Answered: true, Whole: true})
	r := only[Reply](t, b.Step(begin.Add(8*time.Second), Tick{}))
	if r.Call != 1 || r.Outcome != Unknown || r.Intent != s.ID {
		t.Fatalf("at its deadline the bot is told %+v", r)
	}
	b.Step(begin.Add(8*time.Second), Told{Call: 1, Whole: true})
	// The bot repeats: this is the first order, not a third one.
	if effects := b.Step(begin.Add(9*time.Second), ask(3, o, 17*time.Second)); len(of[Send](effects)) > 0 {
		t.Fatalf("a repetition is sent: %+v", effects)
	}
	effects = b.Step(begin.Add(10*time.Second), Heard{Records: []ledger.Record{{Order: new(placedOf(t, o, 7, begin))}}})
	if r := only[Reply](t, effects); r.Call != 3 || r.Outcome != Placed || r.Orders[0].ID != 7 {
		t.Errorf("the repetition is told %+v", r)
	}
	// Now the second wanted one is sent.
	if s := only[Send](t, effects); b.sending[s.ID].call != 2 {
		t.Errorf("what is sent next is %+v", s)
	}
}

func TestWhatNobodyWaitsForIsNotSent(t *testing.T) {
	b := started()
	s := only[Send](t, b.Step(begin, ask(1, limit(t, "0.01"), 8*time.Second)))
	if d := only[Drop](t, b.Step(begin.Add(time.Second), Gone{Call: 1})); d.ID != s.ID {
		t.Errorf("%+v is dropped", d)
	}
	if _, ok := b.Sign(begin.Add(time.Second), s.ID, begin, 2*time.Second); ok {
		t.Error("it may be sent all the same")
	}
	// At its deadline likewise, and the bot is told.
	s = only[Send](t, b.Step(begin.Add(2*time.Second), ask(2, limit(t, "0.01"), 8*time.Second)))
	effects := b.Step(begin.Add(8*time.Second), Tick{})
	if r := only[Reply](t, effects); r.Outcome != NotPlaced || r.Reason != Waited || only[Drop](t, effects).ID != s.ID {
		t.Errorf("at the deadline: %+v", effects)
	}
}

func TestAfterACrashTheBotIsOwedItsAnswer(t *testing.T) {
	b := started()
	var written []ledger.Record
	keep := func(effects []Effect) {
		for _, k := range of[Keep](effects) {
			written = append(written, k.Records...)
		}
	}
	o := limit(t, "0.01")
	effects := b.Step(begin, ask(1, o, 8*time.Second))
	s := only[Send](t, effects)
	signed, _ := b.Sign(begin, s.ID, begin, 2*time.Second)
	keep(signed)
	again := resumed(written)
	keep(again.Start(begin.Add(5 * time.Second)))
	if c, _, ok := again.Ledger().Case(s.ID); !ok || c.Verdict != reconcile.Unknown {
		t.Fatalf("after the crash its case is %+v, %v", c, ok)
	}
	if effects := again.Step(begin.Add(6*time.Second), ask(1, o, 14*time.Second)); len(of[Send](effects)) > 0 {
		t.Fatalf("the bot's repetition is sent: %+v", effects)
	} else {
		only[Look](t, effects)
	}
}

func TestALostCancelIsReadUntilItsOrderIsOver(t *testing.T) {
	b := started()
	c := &ledger.Cancel{Pair: "btc_jpy", IDs: []bitbank.OrderID{7}}
	s := only[Send](t, b.Step(begin, Ask{Call: 1, Bot: "grid", Cancel: c, Until: begin.Add(8 * time.Second)}))
	b.Sign(begin, s.ID, begin, 2*time.Second)
	now := begin.Add(time.Second)
	if r := only[Read](t, b.Step(now, Sent{ID: s.ID})); r.IDs[0] != 7 {
		t.Fatalf("%+v is read", r)
	}
	// It rests all the same: after a while it is sent again.
	rests := placedOf(t, limit(t, "0.01"), 7, begin)
	effects := b.Step(now, Seen{Pair: "btc_jpy", Orders: []bitbank.Order{rests}})
	for len(of[Send](effects)) == 0 && now.Before(begin.Add(7*time.Second)) {
		now = b.Next(now)
		effects = b.Step(now, Tick{})
		if len(of[Read](effects)) > 0 {
			effects = b.Step(now, Seen{Pair: "btc_jpy", Orders: []bitbank.Order{rests}})
		}
	}
	twice := only[Send](t, effects)
	b.Sign(now, twice.ID, now, 2*time.Second)
	over := rests
	over.Status = bitbank.StatusCanceledUnfilled
	if r := only[Reply](t, b.Step(now, Sent{ID: twice.ID, Orders: []bitbank.Order{over}})); r.Call != 1 || r.Outcome != Placed || r.Orders[0].Status != over.Status {
		t.Errorf("the bot is told %+v", r)
	}
	if len(b.cancels) != 0 {
		t.Error("it goes on being looked for")
	}
}

// A bot that has asked for an intent knows its outcome: its next equal order is another one.
func TestReadingAnIntentPaysItsDebt(t *testing.T) {
	for name, c := range map[string]struct {
		whole bool
		sends int
	}{"read whole": {true, 1}, "not read whole": {false, 0}} {
		b := started()
		o := limit(t, "0.01")
		s := only[Send](t, b.Step(begin, ask(1, o, 8*time.Second)))
		b.Sign(begin, s.ID, begin, 2*time.Second)
		b.Step(begin.Add(time.Second), Sent{ID: s.ID})
		only[Reply](t, b.Step(begin.Add(8*time.Second), Tick{}))
		b.Step(begin.Add(8*time.Second), Told{Call: 1, Whole: true})
		b.Step(begin.Add(9*time.Second), Told{Intent: s.ID, Whole: true}) // "unknown" pays nothing
		if i, _ := b.Ledger().Intent(s.ID); i.Debt != ledger.Due {
			t.Fatalf("%s: the debt of an open order is %q", name, i.Debt)
		}
		found := placedOf(t, o, 7, begin)
		b.Step(begin.Add(10*time.Second), Looked{Pair: o.Pair, Began: begin.Add(10 * time.Second), Answered: true, Whole: true, Live: []bitbank.Order{found}})
		b.Step(begin.Add(11*time.Second), Told{Intent: s.ID, Whole: c.whole})
		effects := b.Step(begin.Add(12*time.Second), ask(2, o, 20*time.Second))
		if got := len(of[Send](effects)); got != c.sends {
			t.Errorf("%s: %d orders are sent, want %d: %+v", name, got, c.sends, effects)
		}
	}
}

// resumed is a broker that takes up what the journal holds.
func resumed(records []ledger.Record) *Broker {
	l := &ledger.Ledger{}
	for _, r := range records {
		l.Apply(r)
	}
	b := New()
	b.Begin(l)
	return b
}

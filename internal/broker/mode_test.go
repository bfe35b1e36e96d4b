package broker

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

func TestWhatBecomesOfAPostOnlyOrder(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name   string
		mode   string
		age    time.Duration // of the newest read; negative: there is none
		failed bool
		want   [3]string // of a strict, a lenient and an unguarded bot
	}{
		{"continuous, just read", bitbank.ModeNone, 0, false, [3]string{"sent", "sent", "sent"}},
		{"continuous, and the newest read failed", bitbank.ModeNone, 29 * second, true, [3]string{"sent", "sent", "sent"}},
		{"continuous, at the bound", bitbank.ModeNone, 30 * second, true, [3]string{"sent", "sent", "sent"}},
		{"continuous half a minute ago, and not read since", bitbank.ModeNone, 31 * second, true, [3]string{"blind", "sent", "sent"}},
		{"continuous long ago, and about to be read", bitbank.ModeNone, time.Hour, false, [3]string{"waits", "waits", "sent"}},
		{"a circuit break", bitbank.ModeBreak, 0, false, [3]string{"auction", "auction", "sent"}},
		{"one without bounds", bitbank.ModeFullBreak, 0, false, [3]string{"auction", "auction", "sent"}},
		{"the auction after a stop", bitbank.ModeResumption, 0, false, [3]string{"auction", "auction", "sent"}},
		{"a listing", bitbank.ModeListing, 0, false, [3]string{"auction", "auction", "sent"}},
		{"a mode that we do not know", "SOMETHING_NEW", 0, false, [3]string{"auction", "auction", "sent"}},
		{"a break a minute ago, and not read since", bitbank.ModeBreak, time.Minute, true, [3]string{"blind", "auction", "sent"}},
		{"never read, about to be", "", -1, false, [3]string{"waits", "waits", "sent"}},
		{"never read, in vain", "", -1, true, [3]string{"blind", "sent", "sent"}},
	} {
		for g, want := range c.want {
			m := circuit{mode: c.mode, failed: c.failed}
			if c.age >= 0 {
				m.at = begin.Add(-c.age)
			}
			why, wait := m.judge(begin, Guard(g))
			got := string(why)
			switch {
			case wait && why == "":
				got = "waits"
			case why == "":
				got = "sent"
			}
			if got != want {
				t.Errorf("%s: with guard %d it is %q, want %q", c.name, g, got, want)
			}
		}
	}
	if why, _ := (circuit{failed: true}).judge(begin, Guard(7)); why != Blind {
		t.Errorf("a guard that is none lets it pass: %q", why)
	}
}

// A makers is a broker and a post-only order of one bot.
type makers struct {
	t *testing.T
	b *Broker
	n CallID
}

func newMakers(t *testing.T) *makers { return &makers{t: t, b: started()} }

func (m *makers) ask(at time.Duration, g Guard) []Effect {
	m.n++
	o := limit(m.t, "0.01")
	o.PostOnly = true
	return m.b.Step(begin.Add(at), Ask{Call: m.n, Bot: "grid", Order: o, Guard: g, Until: begin.Add(at + 7*time.Second)})
}

func (m *makers) observed(at time.Duration, mode string) []Effect {
	now := begin.Add(at)
	return m.b.Step(now, Observed{Pair: "btc_jpy", Mode: mode, Began: now, Stamp: now})
}

// told pays for an answer, so that no later order of the test joins it.
func (m *makers) told(at time.Duration) { m.b.Step(begin.Add(at), Told{Call: m.n, Whole: true}) }

func TestTheFirstPostOnlyOrderWaitsForTheMode(t *testing.T) {
	m := newMakers(t)
	effects := m.ask(0, Strict)
	if o := only[Observe](t, effects); o.Pair != "btc_jpy" || len(of[Send](effects)) > 0 {
		t.Fatalf("at first: %+v", effects)
	}
	if effects := m.b.Step(begin.Add(time.Second), Tick{}); len(effects) > 0 {
		t.Fatalf("while it is read: %+v", effects)
	}
	only[Send](t, m.observed(2*time.Second, bitbank.ModeNone))
}

func TestOutsideContinuousTradingItIsRefused(t *testing.T) {
	m := newMakers(t)
	m.ask(0, Strict)
	if r := only[Reply](t, m.observed(time.Second, bitbank.ModeBreak)); r.Outcome != NotPlaced || r.Reason != Auction || r.Mode != bitbank.ModeBreak {
		t.Errorf("the bot is told %+v", r)
	}
	m.told(time.Second)
	// The mode is known now: at once, and without a read for the order.
	effects := m.ask(2*time.Second, Strict)
	if r := only[Reply](t, effects); r.Reason != Auction || len(of[Observe](effects)) > 0 {
		t.Errorf("the next one: %+v", effects)
	}
	// What needs no word is sent.
	o := limit(t, "0.02")
	only[Send](t, m.b.Step(begin.Add(3*time.Second), Ask{Call: 90, Bot: "grid", Order: o, Until: begin.Add(9 * time.Second)}))
	if effects := m.ask(3*time.Second, Unguarded); len(of[Send](effects)) != 1 {
		t.Errorf("of a bot that wants it so: %+v", effects)
	}
}

// A repetition of an order that may exist must never hear that it does not, whatever the mode is by now.
func TestARepetitionLearnsItsOutcomeWhateverTheMode(t *testing.T) {
	m := newMakers(t)
	m.ask(0, Strict)
	s := only[Send](t, m.observed(0, bitbank.ModeNone))
	m.b.Sign(begin, s.ID, begin, 2*time.Second)
	m.b.Step(begin.Add(time.Second), Sent{ID: s.ID})
	m.b.Step(begin.Add(7*time.Second), Tick{})
	m.told(7 * time.Second)
	m.observed(8*time.Second, bitbank.ModeBreak)
	effects := m.ask(9*time.Second, Strict)
	if len(of[Reply](effects)) > 0 || len(of[Send](effects)) > 0 {
		t.Fatalf("a repetition: %+v", effects)
	}
	found := placedOf(t, m.b.calls[m.n].Order, 7, begin)
	r := only[Reply](t, m.b.Step(begin.Add(10*time.Second), Heard{Records: []ledger.Record{{Order: &found}}}))
	if r.Outcome != Placed || r.Orders[0].ID != 7 {
		t.Errorf("it is told %+v", r)
	}
}

// The mode may change while an order waits for the account's limit.
func TestAnOrderThatWaitsForTheLimitIsJudgedAgain(t *testing.T) {
	m := newMakers(t)
	m.ask(0, Strict)
	s := only[Send](t, m.observed(0, bitbank.ModeNone))
	m.observed(5*time.Second, bitbank.ModeBreak)
	if effects, ok := m.b.Sign(begin.Add(6*time.Second), s.ID, begin.Add(6*time.Second), 2*time.Second); ok {
		t.Fatalf("it leaves: %+v", effects)
	}
	r := only[Reply](t, m.b.Step(begin.Add(6*time.Second), Sent{ID: s.ID, Refused: &ledger.Refused{Proof: bitbank.ProofNotBegun}}))
	if r.Outcome != NotPlaced || r.Reason != Auction {
		t.Errorf("the bot is told %+v", r)
	}
}

// While the public host is away a known mode is trusted for half a minute; then strict bots are refused at once and lenient ones
// are not, and the reads are one in five seconds, for however many pairs.
func TestWhileTheModeCannotBeRead(t *testing.T) {
	m := newMakers(t)
	m.b.modes.want(begin, "xrp_jpy")
	m.ask(0, Strict)
	m.observed(0, bitbank.ModeNone)
	reads := map[string]int{}
	step := func(now time.Time) {
		for _, o := range of[Observe](m.b.Step(now, Tick{})) {
			if now.After(begin.Add(time.Second)) {
				reads[o.Pair]++
			}
			m.b.Step(now.Add(time.Millisecond), Observed{Pair: o.Pair})
		}
	}
	now := begin
	for ; now.Before(begin.Add(time.Minute)); now = now.Add(100 * time.Millisecond) {
		step(now)
		for _, p := range []string{"btc_jpy", "xrp_jpy"} {
			m.b.modes.want(now, p)
		}
	}
	if n := reads["btc_jpy"] + reads["xrp_jpy"]; n < 11 || n > 13 || reads["btc_jpy"] < 5 || reads["xrp_jpy"] < 5 {
		t.Errorf("in a minute without an answer there were reads %v", reads)
	}
	at := now.Sub(begin)
	effects := m.ask(at, Strict)
	for _, r := range of[Reply](effects) {
		if r.Reason == Blind {
			return
		}
	}
	t.Errorf("after a minute without an answer: %+v", effects)
}

func TestAnOlderPictureSaysNothing(t *testing.T) {
	m := newMakers(t)
	m.ask(0, Strict)
	m.observed(time.Second, bitbank.ModeBreak)
	m.told(time.Second)
	old := Observed{Pair: "btc_jpy", Mode: bitbank.ModeNone, Began: begin.Add(6 * time.Second), Stamp: begin.Add(-30 * time.Second)}
	m.b.Step(begin.Add(6*time.Second), old)
	if r := only[Reply](t, m.ask(7*time.Second, Lenient)); r.Reason != Auction {
		t.Errorf("a lagging replica makes it %+v", r)
	}
}

func TestModesAreReadModestlyAndNotForEver(t *testing.T) {
	m := newMakers(t)
	pairs := []string{"btc_jpy", "xrp_jpy", "eth_jpy", "doge_jpy"}
	for _, p := range pairs {
		m.b.modes.want(begin, p)
	}
	reads := map[string][]time.Time{}
	var newest time.Time
	for now := begin; now.Before(begin.Add(30 * time.Minute)); now = now.Add(100 * time.Millisecond) {
		if next := m.b.Next(now); next.IsZero() || next.After(now) {
			continue
		}
		o := only[Observe](t, m.b.Step(now, Tick{}))
		if now.Sub(newest) < modeApart {
			t.Fatalf("two reads %v apart", now.Sub(newest))
		}
		newest = now
		reads[o.Pair] = append(reads[o.Pair], now)
		m.b.Step(now.Add(50*time.Millisecond), Observed{Pair: o.Pair, Mode: bitbank.ModeNone, Began: now, Stamp: now})
	}
	for _, p := range pairs {
		if n := len(reads[p]); n < 118 || n > 122 {
			t.Errorf("%s was read %d times, want one in 5 s for ten minutes", p, n)
		}
		if last := reads[p][len(reads[p])-1]; last.After(begin.Add(modeFor)) {
			t.Errorf("%s was read %v after its newest order", p, last.Sub(begin))
		}
	}
}

func TestInTheDarkNoModeIsRead(t *testing.T) {
	m := newMakers(t)
	m.ask(0, Strict)
	m.observed(0, bitbank.ModeNone)
	for !m.b.Dark() {
		m.b.line.failed(begin)
	}
	for now := begin; now.Before(begin.Add(time.Minute)); now = now.Add(time.Second) {
		if effects := m.b.Step(now, Tick{}); len(of[Observe](effects)) > 0 {
			t.Fatalf("at %v: %+v", now.Sub(begin), effects)
		}
	}
}

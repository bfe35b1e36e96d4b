package broker

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// exitAsk is the exit of a local stop.
func exitAsk(call CallID, o *bitbank.NewOrder) Ask {
	return Ask{Call: call, Bot: Exits + "1", Order: o, Until: begin.Add(time.Hour), Another: true, Guard: Unguarded}
}

func TestWhatKeepsBotsOutDoesNotCloseTheWayOut(t *testing.T) {
	for _, c := range []struct {
		name string
		f    ledger.Frozen
		want Reason
	}{
		{"everything is frozen", ledger.Frozen{On: true}, ""},
		{"the plan's own name is", ledger.Frozen{Bot: Exits + "1", On: true}, Frozen},
		{"another plan is", ledger.Frozen{Bot: Exits + "2", On: true}, ""},
		{"the owner trades by hand", ledger.Frozen{On: true, Until: begin.Add(time.Hour)}, ByHand},
		{"the owner has taken over one bot", ledger.Frozen{Bot: "grid", On: true, Until: begin.Add(time.Hour)}, ""},
	} {
		b := started()
		b.Step(begin, Freeze{c.f})
		got := Reason("")
		effects := b.Step(begin, exitAsk(1, limit(t, "0.01")))
		if len(of[Send](effects)) == 0 {
			got = only[Reply](t, effects).Reason
		}
		if got != c.want || b.Stopped(Exits+"1") != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

// dark makes it dark for long enough that orders come step by step after it.
func dark(t *testing.T, b *Broker) {
	t.Helper()
	b.line.failed(begin)
	b.line.failed(begin)
	if r := only[Reply](t, b.Step(begin, exitAsk(1, limit(t, "0.01")))); r.Reason != Dark {
		t.Fatalf("into the dark: %q", r.Reason)
	}
	b.Step(begin.Add(time.Minute), Heard{Answered: true})
	if b.Dark() {
		t.Fatal("an answered read does not end the darkness")
	}
}

// well has the account read and a pair found well after an outage.
func well(t *testing.T, b *Broker, now time.Time, pair string) {
	t.Helper()
	b.Step(now, Audited{Began: now})
	b.Step(now, Inspected{Pair: pair, Mode: bitbank.ModeNone, Status: bitbank.StatusNormal})
}

func TestAnExitIsFirstAfterAnOutage(t *testing.T) {
	b := started()
	dark(t, b)
	now := begin.Add(time.Minute)
	if sent := of[Send](b.Step(now, ask(2, limit(t, "0.02"), time.Hour))); len(sent) != 0 {
		t.Fatal("the first order of a bot leaves before the account was read")
	}
	well(t, b, now, "btc_jpy")
	now = now.Add(classAfter[Usual] + classSpread[Usual])
	if sent := of[Send](b.Step(now, Tick{})); len(sent) != 1 {
		t.Fatal("the first order of a bot does not leave")
	}
	if sent := of[Send](b.Step(now, ask(3, limit(t, "0.03"), time.Hour))); len(sent) != 0 {
		t.Fatal("the next one leaves at once: there is no ramp, and this test shows nothing")
	}
	// It looks like the bot's that waits, and goes before it all the same.
	if s := only[Send](t, b.Step(now, exitAsk(4, limit(t, "0.03")))); s.Bot != Exits+"1" {
		t.Errorf("sent is the order of %s", s.Bot)
	}
}

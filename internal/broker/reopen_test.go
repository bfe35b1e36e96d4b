package broker

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// After an outage nothing goes before the account was read, in a pair nothing before it trades as usual, and then early bots before
// usual ones and those before late ones. Cancels never wait.
func TestBotsGoAgainClassByClass(t *testing.T) {
	b := started()
	dark(t, b)
	now := begin.Add(time.Minute)
	classes := map[string]Class{"early": Early, "usual": Usual, "late": Late}
	for k, bot := range []string{"late", "usual", "early"} {
		e := Ask{Call: CallID(k + 10), Bot: bot, Class: classes[bot], Order: limit(t, "0.0"+string(rune('1'+k))), Until: now.Add(time.Hour)}
		effects := b.Step(now, e)
		if len(of[Send](effects)) != 0 {
			t.Fatalf("%s leaves before the account was read", bot)
		}
		if k == 0 && len(of[Inspect](effects)) != 1 {
			t.Errorf("the pair is not looked at: %+v", effects)
		}
	}
	only[Send](t, b.Step(now, Ask{Call: 20, Bot: "late", Cancel: &ledger.Cancel{Pair: "btc_jpy", IDs: []bitbank.OrderID{7}}, Until: now.Add(time.Hour)}))
	if r, on := b.Reopening(now); !on || !r.Read.IsZero() || len(r.Pairs) != 1 {
		t.Errorf("the reopening is %+v, %v", r, on)
	}
	// A read that began before bitbank answered does not count; a pair in an auction is not well, and is looked at again.
	b.Step(now, Audited{Began: now.Add(-time.Second)})
	b.Step(now, Inspected{Pair: "btc_jpy", Mode: "CIRCUIT_BREAK", Status: bitbank.StatusNormal})
	b.Step(now, Audited{Began: now})
	now = now.Add(time.Minute)
	again := 0
	for range 20 {
		effects := b.Step(now, Tick{})
		if len(of[Send](effects)) > 0 {
			t.Fatal("an order leaves into an auction")
		}
		for range of[Inspect](effects) {
			again++
			b.Step(now, Inspected{Pair: "btc_jpy", Mode: bitbank.ModeNone, Status: "HALT"})
		}
		now = now.Add(inspectEach)
	}
	if again < 18 || again > 20 {
		t.Errorf("it was looked at %d times", again)
	}
	b.Step(now, Inspected{Pair: "btc_jpy", Mode: bitbank.ModeNone, Status: bitbank.StatusBusy})
	from, order, at := now, []string{}, []time.Duration{}
	for end := now.Add(2 * time.Minute); now.Before(end); now = now.Add(100 * time.Millisecond) {
		for _, s := range of[Send](b.Step(now, Tick{})) {
			order, at = append(order, s.Bot), append(at, now.Sub(from))
		}
	}
	if len(order) != 3 || order[0] != "early" || order[1] != "usual" || order[2] != "late" {
		t.Fatalf("they leave as %v", order)
	}
	if at[0] > classSpread[Early] || at[1] < classAfter[Usual] || at[2] < classAfter[Late] || at[2] > classAfter[Late]+classSpread[Late]+time.Second {
		t.Errorf("after %v", at)
	}
	if _, on := b.Reopening(now); on {
		t.Error("it is not over")
	}
}

// A bot that does not wait long enough is told why, and a pair that is never well is the owner's after ten minutes.
func TestWhatWaitsForTheReopeningIsToldSo(t *testing.T) {
	b := started()
	dark(t, b)
	now := begin.Add(time.Minute)
	b.Step(now, ask(2, limit(t, "0.02"), time.Minute+8*time.Second))
	if r := only[Reply](t, b.Step(now.Add(9*time.Second), Tick{})); r.Outcome != NotPlaced || r.Reason != Reopens {
		t.Errorf("it is told %+v", r)
	}
	if sent := of[Send](b.Step(now.Add(reopenMost), ask(3, limit(t, "0.03"), time.Hour))); len(sent) != 1 {
		t.Error("nothing leaves after ten minutes")
	}
}

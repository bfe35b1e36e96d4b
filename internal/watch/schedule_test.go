package watch

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/internal/probe"
	"hikeshi/internal/resilience"
)

func lookAt(target probe.Target, every time.Duration, budget string) probe.Probe {
	return probe.Probe{
		Target: target, Host: probe.Public, Every: every, Deadline: time.Second, Budget: budget,
		Look: func(context.Context, func(probe.Observation)) probe.Observation { return probe.Observation{} },
	}
}

func budgetOf(n, burst int) *resilience.Budget {
	return resilience.NewBudget(func(string) resilience.Limit { return resilience.Limit{PerMinute: n, Burst: burst} })
}

func TestTurnsStayOnTheirGridWhenLooksArePulledForward(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	s := newSchedule([]probe.Probe{lookAt("public/ticker", 4*time.Second, "public")}, budgetOf(60, 6), func(string) int { return 60 }, now)
	var at []time.Duration
	for step := range 200 {
		t := now.Add(time.Duration(step) * 100 * time.Millisecond)
		start, _ := s.due(t)
		if step == 25 { // 2.5 s: in the second half of the turn, so it takes the next turn's place
			start = append(start, s.ask([]probe.Target{"public/ticker"}, t)...)
		}
		for range start {
			at = append(at, t.Sub(now))
			s.landed("public/ticker")
		}
	}
	want := []time.Duration{0, 2500 * time.Millisecond, 8 * time.Second, 12 * time.Second, 16 * time.Second}
	if len(at) != len(want) {
		t.Fatalf("looked at %v, want %v", at, want)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("look %d at %v, want %v", i, at[i], want[i])
		}
	}
}

// However often diagnose asks, no window of sixty seconds holds more than the budget, and the steady looks go on.
func TestAskingNeverOverdrawsNorStarvesTheSteadyLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
		s := newSchedule([]probe.Probe{
			lookAt("public/ticker", 2*time.Second, "public"), lookAt("public/depth", 15*time.Second, "public"),
		}, budgetOf(60, 6), func(string) int { return 60 }, now)
		asks := rapid.SliceOfN(rapid.Bool(), 1800, 1800).Draw(t, "asks")
		var sent []time.Time
		var last time.Time
		for step, ask := range asks {
			at := now.Add(time.Duration(step) * 100 * time.Millisecond)
			start, _ := s.due(at)
			if ask {
				start = append(start, s.ask([]probe.Target{"public/depth", "public/ticker"}, at)...)
			}
			for _, l := range start {
				sent = append(sent, at)
				if l.probe.Target == "public/ticker" {
					if !last.IsZero() && at.Sub(last) > 3*time.Second+100*time.Millisecond {
						t.Fatalf("the steady look was away for %v", at.Sub(last))
					}
					last = at
				}
				s.landed(l.probe.Target)
			}
			first := 0
			for k, b := range sent {
				for b.Sub(sent[first]) >= time.Minute {
					first++
				}
				if n := k - first + 1; n > 60 {
					t.Fatalf("%d requests in the sixty seconds before %v", n, b)
				}
			}
		}
	})
}

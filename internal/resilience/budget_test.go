package resilience

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestNoWindowHoldsMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limit{PerMinute: rapid.IntRange(1, 20).Draw(t, "per minute"), Burst: rapid.IntRange(1, 6).Draw(t, "burst")}
		b := NewBudget(func(string) Limit { return l })
		now := noon
		var sent []time.Time
		for range 300 {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			if free := !b.Next("k", now).After(now); free != b.Allow("k", now) {
				t.Fatalf("Next and Allow disagree at %v", now)
			} else if free {
				sent = append(sent, now)
			}
			minute, second := 0, 0
			for _, s := range sent {
				if now.Sub(s) < time.Minute {
					minute++
				}
				if now.Sub(s) < time.Second {
					second++
				}
			}
			if minute > l.PerMinute || second > l.Burst {
				t.Fatalf("%d in a minute and %d in a second, limit %+v", minute, second, l)
			}
			if got := b.Count("k", now); got != minute {
				t.Fatalf("Count is %d, want %d", got, minute)
			}
		}
	})
}

func TestWhatIsAllowedComesAsSoonAsItMay(t *testing.T) {
	b := NewBudget(func(string) Limit { return Limit{PerMinute: 2, Burst: 1} })
	b.Allow("k", noon)
	if got, want := b.Next("k", noon), noon.Add(time.Second); !got.Equal(want) {
		t.Errorf("after one: next at %v, want %v", got, want)
	}
	b.Allow("k", noon.Add(time.Second))
	if got, want := b.Next("k", noon.Add(2*time.Second)), noon.Add(time.Minute+delay); !got.Equal(want) {
		t.Errorf("after two: next at %v, want %v", got, want)
	}
	if !b.Allow("other", noon) {
		t.Error("one key's requests counted against another")
	}
}

func TestTheZeroLimitAllowsNothing(t *testing.T) {
	b := NewBudget(func(string) Limit { return Limit{} })
	if b.Allow("k", noon) || !b.Next("k", noon).After(noon) {
		t.Error("a request passed a limit of zero")
	}
}

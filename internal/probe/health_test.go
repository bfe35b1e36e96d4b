package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/probe"
)

const tick = 250 * time.Millisecond

// beats ticks h for d, each tick late by late.
func beats(h *probe.Health, now *time.Time, d, late time.Duration) (w probe.Watcher) {
	for end := now.Add(d); now.Before(end); {
		due := now.Add(tick)
		*now = due.Add(late)
		w = h.Tick(*now, due)
	}
	return w
}

func TestASleepIsAPauseBetweenTicks(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	h := probe.NewHealth("")
	if w := beats(h, &now, time.Minute, 0); w != (probe.Watcher{}) {
		t.Fatalf("in calm: %+v", w)
	}
	due := now.Add(tick)
	now = due.Add(time.Hour)
	w := h.Tick(now, due)
	if w.Slept != time.Hour+tick || !w.WokeAt.Equal(now) || w.Jumped != 0 || w.Late != 0 {
		t.Errorf("got %+v, want a sleep of an hour and nothing else", w)
	}
	woke := now
	if w := beats(h, &now, time.Minute, 0); !w.WokeAt.Equal(woke) || w.Late != 0 {
		t.Errorf("later: got %+v, want the sleep remembered and no lateness", w)
	}
}

func TestLatenessIsRememberedForSomeSeconds(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	h := probe.NewHealth("")
	beats(h, &now, time.Second, 0)
	if w := beats(h, &now, tick, 1500*time.Millisecond); w.Late != 1500*time.Millisecond || w.Slept != 0 {
		t.Fatalf("got %+v, want late by 1.5 s", w)
	}
	if w := beats(h, &now, 3*time.Second, 0); w.Late != 1500*time.Millisecond {
		t.Errorf("after 3 s: late by %v", w.Late)
	}
	if w := beats(h, &now, 4*time.Second, 10*time.Millisecond); w.Late > 10*time.Millisecond {
		t.Errorf("after 7 s: late by %v", w.Late)
	}
}

func TestOurOwnRateIsRememberedForAMinute(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	h := probe.NewHealth("")
	full := true
	h.Full = func(time.Time) bool { return full }
	if w := beats(h, &now, time.Second, 0); !w.OwnRate {
		t.Fatal("at the limit, and not said")
	}
	full = false
	if w := beats(h, &now, 58*time.Second, 0); !w.OwnRate {
		t.Error("forgotten within the minute")
	}
	if w := beats(h, &now, 3*time.Second, 0); w.OwnRate {
		t.Error("still said after a minute")
	}
}

func TestEnoughDiskIsNotCalledFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := probe.NewHealth(t.TempDir())
		for range 5 {
			now := time.Now()
			if w := h.Tick(now, now); w.Disk != probe.OK {
				t.Errorf("got %q", w.Disk)
			}
			time.Sleep(20 * time.Second)
			synctest.Wait()
		}
	})
}

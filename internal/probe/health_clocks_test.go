package probe

import (
	"testing"
	"time"
)

func TestAJumpIsNotASleep(t *testing.T) {
	const tick = 250 * time.Millisecond
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name          string
		e             elapsed
		slept, jumped time.Duration
	}{
		{"calm", elapsed{tick, tick, 0, true}, 0, 0},
		{"set forward while the ticks kept coming", elapsed{tick, tick + time.Hour, 0, true}, 0, time.Hour},
		{"set back while the ticks kept coming", elapsed{tick, tick - time.Minute, 0, true}, 0, -time.Minute},
		{"set by a second", elapsed{tick, tick + time.Second, 0, true}, 0, time.Second},
		{"slewed", elapsed{tick, tick + 30*time.Millisecond, 0, true}, 0, 0},
		{"suspended, and the monotonic clock stood still", elapsed{tick, tick + time.Hour, time.Hour, true}, time.Hour + tick, 0},
		{"stopped, and every clock went on", elapsed{time.Hour, time.Hour, 0, true}, time.Hour, 0},
		{"suspended, and set meanwhile", elapsed{tick, tick + 2*time.Hour, time.Hour, true}, time.Hour + tick, time.Hour},
		{"suspended where the kernel does not tell", elapsed{tick, tick + time.Hour, 0, false}, tick + time.Hour, 0},
		{"set back where the kernel does not tell", elapsed{tick, tick - time.Hour, 0, false}, 0, -time.Hour},
		{"a busy machine", elapsed{2 * time.Second, 2 * time.Second, 0, true}, 0, 0},
	} {
		h := NewHealth("")
		h.clocks(now, now, c.e)
		if h.now.Slept != c.slept || h.now.Jumped != c.jumped || h.now.WokeAt.IsZero() != (c.slept == 0) || h.now.JumpAt.IsZero() != (c.jumped == 0) {
			t.Errorf("%s: slept %v, jumped %v, want %v and %v", c.name, h.now.Slept, h.now.Jumped, c.slept, c.jumped)
		}
	}
}

package lease

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However heartbeats, calls, disarming, suspensions, clock jumps and late ticks interleave: a lease never lapses before its whole
// time to live has passed without a sign of life while we were there, it lapses at once when it has, and only the newest epoch
// keeps it alive.
func TestALeaseLapsesInTimeAndNeverBefore(t *testing.T) {
	lapses, anew := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		b := New(Rules{})
		now := at(0)
		var epoch int64
		var heard, ttl time.Duration // the model: of the epoch that counts
		counts := false
		gone := map[int64]bool{} // epochs that are used up
		tick := func(onTime bool) {
			was := b.Of("grid")
			events := b.Tick(now, Sky{})
			silent := now.Run - heard
			for _, e := range events {
				switch {
				case e.State == Frozen:
					lapses++
					if !counts || silent < ttl {
						t.Fatalf("lapsed after %v of %v, counting %v", silent, ttl, counts)
					}
					counts, gone[epoch] = false, true
				case e.Why == Clock || e.Why == Late:
					anew++
					if onTime {
						t.Fatalf("the countdown began anew although we were there: %+v", e)
					}
					heard = now.Run
				}
			}
			if counts && onTime && now.Run-heard >= ttl {
				t.Fatalf("%v of %v have passed, and it stands at %+v, was %+v", now.Run-heard, ttl, b.Of("grid"), was)
			}
		}
		pass := func(run, wall time.Duration) { now = Moment{now.Wall.Add(wall), now.Run + run} }
		wait := func(most time.Duration) {
			for end := now.Run + most; ; {
				d := b.Next(now)
				if d == 0 || now.Run+d > end {
					pass(end-now.Run, end-now.Run)
					if d != 0 {
						tick(true)
						b.Next(now)
					}
					return
				}
				pass(d, d)
				tick(true)
			}
		}
		seconds := func(name string, least, most int) time.Duration {
			return time.Duration(rapid.IntRange(least*1000, most*1000).Draw(t, name)) * time.Millisecond
		}
		tick(true)
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(*rapid.T) { wait(seconds("wait", 0, 40)) },
			"beat": func(*rapid.T) {
				e, d := epoch+int64(rapid.IntRange(-1, 1).Draw(t, "epoch")), seconds("ttl", 1, 30)
				if e < 1 {
					return
				}
				l, w, err := b.Beat(now, Sky{}, Ask{Bot: "grid", Epoch: e, TTL: d})
				running := b.Of("grid").State == Frozen
				want := e >= epoch && !gone[e] && !running
				if (err == nil) != want {
					t.Fatalf("epoch %d against %d, used up %v: %v", e, epoch, gone[e], err)
				}
				if !want {
					return
				}
				if w == nil && (e != epoch || d != ttl) {
					t.Fatalf("%+v is not recorded", l)
				}
				tick(true) // as the caller does after arming
				counts, heard, ttl, epoch = true, now.Run, d, e
				b.Next(now)
			},
			"touch": func(*rapid.T) {
				e := rapid.SampledFrom([]int64{0, epoch - 1, epoch}).Draw(t, "epoch")
				b.Touch(now, "grid", e)
				if e == 0 || e == epoch {
					heard = now.Run
				}
			},
			"disarm": func(*rapid.T) {
				e := epoch - int64(rapid.IntRange(0, 1).Draw(t, "before"))
				if _, _, err := b.Beat(now, Sky{}, Ask{Bot: "grid", Epoch: e}); err == nil && e == epoch {
					counts, gone[e] = false, true
				} else if err == nil {
					t.Fatalf("epoch %d was disarmed, the newest is %d", e, epoch)
				}
			},
			"safe": func(*rapid.T) { b.Stage(now, "grid", Safe) },
			"suspend": func(*rapid.T) { // the monotonic clock stands
				pass(0, seconds("slept", 3, 10000))
				tick(false)
				b.Next(now)
			},
			"freeze": func(*rapid.T) { // both go on
				d := b.Next(now) + seconds("stopped", 3, 10000)
				pass(d, d)
				tick(false)
				b.Next(now)
			},
			"set the clock": func(*rapid.T) {
				pass(0, seconds("set", -10000, 10000))
				tick(false)
				b.Next(now)
			},
		})
	})
	if lapses == 0 || anew == 0 {
		t.Errorf("%d lapses and %d new beginnings: the property says nothing", lapses, anew)
	}
}

// The exchange of keys that withstands quantum computers is a third of a handshake's work, and none of what is tested.
//go:debug tlsmlkem=0

package corpus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/watch"
)

var one = flag.String("scenario", "", "play only scenarios whose name contains this, and say what was seen")

const (
	handwritten = "testdata/handwritten.tsv"
	generated   = "testdata/generated.tsv"
)

// long asks for every scenario, as before a release; without it a slice is played.
var long = os.Getenv("HIKESHI_LONG") == "1"

const (
	watched    = 90 * time.Second // how long a scenario lasts at least in the long run, and at most if its verdict does not come
	held       = 20 * time.Second // in the slice, the right verdict must stand so long
	recovering = 100 * time.Second
)

// An outcome is what a scenario came to.
type outcome struct {
	scenario
	verdict diagnose.Verdict // settled
	first   time.Duration    // from the fault to the first right verdict; -1 when there was none
	accused []string         // moments at which bitbank was blamed although it must not be
	usages  []usage
	back    time.Duration // from the end of the fault to healthy; -1 when it did not come
	said    []string      // all verdicts in order
}

func (o outcome) right() bool { return o.scenario.right(o.verdict) }

// A log collects the verdicts of a watch.
type log struct {
	mu   sync.Mutex
	said []watch.Event
}

func (l *log) follow(events <-chan watch.Event) {
	for e := range events {
		if e.Kind == "verdict" {
			l.mu.Lock()
			l.said = append(l.said, e)
			l.mu.Unlock()
		}
	}
}

func (l *log) all() []watch.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}

// play plays one scenario in a bubble of its own.
func play(t *testing.T, s scenario) outcome {
	out := outcome{scenario: s, first: -1, back: -1}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		l := &log{}
		listening, stop := context.WithCancel(t.Context())
		defer stop()
		go l.follow(w.watch.Subscribe(listening, 0))

		time.Sleep(s.calm())
		began := time.Now()
		w.begin(s)
		rightFor := time.Duration(0)
		const step = 250 * time.Millisecond
		for time.Since(began) < s.lasts() {
			time.Sleep(step)
			v := w.watch.Snapshot().Verdict
			if rightFor += step; !s.right(v) {
				rightFor = 0
			} else if out.first < 0 {
				out.first = v.At.Sub(began)
			}
			if !long && rightFor >= held && time.Since(began) >= s.least() {
				break
			}
		}
		out.verdict = w.watch.Snapshot().Verdict
		ended := time.Now()
		w.clear()
		for time.Since(ended) < recovering {
			time.Sleep(step)
			if w.watch.Snapshot().Verdict.Scope == diagnose.Healthy {
				out.back = time.Since(ended)
				break
			}
		}
		if long {
			time.Sleep(watched - min(time.Since(ended), watched)) // the budget after a recovery
		}
		for _, e := range l.all() {
			v := e.Data.(diagnose.Verdict)
			line := fmt.Sprintf("%+7.2fs %s %s %v %v", e.At.Sub(began).Seconds(), v.Scope, v.Sentence, v.Parts, v.Args)
			out.said = append(out.said, line)
			for _, r := range v.Reasons {
				out.said = append(out.said, fmt.Sprintf("             %s %v %v", r.Code, r.Args, r.Targets))
			}
			if !s.Blame && (v.Scope == diagnose.Bitbank || v.Scope == diagnose.Part) {
				out.accused = append(out.accused, line)
			}
		}
		out.usages = usages(w.requests())
	})
	return out
}

// begin starts all that is wrong, each at its time.
func (w *world) begin(s scenario) {
	for _, c := range s.Wrong {
		if c.after == 0 && c.lasts == 0 {
			w.lifts = append(w.lifts, c.impose(w))
			continue
		}
		over, stop := context.WithCancel(w.t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(over, w)
		}()
		w.lifts = append(w.lifts, func() { stop(); <-done })
	}
}

// run imposes a clause at its times.
func (c *clause) run(ctx context.Context, w *world) {
	pause := func(d time.Duration) bool {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if !pause(c.after) {
		return
	}
	for {
		lift := c.impose(w)
		if c.lasts == 0 {
			<-ctx.Done()
			lift()
			return
		}
		ok := pause(c.lasts)
		lift()
		if !ok || c.every == 0 || !pause(c.every-c.lasts) {
			return
		}
	}
}

// least is how long a scenario is watched although its verdict has come: until everything that is wrong has begun, and
// longer where the verdict is the same as before.
func (s scenario) least() time.Duration {
	least := 30 * time.Second
	for _, c := range s.Wrong {
		least = max(least, c.after+30*time.Second)
		if c.subject == "machine" {
			least = max(least, c.after+c.duration+30*time.Second)
		}
		if c.every > 0 {
			least = max(least, watched)
		}
	}
	return least
}

// lasts is how long a scenario is watched at most.
func (s scenario) lasts() time.Duration { return max(watched, s.least()+watched/2) }

func TestWhoseTroubleItIs(t *testing.T) {
	all := scenarios(t)
	chosen := all
	switch {
	case *one != "":
		chosen = slices.DeleteFunc(slices.Clone(all), func(s scenario) bool { return !strings.Contains(s.Name, *one) })
	case testing.Short(): // for the race detector, which looks for something else
		chosen = nil
		for i, s := range slice(all) {
			if i%15 == 0 {
				chosen = append(chosen, s)
			}
		}
	case !long:
		chosen = slice(all)
	}
	var mu sync.Mutex
	var done []outcome
	t.Run("play", func(t *testing.T) {
		for _, s := range chosen {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				o := play(t, s)
				if *one != "" {
					t.Logf("%s (%s, families %s): %s\n%s", s.Name, s.text, s.Families, verdictText(o), strings.Join(o.said, "\n"))
				}
				mu.Lock()
				defer mu.Unlock()
				done = append(done, o)
			})
		}
	})
	report(t, done, len(all))
}

func scenarios(t *testing.T) []scenario {
	t.Helper()
	var all []scenario
	for _, path := range []string{handwritten, generated} {
		some, err := readScenarios(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}

// slice is what is played every time: all that is written by hand, and every so many of the others.
func slice(all []scenario) []scenario {
	const every = 19 // a number that no dimension of the cross product divides by
	var out []scenario
	n := 0
	for _, s := range all {
		if strings.Contains(s.Name, "/") { // generated
			if n++; n%every != 0 {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

func verdictText(o outcome) string {
	return fmt.Sprintf("%s %s %v", o.verdict.Scope, o.verdict.Sentence, o.verdict.Parts)
}

package incident

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/part"
)

var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

var (
	well    = diagnose.Verdict{Scope: diagnose.Healthy, Sentence: "healthy.1"}
	unsure  = diagnose.Verdict{Scope: diagnose.NotProven, Sentence: "not_proven.1"}
	clash   = diagnose.Verdict{Scope: diagnose.NotProven, Sentence: "not_proven.4"}
	ours    = diagnose.Verdict{Scope: diagnose.OwnLine, Sentence: "own_line.1"}
	allDown = diagnose.Verdict{Scope: diagnose.Bitbank, Sentence: "bitbank.2", Parts: []part.Code{part.All}}
	planned = diagnose.Verdict{Scope: diagnose.Maintenance, Sentence: "maintenance.1", Parts: []part.Code{part.PrivateAPI}}
	overrun = diagnose.Verdict{Scope: diagnose.Maintenance, Sentence: "maintenance.2", Parts: []part.Code{part.PrivateAPI}}
	api     = broken(part.PrivateAPI)
	help    = broken(part.Support)
)

func broken(ps ...part.Code) diagnose.Verdict {
	v := diagnose.Verdict{Scope: diagnose.Part, Sentence: "part.errors", Parts: ps}
	for _, p := range ps {
		v.Board = append(v.Board, diagnose.PartState{Part: p, State: diagnose.Down})
	}
	return v
}

func limited(p part.Code) diagnose.Verdict {
	return diagnose.Verdict{Scope: diagnose.Part, Sentence: "part.busy", Parts: []part.Code{p}, Board: []diagnose.PartState{{Part: p, State: diagnose.Limited}}}
}

// A stretch is one verdict, again and again, for so long.
type stretch struct {
	v    diagnose.Verdict
	span time.Duration
}

// play steps through stretches, four verdicts a second, and returns "+12s opened!" for each action; the mark says
// that it was announced.
func play(s State, at time.Time, stretches ...stretch) (State, time.Time, []string) {
	began := at
	var out []string
	for _, one := range stretches {
		for end := at.Add(one.span); at.Before(end); at = at.Add(250 * time.Millisecond) {
			v := one.v
			v.At = at
			var actions []Action
			s, actions = Step(s, v)
			for _, a := range actions {
				mark := ""
				if a.Announce {
					mark = "!"
				}
				out = append(out, fmt.Sprintf("%v %s%s %s", at.Sub(began).Truncate(time.Second), a.Kind, mark, a.Incident.Scope))
			}
		}
	}
	return s, at, out
}

func TestTheLifeOfAnIncident(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, c := range []struct {
		name string
		life []stretch
		want []string
	}{
		{"nothing happens", []stretch{{well, m}}, nil},
		{"a part fails and comes back", []stretch{{well, 10 * s}, {api, m}, {well, 2 * m}},
			[]string{"10s opened! part", "1m10s recovering part", "2m10s resolved! part"}},
		{"our line blinks for three seconds", []stretch{{well, m}, {ours, 3 * s}, {well, m}}, nil},
		{"our line is gone", []stretch{{ours, m}, {well, 2 * m}}, []string{"5s opened! own_line", "1m0s recovering own_line", "2m0s resolved! own_line"}},
		{"support blinks", []stretch{{help, 20 * s}, {well, m}}, nil},
		{"busy for ten seconds", []stretch{{limited(part.PrivateAPI), 10 * s}, {well, m}}, nil},
		{"busy for a minute", []stretch{{limited(part.PrivateAPI), m}}, []string{"30s opened! part"}},
		{"a part, then all of it: one incident", []stretch{{api, 5 * s}, {allDown, m}, {well, 2 * m}},
			[]string{"0s opened! part", "15s changed! bitbank", "1m5s recovering bitbank", "2m5s resolved! bitbank"}},
		{"it comes back too soon to be resolved, and the quiet doubles", []stretch{{api, 10 * s}, {well, 30 * s}, {api, 10 * s}, {well, 3 * m}},
			[]string{"0s opened! part", "10s recovering part", "40s relapsed part", "50s recovering part", "2m50s resolved! part"}},
		{"not proven resolves nothing", []stretch{{api, 10 * s}, {unsure, time.Hour}}, []string{"0s opened! part"}},
		{"not proven in the quiet starts the quiet anew", []stretch{{api, 10 * s}, {well, 50 * s}, {unsure, s}, {well, 65 * s}},
			[]string{"0s opened! part", "10s recovering part", "2m0s resolved! part"}},
		{"a contradiction is investigated, and not announced until it is known whose it is", []stretch{{clash, m}, {api, m}, {well, 2 * m}},
			[]string{"30s opened not_proven", "1m0s changed! part", "2m0s recovering part", "3m0s resolved! part"}},
		{"a contradiction that goes away is never announced", []stretch{{clash, m}, {well, 2 * m}},
			[]string{"30s opened not_proven", "1m0s recovering not_proven", "2m0s resolved not_proven"}},
		{"maintenance runs over", []stretch{{planned, m}, {overrun, m}, {well, 2 * m}},
			[]string{"0s opened! maintenance", "1m10s changed! maintenance", "2m0s recovering maintenance", "3m0s resolved! maintenance"}},
		{"more parts are said, fewer are not", []stretch{{api, m}, {broken(part.PrivateAPI, part.Web), m}, {broken(part.Web), m}},
			[]string{"0s opened! part", "1m10s changed! part", "2m10s changed part"}},
	} {
		_, _, got := play(State{}, noon, c.life...)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAFlapStormIsAnnouncedTwice(t *testing.T) {
	for _, period := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second, 50 * time.Second} {
		for _, other := range []diagnose.Verdict{well, allDown} {
			var life []stretch
			for range 500 {
				life = append(life, stretch{api, period}, stretch{other, period})
			}
			s, at, got := play(State{}, noon, life...)
			_, _, rest := play(s, at, stretch{well, time.Hour})
			announced := 0
			for _, a := range append(got, rest...) {
				if strings.Contains(a, "!") {
					announced++
				}
			}
			// Beginning and end; where the verdict swings between a part and all, the swing itself once or twice more.
			most := 2
			if other.Scope == diagnose.Bitbank {
				most = 4
			}
			if announced > most {
				t.Errorf("1,000 flips of %v with %s: %d announcements, want at most %d", period, other.Scope, announced, most)
			}
			t.Logf("%v %s: %d", period, other.Scope, announced)
		}
	}
}

func TestQuietGrowsAcrossIncidentsAndIsForgotten(t *testing.T) {
	s, at, _ := play(State{}, noon, stretch{api, 10 * time.Second}, stretch{well, 2 * time.Minute}, stretch{api, 10 * time.Second})
	if s.Current.QuietFor != 2*time.Minute {
		t.Errorf("second incident within minutes: quiet %v, want 2m", s.Current.QuietFor)
	}
	s, _, _ = play(s, at, stretch{well, 3 * time.Hour}, stretch{api, 10 * time.Second})
	if s.Current.QuietFor != time.Minute {
		t.Errorf("hours later: quiet %v, want 1m", s.Current.QuietFor)
	}
}

func TestSleepIsNeitherQuietNorTrouble(t *testing.T) {
	s, at, _ := play(State{}, noon, stretch{api, 10 * time.Second}, stretch{well, 20 * time.Second})
	_, _, got := play(s, at.Add(8*time.Hour), stretch{well, 50 * time.Second})
	if diff := cmp.Diff([]string{"40s resolved! part"}, got); diff != "" {
		t.Errorf("asleep in the quiet (-want +got):\n%s", diff)
	}
	s, at, _ = play(State{}, noon, stretch{ours, 3 * time.Second})
	_, _, got = play(s, at.Add(8*time.Hour), stretch{ours, time.Second}, stretch{well, time.Minute})
	if len(got) != 0 {
		t.Errorf("asleep in a doubt: %v", got)
	}
	s, at, _ = play(State{}, noon, stretch{api, 10 * time.Second}, stretch{well, 20 * time.Second})
	_, _, got = play(s, at.Add(-time.Hour), stretch{well, 50 * time.Second})
	if diff := cmp.Diff([]string{"40s resolved! part"}, got); diff != "" {
		t.Errorf("the clock is set back (-want +got):\n%s", diff)
	}
}

// verdicts are random histories: stretches of verdicts, with gaps as sleep makes them.
func verdicts(t *rapid.T) []diagnose.Verdict {
	kinds := []diagnose.Verdict{well, well, well, unsure, clash, ours, allDown, planned, overrun, api, help, limited(part.Web), broken(part.Web, part.App)}
	at := noon
	var out []diagnose.Verdict
	for range rapid.IntRange(1, 40).Draw(t, "stretches") {
		v := rapid.SampledFrom(kinds).Draw(t, "verdict")
		step := rapid.SampledFrom([]time.Duration{250 * time.Millisecond, time.Second, 7 * time.Second, time.Minute}).Draw(t, "step")
		for range rapid.IntRange(1, 80).Draw(t, "times") {
			at = at.Add(step)
			v.At = at
			if rapid.IntRange(0, 30).Draw(t, "since") == 0 {
				v.Since = at.Add(-3 * time.Second)
			}
			out = append(out, v)
		}
	}
	return out
}

func TestARestartAtAnyPointChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := verdicts(t)
		cut := rapid.IntRange(0, len(history)-1).Draw(t, "restart")
		var one, two State
		for i, v := range history {
			if i == cut {
				b, err := json.Marshal(two)
				if err != nil {
					t.Fatal(err)
				}
				two = State{}
				if err := json.Unmarshal(b, &two); err != nil {
					t.Fatal(err)
				}
			}
			var a, b []Action
			one, a = Step(one, v)
			two, b = Step(two, v)
			if diff := cmp.Diff(a, b); diff != "" {
				t.Fatalf("after a restart at %d, step %d differs:\n%s", cut, i, diff)
			}
		}
	})
}

func TestEveryOpeningIsFollowedByOneEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s State
		open, announced := "", false
		history := verdicts(t)
		end := history[len(history)-1].At
		for range 4 * 60 * 60 { // then all is well for long enough
			end = end.Add(time.Second)
			v := well
			v.At = end
			history = append(history, v)
		}
		for _, v := range history {
			var actions []Action
			s, actions = Step(s, v)
			for _, a := range actions {
				switch a.Kind {
				case "opened":
					if open != "" {
						t.Fatalf("%s opened while %s is open", a.Incident.ID, open)
					}
					open, announced = a.Incident.ID, a.Announce
				case "resolved":
					if open != a.Incident.ID {
						t.Fatalf("%s resolved while %q is open", a.Incident.ID, open)
					}
					if announced != a.Announce {
						t.Fatalf("%s: said to have begun: %t, said to have ended: %t", open, announced, a.Announce)
					}
					if v.Scope != diagnose.Healthy {
						t.Fatalf("resolved by %s", v.Scope)
					}
					open = ""
				default:
					if a.Incident.ID != open {
						t.Fatalf("%s of %s while %q is open", a.Kind, a.Incident.ID, open)
					}
					announced = announced || a.Announce
				}
			}
		}
		if open != "" {
			t.Fatalf("%s is never resolved", open)
		}
	})
}

func TestAStepLeavesTheStateItWasGivenAlone(t *testing.T) {
	s, at, _ := play(State{}, noon, stretch{api, 10 * time.Second}, stretch{well, 30 * time.Second}, stretch{api, 10 * time.Second})
	before, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	play(s, at, stretch{well, 30 * time.Second}, stretch{allDown, time.Minute})
	if after, _ := json.Marshal(s); string(after) != string(before) {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
}

package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Every embedded scenario consists of calls that the control host takes, and leaves a world without faults behind.
func TestEveryScenarioPlaysToItsEnd(t *testing.T) {
	for _, sc := range listScenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := alive(t, Options{Seed: 1})
				if sc.TitleJa == "" || sc.TitleEn == "" || sc.About == "" || sc.Length <= 0 {
					t.Errorf("described as %+v", sc)
				}
				full, err := loadScenario(sc.Name)
				if err != nil {
					t.Fatal(err)
				}
				steps := map[string]int{}
				for _, st := range full.Steps {
					method, path, _ := strings.Cut(st.Call, " ")
					if _, err := s.call(method, path, strings.NewReader(string(s.timed(st.Body)))); err != nil {
						t.Errorf("%s %s: %v", st.Call, st.Body, err)
					}
					steps[st.Call]++
				}
				post(t, s, "/reset", "")
				before := s.faults.last
				post(t, s, "/scenarios/"+sc.Name, "")
				wait(time.Duration(sc.Length)*time.Millisecond + time.Second)
				if got := s.faults.last - before; got != steps["POST /faults"] || len(s.notices) != steps["POST /notices"] {
					t.Errorf("%d faults and %d notices came, want %v", got, len(s.notices), steps)
				}
				if left := s.faults.all(); len(left) != 0 {
					t.Errorf("faults are left: %+v", left)
				}
				for _, row := range s.x.Market().Statuses() {
					if row.Status != "NORMAL" {
						t.Errorf("%+v is left", row)
					}
				}
			})
		})
	}
}

func TestAScenarioRunsAtTheWorldsSpeedAndIsEndedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1, Speed: 10})
		var got scenario
		if err := json.Unmarshal([]byte(post(t, s, "/scenarios/demo", "")), &got); err != nil {
			t.Fatal(err)
		}
		if got.Length != 5400 {
			t.Errorf("ten times as fast it takes %d ms, want 5400", got.Length)
		}
		wait(1500 * time.Millisecond) // 15 s of the scenario
		if !slices.ContainsFunc(s.faults.all(), func(f Fault) bool { return f.Effect == "blackhole" && f.ForMS == 3000 }) {
			t.Errorf("after 15 s of it: %+v", s.faults.all())
		}
		post(t, s, "/scenarios/dark", "")
		wait(50 * time.Millisecond)
		if slices.ContainsFunc(s.faults.all(), func(f Fault) bool { return f.Host == "private" && f.Match.Path == "/v1/user/*" }) {
			t.Errorf("the first one's faults outlive it: %+v", s.faults.all())
		}
		post(t, s, "/reset", "")
		if left := s.faults.all(); len(left) != 0 {
			t.Errorf("a reset leaves %+v", left)
		}
		wait(time.Minute)
		if left := s.faults.all(); len(left) != 0 {
			t.Errorf("a scenario that was ended goes on: %+v", left)
		}
	})
}

func TestTheListOfScenariosIsComplete(t *testing.T) {
	s := calm(t, Options{})
	status, body := callControl(t, s, http.MethodGet, "/scenarios", "")
	for _, name := range []string{"demo", "dark", "flapping", "maintenance", "halt", "stale-stream", "edge", "crash", "api-outage"} {
		if !strings.Contains(body, `"name":"`+name+`"`) {
			t.Errorf("%d: %s is not listed", status, name)
		}
	}
}

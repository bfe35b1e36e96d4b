package sim

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed scenarios
var scenarioFiles embed.FS

// A scenario is a file of scenarios/: calls of the control interface, each at its time. There is no second vocabulary: what
// can be posted can be played.
type scenario struct {
	Name    string `json:"name"`
	TitleJa string `json:"title_ja"`
	TitleEn string `json:"title_en"`
	About   string `json:"about"`
	Steps   []step `json:"steps,omitempty"`
	Length  int64  `json:"length_ms"`
}

type step struct {
	AtMS int64           `json:"at_ms"`
	Call string          `json:"call"` // method and path
	Body json.RawMessage `json:"body"`
}

type playing struct {
	cancel context.CancelFunc
	over   chan struct{}
}

func loadScenario(name string) (scenario, error) {
	b, err := scenarioFiles.ReadFile(path.Join("scenarios", path.Base(name)+".json"))
	if err != nil {
		return scenario{}, wrong(http.StatusNotFound, fmt.Errorf("scenario %q: there is none of that name, GET /scenarios lists them", name))
	}
	sc := scenario{Name: name}
	if err := strict(bytes.NewReader(b), &sc); err != nil {
		return scenario{}, fmt.Errorf("scenario %s: %w", name, err)
	}
	for _, st := range sc.Steps {
		var timed struct {
			ForMS  int64 `json:"for_ms"`
			OverMS int64 `json:"over_ms"`
		}
		if err := json.Unmarshal(st.Body, &timed); err != nil {
			return scenario{}, fmt.Errorf("scenario %s: %w", name, err)
		}
		sc.Length = max(sc.Length, st.AtMS+timed.ForMS+timed.OverMS)
	}
	return sc, nil
}

// listScenarios describes the embedded scenarios, without their steps.
func listScenarios() []scenario {
	entries, err := scenarioFiles.ReadDir("scenarios")
	if err != nil {
		panic(fmt.Sprintf("read the embedded scenarios: %v", err))
	}
	all := make([]scenario, 0, len(entries))
	for _, e := range entries {
		sc, err := loadScenario(strings.TrimSuffix(e.Name(), ".json"))
		if err != nil {
			panic(err.Error()) // a test loads every file
		}
		sc.Steps = nil
		all = append(all, sc)
	}
	return all
}

// Scenarios lists the names of the embedded scenarios.
func Scenarios() []string {
	var names []string
	for _, sc := range listScenarios() {
		names = append(names, sc.Name)
	}
	return names
}

// PlayScenario starts an embedded scenario and says how long it will take; one that was playing ends.
func (s *Sim) PlayScenario(name string) (time.Duration, error) {
	if _, err := s.playScenario(name); err != nil {
		return 0, err
	}
	sc, err := loadScenario(name)
	return time.Duration(float64(sc.Length) / s.o.Speed * float64(time.Millisecond)), err
}

// playScenario starts a scenario and ends the one that was playing.
func (s *Sim) playScenario(name string) (any, error) {
	sc, err := loadScenario(name)
	if err != nil {
		return nil, err
	}
	s.stopScenario()
	ctx, cancel := context.WithCancel(s.until())
	p := &playing{cancel: cancel, over: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() || s.scenario != nil {
		cancel()
		return nil, wrong(http.StatusConflict, fmt.Errorf("scenario %s: another one has just been started", name))
	}
	s.scenario = p
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer close(p.over)
		defer cancel()
		s.play(ctx, sc)
	}()
	told := sc // the goroutine's own is not to be touched
	told.Steps, told.Length = nil, int64(float64(sc.Length)/s.o.Speed)
	return told, nil
}

// stopScenario ends the scenario that plays, with its faults, and waits for it.
func (s *Sim) stopScenario() {
	s.mu.Lock()
	p := s.scenario
	s.scenario = nil
	s.mu.Unlock()
	if p != nil {
		p.cancel()
		<-p.over
	}
}

// play performs the steps. When it is ended early it takes its faults with it.
func (s *Sim) play(ctx context.Context, sc scenario) {
	steps := slices.Clone(sc.Steps)
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.AtMS - b.AtMS) })
	start := time.Now()
	var ids []string
	for _, st := range steps {
		due := start.Add(time.Duration(float64(st.AtMS) / s.o.Speed * float64(time.Millisecond)))
		t := time.NewTimer(time.Until(due))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			for _, id := range ids {
				s.faults.remove(id)
			}
			return
		}
		method, where, _ := strings.Cut(st.Call, " ")
		got, err := s.call(method, where, bytes.NewReader(s.timed(st.Body)))
		if err != nil {
			s.log.Error("a step of a scenario was refused", "scenario", sc.Name, "at_ms", st.AtMS, "err", err)
		}
		if m, ok := got.(map[string]string); ok && where == "/faults" {
			ids = append(ids, m["id"])
		}
	}
	// The faults of the last steps end by themselves; a scenario that is stopped before that still takes them along.
	t := time.NewTimer(time.Until(start.Add(time.Duration(float64(sc.Length) / s.o.Speed * float64(time.Millisecond)))))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		for _, id := range ids {
			s.faults.remove(id)
		}
	}
}

// timed writes the present into a step: the date and time of notices, and durations at the world's speed.
func (s *Sim) timed(body []byte) []byte {
	now := time.Now().In(japan)
	weekday := string([]rune("日月火水木金土")[now.Weekday()])
	body = []byte(strings.NewReplacer(
		"{{日付}}", now.Format("2006年1月2日")+"("+weekday+")",
		"{{時刻}}", now.Format("15時04分"),
	).Replace(string(body)))
	var fields map[string]any
	if s.o.Speed == 1 || json.Unmarshal(body, &fields) != nil {
		return body
	}
	if ms, ok := fields["for_ms"].(float64); ok {
		fields["for_ms"] = max(1, int64(ms/s.o.Speed))
		if b, err := json.Marshal(fields); err == nil {
			return b
		}
	}
	return body
}

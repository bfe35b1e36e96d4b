package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/journal"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A contract is the published description of the API, read as a program would.
type contract struct{ root map[string]any }

func published(t *testing.T, h http.Handler) contract {
	t.Helper()
	var c contract
	if err := json.Unmarshal([]byte(body(t, get(t, h, "/api/v1/openapi.json"))), &c.root); err != nil {
		t.Fatal(err)
	}
	return c
}

// at follows a path of keys.
func (c contract) at(t *testing.T, from any, keys ...string) map[string]any {
	t.Helper()
	for _, k := range keys {
		m, ok := c.deref(t, from).(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("the description has no %s in %v", k, keys)
		}
		from = m[k]
	}
	return c.deref(t, from).(map[string]any)
}

func (c contract) deref(t *testing.T, v any) any {
	t.Helper()
	if m, ok := v.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok {
			return c.at(t, c.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return v
}

// check compares an answer with its schema, strictly: what is not described may not be sent.
func (c contract) check(t *testing.T, where string, schema map[string]any, got any) {
	t.Helper()
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, got) {
		t.Errorf("%s is %v, want one of %v", where, got, enum)
	}
	switch schema["type"] {
	case "object":
		c.object(t, where, schema, got)
	case "array":
		list, ok := got.([]any)
		if !ok {
			t.Errorf("%s is %T, want a list", where, got)
		}
		for i, one := range list {
			c.check(t, fmt.Sprintf("%s[%d]", where, i), c.at(t, schema, "items"), one)
		}
	case "string":
		s, ok := got.(string)
		if !ok {
			t.Errorf("%s is %T, want text", where, got)
		}
		if schema["format"] == "date-time" {
			if at, err := time.Parse(time.RFC3339, s); err != nil || !strings.HasSuffix(s, "+09:00") || at.Year() < 2000 {
				t.Errorf("%s is %q, want a time of Japan", where, s)
			}
		}
	case "boolean":
		if _, ok := got.(bool); !ok {
			t.Errorf("%s is %T, want true or false", where, got)
		}
	case "number", "integer":
		if n, ok := got.(float64); !ok || schema["type"] == "integer" && n != float64(int64(n)) {
			t.Errorf("%s is %v, want a %s", where, got, schema["type"])
		}
	default:
		t.Errorf("%s has a schema without a type: %v", where, schema)
	}
}

func (c contract) object(t *testing.T, where string, schema map[string]any, got any) {
	t.Helper()
	fields, ok := got.(map[string]any)
	if !ok {
		t.Errorf("%s is %T, want an object", where, got)
		return
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := fields[name.(string)]; !there {
			t.Errorf("%s lacks %v", where, name)
		}
	}
	known, _ := schema["properties"].(map[string]any)
	for name, value := range fields {
		switch one, described := known[name]; {
		case described:
			if m := c.deref(t, one).(map[string]any); m["additionalProperties"] != true {
				c.check(t, where+"."+name, m, value)
			}
		case schema["additionalProperties"] != nil:
			c.check(t, where+"."+name, c.at(t, schema, "additionalProperties"), value)
		default:
			t.Errorf("%s.%s is not described", where, name)
		}
	}
}

// answers checks one answer of a path against what is published for its status.
func (c contract) answers(t *testing.T, h http.Handler, target string, l text.Lang, change ...func(*http.Request)) {
	t.Helper()
	path, _, _ := strings.Cut(target, "?")
	c.answered(t, get(t, h, target, append(change, in(l))...), path, "get")
}

func (c contract) answered(t *testing.T, r *http.Response, path, method string) {
	t.Helper()
	media := c.at(t, c.root, "paths", path, method, "responses", fmt.Sprint(r.StatusCode), "content")
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	schema := c.at(t, media, kind, "schema")
	if kind != "application/json" {
		return
	}
	var got any
	if err := json.Unmarshal([]byte(body(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	c.check(t, path, schema, got)
}

var programs = []string{
	"/api/v1/verdict", "/api/v1/verdict?at=2026-11-24T14:05:30%2B09:00", "/api/v1/verdict?at=2026-11-24T10:00:00%2B09:00", "/api/v1/verdict?at=noon",
	"/api/v1/components", "/api/v1/incidents", "/api/v1/incidents?limit=1", "/api/v1/incidents?limit=0", "/api/v1/evidence",
	"/api/v1/series?target=public/ticker", "/api/v1/series?target=nothing", "/api/v1/market", "/api/v1/openapi.json", "/api/v1/openapi.yaml",
	"/metrics", "/healthz", "/readyz",
}

func TestAnswersAreWhatTheDescriptionSays(t *testing.T) {
	now := time.Now()
	minute := time.Date(2026, 11, 24, 14, 5, 0, 0, say.JST)
	snaps := map[string]watch.Snapshot{"starting": {}, "first looks": begun(now)}
	for _, s := range scenes(now) {
		snaps[s.name] = s.snapshot(now)
	}
	demo := snaps["healthy"]
	demo.Mode, demo.Recorded = "demo", false
	snaps["demo"] = demo
	for name, snap := range snaps {
		h := handler(&fake{snap: snap, points: points(now), past: past(now), replay: map[time.Time]diagnose.Verdict{minute.UTC(): snaps["trading API"].Verdict}})
		c := published(t, h)
		for _, l := range bothLangs {
			for _, target := range programs {
				t.Run(name+" "+string(l)+" "+target, func(t *testing.T) { c.answers(t, h, target, l) })
			}
		}
	}
	broken := handler(&fake{snap: snaps["healthy"], broken: true})
	for _, target := range []string{"/api/v1/verdict?at=2026-11-24T14:05:30%2B09:00", "/api/v1/incidents"} {
		published(t, broken).answers(t, broken, target, text.English)
	}
}

func TestEveryRouteOfProgramsIsDescribedAndEveryDescribedOneIsThere(t *testing.T) {
	s := newServer(Options{Source: &fake{}})
	var routes []string
	for _, r := range s.routes {
		if r.program {
			routes = append(routes, r.path)
		}
	}
	var described []string
	for path := range published(t, handler(&fake{})).root["paths"].(map[string]any) {
		described = append(described, path)
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("routes    %v\ndescribed %v", routes, described)
	}
}

func TestThePresentVerdictIsTheOneOfTheWatch(t *testing.T) {
	now := time.Now()
	for _, s := range scenes(now) {
		snap := s.snapshot(now)
		var got struct {
			Scope      diagnose.Scope
			SentenceID string `json:"sentence_id"`
			Reasons    []any
			Seq        journal.Seq
		}
		if err := json.Unmarshal([]byte(body(t, get(t, handler(&fake{snap: snap}), "/api/v1/verdict?lang=en"))), &got); err != nil {
			t.Fatal(err)
		}
		if got.Scope != snap.Verdict.Scope || got.SentenceID != snap.Verdict.Sentence || len(got.Reasons) != len(snap.Verdict.Reasons) || got.Seq != snap.Seq {
			t.Errorf("%s: got %+v", s.name, got)
		}
	}
}

// Ready means that there is a verdict and that the watch moves; healthy only that the process answers.
func TestReadyComesWithTheFirstRoundAndGoesWhenTheWatchIsStuck(t *testing.T) {
	now := time.Now()
	well := scenes(now)[0]
	for name, c := range map[string]struct {
		snap watch.Snapshot
		want int
	}{
		"before the first judgement": {watch.Snapshot{}, http.StatusServiceUnavailable},
		"during the first looks":     {begun(now), http.StatusServiceUnavailable},
		"after the first round":      {well.snapshot(now), http.StatusOK},
		"stuck for a minute":         {well.snapshot(now.Add(-time.Minute)), http.StatusServiceUnavailable},
	} {
		h := handler(&fake{snap: c.snap})
		if got := get(t, h, "/readyz").StatusCode; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if got := get(t, h, "/healthz").StatusCode; got != http.StatusOK {
			t.Errorf("%s: not healthy: %d", name, got)
		}
	}
	r := get(t, handler(&fake{}), "/api/v1/verdict")
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("before the first round the verdict is %s, retry after %q", r.Status, r.Header.Get("Retry-After"))
	}
}

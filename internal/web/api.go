package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
	"hikeshi/internal/watch"
)

const (
	// incidentsMost bounds one answer; a year of a bad line is fewer.
	incidentsMost = 500
	// aliveWithin: the watch publishes four times a second. One that has not for so long is stuck.
	aliveWithin = 10 * time.Second
)

// apiVerdict answers with the verdict of now, or with ?at=TIME of a past minute.
func (s *server) apiVerdict(w http.ResponseWriter, r *http.Request) {
	l, now := s.lang(r), time.Now()
	asked := r.URL.Query().Get("at")
	if asked == "" {
		snap, ok := s.snapshot(w)
		if ok {
			answer(w, http.StatusOK, Describe(l, snap, now))
		}
		return
	}
	at, err := time.Parse(time.RFC3339, asked)
	if err != nil {
		fail(w, http.StatusBadRequest, "bad_time", "at must be RFC 3339, such as 2026-11-24T14:05:00+09:00")
		return
	}
	v, ok, err := s.o.Source.Past(r.Context(), at)
	switch {
	case err != nil:
		s.o.Log.Warn("a past verdict was not read", "at", at, "err", err)
		fail(w, http.StatusInternalServerError, "journal", "the journal could not be read")
	case !ok:
		fail(w, http.StatusNotFound, "not_recorded", "nothing was recorded in that minute")
	default:
		out := describe(l, v, v.At)
		out.Recorded = true
		answer(w, http.StatusOK, out)
	}
}

// snapshot is the watch as it stands; before its first round there is nothing to answer with.
func (s *server) snapshot(w http.ResponseWriter) (snap watch.Snapshot, ok bool) {
	snap = s.o.Source.Snapshot()
	if beginning(snap) {
		w.Header().Set("Retry-After", "2")
		fail(w, http.StatusServiceUnavailable, "starting", "the first round of looks is not over yet")
		return snap, false
	}
	return snap, true
}

func (s *server) apiComponents(w http.ResponseWriter, r *http.Request) {
	snap, ok := s.snapshot(w)
	if !ok {
		return
	}
	out := struct {
		At         Stamp       `json:"at"`
		Components []component `json:"components"`
	}{At: Stamp(snap.At), Components: []component{}}
	for _, p := range snap.Verdict.Board {
		out.Components = append(out.Components, shapeComponent(s.lang(r), p))
	}
	answer(w, http.StatusOK, out)
}

func (s *server) apiIncidents(w http.ResponseWriter, r *http.Request) {
	limit := 50
	if q := r.URL.Query().Get("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 || n > incidentsMost {
			fail(w, http.StatusBadRequest, "bad_limit", "limit must be a number from 1 to "+strconv.Itoa(incidentsMost))
			return
		}
		limit = n
	}
	all, err := s.o.Source.Incidents(r.Context(), limit)
	if err != nil {
		s.o.Log.Warn("incidents were not read", "err", err)
		fail(w, http.StatusInternalServerError, "journal", "the journal could not be read")
		return
	}
	out := struct {
		Incidents []Incident `json:"incidents"`
	}{Incidents: []Incident{}}
	for _, i := range all {
		out.Incidents = append(out.Incidents, shapeIncident(i))
	}
	answer(w, http.StatusOK, out)
}

func (s *server) apiEvidence(w http.ResponseWriter, r *http.Request) {
	snap, ok := s.snapshot(w)
	if !ok {
		return
	}
	out := struct {
		At    Stamp          `json:"at"`
		Looks []lookShape    `json:"looks"`
		Asked map[string]int `json:"requests_last_minute"`
	}{At: Stamp(snap.At), Looks: []lookShape{}, Asked: map[string]int{}}
	for _, t := range targets(snap.Round) {
		out.Looks = append(out.Looks, shapeLook(s.lang(r), t, snap.Round.Signals[t]))
	}
	for h, n := range snap.Asked {
		out.Asked[string(h)] = n
	}
	answer(w, http.StatusOK, out)
}

// targets are those with a look, in the order of their names.
func targets(r diagnose.Round) []probe.Target {
	var out []probe.Target
	for t := range r.Signals {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func (s *server) apiSeries(w http.ResponseWriter, r *http.Request) {
	t := probe.Target(r.URL.Query().Get("target"))
	snap, ok := s.snapshot(w)
	if !ok {
		return
	}
	if _, watched := snap.Round.Signals[t]; !watched {
		fail(w, http.StatusNotFound, "no_target", "no such target; /api/v1/evidence lists them")
		return
	}
	type point struct {
		At      Stamp         `json:"at"`
		Took    float64       `json:"took_ms"`
		Age     float64       `json:"age_ms,omitzero"`
		Failure probe.Failure `json:"failure,omitzero"`
	}
	out := struct {
		Target probe.Target `json:"target"`
		Points []point      `json:"points"`
	}{Target: t, Points: []point{}}
	for _, p := range s.o.Source.Series(t) {
		out.Points = append(out.Points, point{Stamp(p.At), ms(p.Took), ms(p.Age), p.Failure})
	}
	answer(w, http.StatusOK, out)
}

func (s *server) apiMarket(w http.ResponseWriter, r *http.Request) {
	snap, ok := s.snapshot(w)
	if !ok {
		return
	}
	type pair struct {
		Pair      string         `json:"pair"`
		Status    string         `json:"status,omitzero"`
		Mode      string         `json:"circuit_break,omitzero"`
		New       diagnose.State `json:"new"`
		Cancel    diagnose.State `json:"cancel"`
		Market    diagnose.State `json:"market"`
		Stop      diagnose.State `json:"stop"`
		Margin    diagnose.State `json:"margin,omitzero"`
		MinAmount string         `json:"min_amount,omitzero"`
		Retired   bool           `json:"retired,omitzero"`
	}
	out := struct {
		At    Stamp  `json:"at"`
		Pairs []pair `json:"pairs"`
	}{At: Stamp(marketAt(snap.Round)), Pairs: []pair{}}
	for _, p := range snap.Verdict.Market {
		out.Pairs = append(out.Pairs, pair{
			Pair: p.Pair, Status: p.Status, Mode: p.Mode, New: known(p.New), Cancel: known(p.Cancel), Market: known(p.Market),
			Stop: known(p.Stop), Margin: p.Margin, MinAmount: p.MinAmount, Retired: p.Retired,
		})
	}
	answer(w, http.StatusOK, out)
}

// healthz says that the process answers, which is all that it can say of itself.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.o.Version})
}

// readyz says whether there is a verdict and the watch is moving.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	snap := s.o.Source.Snapshot()
	out := struct {
		Ready    bool  `json:"ready"`
		Recorded bool  `json:"recorded"`
		At       Stamp `json:"at,omitzero"`
	}{!beginning(snap) && time.Since(snap.At) < aliveWithin, snap.Recorded, Stamp(snap.At)}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, out)
}

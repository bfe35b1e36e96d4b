package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

const (
	// streamsMost: a browser opens one stream a tab, bots and scripts a few more. Beyond it a client is told to
	// come back, so that a leaking script cannot take the program's memory.
	streamsMost = 64
	// heartbeat keeps proxies and browsers from taking a calm stream for a dead one.
	heartbeat = 15 * time.Second
	// writeWithin: a client on this machine that has not read for so long is not going to.
	writeWithin = 5 * time.Second
)

// events streams changes as server-sent events. A client that has seen some resumes with Last-Event-ID; a new one
// first hears the present verdict, so that it need not ask for it apart. Whoever may see what concerns money also hears of
// orders and transfers.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	if _, shown := bearer(r); shown && s.shut(w, r) {
		return // it would wait for orders in vain
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, "too_many_streams", "too many event streams are open")
		return
	}
	after, resume := lastSeen(r)
	l := s.lang(r)
	changes := s.o.Source.Subscribe(r.Context(), after)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	write := func(format string, args ...any) bool {
		// The recorder of a test has no deadlines; a real connection always has.
		_ = out.SetWriteDeadline(time.Now().Add(writeWithin))
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !write("retry: 2000\n\n") {
		return
	}
	if snap := s.o.Source.Snapshot(); !resume && !snap.At.IsZero() {
		if !write("%s", frame(l, watch.Event{Seq: snap.Seq, At: snap.Verdict.At, Kind: "verdict", Data: snap.Verdict})) {
			return
		}
	}
	beat, look, money := time.NewTicker(heartbeat), time.NewTicker(viewEach), s.follow()
	defer beat.Stop()
	defer look.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			if !write(": still here\n\n") {
				return
			}
		case now := <-look.C:
			if !s.mayRead(r) { // it never could, or its session is over
				continue
			}
			for _, e := range money.changes(l, now) {
				if !write("%s", frame(l, e)) {
					return
				}
			}
		case e, open := <-changes:
			if !open { // cut off for being slow, or the watch has ended: the client comes back and resumes
				return
			}
			if !write("%s", frame(l, e)) {
				return
			}
		}
	}
}

// lastSeen reads where a client left off. The query form is for clients that cannot set headers.
func lastSeen(r *http.Request) (journal.Seq, bool) {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.URL.Query().Get("after")
	}
	n, err := strconv.ParseUint(id, 10, 64)
	return journal.Seq(n), err == nil && n > 0
}

// frame writes one event. Every data object holds seq and at; the rest is the shape of the API.
func frame(l text.Lang, e watch.Event) string {
	type head struct {
		Seq uint64 `json:"seq"`
		At  Stamp  `json:"at"`
	}
	on := head{uint64(e.Seq), Stamp(e.At)}
	var body any
	switch d := e.Data.(type) {
	case diagnose.Verdict:
		v := describe(l, d, d.At)
		v.Seq, v.Recorded = on.Seq, true
		body = v
	case incident.Action:
		body = struct {
			head
			Kind     string   `json:"kind"`
			Announce bool     `json:"announce"`
			Incident Incident `json:"incident"`
		}{on, d.Kind, d.Announce, shapeIncident(d.Incident)}
	case diagnose.PartState:
		body = struct {
			head
			component
		}{on, shapeComponent(l, d)}
	case Order:
		body = struct {
			head
			Order
		}{on, d}
	case Move:
		body = struct {
			head
			Move
		}{on, d}
	case LineNow:
		body = struct {
			head
			LineNow
		}{on, d}
	case Break:
		body = struct {
			head
			Break
		}{on, d}
	default:
		body = struct {
			head
			Data any `json:"data"`
		}{on, d}
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic("web: write an event: " + err.Error())
	}
	if e.Kind == "order" || e.Kind == "transfer" || e.Kind == "break" || e.Kind == "line" { // no record of the watch: nothing to resume at
		return fmt.Sprintf("event: %s\ndata: %s\n\n", e.Kind, b)
	}
	return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, b)
}

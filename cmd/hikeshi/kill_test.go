package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hikeshi/internal/journal"
)

// kill -9 at any moment, in the middle of an outage: the journal verifies, nothing acknowledged is missing, and the incident
// that people heard of is still the same one. 20 times, 200 with HIKESHI_LONG=1.
func TestKillingTheDaemonLosesNothing(t *testing.T) {
	times := 20
	if os.Getenv("HIKESHI_LONG") != "" {
		times = 200
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	w := practise(t)
	w.control(t, "POST", "/faults", fault("public", "refuse"), nil)
	w.watch(t)
	first := w.openIncident(t)
	for range times {
		// Sometimes before the first round is over, sometimes between two records.
		time.Sleep(time.Duration(draw.IntN(700)) * time.Millisecond)
		w.watcher.cmd.Process.Signal(syscall.SIGKILL)
		w.watcher.over <- <-w.watcher.over
		w.watch(t)
	}
	if again := w.openIncident(t); again != first {
		t.Errorf("after %d kills the incident is %s, was %s", times, again, first)
	}
	w.control(t, "DELETE", "/faults", nil, nil)
	w.watcher.stop(t)

	path := filepath.Join(w.dir, "hikeshi-data", "journal.db")
	j, err := journal.Open(t.Context(), path, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	report, err := j.Verify(t.Context())
	if err != nil || report.Broken != 0 {
		t.Fatalf("the journal does not verify: %+v, %v", report, err)
	}
	opened, starts := 0, 0
	for rec, err := range j.Read(t.Context(), journal.Query{Kinds: []journal.Kind{journal.Incident, journal.Started, journal.Damaged}}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Kind == journal.Started:
			starts++
		case rec.Kind == journal.Damaged:
			t.Errorf("record %d says that the journal was damaged: %s", rec.Seq, rec.Data)
		case strings.Contains(string(rec.Data), `"kind":"opened"`):
			opened++
		}
	}
	if starts != times+1 || opened != 1 {
		t.Errorf("%d starts and %d incidents opened in the journal, want %d and 1", starts, opened, times+1)
	}
	t.Logf("figure: %d times kill -9 in an open incident: %d records verify, 1 incident", times, report.Records)
}

// openIncident waits for the incident that is open, and returns its name.
func (w *practice) openIncident(t *testing.T) string {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(w.dashboard("/api/v1/incidents"))
		if err != nil {
			continue
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		var got struct {
			Incidents []struct{ ID, Phase string }
		}
		if err != nil || json.Unmarshal(b, &got) != nil || len(got.Incidents) == 0 {
			continue
		}
		if i := got.Incidents[0]; i.Phase != "resolved" {
			return i.ID
		}
	}
	t.Fatal("no incident was opened within a minute")
	return ""
}

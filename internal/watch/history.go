package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
)

// A Reader is the reading side of the journal.
type Reader interface {
	Read(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error]
}

// Resume is the state in which the journal's last incident record left us: where a restart goes on.
func Resume(ctx context.Context, r Reader) (incident.State, error) {
	for rec, err := range r.Read(ctx, journal.Query{Kinds: []journal.Kind{journal.Incident}, Reverse: true, Limit: 1}) {
		if err != nil {
			return incident.State{}, fmt.Errorf("read the last incident: %w", err)
		}
		var last IncidentRecord
		if err := json.Unmarshal(rec.Data, &last); err != nil {
			return incident.State{}, fmt.Errorf("read the last incident, record %d: %w", rec.Seq, err)
		}
		return last.State, nil
	}
	return incident.State{}, nil
}

// Incidents are the newest incidents, newest first, each as it stood last.
func Incidents(ctx context.Context, r Reader, limit int) ([]incident.Incident, error) {
	var out []incident.Incident
	seen := map[string]bool{}
	for rec, err := range r.Read(ctx, journal.Query{Kinds: []journal.Kind{journal.Incident}, Reverse: true}) {
		if err != nil {
			return nil, fmt.Errorf("list incidents: %w", err)
		}
		var one IncidentRecord
		if err := json.Unmarshal(rec.Data, &one); err != nil {
			return nil, fmt.Errorf("list incidents, record %d: %w", rec.Seq, err)
		}
		if i := one.Action.Incident; !seen[i.ID] {
			seen[i.ID] = true
			if out = append(out, i); len(out) == limit {
				break
			}
		}
	}
	return out, nil
}

// Past replays the verdict of the minute that holds at, from its digest. ok is false when the journal has no digest
// of that minute: the watch was not running.
func Past(ctx context.Context, r Reader, at time.Time) (v diagnose.Verdict, ok bool, err error) {
	q := journal.Query{Kinds: []journal.Kind{journal.Minute}, Until: at.Add(time.Nanosecond), Since: at.Add(-digest - tick), Reverse: true, Limit: 1}
	for rec, err := range r.Read(ctx, q) {
		if err != nil {
			return v, false, fmt.Errorf("replay %s: %w", at.Format(time.RFC3339), err)
		}
		var round diagnose.Round
		if err := json.Unmarshal(rec.Data, &round); err != nil {
			return v, false, fmt.Errorf("replay %s, record %d: %w", at.Format(time.RFC3339), rec.Seq, err)
		}
		return diagnose.Diagnose(round), true, nil
	}
	return v, false, nil
}

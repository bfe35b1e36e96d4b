package exposure

import (
	"time"

	"hikeshi/internal/ledger"
)

// A line counts as crossed, or as clear again, when so many of the last looks say so: a single bad tick, however far off, is one
// look. The looks span some seconds, and none is older than the horizon.
const (
	agreeing = 3
	among    = 4
	spanning = 3 * time.Second
	horizon  = 90 * time.Second
	// silence is how long nothing may be said before the first look after it is passed over: after a gap prices come first that
	// were made before it.
	silence = 35 * time.Second
)

// A Watcher follows the owner's lines. The zero Watcher has seen nothing.
type Watcher struct {
	tracks map[int]*track
}

// A track is the newest looks at one line.
type track struct {
	looks []Look
	seen  time.Time // by our clock, of the newest look that says something
}

// Step takes a report, and returns the lines that were crossed just now, or are clear again. What it returns is so once the ledger
// has it; until then it is returned again.
func (w *Watcher) Step(r Report) []ledger.Crossed {
	if w.tracks == nil {
		w.tracks = map[int]*track{}
	}
	var out []ledger.Crossed
	stand := map[int]bool{}
	for _, l := range r.Lines {
		stand[l.ID] = true
		t := w.tracks[l.ID]
		if t == nil {
			t = &track{}
			w.tracks[l.ID] = t
		}
		t.add(l.Look, r.At)
		side := Over
		if l.Last.On {
			side = Clear
		}
		if t.agrees(side, r.At) {
			c := ledger.Crossed{Line: l.ID, N: l.Last.N + 1, On: side == Over, From: string(l.Look.From), Value: numberOf(l.Look.Value)}
			out = append(out, c)
		}
	}
	for id := range w.tracks {
		if !stand[id] {
			delete(w.tracks, id)
		}
	}
	return out
}

// add takes a look, if it is a new one that says something.
func (t *track) add(k Look, now time.Time) {
	if k.Side == Blind {
		return
	}
	if n := len(t.looks); n > 0 && !k.At.After(t.looks[n-1].At) {
		return
	}
	first := t.seen.IsZero() || now.Sub(t.seen) > silence
	t.seen = now
	if first {
		t.looks = nil
		t.looks = append(t.looks, Look{Side: Near, At: k.At}) // it is passed over, and only says how old the next must be
		return
	}
	t.looks = append(t.looks, k)
	t.looks = t.looks[max(0, len(t.looks)-among):]
}

// agrees reports whether enough of the looks are on a side, the newest among them.
func (t *track) agrees(side Side, now time.Time) bool {
	n := len(t.looks)
	if n == 0 || t.looks[n-1].Side != side {
		return false
	}
	count := 0
	var oldest time.Time
	for _, k := range t.looks {
		if k.Side == side && now.Sub(k.At) <= horizon {
			if count++; oldest.IsZero() {
				oldest = k.At
			}
		}
	}
	return count >= agreeing && t.looks[n-1].At.Sub(oldest) >= spanning
}

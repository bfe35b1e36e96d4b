package web

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

const (
	slot    = 15 * time.Minute
	daySlot = 96
	// readWithin bounds what one page spends on reading old minutes; what is missing is read for the next page.
	readWithin = 150 * time.Millisecond
)

// day remembers how each quarter of an hour was, because what is past does not change and reading it costs.
type day struct {
	source Source

	mu    sync.Mutex // guards what follows; held over reads of the journal, which only other pages wait for
	kept  map[int64]diagnose.Scope
	seen  []incident.Incident
	seq   journal.Seq
	until time.Time
}

func newDay(s Source) *day { return &day{source: s, kept: map[int64]diagnose.Scope{}} }

// incidents are the newest ones, read again when the journal has grown, but not more often than every 2 s.
func (d *day) incidents(ctx context.Context, seq journal.Seq, now time.Time) ([]incident.Incident, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen != nil && (seq == d.seq || now.Before(d.until)) {
		return d.seen, nil
	}
	all, err := d.source.Incidents(ctx, 100)
	if err != nil {
		return d.seen, fmt.Errorf("read incidents: %w", err)
	}
	d.seen, d.seq, d.until = list(all), seq, now.Add(2*time.Second)
	return d.seen, nil
}

// slots say how each quarter of an hour of the last day was, oldest first: by its incidents, else by a recorded
// minute of it. A quarter in which nobody watched is not proven.
func (d *day) slots(ctx context.Context, past []incident.Incident, v diagnose.Verdict, since, now time.Time) []diagnose.Scope {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := now.Truncate(slot)
	out := make([]diagnose.Scope, daySlot)
	budget := time.Now().Add(readWithin)
	for n := range daySlot {
		from := last.Add(time.Duration(n-daySlot+1) * slot)
		to := from.Add(slot)
		if s, ok := during(past, from, to); ok {
			out[n] = s
			continue
		}
		if n == daySlot-1 {
			out[n] = v.Scope
			continue
		}
		key := from.Unix()
		if s, ok := d.kept[key]; ok {
			out[n] = s
			continue
		}
		if time.Now().After(budget) || ctx.Err() != nil {
			continue
		}
		scope, final := d.recorded(ctx, to, now)
		if out[n] = scope; final {
			d.kept[key] = scope
		}
	}
	for key := range d.kept {
		if key < last.Add(-25*time.Hour).Unix() {
			delete(d.kept, key)
		}
	}
	return out
}

// recorded is the verdict of a minute near the end, in the middle or near the start of a quarter that ends at to.
func (d *day) recorded(ctx context.Context, to, now time.Time) (s diagnose.Scope, final bool) {
	for _, back := range []time.Duration{time.Minute, 8 * time.Minute, 14 * time.Minute} {
		v, ok, err := d.source.Past(ctx, to.Add(-back))
		if err != nil {
			return diagnose.NotProven, false
		}
		if ok {
			return v.Scope, true
		}
	}
	return diagnose.NotProven, now.Sub(to) > 2*time.Minute // the newest digest may still be on its way
}

// during is the scope of the gravest incident that overlaps a stretch of time.
func during(past []incident.Incident, from, to time.Time) (diagnose.Scope, bool) {
	found, grave := false, diagnose.NotProven
	for _, i := range past {
		if i.Since.Before(to) && (i.Resolved.IsZero() || i.Resolved.After(from)) {
			if !found || gravity[i.Scope] > gravity[grave] {
				grave = i.Scope
			}
			found = true
		}
	}
	return grave, found
}

var gravity = map[diagnose.Scope]int{
	diagnose.Healthy: 0, diagnose.NotProven: 1, diagnose.Maintenance: 2, diagnose.Part: 3, diagnose.Path: 4, diagnose.OwnLine: 5, diagnose.Bitbank: 6,
}

// A strip is the baren of a matoi: a rod with a strip for every quarter of an hour. Whole is well, short is
// bitbank's trouble, cut is the line's, an outline is not proven: it reads without colour.
type strip struct {
	Label string
	Paths []drawn
	Axis  []string
}

type drawn struct{ Class, D string }

func baren(l text.Lang, slots []diagnose.Scope, span time.Duration) *strip {
	n := int(span / slot)
	slots = slots[len(slots)-n:]
	step := 960 / float64(n)
	w := step * .64
	out := &strip{}
	count, shapes := map[diagnose.Scope]int{}, map[diagnose.Scope]*strings.Builder{}
	for i, s := range slots {
		if count[s]++; count[s] == 1 {
			shapes[s] = &strings.Builder{}
		}
		fmt.Fprintf(shapes[s], strips[s].shape, float64(i)*step+step*.18, w)
	}
	hours := int(span / time.Hour)
	out.Axis = []string{text.Say(l, "web.baren.from", text.Args{"n": strconv.Itoa(hours)})}
	for h := hours - 6; h > 0; h -= 6 {
		out.Axis = append(out.Axis, strconv.Itoa(h))
	}
	out.Axis = append(out.Axis, text.Say(l, "web.now", nil))
	var said []string
	for _, s := range scopes {
		if count[s] > 0 {
			out.Paths = append(out.Paths, drawn{strips[s].class, shapes[s].String()}) // one drawing for each scope, not for each strip
			said = append(said, text.Say(l, "web.baren.count", text.Args{"scope": text.Say(l, "web.scope."+s.String(), nil), "for": say.For(l, time.Duration(count[s])*slot)}))
		}
	}
	out.Label = text.Say(l, "web.baren.label", text.Args{"n": strconv.Itoa(hours), "list": say.List(l, said)})
	return out
}

// strips draw each scope at x, w wide; shapes differ, so that colour is never alone.
var strips = map[diagnose.Scope]struct{ class, shape string }{
	diagnose.Healthy:     {"ok", "M%.1[1]f 7h%.1[2]fv32l-%.1[2]f 3z"},
	diagnose.Part:        {"them", "M%.1[1]f 7h%.1[2]fv11l-%.1[2]f 3z"},
	diagnose.Bitbank:     {"them", "M%.1[1]f 7h%.1[2]fv6l-%.1[2]f 2z"},
	diagnose.OwnLine:     {"own", "M%.1[1]f 7h%.1[2]fv11l-%.1[2]f 3zM%.1[1]f 28l%.1[2]f-3v13l-%.1[2]f 3z"},
	diagnose.Path:        {"path", "M%.1[1]f 7h%.1[2]fv21l-%.1[2]f 3zM%.1[1]f 37l%.1[2]f-3v4l-%.1[2]f 3z"},
	diagnose.Maintenance: {"mnt", "M%.1[1]f 7h%.1[2]fv20h-%.1[2]fz"},
	diagnose.NotProven:   {"unk", "M%.1[1]f 7h%.1[2]fv32l-%.1[2]f 3z"},
}

package watch

import (
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// rawMost bounds what waits for an incident: a minute of about sixty targets at two looks a second.
const rawMost = 2048

// rawLog holds back raw observations until an incident opens, then lets them and the following ones through. What
// shows nothing new is thinned out, so that a day of outage stays a few megabytes.
type rawLog struct {
	waiting []probe.Observation
	last    map[probe.Target]probe.Observation
}

func newRawLog() *rawLog { return &rawLog{last: map[probe.Target]probe.Observation{}} }

func (r *rawLog) add(o probe.Observation) {
	was, known := r.last[o.Target]
	if known && was.Failure == o.Failure && was.Code == o.Code && o.At.Sub(was.At) < rawSpacing {
		return
	}
	r.last[o.Target] = o
	if len(r.waiting) >= rawMost {
		r.waiting = append(r.waiting[:0], r.waiting[1:]...)
	}
	r.waiting = append(r.waiting, o)
}

// take returns what may be written now: everything during an incident, nothing outside of one.
func (r *rawLog) take(now time.Time, during bool) []item {
	if !during {
		for len(r.waiting) > 0 && now.Sub(r.waiting[0].At) > rawWindow {
			r.waiting = r.waiting[1:]
		}
		return nil
	}
	out := make([]item, 0, len(r.waiting))
	for _, o := range r.waiting {
		out = append(out, item{entry: journal.Entry{Kind: journal.Observation, At: o.At, Data: o}})
	}
	r.waiting = r.waiting[:0]
	return out
}

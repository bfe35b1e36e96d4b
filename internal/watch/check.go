package watch

import (
	"context"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
)

const (
	// checkLimit is how long a single check may take: what is not settled by then is said to be not proven.
	checkLimit = 4500 * time.Millisecond
	// checkLook caps a look's own deadline, so that two rounds of looks fit into checkLimit.
	checkLook = 2 * time.Second
)

// Check looks once at everything, asks again where the first looks leave a doubt, and returns the verdict as soon
// as nothing that could be asked would change it, at the latest after 4.5 s.
func Check(ctx context.Context, o Options) Snapshot {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	o.Probes = hurried(o.Probes)
	o.Journal = nil
	w := New(o)
	over := make(chan struct{})
	go func() { defer close(over); w.Run(ctx) }()
	settled := time.NewTicker(50 * time.Millisecond)
	defer settled.Stop()
	for {
		select {
		case <-over:
			return w.Snapshot()
		case <-settled.C:
			if s := w.Snapshot(); w.settled(s) {
				cancel()
				<-over
				return s
			}
		}
	}
}

func hurried(probes []probe.Probe) []probe.Probe {
	out := append([]probe.Probe(nil), probes...)
	for i := range out {
		out[i].Offset = 0
		out[i].Deadline = min(out[i].Deadline, checkLook)
	}
	return out
}

// settled reports whether every look is in and the verdict asks for no more.
func (w *Watch) settled(s Snapshot) bool {
	if s.At.IsZero() || len(s.Verdict.Ask) > 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.o.Probes {
		if _, seen := s.Round.Signals[p.Target]; !seen && !w.none[p.Target] {
			return false
		}
	}
	return s.Verdict.Scope != diagnose.NotProven
}

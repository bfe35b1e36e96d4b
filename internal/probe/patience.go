package probe

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// lateLeast is the least time after which a look is called unusually slow: ten times what an answer from within
	// Japan takes, and still so early that other looks are back within the deadline of this one.
	lateLeast = 400 * time.Millisecond
	// lateFactor is how many times its usual duration a look may take before that.
	lateFactor = 3
)

// A patience is how long a look usually takes. The zero patience knows nothing yet.
type patience struct{ usual atomic.Int64 }

// late is when a look with this deadline is worth a warning.
func (p *patience) late(deadline time.Duration) time.Duration {
	return min(max(lateLeast, lateFactor*time.Duration(p.usual.Load())), deadline*3/4)
}

// learn moves the usual duration by an eighth of the way, so that about ten looks make a habit.
func (p *patience) learn(took time.Duration) {
	usual := time.Duration(p.usual.Load())
	if usual == 0 {
		usual = took
	}
	p.usual.Store(int64(usual + (took-usual)/8))
}

// A doing is what a look does: it fills the observation, or says what went wrong.
type doing func(context.Context, *Observation) *trouble

// looker builds a Look out of what it does: the observation's frame, its deadline, the warning when it is slow.
func looker(target Target, host Host, deadline time.Duration, do doing) func(context.Context, func(Observation)) Observation {
	p := &patience{}
	return func(ctx context.Context, early func(Observation)) Observation {
		ctx, cancel := context.WithTimeout(ctx, deadline)
		defer cancel()
		begin := time.Now()
		o := Observation{Target: target, Host: host}
		warned := make(chan struct{})
		warn := time.AfterFunc(p.late(deadline), func() {
			defer close(warned)
			early(Observation{Target: target, Host: host, At: time.Now(), Took: time.Since(begin), Late: true})
		})
		bad := do(ctx, &o)
		if !warn.Stop() {
			<-warned // a warning that comes after its end would be a doubt without end
		}
		if context.Cause(ctx) == context.Canceled || bad == errNoAddress {
			return Observation{} // nothing was seen
		}
		o.At, o.Took = time.Now(), time.Since(begin)
		bad.on(&o)
		if bad == nil {
			p.learn(o.Took)
		}
		return o
	}
}

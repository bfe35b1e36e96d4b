package watch

import (
	"time"

	"hikeshi/internal/probe"
	"hikeshi/internal/resilience"
)

// A gate says whether a request may be sent now; resilience.Budget is one.
type gate interface {
	Allow(key string, now time.Time) bool
	Next(key string, now time.Time) time.Time
	Count(key string, now time.Time) int
}

// askSpacing is the least time between two looks at one target when the second was asked for: a differential look
// repeated sooner would tell nothing new, and a doubt of some seconds must not use up the minute's budget.
const askSpacing = 1200 * time.Millisecond

// schedule says which looks are due. It belongs to one goroutine.
type schedule struct {
	looks []*look
	by    map[probe.Target]*look
	gate  gate
	// spare is what of each key's minute the steady looks leave over. Looks asked for out of turn use nothing else, so
	// that the steady ones, which will see the recovery, always keep theirs.
	spare *resilience.Budget
}

type look struct {
	probe   probe.Probe
	next    time.Time
	started time.Time
	flying  bool
}

// newSchedule staggers the first looks: the k-th look at a host starts k steps after the first, so that neither a
// start nor a wake-up is a burst.
func newSchedule(probes []probe.Probe, g gate, limit func(string) int, now time.Time) *schedule {
	const step = 120 * time.Millisecond
	s := &schedule{by: map[probe.Target]*look{}, gate: g}
	nth, steady := map[probe.Host]int{}, map[string]int{}
	for _, p := range probes {
		if p.Look == nil {
			continue
		}
		l := &look{probe: p, next: now.Add(p.Offset + time.Duration(nth[p.Host])*step)}
		nth[p.Host]++
		steady[p.Budget] += turns(p.Every)
		s.looks = append(s.looks, l)
		s.by[p.Target] = l
	}
	s.spare = resilience.NewBudget(func(key string) resilience.Limit {
		n := limit(key) - steady[key]
		return resilience.Limit{PerMinute: n, Burst: n}
	})
	return s
}

// turns is how many turns of a look can fall into one minute, when each may come up to half an interval early.
func turns(every time.Duration) int {
	if every <= 0 {
		return 0
	}
	return int((time.Minute + every/2 + every - 1) / every)
}

// due returns the looks to start now, in flight from here on, and when to ask again.
func (s *schedule) due(now time.Time) (start []*look, again time.Time) {
	again = now.Add(time.Second)
	for _, l := range s.looks {
		if l.flying {
			continue
		}
		if !l.next.After(now) {
			if s.admit(l, now) {
				s.launch(l, now)
				start = append(start, l)
				continue
			}
			l.next = s.gate.Next(l.probe.Budget, now)
		}
		if l.next.Before(again) {
			again = l.next
		}
	}
	return start, again
}

// ask pulls looks forward: they start now instead of at their turn.
func (s *schedule) ask(targets []probe.Target, now time.Time) (start []*look) {
	for _, t := range targets {
		l := s.by[t]
		if l == nil || l.flying || now.Sub(l.started) < askSpacing {
			continue
		}
		if !l.near(now) && l.probe.Budget != "" && !s.spare.Allow(l.probe.Budget, now) {
			continue
		}
		if s.admit(l, now) {
			s.launch(l, now)
			start = append(start, l)
		}
	}
	return start
}

// landed notes that a look is over.
func (s *schedule) landed(t probe.Target) {
	if l := s.by[t]; l != nil {
		l.flying = false
	}
}

func (s *schedule) admit(l *look, now time.Time) bool {
	return l.probe.Budget == "" || s.gate.Allow(l.probe.Budget, now)
}

func (s *schedule) launch(l *look, now time.Time) {
	l.flying, l.started = true, now
	// Turns stay on their grid, so that looks which share a host stay out of step with each other; a look that was
	// pulled forward takes the place of its turn when that was near.
	for l.near(now) {
		l.next = l.next.Add(l.probe.Every)
	}
}

// near reports whether the next turn is so near that a look now takes its place.
func (l *look) near(now time.Time) bool { return !l.next.After(now.Add(l.probe.Every / 2)) }

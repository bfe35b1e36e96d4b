package watch

import (
	"sync"
	"time"

	"hikeshi/internal/probe"
)

// Plots show two hours; 720 points are one every ten seconds, finer than any screen.
const (
	plotSpan    = 2 * time.Hour
	plotPoints  = 720
	plotSpacing = plotSpan / plotPoints
)

// series keeps the newest looks of each target for plots. It is safe for concurrent use.
type series struct {
	mu sync.Mutex
	by map[probe.Target][]Point
}

func newSeries() *series { return &series{by: map[probe.Target][]Point{}} }

// add keeps the worst look of each stretch of plotSpacing, so that a short failure is never smoothed away.
func (s *series) add(o probe.Observation) {
	if o.Late {
		return
	}
	p := Point{At: o.At, Took: o.Took, Failure: o.Failure}
	if !o.DataAt.IsZero() {
		p.Age = max(0, o.At.Sub(o.DataAt))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	points := s.by[o.Target]
	if n := len(points); n > 0 && o.At.Sub(points[n-1].At) < plotSpacing {
		points[n-1] = worse(points[n-1], p)
		return
	}
	if len(points) >= plotPoints {
		points = append(points[:0], points[1:]...)
	}
	s.by[o.Target] = append(points, p)
}

func worse(a, b Point) Point {
	if a.Failure == probe.OK {
		a.Failure = b.Failure
	}
	a.Took, a.Age = max(a.Took, b.Took), max(a.Age, b.Age)
	return a
}

func (s *series) points(t probe.Target) []Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Point(nil), s.by[t]...)
}

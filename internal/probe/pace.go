package probe

import "time"

const (
	// paceLeast is the least silence that is worth a word: with it and two reports a second apart, a verdict is there
	// within five seconds. Whole books come once a second when something has changed, so one may be left out.
	paceLeast  = 1500 * time.Millisecond
	paceWholes = 2200 * time.Millisecond
	// A source may be silent for half as long again as its longest pause of late. A market is bursty: a pause longer
	// than that is rare enough to ask REST about, which then decides whether the market is quiet.
	paceOver, paceUnder = 3, 2
	// paceKnown is how many messages make a habit.
	paceKnown = 20
)

// A pace is how regularly messages arrive: the longest pause in each of the last ten minutes.
type pace struct {
	least   time.Duration // 0: paceLeast
	last    time.Time     // newest arrival, or when a new connection began
	heard   int           // since the program began
	longest [10]time.Duration
	minute  int64
}

// hear counts an arrival. A pause that was called silence makes us a little more patient, not as much as it lasted:
// an outage must not become a habit.
func (p *pace) hear(now time.Time) {
	if m := now.Unix() / 60; m != p.minute {
		for i := range int64(min(m-p.minute, int64(len(p.longest)))) {
			p.longest[(m-i)%int64(len(p.longest))] = 0
		}
		p.minute = m
	}
	p.heard++
	if !p.last.IsZero() {
		pause := now.Sub(p.last)
		if limit, known := p.limit(); known {
			pause = min(pause, limit*4/5)
		}
		slot := &p.longest[p.minute%int64(len(p.longest))]
		*slot = max(*slot, pause)
	}
	p.last = now
}

// limit is how long silence is ordinary; known is false until there is a habit.
func (p *pace) limit() (limit time.Duration, known bool) {
	limit = max(paceLeast, p.least)
	for _, l := range p.longest {
		limit = max(limit, l*paceOver/paceUnder)
	}
	return limit, p.heard >= paceKnown
}

// overdue reports whether silence has lasted longer than it ever does. begun is when this connection did: what was
// not sent to us before proves nothing.
func (p *pace) overdue(now, begun time.Time) bool {
	limit, known := p.limit()
	since := p.last
	if since.Before(begun) {
		since = begun
	}
	return known && now.Sub(since) > limit
}

// behind reports whether others have talked well after this source last did.
func (p *pace) behind(newest, begun time.Time) bool {
	since := p.last
	if since.Before(begun) {
		since = begun
	}
	return newest.Sub(since) >= paceLeast
}

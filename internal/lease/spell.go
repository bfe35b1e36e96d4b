package lease

import "time"

// A Spell is how long something lasts, as far as we were there to see it: of the time that a machine sleeps nothing is known. The
// zero Spell says that it is not so.
type Spell struct {
	Since time.Time
	Anew  bool // it lasted before, and Since is when we were back

	seen Moment
}

// unseen is how long may lie between two looks: they come once a second, or sooner.
const unseen = time.Second + away

// Look takes in whether it is so now.
func (s Spell) Look(now Moment, on bool) Spell {
	run := now.Run - s.seen.Run
	switch {
	case !on:
		return Spell{}
	case s.Since.IsZero():
		return Spell{Since: now.Wall, seen: now}
	case run > unseen || apart(now.Wall.Sub(s.seen.Wall), run):
		return Spell{Since: now.Wall, Anew: true, seen: now}
	}
	s.seen = now
	return s
}

// apart reports whether the two clocks have moved by such different times that one of them was set or stood still.
func apart(wall, run time.Duration) bool { return wall-run > away || run-wall > away }

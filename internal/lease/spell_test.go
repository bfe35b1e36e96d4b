package lease

import (
	"testing"
	"time"
)

func TestASpellIsOnlyWhatWeSaw(t *testing.T) {
	type look struct {
		now   Moment
		on    bool
		since time.Duration // from noon; -1: it is not so
		anew  bool
	}
	apart := func(wall, run time.Duration) Moment { return Moment{noon.Add(wall), time.Hour + run} }
	for name, looks := range map[string][]look{
		"it lasts":                           {{at(0), true, 0, false}, {at(sec), true, 0, false}, {at(4 * sec), true, 0, false}},
		"it is over":                         {{at(0), true, 0, false}, {at(sec), false, -1, false}, {at(2 * sec), true, 2 * sec, false}},
		"suspended, the monotonic one stood": {{at(0), true, 0, false}, {apart(time.Hour, sec), true, time.Hour, true}},
		"suspended, both went on":            {{at(0), true, 0, false}, {at(time.Hour), true, time.Hour, true}},
		"the clock is set back":              {{at(0), true, 0, false}, {apart(-time.Hour, sec), true, -time.Hour, true}, {apart(-time.Hour+sec, 2*sec), true, -time.Hour, true}},
		"NTP corrects a second":              {{at(0), true, 0, false}, {apart(2*sec, sec), true, 0, false}},
	} {
		var s Spell
		for n, l := range looks {
			s = s.Look(l.now, l.on)
			if want := noon.Add(l.since); (l.since == -1) != s.Since.IsZero() || l.since != -1 && !s.Since.Equal(want) || s.Anew != l.anew {
				t.Errorf("%s, look %d: %+v", name, n, s)
			}
		}
	}
}

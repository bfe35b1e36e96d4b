package incident

import (
	"slices"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/part"
)

// A State is all that [Step] remembers. The zero State is a start without history.
type State struct {
	Current Incident `json:"current,omitzero"` // Phase None when there is none
	// Doubt is trouble that is not visible yet: the first verdict of it, and when that was said.
	Doubt    diagnose.Scope `json:"doubt,omitzero"`
	DoubtAt  time.Time      `json:"doubt_at,omitzero"`
	Symptom  time.Time      `json:"symptom,omitzero"`   // the first symptom of that trouble
	CalmAt   time.Time      `json:"calm_at,omitzero"`   // since when the doubt has been contradicted
	ChangeAt time.Time      `json:"change_at,omitzero"` // since when the verdict has differed from what was said
	Change   diagnose.Scope `json:"change,omitzero"`    //
	Flaps    []time.Time    `json:"flaps,omitzero"`     // recent relapses, oldest first
	Told     int            `json:"told,omitzero"`      // announcements of the present incident
	At       time.Time      `json:"at,omitzero"`        // the newest verdict
}

const (
	// quietBase is the quiet after which a single stretch of trouble is over: half a minute of good looks at every
	// host, twice.
	quietBase = 60 * time.Second
	quietMost = 30 * time.Minute
	// flapMemory is how long a relapse makes the next quiet longer.
	flapMemory = 2 * time.Hour
	flapsMost  = 16
	// holdCalm is how long a doubt survives a well verdict: what blinks is still trouble.
	holdCalm = 10 * time.Second
	// holdChange is how long another verdict must stand before a change is said.
	holdChange = 10 * time.Second
	// toldMost bounds what one incident announces besides its beginning and its end.
	toldMost = 6
	// asleepAfter is a gap between verdicts that only a sleeping machine makes.
	asleepAfter = 30 * time.Second
)

// Step folds one verdict into s and returns what follows. Verdicts must come in the order of their time.
func Step(s State, v diagnose.Verdict) (State, []Action) {
	s = clone(s)
	if gap := v.At.Sub(s.At); !s.At.IsZero() && (gap > asleepAfter || gap < 0) {
		s = frozen(s, gap)
	}
	s.At = v.At
	s.Flaps = slices.DeleteFunc(s.Flaps, func(t time.Time) bool { return v.At.Sub(t) > flapMemory })
	if s.Current.Phase == Resolved {
		s.Current = Incident{}
	}
	if s.Current.Phase == None {
		return begin(s, v)
	}
	return follow(s, v)
}

// frozen moves what is being waited for over a gap in which nothing was measured: time asleep is neither quiet nor
// trouble.
func frozen(s State, gap time.Duration) State {
	for _, t := range []*time.Time{&s.DoubtAt, &s.CalmAt, &s.ChangeAt, &s.Current.WellAt} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
	return s
}

// begin waits until trouble has stood for its time to become visible.
func begin(s State, v diagnose.Verdict) (State, []Action) {
	if !troubled(v) {
		if s.DoubtAt.IsZero() || v.Scope == diagnose.NotProven {
			return s, nil
		}
		if s.CalmAt.IsZero() {
			s.CalmAt = v.At
		}
		if v.At.Sub(s.CalmAt) >= holdCalm {
			s.DoubtAt, s.CalmAt, s.Symptom, s.Doubt = time.Time{}, time.Time{}, time.Time{}, diagnose.NotProven
		}
		return s, nil
	}
	if s.DoubtAt.IsZero() {
		s.DoubtAt, s.Symptom = v.At, since(v)
	}
	s.Doubt, s.CalmAt = v.Scope, time.Time{}
	if v.At.Sub(s.DoubtAt) < visible(v) {
		return s, nil
	}
	s.Current = Incident{
		ID: s.Symptom.UTC().Format("20060102-150405"), Phase: Identified, Since: s.Symptom, Opened: v.At, QuietFor: quiet(s),
	}
	s.Current = described(s.Current, v)
	s.DoubtAt, s.Symptom, s.Doubt, s.Told = time.Time{}, time.Time{}, diagnose.NotProven, 1
	return s, []Action{{Kind: "opened", At: v.At, Incident: s.Current, Announce: true}}
}

// follow moves an open incident on.
func follow(s State, v diagnose.Verdict) (State, []Action) {
	switch {
	case v.Scope == diagnose.NotProven:
		// We know nothing: whatever was being waited for starts anew once we know again.
		s.ChangeAt = time.Time{}
		if !s.Current.WellAt.IsZero() {
			s.Current.WellAt = v.At
		}
		return s, nil
	case !troubled(v):
		return recovering(s, v)
	}
	var out []Action
	if s.Current.Phase == Monitoring {
		s.Current.Phase, s.Current.WellAt = Identified, time.Time{}
		s.Current.Flaps++
		s.Flaps = append(s.Flaps, v.At)
		if len(s.Flaps) > flapsMost {
			s.Flaps = s.Flaps[1:]
		}
		s.Current.QuietFor = quiet(s)
		out = append(out, Action{Kind: "relapsed", At: v.At, Incident: s.Current})
	}
	if same(s.Current, v) {
		s.ChangeAt = time.Time{}
		return s, out
	}
	if s.ChangeAt.IsZero() || s.Change != v.Scope {
		s.ChangeAt, s.Change = v.At, v.Scope
	}
	if v.At.Sub(s.ChangeAt) < max(holdChange, visible(v)) {
		return s, out
	}
	announce := worthTelling(s.Current, v) && s.Current.Flaps == 0 && s.Told < toldMost
	s.Current, s.ChangeAt = described(s.Current, v), time.Time{}
	if announce {
		s.Told++
	}
	return s, append(out, Action{Kind: "changed", At: v.At, Incident: s.Current, Announce: announce})
}

// recovering watches an incident that measures well, and resolves it after its quiet.
func recovering(s State, v diagnose.Verdict) (State, []Action) {
	s.ChangeAt = time.Time{}
	if s.Current.Phase != Monitoring {
		s.Current.Phase, s.Current.WellAt = Monitoring, v.At
		return s, []Action{{Kind: "recovering", At: v.At, Incident: s.Current}}
	}
	if v.At.Sub(s.Current.WellAt) < s.Current.QuietFor {
		return s, nil
	}
	s.Current.Phase, s.Current.Resolved = Resolved, v.At
	done := s.Current
	s.Current, s.Told = Incident{}, 0
	return s, []Action{{Kind: "resolved", At: v.At, Incident: done, Announce: true}}
}

// quiet is how long it must stay well: doubled by every relapse that is still remembered.
func quiet(s State) time.Duration {
	q := quietBase
	for range s.Flaps {
		q = min(2*q, quietMost)
	}
	return q
}

func troubled(v diagnose.Verdict) bool {
	return v.Scope != diagnose.Healthy && v.Scope != diagnose.NotProven
}

// visible is how long a verdict must stand before people hear of it. What is hard is said at once: the diagnosis has
// already asked several times. What often passes by itself waits.
func visible(v diagnose.Verdict) time.Duration {
	switch {
	case v.Scope == diagnose.OwnLine, v.Scope == diagnose.Path:
		return 5 * time.Second // a home line blinks
	case v.Scope == diagnose.Part && minor(v.Parts):
		return 30 * time.Second
	case v.Scope == diagnose.Part && !down(v):
		return 30 * time.Second // slow and busy come and go with the market
	}
	return 0
}

// minor parts cost nobody money while they are away.
func minor(parts []part.Code) bool {
	for _, p := range parts {
		if p != part.Support && p != part.Notification {
			return false
		}
	}
	return true
}

// down reports whether something is down, not only limited.
func down(v diagnose.Verdict) bool {
	for _, p := range v.Board {
		if p.State == diagnose.Down && slices.Contains(v.Parts, p.Part) {
			return true
		}
	}
	return false
}

func same(i Incident, v diagnose.Verdict) bool {
	return i.Scope == v.Scope && i.Sentence == v.Sentence && slices.Equal(i.Parts, v.Parts) && slices.Equal(i.Pairs, v.Pairs)
}

// worthTelling is a change that makes people do something else: whose trouble it is, or a part that was not said
// before. Parts that come back one by one are seen on the page.
func worthTelling(i Incident, v diagnose.Verdict) bool {
	if i.Scope != v.Scope {
		return true
	}
	for _, p := range v.Parts {
		if !slices.Contains(i.Parts, p) {
			return true
		}
	}
	return i.Scope == diagnose.Maintenance && i.Sentence != v.Sentence
}

func described(i Incident, v diagnose.Verdict) Incident {
	i.Scope, i.Sentence = v.Scope, v.Sentence
	i.Parts, i.Pairs = slices.Clone(v.Parts), slices.Clone(v.Pairs)
	return i
}

func since(v diagnose.Verdict) time.Time {
	if v.Since.IsZero() || v.Since.After(v.At) {
		return v.At
	}
	return v.Since
}

func clone(s State) State {
	s.Flaps = slices.Clone(s.Flaps)
	return s
}

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
	Said     Saying         `json:"said,omitzero"`      // what people heard last of it
	UnsaidAt time.Time      `json:"unsaid_at,omitzero"` // since when that has not been the whole truth
	EndedAt  time.Time      `json:"ended_at,omitzero"`  // when the newest incident was resolved
	At       time.Time      `json:"at,omitzero"`        // the newest verdict
}

// A Saying is what was announced.
type Saying struct {
	Scope    diagnose.Scope `json:"scope"`
	Parts    []part.Code    `json:"parts,omitzero"`
	Sentence string         `json:"sentence,omitzero"`
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
	// holdChange is how long another verdict must stand before the page's incident follows it, and before the first
	// change is announced; each further announcement waits four times as long as the one before.
	holdChange = 10 * time.Second
	// openQuestion is how long something may be wrong without anybody knowing whose it is, before that is an incident
	// of its own: three rounds of looks at the references.
	openQuestion = 30 * time.Second
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
	if s.Current.Phase == None {
		return begin(s, v)
	}
	return follow(s, v)
}

// frozen moves what is being waited for over a gap in which nothing was measured: time asleep is neither quiet nor
// trouble.
func frozen(s State, gap time.Duration) State {
	for _, t := range []*time.Time{&s.DoubtAt, &s.CalmAt, &s.ChangeAt, &s.UnsaidAt, &s.Current.WellAt} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
	return s
}

// begin waits until trouble has stood for its time to become visible.
func begin(s State, v diagnose.Verdict) (State, []Action) {
	question := asks(v)
	if !troubled(v) && !question {
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
	if s.DoubtAt.IsZero() || s.Doubt == diagnose.NotProven && !question {
		s.DoubtAt = v.At
	}
	// A symptom from before the end of the last incident belonged to that one, and its ID is taken.
	if first := since(v); (s.Symptom.IsZero() || first.Before(s.Symptom)) && first.After(s.EndedAt) {
		s.Symptom = first
	} else if s.Symptom.IsZero() {
		s.Symptom = v.At
	}
	s.Doubt, s.CalmAt = v.Scope, time.Time{}
	if v.At.Sub(s.DoubtAt) < visible(v) {
		return s, nil
	}
	if !s.EndedAt.IsZero() && v.At.Sub(s.EndedAt) < flapMemory {
		s.Flaps = remember(s.Flaps, v.At)
	}
	s.Current = described(Incident{
		ID: s.Symptom.In(jst).Format("20060102-150405"), Phase: Identified, Since: s.Symptom, Opened: v.At, QuietFor: quiet(s),
	}, v)
	if question {
		s.Current.Phase = Investigating
	}
	s.DoubtAt, s.Symptom, s.Doubt = time.Time{}, time.Time{}, diagnose.NotProven
	s.Told, s.Said, s.UnsaidAt = 0, Saying{}, time.Time{}
	announce := !question || v.Sentence == unreachable
	if announce {
		s = said(s, v)
	}
	return s, []Action{{Kind: "opened", At: v.At, Incident: s.Current, Announce: announce}}
}

// unreachable is the one open question that people hear of: no part of bitbank is reached, whosever fault it is.
const unreachable = "not_proven.7"

// asks reports whether a verdict knows of trouble and not whose it is.
func asks(v diagnose.Verdict) bool {
	return v.Scope == diagnose.NotProven && (v.Sentence == "not_proven.4" || v.Sentence == unreachable)
}

// follow moves an open incident on.
func follow(s State, v diagnose.Verdict) (State, []Action) {
	switch {
	case v.Scope == diagnose.NotProven:
		// We know nothing: whatever was being waited for starts anew once we know again.
		s.ChangeAt, s.UnsaidAt = time.Time{}, time.Time{}
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
		s.Flaps = remember(s.Flaps, v.At)
		s.Current.QuietFor = quiet(s)
		out = append(out, Action{Kind: "relapsed", At: v.At, Incident: s.Current})
	}
	if !worthTelling(s.Said, s.Told, v) {
		s.UnsaidAt = time.Time{}
	} else if s.UnsaidAt.IsZero() {
		s.UnsaidAt = v.At
	}
	if same(s.Current, v) {
		s.ChangeAt = time.Time{}
	} else if s.ChangeAt.IsZero() || s.Change != v.Scope {
		s.ChangeAt, s.Change = v.At, v.Scope
	}
	announce := !s.UnsaidAt.IsZero() && v.At.Sub(s.UnsaidAt) >= max(hold(s), visible(v))
	if !announce && (s.ChangeAt.IsZero() || v.At.Sub(s.ChangeAt) < max(holdChange, visible(v))) {
		return s, out
	}
	s.Current, s.ChangeAt = described(s.Current, v), time.Time{}
	s.Current.Phase = Identified
	if announce {
		s = said(s, v)
	}
	return s, append(out, Action{Kind: "changed", At: v.At, Incident: s.Current, Announce: announce})
}

// hold is how long a change must stand before it is announced.
func hold(s State) time.Duration {
	if s.Told == 0 {
		return 0 // nobody has heard anything yet
	}
	h := holdChange
	for range s.Told - 1 {
		h = min(4*h, quietMost)
	}
	if s.Current.Flaps > 0 {
		h = max(h, s.Current.QuietFor)
	}
	return h
}

func said(s State, v diagnose.Verdict) State {
	s.Told++
	s.Said, s.UnsaidAt = Saying{Scope: v.Scope, Parts: slices.Clone(v.Parts), Sentence: v.Sentence}, time.Time{}
	return s
}

func remember(flaps []time.Time, at time.Time) []time.Time {
	if len(flaps) >= flapsMost {
		flaps = flaps[1:]
	}
	return append(flaps, at)
}

// recovering watches an incident that measures well, and resolves it after its quiet.
func recovering(s State, v diagnose.Verdict) (State, []Action) {
	s.ChangeAt, s.UnsaidAt = time.Time{}, time.Time{}
	if s.Current.Phase != Monitoring {
		s.Current.Phase, s.Current.WellAt = Monitoring, v.At
		return s, []Action{{Kind: "recovering", At: v.At, Incident: s.Current}}
	}
	if v.At.Sub(s.Current.WellAt) < s.Current.QuietFor {
		return s, nil
	}
	s.Current.Phase, s.Current.Resolved = Resolved, v.At
	done, told := s.Current, s.Told > 0
	s.Current, s.Told, s.Said, s.EndedAt = Incident{}, 0, Saying{}, v.At
	return s, []Action{{Kind: "resolved", At: v.At, Incident: done, Announce: told}}
}

// jst: an ID is read by people, beside times that are Japan's.
var jst = time.FixedZone("JST", 9*60*60)

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
	case asks(v):
		return openQuestion
	case v.Sentence == "own_line.3", v.Sentence == "own_line.9":
		return 20 * time.Second // home routers lose names for some seconds several times a day
	case v.Sentence == "own_line.8":
		return 30 * time.Second // somebody in the house downloads something
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

// worthTelling is what makes people do something else: whose trouble it is, or a part that was not said before.
// Parts that come back one by one are seen on the page.
func worthTelling(last Saying, told int, v diagnose.Verdict) bool {
	if told == 0 || last.Scope != v.Scope {
		return true
	}
	for _, p := range v.Parts {
		if !slices.Contains(last.Parts, p) {
			return true
		}
	}
	return v.Scope == diagnose.Maintenance && last.Sentence != v.Sentence
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

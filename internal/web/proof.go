package web

import (
	"cmp"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Proof is what is known of an order whose answer was lost, step by step, and what is still missing.
type Proof struct {
	Verdict string `json:"verdict"` // unknown, placed, not_placed, ambiguous
	At      Stamp  `json:"at,omitzero"`
	// Assumes is what a verdict of not_placed rests on beyond what was seen: A1, Q, or human.
	Assumes string `json:"assumes,omitzero"`
	Why     string `json:"why"`                // in words: why we say so, or what is being waited for
	Left    string `json:"left,omitzero"`      // in words: how long it takes at the soonest, while there is no verdict
	Waits   string `json:"waits_for,omitzero"` // the step that is not done, while there is no verdict
	Steps   []Step `json:"steps"`              // towards "not placed"; none when the order was found
}

// A Step is one part of the proof that nothing was placed.
type Step struct {
	ID       string `json:"id"`    // recorded, fence, looks, barrier, money, stream, verdict
	State    string `json:"state"` // done, now, todo
	Title    string `json:"title"`
	Text     string `json:"text"`
	Progress string `json:"progress,omitzero"`
}

// passes and fences are how many complete looks and reads of the fence a proof needs, and span how far apart the looks are: see
// package reconcile.
const (
	passes = 3
	fences = 3
	span   = 30 * time.Second
)

func proofOf(l text.Lang, c reconcile.Case, s account.Standing, dark bool, now time.Time) Proof {
	p := Proof{Verdict: cmp.Or(string(c.Verdict), "unknown"), At: Stamp(c.At), Assumes: c.Assumes, Steps: []Step{}}
	if s == account.Ambiguous || c.Verdict == reconcile.Placed {
		p.Why = text.Say(l, "web.proof.why."+p.Verdict, nil)
		switch {
		case c.Verdict == reconcile.Placed && c.Assumes != "":
			p.Why = text.Say(l, "web.proof.why.chosen", nil)
		case c.Verdict == reconcile.Ambiguous && len(c.Orders) == 1: // taken in after the barrier
			p.Why = text.Say(l, "web.proof.why.late", nil)
		}
		return p
	}
	if c.Assumes == byHuman {
		p.Why = text.Say(l, "web.proof.why.human", nil)
		return p
	}
	p.Steps = steps(l, c, dark, now)
	if c.Verdict == reconcile.NotPlaced {
		p.Why = text.Say(l, "web.proof.why."+assumption(c.Assumes), nil)
		return p
	}
	for _, one := range p.Steps {
		if one.State == "now" {
			p.Waits, p.Why = one.ID, text.Say(l, "web.proof.waits."+one.ID, nil)
		}
	}
	p.Left = remaining(l, c, dark, now)
	return p
}

const (
	// closing is what three reads of the fence and the first look after them take: see package broker.
	closing = 3 * time.Second
	// rounded is how exactly the time that is left is said: it is an estimate.
	rounded = 5 * time.Second
)

// remaining says how long the proof takes at the soonest. Nothing is proved by waiting: each part needs its evidence, and takes longer
// without it.
func remaining(l text.Lang, c reconcile.Case, dark bool, now time.Time) string {
	in := func(id string, d time.Duration) string {
		return text.Say(l, "web.proof.left."+id, text.Args{"for": say.For(l, max(rounded, (d+rounded-1).Truncate(rounded)))})
	}
	span := max(span, reconcile.L)
	switch {
	case dark:
		return in("dark", closing+span)
	case c.FencedAt.IsZero():
		return in("soonest", max(0, c.Intent.Expires().Add(time.Second).Sub(now))+closing+span)
	case c.Barrier == nil:
		return in("later", span)
	}
	first := c.Fresh.First
	if c.Fresh.N == 0 {
		first = now
	}
	if seen := c.Barrier.Seen; seen.After(first) {
		first = seen
	}
	return in("soonest", first.Add(span).Sub(now))
}

// byHuman is what a verdict rests on that its owner has given.
const byHuman = "human"

// assumption is the name of one in the ids of words.
func assumption(a string) string {
	switch a {
	case reconcile.AssumesOrder:
		return "order"
	case reconcile.AssumesQ:
		return "queue"
	}
	return byHuman
}

// spanned reports whether looks are far enough apart.
func spanned(k reconcile.Looks) bool { return k.Last.Sub(k.First) >= span }

// steps are the parts of the proof, the first that is not done being worked on now. One that is done out of turn stays done.
func steps(l text.Lang, c reconcile.Case, dark bool, now time.Time) []Step {
	looked := c.Looked.N >= passes && spanned(c.Looked)
	over := c.Verdict == reconcile.NotPlaced
	queue := over && c.Assumes == reconcile.AssumesQ
	at := func(t time.Time) text.Args { return text.Args{"at": say.Instant(l, t)} }
	of := func(n, all int) string { return strconv.Itoa(min(n, all)) + "/" + strconv.Itoa(all) }
	var out []Step
	add := func(id string, done bool, progress, state string, a text.Args) {
		one := Step{ID: id, State: "todo", Title: text.Say(l, "web.proof.step."+id, nil), Progress: progress}
		if done {
			one.State, one.Progress = "done", text.Say(l, "web.proof.done", nil)
		}
		one.Text = text.Say(l, "web.proof.step."+id+"."+state, a)
		out = append(out, one)
	}
	add("recorded", true, "", "done", at(c.Intent.At))
	switch {
	case !c.FencedAt.IsZero():
		add("fence", true, "", "done", at(c.FencedAt))
	case now.Before(c.Intent.Expires()):
		add("fence", false, of(0, fences), "early", at(c.Intent.Expires()))
	case dark:
		add("fence", false, of(c.Fences, fences), "dark", nil)
	default:
		add("fence", false, of(c.Fences, fences), "todo", nil)
	}
	// Three looks are not enough when they are near each other.
	seconds := func(d time.Duration) string {
		return text.Say(l, "web.proof.seconds", text.Args{"n": strconv.Itoa(int(min(max(0, d), span).Seconds())), "all": strconv.Itoa(int(span.Seconds()))})
	}
	counted := of(c.Looked.N, passes)
	if c.Looked.N >= passes {
		counted = seconds(c.Looked.Last.Sub(c.Looked.First))
	}
	if looked || over {
		add("looks", true, "", "done", text.Args{"n": strconv.Itoa(c.Looked.N), "for": say.For(l, c.Looked.Last.Sub(c.Looked.First)), "at": say.Instant(l, c.Looked.Last)})
	} else if c.Looked.N >= passes {
		add("looks", false, counted, "span", text.Args{"n": strconv.Itoa(c.Looked.N)})
	} else {
		add("looks", false, counted, "todo", nil)
	}
	switch b := c.Barrier; {
	case queue:
		add("barrier", true, "", "queue", at(c.Moved))
	case b == nil:
		add("barrier", false, "", "todo", nil)
	case over:
		add("barrier", true, "", "done", text.Args{"order": strconv.FormatInt(int64(b.ID), 10), "at": say.Instant(l, b.Seen)})
	case c.Fresh.N >= passes:
		since := c.Fresh.First
		if b.Seen.After(since) {
			since = b.Seen
		}
		add("barrier", false, seconds(c.Fresh.Last.Sub(since)), "span", text.Args{"order": strconv.FormatInt(int64(b.ID), 10), "at": say.Instant(l, b.Seen), "n": strconv.Itoa(c.Fresh.N)})
	default:
		add("barrier", false, of(c.Fresh.N, passes), "seen", text.Args{"order": strconv.FormatInt(int64(b.ID), 10), "at": say.Instant(l, b.Seen)})
	}
	switch {
	case looked || over:
		add("money", true, "", "done", at(c.Looked.Last))
	case c.Looked.N > 0:
		add("money", false, counted, "so_far", nil)
	default:
		add("money", false, "", "todo", nil)
	}
	if len(c.Gaps) == 0 {
		add("stream", true, "", "done", nil)
	} else {
		add("stream", false, "", "todo", at(c.Gaps[0].From))
	}
	if over {
		add("verdict", true, "", "done", at(c.At))
	} else {
		add("verdict", false, "", "todo", nil)
	}
	for i := range out {
		if out[i].State == "todo" {
			out[i].State = "now"
			break
		}
	}
	return out
}

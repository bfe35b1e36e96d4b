package diagnose

import (
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// rules in the order in which they are tried; the first that applies decides. Own trouble comes first, because with
// it we know nothing of anybody else.
var rules = []func(*evidence) *Verdict{
	weAreUnwell,
	noInterface,
	ownResolver,
	ownPortal,
	ownClock,
	ownRate,
	ownLine,
	namesGone,
	stillComing,
	ownSlow,
	onePathFamily,
	onePath,
	blocked,
	intercepting,
	inMaintenance,
	allOfBitbank,
	oneRegion,
	onePart,
	undecided,
	allIsWell,
}

// Diagnose says whose trouble it is, at the time of the round. It changes nothing and keeps nothing.
func Diagnose(r Round) Verdict {
	if r.Targets != nil && len(r.Signals) == 0 && len(r.Unseen) == 0 {
		for t := range r.Targets {
			r.Unseen = append(r.Unseen, t)
		}
	}
	e := weighed(r)
	var v *Verdict
	for _, rule := range rules {
		if v = rule(e); v != nil {
			break
		}
	}
	v.At = r.Now
	if v.Since.IsZero() && v.Scope != Healthy && v.Scope != NotProven {
		v.Since = r.Now
	}
	if len(v.Reasons) == 0 {
		v.Reasons = []Reason{{Code: "not_seen"}}
	}
	e.finish(v)
	return *v
}

// weAreUnwell: while we ourselves sleep, are late or have lost the time, we measure ourselves.
func weAreUnwell(e *evidence) *Verdict {
	const lateMost = time.Second // a loaded machine is late by tenths of a second; by then every deadline lies
	w := e.r.Watcher
	if w.Late > lateMost {
		return &Verdict{Sentence: "not_proven.6", Reasons: []Reason{{Code: "late_timers", Args: args("n", seconds(w.Late))}}}
	}
	if e.measured() {
		return nil
	}
	// After a minute we have measured what there is to measure.
	if d := e.now.Sub(w.WokeAt); !w.WokeAt.IsZero() && d >= 0 && d < time.Minute {
		return &Verdict{Sentence: "not_proven.3", Args: args("for", w.Slept.String()), Since: w.WokeAt, Reasons: []Reason{{Code: "asleep", Args: args("for", w.Slept.String())}}}
	}
	if d := e.now.Sub(w.JumpAt); !w.JumpAt.IsZero() && d.Abs() < time.Minute {
		return &Verdict{Sentence: "not_proven.5", Args: args("n", seconds(w.Jumped.Abs())), Since: w.JumpAt, Reasons: []Reason{{Code: "jumped", Args: args("n", seconds(w.Jumped.Abs()))}}}
	}
	return nil
}

// measured reports whether, since the last sleep or jump, there is enough to judge again: two references and one
// look at each of bitbank's entrances.
func (e *evidence) measured() bool {
	anew := 0
	for _, l := range e.refs {
		if !l.Void {
			anew++
		}
	}
	if anew < min(2, len(e.refs)) {
		return false
	}
	for _, h := range e.main() {
		void := true
		for _, l := range h.all {
			void = void && l.Void
		}
		if void {
			return false
		}
	}
	return true
}

// stillComing: at the start, before the first looks are in, nothing is said.
func stillComing(e *evidence) *Verdict {
	var missing []part.Code
	for _, h := range e.main() {
		seen := false
		for _, l := range h.all {
			seen = seen || l.Last.Target != ""
		}
		if !seen {
			missing = append(missing, h.part)
		}
	}
	first := e.now.Sub(e.r.Watcher.Since) < 15*time.Second || e.r.Watcher.Since.IsZero()
	seen := 0
	for _, l := range e.refs {
		if l.Last.Target != "" {
			seen++
		}
	}
	if len(missing) == 0 && seen >= min(2, len(e.refs)) || !first && len(missing) == 0 {
		return nil
	}
	if !first && e.lineWell() {
		return nil // some look never comes back: judge by the others
	}
	return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Reasons: []Reason{{Code: "not_seen", Args: args("parts", join(missing))}}}
}

// undecided: something is wrong, and the evidence does not carry a sentence about whose it is.
func undecided(e *evidence) *Verdict {
	var unknown []part.Code
	var reasons []Reason
	since := time.Time{}
	for _, h := range e.houses {
		if h.sick {
			reasons = append(reasons, e.reasonFor(h))
			if since.IsZero() || h.from.Before(since) {
				since = h.from
			}
		}
	}
	if len(reasons) > 0 { // sick, and no rule before would say whose
		reasons = append(reasons, e.references()...)
		if time.Duration(e.now.Sub(since)) < settling {
			return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: since, Reasons: reasons}
		}
		return &Verdict{Sentence: "not_proven.4", Since: since, Reasons: reasons}
	}
	for _, h := range e.main() {
		switch {
		case h.doubt && !h.well:
			reasons = append(reasons, Reason{Code: "doubt", Args: args("parts", string(h.part), "failure", string(h.failure)), Targets: h.targets})
			if since.IsZero() || h.from.Before(since) {
				since = h.from
			}
		case h.state() == Unknown:
			unknown = append(unknown, h.part)
		}
	}
	if len(unknown) > 0 {
		reasons = append(reasons, Reason{Code: "not_seen", Args: args("parts", join(unknown))})
	}
	if len(reasons) > 0 {
		return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: since, Reasons: append(reasons, e.references()...)}
	}
	if len(e.main()) == 0 {
		return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Reasons: []Reason{{Code: "not_seen"}}}
	}
	return nil
}

// settling is how long a judgement waits for the looks that would complete it.
const settling = 6 * time.Second

// allIsWell is what remains when every entrance has answered well, lately.
func allIsWell(e *evidence) *Verdict {
	v := &Verdict{Scope: Healthy, Sentence: "healthy.1"}
	var seen []part.Code
	for _, h := range e.main() {
		seen = append(seen, h.part)
	}
	v.Reasons = append(v.Reasons, Reason{Code: "well", Args: args("parts", join(seen))})
	if e.good > 0 {
		v.Reasons = append(v.Reasons, Reason{Code: "line_well", Args: args("n", strconv.Itoa(e.good)), Targets: e.refTargets()})
	}
	if ps := e.aside(); len(ps) > 0 {
		v.Sentence, v.Args = "healthy.4", args("parts", join(ps))
	}
	v.Reasons = append(v.Reasons, e.remarks()...)
	return v
}

// remarks are facts that change nothing, and that a reader of the evidence wants to know.
func (e *evidence) remarks() []Reason {
	var out []Reason
	for _, l := range e.refs {
		if l.failing() && l.Bad > 0 {
			out = append(out, Reason{Code: "reference_failing", Args: args("host", string(l.Last.Host), "failure", string(l.Last.Failure)), Targets: []probe.Target{l.target}})
		}
	}
	for _, t := range []probe.Target{probe.XPage, probe.Venue1Ticker, probe.Venue2Ticker, probe.Venue3Ticker} {
		if l := e.look(t); l.failing() && l.score >= sickAt {
			out = append(out, Reason{Code: "other_failing", Args: args("host", string(l.Last.Host), "failure", string(l.Last.Failure)), Targets: []probe.Target{t}})
		}
	}
	for _, t := range []probe.Target{probe.LineGateway, probe.DNSSystem, probe.DNSSecond} {
		if l := e.look(t); l.failing() && l.score >= sickAt {
			out = append(out, Reason{Code: "own_check_failing", Args: args("check", strings.TrimPrefix(string(t), "self/"), "failure", string(l.Last.Failure)), Targets: []probe.Target{t}})
		}
	}
	if l := e.look(probe.PrivateSigned); l.known && l.kind == keyRefused {
		out = append(out, Reason{Code: "key", Args: args("code", strconv.Itoa(l.Last.Code)), Targets: []probe.Target{probe.PrivateSigned}})
	}
	if l := e.look(probe.StreamTicker); l.quiet {
		out = append(out, Reason{Code: "quiet", Targets: []probe.Target{probe.StreamTicker, probe.PublicTicker}})
	}
	if n, off := e.skew(time.Time{}); off {
		out = append(out, Reason{Code: "clock_off", Args: args("n", seconds(n))})
	}
	if e.r.Watcher.Disk != probe.OK {
		out = append(out, Reason{Code: "disk", Args: args("failure", string(e.r.Watcher.Disk))})
	}
	return out
}

func args(kv ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			m[kv[i]] = kv[i+1]
		}
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int((d.Abs() + time.Second/2) / time.Second))
}

// reasonFor is what speaks against one entrance.
func (e *evidence) reasonFor(h house) Reason {
	return Reason{Code: "failing", Args: args("parts", string(h.part), "failure", string(h.failure), "since", stamp(h.from)), Targets: h.targets}
}

// references say how the line stands.
func (e *evidence) references() []Reason {
	var out []Reason
	if e.good > 0 {
		out = append(out, Reason{Code: "line_well", Args: args("n", strconv.Itoa(e.good)), Targets: e.refTargets()})
	}
	if e.bad > 0 {
		out = append(out, Reason{Code: "references_failing", Args: args("n", strconv.Itoa(e.bad)), Targets: e.refTargets()})
	}
	return out
}

func (e *evidence) refTargets() []probe.Target {
	var out []probe.Target
	for _, l := range e.refs {
		out = append(out, l.target)
	}
	return out
}

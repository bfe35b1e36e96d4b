package diagnose

import (
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// onePathFamily: connections of one address family fail while the other reaches the same hosts.
func onePathFamily(e *evidence) *Verdict {
	count := map[probe.Family]int{}
	sum := map[probe.Family]float64{}
	var since time.Time
	var targets []probe.Target
	for _, h := range e.main() {
		if h.family == 0 {
			continue
		}
		t := h.six
		if h.family == probe.IPv4 {
			t = h.four
		}
		l := e.look(t)
		if l.OKAt.IsZero() && (l.kind == unreachable || l.kind == unnamed) {
			continue // this line never had the family, or the host has no such address: nothing has broken
		}
		count[h.family]++
		sum[h.family] += l.score
		targets = append(targets, t)
		if since.IsZero() || l.From.Before(since) {
			since = l.From
		}
	}
	if !e.lineWell() {
		return nil
	}
	for _, f := range []probe.Family{probe.IPv6, probe.IPv4} {
		if sum[f] < aloneAt || slices.ContainsFunc(e.main(), func(h house) bool { return h.sick && h.beyond(f) }) {
			continue
		}
		id := "path.2"
		if f == probe.IPv4 {
			id = "path.5"
		}
		return &Verdict{Scope: Path, Sentence: id, Since: since, Reasons: append([]Reason{{
			Code: "family_failing", Args: args("family", strconv.Itoa(int(f)), "n", strconv.Itoa(count[f])), Targets: targets,
		}}, e.references()...)}
	}
	return nil
}

// beyond reports whether looks at h fail although they did not go by this family.
func (h house) beyond(f probe.Family) bool {
	if h.family != f {
		return true
	}
	return slices.ContainsFunc(h.all, func(l look) bool { return l.failing() && l.Bad > 0 && l.Last.Family != 0 && l.Last.Family != f })
}

// onePath: no way to bitbank, by what routers say or by a neighbour on the same network that is not reached either.
func onePath(e *evidence) *Verdict {
	if !e.lineWell() {
		return nil
	}
	var sick []house
	noWay, mute := 0, 0
	for _, h := range e.main() {
		if !h.sick {
			continue
		}
		sick = append(sick, h)
		switch {
		case h.kind == unreachable:
			noWay++
		case h.mute():
			mute++
		}
	}
	if len(sick) == 0 || noWay+mute < len(sick) {
		return nil
	}
	since, reasons := e.together(sick)
	var neighbour []look
	for _, host := range e.r.SameEdge {
		if l := e.look(probe.Target(string(host) + "/page")); l.failing() && l.Bad > 0 {
			neighbour = append(neighbour, l)
		}
	}
	switch {
	case len(neighbour) > 0:
		reasons = append(reasons, Reason{Code: "same_edge_failing", Targets: targetsOf(neighbour)})
	case noWay*2 > len(sick) && refOK(sick).After(since):
		reasons = append(reasons, Reason{Code: "unreachable"})
	default:
		return nil
	}
	return &Verdict{Scope: Path, Sentence: "path.1", Since: since, Reasons: append(reasons, e.references()...)}
}

// together is the first symptom of some entrances, and what speaks against each.
func (e *evidence) together(hs []house) (since time.Time, reasons []Reason) {
	for _, h := range hs {
		reasons = append(reasons, e.reasonFor(h))
		if since.IsZero() || h.from.Before(since) {
			since = h.from
		}
	}
	return since, reasons
}

// blocked: the edge asks for a human. That is said to this line, not to everybody.
func blocked(e *evidence) *Verdict {
	return e.onlySick(challenged, "path.4", "challenge")
}

// intercepting: somebody between us and bitbank shows a certificate of nobody we know, while other sites are clean.
func intercepting(e *evidence) *Verdict {
	return e.onlySick(intercepted, "path.6", "untrusted")
}

// onlySick says the sentence when every sick entrance is sick in this one way.
func (e *evidence) onlySick(k kind, sentence, reason string) *Verdict {
	if !e.lineWell() {
		return nil
	}
	var sick []house
	for _, h := range e.main() {
		if h.sick {
			sick = append(sick, h)
		}
	}
	all := func(is func(house) bool) bool {
		return !slices.ContainsFunc(sick, func(h house) bool { return !is(h) })
	}
	// A stream that was open before has only gone silent.
	if all(house.mute) || !all(func(h house) bool { return h.kind == k || h.failure == probe.Silent }) {
		return nil
	}
	since, reasons := e.together(sick)
	if !refOK(sick).After(since) { // our line may be in the same hands
		return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: since, Reasons: append(reasons, e.references()...)}
	}
	var parts []part.Code
	var targets []probe.Target
	for _, h := range sick {
		parts, targets = append(parts, h.part), append(targets, h.targets...)
	}
	return &Verdict{Scope: Path, Sentence: sentence, Args: args("parts", join(parts), "since", stamp(since)), Since: since,
		Reasons: append([]Reason{{Code: reason, Args: args("parts", join(parts)), Targets: targets}}, e.references()...)}
}

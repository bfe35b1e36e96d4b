package diagnose

import (
	"slices"
	"time"

	"hikeshi/internal/probe"
)

const (
	// askMost bounds one round's wishes; the watch bounds them again by its request budget.
	askMost = 12
	// lateFor: a look that was reported late ends by its deadline, so an older report is of no concern.
	lateFor = 4 * time.Second
)

// ask lists the looks that would settle what is still open, best first: other looks at the host in doubt, then what
// tells host, path and line apart. Nothing is asked about what is already decided.
func (e *evidence) ask(v *Verdict) []probe.Target {
	var out []probe.Target
	add := func(ts ...probe.Target) {
		for _, t := range ts {
			if t != "" && e.watches(t) && !slices.Contains(out, t) && len(out) < askMost {
				out = append(out, t)
			}
		}
	}
	waiting := func(l look) bool { return !l.LateAt.IsZero() && e.now.Sub(l.LateAt) < lateFor }
	decided := v.Scope != NotProven && v.Scope != Healthy
	open := v.Scope == NotProven && e.anySick()
	var doubtful []house
	for _, h := range e.houses {
		inDoubt := false
		for _, l := range h.all {
			inDoubt = inDoubt || waiting(l) && !h.sick || l.failing() && !h.sick && l.Bad > 0
		}
		four, six := e.look(h.four), e.look(h.six)
		for _, l := range []look{four, six} {
			inDoubt = inDoubt || waiting(l) || l.failing() && l.Bad > 0 && !h.sick && h.family == 0
			inDoubt = inDoubt || h.family != 0 && l.failing() && l.score < aloneAt && !decided
		}
		// Whose it is hangs on whether one family alone fails.
		inDoubt = inDoubt || h.sick && h.family == 0 && four.known && six.known && four.failing() != six.failing()
		if !inDoubt && !(h.sick && open) {
			continue
		}
		doubtful = append(doubtful, h)
	}
	one, two := e.look(probe.BitbankDNS), e.look(probe.BitbankDNS2)
	nameless := slices.ContainsFunc(e.houses, func(h house) bool { return len(h.unnamed) > 0 && h.unnamed[0].Bad > 0 })
	names := !decided && (nameless || one.failing() && one.Bad > 0 || two.failing() && two.Bad > 0)
	if names { // resolvers may be asked as often as we like, so they come first
		add(probe.BitbankDNS, probe.BitbankDNS2, probe.DNSSystem, probe.DNSSecond)
	}
	doubt := len(doubtful) > 0
	if len(doubtful) > 1 { // hosts seldom fail together, lines do
		add(references...)
	}
	for _, h := range doubtful {
		// The looks that have said nothing since the doubt began come first.
		for _, asked := range []bool{false, true} {
			for _, l := range h.all {
				if said := l.Bad > 0 || waiting(l); said == asked {
					add(l.target)
				}
			}
			if !asked {
				add(h.four, h.six)
			}
		}
	}
	if l := e.look(probe.PrivateSigned); l.failing() && l.kind == clockRefused && !e.look(probe.ClockNTP).Last.At.After(l.From) {
		add(probe.ClockNTP)
	}
	refs := false
	for _, l := range e.refs {
		refs = refs || waiting(l) || l.failing() && l.Bad > 0 && !decided
	}
	if doubt || refs || open || names {
		for _, h := range e.r.SameEdge {
			add(probe.Target(string(h) + "/page"))
		}
		add(references...)
	}
	if refs || names {
		add(probe.LineInterface, probe.LineGateway, probe.DNSSystem, probe.DNSSecond, probe.BitbankDNS, probe.BitbankDNS2)
	}
	if len(doubtful) > 1 || open || refs { // one doubt leaves the others, whose looks are few, alone
		for _, h := range e.main() {
			for _, l := range h.all {
				if e.now.Sub(l.Last.At) > time.Second {
					add(l.target)
				}
			}
		}
		if open {
			add(probe.LineGateway, probe.DNSSystem, probe.DNSSecond, probe.BitbankDNS, probe.BitbankDNS2)
		}
	}
	return out
}

func (e *evidence) anySick() bool {
	return slices.ContainsFunc(e.houses, func(h house) bool { return h.sick })
}

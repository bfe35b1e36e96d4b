package diagnose

import (
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/probe"
)

func noInterface(e *evidence) *Verdict {
	l := e.look(probe.LineInterface)
	if !l.failing() || l.Bad == 0 || l.score < sickAt || e.answeredAfter(l.From) {
		return nil
	}
	return own("own_line.2", l.From, Reason{Code: "no_interface", Targets: []probe.Target{probe.LineInterface}})
}

func own(sentence string, since time.Time, reasons ...Reason) *Verdict {
	return &Verdict{Scope: OwnLine, Sentence: sentence, Since: since, Reasons: reasons}
}

// failingRefs are the references that fail in one of some ways.
func (e *evidence) failingRefs(is func(look) bool) (out []look, since time.Time) {
	for _, l := range e.refs {
		if l.failing() && l.Bad > 0 && is(l) {
			out = append(out, l)
			if since.IsZero() || l.From.Before(since) {
				since = l.From
			}
		}
	}
	return out, since
}

// ownResolver: names are not looked up, while what needs no name gets through.
func ownResolver(e *evidence) *Verdict {
	if e.lineWell() {
		return e.resolverRefusesBitbank()
	}
	refs, since := e.failingRefs(func(l look) bool { return l.kind == unnamed })
	if len(refs) < 2 {
		return nil
	}
	sys, second := e.look(probe.DNSSystem), e.look(probe.DNSSecond)
	sum := 0.0
	for _, l := range append(slices.Clone(refs), sys, second) {
		if l.failing() {
			sum += l.score
		}
	}
	for _, h := range e.houses {
		for _, l := range h.all {
			if l.failing() && l.kind == unnamed {
				sum += silentWeight
			}
		}
	}
	if sum < sickAt {
		return nil
	}
	sometimes := sys.OKAt.After(since) || slices.ContainsFunc(e.refs, func(l look) bool { return l.OKAt.After(since) })
	// A cut line loses lookups as well. What tells it apart: something that needs no lookup still works, or a
	// resolver did answer, and said no.
	named := slices.ContainsFunc(append(slices.Clone(refs), sys, second), func(l look) bool {
		return l.failing() && (l.Last.Failure == probe.DNSNotFound || l.Last.Failure == probe.DNSFailed)
	})
	// A resolver that is silent now and then has lost packets, as home lines do for some seconds: it must be silent for
	// longer, and to everybody.
	if !named && (sometimes || sum < scoreMost || !e.answeredAfter(since)) {
		return nil
	}
	r := Reason{Code: "dns_failing", Args: args("failure", string(refs[0].Last.Failure)), Targets: []probe.Target{probe.DNSSystem, probe.DNSSecond}}
	sentence := "own_line.3"
	if !e.answeredAfter(since) {
		sentence = "own_line.9" // the resolver may be this machine's own, so the line is not proven to work
	}
	return own(sentence, since, append([]Reason{r}, e.references()...)...)
}

// resolverRefusesBitbank: our own resolver alone does not know bitbank's names, or some of them. Then it is that resolver.
func (e *evidence) resolverRefusesBitbank() *Verdict {
	one, two := e.look(probe.BitbankDNS), e.look(probe.BitbankDNS2)
	if !two.known || two.Bad > 0 {
		return nil
	}
	for _, h := range e.houses {
		for _, l := range h.unnamed {
			if l.Bad >= 2 && one.misses(h.host) && !two.misses(h.host) {
				return own("own_line.3", l.From,
					Reason{Code: "dns_one_resolver", Args: args("failure", string(l.Last.Failure)), Targets: []probe.Target{probe.BitbankDNS, probe.BitbankDNS2, l.target}})
			}
		}
	}
	if !one.failing() || one.Bad == 0 || one.score < sickAt {
		return nil
	}
	return own("own_line.3", one.From,
		Reason{Code: "dns_one_resolver", Args: args("failure", string(one.Last.Failure)), Targets: []probe.Target{probe.BitbankDNS, probe.BitbankDNS2}})
}

// ownPortal: neutral sites show somebody else's page.
func ownPortal(e *evidence) *Verdict {
	if e.lineWell() {
		return nil
	}
	refs, since := e.failingRefs(func(l look) bool {
		return l.kind == intercepted || l.Last.Failure == probe.Foreign
	})
	if len(refs) < 2 {
		return nil
	}
	return own("own_line.5", since, Reason{Code: "portal", Args: args("n", strconv.Itoa(len(refs)), "failure", string(refs[0].Last.Failure)), Targets: targetsOf(refs)})
}

func targetsOf(ls []look) []probe.Target {
	var out []probe.Target
	for _, l := range ls {
		out = append(out, l.target)
	}
	return out
}

const (
	// dateSlack: a Date header has a resolution of one second, and travels.
	dateSlack = 2500 * time.Millisecond
	// ntpSlack: bitbank refuses a request that is more than 1 s ahead of its clock (auth of its API documents).
	ntpSlack = time.Second
)

// clocks are the independent opinions about our clock that were given after a time.
func (e *evidence) clocks(after time.Time) (off, right []time.Duration) {
	vote := func(t probe.Target, slack time.Duration) {
		l := e.look(t)
		if !l.known || !l.Last.SkewKnown || !l.Last.At.After(after) {
			return
		}
		if l.Last.Skew.Abs() > slack {
			off = append(off, l.Last.Skew)
		} else {
			right = append(right, l.Last.Skew)
		}
	}
	vote(probe.ClockNTP, ntpSlack)
	for _, t := range references {
		vote(t, dateSlack)
	}
	return off, right
}

// skew is how far our clock is off, when at least two others agree on it.
func (e *evidence) skew(after time.Time) (time.Duration, bool) {
	off, right := e.clocks(after)
	if len(off) < 2 || len(right) >= len(off) {
		return 0, false
	}
	slices.Sort(off)
	return off[len(off)/2], true
}

// ownClock: bitbank refuses our signed requests because of their time, or nobody's certificate is valid today. It is
// bitbank's clock only when that is shown: by opinions on ours from after the refusal, since a clock may have been set
// meanwhile.
func ownClock(e *evidence) *Verdict {
	if refs, since := e.failingRefs(func(l look) bool { return l.Last.Failure == probe.TLSExpired }); len(refs) >= 2 && !e.allWell() {
		return own("own_line.7", since, Reason{Code: "all_expired", Args: args("n", strconv.Itoa(len(refs))), Targets: targetsOf(refs)})
	}
	l := e.look(probe.PrivateSigned)
	if !l.failing() || l.Bad == 0 || l.kind != clockRefused {
		return nil
	}
	r := Reason{Code: "clock_refused", Args: args("code", strconv.Itoa(l.Last.Code)), Targets: []probe.Target{probe.PrivateSigned}}
	ntp := e.look(probe.ClockNTP)
	asked := ntp.known && ntp.Last.SkewKnown && ntp.Last.At.After(l.From)
	n, off := e.skew(l.From)
	if !off && asked && ntp.Last.Skew.Abs() > ntpSlack { // a Date is too coarse to contradict it
		n, off = ntp.Last.Skew, true
	}
	if off {
		v := own("own_line.4", l.From, r, Reason{Code: "clock_off", Args: args("n", seconds(n))})
		v.Args = args("n", seconds(n))
		return v
	}
	_, right := e.clocks(l.From)
	theirs := l.Last.SkewKnown && l.Last.Skew.Abs() > dateSlack && len(right) >= 2
	switch {
	case asked || theirs:
		return nil // see onePart
	case l.score < sickAt, e.now.Sub(l.From) < clockSettling:
		return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: l.From, Reasons: []Reason{r}}
	}
	return own("own_line.7", l.From, r)
}

// allWell reports whether all of bitbank's entrances are: a wrong date would show there, too.
func (e *evidence) allWell() bool {
	return len(e.main()) > 0 && !slices.ContainsFunc(e.main(), func(h house) bool { return !h.well || h.sick })
}

// clockSettling is one round of looks at the references, whose dates tell how our clock stands when no NTP server does.
const clockSettling = 15 * time.Second

// ownRate: too many requests, and the count that was exceeded is ours.
func ownRate(e *evidence) *Verdict {
	if !e.r.Watcher.OwnRate {
		return nil
	}
	var reasons []Reason
	var since time.Time
	for _, h := range e.houses {
		limited := slices.ContainsFunc(h.all, func(l look) bool { return l.failing() && l.kind == overload })
		switch {
		case limited:
			reasons = append(reasons, Reason{Code: "own_rate", Args: args("parts", string(h.part)), Targets: h.targets})
			if since.IsZero() || h.from.Before(since) {
				since = h.from
			}
		case h.sick:
			return nil // something else is wrong as well
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	v := own("own_line.6", since, reasons...)
	v.Args = args("n", "60") // the window of the count
	return v
}

// silence is what the looks at h add up to when it is our line that is silent: then it speaks in full that nobody else
// answered during a look.
func (h house) silence() float64 {
	sum := 0.0
	for _, l := range h.all {
		switch {
		case l.failing() && l.kind == silent:
			sum += min(float64(l.Bad)*silentWeight, scoreMost)
		case l.failing():
			sum += l.score
		}
	}
	return sum
}

// ownLine: the references fail, and nobody outside has answered since.
func ownLine(e *evidence) *Verdict {
	refs, since := e.failingRefs(func(l look) bool {
		return l.kind == silent || l.kind == unreachable || l.kind == unnamed || l.kind == answered
	})
	if len(refs) < 2 || e.good > 0 || e.answeredAfter(latest(refs)) {
		return nil
	}
	sum := 0.0
	for _, l := range refs {
		sum += l.score
	}
	for _, h := range e.houses {
		if h.score > 0 && !h.partial {
			sum += h.silence()
			if !h.from.IsZero() && h.from.Before(since) {
				since = h.from
			}
		}
	}
	gateway, system := e.look(probe.LineGateway), e.look(probe.DNSSystem)
	for _, l := range []look{gateway, system} {
		if l.failing() {
			sum += l.score
		}
	}
	if sum < sickAt {
		return nil
	}
	why := Reason{Code: "references_failing", Args: args("n", strconv.Itoa(len(refs)), "failure", string(refs[0].Last.Failure)), Targets: targetsOf(refs)}
	if gateway.failing() && gateway.Bad > 0 {
		return own("own_line.2", since, Reason{Code: "gateway_down", Targets: []probe.Target{probe.LineGateway}}, why)
	}
	v := own("own_line.1", since, why)
	if gateway.well() {
		v.Reasons = append(v.Reasons, Reason{Code: "gateway_well", Targets: []probe.Target{probe.LineGateway}})
	}
	return v
}

// slowRefs are the references that are slow, when at least two are: then the line is.
func (e *evidence) slowRefs() []look {
	var out []look
	for _, l := range e.refs {
		if l.known && l.Slow >= 2 {
			out = append(out, l)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// prompt reports whether two references have answered as fast as usual between two times.
func (e *evidence) prompt(after, before time.Time) bool {
	n := 0
	for _, l := range e.refs {
		if l.known && l.Bad == 0 && l.Slow == 0 && l.OKAt.After(after) && l.OKAt.Before(before) {
			n++
		}
	}
	return n >= min(2, len(e.refs))
}

// ownSlow: bitbank is slow, and so is everything else.
func ownSlow(e *evidence) *Verdict {
	refs := e.slowRefs()
	if refs == nil || slices.ContainsFunc(e.houses, func(h house) bool { return h.sick }) ||
		!slices.ContainsFunc(e.main(), func(h house) bool { return h.slow }) {
		return nil
	}
	return own("own_line.8", refs[0].Last.At.Add(-time.Duration(refs[0].Slow)*refs[0].Every),
		Reason{Code: "references_slow", Args: args("n", strconv.Itoa(len(refs))), Targets: targetsOf(refs)})
}

func latest(ls []look) time.Time {
	var out time.Time
	for _, l := range ls {
		if l.From.After(out) {
			out = l.From
		}
	}
	return out
}

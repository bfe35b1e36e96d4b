package diagnose

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// namesGone: two resolvers know other names, and neither knows bitbank's.
func namesGone(e *evidence) *Verdict {
	if !e.lineWell() {
		return nil
	}
	one, two := e.look(probe.BitbankDNS), e.look(probe.BitbankDNS2)
	least := float64(answeredWeight)
	if unheard(one.Last.Failure) || unheard(two.Last.Failure) {
		least = sickAt // a lookup is lost more often than it is refused, and losses come in bunches
	}
	if !one.failing() || !two.failing() || one.Bad == 0 || two.Bad == 0 || min(one.score, two.score) < least || one.score+two.score < sickAt {
		return nil
	}
	since := one.From
	if two.From.Before(since) {
		since = two.From
	}
	for _, t := range []probe.Target{probe.DNSSystem, probe.DNSSecond} {
		if own := e.look(t); own.known && own.Bad > 0 {
			return nil
		}
	}
	reasons := append([]Reason{{
		Code: "dns_bitbank", Args: args("failure", string(one.Last.Failure)), Targets: []probe.Target{probe.BitbankDNS, probe.BitbankDNS2},
	}}, e.references()...)
	// A reference is reached by its name: one must have answered in the midst of it.
	if !one.RefOK.After(one.From) || !two.RefOK.After(two.From) {
		return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: since, Reasons: reasons}
	}
	return &Verdict{Scope: Bitbank, Parts: []part.Code{part.All}, Sentence: "bitbank.4", Since: since, Reasons: reasons}
}

// sure are the troubles that are bitbank's. What anybody between us and bitbank could have caused counts only when
// somebody else answered in the midst of it: after the first bad look and before the newest. A line that blinks for
// two seconds takes all looks that are under way with it, and answers before and after. On a line that loses what it likes
// silence is nobody's, and so is a stream that is closed: the other side closes it as well when our signs of life are lost.
func (e *evidence) sure() (theirs []trouble, open bool) {
	if !e.lineWell() {
		return nil, len(e.trouble) > 0
	}
	for _, t := range e.trouble {
		if t.witness && !t.otherOK.After(t.since) || e.rough && (unheard(t.failure) || t.failure == probe.StreamClosed) {
			open = true
			continue
		}
		theirs = append(theirs, t)
	}
	return theirs, open
}

// allOfBitbank: every entrance fails.
func allOfBitbank(e *evidence) *Verdict {
	main := e.main()
	if !e.lineWell() || len(main) < 3 {
		return nil
	}
	var sick []house
	rest, mute, closed, stale := 0, 0, 0, 0
	for _, h := range main {
		switch {
		case h.sick && h.state() == Down:
			sick = append(sick, h)
			switch {
			case h.kind == unnamed:
				return nil // see namesGone
			case h.mute():
				mute++
			case h.kind == closedDown:
				closed++
			case h.kind == old:
				stale++
			}
		case h.well && !h.slow:
			return nil
		default:
			rest++
		}
	}
	// One entrance may not have been measured yet; more than one, and it is too early to speak of all.
	if rest > 1 || len(sick) < 3 || stale == len(sick) {
		return nil
	}
	since, reasons := e.together(sick)
	v := &Verdict{Scope: Bitbank, Parts: []part.Code{part.All}, Since: since, Args: args("since", stamp(since))}
	if closed < len(sick) && !refOK(sick).After(since) {
		return nil // the line may have been cut this very second
	}
	switch {
	case closed > 0 && closed+mute == len(sick) || closed*2 > len(sick):
		v.Sentence = "bitbank.5"
		reasons = append([]Reason{{Code: "maintenance_said", Args: args("parts", join(partsOf(sick)))}}, reasons...)
	case mute == len(sick):
		ok := e.sameEdgeAnswers()
		if len(ok) == 0 {
			return &Verdict{Sentence: "not_proven.7", Since: since, Reasons: append(append(reasons, Reason{Code: "no_same_edge"}), e.references()...)}
		}
		v.Sentence = "bitbank.3"
		reasons = append(reasons, Reason{Code: "same_edge_well", Targets: ok})
	case mute*2 > len(sick) || !slices.ContainsFunc(sick, func(h house) bool { return h.kind == answered && spoke(h.failure) }):
		v.Sentence = "bitbank.1"
	default:
		v.Sentence = "bitbank.2"
	}
	v.Reasons = append(reasons, e.references()...)
	return v
}

// refOK is when a reference had last answered as of the newest bad look at any of hs.
func refOK(hs []house) time.Time {
	var out time.Time
	for _, h := range hs {
		out = later(out, h.refOK)
	}
	return out
}

// spoke: an answer with content, not a refused or broken connection.
func spoke(f probe.Failure) bool {
	switch f {
	case probe.ConnectRefused, probe.ConnectReset, probe.Reset, probe.StreamClosed, probe.TLSFailed:
		return false
	}
	return true
}

func partsOf(hs []house) []part.Code {
	var out []part.Code
	for _, h := range hs {
		out = append(out, h.part)
	}
	return out
}

// sameEdgeAnswers are the references on bitbank's own CDN that answer.
func (e *evidence) sameEdgeAnswers() []probe.Target {
	var out []probe.Target
	for _, host := range e.r.SameEdge {
		t := probe.Target(string(host) + "/page")
		if l := e.look(t); l.known && l.Bad == 0 {
			out = append(out, t)
		}
	}
	return out
}

// oneRegion waits: when no entrance has answered since the first symptom, it may be all of bitbank, or the line,
// and the next looks will tell. It does not wait for ever.
func oneRegion(e *evidence) *Verdict {
	main := e.main()
	var sick []house
	open := 0
	for _, h := range main {
		if h.sick && h.state() == Down {
			sick = append(sick, h)
		}
	}
	if len(sick) == 0 {
		return nil
	}
	since, reasons := e.together(sick)
	for _, h := range main {
		if !h.sick && !slices.ContainsFunc(h.all, func(l look) bool { return l.OKAt.After(since) }) {
			open++
		}
	}
	if len(sick)+open < len(main) || open == 0 || e.now.Sub(since) > settling {
		return nil
	}
	return &Verdict{Sentence: "not_proven.1", Args: args("n", "5"), Since: since, Reasons: append(reasons, e.references()...)}
}

// onePart: some functions fail, the others work.
func onePart(e *evidence) *Verdict {
	theirs, _ := e.sure()
	if len(theirs) == 0 {
		return nil
	}
	return e.partVerdict(theirs)
}

func (e *evidence) partVerdict(theirs []trouble) *Verdict {
	parts := codes(theirs)
	v := &Verdict{Scope: Part, Parts: parts, Since: first(theirs), Pairs: confined(theirs)}
	weighty := slices.DeleteFunc(slices.Clone(theirs), func(t trouble) bool { return t.part == part.Support || t.part == part.Notification })
	if len(weighty) == 0 {
		v.Sentence = "part.support"
		if !slices.Contains(parts, part.Support) {
			v.Sentence = "part.notification"
		}
		weighty = theirs
	} else {
		v.Sentence = sentence(weighty)
	}
	named := codes(weighty)
	v.Args = args("parts", join(named), "since", stamp(first(weighty)), "works", join(e.works(parts)), "pair", strings.Join(v.Pairs, ","))
	for k, val := range weighty[0].args {
		v.Args[k] = val
	}
	for _, t := range strongest(theirs) {
		r := Reason{Code: t.reason, Args: args("parts", string(t.part), "failure", string(t.failure), "since", stamp(t.since), "pair", strings.Join(t.pairs, ",")), Targets: t.targets}
		for k, val := range t.args {
			r.Args[k] = val
		}
		v.Reasons = append(v.Reasons, r)
	}
	if slices.ContainsFunc(theirs, func(t trouble) bool { return t.class == isClock }) {
		v.Reasons = append(v.Reasons, Reason{Code: "clock_theirs"})
	}
	v.Reasons = append(v.Reasons, e.references()...)
	return v
}

// strongest first: what is down before what is limited, the older first.
func strongest(ts []trouble) []trouble {
	out := slices.Clone(ts)
	rank := func(t trouble) int {
		r := 0
		if t.state != Down {
			r++
		}
		if t.part == part.Support || t.part == part.Notification {
			r += 2
		}
		return r
	}
	slices.SortStableFunc(out, func(a, b trouble) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return a.since.Compare(b.since)
	})
	return out
}

// confined are the pairs when nothing but some pairs is affected.
func confined(ts []trouble) []string {
	var out []string
	for _, t := range ts {
		if len(t.pairs) == 0 {
			return nil
		}
		out = append(out, t.pairs...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sentence names what some troubles have in common.
func sentence(ts []trouble) string {
	class := ts[0].class
	onlyPairs := true
	for _, t := range ts {
		if t.class != class {
			class = ""
		}
		onlyPairs = onlyPairs && len(t.pairs) > 0
	}
	switch {
	case class == isSilent:
		return "part.1"
	case class == isHalted && onlyPairs:
		return "part.2"
	case class == isFlagged && slices.Equal(codes(ts), []part.Code{part.MarketOrder, part.Margin}) && !onlyPairs:
		return "part.5"
	case class == isStale && len(ts) == 1:
		return "part.stale_" + staleName(ts[0].part)
	case class == isSlowly && ts[0].args["factor"] == "":
		return "part.slow_unknown"
	case (class == isFlagged || class == isBusy || class == isAuction) && onlyPairs:
		return "part." + class + "_pairs"
	case class == "" || class == isStale:
		return "part.mixed"
	}
	return "part." + class
}

func staleName(c part.Code) string {
	switch c {
	case part.PublicStream:
		return "stream"
	case part.MarketData:
		return "market"
	}
	return "rest"
}

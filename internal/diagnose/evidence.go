package diagnose

import (
	"slices"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// A look is a signal at the time of the round.
type look struct {
	Signal
	target probe.Target
	known  bool    // fresh enough to say something of now
	score  float64 // zero when not known
	kind   kind
	quiet  bool          // a silent channel while direct queries show nothing newer either
	behind time.Duration // another source has shown newer data for so long
}

// well: the newest look was good, and nothing bad before it still weighs.
func (l look) well() bool { return l.known && l.Bad == 0 && l.score <= 0 }

// failing: there is evidence against it.
func (l look) failing() bool { return l.known && l.score > 0 }

// evidence is a round, sorted by what it speaks for.
type evidence struct {
	r       Round
	now     time.Time
	refs    []look // the watched references
	good    int    // references that answer
	bad     int    // references that fail
	houses  []house
	trouble []trouble // of bitbank's functions, if the line is well
	lossy   bool      // the line loses more than it does on a good day
	rough   bool      // and so much that a stream stands still at times
}

// A house is an entrance with all its looks.
type house struct {
	entrance
	all     []look
	score   float64
	sick    bool
	partial bool // some of its looks are well meanwhile
	doubt   bool
	well    bool
	kind    kind // of the strongest failing look
	failure probe.Failure
	from    time.Time // first symptom
	otherOK time.Time // somebody else answered in the midst of it
	refOK   time.Time // a reference did
	targets []probe.Target
	factor  int          // so many times slower than usual; 0 when it is not
	slow    bool         //
	slowAt  time.Time    // the newest slow look
	unnamed []look       // its name was not looked up
	family  probe.Family // only this family fails
}

const (
	// behindStream: a stream that has not brought within 2.5 s what a query already showed is stale; it usually
	// brings it within some tenths of a second.
	behindStream = 2500 * time.Millisecond
	// behindREST allows for answers that are cached for some seconds.
	behindREST = 6 * time.Second
)

func weighed(r Round) *evidence {
	e := &evidence{r: r, now: r.Now}
	losing := e.losing()
	e.lossy, e.rough = losing > 0, losing >= roughHosts
	for _, t := range references {
		if !e.watches(t) {
			continue
		}
		l := e.look(t)
		e.refs = append(e.refs, l)
		switch {
		case l.known && l.Bad == 0:
			e.good++
		case l.failing():
			e.bad++
		}
	}
	for _, one := range entrances {
		if h, ok := e.house(one); ok {
			e.houses = append(e.houses, h)
		}
	}
	e.trouble = e.troubles()
	return e
}

func (e *evidence) watches(t probe.Target) bool {
	_, seen := e.r.Signals[t]
	return seen || slices.Contains(e.r.Unseen, t)
}

func (e *evidence) look(t probe.Target) look {
	s, seen := e.r.Signals[t]
	l := look{Signal: s, target: t}
	if !seen {
		return l
	}
	age := e.now.Sub(s.Last.At)
	l.known = !s.Void && age <= ageLimit(s) && age >= -2*time.Second // a look from the future is from before our clock was set back
	if !l.known {
		return l
	}
	l.score, l.kind = fade(s, e.now), kindOf(s.Last)
	// One connection that carries everything in order waits for what was lost, for seconds, while looks that last a
	// moment get through.
	if isChannel(t) && (e.rough && l.kind == old && s.Last.Failure != probe.Frozen || e.lossy && l.Bad == 0 && !s.Newer.IsZero()) {
		l.known, l.score, l.kind = false, 0, fine
		return l
	}
	if l.kind == old && isChannel(t) && e.calm(s) {
		l.score, l.kind, l.quiet, l.Bad = 0, fine, true, 0
	}
	limit := behindStream
	if t == probe.PublicTicker || t == probe.PublicDepth {
		limit = behindREST
	}
	// Only an answer can be behind: of looks that failed meanwhile nobody knows what they would have shown.
	// Nor is a channel that has brought nothing since: it may wait for a lost packet, and its silence is judged by itself.
	late := !isChannel(t) || s.MovedAt.After(s.Newer)
	if d := e.now.Sub(s.Newer); !s.Newer.IsZero() && d >= limit && s.OKAt.Sub(s.Newer) >= limit/2 && l.Bad == 0 && late {
		l.score, l.kind, l.behind, l.From, l.Bad = scoreMost, old, d, s.Newer, 1
		l.Last.Failure = probe.Behind
	}
	return l
}

const (
	// A line that loses one packet in fifty loses about one such look in half a minute. Two hosts in so short a time are
	// another line.
	roughHosts = 2
	roughFor   = 30 * time.Second
)

// losing is at how many hosts a look was lost lately, or is late, that was not bitbank's to lose: at other sites, at the resolvers, which
// count as one, and connections that were made again since. The stream is not asked: it is what this is about.
func (e *evidence) losing() int {
	hosts := map[probe.Host]bool{}
	for t, s := range e.r.Signals {
		way := connects(t) && s.Bad == 0 && s.Last.Host != probe.Stream
		lost := !s.LostAt.IsZero() && e.now.Sub(s.LostAt) < roughFor || !s.LateAt.IsZero() && e.now.Sub(s.LateAt) < lateFor
		if (elsewhere(t) || s.Last.Host == probe.Self || way) && lost {
			hosts[s.Last.Host] = true
		}
	}
	return len(hosts)
}

func isChannel(t probe.Target) bool {
	return t == probe.StreamTicker || t == probe.StreamDiff || t == probe.StreamWhole || t == probe.StreamTrades || t == probe.StreamCircuit
}

// calm tells whether direct queries show nothing newer than a channel that has gone silent: then nothing was traded. When
// all of the stream is silent, what any of its channels has shown counts.
func (e *evidence) calm(channel Signal) bool {
	rest, ok := e.r.Signals[probe.PublicTicker]
	if !ok || rest.Bad > 0 || rest.Void || rest.Last.DataAt.IsZero() {
		return false
	}
	if channel.Last.Failure != probe.Silent {
		return !channel.Last.DataAt.IsZero() && !newer(rest.Last, channel.Last)
	}
	shown := probe.Observation{Last: e.r.Signals[probe.StreamTicker].Last.Last}
	for _, t := range []probe.Target{probe.StreamTicker, probe.StreamDiff, probe.StreamWhole} {
		shown.DataAt = later(shown.DataAt, e.r.Signals[t].Last.DataAt)
	}
	depth := e.r.Signals[probe.PublicDepth]
	return !shown.DataAt.IsZero() && !newer(rest.Last, shown) && (depth.Bad > 0 || depth.Void || !newer(depth.Last, shown))
}

func (e *evidence) house(one entrance) (house, bool) {
	h := house{entrance: one, all: make([]look, 0, len(one.looks)+2)}
	for _, t := range one.looks {
		if e.watches(t) {
			h.all = append(h.all, e.look(t))
		}
	}
	if len(h.all) == 0 {
		return h, false
	}
	four, six := e.look(one.four), e.look(one.six)
	switch {
	case besides(six, four):
		h.family = probe.IPv6
	case besides(four, six):
		h.family = probe.IPv4
	}
	looks := h.all
	if h.family == 0 { // connecting tells apart families; when all of them fail, it speaks of the host
		for _, pair := range [][2]look{{four, six}, {six, four}} {
			l, other := pair[0], pair[1]
			if l.failing() && !l.OKAt.IsZero() && !(other.known && other.OKAt.After(l.From)) {
				looks = append(looks, l)
			}
		}
	}
	e.sum(&h, looks)
	e.nameless(&h)
	h.measureSlow()
	return h, true
}

// besides reports whether one keeps failing, before and after the other was well, which it still is.
func besides(one, other look) bool {
	return one.failing() && one.kind != unnamed && one.Bad >= 2 && other.known && other.Bad == 0 && !one.Beside.IsZero() &&
		one.OtherOK.After(one.From)
}

// sum adds up the different looks at one host.
func (e *evidence) sum(h *house, looks []look) {
	strongest, channels, own := 0.0, 0.0, false
	known := 0
	for _, l := range looks {
		if !l.failing() {
			continue
		}
		if l.kind == unnamed {
			h.unnamed = append(h.unnamed, l) // a resolver has said so, not the host: see nameless
			continue
		}
		switch {
		case isChannel(l.target) || l.target == probe.StreamSocket:
			channels = max(channels, l.score) // they share one connection, and so they do not add up
		case l.kind == silent:
			h.score += min(l.score, h.unanswered(l, looks))
		default:
			h.score += l.score
		}
		h.otherOK, h.refOK = later(h.otherOK, l.OtherOK), later(h.refOK, l.RefOK)
		if l.behind > 0 { // found by comparing good looks: each of them is an answer
			h.otherOK, h.refOK = e.now, e.now
		}
		h.targets = append(h.targets, l.target)
		if h.from.IsZero() || l.From.Before(h.from) {
			h.from = l.From
		}
		if l.score > strongest {
			strongest, h.kind, h.failure = l.score, l.kind, l.Last.Failure
		}
		own = own || l.score >= aloneAt && l.target != h.four && l.target != h.six
	}
	h.score += channels
	for _, l := range h.all {
		if l.known {
			known++
		}
		if l.known && l.Bad == 0 && l.score <= 0 && (h.from.IsZero() || l.OKAt.After(h.from)) {
			h.partial = true
			if h.score > 0 && !isChannel(l.target) {
				h.score += min(l.score, 0)
			}
		}
	}
	h.sick = h.score >= sickAt || own
	h.doubt = !h.sick && strongest > 0
	h.well = known > 0 && strongest == 0 || h.doubt && h.score < doubtAt && strongest < doubtAt
	if len(h.unnamed) > 0 && !h.sick && !h.partial {
		h.doubt, h.well, h.failure = true, false, h.unnamed[0].Last.Failure
	}
	if known == 0 {
		h.doubt = false
	}
	if !h.sick {
		return
	}
	for _, l := range h.all { // a silent look beside an error: the error says more
		if l.failing() && h.kind == silent && l.kind != silent && l.score >= answeredWeight {
			h.kind, h.failure = l.kind, l.Last.Failure
		}
	}
}

// nameless: the name of a host is not found, and both resolvers say so.
func (e *evidence) nameless(h *house) {
	bad := 0
	for _, l := range h.unnamed {
		bad += l.Bad
	}
	one, two := e.look(probe.BitbankDNS), e.look(probe.BitbankDNS2)
	if h.sick || bad < 2 || !one.misses(h.host) || !two.misses(h.host) {
		return
	}
	n := *h
	for _, l := range h.unnamed {
		n.otherOK, n.refOK = later(n.otherOK, l.OtherOK), later(n.refOK, l.RefOK)
		n.targets = append(n.targets, l.target)
		if n.from.IsZero() || l.From.Before(n.from) {
			n.from = l.From
		}
	}
	if !n.refOK.After(n.from) {
		return // other names may be gone as well: a reference must have been found in the midst of it
	}
	n.sick, n.doubt, n.well, n.kind, n.failure = true, false, false, unnamed, h.unnamed[0].Last.Failure
	*h = n
}

// misses reports whether a resolver says that it does not know a host's name.
func (l look) misses(host probe.Host) bool { return l.known && slices.Contains(l.Last.Missing, host) }

// unanswered is what of l's silence nothing else at the host has contradicted since.
func (h *house) unanswered(l look, looks []look) float64 {
	began := l.Last.At.Add(-l.Last.Took)
	for _, n := range looks {
		if n.target != l.target && n.known && answers(n.target) && n.OKAt.After(began) && (connects(l.target) || !connects(n.target)) {
			return 0
		}
	}
	return l.Alone
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (h *house) measureSlow() {
	if h.sick || h.host == probe.Stream {
		return
	}
	slow := 0
	for _, l := range h.all {
		if !l.known || l.Slow == 0 {
			continue
		}
		slow += l.Slow
		h.slowAt = later(h.slowAt, l.Last.At)
		if l.Usual > 0 {
			h.factor = max(h.factor, int(l.Last.Took/l.Usual))
		}
		h.targets = append(h.targets, l.target)
		if at := l.Last.At.Add(-time.Duration(l.Slow-1) * l.Every); h.from.IsZero() || at.Before(h.from) {
			h.from = at
		}
	}
	h.slow = slow >= slowLooks
}

// mute: nobody answers there. A stream that was open and brings nothing at all any more looks the same from here.
func (h house) mute() bool {
	return h.kind == silent || h.kind == unreachable || h.failure == probe.Silent
}

// state is how the function behind the entrance stands.
func (h house) state() State {
	known := slices.ContainsFunc(h.all, func(l look) bool { return l.known })
	switch {
	case h.sick && (h.kind == busy || h.kind == overload || h.kind == clockRefused || h.kind == challenged):
		return Limited
	case h.sick && h.partial && h.host != probe.Stream:
		return Limited
	case h.sick:
		return Down
	case !known:
		return Unknown
	case h.slow:
		return Limited
	case h.well:
		return Well
	}
	return Unknown
}

// lineWell: at least two references answer, so the line is not the trouble.
func (e *evidence) lineWell() bool { return e.good >= 2 }

// answeredAfter reports whether anybody outside answered after since.
func (e *evidence) answeredAfter(since time.Time) bool {
	for t, s := range e.r.Signals {
		if s.Last.Host != probe.Self && !s.Void && s.OKAt.After(since) && answers(t) {
			return true
		}
	}
	return false
}

// main are the houses that make up bitbank as a whole.
func (e *evidence) main() []house {
	n := 0
	for n < len(e.houses) && !e.houses[n].aside { // those aside come last
		n++
	}
	return e.houses[:n]
}

// works are the parts that are well now, for the sentence.
func (e *evidence) works(except []part.Code) []part.Code {
	var out []part.Code
	for _, h := range e.houses {
		if h.state() == Well && h.part != part.Notification && h.part != part.Support && h.part != part.PrivateStream &&
			!slices.Contains(except, h.part) && !slices.Contains(out, h.part) {
			out = append(out, h.part)
		}
	}
	return out
}

package diagnose

import (
	"maps"
	"slices"
	"time"

	"hikeshi/internal/probe"
)

// A Memory folds observations into what they add up to. It is not safe for concurrent use: one loop owns it.
type Memory struct {
	signals map[probe.Target]*Signal
	learned map[probe.Target]*habit
	pairs   map[string]*PairSignal
	watched map[probe.Target]struct{}
	watcher probe.Watcher
	cut     bool      // two references fail: the line is in doubt, and so is everything that is seen through it
	back    time.Time // when it last came back
}

// A habit is how a target usually behaves, while it is being learned.
type habit struct {
	took []time.Duration // the first looks, until there are habitLooks of them
	at   time.Time
}

// habitLooks are enough for a median that one odd look does not move.
const habitLooks = 7

// NewMemory remembers nothing yet.
func NewMemory() *Memory {
	return &Memory{
		signals: map[probe.Target]*Signal{}, learned: map[probe.Target]*habit{}, pairs: map[string]*PairSignal{},
		watched: map[probe.Target]struct{}{},
	}
}

// Watch says what is looked at, so that a target without any look is known to be unknown.
func (m *Memory) Watch(targets map[probe.Target]struct{}) { m.watched = maps.Clone(targets) }

// Watcher says how well we are ourselves. What was seen before a sleep or a jump of the clock proves nothing after it.
func (m *Memory) Watcher(w probe.Watcher) {
	if !w.WokeAt.Equal(m.watcher.WokeAt) || !w.JumpAt.Equal(m.watcher.JumpAt) {
		for _, s := range m.signals {
			*s = Signal{Last: s.Last, Usual: s.Usual, Every: s.Every, OKAt: s.OKAt, Void: true}
		}
		m.cut, m.back = true, time.Time{} // a machine that wakes has no line yet, until a reference answers
	}
	m.watcher = w
}

// See folds in one observation.
func (m *Memory) See(o probe.Observation) {
	if o.Target == "" {
		return
	}
	o = coarse(o)
	s := m.signals[o.Target]
	if s == nil {
		s = &Signal{}
		m.signals[o.Target] = s
		m.learned[o.Target] = &habit{}
	}
	if o.Late {
		s.LateAt = o.At
		if s.Last.Target == "" {
			delete(m.signals, o.Target) // nothing has ended yet: not seen
		}
		return
	}
	if w := weight(o); w > 0 && o.Host != probe.Self && o.At.Add(-o.Took).Before(m.back) {
		if s.Last.Target == "" {
			delete(m.signals, o.Target)
		}
		return // begun while our line was away
	}
	m.weigh(s, o)
	m.learn(s, o)
	m.compare(o)
	if isReference(o.Target) {
		m.line(o)
	}
	m.market(o)
}

// coarse drops what is noise below a millisecond: the journal packs digests by it, and a verdict that is replayed from
// there must be the one that was given. The monotonic reading, which the journal would lose, goes too.
func coarse(o probe.Observation) probe.Observation {
	o.At, o.DataAt = o.At.UTC().Truncate(time.Millisecond), o.DataAt.UTC().Truncate(time.Millisecond)
	t := &o.Timing
	for _, d := range []*time.Duration{&o.Took, &o.Skew, &t.DNS, &t.Connect, &t.TLS, &t.FirstByte, &t.Body} {
		*d = millis(*d)
	}
	return o
}

// millis rounds a duration, but never to nothing.
func millis(d time.Duration) time.Duration {
	if r := d.Round(time.Millisecond); r != 0 || d <= 0 {
		return r
	}
	return time.Millisecond
}

// weigh moves the score of one target by one look.
func (m *Memory) weigh(s *Signal, o probe.Observation) {
	if w := weight(o); w > 0 {
		m.witness(s, o)
		if quiet := kindOf(o); (quiet == silent || quiet == old) && o.Host != probe.Self && !isReference(o.Target) && !m.vouched(o) {
			w = min(w, lonelyWeight)
		}
		if kindOf(o) == overload && m.watcher.OwnRate { // our own doing: enough to say so, and nothing that stays
			w = max(lonelyWeight-max(fade(*s, o.At), 0), 0)
		}
		held := max(fade(*s, o.At), 0)
		if s.Bad > 0 && kindOf(s.Last) == silent && kindOf(o) == answered {
			held = min(held, s.Alone) // silence that other looks at the host have contradicted adds nothing to an answer
		}
		m.alone(s, o, w)
		if s.Bad == 0 {
			s.Since = o.At
		}
		s.Bad++
		if unheard(o.Failure) {
			s.LostAt = o.At
		}
		if other := m.signals[sibling(o.Target)]; other != nil && !other.Void && other.OKAt.After(s.Since) {
			s.Beside = o.At
		}
		if s.Score <= 0 {
			s.From = o.At
		}
		// Evidence that has grown old counts less, so an hourly failure never adds up to an outage.
		s.Score = min(held+w, scoreMost)
		s.Slow = 0
	} else {
		s.Bad, s.Since, s.Beside, s.OKAt = 0, time.Time{}, time.Time{}, o.At
		if (elsewhere(o.Target) || connects(o.Target)) && saved(*s, o.Took) {
			s.LostAt = o.At
		}
		// One good look ends a row: what remains is remembered as a doubt, so that a relapse is believed at once.
		s.Score = max(min(fade(*s, o.At), sickAt-answeredWeight/2)+wellWeight, scoreLeast)
		if s.Score <= 0 {
			s.From, s.RefOK, s.OtherOK = time.Time{}, time.Time{}, time.Time{}
		}
	}
	if o.DataAt != s.Last.DataAt || o.DataSeq != s.Last.DataSeq || o.Last != s.Last.Last {
		s.MovedAt = o.At
	}
	s.LateAt, s.Void, s.Last = time.Time{}, false, o
	s.Last.Pairs = nil // kept as PairSignals
}

// resent is how long before its end a look of 1.5 s could still have been saved by a line that works again.
const resent = 500 * time.Millisecond

// witness notes who has answered while o did not. A line that blinks for two seconds takes all looks that are under
// way with it, and answers before and after. What is lost is sent again after a second at the latest (TCP's first
// retransmission, RFC 6298), so only an answer that came resent before the end of a bad look clears the line of it.
func (m *Memory) witness(s *Signal, o probe.Observation) {
	saved := o.At.Add(-resent)
	for t, other := range m.signals {
		if other.Void || other.Last.Host == probe.Self || other.Last.Host == o.Host || !answers(t) {
			continue
		}
		if other.OKAt.After(s.OtherOK) && other.OKAt.Before(saved) {
			s.OtherOK = other.OKAt
		}
		if isReference(t) && other.OKAt.After(s.RefOK) && other.OKAt.Before(saved) {
			s.RefOK = other.OKAt
		}
	}
}

// vouched reports whether our line was seen to work while o waited in vain: somebody else outside answered in its midst.
// A stream that has long been silent is vouched for by an answer of the last moment alone.
func (m *Memory) vouched(o probe.Observation) bool {
	from, to := o.At.Add(-min(o.Took, longest)), o.At.Add(-resent)
	if kindOf(o) == old {
		from, to = o.At.Add(-longest), o.At
	}
	answered, lost := false, 0
	for t, other := range m.signals {
		if other.Void || other.Last.Host == probe.Self || other.Last.Host == o.Host || !answers(t) {
			continue
		}
		answered = answered || other.OKAt.After(from) && other.OKAt.Before(to)
		if elsewhere(t) && !other.LostAt.IsZero() && o.At.Sub(other.LostAt) < roughFor {
			lost++
		}
	}
	return answered && lost < 2 // of sites that have nothing to do with each other: then the line loses what it likes
}

// longest is how far back an answer of somebody else still says something of now: as long as a look waits.
const longest = 1500 * time.Millisecond

// alone adds up the silence since the same host last answered another look: one that is lost while its neighbours get
// through was lost on the way. A connection that is made says nothing against a silent look at what is behind it.
func (m *Memory) alone(s *Signal, o probe.Observation, w float64) {
	if kindOf(o) != silent {
		s.Alone = 0
		return
	}
	answered := m.neighbours(o.Target, o.Host)
	if s.Bad == 0 || answered.After(s.Last.At.Add(-s.Last.Took)) {
		s.Alone = 0
	}
	if !answered.After(o.At.Add(-o.Took)) {
		s.Alone += w
	}
}

// neighbours is when another look at the same host was last answered.
func (m *Memory) neighbours(t probe.Target, host probe.Host) time.Time {
	var out time.Time
	for n, other := range m.signals {
		if n != t && other.Last.Host == host && !other.Void && answers(n) && (connects(t) || !connects(n)) {
			out = later(out, other.OKAt)
		}
	}
	return out
}

// learn follows the usual duration and the usual gap by small steps towards each new look: a slow-moving median.
func (m *Memory) learn(s *Signal, o probe.Observation) {
	h := m.learned[o.Target]
	if gap := o.At.Sub(h.at); !h.at.IsZero() && gap > 0 {
		if s.Every == 0 {
			s.Every = gap
		}
		s.Every += step(gap, s.Every, 8)
	}
	h.at = o.At
	if o.Failure != probe.OK || o.Took <= 0 {
		return
	}
	slow := isSlow(*s, o.Took)
	if slow {
		s.Slow++
	} else {
		s.Slow = 0
	}
	switch {
	case s.Usual > 0 && slow:
		s.Usual += step(o.Took, s.Usual, 256) // an afternoon of trouble must not become usual
	case s.Usual > 0:
		s.Usual += step(o.Took, s.Usual, 32)
	default:
		h.took = append(h.took, o.Took)
		if len(h.took) == habitLooks {
			slices.Sort(h.took)
			s.Usual, h.took = h.took[habitLooks/2], nil
		}
	}
}

// step is one part in n of is, towards seen.
func step(seen, is time.Duration, n time.Duration) time.Duration {
	switch d := is/n + time.Microsecond; {
	case seen > is:
		return min(d, seen-is)
	default:
		return -min(d, is-seen)
	}
}

// rivals show the same data by two ways.
var rivals = [][2]probe.Target{
	{probe.PublicTicker, probe.StreamTicker},
	{probe.PublicDepth, probe.StreamWhole},
}

// slack between two sources of the same data: both are served from copies that run apart a little.
const slack = 500 * time.Millisecond

// compare notes since when one of two sources has been behind the other.
func (m *Memory) compare(o probe.Observation) {
	if o.Failure != probe.OK && o.DataAt.IsZero() {
		return
	}
	for _, r := range rivals {
		mine, other := r[0], r[1]
		if o.Target == other {
			mine, other = other, mine
		}
		if o.Target != mine || o.DataAt.IsZero() {
			continue
		}
		s, rival := m.signals[mine], m.signals[other]
		if rival == nil || rival.Void || rival.Last.DataAt.IsZero() {
			s.Newer, s.Ahead = time.Time{}, time.Time{}
			continue
		}
		if !o.DataAt.Before(s.Ahead.Add(-slack)) {
			s.Newer, s.Ahead = time.Time{}, time.Time{}
		}
		if rival.Newer.IsZero() && newer(o, rival.Last) {
			rival.Newer, rival.Ahead = o.At, o.DataAt
		}
	}
}

// newer reports whether one look has shown what another did not. A ticker's time moves with every order, and its
// message comes only when it says something else, so what counts there is the price.
func newer(one, other probe.Observation) bool {
	return one.DataAt.After(other.DataAt.Add(slack)) && (one.Last == "" || one.Last != other.Last)
}

// line follows the references. While two of them fail, what else fails is seen through a broken line and is not
// attributable: when they answer again, such evidence is dropped and gathered anew.
func (m *Memory) line(o probe.Observation) {
	failing := 0
	for _, t := range references {
		if s := m.signals[t]; s != nil && s.Bad > 0 {
			failing++
		}
	}
	switch {
	case failing >= 2:
		m.cut = true
		return
	case !m.cut || weight(o) > 0:
		return
	}
	m.cut = false
	m.back = o.At
	for t, s := range m.signals {
		if s.Score > 0 && !isReference(t) && (s.Last.Host != probe.Self || t == probe.BitbankDNS || t == probe.BitbankDNS2) {
			s.Score, s.Bad, s.Since, s.From = 0, 0, o.At, time.Time{}
		}
	}
}

// market folds bitbank's own flags into the pairs.
func (m *Memory) market(o probe.Observation) {
	for _, p := range o.Pairs {
		s := m.pairs[p.Pair]
		if s == nil {
			s = &PairSignal{State: probe.PairState{Pair: p.Pair}}
			m.pairs[p.Pair] = s
		}
		was := stopped(*s)
		if p.Status != "" {
			s.State.Status, s.State.MinAmount = p.Status, p.MinAmount
		}
		if p.UnitSize != "" {
			s.State.UnitSize = p.UnitSize
		}
		if p.HasFlags {
			if !s.State.HasFlags {
				// What was stopped before we came is the calm state: bitbank keeps delisted pairs in its list for years.
				s.Base = slices.Clone(p.Flags)
				s.Retired = slices.Contains(p.Flags, flagStop) || slices.Contains(p.Flags, flagStopAndCancel)
			}
			s.State.Flags, s.State.HasFlags, s.State.Margin = slices.Clone(p.Flags), true, p.Margin
			s.FlagsAt = o.At
			if s.Retired && !slices.Contains(p.Flags, flagStop) && !slices.Contains(p.Flags, flagStopAndCancel) {
				s.Retired = false // listed again
			}
			s.Base = common(s.Base, p.Flags)
		}
		if p.Mode != "" {
			s.State.Mode = p.Mode
		}
		s.At = o.At
		switch is := stopped(*s); {
		case is && !was:
			s.Since = o.At
		case !is:
			s.Since = time.Time{}
		}
	}
}

// Round is everything known now. It shares nothing with the memory.
func (m *Memory) Round(now time.Time) Round {
	r := Round{
		Now: now.UTC().Truncate(time.Millisecond), Signals: make(map[probe.Target]Signal, len(m.signals)),
		Watcher: m.watcher, Targets: m.watched,
	}
	for t, s := range m.signals {
		is := *s
		is.Usual, is.Every = millis(s.Usual), millis(s.Every)
		r.Signals[t] = is
	}
	for t := range m.watched {
		if _, seen := r.Signals[t]; !seen {
			r.Unseen = append(r.Unseen, t)
		}
	}
	slices.Sort(r.Unseen)
	if len(m.pairs) > 0 {
		r.Pairs = make(map[string]PairSignal, len(m.pairs))
		for name, s := range m.pairs {
			r.Pairs[name] = *s // the slices in it are replaced, never changed
		}
	}
	return r
}

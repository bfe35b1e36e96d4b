package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/exposure"
	"hikeshi/internal/incident"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// Limits after which a panel is old: a few rounds of what it shows, as the watch looks every few seconds at API
// hosts and at most twice a minute at pair settings.
const (
	limitLooks  = 15 * time.Second
	limitMarket = 90 * time.Second
	limitPlots  = 60 * time.Second
)

// front is the content of the first page.
type front struct {
	First  bool // no round is over yet
	Ban    *badge
	Doubt  *notice // of orders
	Holds  *notice // of what is held
	Card   card
	Chain  chain
	Parts  []row
	Looked fresh
	Market market
	Plots  gallery
	Story  []step
	Past   []pastRow
	Proof  proof
}

// card is the verdict card.
type card struct {
	Class, Icon, Scope string
	Since              string
	At                 time.Time // since when, for machines
	Sentence           string
	Phase              string
	First              string
	Known, Unknown     []string
	Looked             []looked
	Wide, Narrow       *strip
	Healthy            bool
}

// looked is one line of "last looked": what, its age, and the time itself.
type looked struct {
	What, Exact string
	Age         fresh
}

func (s *server) home(w http.ResponseWriter, r *http.Request) {
	l, now, snap := s.lang(r), time.Now(), s.o.Source.Snapshot()
	if beginning(snap) {
		s.render(w, r, http.StatusOK, "home", front{First: true})
		return
	}
	past, err := s.day.incidents(r.Context(), snap.Seq, now)
	if err != nil {
		s.o.Log.Warn("incidents were not read", "err", err)
	}
	b := front{
		Card:   s.card(r, l, snap, past, now),
		Chain:  chained(l, snap.Verdict),
		Parts:  functions(l, snap, now),
		Looked: clock(l, newest(snap.Round), limitLooks, now),
		Market: pairs(l, snap, now),
		Story:  story(l, snap, now),
		Past:   pastRows(l, past, 5, now),
		Proof:  proven(l, snap, now),
	}
	b.Plots, b.Doubt = s.plots(l, snap, now), noticeOf(l, count(s.views.now(), now), s.mayRead(r))
	if s.o.Accounts != nil {
		b.Holds = holdsOf(l, exposure.Of(s.views.now().Exposure), s.mayRead(r))
	}
	if snap.Verdict.Scope == diagnose.OwnLine && !anyWell(snap.Round) {
		ban := scopeBadge(l, diagnose.OwnLine)
		b.Ban = &ban
	}
	s.render(w, r, http.StatusOK, "home", b)
}

// anyWell reports whether any look at the outside gets through.
func anyWell(r diagnose.Round) bool {
	for _, s := range r.Signals {
		if s.Last.Host != probe.Self && s.Last.Failure == probe.OK {
			return true
		}
	}
	return false
}

// newest is the time of the newest look.
func newest(r diagnose.Round) time.Time {
	var at time.Time
	for _, s := range r.Signals {
		if s.Last.At.After(at) {
			at = s.Last.At
		}
	}
	return at
}

func (s *server) card(r *http.Request, l text.Lang, snap watch.Snapshot, past []incident.Incident, now time.Time) card {
	v := snap.Verdict
	words := say.Verdict(l, v, now)
	look := scopeBadge(l, v.Scope)
	c := card{
		Class: look.Class, Icon: look.Icon, Scope: text.Say(l, "web.scope.long."+v.Scope.String(), nil), Since: words.Since, At: v.Since,
		Sentence: words.Sentence, First: words.FirstStep, Phase: say.Incident(l, snap.Incident, now), Healthy: v.Scope == diagnose.Healthy,
	}
	if c.Healthy && !v.Since.IsZero() {
		c.Since = text.Say(l, "web.since.healthy", text.Args{"for": say.For(l, now.Sub(v.Since))})
	}
	c.Known, c.Unknown = knowledge(l, snap, words, past, s.o.Accounts != nil, now)
	c.Looked = lastLooked(l, snap, now)
	slots := s.day.slots(r.Context(), past, v, snap.Round.Watcher.Since, now)
	c.Wide, c.Narrow = baren(l, slots, 24*time.Hour), baren(l, slots, 12*time.Hour)
	return c
}

// doubts are reasons that say what is not known.
var doubts = []string{"not_seen", "quiet", "no_same_edge"}

// knownMost keeps the card readable; the whole list of reasons stands under it.
const knownMost = 4

// knowledge sorts what is said into what is known and what is not. The second list is where honesty shows, so it
// also names what can never be seen from outside.
func knowledge(l text.Lang, snap watch.Snapshot, words say.Worded, past []incident.Incident, account bool, now time.Time) (yes, no []string) {
	v := snap.Verdict
	for i, r := range v.Reasons {
		if slices.Contains(doubts, r.Code) {
			no = append(no, words.Reasons[i])
		} else if len(yes) < knownMost {
			yes = append(yes, words.Reasons[i])
		}
	}
	if len(past) > 0 && v.Scope == diagnose.Healthy && !past[0].Resolved.IsZero() && now.Sub(past[0].Resolved) < 6*time.Hour {
		yes = append(yes, say.Recovered(l, past[0], now))
	}
	var unseen []part.Code
	for _, p := range v.Board {
		if known(p.State) == diagnose.Unknown {
			unseen = append(unseen, p.Part)
		}
	}
	if n := len(unseen); n > 0 {
		var names []string
		for _, c := range unseen[:min(n, 3)] {
			names = append(names, say.Part(l, c))
		}
		if n > 3 {
			names = append(names, text.Say(l, "web.more", text.Args{"n": strconv.Itoa(n - 3)}))
		}
		no = append(no, text.Say(l, "web.unknown.parts", text.Args{"parts": say.List(l, names)}))
	}
	ids := []string{"app", "orders"}
	switch v.Scope {
	case diagnose.Bitbank, diagnose.Part:
		ids = []string{"cause", "end", "orders"}
	case diagnose.OwnLine:
		ids = []string{"bitbank", "carrier", "orders"}
	case diagnose.Path:
		ids = []string{"where", "orders"}
	case diagnose.Maintenance:
		ids = []string{"end.announced", "orders"}
	}
	for _, id := range ids {
		if id != "orders" || !account {
			no = append(no, text.Say(l, "web.unknown."+id, nil))
		}
	}
	return yes, no
}

// lastLooked says when the line, bitbank, its notices and its pair flags were looked at. Behind a line that is cut a
// look sees nothing, so there it says when they were last seen.
func lastLooked(l text.Lang, snap watch.Snapshot, now time.Time) []looked {
	looks := snap.Round.Signals
	seen := func(t probe.Target) time.Time {
		if snap.Verdict.Scope == diagnose.OwnLine || t == probe.PrivatePairs {
			return looks[t].OKAt
		}
		return looks[t].Last.At
	}
	var out []looked
	for _, g := range []struct {
		id    string
		limit time.Duration
		when  func(probe.Target) time.Time
		want  func(probe.Target) bool
	}{
		{"line", 45 * time.Second, func(t probe.Target) time.Time { return looks[t].Last.At }, func(t probe.Target) bool {
			return t == probe.Neutral1Page || t == probe.Neutral2Page || t == probe.Neutral3Page
		}},
		{"bitbank", limitLooks, seen, func(t probe.Target) bool {
			h := looks[t].Last.Host
			return h == probe.Public || h == probe.Private || h == probe.Web || h == probe.App || h == probe.Stream
		}},
		{"word", 100 * time.Second, seen, func(t probe.Target) bool { return t == probe.StatusPage || t == probe.BlogPage }},
		{"pairs", limitMarket, seen, func(t probe.Target) bool { return t == probe.PrivatePairs }},
	} {
		var at time.Time
		for t := range looks {
			if when := g.when(t); g.want(t) && when.After(at) {
				at = when
			}
		}
		if at.IsZero() {
			continue
		}
		out = append(out, looked{text.Say(l, "web.looked."+g.id, nil), say.Instant(l, at), clock(l, at, g.limit, now)})
	}
	return out
}

// chain is how far we get.
type chain struct {
	Title string
	Links []link
}

type link struct {
	Class, Icon, Name, Word string
}

var linkIcons = map[string]string{"machine": "pc", "router": "router", "line": "globe", "entrance": "door", "function": "fn"}

func chained(l text.Lang, v diagnose.Verdict) chain {
	out := chain{Title: "web.chain.well"}
	broken := false // everything behind a cut is out of sight, never "bad"
	for _, k := range v.Chain {
		one := link{Icon: linkIcons[k.Name], Name: text.Say(l, "web.link."+k.Name, nil), Word: say.State(l, k.State)}
		ours := k.Name == "machine" || k.Name == "router" || k.Name == "line"
		side := "s-part"
		switch {
		case ours:
			side = "s-own"
		case v.Scope == diagnose.Path:
			side = "s-path"
		}
		switch known(k.State) {
		case diagnose.Well:
			one.Class = "s-ok"
		case diagnose.Down:
			one.Class, out.Title = side+" bad cut", "web.chain.cut"
			broken = broken || k.Name != "function"
			if k.Name == "function" {
				one.Word = text.Say(l, "web.chain.partly", nil)
				if v.Scope == diagnose.Bitbank {
					one.Word = say.State(l, diagnose.Down)
				}
			}
		case diagnose.Limited:
			one.Class, out.Title = side+" bad", "web.chain.cut"
		case diagnose.Announced:
			one.Class = "s-mnt bad cut"
		default:
			one.Class = "s-unk dim"
			if broken {
				one.Class += " cut"
				one.Word = text.Say(l, "web.chain.hidden", nil)
			}
		}
		out.Links = append(out.Links, one)
	}
	return out
}

// A step of the story of the present incident.
type step struct {
	Class, Source, Text string
	At                  time.Time
	Time                string
}

// story tells what has been measured since the first symptom, oldest first.
func story(l text.Lang, snap watch.Snapshot, now time.Time) []step {
	i := snap.Incident
	if i.Phase == incident.None {
		return nil
	}
	class := scopeLooks[i.Scope].Class
	out := []step{{Class: class, At: i.Since, Source: "measured", Text: text.Say(l, "web.story.symptom", nil)}}
	if !i.Opened.IsZero() {
		out = append(out, step{Class: class, At: i.Opened, Source: "measured", Text: text.Say(l, "web.story.opened", text.Args{
			"scope": text.Say(l, "web.scope."+i.Scope.String(), nil), "for": say.For(l, i.Opened.Sub(i.Since)),
		})})
	}
	for _, p := range snap.Verdict.Board {
		if known(p.State) != diagnose.Down && known(p.State) != diagnose.Limited || p.Since.IsZero() {
			continue
		}
		said := text.Say(l, "known.state", text.Args{"parts": say.Part(l, p.Part), "state": say.State(l, p.State)})
		if f := say.Failure(l, p.Failure); f != "" {
			said = text.Say(l, "known.state", text.Args{"parts": say.Part(l, p.Part), "state": f})
		}
		out = append(out, step{Class: class, At: p.Since, Source: sourceOf(p), Text: said})
	}
	if i.Flaps > 0 {
		out = append(out, step{Class: class, At: i.Opened, Source: "measured", Text: text.Say(l, "web.story.flaps", text.Args{"n": strconv.Itoa(i.Flaps)})})
	}
	if !i.WellAt.IsZero() {
		out = append(out, step{Class: "s-ok", At: i.WellAt, Source: "measured", Text: text.Say(l, "web.story.well", nil)})
	}
	slices.SortStableFunc(out, func(a, b step) int { return a.At.Compare(b.At) })
	out = append(out, step{Class: "now", At: now, Text: cmp.Or(say.Incident(l, i, now), text.Say(l, "web.story.now", nil))})
	for n := range out {
		out[n].Time = out[n].At.In(say.JST).Format("15:04")
	}
	return out
}

// sourceOf says whether a state was measured or is what bitbank's own flags say; "" when it is not known at all.
func sourceOf(p diagnose.PartState) string {
	switch {
	case p.Failure != probe.OK || !byFlags(p.Part) && known(p.State) != diagnose.Unknown:
		return "measured"
	case known(p.State) != diagnose.Unknown:
		return "flags"
	}
	return ""
}

// self is how the watcher itself is.
type self struct {
	Every   string
	Skew    string
	Journal string
	Norec   bool
	Asked   string
	Since   string
	Notes   []string
}

// askedMost hosts are named with the number of requests that they got; the others are few, and counted together.
const askedMost = 4

func watcher(l text.Lang, snap watch.Snapshot, now time.Time) self {
	if beginning(snap) {
		return self{Every: text.Say(l, "web.self.starting", nil)}
	}
	out := self{
		Every:   text.Say(l, "web.self.looks", text.Args{"n": strconv.Itoa(len(snap.Round.Signals))}),
		Journal: text.Say(l, "web.self.recorded", text.Args{"since": snap.At.In(say.JST).Format("15:04")}), Norec: !snap.Recorded,
		Skew: text.Say(l, "web.self.skew.unknown", nil),
	}
	if out.Norec {
		out.Journal = text.Say(l, "web.self.norec", nil)
	}
	for _, t := range []probe.Target{probe.ClockNTP, probe.Neutral1Page, probe.Neutral2Page, probe.Neutral3Page} {
		if o := snap.Round.Signals[t].Last; o.SkewKnown {
			out.Skew = text.Say(l, "web.self.skew", text.Args{"n": strconv.FormatFloat(o.Skew.Seconds(), 'f', 1, 64)})
			break
		}
	}
	w := snap.Round.Watcher
	if !w.Since.IsZero() {
		out.Since = text.Say(l, "web.self.since", text.Args{"since": say.About(l, w.Since, now), "for": say.For(l, now.Sub(w.Since))})
	}
	if w.Late > 200*time.Millisecond {
		out.Notes = append(out.Notes, text.Say(l, "web.self.late", text.Args{"for": took(l, w.Late)}))
	}
	if w.Slept > 0 && now.Sub(w.WokeAt) < time.Hour {
		out.Notes = append(out.Notes, text.Say(l, "web.self.slept", text.Args{"for": say.For(l, w.Slept), "since": say.About(l, w.WokeAt, now)}))
	}
	if w.OwnRate {
		out.Notes = append(out.Notes, text.Say(l, "web.self.rate", nil))
	}
	asked := slices.SortedFunc(maps.Keys(snap.Asked), func(a, b probe.Host) int { return cmp.Or(snap.Asked[b]-snap.Asked[a], cmp.Compare(a, b)) })
	var said []string
	rest := 0
	for i, h := range asked {
		if i < askedMost && snap.Asked[h] > 0 {
			said = append(said, text.Say(l, "web.self.asked", text.Args{"host": text.Say(l, "host."+string(h), nil), "n": strconv.Itoa(snap.Asked[h])}))
		} else {
			rest += snap.Asked[h]
		}
	}
	if rest > 0 {
		said = append(said, text.Say(l, "web.self.asked.rest", text.Args{"n": strconv.Itoa(rest)}))
	}
	out.Asked = say.List(l, said)
	return out
}

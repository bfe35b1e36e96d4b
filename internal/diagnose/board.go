package diagnose

import (
	"slices"
	"strings"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// finish adds to a verdict what every verdict has: the board, the chain, the pairs, and what to ask next.
func (e *evidence) finish(v *Verdict) {
	v.Board = e.board(v)
	v.Chain = e.chain(v)
	v.Market = e.market()
	v.Ask = e.ask(v)
}

// board is how every watched function stands. With our own line or ourselves in trouble, what fails is unknown.
func (e *evidence) board(v *Verdict) []PartState {
	by := map[part.Code]PartState{}
	for _, h := range e.houses {
		s := PartState{Part: h.part, State: h.state(), Failure: h.failure, Since: h.from, Targets: h.targets}
		if s.State == Well || s.State == Unknown && !h.sick {
			s.Failure, s.Since, s.Targets = "", time.Time{}, nil
		}
		for _, l := range h.all {
			if s.Targets == nil || s.State == Well {
				s.Targets = append(s.Targets, l.target)
			}
		}
		by[h.part] = worse(by[h.part], s)
	}
	if len(e.r.Pairs) > 0 {
		for c, t := range map[part.Code]probe.Target{
			part.Trading: probe.PrivateStatus, part.OrderCancel: probe.PrivatePairs, part.MarketOrder: probe.PrivatePairs,
			part.StopOrder: probe.PrivatePairs, part.Margin: probe.PrivatePairs,
		} {
			if !e.watches(t) {
				continue
			}
			s := PartState{Part: c, State: Well, Targets: []probe.Target{t}}
			if l := e.look(t); !l.known || l.Bad > 0 && l.score >= sickAt {
				s.State = Unknown
			}
			by[c] = s
		}
	}
	for _, t := range e.trouble {
		if _, ofHouse := by[t.part]; !ofHouse || len(t.pairs) > 0 || t.reason == t.class {
			s := PartState{Part: t.part, State: t.state, Failure: t.failure, Since: t.since, Targets: t.targets}
			if len(t.pairs) > 0 && s.State == Down {
				s.State = Limited // some pairs only
			}
			by[t.part] = worse(by[t.part], s)
		}
	}
	var out []PartState
	for _, c := range part.Codes() {
		s, ok := by[c]
		if !ok {
			continue
		}
		switch {
		case (s.State == Down || s.State == Limited) && (!e.lineWell() || v.Scope == OwnLine):
			s.State = Unknown
		case (s.State == Down || s.State == Limited) && e.wasAnnounced(v, c):
			s.State = Announced
		}
		out = append(out, s)
	}
	return out
}

func (e *evidence) wasAnnounced(v *Verdict, c part.Code) bool {
	if v.Scope == Maintenance {
		return slices.Contains(v.Parts, c)
	}
	return slices.ContainsFunc(e.r.Windows, func(w Window) bool { return w.active(e.now) && w.covers(trouble{part: c}) })
}

// worse keeps the state that a reader must know first.
func worse(a, b PartState) PartState {
	rank := map[State]int{"": 0, Well: 1, Unknown: 2, Limited: 3, Down: 4}
	if rank[b.State] > rank[a.State] {
		return b
	}
	return a
}

// chain is how far our looks get: machine, router, line, entrance, function.
func (e *evidence) chain(v *Verdict) []Link {
	link := func(name string, s State) Link { return Link{Name: name, State: s} }
	machine := Well
	if _, off := e.skew(time.Time{}); off {
		machine = Limited
	}
	switch v.Sentence {
	case "not_proven.3", "not_proven.5", "not_proven.6":
		machine = Unknown
	case "own_line.4", "own_line.6", "own_line.7":
		machine = Limited
	}
	if l := e.look(probe.LineInterface); l.failing() && l.Bad > 0 {
		machine = Down
	}
	router, line := Unknown, Unknown
	switch l := e.look(probe.LineGateway); {
	case e.lineWell() || l.well():
		router = Well
	case l.failing() && l.Bad > 0:
		router = Down
	}
	switch {
	case e.lineWell():
		line = Well
	case v.Scope == OwnLine && machine != Down && router != Down && machine != Limited:
		line = Down
	}
	entrance, function := Unknown, Unknown
	if e.lineWell() && v.Sentence != "not_proven.3" {
		entrance, function = Well, Well
		down, unknown := 0, 0
		for _, h := range e.main() {
			switch h.state() {
			case Down:
				down++
			case Unknown:
				unknown++
			}
		}
		switch {
		case v.Scope == Path:
			entrance = Limited
			if v.Sentence == "path.1" {
				entrance = Down
			}
		case down > 0 && down == len(e.main()):
			entrance = Down
		case down > 0:
			entrance = Limited
		case unknown > 0:
			entrance = Unknown
		}
		for _, t := range e.trouble {
			if t.state == Down && len(t.pairs) == 0 && t.part != part.Support && t.part != part.Notification {
				function = Down
			} else if function == Well {
				function = Limited
			}
		}
		if function == Well && entrance != Well {
			function = Unknown
		}
		if v.Scope == Maintenance {
			function = Announced
		}
	}
	return []Link{link("machine", machine), link("router", router), link("line", line), link("entrance", entrance), link("function", function)}
}

// market says per pair what can be done, by bitbank's own flags.
func (e *evidence) market() []PairBoard {
	var out []PairBoard
	status := e.look(probe.PrivateStatus)
	for _, name := range e.pairNames() {
		p := e.r.Pairs[name]
		b := PairBoard{Pair: name, Status: p.State.Status, Mode: p.State.Mode, MinAmount: p.State.MinAmount, Retired: p.Retired}
		b.New, b.Cancel, b.Market, b.Stop = Well, Well, Well, Well
		if p.State.Margin {
			b.Margin = Well
		}
		old := e.now.Sub(p.At) > pairsAge || status.Void
		for _, f := range p.State.Flags {
			switch {
			case f == flagStop:
				b.New, b.Market, b.Stop = Down, Down, Down
			case f == flagStopAndCancel:
				b.New, b.Market, b.Stop, b.Cancel = Down, Down, Down, Down
			case strings.Contains(f, "margin"):
				if b.Margin != "" {
					b.Margin = Down
				}
			case strings.Contains(f, "market"):
				b.Market = Down
			case strings.Contains(f, "stop_stop"):
				b.Stop = Down
			default:
				b.New = worst(b.New, Limited)
			}
		}
		switch p.State.Status {
		case "HALT":
			b.New, b.Market, b.Stop = Down, Down, Down
		case "BUSY", "VERY_BUSY":
			b.New, b.Market = worst(b.New, Limited), worst(b.Market, Limited)
		}
		if m := p.State.Mode; m != "" && m != "NONE" {
			b.Market, b.New = Down, worst(b.New, Limited)
		}
		if b.Margin != "" && b.New == Down {
			b.Margin = Down
		}
		unread := e.now.Sub(p.FlagsAt) > pairsAge // what is not said to be stopped may still be
		for _, s := range []*State{&b.New, &b.Cancel, &b.Market, &b.Stop, &b.Margin} {
			if *s != "" && (old || unread && *s == Well) {
				*s = Unknown
			}
		}
		out = append(out, b)
	}
	return out
}

func worst(a, b State) State {
	return worse(PartState{State: a}, PartState{State: b}).State
}

package web

import (
	"hikeshi/internal/account"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

// crossed are the owner's lines that were crossed since the last time. The first time they are those that stand crossed: whoever
// opens a stream after an outage wants to hear of them.
func (f *follower) crossed(l text.Lang, v account.View) []LineNow {
	var out []LineNow
	now := map[int]ledger.Crossed{}
	var report exposure.Report
	for _, s := range v.Exposure.Lines {
		now[s.ID] = s.Last
		if !s.Last.On || f.lines[s.ID].On && f.lines[s.ID].N == s.Last.N {
			continue
		}
		if report.At.IsZero() {
			report = exposure.Of(v.Exposure)
		}
		for _, x := range report.Lines {
			if x.ID == s.ID {
				out = append(out, shapeLineNow(l, x, report.At))
			}
		}
	}
	f.lines = now
	return out
}

// holdsOf is what the first page says of what is held: nothing in calm. What it is, only to those who may see it.
func holdsOf(l text.Lang, r exposure.Report, see bool) *notice {
	alarm, crossed := r.Margin.Alarm || r.Margin.Demand.Kind() != "", false
	for _, x := range r.Lines {
		crossed = crossed || x.Last.On
	}
	switch {
	case !alarm && !crossed:
		return nil
	case !see:
		return &notice{"s-own", "warn", text.Say(l, "positions.home.hidden", nil)}
	case alarm:
		return &notice{"s-own", "warn", text.Say(l, "positions.home.alarm", nil)}
	}
	return &notice{"s-own", "warn", text.Say(l, "positions.home.crossed", nil)}
}

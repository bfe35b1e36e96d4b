package diagnose

import (
	"slices"
	"time"

	"hikeshi/internal/part"
)

const (
	// earlyBy is how long before its start a window explains that bitbank already answers "maintenance".
	earlyBy = 2 * time.Hour
	// overrunFor is how long after its end a window explains what has been down since: the longest overrun on record
	// among exchanges took two days, bitbank's own less than an hour.
	overrunFor = 12 * time.Hour
	// ragged: windows are announced with "about", so trouble that begins some minutes before the end belongs to them.
	ragged = 5 * time.Minute
)

func (w Window) active(now time.Time) bool {
	return !now.Before(w.Start) && (w.End.IsZero() || now.Before(w.End))
}

// covers reports whether the trouble was announced by the window.
func (w Window) covers(t trouble) bool {
	if len(w.Pairs) > 0 {
		if len(t.pairs) == 0 {
			return false
		}
		for _, p := range t.pairs {
			if !slices.Contains(w.Pairs, p) {
				return false
			}
		}
	}
	if len(w.Parts) == 0 || slices.Contains(w.Parts, part.All) || slices.Contains(w.Parts, t.part) {
		return true
	}
	switch t.part {
	case part.OrderCancel, part.MarketOrder, part.StopOrder, part.Margin: // a stop of trading stops all its kinds
		return slices.Contains(w.Parts, part.Trading)
	case part.MarketData, part.PublicStream:
		return slices.Contains(w.Parts, part.MarketData)
	}
	return false
}

// inMaintenance: what fails was announced to fail.
func inMaintenance(e *evidence) *Verdict {
	theirs, open := e.sure()
	if open && len(theirs) == 0 {
		// In an announced window silence needs no witness: it was announced.
		if e.lineWell() {
			theirs = e.trouble
		}
	}
	if len(theirs) == 0 {
		return nil
	}
	for _, w := range e.r.Windows {
		if w.active(e.now) {
			return e.announced(w, theirs, "window")
		}
	}
	for _, w := range e.r.Windows {
		switch {
		case e.now.Before(w.Start) && w.Start.Sub(e.now) <= earlyBy && maintained(theirs) && coveredAll(w, theirs):
			v := e.announced(w, theirs, "window_early")
			v.Sentence, v.Args = "maintenance.6", args("from", stamp(w.Start), "until", stamp(w.End))
			return v
		case !w.End.IsZero() && !e.now.Before(w.End) && e.now.Sub(w.End) <= overrunFor && coveredAll(w, theirs) &&
			(maintained(theirs) || first(theirs).Before(w.End.Add(ragged)) && !first(theirs).Before(w.Start.Add(-earlyBy))):
			v := e.announced(w, theirs, "window_over")
			v.Sentence, v.Args = "maintenance.2", args("until", stamp(w.End), "for", e.now.Sub(w.End).Truncate(time.Second).String())
			return v
		}
	}
	return nil
}

// maintained: bitbank itself says maintenance.
func maintained(ts []trouble) bool {
	return slices.ContainsFunc(ts, func(t trouble) bool { return t.class == isMaintained })
}

func coveredAll(w Window, ts []trouble) bool {
	return !slices.ContainsFunc(ts, func(t trouble) bool { return !w.covers(t) })
}

func (e *evidence) announced(w Window, theirs []trouble, reason string) *Verdict {
	var as, extra []trouble
	for _, t := range theirs {
		if slices.ContainsFunc(e.r.Windows, func(o Window) bool { return (o.active(e.now) || sameWindow(o, w)) && o.covers(t) }) {
			as = append(as, t)
		} else {
			extra = append(extra, t)
		}
	}
	told := Reason{Code: reason, Args: args("from", stamp(w.Start), "until", stamp(w.End), "parts", join(w.Parts))}
	if len(extra) > 0 {
		v := e.partVerdict(extra)
		if len(as) > 0 {
			v.Sentence = "maintenance.4"
		}
		v.Reasons = append(v.Reasons, told)
		return v
	}
	v := e.partVerdict(as)
	v.Scope = Maintenance
	v.Reasons = append([]Reason{told}, v.Reasons...)
	works := v.Args["works"]
	v.Args = args("until", stamp(w.End), "parts", join(codes(as)), "works", works)
	switch {
	case works != "" && !slices.Contains(w.Parts, part.All) && len(w.Parts) > 0:
		v.Sentence = "maintenance.3"
	case w.End.IsZero():
		v.Sentence = "maintenance.5"
	default:
		v.Sentence = "maintenance.1"
	}
	return v
}

func sameWindow(a, b Window) bool {
	return a.Start.Equal(b.Start) && a.End.Equal(b.End) && slices.Equal(a.Parts, b.Parts) && slices.Equal(a.Pairs, b.Pairs)
}

// aside are the parts in an announced window that we cannot measure, such as a coin's deposits.
func (e *evidence) aside() []part.Code {
	var out []part.Code
	measured := map[part.Code]bool{part.All: true}
	for _, h := range e.houses {
		measured[h.part] = true
	}
	for _, w := range e.r.Windows {
		if !w.active(e.now) {
			continue
		}
		for _, c := range w.Parts {
			if !measured[c] && c != part.Trading && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b part.Code) int { return slices.Index(part.Codes(), a) - slices.Index(part.Codes(), b) })
	return out
}

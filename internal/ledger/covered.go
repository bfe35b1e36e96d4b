package ledger

import (
	"slices"
	"time"
)

// A Span is a piece of a history.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// backfilled joins a span to those that it touches.
func (l *Ledger) backfilled(b *Backfilled) {
	if l.spans == nil {
		l.spans = map[Kind][]Span{}
	}
	fresh := Span{b.From.UTC().Round(0), b.To.UTC().Round(0)}
	if !fresh.From.Before(fresh.To) {
		return
	}
	var out []Span
	for _, s := range l.spans[b.Kind] {
		if s.To.Before(fresh.From) || s.From.After(fresh.To) {
			out = append(out, s)
			continue
		}
		if s.From.Before(fresh.From) {
			fresh.From = s.From
		}
		if s.To.After(fresh.To) {
			fresh.To = s.To
		}
	}
	out = append(out, fresh)
	slices.SortFunc(out, func(a, b Span) int { return a.From.Compare(b.From) })
	out = trimmed(out, l.forgotten)
	l.spans[b.Kind] = out[max(0, len(out)-keepSpans):]
}

// trimmed leaves out what lies before a time.
func trimmed(spans []Span, before time.Time) []Span {
	var out []Span
	for _, s := range spans {
		if s.From.Before(before) {
			s.From = before
		}
		if s.From.Before(s.To) {
			out = append(out, s)
		}
	}
	return out
}

// Covered reports whether a history was read whole from one time to another.
func (l *Ledger) Covered(kind Kind, from, to time.Time) bool {
	return slices.ContainsFunc(l.spans[kind], func(s Span) bool { return !s.From.After(from) && !s.To.Before(to) })
}

// CoveredTo is how far the newest span of a history that was read whole reaches; zero when none was.
func (l *Ledger) CoveredTo(kind Kind) time.Time {
	spans := l.spans[kind]
	if len(spans) == 0 {
		return time.Time{}
	}
	return spans[len(spans)-1].To
}

// CoveredFrom is where the newest span of a history begins; zero when none was read.
func (l *Ledger) CoveredFrom(kind Kind) time.Time {
	spans := l.spans[kind]
	if len(spans) == 0 {
		return time.Time{}
	}
	return spans[len(spans)-1].From
}

// First is since when a history is known to be empty before, because bitbank has shown nothing older; zero while that was not
// seen.
func (l *Ledger) First(kind Kind) time.Time { return l.first[kind] }

// Holes are the pieces of from <= t < to that were not read whole, oldest first.
func (l *Ledger) Holes(kind Kind, from, to time.Time) []Span {
	var out []Span
	for _, s := range l.spans[kind] {
		if !s.To.After(from) {
			continue
		}
		if !s.From.Before(to) {
			break
		}
		if s.From.After(from) {
			out = append(out, Span{from, s.From})
		}
		from = s.To
	}
	if from.Before(to) {
		out = append(out, Span{from, to})
	}
	return out
}

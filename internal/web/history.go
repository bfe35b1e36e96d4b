package web

import (
	"net/http"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A pastRow is one incident in a list.
type pastRow struct {
	At    time.Time
	Start string
	Scope badge
	What  string
	For   string
	Flaps int
	Open  bool
	Query string // of its replay
}

func pastRows(l text.Lang, all []incident.Incident, most int, now time.Time) []pastRow {
	var out []pastRow
	for _, i := range all[:min(most, len(all))] {
		r := pastRow{
			At: i.Since, Start: say.Day(l, i.Since) + " " + i.Since.In(say.JST).Format("15:04"), Scope: scopeBadge(l, i.Scope), Flaps: i.Flaps,
			What: say.Parts(l, i.Parts), Open: i.Resolved.IsZero(), For: say.For(l, i.Resolved.Sub(i.Since)),
		}
		if len(i.Pairs) > 0 {
			r.What = text.Say(l, "web.past.pairs", text.Args{"pairs": say.Pairs(l, i.Pairs), "parts": r.What})
		}
		if r.What == "" {
			r.What = text.Say(l, "web.scope.long."+i.Scope.String(), nil)
		}
		if r.Open {
			r.For = text.Say(l, "web.past.open", text.Args{"for": say.For(l, now.Sub(i.Since))})
		}
		at := i.Opened
		if at.IsZero() {
			at = i.Since
		}
		r.Query = "?at=" + at.Add(time.Minute).In(say.JST).Format(minuteForm)
		out = append(out, r)
	}
	return out
}

// minuteForm is what a browser's field for date and time sends.
const minuteForm = "2006-01-02T15:04"

// replayed is a past minute, as its digest tells it.
type replayed struct {
	Asked string // as typed, for the form
	Title string
	Error string
	Card  *card
	Chain chain
	Parts []row
}

func (s *server) history(w http.ResponseWriter, r *http.Request) {
	l, now := s.lang(r), time.Now()
	body := struct {
		Rows   []pastRow
		Broken bool
		Replay replayed
		Max    string
	}{Max: now.In(say.JST).Format(minuteForm)}
	all, err := s.o.Source.Incidents(r.Context(), 100)
	if err != nil {
		s.o.Log.Warn("incidents were not read", "err", err)
		body.Broken = true
	}
	body.Rows = pastRows(l, all, len(all), now)
	if q := r.URL.Query().Get("at"); q != "" {
		body.Replay = s.replay(r, l, q)
	}
	s.render(w, r, http.StatusOK, "history", body)
}

func (s *server) replay(r *http.Request, l text.Lang, asked string) replayed {
	out := replayed{Asked: asked}
	at, err := time.ParseInLocation(minuteForm, asked, say.JST)
	if err != nil {
		out.Asked, out.Error = "", text.Say(l, "web.replay.bad", nil)
		return out
	}
	v, ok, err := s.o.Source.Past(r.Context(), at.Add(time.Minute-time.Second))
	switch {
	case err != nil:
		s.o.Log.Warn("a past verdict was not read", "at", at, "err", err)
		out.Error = text.Say(l, "web.replay.broken", nil)
		return out
	case !ok:
		out.Error = text.Say(l, "web.replay.none", text.Args{"since": say.Day(l, at) + " " + asked[len(asked)-5:]})
		return out
	}
	words, look := say.Verdict(l, v, v.At), scopeBadge(l, v.Scope)
	out.Title = text.Say(l, "web.replay.title", text.Args{"since": say.Day(l, v.At) + " " + say.Instant(l, v.At)})
	out.Card = &card{
		Class: look.Class, Icon: look.Icon, Scope: text.Say(l, "web.scope.long."+v.Scope.String(), nil), Since: words.Since, At: v.Since,
		Sentence: words.Sentence, Known: words.Reasons, Unknown: words.Unknown,
	}
	out.Chain = chained(l, v)
	for _, p := range v.Board {
		d := say.Failure(l, p.Failure)
		if known(p.State) == diagnose.Well {
			d = ""
		}
		out.Parts = append(out.Parts, row{Key: string(p.Part), Name: say.Part(l, p.Part), State: stateBadge(l, p.State), Detail: d, Source: sourceOf(p)})
	}
	return out
}

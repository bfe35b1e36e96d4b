package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// pages are the templates in one language: words are bound when they are parsed, so that a template cannot mix two.
type pages struct{ set *template.Template }

func parse(l text.Lang) *pages {
	var set *template.Template
	set = template.New("").Funcs(template.FuncMap{
		"t": func(id string, pairs ...string) string { return text.Say(l, id, args(pairs)) },
		"icon": func(name string) template.HTML {
			return template.HTML(`<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><use href="#` + template.HTMLEscapeString(name) + `"/></svg>`)
		},
		"sprite": func() template.HTML { return sprite },
		"inc":    func(i int) int { return i + 1 },
		"upto":   upto,
		"tab": func(f layout, name, href, icon string) tab {
			return tab{name, href, icon, f.Name == name || f.Name == "transfers" && name == "orders"}
		},
		"page": func(f layout) (template.HTML, error) {
			var b strings.Builder
			err := set.ExecuteTemplate(&b, f.Name, f)
			return template.HTML(b.String()), err
		},
		"numbered": func(list string, i int, c orderCard) any {
			return struct {
				N    string
				Card orderCard
			}{list + strconv.Itoa(i), c}
		},
		"formed": func(form string, c moveCard) any {
			return struct {
				Form string
				Card moveCard
			}{form, c}
		},
		"rows": func(label string, rows []orderRow) any {
			return struct {
				Label string
				Rows  []orderRow
			}{label, rows}
		},
		"iso": func(t time.Time) string { return t.In(say.JST).Format(time.RFC3339) },
	})
	return &pages{template.Must(set.ParseFS(files, "templates/*.html"))}
}

// A tab is one entry of the navigation.
type tab struct {
	Name, Href, Icon string
	On               bool
}

// upto counts from 1 to n.
func upto(n int) []string {
	var out []string
	for i := range n {
		out = append(out, strconv.Itoa(i+1))
	}
	return out
}

func args(pairs []string) text.Args {
	out := text.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// A layout holds what every page needs around its content.
type layout struct {
	Name    string // of the template and the navigation
	Title   string
	Lang    text.Lang
	Other   text.Lang // the language to switch to
	Back    string    // where to return after a switch
	Large   bool
	Theme   string // "", light or dark
	Now     time.Time
	Clock   string
	At      time.Time // of the snapshot; zero before the first round
	Demo    bool
	Norec   bool
	Mini    badge
	Verdict string // changes when there is something to announce
	Say     string // what is announced then
	Orders  string // the same of orders, for those who may see them
	Ordered string
	Version string
	Self    self
	Body    any
}

// Prefs are cookies: readable by no script, sent to nobody else, and worth nothing to a thief.
const (
	cookieLang  = "hikeshi_lang"
	cookiePrint = "hikeshi_print"
	cookieTheme = "hikeshi_theme"
)

// lang is the language to answer in: as asked for once, as set on this browser, as configured, as the browser wants.
func (s *server) lang(r *http.Request) text.Lang {
	for _, wish := range []string{r.URL.Query().Get("lang"), cookie(r, cookieLang)} {
		if l := text.Lang(wish); l == text.Japanese || l == text.English {
			return l
		}
	}
	if s.o.Lang != "" {
		return s.o.Lang
	}
	l, _ := text.Parse(r.Header.Get("Accept-Language"))
	return l
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *server) render(w http.ResponseWriter, r *http.Request, status int, name string, body any) {
	l, now, snap := s.lang(r), time.Now(), s.o.Source.Snapshot()
	f := layout{
		Name: name, Lang: l, Other: text.English, Back: r.URL.Path, Large: cookie(r, cookiePrint) == "large", Now: now,
		Clock: say.Day(l, now) + " " + now.In(say.JST).Format("15:04"), At: snap.At, Demo: snap.Mode == "demo",
		Norec: !beginning(snap) && !snap.Recorded, Version: s.o.Version, Self: watcher(l, snap, now), Body: body,
	}
	if l == text.English {
		f.Other = text.Japanese
	}
	if t := cookie(r, cookieTheme); t == "light" || t == "dark" {
		f.Theme = t
	}
	f.Title = text.Say(l, "web.title."+name, nil)
	if beginning(snap) {
		f.Mini, f.Verdict = scopeLooks[diagnose.NotProven], "first"
		f.Mini.Word = text.Say(l, "web.first.title", nil)
	} else {
		v := snap.Verdict
		f.Mini, f.Verdict = scopeBadge(l, v.Scope), fmt.Sprint(v.Sentence, v.Parts, v.Pairs)
		f.Say = say.Verdict(l, v, now).Sentence
	}
	if s.o.Accounts != nil && s.mayRead(r) {
		v := s.views.now()
		t := count(v, now)
		if f.Orders = t.key(); t.doubtful() > 0 {
			f.Ordered = noticeOf(l, t, true).Text
		} else {
			_, f.Ordered = headline(l, v, now)
		}
	}
	if name == "home" {
		f.Title = f.Mini.Word
	}
	var buf bytes.Buffer
	if err := s.pages[l].set.ExecuteTemplate(&buf, "layout", f); err != nil {
		s.o.Log.Error("a page was not rendered", "page", name, "err", err)
		fail(w, http.StatusInternalServerError, "page", "the page could not be made")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(l))
	h.Set("Hikeshi-Seq", strconv.FormatUint(uint64(snap.Seq), 10)) // for the service worker: whether to keep this page
	w.WriteHeader(status)
	w.Write(buf.Bytes())
}

func (s *server) missing(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, "missing", nil)
}

func (s *server) help(w http.ResponseWriter, r *http.Request) {
	legend := []badge{}
	for _, scope := range scopes {
		legend = append(legend, scopeBadge(s.lang(r), scope))
	}
	s.render(w, r, http.StatusOK, "help", struct{ Scopes []badge }{legend})
}

// A choice is one setting of the page's look.
type choice struct {
	ID      string // word "web.set." + ID
	Options []option
}

type option struct {
	Query string
	ID    string
	On    bool
}

// settings shows the choices, or takes one and comes back. They are links, so that they work without a script.
func (s *server) settings(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	set := false
	for _, one := range []struct{ field, cookie, values string }{
		{"lang", cookieLang, "ja en"}, {"print", cookiePrint, "normal large"}, {"theme", cookieTheme, "auto light dark"},
	} {
		v := q.Get(one.field)
		if v == "" || !strings.Contains(" "+one.values+" ", " "+v+" ") {
			continue
		}
		set = true
		if s := r.Header.Get("Sec-Fetch-Site"); s == "cross-site" || s == "same-site" {
			continue // a link on somebody else's page does not change our owner's page
		}
		http.SetCookie(w, &http.Cookie{
			Name: one.cookie, Value: v, Path: "/", MaxAge: 400 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	if set {
		back := q.Get("back")
		if u, err := url.Parse(back); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, `\`) {
			back = "/settings"
		}
		w.Header().Set("Location", back)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	l, theme, size := s.lang(r), cookie(r, cookieTheme), cookie(r, cookiePrint)
	pick := func(field, value string, on bool) option {
		return option{Query: "?" + field + "=" + value, ID: "web.set." + field + "." + value, On: on}
	}
	s.render(w, r, http.StatusOK, "settings", struct {
		Choices []choice
		Addr    string
	}{
		[]choice{
			{"lang", []option{pick("lang", "ja", l == text.Japanese), pick("lang", "en", l == text.English)}},
			{"print", []option{pick("print", "normal", size != "large"), pick("print", "large", size == "large")}},
			{"theme", []option{pick("theme", "auto", theme != "light" && theme != "dark"), pick("theme", "light", theme == "light"), pick("theme", "dark", theme == "dark")}},
		},
		s.o.Addr,
	})
}

// A badge is a state with its shape, its hue and its word: never one of them alone.
type badge struct{ Class, Icon, Word string }

var scopeLooks = map[diagnose.Scope]badge{
	diagnose.Healthy: {"s-ok", "ok", ""}, diagnose.OwnLine: {"s-own", "own", ""}, diagnose.Path: {"s-path", "path", ""},
	diagnose.Bitbank: {"s-them", "them", ""}, diagnose.Part: {"s-part", "part", ""}, diagnose.Maintenance: {"s-mnt", "mnt", ""},
	diagnose.NotProven: {"s-unk", "unk", ""},
}

func scopeBadge(l text.Lang, scope diagnose.Scope) badge {
	b := scopeLooks[scope]
	b.Word = text.Say(l, "web.scope."+scope.String(), nil)
	return b
}

var stateLooks = map[diagnose.State]badge{
	diagnose.Well: {"s-ok", "ok", ""}, diagnose.Limited: {"s-part", "part", ""}, diagnose.Down: {"s-them", "them", ""},
	diagnose.Announced: {"s-mnt", "mnt", ""}, diagnose.Unknown: {"s-unk", "unk", ""},
}

func stateBadge(l text.Lang, state diagnose.State) badge {
	b := stateLooks[known(state)]
	b.Word = text.Say(l, "state."+string(known(state)), nil)
	return b
}

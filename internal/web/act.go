package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/text"
)

const (
	bodyMost = 16 << 10 // of a form or an order to act
	whyMost  = 200      // runes of the owner's words
)

// A confirmation is a page that says what will happen, before it does.
type confirmation struct {
	Verb  string // freeze, thaw, decide, cancel, giveup, answer
	Title string
	Says  []string // what stops, what stays, how to undo it
	Warn  string
	Yes   string
	Bot   string
	Form  string
	// Of a plan of cancels:
	Plan       string
	Protective bool
	More       int    // rows that are not listed
	Leave      string // of a proposal: what the button says that refuses it
	Other      string // the address that asks for protective orders too
	// Of a decision:
	Intent string
	Rows   []rowLook
	Chosen []string
	Choose bool // nothing is chosen yet
	Empty  bool // and that was not right
}

// known are the bots that there are: those with a local key, and those that the account has seen.
func (s *server) known(v account.View) []string {
	var out []string
	if s.o.Bots != nil {
		out = s.o.Bots()
	}
	for _, x := range v.Orders {
		out = append(out, x.Bot)
	}
	for _, x := range v.Stops {
		out = append(out, x.Bot)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(name string) bool { return name == "" })
}

// named reports whether a bot is known; "" is all of them.
func (s *server) named(bot string) bool {
	return bot == "" || slices.Contains(s.known(s.views.now()), bot)
}

// stranger answers a program that names a bot which nobody knows, and reports so.
func (s *server) stranger(w http.ResponseWriter, bot string) bool {
	if s.named(bot) {
		return false
	}
	fail(w, http.StatusNotFound, "no_bot", "no such bot; there are: "+strings.Join(s.known(s.views.now()), ", "))
	return true
}

// Who names a bot in a sentence; "" is all of them.
func Who(l text.Lang, bot string) string {
	if bot == "" {
		return text.Say(l, "web.act.all", nil)
	}
	return text.Say(l, "web.act.bot", text.Args{"bot": bot})
}

// freezing is the page that asks before a bot's orders are stopped, or go again; the form of it does so.
func (s *server) freezing(on bool) http.HandlerFunc {
	verb := "thaw"
	if on {
		verb = "freeze"
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if s.absent(w, r) {
			return
		}
		if r.Method == http.MethodPost {
			if s.ours(w, r) {
				if bot := r.PostForm.Get("bot"); s.named(bot) {
					s.freeze(bot, on, r.PostForm.Get("why"))
					done(w, verb, bot)
				} else {
					s.missing(w, r)
				}
			}
			return
		}
		if s.shut(w, r) {
			return
		}
		bot, l := r.URL.Query().Get("bot"), s.lang(r)
		if !s.named(bot) {
			s.missing(w, r)
			return
		}
		in, _ := s.entrance.of(r)
		v := s.views.now()
		a := text.Args{"who": Who(l, bot)}
		c := confirmation{Verb: verb, Bot: bot, Form: in.form, Title: text.Say(l, "web.act."+verb, a), Yes: text.Say(l, "web.act."+verb+".yes", nil)}
		for _, n := range []string{"1", "2", "3"} {
			c.Says = append(c.Says, text.Say(l, "web.act."+verb+"."+n, a))
		}
		if n := count(v, time.Now()).doubtful(); n > 0 && !on {
			c.Warn = text.Say(l, "web.act.thaw.warn", text.Args{"n": strconv.Itoa(n)})
		}
		s.render(w, r, http.StatusOK, "confirm", c)
	}
}

func (s *server) freeze(bot string, on bool, why string) {
	s.o.Accounts.Freeze(bot, on, words(why))
	s.views.drop()
}

// done leads back to the orders, which say what has come of it.
func done(w http.ResponseWriter, verb, what string) {
	w.Header().Set("Location", "/orders?"+url.Values{"did": {verb}, "what": {what}}.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// question is the ambiguous order of an intent.
func (s *server) question(intent string) (account.Line, bool) {
	for _, x := range s.views.now().Orders {
		if x.Intent == intent && x.Standing == account.Ambiguous {
			return x, true
		}
	}
	return account.Line{}, false
}

// chosen reads the ids of orders, which must be among those that look alike.
func chosen(given []string, among []bitbank.Order) (ids []bitbank.OrderID, ok bool) {
	for _, g := range given {
		n, err := strconv.ParseInt(g, 10, 64)
		if err != nil || !slices.ContainsFunc(among, func(o bitbank.Order) bool { return int64(o.ID) == n }) {
			return nil, false
		}
		ids = append(ids, bitbank.OrderID(n))
	}
	slices.Sort(ids)
	return slices.Compact(ids), true
}

// asked is what a page that acts is asked for: by its address to show it, by its form to do it. It answers itself who may not.
func (s *server) asked(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	switch {
	case s.absent(w, r):
		return nil, false
	case r.Method == http.MethodPost:
		ok := s.ours(w, r) // which reads the form
		return r.PostForm, ok
	}
	return r.URL.Query(), !s.shut(w, r)
}

// deciding asks which of several orders is the one whose answer was lost, and then whether that is really meant.
func (s *server) deciding(w http.ResponseWriter, r *http.Request) {
	form, ok := s.asked(w, r)
	if !ok {
		return
	}
	l := s.lang(r)
	x, ok := s.question(form.Get("intent"))
	if !ok {
		done(w, "decide", form.Get("intent"))
		return
	}
	ids, ok := chosen(form["ours"], x.Alike)
	none := form.Has("none")
	if !ok || none && len(ids) > 0 {
		fail(w, http.StatusBadRequest, "bad_choice", "choose orders of the list, or none")
		return
	}
	if r.Method == http.MethodPost && (none || len(ids) > 0) {
		if err := s.decide(x.Intent, ids); err != nil {
			s.o.Log.Warn("a decision was not taken", "intent", x.Intent, "err", err)
		}
		done(w, "decide", x.Intent)
		return
	}
	in, _ := s.entrance.of(r)
	c := confirmation{
		Verb: "decide", Intent: x.Intent, Form: in.form, Choose: !none && len(ids) == 0, Empty: form.Has("asked") && !none && len(ids) == 0,
		Title: text.Say(l, "web.act.decide", text.Args{"what": whatOf(l, x.Order)}), Yes: text.Say(l, "web.act.decide.yes", nil),
	}
	for _, o := range x.Alike {
		c.Rows = append(c.Rows, rowOf(l, o))
	}
	for _, id := range ids {
		c.Chosen = append(c.Chosen, strconv.FormatInt(int64(id), 10))
	}
	switch {
	case c.Choose:
		c.Says = []string{text.Say(l, "web.act.decide.1", nil), text.Say(l, "web.act.decide.2", nil)}
	case none:
		c.Says = []string{text.Say(l, "web.act.decide.none", nil), text.Say(l, "web.act.decide.final", nil)}
	default:
		c.Says = []string{text.Say(l, "web.act.decide.ours", text.Args{"orders": strings.Join(c.Chosen, ", ")}), text.Say(l, "web.act.decide.final", nil)}
	}
	s.render(w, r, http.StatusOK, "confirm", c)
}

func (s *server) decide(intent string, ours []bitbank.OrderID) error {
	defer s.views.drop()
	return s.o.Accounts.Decide(intent, ours)
}

// acting reads what a program wants done. Only the token opens this: a browser's session acts through the pages' forms.
func (s *server) acting(w http.ResponseWriter, r *http.Request, into any) bool {
	if _, shown := bearer(r); !shown {
		w.Header().Set("WWW-Authenticate", `Bearer realm="hikeshi"`)
		fail(w, http.StatusUnauthorized, "login", "this needs the header Authorization: Bearer TOKEN; the token is in the file token of the data folder")
		return false
	}
	if s.shut(w, r) || s.absent(w, r) {
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMost))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "bad_body", "the body must be the JSON object that /api/v1/openapi.yaml describes")
		return false
	}
	return true
}

func (s *server) apiFreeze(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Bot string `json:"bot"`
		On  *bool  `json:"on"`
		Why string `json:"why"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	switch {
	case asked.On == nil:
		fail(w, http.StatusBadRequest, "bad_body", "on must be true or false")
	case s.stranger(w, asked.Bot):
	default:
		s.freeze(asked.Bot, *asked.On, asked.Why)
		s.apiOrders(w, r)
	}
}

func (s *server) apiDecide(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Intent string            `json:"intent"`
		Ours   []bitbank.OrderID `json:"ours"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	x, ok := s.question(asked.Intent)
	if !ok {
		fail(w, http.StatusConflict, "no_question", "there is nothing to decide about this intent")
		return
	}
	var given []string
	for _, id := range asked.Ours {
		given = append(given, strconv.FormatInt(int64(id), 10))
	}
	ids, ok := chosen(given, x.Alike)
	if !ok || asked.Ours == nil {
		fail(w, http.StatusBadRequest, "bad_choice", "ours must list orders that look alike, or be empty for none")
		return
	}
	if err := s.decide(asked.Intent, ids); err != nil {
		fail(w, http.StatusConflict, "no_question", "there is nothing to decide about this intent any more")
		return
	}
	s.apiOrders(w, r)
}

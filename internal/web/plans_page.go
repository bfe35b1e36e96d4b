package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

// planRows bounds the orders of a plan that a page lists; programs can ask for all.
const planRows = 50

// A planCard is a plan on the page of orders.
type planCard struct {
	Key, Class, Icon, Title, Text, Why string
	Rows                               []orderRow
	More                               int
	Spared                             int
	GiveUp                             string // the address that asks
}

// shownFor is how long a plan that is over stands on the page.
const shownFor = 24 * time.Hour

func planCards(l text.Lang, v account.View, now time.Time) []planCard {
	var out []planCard
	for _, p := range v.Plans {
		if !p.Open() && now.Sub(p.Ended) > shownFor {
			continue
		}
		d := shapePlan(l, p, now)
		c := planCard{Key: p.ID, Class: "s-own", Icon: "warn", Text: d.Text, Why: p.Why, Spared: len(p.Spared)}
		c.Title = text.Say(l, "web.plan.title."+p.By, text.Args{"who": whose(l, p.Scope)})
		if p.By == "switch" { // its title says why
			c.Why = ""
		}
		if p.Open() {
			c.GiveUp = "/orders/giveup?" + url.Values{"id": {p.ID}}.Encode()
		} else if p.State == account.PlanOver && d.Left == 0 {
			c.Class, c.Icon = "s-ok", "ok"
		}
		for _, o := range d.Orders {
			if len(c.Rows) == planRows {
				c.More = len(d.Orders) - planRows
				break
			}
			c.Rows = append(c.Rows, orderRow{Key: strconv.FormatInt(int64(o.OrderID), 10), What: o.Line(), Text: o.Text})
		}
		out = append(out, c)
	}
	return out
}

// planArgs are what sentences say of what a plan over a scope would do.
func planArgs(l text.Lang, s ledger.Scope, p Plan) text.Args {
	return text.Args{
		"who": whose(l, s), "bots": Who(l, s.Bot), "n": strconv.Itoa(len(p.Orders)), "spared": strconv.Itoa(len(p.Spared)), "lost": strconv.Itoa(len(p.Lost)),
	}
}

// lists has the first orders of a plan shown.
func (c *confirmation) lists(p Plan) {
	for _, o := range p.Orders[:min(planRows, len(p.Orders))] {
		c.Rows = append(c.Rows, rowLook{ID: strconv.FormatInt(int64(o.OrderID), 10), What: o.Line()})
	}
	c.More = len(p.Orders) - len(c.Rows)
}

// cancelling is the page that says which orders would be cancelled; its form does so. The second step is the confirmation.
func (s *server) cancelling(w http.ResponseWriter, r *http.Request) {
	form, ok := s.asked(w, r)
	if !ok {
		return
	}
	l := s.lang(r)
	scope := ledger.Scope{Bot: form.Get("bot"), Protective: form.Get("protective") == "1"}
	if !s.named(scope.Bot) {
		s.missing(w, r)
		return
	}
	if r.Method == http.MethodPost {
		if _, err := s.cancelAll(l, scope, form.Get("why")); err != nil {
			done(w, "readonly", "")
			return
		}
		done(w, "cancel", scope.Bot)
		return
	}
	in, _ := s.entrance.of(r)
	p := shapePreview(l, scope, s.o.Accounts.WouldCancel(scope), time.Now())
	a := planArgs(l, scope, p)
	c := confirmation{
		Verb: "cancel", Bot: scope.Bot, Form: in.form, Protective: scope.Protective, Title: text.Say(l, "web.act.cancel", a), Yes: text.Say(l, "web.act.cancel.yes", a),
		Says: []string{text.Say(l, "web.act.cancel.1", a), text.Say(l, "web.act.cancel.2", a)},
	}
	if len(p.Lost) > 0 {
		c.Says = append(c.Says, text.Say(l, "web.act.cancel.lost", a))
	}
	if len(p.Spared) > 0 || scope.Protective {
		id := "web.act.cancel.spared"
		if scope.Protective {
			id = "web.act.cancel.protective"
		}
		c.Says = append(c.Says, text.Say(l, id, a))
	}
	if p.ID != "" {
		c.Warn = p.Text
	}
	c.lists(p)
	if len(p.Spared) > 0 {
		c.Other = "/orders/cancel?" + url.Values{"bot": {scope.Bot}, "protective": {"1"}}.Encode()
	}
	s.render(w, r, http.StatusOK, "confirm", c)
}

// givingUp asks before a plan is ended that is not done.
func (s *server) givingUp(w http.ResponseWriter, r *http.Request) {
	form, ok := s.asked(w, r)
	if !ok {
		return
	}
	l, id := s.lang(r), form.Get("id")
	for _, p := range s.views.now().Plans {
		if p.ID != id || !p.Open() {
			continue
		}
		if r.Method == http.MethodPost {
			s.o.Accounts.GiveUp(id)
			s.views.drop()
			break
		}
		in, _ := s.entrance.of(r)
		s.render(w, r, http.StatusOK, "confirm", confirmation{
			Verb: "giveup", Plan: id, Form: in.form, Title: text.Say(l, "web.act.giveup", nil), Yes: text.Say(l, "web.act.giveup.yes", nil),
			Says: []string{shapePlan(l, p, time.Now()).Text, text.Say(l, "web.act.giveup.1", nil), text.Say(l, "web.act.giveup.2", nil)},
		})
		return
	}
	done(w, "giveup", id)
}

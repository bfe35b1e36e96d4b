package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Plan cancels many orders, for programs, with the words for people. `hikeshi cancel-all --json` prints the same.
type Plan struct {
	ID    string       `json:"id,omitzero"` // absent in what would be done
	State string       `json:"state"`       // account.PlanState; "dry_run" is what would be done
	Text  string       `json:"text"`        // how it stands, in a sentence
	Scope ledger.Scope `json:"scope"`
	By    string       `json:"by,omitzero"` // owner, switch or policy
	Why   string       `json:"why,omitzero"`
	At    Stamp        `json:"at,omitzero"`
	Ended Stamp        `json:"ended,omitzero"`
	Left  int          `json:"left"` // orders that are not over
	// Orders are cancelled, in this order; Spared protect what is held; Lost are cancelled when they are found.
	Orders []PlanOrder `json:"orders"`
	Spared []Order     `json:"spared"`
	Lost   []Order     `json:"lost"`
}

// A PlanOrder is an order that a plan cancels, and what has become of it.
type PlanOrder struct {
	Order
	Stuck bool `json:"stuck,omitzero"` // bitbank refuses to cancel it, with code; waiting does not mend that
}

// Plans are those of an account, newest first.
type Plans struct {
	At    Stamp  `json:"at"`
	Plans []Plan `json:"plans"`
}

func shapePlan(l text.Lang, p account.Plan, now time.Time) Plan {
	out := Plan{
		ID: p.ID, State: string(p.State), Scope: p.Scope, By: p.By, Why: p.Why, At: Stamp(p.At), Ended: Stamp(p.Ended), Left: p.Left(),
		Orders: []PlanOrder{}, Spared: linesOf(l, p.Spared, now), Lost: linesOf(l, p.Lost, now),
	}
	for _, o := range p.Orders {
		x := PlanOrder{Order: planOrder(l, o.Line, now), Stuck: o.Stuck}
		if o.Stuck {
			x.Text = text.Say(l, "web.plan.stuck", text.Args{"code": strconv.Itoa(int(o.Code))})
		}
		out.Orders = append(out.Orders, x)
	}
	out.Text = planText(l, out)
	return out
}

// planText is how a plan stands.
func planText(l text.Lang, p Plan) string {
	stuck := 0
	for _, o := range p.Orders {
		if o.Stuck {
			stuck++
		}
	}
	a := text.Args{
		"who": whose(l, p.Scope), "left": strconv.Itoa(p.Left), "all": strconv.Itoa(len(p.Orders) + len(p.Lost)), "stuck": strconv.Itoa(stuck),
		"at": say.Instant(l, time.Time(p.Ended)), "lost": strconv.Itoa(len(p.Lost)),
	}
	id := "web.plan.state." + p.State
	if p.State == string(account.PlanOver) && stuck > 0 {
		id += ".stuck"
	}
	return text.Say(l, id, a)
}

// whose names the orders of a scope in a sentence.
func whose(l text.Lang, s ledger.Scope) string {
	who := text.Say(l, "web.plan.account", nil)
	if s.Bot != "" {
		who = Who(l, s.Bot)
	}
	if s.Pair != "" {
		who = text.Say(l, "web.plan.pair", text.Args{"who": who, "pair": say.Pair(l, s.Pair)})
	}
	return who
}

// planOrder is an order of a plan; one that is not kept any more is said to be so.
func planOrder(l text.Lang, x account.Line, now time.Time) Order {
	if x.Standing == "" {
		return Order{What: whatOf(l, x.Order), Look: shapeLine(l, x.Order), Text: text.Say(l, "web.plan.forgotten", nil)}
	}
	return shapeOrder(l, x, false, now)
}

func linesOf(l text.Lang, lines []account.Line, now time.Time) []Order {
	out := []Order{}
	for _, x := range lines {
		out = append(out, planOrder(l, x, now))
	}
	return out
}

// shapePreview is what a plan over a scope would do now.
func shapePreview(l text.Lang, s ledger.Scope, v account.Preview, now time.Time) Plan {
	if v.Open != nil {
		return shapePlan(l, *v.Open, now)
	}
	p := account.Plan{Plan: ledger.Plan{Planned: ledger.Planned{Scope: s}}, State: "dry_run", Spared: v.Spare, Lost: v.Lost}
	for _, o := range v.Cancel {
		p.Orders = append(p.Orders, account.PlanOrder{Line: o})
	}
	return shapePlan(l, p, now)
}

func (s *server) apiPlans(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	now := time.Now()
	out := Plans{At: Stamp(now), Plans: []Plan{}}
	for _, p := range s.views.now().Plans {
		out.Plans = append(out.Plans, shapePlan(s.lang(r), p, now))
	}
	answer(w, http.StatusOK, out)
}

// apiCancelAll cancels every order of a scope, or says what it would do.
func (s *server) apiCancelAll(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Bot        string `json:"bot"`
		Pair       string `json:"pair"`
		Protective bool   `json:"protective"`
		Why        string `json:"why"`
		DryRun     *bool  `json:"dry_run"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	scope := ledger.Scope{Bot: asked.Bot, Pair: asked.Pair, Protective: asked.Protective}
	switch {
	case asked.DryRun == nil:
		fail(w, http.StatusBadRequest, "bad_body", "dry_run must be true or false: true says what would be done, false does it")
	case s.stranger(w, asked.Bot):
	case !s.pairKnown(asked.Pair):
		fail(w, http.StatusNotFound, "no_pair", "no live order is in this pair; write it like btc_jpy, or leave it out for all pairs")
	case *asked.DryRun:
		answer(w, http.StatusOK, shapePreview(s.lang(r), scope, s.o.Accounts.WouldCancel(scope), time.Now()))
	default:
		p, err := s.cancelAll(s.lang(r), scope, asked.Why)
		if err != nil {
			fail(w, http.StatusConflict, "read_only", account.ErrReadOnly.Error())
			return
		}
		answer(w, http.StatusOK, p)
	}
}

// pairKnown reports whether a live order, or one that is looked for, is in a pair; "" is all pairs.
func (s *server) pairKnown(pair string) bool {
	if pair == "" {
		return true
	}
	for _, x := range s.views.now().Orders {
		if x.Order.Pair == pair {
			return true
		}
	}
	return false
}

// cancelAll fails when the key may not trade.
func (s *server) cancelAll(l text.Lang, scope ledger.Scope, why string) (Plan, error) {
	defer s.views.drop()
	p, err := s.o.Accounts.CancelAll(scope, "owner", words(why))
	if errors.Is(err, account.ErrReadOnly) {
		return Plan{}, err
	}
	if err != nil { // it is carried out all the same
		s.o.Log.Warn("a plan of cancels is not recorded", "err", err)
	}
	return shapePlan(l, p, time.Now()), nil
}

func (s *server) apiGiveUp(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID string `json:"id"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	for _, p := range s.views.now().Plans {
		if p.ID == asked.ID && p.Open() {
			s.o.Accounts.GiveUp(asked.ID)
			s.views.drop()
			s.apiPlans(w, r)
			return
		}
	}
	fail(w, http.StatusNotFound, "no_plan", "no plan of this id goes on; /api/v1/plans lists them")
}

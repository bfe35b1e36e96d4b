package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A Policy is what the owner has decided beforehand, and what each rule would do now, for programs, with the words for people.
// `hikeshi guard --json` prints the same.
type Policy struct {
	At        Stamp      `json:"at"`
	Armed     bool       `json:"armed"` // rules that cancel do so without a word of the owner's
	Text      string     `json:"text"`
	Rules     []Rule     `json:"rules"`
	Proposals []Proposal `json:"proposals"` // that wait for an answer, and those of the last day; newest first
}

// A Rule is one line of a policy.
type Rule struct {
	Name  string       `json:"name"`
	When  policy.Cause `json:"when"`
	After int          `json:"after_s,omitzero"`
	Do    policy.Act   `json:"do"`
	Scope ledger.Scope `json:"scope"`
	Since Stamp        `json:"since,omitzero"` // of its cause; absent: it is not there
	Due   bool         `json:"due"`            // the cause has lasted long enough
	// Cancel, Spare and Lost are how many orders it would cancel, leave because they protect, and cancel when they are found.
	Cancel int    `json:"cancel"`
	Spare  int    `json:"spare"`
	Lost   int    `json:"lost"`
	Text   string `json:"text"`
}

// A Proposal is what a rule wants done.
type Proposal struct {
	ID    string       `json:"id"`
	Rule  string       `json:"rule"`
	Cause policy.Cause `json:"cause"`
	Since Stamp        `json:"since"` // of the cause
	At    Stamp        `json:"at"`
	How   string       `json:"how"` // waits, carried_out, refused or passed
	Plan  string       `json:"plan,omitzero"`
	Scope ledger.Scope `json:"scope"`
	Text  string       `json:"text"`
}

func shapePolicy(l text.Lang, v account.View, now time.Time) Policy {
	w := v.Policy
	out := Policy{At: Stamp(now), Armed: w.Armed, Rules: []Rule{}, Proposals: []Proposal{}}
	id := "web.policy.asks"
	switch {
	case len(w.Rules) == 0:
		id = "web.policy.none"
	case w.Armed:
		id = "web.policy.armed"
	}
	out.Text = text.Say(l, id, nil)
	for _, r := range w.Rules {
		x := Rule{
			Name: r.Name, When: r.When, After: int(r.After / time.Second), Do: r.Do, Scope: r.Scope, Since: Stamp(r.Since), Due: r.Due,
			Cancel: len(r.Orders.Cancel), Spare: len(r.Orders.Spare), Lost: len(r.Orders.Lost),
		}
		a := text.Args{"who": whose(l, r.Scope), "after": say.For(l, r.After), "n": strconv.Itoa(x.Cancel + x.Lost), "for": say.For(l, now.Sub(r.Since))}
		x.Text = text.Say(l, "web.policy.when."+string(r.When), a) + space(l, "x") + text.Say(l, "web.policy.do."+string(r.Do), a)
		if r.Do != policy.Keep {
			state := "calm"
			switch {
			case r.Due:
				state = "due"
			case !r.Since.IsZero():
				state = "soon"
			}
			x.Text += space(l, "x") + text.Say(l, "web.policy.now."+state, a)
		}
		out.Rules = append(out.Rules, x)
	}
	for _, p := range v.Proposals {
		out.Proposals = append(out.Proposals, shapeProposal(l, p))
	}
	return out
}

func shapeProposal(l text.Lang, p ledger.Proposal) Proposal {
	x := Proposal{
		ID: p.ID, Rule: p.Rule, Cause: policy.Cause(p.Cause), Since: Stamp(p.Since), At: Stamp(p.At), How: string(p.How), Plan: p.Plan, Scope: p.Scope,
	}
	if p.How == ledger.Waits {
		x.How = "waits"
	}
	x.Text = text.Say(l, "web.policy.proposal."+x.How, text.Args{"rule": p.Rule, "who": whose(l, p.Scope), "since": say.Instant(l, p.Since)})
	return x
}

func (s *server) apiGuard(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	answer(w, http.StatusOK, shapePolicy(s.lang(r), s.views.now(), time.Now()))
}

func (s *server) apiAnswer(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID     string `json:"id"`
		Cancel *bool  `json:"cancel"`
	}
	if !s.acting(w, r, &asked) {
		return
	}
	if asked.Cancel == nil {
		fail(w, http.StatusBadRequest, "bad_body", "cancel must be true or false: true cancels the orders, false leaves them alone")
		return
	}
	err := s.answerProposal(asked.ID, *asked.Cancel)
	if errors.Is(err, account.ErrReadOnly) {
		fail(w, http.StatusConflict, "read_only", err.Error())
		return
	}
	if err != nil {
		fail(w, http.StatusConflict, "no_proposal", "no proposal of this id waits for an answer; /api/v1/guard lists them")
		return
	}
	answer(w, http.StatusOK, shapePolicy(s.lang(r), s.views.now(), time.Now()))
}

func (s *server) answerProposal(id string, cancel bool) error {
	defer s.views.drop()
	return s.o.Accounts.AnswerProposal(id, cancel)
}

// proposal is one that waits for an answer.
func (s *server) proposal(id string) (ledger.Proposal, bool) {
	all := s.views.now().Proposals
	k := slices.IndexFunc(all, func(p ledger.Proposal) bool { return p.ID == id && p.How == ledger.Waits })
	if k < 0 {
		return ledger.Proposal{}, false
	}
	return all[k], true
}

// answering is the page that asks what becomes of a proposal.
func (s *server) answering(w http.ResponseWriter, r *http.Request) {
	form, ok := s.asked(w, r)
	if !ok {
		return
	}
	l := s.lang(r)
	p, ok := s.proposal(form.Get("id"))
	if ok && r.Method == http.MethodPost {
		if err := s.answerProposal(p.ID, form.Get("leave") == ""); err != nil {
			if errors.Is(err, account.ErrReadOnly) {
				done(w, "readonly", "")
				return
			}
			s.o.Log.Warn("an answer to a proposal came late", "id", p.ID, "err", err)
		}
	}
	if !ok || r.Method == http.MethodPost {
		done(w, "answer", form.Get("id"))
		return
	}
	in, _ := s.entrance.of(r)
	v := shapePreview(l, p.Scope, s.o.Accounts.WouldCancel(p.Scope), time.Now())
	a := planArgs(l, p.Scope, v)
	c := confirmation{
		Verb: "answer", Plan: p.ID, Form: in.form, Title: text.Say(l, "web.act.answer", a), Yes: text.Say(l, "web.act.cancel.yes", a), Leave: text.Say(l, "web.act.answer.leave", nil),
		Says: []string{shapeProposal(l, p).Text, text.Say(l, "web.act.cancel.1", a), text.Say(l, "web.act.cancel.2", a)},
	}
	c.lists(v)
	s.render(w, r, http.StatusOK, "confirm", c)
}

// A proposalRow is a proposal on the page of orders.
type proposalRow struct{ Text, Answer string }

func proposalRows(l text.Lang, all []ledger.Proposal) []proposalRow {
	var out []proposalRow
	for _, p := range all {
		x := proposalRow{Text: shapeProposal(l, p).Text}
		if p.How == ledger.Waits {
			x.Answer = "/orders/answer?" + url.Values{"id": {p.ID}}.Encode()
		}
		out = append(out, x)
	}
	return out
}

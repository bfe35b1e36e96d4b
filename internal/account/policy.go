package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
)

// Policy is what the owner has decided beforehand. The zero Policy is nothing.
type Policy struct {
	Armed bool          // rules that cancel do so without the owner's word
	Rules []policy.Rule // prepared
	// Trouble says since when the watch sees that bitbank, or a part of it that orders need, is in trouble; zero: it does not. It
	// may be called concurrently. Nil: it never does.
	Trouble func() time.Time
}

const (
	// mindEach is how often the situation is looked at.
	mindEach = time.Second
	// settled is how long after a start it is known what is not there: a cause that began before may not have been seen yet.
	settled = time.Minute
)

// mind carries the owner's policy out until ctx ends.
func (a *Account) mind(ctx context.Context) error {
	if len(a.o.Policy.Rules) == 0 {
		return nil
	}
	for {
		a.propose(a.situation())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(mindEach):
		}
	}
}

// situation is since when each cause of the policy lasts, as far as we were there to see it: a machine that has slept begins anew.
func (a *Account) situation() policy.Situation {
	maintenance := a.rules().Maintenance()
	trouble := time.Time{}
	if a.o.Policy.Trouble != nil {
		trouble = a.o.Policy.Trouble()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := policy.Situation{}
	// While no bot asks for anything only our own reads notice that bitbank does not answer.
	for cause, on := range map[policy.Cause]bool{policy.Dark: a.broker.Dark() || a.guard.unread, policy.Maintenance: maintenance, policy.Trouble: !trouble.IsZero()} {
		x := a.spells[cause].Look(a.guard.now(), on)
		a.spells[cause] = x
		if on {
			s[cause] = x.Since
		}
		if cause == policy.Trouble && on && !x.Anew {
			s[cause] = trouble // the watch has seen it sooner
		}
	}
	return s
}

// propose records what the rules want, carries out what needs no word of the owner's, and closes what is over.
func (a *Account) propose(s policy.Situation) {
	now := time.Now()
	a.mu.Lock()
	known := a.broker.Ledger().Proposals()
	clock := a.guard.now().Wall
	sure := !a.read.IsZero() && now.Sub(a.books.judge.start) >= settled
	a.mu.Unlock()
	for _, p := range policy.Decide(a.o.Policy.Rules, a.o.Policy.Armed, s, clock) {
		if slices.ContainsFunc(known, func(x ledger.Proposal) bool { return x.ID == p.ID() || x.Rule == p.Rule.Name && x.How == ledger.Waits }) {
			continue // one that waits since before a restart is the same
		}
		if v := a.WouldCancel(p.Rule.Scope); len(v.Cancel)+len(v.Lost) == 0 {
			continue // nothing is to be cancelled yet
		}
		a.log.Warn("a rule of the owner's policy speaks", "rule", p.Rule.Name, "cause", p.Rule.When, "since", p.Since, "cancels", p.Cancels)
		a.step(broker.Heard{Records: []ledger.Record{{At: now, Proposed: &ledger.Proposed{
			ID: p.ID(), Rule: p.Rule.Name, Cause: string(p.Rule.When), Since: p.Since, Scope: p.Rule.Scope,
		}}}})
		if p.Cancels {
			_ = a.carryOut(p.ID(), p.Rule.Name, "policy", p.Rule.Scope) // it waits for the owner then
		}
	}
	for _, p := range known {
		if _, on := s[policy.Cause(p.Cause)]; !on && sure && p.How == ledger.Waits {
			a.step(broker.Heard{Records: []ledger.Record{{At: now, Disposed: &ledger.Disposed{ID: p.ID, How: ledger.Passed}}}})
		}
	}
}

// carryOut has a proposal's orders cancelled. With ErrReadOnly it still waits.
func (a *Account) carryOut(id, why, by string, scope ledger.Scope) error {
	plan, err := a.CancelAll(scope, by, why)
	if errors.Is(err, ErrReadOnly) {
		a.log.Error("a rule of the policy cannot be carried out", "rule", why, "err", err)
		return err
	}
	if err != nil {
		a.log.Error("a plan of cancels is not recorded; it is carried out all the same", "err", err)
	}
	a.step(broker.Heard{Records: []ledger.Record{{At: time.Now(), Disposed: &ledger.Disposed{ID: id, How: ledger.Carried, Plan: plan.ID}}}})
	return nil
}

// ErrAnswered is the error of an answer to a proposal that does not wait for one.
var ErrAnswered = errors.New("the proposal does not wait for an answer")

// AnswerProposal takes the owner's word on a proposal: its orders are cancelled, or left alone. ErrAnswered when nothing waits for it.
// With ErrReadOnly nothing was cancelled, and it still waits.
func (a *Account) AnswerProposal(id string, cancel bool) error {
	a.mu.Lock()
	all := a.broker.Ledger().Proposals()
	a.mu.Unlock()
	k := slices.IndexFunc(all, func(p ledger.Proposal) bool { return p.ID == id && p.How == ledger.Waits })
	if k < 0 {
		return ErrAnswered
	}
	if cancel {
		return a.carryOut(id, all[k].Rule, "owner", all[k].Scope)
	}
	a.step(broker.Heard{Records: []ledger.Record{{At: time.Now(), Disposed: &ledger.Disposed{ID: id, How: ledger.Refusal}}}})
	return nil
}

// A WhatNow is the policy as it stands: what each rule would do now.
type WhatNow struct {
	Armed bool
	Rules []RuleNow
}

// A RuleNow is a rule and what it is about now.
type RuleNow struct {
	policy.Rule
	Since  time.Time // of its cause; zero: it is not there
	Due    bool      // the cause has lasted long enough
	Orders Preview   // what it would cancel, were it due now
}

// whatNow is what the owner's policy would do now. Called with the lock.
func (a *Account) whatNow(s policy.Situation) WhatNow {
	w, clock := WhatNow{Armed: a.o.Policy.Armed}, a.guard.now().Wall
	for _, r := range a.o.Policy.Rules {
		w.Rules = append(w.Rules, RuleNow{Rule: r, Since: s[r.When], Due: r.Due(s, clock), Orders: a.would(r.Scope)})
	}
	return w
}

// proposalsOf are those that wait, and those that were answered in the last day, newest first.
func proposalsOf(l *ledger.Ledger, now time.Time) []ledger.Proposal {
	out := slices.DeleteFunc(l.Proposals(), func(p ledger.Proposal) bool {
		return p.How != ledger.Waits && now.Sub(p.Over) > lately
	})
	slices.Reverse(out)
	return out
}

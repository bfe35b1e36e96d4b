package ledger

import (
	"slices"
	"time"
)

// A Proposed is what a rule of the owner's policy wants done. It is on the disk before anything is done about it.
type Proposed struct {
	ID    string    `json:"id"`    // a repetition is none
	Rule  string    `json:"rule"`  // its name
	Cause string    `json:"cause"` // see policy.Cause
	Since time.Time `json:"since"` // of the cause
	Scope Scope     `json:"scope"` // of the orders that would be cancelled
}

// A Disposed says what came of a proposal.
type Disposed struct {
	ID   string `json:"id"`
	How  How    `json:"how"`
	Plan string `json:"plan,omitzero"` // that carries it out
}

// A How is what came of a proposal.
type How string

// The answers. Waits is the zero value.
const (
	Waits   How = ""
	Carried How = "carried_out" // by a plan
	Refusal How = "refused"     // its owner does not want it
	Passed  How = "passed"      // its cause was over before anybody answered
)

// A Proposal is what has become of a Proposed.
type Proposal struct {
	Proposed
	At   time.Time `json:"at"`
	How  How       `json:"how,omitzero"`
	Over time.Time `json:"over,omitzero"`
	Plan string    `json:"plan,omitzero"`
}

// keepProposals bounds them, with the open ones: a rule makes one for each spell of its cause.
const keepProposals = 100

func (l *Ledger) proposed(p *Proposed, at time.Time) {
	if p.ID == "" || slices.ContainsFunc(l.proposals, func(x Proposal) bool { return x.ID == p.ID }) {
		return
	}
	l.proposals = append(l.proposals, Proposal{Proposed: *p, At: at})
	l.proposals = l.proposals[max(0, len(l.proposals)-keepProposals):]
}

func (l *Ledger) disposed(d *Disposed, at time.Time) {
	for k := range l.proposals {
		if p := &l.proposals[k]; p.ID == d.ID && p.How == Waits {
			p.How, p.Over, p.Plan = d.How, at, d.Plan
		}
	}
}

// Proposals are the newest, oldest first.
func (l *Ledger) Proposals() []Proposal { return slices.Clone(l.proposals) }

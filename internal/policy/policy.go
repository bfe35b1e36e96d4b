// Package policy decides what the owner has decided beforehand: in calm times they write down which orders are to be cancelled,
// which are kept, and about which they want to be asked, when bitbank is in trouble for so long. It is pure: rules and a situation
// in, proposals out; whoever uses it records each proposal before it does anything.
package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"hikeshi/internal/ledger"
)

// A Cause is a trouble that a rule waits for.
type Cause string

// The causes.
const (
	Dark        Cause = "dark"        // bitbank does not answer the account's own requests
	Maintenance Cause = "maintenance" // the watch sees a maintenance
	Trouble     Cause = "trouble"     // the watch says that bitbank, or a part of it that orders need, is in trouble
)

// Causes are all of them.
var Causes = []Cause{Dark, Maintenance, Trouble}

// An Act is what a rule does with the orders that it is about.
type Act string

// The acts. Ask is the zero value's meaning: nothing is done without the owner.
const (
	Ask    Act = "ask"    // proposes to cancel them, and waits for the owner's word
	Cancel Act = "cancel" // cancels them, when the policy is armed; else it asks
	Keep   Act = "keep"   // leaves them alone, whatever later rules say
)

// Acts are all of them.
var Acts = []Act{Ask, Cancel, Keep}

// A Rule is one line of the policy. Of the rules with one cause the first that is about an order decides what becomes of it.
type Rule struct {
	Name  string // of the owner's choice; proposals and records name it
	When  Cause
	After time.Duration // how long the cause must last; not for Keep
	Do    Act
	Scope ledger.Scope // its Keep is filled by Prepare
}

// The bounds of After: shorter is a hiccup, longer is no outage.
const (
	AfterLeast = 10 * time.Second
	AfterMost  = 24 * time.Hour
)

// Most is how many rules there may be.
const Most = 50

var (
	nameLike = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	pairLike = regexp.MustCompile(`^[a-z0-9]+_[a-z0-9]+$`)
)

// A Mistake says which rule cannot stand and why: Field is name, when, after, do, pair or order, and the sentence "policy.wrong." + ID.
type Mistake struct {
	Rule      int // from 0
	Field, ID string
	Other     string // the earlier rule that makes it one
}

func (m *Mistake) Error() string {
	s := fmt.Sprintf("policy.rules[%d].%s: %s", m.Rule, m.Field, wrong[m.ID])
	if m.Other != "" {
		s += fmt.Sprintf(" (rule %q)", m.Other)
	}
	return s
}

var wrong = map[string]string{
	"name":      "it must be letters, digits, - and _, 40 at most",
	"twice":     "another rule has this name",
	"when":      "it must be dark, maintenance or trouble",
	"do":        "it must be ask, cancel or keep",
	"after":     "it must be from 10s to 24h",
	"after.set": "a rule that keeps orders has no time: leave it out",
	"pair":      "it must look like btc_jpy",
	"never":     "an earlier rule decides about all of its orders: put this one before it, or take it out",
	"many":      "there may be 50 rules at most",
}

// Prepare checks rules, and fills in what each leaves to earlier ones. All errors are *Mistakes, joined.
func Prepare(rules []Rule) ([]Rule, error) {
	if len(rules) > Most {
		return nil, &Mistake{Rule: Most, Field: "name", ID: "many"}
	}
	out := slices.Clone(rules)
	var errs []error
	for k, r := range out {
		bad := func(field, id, other string) {
			errs = append(errs, &Mistake{Rule: k, Field: field, ID: id, Other: other})
		}
		if !nameLike.MatchString(r.Name) {
			bad("name", "name", "")
		}
		if !slices.Contains(Causes, r.When) {
			bad("when", "when", "")
		}
		switch {
		case !slices.Contains(Acts, r.Do):
			bad("do", "do", "")
		case r.Do == Keep && r.After != 0:
			bad("after", "after.set", "")
		case r.Do != Keep && (r.After < AfterLeast || r.After > AfterMost):
			bad("after", "after", "")
		}
		if r.Scope.Pair != "" && !pairLike.MatchString(r.Scope.Pair) {
			bad("pair", "pair", "")
		}
		for _, before := range out[:k] {
			if before.Name == r.Name {
				bad("name", "twice", "")
			}
			if before.When != r.When {
				continue
			}
			if place(before.Scope).Covers(place(r.Scope)) {
				bad("order", "never", before.Name)
				break
			}
			out[k].Scope.Except = append(out[k].Scope.Except, ledger.Lot{Bot: before.Scope.Bot, Pair: before.Scope.Pair})
		}
	}
	return out, errors.Join(errs...)
}

// place is where a scope is, whatever it does there.
func place(s ledger.Scope) ledger.Scope { return ledger.Scope{Bot: s.Bot, Pair: s.Pair} }

// A Situation is since when each cause lasts. A cause that is not there does not.
type Situation map[Cause]time.Time

// A Proposal is what a rule wants done.
type Proposal struct {
	Rule  Rule
	Since time.Time // of the cause
	// Cancels says that it is to be done without the owner's word.
	Cancels bool
}

// ID names a proposal: of one spell of its cause a rule makes one.
func (p Proposal) ID() string { return fmt.Sprintf("%s-%d", p.Rule.Name, p.Since.Unix()) }

// Due reports whether the cause of a rule that does something has lasted long enough.
func (r Rule) Due(s Situation, now time.Time) bool {
	since, on := s[r.When]
	return on && r.Do != Keep && now.Sub(since) >= r.After
}

// Decide is what prepared rules want done now, in their order.
func Decide(rules []Rule, armed bool, s Situation, now time.Time) []Proposal {
	var out []Proposal
	for _, r := range rules {
		if r.Due(s, now) {
			out = append(out, Proposal{Rule: r, Since: s[r.When], Cancels: armed && r.Do == Cancel})
		}
	}
	return out
}

// Next is when Decide may want something more, zero when it does not.
func Next(rules []Rule, s Situation, now time.Time) time.Time {
	var next time.Time
	for _, r := range rules {
		since, on := s[r.When]
		if at := since.Add(r.After); on && r.Do != Keep && at.After(now) && (next.IsZero() || cmp.Compare(at.UnixNano(), next.UnixNano()) < 0) {
			next = at
		}
	}
	return next
}

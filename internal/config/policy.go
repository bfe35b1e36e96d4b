package config

import (
	"errors"
	"strconv"
	"time"

	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
)

// A Policy is what is to become of open orders when bitbank is in trouble, decided in calm.
type Policy struct {
	// Armed lets rules cancel without a word of the owner's. Without it they ask.
	Armed bool   `yaml:"armed"`
	Rules []Rule `yaml:"rules"` // the first that is about an order decides
}

// A Rule is one line of a policy: see policy.Rule.
type Rule struct {
	Name       string `yaml:"name"`
	When       string `yaml:"when"`       // dark, maintenance or trouble
	AfterS     int    `yaml:"after_s"`    // how many seconds it must last, 10 to 86400; not with keep
	Do         string `yaml:"do"`         // ask, cancel or keep
	Bot        string `yaml:"bot"`        // "" is everybody's orders, those placed by hand too
	Pair       string `yaml:"pair"`       // "" is every pair
	Protective bool   `yaml:"protective"` // stops, and what closes a margin position, too
}

// Prepared are the rules as they are used. It fails when they contradict each other.
func (p Policy) Prepared() ([]policy.Rule, error) {
	var rules []policy.Rule
	for _, r := range p.Rules {
		rules = append(rules, policy.Rule{
			Name: r.Name, When: policy.Cause(r.When), After: time.Duration(r.AfterS) * time.Second, Do: policy.Act(r.Do),
			Scope: ledger.Scope{Bot: r.Bot, Pair: r.Pair, Protective: r.Protective},
		})
	}
	return policy.Prepare(rules)
}

// policyFields are those of a rule by what package policy calls them.
var policyFields = map[string]string{"after": "after_s", "order": "name"}

func (v *validation) policy(p Policy) {
	_, err := p.Prepared()
	for _, err := range unjoined(err) {
		m, ok := errors.AsType[*policy.Mistake](err)
		if !ok {
			continue
		}
		field := m.Field
		if f := policyFields[field]; f != "" {
			field = f
		}
		got := ""
		if m.Rule < len(p.Rules) {
			r := p.Rules[m.Rule]
			got = map[string]string{"name": r.Name, "when": r.When, "do": r.Do, "after_s": strconv.Itoa(r.AfterS), "pair": r.Pair}[field]
		}
		if m.Other != "" {
			got = m.Other
		}
		v.wrong("policy.rules."+strconv.Itoa(m.Rule)+"."+field, "policy.wrong."+m.ID, got)
	}
}

// unjoined are the errors that one was joined of.
func unjoined(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

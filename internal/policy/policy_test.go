package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
)

func rule(name string, when policy.Cause, after time.Duration, do policy.Act, bot, pair string) policy.Rule {
	return policy.Rule{Name: name, When: when, After: after, Do: do, Scope: ledger.Scope{Bot: bot, Pair: pair}}
}

func TestAPolicyThatContradictsItselfIsRefused(t *testing.T) {
	all := rule("all", policy.Dark, time.Minute, policy.Cancel, "", "")
	for name, c := range map[string]struct {
		rules []policy.Rule
		want  string // parts of the error; "" is none
	}{
		"none":                            {nil, ""},
		"one":                             {[]policy.Rule{all}, ""},
		"kept, then the rest":             {[]policy.Rule{rule("mine", policy.Dark, 0, policy.Keep, "grid", ""), all}, ""},
		"one place, two causes":           {[]policy.Rule{all, rule("m", policy.Maintenance, time.Minute, policy.Ask, "", "")}, ""},
		"what never comes to a word":      {[]policy.Rule{all, rule("grid", policy.Dark, time.Hour, policy.Keep, "grid", "")}, `rules[1].after|rules[1].order: an earlier rule decides about all of its orders: put this one before it, or take it out (rule "all")`},
		"the same place again":            {[]policy.Rule{rule("a", policy.Dark, time.Minute, policy.Ask, "grid", "btc_jpy"), rule("b", policy.Dark, time.Hour, policy.Cancel, "grid", "btc_jpy")}, "rules[1].order"},
		"a name twice":                    {[]policy.Rule{all, rule("all", policy.Trouble, time.Minute, policy.Ask, "", "")}, "rules[1].name: another rule has this name"},
		"no name":                         {[]policy.Rule{rule("", policy.Dark, time.Minute, policy.Ask, "", "")}, "rules[0].name"},
		"a cause that there is not":       {[]policy.Rule{rule("x", "rain", time.Minute, policy.Ask, "", "")}, "rules[0].when: it must be dark, maintenance or trouble"},
		"an act that there is not":        {[]policy.Rule{rule("x", policy.Dark, time.Minute, "sell", "", "")}, "rules[0].do"},
		"too soon":                        {[]policy.Rule{rule("x", policy.Dark, 9*time.Second, policy.Ask, "", "")}, "rules[0].after: it must be from 10s to 24h"},
		"too late":                        {[]policy.Rule{rule("x", policy.Dark, 25*time.Hour, policy.Ask, "", "")}, "rules[0].after"},
		"a time for what is kept":         {[]policy.Rule{rule("x", policy.Dark, time.Minute, policy.Keep, "", "")}, "rules[0].after: a rule that keeps orders has no time"},
		"a pair that is none":             {[]policy.Rule{rule("x", policy.Dark, time.Minute, policy.Ask, "", "BTC/JPY")}, "rules[0].pair: it must look like btc_jpy"},
		"several things at the same time": {[]policy.Rule{rule("x", "rain", time.Second, policy.Ask, "", "")}, "rules[0].when|rules[0].after"},
	} {
		_, err := policy.Prepare(c.rules)
		if (err == nil) != (c.want == "") {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range strings.Split(c.want, "|") {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v lacks %q", name, err, part)
			}
		}
	}
	if _, err := policy.Prepare(make([]policy.Rule, policy.Most+1)); err == nil {
		t.Error("too many rules are taken")
	}
}

func TestARuleSpeaksWhenItsCauseHasLasted(t *testing.T) {
	noon := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	rules, err := policy.Prepare([]policy.Rule{
		rule("keep-mine", policy.Dark, 0, policy.Keep, "", "xrp_jpy"), rule("soon", policy.Dark, time.Minute, policy.Cancel, "grid", ""),
		rule("later", policy.Dark, time.Hour, policy.Ask, "", ""), rule("planned", policy.Maintenance, 10*time.Second, policy.Cancel, "", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	names := func(ps []policy.Proposal) (out []string) {
		for _, p := range ps {
			out = append(out, fmt.Sprint(p.Rule.Name, p.Cancels))
		}
		return out
	}
	for _, c := range []struct {
		since, now time.Duration
		armed      bool
		want       []string
		next       time.Duration
	}{
		{0, 59 * time.Second, true, nil, time.Minute},
		{0, time.Minute, true, []string{"soontrue"}, time.Hour},
		{0, time.Minute, false, []string{"soonfalse"}, time.Hour},
		{0, time.Hour, true, []string{"soontrue", "laterfalse"}, 0},
	} {
		s, now := policy.Situation{policy.Dark: noon.Add(c.since)}, noon.Add(c.now)
		if got := names(policy.Decide(rules, c.armed, s, now)); !slices.Equal(got, c.want) {
			t.Errorf("after %v: %v, want %v", c.now, got, c.want)
		}
		next := policy.Next(rules, s, now)
		if want := noon.Add(c.next); c.next > 0 && !next.Equal(want) || c.next == 0 && !next.IsZero() {
			t.Errorf("after %v the next is %v, want %v", c.now, next, want)
		}
	}
	if got := policy.Decide(rules, true, nil, noon); got != nil {
		t.Errorf("in calm: %v", got)
	}
}

// Whatever the rules, an order is cancelled by at most one of one cause, and by none after one that keeps it.
func TestTheFirstRuleAboutAnOrderDecides(t *testing.T) {
	bots, pairs := []string{"", "grid", "arb"}, []string{"", "btc_jpy", "xrp_jpy"}
	rapid.Check(t, func(t *rapid.T) {
		var rules []policy.Rule
		for k := range rapid.IntRange(1, 6).Draw(t, "rules") {
			r := rule(fmt.Sprint("r", k), policy.Dark, time.Minute, rapid.SampledFrom(policy.Acts).Draw(t, "do"), rapid.SampledFrom(bots).Draw(t, "bot"), rapid.SampledFrom(pairs).Draw(t, "pair"))
			if r.Do == policy.Keep {
				r.After = 0
			}
			with := append(slices.Clone(rules), r)
			if _, err := policy.Prepare(with); err == nil {
				rules = with
			}
		}
		prepared, err := policy.Prepare(rules)
		if err != nil {
			t.Fatal(err)
		}
		for _, bot := range bots[1:] {
			for _, pair := range pairs[1:] {
				first := slices.IndexFunc(rules, func(r policy.Rule) bool { return r.Scope.Holds(pair, bot) })
				for k, r := range prepared {
					if got, want := r.Scope.Holds(pair, bot), k == first; got != want {
						t.Errorf("rule %d of %v: about the orders of %s in %s: %v", k, rules, bot, pair, got)
					}
				}
			}
		}
	})
}

func TestMistakesAreTold(t *testing.T) {
	_, err := policy.Prepare([]policy.Rule{rule("x", policy.Dark, time.Second, policy.Ask, "", "")})
	if m, ok := errors.AsType[*policy.Mistake](err.(interface{ Unwrap() []error }).Unwrap()[0]); !ok || m.Field != "after" || m.Rule != 0 {
		t.Errorf("%v", err)
	}
}

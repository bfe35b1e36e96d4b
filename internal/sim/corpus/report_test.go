package corpus

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A promise is how fast a group of faults must be found.
type promise struct {
	name        string
	median, p99 time.Duration
	has         func(scenario) bool
}

// hard are the faults of the promise about hard faults.
var hard = []string{"refuse", "blackhole", "reset", "status", "html"}

func about(hosts []string, effects []string) func(scenario) bool {
	return func(s scenario) bool {
		c := s.Wrong[0]
		return len(s.Wrong) == 1 && c.subject == "hosts" && c.after == 0 && c.lasts == 0 && len(c.hosts) == 1 && slices.Contains(hosts, c.hosts[0]) &&
			slices.Contains(effects, c.effect) && !slices.ContainsFunc(c.words, func(w string) bool { return strings.HasSuffix(w, "%") || w == "once" || w == "at" })
	}
}

var promises = []promise{
	{"hard faults of REST and stream", 3 * time.Second, 8 * time.Second, about([]string{"public", "private", "stream"}, hard)},
	{"hard faults of web and app", 10 * time.Second, 10 * time.Second, about([]string{"web", "app"}, hard)},
	{"names, certificate, one family", 15 * time.Second, 15 * time.Second, func(s scenario) bool {
		c := s.Wrong[0]
		return len(s.Wrong) == 1 && (s.Blame || s.is("path")) && (c.subject == "names" || c.family != 0 ||
			about([]string{"public", "private", "stream", "web", "app"}, []string{"cert_expired"})(s))
	}},
	{"support, status, blog", 60 * time.Second, 60 * time.Second, about([]string{"support", "status", "blog"}, hard)},
	{"stale stream", 5 * time.Second, 5 * time.Second, about([]string{"stream"}, []string{"stall_stream", "mute_channel", "freeze_sequence"})},
	{"own line", 0, 15 * time.Second, func(s scenario) bool { return s.is("own_line") && !s.later() }},
	{"bitbank as a whole", 0, 15 * time.Second, func(s scenario) bool { return s.is("bitbank") && !s.later() }},
}

// medianOf is how many outcomes a median is worth the name for: the slice has fewer in some groups.
const medianOf = 20

// report says what all outcomes come to.
func report(t *testing.T, done []outcome, of int) {
	slices.SortFunc(done, func(a, b outcome) int { return strings.Compare(a.Name, b.Name) })
	right, accused, over, stuck := 0, 0, 0, 0
	for _, o := range done {
		if o.right() {
			right++
		} else {
			t.Logf("miss: %s (%s): %v %v was expected, got %s", o.Name, o.text, o.Scopes, o.Parts, verdictText(o))
		}
		if len(o.accused) > 0 {
			accused++
			t.Errorf("%s (%s): bitbank was blamed although it was not its trouble:\n%s", o.Name, o.text, strings.Join(o.accused, "\n"))
		}
		for _, u := range o.usages {
			if u.over() {
				over++
				t.Errorf("%s (%s): the request budget was not held: %s", o.Name, o.text, u)
			}
		}
		if o.back < 0 {
			stuck++
			t.Errorf("%s (%s): not healthy %v after the end of it", o.Name, o.text, recovering)
		}
	}
	if len(done) >= 100 && right*100 < len(done)*99 {
		t.Errorf("%d of %d settled verdicts are right, want at least 99%%", right, len(done))
	}
	fmt.Printf("figure: scenarios %d of %d, right %d, false accusations %d, budget exceeded %d, not recovered %d\n", len(done), of, right, accused, over, stuck)
	fmt.Printf("figure: most requests in any 60 s, of how many (and in any second): %s\n", busiest(done))
	for _, p := range promises {
		var took []time.Duration
		for _, o := range done {
			if p.has(o.scenario) && o.first >= 0 {
				took = append(took, o.first)
				if p.p99 > 0 && o.first > p.p99 {
					t.Logf("slow: %s (%s) after %v", o.Name, o.text, o.first)
				}
			}
		}
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		median, p99 := took[len(took)/2], took[(len(took)*99-1)/100]
		fmt.Printf("figure: from fault to verdict, %s: median %v, p99 %v, of %d\n", p.name, median.Round(time.Millisecond), p99.Round(time.Millisecond), len(took))
		if p.median > 0 && (median > p.median && len(took) >= medianOf || p99 > p.p99) {
			t.Errorf("%s: median %v and p99 %v, promised are %v and %v", p.name, median, p99, p.median, p.p99)
		}
	}
}

package corpus

import (
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/part"
)

// A scenario is one line of testdata/scenarios.tsv.
type scenario struct {
	Name     string
	Key      bool             // with a read-only key
	Families string           // of our line: 46, 4 or 6
	Wrong    []clause         // what is wrong
	Scopes   []diagnose.Scope // one, or several where the moment decides
	Parts    []part.Code
	Sentence string // id of the sentence; "" is not compared
	Blame    bool   // bitbank may be blamed on the way
	text     string // of Wrong
}

// columns of the file, in order.
var columns = []string{"name", "key", "families", "wrong", "scope", "parts", "sentence", "blame"}

// readScenarios reads a file of scenarios and says what is wrong with which line.
func readScenarios(path string) ([]scenario, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []scenario
	names := map[string]bool{}
	for i, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line == strings.Join(columns, "\t") {
			continue
		}
		s, err := parseScenario(line)
		if err == nil && names[s.Name] {
			err = fmt.Errorf("there are two of the name %s", s.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		names[s.Name] = true
		out = append(out, s)
	}
	return out, nil
}

func parseScenario(line string) (scenario, error) {
	f := strings.Split(line, "\t")
	if len(f) != len(columns) {
		return scenario{}, fmt.Errorf("%d columns, expected %d: %s", len(f), len(columns), strings.Join(columns, ", "))
	}
	s := scenario{Name: f[0], Families: f[2], text: f[3], Sentence: f[6]}
	one := func(column, value string, of ...string) error {
		if !slices.Contains(of, value) {
			return fmt.Errorf("%s: %q is none of %s", column, value, strings.Join(of, ", "))
		}
		return nil
	}
	for _, err := range []error{
		one("key", f[1], "yes", "no"), one("families", f[2], "46", "4", "6"), one("blame", f[7], "never", "may"),
	} {
		if err != nil {
			return s, err
		}
	}
	s.Key, s.Blame = f[1] == "yes", f[7] == "may"
	for _, name := range strings.Split(f[4], " or ") {
		if err := one("scope", name, "healthy", "own_line", "path", "bitbank", "part", "maintenance", "not_proven"); err != nil {
			return s, err
		}
		var scope diagnose.Scope
		if err := scope.UnmarshalText([]byte(name)); err != nil {
			return s, err
		}
		s.Scopes = append(s.Scopes, scope)
	}
	for _, p := range strings.Fields(f[5]) {
		if c := part.Code(p); part.Known(c) {
			s.Parts = append(s.Parts, c)
		} else {
			return s, fmt.Errorf("parts: %q is no part of bitbank", p)
		}
	}
	for _, text := range strings.Split(f[3], ";") {
		c, err := parseClause(strings.TrimSpace(text))
		if err != nil {
			return s, err
		}
		s.Wrong = append(s.Wrong, c)
	}
	return s, nil
}

// seed is the scenario's own, so that one is played the same way whatever else is in the file.
func (s scenario) seed() uint64 {
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	return h.Sum64()
}

// calm is how long all is well before anything is wrong: about three quarters of a minute, so that every look has
// happened, and not the same for all scenarios, so that they meet every phase of the looks' rhythm.
func (s scenario) calm() time.Duration {
	for _, c := range s.Wrong {
		if c.subject == "calm" {
			return c.duration
		}
	}
	return 45*time.Second + time.Duration(s.seed()%12_000)*time.Millisecond
}

// speed is that of the market.
func (s scenario) speed() float64 {
	for _, c := range s.Wrong {
		if c.subject == "market" {
			return 0.001 // a thousandth of life: nobody trades
		}
	}
	return 1
}

// right reports whether a verdict is the expected one.
func (s scenario) right(v diagnose.Verdict) bool {
	if !slices.Contains(s.Scopes, v.Scope) || s.Sentence != "" && v.Sentence != s.Sentence {
		return false
	}
	blames := v.Scope == diagnose.Bitbank || v.Scope == diagnose.Part || v.Scope == diagnose.Maintenance
	return s.Parts == nil || !blames || slices.Equal(sorted(v.Parts), sorted(s.Parts))
}

func sorted(parts []part.Code) []part.Code {
	out := slices.Clone(parts)
	slices.Sort(out)
	return out
}

// is reports whether a scope alone is expected.
func (s scenario) is(scope string) bool { return len(s.Scopes) == 1 && s.Scopes[0].String() == scope }

// later reports whether something of what is wrong begins after the rest, or comes and goes.
func (s scenario) later() bool {
	return slices.ContainsFunc(s.Wrong, func(c clause) bool { return c.after > 0 || c.every > 0 || c.subject == "machine" })
}

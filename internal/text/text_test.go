package text

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestEverySentenceStandsInBothLanguages(t *testing.T) {
	for id, e := range catalogue {
		if len(e) != 2 || e[Japanese] == "" || e[English] == "" {
			t.Errorf("%s: not exactly ja and en: %v", id, e)
			continue
		}
		if diff := cmp.Diff(names(e[Japanese]), names(e[English])); diff != "" {
			t.Errorf("%s: other placeholders in ja than in en:\n%s", id, diff)
		}
	}
}

func names(s string) []string {
	all := placeholder.FindAllString(s, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

func TestSentencesAreCalm(t *testing.T) {
	for id, e := range catalogue {
		for l, s := range e {
			if strings.ContainsAny(s, "!\uff01") {
				t.Errorf("%s (%s): an exclamation mark", id, l)
			}
			for _, r := range s {
				if r >= 0x1F000 || unicode.Is(unicode.Co, r) || r == 0xFE0F {
					t.Errorf("%s (%s): %q is an emoji", id, l, r)
				}
			}
			if strings.TrimSpace(s) != s {
				t.Errorf("%s (%s): white space around it", id, l)
			}
		}
		if s := e[Japanese]; strings.Contains(s, "である。") {
			t.Errorf("%s: not plain です・ます: %s", id, s)
		}
	}
}

var key = regexp.MustCompile(`(?m)^\s*"([a-z0-9_.]+)":\s*\{`)

func TestFilesAreSortedAndUnique(t *testing.T) {
	files, err := fs.Glob(words, "words/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(words, name)
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]entry
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range key.FindAllStringSubmatch(string(b), -1) {
			ids = append(ids, m[1])
		}
		if len(ids) != len(all) {
			t.Errorf("%s: %d lines with an id for %d sentences: one id stands twice, or not one a line", name, len(ids), len(all))
		}
		// part.json stands in the order in which pages show the functions.
		if name != "words/part.json" && !slices.IsSorted(ids) {
			i := 1
			for slices.IsSorted(ids[:i+1]) {
				i++
			}
			t.Errorf("%s: not sorted at %s", name, ids[i])
		}
	}
}

func TestASentenceWithAGapIsLeftOut(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"止まっています。{since}からです。", "止まっています。"},
		{"{since}からです。止まっています。", "止まっています。"},
		{"It is down. Since {since}.", "It is down."},
		{"Version 1.2 is down.", "Version 1.2 is down."},
		{"{a}と{b}。", "Xと2.5 。"},
		{"{since}", ""},
	} {
		if got := fill(c.in, Args{"a": "X", "b": "2.5 "}); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAnUnknownSentenceIsShownAsItself(t *testing.T) {
	if got := Say(English, "no.such.id", nil); got != "no.such.id" || Has("no.such.id") {
		t.Errorf("got %q", got)
	}
}

func TestTheLanguageIsReadFromALocaleOrAHeader(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Lang
		ok   bool
	}{
		{"ja_JP.UTF-8", Japanese, true}, {"en-US,en;q=0.9,ja;q=0.8", English, true}, {"ja,en;q=0.5", Japanese, true},
		{"EN", English, true}, {"", Japanese, false}, {"C.UTF-8", Japanese, false}, {"fr_FR", Japanese, false},
	} {
		if got, ok := Parse(c.in); got != c.want || ok != c.ok {
			t.Errorf("%q: got %s, %t", c.in, got, ok)
		}
	}
}

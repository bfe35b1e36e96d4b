package config

import (
	"regexp"
	"strconv"
	"strings"

	"hikeshi/internal/text"
)

// A Mistake is one thing in a configuration that the owner must put right.
type Mistake struct {
	File  string
	Line  int    // from 1; 0 when the file as a whole is meant
	Field string // dotted, such as "hosts.public.url"
	ID    string // the sentence, such as "config.wrong"
	Want  string // id of what was expected, for "config.wrong"
	Args  text.Args
}

// Sentence words the mistake.
func (m Mistake) Sentence(l text.Lang) string {
	args := text.Args{"file": m.File, "field": m.Field}
	if m.Line > 0 {
		args["line"] = strconv.Itoa(m.Line)
	}
	for k, v := range m.Args {
		args[k] = v
	}
	id := m.ID
	if m.Want != "" {
		args["want"] = text.Say(l, m.Want, m.Args)
		if args["got"] == "" {
			id += ".quiet"
		}
	}
	return text.Say(l, id, args)
}

func (m Mistake) Error() string { return m.Sentence(text.English) }

// Mistakes are all that were found, in the order of the file. The concrete error of [Load] and [Config.Validate].
type Mistakes []Mistake

func (ms Mistakes) Error() string {
	var lines []string
	for _, m := range ms {
		lines = append(lines, m.Error())
	}
	return strings.Join(lines, "\n")
}

// fieldName is what the names of fields look like. What does not (a pasted secret, say) is never repeated.
var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,29}$`)

func safeField(name string) string {
	if fieldName.MatchString(name) {
		return name
	}
	return "…"
}

// safeGot repeats a value that cannot be a secret by its place, shortened: it shows the owner which one is meant.
func safeGot(s string) string {
	if s == "" {
		return `""`
	}
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// nearest is the name that s was probably meant to be: the one with the fewest edits, if they are few.
func nearest(s string, names []string) string {
	best, edits := "", len(s)/2+1
	for _, n := range names {
		if d := distance(s, n); d < edits {
			best, edits = n, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

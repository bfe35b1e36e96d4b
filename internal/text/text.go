// Package text says things to people, in Japanese and in English.
//
// Everything that a person reads is a sentence of a catalogue (words/*.json), named by an id and filled with
// arguments. Both languages of a sentence stand side by side in one file, so that neither is forgotten; a test
// wants both, with the same placeholders. Code elsewhere carries ids and arguments, never wording.
package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// A Lang is a language of the catalogue.
type Lang string

// The languages. Japanese is the default: the zero value is read as Japanese.
const (
	Japanese Lang = "ja"
	English  Lang = "en"
)

// Parse reads a language from a flag, a locale such as "ja_JP.UTF-8" or an Accept-Language header; ok is false when
// neither language is named, and the language is then Japanese.
func Parse(s string) (l Lang, ok bool) {
	s = strings.ToLower(s)
	ja, en := strings.Index(s, "ja"), strings.Index(s, "en")
	switch {
	case ja >= 0 && (en < 0 || ja < en):
		return Japanese, true
	case en >= 0:
		return English, true
	}
	return Japanese, false
}

// Args fill the placeholders of a sentence: {name} takes Args["name"].
type Args map[string]string

type entry map[Lang]string

//go:embed words/*.json
var words embed.FS

var catalogue = mustLoad(words)

// mustLoad panics on a broken catalogue: it is embedded, so that is a fault of ours that every test sees.
func mustLoad(fsys fs.FS) map[string]entry {
	all := map[string]entry{}
	names, err := fs.Glob(fsys, "words/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			panic(err)
		}
		var part map[string]entry
		if err := json.Unmarshal(b, &part); err != nil {
			panic(fmt.Sprintf("text: %s: %v", name, err))
		}
		for id, e := range part {
			if _, twice := all[id]; twice {
				panic(fmt.Sprintf("text: %s: sentence %q is there twice", name, id))
			}
			all[id] = e
		}
	}
	return all
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// Say is the sentence id in language l, filled with args. A placeholder without a value drops the clause that
// holds it (the text between two of 、。 or between two of ".;"), so that a page never shows a gap. An unknown id
// is shown as itself: ugly, but never silent.
func Say(l Lang, id string, args Args) string {
	if l != English {
		l = Japanese
	}
	e, ok := catalogue[id]
	if !ok {
		return id
	}
	return fill(e[l], args)
}

// Has reports whether the catalogue holds the sentence id.
func Has(id string) bool { _, ok := catalogue[id]; return ok }

// Sentences returns, for one language, every sentence whose id starts with prefix: what a page in a browser needs.
func Sentences(l Lang, prefix string) map[string]string {
	out := map[string]string{}
	for id, e := range catalogue {
		if strings.HasPrefix(id, prefix) {
			out[id] = e[l]
		}
	}
	return out
}

func fill(s string, args Args) string {
	var b strings.Builder
	for _, sentence := range sentences(s) {
		gap := false
		filled := placeholder.ReplaceAllStringFunc(sentence, func(m string) string {
			v := args[m[1:len(m)-1]]
			gap = gap || v == ""
			return v
		})
		if !gap {
			b.WriteString(filled)
		}
	}
	return strings.TrimSpace(b.String())
}

// sentences cuts after each full stop, keeping it.
func sentences(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		end := i + len(string(r))
		if r == '。' || (r == '.' && end < len(s) && s[end] == ' ') {
			out = append(out, s[start:end])
			start = end
		}
	}
	return append(out, s[start:])
}

package web

import (
	"html/template"
	"regexp"
	"strings"
)

// sprite is the set of drawings that pages refer to, in the page itself: it is there in the first byte, works from
// the cache of a page whose daemon is gone, and takes its colours from where it is used.
var sprite = func() template.HTML {
	b, err := files.ReadFile("templates/icons.svg")
	if err != nil {
		panic("web: the icons are embedded: " + err.Error())
	}
	symbols := regexp.MustCompile(`(?s)<symbol .*?</symbol>`).FindAllString(string(b), -1)
	return template.HTML(`<svg width="0" height="0" class="vh" aria-hidden="true" focusable="false"><defs>` + strings.Join(symbols, "") + `</defs></svg>`)
}()

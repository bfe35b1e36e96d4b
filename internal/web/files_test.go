package web

import (
	"bytes"
	"encoding/json"
	"image/png"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hikeshi/internal/text"
)

func TestFilesAreAskedForAnewAndAnsweredBriefly(t *testing.T) {
	h := handler(&fake{})
	for _, path := range []string{"/static/app.css", "/static/tokens.css", "/static/app.js", "/static/icon.svg", "/static/icon-192.png", "/sw.js"} {
		r := get(t, h, path)
		tag := r.Header.Get("ETag")
		if r.StatusCode != http.StatusOK || tag == "" || r.Header.Get("Cache-Control") != "no-cache" || len(body(t, r)) == 0 {
			t.Errorf("%s: %s, %v", path, r.Status, r.Header)
		}
		again := get(t, h, path, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s, known already: %s", path, again.Status)
		}
		other := get(t, h, path, func(r *http.Request) { r.Header.Set("If-None-Match", `"of another version"`) })
		if other.StatusCode != http.StatusOK {
			t.Errorf("%s of another version: %s", path, other.Status)
		}
	}
	for _, path := range []string{"/static/", "/static/../web.go", "/static/%2e%2e/openapi.yaml", "/static/templates/home.html", "/sw.js/x"} {
		if r := get(t, h, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}

// What the worker does not keep is missing when the daemon is gone; what it names and is not there keeps it from
// being installed at all.
func TestTheServiceWorkerKeepsExactlyTheShellAndThePages(t *testing.T) {
	worker := body(t, get(t, handler(&fake{}), "/sw.js"))
	list := func(name string) []string {
		block := regexp.MustCompile(`(?s)const ` + name + ` = \[(.*?)\]`).FindStringSubmatch(worker)
		if block == nil {
			t.Fatalf("the worker has no list %s", name)
		}
		var out []string
		for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(block[1], -1) {
			out = append(out, m[1])
		}
		return out
	}
	var shell []string
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name != "static/sw.js" {
			shell = append(shell, "/"+name)
		}
	}
	if got := list("shell"); !slices.Equal(got, shell) {
		t.Errorf("the worker keeps %v\nthe shell is     %v", got, shell)
	}
	tabs := regexp.MustCompile(`<li><a href="([^"]+)"`).FindAllStringSubmatch(body(t, get(t, handler(&fake{}), "/")), -1)
	var pages []string
	for _, m := range tabs {
		pages = append(pages, m[1])
	}
	slices.Sort(pages)
	if got := list("pages"); !slices.Equal(got, pages) {
		t.Errorf("the worker keeps the pages %v, the tabs are %v", got, pages)
	}
}

func TestThePageIsInstallable(t *testing.T) {
	h := handler(&fake{})
	for _, l := range bothLangs {
		r := get(t, h, "/manifest.webmanifest?lang="+string(l))
		var got struct {
			Name, Lang, Display string
			StartURL            string `json:"start_url"`
			Icons               []struct{ Src, Sizes, Purpose string }
		}
		if err := json.Unmarshal([]byte(body(t, r)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Name != text.Say(l, "web.name", nil) || got.Lang != string(l) || got.Display != "standalone" || got.StartURL != "/" {
			t.Errorf("%s: %+v", l, got)
		}
		for _, icon := range got.Icons {
			drawn, err := png.DecodeConfig(bytes.NewReader([]byte(body(t, get(t, h, icon.Src)))))
			if err != nil {
				t.Fatalf("%s: %v", icon.Src, err)
			}
			if side, _, _ := strings.Cut(icon.Sizes, "x"); icon.Sizes != side+"x"+side || drawn.Width != drawn.Height || side != map[int]string{192: "192", 512: "512"}[drawn.Width] {
				t.Errorf("%s is %dx%d and is said to be %s", icon.Src, drawn.Width, drawn.Height, icon.Sizes)
			}
		}
	}
}

func TestEveryFileAndIconThatAPageNamesIsThere(t *testing.T) {
	h := handler(&fake{})
	page := body(t, get(t, h, "/help"))
	for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if r := get(t, h, strings.ReplaceAll(m[1], "&amp;", "&")); r.StatusCode >= 400 {
			t.Errorf("%s: %s", m[1], r.Status)
		}
	}
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`<symbol id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		drawn[m[1]] = true
	}
	used := map[string]bool{}
	note := func(name string) {
		used[name] = true
		if !drawn[name] {
			t.Errorf("there is no icon %q", name)
		}
	}
	for _, b := range scopeLooks {
		note(b.Icon)
	}
	for _, b := range stateLooks {
		note(b.Icon)
	}
	for _, name := range linkIcons {
		note(name)
	}
	for _, b := range standingLooks {
		note(b.Icon)
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:icon|template "v-icon"|tab \. "[a-z]+" "[^"]+") "([a-z0-9]+)"`).FindAllStringSubmatch(string(b), -1) {
			note(m[1])
		}
	}
	for name := range drawn {
		if !used[name] {
			t.Errorf("nothing uses the icon %q", name)
		}
	}
}

// The colours of the night stand twice in the style sheet: for readers whose system says so, and by choice.
func TestTheNightIsTheSameByChoiceAndBySystem(t *testing.T) {
	css := body(t, get(t, handler(&fake{}), "/static/tokens.css"))
	colours := func(selector string) []string {
		_, after, ok := strings.Cut(css, selector+" {")
		if !ok {
			t.Fatalf("no %s", selector)
		}
		block, _, _ := strings.Cut(after, "}")
		all := regexp.MustCompile(`--[a-z0-9-]+: [^;]+`).FindAllString(block, -1)
		slices.Sort(all)
		return all
	}
	system, choice := colours(":root:not([data-theme=light])"), colours(":root[data-theme=dark]")
	if !slices.Equal(system, choice) || len(system) < 20 {
		t.Errorf("by system %v\nby choice %v", system, choice)
	}
}

// A class that no page carries is cloth for a garment that was never made.
func TestEveryClassOfTheStyleSheetsIsWorn(t *testing.T) {
	var worn strings.Builder
	for _, pattern := range []string{"templates/*", "static/app.js"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			worn.Write(b)
		}
	}
	for _, b := range scopeLooks {
		worn.WriteString(" " + b.Class)
	}
	for _, s := range strips {
		worn.WriteString(" " + s.class)
	}
	worn.WriteString(" dns tcp tls ttfb body to o l x q bad cut dim open done now todo ") // segments, cells, links, orders and steps
	for _, sheet := range []string{"/static/tokens.css", "/static/app.css"} {
		css := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(body(t, get(t, handler(&fake{}), sheet)), "")
		css = regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(css, "\n")
		for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(css, -1) {
			if !regexp.MustCompile(`[" ]` + m[1] + `[" {]`).MatchString(worn.String() + " ") {
				t.Errorf("%s: nothing wears .%s", sheet, m[1])
			}
		}
	}
}

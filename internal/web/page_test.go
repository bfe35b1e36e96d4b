package web

import (
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

func TestScenesAreWhatTheirNamesSay(t *testing.T) {
	now := time.Now()
	for _, s := range scenes(now) {
		if v := s.snapshot(now).Verdict; v.Scope != s.scope {
			t.Errorf("%s: the scope is %s (%s), want %s", s.name, v.Scope, v.Sentence, s.scope)
		}
	}
}

// everyPage calls f with every page in every scene and language.
func everyPage(t *testing.T, f func(t *testing.T, l text.Lang, snap watch.Snapshot, path, page string)) {
	t.Helper()
	now := time.Now()
	for _, s := range scenes(now) {
		snap := s.snapshot(now)
		source := &fake{snap: snap, points: points(now), past: past(now), replay: map[time.Time]diagnose.Verdict{
			time.Date(2026, 11, 24, 14, 5, 0, 0, say.JST).UTC(): snap.Verdict,
		}}
		h := handler(source)
		for _, l := range bothLangs {
			for _, path := range []string{"/", "/history", "/history?at=2026-11-24T14:05", "/help", "/settings", "/nothing-here"} {
				t.Run(fmt.Sprintf("%s %s %s", s.name, l, path), func(t *testing.T) {
					r := get(t, h, path, in(l))
					f(t, l, snap, path, body(t, r))
				})
			}
		}
	}
}

func points(now time.Time) []watch.Point {
	var out []watch.Point
	for back := 2*time.Hour - time.Second; back > 0; back -= 10 * time.Second {
		p := watch.Point{At: now.Add(-back), Took: 90 * time.Millisecond, Age: 400 * time.Millisecond}
		if back < 20*time.Minute && back > 10*time.Minute {
			p.Failure = "timeout"
		}
		out = append(out, p)
	}
	return out
}

func past(now time.Time) []incident.Incident {
	at := func(h int) time.Time { return now.Add(-time.Duration(h) * time.Hour) }
	return []incident.Incident{
		{ID: "i3", Phase: incident.Identified, Scope: diagnose.Part, Parts: []part.Code{part.Trading}, Pairs: []string{"btc_jpy"}, Since: now.Add(-time.Minute), Opened: now.Add(-50 * time.Second)},
		{ID: "i2", Phase: incident.Resolved, Scope: diagnose.OwnLine, Since: at(5), Opened: at(5), WellAt: at(4), Resolved: at(4), Flaps: 2},
		{ID: "i1", Phase: incident.Resolved, Scope: diagnose.Part, Parts: []part.Code{part.PrivateAPI}, Since: at(40), Opened: at(40), WellAt: at(39), Resolved: at(39)},
	}
}

var (
	tags      = regexp.MustCompile(`<[^>]*>`)
	ids       = regexp.MustCompile(`\b(web|explain|verdict|reason|failure|part|state|host|phase|first_step|known|own_check|link)\.[a-z_0-9.]+`)
	codes     = regexp.MustCompile(`\b[a-z0-9]+_[a-z0-9_]+\b`)
	leftovers = regexp.MustCompile(`[{}]|%!|<nil>|ZgotmplZ|#\d|0001-01-01`)
)

// visible is what people see or hear of a page: text and labels.
func visible(page string) string {
	page = page[strings.Index(page, "<body"):]
	out := tags.ReplaceAllString(page, "\n")
	for _, m := range regexp.MustCompile(`(?:aria-label|alt|title)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		out += "\n" + m[1]
	}
	return html.UnescapeString(out)
}

// wellMade holds every page against what all of them keep.
func wellMade(t *testing.T, l text.Lang, page string) {
	t.Helper()
	noGap(t, page)
	framed(t, l, page)
	if m := inline.FindString(page); m != "" {
		t.Errorf("the page holds %q", m)
	}
}

func noGap(t *testing.T, page string) {
	t.Helper()
	seen := visible(page)
	for _, bad := range []*regexp.Regexp{ids, codes, leftovers} {
		if m := bad.FindString(seen); m != "" {
			t.Errorf("the page shows %q", m)
		}
	}
}

func TestNoPageShowsAGapAnIDOrACode(t *testing.T) {
	everyPage(t, func(t *testing.T, _ text.Lang, _ watch.Snapshot, _, page string) { noGap(t, page) })
}

func TestTheSentenceStandsInTheFirstBytes(t *testing.T) {
	everyPage(t, func(t *testing.T, l text.Lang, snap watch.Snapshot, path, page string) {
		if path != "/" {
			return
		}
		// 6000 bytes: two packets of any line, and before anything that is drawn.
		if want := say.Verdict(l, snap.Verdict, time.Now()).Sentence; !strings.Contains(html.UnescapeString(page[:6000]), ">"+want+"</h1>") {
			t.Errorf("the first bytes do not hold %q", want)
		}
	})
}

var (
	unofficial = map[text.Lang]string{text.Japanese: "非公式", text.English: "unofficial"}
	japanese   = regexp.MustCompile(`\p{Hiragana}|\p{Katakana}|\p{Han}`)
)

func TestEveryPageHasItsFrame(t *testing.T) {
	everyPage(t, func(t *testing.T, l text.Lang, _ watch.Snapshot, _, page string) { framed(t, l, page) })
}

func framed(t *testing.T, l text.Lang, page string) {
	t.Helper()
	if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\""+string(l)+"\"") {
		t.Errorf("the page begins with %q", page[:60])
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d headings of the first rank, want 1", n)
	}
	if !strings.Contains(page[strings.Index(page, "<footer"):], unofficial[l]) {
		t.Error("the footer does not say that this is unofficial")
	}
	if l == text.English {
		if m := japanese.FindString(strings.ReplaceAll(visible(page), "日本語", "")); m != "" {
			t.Errorf("an English page shows %q", m)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s stands twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby="|for=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("nothing has the id %s, which is referred to", m[1])
		}
	}
}

// The content security policy would block it, and the page would lie to its reader.
var inline = regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:|<script(?:\s+type="module")?\s*>`)

func TestNoPageHoldsInlineStyleOrScript(t *testing.T) {
	everyPage(t, func(t *testing.T, _ text.Lang, _ watch.Snapshot, _, page string) {
		if m := inline.FindString(page); m != "" {
			t.Errorf("the page holds %q", m)
		}
	})
}

func TestADemoIsMarkedOnEveryPage(t *testing.T) {
	now := time.Now()
	f := &fake{snap: scenes(now)[0].snapshot(now)}
	f.snap.Mode = "demo"
	for _, snap := range []watch.Snapshot{f.snap, {Mode: "demo"}} {
		f.set(snap)
		for _, path := range []string{"/", "/history", "/help", "/settings", "/nothing-here"} {
			for _, l := range bothLangs {
				if page := body(t, get(t, handler(f), path, in(l))); !strings.Contains(page, text.Say(l, "web.demo.text", nil)) {
					t.Errorf("%s in %s does not say that it is a demo", path, l)
				}
			}
		}
	}
}

func TestTheFirstRoundIsShownAsProgress(t *testing.T) {
	now := time.Now()
	for name, snap := range map[string]watch.Snapshot{"before the first judgement": {}, "before the first look ends": begun(now)} {
		for _, l := range bothLangs {
			r := get(t, handler(&fake{snap: snap}), "/?lang="+string(l))
			if page := body(t, r); r.StatusCode != http.StatusOK || !strings.Contains(page, text.Say(l, "web.first", nil)+"</h1>") {
				t.Errorf("%s, %s: %s without the word of the first measurements", name, l, r.Status)
			}
		}
	}
	late := begun(now)
	late.Round.Watcher.Since = now.Add(-time.Minute)
	if page := body(t, get(t, handler(&fake{snap: late}), "/?lang=en")); strings.Contains(page, text.Say(text.English, "web.first", nil)) {
		t.Error("after a minute the page still says that the first looks are under way")
	}
}

// The daemon answers, but its watch stands still: the numbers stay, marked as old.
func TestWhatIsOldSaysSo(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[0].snapshot(now.Add(-3 * time.Minute))
	page := body(t, get(t, handler(&fake{snap: snap, points: points(now.Add(-3 * time.Minute))}), "/?lang=en"))
	if n, all := strings.Count(page, "is-old"), strings.Count(page, "data-panel"); n != all || all != 5 {
		t.Errorf("%d of %d panels are old, want 5 of 5", n, all)
	}
	if !strings.Contains(page, "3 min ago") {
		t.Error("no panel says how old it is")
	}
}

func TestAJournalThatCannotBeReadOrWrittenIsSaid(t *testing.T) {
	now := time.Now()
	f := &fake{snap: scenes(now)[0].snapshot(now), broken: true}
	f.snap.Recorded = false
	h := handler(f)
	if page := body(t, get(t, h, "/?lang=en")); !strings.Contains(page, text.Say(text.English, "web.norec.text", nil)) {
		t.Error("the first page does not say that nothing is recorded")
	}
	for path, id := range map[string]string{"/history?lang=en": "web.history.broken", "/history?lang=en&at=2026-11-24T14:05": "web.replay.broken"} {
		if page := body(t, get(t, h, path)); !strings.Contains(page, text.Say(text.English, id, nil)) {
			t.Errorf("%s does not say that the journal cannot be read", path)
		}
	}
}

func TestAPastMinuteIsReplayed(t *testing.T) {
	now := time.Now()
	minute := time.Date(2026, 11, 24, 14, 5, 0, 0, say.JST)
	outage := scenes(now)[4].snapshot(minute)
	f := &fake{snap: scenes(now)[0].snapshot(now), replay: map[time.Time]diagnose.Verdict{minute.UTC(): outage.Verdict}}
	h := handler(f)
	page := html.UnescapeString(body(t, get(t, h, "/history?lang=en&at=2026-11-24T14:05")))
	if want := say.Verdict(text.English, outage.Verdict, outage.Verdict.At).Sentence; !strings.Contains(page, want) {
		t.Errorf("the page does not hold %q", want)
	}
	for query, id := range map[string]string{"2026-11-24T14:06": "web.replay.none", "yesterday": "web.replay.bad"} {
		want, _, _ := strings.Cut(text.Say(text.English, id, text.Args{"since": "@"}), "@")
		if page := body(t, get(t, h, "/history?lang=en&at="+query)); !strings.Contains(page, want) {
			t.Errorf("at=%s does not answer %q", query, want)
		}
	}
}

// What the outside sends is shown as text, whatever it holds.
func TestNothingFromOutsideBecomesMarkup(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[5].snapshot(now)
	for i := range snap.Verdict.Market {
		snap.Verdict.Market[i].Pair = `<img src=x onerror=alert(1)>_jpy`
		snap.Verdict.Market[i].MinAmount = `"><script>alert(1)</script>`
	}
	h := handler(&fake{snap: snap})
	for _, path := range []string{"/", `/%22%3E%3Cscript%3Ealert(1)%3C/script%3E`, `/history?at=%22%3E%3Cscript%3E`} {
		page := strings.ToLower(body(t, get(t, h, path)))
		if strings.Contains(page, "<img") || strings.Contains(page, "<script>") {
			t.Errorf("%s holds markup from outside", path)
		}
	}
}

func TestSettingsAreCookiesThatNoScriptReads(t *testing.T) {
	h := handler(&fake{})
	r := get(t, h, "/settings?lang=en&print=large&theme=dark&back=/history")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/history" {
		t.Errorf("got %s to %q", r.Status, r.Header.Get("Location"))
	}
	got := r.Cookies()
	if len(got) != 3 {
		t.Fatalf("%d cookies, want 3", len(got))
	}
	for _, c := range got {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %v", c)
		}
	}
	page := body(t, get(t, h, "/settings", func(r *http.Request) {
		for _, c := range got {
			r.AddCookie(c)
		}
	}))
	if !strings.Contains(page, `<html lang="en" class="large" data-theme="dark">`) {
		t.Error("the page does not look as it was set")
	}
	if c := get(t, h, "/settings?theme=%22evil").Cookies(); len(c) != 0 {
		t.Errorf("an unknown value was kept: %v", c)
	}
	for _, site := range []string{"cross-site", "same-site"} {
		r := get(t, h, "/settings?lang=en", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Sec-Fetch-Mode", "navigate")
		})
		if c := r.Cookies(); len(c) != 0 {
			t.Errorf("a %s link changed the page: %v", site, c)
		}
	}
}

func TestSettingsNeverLeadAway(t *testing.T) {
	h := handler(&fake{})
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)", "evil", ""} {
		r := get(t, h, "/settings?lang=en&back="+strings.ReplaceAll(back, `\`, "%5C"))
		if got := r.Header.Get("Location"); got != "/settings" {
			t.Errorf("back=%q leads to %q", back, got)
		}
	}
}

// A sentence that nothing says any more is a sentence that nobody checks.
func TestEveryWordOfThePagesIsSaid(t *testing.T) {
	var source strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); ext == ".html" || ext == ".go" && !strings.HasSuffix(path, "_test.go") {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			source.Write(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	said := source.String()
	for id := range text.Sentences(text.Japanese, "web.") {
		if strings.Contains(said, `"`+id+`"`) {
			continue
		}
		prefix := id[:strings.LastIndex(id, ".")+1]
		for prefix != "web." && !strings.Contains(said, `"`+prefix+`"`) {
			prefix = prefix[:strings.LastIndex(strings.TrimSuffix(prefix, "."), ".")+1]
		}
		if prefix == "web." {
			t.Errorf("nothing says %s", id)
		}
	}
}

func TestWhatWasNeverSeenHasNoAge(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[4].snapshot(now)
	for _, target := range []probe.Target{probe.PrivatePairs, probe.PrivateStatus} {
		sig := snap.Round.Signals[target]
		sig.OKAt = time.Time{}
		snap.Round.Signals[target] = sig
	}
	page := body(t, get(t, handler(&fake{snap: snap}), "/?lang=en"))
	if !strings.Contains(page, text.Say(text.English, "web.ago.never", nil)) || regexp.MustCompile(`\d{5,} d ago`).MatchString(page) {
		t.Error("pair flags that were never read have an age")
	}
}

package say

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/part"
	"hikeshi/internal/text"
)

var both = []text.Lang{text.Japanese, text.English}

var now = time.Date(2026, 11, 24, 5, 31, 0, 0, time.UTC)

// literals are the strings in the source of package diagnose (tests left out) and the constants of package probe.
func literals(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, f := range parsed(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil {
					out[s] = true
				}
			}
			return true
		})
	}
	return out
}

// parsed are the files of a package without its tests.
func parsed(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

func TestEverySentenceOfDiagnoseHasWords(t *testing.T) {
	id := regexp.MustCompile(`^(healthy|own_line|path|bitbank|part|maintenance|not_proven)\.[a-z0-9_]*[a-z0-9]$`)
	n := 0
	for s := range literals(t, "../diagnose") {
		if id.MatchString(s) {
			n++
			if !text.Has("verdict." + s) {
				t.Errorf("no words for the sentence %s", s)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d sentences found: the source has moved", n)
	}
	// These are put together from a class of trouble.
	for _, s := range []string{"errors", "partial", "maintained", "busy", "busy_pairs", "overloaded", "clock", "slow", "halted", "flagged", "flagged_pairs", "auction", "auction_pairs", "stale_stream", "stale_rest", "stale_market"} {
		if !text.Has("verdict.part." + s) {
			t.Errorf("no words for part.%s", s)
		}
	}
}

func TestEveryReasonOfDiagnoseHasWords(t *testing.T) {
	codes := []string{"slow", "failing", "market_still", "halted", "flagged", "auction", "busy", "challenge", "untrusted", "window", "window_early", "window_over"}
	for _, f := range parsed(t, "../diagnose") {
		ast.Inspect(f, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, named := kv.Key.(*ast.Ident)
			value, literal := kv.Value.(*ast.BasicLit)
			if named && literal && key.Name == "Code" && value.Kind == token.STRING {
				s, _ := strconv.Unquote(value.Value)
				codes = append(codes, s)
			}
			return true
		})
	}
	if len(codes) < 30 {
		t.Fatalf("only %d reasons found: the source has moved", len(codes))
	}
	for _, c := range codes {
		if !text.Has("reason." + c) {
			t.Errorf("no words for the reason %s", c)
		}
	}
}

func TestEveryFailureHostPartAndPhaseHasWords(t *testing.T) {
	files, err := parser.ParseFile(token.NewFileSet(), "../probe/probe.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(files, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		kind, _ := v.Type.(*ast.Ident)
		lit, _ := v.Values[0].(*ast.BasicLit)
		if kind == nil || lit == nil {
			return true
		}
		s, _ := strconv.Unquote(lit.Value)
		switch {
		case s == "":
		case kind.Name == "Failure" && !text.Has("failure."+s):
			t.Errorf("no words for the failure %s", s)
		case kind.Name == "Host" && !text.Has("host."+s):
			t.Errorf("no words for the host %s", s)
		}
		n++
		return true
	})
	if n < 50 {
		t.Errorf("only %d constants found: the source has moved", n)
	}
	for _, c := range part.Codes() {
		if !text.Has("part." + string(c)) {
			t.Errorf("no words for the part %s", c)
		}
	}
	for _, p := range []incident.Phase{incident.Investigating, incident.Identified, incident.Monitoring, incident.Resolved} {
		if !text.Has("phase." + string(p)) {
			t.Errorf("no words for the phase %s", p)
		}
	}
	for _, s := range []diagnose.State{diagnose.Unknown, diagnose.Well, diagnose.Limited, diagnose.Down, diagnose.Announced} {
		if !text.Has("state." + string(s)) {
			t.Errorf("no words for the state %s", s)
		}
	}
	for _, s := range []diagnose.Scope{diagnose.NotProven, diagnose.Healthy, diagnose.OwnLine, diagnose.Path, diagnose.Bitbank, diagnose.Part, diagnose.Maintenance} {
		if !text.Has("first_step." + s.String()) {
			t.Errorf("no first step for %s", s)
		}
	}
}

func TestAVerdictInWords(t *testing.T) {
	v := diagnose.Verdict{
		Scope: diagnose.Part, Parts: []part.Code{part.PublicAPI, part.PrivateAPI}, Sentence: "part.1",
		Args:  map[string]string{"parts": "public_api,private_api", "since": "2026-11-24T05:05:00Z", "works": "web,app"},
		Since: now.Add(-26 * time.Minute), At: now,
		Reasons: []diagnose.Reason{{Code: "failing", Args: map[string]string{"parts": "public_api", "failure": "timeout", "since": "2026-11-24T05:05:00Z"}}},
		Board:   []diagnose.PartState{{Part: part.Web, State: diagnose.Well}, {Part: part.PublicAPI, State: diagnose.Down}, {Part: part.PublicStream}},
		Chain:   []diagnose.Link{{Name: "line", State: diagnose.Well}},
	}
	ja, en := Verdict(text.Japanese, v, now), Verdict(text.English, v, now)
	for _, c := range []struct{ name, got, want string }{
		{"sentence", ja.Sentence, "bitbankの価格・板の照会(公開API)と取引APIが14:05頃から応答していません。あなたの回線は正常で、ウェブ画面とアプリの裏側は使えます。"},
		{"since", ja.Since, "14:05頃から(26分)"},
		{"first step", ja.FirstStep, "価格・板の照会(公開API)と取引APIの代わりに、ウェブ画面とアプリの裏側が使えます。"},
		{"reason", ja.Reasons[0], "価格・板の照会(公開API): つながりましたが、時間内に答えません。14:05頃からです。"},
		{"known", strings.Join(ja.Known, "|"), "あなたの回線: 正常|ウェブ画面: 正常|価格・板の照会(公開API): 停止"},
		{"unknown", strings.Join(ja.Unknown, "|"), "価格の配信"},
		{"looked", ja.Looked, "最後に測った時刻: 14:31:00"},
		{"since, English", en.Since, "since about 14:05 JST (26 min)"},
		{"reason, English", en.Reasons[0], "price queries (public API): connected, but no answer in time. Since about 14:05 JST."},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, c.got, c.want)
		}
	}
}

func TestNothingIsSaidWithAGap(t *testing.T) {
	for id := range text.Sentences(text.Japanese, "verdict.") {
		for _, l := range both {
			v := diagnose.Verdict{Sentence: strings.TrimPrefix(id, "verdict."), At: now, Reasons: []diagnose.Reason{{Code: "well"}}}
			w := Verdict(l, v, now)
			for _, s := range append(w.Reasons, w.Sentence, w.FirstStep) {
				if strings.ContainsAny(s, "{}") {
					t.Errorf("%s (%s): a gap: %s", id, l, s)
				}
			}
		}
	}
}

func TestTimesAreJapans(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{About(text.Japanese, time.Date(2026, 11, 23, 15, 5, 0, 0, time.UTC), now), "00:05頃"},
		{About(text.Japanese, time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC), now), "11月23日(月) 23:05頃"},
		{About(text.English, time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC), now), "Mon 23 Nov, about 23:05 JST"},
		{For(text.Japanese, 40*time.Second), "40秒"},
		{For(text.Japanese, 26*time.Minute+50*time.Second), "26分"},
		{For(text.Japanese, 2*time.Hour+5*time.Minute), "2時間5分"},
		{For(text.English, 49*time.Hour), "2 d 1 h"},
		{For(text.Japanese, 0), "0秒"},
		{Pairs(text.Japanese, []string{"btc_jpy", "bcc_btc"}), "BTC/円とBCH/BTC"},
		{Pairs(text.English, []string{"a_jpy", "b_jpy", "c_jpy", "d_jpy", "e_jpy"}), "A/JPY, B/JPY, C/JPY, D/JPY and 1 more"},
		{Recovered(text.Japanese, incident.Incident{Since: now.Add(-30 * time.Minute), Resolved: now}, now), "復旧を確かめました。14:01頃から30分続いていた問題は、いま測れる範囲では終わっています。"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

package hikeshi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// policy says which packages of ours a package may import outside its tests. Imports go downhill: a row names only rows
// above it. A new package gets its row, its package comment and its line in ARCHITECTURE.md in one commit.
var policy = []struct {
	name string
	may  string // space separated
	pure bool   // touches nothing: see impure
}{
	{name: "internal/text"},
	{name: "internal/secret"},
	{name: "internal/resilience"},
	{name: "internal/pipe"},
	{name: "internal/loopback"},
	{name: "internal/socketio"},
	{name: "internal/part", pure: true},
	{name: "bitbank"},
	{name: "internal/venue", may: "bitbank", pure: true},
	{name: "internal/probe", may: "bitbank internal/part internal/resilience internal/secret internal/venue"},
	{name: "internal/elsewhere", may: "bitbank internal/venue"},
	{name: "internal/diagnose", may: "internal/part internal/probe", pure: true},
	{name: "internal/incident", may: "internal/part internal/probe internal/diagnose", pure: true},
	{name: "internal/journal"},
	{name: "internal/reconcile", may: "bitbank", pure: true},
	{name: "internal/lease", pure: true},
	{name: "internal/ledger", may: "bitbank internal/lease internal/reconcile", pure: true},
	{name: "internal/exposure", may: "bitbank internal/venue internal/ledger", pure: true},
	{name: "internal/stop", may: "bitbank", pure: true},
	{name: "internal/transfer", may: "bitbank internal/ledger", pure: true},
	{name: "internal/policy", may: "internal/ledger", pure: true},
	{name: "internal/config", may: "internal/ledger internal/part internal/policy internal/probe internal/secret internal/text"},
	{name: "internal/broker", may: "bitbank internal/lease internal/reconcile internal/ledger", pure: true},
	{name: "internal/say", may: "internal/part internal/probe internal/diagnose internal/incident internal/text"},
	{name: "internal/keys", may: "bitbank internal/secret"},
	{name: "internal/gateway", may: "bitbank internal/keys internal/lease internal/secret internal/loopback"},
	{name: "internal/relay", may: "bitbank internal/socketio internal/loopback"},
	{name: "internal/account", may: "bitbank internal/keys internal/lease internal/reconcile internal/exposure internal/ledger internal/stop internal/transfer internal/broker internal/gateway internal/journal internal/policy"},
	{name: "internal/failures"}, // tests alone
	{name: "internal/watch", may: "internal/part internal/probe internal/resilience internal/diagnose internal/incident internal/journal"},
	{name: "internal/web", may: "bitbank internal/account internal/lease internal/exposure internal/ledger internal/policy internal/stop internal/transfer internal/reconcile internal/part internal/probe internal/diagnose internal/incident internal/journal internal/say internal/secret internal/text internal/watch internal/loopback internal/venue"},
	{name: "internal/app", may: "bitbank internal/account internal/broker internal/config internal/diagnose internal/elsewhere internal/exposure internal/gateway internal/incident internal/journal internal/keys internal/lease internal/part internal/probe internal/relay internal/resilience internal/secret internal/text internal/venue internal/watch internal/web"},
	{name: "internal/sim/transfer", pure: true},
	{name: "internal/sim/interop/tour", may: "bitbank"},                 // a client of the simulator, no part of it
	{name: "internal/sim/interop/relay", may: "bitbank internal/relay"}, // the relay alone, for clients of others
	{name: "internal/sim", may: "internal/config internal/part internal/probe internal/socketio internal/text"},
	{name: "cmd/hikeshi", may: "bitbank internal/account internal/exposure internal/ledger internal/transfer internal/app internal/config internal/diagnose internal/incident internal/journal internal/keys internal/part internal/probe internal/say internal/secret internal/sim internal/text internal/watch internal/web"},
}

// impure are the imports that a package which only judges does without: its inputs are values, time among them.
var impure = []string{"net", "net/http", "os", "os/exec", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

// rowOf is the rule that a package lives under.
func rowOf(pkg string) (may []string, pure, found bool) {
	for _, row := range policy {
		// A subpackage is a backend, a kit or a part of its parent, and lives under the parent's rule.
		if pkg == row.name || strings.HasPrefix(pkg, row.name+"/") {
			return append(strings.Fields(row.may), row.name), row.pure, true
		}
	}
	return nil, false, false
}

type source struct {
	path string
	pkg  string // folder
	file *ast.File
	test bool
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != "." && (strings.HasPrefix(n, ".") || n == "testdata" || n == "node_modules" || n == "out" || n == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)), f, strings.HasSuffix(path, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImportsGoDownhill(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg == "." || s.test {
			continue
		}
		may, pure, found := rowOf(s.pkg)
		if !found {
			t.Errorf("%s has no row in the policy of layout_test.go", s.pkg)
			continue
		}
		for _, imp := range s.file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(path, "hikeshi/"); ok {
				if !slices.ContainsFunc(may, func(m string) bool { return ours == m || strings.HasPrefix(ours, m+"/") }) {
					t.Errorf("%s imports %s, which the policy does not allow", s.path, ours)
				}
			} else if pure && slices.Contains(impure, path) {
				t.Errorf("%s imports %s, but its package only judges", s.path, path)
			}
		}
	}
}

// The library can request a withdrawal, the simulator takes one, and nothing else of ours may as much as name it: see
// docs/adr/0010.
func TestNothingOfOursRequestsAWithdrawal(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.pkg == "bitbank" || strings.HasPrefix(s.pkg, "bitbank/") || strings.HasPrefix(s.pkg, "internal/sim") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == "RequestWithdrawal" {
				t.Errorf("%s names RequestWithdrawal", s.path)
			}
			return true
		})
	}
}

func TestEveryPackageOpensWithAChapterAndStandsOnTheMap(t *testing.T) {
	architecture := read(t, "ARCHITECTURE.md")
	described, any := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.pkg == "." || s.test {
			continue
		}
		any[s.pkg] = true
		described[s.pkg] = described[s.pkg] || s.file.Doc != nil
	}
	for pkg := range any {
		if !described[pkg] {
			t.Errorf("%s has no package comment", pkg)
		}
		if !strings.Contains(architecture, "`"+pkg+"`") {
			t.Errorf("ARCHITECTURE.md does not name `%s`", pkg)
		}
	}
	if n := strings.Count(architecture, "\n"); n >= 200 {
		t.Errorf("ARCHITECTURE.md has %d lines, want fewer than 200", n)
	}
}

func TestNoFileIsTooLongToRead(t *testing.T) {
	for _, s := range sources(t) {
		if n := strings.Count(read(t, s.path), "\n"); n > 600 {
			t.Errorf("%s has %d lines, want at most 600", s.path, n)
		}
	}
}

func TestWhatIsLeftToDoNamesItsIssue(t *testing.T) {
	todo := regexp.MustCompile(`(?m)//\s*(TODO|FIXME|XXX)\b([^#\n]*)$`)
	for _, s := range sources(t) {
		if m := todo.FindString(read(t, s.path)); m != "" && s.path != "layout_test.go" {
			t.Errorf("%s: %q carries no issue number", s.path, m)
		}
	}
}

var required = regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9.]+\.[a-z]+/\S+|pgregory\.net/\S+) v\S+(.*)$`)

func TestEveryModuleThatWeImportIsExplained(t *testing.T) {
	mod, explained := read(t, "go.mod"), read(t, "docs/dependencies.md")
	imported := map[string]bool{}
	for _, s := range sources(t) {
		for _, imp := range s.file.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			for _, m := range required.FindAllStringSubmatch(mod, -1) {
				if path == m[1] || strings.HasPrefix(path, m[1]+"/") {
					imported[m[1]] = true
				}
			}
		}
	}
	for m := range imported {
		if !strings.Contains(explained, "`"+m+"`") {
			t.Errorf("docs/dependencies.md does not explain `%s`", m)
		}
	}
}

// SQLite in Go and its C runtime are one artifact in two modules; a mismatch has crashed programs.
func TestTheRuntimeOfSQLiteIsTheOneItWasMadeWith(t *testing.T) {
	libc := regexp.MustCompile(`modernc\.org/libc (v\S+)`)
	sqlite := regexp.MustCompile(`modernc\.org/sqlite (v\S+)`)
	mod := read(t, "go.mod")
	version := sqlite.FindStringSubmatch(mod)
	ours := libc.FindStringSubmatch(mod)
	if version == nil || ours == nil {
		t.Fatal("go.mod does not name modernc.org/sqlite and modernc.org/libc")
	}
	theirs := libc.FindStringSubmatch(read(t, filepath.Join(moduleCache(t), "modernc.org", "sqlite@"+version[1], "go.mod")))
	if theirs == nil || theirs[1] != ours[1] {
		t.Errorf("modernc.org/libc is %s, sqlite wants %v", ours[1], theirs)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func moduleCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

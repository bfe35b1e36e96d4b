package hikeshi_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// make rename-module moves the whole project: a copy that was moved builds, with the network out of reach, and still
// knows its own imports from foreign ones.
func TestTheProjectCanMoveToAnotherModulePath(t *testing.T) {
	to := t.TempDir()
	copyTree(t, to)
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = to
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	const module = "example.com/some-one/hikeshi.v2"
	run("make", "rename-module", "MODULE="+module)
	run("go", "build", "-o", os.DevNull, "./...")
	run("go", "vet", "./bitbank")
	run("go", "test", "-run", "TestImportsGoDownhill|TestEveryPackage", ".")
	if got := run("go", "list", "-m"); got != module+"\n" {
		t.Errorf("the module is %s", got)
	}
	if left := mentions(t, to, `"hikeshi/`); len(left) > 0 {
		t.Errorf("the old path is left in %q", left)
	}
	if !strings.Contains(read(t, filepath.Join(to, "docs/client.md")), "\t\""+module+"/bitbank\"\n") {
		t.Error("docs/client.md does not import the new path")
	}
	run("make", "rename-module", "MODULE=hikeshi") // and back
	for _, path := range []string{"go.mod", "tools/go.mod", "layout_test.go", "docs/client.md", "bitbank/client_test.go"} {
		if read(t, filepath.Join(to, path)) != read(t, path) {
			t.Errorf("%s is another after there and back", path)
		}
	}
	cmd := exec.CommandContext(t.Context(), "make", "rename-module", "MODULE=https://example.com")
	cmd.Dir = to
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("an address was taken for a module path: %s", out)
	}
}

// copyTree copies what belongs to the project.
func copyTree(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != "." && (n == ".git" || n == "node_modules" || path == "out" || path == "bin") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), b, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mentions are the Go files under root that hold text, this one aside.
func mentions(t *testing.T, root, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && d.Name() != "rename_test.go" && strings.Contains(read(t, path), text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

package hikeshi_test

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The programs in the guide to the library are the same in both languages, and they are what they say.
func TestTheProgramsInTheGuideToTheLibraryWork(t *testing.T) {
	programs := regexp.MustCompile("(?s)```go\n(.*?)```")
	var guides [2][]string
	for i, path := range []string{"docs/client.md", "docs/client.ja.md"} {
		for _, m := range programs.FindAllStringSubmatch(read(t, path), -1) {
			guides[i] = append(guides[i], m[1])
		}
	}
	if len(guides[0]) != 2 || !slices.Equal(guides[0], guides[1]) {
		t.Fatalf("%d programs in English and %d in Japanese, want the same two", len(guides[0]), len(guides[1]))
	}
	var files []string
	for _, program := range guides[0] {
		if tidy, err := format.Source([]byte(program)); err != nil || string(tidy) != program {
			t.Errorf("not formatted, %v:\n%s", err, program)
		}
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "go", "vet", file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		files = append(files, file)
	}
	out, err := exec.CommandContext(t.Context(), "go", "run", files[1]).CombinedOutput()
	if want := "PlaceOrder: lost, it may have happened: "; err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("the second program: %v, %q; want %q", err, out, want)
	}
}

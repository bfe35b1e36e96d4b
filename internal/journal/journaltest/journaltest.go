// Package journaltest opens journals for tests of other packages.
package journaltest

import (
	"path/filepath"
	"testing"

	"hikeshi/internal/journal"
)

// Open opens a new journal in a folder of the test's own and closes it when the test ends. In a synctest bubble, close
// it inside.
func Open(t testing.TB) *journal.Journal {
	t.Helper()
	return At(t, filepath.Join(t.TempDir(), "journal.db"))
}

// At opens the journal at path, as a restart does.
func At(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

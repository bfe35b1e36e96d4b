package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

// proved reads from a place on, and says how it ended.
func proved(t *testing.T, j *journal.Journal, from journal.Seq) (got []journal.Seq, broken bool) {
	t.Helper()
	for r, err := range j.Proved(t.Context(), from) {
		if errors.Is(err, journal.ErrBroken) {
			return got, true
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Seq)
	}
	return got, false
}

func TestWhatIsReadFromAPlaceOnIsProvedByTheChain(t *testing.T) {
	for _, tt := range []struct {
		change string
		from   journal.Seq
		read   int
		broken bool
	}{
		{"SELECT 1", 1, 100, false},
		{"SELECT 1", 41, 60, false},
		{"SELECT 1", 100, 1, false},
		{"SELECT 1", 101, 0, false},
		{"SELECT 1", 102, 0, true}, // there is no record 101 to go on from
		{"UPDATE records SET data = x'30', enc = 0 WHERE seq = 40", 39, 1, true},
		{"UPDATE records SET data = x'30', enc = 0 WHERE seq = 40", 41, 60, false},
		{"UPDATE records SET hash = zeroblob(32) WHERE seq = 40", 41, 0, true},
		{"UPDATE records SET kind = 'minute' WHERE seq = 90", 41, 49, true},
		{"DELETE FROM records WHERE seq = 40", 41, 0, true},
		{"DELETE FROM records WHERE seq > 90", 41, 50, true},
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		j := journaltest.At(t, path)
		for i := range 100 {
			appendAll(t, j, entry(journal.Verdict, noon, i))
		}
		spoil(t, path, tt.change)
		got, broken := proved(t, j, tt.from)
		if len(got) != tt.read || broken != tt.broken || len(got) > 0 && got[0] != tt.from {
			t.Errorf("%s, from %d: read %v, broken %v; want %d, %v", tt.change, tt.from, got, broken, tt.read, tt.broken)
		}
	}
}

func TestASnapshotGivesWayToNewerOnesAndIsPackedByItsMaker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	long := strings.Repeat("a", 100_000)
	for i := range 5 {
		appendAll(t, j, entry(journal.Verdict, noon, i), entry(journal.Snapshot, noon, fmt.Sprint(long, i)))
		n, err := j.Prune(t.Context(), nil, noon.Add(time.Duration(i)*time.Hour))
		if want := map[int]int{3: 2}[i]; n != want || err != nil {
			t.Errorf("after %d snapshots %d were cut, %v, want %d", i+1, n, err, want)
		}
	}
	var left []journal.Seq
	for r, err := range j.Read(t.Context(), journal.Query{Kinds: []journal.Kind{journal.Snapshot}}) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, r.Seq)
	}
	// 1 verdict, 2 snapshot, ... 7, 8, 9 checkpoint, 10 verdict, 11 snapshot.
	if fmt.Sprint(left) != "[6 8 11]" {
		t.Errorf("the snapshots that are left are %v", left)
	}
	if r := verify(t, j); r.Broken != 0 || r.Cut != 2 {
		t.Errorf("verified %+v", r)
	}
	if got, broken := proved(t, j, 5); broken || len(got) != 7 {
		t.Errorf("from behind a cut: %v, broken %v", got, broken)
	}
	if got, broken := proved(t, j, 1); broken || len(got) != 9 {
		t.Errorf("over the cuts: %v, broken %v", got, broken)
	}
	j.Close()
	if info, err := os.Stat(path); err != nil || info.Size() < 300_000 {
		t.Errorf("three snapshots of 100,000 letters take %d bytes, %v: they were packed again", info.Size(), err)
	}
}

// Opening looks at the newest records only; whoever finds damage further back has it salvaged, and loses nothing but it.
func TestDamageFurtherBackIsSalvagedWhenItIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	for i := range 300 {
		appendAll(t, j, entry(journal.Verdict, noon, i))
	}
	j.Close()
	spoil(t, path, "UPDATE records SET at = 0 WHERE seq = 100")
	j = journaltest.At(t, path)
	if _, broken := proved(t, j, 1); !broken || j.Damage() != nil {
		t.Fatalf("broken %v, damage %+v", broken, j.Damage())
	}
	j.Close()
	j, err := journal.Open(t.Context(), path, journal.Options{Salvage: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d := j.Damage()
	if d == nil || d.From != 100 || d.Again != 200 {
		t.Fatalf("damage %+v", d)
	}
	if got, broken := proved(t, j, 1); broken || len(got) != 300 {
		t.Errorf("%d records, broken %v", len(got), broken)
	}
	j.Close()
	if j, err = journal.Open(t.Context(), path, journal.Options{Salvage: true}); err != nil || j.Damage() != nil {
		t.Errorf("a whole journal is salvaged: %v, %+v", err, j.Damage())
	}
}

// SQLite forgets what stands behind damage in its log; the mark tells.
func TestAJournalThatEndsTooSoonIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	appendAll(t, j, entry(journal.Verdict, noon, 1))
	j.Close()
	early, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j = journaltest.At(t, path)
	appendAll(t, j, entry(journal.Verdict, noon, 2))
	j.Close()
	if err := os.WriteFile(path, early, 0o600); err != nil {
		t.Fatal(err)
	}
	j = journaltest.At(t, path)
	if d := j.Damage(); d == nil || d.From != 2 {
		t.Errorf("damage %+v, want from record 2", d)
	}
	j.Close()
	// A mark that is itself damaged, or older, says nothing.
	for _, mark := range [][]byte{nil, []byte("half a mark"), make([]byte, 48)} {
		if err := os.WriteFile(path+".mark", mark, 0o600); err != nil {
			t.Fatal(err)
		}
		j = journaltest.At(t, path)
		if d := j.Damage(); d != nil {
			t.Errorf("with the mark %x: %+v", mark, d)
		}
		j.Close()
	}
}

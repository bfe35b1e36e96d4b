package account

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"hikeshi/internal/journal"
)

// A bit that flips in a journal is seen, or it was in a place that holds nothing: the ledger that is read is the one that was written,
// or its owner is told. It is tried on the files as a kill leaves them, with most of what matters in SQLite's log, and as a clean end does.
func TestEveryFlippedBitIsSeenOrHarmless(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 3))
	killed, closed := t.TempDir(), t.TempDir()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, dir)
		for range 40 {
			m.trade(rng)
		}
		m.stop()
		copyJournal(t, dir, killed)
		m.j.Close()
	})
	copyJournal(t, dir, closed)
	told, salvaged, harmless := 0, 0, 0
	flips := counts(2500, 25, 4)
	for _, from := range []string{killed, closed} {
		want := ""
		for k := range flips + 1 {
			at := filepath.Join(t.TempDir(), "copy")
			if err := os.Mkdir(at, 0o700); err != nil {
				t.Fatal(err)
			}
			copyJournal(t, from, at)
			where := ""
			if k > 0 {
				where = flip(t, rng, at)
			}
			path := filepath.Join(at, "journal.db")
			j, err := journal.Open(t.Context(), path, journal.Options{})
			if err != nil {
				told++ // it does not start, and says why
				continue
			}
			m, err := Remember(t.Context(), j)
			if errors.Is(err, journal.ErrBroken) {
				j.Close()
				if j, err = journal.Open(t.Context(), path, journal.Options{Salvage: true}); err == nil {
					m, err = Remember(t.Context(), j)
				}
				if err != nil || j.Damage() == nil {
					t.Fatalf("seed %d, %s: salvage: %v, damage %v", seed, where, err, j.Damage())
				}
			}
			switch {
			case err != nil:
				t.Fatalf("seed %d, %s: %v", seed, where, err)
			case j.Damage() != nil:
				salvaged++
				if r, err := j.Verify(t.Context()); err != nil || r.Broken != 0 {
					t.Fatalf("seed %d, %s: what was salvaged verifies as %+v, %v", seed, where, r, err)
				}
			case k == 0:
				want = asText(t, m.Ledger)
			case asText(t, m.Ledger) != want:
				t.Fatalf("seed %d, %s: another ledger, and nobody is told: %s", seed, where, apart(asText(t, m.Ledger), want))
			default:
				harmless++
			}
			j.Close()
			os.RemoveAll(at)
		}
	}
	if salvaged == 0 && flips >= 25 {
		t.Error("nothing was salvaged")
	}
	fmt.Printf("figure: account, %d flipped bits: %d salvaged and told, %d refused and told, %d in places that say nothing, none unseen (seed %d)\n", 2*flips, salvaged, told, harmless, seed)
}

// copyJournal copies the files that are read at a start; the reserve without its room.
func copyJournal(t *testing.T, from, to string) {
	t.Helper()
	for _, end := range []string{"", "-wal", ".mark", ".key"} {
		b, err := os.ReadFile(filepath.Join(from, "journal.db"+end))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, "journal.db"+end), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reserve := filepath.Join(to, "journal.db.reserve")
	if err := errors.Join(os.WriteFile(reserve, nil, 0o600), os.Truncate(reserve, 4<<20)); err != nil {
		t.Fatal(err)
	}
}

// flip flips a bit of the file or its log, each byte being as likely, and says where.
func flip(t *testing.T, rng *rand.Rand, dir string) string {
	t.Helper()
	var files [][]byte
	var names []string
	sum := 0
	for _, end := range []string{"", "-wal", ".mark"} {
		name := filepath.Join(dir, "journal.db"+end)
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		files, names, sum = append(files, b), append(names, name), sum+len(b)
	}
	k := rng.IntN(sum)
	for i, b := range files {
		if k >= len(b) {
			k -= len(b)
			continue
		}
		bit := rng.IntN(8)
		b[k] ^= 1 << bit
		if err := os.WriteFile(names[i], b, 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("bit %d of byte %d of %s", bit, k, filepath.Base(names[i]))
	}
	return ""
}

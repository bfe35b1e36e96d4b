package journal_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

// Wherever the power is cut, and whatever of the unsynced writes has reached the disk: what Append has returned for is there, nothing is damaged, and
// the journal goes on.
func TestNothingAcknowledgedIsLostByAPowerCut(t *testing.T) {
	dir := t.TempDir()
	p := journaltest.Watch(t, dir)
	j, err := journal.Open(t.Context(), filepath.Join(dir, "journal.db"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var acknowledged []int // what was done when each record was
	for i := range 150 {
		appendAll(t, j, entry(journal.Verdict, noon, strings.Repeat(fmt.Sprint("evidence ", i), 1+i%7*60)))
		acknowledged = append(acknowledged, p.Now())
	}
	j.Close()
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	disk, end := p.Disk(), p.Now()
	lost, step := 0, 12
	if testing.Short() { // under the race detector
		step = 60
	}
	for now := 0; now < end; now += 1 + rng.IntN(step) {
		disk.Advance(now)
		after := t.TempDir()
		disk.Cut(t, rng, after)
		j := journaltest.At(t, filepath.Join(after, "journal.db"))
		r := verify(t, j)
		due := 0
		for due < len(acknowledged) && acknowledged[due] <= now {
			due++
		}
		if j.Damage() != nil || r.Broken != 0 || int(r.Head) < due || int(r.Head) > due+1 {
			t.Fatalf("seed %d, after %d of %d writes: %d records were acknowledged; damage %+v, verified %+v", seed, now, end, due, j.Damage(), r)
		}
		if int(r.Head) == due {
			lost++
		}
		appendAll(t, j, entry(journal.Verdict, noon, "after"))
		j.Close()
	}
	if lost == 0 {
		t.Error("no cut lost a record that was being written")
	}
}

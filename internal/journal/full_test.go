package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFullDiskRefusesWholeAppendsAndTheJournalRecovers(t *testing.T) {
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	big := Entry{Kind: Verdict, At: time.Unix(1, 0), Data: strings.Split(strings.Repeat("0123456789abcdef ", 4000), "7")}
	if _, err := j.Append(t.Context(), big); err != nil {
		t.Fatal(err)
	}
	limit(t, j, 1) // SQLite takes the present size as the least limit
	var full error
	done := 1
	for range 100_000 {
		if _, full = j.Append(t.Context(), big, big); full != nil {
			break
		}
		done += 2
	}
	if !errors.Is(full, ErrFull) {
		t.Fatalf("a full file gives %v, want ErrFull", full)
	}
	if _, err := os.Stat(j.path + ".reserve"); err == nil || !j.Low() {
		t.Errorf("the reserve was not given up for a verdict: %v, low %v", err, j.Low())
	}
	if _, err := j.Append(t.Context(), Entry{Kind: Minute, At: time.Unix(2, 0), Data: 1}); !errors.Is(err, ErrFull) {
		t.Errorf("a digest used the reserve: %v", err)
	}
	limit(t, j, 1_000_000)
	if seqs, err := j.Append(t.Context(), big); err != nil || seqs[0] != Seq(done+1) {
		t.Errorf("with space again: %v, %v, want record %d", seqs, err, done+1)
	}
	if r, err := j.Verify(t.Context()); err != nil || r.Broken != 0 || r.Records != done+1 {
		t.Errorf("verified %+v, %v, want %d records", r, err, done+1)
	}
	j.Close()
	if j, err = Open(t.Context(), j.path, Options{}); err != nil || j.Low() {
		t.Errorf("opened again with space: %v, low %v", err, j.Low())
	}
}

// Whoever refuses orders because the reserve is in use hears without writing anything that there is space again.
func TestLowIsOverOnceThereIsSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		limit(t, j, 1)
		for range 1000 {
			if _, err := j.Append(t.Context(), Entry{Kind: Verdict, Data: strings.Repeat("0123456789abcdef ", 4000)}); err != nil {
				break
			}
		}
		time.Sleep(refillEvery / 2)
		if !j.Low() {
			t.Error("not low on a full disk")
		}
		limit(t, j, 1_000_000)
		time.Sleep(refillEvery)
		j.Low()
		synctest.Wait()
		if j.Low() {
			t.Error("low although there is space again")
		}
		if r, err := j.Verify(t.Context()); err != nil || r.Broken != 0 {
			t.Errorf("verified %+v, %v", r, err)
		}
	})
}

func limit(t *testing.T, j *Journal, pages int) {
	t.Helper()
	if _, err := j.write.Exec(fmt.Sprintf("PRAGMA max_page_count=%d", pages)); err != nil {
		t.Fatal(err)
	}
}

func TestAFullQueueIsSaidAtOnce(t *testing.T) {
	// No goroutine of run: nothing leaves the queue.
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	j.closed, j.queue, j.over = make(chan struct{}), make(chan *job), make(chan struct{})
	if _, err := j.Append(t.Context(), Entry{Kind: Verdict}); !errors.Is(err, ErrBusy) {
		t.Errorf("a full queue gives %v, want ErrBusy", err)
	}
}

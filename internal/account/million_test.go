package account

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

// A journal of a million records is open within two seconds, also when the power is lost just before the next snapshot, and what
// is in memory does not grow with it.
func TestAMillionRecordsAreOpenInTwoSeconds(t *testing.T) {
	orders, tail, most := counts(200_000, 4_000, 300), counts(snapshotEvery, snapshotEvery, 1_000)-1, 10*time.Second
	if orders == 200_000 {
		most = 2 * time.Second
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path)
	l, upto, n := &ledger.Ledger{}, journal.Seq(0), 0
	var entries []journal.Entry
	write := func() {
		seqs, err := j.Append(t.Context(), entries...)
		if err != nil {
			t.Fatal(err)
		}
		upto, entries = seqs[len(seqs)-1], entries[:0]
	}
	snapshotAt := 5*orders - tail
	for r := range many(t, orders) {
		entries = append(entries, journal.Entry{Kind: Kind, At: r.At, Data: r})
		l.Apply(r)
		if n++; n == snapshotAt {
			write()
			data, err := pack(l.Snapshot(), upto)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, journal.Entry{Kind: journal.Snapshot, At: r.At, Data: data})
		}
		if len(entries) >= 2000 || n == 5*orders {
			write()
		}
	}
	want := asText(t, l)
	j.Close()
	var m *Memory
	took := time.Hour
	for range 3 { // the best counts: other work shares the machine
		began := time.Now()
		j = openJournal(t, path)
		var err error
		if m, err = Remember(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		took = min(took, time.Since(began))
		j.Close()
	}
	since := m.since
	if since != tail {
		t.Errorf("%d records were read after the snapshot, want %d", since, tail)
	}
	if asText(t, m.Ledger) != want {
		t.Error("another ledger was read than was written")
	}
	if took > most {
		t.Errorf("opening took %v, want at most %v", took, most)
	}
	with := heap()
	runtime.KeepAlive(m)
	m, l = nil, nil
	used := (with - heap()) / 2 // two ledgers that say the same
	if used > 40<<20 {
		t.Errorf("%d MiB are in use", used>>20)
	}
	fmt.Printf("figure: account, %d records of which %d follow the snapshot: open in %v, %d MiB in use afterwards\n", n, since, took.Round(time.Millisecond), used>>20)
	if orders < 200_000 {
		return
	}
	began := time.Now()
	j = openJournal(t, path)
	defer j.Close()
	whole := &Memory{Ledger: &ledger.Ledger{}}
	if err := whole.fold(j.Proved(t.Context(), 1)); err != nil || whole.since != n {
		t.Fatalf("%d records, %v", whole.since, err)
	}
	fmt.Printf("figure: account, the same %d records without a snapshot, each proved: %v\n", n, time.Since(began).Round(time.Millisecond))
}

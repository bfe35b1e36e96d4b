package account

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

// A blind reader finds no snapshots by their kind, as one whose index is damaged.
type blind struct{ *journal.Journal }

func (b blind) Read(ctx context.Context, q journal.Query) iter.Seq2[journal.Record, error] {
	if slices.Contains(q.Kinds, journal.Snapshot) {
		return func(func(journal.Record, error) bool) {}
	}
	return b.Journal.Read(ctx, q)
}

// An index that hides the newest snapshot would have us go on from an older one, with what is known of reads that are too old.
func TestASnapshotThatIsNotFoundByItsKindIsDamage(t *testing.T) {
	j := journaltest.Open(t)
	if _, err := j.Append(t.Context(), journal.Entry{Kind: journal.Snapshot, Data: snapshot{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Remember(t.Context(), j); err != nil {
		t.Errorf("one of another schema is passed over: %v", err)
	}
	if _, err := Remember(t.Context(), blind{j}); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("one that is not found: %v, want ErrBroken", err)
	}
}

package account

import (
	"context"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

const (
	// A snapshot is written after so many records: reading them takes 0.2 s, and reading a full snapshot 0.3 s. At bitbank's 6
	// orders a second that is one in seven minutes.
	snapshotEvery = 15_000
	// At a clean end fewer are enough: the next start is then as quick as it can be.
	snapshotAtEnd = 1_000
	// One that could not be written, because the disk is full, is tried again after so many more records.
	snapshotAgain = 1_000
)

// snapshots count the records that a start would have to read.
type snapshots struct {
	upto    journal.Seq // the newest record; 0 when the journal does not number them: then there are no snapshots
	since   int         // records that are in no snapshot
	due     int         // how many of them are enough for one
	writing bool
}

// snapshotDue takes a copy of the ledger, if it is time for a snapshot. It is called with the lock; records are those that are
// in the ledger and not written yet.
func (a *Account) snapshotDue(records int) *ledger.Snapshot {
	s := &a.snapshots
	if s.upto == 0 || s.writing || s.since+records < s.due {
		return nil
	}
	s.writing = true
	return a.broker.Ledger().Snapshot()
}

// recorded counts records that are on the disk, and has the snapshot written that was taken with the newest of them in it. What
// could not be written is in no record, and so its snapshot is dropped.
func (a *Account) recorded(records int, seqs []journal.Seq, taken *ledger.Snapshot, err error) {
	a.mu.Lock()
	s := &a.snapshots
	if err == nil && records > 0 {
		s.upto = 0
		if len(seqs) == records {
			s.upto = seqs[records-1]
		}
		s.since += records
	}
	upto, covered := s.upto, s.since
	write := taken != nil && err == nil && upto != 0 && !a.ending // else the last one says it
	s.writing = s.writing && (taken == nil || write)
	a.mu.Unlock()
	if write {
		a.begin(func() { a.writeSnapshot(taken, upto, covered) })
	}
}

// writeSnapshot writes one, which stands for so many records.
func (a *Account) writeSnapshot(l *ledger.Snapshot, upto journal.Seq, covered int) {
	data, err := pack(l, upto)
	if err == nil {
		_, err = a.o.Journal.Append(context.Background(), journal.Entry{Kind: journal.Snapshot, At: time.Now(), Data: data})
	}
	a.mu.Lock()
	s := &a.snapshots
	s.writing = false
	if err == nil {
		s.since -= covered
		s.due = snapshotEvery
	} else {
		s.due = s.since + snapshotAgain
	}
	a.mu.Unlock()
	if err != nil {
		a.log.Warn("no snapshot of the account was written", "err", err)
	}
}

// lastSnapshot writes one when the account has come to rest, and everything is on the disk.
func (a *Account) lastSnapshot() {
	a.mu.Lock()
	s := &a.snapshots
	if s.upto == 0 || s.writing || s.since < snapshotAtEnd || len(a.backlog) > 0 {
		a.mu.Unlock()
		return
	}
	s.writing = true
	l, upto, covered := a.broker.Ledger().Snapshot(), s.upto, s.since
	a.mu.Unlock()
	a.writeSnapshot(l, upto, covered)
}

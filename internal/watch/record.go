package watch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
)

// An item is a record to be written and, when event is set, the news that follows it.
type item struct {
	entry journal.Entry
	event string
	data  any // of the event, when it differs from the record's
}

const (
	// waitingMost bounds what waits for a slow disk. Beyond it, digests and raw observations are dropped first;
	// verdicts and incidents are few.
	waitingMost = 4096
	// patience is how long news waits for its record. A disk that needs longer is in trouble, and people hear the
	// news marked "not recorded" rather than late.
	patience = 500 * time.Millisecond
)

// recorder writes what the loop decided, and only then tells it. It has its own goroutine, so that a slow or full
// disk never holds up a look.
type recorder struct {
	journal Journal
	log     *slog.Logger
	publish func(Snapshot)
	hub     *hub

	mu      sync.Mutex
	wake    *sync.Cond
	waiting []item
	snap    *Snapshot
	closed  bool
	fault   probe.Failure

	// The goroutine of run alone uses these.
	seq   journal.Seq     // the newest record
	owed  []journal.Entry // changes that a failing disk has not taken yet
	retry time.Time       // not before
}

func newRecorder(j Journal, log *slog.Logger, publish func(Snapshot)) *recorder {
	r := &recorder{journal: j, log: log, publish: publish, hub: newHub()}
	r.wake = sync.NewCond(&r.mu)
	return r
}

func (r *recorder) put(i item) { r.putAll(Snapshot{}, []item{i}) }

// putAll hands over a snapshot (skipped when it has no time) with the records that must precede it.
func (r *recorder) putAll(s Snapshot, items []item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range items {
		if len(r.waiting) >= waitingMost && i.event == "" {
			continue
		}
		r.waiting = append(r.waiting, i)
	}
	if !s.At.IsZero() {
		r.snap = &s
	}
	r.wake.Signal()
}

func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wake.Signal()
}

// disk says what keeps the journal from being written, OK when nothing does.
func (r *recorder) disk() probe.Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

func (r *recorder) run() {
	defer r.hub.close()
	for {
		r.mu.Lock()
		for len(r.waiting) == 0 && r.snap == nil && !r.closed {
			r.wake.Wait()
		}
		items, snap, closed := r.waiting, r.snap, r.closed
		r.waiting, r.snap = nil, nil
		r.mu.Unlock()

		seqs := r.write(items)
		if snap != nil {
			snap.Seq, snap.Recorded = r.seq, r.disk() == probe.OK
			r.publish(*snap)
		}
		for k, i := range items {
			r.tell(i, seqs[k])
		}
		if closed && len(items) == 0 {
			return
		}
	}
}

// write appends the items, and before them what an earlier failure left behind, in one commit. It returns the
// sequence number of each item, which for an item without a record is that of the newest record.
func (r *recorder) write(items []item) []journal.Seq {
	own := make([]journal.Seq, len(items))
	for k := range own {
		own[k] = r.seq
	}
	now := time.Now()
	if r.journal == nil || len(items)+len(r.owed) == 0 || (len(items) == 0 && now.Before(r.retry)) {
		return own
	}
	owed := len(r.owed)
	entries := r.owed
	for _, i := range items {
		entries = append(entries, i.entry)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	seqs, err := r.journal.Append(ctx, entries...)
	switch {
	case err == nil:
		r.owed, r.seq = nil, seqs[len(seqs)-1]
		copy(own, seqs[owed:])
	case errors.Is(err, context.DeadlineExceeded):
		r.owed = nil // handed over, only late: asking again would write it twice
	default:
		r.owed, r.retry = keep(entries), now.Add(time.Second)
	}
	fault := diskFailure(err)
	r.mu.Lock()
	was := r.fault
	r.fault = fault
	r.mu.Unlock()
	if fault != was {
		r.log.Warn("the journal's state changed", "state", string(fault), "err", err)
	}
	return own
}

// keep is what of unwritten entries is worth writing later: changes, not samples.
func keep(entries []journal.Entry) []journal.Entry {
	var out []journal.Entry
	for _, e := range entries {
		if e.Kind != journal.Observation && e.Kind != journal.Minute {
			out = append(out, e)
		}
	}
	return out[max(0, len(out)-waitingMost):]
}

// diskFailure words a failed append as the watcher's own trouble.
func diskFailure(err error) probe.Failure {
	switch {
	case err == nil:
		return probe.OK
	case errors.Is(err, journal.ErrFull):
		return "disk_full"
	case errors.Is(err, context.DeadlineExceeded):
		return "disk_slow"
	}
	return "disk_failed"
}

// tell hands an item's news to the subscribers, after its record.
func (r *recorder) tell(i item, seq journal.Seq) {
	if i.event == "" {
		return
	}
	data := i.data
	if data == nil {
		data = i.entry.Data
	}
	r.hub.send(Event{Seq: seq, At: i.entry.At, Kind: i.event, Data: data})
}

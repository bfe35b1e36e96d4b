package failures

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"

	"hikeshi/internal/journal"
)

// A disk is the machine's, in memory. What was appended survives a loss of power.
type disk struct {
	mu      sync.Mutex
	records []journal.Record
	full    bool
	watch   []byte // a text; of the first record that holds it, then is told
	then    func()
}

// once has something happen just after a record that holds a text is on the disk.
func (d *disk) once(text string, then func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch, d.then = []byte(text), then
}

// fill makes the disk full, or gives it space again.
func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) all(yield func(journal.Record, error) bool) {
	d.mu.Lock()
	records := d.records
	d.mu.Unlock()
	for _, r := range records {
		if !yield(r, nil) {
			return
		}
	}
}

// A handle is the disk as one process has it, until the power is lost.
type handle struct {
	*disk
	gone bool // guarded by disk.mu
}

var errPower = errors.New("the power is lost")

// Append implements account.Journal.
func (h *handle) Append(_ context.Context, entries ...journal.Entry) ([]journal.Seq, error) {
	then, err := h.append(entries)
	if then != nil {
		then()
	}
	return nil, err
}

func (h *handle) append(entries []journal.Entry) (then func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.gone:
		return nil, errPower
	case h.full:
		return nil, journal.ErrFull
	}
	for _, e := range entries {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return nil, err
		}
		h.records = append(h.records, journal.Record{Seq: journal.Seq(len(h.records) + 1), At: e.At, Kind: e.Kind, Data: data})
		if h.then != nil && bytes.Contains(data, h.watch) {
			then, h.then = h.then, nil
		}
	}
	return then, nil
}

// end takes the disk away from the process.
func (h *handle) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = true
}

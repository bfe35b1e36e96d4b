package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The mark is a file of its own that says how far the journal went. SQLite takes a write-ahead log that was damaged for one that
// ends before the damage, as after a power cut: the records in it would be gone, and what is left would verify. The mark is
// written after each commit and not synced, which costs nothing: it never goes beyond what was synced, after a kill it
// is exact, and after a power cut it may be some seconds old.

const markSize = 8 + sha256.Size + 8

func marked(seq Seq, hash [32]byte) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(seq))
	b = append(b, hash[:]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:8]...) // against a mark that is itself half written
}

// note marks the head of the chain. A disk that does not take it costs us the witness only.
func (w *writer) note() {
	if w.mark != nil {
		_, _ = w.mark.WriteAt(marked(w.seq, w.hash), 0)
	}
}

// openMark fails with ErrBroken when the journal ends before its mark.
func (j *Journal) openMark() error {
	var err error
	if j.state.mark, err = os.OpenFile(j.path+".mark", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	b := make([]byte, markSize)
	n, _ := j.state.mark.ReadAt(b, 0)
	if n < markSize {
		return nil
	}
	seq, hash := Seq(binary.BigEndian.Uint64(b)), [32]byte(b[8:])
	switch {
	case string(marked(seq, hash)) != string(b): // not one of ours
	case seq > j.state.seq:
		return fmt.Errorf("%w: its newest record is %d, and it went up to %d", ErrBroken, j.state.seq, seq)
	case seq == j.state.seq && hash != j.state.hash:
		return fmt.Errorf("%w: record %d is not the one that was written", ErrBroken, seq)
	}
	return nil
}

// dropMark removes the mark of a file that is set aside.
func (j *Journal) dropMark() error {
	if j.state.mark != nil {
		j.state.mark.Close()
		j.state.mark = nil
	}
	if err := os.Remove(j.path + ".mark"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

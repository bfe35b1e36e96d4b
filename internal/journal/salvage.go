package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// openOrSalvage opens the file; when it cannot be trusted, it sets it aside and opens a new one that begins with
// every record that verifies, and ends with a record that tells of it.
func (j *Journal) openOrSalvage(ctx context.Context, whole bool) (*Damage, error) {
	err := j.openWriter(ctx)
	if err == nil && whole {
		err = j.checkAll(ctx)
	}
	if err == nil || !damaged(err) {
		return nil, err
	}
	reason := err
	if j.write != nil {
		j.write.Close()
		j.write = nil
	}
	aside, err := setAside(j.path)
	if err != nil {
		return nil, err
	}
	if err := j.dropMark(); err != nil {
		return nil, err
	}
	if err := j.openWriter(ctx); err != nil {
		return nil, err
	}
	return j.copyVerified(ctx, aside, reason.Error())
}

// checkAll verifies every record of the file that is to be written.
func (j *Journal) checkAll(ctx context.Context) error {
	var c chain
	top, err := walk(ctx, j.write, func(_ row, r Record) error { return c.record(r) }, c.cut)
	if err != nil {
		return err
	}
	return c.head(top.Seq, top.Hash)
}

// setAside renames the file and SQLite's two companions, which belong to it by name.
func setAside(path string) (string, error) {
	aside := path + ".corrupt-" + time.Now().UTC().Format("20060102-150405.000")
	for _, part := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+part, aside+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set the damaged journal aside: %w", err)
		}
	}
	return aside, nil
}

// copyVerified copies from the damaged file, opened for reading only: as they stand the records up to the first that does not
// verify, and those of the later ones that verify by themselves as new records.
func (j *Journal) copyVerified(ctx context.Context, aside, reason string) (*Damage, error) {
	c := &chain{}
	d := &Damage{Aside: filepath.Base(aside), Reason: reason}
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	w := j.state
	var failed error // of the new file: everything else only ends the copying
	old, err := openFile(ctx, aside, "mode=ro&"+patient, 2)
	if err == nil {
		defer old.Close()
		_, _ = walk(ctx, old, func(r row, rec Record) error {
			if err := c.record(rec); err != nil {
				return err
			}
			failed = copyRow(ctx, tx, r)
			return failed
		}, c.cut)
	}
	w.seq, w.hash, w.key = c.seq, c.hash, keyframe{}
	d.From = c.seq + 1
	if old != nil && failed == nil {
		rest := rest{seq: c.seq, hash: c.hash, keep: func(r Record) error {
			return w.add(ctx, tx, newPacked(r.Kind, r.At, r.Data))
		}}
		failed = rest.read(ctx, old)
		d.Again = rest.n
	}
	if failed != nil {
		return nil, fmt.Errorf("copy the verified records: %w", failed)
	}
	if err := w.tell(ctx, tx, Damaged, d); err != nil {
		return nil, err
	}
	if len(c.used) > 0 {
		if err := w.tell(ctx, tx, Checkpoint, Cuts{c.used}); err != nil {
			return nil, err
		}
	}
	if err := w.seal(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	j.state = w
	j.state.note()
	return d, nil
}

func copyRow(ctx context.Context, tx *sql.Tx, r row) error {
	_, err := tx.ExecContext(ctx, insertRecord,
		r.seq, r.at, r.kind, r.v, r.enc, r.base, r.data, r.hash)
	return err
}

// tell adds a record about the journal itself.
func (w *writer) tell(ctx context.Context, tx *sql.Tx, k Kind, what any) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return w.add(ctx, tx, newPacked(k, time.Now(), data))
}

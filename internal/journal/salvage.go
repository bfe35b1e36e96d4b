package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// openOrSalvage opens the file; when it cannot be trusted, it sets it aside and opens a new one that begins with
// every record that verifies. The cuts are those which the kept records need.
func (j *Journal) openOrSalvage(ctx context.Context) (*Damage, []Cut, error) {
	err := j.openWriter(ctx)
	if err == nil || !damaged(err) {
		return nil, nil, err
	}
	reason := err
	if j.write != nil {
		j.write.Close()
		j.write = nil
	}
	aside, err := setAside(j.path)
	if err != nil {
		return nil, nil, err
	}
	if err := j.openWriter(ctx); err != nil {
		return nil, nil, err
	}
	c, err := j.copyVerified(ctx, aside)
	if err != nil {
		return nil, nil, err
	}
	return &Damage{From: c.seq + 1, Aside: filepath.Base(aside), Reason: reason.Error()}, c.used, nil
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

// copyVerified copies records from the damaged file, opened for reading only, up to the first that does not verify.
func (j *Journal) copyVerified(ctx context.Context, aside string) (*chain, error) {
	c := &chain{}
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
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
	if failed != nil {
		return nil, fmt.Errorf("copy the verified records: %w", failed)
	}
	w := writer{seq: c.seq, hash: c.hash}
	if err := w.seal(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	j.state.seq, j.state.hash, j.state.key = c.seq, c.hash, keyframe{}
	return c, nil
}

func copyRow(ctx context.Context, tx *sql.Tx, r row) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO records (seq, at, kind, v, enc, base, data, hash) VALUES (?,?,?,?,?,?,?,?)",
		r.seq, r.at, r.kind, r.v, r.enc, r.base, r.data, r.hash)
	return err
}

package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
)

// errEnough ends a walk whose caller has seen enough.
var errEnough = errors.New("enough")

// Proved yields the records from a place on to the newest, of every kind, as of one moment, and each only when the chain proves
// it: that it is what was written, and that none before it is missing. It ends with [ErrBroken] where the chain does, also when
// the newest are cut off. What comes before the place is not looked at, but for the hash that the chain goes on from; where that
// is gone too, the chain is broken.
func (j *Journal) Proved(ctx context.Context, from Seq) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		err := j.prove(ctx, max(1, from), func(r Record) bool { return yield(r, nil) })
		if err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, fmt.Errorf("read the journal: %w", err))
		}
	}
}

func (j *Journal) prove(ctx context.Context, from Seq, yield func(Record) bool) error {
	tx, err := j.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return asBroken(err)
	}
	defer tx.Rollback()
	cuts, err := loadCuts(ctx, tx)
	if err != nil {
		return asBroken(err)
	}
	c, err := chainAt(ctx, tx, from, cuts)
	if err != nil {
		return asBroken(err)
	}
	top, err := walkFrom(ctx, tx, from, cuts, func(_ row, r Record) error {
		if err := c.record(r); err != nil {
			return err
		}
		if !yield(r) {
			return errEnough
		}
		return nil
	}, c.cut)
	if err == nil && (top.Seq != c.seq || top.Hash != hex.EncodeToString(c.hash[:])) {
		err = c.breaks(c.seq+1, "and later ones are missing: the journal went up to record %d", top.Seq)
	}
	return asBroken(err)
}

// chainAt is the chain as it stands before a record.
func chainAt(ctx context.Context, db querier, from Seq, cuts map[Seq]Cut) (*chain, error) {
	c := &chain{seq: from - 1}
	if from == 1 {
		return c, nil
	}
	var hash []byte
	err := db.QueryRowContext(ctx, "SELECT hash FROM records WHERE seq = ?", int64(from-1)).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		for _, k := range cuts {
			if k.Last == from-1 {
				hash, _ = hex.DecodeString(k.Hash)
			}
		}
		err = nil
	}
	if err != nil {
		return nil, scanned(ctx, err)
	}
	if len(hash) != len(c.hash) {
		return nil, c.breaks(from-1, "is missing, and with it the hash that record %d goes on from", from)
	}
	c.hash = [32]byte(hash)
	return c, nil
}

// asBroken says so where SQLite itself has found the damage.
func asBroken(err error) error {
	if err != nil && damaged(err) && !errors.Is(err, ErrBroken) {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return err
}

package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Keep says how long records of a kind are kept. Kinds that are not in it, or whose time is zero, are kept for ever, and so is every
// kind but [Minute] and [Observation], whatever it says. Of snapshots only the newest are of use, and kept.
type Keep map[Kind]time.Duration

// pruneStep is how much must be due before anything is cut: a cut leaves a signed record behind, and one a day is
// enough.
const pruneStep = 24 * time.Hour

// keepSnapshots is how many snapshots are left, and cutSnapshots how many are enough to cut for. More than one is kept because
// the newest may turn out not to be readable.
const (
	keepSnapshots = 2
	cutSnapshots  = 4
)

// Prune removes what is older than keep allows and returns how many records it removed. It cuts in steps of a day, and
// snapshots that newer ones stand for.
func (j *Journal) Prune(ctx context.Context, keep Keep, now time.Time) (int, error) {
	r := j.hand(ctx, &job{keep: keepOnlyFine(keep), now: now, result: make(chan result, 1)})
	if r.err != nil {
		return 0, fmt.Errorf("prune the journal: %w", r.err)
	}
	return r.cut, nil
}

func keepOnlyFine(keep Keep) Keep {
	out := Keep{}
	for k, d := range keep {
		if k.fine() && d > 0 {
			out[k] = d
		}
	}
	return out
}

func (j *Journal) prune(keep Keep, now time.Time) (n int, err error) {
	ctx := context.Background()
	w := &j.state
	if w.doubt {
		if err := w.load(ctx, j.write); err != nil {
			return 0, typed(err)
		}
	}
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, typed(err)
	}
	defer tx.Rollback()
	var cuts []Cut
	for _, k := range []Kind{Minute, Observation} {
		d, ok := keep[k]
		if !ok {
			continue
		}
		before := now.Add(-d)
		some, err := due(ctx, tx, k, before)
		if err != nil {
			return 0, typed(err)
		}
		cuts = append(cuts, some...)
	}
	some, err := superseded(ctx, tx)
	if err != nil {
		return 0, typed(err)
	}
	cuts = append(cuts, some...)
	if len(cuts) == 0 {
		return 0, nil
	}
	for i := range cuts {
		if _, err := tx.ExecContext(ctx, "DELETE FROM records WHERE seq BETWEEN ? AND ?", int64(cuts[i].First), int64(cuts[i].Last)); err != nil {
			return 0, typed(err)
		}
		cuts[i].sign(j.key)
		n += int(cuts[i].Last - cuts[i].First + 1)
	}
	data, err := json.Marshal(Cuts{cuts})
	if err != nil {
		return 0, err
	}
	next := *w
	next.key = keyframe{} // the key frame may be among what was cut
	if err := next.add(ctx, tx, newPacked(Checkpoint, now, data)); err != nil {
		return 0, typed(err)
	}
	if err := next.seal(ctx, tx); err != nil {
		return 0, typed(err)
	}
	w.doubt = true // until the commit is known to have happened
	if err := tx.Commit(); err != nil {
		return 0, typed(err)
	}
	*w = next
	w.doubt = false
	w.note()
	return n, nil
}

// due lists the runs of records of a kind from before a time, nothing unless a whole step of them is due. A digest
// that a younger one is packed against stays.
func due(ctx context.Context, db querier, k Kind, before time.Time) ([]Cut, error) {
	var oldest *int64
	if err := db.QueryRowContext(ctx, "SELECT min(at) FROM records WHERE kind = ?", string(k)).Scan(&oldest); err != nil {
		return nil, err
	}
	if oldest == nil || *oldest > before.Add(-pruneStep).UnixNano() {
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, `SELECT seq, hash FROM records WHERE kind = ?1 AND at < ?2 AND seq < (
		SELECT ifnull(min(ifnull(base, seq)), 9223372036854775807) FROM records WHERE kind = ?1 AND at >= ?2) ORDER BY seq`,
		string(k), before.UnixNano())
	if err != nil {
		return nil, err
	}
	return runs(rows)
}

// superseded lists all snapshots but the newest.
func superseded(ctx context.Context, db querier) ([]Cut, error) {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM records WHERE kind = ?", string(Snapshot)).Scan(&n); err != nil || n < cutSnapshots {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT seq, hash FROM records WHERE kind = ?1 AND seq < (
		SELECT min(seq) FROM (SELECT seq FROM records WHERE kind = ?1 ORDER BY seq DESC LIMIT ?2)) ORDER BY seq`, string(Snapshot), keepSnapshots)
	if err != nil {
		return nil, err
	}
	return runs(rows)
}

// runs are the cuts that remove records of these numbers and hashes.
func runs(rows *sql.Rows) ([]Cut, error) {
	defer rows.Close()
	var cuts []Cut
	for rows.Next() {
		var seq Seq
		var hash []byte
		if err := rows.Scan(&seq, &hash); err != nil {
			return nil, err
		}
		if n := len(cuts); n > 0 && cuts[n-1].Last+1 == seq {
			cuts[n-1].Last, cuts[n-1].Hash = seq, hex.EncodeToString(hash)
			continue
		}
		cuts = append(cuts, Cut{First: seq, Last: seq, Hash: hex.EncodeToString(hash)})
	}
	return cuts, rows.Err()
}

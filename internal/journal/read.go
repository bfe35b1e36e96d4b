package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// A Query chooses records. The zero Query is all of them, oldest first.
type Query struct {
	From, To Seq       // both included; zero: no bound
	Kinds    []Kind    // none: all
	Since    time.Time // included; zero: no bound
	Until    time.Time // not included; zero: no bound
	Limit    int       // zero: no limit
	Reverse  bool      // newest first
}

// Read yields the records that q chooses, as they stand when it is ranged over. After an error it ends.
func (j *Journal) Read(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range readRows(ctx, j.read, q) {
			if err != nil {
				yield(Record{}, fmt.Errorf("read the journal: %w", err))
				return
			}
			rec, err := r.record()
			if err != nil {
				yield(Record{}, fmt.Errorf("read record %d of the journal: %w", r.seq, err))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// Last is the newest record of a kind. ok is false when there is none.
func (j *Journal) Last(ctx context.Context, k Kind) (r Record, ok bool, err error) {
	for r, err := range j.Read(ctx, Query{Kinds: []Kind{k}, Reverse: true, Limit: 1}) {
		return r, err == nil, err
	}
	return Record{}, false, nil
}

// row is a record as the file holds it, with the one that it is packed against.
type row struct {
	seq     int64
	at      int64
	kind    string
	v       int
	enc     int
	base    sql.NullInt64
	data    []byte
	hash    []byte
	baseEnc int
	baseRaw []byte
}

func (r row) record() (Record, error) {
	data, err := unpack(r.enc, r.data, r.at, r.baseEnc, r.baseRaw)
	if err != nil {
		return Record{}, err
	}
	return Record{
		Seq: Seq(r.seq), At: time.Unix(0, r.at).UTC(), Kind: Kind(r.kind), V: r.v, Data: data, Hash: hex.EncodeToString(r.hash),
	}, nil
}

func (q Query) sql() (string, []any) {
	var s strings.Builder
	var args []any
	s.WriteString(`SELECT r.seq, r.at, r.kind, r.v, r.enc, r.base, r.data, r.hash, ifnull(b.enc, 0), b.data
		FROM records r LEFT JOIN records b ON b.seq = r.base WHERE r.seq >= ?`)
	args = append(args, int64(q.From))
	where := func(cond string, arg any) {
		s.WriteString(" AND " + cond)
		args = append(args, arg)
	}
	if q.To != 0 {
		where("r.seq <= ?", int64(min(q.To, math.MaxInt64)))
	}
	if !q.Since.IsZero() {
		where("r.at >= ?", q.Since.UnixNano())
	}
	if !q.Until.IsZero() {
		where("r.at < ?", q.Until.UnixNano())
	}
	if len(q.Kinds) > 0 {
		s.WriteString(" AND r.kind IN (?" + strings.Repeat(",?", len(q.Kinds)-1) + ")")
		for _, k := range q.Kinds {
			args = append(args, string(k))
		}
	}
	s.WriteString(" ORDER BY r.seq")
	if q.Reverse {
		s.WriteString(" DESC")
	}
	if q.Limit > 0 {
		fmt.Fprintf(&s, " LIMIT %d", q.Limit)
	}
	return s.String(), args
}

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readRows(ctx context.Context, db querier, q Query) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		text, args := q.sql()
		rows, err := db.QueryContext(ctx, text, args...)
		if err != nil {
			yield(row{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			err := rows.Scan(&r.seq, &r.at, &r.kind, &r.v, &r.enc, &r.base, &r.data, &r.hash, &r.baseEnc, &r.baseRaw)
			if !yield(r, scanned(ctx, err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(row{}, err)
		}
	}
}

// scanned says that a row which is not of the journal's shape is damage: a bit can turn a value into one of another type.
func scanned(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || code(err) != sqlite3.SQLITE_OK {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

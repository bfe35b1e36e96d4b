package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// queueLimit bounds the appends that wait; at a thousand commits a second it is a second's worth.
	queueLimit = 1024
	// groupLimit bounds the appends of one commit, so that the first of them does not wait for too many others.
	groupLimit = 256
	// reserveSize is room for about a thousand commits of a page each on a full disk.
	reserveSize = 4 << 20
	// refillEvery is how often a given-up reserve is tried again.
	refillEvery = 10 * time.Second
	// dataVersion is the version of the shapes of Data that this program writes.
	dataVersion = 1
)

// A job is what the writing goroutine does in one turn: an append, or a cut.
type job struct {
	entries []packed
	keep    Keep // set: a cut
	now     time.Time
	result  chan result // buffered: nobody waits for a caller that went away
}

type result struct {
	seqs []Seq
	cut  int
	err  error
}

// packed is an entry whose data is already JSON.
type packed struct {
	kind Kind
	at   int64
	data []byte
	enc  int    // how it is packed already, where that needs no other record: not a Minute
	out  []byte // data, packed
}

func newPacked(kind Kind, at time.Time, data []byte) packed {
	p := packed{kind: kind, at: at.UnixNano(), data: data, out: data}
	if kind != Minute && kind != Snapshot { // a snapshot was packed by who made it
		p.enc, p.out = smaller(data)
	}
	return p
}

// fine reports whether a full disk may cost us all of the job.
func (b *job) fine() bool {
	for _, e := range b.entries {
		if !e.kind.fine() {
			return false
		}
	}
	return true
}

// Append writes the entries, all or none, and returns when they are on the disk. It fails at once with [ErrBusy] when
// too much is waiting, and with [ErrFull] on a full disk. When ctx ends first, the entries may still be written.
func (j *Journal) Append(ctx context.Context, entries ...Entry) ([]Seq, error) {
	b := &job{result: make(chan result, 1)}
	for _, e := range entries {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return nil, fmt.Errorf("append %s: %w", e.Kind, err)
		}
		if e.At.IsZero() {
			e.At = time.Now()
		}
		b.entries = append(b.entries, newPacked(e.Kind, e.At, data))
	}
	r := j.hand(ctx, b)
	if r.err != nil {
		return nil, fmt.Errorf("append to the journal: %w", r.err)
	}
	return r.seqs, nil
}

func (j *Journal) hand(ctx context.Context, b *job) result {
	if j.write == nil {
		return result{err: errors.New("opened for reading only")}
	}
	select {
	case <-j.closed:
		return result{err: ErrClosed}
	default:
	}
	select {
	case j.queue <- b:
	default:
		return result{err: ErrBusy}
	}
	select {
	case r := <-b.result:
		return r
	case <-ctx.Done():
		return result{err: ctx.Err()}
	case <-j.over:
		select {
		case r := <-b.result:
			return r
		default:
			return result{err: ErrClosed} // it slipped in behind the last turn
		}
	}
}

func (j *Journal) run() {
	defer close(j.over)
	for {
		select {
		case b := <-j.queue:
			j.turn(b)
		case <-j.closed:
			for {
				select {
				case b := <-j.queue:
					j.turn(b)
				default:
					return
				}
			}
		}
	}
}

// turn does one job, together with the appends that wait behind it.
func (j *Journal) turn(first *job) {
	if first.keep != nil {
		n, err := j.prune(first.keep, first.now)
		first.result <- result{cut: n, err: err}
		return
	}
	group := []*job{first}
	var after *job
	for len(group) < groupLimit && after == nil {
		select {
		case b := <-j.queue:
			if b.keep != nil {
				after = b
			} else {
				group = append(group, b)
			}
			continue
		default:
		}
		break
	}
	j.settle(group)
	if after != nil {
		j.turn(after)
	}
}

// settle commits a group and answers its callers. On a full disk it gives up the reserve for what matters.
func (j *Journal) settle(group []*job) {
	w := &j.state
	w.refill()
	if w.low {
		group = refuseFine(group)
	}
	seqs, err := w.commit(j.write, group)
	if errors.Is(err, ErrFull) && !w.low {
		w.low = true
		os.Remove(w.reserve)
		w.tried = time.Now()
		group = refuseFine(group)
		seqs, err = w.commit(j.write, group)
	}
	j.low.Store(w.low) // before anybody is answered
	for k, b := range group {
		if err != nil {
			b.result <- result{err: err}
		} else {
			b.result <- result{seqs: seqs[k]}
		}
	}
}

func refuseFine(group []*job) []*job {
	var rest []*job
	for _, b := range group {
		if b.fine() {
			b.result <- result{err: ErrFull}
		} else {
			rest = append(rest, b)
		}
	}
	return rest
}

// writer is the end of the chain. It belongs to the goroutine of run.
type writer struct {
	seq   Seq
	hash  [32]byte
	key   keyframe
	doubt bool // a commit failed: what the file holds must be read again
	mark  *os.File

	insert, update *sql.Stmt // of a record, and of the head

	reserve string
	low     bool // the reserve is given up
	tried   time.Time
}

// Low reports whether the disk is full, so that the reserve was given up: what still fits is for records of what cannot be put
// off. It is over within [refillEvery] of there being space again.
func (j *Journal) Low() bool {
	if !j.low.Load() {
		return false
	}
	select {
	case j.queue <- &job{result: make(chan result, 1)}: // an empty append: before any the writer looks whether there is room again
	default:
	}
	return true
}

// insertRecord takes what a row of records holds.
const insertRecord = "INSERT INTO records (seq, at, kind, v, enc, base, data, hash) VALUES (?,?,?,?,?,?,?,?)"

// prepare has the statements of each commit ready; they end with db.
func (w *writer) prepare(ctx context.Context, db *sql.DB) (err error) {
	if w.insert, err = db.PrepareContext(ctx, insertRecord); err != nil {
		return err
	}
	w.update, err = db.PrepareContext(ctx, "UPDATE head SET seq=?, hash=?")
	return err
}

func (w *writer) load(ctx context.Context, db *sql.DB) error {
	var hash []byte
	if err := db.QueryRowContext(ctx, "SELECT seq, hash FROM head").Scan(&w.seq, &hash); err != nil {
		return scanned(ctx, err)
	}
	if copy(w.hash[:], hash) != sha256.Size {
		return fmt.Errorf("%w: its head is %d bytes long", ErrBroken, len(hash))
	}
	w.key, w.doubt = keyframe{}, false
	return nil
}

func (w *writer) commit(db *sql.DB, group []*job) (seqs [][]Seq, err error) {
	if len(group) == 0 {
		return nil, nil
	}
	// A commit is never abandoned half way for a caller's sake: others wait for it too.
	ctx := context.Background()
	if w.doubt {
		if err := w.load(ctx, db); err != nil {
			return nil, typed(err)
		}
	}
	next := *w
	defer func() {
		if err != nil {
			w.doubt, err = true, typed(err)
		}
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	for _, b := range group {
		var own []Seq
		for _, e := range b.entries {
			if err := next.add(ctx, tx, e); err != nil {
				return nil, err
			}
			own = append(own, next.seq)
		}
		seqs = append(seqs, own)
	}
	if err := next.seal(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	*w = next
	w.note()
	return seqs, nil
}

func (w *writer) add(ctx context.Context, tx *sql.Tx, e packed) error {
	w.seq++
	w.hash = chainHash(w.hash, w.seq, e.at, e.kind, dataVersion, e.data)
	enc, base, data := w.key.pack(w.seq, e)
	_, err := tx.StmtContext(ctx, w.insert).ExecContext(ctx, int64(w.seq), e.at, string(e.kind), dataVersion, enc, base, data, w.hash[:])
	return err
}

func (w *writer) seal(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.StmtContext(ctx, w.update).ExecContext(ctx, int64(w.seq), w.hash[:])
	return err
}

// refill sets the reserve up again once there is room for it.
func (w *writer) refill() {
	if !w.tried.IsZero() && (!w.low || time.Since(w.tried) < refillEvery) {
		return
	}
	w.tried = time.Now()
	if i, err := os.Stat(w.reserve); err == nil && i.Size() == reserveSize {
		w.low = false
		return
	}
	w.low = fill(w.reserve) != nil
}

func fill(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// Written, not only stretched: a sparse file keeps no room.
	_, err = f.Write(make([]byte, reserveSize))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

func typed(err error) error {
	if code(err) == sqlite3.SQLITE_FULL {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

package journal

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Options are how a journal is opened.
type Options struct {
	// ReadOnly opens it for reading beside the daemon that writes it: nothing is locked, created or repaired.
	ReadOnly bool
	// Salvage has all of it verified, not only the newest records, and salvaged if it does not. That takes seconds: it is for
	// whoever has been told [ErrBroken] by [Journal.Proved].
	Salvage bool
}

// A Journal is an open journal. Its methods may be called from several goroutines.
type Journal struct {
	path   string
	write  *sql.DB // one connection; the goroutine of run alone uses it
	read   *sql.DB
	lock   *sql.DB // holds an exclusive lock on path.lock as long as it is open
	key    ed25519.PrivateKey
	damage *Damage

	queue  chan *job
	closed chan struct{} // closed by Close: no new work
	over   chan struct{} // closed when run has ended

	state writer
	low   atomic.Bool // as state.low, for others
}

// schema is what each version of the file adds to the one before; PRAGMA user_version counts them.
var schema = []string{`
CREATE TABLE records (
	seq  INTEGER PRIMARY KEY,
	at   INTEGER NOT NULL, -- nanoseconds since 1970
	kind TEXT    NOT NULL,
	v    INTEGER NOT NULL,
	enc  INTEGER NOT NULL, -- how data is packed: pack.go
	base INTEGER,          -- the record that data is packed against
	data BLOB    NOT NULL,
	hash BLOB    NOT NULL
) STRICT;
CREATE INDEX records_kind_at ON records (kind, at);
CREATE TABLE head (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	seq  INTEGER NOT NULL,
	hash BLOB    NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32));
`}

// Open opens the journal at path and creates it when there is none. A damaged one is salvaged: see [Journal.Damage].
// It fails with [ErrLocked] while another program writes it.
func Open(ctx context.Context, path string, o Options) (_ *Journal, err error) {
	j := &Journal{path: path, queue: make(chan *job, queueLimit), closed: make(chan struct{}), over: make(chan struct{})}
	defer func() {
		if err != nil {
			j.closeFiles()
			err = fmt.Errorf("open journal %s: %w", path, err)
		}
	}()
	if o.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		close(j.over)
		j.read, err = openFile(ctx, path, "mode=ro&"+patient, readers)
		return j, err
	}
	if err := j.takeLock(ctx); err != nil {
		return nil, err
	}
	if j.key, err = loadKey(path + ".key"); err != nil {
		return nil, err
	}
	if j.damage, err = j.openOrSalvage(ctx, o.Salvage); err != nil {
		return nil, err
	}
	if j.read, err = openFile(ctx, path, "mode=ro&"+patient, readers); err != nil {
		return nil, err
	}
	j.state.reserve = path + ".reserve"
	j.state.refill()
	j.low.Store(j.state.low)
	go j.run()
	return j, nil
}

// Damage tells what was found broken on opening, nil when all was well.
func (j *Journal) Damage() *Damage { return j.damage }

// Close waits for the appends that were accepted and closes the file. Later appends fail with [ErrClosed].
func (j *Journal) Close() error {
	select {
	case <-j.closed:
		return nil
	default:
		close(j.closed)
	}
	<-j.over
	return j.closeFiles()
}

func (j *Journal) closeFiles() error {
	var errs []error
	for _, db := range []*sql.DB{j.read, j.write, j.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if j.state.mark != nil {
		errs = append(errs, j.state.mark.Close())
		j.state.mark = nil
	}
	return errors.Join(errs...)
}

// patient waits for a lock of SQLite's own that another connection holds for a moment.
const patient = "_pragma=busy_timeout(5000)"

// readers is the number of reading connections: the dashboard, an export and a spare.
const readers = 3

func openFile(ctx context.Context, path, query string, conns int) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	slash := filepath.ToSlash(abs)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash // a Windows drive
	}
	u := url.URL{Scheme: "file", Path: slash, RawQuery: query}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// takeLock locks a file beside the journal, by SQLite's own means, because those work on every system and end with
// the process however it ends. The journal itself stays readable for others.
func (j *Journal) takeLock(ctx context.Context) error {
	if err := touch(j.path + ".lock"); err != nil {
		return err
	}
	var err error
	if j.lock, err = openFile(ctx, j.path+".lock", "mode=rw&_pragma=busy_timeout(0)", 1); err == nil {
		_, err = j.lock.ExecContext(ctx, "BEGIN EXCLUSIVE") // on the only connection, which stays open: it is the lock
	}
	if code(err) == sqlite3.SQLITE_BUSY {
		return ErrLocked
	}
	return err
}

// touch creates a file that only its owner can read.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openWriter opens the file for writing, brings its schema up to date and looks at its newest records.
func (j *Journal) openWriter(ctx context.Context) error {
	if err := touch(j.path); err != nil {
		return err
	}
	var err error
	j.write, err = openFile(ctx, j.path, "mode=rw&"+patient+"&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)", 1)
	if err != nil {
		return err
	}
	var have int
	if err := j.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(schema) {
		return fmt.Errorf("written by a newer hikeshi (format %d, this one knows %d)", have, len(schema))
	}
	for ; have < len(schema); have++ {
		tx, err := j.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, schema[have]+fmt.Sprintf("; PRAGMA user_version=%d", have+1)); err != nil {
			tx.Rollback()
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	if err := j.state.prepare(ctx, j.write); err != nil {
		return err
	}
	if err := j.state.load(ctx, j.write); err != nil {
		return err
	}
	if err := checkTail(ctx, j.write, j.state.seq, j.state.hash); err != nil {
		return err
	}
	return j.openMark()
}

func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff // without the extended part
	}
	return sqlite3.SQLITE_OK
}

// damaged reports whether err means that the file's content cannot be trusted, rather than that it cannot be reached.
func damaged(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT:
		return true
	}
	return errors.Is(err, ErrBroken)
}

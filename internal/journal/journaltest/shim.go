package journaltest

import (
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// What SQLite writes is seen, and kept from the disk when the power is off, by a shim around its own way to files, which becomes
// the default of the test's process. Reads, locks and shared memory are untouched.

// shim is what the functions that SQLite calls need. They are no closures: SQLite knows them by address.
var shim struct {
	once   sync.Once
	open   uintptr             // the original xOpen
	delete uintptr             // the original xDelete
	mu     sync.Mutex          // guards what follows
	ours   map[uintptr]uintptr // copies of original file methods that lead here, by those
	files  map[uintptr]opened
	power  *Power // nil: nobody looks
}

// An opened file is one that SQLite has open.
type opened struct {
	path    string
	methods uintptr // the original ones
}

// install puts the shim in place, once in a process.
func install(t testing.TB) {
	shim.once.Do(func() {
		tls := libc.NewTLS()
		was := sqlite3.Xsqlite3_vfs_find(tls, 0)
		size := unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})
		vfs := libc.Xmalloc(tls, libc.Tsize_t(size))
		*at[sqlite3.Tsqlite3_vfs](vfs) = *at[sqlite3.Tsqlite3_vfs](was)
		v := at[sqlite3.Tsqlite3_vfs](vfs)
		shim.open, shim.delete, shim.ours, shim.files = v.FxOpen, v.FxDelete, map[uintptr]uintptr{}, map[uintptr]opened{}
		name, err := libc.CString("power")
		if err != nil {
			t.Fatal(err)
		}
		v.FzName, v.FpNext = name, 0
		v.FxOpen, v.FxDelete = address(xOpen), address(xDelete)
		if code := sqlite3.Xsqlite3_vfs_register(tls, vfs, 1); code != sqlite3.SQLITE_OK {
			t.Fatalf("register the shim: %d", code)
		}
	})
}

// at is the C value at an address.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// address is how SQLite, translated from C, calls a Go function.
func address[F any](f F) uintptr {
	var x any = f
	return (*[2]uintptr)(unsafe.Pointer(&x))[1]
}

// function is the Go function at an address that SQLite holds.
func function[F any](p uintptr) F {
	return *(*F)(unsafe.Pointer(&p))
}

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	deleteFunc   = func(tls *libc.TLS, vfs, name uintptr, sync int32) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

func xOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	code := function[openFunc](shim.open)(tls, vfs, name, file, flags, out)
	f := at[sqlite3.Tsqlite3_file](file)
	if code != sqlite3.SQLITE_OK || f.FpMethods == 0 {
		return code
	}
	shim.mu.Lock()
	defer shim.mu.Unlock()
	was := f.FpMethods
	if shim.ours[was] == 0 {
		ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
		m := at[sqlite3.Tsqlite3_io_methods](ours)
		*m = *at[sqlite3.Tsqlite3_io_methods](was)
		m.FxWrite, m.FxTruncate, m.FxSync = address(xWrite), address(xTruncate), address(xSync)
		shim.ours[was] = ours
	}
	f.FpMethods = shim.ours[was]
	shim.files[file] = opened{libc.GoString(name), was}
	return code
}

// seen hands what is about to happen to a file to the test that looks at it, and says whether it may happen. The methods are the
// original ones.
func seen(file uintptr, o op) (m *sqlite3.Tsqlite3_io_methods, may bool) {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	f := shim.files[file]
	return at[sqlite3.Tsqlite3_io_methods](f.methods), named(f.path, o)
}

func named(path string, o op) bool {
	if p := shim.power; p != nil && filepath.Dir(path) == p.dir {
		o.file = filepath.Base(path)
		return p.take(o)
	}
	return true
}

func xWrite(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	m, may := seen(file, op{kind: write, offset: offset, data: unsafe.Slice(at[byte](data), n)})
	if !may {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	return function[writeFunc](m.FxWrite)(tls, file, data, n, offset)
}

func xTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	m, may := seen(file, op{kind: truncate, offset: size})
	if !may {
		return sqlite3.SQLITE_IOERR_TRUNCATE
	}
	return function[truncateFunc](m.FxTruncate)(tls, file, size)
}

func xSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	m, may := seen(file, op{kind: synced})
	if !may {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	return function[syncFunc](m.FxSync)(tls, file, flags)
}

func xDelete(tls *libc.TLS, vfs, name uintptr, sync int32) int32 {
	shim.mu.Lock()
	may := named(libc.GoString(name), op{kind: deleted})
	shim.mu.Unlock()
	if !may {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	return function[deleteFunc](shim.delete)(tls, vfs, name, sync)
}

package journaltest

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A Power is the power of the disk under one folder. It keeps everything that SQLite does to the files in it, so that the folder can be
// made anew as a power cut at any moment would have left it: what was synced is there; of what was not, each write may have
// reached the disk, or not, or torn between two sectors. What others than SQLite write is not kept.
type Power struct {
	dir string
	was map[string][]byte // the files at first
	ops []op              // guarded by shim.mu
	off bool              // guarded by shim.mu

	last int    // guarded by shim.mu: after so many, the power is cut; 0: it is not
	then func() // what goes with it
}

type kind int

const (
	write kind = iota
	truncate
	synced
	deleted
)

// An op is one thing that SQLite does to a file.
type op struct {
	file   string
	kind   kind
	offset int64 // of a truncation, the size
	data   []byte
}

// Watch keeps what is done in a folder, which may hold a journal.db, until the test ends, or Watch is called again. Only one folder of a process is watched.
func Watch(t testing.TB, dir string) *Power {
	install(t)
	p := &Power{dir: dir, was: map[string][]byte{}}
	for _, name := range []string{"journal.db", "journal.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		p.was[name] = b
	}
	shim.mu.Lock()
	shim.power = p
	shim.mu.Unlock()
	t.Cleanup(func() {
		shim.mu.Lock()
		defer shim.mu.Unlock()
		if shim.power == p {
			shim.power = nil
		}
	})
	return p
}

func (p *Power) take(o op) bool {
	if p.off {
		return false
	}
	o.data = bytes.Clone(o.data)
	p.ops = append(p.ops, o)
	if len(p.ops) == p.last {
		p.off = true
		p.then()
	}
	return true
}

// Now is how many things were done.
func (p *Power) Now() int {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	return len(p.ops)
}

// OffAfter cuts the power in so many steps: what is done then is not done any more, and everything after it fails. What else loses
// its power with the disk does so in then, which calls nothing of here.
func (p *Power) OffAfter(steps int, then func()) {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	p.last, p.then = len(p.ops)+max(1, steps), then
}

// A Disk is the files as they stand after some of what was done.
type Disk struct {
	p     *Power
	done  int
	files map[string]*file
}

type file struct {
	safe    []byte // as synced
	pending []op   // since then
}

// Disk begins with nothing done.
func (p *Power) Disk() *Disk {
	d := &Disk{p: p, files: map[string]*file{}}
	for name, b := range p.was {
		d.files[name] = &file{safe: bytes.Clone(b)}
	}
	return d
}

// Advance does what was done up to a moment.
func (d *Disk) Advance(now int) {
	shim.mu.Lock()
	ops := d.p.ops[d.done:now]
	shim.mu.Unlock()
	for _, o := range ops {
		f := d.files[o.file]
		if f == nil {
			f = &file{}
			d.files[o.file] = f
		}
		switch o.kind {
		case synced:
			for _, o := range f.pending {
				f.safe = o.apply(f.safe)
			}
			f.pending = nil
		case deleted:
			delete(d.files, o.file)
		default:
			f.pending = append(f.pending, o)
		}
	}
	d.done = now
}

// Done is how much has been done.
func (d *Disk) Done() int { return d.done }

// Unsynced is how many things were done and not synced.
func (d *Disk) Unsynced() int {
	n := 0
	for _, f := range d.files {
		n += len(f.pending)
	}
	return n
}

// sector is what a disk writes whole. SQLite assumes no more.
const sector = 512

func (o op) apply(b []byte) []byte {
	if o.kind == truncate {
		return grown(b, o.offset)[:o.offset]
	}
	b = grown(b, o.offset+int64(len(o.data)))
	copy(b[o.offset:], o.data)
	return b
}

func grown(b []byte, size int64) []byte {
	if int64(len(b)) < size {
		b = append(b, make([]byte, size-int64(len(b)))...)
	}
	return b
}

// Cut writes the files into a folder as a power cut leaves them now. The journals' reserves are there too, without their room: to
// write them takes longer than all the rest.
func (d *Disk) Cut(t testing.TB, rng *rand.Rand, dir string) {
	t.Helper()
	reserves, err := filepath.Glob(filepath.Join(d.p.dir, "*.reserve"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reserves {
		into := filepath.Join(dir, filepath.Base(r))
		if err := errors.Join(os.WriteFile(into, nil, 0o600), os.Truncate(into, 4<<20)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		b := f.torn(rng)
		if len(b) == 0 {
			continue // as if it had never been made
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// torn is the file with what may have reached the disk: nothing, everything, a beginning whose last write is torn, or any sectors.
func (f *file) torn(rng *rand.Rand) []byte {
	b := bytes.Clone(f.safe)
	n := len(f.pending)
	switch how := rng.IntN(4); {
	case n == 0 || how == 0:
	case how == 1:
		for _, o := range f.pending {
			b = o.apply(b)
		}
	case how == 2:
		k := rng.IntN(n)
		for _, o := range f.pending[:k] {
			b = o.apply(b)
		}
		if o := f.pending[k]; o.kind == write {
			o.data = o.data[:min(len(o.data), rng.IntN(len(o.data)/sector+1)*sector+rng.IntN(2)*rng.IntN(sector))]
			b = o.apply(b)
		}
	default:
		for _, o := range f.pending {
			for from := 0; o.kind == write && from < len(o.data); from += sector {
				if rng.IntN(2) == 0 {
					b = op{kind: write, offset: o.offset + int64(from), data: o.data[from:min(len(o.data), from+sector)]}.apply(b)
				}
			}
		}
	}
	return b
}

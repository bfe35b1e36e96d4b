package failures

import (
	"bytes"
	"context"
	"sync"
	"time"

	"hikeshi/internal/journal"
)

// A diary is a bot in a process of its own that notes its orders before it sends them, as well as it can, and reads its notes when
// it starts again.
type diary struct {
	w      *world
	change func(*library)
	// resends: what is in the notes without an outcome is sent again. Else it is given up.
	resends bool

	mu  sync.Mutex
	now *life
}

// A life is one run of the process.
type life struct {
	library *library
	line    *line
	disk    *handle
	ctx     context.Context
	end     context.CancelFunc
}

func keepsDiary(resends bool, change func(*library)) func(w *world) bot {
	return func(w *world) bot {
		d := &diary{w: w, change: change, resends: resends}
		d.start()
		return d
	}
}

// start implements process.
func (d *diary) start() {
	l := &life{line: d.w.newLine(), disk: &handle{disk: d.w.disk}}
	l.library = &library{w: d.w, http: l.line.transport()}
	d.change(l.library)
	l.ctx, l.end = context.WithCancel(d.w.t.Context())
	d.w.t.Cleanup(l.end)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = l
}

// crash implements process.
func (d *diary) crash() {
	l := d.life()
	l.line.die()
	l.disk.end()
	l.end()
}

func (d *diary) life() *life {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// place implements bot.
func (d *diary) place(ctx context.Context, o order) belief {
	l := d.life()
	// A note that cannot be written does not keep the order from being sent.
	_, _ = l.disk.Append(ctx, journal.Entry{Kind: "note", At: time.Now(), Data: o})
	if l.ctx.Err() == nil {
		if b := l.library.place(l.ctx, o); l.ctx.Err() == nil {
			return b
		}
	}
	for d.life() == l && ctx.Err() == nil {
		rest(ctx, time.Second)
	}
	if !d.resends || !d.noted(o) || ctx.Err() != nil {
		return belief{}
	}
	return d.life().library.place(ctx, o)
}

// noted reports whether an order is in the notes.
func (d *diary) noted(o order) bool {
	for r := range d.w.disk.all {
		if bytes.Contains(r.Data, []byte(o.body())) {
			return true
		}
	}
	return false
}

// cancel implements bot.
func (d *diary) cancel(ctx context.Context, pair string, id int64) belief {
	return d.life().library.cancel(ctx, pair, id)
}

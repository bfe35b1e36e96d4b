package relay

import (
	"slices"

	"hikeshi/bitbank"
	"hikeshi/internal/socketio"
)

// What is kept of a pair between two wholes. A whole comes every second while a book moves (measured by others), with some ten
// differences in between at busy times.
const (
	maxLater      = 512
	maxLaterBytes = 256 << 10
)

// A diff is a depth_diff as it came.
type diff struct {
	seq    bitbank.Sequence
	packet socketio.Packet
	held   bool // it was kept back, and nobody has it yet
}

// A depth is what the present connection has said of the book of a pair: the newest whole and the differences after it. It
// decides which differences are kept back. Messages whose id cannot be read, 0, are passed on: a form that we do not know must
// not silence a room.
type depth struct {
	passed bool // something was passed on once, so that somebody may have a book to protect
	doubt  bool // a book that was built so far misses something: differences are kept back until the next whole

	whole   socketio.Packet
	known   bool             // whole is there, and so is everything after it
	at      bitbank.Sequence // of the newest whole
	last    bitbank.Sequence // the highest difference
	later   []diff           // with ids above at, ascending
	bytes   int              // in later
	cut     bitbank.Sequence // the highest difference that later had no room for
	dropped int              // differences that were kept back for good, in this doubt
}

// lose forgets a connection, or a part of what it said.
func (d *depth) lose() {
	d.forget(len(d.later))
	*d = depth{passed: d.passed, doubt: d.passed, dropped: d.dropped}
}

// takeDiff takes the next difference. pass says that it is to be passed on now; back, that its id is lower than one before it.
func (d *depth) takeDiff(seq bitbank.Sequence, p socketio.Packet) (pass, back bool) {
	back = seq != 0 && seq < d.last
	d.doubt = d.doubt || back
	d.last = max(d.last, seq)
	d.passed = d.passed || !d.doubt
	switch {
	case seq > d.at:
		d.insert(diff{seq, p, d.doubt})
	case d.doubt: // the whole contains it, or it cannot be placed
		d.dropped++
	case seq == 0:
		d.known = false // what comes after the whole is no longer all there
	}
	return !d.doubt, back
}

// insert keeps a difference in its place, which nearly always is the last.
func (d *depth) insert(n diff) {
	i := len(d.later)
	for i > 0 && d.later[i-1].seq > n.seq {
		i--
	}
	d.later = slices.Insert(d.later, i, n)
	d.bytes += n.packet.Len()
	for len(d.later) > maxLater || d.bytes > maxLaterBytes {
		d.cut, d.known = d.later[0].seq, false
		d.forget(1)
	}
}

// forget lets go of the first n differences.
func (d *depth) forget(n int) {
	for _, gone := range d.later[:n] {
		d.bytes -= gone.packet.Len()
		if gone.held {
			d.dropped++
		}
	}
	d.later = slices.Delete(d.later, 0, n)
}

// takeWhole takes the next whole, which is always passed on. settled says that no difference is kept back any more, and released are
// those that were, or came before it and follow it. back says that its id is lower than that of the whole before.
func (d *depth) takeWhole(seq bitbank.Sequence, p socketio.Packet) (released []diff, settled, back bool) {
	back = d.known && seq != 0 && seq < d.at
	if back {
		// The ids before may be of another numbering, so no difference can be placed: the next whole decides.
		d.lose()
		d.doubt = true
	}
	contained := 0
	for contained < len(d.later) && (d.later[contained].seq <= seq || seq == 0) {
		contained++
	}
	d.forget(contained)
	d.whole, d.at, d.passed = p, seq, true
	d.known = seq != 0 && d.cut <= seq // else what had no room is missing after this whole, too
	if back || d.doubt && !d.known && seq != 0 {
		return nil, false, back
	}
	if d.doubt {
		d.doubt = false
		for i := range d.later {
			d.later[i].held = false
		}
		released = slices.Clone(d.later)
	}
	return released, true, false
}

// kept is how many differences were kept back for good in the doubt that has ended.
func (d *depth) kept() int {
	n := d.dropped
	d.dropped = 0
	return n
}

// replay is what a newcomer needs to have the book at once: the newest whole and the differences after it. ok is false while
// that is not known.
func (d *depth) replay() (whole socketio.Packet, later []diff, ok bool) {
	return d.whole, d.later, d.known && !d.doubt
}

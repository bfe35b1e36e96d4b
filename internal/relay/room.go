package relay

import (
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/socketio"
)

// A room is one that somebody wants, or wanted a moment ago. The relay's lock guards it.
type room struct {
	name    string
	channel bitbank.Channel
	pair    string
	bots    map[*bot]bool
	gap     *gap            // while it is not passed on
	last    socketio.Packet // the newest of circuit_break_info on the present connection
	idle    time.Time       // since when nobody wants it; zero while somebody does
}

// maxName bounds a room's name; bitbank's longest has 30 characters or so.
const maxName = 60

// room finds or makes a room. It is nil when there can be none, and the reason says why.
func (r *Relay) room(name string, now time.Time) (*room, Reason) {
	if m := r.rooms[name]; m != nil {
		return m, ""
	}
	channel, pair := bitbank.SplitRoom(name)
	if channel == "" || len(name) > maxName || r.o.Pair != nil && !r.o.Pair(pair) {
		return nil, NoRoom
	}
	names := []string{name}
	if channel == bitbank.ChannelDepthDiff { // which goes on with a whole
		names = append(names, bitbank.Room(bitbank.ChannelDepthWhole, pair))
	}
	names = slices.DeleteFunc(names, func(n string) bool { return r.rooms[n] != nil })
	if len(r.rooms)+len(names) > r.o.MaxRooms {
		return nil, TooManyRooms
	}
	if (channel == bitbank.ChannelDepthDiff || channel == bitbank.ChannelDepthWhole) && r.depths[pair] == nil {
		r.depths[pair] = &depth{}
	}
	for _, n := range names {
		m := &room{name: n, pair: pair, bots: map[*bot]bool{}}
		m.channel, _ = bitbank.SplitRoom(n)
		if r.link.stream == nil {
			m.gap = &gap{from: now, why: Upstream}
		}
		r.rooms[n] = m
	}
	nudge(r.want)
	nudge(r.work)
	return r.rooms[name], ""
}

// wanted reports whether somebody wants a room. A whole is wanted with the differences.
func (r *Relay) wanted(m *room) bool {
	if len(m.bots) > 0 || r.watched(m.name) {
		return true
	}
	diffs := r.rooms[bitbank.Room(bitbank.ChannelDepthDiff, m.pair)]
	return m.channel == bitbank.ChannelDepthWhole && diffs != nil
}

// remove forgets a room. With the last one the connection ends.
func (r *Relay) remove(m *room) {
	delete(r.rooms, m.name)
	switch m.channel {
	case bitbank.ChannelDepthDiff:
		r.depths[m.pair].lose() // who comes later finds a hole
	case bitbank.ChannelDepthWhole:
		delete(r.depths, m.pair) // it outlives the room of the differences
	}
	if len(r.rooms) == 0 && r.link.cancel != nil {
		r.link.cancel()
	}
	nudge(r.work)
}

// lose begins a gap, unless there is one already.
func (r *Relay) lose(m *room, from time.Time, why Reason, now time.Time) {
	m.last = socketio.Packet{}
	if m.gap != nil {
		return
	}
	m.gap = &gap{from: from, why: why}
	r.pass(m, m.gap.begun(m.name), 0, now)
}

// regain ends a gap, if there is one.
func (r *Relay) regain(m *room, now time.Time) {
	if m == nil || m.gap == nil {
		return
	}
	g := m.gap
	m.gap = nil
	if m.channel == bitbank.ChannelDepthDiff {
		g.dropped = r.depths[m.pair].kept()
		r.stats.Kept += uint64(g.dropped)
	}
	r.pass(m, g.over(m.name, now), 0, now)
}

// pass sends a packet to all bots in a room; see send.
func (r *Relay) pass(m *room, p socketio.Packet, messages int, now time.Time) {
	for b := range m.bots {
		r.send(b, m.name, p, messages, now)
	}
}

// message passes on what bitbank sent.
func (r *Relay) message(e bitbank.Event) {
	m := r.rooms[e.Room]
	if m == nil {
		return // left a moment ago
	}
	p := socketio.NewPacket(e.Packet)
	switch m.channel {
	case bitbank.ChannelDepthDiff:
		r.diff(m, e, p)
		return
	case bitbank.ChannelDepthWhole:
		r.whole(m, e, p)
		return
	case bitbank.ChannelCircuitBreakInfo:
		m.last = p
	}
	r.regain(m, e.At)
	r.pass(m, p, 1, e.At)
}

func (r *Relay) diff(m *room, e bitbank.Event, p socketio.Packet) {
	var seq bitbank.Sequence
	if d, err := e.DepthDiff(); err == nil {
		seq = d.Seq
	}
	pass, back := r.depths[m.pair].takeDiff(seq, p)
	if back {
		r.lose(m, e.At, Sequence, e.At)
	}
	if pass {
		r.regain(m, e.At)
		r.pass(m, p, 1, e.At)
	}
}

func (r *Relay) whole(m *room, e bitbank.Event, p socketio.Packet) {
	var seq bitbank.Sequence
	if d, err := e.Depth(); err == nil {
		seq = d.Seq
	}
	released, settled, back := r.depths[m.pair].takeWhole(seq, p)
	diffs := r.rooms[bitbank.Room(bitbank.ChannelDepthDiff, m.pair)]
	if back {
		r.lose(m, e.At, Sequence, e.At)
		if diffs != nil {
			r.lose(diffs, e.At, Sequence, e.At)
		}
	}
	r.regain(m, e.At)
	r.pass(m, p, 1, e.At)
	if diffs == nil || !settled {
		return
	}
	r.regain(diffs, e.At)
	for _, d := range released {
		r.pass(diffs, d.packet, 1, e.At)
	}
}

// unreadable is a message that could not be read, of a room or, when that is "", of any: what it said is missing.
func (r *Relay) unreadable(e bitbank.Event) {
	for _, m := range r.rooms {
		if m.gap != nil || e.Room != "" && e.Room != m.name {
			continue
		}
		r.lose(m, e.At, Unreadable, e.At)
		if m.channel == bitbank.ChannelDepthDiff {
			r.depths[m.pair].lose()
		}
		if m.channel != bitbank.ChannelDepthDiff || !r.depths[m.pair].doubt {
			r.regain(m, e.At)
		}
	}
}

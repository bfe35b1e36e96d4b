package relay

import (
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/socketio"
)

// A bot is one client. The relay's lock guards it.
type bot struct {
	x      *socketio.Session
	rooms  map[string]*room
	behind time.Time       // since when its queue is full; zero while it keeps up
	missed map[string]*gap // by room, what it did not get since
}

func (r *Relay) opened(x *socketio.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bots[x] = &bot{x: x, rooms: map[string]*room{}, missed: map[string]*gap{}}
}

func (r *Relay) closed(x *socketio.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bots[x]
	if b == nil {
		return // cut before it was opened, at the end of the program
	}
	delete(r.bots, x)
	for _, m := range b.rooms {
		delete(m.bots, b)
	}
}

// heard is an event of a bot. All but join-room and leave-room is ignored, as at bitbank.
func (r *Relay) heard(x *socketio.Session, name, argument string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bots[x]
	if b == nil {
		return // it has just been cut
	}
	switch m := b.rooms[argument]; {
	case name == "join-room" && m == nil:
		r.join(b, argument, time.Now())
	case name == "leave-room" && m != nil:
		delete(b.rooms, argument)
		delete(b.missed, argument)
		delete(m.bots, b)
	}
}

// join lets a bot into a room, and gives it what bitbank says soon after a join.
func (r *Relay) join(b *bot, name string, now time.Time) {
	why := TooManyRooms
	var m *room
	if len(b.rooms) < r.o.PerBot {
		m, why = r.room(name, now)
	}
	if m == nil {
		r.stats.Refused++
		b.x.Offer(refusal(name, why), r.o.Queue) // one that is behind is not told
		return
	}
	b.rooms[name] = m
	m.bots[b] = true
	r.greet(b, m, now)
}

// greet brings a bot that begins to hear a room, or does again, up to date.
func (r *Relay) greet(b *bot, m *room, now time.Time) {
	if m.gap != nil {
		r.send(b, m.name, m.gap.begun(m.name), 0, now)
		return
	}
	switch m.channel {
	case bitbank.ChannelDepthWhole, bitbank.ChannelDepthDiff:
		whole, later, ok := r.depths[m.pair].replay()
		if !ok {
			return
		}
		if m.channel == bitbank.ChannelDepthWhole {
			r.send(b, m.name, whole, 1, now)
		}
		// Differences that came before their whole are worth nothing, so they come after it once more.
		diffs := bitbank.Room(bitbank.ChannelDepthDiff, m.pair)
		if b.rooms[diffs] != nil {
			for _, d := range later {
				r.send(b, diffs, d.packet, 1, now)
			}
		}
	case bitbank.ChannelCircuitBreakInfo:
		if m.last.Len() > 0 {
			r.send(b, m.name, m.last, 1, now)
		}
	}
}

// send queues a packet of a room for a bot, or counts the messages in it, one or in a mark none, as missed. It reports whether it
// was queued.
func (r *Relay) send(b *bot, room string, p socketio.Packet, messages int, now time.Time) bool {
	if b.behind.IsZero() {
		if b.x.Offer(p, r.o.Queue) {
			r.stats.Passed += uint64(messages)
			return true
		}
		b.behind = now
	}
	g := b.missed[room]
	if g == nil {
		g = &gap{from: now, why: Slow}
		b.missed[room] = g
	}
	g.dropped += messages
	r.stats.Dropped += uint64(messages)
	return false
}

// keepsUp reports whether a bot that was behind has read enough.
func (r *Relay) keepsUp(b *bot) bool {
	packets, bytes := b.x.Waiting()
	return packets <= socketio.MaxOffers/4 && bytes <= r.o.Queue/4
}

// recover tells a bot that keeps up again what it has missed, and brings it up to date.
func (r *Relay) recover(b *bot, now time.Time) {
	b.behind = time.Time{}
	missed := slices.Sorted(maps.Keys(b.missed))
	for _, name := range missed {
		if !r.send(b, name, b.missed[name].over(name, now), 0, now) {
			return // too much for one time: the others stay missed
		}
		delete(b.missed, name)
	}
	for _, name := range missed {
		m := b.rooms[name]
		if m.channel == bitbank.ChannelDepthDiff && slices.Contains(missed, bitbank.Room(bitbank.ChannelDepthWhole, m.pair)) {
			continue // they come with the whole
		}
		r.greet(b, m, now)
	}
}

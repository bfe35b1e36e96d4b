package relay

import (
	"context"
	"maps"
	"slices"
	"time"

	"hikeshi/bitbank"
)

// A link is the connection to bitbank. The relay's lock guards it.
type link struct {
	stream *bitbank.Stream // nil while there is none
	since  time.Time       // when that changed
	heard  time.Time       // the last sign of life
	asked  map[string]bool // rooms, on this stream
	cancel func()          // ends following; nil while nobody wants anything
}

// follow keeps a connection while there are rooms. Following ends with the last one; any that came since has nudged.
func (r *Relay) follow(ctx context.Context) {
	for {
		select {
		case <-r.want:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		following, cancel := context.WithCancel(ctx)
		r.link.cancel = cancel
		if len(r.rooms) == 0 {
			cancel()
		}
		r.mu.Unlock()
		bitbank.Follow(following, r.o.Upstream, r.on) // New has tried the options, so only the end of following ends it
		r.mu.Lock()
		r.link.cancel = nil
		r.down(time.Now())
		r.mu.Unlock()
		cancel()
	}
}

// on takes what happens on the stream.
func (r *Relay) on(e bitbank.Event) {
	r.mu.Lock()
	switch e.Kind {
	case bitbank.EventOpened:
		r.link.stream, r.link.since, r.link.asked = e.Stream, e.At, map[string]bool{}
		nudge(r.work)
	case bitbank.EventClosed:
		if r.link.stream != nil {
			r.stats.Losses++
		}
		r.down(e.At)
	case bitbank.EventMessage:
		r.stats.Messages++
		r.message(e)
	case bitbank.EventUnreadable:
		r.unreadable(e)
	}
	if e.Kind != bitbank.EventClosed {
		r.link.heard = e.At
	}
	tell := r.audience(e)
	r.mu.Unlock()
	for _, w := range tell {
		w.on(e)
	}
}

// down notes that there is no connection, if there was one, and begins the gaps.
func (r *Relay) down(now time.Time) {
	if r.link.stream == nil {
		return
	}
	r.link.stream, r.link.since, r.link.asked = nil, now, nil
	for _, d := range r.depths {
		d.lose()
	}
	for _, m := range r.rooms {
		r.lose(m, r.link.heard, Upstream, now)
	}
}

// ask keeps the rooms at bitbank equal to those that are wanted.
func (r *Relay) ask(ctx context.Context) {
	for {
		select {
		case <-r.work:
			r.catchUp(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// catchUp asks for rooms and leaves rooms until nothing is left to do, or the connection ends. It writes without the lock; a
// connection that takes nothing ends after five seconds.
func (r *Relay) catchUp(ctx context.Context) {
	for {
		stream, join, leave := r.due()
		if len(join)+len(leave) == 0 {
			return
		}
		for i, name := range append(join, leave...) {
			act := stream.Join
			if i >= len(join) {
				act = stream.Leave
			}
			if act(ctx, name) != nil {
				return // whoever reads the stream hears of it
			}
			if !r.done(stream, name, i < len(join)) {
				return
			}
		}
	}
}

// due lists what is to be asked for and what is to be left.
func (r *Relay) due() (stream *bitbank.Stream, join, leave []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.link.stream == nil {
		return nil, nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.rooms)) {
		if !r.link.asked[name] {
			join = append(join, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.link.asked)) {
		if r.rooms[name] == nil {
			leave = append(leave, name)
		}
	}
	return r.link.stream, join, leave
}

// done notes that a room was asked for or left. It reports whether the connection is still the one that was used.
func (r *Relay) done(stream *bitbank.Stream, name string, joined bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.link.stream != stream {
		return false
	}
	if !joined {
		delete(r.link.asked, name)
		return true
	}
	r.link.asked[name] = true
	if m := r.rooms[name]; m != nil && (m.channel != bitbank.ChannelDepthDiff && m.channel != bitbank.ChannelDepthWhole || !r.depths[m.pair].doubt) {
		r.regain(m, time.Now())
	}
	return true
}

package watch

import (
	"context"
	"sync"

	"hikeshi/internal/journal"
)

const (
	hubMemory = 256 // events kept for those who come back after a short break
	hubQueue  = 64  // events that may wait for one subscriber before it is cut off
)

// hub hands events to subscribers. A slow one is cut off; it never holds up the others.
type hub struct {
	mu     sync.Mutex
	recent []Event
	subs   map[chan Event]struct{}
	closed bool
}

func newHub() *hub { return &hub{subs: map[chan Event]struct{}{}} }

func (h *hub) send(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.recent = append(h.recent, e)
	if len(h.recent) > hubMemory {
		h.recent = append(h.recent[:0], h.recent[1:]...)
	}
	for c := range h.subs {
		select {
		case c <- e:
		default:
			h.drop(c)
		}
	}
}

func (h *hub) subscribe(ctx context.Context, after journal.Seq) <-chan Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := make(chan Event, hubQueue+hubMemory)
	if h.closed {
		close(c)
		return c
	}
	for _, e := range h.recent {
		if after > 0 && e.Seq > after {
			c <- e
		}
	}
	h.subs[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(c)
	})
	return c
}

// drop closes a subscriber's channel once; the caller holds the lock.
func (h *hub) drop(c chan Event) {
	if _, ok := h.subs[c]; ok {
		delete(h.subs, c)
		close(c)
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.subs {
		h.drop(c)
	}
}

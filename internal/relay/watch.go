package relay

import (
	"errors"
	"fmt"
	"time"

	"hikeshi/bitbank"
)

// A watcher is a part of this program that hears rooms.
type watcher struct {
	rooms map[string]bool
	on    func(bitbank.Event)
}

// Watch reports the messages of rooms to on until stop is called, from the connection that the bots share. Nothing is kept back: on
// hears what [bitbank.Follow] reports, the opening and the loss of the connection included, one event at a time. It must return
// soon, because nothing is read meanwhile. After stop on may be called once more.
func (r *Relay) Watch(rooms []string, on func(bitbank.Event)) (stop func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &watcher{rooms: map[string]bool{}, on: on}
	for _, name := range rooms {
		if m, why := r.room(name, time.Now()); m == nil {
			return nil, fmt.Errorf("watch %.60q: %w", name, errors.New(string(why)))
		}
		w.rooms[name] = true
	}
	r.watchers[w] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, w)
	}, nil
}

// watched reports whether a part of this program wants a room.
func (r *Relay) watched(name string) bool {
	for w := range r.watchers {
		if w.rooms[name] {
			return true
		}
	}
	return false
}

// audience are the watchers of an event.
func (r *Relay) audience(e bitbank.Event) (all []*watcher) {
	for w := range r.watchers {
		if e.Room == "" || w.rooms[e.Room] {
			all = append(all, w)
		}
	}
	return all
}

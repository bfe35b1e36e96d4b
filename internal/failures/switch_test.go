package failures

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// switches are the failures of the dead man's switch. Of two instances see history, of what protects see the plans of cancels.
var switches = group{name: "The dead man's switch", ids: "F91", scenarios: []scenario{{
	id: "F91", trigger: "A program that was given up keeps sending heartbeats; and a heartbeat is overtaken by the disarming that follows it.",
	play: func(w *world) {
		s := w.bot.(switched)
		s.beat(w.t.Context(), 1, switchFor)
		// Another program takes the first one's place, orders and dies. The first one is alive all the time.
		s.beat(w.t.Context(), 2, switchFor)
		first := resting("0.001")
		w.soon(first)
		for range 30 {
			w.pass(switchFor / 5)
			s.beat(w.t.Context(), 1, switchFor)
		}
		if w.rests(first) {
			w.find(other, "the bot has been dead for a minute, and its order rests")
		}
		// A third one comes, orders, and ends on purpose; its order is to stay.
		s.beat(w.t.Context(), 3, switchFor)
		second := resting("0.002")
		w.soon(second)
		w.pass(2 * time.Second)
		s.beat(w.t.Context(), 3, 0)
		s.beat(w.t.Context(), 3, switchFor) // sent before, and it comes after
		w.pass(time.Minute)
		if !w.rests(second) {
			w.find(surplus, "the bot has disarmed its switch, and it fired")
		}
	},
	naive: []naive{
		{"a switch without epochs, kept alive by whoever calls", other, keepsASwitch},
		{"a switch without epochs, armed again by what comes late", surplus, keepsASwitch},
	},
}}}

// switchFor is how long a bot may be silent.
const switchFor = 10 * time.Second

// switched is a bot with a dead man's switch; ttl 0 disarms.
type switched interface {
	beat(ctx context.Context, epoch int, ttl time.Duration)
}

// rests reports whether an order is on the book.
func (w *world) rests(o order) bool {
	for _, r := range w.truth().Orders {
		if r.looks() == o.looks() && r.live() {
			return true
		}
	}
	return false
}

// beat implements switched.
func (o *ours) beat(ctx context.Context, epoch int, ttl time.Duration) {
	body := fmt.Sprintf(`{"epoch":%d,"ttl_ms":%d}`, epoch, ttl.Milliseconds())
	if _, _, err := o.talk(ctx, http.MethodPost, "/hikeshi/v1/heartbeat", body); err != nil {
		o.w.t.Errorf("a heartbeat: %v", err)
	}
	o.w.pass(10 * time.Millisecond) // or two would be signed in the same millisecond
}

// A simpleSwitch is a client that cancels what it has placed when it hears nothing, whoever it hears.
type simpleSwitch struct {
	bot
	w *world

	mu     sync.Mutex
	placed map[int64]string // pairs, by id
	timer  *time.Timer
}

func keepsASwitch(w *world) bot {
	return &simpleSwitch{bot: direct(anErrorIsAFailure)(w), w: w, placed: map[int64]string{}}
}

// place implements bot.
func (s *simpleSwitch) place(ctx context.Context, o order) belief {
	b := s.bot.place(ctx, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.id != 0 {
		s.placed[b.id] = o.Pair
	}
	return b
}

// beat implements switched.
func (s *simpleSwitch) beat(_ context.Context, _ int, ttl time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	if ttl > 0 {
		s.timer = time.AfterFunc(ttl, s.fire)
	}
}

func (s *simpleSwitch) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, pair := range s.placed {
		s.bot.cancel(s.w.t.Context(), pair, id)
	}
	clear(s.placed)
}

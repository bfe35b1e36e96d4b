package lease

import (
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

// at is a moment so long after the start of a test, by both clocks.
func at(d time.Duration) Moment { return Moment{noon.Add(d), time.Hour + d} }

const sec = time.Second

// armed is a book with one lease of epoch 3 that was heard at 0.
func armed(t *testing.T, r Rules, ttl time.Duration) *Book {
	t.Helper()
	b := New(r)
	if _, w, err := b.Beat(at(0), Sky{}, Ask{Bot: "grid", Epoch: 3, TTL: ttl}); err != nil || w == nil {
		t.Fatalf("arming: %v, %v", w, err)
	}
	return b
}

// run ticks as often as the book wants until a moment, and returns what came of it.
func run(b *Book, from, to time.Duration, sky Sky) (events []Event, times []time.Duration) {
	for now := from; ; {
		d := b.Next(at(now))
		if d == 0 || now+d > to {
			return events, times
		}
		now += d
		for _, e := range b.Tick(at(now), sky) {
			events, times = append(events, e), append(times, now)
		}
	}
}

func TestASilentBotIsSuspectedAndThenLapses(t *testing.T) {
	b := armed(t, Rules{}, 30*sec)
	events, times := run(b, 0, time.Hour, Sky{})
	if len(events) != 2 || events[0].State != Suspect || events[1].State != Frozen || events[1].Record == nil {
		t.Fatalf("events: %+v", events)
	}
	if times[0] != 11250*time.Millisecond || times[1] != 30*sec {
		t.Errorf("suspect after %v, frozen after %v", times[0], times[1])
	}
	if want := (Word{Bot: "grid", Epoch: 3, TTL: 30 * sec, State: Frozen, Why: Silent}); *events[1].Record != want {
		t.Errorf("recorded is %+v, want %+v", *events[1].Record, want)
	}
	if d := b.Next(at(time.Hour)); d != 500*time.Millisecond {
		t.Errorf("while its orders are cancelled a tick is due in %v", d)
	}
	if w := b.Stage(at(time.Hour), "grid", Safe); w == nil || w.State != Safe {
		t.Errorf("safe is recorded as %+v", w)
	}
	if d := b.Next(at(time.Hour)); d != 0 {
		t.Errorf("a tick is due in %v although nothing counts", d)
	}
}

// Every beat in every state: what is answered, and whether it is recorded.
func TestEpochs(t *testing.T) {
	states := map[string]func(*Book){
		"none":    func(b *Book) { delete(b.leases, "grid") },
		"armed":   func(*Book) {},
		"suspect": func(b *Book) { b.Tick(at(12*sec), Sky{}) },
		"off":     func(b *Book) { b.Beat(at(sec), Sky{}, Ask{Bot: "grid", Epoch: 3}) },
		"frozen":  func(b *Book) { b.Tick(at(30*sec), Sky{}) },
		"drain":   func(b *Book) { b.Tick(at(30*sec), Sky{}); b.Stage(at(31*sec), "grid", Drain) },
		"safe":    func(b *Book) { b.Tick(at(30*sec), Sky{}); b.Stage(at(31*sec), "grid", Safe) },
	}
	for _, c := range []struct {
		state    string
		epoch    int64
		ttl      time.Duration
		err      error
		is       State
		recorded bool
	}{
		{"none", 1, 30 * sec, nil, Armed, true},
		{"none", 1, 0, ErrNone, Off, false},
		{"armed", 2, 30 * sec, ErrOld, Armed, false},
		{"armed", 2, 0, ErrOld, Armed, false},
		{"armed", 3, 30 * sec, nil, Armed, false},
		{"armed", 3, 10 * sec, nil, Armed, true}, // another time to live must outlive a restart
		{"armed", 3, 0, nil, Off, true},
		{"armed", 4, 30 * sec, nil, Armed, true},
		{"armed", 4, 0, ErrNone, Armed, false}, // an epoch that nobody has armed is not disarmed
		{"suspect", 3, 30 * sec, nil, Armed, false},
		{"suspect", 2, 30 * sec, ErrOld, Suspect, false},
		{"off", 3, 30 * sec, ErrUsed, Off, false}, // a heartbeat that was under way when it was disarmed
		{"off", 2, 30 * sec, ErrOld, Off, false},
		{"off", 3, 0, nil, Off, false},
		{"off", 4, 30 * sec, nil, Armed, true},
		{"frozen", 3, 30 * sec, ErrRunning, Frozen, false},
		{"frozen", 4, 30 * sec, ErrRunning, Frozen, false},
		{"frozen", 3, 0, ErrUsed, Frozen, false},
		{"drain", 4, 30 * sec, ErrRunning, Drain, false},
		{"safe", 3, 30 * sec, ErrUsed, Safe, false},
		{"safe", 2, 30 * sec, ErrOld, Safe, false},
		{"safe", 4, 30 * sec, nil, Armed, true},
	} {
		b := armed(t, Rules{}, 30*sec)
		states[c.state](b)
		l, w, err := b.Beat(at(35*sec), Sky{}, Ask{Bot: "grid", Epoch: c.epoch, TTL: c.ttl})
		if !errors.Is(err, c.err) || l.State != c.is || (w != nil) != c.recorded || b.Of("grid").State != c.is {
			t.Errorf("%s, epoch %d, ttl %v: %s, recorded %v, error %v; want %s, %v, %v", c.state, c.epoch, c.ttl, l.State, w, err, c.is, c.recorded, c.err)
		}
		if w != nil && (w.State != l.State || w.Epoch != c.epoch) {
			t.Errorf("%s, epoch %d, ttl %v: recorded is %+v", c.state, c.epoch, c.ttl, w)
		}
	}
}

// A program that was given up goes on: its calls keep nothing armed.
func TestAnOldEpochRenewsNothing(t *testing.T) {
	b := armed(t, Rules{}, 30*sec)
	b.Touch(at(20*sec), "grid", 2)
	b.Touch(at(20*sec), "other", 0)
	if e := b.Tick(at(30*sec), Sky{}); len(e) != 1 || e[0].State != Frozen {
		t.Errorf("after 30 s: %+v", e)
	}
}

func TestAnyCallRenewsWhereTheOwnerAllowsIt(t *testing.T) {
	b := armed(t, Rules{}, 30*sec)
	for _, epoch := range []int64{0, 3} {
		b.Tick(at(20*sec), Sky{})
		b.Touch(at(20*sec), "grid", epoch)
		if l := b.Of("grid"); l.State != Armed || !l.Expires.Equal(noon.Add(50*sec)) {
			t.Errorf("a call that names epoch %d: %+v", epoch, l)
		}
	}
}

func TestOurOwnAbsenceIsNoSilenceOfABot(t *testing.T) {
	for name, c := range map[string]struct {
		ttl  time.Duration
		now  Moment // after a tick at 10 s by both clocks
		anew Why    // "": the tick counts as any other
	}{
		"suspended, the monotonic clock stood":       {30 * sec, Moment{noon.Add(9 * time.Hour), time.Hour + 10500*time.Millisecond}, Clock},
		"suspended as Windows is: both clocks go on": {30 * sec, at(9 * time.Hour), Late},
		"a frozen container, until its time was up":  {30 * sec, at(31 * sec), Late},
		"the wall clock is set forward":              {30 * sec, Moment{noon.Add(time.Hour), time.Hour + 10500*time.Millisecond}, Clock},
		"and back":                                   {30 * sec, Moment{noon.Add(-time.Hour), time.Hour + 10500*time.Millisecond}, Clock},
		"NTP corrects a second":                      {30 * sec, Moment{noon.Add(11500 * time.Millisecond), time.Hour + 10500*time.Millisecond}, ""},
		"a busy machine":                             {30 * sec, at(12 * sec), ""},
		"a busy machine, and a short time to live":   {2 * sec, at(12 * sec), Late},
	} {
		b := armed(t, Rules{}, c.ttl)
		for now := time.Duration(0); now <= 10*sec; now += 500 * time.Millisecond {
			b.Touch(at(now), "grid", 0)
			b.Tick(at(now), Sky{})
			b.Next(at(now))
		}
		events := b.Tick(c.now, Sky{})
		l := b.Of("grid")
		if c.anew == "" {
			if len(events) != 0 && events[0].State != Suspect || !l.Anew.IsZero() {
				t.Errorf("%s: %+v", name, events)
			}
			continue
		}
		if len(events) != 1 || l.State != Suspect || l.Why != c.anew || l.AnewWhy != c.anew || !l.Anew.Equal(c.now.Wall) || !l.Expires.Equal(c.now.Wall.Add(c.ttl)) {
			t.Errorf("%s: %+v", name, l)
		}
		// And then it counts, from there.
		last := c.now
		for b.Of("grid").State != Frozen {
			d := b.Next(last)
			last = Moment{last.Wall.Add(d), last.Run + d}
			b.Tick(last, Sky{})
		}
		if d := last.Run - c.now.Run; d != c.ttl {
			t.Errorf("%s: lapsed %v after it was seen", name, d)
		}
	}
}

func TestARestartBeginsTheCountdownAnew(t *testing.T) {
	b := New(Rules{})
	word := Word{Bot: "grid", Epoch: 3, TTL: 30 * sec, State: Armed}
	b.Resume(at(0), word, noon.Add(-time.Hour))
	b.Resume(at(0), Word{Bot: "gone", Epoch: 1, TTL: sec, State: Frozen, Why: Silent}, noon.Add(-time.Hour))
	if l := b.Of("grid"); l.State != Suspect || l.AnewWhy != Restart {
		t.Errorf("after the start: %+v", l)
	}
	events, times := run(b, 0, time.Hour, Sky{})
	if len(events) != 1 || events[0].Bot != "grid" || times[0] != 30*sec {
		t.Errorf("%+v at %v", events, times)
	}
	if l := b.Of("gone"); l.State != Frozen {
		t.Errorf("what had lapsed is %+v", l)
	}
}

func TestMaintenance(t *testing.T) {
	window := Window{noon.Add(time.Minute), noon.Add(time.Hour)}
	announced := Sky{Windows: []Window{window}}
	for name, c := range map[string]struct {
		rules Rules
		sky   Sky
		after time.Duration // when it lapses; the bot is silent from 50 s on
		why   Why
	}{
		"the countdown waits":         {Rules{}, announced, time.Hour + 30*sec, Silent},
		"it runs":                     {Rules{Windows: CountOn}, announced, 80 * sec, Silent},
		"orders go before it":         {Rules{Windows: CancelBefore, Early: 5 * sec}, announced, 55 * sec, Maintenance},
		"it is seen, not announced":   {Rules{}, Sky{Maintenance: true}, 0, ""},
		"it is seen, and nobody asks": {Rules{Windows: CountOn}, Sky{Maintenance: true}, 80 * sec, Silent},
	} {
		b := armed(t, c.rules, 30*sec)
		for now := time.Duration(0); now <= 50*sec; now += 500 * time.Millisecond {
			b.Touch(at(now), "grid", 0)
			b.Tick(at(now), c.sky)
		}
		events, times := run(b, 50*sec, 2*time.Hour, c.sky)
		if c.why == "" {
			if l := b.Of("grid"); !l.Held || l.State != Armed {
				t.Errorf("%s: %+v", name, l)
			}
			continue
		}
		last := len(events) - 1
		if last < 0 || events[last].State != Frozen || events[last].Why != c.why || times[last].Round(time.Second) != c.after {
			t.Errorf("%s: %+v at %v", name, events, times)
		}
	}
	b := armed(t, Rules{Windows: CancelBefore, Early: 5 * sec}, 30*sec)
	b.Tick(at(55*sec), announced)
	b.Stage(at(56*sec), "grid", Safe)
	for _, c := range []struct {
		at  time.Duration
		err error
	}{{57 * sec, ErrMaintenance}, {time.Hour - sec, ErrMaintenance}, {time.Hour, nil}} {
		if _, _, err := b.Beat(at(c.at), announced, Ask{Bot: "grid", Epoch: 4, TTL: sec}); !errors.Is(err, c.err) {
			t.Errorf("arming at %v: %v, want %v", c.at, err, c.err)
		}
	}
}

func TestTheOwnerReleasesABotThatHasLapsed(t *testing.T) {
	b := armed(t, Rules{}, 30*sec)
	if w, ok := b.Release(at(sec), "grid"); ok {
		t.Errorf("one that counts was released: %+v", w)
	}
	b.Tick(at(30*sec), Sky{})
	w, ok := b.Release(at(31*sec), "grid")
	if want := (Word{Bot: "grid", Epoch: 3, TTL: 30 * sec, State: Off, Why: ByOwner}); !ok || w != want {
		t.Errorf("released: %+v, %v", w, ok)
	}
	if _, _, err := b.Beat(at(32*sec), Sky{}, Ask{Bot: "grid", Epoch: 3, TTL: sec}); !errors.Is(err, ErrUsed) {
		t.Errorf("the old epoch arms again: %v", err)
	}
}

func TestTheNewerWordCounts(t *testing.T) {
	word := func(epoch int64, s State) Word { return Word{Bot: "grid", Epoch: epoch, State: s} }
	for _, c := range []struct {
		w, old Word
		want   bool
	}{
		{word(2, Armed), word(1, Safe), true}, {word(1, Safe), word(2, Armed), false},
		{word(1, Frozen), word(1, Armed), true}, {word(1, Armed), word(1, Frozen), false},
		{word(1, Safe), word(1, Frozen), true}, {word(1, Off), word(1, Safe), true}, {word(1, Frozen), word(1, Off), false},
		{word(1, Armed), word(1, Armed), true}, // another time to live
		{word(1, Armed), Word{}, true},
	} {
		if got := c.w.Overrules(c.old); got != c.want {
			t.Errorf("%+v over %+v: %v", c.w, c.old, got)
		}
	}
}

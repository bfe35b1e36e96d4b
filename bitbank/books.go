package bitbank

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A BookState says whether a book may be acted on.
type BookState int

// The states. The zero state is the one that may not.
const (
	BookAwaited BookState = iota // no whole since the beginning or the last gap: levels, if any, are of before
	BookCurrent                  // joined without a gap
	BookCrossed                  // bids reach asks although no auction is known: something was lost
)

// String is the state in a word.
func (s BookState) String() string {
	switch s {
	case BookAwaited:
		return "awaited"
	case BookCurrent:
		return "current"
	case BookCrossed:
		return "crossed"
	}
	return fmt.Sprintf("BookState(%d)", int(s))
}

// A BookSnapshot is a pair's book at one moment. A book that is not BookCurrent is shown as it was last, so that an
// outage leaves the last prices and their age, and not an empty market.
type BookSnapshot struct {
	Pair       string
	State      BookState
	Mode       string  // of the market, see Books.SetMode; "" is not known
	Asks, Bids []Level // best first
	Totals     Totals
	Seq        Sequence
	At         Millis    // bitbank's time of the newest change in it
	Heard      time.Time // when that change arrived, by our clock; zero when none did
	WholeHeard time.Time // when the newest whole arrived: levels away from the touch are as old as that
	Gaps       int       // how often the book was lost since the beginning
}

// Age is how long ago the newest change arrived. Of a book that never was it is centuries.
func (s BookSnapshot) Age(now time.Time) time.Duration { return now.Sub(s.Heard) }

// Books keep one order book for each of some pairs. They are fed by Follow or by their owner with Take. A gap, which
// is a connection that ended or a difference that cannot be read, makes a book BookAwaited until the next whole, which
// bitbank sends about once a second.
//
// Books may be used concurrently. Their memory is that of a Book for each pair, and of two from a gap to the next whole.
type Books struct {
	pairs []string

	mu   sync.Mutex
	kept map[string]*keptBook
}

// A keptBook is one pair's.
type keptBook struct {
	shown        *Book
	coming       *Book // what is joined after a gap; nil when there is none
	heard, whole time.Time
	broken       bool // it crossed out of an auction; only a whole repairs that
	mode         string
	gaps         int
}

// NewBooks makes books for pairs such as btc_jpy.
func NewBooks(pairs ...string) (*Books, error) {
	b := &Books{kept: make(map[string]*keptBook, len(pairs))}
	for _, p := range pairs {
		if !isPair(p) {
			return nil, fmt.Errorf("keep books: %.40q is not a pair such as btc_jpy", p)
		}
		if b.kept[p] == nil {
			b.kept[p] = &keptBook{shown: new(Book), coming: new(Book)}
			b.pairs = append(b.pairs, p)
		}
	}
	return b, nil
}

// Rooms are what the books live on: depth of both kinds and the market's mode, for every pair.
func (b *Books) Rooms() []string {
	var rooms []string
	for _, p := range b.pairs {
		rooms = append(rooms, Room(ChannelDepthWhole, p), Room(ChannelDepthDiff, p), Room(ChannelCircuitBreakInfo, p))
	}
	return rooms
}

// Follow keeps the books from a stream until ctx ends; see the function Follow. Their rooms are added to those of o.
// on, if not nil, hears every event after the books have taken it; depth that cannot be read comes as EventUnreadable.
func (b *Books) Follow(ctx context.Context, o FollowOptions, on func(Event)) error {
	rooms := b.Rooms()
	mine := make(map[string]bool, len(rooms))
	for _, r := range rooms {
		mine[r] = true
	}
	for _, r := range o.Rooms {
		if !mine[r] {
			rooms = append(rooms, r)
		}
	}
	o.Rooms = rooms
	return Follow(ctx, o, func(e Event) {
		if err := b.Take(e); err != nil {
			e.Kind, e.Err = EventUnreadable, err
		}
		if on != nil {
			on(e)
		}
	})
}

// Take brings the books up to date with an event of the stream. Events of other pairs and channels are nothing to it.
// The error is that of a message which cannot be read, and on which the books have acted already.
func (b *Books) Take(e Event) error {
	switch e.Kind {
	case EventOpened, EventClosed:
		b.each(func(k *keptBook) {
			k.lose()
			k.mode = "" // it may have changed unheard
		})
	case EventUnreadable:
		switch c, pair := SplitRoom(e.Room); {
		case c == ChannelDepthDiff:
			b.with(pair, (*keptBook).lose)
		case e.Room == "": // it may have been any room's
			b.each((*keptBook).lose)
		}
	case EventMessage:
		if b.kept[e.Pair] != nil {
			return b.read(e)
		}
	}
	return nil
}

// read takes a message of a pair that is kept. Reading takes time and is done without the lock.
func (b *Books) read(e Event) error {
	switch e.Channel {
	case ChannelDepthWhole:
		d, err := e.Depth()
		if err != nil {
			return err // the differences go on without it
		}
		b.with(e.Pair, func(k *keptBook) { k.takeWhole(d, e.At) })
	case ChannelDepthDiff:
		d, err := e.DepthDiff()
		if err != nil {
			b.with(e.Pair, (*keptBook).lose)
			return err
		}
		b.with(e.Pair, func(k *keptBook) { k.takeDiff(d, e.At) })
	case ChannelCircuitBreakInfo:
		info, err := e.CircuitBreakInfo()
		if err != nil {
			return err
		}
		b.SetMode(e.Pair, info.Mode)
	}
	return nil
}

func (b *Books) with(pair string, act func(*keptBook)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.kept[pair]; k != nil {
		act(k)
	}
}

func (b *Books) each(act func(*keptBook)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.kept {
		act(k)
	}
}

// SetMode tells the books a pair's market mode that another source knows, such as Client.CircuitBreakInfo: that the
// stream says it before it changes is not documented. In every known mode but ModeNone a book may cross. After a
// reconnect the mode is unknown again.
func (b *Books) SetMode(pair, mode string) { b.with(pair, func(k *keptBook) { k.enter(mode) }) }

// Snapshot is a pair's book with at most depth levels a side; all of them when depth is negative. ok is false for a
// pair that is not kept.
func (b *Books) Snapshot(pair string, depth int) (s BookSnapshot, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.kept[pair]
	if k == nil {
		return BookSnapshot{}, false
	}
	s = BookSnapshot{
		Pair: pair, State: BookCurrent, Mode: k.mode, Gaps: k.gaps,
		Asks: k.shown.Asks(depth), Bids: k.shown.Bids(depth), Totals: k.shown.Totals(),
		Seq: k.shown.Seq(), At: k.shown.At(), Heard: k.heard, WholeHeard: k.whole,
	}
	switch {
	case k.coming != nil:
		s.State = BookAwaited
	case k.broken:
		s.State = BookCrossed
	}
	return s, true
}

// lose begins anew.
func (k *keptBook) lose() {
	if k.coming == nil {
		k.gaps++
	}
	k.coming = new(Book)
}

func (k *keptBook) takeWhole(d Depth, at time.Time) {
	target := k.shown
	if k.coming != nil {
		target = k.coming
	}
	if target.ApplyWhole(d) {
		k.shown, k.coming = target, nil
		k.heard, k.whole = at, at
		k.broken = k.mayNotCross()
	}
}

func (k *keptBook) takeDiff(d DepthDiff, at time.Time) {
	if k.coming != nil {
		k.coming.ApplyDiff(d)
		return
	}
	if k.shown.ApplyDiff(d) {
		k.heard = at
		k.broken = k.broken || k.mayNotCross()
	}
}

// enter is a mode that begins, or that becomes known: a book that crossed in an auction was right.
func (k *keptBook) enter(mode string) {
	k.mode = mode
	if k.auction() {
		k.broken = false
	}
	k.broken = k.broken || k.mayNotCross()
}

func (k *keptBook) auction() bool { return k.mode != "" && k.mode != ModeNone }

func (k *keptBook) mayNotCross() bool { return !k.auction() && k.shown.Crossed() }

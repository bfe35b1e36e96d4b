package probe

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

const (
	// streamEvery is how often each of the stream's targets is reported on.
	streamEvery = time.Second
	// streamTick is the grain of that: a change is reported at most so late.
	streamTick = 250 * time.Millisecond
	// heldFor is how long a connection must hold to be called well: one that is made and cut again is not.
	heldFor = 2 * time.Second
	// firstData is how long a new connection may bring no data at all: books come whole about a second after joining.
	firstData = 4 * time.Second
	// gapAllowed is how long there may be no connection before the channels suffer: a reconnect takes less.
	gapAllowed = 2500 * time.Millisecond
	// A silent connection is given up at once, because it may be half open on our side, or wait for a lost packet; then
	// every so often. Only one that is newer than the silence, and should have brought something by freshAfter, tells of
	// the other side.
	redialAfter = 2500 * time.Millisecond
	redialEvery = 20 * time.Second
	freshAfter  = 800 * time.Millisecond
	// joinsATick bounds the requests for further rooms to eight a second.
	joinsATick = 2
)

// A follower judges the stream: what its connection does, and how each channel stands.
type follower struct {
	pairs  []string
	book   *pairBook
	report func(Observation)
	feeds  map[bitbank.Channel]*feed

	begun  time.Time       // of this follower
	stream *bitbank.Stream // nil while there is no connection
	linked time.Time       // when the host was connected to last, for a stream that may not have opened yet
	opened time.Time
	talk   int // messages since then
	any    pace
	trip   trip
	why    *trouble  // why there is no connection
	tried  time.Time // when the attempt began that said so
	lost   time.Time

	muteAt   time.Time // since when nothing at all arrives; zero while something does
	pinged   time.Time
	redialed time.Time
	ours     bool            // the connection is being closed by us
	joined   map[string]bool // rooms beyond the first ones
	list     int             // version of the list of pairs whose rooms were asked for, -1 for none

	said map[Target]Observation // the newest report
}

// follow builds the Follow of the stream's probe.
func (d *dialer) follow(s *site, pairs []string, book *pairBook) func(context.Context, func(Observation)) {
	return func(ctx context.Context, report func(Observation)) {
		f := &follower{pairs: pairs, book: book, report: report, feeds: map[bitbank.Channel]*feed{}, begun: time.Now(), said: map[Target]Observation{}}
		for c := range streamTargets {
			f.feeds[c] = newFeed(c)
		}
		happenings := make(chan happening)
		c := &connector{dial: d, site: s, rooms: marketRooms(pairs), tell: func(h happening) bool {
			select {
			case happenings <- h:
				return true
			case <-ctx.Done():
				return false
			}
		}}
		over := make(chan struct{})
		go func() { defer close(over); c.run(ctx) }()
		tick := time.NewTicker(streamTick)
		defer tick.Stop()
		for {
			select {
			case h := <-happenings:
				f.take(h)
			case <-tick.C:
				f.look(ctx, time.Now())
			case <-ctx.Done():
				<-over
				return
			}
		}
	}
}

// take takes in what happened.
func (f *follower) take(h happening) {
	now := time.Now()
	switch {
	case h.opened != nil:
		f.stream, f.opened, f.trip, f.why = h.opened, now, h.trip, nil
		f.talk, f.joined, f.list, f.ours = 0, map[string]bool{}, -1, false
		f.any.last = time.Time{}
		for _, x := range f.feeds {
			x.all.last, x.main.last, x.same, x.missed = time.Time{}, time.Time{}, 0, 0
		}
		// Said when it has held; until then only how long it took to open is known.
		f.said[StreamSocket] = Observation{At: now, Took: h.took, Timing: h.trip.timing}
	case h.linked:
		f.linked = now
	case h.bad != nil:
		if f.stream != nil {
			f.lost = now
		}
		f.stream, f.why, f.tried = nil, h.bad, now.Add(-h.took)
		if f.ours { // the end that we made; the next attempt speaks for itself
			f.ours, f.why = false, nil
			return
		}
		o := Observation{Target: StreamSocket, Host: Stream, At: now, Took: h.took}
		h.trip.on(&o)
		h.bad.on(&o)
		f.say(o)
	default:
		f.hear(h.event)
	}
}

func (f *follower) hear(e bitbank.Event) {
	switch e.Kind {
	case bitbank.EventPing:
		f.pinged = e.At
	case bitbank.EventUnreadable:
		for c, x := range f.feeds {
			if strings.HasPrefix(e.Room, string(c)+"_") || e.Room == "" && !x.sparse() {
				x.bad = short(e.Err.Error())
			}
		}
	case bitbank.EventMessage:
		x := f.feeds[e.Channel]
		if x == nil {
			return
		}
		f.talk++
		f.any.hear(e.At)
		f.muteAt = time.Time{}
		main := len(f.pairs) > 0 && e.Pair == f.pairs[0]
		price := x.price
		x.hear(e, main)
		if e.Channel == bitbank.ChannelTicker && main && price != "" && x.price != price {
			trades := f.feeds[bitbank.ChannelTransactions]
			if trades.missed == 0 {
				trades.missedAt = e.At
			}
			trades.missed++
		}
	}
}

// look reports what is due, asks for further rooms, and gives up a connection that has gone silent.
func (f *follower) look(ctx context.Context, now time.Time) {
	if f.stream != nil {
		f.join(ctx)
		f.listen(now)
		f.socket(now)
	}
	for _, c := range bitbank.Channels() {
		f.channel(f.feeds[c], now)
	}
}

// listen decides whether the stream as a whole is silent.
func (f *follower) listen(now time.Time) {
	silent := f.any.overdue(now, f.opened) || f.talk == 0 && now.Sub(f.opened) >= firstData
	if silent && f.muteAt.IsZero() {
		f.muteAt = now
	}
	if !f.muteAt.IsZero() && now.Sub(f.opened) >= redialAfter && now.Sub(f.redialed) >= redialEvery {
		f.redialed, f.ours = now, true
		f.stream.Close()
	}
}

// socket reports on the transport. While no data arrives nothing is said of it unless the server has pinged since:
// an open connection is not yet a working one.
func (f *follower) socket(now time.Time) {
	switch {
	case f.ours, now.Sub(f.opened) < heldFor && f.talk == 0:
		return
	case !f.muteAt.IsZero() && !f.pinged.After(f.muteAt):
		return
	}
	was := f.said[StreamSocket]
	if was.Target != "" && was.Failure == OK && now.Sub(was.At) < streamEvery {
		return
	}
	o := Observation{Target: StreamSocket, Host: Stream, At: now}
	f.trip.on(&o)
	if was.Target == "" { // the first report of this connection tells what it took
		o.Took = was.Took
	} else {
		o.Timing, o.Fresh = Timing{}, false
	}
	f.say(o)
}

// channel reports on one channel.
func (f *follower) channel(x *feed, now time.Time) {
	fail, detail, seen := f.judge(x, now)
	t := streamTargets[x.channel]
	was := f.said[t]
	fresh := fail == Silent && f.linked.After(f.muteAt) && now.Sub(f.linked) >= freshAfter
	if !seen || was.Target != "" && was.Failure == fail && was.Fresh == fresh && now.Sub(was.At) < streamEvery {
		return
	}
	o := Observation{
		Target: t, Host: Stream, At: now, Failure: fail, Detail: short(detail),
		DataAt: x.dataAt, DataSeq: x.seq, Last: x.price,
	}
	if fail != OK {
		o.Phase = Content
	}
	if fail != OK && f.stream == nil && f.why != nil {
		o.Took = now.Sub(f.tried) // what the last attempt met is no newer than that
	}
	f.trip.on(&o)
	o.Timing, o.Fresh = Timing{}, fresh
	for _, pair := range slices.Sorted(maps.Keys(x.modes)) {
		o.Pairs = append(o.Pairs, PairState{Pair: pair, Mode: x.modes[pair]})
	}
	x.modes = nil
	f.say(o)
}

func (f *follower) judge(x *feed, now time.Time) (Failure, string, bool) {
	switch {
	case !f.muteAt.IsZero() && (f.stream != nil || f.why == nil):
		return Silent, "nothing arrives", true
	case f.stream != nil:
		return x.judge(now, f.opened, f.any.last, f.talk)
	}
	since := f.lost
	if since.IsZero() {
		since = f.begun
	}
	if now.Sub(since) < gapAllowed || f.why == nil {
		return OK, "", false
	}
	return f.why.failure, f.why.detail, true
}

// join asks for the circuit-break rooms of further pairs, a few at a time.
func (f *follower) join(ctx context.Context) {
	names, version := f.book.all()
	if f.ours || f.talk == 0 || version == f.list {
		return
	}
	n := 0
	for _, room := range circuitRooms(f.pairs, names) {
		if f.joined[room] {
			continue
		}
		f.joined[room] = true
		if err := f.stream.Join(ctx, room); err != nil {
			return // the reader hears of it
		}
		if n++; n == joinsATick {
			return
		}
	}
	f.list = version
}

func (f *follower) say(o Observation) {
	f.said[o.Target] = o
	f.report(o)
}

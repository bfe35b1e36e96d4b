package relay

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/socketio"
)

// A story is what bitbank says of a pair, in short: d5 is a difference with id 5, w8 a whole, d? and w? have ids that cannot be
// read, "lose" is a gap. What it is followed by is what bots get.
func TestWhichDifferencesAreKeptBack(t *testing.T) {
	for _, c := range []struct{ name, told, want string }{
		{"all is well", "d1 w2 d3 d4 w5 d7", "d1 w2 d3 d4 w5 d7"},
		{"before the first whole nothing is kept back", "d1 d2 d3", "d1 d2 d3"},
		{"nobody has a book yet", "lose d1 w2", "d1 w2"},
		{"after a gap the whole comes first", "w1 lose d4 d5 d6 w5 d7", "w1 w5 d6 d7"},
		{"a whole that contains all of them", "w1 lose d4 d5 w5 d6", "w1 w5 d6"},
		{"differences out of order are put in order", "w1 lose d6 d4 d5 w4", "w1 w4 d5 d6"},
		{"a gap in a gap", "w1 lose d4 lose d7 d8 w7", "w1 w7 d8"},
		{"an older whole is no going back", "w1 d5 d6 w4 d7", "w1 d5 d6 w4 d7"},
		{"the same twice", "w1 d5 d5 w5 w5 d6", "w1 d5 d5 w5 w5 d6"},
		// 6 has been passed on, and is again: amounts are absolute.
		{"a difference goes back", "w1 d6 d5 d7 w5 d8", "w1 d6 w5 d6 d7 d8"},
		{"the numbering begins anew", "w90 d95 d1 d2 w3 d4 w5 d6", "w90 d95 w3 w5 d6"},
		{"a whole goes back", "w5 w4 d6 w6 d7", "w5 w4 w6 d7"},
		{"ids that cannot be read are passed on", "w? d? d? w?", "w? d? d? w?"},
		{"and end a doubt", "w1 lose d5 d? w? d?", "w1 w? d?"},
	} {
		var got []string
		var d depth
		for step := range strings.FieldsSeq(c.told) {
			if step == "lose" {
				d.lose()
				continue
			}
			seq, _ := strconv.ParseUint(step[1:], 10, 64)
			p := socketio.NewPacket([]byte(step))
			if step[0] == 'd' {
				if pass, _ := d.takeDiff(bitbank.Sequence(seq), p); pass {
					got = append(got, step)
				}
				continue
			}
			got = append(got, step)
			released, _, _ := d.takeWhole(bitbank.Sequence(seq), p)
			for _, r := range released {
				got = append(got, fmt.Sprintf("d%d", r.seq))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s: got %s, want %s", c.name, c.told, strings.Join(got, " "), c.want)
		}
	}
}

func TestWhatIsKeptIsCountedAndBounded(t *testing.T) {
	var d depth
	p := socketio.NewPacket(make([]byte, 98)) // with its 42 it is a hundred bytes
	d.takeWhole(1, p)
	d.lose()
	for i := range 1000 {
		d.takeDiff(bitbank.Sequence(i+2), p)
	}
	if len(d.later) != maxLater || d.bytes != 100*maxLater {
		t.Errorf("%d differences of %d bytes are kept", len(d.later), d.bytes)
	}
	// The whole must be newer than all that was let go, or the book has a hole.
	if released, settled, _ := d.takeWhole(400, p); settled || len(released) != 0 {
		t.Errorf("settled %v with %d released, by a whole before the hole", settled, len(released))
	}
	released, settled, _ := d.takeWhole(900, p)
	if n := d.kept(); !settled || len(released) != 101 || n != 899 || d.kept() != 0 {
		t.Errorf("settled %v, %d released, %d kept", settled, len(released), n)
	}
	long := socketio.NewPacket(make([]byte, maxLaterBytes/2))
	for i := range 10 {
		d.takeDiff(bitbank.Sequence(i+2000), long)
	}
	if d.bytes > maxLaterBytes {
		t.Errorf("%d bytes are kept", d.bytes)
	}
	if _, _, ok := d.replay(); ok {
		t.Error("a newcomer would get a book with a hole")
	}
	if d.takeWhole(3000, p); d.bytes != 0 {
		t.Errorf("%d bytes are kept of nothing", d.bytes)
	}
	if _, _, ok := d.replay(); !ok {
		t.Error("a newcomer gets no book")
	}
	if d.takeDiff(0, p); d.known {
		t.Error("a newcomer would get a book without the difference that could not be placed")
	}
}

// A reader merges by the rule of bitbank's documents: every whole replaces the book, differences above it stay.
type reader struct {
	book map[int]int
	last bitbank.Sequence
	all  []change
}

type change struct {
	seq    bitbank.Sequence
	price  int
	amount int
}

func (r *reader) whole(w snapshot) {
	r.book, r.last = maps.Clone(w.book), w.seq
	for _, c := range r.all {
		if c.seq > r.last {
			r.book[c.price], r.last = c.amount, c.seq
		}
	}
}

func (r *reader) diff(c change) {
	r.all = append(r.all, c)
	if r.book != nil && c.seq > r.last {
		r.book[c.price], r.last = c.amount, c.seq
	}
}

type snapshot struct {
	seq  bitbank.Sequence
	book map[int]int
}

// Whatever is lost between, and however late a whole comes: whoever merges what is passed on has, at every moment, a book that
// once was true. So has who comes late and gets the replay.
func TestNoBookMissesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d depth
		seq, book := bitbank.Sequence(1), map[int]int{}
		history := map[bitbank.Sequence]map[int]int{1: {}}
		var old []snapshot // of this connection
		var bot reader
		var packets []any // known by their length
		wrap := func(v any) socketio.Packet {
			packets = append(packets, v)
			return socketio.NewPacket(make([]byte, len(packets)))
		}
		open := func(p socketio.Packet) any { return packets[p.Len()-len("42")-1] }
		trade := func() change {
			seq += bitbank.Sequence(rapid.IntRange(1, 3).Draw(t, "step"))
			c := change{seq, rapid.IntRange(0, 4).Draw(t, "price"), rapid.IntRange(0, 9).Draw(t, "amount")}
			book[c.price] = c.amount
			history[seq] = maps.Clone(book)
			return c
		}
		check := func(who string, r *reader) {
			if r.book == nil {
				return
			}
			if want := history[r.last]; !maps.Equal(trim(r.book), trim(want)) {
				t.Fatalf("%s has %v at %d, it was %v", who, r.book, r.last, want)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"trade": func(*rapid.T) {
				c := trade()
				old = append(old, snapshot{seq, history[seq]})
				if pass, _ := d.takeDiff(c.seq, wrap(c)); pass {
					bot.diff(c)
				}
			},
			"whole": func(t *rapid.T) { // of now, or of a moment ago
				w := snapshot{seq, history[seq]}
				if n := len(old); n > 0 {
					if late := rapid.IntRange(0, min(n, 4)).Draw(t, "late"); late > 0 {
						w = old[n-late]
					}
				}
				if d.known && w.seq < d.at {
					return
				}
				bot.whole(w)
				released, _, _ := d.takeWhole(w.seq, wrap(w))
				for _, r := range released {
					bot.diff(open(r.packet).(change))
				}
			},
			"outage": func(t *rapid.T) {
				d.lose()
				old = nil
				for range rapid.IntRange(0, 3).Draw(t, "lost") {
					trade()
				}
			},
			"newcomer": func(*rapid.T) {
				whole, later, ok := d.replay()
				if !ok {
					return
				}
				var late reader
				late.whole(open(whole).(snapshot))
				for _, c := range later {
					late.diff(open(c.packet).(change))
				}
				if check("a newcomer", &late); late.last < bot.last {
					t.Fatalf("a newcomer has %d, the bot %d", late.last, bot.last)
				}
			},
			"": func(*rapid.T) { check("the bot", &bot) },
		})
	})
}

// trim drops levels without amount.
func trim(book map[int]int) map[int]int {
	kept := maps.Clone(book)
	maps.DeleteFunc(kept, func(_, amount int) bool { return amount == 0 })
	return kept
}

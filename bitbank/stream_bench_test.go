//go:build unix

package bitbank

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// processor is the time that this process has spent on all cores, the collector's included.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// all62 are as many pairs as bitbank has.
func all62() (pairs []string) {
	for i := range 62 {
		pairs = append(pairs, fmt.Sprintf("c%02d_jpy", i))
	}
	return pairs
}

// second is what four rooms of a pair send in a second: one whole of 200 levels a side, 15 differences of 2 to 14
// levels, two tickers and two lists of 1 to 4 transactions. These are 20 messages.
func second(c *crowd, pair string) (frames [][]byte) {
	add := func(channel Channel, data string) {
		frames = append(frames, []byte(`42["message",{"room_name":"`+Room(channel, pair)+`","message":{"data":`+data+`}}]`))
	}
	for i := range 20 {
		switch i {
		case 0:
			add(ChannelDepthWhole, c.whole())
		case 5, 15:
			add(ChannelTicker, `{"sell":"350.121","buy":"350.119","high":"361.000","low":"340.500","open":"344.120","last":"350.120","vol":"15023211.4501","timestamp":1767225600123}`)
		case 8, 18:
			var list []string
			for range 1 + c.r.IntN(4) {
				list = append(list, fmt.Sprintf(`{"transaction_id":%d,"side":"buy","price":"350.120","amount":"%d.0100","executed_at":1767225600100}`, c.r.Uint32(), c.r.IntN(1000)))
			}
			add(ChannelTransactions, `{"transactions":[`+strings.Join(list, ",")+`]}`)
		default:
			add(ChannelDepthDiff, c.change(2+c.r.IntN(13)))
		}
	}
	return frames
}

// What all pairs' four rooms cost: 1,240 frames a second, from bytes to events, typed data and books, as a share of
// one core. An operation is one second of the stream.
func BenchmarkStreamOfAllPairs(b *testing.B) {
	const seconds = 8 // the same ones again and again; each repetition is as new to the books as after a reconnect
	pairs := all62()
	var frames [seconds][][]byte
	size, crowds := 0, make([]*crowd, len(pairs))
	for i := range crowds {
		crowds[i] = newCrowd(uint64(i))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for s := range frames {
		for i, pair := range pairs {
			frames[s] = append(frames[s], second(crowds[i], pair)...)
		}
		if len(frames[s]) != 20*len(pairs) {
			b.Fatalf("%d frames in a second, want %d", len(frames[s]), 20*len(pairs))
		}
		at := make(map[string][]int, len(pairs)) // mixed as they arrive, each pair's in order
		order := r.Perm(len(frames[s]))
		mixed := make([][]byte, len(frames[s]))
		for place, which := range order {
			pair := pairs[which/20]
			at[pair] = append(at[pair], place)
		}
		for i, pair := range pairs {
			for j, place := range at[pair] {
				mixed[place] = frames[s][i*20+j]
				size += len(mixed[place])
			}
		}
		frames[s] = mixed
	}
	books, err := NewBooks(pairs...)
	if err != nil {
		b.Fatal(err)
	}
	hear := func(text []byte) {
		f, err := parseFrame(text)
		if err != nil {
			b.Fatal(err)
		}
		e := eventOf(f, text)
		switch err = books.Take(e); e.Channel {
		case ChannelTicker:
			_, err = e.Ticker()
		case ChannelTransactions:
			_, err = e.Transactions()
		}
		if e.Kind != EventMessage || err != nil {
			b.Fatalf("%s: %v", text, err)
		}
	}
	b.ReportAllocs()
	n := 0
	before := processor(b)
	for b.Loop() {
		if n%seconds == 0 {
			books.Take(Event{Kind: EventOpened})
		}
		for _, text := range frames[n%seconds] {
			hear(bytes.Clone(text)) // a connection reads each into memory of its own
		}
		n++
	}
	share := 100 * (processor(b) - before).Seconds() / float64(n)
	for _, pair := range pairs {
		if s, ok := books.Snapshot(pair, 1); !ok || s.State != BookCurrent || len(s.Asks) != 1 {
			b.Fatalf("%s ends as %+v", pair, s)
		}
	}
	b.ReportMetric(share, "%core")
	if share > 5 {
		b.Errorf("%.1f %% of a core, want at most 5", share)
	}
	fmt.Printf("figure: stream of 62 pairs, 1240 messages and %.1f MB a second: %.2f %% of a core\n", float64(size)/seconds/1e6, share)
}

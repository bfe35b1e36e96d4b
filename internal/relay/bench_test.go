package relay

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hikeshi/bitbank"
	"hikeshi/internal/sim"
	"hikeshi/internal/socketio"
)

const bots = 10

// A counter is a bot that does nothing with what it hears but note it.
type counter struct {
	heard atomic.Int64
	conn  *websocket.Conn
	note  func(packet []byte, at time.Time) // may be nil
}

// count connects and joins rooms. It reads until the test ends.
func count(b *testing.B, address string, note func([]byte, time.Time), rooms ...string) *counter {
	b.Helper()
	conn, _, err := websocket.Dial(b.Context(), address+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		b.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	c := &counter{conn: conn, note: note}
	var running sync.WaitGroup
	running.Go(c.read)
	b.Cleanup(func() { conn.CloseNow(); running.Wait() })
	c.say("40")
	for _, r := range rooms {
		c.say(`42["join-room","` + r + `"]`)
	}
	return c
}

func (c *counter) read() {
	for {
		_, p, err := c.conn.Read(context.Background())
		if err != nil {
			return
		}
		switch {
		case string(p) == "2":
			c.say("3")
		case strings.HasPrefix(string(p[:min(len(p), 12)]), `42["message"`):
			if c.note != nil {
				c.note(p, time.Now())
			}
			c.heard.Add(1)
		}
	}
}

func (c *counter) say(packet string) {
	c.conn.Write(context.Background(), websocket.MessageText, []byte(packet)) // the end shows in what is heard
}

// Tickers as fast as ten bots take them: straight from the simulator's transport, and through a relay. Bursts of 250 that all have
// heard before the next, so that nobody is slow.
func BenchmarkMessagesToTenBots(b *testing.B) {
	var mu sync.Mutex
	members := map[*socketio.Session]bool{}
	source := socketio.New(socketio.Options{
		PingInterval: pingInterval, PingTimeout: pingTimeout, MaxPayload: maxPayload,
		Opened: func(*socketio.Session) {},
		Event: func(x *socketio.Session, _, _ string) {
			mu.Lock()
			defer mu.Unlock()
			members[x] = true
		},
		Closed: func(x *socketio.Session) {
			mu.Lock()
			defer mu.Unlock()
			delete(members, x)
		},
	})
	server := httptest.NewServer(source)
	b.Cleanup(func() { source.Close(); server.Close() })
	packet := socketio.NewPacket([]byte(`["message",{"room_name":"ticker_btc_jpy","message":{"data":{"sell":"14933932","buy":"14933931","high":"15100000","low":"14800000","open":"14900000","last":"14933932","vol":"312.4567","timestamp":1767225600123}}}]`))
	const burst, bursts = 250, 200
	rate := func(address string, sessions int) float64 {
		var all []*counter
		for range bots {
			all = append(all, count(b, address, nil, "ticker_btc_jpy"))
		}
		for ready := 0; ready != sessions; time.Sleep(time.Millisecond) {
			mu.Lock()
			ready = len(members)
			mu.Unlock()
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		for n := range bursts {
			mu.Lock()
			for range burst {
				for x := range members {
					x.Send(packet)
				}
			}
			mu.Unlock()
			for _, c := range all {
				for c.heard.Load() < int64(n+1)*burst {
					time.Sleep(20 * time.Microsecond)
				}
			}
		}
		took := time.Since(began)
		for _, c := range all {
			c.conn.CloseNow()
		}
		for left := 1; left != 0; time.Sleep(time.Millisecond) {
			mu.Lock()
			left = len(members)
			mu.Unlock()
			if address != server.URL {
				break // the relay keeps its connection
			}
		}
		return bots * burst * bursts / took.Seconds()
	}
	for b.Loop() {
		direct := rate(server.URL, bots)
		r, err := New(Options{Upstream: bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{URL: server.URL}}})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ran := make(chan struct{})
		go func() { defer close(ran); r.Run(ctx) }()
		front := httptest.NewServer(r)
		relayed := rate(front.URL, 1)
		if s := r.Stats(); s.Dropped != 0 || s.Passed != bots*burst*bursts {
			b.Errorf("%+v", s)
		}
		cancel()
		<-ran
		front.Close()
		fmt.Printf("figure: relay, tickers to %d bots: %.0f messages a second, straight from the simulator's transport %.0f\n", bots, relayed, direct)
		b.ReportMetric(relayed, "messages/s")
	}
}

// allRooms are those of bitbank's pairs as the simulator has them.
func allRooms(b *testing.B, s *sim.Sim) (rooms []string) {
	b.Helper()
	srv := httptest.NewServer(s.Handler("public"))
	defer srv.Close()
	client, err := bitbank.New(bitbank.Options{PublicURL: srv.URL})
	if err != nil {
		b.Fatal(err)
	}
	tickers, err := client.Tickers(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range tickers {
		for _, c := range bitbank.Channels() {
			rooms = append(rooms, bitbank.Room(c, t.Pair))
		}
	}
	return rooms
}

// What the relay adds to the way of a message: the same message at a client straight at the simulator and at one behind the relay,
// while ten bots hear every room of five pairs, and of all. The simulator speaks ten times a second, everything at once.
func BenchmarkLatencyAdded(b *testing.B) {
	b.Run("of 5 pairs", func(b *testing.B) { latency(b, 25) })
	b.Run("of all pairs", func(b *testing.B) { latency(b, 1000) })
}

func latency(b *testing.B, most int) {
	l := onLoopback(b, sim.Options{Seed: 1, Speed: 3})
	rooms := allRooms(b, l.sim)
	rooms = rooms[:min(most, len(rooms))]
	for b.Loop() {
		// Ten straight at the simulator: how much later than the first of them another has a message.
		among := later(b, rooms, l.direct, l.direct, l.direct)
		added := later(b, rooms, l.direct, l.relayed, l.relayed)
		if s := l.relay.Stats(); s.Dropped != 0 || len(among) < 100 || len(added) < 100 {
			b.Fatalf("%d and %d messages were met: %+v", len(among), len(added), s)
		}
		of := func(d []time.Duration, share float64) int64 { return d[int(share*float64(len(d)-1))].Microseconds() }
		fmt.Printf("figure: relay, %d bots in %d rooms: behind the relay a message comes later than straight from the simulator by %d us median, %d us p99, of %d; among %d bots straight there, another has it after the first by %d us median, %d us p99\n",
			bots, len(rooms), of(added, .5), of(added, .99), len(added), bots, of(among, .5), of(among, .99))
		b.ReportMetric(float64(of(added, .99)), "added-p99-us")
	}
}

// later says for each message how much later than a client at one address another has it at a second, while others are at a third:
// ten at the second and third together. It is sorted.
func later(b *testing.B, rooms []string, one, second, third string) (all []time.Duration) {
	var mu sync.Mutex
	at := [2]map[string]time.Time{{}, {}}
	note := func(i int) func([]byte, time.Time) {
		return func(p []byte, now time.Time) {
			mu.Lock()
			defer mu.Unlock()
			if at[i][string(p)].IsZero() {
				at[i][string(p)] = now
			}
		}
	}
	clients := []*counter{count(b, one, note(0), rooms...)}
	for range bots - 1 {
		clients = append(clients, count(b, third, nil, rooms...))
	}
	clients = append(clients, count(b, second, note(1), rooms...))
	time.Sleep(15 * time.Second)
	for _, c := range clients {
		c.conn.CloseNow()
	}
	mu.Lock()
	defer mu.Unlock()
	for p, first := range at[0] {
		if then := at[1][p]; !then.IsZero() {
			all = append(all, then.Sub(first))
		}
	}
	slices.Sort(all)
	return all
}

// The memory of a process that does nothing but relay every room of every pair to ten bots, and then to ten that do not read.
func BenchmarkMemoryOfTenBots(b *testing.B) {
	l := onLoopback(b, sim.Options{Seed: 1, Speed: 3})
	rooms := allRooms(b, l.sim)
	path := filepath.Join(b.TempDir(), "relay")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "hikeshi/internal/sim/interop/relay").CombinedOutput(); err != nil {
		b.Fatalf("build: %v %s", err, out)
	}
	c := exec.Command(path, "-upstream", l.direct)
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Process.Signal(os.Interrupt); c.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	address = strings.TrimSpace(address)
	resident := func() float64 {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
		if err != nil {
			b.Fatalf("resident memory is only read on Linux: %v", err)
		}
		_, after, _ := strings.Cut(string(status), "VmRSS:")
		n, _ := strconv.Atoi(strings.Fields(after)[0])
		return float64(n) / 1024
	}
	most := func(d time.Duration) (m float64) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			m = max(m, resident())
		}
		return m
	}
	for b.Loop() {
		idle := resident()
		var all []*counter
		for range bots {
			all = append(all, count(b, address, nil, rooms...))
		}
		reading := most(15 * time.Second)
		for _, x := range all {
			x.conn.CloseNow()
		}
		for range bots { // they join, and read nothing any more
			conn, _, err := websocket.Dial(b.Context(), address+"/socket.io/?EIO=4&transport=websocket", nil)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.CloseNow()
			x := &counter{conn: conn}
			x.say("40")
			for _, r := range rooms {
				x.say(`42["join-room","` + r + `"]`)
			}
		}
		stuck := most(40 * time.Second)
		fmt.Printf("figure: relay, memory of a process: %.1f MiB without bots, %.1f with %d bots in %d rooms each, %.1f when none of them reads\n", idle, reading, bots, len(rooms), stuck)
		b.ReportMetric(reading, "MiB")
	}
}

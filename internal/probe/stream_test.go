package probe_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/probe"
	"hikeshi/internal/sim"
)

// A stage is the simulator's stream, followed.
type stage struct {
	t    *testing.T
	w    *wire
	sim  *sim.Sim
	mu   sync.Mutex
	seen []probe.Observation
}

const streamAddr = "192.0.2.1:80"

// followed plays for some seconds, then returns what is being followed.
func followed(t *testing.T, warm time.Duration) *stage {
	t.Helper()
	w := newWire(t)
	w.names["s.example"] = four
	var taking func(net.Conn) error
	s, err := sim.New(sim.Options{Seed: 7, Refused: func(host string, on bool) {
		switch {
		case host != "stream":
		case on:
			w.door(streamAddr, func(net.Conn) error { return syscall.ECONNREFUSED })
		default:
			w.door(streamAddr, taking)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{t: t, w: w, sim: s}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	w.listen(t, streamAddr, func(ln net.Listener) { s.Serve("stream", ln) })
	taking = w.doors[streamAddr]
	running.Go(func() { s.Play(ctx) })
	p := probes(t, probe.Options{Pairs: []string{"btc_jpy", "xrp_jpy", "eth_jpy"}, Places: map[probe.Host]probe.Place{probe.Stream: {URL: "ws://s.example"}}}, w)[probe.StreamSocket]
	running.Go(func() { p.Follow(ctx, st.see) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		s.Close()
	})
	time.Sleep(warm)
	synctest.Wait()
	return st
}

func (st *stage) see(o probe.Observation) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.seen = append(st.seen, o)
}

// since are the observations that ended after at.
func (st *stage) since(at time.Time) []probe.Observation {
	st.mu.Lock()
	defer st.mu.Unlock()
	var out []probe.Observation
	for _, o := range st.seen {
		if !o.At.Before(at) {
			out = append(out, o)
		}
	}
	return out
}

func (st *stage) control(method, path, body string) {
	st.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	st.sim.Handler(sim.Control).ServeHTTP(w, r)
	if w.Code >= 300 {
		st.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

var allOfStream = []probe.Target{probe.StreamSocket, probe.StreamTicker, probe.StreamDiff, probe.StreamWhole, probe.StreamTrades, probe.StreamCircuit}

func TestALivingStreamIsReportedOnEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := followed(t, 3*time.Second)
		from := time.Now()
		time.Sleep(time.Minute)
		count := map[probe.Target]int{}
		modes := map[string]string{}
		for _, o := range st.since(from) {
			count[o.Target]++
			if o.Failure != probe.OK {
				t.Errorf("%s: %q %s", o.Target, o.Failure, o.Detail)
			}
			if age := o.At.Sub(o.DataAt); o.Target == probe.StreamDiff && (age < 0 || age > 2*time.Second || o.DataSeq == 0) {
				t.Errorf("differences: age %v, sequence %d", age, o.DataSeq)
			}
			if o.Target == probe.StreamTicker && o.Last == "" {
				t.Error("no last price")
			}
		}
		for _, o := range st.since(time.Time{}) {
			for _, p := range o.Pairs {
				modes[p.Pair] = p.Mode
			}
		}
		for _, target := range allOfStream {
			if n := count[target]; n < 45 || n > 62 {
				t.Errorf("%s: %d reports in a minute", target, n)
			}
		}
		if len(modes) < 30 || modes["btc_jpy"] != "NONE" {
			t.Errorf("circuit-break modes of %d pairs, btc_jpy %q", len(modes), modes["btc_jpy"])
		}
	})
}

// From a fault to two reports of it on the target that shows it: two are what a verdict needs.
func TestAStaleStreamIsReportedTwiceWithinFiveSeconds(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		target      probe.Target
		failure     probe.Failure
		within      time.Duration
	}{
		{"open and silent", `{"host":"stream","effect":"stall_stream"}`, probe.StreamDiff, probe.Silent, 5 * time.Second},
		{"a black hole under an open connection", `{"host":"stream","effect":"blackhole"}`, probe.StreamDiff, probe.Silent, 5 * time.Second},
		{"no differences", `{"host":"stream","effect":"mute_channel","match":{"path":"depth_diff_*"}}`, probe.StreamDiff, probe.ChannelSilent, 5 * time.Second},
		{"no differences of the first pair", `{"host":"stream","effect":"mute_channel","match":{"path":"depth_diff_btc_jpy"}}`, probe.StreamDiff, probe.ChannelSilent, 5 * time.Second},
		{"no tickers", `{"host":"stream","effect":"mute_channel","match":{"path":"ticker_*"}}`, probe.StreamTicker, probe.ChannelSilent, 5 * time.Second},
		{"no whole books", `{"host":"stream","effect":"mute_channel","match":{"path":"depth_whole_*"}}`, probe.StreamWhole, probe.ChannelSilent, 5 * time.Second},
		{"no trades", `{"host":"stream","effect":"mute_channel","match":{"path":"transactions_*"}}`, probe.StreamTrades, probe.ChannelSilent, 20 * time.Second},
		{"the same differences again", `{"host":"stream","effect":"freeze_sequence","match":{"path":"depth_diff_*"}}`, probe.StreamDiff, probe.Frozen, 5 * time.Second},
		{"the same tickers again", `{"host":"stream","effect":"freeze_sequence","match":{"path":"ticker_*"}}`, probe.StreamTicker, probe.Frozen, 8 * time.Second},
		{"refused", `{"host":"stream","effect":"refuse"}`, probe.StreamSocket, probe.ConnectRefused, 5 * time.Second},
		{"closed again and again", `{"host":"stream","effect":"close_stream"}`, probe.StreamSocket, probe.StreamClosed, 5 * time.Second},
		{"the namespace is closed", `{"host":"stream","effect":"close_stream","body":"41"}`, probe.StreamSocket, probe.StreamClosed, 5 * time.Second},
		{"maintenance", `{"host":"stream","effect":"maintenance"}`, probe.StreamSocket, probe.Maintenance, 5 * time.Second},
		{"a page in its place", `{"host":"stream","effect":"html"}`, probe.StreamSocket, probe.HTML, 5 * time.Second},
		{"503", `{"host":"stream","effect":"status","status":503}`, probe.StreamSocket, probe.HTTP5xx, 5 * time.Second},
		{"nothing in its place", `{"host":"stream","effect":"empty"}`, probe.StreamSocket, probe.Empty, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := followed(t, 40*time.Second)
				from := time.Now()
				for _, o := range st.since(from.Add(-20 * time.Second)) {
					if o.Failure != probe.OK {
						t.Errorf("in calm: %s: %q %s", o.Target, o.Failure, o.Detail)
					}
				}
				st.control(http.MethodPost, "/faults", c.fault)
				if c.target == probe.StreamSocket {
					// What is wrong with connecting is seen when the open connection ends.
					st.control(http.MethodPost, "/faults", `{"host":"stream","effect":"close_stream","count":1}`)
				}
				time.Sleep(20 * time.Second)
				var took []time.Duration
				for _, o := range st.since(from) {
					if o.Target == c.target && o.Failure == c.failure {
						took = append(took, o.At.Sub(from))
					}
				}
				const want = 2
				if len(took) < want || took[want-1] > c.within {
					t.Errorf("%s of %s reported at %v, want %d within %v; saw %s", c.failure, c.target, took, want, c.within, summary(st.since(from)))
				} else {
					t.Logf("%v", took[:min(len(took), 4)])
				}
				st.control(http.MethodDelete, "/faults", "")
				back := time.Now()
				time.Sleep(25 * time.Second)
				for _, target := range allOfStream {
					if o := last(st.since(back), target); o.Failure != probe.OK || o.Target == "" {
						t.Errorf("25 s after the end: %s: %q %s", target, o.Failure, o.Detail)
					}
				}
			})
		})
	}
}

func last(os []probe.Observation, target probe.Target) (out probe.Observation) {
	for _, o := range os {
		if o.Target == target {
			out = o
		}
	}
	return out
}

func summary(os []probe.Observation) string {
	var b strings.Builder
	for _, o := range os {
		b.WriteString("\n" + o.At.Format("05.000") + " " + string(o.Target) + " " + string(o.Failure) + " " + o.Detail)
	}
	return b.String()
}

// At most sixty requests a minute and six a second go to the stream's host, also when every attempt fails at once.
func TestReconnectingStaysPolite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["s.example"] = four
		var mu sync.Mutex
		var dialed []time.Time
		w.door(streamAddr, func(net.Conn) error {
			mu.Lock()
			defer mu.Unlock()
			dialed = append(dialed, time.Now())
			return syscall.ECONNREFUSED
		})
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Stream: {URL: "ws://s.example"}}}, w)[probe.StreamSocket]
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		p.Follow(ctx, func(probe.Observation) {})
		if n := len(dialed); n < 150 || n > 300 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		for i := 1; i < len(dialed); i++ {
			if gap := dialed[i].Sub(dialed[i-1]); gap < 2*time.Second || gap > 4*time.Second {
				t.Errorf("attempt %d after %v", i, gap)
			}
		}
	})
}

// A quiet market says nothing for minutes on the channels of trades and of modes; that is no silence. Books that have
// always been slow are given the time they take.
func TestChannelsThatAreQuietByNatureAreNotCalledSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["s.example"] = four
		speak := func(rooms map[string]time.Duration) func(net.Conn) {
			return func(c net.Conn) { socketIO(c, rooms) }
		}
		w.serve(streamAddr, speak(map[string]time.Duration{"depth_diff_btc_jpy": 200 * time.Millisecond, "depth_whole_btc_jpy": 7 * time.Second}))
		p := probes(t, probe.Options{Pairs: []string{"btc_jpy"}, Places: map[probe.Host]probe.Place{probe.Stream: {URL: "ws://s.example"}}}, w)[probe.StreamSocket]
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		seen := map[probe.Target]int{}
		begin := time.Now()
		p.Follow(ctx, func(o probe.Observation) {
			seen[o.Target]++
			// The ticker never came at all, and that is worth a word after a quarter of a minute.
			if o.Failure != probe.OK && !(o.Target == probe.StreamTicker && o.At.Sub(begin) > 14*time.Second && o.Failure == probe.ChannelSilent) {
				t.Errorf("after %v %s: %q %s", o.At.Sub(begin), o.Target, o.Failure, o.Detail)
			}
		})
		for _, target := range allOfStream {
			if seen[target] < 250 {
				t.Errorf("%s: %d reports in five minutes", target, seen[target])
			}
		}
	})
}

// A connection whose other end is gone looks open for a minute. It is given up, once, and the next one works.
func TestAHalfOpenConnectionIsNoticedAndReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["s.example"] = four
		var mu sync.Mutex
		var conns []*deafEnd
		w.door(streamAddr, func(c net.Conn) error {
			d := &deafEnd{Conn: c}
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, d)
			w.busy.Go(func() {
				defer c.Close()
				socketIO(d, map[string]time.Duration{"depth_diff_btc_jpy": 100 * time.Millisecond, "ticker_btc_jpy": 300 * time.Millisecond})
			})
			return nil
		})
		p := probes(t, probe.Options{Pairs: []string{"btc_jpy"}, Places: map[probe.Host]probe.Place{probe.Stream: {URL: "ws://s.example"}}}, w)[probe.StreamSocket]
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var cut time.Time
		time.AfterFunc(30*time.Second, func() {
			mu.Lock()
			defer mu.Unlock()
			cut = time.Now()
			conns[0].lose()
		})
		var silent, back time.Duration
		p.Follow(ctx, func(o probe.Observation) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case o.Target != probe.StreamDiff || cut.IsZero():
			case o.Failure == probe.Silent && silent == 0:
				silent = o.At.Sub(cut)
			case o.Failure == probe.OK && silent > 0 && back == 0:
				back = o.At.Sub(cut)
			}
		})
		if silent == 0 || silent > 2*time.Second || back == 0 || back > 10*time.Second || len(conns) != 2 {
			t.Errorf("silent after %v, well after %v, over %d connections", silent, back, len(conns))
		}
	})
}

// deafEnd loses what is written to it once lose was called.
type deafEnd struct {
	net.Conn
	mu   sync.Mutex
	lost bool
}

func (d *deafEnd) lose() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = true
}

func (d *deafEnd) Write(b []byte) (int, error) {
	d.mu.Lock()
	lost := d.lost
	d.mu.Unlock()
	if lost {
		return len(b), nil
	}
	return d.Conn.Write(b)
}

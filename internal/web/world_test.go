package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/journal"
	"hikeshi/internal/part"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A fake is a watch and a journal as a test wants them.
type fake struct {
	mu     sync.Mutex
	snap   watch.Snapshot
	points []watch.Point
	past   []incident.Incident
	replay map[time.Time]diagnose.Verdict // by the minute that is asked for
	broken bool                           // the journal cannot be read

	subscribe func(ctx context.Context, after journal.Seq) <-chan watch.Event
}

var errBroken = errors.New("the disk is broken")

func (f *fake) Snapshot() watch.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap
}

func (f *fake) set(s watch.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snap = s
}

func (f *fake) Subscribe(ctx context.Context, after journal.Seq) <-chan watch.Event {
	if f.subscribe == nil {
		out := make(chan watch.Event)
		context.AfterFunc(ctx, func() { close(out) })
		return out
	}
	return f.subscribe(ctx, after)
}

func (f *fake) Series(probe.Target) []watch.Point { return f.points }

func (f *fake) Incidents(_ context.Context, limit int) ([]incident.Incident, error) {
	if f.broken {
		return nil, errBroken
	}
	return f.past[:min(limit, len(f.past))], nil
}

func (f *fake) Past(_ context.Context, at time.Time) (diagnose.Verdict, bool, error) {
	if f.broken {
		return diagnose.Verdict{}, false, errBroken
	}
	v, ok := f.replay[at.UTC().Truncate(time.Minute)]
	return v, ok, nil
}

// targets of the shipped watch, with a key.
var watched = []probe.Target{
	probe.LineInterface, probe.LineGateway, probe.DNSSystem, probe.DNSSecond, probe.BitbankDNS, probe.BitbankDNS2, probe.ClockNTP,
	probe.PublicTicker, probe.PublicDepth, probe.PrivateStatus, probe.PrivateAnon, probe.PrivateSigned, probe.PrivatePairs,
	probe.StreamSocket, probe.StreamTicker, probe.StreamDiff, probe.StreamWhole, probe.StreamTrades, probe.StreamCircuit,
	probe.Public4, probe.Public6, probe.Private4, probe.Private6, probe.Stream4, probe.Stream6, probe.Web4, probe.Web6, probe.App4, probe.App6,
	probe.WebPage, probe.WebAsset, probe.AppPage, probe.AppBackend, probe.PubNubTime, probe.StatusPage, probe.BlogPage, probe.SupportPage,
	probe.SupportHelp, probe.XPage, probe.Neutral1Page, probe.Neutral2Page, probe.Neutral3Page, probe.Venue1Ticker, probe.Venue2Ticker, probe.Venue3Ticker,
}

// fails names the targets and hosts ("private/") that fail, "*" for all but our own machine.
type fails map[string]probe.Failure

func (f fails) of(t probe.Target) probe.Failure {
	host, _, _ := strings.Cut(string(t), "/")
	for _, name := range []string{string(t), host + "/"} {
		if x, ok := f[name]; ok {
			return x
		}
	}
	if host != "self" {
		return f["*"]
	}
	return probe.OK
}

// A scene is a state of the world that the pages have to show.
type scene struct {
	name    string
	scope   diagnose.Scope
	fails   fails
	pairs   []probe.PairState // what /spot/pairs says now
	windows []diagnose.Window
	slept   time.Duration
}

func scenes(now time.Time) []scene {
	halted := []probe.PairState{{Pair: "btc_jpy", HasFlags: true, Flags: []string{"stop_order", "stop_order_and_cancel"}, Margin: true}, {Pair: "eth_jpy", HasFlags: true, Margin: true}, {Pair: "mona_jpy", HasFlags: true}}
	return []scene{
		{name: "healthy", scope: diagnose.Healthy},
		{name: "own line", scope: diagnose.OwnLine, fails: fails{"*": probe.ConnectTimeout, "self/dns_system": probe.DNSTimeout, "self/dns_second": probe.DNSTimeout, "self/bitbank_dns": probe.DNSTimeout, "self/bitbank_dns2": probe.DNSTimeout, "self/ntp": probe.Timeout}},
		{name: "one family", scope: diagnose.Path, fails: fails{"public/connect6": probe.ConnectTimeout, "private/connect6": probe.ConnectTimeout, "stream/connect6": probe.ConnectTimeout, "web/connect6": probe.ConnectTimeout, "app/connect6": probe.ConnectTimeout}},
		{name: "all of bitbank", scope: diagnose.Bitbank, fails: fails{"public/": probe.HTTP5xx, "private/": probe.HTTP5xx, "web/": probe.HTTP5xx, "app/": probe.HTTP5xx, "stream/": probe.ConnectRefused}},
		{name: "trading API", scope: diagnose.Part, fails: fails{"private/anonymous": probe.Timeout, "private/signed": probe.Timeout, "private/status": probe.Timeout, "private/pairs": probe.Timeout}},
		{name: "a halted pair", scope: diagnose.Part, pairs: halted},
		{name: "maintenance", scope: diagnose.Maintenance, fails: fails{"private/": probe.Maintenance, "public/": probe.Maintenance, "web/": probe.HTTP5xx, "app/": probe.HTTP5xx, "stream/": probe.ConnectRefused}, windows: []diagnose.Window{{Parts: []part.Code{part.All}, Start: now.Add(-10 * time.Minute), End: now.Add(time.Hour)}}},
		{name: "asleep", scope: diagnose.NotProven, slept: time.Hour},
	}
}

// badFor is long enough for every scene to be believed.
const badFor = time.Minute

// snapshot plays calm minutes and then one of the scene.
func (s scene) snapshot(now time.Time) watch.Snapshot {
	m := diagnose.NewMemory()
	all := map[probe.Target]struct{}{}
	for _, t := range watched {
		all[t] = struct{}{}
	}
	m.Watch(all)
	calm := []probe.PairState{{Pair: "btc_jpy", HasFlags: true, Margin: true}, {Pair: "eth_jpy", HasFlags: true, Margin: true}, {Pair: "mona_jpy", HasFlags: true}}
	look := func(at time.Time, f fails, pairs []probe.PairState) {
		for _, t := range watched {
			host, _, _ := strings.Cut(string(t), "/")
			o := probe.Observation{
				Target: t, Host: probe.Host(host), At: at, Took: 60 * time.Millisecond, Failure: f.of(t), DataAt: at.Add(-200 * time.Millisecond),
				Timing: probe.Timing{DNS: 5 * time.Millisecond, Connect: 10 * time.Millisecond, TLS: 15 * time.Millisecond, FirstByte: 25 * time.Millisecond, Body: 5 * time.Millisecond},
				Last:   at.Format("150405"),
			}
			if o.Failure != probe.OK {
				o.Took, o.Timing.FirstByte, o.Timing.Body, o.DataAt = 3*time.Second, 0, 0, time.Time{}
			}
			if t == probe.ClockNTP {
				o.Skew, o.SkewKnown = 40*time.Millisecond, true
			}
			if t == probe.PrivateStatus && o.Failure == probe.OK {
				o.Pairs = []probe.PairState{{Pair: "btc_jpy", Status: "NORMAL", MinAmount: "0.0001"}, {Pair: "eth_jpy", Status: "NORMAL", MinAmount: "0.0001"}, {Pair: "mona_jpy", Status: "NORMAL", MinAmount: "0.1"}}
			}
			if t == probe.PrivatePairs && o.Failure == probe.OK {
				o.Pairs = pairs
			}
			m.See(o)
		}
	}
	// The last looks end a second ago, as in life.
	now = now.Add(-time.Second)
	self := probe.Watcher{Since: now.Add(-5 * time.Minute)}
	if s.slept > 0 {
		self.Slept, self.WokeAt = s.slept, now.Add(-time.Second)
	}
	bad := s.pairs
	if bad == nil {
		bad = calm
	}
	for back := 5 * time.Minute; back >= 0; back -= time.Second {
		at := now.Add(-back)
		switch {
		case back > badFor:
			look(at, nil, calm)
		case s.slept == 0:
			look(at, s.fails, bad)
		}
		if back%(5*time.Second) == 0 {
			m.Round(at)
		}
	}
	m.Watcher(self)
	round := m.Round(now)
	round.Windows, round.SameEdge = s.windows, []probe.Host{probe.Neutral2}
	v := diagnose.Diagnose(round)
	out := watch.Snapshot{
		At: now, Seq: 41, Verdict: v, Round: round, Recorded: true,
		Asked: map[probe.Host]int{probe.Public: 36, probe.Private: 48, probe.Web: 6},
	}
	var state incident.State
	state, _ = incident.Step(state, v)
	out.Incident = state.Current
	return out
}

// begun is a watch whose first looks are under way.
func begun(now time.Time) watch.Snapshot {
	m := diagnose.NewMemory()
	m.Watch(map[probe.Target]struct{}{probe.PublicTicker: {}, probe.Neutral1Page: {}})
	m.Watcher(probe.Watcher{Since: now.Add(-time.Second)})
	round := m.Round(now)
	return watch.Snapshot{At: now, Round: round, Verdict: diagnose.Diagnose(round), Recorded: true}
}

func handler(f *fake) http.Handler {
	return New(Options{Source: f, Version: "1.2.3", Addr: "127.0.0.1:8710", Log: slog.New(slog.DiscardHandler)})
}

// get asks as a browser on this machine would.
func get(t *testing.T, h http.Handler, target string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8710"+target, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// in asks in a language.
func in(l text.Lang) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Accept-Language", string(l)) }
}

var bothLangs = []text.Lang{text.Japanese, text.English}

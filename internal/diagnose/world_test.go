package diagnose

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/probe"
)

// A plan is one look of the shipped watch, and how often.
type plan struct {
	target       probe.Target
	every, first time.Duration
}

// entryEvery is how often each page of site and app is looked at.
const entryEvery = 14 * time.Second

// shipped is what the watch looks at without a key.
var shipped = []plan{
	{probe.LineInterface, 5 * time.Second, 0}, {probe.LineGateway, 10 * time.Second, time.Second},
	{probe.DNSSystem, 10 * time.Second, 2 * time.Second}, {probe.DNSSecond, 10 * time.Second, 3 * time.Second},
	{probe.BitbankDNS, 10 * time.Second, 4 * time.Second}, {probe.BitbankDNS2, 10 * time.Second, 5 * time.Second},
	{probe.ClockNTP, 10 * time.Minute, time.Second},
	{probe.PublicTicker, 2 * time.Second, 0}, {probe.PublicDepth, 10 * time.Second, time.Second},
	{probe.PrivateStatus, 4 * time.Second, 0}, {probe.PrivateAnon, 4 * time.Second, 2 * time.Second}, {probe.PrivatePairs, 30 * time.Second, 500 * time.Millisecond},
	{probe.StreamSocket, time.Second, 0}, {probe.StreamTicker, time.Second, 100 * time.Millisecond}, {probe.StreamDiff, time.Second, 200 * time.Millisecond},
	{probe.StreamWhole, time.Second, 300 * time.Millisecond}, {probe.StreamTrades, time.Second, 400 * time.Millisecond}, {probe.StreamCircuit, time.Second, 500 * time.Millisecond},
	{probe.Public4, 10 * time.Second, 0}, {probe.Public6, 10 * time.Second, time.Second}, {probe.Private4, 10 * time.Second, 2 * time.Second}, {probe.Private6, 10 * time.Second, 3 * time.Second},
	{probe.Stream4, 10 * time.Second, 4 * time.Second}, {probe.Stream6, 10 * time.Second, 5 * time.Second}, {probe.Web4, 10 * time.Second, 6 * time.Second}, {probe.Web6, 10 * time.Second, 7 * time.Second},
	{probe.App4, 10 * time.Second, 8 * time.Second}, {probe.App6, 10 * time.Second, 9 * time.Second},
	{probe.WebPage, entryEvery, 0}, {probe.WebAsset, entryEvery, entryEvery / 2}, {probe.AppPage, entryEvery, entryEvery / 4}, {probe.AppBackend, entryEvery, entryEvery * 3 / 4},
	{probe.PubNubTime, 12 * time.Second, 0}, {probe.StatusPage, 25 * time.Second, 0}, {probe.BlogPage, 25 * time.Second, 8 * time.Second}, {probe.SupportPage, 25 * time.Second, 12 * time.Second}, {probe.SupportHelp, 25 * time.Second, 20 * time.Second},
	{probe.XPage, 60 * time.Second, 0}, {probe.Neutral1Page, 12 * time.Second, 0}, {probe.Neutral2Page, 12 * time.Second, 4 * time.Second}, {probe.Neutral3Page, 12 * time.Second, 8 * time.Second},
	{probe.Venue1Ticker, 12 * time.Second, time.Second}, {probe.Venue2Ticker, 12 * time.Second, 5 * time.Second}, {probe.Venue3Ticker, 12 * time.Second, 9 * time.Second},
}

// fails maps a target, a host with a slash ("public/") or "*" to what its looks see. The longest name wins.
type fails map[string]probe.Failure

func (f fails) of(t probe.Target) (probe.Failure, bool) {
	if x, ok := f[string(t)]; ok {
		return x, true
	}
	host, _, _ := strings.Cut(string(t), "/")
	if x, ok := f[host+"/"]; ok {
		return x, true
	}
	if x, ok := f["*"]; ok && host != "self" {
		return x, true
	}
	return probe.OK, false
}

// A world plays looks into a memory, in virtual time, pulling forward what the verdicts ask for.
type world struct {
	now     time.Time
	memory  *Memory
	plans   []plan
	next    map[probe.Target]time.Time
	started map[probe.Target]time.Time
	ends    []flight
	fails   fails
	code    int
	edge    []probe.Host
	windows []Window
	see     func(*probe.Observation) // changes an observation that is about to be seen
	verdict Verdict
	round   Round
	every   func(Verdict)
	grain   time.Duration
}

type flight struct {
	at time.Time
	o  probe.Observation
}

var noon = time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)

func newWorld(plans []plan) *world {
	w := &world{now: noon, memory: NewMemory(), plans: plans, next: map[probe.Target]time.Time{}, started: map[probe.Target]time.Time{},
		edge: []probe.Host{probe.Neutral2}, grain: 250 * time.Millisecond}
	watched := map[probe.Target]struct{}{}
	for _, p := range plans {
		w.next[p.target] = w.now.Add(p.first)
		watched[p.target] = struct{}{}
	}
	w.memory.Watch(watched)
	w.memory.Watcher(probe.Watcher{Since: w.now})
	return w
}

// run lets d pass.
func (w *world) run(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(w.grain) {
		w.tick()
	}
}

func (w *world) tick() {
	for _, p := range w.plans {
		if !w.next[p.target].After(w.now) {
			w.start(p.target)
			w.next[p.target] = w.now.Add(p.every)
		}
	}
	keep := w.ends[:0]
	for _, f := range w.ends {
		if f.at.After(w.now) {
			keep = append(keep, f)
			continue
		}
		w.memory.See(f.o)
	}
	w.ends = keep
	w.judge()
}

func (w *world) judge() {
	w.round = w.memory.Round(w.now)
	w.round.SameEdge, w.round.Windows = w.edge, w.windows
	w.verdict = Diagnose(w.round)
	for _, t := range w.verdict.Ask {
		if w.now.Sub(w.started[t]) >= 1200*time.Millisecond {
			w.start(t)
		}
	}
	if w.every != nil {
		w.every(w.verdict)
	}
}

func (w *world) start(t probe.Target) {
	w.started[t] = w.now
	host, _, _ := strings.Cut(string(t), "/")
	o := probe.Observation{Target: t, Host: probe.Host(host), Took: 40 * time.Millisecond}
	f, _ := w.fails.of(t)
	o.Failure, o.Fresh = f, f == probe.Silent // the probe has made another connection by then
	if f == probe.APIError || f == probe.ClockRefused {
		o.Code = w.code
	}
	switch kindOf(o) {
	case silent, unnamed:
		if f != probe.DNSNotFound && f != probe.DNSFailed && f != probe.NoInterface && host != "self" {
			o.Took = 1500 * time.Millisecond
			late := o
			late.Late, late.Failure, late.At = true, probe.OK, w.now.Add(400*time.Millisecond)
			w.ends = append(w.ends, flight{late.At, late})
		}
	}
	if f == probe.OK || kindOf(o) == old {
		switch {
		case host == "stream" || host == "public" || host == "venue1" || host == "venue2" || host == "venue3":
			o.DataAt = w.now.Add(-100 * time.Millisecond)
			o.Last = strconv.Itoa(int(w.now.Unix()))
		}
	}
	if t == probe.PrivateStatus && f == probe.OK {
		o.Pairs = []probe.PairState{{Pair: "btc_jpy", Status: "NORMAL", MinAmount: "0.0001"}, {Pair: "xrp_jpy", Status: "NORMAL", MinAmount: "0.0001"}, {Pair: "xrp_btc", Status: "NORMAL", MinAmount: "0.0001"}}
	}
	if t == probe.PrivatePairs && f == probe.OK {
		o.Pairs = []probe.PairState{{Pair: "btc_jpy", HasFlags: true, Margin: true}, {Pair: "xrp_jpy", HasFlags: true, Margin: true}, {Pair: "xrp_btc", HasFlags: true, Flags: []string{"stop_order"}}}
	}
	o.At = w.now.Add(o.Took)
	if w.see != nil {
		w.see(&o)
	}
	w.ends = append(w.ends, flight{o.At, o})
}

// keyed is the shipped watch with a read-only key.
func keyed() []plan {
	return append(append([]plan(nil), shipped...), plan{probe.PrivateSigned, 4 * time.Second, 3 * time.Second})
}

func show(t *testing.T, v Verdict) {
	t.Helper()
	t.Logf("%s %v %v %s %v", v.Scope, v.Parts, v.Pairs, v.Sentence, v.Args)
	for _, r := range v.Reasons {
		t.Logf("   %s %v %v", r.Code, r.Args, r.Targets)
	}
}

package incident

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
)

// A home is a noisy line as people have it, at the level of observations: no sockets, no waiting.
//
// Looks out of turn keep to the request budget, as package watch does: each one is another chance for a loss to add up.
//
// It loses one look in fifty, its resolvers hiccup every few hours, its router restarts every night, the
// machine sleeps eight hours a day and comes back without a network for some seconds, its clock is set every other
// day, and trading is quiet at night. bitbank itself is well all the time: whatever is said against it is false.
type home struct {
	r        *rand.Rand
	start    time.Time
	now      time.Time
	memory   *diagnose.Memory
	looks    []*homeLook
	by       map[probe.Target]*homeLook
	ends     []probe.Observation // in flight
	self     probe.Watcher
	offset   time.Duration // our clock minus the true time
	hiccup   time.Time     // resolvers are slow until then
	dark     time.Time     // no network until then
	fell     time.Time     // when that began
	excused  time.Time     // until then, trouble of our own line is real
	jumpNext time.Time
	state    State
	verdicts map[string]int
	told     []Action
	wolves   []string
	bad      bool
}

type homeLook struct {
	target  probe.Target
	host    probe.Host
	every   time.Duration
	next    time.Time
	flying  bool
	started time.Time
	spare   *float64 // looks out of turn that the request budget leaves to its host or page, refilled within a minute
	most    float64
	first   bool // of those that share spare
}

// spares refills what looks out of turn may use, and take uses one up; a look near its turn takes the turn's place.
func (h *home) spares() {
	for _, l := range h.looks {
		if l.spare != nil && l.first {
			*l.spare = min(l.most, *l.spare+l.most*grain.Seconds()/60)
		}
	}
}

func (l *homeLook) take(now time.Time) bool {
	if !l.next.After(now.Add(l.every / 2)) {
		l.next = l.next.Add(l.every)
		return true
	}
	if l.spare == nil {
		return true
	}
	if *l.spare < 1 {
		return false
	}
	*l.spare--
	return true
}

func newHome(seed uint64) *home {
	h := &home{
		r: rand.New(rand.NewPCG(seed, 90)), start: noon, now: noon, memory: diagnose.NewMemory(),
		by: map[probe.Target]*homeLook{}, verdicts: map[string]int{}, jumpNext: noon.Add(31 * time.Hour),
	}
	// A list and not a map: the same seed must draw in the same order.
	plan := []struct {
		every   time.Duration
		targets []probe.Target
	}{
		{2 * time.Second, []probe.Target{probe.PublicTicker}},
		{4 * time.Second, []probe.Target{probe.PrivateStatus, probe.PrivateAnon}},
		{time.Second, []probe.Target{probe.StreamSocket, probe.StreamTicker, probe.StreamDiff, probe.StreamWhole, probe.StreamTrades, probe.StreamCircuit}},
		{10 * time.Second, []probe.Target{probe.PublicDepth, probe.LineInterface, probe.LineGateway, probe.DNSSystem, probe.DNSSecond, probe.BitbankDNS, probe.BitbankDNS2,
			probe.Public4, probe.Public6, probe.Private4, probe.Private6, probe.Stream4, probe.Stream6, probe.Web4, probe.Web6, probe.App4, probe.App6}},
		{12 * time.Second, []probe.Target{probe.Neutral1Page, probe.Neutral2Page, probe.Neutral3Page, probe.Venue1Ticker, probe.Venue2Ticker, probe.Venue3Ticker, probe.PubNubTime}},
		{14 * time.Second, []probe.Target{probe.WebPage, probe.WebAsset, probe.AppPage, probe.AppBackend}},
		{25 * time.Second, []probe.Target{probe.StatusPage, probe.BlogPage, probe.SupportPage, probe.SupportHelp}},
		{30 * time.Second, []probe.Target{probe.PrivatePairs}},
		{time.Minute, []probe.Target{probe.XPage}},
		{10 * time.Minute, []probe.Target{probe.ClockNTP}},
	}
	watched := map[probe.Target]struct{}{}
	for _, p := range plan {
		for i, t := range p.targets {
			host, _, _ := strings.Cut(string(t), "/")
			l := &homeLook{target: t, host: probe.Host(host), every: p.every, next: h.now.Add(p.every * time.Duration(i) / time.Duration(len(p.targets)))}
			h.looks = append(h.looks, l)
			h.by[t] = l
			watched[t] = struct{}{}
		}
	}
	shared := map[string]*homeLook{}
	used := map[string]float64{}
	for _, l := range h.looks {
		key, limit := string(l.target), 6.0
		switch {
		case strings.Contains(key, "connect") || l.host == probe.Self || l.target != probe.StreamSocket && l.host == probe.Stream:
			continue // no request
		case l.host == probe.Public || l.host == probe.Private || l.host == probe.Stream:
			key, limit = string(l.host), 60
		}
		used[key] += float64((time.Minute + l.every/2 + l.every - 1) / l.every)
		if shared[key] == nil {
			shared[key], l.first, l.spare = l, true, new(float64)
		}
		l.spare = shared[key].spare
		shared[key].most = max(0, limit-used[key])
	}
	h.self.Since = h.now
	h.memory.Watch(watched)
	h.memory.Watcher(h.self)
	return h
}

// wall is what our own clock shows.
func (h *home) wall() time.Time { return h.now.Add(h.offset) }

const grain = 250 * time.Millisecond

func (h *home) live(d time.Duration) {
	judged := h.now
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(grain) {
		h.weather()
		h.spares()
		for _, l := range h.looks {
			if !l.flying && !l.next.After(h.now) {
				h.begin(l)
				l.next = h.now.Add(l.every)
			}
		}
		h.land()
		// In calm a verdict every two seconds is the same verdict eight times less often.
		if h.bad || h.now.Sub(judged) >= 2*time.Second || h.state.Current.Phase != None || !h.state.DoubtAt.IsZero() && h.now.Sub(judged) >= time.Second {
			h.judge()
			judged, h.bad = h.now, false
		}
	}
}

// weather is what happens to the line and the machine.
func (h *home) weather() {
	jst := h.now.Add(9 * time.Hour)
	sec := jst.Hour()*3600 + jst.Minute()*60 + jst.Second()
	if jst.Nanosecond() != 0 {
		return
	}
	switch {
	case sec == 23*3600+1800: // the router restarts
		h.fell, h.dark = h.now, h.now.Add(2*time.Minute)
		h.excused = h.now.Add(4 * time.Minute)
	case sec == 1*3600: // the lid is closed for eight hours
		h.sleep(8 * time.Hour)
	case h.r.IntN(3*3600) == 0:
		h.hiccup = h.now.Add(time.Duration(3+h.r.IntN(15)) * time.Second)
	case h.now.After(h.jumpNext):
		by := time.Duration(h.r.IntN(7200)-3600) * time.Second
		if h.r.IntN(2) == 0 {
			by = time.Duration(h.r.IntN(10)-5) * time.Second
		}
		h.jumpNext = h.now.Add(time.Duration(24+h.r.IntN(48)) * time.Hour)
		h.offset += by
		h.self.Jumped, h.self.JumpAt = by, h.wall()
		h.memory.Watcher(h.self)
	}
}

func (h *home) sleep(d time.Duration) {
	h.now = h.now.Add(d)
	h.fell, h.dark = h.now, h.now.Add(time.Duration(2+h.r.IntN(8))*time.Second)
	h.excused = h.now.Add(2 * time.Minute)
	h.land() // what was in flight ends at once, badly, before we know that we slept
	h.judge()
	h.self.Slept, h.self.WokeAt = d, h.wall()
	h.memory.Watcher(h.self)
	for _, l := range h.looks {
		l.next = h.now.Add(time.Duration(h.r.Int64N(int64(l.every))))
	}
}

func (h *home) begin(l *homeLook) {
	o := probe.Observation{Target: l.target, Host: l.host, Took: time.Duration(20+h.r.IntN(60)) * time.Millisecond}
	fresh := l.host != probe.Stream && l.target != probe.PublicTicker && l.target != probe.PrivateStatus
	lost := h.r.IntN(50) == 0
	dns := l.host == probe.Self && strings.Contains(string(l.target), "dns")
	if l.host == probe.Stream && !strings.Contains(string(l.target), "connect") {
		// A lost packet of a stream arrives late. Nobody looks: it reports.
		fresh = false
		lost = false
		if h.dark.After(h.now) {
			lost = h.r.IntN(2) == 0
		}
	}
	reports := l.host == probe.Stream && !fresh
	switch {
	case l.target == probe.LineInterface, reports && h.now.Sub(h.fell) < 3*time.Second: // not yet called silent
	case h.dark.After(h.now) && fresh && h.dark.Sub(h.now) < time.Second:
		o.Took = 1050 * time.Millisecond // TCP sends its first packet again after a second
	case h.dark.After(h.now):
		o.Failure, o.Took = probe.Timeout, 1500*time.Millisecond
		if dns || fresh && h.r.IntN(2) == 0 {
			o.Failure = probe.DNSTimeout
		}
		if l.target == probe.LineGateway {
			o.Failure = probe.NoGateway
		}
		if reports {
			o.Failure, o.Took = probe.Silent, h.now.Sub(h.fell) // a report of how long it has been silent
		}
	case h.hiccup.After(h.now) && (dns || fresh && l.host != probe.Self) && h.r.IntN(10) < 4:
		o.Failure, o.Took = probe.DNSTimeout, 1500*time.Millisecond
	case lost && dns:
		o.Failure, o.Took = probe.DNSTimeout, 1500*time.Millisecond
	case lost && l.target == probe.LineGateway:
		o.Failure, o.Took = probe.NoGateway, time.Second
	case lost && l.host != probe.Self:
		o.Failure, o.Took = probe.Timeout, 1500*time.Millisecond
	case h.r.IntN(40) == 0:
		o.Took = time.Duration(300+h.r.IntN(900)) * time.Millisecond // resent in time
	}
	l.flying, l.started = true, h.now
	o.At = h.now.Add(o.Took) // the true time; land turns it into ours
	if o.Failure == probe.Silent {
		o.At = h.now
	}
	if o.Took > 400*time.Millisecond {
		late := o
		late.Late, late.Failure, late.At = true, probe.OK, h.wall().Add(400*time.Millisecond)
		h.memory.See(late)
		h.bad = true
	}
	if o.Failure == probe.OK || o.Failure == probe.Silent {
		switch l.host {
		case probe.Public, probe.Stream:
			o.DataAt = h.data(l.host)
		case probe.Venue1, probe.Venue2, probe.Venue3:
			o.Last = fmt.Sprint(h.now.Unix() / 7)
		}
	}
	switch {
	case l.target == probe.PrivateStatus && o.Failure == probe.OK:
		o.Pairs = []probe.PairState{{Pair: "btc_jpy", Status: "NORMAL"}, {Pair: "xrp_jpy", Status: "NORMAL"}}
	case l.target == probe.PrivatePairs && o.Failure == probe.OK:
		o.Pairs = []probe.PairState{{Pair: "btc_jpy", HasFlags: true}, {Pair: "xrp_jpy", HasFlags: true}}
	case (l.host == probe.Neutral1 || l.host == probe.Neutral2 || l.target == probe.ClockNTP) && o.Failure == probe.OK:
		o.Skew, o.SkewKnown = h.offset, true
	}
	h.ends = append(h.ends, o)
}

// data is the timestamp of bitbank's newest data: at night minutes pass without any.
func (h *home) data(host probe.Host) time.Time {
	at := h.now
	if host == probe.Stream && h.r.IntN(50) == 0 {
		at = h.now.Add(-time.Duration(h.r.IntN(1500)) * time.Millisecond) // resent
	}
	if hour := h.now.Add(9 * time.Hour).Hour(); hour >= 9 && hour < 11 {
		at = at.Truncate(3 * time.Minute)
	} else {
		at = at.Truncate(200 * time.Millisecond)
	}
	return at
}

func (h *home) land() {
	keep := h.ends[:0]
	for _, o := range h.ends {
		if o.At.After(h.now) {
			keep = append(keep, o)
			continue
		}
		o.At = o.At.Add(h.offset)
		h.by[o.Target].flying = false
		h.memory.See(o)
		h.bad = h.bad || o.Failure != probe.OK
	}
	h.ends = keep
}

func (h *home) judge() {
	r := h.memory.Round(h.wall())
	r.SameEdge = []probe.Host{probe.Neutral2}
	v := diagnose.Diagnose(r)
	h.verdicts[v.Scope.String()+" "+v.Sentence]++
	for _, t := range v.Ask {
		if l := h.by[t]; l != nil && !l.flying && h.now.Sub(l.started) >= 1200*time.Millisecond && l.take(h.now) {
			h.begin(l)
		}
	}
	var actions []Action
	h.state, actions = Step(h.state, v)
	for _, a := range actions {
		if !a.Announce {
			continue
		}
		h.told = append(h.told, a)
		if a.Kind != "opened" && a.Kind != "changed" {
			continue
		}
		if a.Incident.Scope != diagnose.OwnLine || h.now.After(h.excused) {
			h.wolves = append(h.wolves, fmt.Sprintf("day %.3f: %s %s %s: %v", h.now.Sub(h.start).Hours()/24, a.Kind, a.Incident.Scope, a.Incident.Sentence, v.Reasons))
		}
	}
}

// TestANoisyHomeLineCriesWolfLessThanOnceAMonth plays 3 days, and all 90 with HIKESHI_LONG=1.
func TestANoisyHomeLineCriesWolfLessThanOnceAMonth(t *testing.T) {
	days := 3
	if os.Getenv("HIKESHI_LONG") != "" {
		days = 90
	}
	if testing.Short() {
		days = 1
	}
	const seed = 20261124
	h := newHome(seed)
	h.live(time.Duration(days) * 24 * time.Hour)
	t.Logf("figure: %d days of a noisy home line (seed %d): %d announcements, %d false alarms", days, seed, len(h.told), len(h.wolves))
	t.Logf("verdicts %v", h.verdicts)
	for _, f := range h.wolves {
		t.Log(f)
	}
	if most := max(0, days/30); len(h.wolves) > most {
		t.Errorf("%d false alarms in %d days, want at most %d", len(h.wolves), days, most)
	}
	reboots := 0
	for _, a := range h.told {
		if a.Kind == "opened" && a.Incident.Scope == diagnose.OwnLine {
			reboots++
		}
	}
	t.Logf("own line announced %d times", reboots)
}

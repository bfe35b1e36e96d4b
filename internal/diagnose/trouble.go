package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

// A trouble is one function of bitbank that does not work as it should.
type trouble struct {
	part    part.Code
	state   State
	class   string // names the sentence: "verdict.part." + class where no measured figure belongs into it
	failure probe.Failure
	since   time.Time
	otherOK time.Time // when somebody else had last answered as of its newest bad look
	targets []probe.Target
	pairs   []string
	args    map[string]string
	witness bool // a broken line could look like this, so somebody else must have answered meanwhile
	reason  string
}

// The classes of trouble, each with its own sentence.
const (
	isSilent     = "silent"
	isErrors     = "errors"
	isPartial    = "partial"
	isMaintained = "maintained"
	isBusy       = "busy"
	isOverloaded = "overloaded"
	isStale      = "stale"
	isSlowly     = "slow"
	isHalted     = "halted"
	isFlagged    = "flagged"
	isAuction    = "auction"
	isClock      = "clock"
)

func (e *evidence) troubles() []trouble {
	var out []trouble
	for _, h := range e.houses {
		if h.family != 0 && !h.sick {
			continue
		}
		if t, ok := e.ofHouse(h); ok {
			out = append(out, t)
		}
	}
	out = append(out, e.ofPairs()...)
	if t, ok := e.ofMarket(); ok {
		out = append(out, t)
	}
	return out
}

func (e *evidence) ofHouse(h house) (trouble, bool) {
	t := trouble{part: h.part, state: h.state(), failure: h.failure, since: h.from, otherOK: h.otherOK, targets: h.targets, reason: "failing"}
	switch {
	case h.slow && !h.sick && (e.rough || !e.prompt(h.from, h.slowAt)):
		return t, false // as slow as everything else, for all that we know: see ownSlow
	case h.slow && !h.sick:
		t.class, t.reason = isSlowly, "slow"
		if h.factor >= slowFactor {
			t.args = map[string]string{"factor": strconv.Itoa(h.factor)}
		}
		return t, true
	case !h.sick:
		return t, false
	}
	switch h.kind {
	case silent, unnamed, unreachable:
		t.class, t.witness = isSilent, true
	case closedDown:
		t.class = isMaintained
	case busy:
		t.class = isBusy
	case overload:
		t.class = isOverloaded
	case clockRefused:
		t.class = isClock
	case old:
		t.class, t.witness = isStale, true
		t.args = map[string]string{"n": strconv.Itoa(int(e.now.Sub(h.from) / time.Second))}
	default:
		t.class, t.witness = isErrors, true
	}
	if h.partial && (t.class == isSilent || t.class == isErrors) && h.host != probe.Stream {
		t.class, t.witness = isPartial, false // the same host answered meanwhile
	}
	return t, true
}

// ofPairs reads bitbank's own flags.
func (e *evidence) ofPairs() []trouble {
	// Until the flags are read, a halted pair may be one that was delisted years ago.
	for _, t := range e.r.Unseen {
		if t == probe.PrivatePairs {
			return nil
		}
	}
	type key struct {
		part  part.Code
		class string
	}
	found := map[key]*trouble{}
	listed := 0
	for _, name := range e.pairNames() {
		p := e.r.Pairs[name]
		if p.Retired || e.now.Sub(p.At) > pairsAge {
			continue
		}
		listed++
		for _, one := range limits(p) {
			k := key{one.part, one.class}
			t := found[k]
			if t == nil {
				t = &trouble{part: one.part, state: one.state, class: one.class, since: p.Since, targets: one.targets, reason: one.class}
				found[k] = t
			}
			t.pairs = append(t.pairs, name)
			if p.Since.Before(t.since) {
				t.since = p.Since
			}
			if one.state == Down {
				t.state = Down
			}
		}
	}
	var out []trouble
	for _, c := range part.Codes() {
		for _, class := range []string{isHalted, isFlagged, isAuction, isBusy} {
			if t := found[key{c, class}]; t != nil {
				if len(t.pairs) == listed && listed > 1 {
					t.pairs = nil // all of them: not confined to any
				}
				out = append(out, *t)
			}
		}
	}
	return out
}

// pairsAge is how old bitbank's flags may be: they are read twice a minute.
const pairsAge = 2 * time.Minute

func (e *evidence) pairNames() []string {
	names := make([]string, 0, len(e.r.Pairs))
	for n := range e.r.Pairs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// limits are what bitbank's flags say that a pair cannot do, beyond what it could not do when we began.
func limits(p PairSignal) []trouble {
	var out []trouble
	status, pairs, circuit := []probe.Target{probe.PrivateStatus}, []probe.Target{probe.PrivatePairs}, []probe.Target{probe.StreamCircuit}
	flags := newFlags(p)
	switch p.State.Status {
	case "HALT":
		out = append(out, trouble{part: part.Trading, class: isHalted, state: Down, targets: status})
	case "BUSY", "VERY_BUSY":
		out = append(out, trouble{part: part.Trading, class: isBusy, state: Limited, targets: status})
	}
	switch p.State.Mode {
	case "", "NONE", "LISTING":
	default:
		out = append(out, trouble{part: part.MarketOrder, class: isAuction, state: Down, targets: circuit})
	}
	done := map[part.Code]bool{}
	for _, f := range flags {
		var codes []part.Code
		state, class := Down, isFlagged
		switch {
		case f == flagStop:
			codes, class = []part.Code{part.Trading}, isHalted
		case f == flagStopAndCancel:
			codes, class = []part.Code{part.Trading, part.OrderCancel}, isHalted
		case strings.Contains(f, "margin"):
			codes = []part.Code{part.Margin}
		case strings.Contains(f, "market"):
			codes = []part.Code{part.MarketOrder}
		case strings.Contains(f, "stop_stop"):
			codes = []part.Code{part.StopOrder}
		default: // one side only
			codes, state = []part.Code{part.Trading}, Limited
		}
		for _, c := range codes {
			if !done[c] && !(c == part.Trading && p.State.Status == "HALT") {
				out = append(out, trouble{part: c, class: class, state: state, targets: pairs})
			}
			done[c] = true
		}
	}
	return out
}

// ofMarket: both ways of asking show the same old data while other venues move on. Said with care: bitbank's most
// traded pair has gone without a trade for some minutes on quiet nights.
func (e *evidence) ofMarket() (trouble, bool) {
	// Ages are taken from when we saw the data change: our clock may be off, the data's own times are bitbank's.
	const still, moved = 5 * time.Minute, time.Minute
	rest, stream := e.look(probe.PublicTicker), e.look(probe.StreamTicker)
	if !rest.known || !stream.known || rest.Bad > 0 || rest.MovedAt.IsZero() || stream.MovedAt.IsZero() || rest.Last.DataAt.IsZero() {
		return trouble{}, false
	}
	newest := rest.MovedAt
	if stream.MovedAt.After(newest) {
		newest = stream.MovedAt
	}
	if e.now.Sub(newest) < still {
		return trouble{}, false
	}
	moving := 0
	for _, t := range []probe.Target{probe.Venue1Ticker, probe.Venue2Ticker, probe.Venue3Ticker} {
		if l := e.look(t); l.known && l.Bad == 0 && !l.MovedAt.IsZero() && e.now.Sub(l.MovedAt) < moved {
			moving++
		}
	}
	if moving < 2 {
		return trouble{}, false
	}
	return trouble{
		part: part.MarketData, state: Limited, class: isStale, since: newest, reason: "market_still",
		targets: []probe.Target{probe.PublicTicker, probe.StreamTicker, probe.Venue1Ticker, probe.Venue2Ticker, probe.Venue3Ticker},
		args:    map[string]string{"n": strconv.Itoa(int(e.now.Sub(newest) / time.Second))},
	}, true
}

// codes are the parts of some troubles, in the order of part.Codes, each once.
func codes(ts []trouble) []part.Code {
	var out []part.Code
	for _, c := range part.Codes() {
		if slices.ContainsFunc(ts, func(t trouble) bool { return t.part == c }) {
			out = append(out, c)
		}
	}
	return out
}

func join(cs []part.Code) string {
	var out []string
	for _, c := range cs {
		out = append(out, string(c))
	}
	return strings.Join(out, ",")
}

// first is the earliest symptom of some troubles.
func first(ts []trouble) time.Time {
	var out time.Time
	for _, t := range ts {
		if !t.since.IsZero() && (out.IsZero() || t.since.Before(out)) {
			out = t.since
		}
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

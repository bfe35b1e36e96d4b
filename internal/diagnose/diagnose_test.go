package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

const refused, hole, html, e500 = probe.ConnectRefused, probe.Timeout, probe.HTML, probe.HTTP5xx

var (
	lan    = fails{"*": probe.Timeout, "self/gateway": probe.NoGateway, "self/dns_system": probe.DNSTimeout, "self/dns_second": probe.DNSTimeout, "self/bitbank_dns": probe.DNSTimeout, "self/bitbank_dns2": probe.DNSTimeout}
	isp    = fails{"*": probe.Timeout, "self/dns_system": probe.DNSTimeout, "self/dns_second": probe.DNSTimeout, "self/bitbank_dns": probe.DNSTimeout, "self/bitbank_dns2": probe.DNSTimeout}
	theirs = func(f probe.Failure) fails {
		return fails{"web/": f, "app/": f, "public/": f, "private/": f, "stream/": f}
	}
)

// The table follows the attribution table: what is seen for half a minute, after a calm minute, and whose it is.
func TestWhoseTroubleItIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		sees     fails
		scope    Scope
		sentence string
		parts    string
		change   func(*world)
	}{
		{name: "nothing", sees: fails{}, scope: Healthy, sentence: "healthy.1"},

		{name: "the router is gone", sees: lan, scope: OwnLine, sentence: "own_line.2"},
		{name: "no interface is up", sees: fails{"*": probe.ConnectUnreachable, "self/interface": probe.NoInterface, "self/gateway": probe.NoGateway}, scope: OwnLine, sentence: "own_line.2"},
		{name: "the provider's line is cut", sees: isp, scope: OwnLine, sentence: "own_line.1"},
		{name: "the provider says unreachable", sees: fails{"*": probe.ConnectUnreachable}, scope: OwnLine, sentence: "own_line.1"},
		{name: "names are not looked up, kept connections work", sees: fails{"self/dns_system": probe.DNSTimeout, "self/dns_second": probe.DNSTimeout, "neutral1/": probe.DNSTimeout, "neutral2/": probe.DNSTimeout, "neutral3/": probe.DNSTimeout, "web/": probe.DNSTimeout, "web/connect4": probe.OK, "self/bitbank_dns": probe.DNSTimeout, "self/bitbank_dns2": probe.DNSTimeout}, scope: OwnLine, sentence: "own_line.3"},
		{name: "the resolvers say that they failed", sees: fails{"*": probe.DNSFailed, "self/dns_system": probe.DNSFailed, "self/dns_second": probe.DNSFailed}, scope: OwnLine, sentence: "own_line.9"},
		{name: "one resolver does not know bitbank", sees: fails{"self/bitbank_dns": probe.DNSNotFound}, scope: OwnLine, sentence: "own_line.3"},
		{name: "a sign-in page of public Wi-Fi", sees: fails{"neutral1/": probe.Portal, "neutral2/": probe.Portal, "neutral3/": probe.Portal, "web/": html, "app/": html, "public/": probe.TLSUntrusted, "private/": probe.TLSUntrusted, "stream/": probe.TLSUntrusted}, scope: OwnLine, sentence: "own_line.5"},
		{name: "every certificate has run out: our date is wrong", sees: fails{"*": probe.TLSExpired}, scope: OwnLine, sentence: "own_line.7"},
		{name: "signed requests refused, and others say that our clock is off", sees: fails{"private/signed": probe.ClockRefused}, scope: OwnLine, sentence: "own_line.4", change: skewed(40*time.Second, true)},
		{name: "signed requests refused, our clock is not known", sees: fails{"private/signed": probe.ClockRefused}, scope: OwnLine, sentence: "own_line.7", change: func(w *world) { w.code = 20034 }},
		{name: "signed requests refused, but others agree with our clock", sees: fails{"private/signed": probe.ClockRefused}, scope: Part, sentence: "part.clock", parts: "private_api", change: skewed(0, true)},
		{name: "our clock is off and nothing is signed", sees: fails{}, scope: Healthy, sentence: "healthy.1", change: skewed(40*time.Second, false)},
		{name: "too many requests, our own count was at the limit", sees: fails{"private/": probe.RateLimited}, scope: OwnLine, sentence: "own_line.6", change: func(w *world) { w.memory.Watcher(probe.Watcher{Since: noon, OwnRate: true}) }},

		{name: "everything is slow: our line", sees: fails{}, scope: OwnLine, sentence: "own_line.8", change: slow("web", "neutral1", "neutral2", "neutral3")},

		{name: "IPv6 alone fails", sees: fails{"public/connect6": probe.ConnectTimeout, "private/connect6": probe.ConnectTimeout, "web/connect6": probe.ConnectTimeout, "app/connect6": probe.ConnectTimeout, "stream/connect6": probe.ConnectTimeout}, scope: Path, sentence: "path.2"},
		{name: "IPv6 of one host alone fails", sees: fails{"public/connect6": refused}, scope: Path, sentence: "path.2"},
		{name: "routers know no way to bitbank", sees: theirs(probe.ConnectUnreachable), scope: Path, sentence: "path.1"},
		{name: "bitbank and its neighbour on the same network are not reached", sees: merge(theirs(hole), fails{"neutral2/": hole}), scope: Path, sentence: "path.1"},
		{name: "the edge asks for a human", sees: theirs(probe.Challenge), scope: Path, sentence: "path.4"},
		{name: "a foreign certificate on bitbank's names only", sees: theirs(probe.TLSUntrusted), scope: Path, sentence: "path.6"},

		{name: "bitbank's names are gone from two resolvers", sees: merge(theirs(probe.DNSNotFound), fails{"self/bitbank_dns": probe.DNSNotFound, "self/bitbank_dns2": probe.DNSNotFound}), scope: Bitbank, sentence: "bitbank.4", parts: "all"},
		{name: "everything refuses", sees: theirs(refused), scope: Bitbank, sentence: "bitbank.1", parts: "all"},
		{name: "everything shows errors", sees: theirs(e500), scope: Bitbank, sentence: "bitbank.2", parts: "all"},
		{name: "everything shows HTML", sees: theirs(html), scope: Bitbank, sentence: "bitbank.2", parts: "all"},
		{name: "everything silent, a neighbour on the same network answers", sees: theirs(hole), scope: Bitbank, sentence: "bitbank.3", parts: "all"},
		{name: "everything silent, no neighbour to compare with", sees: theirs(hole), scope: NotProven, sentence: "not_proven.7", change: func(w *world) { w.edge = nil }},
		{name: "everything says maintenance, unannounced", sees: theirs(probe.Maintenance), scope: Bitbank, sentence: "bitbank.5", parts: "all"},

		{name: "public API is a black hole", sees: fails{"public/": hole}, scope: Part, sentence: "part.1", parts: "public_api"},
		{name: "public API refuses", sees: fails{"public/": refused}, scope: Part, sentence: "part.errors", parts: "public_api"},
		{name: "private API shows 5xx", sees: fails{"private/": e500}, scope: Part, sentence: "part.errors", parts: "private_api"},
		{name: "one endpoint shows 5xx", sees: fails{"private/status": e500}, scope: Part, sentence: "part.partial", parts: "private_api"},
		{name: "the web page is a black hole", sees: fails{"web/": hole}, scope: Part, sentence: "part.1", parts: "web"},
		{name: "web and app resets", sees: fails{"web/": probe.Reset, "app/": probe.Reset}, scope: Part, sentence: "part.errors", parts: "web app"},
		{name: "the app's certificate ran out", sees: fails{"app/": probe.TLSExpired}, scope: Part, sentence: "part.errors", parts: "app"},
		{name: "private API says busy", sees: fails{"private/": probe.Busy}, scope: Part, sentence: "part.busy", parts: "private_api"},
		{name: "too many requests, and not ours", sees: fails{"private/": probe.RateLimited}, scope: Part, sentence: "part.overloaded", parts: "private_api"},
		{name: "the API says maintenance, unannounced", sees: fails{"private/": probe.Maintenance, "public/": probe.Maintenance}, scope: Part, sentence: "part.maintained", parts: "public_api private_api"},
		{name: "stream silent while queries move", sees: fails{"stream/ticker": probe.ChannelSilent}, scope: Part, sentence: "part.stale_stream", parts: "public_stream", change: stuck(probe.StreamTicker)},
		{name: "stream frozen, by comparison alone", sees: fails{}, scope: Part, sentence: "part.stale_stream", parts: "public_stream", change: stuck(probe.StreamTicker)},
		{name: "queries frozen while the stream moves", sees: fails{}, scope: Part, sentence: "part.stale_rest", parts: "public_api", change: stuck(probe.PublicTicker)},
		{name: "stream silent and queries the same: quiet", sees: fails{"stream/ticker": probe.Silent}, scope: Healthy, sentence: "healthy.1", change: func(w *world) {
			stuck(probe.PublicTicker)(w)
			s := w.see
			t := stuckAt(probe.StreamTicker, w.now)
			w.see = func(o *probe.Observation) { s(o); t(o) }
		}},
		{name: "the stream's socket is closed again and again", sees: fails{"stream/": probe.StreamClosed}, scope: Part, sentence: "part.errors", parts: "public_stream"},
		{name: "the stream's host is a black hole", sees: fails{"stream/": hole}, scope: Part, sentence: "part.1", parts: "public_stream"},
		{name: "the stream's socket is silent", sees: fails{"stream/": probe.Silent}, scope: Part, sentence: "part.stale_stream", parts: "public_stream"},
		{name: "PubNub fails", sees: fails{"pubnub/": refused}, scope: Part, sentence: "part.errors", parts: "private_stream"},
		{name: "support is gone", sees: fails{"support/": refused}, scope: Part, sentence: "part.support", parts: "support"},
		{name: "the status page is gone", sees: fails{"status/": hole}, scope: Part, sentence: "part.notification", parts: "notification"},
		{name: "the web page is slow", sees: fails{}, scope: Part, sentence: "part.slow", parts: "web", change: slow("web")},
		{name: "one pair is halted", sees: fails{}, scope: Part, sentence: "part.2", parts: "trading", change: status("HALT", "xrp_jpy")},
		{name: "one pair is busy", sees: fails{}, scope: Part, sentence: "part.busy_pairs", parts: "trading", change: status("BUSY", "xrp_jpy")},
		{name: "all pairs are halted", sees: fails{}, scope: Part, sentence: "part.halted", parts: "trading", change: status("HALT", "xrp_jpy", "btc_jpy")},
		{name: "a delisted pair is halted", sees: fails{}, scope: Healthy, sentence: "healthy.1", change: status("HALT", "xrp_btc")},
		{name: "market and margin orders are stopped for one pair", sees: fails{}, scope: Part, sentence: "part.flagged_pairs", parts: "market_order margin", change: flags("btc_jpy", "stop_margin_long_order", "stop_market_order")},
		{name: "orders and cancels are stopped for one pair", sees: fails{}, scope: Part, sentence: "part.2", parts: "trading order_cancel", change: flags("btc_jpy", "stop_order_and_cancel")},
		{name: "a circuit break", sees: fails{}, scope: Part, sentence: "part.auction_pairs", parts: "market_order", change: circuit("btc_jpy", "CIRCUIT_BREAK")},
		{name: "web down and trading halted for a pair", sees: fails{"web/": e500}, scope: Part, sentence: "part.mixed", parts: "web trading", change: status("HALT", "xrp_jpy")},

		{name: "our key is refused", sees: fails{"private/signed": probe.APIError}, scope: Healthy, sentence: "healthy.1", change: func(w *world) { w.code = 20002 }},
		{name: "X, a venue and one neutral site fail", sees: fails{"x/": refused, "venue1/": hole, "neutral1/": hole}, scope: Healthy, sentence: "healthy.1"},
		{name: "the router ignores us and all else works", sees: fails{"self/gateway": probe.NoGateway}, scope: Healthy, sentence: "healthy.1"},
		{name: "no reference answers while bitbank does", sees: fails{"neutral1/": hole, "neutral2/": hole, "neutral3/": hole}, scope: Healthy, sentence: "healthy.1"},
		{name: "no reference answers and one of bitbank's hosts fails", sees: fails{"neutral1/": hole, "neutral2/": hole, "neutral3/": hole, "public/": e500}, scope: NotProven, sentence: "not_proven.4"},

		{name: "announced, all of it", sees: theirs(probe.Maintenance), scope: Maintenance, sentence: "maintenance.1", parts: "web app public_api private_api public_stream", change: window(0, time.Hour, part.All)},
		{name: "announced, end unknown", sees: theirs(hole), scope: Maintenance, sentence: "maintenance.5", parts: "web app public_api private_api public_stream", change: window(0, -1, part.All)},
		{name: "announced, some of it", sees: fails{"private/": probe.Maintenance}, scope: Maintenance, sentence: "maintenance.3", parts: "private_api", change: window(0, time.Hour, part.PrivateAPI)},
		{name: "more than was announced", sees: fails{"private/": probe.Maintenance, "public/": e500}, scope: Part, sentence: "maintenance.4", parts: "public_api", change: window(0, time.Hour, part.PrivateAPI)},
		{name: "before its time", sees: fails{"private/": probe.Maintenance}, scope: Maintenance, sentence: "maintenance.6", parts: "private_api", change: window(time.Hour, 2*time.Hour, part.PrivateAPI)},
		{name: "over its time", sees: fails{"private/": probe.Maintenance}, scope: Maintenance, sentence: "maintenance.2", parts: "private_api", change: window(-time.Hour, -time.Minute, part.PrivateAPI)},
		{name: "in a window, all works", sees: fails{}, scope: Healthy, sentence: "healthy.1", change: window(0, time.Hour, part.All)},
		{name: "a coin's deposits are announced to stop", sees: fails{}, scope: Healthy, sentence: "healthy.4", change: window(0, time.Hour, part.CryptoDeposit)},
		{name: "announced, but it is our line", sees: isp, scope: OwnLine, sentence: "own_line.1", change: window(0, time.Hour, part.All)},

		{name: "we were asleep", sees: fails{}, scope: NotProven, sentence: "not_proven.3", change: func(w *world) {
			w.every = func(Verdict) {}
			w.memory.Watcher(probe.Watcher{Since: noon, Slept: time.Hour, WokeAt: w.now.Add(29 * time.Second)})
			w.plans = nil
		}},
		{name: "our timers are late", sees: fails{"public/": hole}, scope: NotProven, sentence: "not_proven.6", change: func(w *world) { w.memory.Watcher(probe.Watcher{Since: noon, Late: 3 * time.Second}) }},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			plans := shipped
			if _, signed := c.sees["private/signed"]; signed {
				plans = keyed()
			}
			w := newWorld(plans)
			w.run(3 * time.Minute)
			if w.verdict.Scope != Healthy {
				show(t, w.verdict)
				t.Fatalf("not healthy in calm")
			}
			began := w.now
			w.fails = c.sees
			if c.change != nil {
				c.change(w)
			}
			wrong := map[Scope]bool{}
			w.every = func(v Verdict) { wrong[v.Scope] = true }
			at := time.Duration(0)
			for w.now.Sub(began) < 30*time.Second || (c.sentence == "part.slow" || c.sentence == "own_line.8") && w.now.Sub(began) < 2*time.Minute || c.parts == "support" && w.now.Sub(began) < time.Minute {
				w.run(w.grain)
				if w.verdict.Scope == c.scope && w.verdict.Sentence == c.sentence && at == 0 {
					at = w.now.Sub(began)
				}
			}
			v := w.verdict
			if v.Scope != c.scope || v.Sentence != c.sentence || c.parts != "" && strings.Join(names(v.Parts), " ") != c.parts {
				show(t, v)
				t.Errorf("got %s %s %v, want %s %s %s", v.Scope, v.Sentence, v.Parts, c.scope, c.sentence, c.parts)
			}
			if c.scope != Bitbank && wrong[Bitbank] || (c.scope == OwnLine || c.scope == Healthy) && (wrong[Part] || wrong[Bitbank] || wrong[Path]) {
				t.Errorf("said something wrong on the way: %v", wrong)
			}
			if len(v.Reasons) == 0 {
				t.Error("no reasons")
			}
			t.Logf("after %v", at)
		})
	}
}

func names(cs []part.Code) []string {
	var out []string
	for _, c := range cs {
		out = append(out, string(c))
	}
	return out
}

func merge(fs ...fails) fails {
	out := fails{}
	for _, f := range fs {
		for k, v := range f {
			out[k] = v
		}
	}
	return out
}

func skewed(by time.Duration, refusal bool) func(*world) {
	return func(w *world) {
		w.code = 20034
		w.see = func(o *probe.Observation) {
			if isReference(o.Target) || refusal && o.Target == probe.ClockNTP {
				o.Skew, o.SkewKnown = by, true
			}
		}
	}
}

// stuck freezes the data of one target at the present time.
func stuck(t probe.Target) func(*world) {
	return func(w *world) { w.see = stuckAt(t, w.now) }
}

func stuckAt(t probe.Target, at time.Time) func(*probe.Observation) {
	return func(o *probe.Observation) {
		if o.Target == t {
			o.DataAt = at
		}
	}
}

func slow(hosts ...probe.Host) func(*world) {
	return func(w *world) {
		w.see = func(o *probe.Observation) {
			if slices.Contains(hosts, o.Host) {
				o.Took = 5 * time.Second
			}
		}
	}
}

func status(s string, pairs ...string) func(*world) {
	return func(w *world) {
		w.see = func(o *probe.Observation) {
			for i := range o.Pairs {
				if o.Target == probe.PrivateStatus && slices.Contains(pairs, o.Pairs[i].Pair) {
					o.Pairs[i].Status = s
				}
			}
		}
	}
}

func flags(pair string, set ...string) func(*world) {
	return func(w *world) {
		w.see = func(o *probe.Observation) {
			for i := range o.Pairs {
				if o.Target == probe.PrivatePairs && o.Pairs[i].Pair == pair {
					o.Pairs[i].Flags = set
				}
			}
		}
	}
}

func circuit(pair, mode string) func(*world) {
	return func(w *world) {
		w.see = func(o *probe.Observation) {
			if o.Target == probe.StreamCircuit {
				o.Pairs = []probe.PairState{{Pair: pair, Mode: mode}}
			}
		}
	}
}

// window announces parts from..until after now; until below zero with from zero means that no end is known.
func window(from, until time.Duration, parts ...part.Code) func(*world) {
	return func(w *world) {
		win := Window{Parts: parts, Start: w.now.Add(from).Add(-time.Second), End: w.now.Add(until)}
		if from > 0 {
			win.Start = w.now.Add(from)
		}
		if from == 0 && until < 0 {
			win.End = time.Time{}
		}
		w.windows = []Window{win}
	}
}

package diagnose

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hikeshi/internal/part"
	"hikeshi/internal/probe"
)

var anyFailure = []probe.Failure{
	probe.OK, probe.OK, probe.OK, probe.DNSTimeout, probe.DNSNotFound, probe.ConnectRefused, probe.ConnectTimeout, probe.ConnectUnreachable,
	probe.TLSExpired, probe.TLSUntrusted, probe.Timeout, probe.Timeout, probe.Reset, probe.HTML, probe.Challenge, probe.HTTP5xx, probe.Foreign,
	probe.Portal, probe.RateLimited, probe.Maintenance, probe.Busy, probe.ClockRefused, probe.Silent, probe.Frozen, probe.StreamClosed,
}

var hosts = []string{"public/", "private/", "stream/", "pubnub/", "web/", "app/", "status/", "blog/", "support/", "neutral1/", "neutral2/", "neutral3/", "venue1/"}

var ownChecks = []string{"self/interface", "self/gateway", "self/dns_system", "self/dns_second"}

// randomFails breaks some hosts, some single looks, or everything.
func randomFails(t *rapid.T) fails {
	f := fails{}
	if rapid.IntRange(0, 3).Draw(t, "everything") == 0 {
		f["*"] = rapid.SampledFrom(anyFailure).Draw(t, "failure of everything")
	}
	for _, h := range hosts {
		if rapid.Bool().Draw(t, h) {
			f[h] = rapid.SampledFrom(anyFailure).Draw(t, "failure of "+h)
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "single looks") {
		p := rapid.SampledFrom(shipped).Draw(t, "look")
		f[string(p.target)] = rapid.SampledFrom(anyFailure).Draw(t, "its failure")
	}
	for _, s := range ownChecks {
		if rapid.IntRange(0, 4).Draw(t, s) == 0 {
			f[s] = map[string]probe.Failure{"self/interface": probe.NoInterface, "self/gateway": probe.NoGateway}[s]
			if f[s] == "" {
				f[s] = probe.DNSTimeout
			}
		}
	}
	return f
}

// randomWorld is a calm time followed by one or two kinds of trouble; check sees every verdict with its round.
func randomWorld(t *rapid.T, check func(Round, Verdict)) {
	w := newWorld(keyed())
	w.grain = 500 * time.Millisecond
	if rapid.Bool().Draw(t, "no neighbour") {
		w.edge = nil
	}
	if rapid.IntRange(0, 2).Draw(t, "announced") == 0 {
		w.windows = []Window{{Parts: []part.Code{rapid.SampledFrom(part.Codes()).Draw(t, "announced part")}, Start: noon, End: noon.Add(45 * time.Second)}}
	}
	w.every = func(v Verdict) { check(w.round, v) }
	w.run(time.Duration(rapid.IntRange(0, 30).Draw(t, "calm")) * time.Second)
	for range rapid.IntRange(1, 2).Draw(t, "troubles") {
		w.fails = randomFails(t)
		w.code = rapid.SampledFrom([]int{10001, 10007, 20002, 20034, 70004}).Draw(t, "code")
		if rapid.IntRange(0, 5).Draw(t, "asleep") == 0 {
			w.memory.Watcher(probe.Watcher{Since: noon, Slept: time.Hour, WokeAt: w.now})
		}
		w.run(time.Duration(rapid.IntRange(1, 25).Draw(t, "trouble")) * time.Second)
	}
}

func answering(r Round) int {
	n := 0
	for _, t := range references {
		if s, ok := r.Signals[t]; ok && s.Bad == 0 && !s.Void && r.Now.Sub(s.Last.At) < 3*time.Minute {
			n++
		}
	}
	return n
}

func TestNothingIsSaidOfBitbankUnlessTwoReferencesAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		randomWorld(t, func(r Round, v Verdict) {
			if answering(r) < 2 && v.Scope != NotProven && v.Scope != Healthy && v.Scope != OwnLine {
				t.Fatalf("%s %s with %d references", v.Scope, v.Sentence, answering(r))
			}
			if len(v.Reasons) == 0 {
				t.Fatalf("%s without a reason", v.Scope)
			}
		})
	})
}

func TestOldEvidenceIsNeverHealth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rounds []Round
		randomWorld(t, func(r Round, v Verdict) { rounds = append(rounds, r) })
		r := rapid.SampledFrom(rounds).Draw(t, "round")
		r.Now = r.Now.Add(time.Duration(rapid.IntRange(300, 100_000).Draw(t, "seconds later")) * time.Second)
		v := Diagnose(r)
		if v.Scope == Healthy || v.Scope == Bitbank || v.Scope == Part && len(v.Pairs) == 0 {
			t.Fatalf("%s %s with evidence of minutes ago", v.Scope, v.Sentence)
		}
		for _, p := range v.Board {
			if p.State == Well {
				t.Fatalf("%s is said to be well", p.Part)
			}
		}
	})
}

func TestOwnTroubleNeverTurnsAVerdictAgainstBitbank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		randomWorld(t, func(r Round, v Verdict) {
			if v.Scope == Bitbank || v.Scope == Part {
				return
			}
			worse := r
			worse.Signals = map[probe.Target]Signal{}
			for k, s := range r.Signals {
				worse.Signals[k] = s
			}
			for own, f := range map[probe.Target]probe.Failure{
				probe.LineInterface: probe.NoInterface, probe.LineGateway: probe.NoGateway, probe.DNSSystem: probe.DNSTimeout,
				probe.DNSSecond: probe.DNSTimeout, probe.Neutral1Page: probe.Timeout, probe.Neutral2Page: probe.Timeout, probe.Neutral3Page: probe.Timeout,
			} {
				if rapid.IntRange(0, 3).Draw(t, string(own)) > 0 {
					continue
				}
				s := worse.Signals[own]
				s.Last.Target, s.Last.At, s.Last.Failure, s.Void = own, r.Now, f, false
				if s.Bad == 0 {
					s.Since, s.From = r.Now, r.Now
				}
				s.Bad, s.Score = s.Bad+2, scoreMost
				worse.Signals[own] = s
			}
			if got := Diagnose(worse); got.Scope == Bitbank || got.Scope == Part {
				t.Fatalf("%s %s became %s %s", v.Scope, v.Sentence, got.Scope, got.Sentence)
			}
		})
	})
}

func TestAVerdictIsReplayedFromTheJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		randomWorld(t, func(r Round, v Verdict) {
			if n++; n%7 != 0 {
				return
			}
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var again Round
			if err := json.Unmarshal(b, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, v), asJSON(t, Diagnose(again))); diff != "" {
				t.Fatalf("replayed differently:\n%s", diff)
			}
		})
	})
}

func asJSON(t *rapid.T, v Verdict) string {
	b, err := json.MarshalIndent(struct {
		Verdict
		Ask []probe.Target `json:"ask"`
	}{v, v.Ask}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestARoundSharesNothingWithTheMemory(t *testing.T) {
	w := newWorld(shipped)
	w.run(40 * time.Second)
	r := w.memory.Round(w.now)
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	w.fails = fails{"*": probe.HTTP5xx}
	status("HALT", "btc_jpy")(w)
	w.run(40 * time.Second)
	if after, _ := json.Marshal(r); string(after) != string(before) {
		t.Error("a round changed after it was taken")
	}
}

// BenchmarkSeeAndDiagnose is the cost of one look: the watch pays it up to ten times a second.
func BenchmarkSeeAndDiagnose(b *testing.B) {
	w := newWorld(keyed())
	w.run(2 * time.Minute)
	o := probe.Observation{Target: probe.PublicTicker, Host: probe.Public, Took: 40 * time.Millisecond}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.At = w.now.Add(time.Duration(i) * time.Millisecond)
		w.memory.See(o)
		r := w.memory.Round(w.now)
		r.SameEdge = w.edge
		if v := Diagnose(r); v.Scope != Healthy {
			b.Fatal(v.Sentence)
		}
		if i == 10_000 {
			i = 0
		}
	}
}

package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// proof is the evidence drawer: the reasons in order, and every look with its phases.
type proof struct {
	Reasons []string
	Rows    []bar
	Rest    []bar
	At      fresh
}

// A bar is one look, drawn 600 units wide.
type bar struct {
	Name, Text string
	Segments   []segment
	Old        bool
}

type segment struct{ Class, X, W string }

// faces are the looks that stand in sight even when all is well: one or two a host.
var faces = []probe.Target{
	probe.LineGateway, probe.DNSSystem, probe.Neutral1Page, probe.Neutral2Page, probe.Neutral3Page, probe.WebPage, probe.AppPage,
	probe.PublicTicker, probe.PublicDepth, probe.PrivateAnon, probe.PrivateSigned, probe.PrivateStatus, probe.StreamSocket,
}

func proven(l text.Lang, snap watch.Snapshot, now time.Time) proof {
	out := proof{Reasons: say.Verdict(l, snap.Verdict, now).Reasons}
	longest := 300 * time.Millisecond // short looks are not blown up to the full width
	all := targets(snap.Round)
	for _, t := range all {
		longest = max(longest, min(snap.Round.Signals[t].Last.Took, 5*time.Second))
	}
	place := func(t probe.Target) int {
		switch i := slices.Index(faces, t); {
		case snap.Round.Signals[t].Last.Failure != probe.OK:
			return -1
		case i >= 0:
			return i
		}
		return len(faces)
	}
	slices.SortStableFunc(all, func(a, b probe.Target) int { return place(a) - place(b) })
	for _, t := range all {
		sig := snap.Round.Signals[t]
		b := bar{Name: lookName(l, t), Text: outcome(l, sig), Segments: segments(sig.Last, longest), Old: now.Sub(sig.Last.At) > 2*time.Minute && now.Sub(sig.Last.At) > 3*sig.Every}
		if b.Old {
			b.Text += " " + ago(l, now.Sub(sig.Last.At))
		}
		if place(t) < len(faces) && len(out.Rows) < 24 {
			out.Rows = append(out.Rows, b)
		} else {
			out.Rest = append(out.Rest, b)
		}
	}
	out.At = clock(l, newest(snap.Round), limitLooks, now)
	return out
}

// lookName is the name of one way of looking.
func lookName(l text.Lang, t probe.Target) string {
	id := "web.look." + strings.ReplaceAll(string(t), "/", ".")
	if text.Has(id) {
		return text.Say(l, id, nil)
	}
	host, way, _ := strings.Cut(string(t), "/")
	if text.Has("host." + host) {
		host = text.Say(l, "host."+host, nil)
	}
	return host + " (" + way + ")"
}

// outcome says beside the bar what the bar shows.
func outcome(l text.Lang, s diagnose.Signal) string {
	o := s.Last
	t := took(l, o.Took)
	if o.Failure != probe.OK {
		a := text.Args{"failure": say.Failure(l, o.Failure), "took": t}
		if o.Code != 0 {
			a["code"] = strconv.Itoa(o.Code)
		} else if o.Status >= 400 {
			a["code"] = strconv.Itoa(o.Status)
		}
		return text.Say(l, "web.wf.failed", a)
	}
	if o.Took == 0 {
		return text.Say(l, "state.ok", nil)
	}
	a := text.Args{"took": t}
	if s.Usual > 0 {
		a["factor"] = strconv.FormatFloat(o.Took.Seconds()/s.Usual.Seconds(), 'f', 1, 64)
	}
	return text.Say(l, "web.wf.well", a)
}

// segments draws the phases in their order. What is missing of a failed look is dashed: an observation, not a verdict.
func segments(o probe.Observation, longest time.Duration) []segment {
	const width = 590.0
	at := func(d time.Duration) float64 { return min(width, width*d.Seconds()/longest.Seconds()) }
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	var out []segment
	var sum time.Duration
	for _, p := range []struct {
		class string
		phase probe.Phase
		d     time.Duration
	}{
		{"dns", probe.DNS, o.Timing.DNS}, {"tcp", probe.Connect, o.Timing.Connect}, {"tls", probe.TLS, o.Timing.TLS},
		{"ttfb", probe.FirstByte, o.Timing.FirstByte}, {"body", probe.Body, o.Timing.Body},
	} {
		if p.d <= 0 || o.Failure != probe.OK && p.phase == o.Phase {
			continue // a phase that was cut off is what is missing
		}
		from := at(sum)
		sum += p.d
		out = append(out, segment{p.class, f(from), f(max(at(sum)-from, 1))})
	}
	switch {
	case o.Failure != probe.OK && (o.Took-sum > 20*time.Millisecond || len(out) == 0):
		out = append(out, segment{"to", f(at(sum) + 1), f(max(at(o.Took)-at(sum)-1, 4))})
	case len(out) == 0 && o.Took > 0:
		out = append(out, segment{"ttfb", "0", f(max(at(o.Took), 2))})
	}
	return out
}

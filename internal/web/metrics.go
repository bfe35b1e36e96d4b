package web

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/incident"
	"hikeshi/internal/probe"
)

// gauges reads the watch when it is scraped, so that metrics cost nothing between scrapes. Labels are codes of
// ours, never anything from the outside, so their number is bounded.
type gauges struct{ s *server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("hikeshi_"+name, help, labels, nil)
}

var (
	descVerdict  = desc("verdict", "1 for the scope of the present verdict, 0 for the others.", "scope")
	descPart     = desc("part_state", "1 for the present state of a function of bitbank.", "part", "state")
	descUp       = desc("look_ok", "Whether the newest look at a target was well.", "target")
	descTook     = desc("look_seconds", "How long the newest look at a target took.", "target")
	descAge      = desc("look_age_seconds", "How old the newest look at a target is.", "target")
	descData     = desc("data_age_seconds", "How old the data of the newest look was when it arrived.", "target")
	descAsked    = desc("requests_last_minute", "Requests sent to a host in the last 60 s.", "host")
	descIncident = desc("incident_open", "Whether an incident is open.")
	descRecorded = desc("journal_recording", "Whether the journal accepts records.")
	descSeq      = desc("journal_sequence", "The newest record of the journal.")
	descStreams  = desc("event_streams", "Open event streams.")
	descBuild    = desc("build_info", "The version that runs.", "version")
)

func (g gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descVerdict, descPart, descUp, descTook, descAge, descData, descAsked, descIncident, descRecorded, descSeq, descStreams, descBuild,
	} {
		out <- d
	}
}

func (g gauges) Collect(out chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	set(descBuild, 1, g.s.o.Version)
	set(descStreams, float64(len(g.s.streams)))
	snap, now := g.s.o.Source.Snapshot(), time.Now()
	set(descRecorded, is(snap.Recorded))
	set(descSeq, float64(snap.Seq))
	set(descIncident, is(snap.Incident.Phase != incident.None && snap.Incident.Phase != incident.Resolved))
	if beginning(snap) {
		return
	}
	for _, scope := range scopes {
		set(descVerdict, is(scope == snap.Verdict.Scope), scope.String())
	}
	for _, p := range snap.Verdict.Board {
		set(descPart, 1, string(p.Part), string(known(p.State)))
	}
	for h, n := range snap.Asked {
		set(descAsked, float64(n), string(h))
	}
	for t, sig := range snap.Round.Signals {
		set(descUp, is(sig.Last.Failure == probe.OK), string(t))
		set(descTook, sig.Last.Took.Seconds(), string(t))
		set(descAge, now.Sub(sig.Last.At).Seconds(), string(t))
		if !sig.Last.DataAt.IsZero() {
			set(descData, max(0, sig.Last.At.Sub(sig.Last.DataAt)).Seconds(), string(t))
		}
	}
}

// scopes lists every scope.
var scopes = []diagnose.Scope{
	diagnose.Healthy, diagnose.OwnLine, diagnose.Path, diagnose.Bitbank, diagnose.Part, diagnose.Maintenance, diagnose.NotProven,
}

// metrics serves a registry of our own: the library's global one would show whatever else registers there.
func (s *server) metrics() http.HandlerFunc {
	reg := prometheus.NewRegistry()
	reg.MustRegister(gauges{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h := promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 5 * time.Second})
	return h.ServeHTTP
}

package web

import (
	"testing"
	"time"

	"hikeshi/internal/probe"
)

func TestBarsShowPhasesAndWhatIsMissing(t *testing.T) {
	whole := probe.Timing{DNS: 10 * time.Millisecond, Connect: 20 * time.Millisecond, TLS: 30 * time.Millisecond, FirstByte: 40 * time.Millisecond, Body: 5 * time.Millisecond}
	for _, c := range []struct {
		name string
		o    probe.Observation
		want string // classes, in their order
	}{
		{"all is well on a new connection", probe.Observation{Took: 105 * time.Millisecond, Timing: whole}, "dns tcp tls ttfb body "},
		{"all is well on a kept one", probe.Observation{Took: 45 * time.Millisecond, Timing: probe.Timing{FirstByte: 40 * time.Millisecond, Body: 5 * time.Millisecond}}, "ttfb body "},
		{"phases are not known", probe.Observation{Took: 45 * time.Millisecond}, "ttfb "},
		{"no name", probe.Observation{Took: 2 * time.Second, Failure: probe.DNSTimeout, Phase: probe.DNS, Timing: probe.Timing{DNS: 2 * time.Second}}, "to "},
		{"no first byte", probe.Observation{Took: 3 * time.Second, Failure: probe.Timeout, Phase: probe.FirstByte, Timing: probe.Timing{DNS: 10 * time.Millisecond, Connect: 20 * time.Millisecond, FirstByte: 2970 * time.Millisecond}}, "dns tcp to "},
		{"refused at once", probe.Observation{Took: time.Millisecond, Failure: probe.ConnectRefused, Phase: probe.Connect}, "to "},
		{"an error in the content", probe.Observation{Took: 105 * time.Millisecond, Failure: probe.APIError, Phase: probe.Content, Timing: whole}, "dns tcp tls ttfb body "},
	} {
		got := ""
		for _, s := range segments(c.o, 3*time.Second) {
			got += s.Class + " "
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

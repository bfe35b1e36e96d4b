package diagnose

import (
	"slices"
	"testing"
	"time"

	"hikeshi/internal/probe"
)

// From the first moment of a fault to the right verdict, at the shipped intervals, with a reference on bitbank's own
// network. The limits are the ones that the project has promised for the whole program, probes included; here the
// probes are as fast as their deadlines allow.
func TestTheVerdictComesInSeconds(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name        string
		sees        fails
		scope       Scope
		median, p99 time.Duration
	}{
		{"public API refuses", fails{"public/": refused}, Part, 3 * s, 8 * s},
		{"public API is a black hole", fails{"public/": hole}, Part, 4 * s, 8 * s},
		{"public API is a black hole behind an open port", fails{"public/": hole, "public/connect4": probe.OK, "public/connect6": probe.OK}, Part, 6 * s, 8 * s},
		{"private API shows 5xx", fails{"private/": e500}, Part, 3 * s, 8 * s},
		{"private API is a black hole", fails{"private/": hole}, Part, 5 * s, 8 * s},
		{"stream is a black hole", fails{"stream/": hole}, Part, 6 * s, 8 * s},
		{"stream silent", fails{"stream/": probe.Silent}, Part, 3 * s, 5 * s},
		{"web refuses", fails{"web/": refused}, Part, 10 * s, 15 * s},
		{"app shows HTML", fails{"app/": html}, Part, 10 * s, 15 * s},
		{"all of bitbank refuses", theirs(refused), Bitbank, 6 * s, 10 * s},
		{"all of bitbank is a black hole", theirs(hole), Bitbank, 8 * s, 12 * s},
		{"IPv6 fails", fails{"public/connect6": probe.ConnectTimeout, "private/connect6": probe.ConnectTimeout, "web/connect6": probe.ConnectTimeout, "app/connect6": probe.ConnectTimeout, "stream/connect6": probe.ConnectTimeout}, Path, 12 * s, 15 * s},
		{"bitbank's names are gone", fails{"self/bitbank_dns": probe.DNSNotFound, "self/bitbank_dns2": probe.DNSNotFound}, Bitbank, 12 * s, 15 * s},
		{"our line is cut", isp, OwnLine, 8 * s, 15 * s},
		{"support refuses", fails{"support/": refused}, Part, 30 * s, 60 * s},
	} {
		var took []time.Duration
		for phase := range 12 {
			w := newWorld(shipped)
			w.run(40*time.Second + time.Duration(phase)*1750*time.Millisecond)
			w.fails = c.sees
			began := w.now
			for w.now.Sub(began) < 90*s && w.verdict.Scope != c.scope {
				w.run(w.grain)
			}
			took = append(took, w.now.Sub(began))
		}
		slices.Sort(took)
		t.Logf("%-50s median %6v, longest %6v", c.name, took[len(took)/2], took[len(took)-1])
		if took[len(took)/2] > c.median || took[len(took)-1] > c.p99 {
			t.Errorf("%s: median %v, longest %v; want at most %v and %v", c.name, took[len(took)/2], took[len(took)-1], c.median, c.p99)
		}
	}
}

package diagnose

import (
	"testing"
	"time"

	"hikeshi/internal/probe"
)

// Closings accuse bitbank's stream on a line that loses nothing, and nobody on one that does: the other side closes as well
// when our signs of life do not reach it.
func TestClosingsOnALossyLineAccuseNobody(t *testing.T) {
	for _, c := range []struct {
		name  string
		loses bool
		want  Scope
	}{{"a good line", false, Part}, {"a lossy line", true, NotProven}} {
		w := newWorld(shipped)
		w.run(time.Minute)
		turn := 0
		if w.fails = (fails{"stream/socket": probe.StreamClosed}); c.loses {
			// What is lost is sent again after a second: looks at other sites arrive that much later.
			w.see = func(o *probe.Observation) {
				if turn++; elsewhere(o.Target) && turn%2 == 0 {
					o.Took = 1050 * time.Millisecond
				}
			}
		}
		accused := false
		w.every = func(v Verdict) { accused = accused || v.Scope == Part }
		w.run(12 * time.Second)
		if accused != (c.want == Part) {
			t.Errorf("%s: accused is %v, the last verdict %s %s", c.name, accused, w.verdict.Scope, w.verdict.Sentence)
		}
	}
}

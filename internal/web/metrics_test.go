package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"hikeshi/internal/probe"
	"hikeshi/internal/watch"
)

func scrape(t *testing.T, f *fake) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	all, err := p.TextToMetricFamilies(strings.NewReader(body(t, get(t, handler(f), "/metrics"))))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ours counts the series of our own families, and wants labels that hold codes of ours alone.
func ours(t *testing.T, all map[string]*dto.MetricFamily) int {
	t.Helper()
	labels := []string{"host", "part", "scope", "state", "target", "version"}
	n := 0
	for name, family := range all {
		if !strings.HasPrefix(name, "hikeshi_") {
			continue
		}
		n += len(family.Metric)
		if family.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		for _, m := range family.Metric {
			for _, l := range m.Label {
				if !slices.Contains(labels, l.GetName()) {
					t.Errorf("%s has a label %s", name, l.GetName())
				}
			}
		}
	}
	return n
}

func TestMetricsAreReadByPrometheusAndAreBounded(t *testing.T) {
	now := time.Now()
	most := 40 + 4*len(watched) // a fixed number of single series, and at most four for each target
	for _, s := range scenes(now) {
		snap := s.snapshot(now)
		all := scrape(t, &fake{snap: snap})
		if n := ours(t, all); n > most {
			t.Errorf("%s: %d series, want at most %d", s.name, n, most)
		}
		sum, is := 0.0, ""
		for _, m := range all["hikeshi_verdict"].Metric {
			if sum += m.Gauge.GetValue(); m.Gauge.GetValue() == 1 {
				is = m.Label[0].GetValue()
			}
		}
		if sum != 1 || is != s.scope.String() {
			t.Errorf("%s: the verdict is %q, %v in sum", s.name, is, sum)
		}
	}
}

// What comes from outside changes numbers, never names.
func TestNothingFromOutsideBecomesALabel(t *testing.T) {
	now := time.Now()
	snap := scenes(now)[0].snapshot(now)
	before := ours(t, scrape(t, &fake{snap: snap}))
	for target, s := range snap.Round.Signals {
		s.Last.Detail, s.Last.Code, s.Last.Status, s.Last.Failure = "out\"side\n", 70001, 503, probe.HTTP5xx
		snap.Round.Signals[target] = s
	}
	if after := ours(t, scrape(t, &fake{snap: snap})); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

func TestBeforeTheFirstRoundMetricsClaimNothing(t *testing.T) {
	for name, snap := range map[string]watch.Snapshot{"nothing judged": {}, "first looks": begun(time.Now())} {
		all := scrape(t, &fake{snap: snap})
		for _, family := range []string{"hikeshi_verdict", "hikeshi_look_ok", "hikeshi_part_state"} {
			if all[family] != nil {
				t.Errorf("%s: %s is there already", name, family)
			}
		}
		if all["hikeshi_build_info"] == nil {
			t.Errorf("%s: the version is not there", name)
		}
	}
}

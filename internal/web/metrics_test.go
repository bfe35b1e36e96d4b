package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/probe"
	"hikeshi/internal/watch"
)

// A sample is one line of the text exposition.
type sample struct {
	labels map[string]string
	value  float64
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// scrape reads the metrics as Prometheus would: every series after its HELP and TYPE, every value a number.
func scrape(t *testing.T, f *fake) map[string][]sample {
	t.Helper()
	out, described := map[string][]sample{}, map[string]bool{}
	for line := range strings.Lines(body(t, get(t, handler(f), "/metrics"))) {
		line = strings.TrimSuffix(line, "\n")
		if words := strings.SplitN(line, " ", 4); words[0] == "#" {
			described[words[1]+words[2]] = len(words) == 4 && words[3] != ""
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("not a line of the exposition: %q", line)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		family := regexp.MustCompile(`_(sum|count|bucket)$`).ReplaceAllString(m[1], "")
		if !described["HELP"+m[1]] && !described["HELP"+family] || !described["TYPE"+m[1]] && !described["TYPE"+family] {
			t.Errorf("%s has no help or no type", m[1])
		}
		one := sample{map[string]string{}, value}
		for _, l := range labelPair.FindAllStringSubmatch(m[2], -1) {
			one.labels[l[1]] = l[2]
		}
		out[m[1]] = append(out[m[1]], one)
	}
	return out
}

// ours counts the series of our own families, and wants labels that hold codes of ours alone.
func ours(t *testing.T, all map[string][]sample) int {
	t.Helper()
	labels := []string{"host", "part", "scope", "state", "target", "version"}
	n := 0
	for name, family := range all {
		if !strings.HasPrefix(name, "hikeshi_") {
			continue
		}
		n += len(family)
		for _, one := range family {
			for label := range one.labels {
				if !slices.Contains(labels, label) {
					t.Errorf("%s has a label %s", name, label)
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
		for _, one := range all["hikeshi_verdict"] {
			if sum += one.value; one.value == 1 {
				is = one.labels["scope"]
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

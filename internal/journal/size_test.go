package journal_test

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
	"hikeshi/internal/probe"
)

// calmRound is a round of 45 targets in calm, with times and durations as noisy as a home line's, to the millisecond.
func calmRound(now time.Time, random *rand.Rand) diagnose.Round {
	r := diagnose.Round{Now: now, Signals: map[probe.Target]diagnose.Signal{}}
	ms := func(n int) time.Duration { return time.Duration(random.IntN(n)) * time.Millisecond }
	hosts := []probe.Host{probe.Public, probe.Private, probe.Stream, probe.Web, probe.App, probe.Status, probe.Blog, probe.Support, probe.Neutral1}
	for _, h := range hosts {
		for _, way := range []probe.Target{"page", "fresh", "kept", "connect4", "connect6"} {
			t := probe.Target(h) + "/" + way
			at := now.Add(-ms(10_000))
			o := probe.Observation{
				Target: t, Host: h, At: at, Took: ms(300), Status: 200, Family: 4, Addr: netip.MustParseAddr("192.0.2.10"),
				Timing: probe.Timing{FirstByte: ms(200), Body: ms(20)}, DataAt: at.Add(-ms(2000)), Last: "",
			}
			r.Signals[t] = diagnose.Signal{Last: o, Score: -6, OKAt: at, Usual: 120 * time.Millisecond}
		}
	}
	return r
}

func TestACalmMonthStaysWithinFiftyMebibytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	const minutes, month, budget = 12 * 60, 31 * 24 * 60, 50 << 20
	for i := range minutes {
		now := noon.Add(time.Duration(i) * time.Minute)
		appendAll(t, j, entry(journal.Minute, now, calmRound(now, random)))
	}
	if r := verify(t, j); r.Broken != 0 || r.Records != minutes {
		t.Fatalf("verified %+v", r)
	}
	j.Close() // folds the write-ahead log into the file
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	each := info.Size() / minutes
	t.Logf("%d bytes a minute, %.1f MiB a month", each, float64(each*month)/(1<<20))
	if each*month > budget {
		t.Errorf("a calm month takes %d bytes, want at most %d", each*month, budget)
	}
}

package probe_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/probe"
	"hikeshi/internal/resilience"
	"hikeshi/internal/watch"
)

// full is a journal on a disk that is full, and slow to say so.
type full struct{}

func (full) Append(ctx context.Context, _ ...journal.Entry) ([]journal.Seq, error) {
	select {
	case <-time.After(400 * time.Millisecond):
		return nil, journal.ErrFull
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// arrivals watches a healthy host for a minute, among others, and returns when its requests came.
func arrivals(t *testing.T, silent int, disk watch.Journal) (out []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["healthy.example"] = four
		var mu sync.Mutex
		begin := time.Now()
		w.site(t, "192.0.2.1:80", nil, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			out = append(out, time.Since(begin))
			mu.Unlock()
			io.WriteString(w, tickerBody)
		})
		m := mixed{w, map[string]bool{}}
		all, err := probe.Catalogue(probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://healthy.example"}}}, m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range silent {
			// Half of them drop connections; of the other half not even the name is answered.
			name := fmt.Sprintf("silent%d.example", i)
			addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
			m.lost[netip.AddrPortFrom(addr, 80).String()] = true
			w.names[name] = []netip.Addr{addr}
			lookup := probe.Machine(m)
			if i%2 == 1 {
				lookup = deaf{m}
			}
			peers, err := probe.Catalogue(probe.Options{Places: map[probe.Host]probe.Place{
				probe.Web: {URL: "http://" + name + "/"}, probe.Stream: {URL: "ws://" + name},
			}}, lookup)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range peers {
				p.Target = probe.Target(fmt.Sprintf("%s/%d", p.Target, i))
				p.Budget = fmt.Sprintf("%s/%d", p.Budget, i)
				all = append(all, p)
			}
		}
		limit := func(string) resilience.Limit { return resilience.Limit{PerMinute: 60, Burst: 6} }
		o := watch.Options{Probes: all, Budget: resilience.NewBudget(limit), Limit: func(string) int { return 60 }, Journal: disk, Health: probe.NewHealth("")}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		watch.New(o).Run(ctx)
	})
	return out
}

// deaf asks a resolver that drops everything.
type deaf struct{ mixed }

func (d deaf) Lookup(ctx context.Context, _, _, host string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSilentPeersADeadResolverAndAFullDiskDelayNoHealthyLook(t *testing.T) {
	calm := arrivals(t, 0, nil)
	storm := arrivals(t, 100, full{})
	if len(calm) < 35 || len(storm) < len(calm)-1 {
		t.Fatalf("%d looks in calm, %d among silent peers", len(calm), len(storm))
	}
	// A look may come before its turn, because a doubt pulled it forward; then it has taken the turn's place.
	var worst time.Duration
	for _, at := range calm {
		late := time.Hour
		for _, b := range storm {
			if b > at-2*time.Second {
				late = min(late, max(b-at, 0))
			}
		}
		worst = max(worst, late)
	}
	t.Logf("the longest delay was %v", worst)
	if worst > 250*time.Millisecond {
		t.Errorf("a healthy look was delayed by %v, want at most 250 ms", worst)
	}
}

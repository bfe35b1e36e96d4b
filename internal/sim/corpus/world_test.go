package corpus

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/probe"
	"hikeshi/internal/sim"
	"hikeshi/internal/sim/memnet"
	"hikeshi/internal/watch"
)

// A world is one simulated bitbank, one machine on a network in memory, and the watch that runs on it with its shipped
// settings. It lives in a synctest bubble.
type world struct {
	t      *testing.T
	sim    *sim.Sim
	net    *memnet.Network
	watch  *watch.Watch
	health *drowsy
	bed    *bed
	begun  time.Time
	lifts  []func()
	pairs  map[string]string // what was done to pairs, by pair, to be undone
}

// port is where every host of the world listens.
const port = 443

// ntpServer is the shipped configuration's.
const ntpServer = "ntp.nict.jp"

func newWorld(t *testing.T, s scenario) *world {
	t.Helper()
	w := &world{t: t, begun: time.Now(), bed: &bed{}, pairs: map[string]string{}}
	o := memnet.Options{Seed: s.seed(), Second: config.Default().Checks.Second}
	for _, f := range s.Families {
		o.Families = append(o.Families, map[rune]probe.Family{'4': probe.IPv4, '6': probe.IPv6}[f])
	}
	w.net = memnet.New(o)
	var err error
	w.sim, err = sim.New(sim.Options{Seed: s.seed(), TLS: true, Speed: s.speed(), Refused: w.net.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	served, err := w.net.Carry(w.sim, port)
	if err != nil {
		t.Fatal(err)
	}
	w.net.Add("ntp", []string{ntpServer})
	playing, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.sim.Play(playing) })

	cfg := config.Default()
	cfg.DataDir = ""
	dir := t.TempDir()
	cfg.CAFile = w.file(dir, "ca.pem", string(w.sim.CA()))
	if s.Key {
		cfg.Key.IDFile, cfg.Key.SecretFile = w.file(dir, "key", "sim-key\n"), w.file(dir, "secret", "sim-secret\n")
	}
	for _, c := range s.Wrong {
		if c.subject == "announced" {
			cfg.Windows = append(cfg.Windows, c.window(w.begun.Add(s.calm())))
		}
	}
	wo, err := app.WatchOptions(cfg, app.Options{Machine: w.net})
	if err != nil {
		t.Fatal(err)
	}
	w.health = &drowsy{Health: wo.Health.(*probe.Health), bed: w.bed}
	wo.Health = w.health
	for i := range wo.Probes {
		w.bed.under(&wo.Probes[i])
	}
	w.watch = watch.New(wo)
	watching, rest := context.WithCancel(t.Context())
	running.Go(func() { w.watch.Run(watching) })
	t.Cleanup(func() {
		w.clear()
		rest()
		stop()
		w.sim.Close()
		w.net.Close()
		served.Wait()
		running.Wait()
	})
	return w
}

func (w *world) file(dir, name, content string) string {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// call asks the simulator's control host.
func (w *world) call(method, path string, body any) []byte {
	w.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	got := httptest.NewRecorder()
	w.sim.Handler(sim.Control).ServeHTTP(got, httptest.NewRequest(method, path, strings.NewReader(string(b))))
	if got.Code != http.StatusOK {
		w.t.Fatalf("%s %s %s: %s", method, path, b, got.Body)
	}
	return got.Body.Bytes()
}

// clear ends all that is wrong.
func (w *world) clear() {
	for _, lift := range w.lifts {
		lift()
	}
	w.lifts = nil
	w.call("DELETE", "/faults", nil)
	for pair, undo := range w.pairs {
		w.call("POST", "/pairs/"+pair, json.RawMessage(undo))
	}
	w.pairs = map[string]string{}
}

// requests are what the hosts have seen.
func (w *world) requests() []sim.Request {
	var truth struct{ Requests []sim.Request }
	if err := json.Unmarshal(w.call("GET", "/truth", nil), &truth); err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(truth.Requests, func(r sim.Request) bool { return r.Key == ourselves })
}

// A bed is where the machine sleeps: nothing of it runs until it wakes.
type bed struct {
	mu    sync.Mutex
	until time.Time
}

func (b *bed) sleep(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = time.Now().Add(d)
}

// rest waits until the machine is awake, and says whether it was not.
func (b *bed) rest() bool {
	b.mu.Lock()
	d := time.Until(b.until)
	b.mu.Unlock()
	if d <= 0 {
		return false
	}
	time.Sleep(d)
	return true
}

// under makes a probe sleep with the machine: a look that ends meanwhile is reported after waking, and nobody reports of a
// stream in his sleep.
func (b *bed) under(p *probe.Probe) {
	if look := p.Look; look != nil {
		p.Look = func(ctx context.Context, early func(probe.Observation)) probe.Observation {
			o := look(ctx, early)
			if b.rest() {
				o.At = time.Now()
			}
			return o
		}
	}
	if follow := p.Follow; follow != nil {
		p.Follow = func(ctx context.Context, report func(probe.Observation)) {
			follow(ctx, func(o probe.Observation) {
				b.mu.Lock()
				awake := !time.Now().Before(b.until)
				b.mu.Unlock()
				if awake {
					report(o)
				}
			})
		}
	}
}

// drowsy is the watch's own health on a machine that sleeps.
type drowsy struct {
	*probe.Health
	bed *bed
}

func (d *drowsy) Tick(now, due time.Time) probe.Watcher {
	if d.bed.rest() {
		now = time.Now()
	}
	return d.Health.Tick(now, due)
}

package corpus

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"hikeshi/internal/sim"
	"hikeshi/internal/sim/memnet"
)

// What clauses do to a world beyond one call.

// dismiss ends a fault of the simulator, unless it has ended by itself.
func (w *world) dismiss(id string) {
	w.sim.Handler(sim.Control).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", "/faults/"+id, nil))
}

// ourselves marks the requests of the test among those that the hosts have seen.
const ourselves = "corpus"

// pairNames are one pair, or all that the world has.
func (w *world) pairNames(name string) []string {
	if name != "all" {
		return []string{name}
	}
	req := httptest.NewRequest("GET", "/v1/spot/pairs", nil)
	req.Header.Set("ACCESS-KEY", ourselves)
	got := httptest.NewRecorder()
	w.sim.Handler("private").ServeHTTP(got, req)
	var list struct {
		Data struct{ Pairs []struct{ Name string } }
	}
	if err := json.Unmarshal(got.Body.Bytes(), &list); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, p := range list.Data.Pairs {
		out = append(out, p.Name)
	}
	return out
}

// setClock puts our clock ahead of everybody's: from here it looks as if all of them were behind.
func (w *world) setClock(ahead time.Duration) (lift func()) {
	w.net.SetClock(ahead)
	var lifts []func()
	for _, h := range sim.Hosts() {
		c := clause{subject: "hosts", hosts: []string{h}, effect: "clock_skew", words: []string{(-ahead).String()}}
		lifts = append(lifts, c.impose(w))
	}
	return func() {
		w.net.SetClock(0)
		for _, l := range lifts {
			l()
		}
	}
}

// associating is how long a laptop needs for its Wi-Fi after it wakes.
const associating = 3 * time.Second

// sleep closes the lid: nothing of the machine runs, and when it wakes the line is not there at once.
func (w *world) sleep(d time.Duration) (lift func()) {
	w.bed.sleep(d)
	back := w.net.Impose(memnet.Fault{Kind: memnet.Unplugged})
	t := time.AfterFunc(d+associating, back)
	return func() { t.Stop(); back() }
}

// openPortal builds the host that answers for everybody on a public Wi-Fi: an HTTPS page with a certificate of nobody
// we know. It is a page of another simulated world, which has an authority of its own.
func (w *world) openPortal() {
	stranger, err := sim.New(sim.Options{TLS: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.net.Add("portal", []string{"portal.example"})
	ln, err := w.net.Listen("portal", port)
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := stranger.Serve("neutral1", ln); err != http.ErrServerClosed {
			w.t.Errorf("serve the portal: %v", err)
		}
	}()
	w.t.Cleanup(func() { stranger.Close(); <-served })
}

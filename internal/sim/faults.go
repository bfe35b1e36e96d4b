package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"hikeshi/internal/sim/market"
)

// An active fault is one that is in force.
type active struct {
	Fault
	left  int           // how often it may still act; -1 without end
	over  chan struct{} // closed when it is gone
	timer *time.Timer
	old   *market.Market // what stale_read and freeze_sequence read
}

// whole reports whether the fault concerns everything that its host does, so that it can act on connections.
func (a *active) whole() bool {
	return a.Match == Match{} && a.left < 0 && (a.Probability == 0 || a.Probability == 1)
}

// Faults in force, oldest first. The first one that decides about a request decides.
type faults struct {
	mu      sync.Mutex
	rng     *rand.Rand
	list    []*active
	last    int
	closed  bool
	changed func(host string) // called without the lock, after every change
}

// add puts a checked fault into force.
func (f *faults) add(spec Fault, old *market.Market) (string, error) {
	f.mu.Lock()
	if f.closed || len(f.list) >= maxFaults {
		f.mu.Unlock()
		return "", fmt.Errorf("there are %d faults already, more are not taken", maxFaults)
	}
	f.last++
	a := &active{Fault: spec, left: spec.Count, over: make(chan struct{}), old: old}
	a.ID = "f" + strconv.Itoa(f.last)
	if a.left == 0 {
		a.left = -1
	}
	f.list = append(f.list, a)
	if spec.ForMS > 0 {
		a.timer = time.AfterFunc(time.Duration(spec.ForMS)*time.Millisecond, func() { f.remove(a.ID) })
	}
	f.mu.Unlock()
	f.changed(a.Host)
	return a.ID, nil
}

// remove ends a fault; false when there is none of that id.
func (f *faults) remove(id string) bool {
	f.mu.Lock()
	var gone *active
	for _, a := range f.list {
		if a.ID == id {
			gone = a
			f.drop(a)
			break
		}
	}
	f.mu.Unlock()
	if gone != nil {
		f.changed(gone.Host)
	}
	return gone != nil
}

// clear ends all faults; for good when the simulator stops.
func (f *faults) clear(forever bool) {
	f.mu.Lock()
	f.closed = f.closed || forever
	hosts := map[string]bool{}
	for len(f.list) > 0 {
		hosts[f.list[0].Host] = true
		f.drop(f.list[0])
	}
	f.mu.Unlock()
	for h := range hosts {
		f.changed(h)
	}
}

// drop takes a fault out of the list. The lock is held.
func (f *faults) drop(gone *active) {
	kept := f.list[:0:0]
	for _, a := range f.list {
		if a != gone {
			kept = append(kept, a)
		}
	}
	f.list = kept
	close(gone.over)
	if gone.timer != nil {
		gone.timer.Stop()
	}
}

// all lists the faults in force with what is left of their counts.
func (f *faults) all() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, len(f.list))
	for i, a := range f.list {
		out[i] = a.Fault
		if a.left > 0 {
			out[i].Count = a.left
		}
	}
	return out
}

// find returns the first fault on a host that satisfies ok, without using it up.
func (f *faults) find(host string, ok func(*active) bool) *active {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.list {
		if a.Host == host && ok(a) {
			return a
		}
	}
	return nil
}

// use asks each fault on a host, in order, whether it wants this event, and lets it draw and count. It stops after the
// first one for which final is true.
func (f *faults) use(host string, wants, final func(*active) bool) []*active {
	f.mu.Lock()
	defer f.mu.Unlock()
	var used []*active
	for _, a := range f.list {
		if a.Host != host || !wants(a) || (a.Probability > 0 && a.Probability < 1 && f.rng.Float64() >= a.Probability) {
			continue
		}
		used = append(used, a)
		if a.left > 0 {
			a.left--
		}
		if final(a) {
			break
		}
	}
	for _, a := range used {
		// A fault with a count never acts on connections as a whole, so nobody needs to hear that it is spent.
		if a.left == 0 {
			f.drop(a)
		}
	}
	return used
}

// fits reports whether a match takes a request (or, with method "", a room of the stream).
func (m Match) fits(method, path, query string) bool {
	if m.Method != "" && m.Method != method {
		return false
	}
	if m.Path != "" {
		if prefix, ok := strings.CutSuffix(m.Path, "*"); ok {
			if !strings.HasPrefix(path, prefix) {
				return false
			}
		} else if m.Path != path {
			return false
		}
	}
	if m.Pair == "" {
		return true
	}
	if method == "" {
		return strings.HasSuffix(path, "_"+m.Pair)
	}
	return strings.HasPrefix(path, "/"+m.Pair+"/") || strings.Contains("&"+query+"&", "&pair="+m.Pair+"&")
}

package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An active fault is one that is in force.
type active struct {
	Fault
	left  int           // how often it may still act; -1 without end
	over  chan struct{} // closed when it is gone, not when it is only spent: what it holds, it holds on
	timer *time.Timer
	old   *picture     // what stale_read and freeze_sequence read
	met   map[any]bool // the sessions of the stream that it has been asked about: each draws once
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
	spent   []*active // used up by their counts, oldest first, as long as they may hold something
	last    int
	closed  bool
	changed func(host string) // called without the lock, after every change
}

// add puts a checked fault into force.
func (f *faults) add(spec Fault, old *picture) (string, error) {
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

// remove ends a fault, also one that is spent; false when there is none of that id.
func (f *faults) remove(id string) bool {
	f.mu.Lock()
	has := func(a *active) bool { return a.ID == id }
	host := ""
	for _, list := range []*[]*active{&f.list, &f.spent} {
		if i := slices.IndexFunc(*list, has); i >= 0 {
			host = (*list)[i].Host
			end((*list)[i])
			*list = slices.Delete(*list, i, i+1)
		}
	}
	f.mu.Unlock()
	if host != "" {
		f.changed(host)
	}
	return host != ""
}

// clear ends all faults; for good when the simulator stops.
func (f *faults) clear(forever bool) {
	f.mu.Lock()
	f.closed = f.closed || forever
	hosts := map[string]bool{}
	for _, a := range slices.Concat(f.list, f.spent) {
		hosts[a.Host] = true
		end(a)
	}
	f.list, f.spent = nil, nil
	f.mu.Unlock()
	for _, h := range sortedKeys(hosts) {
		f.changed(h)
	}
}

func end(a *active) {
	close(a.over)
	if a.timer != nil {
		a.timer.Stop()
	}
}

// holds are the effects that go on after they have struck.
var holds = map[string]bool{"blackhole": true, "stall_stream": true}

// spend takes a fault that has acted as often as it may out of force. The lock is held.
func (f *faults) spend(a *active) {
	f.list = slices.DeleteFunc(f.list, func(b *active) bool { return a == b })
	if !holds[a.Effect] {
		end(a)
		return
	}
	if f.spent = append(f.spent, a); len(f.spent) > maxFaults {
		end(f.spent[0])
		f.spent = slices.Delete(f.spent, 0, 1)
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
			f.spend(a)
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

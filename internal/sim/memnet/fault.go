package memnet

import (
	"slices"
	"time"

	"hikeshi/internal/probe"
)

// A Kind is a way in which packets fail.
type Kind string

// The kinds.
const (
	Unplugged   Kind = "unplugged"   // no network interface is up
	NoRouter    Kind = "no router"   // the router is gone, and all beyond it
	Silent      Kind = "silent"      // packets vanish
	Unreachable Kind = "unreachable" // a router says that there is no way
	Refuse      Kind = "refuse"      // new connections are refused, open ones live on
	Reset       Kind = "reset"       // connections are cut as soon as somebody speaks
	Loss        Kind = "loss"        // a share of the packets vanishes
	Slow        Kind = "slow"        // every packet takes longer
	Large       Kind = "large"       // large packets vanish: a black hole of the path's MTU
	Divert      Kind = "divert"      // somebody on the way answers instead: a portal, or worse
)

// A Fault is what is wrong on the way from this machine to some hosts.
type Fault struct {
	Kind   Kind
	Hosts  []string      // nil: all, so it is the line
	Family probe.Family  // zero: both
	Share  float64       // Loss: from 0 to 1
	Delay  time.Duration // Slow: added each way
	Size   int           // Large: bytes that still pass
	To     string        // Divert: the host that answers
}

func (f *Fault) concerns(r route) bool {
	return (f.Hosts == nil || slices.Contains(f.Hosts, r.host)) && (f.Family == 0 || f.Family == r.family)
}

// Impose puts a fault into force until it is lifted.
func (n *Network) Impose(f Fault) (lift func()) {
	n.mu.Lock()
	own := &f
	n.faults = append(n.faults, own)
	var cut []*conn
	if f.Kind == Reset {
		for c := range n.conns {
			if f.concerns(c.out.route) {
				cut = append(cut, c)
			}
		}
	}
	n.mu.Unlock()
	for _, c := range cut {
		c.abort()
	}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.faults = slices.DeleteFunc(n.faults, func(g *Fault) bool { return g == own })
	}
}

// Refuse makes a host refuse connections, or ends that. It is what [sim.Options] tells.
func (n *Network) Refuse(host string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusing[host] = on
}

// A fate is what becomes of a packet.
type fate struct {
	unplugged, unreachable, refused, reset, lost bool

	missing int // bytes that are lost, when not all are
	delay   time.Duration
	divert  string
}

// mss is how much of a write goes into one packet: the Ethernet's 1500 bytes without the headers of IP and TCP.
const mss = 1440

// packets tells the fate of what is sent on a route.
func (n *Network) packets(r route, size int) fate {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := fate{delay: n.latency, refused: n.refusing[r.host], lost: n.closed}
	for _, f := range n.faults {
		if !f.concerns(r) {
			continue
		}
		switch f.Kind {
		case Unplugged:
			out.unplugged, out.lost = true, true
		case NoRouter, Silent:
			out.lost = true
		case Unreachable:
			out.unreachable, out.lost = true, true
		case Refuse:
			out.refused = true
		case Reset:
			out.reset = true
		case Loss:
			gone := 0
			for sent := 0; sent <= size; sent += mss {
				if n.rng.Float64() < f.Share {
					gone++
				}
			}
			if gone > 0 && !out.lost {
				out.lost, out.missing = true, gone*mss-1
			}
		case Slow:
			out.delay += f.Delay
		case Large:
			out.lost = out.lost || size > f.Size
		case Divert:
			// Connections that were made before end in nothing: whoever diverts knows nothing of them.
			out.divert = f.To
			out.lost = out.lost || !r.diverted
		}
	}
	// A diverted connection ends with whoever diverted it.
	out.lost = out.lost || r.diverted && out.divert == ""
	if !out.lost || out.missing == 0 {
		out.missing = size
	}
	return out
}

// diverts reports whether somebody on the way answers new connections on a route.
func (n *Network) diverts(r route) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.faults, func(f *Fault) bool { return f.Kind == Divert && f.concerns(r) })
}

// has reports whether a fault of the machine itself is in force.
func (n *Network) has(k Kind) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.faults, func(f *Fault) bool { return f.Kind == k })
}

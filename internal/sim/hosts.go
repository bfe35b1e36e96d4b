package sim

import (
	"net"
	"strconv"
)

// A place is a host of the contract: its port relative to the base, and the names under which the real one is known, for
// certificates on a network in memory.
type place struct {
	name  string
	port  int
	names []string
}

// Control is the host that faults are posted to. It is not part of the world and no fault touches it.
const Control = "control"

var places = []place{
	{"public", 0, []string{"public.bitbank.cc"}},
	{"private", 1, []string{"api.bitbank.cc"}},
	{"stream", 2, []string{"stream.bitbank.cc"}},
	{"pubnub", 3, []string{"ps.pndsn.com"}},
	{"web", 4, []string{"bitbank.cc"}},
	{"app", 5, []string{"app.bitbank.cc"}},
	{"status", 6, []string{"status.bitbank.cc"}},
	{"blog", 7, []string{"blog.bitbank.cc"}},
	{"support", 8, []string{"support.bitbank.cc"}},
	{"x", 9, []string{"x.com"}},
	{"neutral1", 10, []string{"www.nict.go.jp"}},
	{"neutral2", 11, []string{"aws.amazon.com"}},
	{"neutral3", 12, []string{"www.wikipedia.org"}},
	{"venue1", 20, []string{"api.bitflyer.com"}},
	{"venue2", 21, []string{"coincheck.com"}},
	{"venue3", 22, []string{"api.coin.z.com"}},
	{Control, 99, nil},
}

// Ports of the daemon's own under the written configuration: its pages, and the gateway for bots.
const (
	dashboard   = 60
	gatewayPort = 50
)

// Hosts lists the simulated hosts, in the order of their ports, without the control host.
func Hosts() []string {
	var names []string
	for _, p := range places {
		if p.name != Control {
			names = append(names, p.name)
		}
	}
	return names
}

// Names are the names under which the real host is known.
func Names(host string) []string {
	p, _ := placeOf(host)
	return p.names
}

func placeOf(name string) (place, bool) {
	for _, p := range places {
		if p.name == name {
			return p, true
		}
	}
	return place{}, false
}

func (s *Sim) address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.o.PortBase+port))
}

// URL is where a host lives when it is served by [Sim.Run].
func (s *Sim) URL(host string) string {
	p, _ := placeOf(host)
	if s.o.TLS {
		return "https://" + s.address(p.port)
	}
	return "http://" + s.address(p.port)
}

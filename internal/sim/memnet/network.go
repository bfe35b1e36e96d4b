package memnet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"hikeshi/internal/probe"
	"hikeshi/internal/sim"
)

// Options of a network. The zero value is a line with both address families and no second resolver.
type Options struct {
	Seed     uint64         // of losses
	Latency  time.Duration  // one way; default 5 ms, as from a home in Japan to a data centre there
	Families []probe.Family // that this machine has addresses of; default both
	Second   string         // ip:port of the resolver that is not the router's
}

// A Network is one machine, its line, and the hosts beyond. All methods may be called concurrently.
type Network struct {
	latency  time.Duration
	families []probe.Family
	second   string

	mu       sync.Mutex // guards what follows
	rng      *rand.Rand
	hosts    map[string]*host
	names    map[string]*host
	routes   map[netip.Addr]*host
	faults   []*Fault
	spoiled  []*NameFault
	refusing map[string]bool
	clock    time.Duration // how far our clock is ahead, as others see it
	doors    map[door]*listener
	conns    map[*conn]bool
	port     uint16
	closed   bool
}

type host struct {
	name  string
	addrs []netip.Addr
}

type door struct {
	host string
	port uint16
}

// A route is the way to one host by one family.
type route struct {
	host     string
	family   probe.Family
	diverted bool // it ends at somebody who stands in between
}

// The router and the machine itself. All addresses of this package are reserved for documents and private networks.
var (
	router = netip.MustParseAddr("192.168.1.1")
	self4  = netip.MustParseAddr("192.168.1.10")
	self6  = netip.MustParseAddr("2001:db8:1::10")
)

// New builds a network without hosts.
func New(o Options) *Network {
	if o.Latency == 0 {
		o.Latency = 5 * time.Millisecond
	}
	if o.Families == nil {
		o.Families = []probe.Family{probe.IPv4, probe.IPv6}
	}
	return &Network{
		latency: o.Latency, families: o.Families, second: o.Second, rng: rand.New(rand.NewPCG(o.Seed, 0x6c696e65)),
		hosts: map[string]*host{}, names: map[string]*host{}, routes: map[netip.Addr]*host{}, refusing: map[string]bool{},
		doors: map[door]*listener{}, conns: map[*conn]bool{}, port: 40000,
	}
}

// Add makes a host known under its names, with an address of each family unless addresses are given.
func (n *Network) Add(name string, names []string, addrs ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := byte(len(n.hosts) + 1)
	if addrs == nil {
		addrs = []netip.Addr{
			netip.AddrFrom4([4]byte{203, 0, 113, k}), netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: k}),
		}
	}
	h := &host{name, addrs}
	n.hosts[name] = h
	for _, s := range names {
		n.names[s] = h
	}
	for _, a := range addrs {
		n.routes[a] = h
	}
}

// Carry adds every host of a simulated world under its real names and serves it on a port until the world is closed. The
// caller waits for served after closing the world.
func (n *Network) Carry(s *sim.Sim, port uint16) (served *sync.WaitGroup, err error) {
	served = &sync.WaitGroup{}
	for _, name := range sim.Hosts() {
		n.Add(name, sim.Names(name))
		ln, err := n.Listen(name, port)
		if err != nil {
			return served, err
		}
		served.Go(func() { s.Serve(name, ln) }) // it ends with the world, and says so
	}
	return served, nil
}

// SetClock says how far our clock is ahead of everybody else's.
func (n *Network) SetClock(ahead time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clock = ahead
}

// Close cuts every connection and stops every listener.
func (n *Network) Close() {
	n.mu.Lock()
	n.closed = true
	var cut []*conn
	for c := range n.conns {
		cut = append(cut, c)
	}
	doors := n.doors
	n.doors = map[door]*listener{}
	n.mu.Unlock()
	for _, l := range doors {
		l.shut()
	}
	for _, c := range cut {
		c.abort()
	}
}

// How a connection begins (RFC 6298): a lost first packet is sent again after one second, then after two more, and so on.
const firstTry = time.Second

// DialContext implements [probe.Net].
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil || (network != "tcp4" && network != "tcp6") {
		return nil, fmt.Errorf("dial %s %s: %w", network, addr, errors.ErrUnsupported)
	}
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	family := familyOf(to.Addr())
	if !slices.Contains(n.families, family) {
		return fail(os.NewSyscallError("connect", syscall.ENETUNREACH))
	}
	n.mu.Lock()
	h := n.routes[to.Addr()]
	n.mu.Unlock()
	r := route{family: family}
	if h != nil {
		r.host = h.name
	}
	for wait := firstTry; ; wait *= 2 {
		r.diverted = n.diverts(r)
		f := n.packets(r, 40)
		at := r.host
		if r.diverted {
			at = f.divert
		}
		rest := 2 * f.delay
		var refusal error
		switch {
		case f.unplugged:
			return fail(os.NewSyscallError("connect", syscall.ENETUNREACH))
		case f.unreachable:
			refusal = os.NewSyscallError("connect", syscall.EHOSTUNREACH)
		case f.lost || h == nil && !r.diverted:
			rest = wait
		case f.refused && !r.diverted:
			refusal = os.NewSyscallError("connect", syscall.ECONNREFUSED)
		}
		if err := sleep(ctx, rest); err != nil {
			return fail(err)
		}
		switch {
		case refusal != nil:
			return fail(refusal)
		case f.lost || h == nil && !r.diverted:
			continue
		}
		c, err := n.connect(r, at, to)
		if err != nil {
			return fail(err)
		}
		return c, nil
	}
}

// connect joins both ends at a listener.
func (n *Network) connect(r route, at string, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	l := n.doors[door{at, to.Port()}]
	if l == nil || n.closed {
		n.mu.Unlock()
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	from := self4
	if r.family == probe.IPv6 {
		from = self6
	}
	n.port = max(n.port+1, 40000)
	here, there := join(n, r, net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, n.port)), net.TCPAddrFromAddrPort(to))
	n.conns[here], n.conns[there] = true, true
	n.mu.Unlock()
	if !l.put(there) {
		there.abort()
		here.Close()
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return here, nil
}

func (n *Network) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// Interfaces implements [probe.Machine].
func (n *Network) Interfaces(context.Context) (bool, error) { return !n.has(Unplugged), nil }

// Gateway implements [probe.Machine].
func (n *Network) Gateway(ctx context.Context) (netip.Addr, bool, error) {
	switch {
	case n.has(Unplugged):
		return netip.Addr{}, false, nil // a line that is down has no route
	case n.has(NoRouter):
		return router, false, sleep(ctx, time.Second)
	}
	return router, true, nil
}

// NTP implements [probe.Machine].
func (n *Network) NTP(ctx context.Context, server string) (time.Duration, error) {
	if _, err := n.Lookup(ctx, "", "ip4", server); err != nil {
		return 0, fmt.Errorf("ask %s for the time: %w", server, err)
	}
	f := n.packets(route{host: server, family: probe.IPv4}, 48)
	if f.lost {
		if err := sleep(ctx, 2*time.Second); err != nil {
			return 0, fmt.Errorf("ask %s for the time: %w", server, err)
		}
		return 0, fmt.Errorf("ask %s for the time: %w", server, os.ErrDeadlineExceeded)
	}
	if err := sleep(ctx, 2*f.delay); err != nil {
		return 0, fmt.Errorf("ask %s for the time: %w", server, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.clock, nil
}

func familyOf(a netip.Addr) probe.Family {
	if a.Is4() {
		return probe.IPv4
	}
	return probe.IPv6
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

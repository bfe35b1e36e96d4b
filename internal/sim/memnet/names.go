package memnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"hikeshi/internal/probe"
)

// A NameKind is a way in which a resolver fails.
type NameKind string

// The kinds.
const (
	NotFound NameKind = "not found" // it says that the name does not exist
	Failed   NameKind = "failed"    // it says that it failed
	Dropped  NameKind = "dropped"   // it says nothing
	Poisoned NameKind = "poisoned"  // it names another host's addresses
)

// Which resolver a fault is of.
const (
	System = "system" // the router's
	Second = "second"
)

// A NameFault is what is wrong with what a resolver says.
type NameFault struct {
	Kind     NameKind
	Resolver string   // System, Second or "" for both
	Hosts    []string // whose names; nil: all
	To       string   // Poisoned: the host whose addresses are given
}

// Spoil puts a fault of a resolver into force until it is lifted.
func (n *Network) Spoil(f NameFault) (lift func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	own := &f
	n.spoiled = append(n.spoiled, own)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.spoiled = slices.DeleteFunc(n.spoiled, func(g *NameFault) bool { return g == own })
	}
}

// Go's resolver, like the C library's, asks a silent server a second time after five seconds, and then gives up.
const (
	resolverWaits = 5 * time.Second
	resolverTries = 2
)

// Lookup implements [probe.Net].
func (n *Network) Lookup(ctx context.Context, resolver, network, name string) ([]netip.Addr, error) {
	which := System
	if resolver != "" {
		which = Second
	}
	bad := func(e net.DNSError) ([]netip.Addr, error) {
		e.Name, e.Server = name, resolver
		return nil, &e
	}
	for range resolverTries {
		if n.has(Unplugged) {
			return nil, &net.OpError{Op: "dial", Net: "udp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		}
		// The router asks its provider by the line, so both resolvers need it. Who diverts connections lets the router's
		// answers pass, or nobody would get as far as being diverted.
		r := route{host: "resolver/" + which, family: probe.IPv4}
		r.diverted = which == System && n.diverts(r)
		f := n.packets(r, 60)
		kind, h := n.told(which, name)
		lost := f.lost || kind == Dropped || which == Second && resolver != n.second
		if lost {
			if err := sleep(ctx, resolverWaits); err != nil {
				return bad(net.DNSError{Err: err.Error(), UnwrapErr: err, IsTimeout: true, IsTemporary: true})
			}
			continue
		}
		if err := sleep(ctx, 2*f.delay); err != nil {
			return bad(net.DNSError{Err: err.Error(), UnwrapErr: err, IsTimeout: true, IsTemporary: true})
		}
		if kind == Failed {
			return bad(net.DNSError{Err: "server misbehaving", IsTemporary: true})
		}
		var out []netip.Addr
		if h != nil && kind != NotFound {
			for _, a := range h.addrs {
				if a.Is4() == (network == "ip4") {
					out = append(out, a)
				}
			}
		}
		if out == nil {
			return bad(net.DNSError{Err: "no such host", IsNotFound: true})
		}
		return out, nil
	}
	return bad(net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true})
}

// told is which host a resolver takes a name for, and what is wrong with its answer.
func (n *Network) told(which, name string) (NameKind, *host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.names[name]
	for _, f := range n.spoiled {
		if f.Resolver != "" && f.Resolver != which || f.Hosts != nil && (h == nil || !slices.Contains(f.Hosts, h.name)) {
			continue
		}
		if f.Kind == Poisoned {
			return "", n.hosts[f.To]
		}
		return f.Kind, h
	}
	return "", h
}

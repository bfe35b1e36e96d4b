package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// The race between address families, as RFC 8305 ("Happy Eyeballs") and browsers run it.
const (
	resolutionDelay = 50 * time.Millisecond  // how long the first family waits for the other's addresses
	attemptDelay    = 250 * time.Millisecond // before the next address is tried beside the one before
)

// A dialer opens connections and times each phase.
type dialer struct {
	net   Net
	roots *x509.CertPool
}

// A trip is how a look got to its site.
type trip struct {
	timing Timing
	addr   netip.Addr
	fresh  bool
}

func (t trip) on(o *Observation) {
	o.Timing, o.Addr, o.Fresh = t.timing, t.addr, t.fresh
	if t.addr.IsValid() {
		o.Family = familyOf(t.addr)
	}
}

// open resolves, connects and, for a site with TLS, shakes hands. With family 0 it races both as a browser would.
func (d *dialer) open(ctx context.Context, s *site, family Family, t *trip) (net.Conn, *trouble) {
	t.fresh = true
	begin := time.Now()
	addrs, bad := d.resolve(ctx, s, family)
	if _, literal := s.literal(); !literal {
		t.timing.DNS = time.Since(begin)
	}
	if bad != nil {
		return nil, bad
	}
	begin = time.Now()
	conn, addr, bad := d.connect(ctx, s, addrs)
	t.timing.Connect, t.addr = time.Since(begin), addr
	if bad != nil || !s.tls {
		return conn, bad
	}
	begin = time.Now()
	// Only HTTP/1.1 is offered: one request a connection at a time is what can be timed phase by phase.
	secure := tls.Client(conn, &tls.Config{
		ServerName: s.name, RootCAs: d.roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	err := secure.HandshakeContext(ctx)
	t.timing.TLS = time.Since(begin)
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err() // the connection was closed by our own deadline, and says that it is closed
		}
		return nil, tlsTrouble(err)
	}
	return &secured{secure, conn}, nil
}

// goodbye is how long the last word of TLS may take. Package tls allows five seconds, which a look does not have.
const goodbye = 50 * time.Millisecond

type secured struct {
	*tls.Conn
	raw net.Conn
}

func (c *secured) Close() error {
	cut := time.AfterFunc(goodbye, func() { c.raw.Close() })
	defer cut.Stop()
	return c.Conn.Close()
}

// errNoAddress: the name is known, or written as an address, and has none of the family that was asked for.
var errNoAddress = &trouble{failure: DNSNotFound, phase: DNS, detail: "no address of this family"}

// resolve finds a site's addresses, in the order in which they should be tried.
func (d *dialer) resolve(ctx context.Context, s *site, family Family) ([]netip.Addr, *trouble) {
	if a, ok := s.literal(); ok {
		if family != 0 && familyOf(a) != family {
			return nil, errNoAddress
		}
		return []netip.Addr{a}, nil
	}
	if family != 0 {
		addrs, err := d.lookup(ctx, "", family, s.name)
		if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
			return nil, errNoAddress // a resolver says the same of a name without such addresses as of no name at all
		}
		if err != nil {
			return nil, dnsTrouble(err)
		}
		return addrs, nil
	}
	return d.resolveBoth(ctx, s.name)
}

func (d *dialer) resolveBoth(ctx context.Context, name string) ([]netip.Addr, *trouble) {
	type found struct {
		family Family
		addrs  []netip.Addr
		err    error
	}
	answers := make(chan found, 2)
	for _, f := range []Family{IPv6, IPv4} {
		go func() {
			addrs, err := d.lookup(ctx, "", f, name)
			answers <- found{f, addrs, err}
		}()
	}
	var six, four []netip.Addr
	var bad *trouble
	var enough <-chan time.Time
	for range 2 {
		select {
		case a := <-answers:
			switch {
			case a.err != nil:
				if t := dnsTrouble(a.err); bad == nil || bad.failure == DNSNotFound {
					bad = t // "not found" of one family alone is no trouble, so the other's says more
				}
				continue
			case a.family == IPv6:
				six = a.addrs
			default:
				four = a.addrs
			}
			if enough == nil {
				wait := time.NewTimer(resolutionDelay)
				defer wait.Stop()
				enough = wait.C
			}
		case <-enough:
			return interleave(six, four), nil
		}
	}
	if len(six)+len(four) == 0 {
		return nil, bad
	}
	return interleave(six, four), nil
}

// lookup asks one resolver for the addresses of one family. It returns with ctx, whatever the resolver does.
func (d *dialer) lookup(ctx context.Context, resolver string, family Family, name string) ([]netip.Addr, error) {
	network := map[Family]string{IPv4: "ip4", IPv6: "ip6"}[family]
	type found struct {
		addrs []netip.Addr
		err   error
	}
	answer := make(chan found, 1)
	go func() {
		addrs, err := d.net.Lookup(ctx, resolver, network, name)
		answer <- found{addrs, err}
	}()
	select {
	case a := <-answer:
		if a.err == nil && len(a.addrs) == 0 {
			a.err = &net.DNSError{Err: "no address", Name: name, IsNotFound: true}
		}
		for i := range a.addrs {
			a.addrs[i] = a.addrs[i].Unmap()
		}
		return a.addrs, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("look up %s: %w", name, ctx.Err())
	}
}

// interleave puts addresses of the two families by turns, IPv6 first.
func interleave(six, four []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for i := range max(len(six), len(four)) {
		if i < len(six) {
			out = append(out, six[i])
		}
		if i < len(four) {
			out = append(out, four[i])
		}
	}
	return out
}

// connect races the addresses and returns the first connection.
func (d *dialer) connect(ctx context.Context, s *site, addrs []netip.Addr) (net.Conn, netip.Addr, *trouble) {
	racing, cancel := context.WithCancel(ctx)
	defer cancel()
	type attempt struct {
		conn net.Conn
		addr netip.Addr
		err  error
	}
	results := make(chan attempt)
	start := func(a netip.Addr) {
		network := "tcp4"
		if familyOf(a) == IPv6 {
			network = "tcp6"
		}
		conn, err := d.net.DialContext(racing, network, s.addr(a))
		select {
		case results <- attempt{conn, a, err}:
		case <-racing.Done():
			if conn != nil {
				conn.Close()
			}
		}
	}
	next, flying := 0, 0
	var worst *trouble
	var worstAt netip.Addr
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			if next < len(addrs) {
				go start(addrs[next])
				next++
				flying++
				timer.Reset(attemptDelay)
			}
		case r := <-results:
			flying--
			if r.err == nil {
				return r.conn, r.addr, nil
			}
			if t := connectTrouble(r.err); worst == nil || worst.failure == ConnectUnreachable {
				worst, worstAt = t, r.addr // a machine without IPv6 says so at once; what the other family met says more
			}
			if next < len(addrs) {
				timer.Reset(0)
			} else if flying == 0 {
				return nil, worstAt, worst
			}
		case <-ctx.Done():
			return nil, addrs[max(next-1, 0)], because(ConnectTimeout, Connect, ctx.Err())
		}
	}
}

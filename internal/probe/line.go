package probe

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// The looks at our own line. They report host Self: what they see is never an answer from outside.

func lookInterface(m Machine) doing {
	return func(ctx context.Context, o *Observation) *trouble {
		up, err := m.Interfaces(ctx)
		switch {
		case err != nil:
			o.Detail = short(err.Error()) // not known is not down
		case !up:
			return &trouble{failure: NoInterface, phase: Connect, detail: "no network interface is up"}
		}
		return nil
	}
}

// lookGateway believes that a router is gone only when it has answered before: many never do.
func lookGateway(m Machine) doing {
	var answered netip.Addr
	return func(ctx context.Context, o *Observation) *trouble {
		addr, alive, err := m.Gateway(ctx)
		o.Addr = addr
		switch {
		case alive:
			answered = addr
		case err != nil:
			o.Detail = short(err.Error())
		case answered.IsValid() && (addr == answered || !addr.IsValid()):
			return &trouble{failure: NoGateway, phase: Connect, detail: answered.String()}
		default:
			o.Detail = "not known"
		}
		return nil
	}
}

// clockMost is how far our clock may be off: bitbank refuses a request that is more than a second ahead of its own.
const clockMost = time.Second

func lookNTP(m Machine, server string) doing {
	return func(ctx context.Context, o *Observation) *trouble {
		offset, err := m.NTP(ctx, server)
		switch {
		case err != nil:
			return because(Timeout, FirstByte, err) // the protocol knows no other way to fail that concerns us
		case offset.Abs() > clockMost:
			o.Skew, o.SkewKnown = offset, true
			return &trouble{failure: ClockOff, phase: Content, detail: offset.String()}
		}
		o.Skew, o.SkewKnown = offset, true
		return nil
	}
}

// An opinion is what resolvers said last of the existence of some names, to notice that two of them differ.
type opinion struct {
	mu   sync.Mutex
	said map[string]saying
}

type saying struct {
	found bool
	at    time.Time
}

// opinionAge is how long a resolver's word stands against another's: a look and some.
const opinionAge = 15 * time.Second

// differs notes what a resolver says, and reports whether it misses names that another has found lately.
func (p *opinion) differs(resolver string, found bool, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		p.said = map[string]saying{}
	}
	p.said[resolver] = saying{found, now}
	for other, s := range p.said {
		if other != resolver && s.found && !found && now.Sub(s.at) < opinionAge {
			return true
		}
	}
	return false
}

// lookNames asks one resolver for the names of some roles at once. It fails when none of them is found, and tells which
// the resolver says not to know; what it does not say in time may have been lost.
func (d *dialer) lookNames(resolver string, roles map[string][]Host, p *opinion) doing {
	names := slices.Sorted(maps.Keys(roles))
	return func(ctx context.Context, o *Observation) *trouble {
		type found struct {
			name string
			err  error
		}
		answers := make(chan found, len(names))
		begin := time.Now()
		for _, name := range names {
			go func() {
				_, err := d.lookup(ctx, resolver, IPv4, name)
				answers <- found{name, err}
			}()
		}
		var bad *trouble
		var missing []string
		for range names {
			a := <-answers
			if a.err == nil {
				continue
			}
			missing = append(missing, a.name)
			t := dnsTrouble(a.err)
			if t.failure == DNSNotFound || t.failure == DNSFailed {
				o.Missing = append(o.Missing, roles[a.name]...)
			}
			if bad == nil || t.failure == DNSNotFound {
				bad = t
			}
		}
		o.Timing.DNS = time.Since(begin)
		slices.Sort(o.Missing)
		if len(missing) < len(names) {
			p.differs(resolver, true, time.Now())
			o.Detail = short(strings.Join(missing, ", "))
			return nil
		}
		if bad.failure == DNSNotFound && p.differs(resolver, false, time.Now()) {
			bad.failure = DNSDiffers
		}
		return bad
	}
}

// connectTo looks at one address family of a host: a connection and, with TLS, a handshake, without a request. It
// sees nothing where the host has no address of that family, or where this machine never had a way by it.
func (d *dialer) connectTo(s *site, family Family) doing {
	had := false
	return func(ctx context.Context, o *Observation) *trouble {
		var t trip
		conn, bad := d.open(ctx, s, family, &t)
		t.on(o)
		switch {
		case bad == nil:
			conn.Close()
			had = true
		case bad.failure == ConnectUnreachable && !had:
			return errNoAddress
		}
		return bad
	}
}

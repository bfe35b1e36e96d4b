package probe_test

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/probe"
)

func (s slowly) Lookup(ctx context.Context, resolver, network, host string) ([]netip.Addr, error) {
	time.Sleep(s.dns)
	return s.wire.Lookup(ctx, resolver, network, host)
}

func (s slowly) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	time.Sleep(s.dial)
	return s.wire.DialContext(ctx, network, addr)
}

// mixed drops what goes to some addresses.
type mixed struct {
	*wire
	lost map[string]bool
}

func (m mixed) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if m.lost[addr] {
		return hole{m.wire}.DialContext(ctx, network, addr)
	}
	return m.wire.DialContext(ctx, network, addr)
}

var (
	six  = netip.MustParseAddr("2001:db8::1")
	both = []netip.Addr{netip.MustParseAddr("192.0.2.1"), six}
)

func TestFamiliesRaceAsInABrowserAndAreSeenApart(t *testing.T) {
	for _, c := range []struct {
		name   string
		setup  func(*wire) probe.Machine
		family probe.Family
		took   time.Duration
		four   probe.Failure
		six    probe.Failure
	}{
		{"both work", func(w *wire) probe.Machine { return w }, probe.IPv6, 0, probe.OK, probe.OK},
		{"IPv6 is a black hole", func(w *wire) probe.Machine { return mixed{w, map[string]bool{"[2001:db8::1]:80": true}} }, probe.IPv4, 250 * time.Millisecond, probe.OK, probe.ConnectTimeout},
		{"IPv6 refuses", func(w *wire) probe.Machine {
			w.door("[2001:db8::1]:80", func(net.Conn) error { return syscall.ECONNREFUSED })
			return w
		}, probe.IPv4, 0, probe.OK, probe.ConnectRefused},
		{"IPv4 is a black hole", func(w *wire) probe.Machine { return mixed{w, map[string]bool{"192.0.2.1:80": true}} }, probe.IPv6, 0, probe.ConnectTimeout, probe.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				w.names["h.example"] = both
				w.serve("192.0.2.1:80", says(ok(tickerBody)))
				w.serve("[2001:db8::1]:80", says(ok(tickerBody)))
				all := probes(t, probe.Options{
					Families: []probe.Family{probe.IPv4, probe.IPv6}, Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}},
				}, c.setup(w))
				o := look(t, all[probe.PublicTicker])
				if o.Failure != probe.OK || o.Family != c.family || o.Timing.Connect != c.took {
					t.Errorf("got %q by IPv%d in %v, want IPv%d in %v", o.Failure, o.Family, o.Timing.Connect, c.family, c.took)
				}
				if got := look(t, all[probe.Public4]); got.Failure != c.four || got.Target != probe.Public4 {
					t.Errorf("IPv4: got %+v, want %q", got, c.four)
				}
				if got := look(t, all[probe.Public6]); got.Failure != c.six || got.Target != probe.Public6 {
					t.Errorf("IPv6: got %+v, want %q", got, c.six)
				}
			})
		})
	}
}

func TestAFamilyThatIsNotThereIsNeitherWellNorIll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		w.serve("192.0.2.1:80", says(ok(tickerBody)))
		all := probes(t, probe.Options{
			Families: []probe.Family{probe.IPv4, probe.IPv6},
			Places:   map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}, probe.Web: {URL: "http://127.0.0.1/"}},
		}, w)
		if o := look(t, all[probe.Public6]); o.Target != "" {
			t.Errorf("a host without IPv6: got %+v, want nothing", o)
		}
		if o := look(t, all[probe.Web6]); o.Target != "" {
			t.Errorf("an address of IPv4: got %+v, want nothing", o)
		}
		// A machine without IPv6 asks in vain, until it has some; losing it again is news.
		w.names["h.example"] = both
		if o := look(t, all[probe.Public6]); o.Target != "" {
			t.Errorf("a machine without IPv6: got %+v, want nothing", o)
		}
		w.serve("[2001:db8::1]:80", says(""))
		if o := look(t, all[probe.Public6]); o.Target != probe.Public6 || o.Failure != probe.OK {
			t.Errorf("got %+v, want a connection", o)
		}
		w.door("[2001:db8::1]:80", func(net.Conn) error { return syscall.ENETUNREACH })
		if o := look(t, all[probe.Public6]); o.Failure != probe.ConnectUnreachable {
			t.Errorf("got %+v, want that IPv6 is gone", o)
		}
	})
}

func TestAResolverThatAnswersForOneFamilyOnlyIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		w.serve("192.0.2.1:80", says(ok(tickerBody)))
		o := look(t, probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, noAAAA{w})[probe.PublicTicker])
		if o.Failure != probe.OK || o.Timing.DNS != 50*time.Millisecond {
			t.Errorf("got %q, names in %v; want well, after 50 ms of waiting", o.Failure, o.Timing.DNS)
		}
	})
}

// noAAAA drops questions for IPv6 addresses, as some routers do.
type noAAAA struct{ *wire }

func (n noAAAA) Lookup(ctx context.Context, resolver, network, host string) ([]netip.Addr, error) {
	if network == "ip6" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return n.wire.Lookup(ctx, resolver, network, host)
}

func TestACancelledLookSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.names["h.example"] = four
		p := probes(t, probe.Options{Places: map[probe.Host]probe.Place{probe.Public: {URL: "http://h.example"}}}, hole{w})[probe.PublicTicker]
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if o := p.Look(ctx, func(probe.Observation) {}); o.Target != "" {
			t.Errorf("got %+v, want nothing", o)
		}
	})
}

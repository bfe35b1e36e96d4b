package probe_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/probe"
)

var gone = &net.DNSError{Err: "no such host", IsNotFound: true}

func lineOptions() probe.Options {
	return probe.Options{
		Interface: true, Gateway: true, Resolver: true, SecondResolver: "192.0.2.53:53", NTPServer: "time.example",
		Places: map[probe.Host]probe.Place{
			probe.Neutral1: {URL: "https://n.example/"}, probe.Public: {URL: "https://p.example"}, probe.Web: {URL: "https://w.example/"},
		},
	}
}

func TestOurOwnLineIsLookedAtFromOursOnly(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*wire)
		sees   map[probe.Target]probe.Failure
	}{
		{"well", func(*wire) {}, nil},
		{"no interface", func(w *wire) { w.up = false }, map[probe.Target]probe.Failure{probe.LineInterface: probe.NoInterface}},
		{"the router is gone", func(w *wire) { w.routerUp = false }, map[probe.Target]probe.Failure{probe.LineGateway: probe.NoGateway}},
		{"the route is gone", func(w *wire) { w.routerUp, w.gateway = false, netip.Addr{} }, map[probe.Target]probe.Failure{probe.LineGateway: probe.NoGateway}},
		{"the system's resolver drops everything", func(w *wire) { w.mute[""] = true }, map[probe.Target]probe.Failure{
			probe.DNSSystem: probe.DNSTimeout, probe.BitbankDNS: probe.DNSTimeout,
		}},
		{"the system's resolver does not know bitbank", func(w *wire) { w.refuse[" p.example"], w.refuse[" w.example"] = gone, gone }, map[probe.Target]probe.Failure{
			probe.BitbankDNS: probe.DNSDiffers,
		}},
		{"nobody knows bitbank", func(w *wire) { delete(w.names, "p.example"); delete(w.names, "w.example") }, map[probe.Target]probe.Failure{
			probe.BitbankDNS: probe.DNSNotFound, probe.BitbankDNS2: probe.DNSNotFound,
		}},
		{"one of bitbank's names is gone", func(w *wire) { delete(w.names, "p.example") }, nil},
		{"the second resolver fails", func(w *wire) { w.refuse["192.0.2.53:53 n.example"] = &net.DNSError{Err: "server misbehaving"} }, map[probe.Target]probe.Failure{
			probe.DNSSecond: probe.DNSFailed,
		}},
		{"the clock is off", func(w *wire) { w.ntp = -90 * time.Second }, map[probe.Target]probe.Failure{probe.ClockNTP: probe.ClockOff}},
		{"the time server does not answer", func(w *wire) { w.ntpErr = errors.New("no answer") }, map[probe.Target]probe.Failure{probe.ClockNTP: probe.Timeout}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				w.names["n.example"], w.names["p.example"], w.names["w.example"] = four, four, four
				w.gateway, w.routerUp = netip.MustParseAddr("192.0.2.254"), true
				all := probes(t, lineOptions(), w)
				targets := []probe.Target{
					probe.LineInterface, probe.LineGateway, probe.DNSSystem, probe.DNSSecond, probe.BitbankDNS, probe.BitbankDNS2, probe.ClockNTP,
				}
				for _, target := range targets {
					if o := look(t, all[target]); o.Failure != probe.OK || o.Host != probe.Self {
						t.Fatalf("%s in calm: %+v", target, o)
					}
				}
				time.Sleep(5 * time.Second)
				c.change(w)
				for _, target := range targets {
					look(t, all[target]) // two resolvers differ until both have been asked
				}
				for _, target := range targets {
					if o := look(t, all[target]); o.Failure != c.sees[target] {
						t.Errorf("%s: got %q (%s), want %q", target, o.Failure, o.Detail, c.sees[target])
					}
				}
			})
		})
	}
}

func TestARouterThatNeverAnsweredIsNotCalledDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.gateway = netip.MustParseAddr("192.0.2.254")
		if o := look(t, probes(t, lineOptions(), w)[probe.LineGateway]); o.Failure != probe.OK || o.Detail == "" {
			t.Errorf("got %+v, want well and not known", o)
		}
	})
}

func TestTheClockIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.ntp = 3 * time.Second
		if o := look(t, probes(t, lineOptions(), w)[probe.ClockNTP]); !o.SkewKnown || o.Skew != 3*time.Second {
			t.Errorf("got %+v", o)
		}
	})
}

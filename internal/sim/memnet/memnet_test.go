package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/probe"
	"hikeshi/internal/sim/memnet"
)

var _ probe.Machine = (*memnet.Network)(nil)

// inBubble plays in virtual time with one host that says back what it hears, on port 80.
func inBubble(t *testing.T, o memnet.Options, do func(t *testing.T, n *memnet.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New(o)
		n.Add("parrot", []string{"parrot.example"})
		ln, err := n.Listen("parrot", 80)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() { defer c.Close(); io.Copy(c, c) }()
			}
		}()
		t.Cleanup(func() { n.Close(); <-done })
		do(t, n)
	})
}

func dial(n *memnet.Network, family string, patience time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addrs, err := n.Lookup(ctx, "", "ip"+family, "parrot.example")
	if err != nil {
		return nil, err
	}
	return n.DialContext(ctx, "tcp"+family, netip.AddrPortFrom(addrs[0], 80).String())
}

// mustDial connects over IPv4.
func mustDial(t *testing.T, n *memnet.Network) net.Conn {
	t.Helper()
	c, err := dial(n, "4", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// hear says something and waits for it to come back.
func hear(c net.Conn, what string, patience time.Duration) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, what); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, len(what)))
	return err
}

func TestAConnectionTakesItsRoundTrips(t *testing.T) {
	inBubble(t, memnet.Options{Latency: 20 * time.Millisecond}, func(t *testing.T, n *memnet.Network) {
		begin := time.Now()
		c := mustDial(t, n)
		if took := time.Since(begin); took != 80*time.Millisecond {
			t.Errorf("a lookup and a connection took %v, want two round trips of 40ms", took)
		}
		begin = time.Now()
		if err := hear(c, "hello", time.Second); err != nil || time.Since(begin) != 40*time.Millisecond {
			t.Errorf("an answer took %v and said %v, want 40ms", time.Since(begin), err)
		}
		if got := c.RemoteAddr().String(); !strings.HasSuffix(got, ":80") {
			t.Errorf("remote address %s", got)
		}
	})
}

func TestEachFaultOfALineLooksLikeItself(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault memnet.Fault
		want  error
	}{
		{"unplugged", memnet.Fault{Kind: memnet.Unplugged}, syscall.ENETUNREACH},
		{"silent", memnet.Fault{Kind: memnet.Silent}, context.DeadlineExceeded},
		{"no router", memnet.Fault{Kind: memnet.NoRouter}, context.DeadlineExceeded},
		{"unreachable host", memnet.Fault{Kind: memnet.Unreachable, Hosts: []string{"parrot"}}, syscall.EHOSTUNREACH},
		{"refusing host", memnet.Fault{Kind: memnet.Refuse, Hosts: []string{"parrot"}}, syscall.ECONNREFUSED},
		{"another family", memnet.Fault{Kind: memnet.Silent, Hosts: []string{"parrot"}, Family: probe.IPv6}, nil},
		{"another host", memnet.Fault{Kind: memnet.Silent, Hosts: []string{"owl"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
				lift := n.Impose(c.fault)
				if conn, err := dial(n, "4", 3*time.Second); !errors.Is(err, c.want) {
					t.Errorf("dialling says %v, want %v", err, c.want)
				} else if err == nil {
					conn.Close()
				}
				lift()
				mustDial(t, n)
			})
		})
	}
}

func TestWhatIsLostIsSentAgain(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		c := mustDial(t, n)
		lift := n.Impose(memnet.Fault{Kind: memnet.Silent})
		if err := hear(c, "hello", 2*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("into a silent line: %v, want a timeout", err)
		}
		lift()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			t.Errorf("what was said into the silence did not come back: %v", err)
		}
	})
}

func TestACutIsHeardAndALostGoodbyeIsNot(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		n.Add("mute", []string{"mute.example"})
		ln, err := n.Listen("mute", 80)
		if err != nil {
			t.Fatal(err)
		}
		ends := make(chan net.Conn, 2)
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				ends <- c
			}
		}()
		open := func() (here, there net.Conn) {
			addrs, _ := n.Lookup(t.Context(), "", "ip4", "mute.example")
			here, err := n.DialContext(t.Context(), "tcp4", netip.AddrPortFrom(addrs[0], 80).String())
			if err != nil {
				t.Fatal(err)
			}
			return here, <-ends
		}
		here, there := open()
		there.(interface{ SetLinger(int) error }).SetLinger(0)
		there.Close()
		if _, err := here.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after a cut: %v, want ECONNRESET", err)
		}
		here, there = open()
		lift := n.Impose(memnet.Fault{Kind: memnet.Silent})
		there.Close()
		here.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := here.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a goodbye came through a silent line: %v", err)
		}
		lift()
		here.SetReadDeadline(time.Now().Add(3 * time.Minute))
		if _, err := here.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the goodbye, sent again: %v, want EOF", err)
		}
	})
}

func TestLargePacketsVanishAndSmallOnesPass(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		defer n.Impose(memnet.Fault{Kind: memnet.Large, Size: 1200})()
		c := mustDial(t, n)
		if err := hear(c, "small", time.Second); err != nil {
			t.Errorf("small: %v", err)
		}
		if err := hear(c, strings.Repeat("large", 1000), time.Minute); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("large: %v, want a timeout", err)
		}
	})
}

func TestAWriterWaitsForASlowReader(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		c := mustDial(t, n)
		c.SetWriteDeadline(time.Now().Add(time.Minute))
		sent, err := c.Write(make([]byte, 8<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || sent > 1<<20 {
			t.Errorf("%d bytes were taken for nobody who reads them, and %v", sent, err)
		}
	})
}

func TestResolversFailApartFromEachOther(t *testing.T) {
	inBubble(t, memnet.Options{Second: "192.0.2.1:53"}, func(t *testing.T, n *memnet.Network) {
		n.Add("liar", []string{"liar.example"})
		ask := func(resolver string) ([]netip.Addr, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return n.Lookup(ctx, resolver, "ip4", "parrot.example")
		}
		well, err := ask("")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			fault memnet.NameFault
			is    func(*net.DNSError) bool
		}{
			{memnet.NameFault{Kind: memnet.NotFound}, func(e *net.DNSError) bool { return e.IsNotFound }},
			{memnet.NameFault{Kind: memnet.Failed}, func(e *net.DNSError) bool { return !e.IsNotFound && !e.IsTimeout }},
			{memnet.NameFault{Kind: memnet.Dropped}, func(e *net.DNSError) bool { return e.IsTimeout }},
		} {
			c.fault.Resolver = memnet.System
			lift := n.Spoil(c.fault)
			_, err := ask("")
			if dns, ok := errors.AsType[*net.DNSError](err); !ok || !c.is(dns) {
				t.Errorf("%s: %v", c.fault.Kind, err)
			}
			if _, err := ask("192.0.2.1:53"); err != nil {
				t.Errorf("%s: the second resolver says %v", c.fault.Kind, err)
			}
			lift()
		}
		defer n.Spoil(memnet.NameFault{Kind: memnet.Poisoned, Hosts: []string{"parrot"}, To: "liar"})()
		if lie, err := ask(""); err != nil || lie[0] == well[0] {
			t.Errorf("poisoned: %v and %v", lie, err)
		}
	})
}

func TestAPortalAnswersForEverybody(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		kept := mustDial(t, n)
		n.Add("portal", nil)
		ln, err := n.Listen("portal", 80)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				io.WriteString(c, "pay!!")
				c.Close()
			}
		}()
		defer n.Impose(memnet.Fault{Kind: memnet.Divert, To: "portal"})()
		c := mustDial(t, n)
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "pay!!" {
			t.Errorf("heard %q and %v, want the portal", got, err)
		}
		if err := hear(kept, "hello", time.Minute); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection from before: %v, want a timeout", err)
		}
	})
}

func TestTheMachineKnowsItsRouterAndItsClock(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		n.Add("ntp", []string{"ntp.example"})
		n.SetClock(90 * time.Second)
		if off, err := n.NTP(t.Context(), "ntp.example"); err != nil || off != 90*time.Second {
			t.Errorf("NTP says %v and %v, want 90s", off, err)
		}
		if _, alive, _ := n.Gateway(t.Context()); !alive {
			t.Error("the router is not alive")
		}
		lift := n.Impose(memnet.Fault{Kind: memnet.NoRouter})
		if addr, alive, _ := n.Gateway(t.Context()); alive || !addr.IsValid() {
			t.Errorf("a router that is gone: %v, alive %v", addr, alive)
		}
		lift()
		defer n.Impose(memnet.Fault{Kind: memnet.Unplugged})()
		if up, _ := n.Interfaces(t.Context()); up {
			t.Error("an interface is up without a cable")
		}
	})
}

func TestWithoutAnAddressThereIsNoWay(t *testing.T) {
	inBubble(t, memnet.Options{Families: []probe.Family{probe.IPv4}}, func(t *testing.T, n *memnet.Network) {
		if _, err := dial(n, "6", time.Second); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("IPv6 on a line without it: %v, want ENETUNREACH", err)
		}
		mustDial(t, n)
	})
}

func TestWhatIsCutIsNotSentAgain(t *testing.T) {
	inBubble(t, memnet.Options{}, func(t *testing.T, n *memnet.Network) {
		n.Add("ear", []string{"ear.example"})
		ln, err := n.Listen("ear", 80)
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan int, 1)
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			k, _ := c.Read(make([]byte, 10))
			heard <- k
		}()
		addrs, _ := n.Lookup(t.Context(), "", "ip4", "ear.example")
		c, err := n.DialContext(t.Context(), "tcp4", netip.AddrPortFrom(addrs[0], 80).String())
		if err != nil {
			t.Fatal(err)
		}
		lift := n.Impose(memnet.Fault{Kind: memnet.Silent})
		io.WriteString(c, "too late")
		c.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
		lift()
		select {
		case k := <-heard:
			t.Errorf("%d bytes arrived after the cut", k)
		case <-time.After(5 * time.Minute):
		}
	})
}

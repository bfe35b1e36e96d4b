package probe

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/beevik/ntp"
)

// A Net is the way to the world. Probes use nothing else, so that a network in memory can take its place.
type Net interface {
	// DialContext connects to addr, which is ip:port, over tcp4, tcp6 or udp.
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	// Lookup asks a resolver, "" for the system's or ip:port, for the addresses of host; network is ip4 or ip6.
	Lookup(ctx context.Context, resolver, network, host string) ([]netip.Addr, error)
}

// A Machine is our own computer and its line.
type Machine interface {
	Net
	// Interfaces says whether a network interface other than the loopback is up.
	Interfaces(ctx context.Context) (up bool, err error)
	// Gateway finds the router and says whether it answers or refuses. False with an address means not known, not
	// dead: many routers drop what they do not serve.
	Gateway(ctx context.Context) (netip.Addr, bool, error)
	// NTP asks server how far our clock is ahead of its own.
	NTP(ctx context.Context, server string) (offset time.Duration, err error)
}

// System is the machine that this program runs on.
type System struct{}

// DialContext implements [Net].
func (System) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

// Lookup implements [Net] with Go's own resolver, because the C library's cannot be cut short.
func (s System) Lookup(ctx context.Context, resolver, network, host string) ([]netip.Addr, error) {
	var mu sync.Mutex
	var noWay error // why the resolver could not be asked; package net keeps only the words of it
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if resolver != "" {
			addr = resolver
		}
		conn, err := s.DialContext(ctx, network, addr)
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			noWay = err
		}
		return conn, err
	}}
	if strings.Contains(host, ".") {
		host = strings.TrimSuffix(host, ".") + "." // a whole name: the search domains of an office are not ours to ask
	}
	addrs, err := r.LookupNetIP(ctx, network, host)
	mu.Lock()
	defer mu.Unlock()
	if dns, ok := errors.AsType[*net.DNSError](err); ok && noWay != nil && !dns.IsNotFound {
		return nil, fmt.Errorf("%w: %w", err, noWay)
	}
	return addrs, err
}

// Interfaces implements [Machine].
func (System) Interfaces(context.Context) (bool, error) {
	all, err := net.Interfaces()
	if err != nil {
		return false, fmt.Errorf("list network interfaces: %w", err)
	}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 {
			return true, nil
		}
	}
	return false, nil
}

// Gateway implements [Machine]. It knows the router on Linux with IPv4 only.
func (s System) Gateway(ctx context.Context) (netip.Addr, bool, error) {
	b, err := os.ReadFile("/proc/net/route")
	if errors.Is(err, os.ErrNotExist) {
		return netip.Addr{}, false, nil
	}
	if err != nil {
		return netip.Addr{}, false, fmt.Errorf("read the routing table: %w", err)
	}
	gateway := defaultRoute(string(b))
	if !gateway.IsValid() {
		return gateway, false, nil
	}
	// A router in the same house answers within milliseconds; a second forgives a busy radio.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	// Port 53, because nearly every home router serves names.
	conn, err := s.DialContext(ctx, "tcp4", netip.AddrPortFrom(gateway, 53).String())
	if err == nil {
		conn.Close()
	}
	return gateway, err == nil || errors.Is(err, syscall.ECONNREFUSED), nil
}

// defaultRoute reads Linux's /proc/net/route, which writes addresses as hexadecimal in the machine's byte order.
func defaultRoute(table string) netip.Addr {
	for lines := bufio.NewScanner(strings.NewReader(table)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		raw, err := hex.DecodeString(f[2])
		if err != nil || len(raw) != 4 {
			continue
		}
		var ip [4]byte
		binary.NativeEndian.PutUint32(ip[:], binary.BigEndian.Uint32(raw))
		if ip != [4]byte{} {
			return netip.AddrFrom4(ip)
		}
	}
	return netip.Addr{}
}

// NTP implements [Machine].
func (System) NTP(ctx context.Context, server string) (time.Duration, error) {
	wait := 2 * time.Second
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end))
	}
	answer, err := ntp.QueryWithOptions(server, ntp.QueryOptions{Timeout: wait, Dialer: func(_, remote string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", remote)
	}})
	if err == nil {
		err = answer.Validate()
	}
	if err != nil {
		return 0, fmt.Errorf("ask %s for the time: %w", server, err)
	}
	return -answer.ClockOffset, nil // the protocol says what to add to our clock; we say how far it is ahead
}

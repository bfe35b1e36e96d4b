package probe

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// Options say what is looked at. The zero Options look at nothing.
type Options struct {
	Pairs  []string       // the owner's pairs; the first is the one whose data is compared between REST and stream
	Places map[Host]Place // where each role lives; a role that is missing is not watched

	Interface bool // is a network interface up
	Gateway   bool // does the router answer
	Resolver  bool // do names resolve
	// SecondResolver is ip:port of a second opinion on names; "" or "off" for none.
	SecondResolver string
	NTPServer      string   // host name; "" for none
	Families       []Family // connected to apart from each other

	Roots       *x509.CertPool       // nil: the system's
	Credentials *bitbank.Credentials // nil: no signed look
}

// A Place is where one role lives.
type Place struct {
	URL    string // http or https; the stream also ws or wss
	Second string // path of a second page of the same host; "" for none
	Ticker string // venues: dot path to the last price in the JSON answer
	// Heard, of a venue, is called with every answer that is JSON, and when it came. It must not wait. nil: nobody listens.
	Heard func(body []byte, at time.Time)
}

// A site is a parsed place.
type site struct {
	role Host
	url  *url.URL
	name string // host without port, as in a certificate
	port string
	tls  bool
}

func parseSite(role Host, address string) (*site, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("watch %s: its address is none", role)
	}
	s := &site{role: role, url: u, name: u.Hostname(), port: u.Port()}
	switch u.Scheme {
	case "https", "wss":
		s.tls = true
	case "http", "ws":
	default:
		return nil, fmt.Errorf("watch %s: the scheme of its address is %q", role, u.Scheme)
	}
	if s.port == "" {
		s.port = map[bool]string{true: "443", false: "80"}[s.tls]
	}
	return s, nil
}

// at is the same host with another path, which may hold a query.
func (s *site) at(path string) *site {
	ref, err := url.Parse(path)
	if err != nil {
		return s
	}
	out := *s
	out.url = s.url.ResolveReference(ref)
	return &out
}

// under is the same host with a path below its own.
func (s *site) under(path string) *site {
	out := *s
	u := *s.url
	u.Path = strings.TrimRight(u.Path, "/") + path
	out.url = &u
	return &out
}

// literal is the address of a host that is written as one.
func (s *site) literal() (netip.Addr, bool) {
	a, err := netip.ParseAddr(s.name)
	return a.Unmap(), err == nil
}

func (s *site) addr(a netip.Addr) string { return net.JoinHostPort(a.String(), s.port) }

func familyOf(a netip.Addr) Family {
	if a.Is4() || a.Is4In6() {
		return IPv4
	}
	return IPv6
}

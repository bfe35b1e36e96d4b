package probe_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"hikeshi/internal/probe"
)

// A wire is a network in memory. It is set up before anything looks at it.
type wire struct {
	probe.System // for what a test does not touch
	names        map[string][]netip.Addr
	refuse       map[string]error // by resolver and name: what it says instead
	mute         map[string]bool  // resolvers that drop everything

	mu    sync.Mutex
	doors map[string]func(net.Conn) error // by ip:port
	open  map[net.Conn]bool
	busy  sync.WaitGroup

	up       bool
	gateway  netip.Addr
	routerUp bool
	ntp      time.Duration
	ntpErr   error
}

func newWire(t *testing.T) *wire {
	w := &wire{
		names: map[string][]netip.Addr{}, refuse: map[string]error{}, mute: map[string]bool{},
		doors: map[string]func(net.Conn) error{}, open: map[net.Conn]bool{}, up: true,
	}
	t.Cleanup(w.close)
	return w
}

// close cuts everything and waits for whoever served it.
func (w *wire) close() {
	w.mu.Lock()
	for c := range w.open {
		c.Close()
	}
	w.mu.Unlock()
	w.busy.Wait()
}

// door is what stands at ip:port: an error refuses the connection, and nil takes it.
func (w *wire) door(addr string, d func(net.Conn) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doors[addr] = d
}

// serve lets one goroutine have every connection to addr.
func (w *wire) serve(addr string, talk func(net.Conn)) {
	w.door(addr, func(c net.Conn) error {
		w.busy.Go(func() { defer c.Close(); talk(c) })
		return nil
	})
}

// site serves HTTP at addr.
func (w *wire) site(t *testing.T, addr string, conf *tls.Config, h http.HandlerFunc) {
	w.listen(t, addr, func(ln net.Listener) {
		if conf != nil {
			ln = tls.NewListener(ln, conf)
		}
		srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
		t.Cleanup(func() { srv.Close() })
		srv.Serve(ln)
	})
}

// listen gives addr's connections to a listener.
func (w *wire) listen(t *testing.T, addr string, serve func(net.Listener)) {
	ln := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	w.door(addr, ln.take)
	t.Cleanup(func() { ln.Close() })
	w.busy.Go(func() { serve(ln) })
}

type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (m *memory) take(c net.Conn) error {
	select {
	case m.conns <- c:
		return nil
	case <-m.done:
		return syscall.ECONNREFUSED
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.done) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wire) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	w.mu.Lock()
	d := w.doors[addr]
	w.mu.Unlock()
	if d == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}
	near, far := pipe()
	w.mu.Lock()
	w.open[near], w.open[far] = true, true
	w.mu.Unlock()
	if err := d(far); err != nil {
		near.Close()
		far.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return near, ctx.Err()
}

// hole never answers a connection.
type hole struct{ *wire }

func (h hole) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
}

func (w *wire) Lookup(ctx context.Context, resolver, network, host string) ([]netip.Addr, error) {
	if w.mute[resolver] {
		<-ctx.Done()
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
	}
	if err := w.refuse[resolver+" "+host]; err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range w.names[host] {
		if a.Is4() == (network == "ip4") {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

func (w *wire) Interfaces(context.Context) (bool, error) { return w.up, nil }

func (w *wire) Gateway(context.Context) (netip.Addr, bool, error) { return w.gateway, w.routerUp, nil }

func (w *wire) NTP(context.Context, string) (time.Duration, error) { return w.ntp, w.ntpErr }

// says answers every request with the same bytes.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// ok is an answer of an interface.
func ok(body string) string { return with("200 OK", "application/json", body) }

func page(body string) string { return with("200 OK", "text/html", body) }

func with(status, kind, body string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Type: " + kind + "\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func itoa(n int) string { return big.NewInt(int64(n)).String() }

// An authority signs for the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func (a authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// sign makes the configuration of a server whose certificate is for name and ends at end.
func (a authority) sign(t *testing.T, name string, end time.Time) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: end.AddDate(0, -6, 0), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// probes builds the catalogue and returns it by target.
func probes(t *testing.T, o probe.Options, m probe.Machine) map[probe.Target]probe.Probe {
	t.Helper()
	all, err := probe.Catalogue(o, m)
	if err != nil {
		t.Fatal(err)
	}
	out := map[probe.Target]probe.Probe{}
	for _, p := range all {
		out[p.Target] = p
	}
	return out
}

func look(t *testing.T, p probe.Probe) probe.Observation {
	t.Helper()
	begin := time.Now()
	o := p.Look(t.Context(), func(probe.Observation) {})
	if took := time.Since(begin); took > p.Deadline+100*time.Millisecond {
		t.Errorf("%s took %v, its deadline is %v", p.Target, took, p.Deadline)
	}
	return o
}

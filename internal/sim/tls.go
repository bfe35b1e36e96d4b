package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// An authority signs the certificates of the simulated hosts. Its key never leaves memory.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	pem   []byte
	valid map[string]*tls.Certificate
	stale map[string]*tls.Certificate
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Hikeshi simulator (模擬)"},
		// Two days back, so that an expired certificate was signed by an authority that was valid.
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the authority's certificate: %w", err)
	}
	a := &authority{
		cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		valid: map[string]*tls.Certificate{}, stale: map[string]*tls.Certificate{},
	}
	for _, p := range places {
		if a.valid[p.name], err = a.sign(p, now.Add(-time.Hour), now.AddDate(1, 0, 0)); err != nil {
			return nil, err
		}
		if a.stale[p.name], err = a.sign(p, now.Add(-47*time.Hour), now.Add(-time.Hour)); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("draw a serial number: %v", err)) // crypto/rand never fails
	}
	return n
}

func (a *authority) sign(p place, from, until time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of %s: %w", p.name, err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: p.name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: append([]string{"localhost"}, p.names...), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of %s: %w", p.name, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// CA is the simulator's certificate authority in PEM, nil without TLS.
func (s *Sim) CA() []byte {
	if s.ca == nil {
		return nil
	}
	return s.ca.pem
}

// wrap puts TLS over a host's listener when the simulator speaks it.
func (s *Sim) wrap(host string, ln net.Listener) net.Listener {
	if s.ca == nil {
		return ln
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, // faults take over connections, which HTTP/2 does not have one a request
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if s.faults.find(host, func(a *active) bool { return a.Effect == "cert_expired" }) != nil {
				return s.ca.stale[host], nil
			}
			return s.ca.valid[host], nil
		},
		// A resumed session would not look at the certificate again.
		SessionTicketsDisabled: true,
	})
}

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
)

// A trouble is why a look failed.
type trouble struct {
	failure Failure
	phase   Phase
	detail  string // raw evidence, shortened when it is reported
}

// on puts the trouble into an observation.
func (t *trouble) on(o *Observation) {
	if t != nil {
		o.Failure, o.Phase, o.Detail = t.failure, t.phase, short(t.detail)
	}
}

// short keeps 200 bytes of evidence, whole characters, on one line.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s[:min(len(s), 400)], "")), " ")
	return strings.ToValidUTF8(s[:min(len(s), 200)], "")
}

func isAny(err error, kinds []error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func because(f Failure, p Phase, err error) *trouble {
	return &trouble{failure: f, phase: p, detail: err.Error()}
}

func dnsTrouble(err error) *trouble {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case isAny(err, errnoUnreachable): // the question never left: that says nothing of the resolver
		return because(ConnectUnreachable, DNS, err)
	case ok && dns.IsNotFound:
		return because(DNSNotFound, DNS, err)
	case isTimeout(err):
		return because(DNSTimeout, DNS, err)
	}
	return because(DNSFailed, DNS, err)
}

func connectTrouble(err error) *trouble {
	switch {
	case isAny(err, errnoRefused):
		return because(ConnectRefused, Connect, err)
	case isAny(err, errnoReset):
		return because(ConnectReset, Connect, err)
	case isTimeout(err):
		return because(ConnectTimeout, Connect, err)
	}
	return because(ConnectUnreachable, Connect, err) // what is left are ways in which our own network cannot
}

func tlsTrouble(err error) *trouble {
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, verifying := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired:
		return because(TLSExpired, TLS, err)
	case name:
		return because(TLSName, TLS, err)
	case untrusted, verifying:
		return because(TLSUntrusted, TLS, err)
	case isTimeout(err):
		return because(TLSTimeout, TLS, err)
	}
	return because(TLSFailed, TLS, err)
}

// exchangeTrouble is for what goes wrong once the request is on its way.
func exchangeTrouble(err error, p Phase) *trouble {
	switch {
	case isTimeout(err) && p == Body:
		return because(BodySlow, p, err)
	case isTimeout(err):
		return because(Timeout, p, err)
	case isAny(err, errnoReset):
		return because(Reset, p, err)
	case errors.Is(err, io.ErrUnexpectedEOF) && p == Body:
		return because(Truncated, p, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return because(Reset, p, err)
	}
	return because(NotJSON, p, err) // bytes that are no HTTP
}

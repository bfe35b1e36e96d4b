package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fetch asks a loopback host on a new connection, within a second.
func fetch(t *testing.T, c *http.Client, url string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	return got, string(b), err
}

func fresh() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// Each effect is seen as a client sees it, and is gone when it is deleted.
func TestEveryEffectOnLoopback(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1})
	isTimeout := func(_ *http.Response, _ string, err error) bool {
		return errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err)
	}
	for _, c := range []struct {
		fault string
		seen  func(r *http.Response, body string, err error) bool
	}{
		{`{"host":"public","effect":"refuse"}`, func(_ *http.Response, _ string, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{`{"host":"public","effect":"blackhole"}`, isTimeout},
		{`{"host":"public","effect":"blackhole","match":{"pair":"btc_jpy"}}`, isTimeout},
		{`{"host":"public","effect":"reset"}`, func(_ *http.Response, _ string, err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{`{"host":"public","effect":"drop_request"}`, isTimeout},
		{`{"host":"public","effect":"drop_response"}`, isTimeout},
		{`{"host":"public","effect":"drop_response","delay_ms":10}`, func(_ *http.Response, _ string, err error) bool { return errors.Is(err, io.EOF) }},
		{`{"host":"public","effect":"slow","delay_ms":5000}`, isTimeout},
		{`{"host":"public","effect":"truncate"}`, func(r *http.Response, body string, err error) bool {
			return r == nil && err != nil || errors.Is(err, io.ErrUnexpectedEOF) && body != ""
		}},
		{`{"host":"public","effect":"html"}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && strings.HasPrefix(body, "<!doctype html>")
		}},
		{`{"host":"public","effect":"empty"}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body == ""
		}},
		{`{"host":"public","effect":"status","status":502,"body":"bad"}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 502 && body == "bad"
		}},
		{`{"host":"public","effect":"status","status":429,"retry_after":20}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 429 && r.Header.Get("Retry-After") == "20"
		}},
		{`{"host":"public","effect":"status_after","status":504}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 504 && r.Header.Get("Retry-After") == "" && strings.HasPrefix(body, "<html>")
		}},
		{`{"host":"public","effect":"api_error","code":10008}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body == `{"success":0,"data":{"code":10008}}`
		}},
		{`{"host":"public","effect":"api_error_after","code":10005}`, func(r *http.Response, body string, err error) bool {
			return err == nil && body == `{"success":0,"data":{"code":10005}}`
		}},
		{`{"host":"public","effect":"maintenance"}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body == `{"success":0,"data":{"code":10007}}`
		}},
		{`{"host":"public","effect":"maintenance","status":503}`, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 503 && strings.Contains(body, "10007")
		}},
		{`{"host":"public","effect":"clock_skew","delay_ms":-90000}`, func(r *http.Response, _ string, err error) bool {
			if err != nil {
				return false
			}
			at, _ := http.ParseTime(r.Header.Get("Date"))
			off := time.Since(at)
			return off > 88*time.Second && off < 93*time.Second
		}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			url := s.URL("public") + "/btc_jpy/ticker"
			id := fault(t, s, c.fault)
			if r, body, err := fetch(t, fresh(), url); !c.seen(r, body, err) {
				t.Errorf("saw %+v %q %v", r, body, err)
			}
			if status, got := callControl(t, s, http.MethodDelete, "/faults/"+id, ""); status != http.StatusOK {
				t.Fatalf("delete: %d %s", status, got)
			}
			await(t, func() bool {
				r, body, err := fetch(t, fresh(), url)
				return err == nil && r.StatusCode == 200 && strings.HasPrefix(body, `{"success":1`)
			})
		})
	}
}

// A refusing host cuts what is open, and takes the same port again by itself.
func TestARefusalCutsOpenConnectionsAndEndsInTime(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1})
	c, err := net.Dial("tcp4", s.address(1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	await(t, func() bool { // accepted
		s.gates["private"].mu.Lock()
		defer s.gates["private"].mu.Unlock()
		return len(s.gates["private"].conns) > 0
	})
	fault(t, s, `{"host":"private","effect":"refuse","for_ms":100}`)
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the open connection: %v, want it cut", err)
	}
	await(t, func() bool { _, _, err := fetch(t, fresh(), s.URL("private")+"/spot/status"); return err == nil })
	if got := s.faults.all(); len(got) != 0 {
		t.Errorf("faults left: %v", got)
	}
}

// An established connection hears nothing while the host is a black hole, not even its end.
func TestABlackHoleSilencesOpenConnections(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1})
	kept := &http.Client{Transport: &http.Transport{}}
	defer kept.CloseIdleConnections()
	if _, _, err := fetch(t, kept, s.URL("public")+"/tickers"); err != nil {
		t.Fatal(err)
	}
	fault(t, s, `{"host":"public","effect":"blackhole"}`)
	if _, _, err := fetch(t, kept, s.URL("public")+"/tickers"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("on a kept connection: %v, want no answer in time", err)
	}
	callControl(t, s, http.MethodDelete, "/faults", "")
	await(t, func() bool { _, _, err := fetch(t, kept, s.URL("public")+"/tickers"); return err == nil })
}

func TestAnExpiredCertificate(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1, TLS: true})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	if _, _, err := fetch(t, client, s.URL("web")+"/"); err != nil {
		t.Fatal(err)
	}
	id := fault(t, s, `{"host":"web","effect":"cert_expired"}`)
	_, _, err := fetch(t, client, s.URL("web")+"/")
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); !ok || bad.Reason != x509.Expired {
		t.Errorf("got %v, want an expired certificate", err)
	}
	callControl(t, s, http.MethodDelete, "/faults/"+id, "")
	await(t, func() bool { _, _, err := fetch(t, client, s.URL("web")+"/"); return err == nil })
}

func TestAPortInUseNamesItsHost(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1})
	again, err := New(Options{PortBase: s.o.PortBase})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "simulated host public") || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
}

package sim

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// freeBase finds a base whose ports are free at the moment.
func freeBase(t testing.TB) int {
	t.Helper()
next:
	for base := 20100; base < 60000; base += 100 {
		for _, p := range places {
			ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", itoa(base+p.port)))
			if err != nil {
				continue next
			}
			ln.Close()
		}
		return base
	}
	t.Fatal("no hundred ports are free")
	return 0
}

// onLoopback runs a simulator until the test ends.
func onLoopback(t testing.TB, o Options) *Sim {
	t.Helper()
	o.PortBase = freeBase(t)
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-over:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run does not return")
		}
	})
	await(t, func() bool {
		c, err := net.Dial("tcp4", s.address(99))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}

// await polls real sockets, for which there is no virtual time.
func await(t testing.TB, ok func() bool) {
	t.Helper()
	limit := time.After(5 * time.Second)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-limit:
			t.Fatal("did not happen within 5 s")
		case <-poll.C:
		}
	}
}

// post sends JSON to the control host.
func post(t *testing.T, s *Sim, path, body string) string {
	t.Helper()
	status, got := callControl(t, s, http.MethodPost, path, body)
	if status != http.StatusOK {
		t.Fatalf("POST %s %s: %d %s", path, body, status, got)
	}
	return got
}

// fault posts a fault and returns its id.
func fault(t *testing.T, s *Sim, body string) string {
	t.Helper()
	id := post(t, s, "/faults", body)
	return strings.TrimSuffix(strings.TrimPrefix(id, `{"id":"`), `"}`)
}

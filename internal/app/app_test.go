package app

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"hikeshi/internal/config"
	"hikeshi/internal/probe"
	"hikeshi/internal/text"
)

// Whatever keeps the daemon from starting has a sentence and a hint, in both languages.
func TestEveryTroubleHasWords(t *testing.T) {
	id := regexp.MustCompile(`Trouble\{ID: "([a-z.]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllStringSubmatch(string(b), -1) {
			found++
			name := m[1]
			for _, word := range []string{"error." + name, "hint." + name} {
				if !text.Has(word) {
					t.Errorf("%s: no words for %s", f, word)
				}
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d troubles found: the source has moved", found)
	}
}

func TestAWorldOnThisMachineIsCalledADemo(t *testing.T) {
	real := config.Default()
	if real.Practice() {
		t.Error("the real bitbank is called a demo")
	}
	sim := config.Default()
	for role := range sim.Hosts {
		sim.Hosts[role] = config.Host{URL: "http://127.0.0.1:8100/"}
	}
	sim.Hosts[probe.X] = config.Host{URL: "off"}
	if !sim.Practice() {
		t.Error("a world on loopback is not called a demo")
	}
	sim.Hosts[probe.Web] = config.Host{URL: "https://bitbank.cc/"}
	if sim.Practice() {
		t.Error("a world that is partly real is called a demo")
	}
}

// A daemon that cannot start leaves nothing behind that keeps the next one from starting.
func TestAFailedStartLetsGoOfTheJournal(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	refuse := func(string, string) (net.Listener, error) { return nil, errors.New("no port today") }
	if _, err := New(context.Background(), cfg, Options{Listen: refuse}); err == nil {
		t.Fatal("it started without a port")
	}
	cfg.Listen = "127.0.0.1:0"
	a, err := New(context.Background(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a.close()
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hikeshi/internal/config"
	"hikeshi/internal/sim"
)

// free is the first of a hundred ports of which those that the simulator and the daemon take are free.
func free(t *testing.T) int {
	t.Helper()
	taken := func(port int) bool {
		ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return true
		}
		ln.Close()
		return false
	}
next:
	for base := 41_000; base < 60_000; base += 100 {
		for port := base; port < base+100; port++ {
			if taken(port) {
				continue next
			}
		}
		return base
	}
	t.Fatal("no hundred ports are free")
	return 0
}

// The daemon under the simulator's own configuration, over loopback: the three tickers in their real shapes make a known price.
func TestTheSimulatorsVenuesMakeAKnownPriceOverLoopback(t *testing.T) {
	world, err := sim.New(sim.Options{Seed: 11, PortBase: free(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	over := make(chan error, 2)
	if err := world.Listen(); err != nil {
		t.Fatal(err)
	}
	go func() { over <- world.Run(ctx) }()
	path := filepath.Join(t.TempDir(), "hikeshi.yaml")
	if err := world.WriteConfig(path); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(ctx, cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	go func() { over <- a.Run(ctx) }()

	type price struct {
		Pair, Price string
		Known       bool
		Sources     []struct {
			Name    string
			Counted bool
		}
	}
	var btc price
	for end := time.Now().Add(30 * time.Second); !btc.Known && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		res, err := http.Get("http://" + a.Addr() + "/api/v1/prices")
		if err != nil {
			continue // it begins to listen
		}
		var got struct{ Pairs []price }
		err = json.NewDecoder(res.Body).Decode(&got)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || len(got.Pairs) == 0 {
			t.Fatalf("%s, %v, %+v", res.Status, err, got)
		}
		btc = got.Pairs[0]
	}
	if btc.Pair != "btc_jpy" || !btc.Known || len(btc.Sources) != 3 || btc.Sources[2].Name != "GMO Coin" || !btc.Sources[2].Counted {
		t.Errorf("within 30 s: %+v", btc)
	}
	stop()
	for range 2 {
		if err := <-over; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

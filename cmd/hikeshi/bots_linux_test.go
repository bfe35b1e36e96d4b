package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
)

// hire adds bots to a simulator's configuration, and returns the keys with which they come to the gateway.
func (w *practice) hire(t *testing.T, n int) []*bitbank.Credentials {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(w.config)
	must(err)
	var c config.Config
	must(yaml.Unmarshal(text, &c))
	first := c.Gateway.Bots[0]
	var out []*bitbank.Credentials
	for i := range n {
		b := first
		b.Name = "bot" + strconv.Itoa(i)
		b.IDFile, b.SecretFile = b.Name+"-id", b.Name+"-secret"
		for _, f := range []string{b.IDFile, b.SecretFile} {
			must(os.WriteFile(filepath.Join(w.dir, f), []byte(f+"\n"), 0o600))
		}
		c.Gateway.Bots = append(c.Gateway.Bots, b)
		key, err := bitbank.NewCredentials(b.IDFile, b.SecretFile, w.gateway(), bitbank.Auth{})
		must(err)
		out = append(out, key)
	}
	text, err = yaml.Marshal(c)
	must(err)
	must(os.WriteFile(w.config, text, 0o644))
	return out
}

func (w *practice) gateway() string { return fmt.Sprintf("http://127.0.0.1:%d", w.base+50) }

// A toil is what bots have done.
type toil struct{ heard, read, placed, cancelled, other atomic.Int64 }

// work lets a bot trade until ctx ends: it follows the stream, reads, places post-only orders a tenth below the market, and takes
// them back.
func (w *practice) work(ctx context.Context, t *testing.T, n int, key *bitbank.Credentials, done *toil) {
	c, err := bitbank.New(bitbank.Options{PrivateURL: w.gateway(), PublicURL: w.gateway(), Credentials: key})
	if err != nil {
		t.Error(err)
		return
	}
	amount, err := bitbank.ParseNumber(fmt.Sprintf("0.00%02d", n+1))
	if err != nil {
		t.Error(err)
		return
	}
	for ctx.Err() == nil {
		ticker, err := c.Ticker(ctx, "btc_jpy")
		if err != nil {
			done.other.Add(1)
			continue
		}
		price := ticker.Last.Decimal().Mul(decimal.New(9, -1)).Truncate(0)
		order, placed := c.PlaceOrder(ctx, bitbank.NewOrder{
			Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, PostOnly: true, Amount: amount, Price: bitbank.NewNumber(price),
		}).Done()
		if _, err := c.Assets(ctx); err == nil {
			done.read.Add(1)
		}
		if _, err := c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: "btc_jpy"}); err == nil {
			done.read.Add(1)
		}
		if !placed {
			done.other.Add(1)
			continue
		}
		done.placed.Add(1)
		if _, ok := c.CancelOrder(ctx, "btc_jpy", order.ID).Done(); ok {
			done.cancelled.Add(1)
		}
	}
}

// The whole program, with every look and stream on, the gateway and ten bots at work, as fast as the account's limit lets all of
// them. `make test` watches it for a few seconds, HIKESHI_LONG=1 for five minutes.
func TestTenBotsWeighLittle(t *testing.T) {
	const bots, most = 10, 64 // MiB
	long := 4 * time.Second
	if os.Getenv("HIKESHI_LONG") != "" {
		long = 5 * time.Minute
	}
	w := practise(t)
	keys := w.hire(t, bots)
	w.watch(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done toil
	var running sync.WaitGroup
	for n, key := range keys {
		pair := []string{"btc_jpy", "xrp_jpy", "eth_jpy"}[n%3]
		var rooms []string
		for _, c := range []bitbank.Channel{bitbank.ChannelTicker, bitbank.ChannelTransactions, bitbank.ChannelDepthDiff, bitbank.ChannelDepthWhole} {
			rooms = append(rooms, bitbank.Room(c, pair))
		}
		running.Go(func() {
			o := bitbank.FollowOptions{StreamOptions: bitbank.StreamOptions{URL: w.gateway(), Rooms: rooms}}
			bitbank.Follow(ctx, o, func(bitbank.Event) { done.heard.Add(1) }) // its error is the context's
		})
		running.Go(func() { w.work(ctx, t, n, key, &done) })
	}
	for end := time.Now().Add(20 * time.Second); done.placed.Load() == 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond) // the account is read first
	}
	time.Sleep(long)
	pid := w.watcher.cmd.Process.Pid
	now, peak := memory(t, pid, "VmRSS:"), memory(t, pid, "VmHWM:")
	cancel()
	running.Wait()
	w.watcher.stop(t)
	if done.placed.Load() == 0 || done.cancelled.Load() == 0 || done.read.Load() == 0 || done.heard.Load() == 0 {
		t.Errorf("the bots did nothing: %d placed, %d cancelled, %d read, %d heard", done.placed.Load(), done.cancelled.Load(), done.read.Load(), done.heard.Load())
	}
	if peak > most {
		t.Errorf("%.1f MiB at most, promised are %d", peak, most)
	}
	fmt.Printf("figure: gateway, ten bots for %v: %.1f MiB resident, %.1f at most; %d orders placed, %d cancelled, %d reads, %d messages\n",
		long, now, peak, done.placed.Load(), done.cancelled.Load(), done.read.Load(), done.heard.Load())
}

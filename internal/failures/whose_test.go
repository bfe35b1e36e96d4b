package failures

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/sim"
	"hikeshi/internal/sim/memnet"
	"hikeshi/internal/watch"
)

// blames is a client that says whose trouble it is when it should not, or nobody's when it should.
const blames kind = "blames"

// whose are the failures in which it matters whose trouble it is. Our watch looks through a whole network in memory, with other
// sites and other exchanges beside bitbank, as it is shipped.
var whose = map[string]scenario{
	"F54": {
		id: "F54", trigger: "The public stream's socket is open and its pings come, but no data.",
		later: "a mark in the relay; the watch alone sees a stream that sends pings and no data", setup: setup{speed: 1, tls: true},
		play: func(w *world) {
			n := w.watched()
			w.fault(`{"host":"stream","effect":"mute_channel"}`)
			w.pass(time.Minute)
			n.expect("part", "the stream sends nothing")
		},
		naive: []naive{{"takes pings for life", blames, looks(pings)}},
	},
	"F65": {
		id: "F65", trigger: "The ticker over REST answers, and stands still.", setup: setup{speed: 1, tls: true},
		play: func(w *world) {
			n := w.watched()
			w.fault(`{"host":"public","effect":"freeze_sequence"}`)
			w.pass(2 * time.Minute)
			n.expect("part", "the ticker is two minutes old")
		},
		naive: []naive{{"takes an answer for news", blames, looks(asksTicker)}},
	},
	"F76": {
		id: "F76", trigger: "Our own line is down, and bitbank is well.", setup: setup{speed: 1, tls: true},
		play: func(w *world) {
			n := w.watched()
			lift := n.net.Impose(memnet.Fault{Kind: memnet.Silent})
			w.pass(time.Minute)
			n.expect("own_line", "our line is down")
			lift()
		},
		naive: []naive{{"takes what it cannot reach for down", blames, looks(asksTicker)}},
	},
	"F78": {
		id: "F78", trigger: "Something in front of bitbank's private interface blocks everybody with a page and HTTP 403.", setup: setup{speed: 1, tls: true},
		play: func(w *world) {
			n := w.watched()
			w.fault(`{"host":"private","effect":"html","status":403}`)
			from := time.Now()
			for range 300 {
				w.ask(w.bot, http.MethodGet, "/v1/user/assets", "")
				w.pass(200 * time.Millisecond)
			}
			n.expect("part", "everybody is blocked")
			if most := len(w.sent(http.MethodGet, "/v1/user/assets", from)); most > 100 {
				w.find(hammering, fmt.Sprintf("%d reads into the block within a minute", most))
			}
		},
		naive: []naive{{"suspects its key", blames, looks(asksAssets)}},
	},
}

// A neighbourhood is the network around, and who looks at it.
type neighbourhood struct {
	w    *world
	net  *memnet.Network
	says func() string
}

// expect finds out whether the client says the right thing.
func (n *neighbourhood) expect(want, what string) {
	n.w.t.Helper()
	if says := n.says(); says != want {
		n.w.find(blames, fmt.Sprintf("%s, and the client says %q", what, says))
	}
}

// watched puts the world into a network, and lets the client look at it until all is well.
func (w *world) watched() *neighbourhood {
	w.t.Helper()
	n := &neighbourhood{w: w, net: memnet.New(memnet.Options{Seed: 1, Second: config.Default().Checks.Second})}
	served, err := n.net.Carry(w.sim, 443)
	if err != nil {
		w.t.Fatal(err)
	}
	n.net.Add("ntp", []string{config.Default().Checks.Server})
	ctx, cancel := context.WithCancel(w.t.Context())
	var looking sync.WaitGroup
	w.t.Cleanup(func() {
		cancel()
		looking.Wait()
		n.net.Close()
		w.sim.Close()
		served.Wait()
	})
	if x, naive := w.bot.(*onlooker); naive {
		n.says = func() string { return x.said() }
		looking.Go(func() { x.looks(ctx, x, n.net) })
		return n.calm()
	}
	cfg := config.Default()
	cfg.DataDir, cfg.CAFile = "", filepath.Join(w.t.TempDir(), "ca.pem")
	if err := os.WriteFile(cfg.CAFile, w.sim.CA(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	o, err := app.WatchOptions(cfg, app.Options{Machine: n.net})
	if err != nil {
		w.t.Fatal(err)
	}
	watching := watch.New(o)
	n.says = func() string { return watching.Snapshot().Verdict.Scope.String() }
	looking.Go(func() { _ = watching.Run(ctx) }) // its error is the context's
	return n.calm()
}

// calm lets the client look for a minute.
func (n *neighbourhood) calm() *neighbourhood {
	n.w.pass(time.Minute)
	if says := n.says(); says != "healthy" {
		n.w.t.Fatalf("while all is well the client says %q", says)
	}
	return n
}

// An onlooker is a naive client that judges by one thing.
type onlooker struct {
	*library
	looks func(ctx context.Context, o *onlooker, n *memnet.Network)

	mu   sync.Mutex
	word string
}

func looks(how func(ctx context.Context, o *onlooker, n *memnet.Network)) func(w *world) bot {
	return func(w *world) bot {
		return &onlooker{library: &library{w: w, http: w.newLine().transport()}, looks: how, word: "healthy"}
	}
}

func (o *onlooker) say(word string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.word = word
}

func (o *onlooker) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.word
}

// through is a client over a network.
func (o *onlooker) through(n *memnet.Network) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(o.w.sim.CA())
	dial := func(ctx context.Context, _, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		found, err := n.Lookup(ctx, "", "ip4", host)
		if err != nil {
			return nil, err
		}
		return n.DialContext(ctx, "tcp4", net.JoinHostPort(found[0].String(), port))
	}
	t := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: pool}}
	o.w.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t, Timeout: 5 * time.Second}
}

// asks looks at one address again and again.
func (o *onlooker) asks(ctx context.Context, n *memnet.Network, host, path string, word func(status int, body string, err error) string) {
	c := o.through(n)
	for ctx.Err() == nil {
		rest(ctx, time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+sim.Names(host)[0]+path, nil)
		if err != nil {
			o.w.t.Error(err)
			return
		}
		sign(req, simKey, simSecret, path, time.Now(), 5000)
		status, body := 0, ""
		res, err := c.Do(req)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(res.Body)
			res.Body.Close()
			status, body = res.StatusCode, string(b)
		}
		o.say(word(status, body, err))
	}
}

// pings takes an open socket with pings for a stream that is well.
func pings(ctx context.Context, o *onlooker, n *memnet.Network) {
	s, err := bitbank.Dial(ctx, bitbank.StreamOptions{
		HTTP: o.through(n), URL: "https://" + sim.Names("stream")[0], Rooms: []string{bitbank.Room(bitbank.ChannelTicker, pair)},
	})
	for err == nil {
		_, err = s.Next(ctx)
	}
	o.say("part")
}

// asksTicker takes a ticker for news, and no answer for bitbank's fault.
func asksTicker(ctx context.Context, o *onlooker, n *memnet.Network) {
	o.asks(ctx, n, "public", "/btc_jpy/ticker", func(_ int, body string, err error) string {
		var a struct{ Success int }
		if err != nil || json.Unmarshal([]byte(body), &a) != nil || a.Success != 1 {
			return "bitbank"
		}
		return "healthy"
	})
}

// asksAssets takes every 4xx for a key that is revoked.
func asksAssets(ctx context.Context, o *onlooker, n *memnet.Network) {
	o.asks(ctx, n, "private", "/v1/user/assets", func(status int, body string, err error) string {
		switch {
		case err != nil || status >= 500:
			return "bitbank"
		case status >= 400 || strings.Contains(body, `"success":0`):
			return "key"
		}
		return "healthy"
	})
}

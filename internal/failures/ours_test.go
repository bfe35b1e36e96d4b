package failures

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/gateway"
	"hikeshi/internal/keys"
	"hikeshi/internal/pipe"
	"hikeshi/internal/secret"
)

// An ours is a bot behind our gateway, on one machine with it, as docs/gateway.md has it.
type ours struct {
	w *world
	// repeats: it knows nothing of intents and sends its order again when it hears "unknown".
	repeats bool
	// waits is how long it waits for an answer by itself; 0 is 10 s, as ccxt.
	waits time.Duration
	// header is what it sends beside the order.
	header http.Header

	http *http.Transport // to the gateway

	mu sync.Mutex
	up *gatewayUp // nil: it is down
}

// behindGateway is the bot as the documents ask for it.
func behindGateway(w *world) bot { return behind(w, func(*ours) {}) }

// behind is a bot behind our gateway with habits of its own.
func behind(w *world, change func(*ours)) *ours {
	o := &ours{w: w}
	change(o)
	return o.started()
}

// wantsAnother is a bot that means it when it sends what it has sent before.
func wantsAnother(o *ours) { o.header = http.Header{"Hikeshi-Duplicate": {"intended"}} }

// started starts the gateway, and lets it read the account.
func (o *ours) started() *ours {
	o.http = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		up := o.now()
		if up == nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.ErrClosed}
		}
		return up.door.DialContext(ctx, network, addr)
	}}
	o.start()
	o.w.t.Cleanup(func() { o.http.CloseIdleConnections(); o.stop() })
	o.w.pass(15 * time.Second)
	return o
}

// A gatewayUp is one life of the gateway's process.
type gatewayUp struct {
	account *account.Account
	gateway *gateway.Gateway
	server  *http.Server
	door    *pipe.Listener
	line    *line
	disk    *handle
	via     []*http.Transport
	end     context.CancelFunc
	over    sync.WaitGroup
}

const botKey, botSecret = "bot-key", "bot-secret"

// theBot is the local key: it may order what the scenarios order.
var theBot = keys.Bot{Name: "grid", ID: secret.New(botKey), Secret: secret.New(botSecret), Scope: keys.Scope{
	Trade: true, Types: []bitbank.OrderType{bitbank.Limit, bitbank.Market, bitbank.Stop, bitbank.StopLimit},
	Most: map[string]decimal.Decimal{"btc_jpy": decimal.NewFromInt(1), "xrp_jpy": decimal.NewFromInt(10_000)},
}}

// start implements process: on what the disk holds.
func (o *ours) start() {
	w := o.w
	w.t.Helper()
	up := &gatewayUp{line: w.newLine(), disk: &handle{disk: w.disk}, door: pipe.Listen()}
	transport := func() *http.Transport {
		t := up.line.transport()
		up.via = append(up.via, t)
		return t
	}
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	key, err := bitbank.NewCredentials(simKey, simSecret, w.url("private"), bitbank.Auth{})
	must(err)
	limiter, err := bitbank.NewLimiter(account.Limits())
	must(err)
	client, err := bitbank.New(bitbank.Options{
		HTTP: &http.Client{Transport: transport()}, PublicURL: w.url("public"), PrivateURL: w.url("private"), Credentials: key, Limiter: limiter,
	})
	must(err)
	up.account, err = account.Open(account.Options{
		Client: client, Journal: up.disk, Barrier: w.setup.barrier, StreamURL: w.url("pubnub"), StreamHTTP: &http.Client{Transport: transport()},
		Market: w.market,
	}, w.disk.all)
	must(err)
	up.gateway, err = gateway.New(gateway.Options{
		Desk: up.account, Bot: func(id string) (keys.Bot, bool) { return theBot, id == botKey },
		Private: w.url("private"), Public: w.url("public"), Key: key, Limiter: limiter, Transport: transport(), Rand: rand.New(rand.NewPCG(1, 2)),
	})
	must(err)
	up.server = up.gateway.Server()
	ctx, cancel := context.WithCancel(context.Background())
	up.end = cancel
	up.over.Go(func() {
		if err := up.account.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	up.over.Go(func() { up.server.Serve(up.door) })
	o.mu.Lock()
	o.up = up
	o.mu.Unlock()
}

// crash implements process: from this moment on nothing of it is sent or written.
func (o *ours) crash() {
	o.mu.Lock()
	up := o.up
	o.up = nil
	o.mu.Unlock()
	if up == nil {
		return
	}
	up.line.die()
	up.disk.end()
	o.w.going.Go(up.close)
}

// stop ends the gateway in order.
func (o *ours) stop() {
	o.mu.Lock()
	up := o.up
	o.up = nil
	o.mu.Unlock()
	if up != nil {
		up.close()
	}
}

func (up *gatewayUp) close() {
	up.end()
	up.server.Close()
	time.Sleep(10 * time.Millisecond) // a handler looks a moment longer whether its bot is there
	up.gateway.Close()
	up.over.Wait()
	for _, t := range up.via {
		t.CloseIdleConnections()
	}
}

// now is the gateway as it runs; nil while it does not.
func (o *ours) now() *gatewayUp {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.up
}

// A word is what the gateway tells of an order.
type word struct {
	outcome, intent string
	belief          belief
}

// place implements bot.
func (o *ours) place(ctx context.Context, want order) belief {
	return o.write(ctx, "/v1/user/spot/order", want.body())
}

// cancel implements bot.
func (o *ours) cancel(ctx context.Context, pair string, id int64) belief {
	return o.write(ctx, "/v1/user/spot/cancel_order", cancelBody(pair, id))
}

// write asks until the outcome is known.
func (o *ours) write(ctx context.Context, path, body string) belief {
	for ctx.Err() == nil {
		a, err := o.ask(ctx, http.MethodPost, path, body)
		switch {
		case err != nil: // the gateway is away, or we gave up: the same order again joins the open one
			rest(ctx, 2*time.Second)
		case a.outcome != "unknown":
			return a.belief
		case o.repeats:
			rest(ctx, time.Second)
		default:
			if b, ok := o.follow(ctx, a.intent); ok {
				return b
			}
		}
	}
	return belief{}
}

// follow asks for an intent until it is settled; false when the gateway does not answer, as after a crash.
func (o *ours) follow(ctx context.Context, intent string) (belief, bool) {
	for ctx.Err() == nil {
		rest(ctx, 3*time.Second)
		a, err := o.ask(ctx, http.MethodGet, "/hikeshi/v1/intents/"+intent, "")
		if err != nil {
			continue
		}
		if a.outcome != "unknown" {
			return a.belief, true
		}
	}
	return belief{}, false
}

// ask sends one request to the gateway.
func (o *ours) ask(ctx context.Context, method, path, body string) (word, error) {
	waits := o.waits
	if waits == 0 {
		waits = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, waits)
	defer cancel()
	b, header, err := o.talk(ctx, method, path, body)
	if err != nil {
		return word{}, err
	}
	var said struct {
		Outcome string // of an intent
		Orders  []struct {
			ID int64 `json:"order_id"`
		}
		Code int
		Data struct {
			ID   int64 `json:"order_id"`
			Code int
		}
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return word{}, err
	}
	a := word{outcome: said.Outcome, intent: header.Get("Hikeshi-Intent"), belief: belief{code: max(said.Code, said.Data.Code), id: said.Data.ID}}
	if h := header.Get("Hikeshi-Outcome"); h != "" {
		a.outcome = h
	}
	for _, x := range said.Orders {
		a.belief.id = x.ID
	}
	switch a.outcome {
	case "placed":
		a.belief.state = isPlaced
	case "not-placed":
		a.belief.state = isFailed
	}
	return a, nil
}

// talk sends one request, and reads the answer whole.
func (o *ours) talk(ctx context.Context, method, path, body string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for k, v := range o.header {
		req.Header[k] = v
	}
	signed := body
	if method == http.MethodGet {
		signed = path
	}
	sign(req, botKey, botSecret, signed, time.Now(), 5000)
	res, err := o.http.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return b, res.Header, err
}

// sign signs with a time window in milliseconds, as bitbank's documents say under "Authorization".
func sign(r *http.Request, key, secret, message string, at time.Time, window int) {
	stamp, width := strconv.FormatInt(at.UnixMilli(), 10), strconv.Itoa(window)
	r.Header.Set("ACCESS-KEY", key)
	r.Header.Set("ACCESS-REQUEST-TIME", stamp)
	r.Header.Set("ACCESS-TIME-WINDOW", width)
	r.Header.Set("ACCESS-SIGNATURE", bitbank.Signature(secret, stamp+width+message))
}

// ofOurs reports whether an order is one that our gateway placed as a barrier, with the owner's leave: the smallest amount.
func (w *world) ofOurs(r row) bool { return w.setup.barrier && plain(r.Start) == "0.0001" }

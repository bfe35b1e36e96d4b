package account

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/journal"
	"hikeshi/internal/pipe"
	"hikeshi/internal/sim"
)

// A world is the simulated bitbank in memory, and one account of it in virtual time.
type world struct {
	t       *testing.T
	sim     *sim.Sim
	private *http.Client
	stream  *http.Client
	disk    *disk
	a       *Account
	stop    func()
	rules   Switch
	barrier bool                            // the owner allows orders of our own
	open    func(Options) (*Account, error) // nil: on what the disk holds
}

// A disk keeps records in memory, and can be full.
type disk struct {
	mu      sync.Mutex
	records []journal.Record
	full    bool
	each    atomic.Int64 // how long a record takes, in ns
	low     bool         // only what cannot be put off fits
}

func (d *disk) isLow() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.low
}

func (d *disk) set(full, low bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full, d.low = full, low
}

func (d *disk) Append(_ context.Context, entries ...journal.Entry) ([]journal.Seq, error) {
	time.Sleep(time.Duration(d.each.Load()) * time.Duration(len(entries)))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return nil, journal.ErrFull
	}
	for _, e := range entries {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return nil, err
		}
		d.records = append(d.records, journal.Record{Seq: journal.Seq(len(d.records) + 1), At: e.At, Kind: e.Kind, Data: data})
	}
	return nil, nil
}

func (d *disk) all(yield func(journal.Record, error) bool) {
	d.mu.Lock()
	records := d.records
	d.mu.Unlock()
	for _, r := range records {
		if !yield(r, nil) {
			return
		}
	}
}

// newWorld begins in the year 2003: before 2001 PubNub's timetokens had a digit less than any real one.
func newWorld(t *testing.T) *world {
	t.Helper()
	time.Sleep(3 * 365 * 24 * time.Hour)
	s, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, sim: s, disk: &disk{}}
	playing, done := context.WithCancel(t.Context())
	go s.Play(playing)
	t.Cleanup(func() { done(); s.Close() })
	w.private, w.stream = w.wire("private", "public"), w.wire("pubnub")
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// wire serves hosts in memory, and returns a client that reaches them by their names.
func (w *world) wire(hosts ...string) *http.Client {
	pipes := map[string]*pipe.Listener{}
	var served sync.WaitGroup
	for _, host := range hosts {
		p := pipe.Listen()
		pipes[host+":80"] = p
		served.Go(func() {
			if err := w.sim.Serve(host, p); !errors.Is(err, http.ErrServerClosed) {
				w.t.Errorf("Serve: %v", err)
			}
		})
	}
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		p := pipes[addr]
		if p == nil {
			return nil, errors.New("no such host: " + addr)
		}
		return p.DialContext(ctx, network, addr)
	}}}
	w.t.Cleanup(func() { c.CloseIdleConnections(); w.sim.Close(); served.Wait() })
	return c
}

// start opens the account on what the disk holds, and waits until it was read.
func (w *world) start() {
	w.t.Helper()
	key, err := bitbank.NewCredentials("sim-key", "sim-secret", "http://private", bitbank.Auth{})
	if err != nil {
		w.t.Fatal(err)
	}
	limiter, err := bitbank.NewLimiter(Limits())
	if err != nil {
		w.t.Fatal(err)
	}
	client, err := bitbank.New(bitbank.Options{HTTP: w.private, PublicURL: "http://public", PrivateURL: "http://private", Credentials: key, Limiter: limiter})
	if err != nil {
		w.t.Fatal(err)
	}
	o := Options{Client: client, Journal: w.disk, Low: w.disk.isLow, Barrier: w.barrier, Switch: w.rules, StreamURL: "http://pubnub", StreamHTTP: w.stream}
	if w.open == nil {
		w.a, err = Open(o, w.disk.all)
	} else {
		w.a, err = w.open(o)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	over := make(chan error, 1)
	go func() { over <- w.a.Run(ctx) }()
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-over; err != nil {
				w.t.Errorf("Run: %v", err)
			}
			w.private.CloseIdleConnections()
			w.stream.CloseIdleConnections()
		})
	}
	time.Sleep(15 * time.Second)
}

// control calls the simulator's control interface.
func (w *world) control(method, path, body string) string {
	w.t.Helper()
	r := httptest.NewRecorder()
	w.sim.Handler(sim.Control).ServeHTTP(r, httptest.NewRequest(method, path, strings.NewReader(body)))
	if r.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, r.Code, r.Body)
	}
	return r.Body.String()
}

// orders are how many orders bitbank knows, whatever became of them.
func (w *world) orders() int {
	w.t.Helper()
	var truth struct {
		Orders []json.RawMessage `json:"orders"`
	}
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &truth); err != nil {
		w.t.Fatal(err)
	}
	return len(truth.Orders)
}

func num(t testing.TB, s string) bitbank.Number {
	t.Helper()
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// place wants an order placed, and answers like a bot that waits for so long.
func (w *world) place(amount string, patience time.Duration) gateway.Reply {
	w.t.Helper()
	r := w.a.Place(w.t.Context(), gateway.Order{Bot: "grid", Until: time.Now().Add(patience), Order: bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(w.t, amount), Price: num(w.t, "9000000"),
	}})
	if r.Told != nil {
		r.Told(true)
	}
	return r
}

// ids are the orders of a reply.
func ids(r gateway.Reply) []bitbank.OrderID {
	var out []bitbank.OrderID
	for _, o := range r.Orders {
		out = append(out, o.ID)
	}
	return out
}

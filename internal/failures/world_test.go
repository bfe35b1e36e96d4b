package failures

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hikeshi/internal/exposure"
	"hikeshi/internal/pipe"
	"hikeshi/internal/sim"
)

var simKey, simSecret = sim.Key()

// A setup is what is not as usual from the beginning.
type setup struct {
	live    int     // orders that may rest on a pair, default 30
	speed   float64 // of the market, default a tenth of life's, which costs less
	barrier bool    // the owner allows our gateway orders of its own
	tls     bool    // HTTPS, with an authority that our machine trusts
}

// A world is the simulated bitbank in memory, a machine with a disk, and a bot on it that trades through the client under test.
type world struct {
	t     *testing.T
	setup setup
	sim   *sim.Sim
	hosts map[string]*pipe.Listener // by name and port
	disk  *disk
	bot   bot

	mu     sync.Mutex
	bad    trouble
	lines  []*line
	wants  []*want
	found  []flaw         // that the play itself has found
	behind time.Duration  // the clock of a naive client's machine
	healed time.Time      // when the world was made well; zero before
	going  sync.WaitGroup // the bot's strategy

	abroad    atomic.Pointer[exposure.Else] // the price elsewhere; nil: not known
	strangers atomic.Int32                  // signed requests that a portal was sent
}

// newWorld begins in the year 2003: before 2001 PubNub's timetokens had a digit less than any real one.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	time.Sleep(3 * 365 * 24 * time.Hour)
	x, err := sim.New(sim.Options{Seed: 1, Speed: cmp.Or(s.speed, 0.1), TLS: s.tls, Limits: sim.Limits{Live: cmp.Or(s.live, 30)}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, setup: s, sim: x, hosts: map[string]*pipe.Listener{}, disk: &disk{}}
	playing, done := context.WithCancel(t.Context())
	var served sync.WaitGroup
	served.Go(func() { x.Play(playing) })
	for _, host := range []string{"private", "public", "pubnub", "stream"} {
		p := pipe.Listen()
		w.hosts[sim.Names(host)[0]] = p
		served.Go(func() {
			if err := x.Serve(host, p); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("Serve: %v", err)
			}
		})
	}
	t.Cleanup(func() { w.going.Wait(); done(); x.Close(); served.Wait() })
	return w
}

// url is the address of a host of bitbank.
func (w *world) url(host string) string {
	if w.setup.tls {
		return "https://" + sim.Names(host)[0]
	}
	return "http://" + sim.Names(host)[0]
}

// trust is what a careful client of the exchange trusts.
func (w *world) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.sim.CA())
	return &tls.Config{RootCAs: pool}
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

// fault puts faults of the simulator into force, each a JSON object.
func (w *world) fault(specs ...string) {
	w.t.Helper()
	for _, s := range specs {
		w.control("POST", "/faults", s)
	}
}

// onOrders is a fault of the private host that concerns the placing of orders. more are further fields, such as "count":1.
func onOrders(effect, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"host":"private","match":{"method":"POST","path":"/v1/user/spot/order"},"effect":"` + effect + `"` + more + `}`
}

// heal makes the world well: no faults, and a line that works.
func (w *world) heal() {
	w.t.Helper()
	w.control("DELETE", "/faults", "")
	w.hurt(trouble{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.healed.IsZero() {
		w.healed = time.Now()
	}
}

// cut ends all connections between clients and the exchange.
func (w *world) cut() {
	w.mu.Lock()
	lines := w.lines
	w.mu.Unlock()
	for _, l := range lines {
		l.cut()
	}
}

// hurt sets what is wrong with the way to the exchange.
func (w *world) hurt(x trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = x
}

func (w *world) trouble() trouble {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}

// takeLate is how the next order is held up, once.
func (w *world) takeLate() *late {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.bad.late
	w.bad.late = nil
	return l
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { time.Sleep(d) }

// A want is an order that the bot wants, and what it believes of it.
type want struct {
	order
	// must says that the bot wants it placed in the end: it orders again what is said to have failed, every five seconds for a
	// quarter of an hour.
	must bool
	// soon says that it is to be placed before the world is made well.
	soon bool

	mu       sync.Mutex
	believes belief
	over     bool
}

// state is what the bot believes, and whether it has made up its mind.
func (x *want) state() (belief, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.believes, x.over
}

const (
	insistEvery = 5 * time.Second
	insistFor   = 15 * time.Minute
)

// want tells the bot of an order. It goes after it in the background; see must.
func (w *world) want(o order) *want { return w.begin(&want{order: o}) }

// must is want, for an order that is to be placed in the end.
func (w *world) must(o order) *want { return w.begin(&want{order: o, must: true}) }

// soon is must, for an order that the trouble is no reason to keep back.
func (w *world) soon(o order) *want { return w.begin(&want{order: o, must: true, soon: true}) }

func (w *world) begin(x *want) *want {
	w.mu.Lock()
	w.wants = append(w.wants, x)
	w.mu.Unlock()
	until := time.Now().Add(insistFor)
	ctx, cancel := context.WithCancel(w.t.Context())
	w.t.Cleanup(cancel)
	w.going.Go(func() {
		for {
			b := w.bot.place(ctx, x.order)
			again := x.must && b.state == isFailed && time.Now().Before(until) && ctx.Err() == nil
			x.mu.Lock()
			x.believes, x.over = b, !again && ctx.Err() == nil
			x.mu.Unlock()
			if !again {
				return
			}
			rest(ctx, insistEvery)
		}
	})
	return x
}

// rest sleeps, unless ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// patience is how long after the world is well everything is to be known at the latest: without a later order of the bot's only
// the assumption Q is left to our gateway, which is ten minutes.
const patience = 13 * time.Minute

// wait waits until the bot has made up its mind about everything, and then for what may arrive late.
func (w *world) wait() {
	for until := time.Now().Add(patience); time.Now().Before(until) && !w.settled(); {
		w.pass(time.Second)
	}
	w.pass(20 * time.Second)
}

func (w *world) settled() bool {
	for _, x := range w.orders() {
		if _, over := x.state(); !over {
			return false
		}
	}
	return true
}

// orders are all that were wanted so far.
func (w *world) orders() []*want {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*want(nil), w.wants...)
}

func (w *world) wantsOf(looks string) (all []*want) {
	for _, x := range w.orders() {
		if x.looks() == looks {
			all = append(all, x)
		}
	}
	return all
}

// An order is one that a bot wants, as bitbank's interface writes it.
type order struct {
	Pair     string `json:"pair"`
	Side     string `json:"side"`
	Type     string `json:"type"`
	Amount   string `json:"amount"`
	Price    string `json:"price,omitempty"`
	PostOnly bool   `json:"post_only,omitempty"`
}

// resting is a limit order far below the market of 15,000,000 yen.
func resting(amount string) order {
	return order{Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: amount, Price: "9000000"}
}

// crossing is a limit order that is executed at once.
func crossing(amount string) order {
	return order{Pair: "btc_jpy", Side: "buy", Type: "limit", Amount: amount, Price: "16000000"}
}

func (o order) body() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// clock is the time as the machine of a naive client has it.
func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(-w.behind)
}

// clockBack sets the machine's clock back. Ours runs by the clock of the test, so for it bitbank's goes forward instead.
func (w *world) clockBack(d time.Duration) {
	if _, isOurs := w.bot.(*ours); isOurs {
		w.fault(fmt.Sprintf(`{"host":"private","effect":"clock_skew","delay_ms":%d}`, d.Milliseconds()))
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behind += d
}

// openPortal puts a captive portal between us and every host: it answers every request with its page.
func (w *world) openPortal() {
	p := pipe.Listen()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("ACCESS-KEY") != "" {
			w.strangers.Add(1)
		}
		fmt.Fprint(rw, "<html><body>Welcome to our lounge. Please accept the terms.</body></html>")
	}))
	s.Listener.Close()
	s.Listener, s.Config.ErrorLog = p, log.New(io.Discard, "", 0)
	s.StartTLS()
	w.t.Cleanup(func() { w.cut(); s.Close() })
	w.hurt(trouble{portal: p})
}

package gateway

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/lease"
	"hikeshi/internal/secret"
)

const (
	privateHost = "http://api.test"
	publicHost  = "http://public.test"
)

// A desk answers as a test says and remembers what it was asked.
type desk struct {
	place  func(context.Context, Order) Reply
	cancel func(context.Context, Cancel) Reply
	intent func(bot, id string) (Reply, bool)

	mu      sync.Mutex
	orders  []Order
	cancels []Cancel
	told    []bool

	unwanted []string
	beats    []lease.Ask
	beat     func(lease.Ask) (lease.Lease, error)
	alive    []int64 // the epochs that calls named
	state    *State
}

func (d *desk) Place(ctx context.Context, o Order) Reply {
	d.mu.Lock()
	d.orders = append(d.orders, o)
	d.mu.Unlock()
	if d.place == nil {
		return d.follow(Reply{Outcome: NotPlaced})
	}
	return d.follow(d.place(ctx, o))
}

func (d *desk) Cancel(ctx context.Context, c Cancel) Reply {
	d.mu.Lock()
	d.cancels = append(d.cancels, c)
	d.mu.Unlock()
	if d.cancel == nil {
		return d.follow(Reply{Outcome: NotPlaced})
	}
	return d.follow(d.cancel(ctx, c))
}

func (d *desk) follow(r Reply) Reply {
	r.Told = func(whole bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.told = append(d.told, whole)
	}
	return r
}

func (d *desk) Intent(bot, id string) (Reply, bool) {
	if d.intent == nil {
		return Reply{}, false
	}
	r, ok := d.intent(bot, id)
	return d.follow(r), ok
}

func (d *desk) Unwant(bot, id string) (Reply, bool) {
	r, ok := d.Intent(bot, id)
	d.mu.Lock()
	defer d.mu.Unlock()
	if ok {
		d.unwanted = append(d.unwanted, id)
	}
	return r, ok
}

func (d *desk) State(bot string) State {
	if d.state != nil {
		return *d.state
	}
	return State{Trading: "frozen", Since: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Reason: bot + " is frozen"}
}

func (d *desk) Beat(a lease.Ask) (lease.Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.beats = append(d.beats, a)
	if d.beat == nil {
		return lease.Lease{}, ErrNotNow
	}
	return d.beat(a)
}

func (d *desk) Alive(_ string, epoch int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alive = append(d.alive, epoch)
}

func (d *desk) heard() []bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]bool(nil), d.told...)
}

// A host is bitbank as a test needs it. It remembers when each request came.
type host struct {
	answer func(*http.Request) (status int, body string, err error)

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	at       []time.Time
}

// RoundTrip implements http.RoundTripper, with the traces of a real one.
func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	h.mu.Lock()
	h.requests, h.at, h.bodies = append(h.requests, r), append(h.at, time.Now()), append(h.bodies, string(body))
	h.mu.Unlock()
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	status, text, err := h.answer(r)
	if err != nil {
		return nil, err
	}
	kind := "application/json; charset=utf-8"
	if strings.HasPrefix(text, "<") {
		kind = "text/html"
	}
	res := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: -1, Request: r}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		res.Header.Set("Retry-After", "2")
	}
	return res, nil
}

func (h *host) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.at)
}

func (h *host) times() []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]time.Time(nil), h.at...)
}

// fine answers everything, after a time.
func fine(after time.Duration) func(*http.Request) (int, string, error) {
	return func(r *http.Request) (int, string, error) {
		select {
		case <-time.After(after):
			return 200, `{"success":1,"data":{"path":"` + r.URL.Path + `"}}`, nil
		case <-r.Context().Done():
			return 0, "", r.Context().Err()
		}
	}
}

// hangs never answers.
func hangs(r *http.Request) (int, string, error) {
	<-r.Context().Done()
	return 0, "", r.Context().Err()
}

// A kit is a gateway between a fake desk and a fake bitbank.
type kit struct {
	*Gateway
	desk *desk
	host *host
	bots map[string]keys.Bot
}

var everything = keys.Scope{
	Trade: true, Types: []bitbank.OrderType{bitbank.Limit, bitbank.Market, bitbank.Stop, bitbank.StopLimit, bitbank.TakeProfit, bitbank.StopLoss},
	Most: map[string]decimal.Decimal{"btc_jpy": decimal.RequireFromString("1"), "xrp_jpy": decimal.RequireFromString("1000")},
}

func bot(name string, scope keys.Scope) keys.Bot {
	return keys.Bot{Name: name, ID: secret.New(name + "-key"), Secret: secret.New(name + "-secret"), Scope: scope}
}

// A tester is a test, a benchmark or a property.
type tester interface {
	Helper()
	Fatal(...any)
	Cleanup(func())
}

func newKit(t tester, answer func(*http.Request) (int, string, error), change ...func(*Options)) *kit {
	t.Helper()
	k := &kit{desk: &desk{}, host: &host{answer: answer}, bots: map[string]keys.Bot{}}
	for _, b := range []keys.Bot{bot("maker", everything), bot("reader", keys.Scope{})} {
		k.bots[b.ID.Reveal()] = b
	}
	for i := range 20 {
		b := bot("bot"+strconv.Itoa(i), everything)
		k.bots[b.ID.Reveal()] = b
	}
	key, err := bitbank.NewCredentials("real-key", "real-secret", privateHost, bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := bitbank.NewLimiter(bitbank.LimiterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Desk: k.desk, Bot: func(id string) (keys.Bot, bool) { b, ok := k.bots[id]; return b, ok },
		Private: privateHost, Public: publicHost, Key: key, Limiter: limiter, Transport: k.host, Rand: rand.New(rand.NewPCG(1, 2)),
	}
	for _, c := range change {
		c(&o)
	}
	if k.Gateway, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// request is one of a bot's, signed with a time window; of nobody when name is "".
func request(t tester, ctx context.Context, name, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	r.Host = "localhost:8150"
	if name != "" {
		sign(r, name, target, body, time.Now())
	}
	return r
}

// sign is the documented signature, on its own.
func sign(r *http.Request, name, target, body string, at time.Time) {
	message := target
	if r.Method == http.MethodPost {
		message = body
	}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	r.Header.Set("ACCESS-KEY", name+"-key")
	r.Header.Set("ACCESS-REQUEST-TIME", stamp)
	r.Header.Set("ACCESS-TIME-WINDOW", "5000")
	r.Header.Set("ACCESS-SIGNATURE", bitbank.Signature(name+"-secret", stamp+"5000"+message))
}

// ask sends one request through the gateway.
func (k *kit) ask(t testing.TB, name, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	return k.do(request(t, t.Context(), name, method, target, body))
}

func (k *kit) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w
}

// codeIn is the code of an envelope; 0 when it is a success, -1 when it is none.
func codeIn(body string) bitbank.Code {
	err := bitbank.Check(200, "", []byte(body))
	if err == nil {
		return 0
	}
	if e, ok := err.(*bitbank.Error); ok {
		return e.Code
	}
	return -1
}

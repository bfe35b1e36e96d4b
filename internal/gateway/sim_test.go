package gateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/sim"
)

// A forwarder is the simplest desk: it sends what it is asked and tells what came back.
type forwarder struct {
	desk
	client *bitbank.Client
}

func (f *forwarder) Place(ctx context.Context, o Order) Reply {
	out := f.client.PlaceOrder(ctx, o.Order)
	if order, done := out.Done(); done {
		return Reply{Intent: "1-1", Outcome: Placed, Orders: []bitbank.Order{order}}
	}
	if r, refused := out.Refused(); refused {
		return Reply{Intent: "1-1", Outcome: NotPlaced, Code: r.Code}
	}
	return Reply{Intent: "1-1"}
}

func (f *forwarder) Cancel(ctx context.Context, c Cancel) Reply {
	out := f.client.CancelOrders(ctx, c.Pair, c.IDs...)
	if all, done := out.Done(); done {
		return Reply{Outcome: Placed, Orders: all.Orders}
	}
	if r, refused := out.Refused(); refused {
		return Reply{Outcome: NotPlaced, Code: r.Code}
	}
	return Reply{}
}

// A bitbankOnLoopback is the simulator, a gateway before it, and their addresses.
type bitbankOnLoopback struct {
	private, public, gateway string
	sim                      *sim.Sim
	*Gateway
}

func onLoopback(t testing.TB, limits sim.Limits, limiter bitbank.LimiterOptions) bitbankOnLoopback {
	t.Helper()
	s, err := sim.New(sim.Options{Seed: 1, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	private, public := httptest.NewServer(s.Handler("private")), httptest.NewServer(s.Handler("public"))
	t.Cleanup(private.Close)
	t.Cleanup(public.Close)
	id, key := sim.Key()
	real, err := bitbank.NewCredentials(id, key, private.URL, bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	shared, err := bitbank.NewLimiter(limiter)
	if err != nil {
		t.Fatal(err)
	}
	client, err := bitbank.New(bitbank.Options{PrivateURL: private.URL, PublicURL: public.URL, Credentials: real, Limiter: shared})
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(Options{
		Desk: &forwarder{client: client}, Bot: func(id string) (keys.Bot, bool) { return bot("maker", everything), id == "maker-key" },
		Private: private.URL, Public: public.URL, Key: real, Limiter: shared, PerBot: 256, Total: 1024,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return bitbankOnLoopback{private.URL, public.URL, "http://" + served(t, g), s, g}
}

// A program that knows bitbank and not us works through the gateway, with either way of signing.
func TestAClientOfBitbankWorksThroughTheGateway(t *testing.T) {
	for name, auth := range map[string]bitbank.Auth{"time window": {}, "nonce": {Nonce: true}} {
		w := onLoopback(t, sim.Limits{}, bitbank.LimiterOptions{})
		key, err := bitbank.NewCredentials("maker-key", "maker-secret", w.gateway, auth)
		if err != nil {
			t.Fatal(err)
		}
		c, err := bitbank.New(bitbank.Options{PrivateURL: w.gateway, PublicURL: w.gateway, Credentials: key})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		must := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %s: %v", name, what, err)
			}
		}
		_, err = c.SpotPairs(ctx)
		must("pairs", err)
		_, err = c.SpotStatus(ctx)
		must("status", err)
		ticker, err := c.Ticker(ctx, "btc_jpy")
		must("ticker", err)
		_, err = c.Tickers(ctx)
		must("tickers", err)
		_, err = c.Depth(ctx, "btc_jpy")
		must("depth", err)
		assets, err := c.Assets(ctx)
		must("assets", err)
		if len(assets) == 0 {
			t.Errorf("%s: no assets", name)
		}
		far := bitbank.NewNumber(ticker.Last.Decimal().Mul(decimal.RequireFromString("0.9")).Round(0))
		o := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: number("0.0100"), Price: far}
		placed := c.PlaceOrder(ctx, o)
		order, done := placed.Done()
		if !done {
			t.Fatalf("%s: %v", name, placed)
		}
		active, err := c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: "btc_jpy"})
		must("active orders", err)
		if len(active) != 1 || active[0].ID != order.ID || !active[0].Price.Equal(far) {
			t.Errorf("%s: active are %v, want %d", name, active, order.ID)
		}
		infos, err := c.OrdersInfo(ctx, "btc_jpy", order.ID)
		must("orders info", err)
		if len(infos) != 1 {
			t.Errorf("%s: orders info: %v", name, infos)
		}
		cancelled := c.CancelOrder(ctx, "btc_jpy", order.ID)
		if got, done := cancelled.Done(); !done || got.Status != bitbank.StatusCanceledUnfilled {
			t.Errorf("%s: %v", name, cancelled)
		}
		again := c.CancelOrder(ctx, "btc_jpy", order.ID)
		if r, refused := again.Refused(); !refused || r.Code != 50026 {
			t.Errorf("%s: a second cancel: %v", name, again)
		}
		// Refused here, as it would be there.
		tooMuch := o
		tooMuch.Amount = number("2")
		if r, refused := c.PlaceOrder(ctx, tooMuch).Refused(); !refused || r.Code != 70004 {
			t.Errorf("%s: outside the scope: %v", name, r)
		}
		poor := o
		poor.Amount = number("1")
		if r, refused := c.PlaceOrder(ctx, poor).Refused(); !refused || r.Code != 60001 {
			t.Errorf("%s: without the money: %v", name, r)
		}
		if lost, ok := c.RequestWithdrawal(ctx, bitbank.NewWithdrawal{Asset: "btc", AccountUUID: "u", Amount: number("1")}).Refused(); !ok || lost.Code != 50011 {
			t.Errorf("%s: a withdrawal: %v", name, lost)
		}
	}
}

// What does not change by itself is the same with the gateway and without.
func TestTheGatewayChangesNoByteOfAnAnswer(t *testing.T) {
	w := onLoopback(t, sim.Limits{}, bitbank.LimiterOptions{})
	for _, c := range []struct{ direct, target string }{
		{w.private, "/v1/spot/pairs"}, {w.private, "/spot/pairs"}, {w.private, "/v1/spot/status"},
		{w.public, "/btc_jpy/circuit_break_info"}, {w.public, "/xxx_jpy/ticker"}, {w.public, "/btc_jpy/nothing"},
	} {
		read := func(base string) (int, string, string) {
			res, err := http.Get(base + c.target)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, res.Header.Get("Content-Type"), string(b)
		}
		status, kind, body := read(c.direct)
		s, k, b := read(w.gateway)
		if c.target == "/btc_jpy/circuit_break_info" { // it holds the time
			cut := func(s string) string { before, _, _ := strings.Cut(s, `"timestamp"`); return before }
			body, b = cut(body), cut(b)
		}
		if status != s || kind != k || body != b {
			t.Errorf("%s: HTTP %d %s %.80s became %d %s %.80s", c.target, status, kind, body, s, k, b)
		}
	}
}

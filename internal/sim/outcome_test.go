package sim

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// ourClient is package bitbank's, over a network in memory.
func ourClient(t *testing.T, s *Sim) (*bitbank.Client, *http.Client) {
	t.Helper()
	wire := serveInMemory(t, s, "private")
	key, err := bitbank.NewCredentials(accountKey, accountSecret, "http://private", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := bitbank.New(bitbank.Options{HTTP: wire, PrivateURL: "http://private", Credentials: key})
	if err != nil {
		t.Fatal(err)
	}
	return c, wire
}

func num(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

var wanted = bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num("0.001"), Price: num("9000000")}

// Whatever goes wrong before, inside or after the execution of an order: what our client says of it is never contradicted by
// what happened, and nothing happens twice.
func TestNoOutcomeIsContradictedByWhatHappened(t *testing.T) {
	for _, c := range []struct {
		fault string
		says  string // done, refused, lost; "open": lost, or refused when the answer came before the body had left
		is    int    // orders that there are in the end
	}{
		{``, "done", 1},
		{`{"host":"private","effect":"slow","delay_ms":1500}`, "done", 1},
		{`{"host":"private","effect":"clock_skew","delay_ms":-1500}`, "refused", 0}, // ours is ahead
		{`{"host":"private","effect":"clock_skew","delay_ms":9000}`, "refused", 0},  // ours is late
		{`{"host":"private","effect":"api_error","code":60001}`, "refused", 0},
		{`{"host":"private","effect":"api_error","code":10009}`, "refused", 0},
		{`{"host":"private","effect":"api_error","code":10005}`, "lost", 0},
		{`{"host":"private","effect":"api_error","code":99999}`, "lost", 0},
		{`{"host":"private","effect":"maintenance"}`, "lost", 0},
		{`{"host":"private","effect":"maintenance","status":503}`, "lost", 0},
		{`{"host":"private","effect":"status","status":502}`, "open", 0},
		{`{"host":"private","effect":"status","status":429}`, "open", 0},
		{`{"host":"private","effect":"status","status":307}`, "open", 0},
		{`{"host":"private","effect":"html"}`, "open", 0},
		{`{"host":"private","effect":"empty"}`, "open", 0},
		{`{"host":"private","effect":"drop_request"}`, "lost", 0},
		{`{"host":"private","effect":"reset"}`, "lost", 0},
		{`{"host":"private","effect":"blackhole","count":1}`, "lost", 0},
		{`{"host":"private","effect":"queue_delay","delay_ms":1000}`, "done", 1},
		{`{"host":"private","effect":"queue_delay","delay_ms":40000}`, "lost", 1}, // long after the client has gone
		{`{"host":"private","effect":"drop_response"}`, "lost", 1},
		{`{"host":"private","effect":"drop_response","delay_ms":10}`, "lost", 1},
		{`{"host":"private","effect":"truncate"}`, "lost", 1},
		{`{"host":"private","effect":"status_after","status":504}`, "lost", 1},
		{`{"host":"private","effect":"api_error_after","code":10001}`, "lost", 1},
		{`{"host":"private","effect":"api_error_after","code":70012}`, "lost", 1},
	} {
		t.Run(c.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := calm(t, Options{Seed: 1})
				client, wire := ourClient(t, s)
				defer wire.CloseIdleConnections()
				if c.fault != "" {
					fault(t, s, c.fault)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				out := client.PlaceOrder(ctx, wanted)
				says := "lost"
				if _, done := out.Done(); done {
					says = "done"
				} else if _, refused := out.Refused(); refused {
					says = "refused"
				}
				time.Sleep(time.Minute) // what is still on its way arrives
				u, err := s.user(firstUser)
				if err != nil {
					t.Fatal(err)
				}
				s.mu.Lock()
				is := len(s.x.Everything(u.account))
				s.mu.Unlock()
				if open := c.says == "open" && says != "done"; says != c.says && !open || is != c.is {
					t.Errorf("the client says %s (%v), there are %d orders; want %s and %d", says, out, is, c.says, c.is)
				}
			})
		})
	}
}

package failures

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hikeshi/bitbank"
)

// A library imitates a client of today that talks to the exchange by itself. Its zero habits are: a time window of five seconds,
// ten seconds of patience, bitbank's codes and everything else but a success are a failure, nothing is asked twice. They are as
// measured or read in November 2026 (ccxt 4.5, node-bitbankcc 3, hummingbot, freqtrade); no code is theirs.
type library struct {
	w    *world
	http http.RoundTripper

	window  int           // milliseconds, 0 is 5000
	waits   time.Duration // 0 is 10 s
	retries int           // how often an order is sent again at once after an error of the network
	pause   time.Duration // before that
	nonces  *nonces       // nil: the time window
	header  http.Header
	// reads is what it makes of an answer that came whole.
	reads func(status int, body []byte) belief
	// vague is what it does about an order whose answer it does not understand or did not get. nil: it has failed.
	vague func(ctx context.Context, l *library, o order) belief
}

// direct makes a bot with a library over a line of its own.
func direct(change func(*library)) func(w *world) bot {
	return func(w *world) bot {
		l := &library{w: w, http: w.newLine().transport()}
		change(l)
		return l
	}
}

// place implements bot.
func (l *library) place(ctx context.Context, o order) belief {
	for n := 0; ; n++ {
		status, body, err := l.send(ctx, http.MethodPost, "/v1/user/spot/order", o.body())
		if ctx.Err() != nil {
			return belief{}
		}
		if err != nil && n < l.retries {
			rest(ctx, max(l.pause, roundTrip))
			continue
		}
		b := belief{}
		if err == nil {
			b = l.read(status, body)
		}
		switch {
		case b.state != isUnknown:
			return b
		case l.vague != nil:
			return l.vague(ctx, l, o)
		}
		return belief{state: isFailed}
	}
}

// cancel implements bot.
func (l *library) cancel(ctx context.Context, pair string, id int64) belief {
	status, body, err := l.send(ctx, http.MethodPost, "/v1/user/spot/cancel_order", cancelBody(pair, id))
	if err != nil {
		return belief{state: isFailed}
	}
	return l.read(status, body)
}

// roundTrip is how long it takes to ask once, at least: in memory it would take nothing.
const roundTrip = 30 * time.Millisecond

// errNetwork is an answer that is none, for libraries that take a page or an HTTP error for one of the network.
var errNetwork = errors.New("no answer of bitbank")

// send sends one signed request and reads the answer whole.
func (l *library) send(ctx context.Context, method, path, body string) (int, []byte, error) {
	waits := l.waits
	if waits == 0 {
		waits = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, waits)
	defer cancel()
	rest(ctx, roundTrip)
	req, err := http.NewRequestWithContext(ctx, method, l.w.url("private")+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range l.header {
		req.Header[k] = v
	}
	signed := body
	if method == http.MethodGet {
		signed = path
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	if l.nonces != nil {
		l.nonces.sign(req, signed)
	} else {
		window := l.window
		if window == 0 {
			window = 5000
		}
		sign(req, simKey, simSecret, signed, l.w.clock(), window)
	}
	res, err := l.http.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

// read is what the library makes of an answer.
func (l *library) read(status int, body []byte) belief {
	if l.reads != nil {
		return l.reads(status, body)
	}
	return envelope(status, body)
}

// envelope reads bitbank's: a success with an id, or a code. Anything else is vague.
func envelope(_ int, body []byte) belief {
	var a struct {
		Success int
		Data    struct {
			ID   int64 `json:"order_id"`
			Code int
		}
	}
	switch err := json.Unmarshal(body, &a); {
	case err != nil:
		return belief{}
	case a.Success == 1:
		return belief{state: isPlaced, id: a.Data.ID}
	}
	return belief{state: isFailed, code: a.Data.Code}
}

// nonces are numbers that rise, from a clock: bitbank's other way to sign.
type nonces struct {
	mu   sync.Mutex
	next func() int64
}

func (n *nonces) sign(r *http.Request, message string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number := strconv.FormatInt(n.next(), 10)
	r.Header.Set("ACCESS-KEY", simKey)
	r.Header.Set("ACCESS-NONCE", number)
	r.Header.Set("ACCESS-SIGNATURE", bitbank.Signature(simSecret, number+message))
}

// Habits of libraries and bots.

// anErrorIsAFailure is the commonest habit of all: what is no success has failed, and the strategy orders again.
func anErrorIsAFailure(*library) {}

// retriesOnNetworkErrors is ccxt with maxRetriesOnFailure 3: a page or an HTTP error is an error of the network to it.
func retriesOnNetworkErrors(l *library) {
	l.http, l.retries = strict{l.http}, 3
}

// strict makes an error of what holds no envelope.
type strict struct{ http.RoundTripper }

func (s strict) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.RoundTripper.RoundTrip(r)
	if err == nil && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		res.Body.Close()
		return nil, errNetwork
	}
	return res, err
}

// twoHundredIsSuccess reads an order out of whatever comes with HTTP 200.
func twoHundredIsSuccess(l *library) {
	l.reads = func(status int, body []byte) belief {
		if b := envelope(status, body); b.state != isUnknown {
			return b
		}
		if status == http.StatusOK {
			return belief{state: isPlaced}
		}
		return belief{state: isFailed}
	}
}

// sentIsPlaced takes an order for placed that it does not know to be refused.
func sentIsPlaced(l *library) {
	l.vague = func(context.Context, *library, order) belief { return belief{state: isPlaced} }
}

// waitsForEver waits for the answer that does not come.
func waitsForEver(l *library) {
	l.vague = func(ctx context.Context, _ *library, _ order) belief { <-ctx.Done(); return belief{} }
}

// looksInLists looks some times, every two seconds, for an order that looks the same, in the live orders and perhaps in the trades,
// and takes it for failed when it is in none: the resolver of a careful bot. A list that cannot be read counts as one without it.
func looksInLists(times int, lists ...string) func(*library) {
	return func(l *library) {
		l.vague = func(ctx context.Context, l *library, o order) belief {
			for n := range times {
				if n > 0 {
					rest(ctx, 2*time.Second)
				}
				for _, path := range lists {
					if id := l.find(ctx, path, o); id != 0 {
						return belief{state: isPlaced, id: id}
					}
				}
			}
			return belief{state: isFailed}
		}
	}
}

const (
	activeOrders = "/v1/user/spot/active_orders?pair=btc_jpy"
	tradeHistory = "/v1/user/spot/trade_history?pair=btc_jpy"
)

// find is an order of a list that looks the same, 0 for none. A trade has the same amount.
func (l *library) find(ctx context.Context, path string, o order) int64 {
	_, body, err := l.send(ctx, http.MethodGet, path, "")
	if err != nil {
		return 0
	}
	var a struct {
		Data struct {
			Orders []row
			Trades []struct {
				OrderID int64 `json:"order_id"`
				Amount  string
			}
		}
	}
	if json.Unmarshal(body, &a) != nil {
		return 0
	}
	for _, r := range a.Data.Orders {
		if r.looks() == o.looks() {
			return r.ID
		}
	}
	for _, t := range a.Data.Trades {
		if plain(t.Amount) == plain(o.Amount) {
			return t.OrderID
		}
	}
	return 0
}

// sendsAgain sends the order again until it is taken, this long after each answer that it does not like.
func sendsAgain(after time.Duration) func(*library) {
	return func(l *library) {
		l.reads = func(status int, body []byte) belief {
			if b := envelope(status, body); b.state == isPlaced {
				return b
			}
			return belief{}
		}
		l.vague = func(ctx context.Context, l *library, o order) belief {
			for ctx.Err() == nil {
				rest(ctx, after)
				status, body, err := l.send(ctx, http.MethodPost, "/v1/user/spot/order", o.body())
				if b := l.reads(status, body); err == nil && b.state == isPlaced {
					return b
				}
			}
			return belief{}
		}
	}
}

// waitsForTheLists looks in the lists until the order is in one.
func waitsForTheLists(l *library) {
	l.vague = func(ctx context.Context, l *library, o order) belief {
		for ctx.Err() == nil {
			rest(ctx, 5*time.Second)
			for _, path := range []string{activeOrders, tradeHistory} {
				if id := l.find(ctx, path, o); id != 0 {
					return belief{state: isPlaced, id: id}
				}
			}
		}
		return belief{}
	}
}

// all combines habits.
func all(habits ...func(*library)) func(*library) {
	return func(l *library) {
		for _, h := range habits {
			h(l)
		}
	}
}

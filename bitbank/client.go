package bitbank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The real addresses. Market data has a host of its own, which can fail alone.
const (
	DefaultPublicURL  = "https://public.bitbank.cc"
	DefaultPrivateURL = "https://api.bitbank.cc"
	DefaultStreamURL  = "wss://stream.bitbank.cc"
)

// Options of a Client. The zero Options ask the real bitbank without a key.
type Options struct {
	// HTTP sends the requests; nil is a client that gives each connection five seconds to come about. Its redirect
	// policy is not used: no redirect is ever followed. A Timeout of it ends a write as lost, like a context's.
	HTTP        *http.Client
	PublicURL   string // default DefaultPublicURL
	PrivateURL  string // default DefaultPrivateURL; without /v1, which the calls add
	Credentials *Credentials
	// WriteWindow is how long a signed write stays valid: whole milliseconds, at most 5 s, default 2 s, or the
	// key's own window where that is shorter.
	WriteWindow time.Duration
	// Limiter keeps the account's requests within bitbank's limits. All clients of one account must share one; nil
	// is one of this client's own, with bitbank's usual limits.
	Limiter *Limiter
}

// A Client asks bitbank's REST interfaces.
type Client struct {
	kept, http      *http.Client // http is kept, or one that keeps no connection
	public, private string
	key             *Credentials
	writeWindow     time.Duration
	limiter         *Limiter
	call            Call
}

// New returns a client. It fails when an address is none, or when the key is bound to another origin than
// PrivateURL's.
func New(o Options) (*Client, error) {
	c := &Client{kept: sender(o.HTTP, 0), key: o.Credentials, writeWindow: o.WriteWindow, limiter: o.Limiter}
	c.http = c.kept
	if c.writeWindow == 0 {
		c.writeWindow = defaultWriteWindow
		if c.key != nil {
			c.writeWindow = min(c.writeWindow, c.key.auth.Window)
		}
	}
	if w := c.writeWindow; w < time.Millisecond || w > maxWriteWindow || w%time.Millisecond != 0 {
		return nil, fmt.Errorf("make a client: a window of %v for writes is not 1 ms to %v in whole milliseconds", w, maxWriteWindow)
	}
	if c.limiter == nil {
		c.limiter, _ = NewLimiter(LimiterOptions{}) // the defaults are valid
	}
	for _, base := range []struct {
		into          *string
		given, preset string
	}{{&c.public, o.PublicURL, DefaultPublicURL}, {&c.private, o.PrivateURL, DefaultPrivateURL}} {
		if base.given == "" {
			base.given = base.preset
		}
		u, err := url.Parse(base.given)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("make a client: %q is not an address such as %s", base.given, base.preset)
		}
		*base.into = strings.TrimRight(base.given, "/")
	}
	if c.key != nil {
		u, err := url.Parse(c.private)
		if err != nil || originOf(u) != c.key.origin {
			return nil, fmt.Errorf("make a client: the key is bound to %s and signs nothing for %s", c.key.origin, c.private)
		}
	}
	return c, nil
}

// Ticker is the newest price of a pair.
func (c *Client) Ticker(ctx context.Context, pair string) (Ticker, error) {
	return market[Ticker](ctx, c, "Ticker", pair, "ticker")
}

// Tickers are the tickers of all pairs.
func (c *Client) Tickers(ctx context.Context) ([]Ticker, error) {
	return get[tickers](ctx, c, "Tickers", c.public+"/tickers", nil)
}

// TickersJPY are the tickers of the pairs against yen.
func (c *Client) TickersJPY(ctx context.Context) ([]Ticker, error) {
	return get[tickers](ctx, c, "TickersJPY", c.public+"/tickers_jpy", nil)
}

// Depth is the order book of a pair, at most 200 levels a side (400 in an auction).
func (c *Client) Depth(ctx context.Context, pair string) (Depth, error) {
	return market[Depth](ctx, c, "Depth", pair, "depth")
}

// Transactions are the newest 60 trades of a pair, newest first.
func (c *Client) Transactions(ctx context.Context, pair string) ([]Transaction, error) {
	t, err := market[transactions](ctx, c, "Transactions", pair, "transactions")
	return t.Transactions, err
}

// TransactionsOn are the trades of one UTC day. They are ErrNotFound until that day is over and published, which
// takes a quarter of an hour or more.
func (c *Client) TransactionsOn(ctx context.Context, pair string, day time.Time) ([]Transaction, error) {
	t, err := market[transactions](ctx, c, "TransactionsOn", pair, "transactions/"+day.UTC().Format("20060102"))
	return t.Transactions, err
}

// Candlestick are the candles of one kind: 1min, 5min, 15min, 30min and 1hour for the UTC day of at; 4hour, 8hour,
// 12hour, 1day, 1week and 1month for its UTC year. For some ten minutes after 00:00 UTC the new day is ErrNotFound,
// so it is no sign of health.
func (c *Client) Candlestick(ctx context.Context, pair, kind string, at time.Time) (Candlestick, error) {
	var layout string
	switch kind {
	case "1min", "5min", "15min", "30min", "1hour":
		layout = "20060102"
	case "4hour", "8hour", "12hour", "1day", "1week", "1month":
		layout = "2006"
	default:
		return Candlestick{}, fmt.Errorf("Candlestick: %q is not a kind of candle", kind)
	}
	k, err := market[candlestick](ctx, c, "Candlestick", pair, "candlestick/"+kind+"/"+at.UTC().Format(layout))
	return k.first(), err
}

// CircuitBreakInfo is the market mode of a pair.
func (c *Client) CircuitBreakInfo(ctx context.Context, pair string) (CircuitBreakInfo, error) {
	return market[CircuitBreakInfo](ctx, c, "CircuitBreakInfo", pair, "circuit_break_info")
}

// SpotStatus says per pair how busy the exchange is.
func (c *Client) SpotStatus(ctx context.Context) ([]PairStatus, error) {
	s, err := counted[statuses](ctx, c, "SpotStatus", c.private+"/v1/spot/status")
	return s.Statuses, err
}

// SpotPairs are the settings and stop flags of all pairs.
func (c *Client) SpotPairs(ctx context.Context) ([]Pair, error) {
	p, err := counted[pairs](ctx, c, "SpotPairs", c.private+"/v1/spot/pairs")
	return p.Pairs, err
}

// Assets are the account's balances.
func (c *Client) Assets(ctx context.Context) ([]Asset, error) {
	a, err := ask[assets](ctx, c, "Assets", "/v1/user/assets", nil)
	return a.Assets, err
}

// Knock asks for balances without a key, whatever key the client has. bitbank's refusal is the sign of life that is
// wanted: Knock returns it. Code 20003 says that the private front is up; it says nothing about the order engine.
// The error is for everything but a refusal.
func (c *Client) Knock(ctx context.Context) (*Error, error) {
	_, err := get[assets](ctx, c, "Knock", c.private+"/v1/user/assets", nil)
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal, nil
	}
	if err == nil {
		return nil, &BodyError{Op: "Knock", Status: http.StatusOK, Defect: Shape, Err: errors.New("balances without a key")}
	}
	return nil, quiet(err)
}

func market[T any](ctx context.Context, c *Client, op, pair, what string) (T, error) {
	if !isPair(pair) {
		var none T
		return none, fmt.Errorf("%s: %.40q is not a pair such as btc_jpy", op, pair)
	}
	return get[T](ctx, c, op, c.public+"/"+pair+"/"+what, nil)
}

// counted is get within the limit: without a key, too, bitbank counts what is asked of the private host.
func counted[T any](ctx context.Context, c *Client, op, address string) (T, error) {
	var none T
	slot, err := c.limiter.Wait(ctx, Query, c.call.Priority)
	if err != nil {
		return none, fmt.Errorf("%s: %w", op, err)
	}
	defer slot.Release()
	return get[T](ctx, c, op, address, slot)
}

// get asks without a key. slot, if there is one, is what the request counts as.
func get[T any](ctx context.Context, c *Client, op, address string, slot *Slot) (T, error) {
	var none T
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return none, fmt.Errorf("%s: %w", op, err)
	}
	a, err := c.transport(op, slot, req)
	if err != nil {
		return none, named(op, err)
	}
	out, err := decode[T](op, a.status, a.kind, a.body)
	if slot != nil && errors.Is(err, ErrRateLimited) {
		slot.Refused(a.pause)
	}
	return out, err
}

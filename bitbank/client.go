package bitbank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
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
	// HTTP sends the requests; nil is a client with a limit on every phase and 10 s in all. Its redirect policy is
	// not used: no redirect is ever followed.
	HTTP        *http.Client
	PublicURL   string // default DefaultPublicURL
	PrivateURL  string // default DefaultPrivateURL; without /v1, which the calls add
	Credentials *Credentials
}

// A Client asks bitbank's REST interfaces.
type Client struct {
	http            *http.Client
	public, private string
	key             *Credentials
}

// New returns a client. It fails when an address is none, or when the key is bound to another origin than
// PrivateURL's.
func New(o Options) (*Client, error) {
	c := &Client{http: sender(o.HTTP, 10*time.Second), key: o.Credentials}
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
	return get[tickers](ctx, c, "Tickers", c.public+"/tickers")
}

// TickersJPY are the tickers of the pairs against yen.
func (c *Client) TickersJPY(ctx context.Context) ([]Ticker, error) {
	return get[tickers](ctx, c, "TickersJPY", c.public+"/tickers_jpy")
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
	s, err := get[statuses](ctx, c, "SpotStatus", c.private+"/v1/spot/status")
	return s.Statuses, err
}

// SpotPairs are the settings and stop flags of all pairs.
func (c *Client) SpotPairs(ctx context.Context) ([]Pair, error) {
	p, err := get[pairs](ctx, c, "SpotPairs", c.private+"/v1/spot/pairs")
	return p.Pairs, err
}

// ErrNoKey is what Assets says without credentials.
var ErrNoKey = errors.New("there is no key")

// Assets are the account's balances. They need credentials.
func (c *Client) Assets(ctx context.Context) ([]Asset, error) {
	if c.key == nil {
		return nil, fmt.Errorf("Assets: %w", ErrNoKey)
	}
	done, err := c.key.queue(ctx)
	if err != nil {
		return nil, fmt.Errorf("Assets: %w", err)
	}
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.private+"/v1/user/assets", nil)
	if err != nil {
		return nil, fmt.Errorf("Assets: %w", err)
	}
	if err := c.key.Sign(req, nil, time.Now()); err != nil {
		return nil, fmt.Errorf("Assets: %w", err)
	}
	a, err := do[assets](c, "Assets", req)
	return a.Assets, quiet(err)
}

// Knock asks for balances without a key, whatever key the client has. bitbank's refusal is the sign of life that is
// wanted: Knock returns it. Code 20003 says that the private front is up; it says nothing about the order engine.
// The error is for everything but a refusal.
func (c *Client) Knock(ctx context.Context) (*Error, error) {
	_, err := get[assets](ctx, c, "Knock", c.private+"/v1/user/assets")
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal, nil
	}
	if err == nil {
		return nil, &BodyError{Op: "Knock", Status: http.StatusOK, Defect: Shape, Err: errors.New("balances without a key")}
	}
	return nil, quiet(err)
}

// pairName is how the wire writes a pair; anything else is not found, or worse, another path.
var pairName = regexp.MustCompile(`^[a-z0-9]+_[a-z0-9]+$`)

func market[T any](ctx context.Context, c *Client, op, pair, what string) (T, error) {
	if !pairName.MatchString(pair) {
		var none T
		return none, fmt.Errorf("%s: %.40q is not a pair such as btc_jpy", op, pair)
	}
	return get[T](ctx, c, op, c.public+"/"+pair+"/"+what)
}

func get[T any](ctx context.Context, c *Client, op, address string) (T, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", op, err)
	}
	return do[T](c, op, req)
}

func do[T any](c *Client, op string, req *http.Request) (T, error) {
	var none T
	req.Header.Set("Accept", "application/json")
	req, once := onlyOnce(req)
	defer once.end()
	res, err := c.http.Do(req)
	if err != nil {
		return none, fmt.Errorf("%s: %w", op, once.explain(err))
	}
	defer res.Body.Close()
	body, err := read(op, res)
	if b, ok := errors.AsType[*BodyError](err); ok {
		return none, b
	}
	if err != nil {
		return none, fmt.Errorf("%s: read the answer: %w", op, err)
	}
	return decode[T](op, res.StatusCode, res.Header.Get("Content-Type"), body)
}

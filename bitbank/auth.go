package bitbank

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Credentials are an API key, bound to the one origin that it signs for. No print verb shows them.
type Credentials struct {
	id     string
	origin string
	secret *string // a pointer: fmt does not look behind it
	auth   Auth

	// turn is held from making a nonce until its answer: a smaller nonce that arrives later is refused.
	turn chan struct{}

	mu    sync.Mutex
	nonce int64

	offset atomic.Int64 // nanoseconds of bitbank's clock before ours; see Heed
}

// Auth is how requests are authenticated (bitbank's documentation, "Authorization"). The zero Auth is the method
// with a time window, which bitbank recommends: a delayed request dies by itself and parallel ones do not collide.
type Auth struct {
	Nonce bool // rising numbers instead of a time; one process a key, one request at a time
	// Window is how long a signed request stays valid: whole milliseconds, at most a minute, default 5 s. It is
	// always sent, because what must be signed when the header is left out is not documented.
	Window time.Duration
}

// NewCredentials binds a key to an origin such as "https://api.bitbank.cc".
func NewCredentials(id, secret, origin string, auth Auth) (*Credentials, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("bind a key: the address is not an origin such as https://api.bitbank.cc")
	}
	if auth.Window == 0 {
		auth.Window = 5 * time.Second
	}
	switch {
	case id == "" || secret == "":
		return nil, fmt.Errorf("bind a key to %s: the key or its secret is empty", origin)
	case strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, fmt.Errorf("bind a key to %s: the key holds a character that no key has", origin)
	case auth.Window < time.Millisecond || auth.Window > time.Minute || auth.Window%time.Millisecond != 0:
		return nil, fmt.Errorf("bind a key to %s: a window of %v is not 1 ms to 60 s in whole milliseconds", origin, auth.Window)
	}
	return &Credentials{id: id, secret: &secret, origin: originOf(u), auth: auth, turn: make(chan struct{}, 1)}, nil
}

// originOf is scheme, host and port; the port that a scheme implies is left out.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
}

// Format keeps every print verb from the key.
func (c *Credentials) Format(f fmt.State, _ rune) { io.WriteString(f, "[redacted key]") }

// MarshalText keeps it out of JSON and logs.
func (c *Credentials) MarshalText() ([]byte, error) { return []byte("[redacted key]"), nil }

// Sign adds the headers of authentication to req, whose body, if any, is exactly body. It refuses a request to
// another origin than the key's. A Client signs by itself; Sign is for callers that send on their own, who with
// nonces must also send in the order in which they signed.
func (c *Credentials) Sign(req *http.Request, body []byte, at time.Time) error {
	return c.sign(req, body, at, c.auth.Window)
}

func (c *Credentials) sign(req *http.Request, body []byte, at time.Time, valid time.Duration) error {
	if origin := originOf(req.URL); origin != c.origin || req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host) {
		return fmt.Errorf("sign a request: the key is bound to %s and signs nothing for %s", c.origin, origin)
	}
	message := req.URL.RequestURI()
	if req.Method == http.MethodPost {
		message = string(body) // the path of a POST is not signed
	}
	var stamp string
	if c.auth.Nonce {
		stamp = c.next(at)
		req.Header.Set("ACCESS-NONCE", stamp)
	} else {
		begin, window := strconv.FormatInt(at.UnixMilli(), 10), strconv.FormatInt(valid.Milliseconds(), 10)
		req.Header.Set("ACCESS-REQUEST-TIME", begin)
		req.Header.Set("ACCESS-TIME-WINDOW", window)
		stamp = begin + window
	}
	req.Header.Set("ACCESS-KEY", c.id)
	req.Header.Set("ACCESS-SIGNATURE", Signature(*c.secret, stamp+message))
	return nil
}

// next is a nonce in milliseconds that rises whatever the clock does.
func (c *Credentials) next(now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nonce = max(c.nonce+1, now.UnixMilli())
	return strconv.FormatInt(c.nonce, 10)
}

// queue waits until no other request with a nonce is under way. The function that it returns lets the next one go.
func (c *Credentials) queue(ctx context.Context) (done func(), err error) {
	if !c.auth.Nonce {
		return func() {}, nil
	}
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the request before with the same key: %w", context.Cause(ctx))
	}
}

// Signature is the lower-case hexadecimal HMAC-SHA256 of message. What message is made of: the time and window, or
// the nonce; then for GET the path with /v1 and the query exactly as sent, for POST the exact body.
func Signature(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, message)
	return hex.EncodeToString(mac.Sum(nil))
}

package bitbank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"time"
)

// ErrNoKey is what every call about an account says without credentials.
var ErrNoKey = errors.New("there is no key")

// A dispatch is one signed request.
type dispatch struct {
	op    string
	class Class
	write bool
	path  string     // with /v1
	query url.Values // of a GET
	body  []byte     // of a POST; nil makes it a GET
}

// A journey is how far a dispatch came.
type journey struct {
	unsent Proof // that it had no effect; "" once a part of its body left
	at     time.Time
	window time.Duration
}

// signed sends d once and reads the data of its answer.
func signed[T any](ctx context.Context, c *Client, d dispatch) (T, journey, error) {
	var none T
	j := journey{unsent: ProofNotBegun}
	if c.key == nil {
		return none, j, ErrNoKey
	}
	slot, err := c.limiter.Wait(ctx, d.class, c.call.Priority)
	if err != nil {
		j.unsent = ProofLimit
		return none, j, err
	}
	defer slot.Release()
	turn, err := c.key.queue(ctx)
	if err != nil {
		return none, j, err
	}
	defer turn()
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	req, body, err := c.seal(ctx, d, &j)
	if err != nil {
		return none, j, err
	}
	a, err := c.transport(d.op, slot, req)
	j.unsent = ""
	if body != nil && body.seal() {
		j.unsent = ProofNotSent
	}
	if err != nil {
		return none, j, quiet(err)
	}
	out, err := decode[T](d.op, a.status, a.kind, a.body)
	if errors.Is(err, ErrRateLimited) {
		slot.Refused(a.pause)
	}
	if e, refused := errors.AsType[*Error](err); refused && c.call.At.IsZero() {
		c.key.Heed(e.Code, a.date)
	}
	return out, j, quiet(err)
}

// withDeadline sees to it that no call lasts for ever.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

// seal makes the request, signs it and has it recorded.
func (c *Client) seal(ctx context.Context, d dispatch, j *journey) (*http.Request, *letter, error) {
	address := c.private + d.path
	if len(d.query) > 0 {
		address += "?" + d.query.Encode()
	}
	method := http.MethodGet
	if d.body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, nil, err
	}
	if j.at, j.window, err = c.stamp(d.write); err != nil {
		return nil, nil, err
	}
	if err := c.key.sign(req, d.body, j.at, j.window); err != nil {
		return nil, nil, err
	}
	if d.write && c.call.BeforeSend != nil {
		if err := c.call.BeforeSend(ctx, Attempt{Op: d.op, Path: d.path, Body: d.body, At: j.at, Window: j.window}); err != nil {
			return nil, nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	if d.body == nil {
		return req, nil, nil
	}
	body := &letter{body: d.body}
	// GetBody stays nil: it is what lets a transport send a body again.
	req.Body, req.ContentLength = body, int64(len(d.body))
	req.Header.Set("Content-Type", "application/json")
	return req, body, nil
}

// An answer is what came back.
type answer struct {
	status int
	kind   string // Content-Type
	body   []byte
	pause  time.Duration // Retry-After
	date   string        // Date
}

// transport sends req, at most once, and tells slot, if there is one, when it leaves.
func (c *Client) transport(op string, slot *Slot, req *http.Request) (answer, error) {
	sent := func() {}
	if slot != nil {
		sent = slot.Sent
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{WroteHeaders: sent}))
	req, once := onlyOnce(req)
	defer once.end()
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		if !once.unsent() {
			sent()
		}
		return answer{}, once.explain(err)
	}
	sent() // for transports that do not trace
	defer res.Body.Close()
	a := answer{status: res.StatusCode, kind: res.Header.Get("Content-Type"), date: res.Header.Get("Date")}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 && s <= 60 {
		a.pause = time.Duration(s) * time.Second
	}
	if a.body, err = read(op, res); err != nil {
		if _, broken := errors.AsType[*BodyError](err); !broken {
			err = fmt.Errorf("read the answer: %w", err)
		}
		return answer{}, err
	}
	return a, nil
}

// ask sends a read once.
func ask[T any](ctx context.Context, c *Client, op, path string, query url.Values) (T, error) {
	out, _, err := signed[T](ctx, c, dispatch{op: op, class: Query, path: path, query: query})
	return out, named(op, err)
}

// named puts the call before an error that does not name it yet.
func named(op string, err error) error {
	if err == nil {
		return nil
	}
	_, refused := errors.AsType[*Error](err)
	_, broken := errors.AsType[*BodyError](err)
	_, foreign := errors.AsType[*StatusError](err)
	if refused || broken || foreign {
		return err
	}
	return fmt.Errorf("%s: %w", op, err)
}

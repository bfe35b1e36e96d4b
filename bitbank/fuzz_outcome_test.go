package bitbank

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// canned answers every request with the same.
type canned struct {
	status int
	kind   string
	body   []byte
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}, "Location": {"http://elsewhere.invalid/"}},
		Body: io.NopCloser(bytes.NewReader(c.body)), Request: r,
	}, nil
}

// Whatever comes back, an order is placed only by a success that names it, refused only by a code that proves it, and
// lost otherwise.
func FuzzOutcome(f *testing.F) {
	const origin = "http://api.invalid"
	answer := &canned{}
	key, err := NewCredentials("key", "secret", origin, Auth{})
	if err != nil {
		f.Fatal(err)
	}
	limiter, err := NewLimiter(LimiterOptions{Query: 1 << 30, Update: 1 << 30, Margin: 1})
	if err != nil {
		f.Fatal(err)
	}
	c, err := New(Options{HTTP: &http.Client{Transport: answer}, PrivateURL: origin, Credentials: key, Limiter: limiter})
	if err != nil {
		f.Fatal(err)
	}
	one, err := ParseNumber("1")
	if err != nil {
		f.Fatal(err)
	}
	order := NewOrder{Pair: "btc_jpy", Side: Buy, Type: Limit, Amount: one, Price: one}
	for _, body := range []string{
		`{"success":1,"data":{"order_id":9007199254740993,"pair":"btc_jpy","side":"buy","type":"limit","price":"1","start_amount":"1"}}`,
		`{"success":1,"data":{"order_id":"7"}}`, `{"success":0,"data":{"code":60001}}`, `{"success":0,"data":{"code":10007}}`, `<html>`, ``,
	} {
		f.Add(200, "application/json", []byte(body))
		f.Add(502, "text/html", []byte(body))
		f.Add(302, "", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		if status < 200 || status > 999 {
			return // no HTTP answer
		}
		*answer = canned{status, kind, body}
		o := c.PlaceOrder(t.Context(), order)
		limiter.lanes[Update].log = nil // each look through a long one takes long
		var raw struct {
			Success json.Number `json:"success"`
			Data    struct {
				ID   any         `json:"order_id"`
				Code json.Number `json:"code"`
			} `json:"data"`
		}
		rawErr := loose(body, &raw)
		placed, done := o.Done()
		refusal, refused := o.Refused()
		_, lost := o.Lost()
		switch {
		case done && (refused || lost || rawErr != nil || raw.Success != "1" || status >= 300 || placed.ID <= 0 || fmt.Sprint(raw.Data.ID) != fmt.Sprint(int64(placed.ID))):
			t.Fatalf("%d %q is placed: %+v", status, body, placed)
		case refused && (lost || rawErr != nil || raw.Success != "0" || refusal.Proof != ProofCode || fmt.Sprint(raw.Data.Code) != fmt.Sprint(int(refusal.Code)) || !codes[refusal.Code].Order.NotApplied()):
			t.Fatalf("%d %q is refused: %+v", status, body, refusal)
		case !done && !refused && !lost:
			t.Fatalf("%d %q is nothing", status, body)
		}
	})
}

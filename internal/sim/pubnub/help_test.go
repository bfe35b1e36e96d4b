package pubnub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"hikeshi/internal/pipe"
	"hikeshi/internal/sim/pubnub"
)

const (
	key  = "sub-c-test"
	mine = "channel-of-mine"
)

// A rig is a server on a network in memory.
type rig struct {
	*pubnub.Server
	client *http.Client
}

// cleaner is a test or a property's run.
type cleaner interface{ Cleanup(func()) }

func build(t cleaner, o pubnub.Options) *rig {
	o.SubscribeKey = key
	r := &rig{Server: pubnub.New(o)}
	ln := pipe.Listen()
	srv := &http.Server{Handler: r.Server}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	// Go's client asks again by itself when a connection that it has used before is cut.
	r.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: ln.DialContext}}
	t.Cleanup(func() {
		r.Server.Close()
		srv.Close()
		<-served
	})
	return r
}

// get asks for a path; what went wrong comes back as text, since some ask from goroutines of their own.
func (r *rig) get(path string) (int, string) {
	got, err := r.client.Get("http://pubnub" + path)
	if err != nil {
		return 0, err.Error()
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return 0, err.Error()
	}
	return got.StatusCode, string(b)
}

// A reader is a client of one channel that speaks plain HTTP.
type reader struct {
	rig            *rig
	channel, token string
	place          string
}

// join grants a token for a channel and makes the first call.
func (r *rig) join(t *testing.T, channel string) *reader {
	t.Helper()
	c := &reader{rig: r, channel: channel, token: r.Grant(channel, time.Now().Add(12*time.Hour)), place: "0"}
	if got := c.poll(t.Context()); got.status != 200 || len(got.messages) != 0 {
		t.Fatalf("first call: %+v", got)
	}
	return c
}

// heard is what one poll came to.
type heard struct {
	status   int
	messages []string // payloads
	body     string
	err      error
}

func (c *reader) path() string {
	q := url.Values{"uuid": {c.channel}, "auth": {c.token}, "tt": {c.place}}
	return "/v2/subscribe/" + key + "/" + url.PathEscape(c.channel) + "/0?" + q.Encode()
}

// poll asks once and goes on to where the answer says.
func (c *reader) poll(ctx context.Context) heard {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pubnub"+c.path(), nil)
	if err != nil {
		return heard{err: err}
	}
	got, err := c.rig.client.Do(req)
	if err != nil {
		return heard{err: err}
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return heard{err: err}
	}
	h := heard{status: got.StatusCode, body: string(b)}
	if got.StatusCode != http.StatusOK {
		return h
	}
	var a struct {
		T struct {
			T string
			R int
		}
		M []struct {
			D json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &a); err != nil {
		h.err = err
		return h
	}
	c.place = a.T.T
	for _, m := range a.M {
		h.messages = append(h.messages, string(m.D))
	}
	return h
}

// polling starts a poll and returns where its outcome will come.
func (c *reader) polling(ctx context.Context) <-chan heard {
	out := make(chan heard, 1)
	go func() { out <- c.poll(ctx) }()
	return out
}

// say publishes a number.
func (r *rig) say(channel string, n int, f pubnub.Fate) {
	r.Publish(channel, json.RawMessage(fmt.Sprint(n)), f, time.Now())
}

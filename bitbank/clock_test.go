package bitbank_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// A timekeeper is a bitbank that looks at nothing but the time of a request, by its own clock.
type timekeeper struct {
	ahead  time.Duration // of ours
	late   time.Duration // how long a request is under way
	dates  bool
	last   string // the request's time
	window string
}

func (k *timekeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(k.late)
	k.last, k.window = r.Header.Get("ACCESS-REQUEST-TIME"), r.Header.Get("ACCESS-TIME-WINDOW")
	at, err := strconv.ParseInt(k.last, 10, 64)
	if err != nil {
		return nil, err
	}
	window, err := strconv.ParseInt(k.window, 10, 64)
	if err != nil {
		return nil, err
	}
	now := time.Now().Add(k.ahead)
	body := `{"success":1,"data":{"assets":[{"asset":"jpy","free_amount":"1","onhand_amount":"1","locked_amount":"0","withdrawing_amount":"0"}]}}`
	switch behind := now.UnixMilli() - at; {
	case behind <= -1000:
		body = `{"success":0,"data":{"code":20034}}`
	case behind > window:
		body = `{"success":0,"data":{"code":20035}}`
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if k.dates {
		h.Set("Date", now.UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r}, nil
}

func keeping(t *testing.T, k *timekeeper) *bitbank.Client {
	t.Helper()
	key, err := bitbank.NewCredentials("key", "secret", "https://api.bitbank.cc", bitbank.Auth{Window: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c, err := bitbank.New(bitbank.Options{HTTP: &http.Client{Transport: k}, Credentials: key})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// After one refusal for its time a request is signed by bitbank's clock, and by ours again once ours is right.
func TestARefusedClockIsCorrected(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, -3 * time.Second, 3 * time.Second, 30 * time.Second, 48 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			k := &timekeeper{dates: true, ahead: ahead}
			c := keeping(t, k)
			for _, ahead := range []time.Duration{ahead, 0} {
				k.ahead = ahead
				if _, err := c.Assets(t.Context()); err == nil {
					t.Errorf("%v: bitbank took a time that is wrong", ahead)
				}
				time.Sleep(700 * time.Millisecond)
				if _, err := c.Assets(t.Context()); err != nil {
					t.Errorf("%v: after the refusal: %v", ahead, err)
				}
				if off := c.Now().Sub(time.Now().Add(ahead)).Abs(); off > 600*time.Millisecond {
					t.Errorf("%v: the client's clock is %v off bitbank's", ahead, off)
				}
			}
		})
	}
}

// What bitbank's clock does not explain changes nothing: a request that was long under way, an answer without a date, a request
// that was signed with another time on purpose.
func TestAClockThatIsRightIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		k    timekeeper
		call bitbank.Call
	}{
		"under way for long":   {k: timekeeper{dates: true, late: 3 * time.Second}},
		"no date":              {k: timekeeper{ahead: time.Minute}},
		"an old time, to look": {k: timekeeper{dates: true, ahead: time.Minute}, call: bitbank.Call{At: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := keeping(t, &c.k)
			if _, err := client.With(c.call).Assets(t.Context()); err == nil {
				t.Errorf("%s: bitbank took the request", name)
			}
			if off := time.Until(client.Now()); off != 0 {
				t.Errorf("%s: the clock was moved by %v", name, off)
			}
		})
	}
}

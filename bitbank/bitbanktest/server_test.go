package bitbanktest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func get(t *testing.T, c *http.Client, path string) (int, string) {
	t.Helper()
	res, err := c.Get("http://bitbank.invalid" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestEveryPayloadIsJSON(t *testing.T) {
	entries, err := payloads.ReadDir("payloads")
	if err != nil || len(entries) != 24 {
		t.Fatalf("%d payloads, %v", len(entries), err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".json")
		if !json.Valid([]byte(Payload(name))) {
			t.Errorf("%s is not JSON", name)
		}
	}
}

func TestPathsAnswerAsBitbankDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Key: "key", Secret: "secret"})
		c, end := Memory(s)
		defer end()
		for path, want := range map[string]string{
			"/btc_jpy/ticker":                      "200 success 1",
			"/BTC_JPY/ticker":                      "404 code 10000",
			"/btc_jpy/transactions/20260101":       "200 success 1",
			"/btc_jpy/candlestick/1day/2026":       "200 success 1",
			"/btc_jpy/candlestick/1day/2026/x":     "404 code 10000",
			"/spot/pairs":                          "200 success 1",
			"/v1/spot/pairs":                       "200 success 1",
			"/v1/nonexistent":                      "404 code 10000",
			"/v1/user/assets":                      "200 code 20003",
			"/v1/user/nonexistent":                 "200 code 20003",
			"/socket.io/?EIO=3&transport=polling":  "400 Unsupported",
			"/socket.io/?EIO=4&transport=longpoll": "400 Unsupported",
		} {
			status, body := get(t, c, path)
			text, number, _ := strings.Cut(want[4:], " ")
			if got := http.StatusText(status); got == "" || !strings.HasPrefix(want, itoa(status)) || !strings.Contains(body, text) || !strings.Contains(body, number) {
				t.Errorf("%s: %d %.80s, want %s", path, status, body, want)
			}
		}
		if n := len(s.Requests()); n != 12 {
			t.Errorf("%d requests were noted, want 12", n)
		}
	})
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestAFaultActsWhereAndAsOftenAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		c, end := Memory(s)
		defer end()
		undo := s.Fail(Fault{Path: "/btc_jpy/depth", Effect: Status, Status: 502, Body: "x"})
		s.Fail(Fault{Path: "/btc_jpy", Effect: Refuse, Code: 10008, Count: 2})
		for i, want := range []string{"502", "success\":0", "success\":0", "success\":1"} {
			path := "/btc_jpy/ticker"
			if i == 0 {
				path = "/btc_jpy/depth"
			}
			if status, body := get(t, c, path); !strings.Contains(itoa(status)+body, want) {
				t.Errorf("request %d: %d %s, want %s", i, status, body, want)
			}
		}
		undo()
		undo() // twice is no harm
		if status, _ := get(t, c, "/btc_jpy/depth"); status != 200 {
			t.Errorf("after undo: %d", status)
		}
		s.Fail(Fault{Effect: Slow, Delay: 7 * time.Second, Count: 1})
		began := time.Now()
		if _, body := get(t, c, "/tickers"); body != Payload("tickers") || time.Since(began) != 7*time.Second {
			t.Errorf("slow: %s after %v", body, time.Since(began))
		}
		s.Answer("/tickers", "{}")
		if _, body := get(t, c, "/tickers"); body != "{}" {
			t.Errorf("answer: %s", body)
		}
	})
}

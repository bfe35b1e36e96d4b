package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// try asks a host in memory; within bounds how long.
func try(t *testing.T, c *http.Client, path string, within time.Duration, header ...string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	return got, string(b), err
}

// Every kind of host, every effect that concerns requests: what a client sees, in virtual time.
func TestEveryEffectOnEveryKindOfHost(t *testing.T) {
	hosts := map[string]string{
		"public": "/btc_jpy/ticker", "private": "/v1/spot/status", "stream": "/socket.io/?EIO=4&transport=polling", "pubnub": "/time/0",
		"web": "/", "status": "/", "support": "/hc/ja", "neutral1": "/", "venue1": "/v1/ticker",
	}
	timeout := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	for _, c := range []struct {
		fault string
		seen  func(host string, r *http.Response, body string, err error) bool
	}{
		{`"effect":"blackhole","count":1`, func(_ string, _ *http.Response, _ string, err error) bool { return timeout(err) }},
		{`"effect":"drop_request"`, func(_ string, _ *http.Response, _ string, err error) bool { return timeout(err) }},
		{`"effect":"drop_response"`, func(_ string, _ *http.Response, _ string, err error) bool { return timeout(err) }},
		{`"effect":"drop_response","delay_ms":100`, func(_ string, _ *http.Response, _ string, err error) bool { return errors.Is(err, io.EOF) }},
		{`"effect":"slow","delay_ms":10000`, func(_ string, _ *http.Response, _ string, err error) bool { return timeout(err) }},
		{`"effect":"slow","delay_ms":1000`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body != ""
		}},
		{`"effect":"truncate"`, func(host string, r *http.Response, body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && (body != "" || host == "stream")
		}},
		{`"effect":"html"`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && strings.Contains(r.Header.Get("Content-Type"), "html") && strings.Contains(body, "エラー")
		}},
		{`"effect":"html","status":403,"body":"<p>いけません</p>"`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 403 && body == "<p>いけません</p>"
		}},
		{`"effect":"empty"`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body == ""
		}},
		{`"effect":"empty","status":504`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 504 && body == ""
		}},
		{`"effect":"status","status":503`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 503 && strings.Contains(body, "<h1>503 Service Unavailable</h1>")
		}},
		{`"effect":"status","status":429,"body":"{\"success\":0,\"data\":{\"code\":10009}}"`, func(_ string, r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 429 && strings.Contains(body, "10009") && r.Header.Get("Content-Type") == jsonType
		}},
		{`"effect":"maintenance"`, func(host string, r *http.Response, body string, err error) bool {
			if slices.Contains([]string{"public", "private", "stream", "pubnub"}, host) {
				return err == nil && r.StatusCode == 200 && body == `{"success":0,"data":{"code":10007}}`
			}
			return err == nil && r.StatusCode == 503 && strings.Contains(body, "メンテナンス")
		}},
		{`"effect":"clock_skew","delay_ms":-90000`, func(_ string, r *http.Response, _ string, err error) bool {
			if err != nil {
				return false
			}
			at, perr := http.ParseTime(r.Header.Get("Date"))
			return perr == nil && time.Since(at).Round(2*time.Second) == 90*time.Second
		}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := New(Options{Seed: 1})
				if err != nil {
					t.Fatal(err)
				}
				go s.Play(t.Context())
				for host, path := range hosts {
					client := serveInMemory(t, s, host)
					if r, _, err := try(t, client, path, 3*time.Second); err != nil || r.StatusCode != 200 {
						t.Fatalf("%s is not well: %v %v", host, r, err)
					}
					id := fault(t, s, `{"host":"`+host+`",`+c.fault+`}`)
					began := time.Now()
					r, body, err := try(t, client, path, 3*time.Second)
					if !c.seen(host, r, body, err) {
						t.Errorf("%s: saw %+v %q %v", host, r, body, err)
					}
					if strings.Contains(c.fault, `"delay_ms":1000,`) && time.Since(began) != time.Second {
						t.Errorf("%s: took %v", host, time.Since(began))
					}
					callControl(t, s, "DELETE", "/faults/"+id, "")
					if r, _, err := try(t, client, path, 3*time.Second); err != nil || r.StatusCode != 200 {
						t.Errorf("%s does not recover: %v %v", host, r, err)
					}
				}
			})
		})
	}
}

// The difference that costs money: a request that was lost has done nothing, an answer that was lost has done its work. A
// nonce shows which.
func TestALostRequestDidNothingAndALostAnswerDid(t *testing.T) {
	for effect, spent := range map[string]bool{
		`"drop_request"`: false, `"drop_response"`: true, `"api_error","code":10005`: false, `"api_error_after","code":10005`: true,
		`"truncate"`: true, `"html"`: false, `"status","status":502`: false, `"status_after","status":502`: true, `"maintenance"`: false, `"blackhole"`: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			c := serveInMemory(t, s, "private")
			fault(t, s, `{"host":"private","match":{"path":"/v1/user/assets"},"count":1,"effect":`+effect+`}`)
			header := nonced("sim-secret", "7", assetsPath)
			try(t, c, assetsPath, time.Second, header...)
			synctest.Wait()
			want := 0
			if spent {
				want = 20001
			}
			if got := code(t, get(t, s, "private", assetsPath, header...)); got != want {
				t.Errorf("%s: the same nonce again gives %d, want %d", effect, got, want)
			}
		})
	}
}

// A host with a wrong clock judges signed requests by it.
func TestASkewedClockRefusesSignedRequests(t *testing.T) {
	for skew, want := range map[string]int{"-5000": 20034, "-500": 0, "4000": 0, "9000": 20035} {
		s := calm(t, Options{})
		fault(t, s, `{"host":"private","effect":"clock_skew","delay_ms":`+skew+`}`)
		if got := code(t, get(t, s, "private", assetsPath, windowed("sim-key", "sim-secret", ms(time.Now()), "5000", assetsPath)...)); got != want {
			t.Errorf("%s ms: %d, want %d", skew, got, want)
		}
	}
}

// A stale read shows a world of half a minute to a minute ago; a frozen one stands still from now on.
func TestStaleAndFrozenReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1})
		age := func() time.Duration {
			at, err := rest(t, s, "/btc_jpy/depth")["timestamp"].(json.Number).Int64()
			if err != nil {
				t.Fatal(err)
			}
			return time.Since(time.UnixMilli(at))
		}
		for range 20 {
			wait(7 * time.Second)
			if got := age(); got > 10*time.Second {
				t.Fatalf("a live book is %v old", got)
			}
			id := fault(t, s, `{"host":"public","effect":"stale_read"}`)
			if got := age(); got < 20*time.Second || got > 80*time.Second {
				t.Errorf("a stale book is %v old", got)
			}
			callControl(t, s, "DELETE", "/faults/"+id, "")
		}
		fault(t, s, `{"host":"public","effect":"freeze_sequence","match":{"pair":"btc_jpy"}}`)
		before, other := plainJSON(t, rest(t, s, "/btc_jpy/depth")), plainJSON(t, rest(t, s, "/eth_jpy/depth"))
		wait(time.Minute)
		if plainJSON(t, rest(t, s, "/btc_jpy/depth")) != before {
			t.Error("a frozen book moves")
		}
		if plainJSON(t, rest(t, s, "/eth_jpy/depth")) == other {
			t.Error("another pair's book is frozen too")
		}
		fault(t, s, `{"host":"private","effect":"stale_read"}`)
		post(t, s, "/pairs/btc_jpy", `{"status":"HALT"}`)
		if body := text(t, get(t, s, "private", "/v1/spot/status")); strings.Contains(body, "HALT") {
			t.Error("a stale status knows of the present")
		}
	})
}

// The black hole of one request ends with its fault.
func TestABlackHoleOfOneRequestLetsGoWhenItIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		c := serveInMemory(t, s, "public")
		id := fault(t, s, `{"host":"public","effect":"blackhole","match":{"pair":"btc_jpy"}}`)
		time.AfterFunc(5*time.Second, func() { callControl(t, s, "DELETE", "/faults/"+id, "") })
		began := time.Now()
		if _, _, err := try(t, c, "/btc_jpy/ticker", time.Minute); !errors.Is(err, io.EOF) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestTheStreamLivesUnderItsPathOnly(t *testing.T) {
	s := calm(t, Options{})
	for path, want := range map[string]int{"/socket.io/?EIO=4&transport=polling": 200, "/?EIO=4&transport=polling": 404, "/": 404, "/socket.io/": 400} {
		if r := get(t, s, "stream", path); r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
	}
}

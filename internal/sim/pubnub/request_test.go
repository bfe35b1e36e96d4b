package pubnub

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"
)

// No request breaks the reader, and what it lets through is whole.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{
		"/time/0", "/v2/subscribe/k/c/0", "/v2/subscribe/k/a,b%2Cc,,a/0", "/v2/subscribe/k/%zz/0", "/v2/presence/sub-key/k/channel/c/heartbeat",
		"/v2/presence/sub_key/k/channel/,/leave", "/v2/presence/x/k/channel/c/leave", "/publish/p/k/0/c/0/1", "", "/", "//", "/v2",
	} {
		f.Add("GET", path, "uuid=c&auth=t&tt=17672256000000000&tr=12&channel-group=g,h&ee=&state=%7B%7D&filter-expr=x")
	}
	f.Add("POST", "/v2/subscribe/k/c/0", "tt=x;y")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		r, wrong := parse(method, path, query)
		if wrong != nil {
			status, body := wrong.say()
			if status < 400 || status > 499 || !json.Valid(body) {
				t.Fatalf("%d %s", status, body)
			}
			return
		}
		switch r.call {
		case subscribe, heartbeat, leave:
			if n := len(r.channels) + len(r.groups); n == 0 || n > maxChannels || r.place < 0 || slices.Contains(r.channels, "") {
				t.Fatalf("%+v", r)
			}
			doubles := len(slices.Compact(slices.Sorted(slices.Values(r.channels))))
			if doubles != len(r.channels) {
				t.Fatalf("channels %q hold doubles", r.channels)
			}
		}
	})
}

// Whatever is asked, the server answers, and with JSON; only who has a token and is up to date waits.
func FuzzServer(f *testing.F) {
	s := New(Options{SubscribeKey: "k", Seed: 1, Hold: time.Nanosecond})
	f.Cleanup(s.Close)
	token := s.Grant("c", time.Now().Add(time.Hour))
	f.Add("/v2/subscribe/k/c/0", "uuid=c&tt=1&auth="+token)
	f.Add("/v2/subscribe/k/c,d/0", "uuid=c&auth="+token)
	f.Add("/v2/presence/sub-key/k/channel/c/leave", "uuid=c&auth="+token)
	f.Add("/time/0", "")
	f.Fuzz(func(t *testing.T, path, query string) {
		u := &url.URL{Path: path, RawQuery: query}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = u
		a, ok := s.Answer(r, 0)
		if !ok || a.Status < 200 || a.Status > 499 || !json.Valid(a.Body) {
			t.Fatalf("%v %d %s", ok, a.Status, a.Body)
		}
	})
}

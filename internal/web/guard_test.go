package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// every address, as somebody would ask for it.
var addresses = []string{
	"/", "/orders", "/login", "/explain?code=60001", "/api/v1/orders", "/api/v1/transfers", "/history", "/help", "/settings", "/static/app.css", "/sw.js", "/manifest.webmanifest", "/api/v1/verdict", "/api/v1/components",
	"/api/v1/incidents", "/api/v1/evidence", "/api/v1/series?target=public/ticker", "/api/v1/market", "/api/v1/openapi.yaml",
	"/api/v1/openapi.json", "/metrics", "/healthz", "/readyz", "/nothing", "/api/v1/nothing", "/static/nothing",
}

// A page from elsewhere may point its own name at 127.0.0.1 and then read what it likes, unless the name is looked at.
func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	h := New(Options{Source: &fake{}, Addr: "127.0.0.1:8710", Hosts: []string{"Watch.local"}})
	for host, want := range map[string]bool{
		"127.0.0.1:8710": true, "localhost:8710": true, "LOCALHOST": true, "localhost.": true, "[::1]:8710": true, "::1": true, "127.0.0.1:9999": true, "watch.LOCAL:80": true,
		"evil.example": false, "evil.example:8710": false, "127.0.0.1.evil.example": false, "localhost.evil.example:8710": false, "evil.example:127.0.0.1": false,
		"": false, ":8710": false, "192.168.1.2:8710": false, "0.0.0.0:8710": false, "[::]:8710": false, "127.0.0.1@evil.example": false,
	} {
		for _, path := range addresses {
			got := get(t, h, path, func(r *http.Request) { r.Host = host }).StatusCode != http.StatusMisdirectedRequest
			if got != want {
				t.Errorf("%s under Host %q: answered is %t, want %t", path, host, got, want)
			}
		}
	}
}

func TestNothingIsWrittenThroughThisDoor(t *testing.T) {
	h := handler(&fake{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace, "PURGE"} {
		for _, path := range append(addresses, "/api/v1/events") {
			r := get(t, h, path, func(r *http.Request) { r.Method = method })
			if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s, allows %q", method, path, r.Status, r.Header.Get("Allow"))
			}
		}
	}
}

func TestPagesOfOtherSitesMayLinkButNotRead(t *testing.T) {
	now := time.Now()
	h := handler(&fake{snap: scenes(now)[0].snapshot(now)})
	from := func(site, mode string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Sec-Fetch-Mode", mode)
		}
	}
	for _, c := range []struct {
		site, mode string
		want       int
	}{
		{"cross-site", "no-cors", http.StatusForbidden}, {"cross-site", "cors", http.StatusForbidden}, {"cross-site", "websocket", http.StatusForbidden},
		{"cross-site", "navigate", http.StatusOK}, {"same-origin", "cors", http.StatusOK}, {"none", "navigate", http.StatusOK},
	} {
		if got := get(t, h, "/api/v1/verdict", from(c.site, c.mode)).StatusCode; got != c.want {
			t.Errorf("%s %s: %d, want %d", c.site, c.mode, got, c.want)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	now := time.Now()
	for name, h := range map[string]http.Handler{"running": handler(&fake{snap: scenes(now)[0].snapshot(now)}), "starting": handler(&fake{}), "broken": handler(&fake{broken: true})} {
		for _, path := range append(addresses, "/settings?lang=en") {
			for _, host := range []string{"127.0.0.1:8710", "evil.example"} {
				r := get(t, h, path, func(r *http.Request) { r.Host = host })
				for header, want := range map[string]string{
					"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
					"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
				} {
					if got := r.Header.Get(header); !strings.HasPrefix(got, want) {
						t.Errorf("%s: %s under %s has %s %q", name, path, host, header, got)
					}
				}
				for header := range r.Header {
					if strings.HasPrefix(header, "Access-Control-") || header == "Server" {
						t.Errorf("%s: %s sets %s", name, path, header)
					}
				}
				if r.Header.Get("Content-Type") == "" && r.StatusCode != http.StatusSeeOther {
					t.Errorf("%s: %s has no content type", name, path)
				}
			}
		}
	}
	for _, unsafe := range []string{"unsafe-inline", "unsafe-eval", "data:", "http:", "https:", "*"} {
		if strings.Contains(contentPolicy, unsafe) {
			t.Errorf("the policy allows %s", unsafe)
		}
	}
}

func TestAHeadRequestHasTheHeadersAndNoBody(t *testing.T) {
	now := time.Now()
	s := httptest.NewServer(handler(&fake{snap: scenes(now)[0].snapshot(now)}))
	defer s.Close()
	for _, path := range append(addresses, "/api/v1/events") {
		r, err := http.Head(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.Header.Get("Content-Security-Policy") == "" || r.Header.Get("Content-Type") == "" {
			t.Errorf("HEAD %s: %v", path, r.Header)
		}
	}
}

package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hikeshi/bitbank"
)

// What is forwarded is the bot's target as it came, with the account's signature and nothing of the bot's.
func TestReadsAreForwardedAsTheyCame(t *testing.T) {
	for _, c := range []struct {
		bot, method, target, body string
		host                      string // "" when it is not forwarded
		signed                    bool
	}{
		{"reader", "GET", "/v1/user/assets", "", "api.test", true},
		{"reader", "GET", "/v1/user/subscribe", "", "api.test", true},
		{"reader", "GET", "/v1/user/spot/order?pair=btc_jpy&order_id=1", "", "api.test", true},
		{"reader", "GET", "/v1/user/spot/order?order_id=1&pair=btc_jpy&x=%E6%B3%A8+a&y=%2f", "", "api.test", true},
		{"reader", "GET", "/v1/user/spot/active_orders?", "", "api.test", true},
		{"reader", "GET", "/v1/user/anything/new", "", "api.test", true},
		{"reader", "POST", "/v1/user/spot/orders_info", `{"pair": "btc_jpy", "order_ids": [1,2]}`, "api.test", true},
		{"", "GET", "/v1/spot/pairs", "", "api.test", false},
		{"", "GET", "/spot/pairs", "", "api.test", false},
		{"", "GET", "/v1/spot/status", "", "api.test", false},
		{"", "GET", "/spot/status?a=1", "", "api.test", false},
		{"", "GET", "/btc_jpy/ticker", "", "public.test", false},
		{"", "GET", "/btc_jpy/depth", "", "public.test", false},
		{"", "GET", "/btc_jpy/transactions/20251125", "", "public.test", false},
		{"", "GET", "/btc_jpy/candlestick/1min/20251125", "", "public.test", false},
		{"", "GET", "/btc_jpy/circuit_break_info", "", "public.test", false},
		{"", "GET", "/tickers", "", "public.test", false},
		{"", "GET", "/tickers_jpy", "", "public.test", false},
	} {
		k := newKit(t, fine(0))
		r := request(t, t.Context(), c.bot, c.method, c.target, c.body)
		r.Header.Set("Cookie", "a=b")
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		w := k.do(r)
		if len(k.host.requests) != 1 {
			t.Errorf("%s %s: %d requests left, HTTP %d %s", c.method, c.target, len(k.host.requests), w.Code, w.Body)
			continue
		}
		got := k.host.requests[0]
		if got.Method != c.method || got.URL.Host != c.host || got.URL.RequestURI() != c.target || k.host.bodies[0] != c.body {
			t.Errorf("%s %s %s: became %s %s %s", c.method, c.target, c.body, got.Method, got.URL, k.host.bodies[0])
		}
		want := []string{"Accept"}
		if c.signed {
			want = append(want, "Access-Key", "Access-Request-Time", "Access-Time-Window", "Access-Signature")
			message := c.target
			if c.body != "" {
				message = c.body
			}
			h := got.Header
			if h.Get("ACCESS-KEY") != "real-key" || h.Get("ACCESS-SIGNATURE") != bitbank.Signature("real-secret", h.Get("ACCESS-REQUEST-TIME")+h.Get("ACCESS-TIME-WINDOW")+message) {
				t.Errorf("%s: is not signed by the account: %v", c.target, h)
			}
		}
		if c.body != "" {
			want = append(want, "Content-Type")
		}
		if len(got.Header) != len(want) {
			t.Errorf("%s: was sent with %v, want %v alone", c.target, got.Header, want)
		}
		if w.Code != 200 || w.Body.String() != `{"success":1,"data":{"path":"`+got.URL.Path+`"}}` {
			t.Errorf("%s: HTTP %d %s", c.target, w.Code, w.Body)
		}
		if got.GetBody != nil {
			t.Errorf("%s: a transport could send it again", c.target)
		}
	}
}

func TestWhatIsNeverForwarded(t *testing.T) {
	for _, c := range []struct {
		bot, method, target, body string
		status                    int
		want                      bitbank.Code
	}{
		{"maker", "POST", "/v1/user/request_withdrawal", `{"asset":"btc","uuid":"u","amount":"1"}`, 200, 50011},
		{"", "POST", "/v1/user/request_withdrawal", ``, 200, 50011},
		{"maker", "GET", "/v1/user/request_withdrawal", ``, 200, 50011},
		{"maker", "POST", "/v1//user/request_withdrawal", ``, 200, 50011},
		{"maker", "POST", "/v1/user/confirm_deposits", `{}`, 200, 50011},
		{"maker", "POST", "/v1/user/confirm_deposits_all", `{}`, 200, 50011},
		{"maker", "POST", "/v1/user/anything", `{}`, 200, 10000},
		{"maker", "POST", "/v1/user/assets", `{}`, 200, 10000},
		{"maker", "POST", "/v1/anything", `{}`, 404, 10000},
		{"maker", "POST", "/v1/spot/pairs", `{}`, 404, 10000},
		{"maker", "POST", "/btc_jpy/ticker", `{}`, 404, 10000},
		{"maker", "DELETE", "/v1/user/spot/order", ``, 200, 10000},
		{"maker", "PUT", "/v1/user/spot/order", goodOrder, 200, 10000},
		{"maker", "OPTIONS", "/v1/user/spot/order", ``, 200, 10000},
		{"maker", "GET", "/v1/user/../user/assets", ``, 200, 10000},
		{"maker", "GET", "/v1/user/%61ssets", ``, 200, 10000},
		{"maker", "GET", "/v1/user//assets", ``, 200, 10000},
		{"maker", "GET", "/v1/user/assets/", ``, 200, 10000},
		{"maker", "GET", "/v1/other", ``, 404, 10000},
		{"", "GET", "/", ``, 404, 10000},
		{"", "GET", "/favicon.ico", ``, 404, 10000},
		{"", "GET", "/socket.io/", ``, 404, 10000},
		{"", "GET", "/btc_jpy", ``, 404, 10000},
		{"", "GET", "/v1/btc_jpy/ticker", ``, 404, 10000},
		{"", "GET", "/user/assets", ``, 200, 20018},
		{"", "GET", "/v1/user/assets", ``, 200, 20003},
		{"maker", "GET", "/v1/user/assets?a=" + strings.Repeat("x", maxTarget), ``, 200, 10000},
		{"maker", "POST", "/v1/user/spot/order", strings.Repeat(" ", maxBody) + "{}", 200, 10002},
	} {
		k := newKit(t, fine(0))
		w := k.ask(t, c.bot, c.method, c.target, c.body)
		if got := codeIn(w.Body.String()); got != c.want || w.Code != c.status {
			t.Errorf("%s %.60s: HTTP %d, code %d, want %d, %d", c.method, c.target, w.Code, got, c.status, c.want)
		}
		if n := k.host.count(); n != 0 || len(k.desk.orders) != 0 {
			t.Errorf("%s %.60s: %d requests left for bitbank, the desk was asked %d", c.method, c.target, n, len(k.desk.orders))
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s: a page of another origin may read it: %s", c.target, name)
			}
		}
	}
}

func TestWebPagesAndOtherNamesAreTurnedAway(t *testing.T) {
	k := newKit(t, fine(0), func(o *Options) { o.Hosts = []string{"Bots.Home"} })
	for _, c := range []struct {
		host, header, value string
		want                int
	}{
		{"localhost:8150", "", "", 200}, {"127.0.0.1:8150", "", "", 200}, {"[::1]:8150", "", "", 200}, {"LOCALHOST", "", "", 200},
		{"localhost.", "", "", 200}, {"bots.home:1", "", "", 200}, {"evil.example", "", "", 421}, {"localhost.evil.example:8150", "", "", 421},
		{"", "", "", 421}, {"192.0.2.1:8150", "", "", 421},
		{"localhost:8150", "Origin", "http://evil.example", 421}, {"localhost:8150", "Origin", "null", 421},
		{"localhost:8150", "Sec-Fetch-Site", "cross-site", 421}, {"localhost:8150", "Sec-Fetch-Site", "same-site", 421},
		{"localhost:8150", "Sec-Fetch-Mode", "cors", 200}, // fetch of Node, which is no page
	} {
		r := httptest.NewRequest(http.MethodGet, "/btc_jpy/ticker", nil)
		r.Host = c.host
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		if w := k.do(r); w.Code != c.want {
			t.Errorf("%s %s %s: HTTP %d, want %d", c.host, c.header, c.value, w.Code, c.want)
		}
	}
}

// Whatever bitbank says comes back as it is: refusals, other statuses, pages, odd spacing.
func TestAnswersComeBackByteForByte(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
	}{
		{200, `{"success":1,"data":{"a":1.10,  "b":"\u6ce8"}}` + "\n"},
		{200, `{"success":0,"data":{"code":20001}}`},
		{200, `{"success":0,"data":{"code":10007}}`},
		{404, `{"success":0,"data":{"code":10000}}`},
		{429, `{"success":0,"data":{"code":10009}}`},
		{403, `<html>blocked</html>`},
		{302, ``},
		{200, ``},
	} {
		k := newKit(t, func(*http.Request) (int, string, error) { return c.status, c.body, nil }, func(o *Options) { o.Hold = time.Second })
		w := k.ask(t, "reader", http.MethodGet, "/v1/user/assets", "")
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("HTTP %d %q became %d %q", c.status, c.body, w.Code, w.Body)
		}
		if want := c.status == 429; (w.Header().Get("Retry-After") == "2") != want {
			t.Errorf("HTTP %d: Retry-After %q", c.status, w.Header().Get("Retry-After"))
		}
	}
}

func TestAGatewayRefusesToBeMadeWrong(t *testing.T) {
	k := newKit(t, fine(0))
	nonces, err := bitbank.NewCredentials("id", "secret", privateHost, bitbank.Auth{Nonce: true})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := bitbank.NewCredentials("id", "secret", "https://api.bitbank.cc", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"desk":      func(o *Options) { o.Desk = nil },
		"hold":      func(o *Options) { o.Hold = 2 * time.Minute },
		"calls":     func(o *Options) { o.PerBot = 1000 },
		"host":      func(o *Options) { o.Public = "public.bitbank.cc" },
		"nonces":    func(o *Options) { o.Key = nonces },
		"bound":     func(o *Options) { o.Key = elsewhere },
		"a folder":  func(o *Options) { o.Private = privateHost + "/v1" },
		"a wildish": func(o *Options) { o.Private = "ftp://api.test" },
	} {
		o := k.o
		change(&o)
		if g, err := New(o); err == nil || g != nil {
			t.Errorf("%s: made", name)
		}
	}
}

func TestABotWaitsAsLongAsItsOwnSettingSays(t *testing.T) {
	k := newKit(t, fine(0), func(o *Options) {
		o.HoldOf = func(bot string) time.Duration {
			return map[string]time.Duration{"reader": 500 * time.Millisecond, "bot0": time.Hour}[bot]
		}
	})
	got := fmt.Sprint(k.hold("reader"), k.hold("maker"), k.hold("bot0"), k.hold(anyone))
	if want := "500ms 7.5s 1m0s 7.5s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package sim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever writes a wrong call is told which field is wrong and what was expected.
func TestTheControlHostNamesWhatIsWrong(t *testing.T) {
	s := calm(t, Options{})
	for _, c := range []struct {
		call, body string
		status     int
		want       string // the beginning of the error
	}{
		{"POST /faults", ``, 400, "the body is no JSON object"},
		{"POST /faults", `[]`, 400, "the body is no JSON object"},
		{"POST /faults", `{"host":"public","effect":"reset"}]`, 400, "the body holds more than one JSON value"},
		{"POST /faults", `{"host":"nowhere","effect":"reset"}`, 400, `host: "nowhere" is none of public, private,`},
		{"POST /faults", `{"host":"control","effect":"reset"}`, 400, "host: "},
		{"POST /faults", `{"host":"public","effect":"slowly"}`, 400, `effect: "slowly" is none of api_error,`},
		{"POST /faults", `{"host":"public"}`, 400, "effect: "},
		{"POST /faults", `{"host":"public","effect":"reset","kind":1}`, 400, "kind: no such field"},
		{"POST /faults", `{"host":"public","effect":"reset","id":"f1"}`, 400, "id: the simulator gives it"},
		{"POST /faults", `{"host":"public","effect":"slow"}`, 400, "delay_ms: slow needs it"},
		{"POST /faults", `{"host":"public","effect":"slow","delay_ms":"1"}`, 400, "delay_ms: expected a whole number, got string"},
		{"POST /faults", `{"host":"public","effect":"slow","delay_ms":1.5}`, 400, "delay_ms: expected a whole number"},
		{"POST /faults", `{"host":"public","effect":"slow","delay_ms":-1}`, 400, "delay_ms: expected milliseconds"},
		{"POST /faults", `{"host":"public","effect":"slow","delay_ms":1e20}`, 400, "delay_ms: expected a whole number"},
		{"POST /faults", `{"host":"public","effect":"slow","delay_ms":86400001}`, 400, "delay_ms: expected milliseconds"},
		{"POST /faults", `{"host":"public","effect":"reset","probability":1.5}`, 400, "probability: expected a number from 0 to 1"},
		{"POST /faults", `{"host":"public","effect":"reset","probability":"half"}`, 400, "probability: expected a number, got string"},
		{"POST /faults", `{"host":"public","effect":"reset","count":-1}`, 400, "count: expected"},
		{"POST /faults", `{"host":"public","effect":"reset","for_ms":-1}`, 400, "for_ms: expected"},
		{"POST /faults", `{"host":"public","effect":"reset","status":500}`, 400, "status: means nothing to reset"},
		{"POST /faults", `{"host":"public","effect":"refuse","count":1}`, 400, "count: means nothing to refuse"},
		{"POST /faults", `{"host":"public","effect":"status"}`, 400, "status: status needs it"},
		{"POST /faults", `{"host":"public","effect":"status","status":99}`, 400, "status: expected an HTTP status"},
		{"POST /faults", `{"host":"public","effect":"status","status":429,"retry_after":-1}`, 400, "retry_after: expected seconds"},
		{"POST /faults", `{"host":"public","effect":"status_after","status":502,"retry_after":1}`, 400, "retry_after: means nothing to status_after"},
		{"POST /faults", `{"host":"public","effect":"api_error"}`, 400, "code: api_error needs it"},
		{"POST /faults", `{"host":"public","effect":"api_error","code":404}`, 400, "code: expected one of bitbank's five-digit codes"},
		{"POST /faults", `{"host":"public","effect":"api_error_after","code":20001}`, 400, "code: expected a code after which"},
		{"POST /faults", `{"host":"web","effect":"api_error","code":10007}`, 400, "host: api_error happens to public and private only, not to web"},
		{"POST /faults", `{"host":"public","effect":"stall_stream"}`, 400, "host: stall_stream happens to stream and pubnub only"},
		{"POST /faults", `{"host":"stream","effect":"close_stream","body":"7"}`, 400, "body: expected 41"},
		{"POST /faults", `{"host":"public","effect":"cert_expired"}`, 400, "effect: cert_expired needs a simulator that was started with --tls"},
		{"POST /faults", `{"host":"private","effect":"queue_delay"}`, 400, "delay_ms: queue_delay needs it"},
		{"POST /faults", `{"host":"public","effect":"reset","match":{"method":"get"}}`, 400, "match.method: expected an HTTP method in capitals"},
		{"POST /faults", `{"host":"public","effect":"reset","match":{"path":"btc_jpy/ticker"}}`, 400, "match.path: expected a path that begins with /"},
		{"POST /faults", `{"host":"public","effect":"reset","match":{"path":7}}`, 400, "match.path: expected a string"},
		{"POST /faults", `{"host":"public","effect":"reset","match":{"pair":"btc_yen"}}`, 400, `match.pair: "btc_yen" is no pair`},
		{"POST /faults", `{"host":"public","effect":"reset","match":{"verb":"GET"}}`, 400, "verb: no such field"},
		{"DELETE /faults/f99", ``, 404, `fault "f99": there is none`},

		{"POST /pairs/no_jpy", `{"status":"HALT"}`, 404, `pair "no_jpy": there is none`},
		{"POST /pairs", `{}`, 404, `pair "": there is none`},
		{"POST /pairs/btc_jpy", `{"status":"halt"}`, 400, `status: "halt" is none of NORMAL`},
		{"POST /pairs/btc_jpy", `{"min_amount":0.01}`, 400, "min_amount: expected a string, got number"},
		{"POST /pairs/btc_jpy", `{"min_amount":"-1"}`, 400, `min_amount: "-1" is no positive decimal number`},
		{"POST /pairs/btc_jpy", `{"min_amount":"1e3"}`, 400, `min_amount: "1e3" is no positive decimal number`},
		{"POST /pairs/btc_jpy", `{"min_amount":"0x10"}`, 400, "min_amount: "},
		{"POST /pairs/btc_jpy", `{"min_amount":"NaN"}`, 400, "min_amount: "},
		{"POST /pairs/btc_jpy", `{"flags":{"stop_everything":true}}`, 400, `flags: "stop_everything" is none of bitbank's nine`},
		{"POST /pairs/btc_jpy", `{"flags":{"stop_order":"yes"}}`, 400, "flags: expected true or false, got string"},
		{"POST /pairs/btc_jpy", `{"circuit_break":"ON"}`, 400, `circuit_break: "ON" is none of NONE`},

		{"POST /market", `{"pair":"no_jpy","last":"1"}`, 400, `pair: "no_jpy" is no pair`},
		{"POST /market", `{"pair":"btc_jpy"}`, 400, "move_percent: expected a number in a string"},
		{"POST /market", `{"pair":"btc_jpy","move_percent":-8}`, 400, "move_percent: expected a string, got number"},
		{"POST /market", `{"pair":"btc_jpy","move_percent":"-100"}`, 400, "move_percent: expected"},
		{"POST /market", `{"pair":"btc_jpy","move_percent":"NaN"}`, 400, "move_percent: expected"},
		{"POST /market", `{"pair":"btc_jpy","move_percent":"1","over_ms":-1}`, 400, "over_ms: expected milliseconds"},
		{"POST /market", `{"pair":"btc_jpy","last":"1","over_ms":1}`, 400, "last: jumps at once"},
		{"POST /market", `{"pair":"btc_jpy","last":"0"}`, 400, `last: "0" is no positive decimal number`},
		{"POST /market", `{"pair":"btc_jpy","last":"Inf"}`, 400, `last: "Inf" is no positive decimal number`},
		{"POST /market", `{"pair":"btc_jpy","last":"1","where":"venue4"}`, 400, `where: "venue4" is none of bitbank, venues,`},
		{"POST /market", `{"pair":"mona_jpy","last":"1","where":"venues"}`, 400, "pair: mona_jpy is not traded elsewhere"},
		{"POST /market", `{"pair":"btc_jpy","last":"NaN","where":"venue1"}`, 400, `last: "NaN" is no positive decimal number`},
		{"POST /market", `{"pair":"btc_jpy","move_percent":"x","where":"venue1"}`, 400, "move_percent: expected"},
		{"POST /venues/venue4", `{"frozen":true}`, 404, `venue "venue4": there are venue1, venue2 and venue3`},
		{"POST /venues/venue1", `{"frozen":"yes"}`, 400, "frozen: expected true or false, got string"},
		{"POST /market", `{"pair":"xrp_btc","last":"1"}`, 400, "pair: xrp_btc is delisted"},
		{"POST /market", `{"pair":"xrp_btc","move_percent":"1"}`, 400, "pair: xrp_btc is delisted"},

		{"POST /notices", `{"channel":"fax","title":"x"}`, 400, `channel: "fax" is none of news`},
		{"POST /notices", `{"channel":"news"}`, 400, "body: a notice needs a title or a body"},
		{"POST /notices", `{"channel":"news","title":"x","published_at":"yesterday"}`, 400, `published_at: "yesterday" is no RFC 3339 time`},

		{"POST /scenarios/none", ``, 404, `scenario "none": there is none`},
		{"POST /scenarios", ``, 404, `scenario "": there is none`},
		{"GET /nothing", ``, 404, "GET /nothing: no such call"},
		{"PUT /faults", ``, 404, "PUT /faults: no such call"},
		{"GET /hosts/public/more", ``, 404, "/hosts/public/more: no such path"},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		status, body := callControl(t, s, method, path, c.body)
		var got struct {
			Error string `json:"error"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != c.status || !strings.HasPrefix(got.Error, c.want) {
			t.Errorf("%s %s\n got %d %q\nwant %d %q", c.call, c.body, status, got.Error, c.status, c.want)
		}
	}
	if left := s.faults.all(); len(left) != 0 {
		t.Errorf("a refused call left faults: %v", left)
	}
}

func TestWhatIsBoundedSaysSo(t *testing.T) {
	s := calm(t, Options{})
	for range maxFaults {
		fault(t, s, `{"host":"public","effect":"reset","count":1}`)
	}
	if status, got := callControl(t, s, "POST", "/faults", `{"host":"public","effect":"reset"}`); status != http.StatusTooManyRequests {
		t.Errorf("one fault more than there may be: %d %s", status, got)
	}
	for range maxNotices {
		post(t, s, "/notices", `{"channel":"news","title":"お知らせ"}`)
	}
	if status, got := callControl(t, s, "POST", "/notices", `{"channel":"news","title":"お知らせ"}`); status != http.StatusTooManyRequests {
		t.Errorf("one notice more than there may be: %d %s", status, got)
	}
	for range maxRequests + 1 {
		s.note("public", httptest.NewRequest("GET", "/tickers", nil), time.Time{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) > maxRequests || len(s.requests)+s.firstSeen != maxRequests+1 {
		t.Errorf("%d requests kept and %d forgotten", len(s.requests), s.firstSeen)
	}
}

func TestAFaultCountsDrawsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1})
		sick := func(n int, path string) (k int) {
			for range n {
				if get(t, s, "public", path).StatusCode == 502 {
					k++
				}
			}
			return k
		}
		fault(t, s, `{"host":"public","effect":"status","status":502,"count":3,"match":{"path":"/btc_jpy/ticker"}}`)
		if n := sick(5, "/eth_jpy/ticker"); n != 0 {
			t.Errorf("%d answers of another path are sick", n)
		}
		if n := sick(5, "/btc_jpy/ticker"); n != 3 {
			t.Errorf("%d of 5 answers are sick, want the count of 3", n)
		}
		if left := s.faults.all(); len(left) != 0 {
			t.Errorf("a spent fault is still listed: %v", left)
		}
		id := fault(t, s, `{"host":"public","effect":"status","status":502,"probability":0.3}`)
		if n := sick(1000, "/tickers"); n < 240 || n > 360 {
			t.Errorf("%d of 1000 answers are sick, want about 300", n)
		}
		callControl(t, s, "DELETE", "/faults/"+id, "")
		fault(t, s, `{"host":"public","effect":"status","status":502,"for_ms":2000}`)
		wait(1999 * time.Millisecond)
		if sick(1, "/tickers") != 1 {
			t.Error("a fault ended before its time")
		}
		wait(2 * time.Millisecond)
		if sick(1, "/tickers") != 0 {
			t.Error("a fault outlived its time")
		}
		fault(t, s, `{"host":"private","effect":"html","match":{"method":"POST","pair":"btc_jpy"}}`)
		if code(t, get(t, s, "private", "/v1/user/assets?pair=btc_jpy")) != 20003 {
			t.Error("a fault on POST struck a GET")
		}
		if body := text(t, ask(t, s, "private", "POST", "/v1/user/spot/order?x=1&pair=btc_jpy", "")); body != errorPage {
			t.Errorf("a fault on POST of a pair did not strike: %s", body)
		}
	})
}

// Two worlds of one seed that are asked the same draw the same.
func TestProbabilityIsDrawnFromTheSeed(t *testing.T) {
	drawn := func(seed uint64) (s string) {
		w := calm(t, Options{Seed: seed})
		fault(t, w, `{"host":"public","effect":"status","status":502,"probability":0.5}`)
		for range 64 {
			if get(t, w, "public", "/tickers").StatusCode == 502 {
				s += "x"
			} else {
				s += "."
			}
		}
		return s
	}
	if a, b, other := drawn(1), drawn(1), drawn(2); a != b || a == other {
		t.Errorf("seed 1: %s and %s, seed 2: %s", a, b, other)
	}
}

func TestPairsAndMarketDoAsTheyAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1})
		post(t, s, "/pairs/btc_jpy", `{"status":"HALT","min_amount":"0.01","flags":{"stop_order":true},"circuit_break":"CIRCUIT_BREAK"}`)
		rows := text(t, get(t, s, "private", "/v1/spot/status"))
		if !strings.Contains(rows, `{"pair":"btc_jpy","status":"HALT","min_amount":"0.01"}`) {
			t.Errorf("status: %.200s", rows)
		}
		for _, in := range s.x.Market().Infos() {
			if in.Name == "btc_jpy" && !in.StopOrder || in.Name == "eth_jpy" && in.StopOrder {
				t.Errorf("%s: %+v", in.Name, in.Flags)
			}
		}
		if got := rest(t, s, "/btc_jpy/circuit_break_info"); got["mode"] != "CIRCUIT_BREAK" || got["reopen_timestamp"] == nil {
			t.Errorf("circuit: %v", got)
		}
		before := plainJSON(t, rest(t, s, "/btc_jpy/depth"))
		wait(30 * time.Second)
		if plainJSON(t, rest(t, s, "/btc_jpy/depth")) != before {
			t.Error("a halted pair goes on")
		}
		post(t, s, "/pairs/btc_jpy", `{"status":"NORMAL","flags":{"stop_order":false},"circuit_break":"NONE"}`)
		post(t, s, "/market", `{"pair":"btc_jpy","last":"12000000"}`)
		if got := rest(t, s, "/btc_jpy/ticker"); got["last"] != "12000000" {
			t.Errorf("ticker after a jump: %v", got)
		}
		post(t, s, "/reset", "")
		if got := rest(t, s, "/btc_jpy/ticker"); got["last"] == "12000000" {
			t.Error("a reset keeps the price")
		}
		if rows := text(t, get(t, s, "private", "/v1/spot/status")); strings.Contains(rows, "HALT") || strings.Contains(rows, `"0.01"`) {
			t.Errorf("a reset keeps the status: %.200s", rows)
		}
	})
}

func TestTheTruthHasTheShapeOfTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := alive(t, Options{Seed: 1})
		wait(5 * time.Second)
		get(t, s, "private", assetsPath, nonced("sim-secret", "1", assetsPath)...)
		get(t, s, "public", "/btc_jpy/ticker?x=1")
		fault(t, s, `{"host":"web","effect":"drop_request","delay_ms":1}`)
		status, body := callControl(t, s, "GET", "/truth", "")
		var got struct {
			Accounts []struct {
				Key    string           `json:"key"`
				Assets []map[string]any `json:"assets"`
			} `json:"accounts"`
			Orders    []any            `json:"orders"`
			Transfers []any            `json:"transfers"`
			Trades    []map[string]any `json:"trades"`
			Requests  []Request        `json:"requests"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Orders == nil || got.Transfers == nil {
			t.Fatalf("%d %v %.300s", status, err, body)
		}
		if len(got.Accounts) != 1 || got.Accounts[0].Key != "sim-key" || len(got.Accounts[0].Assets) != 48 {
			t.Errorf("accounts: %+v", got.Accounts)
		}
		for _, field := range []string{"pair", "transaction_id", "side", "price", "amount", "executed_at"} {
			if _, ok := got.Trades[0][field]; !ok {
				t.Errorf("a trade has no %s: %v", field, got.Trades[0])
			}
		}
		if len(got.Requests) != 2 {
			t.Fatalf("requests: %+v", got.Requests)
		}
		signed, open := got.Requests[0], got.Requests[1]
		if signed.Host != "private" || signed.Method != "GET" || signed.Path != assetsPath || signed.Key != "sim-key" || !signed.Time.Equal(time.Now()) {
			t.Errorf("signed: %+v", signed)
		}
		if open.Host != "public" || open.Path != "/btc_jpy/ticker" || open.Key != "" {
			t.Errorf("open: %+v", open)
		}
	})
}

func TestPagesOfOthersCannotReachTheControlHost(t *testing.T) {
	s := calm(t, Options{})
	h := loopbackOnly(s.Handler(Control))
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"127.0.0.1:8199", "", 200},
		{"localhost:8199", "", 200},
		{"127.0.0.1:8199", "http://127.0.0.1:8199", 200},
		{"evil.example:8199", "", 403},
		{"127.0.0.1:8199", "https://evil.example", 403},
	} {
		r := httptest.NewRequest("POST", "/reset", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("host %s, origin %q: %d, want %d", c.host, c.origin, w.Code, c.want)
		}
	}
}

// Nothing that is posted breaks the control host, and what it takes the world survives.
func FuzzControl(f *testing.F) {
	for _, seed := range []string{
		`POST /faults {"host":"public","effect":"slow","delay_ms":1,"match":{"pair":"btc_jpy"}}`,
		`POST /faults {"host":"stream","effect":"freeze_sequence","probability":0.5}`,
		`POST /pairs/btc_jpy {"status":"HALT","flags":{"stop_order":true},"circuit_break":"LISTING"}`,
		`POST /market {"pair":"btc_jpy","last":"0.5"}`,
		`POST /market {"pair":"xrp_jpy","move_percent":"999","over_ms":1}`,
		`POST /notices {"channel":"x","body":"\u0000<b>&"}`,
		`DELETE /faults/f1 `,
		`GET /truth `,
	} {
		f.Add(seed)
	}
	s, err := New(Options{Seed: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, call string) {
		method, rest, _ := strings.Cut(call, " ")
		path, body, _ := strings.Cut(rest, " ")
		if strings.HasPrefix(path, "/scenarios") || !strings.HasPrefix(path, "/") {
			return // those run on in the background
		}
		got, err := s.call(method, path, strings.NewReader(body))
		if err == nil {
			if _, err := json.Marshal(got); err != nil {
				t.Fatalf("%s: an answer that is no JSON: %v", call, err)
			}
		} else if err.Error() == "" {
			t.Fatalf("%s: refused without a word", call)
		}
		s.step(time.Now())
		for _, page := range []string{"/btc_jpy/ticker", "/xrp_jpy/depth", "/btc_jpy/circuit_break_info", "/xrp_jpy/candlestick/1min/" + time.Now().UTC().Format("20060102")} {
			marketData(s.x.Market(), strings.Split(page[1:], "/"))
		}
		for _, host := range []string{"web", "blog", "status", "x", "app"} {
			s.answers(host)(visit{now: time.Now()}, httptest.NewRequest("GET", "/", nil))
		}
		s.faults.clear(false)
	})
}

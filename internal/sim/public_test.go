package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// Fields of the documents, by path. A field more or less is a difference that some client will trip over.
func TestEveryAnswerOfThePublicHostHasTheDocumentedFields(t *testing.T) {
	s := calm(t, Options{Seed: 1})
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format("20060102")
	for _, c := range []struct{ path, inside, fields string }{
		{"/btc_jpy/ticker", "", "buy high last low open sell timestamp vol"},
		{"/tickers", "0", "buy high last low open pair sell timestamp vol"},
		{"/tickers_jpy", "0", "buy high last low open pair sell timestamp vol"},
		{"/btc_jpy/depth", "", "ask_market asks asks_over asks_under bid_market bids bids_over bids_under sequenceId timestamp"},
		{"/btc_jpy/transactions", "transactions.0", "amount executed_at price side transaction_id"},
		{"/btc_jpy/transactions/" + day(-2), "transactions.0", "amount executed_at price side transaction_id"},
		{"/btc_jpy/candlestick/1min/" + yesterday, "candlestick.0", "ohlcv type"},
		{"/btc_jpy/candlestick/1day/2025", "candlestick.0", "ohlcv type"},
		{"/btc_jpy/circuit_break_info", "", "estimated_itayose_amount estimated_itayose_price fee_type itayose_lower_price itayose_upper_price " +
			"lower_trigger_price mode reopen_timestamp timestamp upper_trigger_price"},
	} {
		r := get(t, s, "public", c.path)
		var got struct {
			Success int `json:"success"`
			Data    any `json:"data"`
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.StatusCode != 200 || got.Success != 1 || r.Header.Get("Content-Type") != jsonType {
			t.Errorf("%s: %d %v", c.path, r.StatusCode, err)
			continue
		}
		at := got.Data
		for _, key := range strings.FieldsFunc(c.inside, func(r rune) bool { return r == '.' }) {
			if list, ok := at.([]any); ok {
				at = list[0]
			} else {
				at = at.(map[string]any)[key]
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(at.(map[string]any))), " "); got != c.fields {
			t.Errorf("%s: %s, want %s", c.path, got, c.fields)
		}
	}
}

func day(off int) string { return time.Now().UTC().AddDate(0, 0, off).Format("20060102") }

func TestWhatDoesNotExistIs404With10000(t *testing.T) {
	s := calm(t, Options{Seed: 1})
	for _, path := range []string{
		"/", "/nothing", "/no_jpy/ticker", "/BTC_JPY/ticker", "/btc_jpy", "/btc_jpy/", "/btc_jpy/ticker/more", "/btc_jpy/nothing", "//btc_jpy/ticker",
		"/tickers/", "/btc_jpy/transactions/" + day(0), "/btc_jpy/transactions/" + day(3), "/btc_jpy/transactions/2026", "/btc_jpy/transactions/20269999",
		"/btc_jpy/candlestick/1min", "/btc_jpy/candlestick/2min/" + day(-1), "/btc_jpy/candlestick/1min/2025", "/btc_jpy/candlestick/1day/" + day(-1),
		"/btc_jpy/candlestick/1min/" + day(2), "/btc_jpy/candlestick/1day/1999", "/btc_jpy/candlestick/1min/%31", "/v1/btc_jpy/ticker",
	} {
		if r := get(t, s, "public", path); r.StatusCode != 404 || code(t, r) != 10000 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if r := ask(t, s, "public", method, "/tickers", "{}"); r.StatusCode != 404 {
			t.Errorf("%s: %d", method, r.StatusCode)
		}
	}
}

// For ten minutes after 00:00 UTC the new day's candles are HTTP 200 with 10000, unlike all that is missing.
func TestTheFalseAlarmOfNineInTheMorning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // bubbles begin at midnight UTC
		time.Sleep(24*time.Hour - time.Minute)
		s, _ := alive(t, Options{Seed: 1})
		wait(time.Minute)
		path := "/btc_jpy/candlestick/1min/" + day(0)
		if r := get(t, s, "public", path); r.StatusCode != 200 || code(t, r) != 10000 {
			t.Errorf("at 00:00: %d", r.StatusCode)
		}
		wait(11 * time.Minute)
		if r := get(t, s, "public", path); r.StatusCode != 200 || code(t, r) != 0 {
			t.Errorf("at 00:11: %d", r.StatusCode)
		}
		if r := get(t, s, "public", "/btc_jpy/transactions/"+day(-1)); r.StatusCode != 404 {
			t.Errorf("yesterday's trades at 00:11: %d", r.StatusCode)
		}
		wait(5 * time.Minute)
		if r := get(t, s, "public", "/btc_jpy/transactions/"+day(-1)); r.StatusCode != 200 {
			t.Errorf("yesterday's trades at 00:16: %d", r.StatusCode)
		}
	})
}

// Two worlds of one seed, lived at the same times, are the same world.
func TestOneSeedIsOneWorld(t *testing.T) {
	life := func(seed uint64) (told string) {
		synctest.Test(t, func(t *testing.T) {
			s, c := alive(t, Options{Seed: seed})
			l := tune(t, c, btc...)
			fault(t, s, `{"host":"stream","effect":"shuffle","probability":0.3}`)
			wait(20 * time.Second)
			for _, h := range l.messages(t) {
				told += h.room + plainJSON(t, h.data)
			}
			told += text(t, get(t, s, "public", "/tickers")) + text(t, get(t, s, "venue1", "/v1/ticker"))
		})
		return told
	}
	if a, b := life(1), life(1); a != b {
		t.Error("seed 1 lived twice differs")
	} else if a == life(2) {
		t.Error("seed 2 is seed 1")
	}
}

// With TLS every host of the contract shows a certificate of the simulator's authority, for loopback and for its real name.
func TestEveryHostSpeaksTLS(t *testing.T) {
	s := onLoopback(t, Options{Seed: 1, TLS: true})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA())
	for _, p := range places {
		for _, name := range append([]string{"", "localhost"}, p.names...) {
			c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}, DisableKeepAlives: true}}
			r, _, err := fetch(t, c, s.URL(p.name)+"/hosts")
			if err != nil || r.TLS == nil {
				t.Errorf("%s as %q: %v", p.name, name, err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(s.URL("stream"), "https", "wss", 1)+"/socket.io/?EIO=4&transport=websocket",
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if _, hello, err := conn.Read(ctx); err != nil || !strings.HasPrefix(string(hello), `0{"sid":"`) {
		t.Errorf("the stream says %s %v", hello, err)
	}
}

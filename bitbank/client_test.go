package bitbank_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// serve starts a fake bitbank on loopback and a client that asks it, with a key when the server has one.
func serve(t *testing.T, o bitbanktest.Options) (*bitbanktest.Server, *bitbank.Client) {
	t.Helper()
	fake := bitbanktest.New(o)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	options := bitbank.Options{HTTP: server.Client(), PublicURL: server.URL, PrivateURL: server.URL}
	if o.Key != "" {
		options.Credentials = credentials(t, o.Key, o.Secret, server.URL, bitbank.Auth{})
	}
	return fake, newClient(t, options)
}

func newClient(t *testing.T, o bitbank.Options) *bitbank.Client {
	t.Helper()
	c, err := bitbank.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func credentials(t *testing.T, id, secret, origin string, auth bitbank.Auth) *bitbank.Credentials {
	t.Helper()
	c, err := bitbank.NewCredentials(id, secret, origin, auth)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryEndpointIsRead(t *testing.T) {
	fake, c := serve(t, bitbanktest.Options{Key: "key", Secret: "secret"})
	ctx := t.Context()
	day := time.Date(2026, 1, 2, 8, 0, 0, 0, time.FixedZone("JST", 9*3600)) // the first of January in UTC

	ticker, err := c.Ticker(ctx, "btc_jpy")
	if err != nil || ticker.Last.String() != "15000000" || ticker.Vol.String() != "312.4501" ||
		ticker.At.Time().UnixMilli() != 1767225600123 {
		t.Errorf("Ticker: %+v, %v", ticker, err)
	}
	all, err := c.Tickers(ctx)
	if err != nil || len(all) != 3 || all[1].Pair != "xrp_jpy" || all[2].Sell.Known() || all[2].Buy.Known() {
		t.Errorf("Tickers: %+v, %v", all, err)
	}
	if all, err = c.TickersJPY(ctx); err != nil || len(all) != 2 {
		t.Errorf("TickersJPY: %+v, %v", all, err)
	}
	depth, err := c.Depth(ctx, "btc_jpy")
	if err != nil || depth.Seq != 9000000005 || len(depth.Asks) != 3 || len(depth.Bids) != 3 ||
		depth.Asks[0].Amount.String() != "0.0500" || depth.Totals.BidsUnder.String() != "240.1000" {
		t.Errorf("Depth: %+v, %v", depth, err)
	}
	trades, err := c.Transactions(ctx, "btc_jpy")
	if err != nil || len(trades) != 3 || trades[0].ID != 1210000003 || trades[1].Side != "sell" {
		t.Errorf("Transactions: %+v, %v", trades, err)
	}
	if trades, err = c.TransactionsOn(ctx, "btc_jpy", day); err != nil || len(trades) != 3 {
		t.Errorf("TransactionsOn: %+v, %v", trades, err)
	}
	candles, err := c.Candlestick(ctx, "btc_jpy", "1hour", day)
	if err != nil || candles.Kind != "1hour" || len(candles.Rows) != 2 || candles.Rows[1].Close.String() != "15000000" ||
		candles.Rows[0].At != 1767222000000 || candles.At != 1767225600300 {
		t.Errorf("Candlestick: %+v, %v", candles, err)
	}
	if _, err = c.Candlestick(ctx, "btc_jpy", "1day", day); err != nil {
		t.Errorf("Candlestick by year: %v", err)
	}
	mode, err := c.CircuitBreakInfo(ctx, "btc_jpy")
	if err != nil || mode.Mode != bitbank.ModeNone || mode.EstimatedPrice.Known() || mode.UpperTrigger.String() != "18000000" {
		t.Errorf("CircuitBreakInfo: %+v, %v", mode, err)
	}
	status, err := c.SpotStatus(ctx)
	if err != nil || len(status) != 2 || status[1].Status != bitbank.StatusBusy || status[1].MinAmount.String() != "1.0000" {
		t.Errorf("SpotStatus: %+v, %v", status, err)
	}
	pairs, err := c.SpotPairs(ctx)
	if err != nil || len(pairs) != 2 || !pairs[0].Margin() || pairs[1].Margin() || len(pairs[0].Flags()) != 0 ||
		len(pairs[1].Flags()) != 8 || pairs[0].MarginIndividualUntil != 253402300799999 || pairs[1].PriceDigits != 8 {
		t.Errorf("SpotPairs: %+v, %v", pairs, err)
	}
	assets, err := c.Assets(ctx)
	if err != nil || len(assets) != 2 || assets[0].Fee.Threshold.String() != "30000" || assets[1].Fee.Min.String() != "0.0006" ||
		assets[1].Networks[0].Fee.Max.String() != "0.0006" || assets[0].OnHand.String() != "1251001.1908" {
		t.Errorf("Assets: %+v, %v", assets, err)
	}
	refusal, err := c.Knock(ctx)
	if err != nil || refusal.Code != 20003 {
		t.Errorf("Knock: %v, %v", refusal, err)
	}
	var paths []string
	for _, r := range fake.Requests() {
		if r.Signed != (r.Path == "/v1/user/assets" && len(paths) == 11) {
			t.Errorf("%s: signed is %v", r.Path, r.Signed)
		}
		paths = append(paths, r.Path)
	}
	want := "/btc_jpy/ticker /tickers /tickers_jpy /btc_jpy/depth /btc_jpy/transactions /btc_jpy/transactions/20260101 " +
		"/btc_jpy/candlestick/1hour/20260101 /btc_jpy/candlestick/1day/2026 /btc_jpy/circuit_break_info " +
		"/v1/spot/status /v1/spot/pairs /v1/user/assets /v1/user/assets"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("asked\n%s\nwant\n%s", got, want)
	}
}

func TestEveryFailureIsAnErrorOfItsOwnType(t *testing.T) {
	type fault = bitbanktest.Fault
	for _, c := range []struct {
		name  string
		fault fault
		want  string
	}{
		{"a page with status 200", fault{Effect: bitbanktest.HTML}, "body html"},
		{"a page with status 503", fault{Effect: bitbanktest.HTML, Status: 503}, "status 503 html"},
		{"nothing", fault{Effect: bitbanktest.Empty}, "body empty"},
		{"nothing with status 502", fault{Effect: bitbanktest.Empty, Status: 502}, "status 502"},
		{"fewer bytes than announced", fault{Effect: bitbanktest.Truncate}, "body truncated"},
		{"JSON that ends early", fault{Effect: bitbanktest.Half}, "body truncated"},
		{"another shape", fault{Effect: bitbanktest.Shape}, "body shape"},
		{"text", fault{Effect: bitbanktest.Status, Status: 200, Body: "Bad gateway"}, "body not_json"},
		{"garbage after JSON", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":1,"data":{}}}`}, "body not_json"},
		{"a number", fault{Effect: bitbanktest.Status, Status: 200, Body: "12"}, "body shape"},
		{"null", fault{Effect: bitbanktest.Status, Status: 200, Body: "null"}, "body shape"},
		{"no success", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"data":{"timestamp":1}}`}, "body shape"},
		{"success that is a text", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":"1","data":{}}`}, "body shape"},
		{"success 2", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":2,"data":{}}`}, "body shape"},
		{"a refusal without a code", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":0,"data":{}}`}, "body shape"},
		{"a refusal with code 0", fault{Effect: bitbanktest.Refuse}, "body shape"},
		{"success without data", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":1}`}, "body shape"},
		{"success with null", fault{Effect: bitbanktest.Status, Status: 200, Body: `{"success":1,"data":null}`}, "body shape"},
		{"success with status 500", fault{Effect: bitbanktest.Shape, Status: 500}, "status 500"},
		{"a redirect", fault{Effect: bitbanktest.Redirect}, "status 302 html"},
		{"a refusal with status 200", fault{Effect: bitbanktest.Refuse, Code: 10007}, "code 10007 maintenance"},
		{"a refusal with status 503", fault{Effect: bitbanktest.Refuse, Code: 10007, Status: 503}, "code 10007 maintenance"},
		{"crowded", fault{Effect: bitbanktest.Refuse, Code: 10008}, "code 10008 busy"},
		{"too many", fault{Effect: bitbanktest.Refuse, Code: 10009, Status: 429}, "code 10009 rate"},
		{"too many, without an envelope", fault{Effect: bitbanktest.Empty, Status: 429}, "status 429 rate"},
		{"the clock is ahead", fault{Effect: bitbanktest.Refuse, Code: 20034}, "code 20034 clock auth"},
		{"arrived late", fault{Effect: bitbanktest.Refuse, Code: 20035}, "code 20035 clock auth"},
		{"a wrong signature", fault{Effect: bitbanktest.Refuse, Code: 20005}, "code 20005 auth"},
		{"a halt", fault{Effect: bitbanktest.Refuse, Code: 70018}, "code 70018 halted"},
		{"not there", fault{Effect: bitbanktest.Refuse, Code: 10000, Status: 404}, "code 10000 missing"},
		{"not there, as candles are at nine in the morning", fault{Effect: bitbanktest.Refuse, Code: 10000}, "code 10000 missing"},
		{"failed inside", fault{Effect: bitbanktest.Refuse, Code: 70001}, "code 70001 internal"},
		{"a code that nobody knows", fault{Effect: bitbanktest.Refuse, Code: 79999}, "code 79999"},
		{"cut", fault{Effect: bitbanktest.Reset}, "connection"},
	} {
		fake, client := serve(t, bitbanktest.Options{})
		fake.Fail(c.fault)
		_, err := client.Ticker(t.Context(), "btc_jpy")
		if got := describe(err); got != c.want {
			t.Errorf("%s: got %q, want %q (%v)", c.name, got, c.want, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "Ticker: ") {
			t.Errorf("%s: the error does not name the call: %v", c.name, err)
		}
		if n := len(fake.Requests()); n != 1 {
			t.Errorf("%s: %d requests, want 1", c.name, n)
		}
	}
}

// describe says in one line what can be told about err by type and kind.
func describe(err error) string {
	var s string
	if e, ok := errors.AsType[*bitbank.Error](err); ok {
		s = "code " + itoa(int(e.Code))
	} else if e, ok := errors.AsType[*bitbank.BodyError](err); ok {
		s = "body " + string(e.Defect)
	} else if e, ok := errors.AsType[*bitbank.StatusError](err); ok {
		s = "status " + itoa(e.Status)
		if e.HTML {
			s += " html"
		}
	} else if err != nil {
		s = "connection"
	}
	for _, k := range []struct {
		err  error
		name string
	}{
		{bitbank.ErrMaintenance, "maintenance"}, {bitbank.ErrBusy, "busy"}, {bitbank.ErrRateLimited, "rate"},
		{bitbank.ErrClock, "clock"}, {bitbank.ErrAuth, "auth"}, {bitbank.ErrHalted, "halted"},
		{bitbank.ErrNotFound, "missing"}, {bitbank.ErrInternal, "internal"},
	} {
		if errors.Is(err, k.err) {
			s += " " + k.name
		}
	}
	return s
}

func TestAHangEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := bitbanktest.New(bitbanktest.Options{})
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang})
		h, end := bitbanktest.Memory(fake)
		defer end()
		c, err := bitbank.New(bitbank.Options{HTTP: h, PublicURL: "http://public.invalid"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err = c.Ticker(ctx, "btc_jpy")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Go's transport would send the second request again on a new connection, and nobody would know of the first.
func TestARequestThatAKeptConnectionLostIsNotSentAgain(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		w.Write([]byte(bitbanktest.Payload("ticker")))
	}))
	defer server.Close()
	c := newClient(t, bitbank.Options{HTTP: server.Client(), PublicURL: server.URL})
	if _, err := c.Ticker(t.Context(), "btc_jpy"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ticker(t.Context(), "btc_jpy"); err == nil {
		t.Error("the second answer was cut, but there is no error")
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("the server saw %d requests, want 2", n)
	}
}

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := []byte(strings.Repeat("a", 1<<20))
		for range 64 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	c := newClient(t, bitbank.Options{HTTP: server.Client(), PublicURL: server.URL})
	if _, err := c.Ticker(t.Context(), "btc_jpy"); describe(err) != "body too_large" {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsSentForWhatIsNoPair(t *testing.T) {
	fake, c := serve(t, bitbanktest.Options{})
	for _, pair := range []string{"", "BTC_JPY", "btcjpy", "../v1", "btc_jpy/depth", "btc_jpy?x"} {
		if _, err := c.Ticker(t.Context(), pair); err == nil {
			t.Errorf("%q was asked for", pair)
		}
	}
	if _, err := c.Candlestick(t.Context(), "btc_jpy", "2min", time.Now()); err == nil {
		t.Error("candles of two minutes were asked for")
	}
	if n := len(fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAClientIsRefusedForAWrongAddress(t *testing.T) {
	for _, address := range []string{"public.bitbank.cc", "ftp://public.bitbank.cc", "https://", "https://u:p@public.bitbank.cc", "https://public.bitbank.cc?x=1"} {
		if _, err := bitbank.New(bitbank.Options{PublicURL: address}); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

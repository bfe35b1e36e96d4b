package bitbank_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

func itoa(n int) string { return strconv.Itoa(n) }

type vector struct {
	ID           string `json:"id"`
	Scheme       string `json:"scheme"`
	Method       string `json:"method"`
	Target       string `json:"request_target"`
	Body         string `json:"body"`
	Secret       string `json:"secret"`
	Time         string `json:"access_request_time"`
	Window       string `json:"access_time_window"`
	Nonce        string `json:"access_nonce"`
	StringToSign string `json:"string_to_sign"`
	Signature    string `json:"signature"`
}

func vectors(t *testing.T) (key string, all []vector) {
	t.Helper()
	b, err := os.ReadFile("testdata/auth-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Key     string   `json:"access_key"`
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 15 {
		t.Fatalf("%d vectors, want 15", len(file.Vectors))
	}
	return file.Key, file.Vectors
}

func TestSignaturesAreTheKnownOnes(t *testing.T) {
	const origin = "https://api.bitbank.cc"
	key, all := vectors(t)
	for _, v := range all {
		if got := bitbank.Signature(v.Secret, v.StringToSign); got != v.Signature {
			t.Errorf("%s: the signature of the text is %s, want %s", v.ID, got, v.Signature)
		}
		stamp, auth := v.Time, bitbank.Auth{}
		if v.Scheme == "nonce" {
			stamp, auth.Nonce = v.Nonce, true
		} else {
			ms, err := strconv.Atoi(v.Window)
			if err != nil {
				t.Fatal(err)
			}
			auth.Window = time.Duration(ms) * time.Millisecond
		}
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(v.Method, origin+v.Target, strings.NewReader(v.Body))
		if err != nil {
			t.Fatal(err)
		}
		if err := credentials(t, key, v.Secret, origin, auth).Sign(req, []byte(v.Body), time.UnixMilli(ms)); err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		for header, want := range map[string]string{
			"ACCESS-KEY": key, "ACCESS-SIGNATURE": v.Signature, "ACCESS-NONCE": v.Nonce,
			"ACCESS-REQUEST-TIME": v.Time, "ACCESS-TIME-WINDOW": v.Window,
		} {
			if got := req.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", v.ID, header, got, want)
			}
		}
	}
}

func TestWhatDiffersIsSignedDifferently(t *testing.T) {
	_, all := vectors(t)
	by := map[string]string{}
	for _, v := range all {
		by[v.ID] = v.Signature
	}
	for _, pair := range [][2]string{
		{"bad-no-v1", "tw-get-plain"}, {"bad-no-query", "tw-get-query"},
		{"alt-query-order", "tw-get-query"}, {"alt-body-spacing", "tw-post"},
	} {
		if by[pair[0]] == "" || by[pair[1]] == "" || by[pair[0]] == by[pair[1]] {
			t.Errorf("%s and %s: %q and %q", pair[0], pair[1], by[pair[0]], by[pair[1]])
		}
	}
}

func TestAKeySignsForItsOriginOnly(t *testing.T) {
	key := credentials(t, "key", "secret", "https://api.bitbank.cc", bitbank.Auth{})
	for _, c := range []struct {
		url, host string
		ok        bool
	}{
		{"https://api.bitbank.cc/v1/user/assets", "", true},
		{"https://API.bitbank.cc:443/v1/user/assets", "", true},
		{"http://api.bitbank.cc/v1/user/assets", "", false},
		{"https://api.bitbank.cc:8443/v1/user/assets", "", false},
		{"https://api.bitbank.cc.evil.example/v1/user/assets", "", false},
		{"https://public.bitbank.cc/v1/user/assets", "", false},
		{"https://api.bitbank.cc@evil.example/v1/user/assets", "", false},
		{"https://api.bitbank.cc/v1/user/assets", "evil.example", false},
	} {
		req, err := http.NewRequest(http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.host != "" {
			req.Host = c.host
		}
		err = key.Sign(req, nil, time.Now())
		if signed := req.Header.Get("ACCESS-SIGNATURE") != ""; (err == nil) != c.ok || signed != c.ok {
			t.Errorf("%s %s: signed %v, error %v", c.url, c.host, signed, err)
		}
	}
	if _, err := bitbank.New(bitbank.Options{PrivateURL: "http://127.0.0.1:8101", Credentials: key}); err == nil {
		t.Error("a client was made with a key for another host")
	}
}

func TestSignedHeadersFollowNoRedirect(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	front := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer front.Close()
	c := newClient(t, bitbank.Options{
		HTTP: front.Client(), PrivateURL: front.URL,
		Credentials: credentials(t, "key", "secret", front.URL, bitbank.Auth{}),
	})
	if _, err := c.Assets(t.Context()); !strings.HasPrefix(describe(err), "status 307") {
		t.Errorf("got %v", err)
	}
	if elsewhere != 0 {
		t.Errorf("the other host saw %d requests", elsewhere)
	}
}

func TestBothMethodsAreAccepted(t *testing.T) {
	for _, auth := range []bitbank.Auth{{}, {Window: 1500 * time.Millisecond}, {Nonce: true}} {
		fake := bitbanktest.New(bitbanktest.Options{Key: "key", Secret: "secret"})
		server := httptest.NewServer(fake)
		c := newClient(t, bitbank.Options{
			HTTP: server.Client(), PrivateURL: server.URL,
			Credentials: credentials(t, "key", "secret", server.URL, auth),
		})
		var all sync.WaitGroup
		for range 20 { // nonces must arrive in the order in which they were made
			all.Go(func() {
				if _, err := c.Assets(t.Context()); err != nil {
					t.Errorf("%+v: %v", auth, err)
				}
			})
		}
		all.Wait()
		server.Close()
	}
}

func TestAWrongSecretIsRefused(t *testing.T) {
	fake := bitbanktest.New(bitbanktest.Options{Key: "key", Secret: "secret"})
	server := httptest.NewServer(fake)
	defer server.Close()
	for id, want := range map[string]string{"key": "code 20005 auth", "other": "code 20002 auth"} {
		c := newClient(t, bitbank.Options{
			HTTP: server.Client(), PrivateURL: server.URL,
			Credentials: credentials(t, id, "wrong", server.URL, bitbank.Auth{}),
		})
		if _, err := c.Assets(t.Context()); describe(err) != want {
			t.Errorf("key %s: got %v, want %s", id, err, want)
		}
	}
	c := newClient(t, bitbank.Options{HTTP: server.Client(), PrivateURL: server.URL})
	if _, err := c.Assets(t.Context()); !errors.Is(err, bitbank.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
}

func TestARequestWithANonceWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := bitbanktest.New(bitbanktest.Options{Key: "key", Secret: "secret"})
		fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Hang, Count: 1})
		h, end := bitbanktest.Memory(fake)
		defer end()
		const origin = "http://api.invalid"
		c := newClient(t, bitbank.Options{
			HTTP: h, PrivateURL: origin,
			Credentials: credentials(t, "key", "secret", origin, bitbank.Auth{Nonce: true}),
		})
		first, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { _, err := c.Assets(first); ended <- err }()
		synctest.Wait() // the first hangs
		second, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := c.Assets(second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second: %v", err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
		if _, err := c.Assets(t.Context()); err != nil {
			t.Errorf("the third, after the first gave up: %v", err)
		}
		if n := len(fake.Requests()); n != 2 {
			t.Errorf("%d requests, want 2: the second never left", n)
		}
	})
}

func TestAKeyCannotBePrinted(t *testing.T) {
	key := credentials(t, "the-key-id", "the-secret", "https://api.bitbank.cc", bitbank.Auth{})
	asJSON, err := json.Marshal(struct{ Key *bitbank.Credentials }{key})
	if err != nil {
		t.Fatal(err)
	}
	out := string(asJSON) + fmt.Sprintf("%v %+v %#v %s %q %d %x %v", key, key, key, key, key, key, key, bitbank.Options{Credentials: key})
	if strings.Contains(out, "the-secret") || strings.Contains(out, "the-key-id") || strings.Contains(out, fmt.Sprintf("%x", "the-secret")) {
		t.Errorf("printed: %s", out)
	}
}

func TestAKeyIsRefusedWhenItCannotWork(t *testing.T) {
	for _, c := range []struct {
		id, secret, origin string
		auth               bitbank.Auth
	}{
		{"", "s", "https://api.bitbank.cc", bitbank.Auth{}},
		{"k", "", "https://api.bitbank.cc", bitbank.Auth{}},
		{"k\r\nX: y", "s", "https://api.bitbank.cc", bitbank.Auth{}},
		{"k", "s", "api.bitbank.cc", bitbank.Auth{}},
		{"k", "s", "https://api.bitbank.cc/v1", bitbank.Auth{}},
		{"k", "s", "https://u:p@api.bitbank.cc", bitbank.Auth{}},
		{"k", "s", "https://api.bitbank.cc", bitbank.Auth{Window: 61 * time.Second}},
		{"k", "s", "https://api.bitbank.cc", bitbank.Auth{Window: -time.Second}},
		{"k", "s", "https://api.bitbank.cc", bitbank.Auth{Window: time.Microsecond}},
	} {
		if _, err := bitbank.NewCredentials(c.id, c.secret, c.origin, c.auth); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestAnErrorAboutBalancesQuotesNone(t *testing.T) {
	fake, c := serve(t, bitbanktest.Options{Key: "key", Secret: "secret"})
	fake.Answer("/v1/user/assets", `{"success":1,"data":{"assets":[{"asset":"jpy","onhand_amount":"secretly rich 123456"}]}}`)
	if _, err := c.Assets(t.Context()); describe(err) != "body shape" || strings.Contains(err.Error(), "rich") {
		t.Errorf("got %v", err)
	}
	if _, err := bitbank.DecodeAssets([]byte(`{"success":1,"data":{"assets":[{"asset":"rich`)); describe(err) != "body truncated" || strings.Contains(err.Error(), "rich") {
		t.Errorf("got %v", err)
	}
}

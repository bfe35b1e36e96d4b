package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sign is the documented signature: lowercase hex of HMAC-SHA256.
func sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// windowed are the headers of the time-window method. What is signed is at + window + payload.
func windowed(key, secret, at, window, payload string) []string {
	return []string{"ACCESS-KEY", key, "ACCESS-REQUEST-TIME", at, "ACCESS-TIME-WINDOW", window, "ACCESS-SIGNATURE", sign(secret, at+window+payload)}
}

// nonced are the headers of the nonce method.
func nonced(secret, nonce, payload string) []string {
	return []string{"ACCESS-KEY", "sim-key", "ACCESS-NONCE", nonce, "ACCESS-SIGNATURE", sign(secret, nonce+payload)}
}

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

const assetsPath = "/v1/user/assets"

// The documents' own example, with the documents' own key.
func TestTheDocumentedSignaturesAreAccepted(t *testing.T) {
	at := time.UnixMilli(1721121776490)
	body := `{"pair": "xrp_jpy", "price": "20", "amount": "1","side": "buy", "type": "limit"}`
	for signature, c := range map[string]struct {
		method, body string
		nonce        bool
	}{
		"9ec5745960d05573c8fb047cdd9191bd0c6ede26f07700bb40ecf1a3920abae8": {http.MethodGet, "", false},
		"7868665738ae3f8a796224e0413c1351ddd7ec2af121db12815c0a5b74b8764c": {http.MethodPost, body, false},
		"f957817b95c3af6cf5e2e9dfe1503ea8088f46879d4ab73051467fd7b94f1aba": {http.MethodGet, "", true},
		"8ef83c2b991765b18c95aade7678471747c06890a23a453c76238345b5c86fb8": {http.MethodPost, body, true},
	} {
		r, err := http.NewRequest(c.method, assetsPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("ACCESS-KEY", "key")
		r.Header.Set("ACCESS-SIGNATURE", signature)
		if c.nonce {
			r.Header.Set("ACCESS-NONCE", ms(at))
		} else {
			r.Header.Set("ACCESS-REQUEST-TIME", ms(at))
			r.Header.Set("ACCESS-TIME-WINDOW", "1000")
		}
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.openUser("documents", "key", "hoge", nil)
		if u, got := s.authorize(at, r, []byte(c.body)); got != 0 || u.id != "documents" {
			t.Errorf("%s nonce=%v: %d", c.method, c.nonce, got)
		}
	}
}

func TestEverySignedRequestIsAcceptedOrRefusedForItsReason(t *testing.T) {
	now := time.Now()
	at := func(off time.Duration) string { return ms(now.Add(off)) }
	for _, c := range []struct {
		name   string
		path   string
		header []string
		want   int // 0 is success
	}{
		{"a time window", assetsPath, windowed("sim-key", "sim-secret", at(0), "5000", assetsPath), 0},
		{"a nonce", assetsPath, nonced("sim-secret", "1", assetsPath), 0},
		{"a query in its own order", assetsPath + "?b=%7e&a=1", windowed("sim-key", "sim-secret", at(0), "5000", assetsPath+"?b=%7e&a=1"), 0},
		{"both kinds: the window counts", assetsPath, append(windowed("sim-key", "sim-secret", at(0), "5000", assetsPath), "ACCESS-NONCE", "x"), 0},
		{"no window header, none signed", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-REQUEST-TIME", at(0), "ACCESS-SIGNATURE", sign("sim-secret", at(0)+assetsPath)}, 0},
		{"no window header, 5000 signed", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-REQUEST-TIME", at(0), "ACCESS-SIGNATURE", sign("sim-secret", at(0)+"5000"+assetsPath)}, 0},

		{"nothing", assetsPath, nil, 20003},
		{"nothing, unknown path", "/v1/user/nonsense", nil, 20003},
		{"signature only", assetsPath, []string{"ACCESS-SIGNATURE", "00"}, 20003},
		{"key only", assetsPath, []string{"ACCESS-KEY", "sim-key"}, 20036},
		{"key and window", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-TIME-WINDOW", "5000"}, 20033},
		{"an empty nonce", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-NONCE", ""}, 20004},
		{"another's key", assetsPath, windowed("other", "sim-secret", at(0), "5000", assetsPath), 20002},
		{"a wrong secret", assetsPath, windowed("sim-key", "other", at(0), "5000", assetsPath), 20005},
		{"no signature", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-REQUEST-TIME", at(0), "ACCESS-TIME-WINDOW", "5000"}, 20005},
		{"a capital signature", assetsPath, []string{"ACCESS-KEY", "sim-key", "ACCESS-NONCE", "1", "ACCESS-SIGNATURE", strings.ToUpper(sign("sim-secret", "1"+assetsPath))}, 20005},
		{"signed without /v1", assetsPath, windowed("sim-key", "sim-secret", at(0), "5000", "/user/assets"), 20005},
		{"signed without its query", assetsPath + "?a=1", windowed("sim-key", "sim-secret", at(0), "5000", assetsPath), 20005},
		{"an hour old", assetsPath, windowed("sim-key", "sim-secret", at(-time.Hour), "60000", assetsPath), 20035},
		{"older than its window", assetsPath, windowed("sim-key", "sim-secret", at(-2*time.Second), "1000", assetsPath), 20035},
		{"from the future", assetsPath, windowed("sim-key", "sim-secret", at(10*time.Second), "5000", assetsPath), 20034},
		{"time in words", assetsPath, windowed("sim-key", "sim-secret", "now", "5000", assetsPath), 20037},
		{"time beyond 64 bits", assetsPath, windowed("sim-key", "sim-secret", "99999999999999999999", "5000", assetsPath), 20037},
		{"a window of two minutes", assetsPath, windowed("sim-key", "sim-secret", at(0), "120000", assetsPath), 20038},
		{"a window in words", assetsPath, windowed("sim-key", "sim-secret", at(0), "wide", assetsPath), 20038},
		{"a nonce in words", assetsPath, nonced("sim-secret", "one", assetsPath), 20039},
		{"a negative nonce", assetsPath, nonced("sim-secret", "-1", assetsPath), 20039},
		{"nonce 0 does not rise", assetsPath, nonced("sim-secret", "0", assetsPath), 20001},
		{"an unknown path, signed", "/v1/user/nonsense", nonced("sim-secret", "1", "/v1/user/nonsense"), 20001},
		{"no version", "/user/assets", nonced("sim-secret", "1", "/user/assets"), 20018},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := calm(t, Options{})
			r := get(t, s, "private", c.path, c.header...)
			if got := code(t, r); r.StatusCode != http.StatusOK || got != c.want {
				t.Errorf("HTTP %d, code %d, want 200 and %d", r.StatusCode, got, c.want)
			}
		})
	}
}

// code reads bitbank's envelope: 0 for success.
func code(t *testing.T, r *http.Response) int {
	t.Helper()
	var got struct {
		Success int `json:"success"`
		Data    struct {
			Code int `json:"code"`
		} `json:"data"`
	}
	body := text(t, r)
	if err := json.Unmarshal([]byte(body), &got); err != nil || (got.Success == 1) != (got.Data.Code == 0) {
		t.Fatalf("no envelope: %v %.200s", err, body)
	}
	return got.Data.Code
}

func TestANonceMustRiseAndARefusedOneIsNotSpent(t *testing.T) {
	s := calm(t, Options{})
	for _, c := range []struct {
		secret, nonce string
		want          int
	}{
		{"sim-secret", "10", 0},
		{"sim-secret", "10", 20001},
		{"sim-secret", "9", 20001},
		{"other", "99", 20005}, // whoever does not know the secret cannot use the nonces up
		{"sim-secret", "11", 0},
	} {
		if got := code(t, get(t, s, "private", assetsPath, nonced(c.secret, c.nonce, assetsPath)...)); got != c.want {
			t.Errorf("nonce %s signed with %s: %d, want %d", c.nonce, c.secret, got, c.want)
		}
	}
}

func TestTheEleventhReadOfASecondIsTooMany(t *testing.T) {
	s := calm(t, Options{})
	for i := range 11 {
		nonce := strconv.Itoa(i + 1)
		r := get(t, s, "private", assetsPath, nonced("sim-secret", nonce, assetsPath)...)
		status, want := http.StatusOK, 0
		if i == 10 {
			status, want = http.StatusTooManyRequests, 10009
		}
		if got := code(t, r); r.StatusCode != status || got != want {
			t.Errorf("read %d: HTTP %d, code %d, want %d and %d", i+1, r.StatusCode, got, status, want)
		}
	}
}

func TestTheAccountOpensAsTheContractSays(t *testing.T) {
	s := calm(t, Options{})
	var got struct {
		Data struct {
			Assets []map[string]any `json:"assets"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text(t, get(t, s, "private", assetsPath, nonced("sim-secret", "1", assetsPath)...))), &got); err != nil {
		t.Fatal(err)
	}
	held := map[string]any{}
	for _, a := range got.Data.Assets {
		name := a["asset"].(string)
		held[name] = a["onhand_amount"]
		_, listed := a["network_list"]
		fee, _ := a["withdrawal_fee"].(map[string]any)
		_, yen := fee["threshold"]
		if listed == (name == "jpy") || yen != (name == "jpy") {
			t.Errorf("%s: networks listed %v, fee %v", name, listed, fee)
		}
		if a["free_amount"] != a["onhand_amount"] {
			t.Errorf("%s: free %v of %v", name, a["free_amount"], a["onhand_amount"])
		}
	}
	if len(held) != 48 || held["jpy"] != "10000000.0000" || held["btc"] != "10.00000000" || held["xrp"] != "100000.000000" {
		t.Errorf("%d assets, jpy %v, btc %v, xrp %v", len(held), held["jpy"], held["btc"], held["xrp"])
	}
}

func TestTheOpenPartOfThePrivateHost(t *testing.T) {
	s := calm(t, Options{})
	for _, c := range []struct {
		method, path string
		status, code int
	}{
		{"GET", "/v1/spot/status", 200, 0},
		{"GET", "/v1/spot/pairs", 200, 0},
		{"GET", "/spot/pairs", 200, 0}, // ccxt asks so
		{"GET", "/v1/nonexistent", 404, 10000},
		{"GET", "/", 404, 10000},
		{"GET", "/V1/spot/status", 404, 10000},
		{"GET", "/v1/spot/status/", 404, 10000},
		{"POST", "/v1/spot/status", 404, 10000},
		{"DELETE", "/v1/spot/pairs", 404, 10000},
	} {
		r := ask(t, s, "private", c.method, c.path, "")
		if got := code(t, r); r.StatusCode != c.status || got != c.code {
			t.Errorf("%s %s: HTTP %d, code %d, want %d and %d", c.method, c.path, r.StatusCode, got, c.status, c.code)
		}
	}
	with, without := text(t, get(t, s, "private", "/v1/spot/pairs")), text(t, get(t, s, "private", "/spot/pairs"))
	if with != without {
		t.Error("/spot/pairs differs from /v1/spot/pairs")
	}
	var got struct {
		Data struct {
			Pairs []map[string]any `json:"pairs"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(with), &got); err != nil {
		t.Fatal(err)
	}
	// All fields of the documents and the one that is only seen live, 38 in all.
	if len(got.Data.Pairs) != 62 || len(got.Data.Pairs[0]) != 38 {
		t.Errorf("%d pairs with %d fields: %v", len(got.Data.Pairs), len(got.Data.Pairs[0]), slices.Sorted(maps.Keys(got.Data.Pairs[0])))
	}
}

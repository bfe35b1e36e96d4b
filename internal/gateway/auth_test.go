package gateway

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/secret"
)

// opened is a doorman who knows one key and has stood there for an hour.
func opened(id, key string, now time.Time) *doorman {
	return &doorman{
		lookup: func(got string) (keys.Bot, bool) {
			return keys.Bot{Name: "bot", ID: secret.New(id), Secret: secret.New(key)}, got == id
		},
		opened: now.Add(-time.Hour), bots: map[string]*guest{},
	}
}

func TestEveryPublishedSignatureOpens(t *testing.T) {
	b, err := os.ReadFile("../../bitbank/testdata/auth-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Key     string `json:"access_key"`
		Vectors []struct {
			ID, Scheme, Method, Body, Secret, Signature string
			Target                                      string `json:"request_target"`
			Time                                        string `json:"access_request_time"`
			Window                                      string `json:"access_time_window"`
			Nonce                                       string `json:"access_nonce"`
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Vectors) < 15 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		now := time.UnixMilli(1767225600900)
		if v.Time != "" {
			ms, _ := strconv.ParseInt(v.Time, 10, 64)
			now = time.UnixMilli(ms + 900)
		}
		h := http.Header{}
		h.Set("ACCESS-KEY", file.Key)
		h.Set("ACCESS-SIGNATURE", v.Signature)
		for name, value := range map[string]string{"ACCESS-REQUEST-TIME": v.Time, "ACCESS-TIME-WINDOW": v.Window, "ACCESS-NONCE": v.Nonce} {
			if value != "" {
				h.Set(name, value)
			}
		}
		check := func(name, target, body string, want bitbank.Code) {
			t.Helper()
			d := opened(file.Key, v.Secret, now)
			if got := d.verify(v.Method, target, h, []byte(body), now).code; got != want {
				t.Errorf("%s, %s: code %d, want %d", v.ID, name, got, want)
			}
		}
		check("as published", v.Target, v.Body, 0)
		if v.Method == http.MethodGet {
			check("another query", v.Target+"?a=1", v.Body, codeSignature)
			check("the path alone is another", "/v1"+v.Target, v.Body, codeSignature)
		} else {
			check("another space", v.Target, strings.Replace(v.Body, ":", ": ", 1), codeSignature)
			check("no body", v.Target, "", codeSignature)
			check("a path is not signed", "/v1/anything", v.Body, 0)
		}
	}
}

func TestWhatIsWrongWithASignatureHasBitbanksCode(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	ms := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).UnixMilli(), 10) }
	const target = "/v1/user/assets"
	good := func(stamp string) string { return bitbank.Signature("secret", stamp+target) }
	windowed := func(at, window string) []string {
		return []string{"ACCESS-KEY", "key", "ACCESS-REQUEST-TIME", at, "ACCESS-TIME-WINDOW", window, "ACCESS-SIGNATURE", good(at + window)}
	}
	for _, c := range []struct {
		name   string
		header []string
		want   bitbank.Code
	}{
		{"nothing", nil, 20003},
		{"an empty key", []string{"ACCESS-KEY", ""}, 20003},
		{"an unknown key", []string{"ACCESS-KEY", "other", "ACCESS-REQUEST-TIME", ms(0)}, 20002},
		{"neither time nor nonce", []string{"ACCESS-KEY", "key", "ACCESS-SIGNATURE", good("")}, 20036},
		{"a window without a time", []string{"ACCESS-KEY", "key", "ACCESS-TIME-WINDOW", "5000"}, 20033},
		{"an empty nonce", []string{"ACCESS-KEY", "key", "ACCESS-NONCE", ""}, 20004},
		{"a nonce that is none", []string{"ACCESS-KEY", "key", "ACCESS-NONCE", "1.5"}, 20039},
		{"a nonce with a zero before it", []string{"ACCESS-KEY", "key", "ACCESS-NONCE", "07"}, 20039},
		{"a time that is none", windowed("soon", "5000"), 20037},
		{"a time with a sign", windowed("+"+ms(0), "5000"), 20037},
		{"a time with a zero before it", windowed("0"+ms(0), "5000"), 20037},
		{"a time before 1970", windowed("-5", "5000"), 20037},
		{"a window that is none", windowed(ms(0), "wide"), 20038},
		{"a window too wide", windowed(ms(0), "60001"), 20038},
		{"the widest window", windowed(ms(-time.Minute), "60000"), 0},
		{"a second ahead", windowed(ms(time.Second), "5000"), 20034},
		{"just below a second ahead", windowed(ms(999*time.Millisecond), "5000"), 0},
		{"as old as the window", windowed(ms(-5*time.Second), "5000"), 0},
		{"older than the window", windowed(ms(-5001*time.Millisecond), "5000"), 20035},
		{"a window of zero", windowed(ms(0), "0"), 0},
		{"no window, signed without one", windowed(ms(0), ""), 0},
		{"no window, signed with the default", []string{"ACCESS-KEY", "key", "ACCESS-REQUEST-TIME", ms(0), "ACCESS-SIGNATURE", good(ms(0) + "5000")}, 0},
		{"no window, older than the default", windowed(ms(-6*time.Second), ""), 20035},
		{"another secret", []string{"ACCESS-KEY", "key", "ACCESS-REQUEST-TIME", ms(0), "ACCESS-TIME-WINDOW", "5000", "ACCESS-SIGNATURE", bitbank.Signature("other", ms(0)+"5000"+target)}, 20005},
		{"capitals", []string{"ACCESS-KEY", "key", "ACCESS-REQUEST-TIME", ms(0), "ACCESS-TIME-WINDOW", "5000", "ACCESS-SIGNATURE", strings.ToUpper(good(ms(0) + "5000"))}, 20005},
		{"half a signature", []string{"ACCESS-KEY", "key", "ACCESS-REQUEST-TIME", ms(0), "ACCESS-TIME-WINDOW", "5000", "ACCESS-SIGNATURE", good(ms(0) + "5000")[:32]}, 20005},
		{"no signature", []string{"ACCESS-KEY", "key", "ACCESS-NONCE", "7"}, 20005},
		{"a nonce", []string{"ACCESS-KEY", "key", "ACCESS-NONCE", "7", "ACCESS-SIGNATURE", good("7")}, 0},
		{"both methods: the time wins", append(windowed(ms(0), "5000"), "ACCESS-NONCE", "x"), 0},
	} {
		h := http.Header{}
		for i := 0; i < len(c.header); i += 2 {
			h.Set(c.header[i], c.header[i+1])
		}
		d := opened("key", "secret", now)
		got := d.verify(http.MethodGet, target, h, nil, now)
		if got.code != c.want || got.again || got.code == 0 && got.bot.Name != "bot" {
			t.Errorf("%s: %+v, want %d", c.name, got, c.want)
		}
	}
}

// signedBy are the headers of one request to target at a time, with a window in milliseconds or a nonce.
func signedBy(at time.Time, window int, nonce uint64, target string) http.Header {
	h := http.Header{}
	h.Set("ACCESS-KEY", "key")
	if nonce != 0 {
		n := strconv.FormatUint(nonce, 10)
		h.Set("ACCESS-NONCE", n)
		h.Set("ACCESS-SIGNATURE", bitbank.Signature("secret", n+target))
		return h
	}
	stamp, width := strconv.FormatInt(at.UnixMilli(), 10), strconv.Itoa(window)
	h.Set("ACCESS-REQUEST-TIME", stamp)
	h.Set("ACCESS-TIME-WINDOW", width)
	h.Set("ACCESS-SIGNATURE", bitbank.Signature("secret", stamp+width+target))
	return h
}

const somewhere = "/v1/user/assets"

func TestACopiedRequestOpensNothing(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	try := func(h http.Header, at time.Time) bitbank.Code {
		return d.verify(http.MethodGet, somewhere, h, nil, at).code
	}
	h := signedBy(now, 5000, 0, somewhere)
	if got := try(h, now); got != 0 {
		t.Fatalf("the first: %d", got)
	}
	for _, after := range []time.Duration{echo + time.Millisecond, time.Second, 5 * time.Second} {
		if got := try(h, now.Add(after)); got != codeUnauthorized {
			t.Errorf("a copy after %v: code %d, want %d", after, got, codeUnauthorized)
		}
	}
	if got := try(h, now.Add(6*time.Second)); got != codeLate {
		t.Errorf("a copy after its window: %d, want %d", got, codeLate)
	}
	// bitbank's two methods sign the same text when a nonce has the digits of a time and a window.
	at := strconv.FormatInt(now.UnixMilli(), 10)
	forged := http.Header{"Access-Key": {"key"}, "Access-Nonce": {at + "5000"}, "Access-Signature": {h.Get("ACCESS-SIGNATURE")}}
	if got := try(forged, now.Add(time.Hour)); got != codeUnauthorized {
		t.Errorf("a copy with its time as a nonce: %d, want %d", got, codeUnauthorized)
	}
	n := signedBy(now, 0, 1767225600000123, somewhere) // a nonce in microseconds
	d = opened("key", "secret", now)
	if got := try(n, now); got != 0 {
		t.Fatalf("the nonce: %d", got)
	}
	forged = http.Header{"Access-Key": {"key"}, "Access-Request-Time": {at}, "Access-Time-Window": {"123"}, "Access-Signature": {n.Get("ACCESS-SIGNATURE")}}
	if got := try(forged, now); got != codeUnauthorized {
		t.Errorf("a copy with its nonce as a time: %d, want %d", got, codeUnauthorized)
	}
}

// A program on the same machine can ask twice within a millisecond, which gives two equal signatures.
func TestARequestMayComeTwiceAtOnce(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	h := signedBy(now, 5000, 0, somewhere)
	for i, after := range []time.Duration{0, 0, time.Millisecond, echo} {
		got := d.verify(http.MethodGet, somewhere, h, nil, now.Add(after))
		if got.code != 0 || got.again != (i > 0) {
			t.Errorf("after %v: %+v", after, got)
		}
	}
	if got := d.verify(http.MethodGet, somewhere, h, nil, now.Add(echo+time.Millisecond)); got.code != codeUnauthorized || !got.again {
		t.Errorf("later: %+v", got) // coming again does not prolong it
	}
}

// A nonce that is used up by this very POST is told from one that is merely too low.
func TestAPostThatComesAgainIsKnown(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	try := func(nonce uint64, body string, after time.Duration) admission {
		return d.verify(http.MethodPost, pathOrder, signedBy(now, 0, nonce, body), []byte(body), now.Add(after))
	}
	for _, c := range []struct {
		nonce uint64
		body  string
		after time.Duration
		code  bitbank.Code
		again bool
	}{
		{7, "a", 0, 0, false}, {8, "b", 0, 0, false}, {7, "a", 0, 20001, true}, {8, "b", time.Minute, 20001, true},
		{6, "a", 0, 20001, false}, {8, "a", 0, 20001, false}, {7, "a", 61 * time.Second, 20001, false},
	} {
		if got := try(c.nonce, c.body, c.after); got.code != c.code || got.again != c.again {
			t.Errorf("%d %s after %v: %+v, want %d, %v", c.nonce, c.body, c.after, got, c.code, c.again)
		}
	}
}

func TestWhatWasSignedBeforeTheGatewayBeganIsLate(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	d.opened = now.Add(-2 * time.Second)
	for before, want := range map[time.Duration]bitbank.Code{time.Second: 0, 2 * time.Second: 0, 3 * time.Second: codeLate} {
		h := signedBy(now.Add(-before), 5000, 0, somewhere)
		if got := d.verify(http.MethodGet, somewhere, h, nil, now).code; got != want {
			t.Errorf("signed %v ago: %d, want %d", before, got, want)
		}
	}
}

func TestNoncesRiseForEachKeyAlone(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	one := d.lookup
	d.lookup = func(id string) (keys.Bot, bool) {
		b, ok := one("key")
		b.Name = id
		return b, ok
	}
	for _, c := range []struct {
		key   string
		nonce uint64
		want  bitbank.Code
	}{{"key", 5, 0}, {"key", 5, 20001}, {"key", 4, 20001}, {"other", 4, 0}, {"key", 6, 0}, {"key", 1 << 63, 0}, {"key", 7, 20001}} {
		h := signedBy(now, 0, c.nonce, somewhere)
		h.Set("ACCESS-KEY", c.key)
		if got := d.verify(http.MethodGet, somewhere, h, nil, now).code; got != c.want {
			t.Errorf("%s %d: code %d, want %d", c.key, c.nonce, got, c.want)
		}
	}
}

func TestTheMemoryOfSignaturesIsBounded(t *testing.T) {
	now := time.UnixMilli(1767225600000)
	d := opened("key", "secret", now)
	try := func(i int, at time.Time) bitbank.Code {
		target := somewhere + "?i=" + strconv.Itoa(i)
		return d.verify(http.MethodGet, target, signedBy(at, 5000, 0, target), nil, at).code
	}
	for i := range maxSeen {
		if got := try(i, now); got != 0 {
			t.Fatalf("request %d: %d", i, got)
		}
	}
	if got := try(maxSeen, now); got != codeTooMany {
		t.Errorf("one too many: %d, want %d", got, codeTooMany)
	}
	if got := try(maxSeen, now.Add(5001*time.Millisecond)); got != 0 {
		t.Errorf("when they have run out: %d", got)
	}
	if g := d.guest("bot"); len(g.seen) != 1 || len(g.ends) > maxSeen {
		t.Errorf("%d signatures and %d endings are kept", len(g.seen), len(g.ends))
	}
}

// However a bot's clock and windows are, and whatever is copied when: nothing opens twice.
func TestNothingOpensTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(1767225600000)
		d := opened("key", "secret", now)
		var sent []http.Header
		in := map[string]time.Time{}
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 51, 400, 3000}).Draw(t, "ms")) * time.Millisecond)
			var h http.Header
			if len(sent) > 0 && rapid.Bool().Draw(t, "copy") {
				h = sent[rapid.IntRange(0, len(sent)-1).Draw(t, "which")]
			} else {
				target := somewhere
				at := now.Add(time.Duration(rapid.IntRange(-2000, 900).Draw(t, "clock")) * time.Millisecond)
				h = signedBy(at, rapid.SampledFrom([]int{0, 1, 500, 5000, 60000}).Draw(t, "window"), 0, target)
				sent = append(sent, h)
			}
			got := d.verify(http.MethodGet, somewhere, h, nil, now)
			first, before := in[h.Get("ACCESS-SIGNATURE")]
			switch {
			case got.code != 0:
			case before != got.again:
				t.Fatalf("came before: %v, but %+v", before, got)
			case before && now.Sub(first) > echo:
				t.Fatalf("opened again after %v", now.Sub(first))
			case !before:
				in[h.Get("ACCESS-SIGNATURE")] = now
			}
		}
	})
}

func FuzzAuthenticationHeaders(f *testing.F) {
	f.Add("key", "1767225600000", "5000", "", "00", "GET", somewhere, "")
	f.Add("key", "", "", "9223372036854775808", "zz", "POST", "/v1/user/spot/order", `{"pair":"btc_jpy"}`)
	f.Add("key", "-1", "60001", "1", "", "GET", "/", "\x00")
	now := time.UnixMilli(1767225600000)
	f.Fuzz(func(t *testing.T, key, at, window, nonce, signature, method, target, body string) {
		d := opened("key", "secret", now)
		h := http.Header{}
		for name, v := range map[string]string{"ACCESS-KEY": key, "ACCESS-REQUEST-TIME": at, "ACCESS-TIME-WINDOW": window, "ACCESS-NONCE": nonce, "ACCESS-SIGNATURE": signature} {
			h.Set(name, v)
		}
		code := d.verify(method, target, h, []byte(body), now).code
		if code/10000 != 2 {
			t.Fatalf("without the secret: code %d", code)
		}
		// With the right signature it is let in or not, but as the same request the second time.
		message := target
		if method == http.MethodPost {
			message = body
		}
		stamp := nonce
		if at != "" {
			stamp = at + window
		}
		h.Set("ACCESS-SIGNATURE", bitbank.Signature("secret", stamp+message))
		first := d.verify(method, target, h, []byte(body), now)
		second := d.verify(method, target, h, []byte(body), now)
		if first.again || first.code != 0 && first.code/10000 != 2 || first.code == 0 && second.code == 0 && !second.again {
			t.Fatalf("%+v, then %+v", first, second)
		}
	})
}

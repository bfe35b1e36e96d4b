package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/secret"
)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

func secretOf(s string) secret.Value { return secret.New(s) }

// aboutMoney is everything that needs the login to be read.
var aboutMoney = []string{
	"/orders", "/orders/freeze", "/orders/thaw?bot=arb", "/orders/decide?intent=2-7", "/orders/cancel", "/api/v1/plans", "/api/v1/orders", "/api/v1/transfers", "/transfers", "/transfers?asset=xrp",
}

func TestWhatConcernsMoneyNeedsTheLogin(t *testing.T) {
	now := time.Now()
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, everything(now))
	in := enter(t, h)
	for _, path := range aboutMoney {
		for name, c := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"nobody":         {func(*http.Request) {}, http.StatusUnauthorized},
			"a wrong token":  {with(testToken[:63] + "1"), http.StatusUnauthorized},
			"half the token": {with(testToken[:32]), http.StatusUnauthorized},
			"another cookie": {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "hikeshi_session_8710", Value: testToken}) }, http.StatusUnauthorized},
			"the token":      {with(testToken), http.StatusOK},
			"a session":      {in, http.StatusOK},
		} {
			r := get(t, h, path, c.change)
			page := body(t, r)
			if r.StatusCode != c.want && r.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%s for %s: %s, want %d", path, name, r.Status, c.want)
			}
			if c.want != http.StatusOK && (strings.Contains(page, "grid") || strings.Contains(page, "0.42")) {
				t.Errorf("%s tells %s of the account", path, name)
			}
		}
	}
	// Verdicts stay open, and the pages that belong to them.
	for _, path := range []string{"/", "/history", "/help", "/settings", "/login", "/explain?code=60001", "/api/v1/verdict", "/metrics"} {
		if r := get(t, h, path); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}

func TestWithoutATokenNobodyComesIn(t *testing.T) {
	s := newServer(Options{Source: &fake{}, Accounts: calmly(time.Now())})
	h := s.guard(http.HandlerFunc(s.serve))
	for _, change := range []func(*http.Request){with(""), with("x"), func(r *http.Request) { r.Header.Set("Authorization", "Bearer") }} {
		if r := get(t, h, "/api/v1/orders", change); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("got in: %s", r.Status)
		}
	}
	if r := get(t, h, "/login?token="); len(r.Cookies()) != 0 {
		t.Error("an empty token opened a session")
	}
}

func TestTheLinkLeavesACookieAndNothingElse(t *testing.T) {
	h, _ := guarded(&fake{}, calmly(time.Now()))
	r := get(t, h, "/login?token="+testToken)
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 || c.Name != "hikeshi_session_8710" {
		t.Errorf("the cookie is %v", c)
	}
	if strings.Contains(c.Value, testToken[:8]) || len(c.Value) < 40 {
		t.Errorf("its value is %q", c.Value)
	}
	if r.Header.Get("Location") != "/orders" || strings.Contains(body(t, r), testToken) || r.Header.Get("Referrer-Policy") != "no-referrer" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the token stays behind: %v", r.Header)
	}
	if r := get(t, h, "/login?token="+testToken, func(r *http.Request) { r.Method = http.MethodHead }); len(r.Cookies()) != 0 {
		t.Error("a look at the headers opened a session")
	}
}

// A wrong token is answered as wrong ten times a minute; the right one always works, because 32 bytes are not guessed and the
// owner must be able to stop the bots.
func TestWrongTriesAreSlowedAndTheOwnerIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := guarded(&fake{}, calmly(time.Now()))
		statuses := map[int]int{}
		for i := range 50 {
			path, change := "/login?token=wrong", func(*http.Request) {}
			if i%2 == 1 {
				path, change = "/api/v1/orders", with("wrong")
			}
			r := get(t, h, path, change)
			statuses[r.StatusCode]++
			if r.StatusCode == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "" {
				t.Error("no word of when to try again")
			}
		}
		if statuses[http.StatusUnauthorized] != 10 || statuses[http.StatusTooManyRequests] != 40 {
			t.Errorf("answers: %v", statuses)
		}
		if r := get(t, h, "/api/v1/orders", with(testToken)); r.StatusCode != http.StatusOK {
			t.Errorf("the right token: %s", r.Status)
		}
		enter(t, h)
		time.Sleep(time.Minute)
		if r := get(t, h, "/login?token=wrong"); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("a minute later: %s", r.Status)
		}
	})
}

func TestASessionEndsAfterTwelveHoursOrWhenItIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := guarded(&fake{}, calmly(time.Now()))
		in := enter(t, h)
		time.Sleep(12*time.Hour - time.Second)
		page := get(t, h, "/orders", in)
		if page.StatusCode != http.StatusOK {
			t.Fatalf("within twelve hours: %s", page.Status)
		}
		form := formOf(t, body(t, page))
		time.Sleep(2 * time.Second)
		if r := get(t, h, "/orders", in); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("after twelve hours: %s", r.Status)
		}
		in = enter(t, h)
		if r := send(t, h, "/logout", form, in); r.StatusCode != http.StatusForbidden {
			t.Errorf("the form of another session: %s", r.Status)
		}
		r := send(t, h, "/logout", formOf(t, body(t, get(t, h, "/orders", in))), in)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Clear-Site-Data") != `"storage"` || r.Cookies()[0].MaxAge >= 0 {
			t.Errorf("leaving: %s %v", r.Status, r.Header)
		}
		if r := get(t, h, "/orders", in); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("after leaving: %s", r.Status)
		}
		for range 100 {
			time.Sleep(time.Second)
			in = enter(t, h)
		}
		if n := len(s.entrance.sessions); n != sessionsMost {
			t.Errorf("%d sessions are kept, want %d", n, sessionsMost)
		}
		if r := get(t, h, "/orders", in); r.StatusCode != http.StatusOK {
			t.Errorf("the newest of many: %s", r.Status)
		}
	})
}

// send posts a form.
func send(t *testing.T, h http.Handler, path string, form url.Values, change ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8710"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// post sends JSON.
func post(t *testing.T, h http.Handler, path, text string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8710"+path, strings.NewReader(text))
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestOnlyAFormOfOursActs(t *testing.T) {
	now := time.Now()
	o := everything(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	form := formOf(t, body(t, get(t, h, "/orders/freeze?bot=grid", in)))
	form.Set("why", "  値段がおかしい ")
	without := url.Values{"bot": {"grid"}}
	from := func(site string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }
	}
	origin := func(o string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Origin", o) } }
	for name, c := range map[string]struct {
		form    url.Values
		changes []func(*http.Request)
		want    int
	}{
		"nobody":                       {form, nil, http.StatusUnauthorized},
		"no form token":                {without, []func(*http.Request){in}, http.StatusForbidden},
		"the session alone, by token":  {without, []func(*http.Request){with(testToken)}, http.StatusForbidden},
		"another site":                 {form, []func(*http.Request){in, from("cross-site")}, http.StatusForbidden},
		"another port of this machine": {form, []func(*http.Request){in, from("same-site")}, http.StatusForbidden},
		"an old browser elsewhere":     {form, []func(*http.Request){in, origin("http://127.0.0.1:9999")}, http.StatusForbidden},
	} {
		if r := send(t, h, "/orders/freeze", c.form, c.changes...); r.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", name, r.Status, c.want)
		}
	}
	if len(o.asked) != 0 {
		t.Fatalf("something was done: %v", o.asked)
	}
	r := send(t, h, "/orders/freeze", form, in, from("same-origin"), origin("http://127.0.0.1:8710"))
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/orders?did=freeze&what=grid" {
		t.Errorf("our own form: %s to %q", r.Status, r.Header.Get("Location"))
	}
	thaw := formOf(t, body(t, get(t, h, "/orders/thaw?bot=grid", in)))
	send(t, h, "/orders/thaw", thaw, in)
	thaw.Set("bot", "nobody")
	if r := send(t, h, "/orders/thaw", thaw, in); r.StatusCode != http.StatusNotFound {
		t.Errorf("a bot that there is not: %s", r.Status)
	}
	if want := []string{"freeze grid true 値段がおかしい", "freeze grid false "}; !slices.Equal(o.asked, want) {
		t.Errorf("asked %q, want %q", o.asked, want)
	}
}

func TestTheOwnerDecidesAnAmbiguousOrderOnce(t *testing.T) {
	now := time.Now()
	o := everything(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	if r := get(t, h, "/orders/decide?intent=2-7&ours=99", in); r.StatusCode != http.StatusBadRequest {
		t.Errorf("an order that does not look alike: %s", r.Status)
	}
	if r := get(t, h, "/orders/decide?intent=2-7&ours=71&none=1", in); r.StatusCode != http.StatusBadRequest {
		t.Errorf("one and none: %s", r.Status)
	}
	page := body(t, get(t, h, "/orders/decide?intent=2-7&ours=71", in))
	form := formOf(t, page)
	if form.Get("ours") != "71" || form.Has("none") || !strings.Contains(page, "71") {
		t.Fatalf("the form holds %v", form)
	}
	for range 2 { // the second finds nothing to decide, and says how it stands
		if r := send(t, h, "/orders/decide", form, in); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/orders?did=decide&what=2-7" {
			t.Errorf("deciding: %s to %q", r.Status, r.Header.Get("Location"))
		}
	}
	if want := []string{"decide 2-7"}; !slices.Equal(o.asked, want) {
		t.Errorf("asked %q, want %q", o.asked, want)
	}
	if c, _, _ := o.l.Case("2-7"); c.Verdict != "placed" || len(c.Orders) != 1 || c.Orders[0] != 71 {
		t.Errorf("the case is %+v", c)
	}
}

func TestProgramsActWithTheTokenAlone(t *testing.T) {
	now := time.Now()
	o := everything(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in, c := enter(t, h), published(t, h)
	for i, one := range []struct {
		path, body string
		change     func(*http.Request)
		want       int
	}{
		{"/api/v1/freeze", `{"on":true}`, func(*http.Request) {}, http.StatusUnauthorized},
		{"/api/v1/freeze", `{"on":true}`, in, http.StatusUnauthorized},
		{"/api/v1/freeze", `{"on":true}`, with("wrong"), http.StatusUnauthorized},
		{"/api/v1/freeze", `{"bot":"grid"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/freeze", `{"on":true,"bott":"grid"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/freeze", `{"on":true,"bot":"grdi"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/freeze", `{"on":true,"why":"` + strings.Repeat("w", bodyMost) + `"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/freeze", `{"on":true,"why":"` + strings.Repeat("あ", 300) + `"}`, with(testToken), http.StatusOK},
		{"/api/v1/freeze", `{"on":false}`, with(testToken), http.StatusOK},
		{"/api/v1/manual", `{}`, in, http.StatusUnauthorized},
		{"/api/v1/manual", `{"seconds":59}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/manual", `{"seconds":43201}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/manual", `{"seconds":"600"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/manual", `{"seconds":0}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/manual", `{"bot":"grdi"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/manual", `{}`, with(testToken), http.StatusOK},
		{"/api/v1/manual", `{"bot":"grid","seconds":600,"why":" my turn "}`, with(testToken), http.StatusOK},
		{"/api/v1/cancel-all", `{"dry_run":true}`, in, http.StatusUnauthorized},
		{"/api/v1/cancel-all", `{}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/cancel-all", `{"dry_run":true,"bot":"grdi"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/cancel-all", `{"dry_run":true,"pair":"btc_jpi"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/cancel-all", `{"dry_run":true,"protective":true}`, with(testToken), http.StatusOK},
		{"/api/v1/cancel-all", `{"dry_run":false,"bot":"grid","why":"a storm"}`, with(testToken), http.StatusOK},
		{"/api/v1/answer", `{"id":"rest-0"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/answer", `{"id":"rest-1","cancel":true}`, with(testToken), http.StatusConflict},
		{"/api/v1/answer", `{"id":"rest-0","cancel":false}`, with(testToken), http.StatusOK},
		{"/api/v1/give-up", `{"id":"plan-2"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/give-up", `{"id":"plan-1"}`, with(testToken), http.StatusOK},
		{"/api/v1/give-up", `{"id":"plan-1"}`, with(testToken), http.StatusNotFound},
		{"/api/v1/decide", `{"intent":"2-7"}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/decide", `{"intent":"2-7","ours":[99]}`, with(testToken), http.StatusBadRequest},
		{"/api/v1/decide", `{"intent":"2-8","ours":[]}`, with(testToken), http.StatusConflict},
		{"/api/v1/decide", `{"intent":"2-7","ours":[]}`, with(testToken), http.StatusOK},
		{"/api/v1/decide", `{"intent":"2-7","ours":[]}`, with(testToken), http.StatusConflict},
	} {
		r := post(t, h, one.path, one.body, one.change)
		if r.StatusCode != one.want {
			t.Errorf("%d: %s: %s, want %d", i, one.path, r.Status, one.want)
		}
		c.answered(t, r, one.path, "post")
	}
	if want := []string{"freeze  true " + strings.Repeat("あ", whyMost), "freeze  false ", "manual  30 ", "manual grid 10 my turn", "cancel {Bot:grid Pair: Protective:false Except:[]} owner a storm", "answer rest-0 false", "give up plan-1", "decide 2-7"}; fmt.Sprint(o.asked) != fmt.Sprint(want) {
		t.Errorf("asked %q", o.asked)
	}
	if r := get(t, h, "/api/v1/freeze", with(testToken)); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s, allows %q", r.Status, r.Header.Get("Allow"))
	}
}

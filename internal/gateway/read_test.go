package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

// most is the largest number of instants within any span.
func most(at []time.Time, span time.Duration) int {
	top := 0
	for i, first := range at {
		n := 0
		for _, t := range at[i:] {
			if t.Sub(first) < span {
				n++
			}
		}
		top = max(top, n)
	}
	return top
}

func TestTheAccountsLimitHoldsWhateverTwentyBotsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, fine(30*time.Millisecond))
		var bots sync.WaitGroup
		var mu sync.Mutex
		codes := map[bitbank.Code]int{}
		for b := range 20 {
			bots.Go(func() {
				for i := range 30 {
					w := k.ask(t, "bot"+strconv.Itoa(b), http.MethodGet, fmt.Sprintf("/v1/user/assets?b=%d&i=%d", b, i), "")
					mu.Lock()
					codes[codeIn(w.Body.String())]++
					mu.Unlock()
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		bots.Wait()
		if n := most(k.host.times(), time.Second); n > 10 || n < 9 {
			t.Errorf("at most %d requests in a second, want 9 or 10", n)
		}
		if codes[0] != 600 {
			t.Errorf("answers: %v, want 600 successes", codes)
		}
	})
}

// One bot that asks for a hundred things does not keep another from its turn.
func TestABotWithManyReadsLetsOthersPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, fine(10*time.Millisecond))
		var calls sync.WaitGroup
		for i := range 60 {
			calls.Go(func() { k.ask(t, "bot0", http.MethodGet, fmt.Sprintf("/v1/user/assets?i=%d", i), "") })
		}
		time.Sleep(1500 * time.Millisecond)
		began := time.Now()
		w := k.ask(t, "bot1", http.MethodGet, "/v1/user/assets", "")
		if took := time.Since(began); codeIn(w.Body.String()) != 0 || took > 1100*time.Millisecond {
			t.Errorf("after %v: %s", took, w.Body)
		}
		calls.Wait()
	})
}

func TestEqualReadsBecomeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, fine(100*time.Millisecond))
		var calls sync.WaitGroup
		ask := func(name, target string) {
			calls.Go(func() {
				if w := k.ask(t, name, http.MethodGet, target, ""); codeIn(w.Body.String()) != 0 {
					t.Errorf("%s: %s", name, w.Body)
				}
			})
		}
		began := time.Now()
		ask("bot0", "/v1/user/assets")
		synctest.Wait() // it has left
		for i := range 15 {
			ask("bot"+strconv.Itoa(i+1), "/v1/user/assets")
		}
		ask("bot0", "/v1/user/assets?other=1")
		calls.Wait()
		s := k.Stats()
		if k.host.count() != 3 || s.Forwarded != 3 || s.Coalesced != 14 || s.Inbound != 17 {
			t.Errorf("%d requests left, counted %+v", k.host.count(), s)
		}
		// The second leaves as soon as the first is back.
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("it took %v, want 200ms", took)
		}
	})
}

// Bodies are used again: whoever asks gets the answer to his own question, whole.
func TestAnswersAreNotMixedUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/btc_jpy/candlestick/1min/"))
		body := fmt.Sprintf(`{"success":1,"data":"%s"}`, strings.Repeat(strconv.Itoa(n%10), n*997%(2*maxKept)))
		if n%2 == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		io.WriteString(w, body)
	}))
	defer server.Close()
	k := newKit(t, nil, func(o *Options) { o.Public, o.Transport = server.URL, nil })
	var calls sync.WaitGroup
	for c := range 8 {
		calls.Go(func() {
			for i := range 60 {
				n := (c/2 + i) % 40 // two always ask the same
				w := k.ask(t, "", http.MethodGet, fmt.Sprintf("/btc_jpy/candlestick/1min/%d", n), "")
				if want := fmt.Sprintf(`{"success":1,"data":"%s"}`, strings.Repeat(strconv.Itoa(n%10), n*997%(2*maxKept))); w.Body.String() != want {
					t.Errorf("%d: %.60s, %d bytes, want %d", n, w.Body, w.Body.Len(), len(want))
				}
			}
		})
	}
	calls.Wait()
	if s := k.Stats(); s.Coalesced == 0 {
		t.Errorf("counted %+v", s)
	}
}

// An answer is never older than the question, and everybody who waits gets one.
func TestNothingIsServedThatWasReadBeforeItWasAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			arrivals := rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 20).Draw(t, "arrivals")
			takes := rapid.IntRange(0, 900).Draw(t, "takes")
			public := rapid.Bool().Draw(t, "public")
			var problem string
			k := newKit(t, func(r *http.Request) (int, string, error) {
				read := time.Now().UnixMilli()
				time.Sleep(time.Duration(takes) * time.Millisecond)
				return 200, fmt.Sprintf(`{"success":1,"data":%d}`, read), nil
			})
			var calls sync.WaitGroup
			var mu sync.Mutex
			for i, ms := range arrivals {
				calls.Go(func() {
					time.Sleep(time.Duration(ms) * time.Millisecond)
					asked := time.Now().UnixMilli()
					name, target := "bot"+strconv.Itoa(i), "/v1/user/assets"
					if public {
						name, target = "", "/btc_jpy/ticker"
					}
					r := request(t, context.Background(), name, http.MethodGet, target, "")
					w := k.do(r)
					var read int64
					n, _ := fmt.Sscanf(w.Body.String(), `{"success":1,"data":%d}`, &read)
					mu.Lock()
					defer mu.Unlock()
					if n != 1 || read < asked {
						problem = fmt.Sprintf("asked at %d, answered %s", asked, w.Body)
					}
				})
			}
			calls.Wait()
			if sent := k.host.count(); sent > len(arrivals) {
				problem = fmt.Sprintf("%d requests for %d calls", sent, len(arrivals))
			}
			if problem != "" {
				t.Fatal(problem)
			}
		})
	})
}

func TestAFailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		k := newKit(t, func(r *http.Request) (int, string, error) {
			time.Sleep(100 * time.Millisecond)
			if first {
				first = false
				return 200, `{"success":1,"data":1}`, nil
			}
			return 0, "", io.ErrUnexpectedEOF
		})
		var calls sync.WaitGroup
		go k.ask(t, "bot0", http.MethodGet, "/v1/user/assets", "")
		synctest.Wait()
		for i := range 5 {
			calls.Go(func() {
				if w := k.ask(t, "bot"+strconv.Itoa(i+1), http.MethodGet, "/v1/user/assets", ""); codeIn(w.Body.String()) != codeTimedOut {
					t.Errorf("%d: %s", i, w.Body)
				}
			})
		}
		calls.Wait()
		// A first failure is repeated; that the repeat fails says that it was no lost packet.
		if s := k.Stats(); s.Forwarded != 2 || s.Retried != 1 || s.Coalesced != 4 || s.Refused[NoAnswer] != 5 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestALostReadIsRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		err    error
		least  time.Duration
	}{
		"the connection broke":    {0, "", io.ErrUnexpectedEOF, 0},
		"a page of a proxy":       {502, "<html>bad gateway</html>", nil, 0},
		"a page with 200":         {200, "<html>maintenance</html>", nil, 0},
		"half an answer":          {200, `{"success":1,"da`, nil, 0},
		"nothing":                 {200, "", nil, 0},
		"come back in 2 s":        {503, "<html>wait</html>", nil, 2 * time.Second},
		"too many, says bitbank":  {429, `{"success":0,"data":{"code":10009}}`, nil, 2 * time.Second},
		"too many, without words": {429, ``, nil, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			lost := false
			k := newKit(t, func(*http.Request) (int, string, error) {
				if lost {
					return 200, `{"success":1,"data":{}}`, nil
				}
				lost = true
				return c.status, c.body, c.err
			})
			began := time.Now()
			w := k.ask(t, "reader", http.MethodGet, "/v1/user/assets", "")
			if took := time.Since(began); codeIn(w.Body.String()) != 0 || took < c.least || took > c.least+2*time.Second {
				t.Errorf("%s: %s after %v", name, w.Body, took)
			}
			if s := k.Stats(); s.Forwarded != 1 || s.Retried != 1 {
				t.Errorf("%s: counted %+v", name, s)
			}
		})
	}
}

// When bitbank says too many, everything of the account pauses, not only the read that was told.
func TestTheAccountPausesWhenBitbankSaysTooMany(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		pause  time.Duration
	}{
		"429": {429, `too many`, 2 * time.Second}, "in words alone": {200, `{"success":0,"data":{"code":10009}}`, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			first := true
			k := newKit(t, func(*http.Request) (int, string, error) {
				if first {
					first = false
					return c.status, c.body, nil
				}
				return 200, `{"success":1,"data":{}}`, nil
			})
			ctx, giveUp := context.WithTimeout(t.Context(), time.Millisecond)
			defer giveUp()
			k.do(request(t, ctx, "bot0", http.MethodGet, "/v1/user/assets", ""))
			began := time.Now()
			w := k.ask(t, "bot1", http.MethodGet, "/v1/user/margin/status", "")
			if took := time.Since(began); codeIn(w.Body.String()) != 0 || took < c.pause-10*time.Millisecond || took > c.pause+time.Second {
				t.Errorf("%s: another read after %v: %s", name, took, w.Body)
			}
			if got := k.o.Limiter.Limit(bitbank.Query); got >= 10 {
				t.Errorf("%s: the limit is still %d", name, got)
			}
		})
	}
}

func TestWhatIsNotRepeated(t *testing.T) {
	const info = `{"pair":"btc_jpy","order_ids":[1]}`
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		answer               string
		err                  error
		want                 int // HTTP status for the bot
	}{
		"a refusal":         {"GET", "/v1/user/assets", "", 200, `{"success":0,"data":{"code":10001}}`, nil, 200},
		"maintenance":       {"GET", "/v1/user/assets", "", 200, `{"success":0,"data":{"code":10007}}`, nil, 200},
		"an unknown path":   {"GET", "/v1/user/assets", "", 404, `nothing here`, nil, 404},
		"a POST":            {"POST", pathInfo, info, 0, "", io.ErrUnexpectedEOF, 200},
		"a POST with a 502": {"POST", pathInfo, info, 502, "<html>", nil, 502},
		"too many, public":  {"GET", "/btc_jpy/ticker", "", 429, `{"success":0,"data":{"code":10009}}`, nil, 429},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t, func(*http.Request) (int, string, error) { return c.status, c.answer, c.err })
			if w := k.ask(t, "reader", c.method, c.target, c.body); w.Code != c.want || k.host.count() != 1 {
				t.Errorf("%s: HTTP %d after %d requests, want %d after 1", name, w.Code, k.host.count(), c.want)
			}
		})
	}
}

func TestTheLastAnswerComesBackAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(*http.Request) (int, string, error) { return 502, "<html>bad gateway</html>", nil })
		if w := k.ask(t, "reader", http.MethodGet, "/v1/user/assets", ""); w.Code != 502 || w.Body.String() != "<html>bad gateway</html>" {
			t.Errorf("HTTP %d %s", w.Code, w.Body)
		}
		if k.host.count() != 2 {
			t.Errorf("%d requests, want 2", k.host.count())
		}
	})
}

func TestABotIsAnsweredBeforeItGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, hangs, func(o *Options) {
			o.HoldOf = func(bot string) time.Duration {
				if bot == "bot0" {
					return 500 * time.Millisecond
				}
				return 0
			}
		})
		for name, want := range map[string]time.Duration{"bot0": 500 * time.Millisecond, "bot1": 7500 * time.Millisecond} {
			began := time.Now()
			w := k.ask(t, name, http.MethodGet, "/v1/user/assets", "")
			if took := time.Since(began); took > want || took < want/2 || codeIn(w.Body.String()) != codeTimedOut || w.Code != 200 {
				t.Errorf("%s: HTTP %d %s after %v, want %d after %v", name, w.Code, w.Body, took, codeTimedOut, want)
			}
		}
	})
}

// A connection that died silently takes only a part of the bot's time.
func TestASilentConnectionIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		k := newKit(t, func(r *http.Request) (int, string, error) {
			if first {
				first = false
				return hangs(r)
			}
			return 200, `{"success":1,"data":{}}`, nil
		})
		began := time.Now()
		w := k.ask(t, "reader", http.MethodGet, "/v1/user/assets", "")
		if took := time.Since(began); codeIn(w.Body.String()) != 0 || took > 5*time.Second {
			t.Errorf("%s after %v", w.Body, took)
		}
	})
}

// The transport of Go sends a GET again when a kept connection dies under it. Ours counts requests, so it must not.
func TestATransportRepeatsNothingByItself(t *testing.T) {
	var mu sync.Mutex
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		dies := n == 2
		mu.Unlock()
		if dies { // on a kept connection, before anything is answered
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `{"success":1,"data":{}}`)
	}))
	defer server.Close()
	k := newKit(t, nil, func(o *Options) { o.Public, o.Transport = server.URL, nil })
	u := k.public
	q := question{method: http.MethodGet, target: "/tickers"}
	for i, want := range []bool{true, false, true} {
		f, _ := u.table.join(q, time.Now().Add(time.Second))
		_, err := u.exchange(t.Context(), f, free{})
		u.table.land(f, answer{}, err)
		if (err == nil) != want {
			t.Errorf("request %d: %v", i+1, err)
		}
		mu.Lock()
		if n != i+1 {
			t.Errorf("request %d: bitbank has seen %d", i+1, n)
		}
		mu.Unlock()
	}
	if errors.Is(t.Context().Err(), context.Canceled) {
		t.Error("the caller's context was ended")
	}
}

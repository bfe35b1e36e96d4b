package gateway

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

var errDown = errors.New("connection refused")

// Five failures in a row open the breaker; then bots are answered at once and bitbank is left alone, but for a probe.
func TestWhileBitbankIsSilentTheBreakerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		k := newKit(t, func(*http.Request) (int, string, error) {
			if down {
				return 0, "", errDown
			}
			return 200, `{"success":1,"data":{}}`, nil
		})
		i := 0
		ask := func() (bitbank.Code, string) {
			i++
			w := k.ask(t, "maker", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "")
			if w.Code != http.StatusOK {
				t.Errorf("HTTP %d", w.Code)
			}
			return codeIn(w.Body.String()), w.Header().Get("Hikeshi-Reason")
		}
		codes := map[bitbank.Code]int{}
		for k.private.breaker.closed() {
			code, _ := ask()
			codes[code]++
			time.Sleep(10 * time.Millisecond)
		}
		// One read was repeated, and the next one gave its place for that.
		if codes[codeTimedOut] != opensAfter-1 || codes[codeBusy] != 1 || len(codes) != 2 {
			t.Fatalf("before it opens the bot heard %v", codes)
		}
		if n := k.host.count(); n != opensAfter {
			t.Errorf("%d requests failed before it opened, want %d", n, opensAfter)
		}
		opened, before := time.Now(), k.host.count()
		for time.Since(opened) < time.Minute {
			began := time.Now()
			code, reason := ask()
			if took := time.Since(began); took != 0 || code != codeBusy && code != codeTimedOut || reason == "" {
				t.Fatalf("while it is open: code %d (%s) after %v", code, reason, took)
			}
			time.Sleep(100 * time.Millisecond)
		}
		probes := k.host.times()[before:]
		if len(probes) < 12 || len(probes) > 60 {
			t.Errorf("%d probes in a minute", len(probes))
		}
		gaps := map[time.Duration]bool{}
		for j := 1; j < len(probes); j++ {
			gap := probes[j].Sub(probes[j-1])
			if gaps[gap] = true; gap < time.Second || gap > 5200*time.Millisecond {
				t.Errorf("a probe %v after the one before", gap)
			}
		}
		if len(gaps) < 3 {
			t.Errorf("the probes keep time: %v", gaps)
		}
		down = false
		for began := time.Now(); time.Since(began) < 6*time.Second; time.Sleep(100 * time.Millisecond) {
			if code, _ := ask(); code == 0 {
				break
			}
		}
		if code, _ := ask(); code != 0 || !k.private.breaker.closed() {
			t.Errorf("when bitbank is well again: %d", code)
		}
		if s := k.Stats(); s.Refused[NotAnswering] < 500 {
			t.Errorf("counted %+v", s)
		}
	})
}

// While one probe is away nothing else leaves, and a POST is none.
func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(*http.Request) (int, string, error) { return 0, "", errDown }
		k := newKit(t, func(r *http.Request) (int, string, error) { return answer(r) })
		for i := 0; k.private.breaker.closed(); i++ {
			k.ask(t, "maker", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "")
		}
		answer = hangs
		before := k.host.count()
		time.Sleep(6 * time.Second)
		if w := k.ask(t, "maker", http.MethodPost, pathInfo, `{"pair":"btc_jpy","order_ids":[1]}`); codeIn(w.Body.String()) != codeBusy {
			t.Errorf("a POST: %s", w.Body)
		}
		var calls sync.WaitGroup
		var mu sync.Mutex
		codes := map[bitbank.Code]int{}
		for i := range 20 {
			calls.Go(func() {
				w := k.ask(t, "bot"+strconv.Itoa(i), http.MethodGet, "/v1/user/assets?p="+strconv.Itoa(i), "")
				mu.Lock()
				defer mu.Unlock()
				codes[codeIn(w.Body.String())]++
			})
		}
		calls.Wait()
		if n := k.host.count() - before; n != 1 || codes[codeBusy] != 19 || codes[codeTimedOut] != 1 {
			t.Errorf("%d left, answers %v", n, codes)
		}
	})
}

func TestOnlySilenceOpensTheBreaker(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		err    error
		opens  bool
	}{
		"refused by bitbank":    {200, `{"success":0,"data":{"code":60001}}`, nil, false},
		"maintenance, in words": {200, `{"success":0,"data":{"code":10007}}`, nil, false},
		"overloaded, in words":  {503, `{"success":0,"data":{"code":10008}}`, nil, false},
		"too many":              {429, `{"success":0,"data":{"code":10009}}`, nil, false},
		"no such thing":         {404, `{"success":0,"data":{"code":10000}}`, nil, false},
		"not JSON, but a 4xx":   {409, `conflict`, nil, false},
		"a page":                {200, `<html>maintenance</html>`, nil, true},
		"a wall":                {403, `<html>blocked</html>`, nil, true},
		"a proxy":               {502, `bad gateway`, nil, true},
		"half an answer":        {200, `{"success":1,"data":{"a`, nil, true},
		"no connection":         {0, "", errDown, true},
		"cut off":               {0, "", io.ErrUnexpectedEOF, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t, func(*http.Request) (int, string, error) { return c.status, c.body, c.err })
			for i := range 12 {
				k.ask(t, "maker", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "")
			}
			if got := !k.private.breaker.closed(); got != c.opens {
				t.Errorf("%s: open is %v, want %v", name, got, c.opens)
			}
			if k.public.breaker.closed() != true {
				t.Errorf("%s: the other host's breaker opened", name)
			}
		})
	}
}

// Bots that give up within half a second find out that bitbank is silent all the same: what has left is listened to for longer.
func TestImpatientBotsOpenTheBreakerToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []time.Duration
		k := newKit(t, func(r *http.Request) (int, string, error) {
			began := time.Now()
			_, _, err := hangs(r)
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, time.Since(began))
			return 0, "", err
		}, func(o *Options) { o.Hold = 500 * time.Millisecond })
		for i := range 20 {
			k.ask(t, "maker", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "")
		}
		mu.Lock()
		defer mu.Unlock()
		if k.private.breaker.closed() || k.host.count() > 12 {
			t.Errorf("closed is %v after %d requests", k.private.breaker.closed(), k.host.count())
		}
		for _, d := range heard {
			if d != hearing {
				t.Errorf("listened for %v, want %v", d, hearing)
			}
		}
	})
}

// What left before the breaker opened comes back late and says nothing new.
func TestABreakerListensToItsProbeAlone(t *testing.T) {
	now := time.Unix(1767225600, 0)
	b := breaker{dice: &dice{rng: rand.New(rand.NewPCG(1, 1))}}
	old, _ := b.enter(true, now)
	for range opensAfter {
		p, ok := b.enter(true, now)
		if !ok {
			t.Fatal("it opened too early")
		}
		b.report(p, failed, now)
	}
	until := b.until
	b.report(old, answered, now)
	b.report(old, failed, now.Add(time.Second))
	if b.closed() || b.until != until {
		t.Errorf("closed is %v, open until %v, want %v", b.closed(), b.until, until)
	}
	later := now.Add(5 * time.Second)
	p, ok := b.enter(true, later)
	if !ok || !p.probe {
		t.Fatal("no probe after 5 s")
	}
	b.report(p, silent, later) // its bot hung up: the next may go at once
	if p, ok = b.enter(true, later); !ok {
		t.Fatal("no probe after one that says nothing")
	}
	b.report(p, answered, later)
	if !b.closed() {
		t.Error("an answer does not close it")
	}
}

// A public host that says too many is left alone for as long as it asks, for every path.
func TestAPublicHostThatSaysTooManyIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(*http.Request) (int, string, error) { return 429, `slow down`, nil })
		for i := range 100 {
			k.ask(t, "", http.MethodGet, fmt.Sprintf("/btc_jpy/transactions/%d", 20250000+i), "")
			time.Sleep(100 * time.Millisecond)
		}
		if n := k.host.count(); n < 2 || n > 5 {
			t.Errorf("%d requests in 10 s at a host that asks for pauses of 2 s", n)
		}
	})
}

// A mode is a way in which all of bitbank can be away.
var modes = map[string]func(*http.Request) (int, string, error){
	"refused":      func(*http.Request) (int, string, error) { return 0, "", errDown },
	"black hole":   hangs,
	"a page":       func(*http.Request) (int, string, error) { return 502, "<html></html>", nil },
	"wait a while": func(*http.Request) (int, string, error) { return 503, "<html></html>", nil },
	"cut off": func(*http.Request) (int, string, error) {
		time.Sleep(300 * time.Millisecond)
		return 200, `{"success":1,"da`, nil
	},
}

// In no 60 s of an outage leaves more for bitbank than 1.1 times what the bots ask.
func TestAnOutageDoesNotRaiseTheNumberOfRequests(t *testing.T) {
	for name, mode := range modes {
		for _, bots := range []struct {
			n     int
			every time.Duration
		}{{20, 500 * time.Millisecond}, {3, 2 * time.Second}, {1, 5 * time.Second}, {1, 10 * time.Second}} {
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				k := newKit(t, func(r *http.Request) (int, string, error) {
					if down.Load() {
						return mode(r)
					}
					return fine(20 * time.Millisecond)(r)
				})
				var mu sync.Mutex
				var in []time.Time
				var running sync.WaitGroup
				stop := make(chan struct{})
				for b := range bots.n {
					rng := rand.New(rand.NewPCG(7, uint64(b)))
					running.Go(func() {
						for i := 0; ; i++ {
							select {
							case <-stop:
								return
							case <-time.After(bots.every/2 + time.Duration(rng.Int64N(int64(bots.every)))):
							}
							mu.Lock()
							in = append(in, time.Now())
							mu.Unlock()
							target := fmt.Sprintf("/v1/user/assets?b=%d&i=%d", b, i)
							k.ask(t, "bot"+strconv.Itoa(b), http.MethodGet, target, "")
						}
					})
				}
				time.Sleep(2 * time.Minute)
				down.Store(true)
				began := time.Now()
				time.Sleep(5 * time.Minute)
				ended := time.Now()
				close(stop)
				running.Wait()
				worst := 0.0
				for from := began; !from.Add(time.Minute).After(ended); from = from.Add(500 * time.Millisecond) {
					count := func(at []time.Time) (n float64) {
						for _, t := range at {
							if !t.Before(from) && t.Before(from.Add(time.Minute)) {
								n++
							}
						}
						return n
					}
					sent, asked := count(k.host.times()), count(in)
					if sent > 1.10*asked {
						t.Fatalf("%s, %d bots every %v: %v sent for %v", name, bots.n, bots.every, sent, asked)
					}
					worst = max(worst, sent/asked)
				}
				t.Logf("figure: gateway, %s, %d bots every %v: at most %.3f requests for one of a bot in any 60 s", name, bots.n, bots.every, worst)
			})
		}
	}
}

func TestRepeatsStayInTheirBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b retryBudget
		now := time.Unix(1767225600, 0)
		type event struct {
			at    time.Time
			retry bool
		}
		var all []event
		for range rapid.IntRange(1, 400).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
			if rapid.IntRange(0, 9).Draw(t, "kind") < 6 {
				b.request(now)
				all = append(all, event{now, false})
				continue
			}
			requests, retries := 0, 0
			for _, e := range all {
				if now.Unix()-e.at.Unix() < retryBuckets {
					if e.retry {
						retries++
					} else {
						requests++
					}
				}
			}
			if got := b.retry(now); got != (retries < requests/10+3) {
				t.Fatalf("after %d requests and %d repeats: %v", requests, retries, got)
			} else if got {
				all = append(all, event{now, true})
			}
		}
	})
}

func TestPausesGrowToABound(t *testing.T) {
	var got []string
	for n := range 6 {
		got = append(got, backoff(n+1).String())
	}
	if want := "200ms 400ms 800ms 1.6s 2s 2s"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

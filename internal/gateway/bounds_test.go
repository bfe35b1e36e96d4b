package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

func TestNoRoomInTheAccountsLimitIsSaidInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, fine(0))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 10 { // somebody else holds every slot
			if _, err := k.o.Limiter.Wait(ctx, bitbank.Query, ""); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		w := k.ask(t, "reader", http.MethodGet, "/v1/user/assets", "")
		if took := time.Since(began); codeIn(w.Body.String()) != codeTooMany || took != 7500*time.Millisecond {
			t.Errorf("%s after %v", w.Body, took)
		}
		if s := k.Stats(); k.host.count() != 0 || s.Forwarded != 0 || s.Refused[NoRoom] != 1 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestOpenCallsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, hangs, func(o *Options) { o.PerBot, o.Total = 3, 7 })
		var calls sync.WaitGroup
		var mu sync.Mutex
		codes := map[string]map[bitbank.Code]int{}
		ask := func(name string, n int, target string) {
			codes[name] = map[bitbank.Code]int{}
			for i := range n {
				calls.Go(func() {
					w := k.ask(t, name, http.MethodGet, target+"?i="+strconv.Itoa(i), "")
					mu.Lock()
					defer mu.Unlock()
					codes[name][codeIn(w.Body.String())]++
				})
			}
			synctest.Wait()
		}
		ask("bot0", 5, "/v1/user/assets")
		ask("", 4, "/btc_jpy/ticker")
		ask("bot1", 3, "/v1/user/assets")
		calls.Wait()
		want := map[string]map[bitbank.Code]int{
			"bot0": {codeTimedOut: 3, codeTooMany: 2}, "": {codeTimedOut: 3, codeTooMany: 1}, "bot1": {codeTimedOut: 1, codeTooMany: 2},
		}
		if fmt.Sprint(codes) != fmt.Sprint(want) {
			t.Errorf("answers %v, want %v", codes, want)
		}
		if w := k.ask(t, "bot1", http.MethodGet, "/hikeshi/v1/state", ""); w.Code != 200 || taken(k.Gateway) != 0 {
			t.Errorf("afterwards: HTTP %d, %d are open", w.Code, taken(k.Gateway))
		}
	})
}

// taken is how many places are taken.
func taken(g *Gateway) int {
	n := 0
	for _, r := range g.rooms {
		n += r.all + len(r.open)
	}
	return n
}

// Reads and orders that hang leave room for a cancel.
func TestACancelFindsRoomWhateverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, hangs, func(o *Options) { o.PerBot, o.Total = 2, 2 })
		k.desk.place = func(_ context.Context, o Order) Reply {
			time.Sleep(time.Until(o.Until))
			return Reply{}
		}
		var calls sync.WaitGroup
		for i := range 3 {
			calls.Go(func() { k.ask(t, "maker", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "") })
			calls.Go(func() {
				body := strings.Replace(goodOrder, "0.01", "0.0"+strconv.Itoa(i+1), 1)
				w := k.ask(t, "maker", http.MethodPost, pathOrder, body)
				if code, outcome := codeIn(w.Body.String()), w.Header().Get("Hikeshi-Outcome"); (code == codeTooMany) != (outcome == "not-placed") {
					t.Errorf("an order: code %d, outcome %s", code, outcome)
				}
			})
		}
		synctest.Wait()
		w := k.ask(t, "maker", http.MethodPost, pathCancel, `{"pair":"btc_jpy","order_id":1}`)
		if len(k.desk.cancels) != 1 {
			t.Errorf("the cancel was not asked for: %s", w.Body)
		}
		calls.Wait()
		if len(k.desk.orders) != 2 || taken(k.Gateway) != 0 {
			t.Errorf("%d orders were asked for, want 2; %d places are taken", len(k.desk.orders), taken(k.Gateway))
		}
	})
}

// Nobody waits any more: what has not left never leaves, and nothing stays behind.
func TestAReadOfABotThatHungUpDoesNotLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, hangs)
		ctx, hangUp := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for i := range 30 {
			calls.Go(func() { k.do(request(t, ctx, "bot0", http.MethodGet, "/v1/user/assets?i="+strconv.Itoa(i), "")) })
		}
		time.Sleep(500 * time.Millisecond)
		left := k.host.count()
		hangUp()
		calls.Wait()
		time.Sleep(10 * time.Second)
		if got := k.host.count(); got != left || left != 10 {
			t.Errorf("%d had left, then %d, want 10", left, got)
		}
		k.Close()
		if n := len(k.private.table.waiting) + len(k.private.table.flying) + len(k.private.lines); n != 0 {
			t.Errorf("%d things stay behind", n)
		}
	})
}

func TestClosingGivesUpWhatIsBeingAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, hangs)
		done := make(chan string)
		go func() { done <- k.ask(t, "reader", http.MethodGet, "/v1/user/assets", "").Body.String() }()
		synctest.Wait()
		k.Close()
		if got := <-done; codeIn(got) != codeTimedOut {
			t.Errorf("answered %s", got)
		}
	})
}

func TestAnAnswerWithoutEndIsNotTaken(t *testing.T) {
	k := newKit(t, func(*http.Request) (int, string, error) { return 200, strings.Repeat("x", maxAnswer+1), nil })
	if w := k.ask(t, "", http.MethodGet, "/btc_jpy/depth", ""); codeIn(w.Body.String()) != codeTimedOut {
		t.Errorf("HTTP %d and %d bytes", w.Code, w.Body.Len())
	}
}

package failures

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// shared are the failures of what an account has only so much of, and of lists that are old.
var shared = []scenario{
	{
		id: "F08", trigger: "70011 (too busy), then 409 and 429 from the front, each for ten seconds.",
		play: func(w *world) {
			for n, fault := range []string{
				onOrders("api_error", `"code":70011,"for_ms":10000`), onOrders("status", `"status":409,"for_ms":10000`), onOrders("status", `"status":429,"for_ms":10000`),
			} {
				w.fault(fault)
				w.must(resting("0.00" + string(rune('1'+n))))
				w.pass(20 * time.Second)
			}
			w.must(resting("0.009"))
			w.pass(time.Minute)
		},
		naive: []naive{{"sends it again at once", hammering, direct(sendsAgain(0))}},
	},
	{
		id: "F32", trigger: "The answer is lost, the private stream is silent, and every list is twenty seconds old.",
		play: func(w *world) {
			w.fault(`{"host":"private","match":{"method":"GET"},"effect":"replica_lag","delay_ms":20000}`, `{"host":"pubnub","effect":"stall_stream"}`,
				onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.pass(25 * time.Second)
			w.must(resting("0.001"))
			w.pass(time.Minute)
		},
		naive: []naive{{"five polls then again", doubled, direct(fivePolls)}},
	},
	{
		id: "F33", trigger: "Another program with another key of the account uses up four of its six orders a second.",
		play: func(w *world) {
			stop := w.somebodyElse(250 * time.Millisecond)
			for n := range 20 {
				w.soon(resting(fmt.Sprintf("0.0%02d", 10+n)))
			}
			w.pass(time.Minute)
			stop()
		},
		wrong: func(w *world) []flaw {
			if n := w.refused(); n > 10 {
				return []flaw{{other, fmt.Sprintf("asked for too much %d times", n)}}
			}
			return nil
		},
		naive: []naive{{"sends six a second until they are taken", other, paced(6)}},
	},
	{
		id: "F34", setup: setup{live: 3}, trigger: "Orders whose answers were lost hold all places of the pair (60011).",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":3,"delay_ms":10`))
			var held []*want
			for _, amount := range []string{"0.001", "0.002", "0.003"} {
				held = append(held, w.want(resting(amount)))
				w.pass(10 * time.Second)
			}
			for _, x := range held {
				if b, _ := x.state(); b.id != 0 {
					w.bot.cancel(w.t.Context(), x.Pair, b.id)
				}
			}
			w.soon(resting("0.004"))
			w.pass(30 * time.Second)
		},
		naive: []naive{{"any error is a failure", missing, direct(anErrorIsAFailure)}},
	},
	{
		id: "F36", trigger: "Twenty orders are wanted while the line is away for a minute.",
		play: func(w *world) {
			w.hurt(trouble{dial: noNames})
			w.cut()
			w.pass(5 * time.Second)
			for n := range 20 {
				w.must(resting(fmt.Sprintf("0.0%02d", 10+n)))
			}
			w.pass(time.Minute)
			w.heal()
			w.pass(2 * time.Minute)
		},
		naive: []naive{{"sends it again every second", hammering, direct(sendsAgain(time.Second))}},
	},
	{
		id: "F37", trigger: "An order is refused with 429 and Retry-After: 20.",
		play: func(w *world) {
			w.fault(onOrders("status", `"status":429,"retry_after":20,"count":1`))
			w.must(resting("0.001"))
			w.pass(15 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		wrong: func(w *world) []flaw {
			var first time.Time
			n := 0
			for _, r := range w.truth().Requests {
				if r.Host != "private" || classOf(r) != "writes" {
					continue
				}
				if first.IsZero() {
					first = r.Time
				} else if r.Time.Sub(first) < 20*time.Second {
					n++
				}
			}
			if n > 0 {
				return []flaw{{other, fmt.Sprintf("%d writes in the pause that bitbank asked for", n)}}
			}
			return nil
		},
		naive: []naive{{"sends it again every second", other, direct(sendsAgain(time.Second))}},
	},
}

// somebodyElse cancels what does not exist with another key of the account, this often, until stopped.
func (w *world) somebodyElse(every time.Duration) (stop func()) {
	w.control("POST", "/accounts/sim", `{"key":"web","secret":"web-secret"}`)
	line := w.newLine()
	line.foreign = true
	t := line.transport()
	end := make(chan struct{})
	w.going.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-time.After(every):
			}
			body := cancelBody("btc_jpy", 1)
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url("private")+"/v1/user/spot/cancel_order", strings.NewReader(body))
			if err != nil {
				return
			}
			sign(req, "web", "web-secret", body, time.Now(), 5000)
			if res, err := t.RoundTrip(req); err == nil {
				res.Body.Close()
			}
		}
	})
	return func() { close(end) }
}

// refused is how often the client under test was told that it asks too much.
func (w *world) refused() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, l := range w.lines {
		if !l.foreign {
			n += l.tooMuch()
		}
	}
	return n
}

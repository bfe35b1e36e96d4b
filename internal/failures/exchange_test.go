package failures

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// exchange are the states in which the exchange, or the way to it, can be.
var exchange = group{name: "Exchange and network states", ids: "F68 F69 F70 F72 F73 F75 F76 F78 F79 F80", scenarios: []scenario{
	whose["F76"], whose["F78"],
	{
		id: "F68", trigger: "Ten minutes of maintenance (10007), with an order on the book and another wanted meanwhile.",
		play: func(w *world) {
			w.placed(resting("0.001"))
			w.fault(`{"host":"private","effect":"maintenance","for_ms":600000}`, `{"host":"public","effect":"maintenance","for_ms":600000}`)
			w.pass(time.Minute)
			w.must(resting("0.002"))
			w.glance()
			w.pass(5 * time.Minute)
			w.found = append(w.found, booksAgree(w)...)
			w.pass(5 * time.Minute)
			w.must(resting("0.003"))
			w.pass(2 * time.Minute)
		},
		wrong: booksAgree,
		naive: []naive{{"takes maintenance for the end of its orders", invisible, glances}},
	},
	{
		id: "F69", trigger: "The pair is busy and the minimum is raised (70010), then it is halted (70004).",
		later: "amounts that adapt to a raised minimum",
		play: func(w *world) {
			w.control("POST", "/ways", `{"raised_minimum":"70010"}`)
			w.control("POST", "/pairs/btc_jpy", `{"status":"BUSY","min_amount":"0.01"}`)
			w.must(resting("0.001"))
			w.must(resting("0.02")) // enough
			w.pass(30 * time.Second)
			w.control("POST", "/pairs/btc_jpy", `{"status":"HALT"}`)
			w.must(resting("0.03"))
			w.pass(30 * time.Second)
			w.control("POST", "/pairs/btc_jpy", `{"status":"NORMAL","min_amount":"0.0001"}`)
			w.pass(30 * time.Second)
		},
		naive: []naive{{"asks again at once", hammering, byHabit(asksAgainAtOnce)}},
	},
	{
		id: "F70", trigger: "In a circuit break market orders are refused (70020), while one is to get out of a position.",
		later: "the ladder of limit orders within the band",
		play: func(w *world) {
			w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"CIRCUIT_BREAK"}`)
			w.must(order{Pair: pair, Side: "sell", Type: "market", Amount: "0.01"})
			w.pass(30 * time.Second)
			w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"NONE"}`)
			w.pass(30 * time.Second)
		},
		naive: []naive{
			{"asks again at once", hammering, byHabit(asksAgainAtOnce)},
			{"HTTP 200 is success, whatever code it holds", phantom, byHabit(statusIsAll)},
		},
	},
	{
		id: "F72", trigger: "After a break without an end the pair takes cancels only.",
		later: "alternatives for the owner",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"FULL_RANGE_CIRCUIT_BREAK","flags":{"stop_order":true}}`)
			x := w.want(resting("0.002"))
			w.pass(10 * time.Second)
			if b, over := x.state(); !over || b.state != isFailed {
				w.find(unknown, "ten seconds later the bot does not know that its order is refused")
			}
			w.takeBack(id)
			w.pass(30 * time.Second)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"waits until everything is as before", standing, waitsBlindly}},
	},
	{
		id: "F73", trigger: "The engine halts for 95 seconds: every answer is HTTP 500, also to the order that was just executed.",
		play: func(w *world) {
			w.fault(onOrders("api_error_after", `"code":10001,"status":500,"count":1`))
			w.must(resting("0.001"))
			w.fault(`{"host":"private","effect":"status","status":500,"for_ms":95000}`)
			w.pass(20 * time.Second)
			w.must(resting("0.002"))
			w.pass(2 * time.Minute)
			w.must(resting("0.003"))
			w.pass(2 * time.Minute)
		},
		naive: []naive{{"any error is a failure", doubled, direct(anErrorIsAFailure)}},
	},
	{
		id: "F75", trigger: "After three minutes of outage forty orders are wanted at once.", setup: setup{live: 60},
		play: func(w *world) {
			w.fault(`{"host":"private","effect":"status","status":503,"for_ms":180000}`)
			w.pass(30 * time.Second)
			for n := range 40 {
				w.must(resting(fmt.Sprintf("0.%04d", 10+n)))
			}
			w.pass(150 * time.Second)
			back := time.Now()
			w.pass(2 * time.Minute)
			if n := busiest(w.sent(http.MethodPost, "/v1/user/spot/order", back), 10*time.Second); n > 60 {
				w.find(hammering, fmt.Sprintf("%d orders within ten seconds of the recovery", n))
			}
		},
		naive: []naive{{"everybody asks again when it is back", hammering, direct(anErrorIsAFailure)}},
	},
	{
		id: "F79", trigger: "bitbank does not answer for twenty minutes, and an order rests that is to be taken back afterwards.",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.fault(`{"host":"private","effect":"status","status":503,"for_ms":1200000}`)
			for range 20 {
				w.glance()
				w.pass(time.Minute)
			}
			w.pass(time.Minute)
			w.takeBack(id)
			w.pass(time.Minute)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"ends itself after fifteen minutes", standing, endsItself}},
	},
	{
		id: "F80", trigger: "bitbank takes the order and puts its money aside, and lists it nowhere for a minute and a half.",
		later: "stopping the bots when money does not add up; it keeps absence from being proved",
		play: func(w *world) {
			w.pass(time.Minute) // until bitbank's picture of a moment ago is one without the order
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`), `{"host":"pubnub","match":{"path":"spot_*"},"effect":"mute_channel"}`)
			for _, path := range []string{"active_orders", "trade_history"} {
				w.fault(`{"host":"private","match":{"path":"/v1/user/spot/` + path + `"},"effect":"stale_read","for_ms":90000}`)
			}
			w.must(resting("0.01"))
			w.pass(20 * time.Second)
			w.want(resting("0.002")) // an order that would show that nothing is queued any more
			w.pass(3 * time.Minute)
		},
		naive: []naive{{"believes lists", doubled, byHabit(looksInLists(5, activeOrders, tradeHistory))}},
	},
}}

// A glancer is a client that looks after its orders now and then.
type glancer interface{ glance(ctx context.Context) }

// glance has the bot look after its orders. Our gateway does so by itself.
func (w *world) glance() {
	if g, ok := w.bot.(glancer); ok {
		g.glance(w.t.Context())
	}
}

// A looker is a hand that does something about what it sees when it looks after its orders.
type looker struct {
	*hand
	sees func(l *looker, code int, err error)
	dead time.Time // since when it sees nothing
	over bool      // it has ended itself
}

// glance implements glancer.
func (l *looker) glance(ctx context.Context) {
	_, b, err := l.send(ctx, http.MethodGet, activeOrders, "")
	read := envelope(0, b)
	if err == nil && read.state == isUnknown {
		err = errNetwork
	}
	l.sees(l, read.code, err)
}

// glances clears its book when it sees maintenance.
func glances(w *world) bot {
	return &looker{hand: newHand(w, waitsForTheAnswer), sees: func(l *looker, code int, _ error) {
		for id := range l.book() {
			if code == 10007 {
				l.hand.over(id)
			}
		}
	}}
}

// endsItself gives up for good when it has seen nothing for a quarter of an hour.
func endsItself(w *world) bot {
	return &looker{hand: newHand(w, waitsForTheAnswer), sees: func(l *looker, _ int, err error) {
		switch {
		case err == nil:
			l.dead = time.Time{}
		case l.dead.IsZero():
			l.dead = time.Now()
		case time.Since(l.dead) >= 15*time.Minute:
			l.over = true
		}
	}}
}

// cancel implements bot.
func (l *looker) cancel(ctx context.Context, pair string, id int64) belief {
	if l.over {
		return belief{}
	}
	return l.hand.cancel(ctx, pair, id)
}

// asksAgainAtOnce repeats what was refused, without a pause, in the first minutes.
func asksAgainAtOnce(l *library) {
	until := time.Now().Add(3 * time.Minute)
	l.reads = func(status int, body []byte) belief {
		b := envelope(status, body)
		if b.state == isFailed && time.Now().Before(until) {
			return belief{}
		}
		return b
	}
	l.vague = func(ctx context.Context, l *library, o order) belief { return l.place(ctx, o) }
}

// statusIsAll takes HTTP 200 for success without a look at the body.
func statusIsAll(l *library) {
	l.reads = func(status int, body []byte) belief {
		if status == http.StatusOK && !strings.Contains(string(body), `"order_id"`) {
			return belief{state: isPlaced}
		}
		return envelope(status, body)
	}
}

// waitsBlindly does nothing more once an order was refused, until trading is as before.
func waitsBlindly(w *world) bot {
	waiting := false
	h := newHand(w, func(ctx context.Context, h *hand, id int64) state {
		if waiting {
			return isUnknown
		}
		return waitsForTheAnswer(ctx, h, id)
	})
	h.reads = func(status int, body []byte) belief {
		b := envelope(status, body)
		waiting = waiting || b.code >= 70000
		return b
	}
	return h
}

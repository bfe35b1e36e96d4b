package failures

import (
	"fmt"
	"testing"
	"time"
)

// streams are the failures of the streams, and of data that grows old.
var streams = group{name: "Streams and data", ids: "F54 F55 F56 F59 F60 F61 F62 F63 F64 F65 F67", scenarios: append([]scenario{
	{
		id: "F56", trigger: "The token of the private stream ends after twelve hours, and an order is executed after that.",
		play: func(w *world) {
			o := resting("0.5")
			w.placed(o)
			if testing.Short() { // it costs seconds: the token is revoked instead
				w.control("POST", "/accounts/sim", `{"revoke":true}`)
				w.pass(10 * time.Minute)
			} else {
				w.pass(12*time.Hour + 10*time.Minute)
			}
			w.falls()
			w.pass(2 * time.Minute)
		},
		setup: setup{speed: 0.0001},
		wrong: booksAgree,
		naive: []naive{{"never asks for another token", stale, tuned(func(t *tuner) { t.renews = false })}},
	},
	{
		id: "F59", trigger: "The stream tells of the order and of its execution before the order is answered.",
		play: func(w *world) {
			w.want(crossing("0.001"))
			w.pass(time.Minute)
		},
		wrong: booksAgree,
		naive: []naive{
			{"drops reports of orders that it does not know yet", stale, tuned(func(t *tuner) {
				t.drops = func(_ string, known, _ bool) bool { return !known }
			})},
		},
	},
	{
		id: "F60", trigger: "The answer is lost and nothing can be read, but the stream lives.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.fault(`{"host":"private","match":{"method":"GET"},"effect":"status","status":503,"for_ms":60000}`)
			x := w.must(resting("0.001"))
			w.pass(5 * time.Second)
			if b, over := x.state(); !over || b.id == 0 {
				w.find(tooLate, "five seconds later it is not known what became of the order")
			}
			w.pass(2 * time.Minute)
		},
		wrong: booksAgree,
		naive: []naive{{"looks in lists that cannot be read", doubled, byHabit(looksInLists(5, activeOrders, tradeHistory))}},
	},
	{
		id: "F61", trigger: "Messages of the private stream are lost while its polls are answered.",
		play: func(w *world) {
			o := w.best("0.5")
			w.placed(o)
			w.fault(`{"host":"pubnub","match":{"path":"spot_*"},"effect":"mute_channel"}`)
			w.sells("0.5", o.Price)
			w.pass(90 * time.Second)
		},
		wrong: booksAgree,
		naive: []naive{{"believes the stream alone", stale, tuned(func(*tuner) {})}},
	},
	{
		id: "F62", trigger: "The stream is away for twenty-five minutes, longer than PubNub keeps messages, and orders are executed meanwhile.",
		play: func(w *world) {
			one, other := resting("0.001"), w.best("0.3")
			w.placed(one)
			w.placed(other)
			w.fault(`{"host":"pubnub","effect":"status","status":503,"for_ms":1500000}`, `{"host":"pubnub","effect":"close_stream","count":1}`)
			w.pass(2 * time.Second)
			w.sells("0.1", other.Price)
			w.pass(25 * time.Minute)
			w.sells("0.1", other.Price)
			w.pass(2 * time.Minute)
		},
		wrong: booksAgree,
		naive: []naive{
			{"begins with what comes next", misbooked, tuned(func(t *tuner) { t.keeps = false })},
			{"goes on where it stopped and reads nothing", misbooked, tuned(func(*tuner) {})},
		},
	},
	{
		id: "F63", trigger: "The engine drops the order for lack of money, and says so in a message of its own.",
		later: "an alarm; the log has a line",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.fault(`{"host":"pubnub","match":{"path":"spot_order"},"effect":"mute_channel"}`)
			w.pass(12 * time.Minute) // in calm the account is read once a minute
			w.control("POST", "/accounts/sim", fmt.Sprintf(`{"invalidate":[%d]}`, id))
			w.pass(5 * time.Second)
			if k := w.bot.(keeper); k.book()[id].live {
				w.find(stale, "five seconds later the client takes it for living")
			}
		},
		wrong: booksAgree,
		naive: []naive{{"does not know the message", stale, tuned(func(*tuner) {})}},
	},
}, append(marketData, whose["F54"], whose["F65"])...)}

// falls lets the market fall below 9,000,000 yen.
func (w *world) falls() {
	w.control("POST", "/market", `{"pair":"btc_jpy","last":"8900000"}`)
}

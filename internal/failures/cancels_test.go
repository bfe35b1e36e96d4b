package failures

import (
	"fmt"
	"time"
)

// cancels are the failures of taking an order back.
var cancels = group{name: "Cancels", ids: "F40 F42 F43 F44 F46 F47 F48 F49 F50 F51 F53", scenarios: append([]scenario{
	{
		id: "F40", trigger: "The answer to one cancel is lost, and another cancel itself.",
		play: func(w *world) {
			one, other := w.placed(resting("0.001")), w.placed(resting("0.002"))
			w.fault(onCancels("drop_response", `"count":1,"delay_ms":10`))
			w.takeBack(one)
			w.pass(time.Second)
			w.fault(onCancels("drop_request", `"count":1,"delay_ms":10`))
			w.takeBack(other)
			w.pass(time.Minute)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{
			{"waits for the answer for ever", stale, byHand(waitsForTheAnswer)},
			{"takes an error for gone", invisible, byHand(anErrorIsGone)},
		},
	},
	{
		id: "F42", trigger: "A part of the order is executed before it is cancelled.",
		play: func(w *world) {
			o := w.best("0.5")
			id := w.placed(o)
			w.sells("0.2", o.Price)
			w.takeBack(id)
			w.pass(30 * time.Second)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"takes cancelled for not executed", misbooked, byHand(booksNothing)}},
	},
	{
		id: "F43", trigger: "For a minute bitbank answers that the cancel is in process (70019), and it is not.",
		later: "telling the owner of a cancel that does not end",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.control("POST", "/accounts/sim", `{"refuse":{"cancel":70019}}`)
			w.takeBack(id)
			w.pass(time.Minute)
			w.control("POST", "/accounts/sim", `{"refuse":{"cancel":0}}`)
			w.pass(time.Minute)
		},
		wrong: both(booksAgree, noneLives, fewCancels(20)),
		naive: []naive{
			{"asks again until it is taken", hammering, byHand(untilItIsTaken)},
			{"takes an error for gone", invisible, byHand(anErrorIsGone)},
		},
	},
	{
		id: "F44", trigger: "For a minute and a half the pair takes no cancels (70018).",
		later: "a cancel that was refused is the bot's to repeat; only one that was lost is sent first when the pair opens",
		play: func(w *world) {
			one, other := w.placed(resting("0.001")), w.placed(resting("0.002"))
			w.control("POST", "/pairs/btc_jpy", `{"flags":{"stop_order_and_cancel":true}}`)
			w.takeBack(one)
			w.insists(other, 90*time.Second)
			w.control("POST", "/pairs/btc_jpy", `{"flags":{"stop_order_and_cancel":false}}`)
			w.insists(other, 20*time.Second)
		},
		wrong: both(booksAgree, noneLives, fewCancels(60)),
		naive: []naive{
			{"asks as often as its owner wants", hammering, byHand(waitsForTheAnswer)},
			{"takes an error for gone", invisible, byHand(anErrorIsGone)},
		},
	},
	{
		id: "F46", trigger: "A cancel is answered with \"no such order\" (50009), because the server that was asked does not know it yet.",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.fault(onCancels("api_error", `"code":50009,"count":2`))
			w.takeBack(id)
			w.pass(time.Minute)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"takes an error for gone", invisible, byHand(anErrorIsGone)}},
	},
	{
		id: "F49", trigger: "Every cancel fails for half a minute, while the client clears its book.",
		play: func(w *world) {
			one, other := w.placed(resting("0.001")), w.placed(resting("0.002"))
			w.fault(onCancels("status", `"status":503,"for_ms":30000`))
			w.takeBack(one)
			w.takeBack(other)
			w.pass(90 * time.Second)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"clears its book before it asks", invisible, byHand(clearsFirst)}},
	},
	{
		id: "F50", trigger: "The order is cancelled, and the report of what was executed of it before comes a minute later.",
		play: func(w *world) {
			o := w.best("0.5")
			id := w.placed(o)
			w.fault(`{"host":"pubnub","match":{"path":"spot_trade"},"effect":"slow","delay_ms":60000}`)
			w.sells("0.2", o.Price)
			w.takeBack(id)
			w.pass(90 * time.Second)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{
			{"hears no more of what is cancelled", misbooked, tuned(func(t *tuner) {
				t.drops = func(_ string, _, gone bool) bool { return gone }
			})},
		},
	},
}, manyCancels...)}

// insists has an impatient bot ask for a cancel five times a second until the client says that it is done.
func (w *world) insists(id int64, lasts time.Duration) {
	for until := time.Now().Add(lasts); time.Now().Before(until); w.pass(200 * time.Millisecond) {
		if w.bot.cancel(w.t.Context(), pair, id).state == isPlaced {
			w.pass(time.Until(until))
			return
		}
	}
}

// fewCancels bounds how often the cancelling of an order was asked for.
func fewCancels(most int) func(w *world) []flaw {
	return func(w *world) []flaw {
		if n := len(w.sent("POST", cancelOrder, time.Time{})); n > most {
			return []flaw{{hammering, fmt.Sprintf("%d cancels were sent", n)}}
		}
		return nil
	}
}

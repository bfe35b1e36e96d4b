package failures

import "time"

// fivePolls is the careful bot's way: five looks at the live orders and the trades, and then again.
var fivePolls = looksInLists(5, activeOrders, tradeHistory)

// lostAnswers are the failures after which nobody has said what became of an order.
var lostAnswers = []scenario{
	{
		id: "F01", trigger: "bitbank accepts the order, and the connection breaks before the answer.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{
			{"any error is a failure", doubled, direct(anErrorIsAFailure)},
			{"retries on network errors", doubled, direct(retriesOnNetworkErrors)},
		},
	},
	{
		id: "F02", trigger: "The order is lost on its way and never arrives.",
		play: func(w *world) {
			w.fault(onOrders("drop_request", `"count":1`))
			w.must(resting("0.001"))
			w.pass(20 * time.Second)
			w.must(resting("0.002")) // a later order shows that nothing is queued any more
			w.pass(time.Minute)
		},
		naive: []naive{
			{"waits for the answer for ever", unknown, direct(waitsForEver)},
			{"takes what was sent for placed", phantom, direct(sentIsPlaced)},
		},
	},
	{
		id: "F03", trigger: "The order is held up, its sender gives up, and it is accepted a second later, within its window.",
		play: func(w *world) {
			w.hurt(trouble{late: &late{gone: 500 * time.Millisecond, arrives: 1500 * time.Millisecond}})
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{
			{"any error is a failure", doubled, direct(anErrorIsAFailure)},
			{"looks once and orders again", doubled, direct(looksInLists(1, activeOrders, tradeHistory))},
		},
	},
	{
		id: "F04", trigger: "The order is held up for longer than anybody waits for it.",
		play: func(w *world) {
			w.hurt(trouble{late: &late{gone: 500 * time.Millisecond, arrives: 20 * time.Second}})
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{
			{"five polls then again, signed for the longest window", doubled, direct(all(fivePolls, func(l *library) { l.window = 60_000 }))},
		},
	},
	{
		id: "F06", trigger: "bitbank answers 10005, its own time-out, for an order that it has accepted.",
		play: func(w *world) {
			w.fault(onOrders("api_error_after", `"code":10005,"count":1`))
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{{"a code is a refusal", doubled, direct(anErrorIsAFailure)}},
	},
	{
		id: "F07", trigger: "bitbank answers with a failure of its own (10001, 10003, 70001 to 70003) for orders that it has accepted.",
		play: func(w *world) {
			for n, code := range []string{"10001", "10003", "70001", "70002", "70003"} {
				w.fault(onOrders("api_error_after", `"code":`+code+`,"count":1`))
				w.must(resting("0.00" + string(rune('1'+n))))
				w.pass(15 * time.Second)
			}
		},
		naive: []naive{{"a code is a refusal", doubled, direct(anErrorIsAFailure)}},
	},
	{
		id: "F09", trigger: "A maintenance page comes with HTTP 200.",
		play: func(w *world) {
			w.fault(onOrders("html", `"for_ms":30000`))
			w.must(resting("0.001"))
			w.pass(40 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{{"HTTP 200 is success", phantom, direct(twoHundredIsSuccess)}},
	},
	{
		id: "F10", trigger: "HTTP 200 comes with nothing in it, once before the order is accepted and once after.",
		play: func(w *world) {
			w.fault(onOrders("empty", `"count":1`))
			w.must(resting("0.001"))
			w.pass(20 * time.Second)
			w.fault(onOrders("status_after", `"status":200,"body":" ","count":1`))
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{
			{"HTTP 200 is success", phantom, direct(twoHundredIsSuccess)},
			{"retries on network errors", doubled, direct(retriesOnNetworkErrors)},
		},
	},
	{
		id: "F11", trigger: "bitbank accepts the order, and its answer breaks off in the middle.",
		play: func(w *world) {
			w.fault(onOrders("truncate", `"count":1`))
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{
			{"any error is a failure", doubled, direct(anErrorIsAFailure)},
			{"dies of an error that it does not know", unknown, direct(waitsForEver)},
		},
	},
	{
		id: "F12", trigger: "The edge answers 502, 503, 504 and 520 with a page, for orders that bitbank has accepted.",
		play: func(w *world) {
			for n, status := range []string{"502", "503", "504", "520"} {
				w.fault(onOrders("status_after", `"status":`+status+`,"count":1`))
				w.must(resting("0.00" + string(rune('1'+n))))
				w.pass(15 * time.Second)
			}
		},
		naive: []naive{
			{"any error is a failure", doubled, direct(anErrorIsAFailure)},
			{"retries on network errors", doubled, direct(retriesOnNetworkErrors)},
		},
	},
	{
		id: "F14", trigger: "The order is executed at once, and its answer is lost.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.must(crossing("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{{"looks in the live orders only", doubled, direct(looksInLists(5, activeOrders))}},
	},
	{
		id: "F15", trigger: "bitbank cancels a post_only order that would take, and its answer is lost.",
		play: func(w *world) {
			o := crossing("0.001")
			o.PostOnly = true
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.want(o)
			w.pass(20 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{
			{"waits until it is in a list", unknown, direct(waitsForTheLists)},
			{"takes what was sent for placed", phantom, direct(sentIsPlaced)},
		},
	},
	{
		id: "F16", trigger: "The answers to two market orders are lost, one that was executed and one that was not.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.want(order{Pair: "btc_jpy", Side: "buy", Type: "market", Amount: "0.001"})
			w.pass(15 * time.Second)
			w.fault(onOrders("drop_request", `"count":1,"delay_ms":10`))
			w.want(order{Pair: "btc_jpy", Side: "buy", Type: "market", Amount: "0.002"})
			w.pass(15 * time.Second)
			w.must(resting("0.003"))
			w.pass(time.Minute)
		},
		naive: []naive{{"retries on network errors", doubled, direct(retriesOnNetworkErrors)}},
	},
	{
		id: "F17", trigger: "A grid bot wants three equal orders, and the second one is lost on its way.",
		ours: func(w *world) bot { return behind(w, wantsAnother) },
		play: func(w *world) {
			w.must(resting("0.001"))
			w.pass(2 * time.Second)
			w.fault(onOrders("drop_request", `"count":1`))
			w.must(resting("0.001"))
			w.pass(2 * time.Second)
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{{"takes the first that looks the same for its own", phantom, direct(fivePolls)}},
	},
	{
		id: "F19", trigger: "The bot sends its order again whenever it does not hear what became of it.",
		ours: func(w *world) bot { return behind(w, func(o *ours) { o.repeats = true }) },
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`), `{"host":"private","match":{"method":"GET"},"effect":"drop_request","for_ms":30000}`,
				`{"host":"pubnub","effect":"drop_request","for_ms":30000}`)
			w.must(resting("0.001"))
			w.pass(time.Minute)
		},
		naive: []naive{{"sends it again", doubled, direct(sendsAgain(time.Second))}},
	},
}

package failures

import "time"

// orderWrites are the failures of placing an order.
var orderWrites = group{name: "Order writes", ids: "F01 F02 F03 F09 F14 F20 F22", scenarios: []scenario{
	{
		id: "F01", trigger: "bitbank accepts the order and the connection breaks before the answer.",
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
		id: "F09", trigger: "A maintenance page comes with HTTP 200.",
		play: func(w *world) {
			w.fault(onOrders("html", `"for_ms":30000`))
			w.must(resting("0.001"))
			w.pass(40 * time.Second)
			w.must(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{
			{"HTTP 200 is success", phantom, direct(twoHundredIsSuccess)},
			{"retries on network errors", hammering, direct(func(l *library) { retriesOnNetworkErrors(l); l.retries = 10 })},
		},
	},
	{
		id: "F14", trigger: "The order is executed at once, and its answer is lost.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.must(crossing("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{
			{"looks in the live orders only", doubled, direct(looksInLists(5, activeOrders))},
		},
	},
	{
		id: "F20", trigger: "The process dies after the order is on the disk and before it is sent.",
		play: func(w *world) {
			p := w.bot.(process)
			w.disk.once(`"0.00123"`, p.crash)
			w.want(resting("0.00123"))
			w.pass(30 * time.Second)
			p.start()
			w.pass(time.Minute)
			w.want(resting("0.002"))
			w.pass(time.Minute)
		},
		naive: []naive{
			{"forgets over a restart what was open", unknown, keepsDiary(false, anErrorIsAFailure)},
		},
	},
	{
		id: "F22", trigger: "The disk is full when the order is to be recorded.",
		play: func(w *world) {
			p := w.bot.(process)
			w.disk.fill(true)
			w.fault(onOrders("drop_response", `"count":1`))
			w.want(resting("0.001"))
			w.pass(8 * time.Second)
			p.crash()
			w.disk.fill(false)
			p.start()
			w.pass(20 * time.Second)
			w.heal()
			w.must(resting("0.002"))
			w.pass(10 * time.Second)
		},
		naive: []naive{
			{"sends what it could not record", unknown, keepsDiary(true, anErrorIsAFailure)},
		},
	},
}}

package failures

import (
	"context"
	"net/http"
	"time"
)

// ownMachine are the failures on our side of the line.
var ownMachine = []scenario{
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
		naive: []naive{{"forgets over a restart what was open", unknown, keepsDiary(false, anErrorIsAFailure)}},
	},
	{
		id: "F21", trigger: "The process dies after the order was sent and before it knows the answer.",
		play: func(w *world) {
			p := w.bot.(process)
			w.fault(onOrders("drop_response", `"count":1`))
			w.want(resting("0.001"))
			w.pass(time.Second)
			p.crash()
			w.pass(30 * time.Second)
			p.start()
			w.pass(time.Minute)
		},
		naive: []naive{
			{"forgets over a restart what was open", unknown, keepsDiary(false, anErrorIsAFailure)},
			{"sends at the start what is still in its outbox", doubled, keepsDiary(true, anErrorIsAFailure)},
		},
	},
	{
		id: "F22", trigger: "The disk is full when the order is to be recorded, and the process dies.",
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
		naive: []naive{{"sends what it could not record", unknown, keepsDiary(true, anErrorIsAFailure)}},
	},
	{
		id: "F24", trigger: "A kept connection breaks under the order, which carries a header that makes transports send it again.",
		ours: func(w *world) bot { return behind(w, func(o *ours) { o.header = replayed }) },
		play: func(w *world) {
			w.want(resting("0.001"))
			w.pass(time.Second)
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`))
			w.want(resting("0.002"))
			w.pass(30 * time.Second)
		},
		naive: []naive{{"Go's own transport", doubled, direct(func(l *library) { l.header = replayed })}},
	},
	{
		id: "F25", trigger: "The answer is lost, and then no name can be resolved for twelve seconds.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1`))
			w.must(resting("0.001"))
			w.pass(100 * time.Millisecond)
			w.hurt(trouble{dial: noNames})
			w.cut()
			w.pass(6 * time.Second)
			w.must(resting("0.002"))
			w.pass(6 * time.Second)
			w.heal()
			w.pass(time.Minute)
		},
		naive: []naive{{"counts what cannot be looked up as not found", doubled, direct(fivePolls)}},
	},
	{
		id: "F26", setup: setup{tls: true},
		trigger: "bitbank's certificate has run out, and then a captive portal answers in its place.",
		play: func(w *world) {
			w.fault(`{"host":"private","effect":"cert_expired"}`)
			w.cut()
			w.must(resting("0.001"))
			w.pass(20 * time.Second)
			w.openPortal()
			w.cut()
			w.must(resting("0.002"))
			w.pass(30 * time.Second)
		},
		wrong: func(w *world) []flaw {
			if w.strangers.Load() > 0 {
				return []flaw{{other, "the portal was sent a signed request"}}
			}
			return nil
		},
		naive: []naive{
			{"verifies no certificate", other, direct(trustsAnybody)},
			{"verifies no certificate, and HTTP 200 is success", phantom, direct(all(trustsAnybody, twoHundredIsSuccess))},
		},
	},
	{
		id: "F27", trigger: "Our clock is three seconds ahead.",
		play: func(w *world) {
			w.fault(`{"host":"private","effect":"clock_skew","delay_ms":-3000}`)
			w.pass(5 * time.Second)
			w.soon(resting("0.001"))
			w.pass(time.Minute)
		},
		naive: []naive{{"signs with its own clock whatever it is told", missing, direct(anErrorIsAFailure)}},
	},
	{
		id: "F28", trigger: "Our clock jumps back by a minute, as after a pause of the machine.",
		play: func(w *world) {
			w.soon(resting("0.001"))
			w.pass(10 * time.Second)
			w.clockBack(time.Minute)
			w.soon(resting("0.002"))
			w.pass(45 * time.Second)
		},
		naive: []naive{{"takes the clock for a nonce", missing, direct(nonceOfClock)}},
	},
	{
		id: "F29", trigger: "Two programs trade with one key at the same time.",
		play: func(w *world) {
			for _, amount := range []string{"0.001", "0.002", "0.003", "0.004"} {
				w.soon(resting(amount))
				w.pass(500 * time.Millisecond)
			}
			w.pass(30 * time.Second)
		},
		naive: []naive{{"two processes, each with nonces that begin at its start", missing, twoProcesses}},
	},
	{
		id: "F30", trigger: "bitbank answers 20001 once, to a key that is in order.",
		play: func(w *world) {
			w.fault(onOrders("api_error", `"code":20001,"count":1`))
			w.soon(resting("0.001"))
			w.pass(10 * time.Second)
			w.soon(resting("0.002"))
			w.pass(20 * time.Second)
		},
		naive: []naive{{"takes the key for revoked and stops", missing, direct(stopsAt20001)}},
	},
	{
		id: "F38", trigger: "The line is away when the bot orders.",
		play: func(w *world) {
			w.hurt(trouble{dial: noNames})
			w.cut()
			w.pass(time.Second)
			w.must(resting("0.001"))
			w.pass(30 * time.Second)
		},
		naive: []naive{{"says yes and sends when connected, or never", phantom, direct(sentIsPlaced)}},
	},
	{
		id: "F39", trigger: "The way to bitbank takes twenty seconds, and the bot gives up after five and wants the order no more.",
		ours: func(w *world) bot { return givesUp{behindGateway(w), 5 * time.Second, false} },
		play: func(w *world) {
			w.hurt(trouble{dial: takes(20 * time.Second)})
			w.cut()
			w.want(resting("0.001"))
			w.pass(time.Minute)
		},
		naive: []naive{{"a queue that nobody can leave", lost, func(w *world) bot {
			return givesUp{direct(func(l *library) { l.waits, l.window = time.Minute, 60_000 })(w), 5 * time.Second, true}
		}}},
	},
}

// replayed is a header that promises that nothing happens twice. bitbank does not know it; Go's transport believes it.
var replayed = http.Header{"Idempotency-Key": {"1"}}

// takes is a dial that takes so long.
func takes(d time.Duration) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error {
		rest(ctx, d)
		return ctx.Err()
	}
}

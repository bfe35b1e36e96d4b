package failures

import (
	"fmt"
	"net/http"
	"time"

	"hikeshi/internal/account"
)

// wayOut is the order that must leave whatever else is going on.
var wayOut = order{Pair: pair, Side: "sell", Type: "market", Amount: "0.01"}

// manyCancels are the failures of cancels beside other things.
var manyCancels = []scenario{
	{
		id: "F47", trigger: "The order's answer is lost and nothing can be read, and the bot wants it cancelled before it knows its number.",
		play: func(w *world) {
			w.fault(onOrders("drop_response", `"count":1,"delay_ms":10`), `{"host":"private","match":{"method":"GET"},"effect":"status","status":503,"for_ms":30000}`)
			w.fault(`{"host":"pubnub","match":{"path":"spot_*"},"effect":"mute_channel"}`)
			w.want(resting("0.001"))
			w.pass(9 * time.Second)
			w.abandon()
			w.pass(2 * time.Minute)
		},
		wrong: both(booksAgree, noneLives),
		naive: []naive{{"cannot cancel what has no number", standing, byHand(waitsForTheAnswer)}},
	},
	{
		id: "F48", trigger: "Sixty orders are taken back in a loop, while an order that is the way out of a position is wanted.",
		later: "a class of its own for ways out; every bot's order is one", setup: setup{live: 60},
		play: func(w *world) {
			var ids []int64
			for n := range 60 {
				ids = append(ids, w.placed(resting(fmt.Sprintf("0.%04d", 10+n))))
				w.pass(300 * time.Millisecond)
			}
			for _, id := range ids {
				w.takeBack(id)
			}
			w.pass(50 * time.Millisecond)
			x := w.want(wayOut)
			w.pass(7 * time.Second)
			if b, _ := x.state(); b.state != isPlaced {
				w.find(tooLate, "seven seconds later the way out is not taken")
			}
			w.pass(3 * time.Minute)
		},
		wrong: noneLives,
		naive: []naive{{"sends as it comes", tooLate, byHand(waitsForTheAnswer)}},
	},
	{
		id: "F51", trigger: "In a crash a bot orders more than the limit allows, and has to take its bids back before the price is there.", setup: setup{live: 300},
		play: func(w *world) {
			id := w.placed(resting("0.1"))
			began := time.Now()
			for n := range 200 {
				w.want(resting(fmt.Sprintf("0.%04d", 10+n)))
				if n == 90 {
					w.takeBack(id)
				}
				w.pass(20 * time.Millisecond)
			}
			w.pass(time.Until(began.Add(4 * time.Second)))
			for _, r := range w.truth().Orders {
				if r.ID == id && r.live() {
					w.falls()
					w.find(tooLate, "the bid was still there when the price came")
				}
			}
			w.pass(time.Minute)
		},
		naive: []naive{{"sends as it comes", tooLate, byHand(waitsForTheAnswer)}},
	},
	{
		id: "F53", trigger: "bitbank has dropped the order and knows nothing of it any more (50009), while the client takes it back.",
		later: "taking over an order whose cancel is stuck",
		play: func(w *world) {
			id := w.placed(resting("0.001"))
			w.fault(`{"host":"pubnub","match":{"path":"spot_*"},"effect":"mute_channel"}`, onCancels("api_error", `"code":50009`))
			w.control("POST", "/accounts/sim", fmt.Sprintf(`{"invalidate":[%d]}`, id))
			w.takeBack(id)
			w.pass(90 * time.Second)
			if n := len(w.sent(http.MethodPost, cancelOrder, time.Time{})); n > 30 {
				w.find(hammering, fmt.Sprintf("%d cancels for an order that is gone", n))
			}
		},
		wrong: booksAgree,
		naive: []naive{
			{"asks again until it is taken", hammering, byHand(untilItIsTaken)},
			{"keeps what could not be cancelled", stale, byHand(waitsForTheAnswer)},
		},
	},
}

// abandon has the bot take back what it knows no number of: the intents that the gateway has named.
func (w *world) abandon() {
	o, ok := w.bot.(*ours)
	if !ok {
		return // there is nothing that it could name
	}
	for _, x := range o.now().account.View().Orders {
		if x.Standing != account.Uncertain {
			continue
		}
		if a, err := o.ask(w.t.Context(), http.MethodPost, "/hikeshi/v1/cancel", fmt.Sprintf(`{"intent":%q}`, x.Intent)); err != nil || a.outcome != "unknown" {
			w.t.Errorf("cancel on sight: %+v, %v", a, err)
		}
	}
}

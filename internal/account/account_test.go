package account

import (
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/gateway"
	"hikeshi/internal/reconcile"
)

const patient = 8 * time.Second

func TestAnOrderIsPlacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.place("0.001", patient)
		if r.Outcome != gateway.Placed || len(r.Orders) != 1 || w.orders() != 1 {
			t.Fatalf("the bot is told %+v, %d orders", r, w.orders())
		}
		c := w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patient)})
		if c.Outcome != gateway.Placed || !c.Orders[0].Status.Terminal() {
			t.Errorf("the cancel is told %+v", c)
		}
	})
}

func TestALostAnswerIsSettledWhileTheBotWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_response","count":1}`)
		r := w.place("0.001", patient)
		if r.Outcome != gateway.Placed || len(r.Orders) != 1 || w.orders() != 1 {
			t.Fatalf("the bot is told %+v, %d orders", r, w.orders())
		}
	})
}

func TestALostRequestIsProvedNotPlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		r := w.place("0.001", patient)
		if r.Outcome != gateway.Unknown || r.Intent == "" {
			t.Fatalf("the bot is told %+v", r)
		}
		// Another order of the pair shows that nothing is queued any more.
		time.Sleep(10 * time.Second)
		if other := w.place("0.002", patient); other.Outcome != gateway.Placed {
			t.Fatalf("another order is told %+v", other)
		}
		time.Sleep(90 * time.Second)
		got, known := w.a.Intent("grid", r.Intent)
		if !known || got.Outcome != gateway.NotPlaced || w.orders() != 1 {
			c, _, _ := w.a.broker.Ledger().Case(r.Intent)
			t.Fatalf("later it is %+v, %v, %d orders; the case: %+v", got, known, w.orders(), c)
		}
		if c, _, _ := w.a.broker.Ledger().Case(r.Intent); c.Assumes != reconcile.AssumesOrder {
			t.Errorf("the proof rests on %q", c.Assumes)
		}
		// The bot was told "unknown": its repetition learns the verdict, and the one after that is a new order.
		if r := w.place("0.001", patient); r.Outcome != gateway.NotPlaced {
			t.Errorf("the repetition is told %+v", r)
		}
		if r := w.place("0.001", patient); r.Outcome != gateway.Placed || w.orders() != 2 {
			t.Errorf("the next order is told %+v, %d orders", r, w.orders())
		}
	})
}

func TestOnAFullDiskOrdersAreRefusedAndCancelsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.place("0.001", patient)
		w.disk.set(true, true)
		if r := w.place("0.002", patient); r.Outcome != gateway.NotPlaced || r.Reason == "" || w.orders() != 1 {
			t.Errorf("an order is told %+v, %d orders", r, w.orders())
		}
		c := w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patient)})
		if c.Outcome != gateway.Placed {
			t.Errorf("a cancel is told %+v", c)
		}
		if w.a.Unrecorded() == 0 {
			t.Error("nothing waits for the disk")
		}
		w.disk.set(false, false)
		if r := w.place("0.003", patient); r.Outcome != gateway.Placed || w.a.Unrecorded() != 0 {
			t.Errorf("with space again an order is told %+v, %d records wait", r, w.a.Unrecorded())
		}
	})
}

func TestARestartGoesOnWithWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","effect":"drop_response","for_ms":60000}`)
		r := w.place("0.001", 3*time.Second)
		if r.Outcome != gateway.Unknown {
			t.Fatalf("in the dark the bot is told %+v", r)
		}
		w.stop()
		time.Sleep(2 * time.Minute)
		w.start()
		if r := w.place("0.001", patient); r.Outcome != gateway.Placed || w.orders() != 1 {
			t.Errorf("after the restart the repetition is told %+v, %d orders", r, w.orders())
		}
	})
}

// With an order of our own as a barrier, absence is proved though nobody trades, and nothing of ours is left behind.
func TestABarrierProvesAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stop()
		w.barrier = true
		w.start()
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		r := w.place("0.001", patient)
		if r.Outcome != gateway.Unknown {
			t.Fatalf("the bot is told %+v", r)
		}
		time.Sleep(time.Minute)
		if got, _ := w.a.Intent("grid", r.Intent); got.Outcome != gateway.NotPlaced {
			t.Fatalf("a minute later it is %+v", got)
		}
		live := 0
		for _, x := range w.a.View().Orders {
			if x.Standing == Live {
				live++
			}
		}
		if live != 0 || w.orders() != 1 {
			t.Errorf("%d orders live, of %d", live, w.orders())
		}
	})
}

// A bot that repeats its order before the account has been read again means the one that it was not told of: it is not told that
// there is none.
func TestARepetitionRightAfterTheStartJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"pubnub","effect":"stall_stream"}`)
		w.control("POST", "/faults", `{"host":"private","effect":"drop_response","for_ms":60000}`)
		if r := w.place("0.001", 3*time.Second); r.Outcome != gateway.Unknown {
			t.Fatalf("in the dark the bot is told %+v", r)
		}
		w.stop()
		time.Sleep(2 * time.Minute)
		w.control("POST", "/faults", `{"host":"private","effect":"drop_request","for_ms":30000}`)
		w.start() // and reads nothing
		if r := w.place("0.001", patient); r.Outcome != gateway.Unknown || r.Intent == "" {
			t.Errorf("its repetition is told %+v", r)
		}
		if r := w.place("0.002", patient); r.Outcome != gateway.NotPlaced {
			t.Errorf("another order is told %+v", r)
		}
		time.Sleep(time.Minute)
		if r := w.place("0.001", patient); r.Outcome != gateway.Placed || w.orders() != 1 {
			t.Errorf("when bitbank answers it is told %+v, %d orders", r, w.orders())
		}
	})
}

func TestABotThatHasReadAnIntentMayOrderAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"pubnub","effect":"stall_stream"}`)
		w.control("POST", "/faults", `{"host":"private","effect":"drop_response","for_ms":20000}`)
		r := w.place("0.001", 3*time.Second)
		if r.Outcome != gateway.Unknown {
			t.Fatalf("in the dark the bot is told %+v", r)
		}
		if got, _ := w.a.Intent("grid", r.Intent); got.Told != nil {
			t.Error("an outcome that is not known can be told")
		}
		time.Sleep(time.Minute)
		got, _ := w.a.Intent("grid", r.Intent)
		if got.Outcome != gateway.Placed || got.Told == nil {
			t.Fatalf("later it is %+v", got)
		}
		got.Told(true)
		if r := w.place("0.001", patient); r.Outcome != gateway.Placed || w.orders() != 2 {
			t.Errorf("its next order is told %+v, %d orders", r, w.orders())
		}
	})
}

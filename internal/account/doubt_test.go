package account

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// The engine drops an order whose money is gone, and says so in a message of its own (bitbank's documents, "Private stream").
func TestAnOrderThatTheEngineDropsIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.place("0.001", patient)
		w.control("POST", "/faults", `{"host":"pubnub","match":{"path":"spot_order"},"effect":"mute_channel"}`)
		time.Sleep(11 * time.Minute) // nothing is wanted: it is read once a minute
		for time.Since(w.a.View().Read) > time.Second {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		w.control("POST", "/accounts/sim", fmt.Sprintf(`{"invalidate":[%d]}`, r.Orders[0].ID))
		time.Sleep(3 * time.Second)
		if v := w.a.View(); len(v.Orders) != 1 || v.Orders[0].Standing != Cancelled {
			t.Errorf("three seconds later: %+v", v.Orders)
		}
	})
}

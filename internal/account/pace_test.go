package account

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/gateway"
	"hikeshi/internal/ledger"
)

// holding is how many records hold all the texts.
func (d *disk) holding(texts ...string) int {
	n := 0
	for r := range d.all {
		missing := func(text string) bool { return !strings.Contains(string(r.Data), text) }
		if !slices.ContainsFunc(texts, missing) {
			n++
		}
	}
	return n
}

// A read of the whole account brings thousands of reports, and the disk needs a millisecond for each: a bot's order does not wait
// for all of them, and all are written, in order.
func TestAnOrderDoesNotWaitForAllThatARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.disk.holding(`"xrp_jpy"`)
		w.disk.each.Store(int64(time.Millisecond))
		var found []ledger.Record
		for n := range 5000 {
			found = append(found, ledger.Record{At: time.Now(), Order: &bitbank.Order{
				ID: bitbank.OrderID(1000 + n), Pair: "xrp_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Status: bitbank.StatusCanceledUnfilled,
				StartAmount: num(t, "1"), Price: num(t, "100"),
			}})
		}
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			w.a.step(broker.Heard{Records: found})
		}()
		time.Sleep(time.Second)
		began := time.Now()
		if r := w.place("0.001", patience); r.Outcome != gateway.Placed || time.Since(began) > 200*time.Millisecond {
			t.Errorf("after %v the bot is told %+v", time.Since(began), r)
		}
		<-heard
		time.Sleep(time.Second)
		w.disk.each.Store(0)
		if n := w.disk.holding(`"xrp_jpy"`) - before; n != len(found) {
			t.Errorf("%d of %d reports are on the disk", n, len(found))
		}
	})
}

// That a bot has its answer is on the disk a moment later, though nothing else is written.
func TestAPaidDebtIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.a.Place(t.Context(), gateway.Order{Bot: "grid", Until: time.Now().Add(patience), Order: bitbank.NewOrder{
			Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "0.001"), Price: num(t, "9000000"),
		}})
		time.Sleep(time.Second) // what the stream says of it is written by then
		r.Told(true)
		if time.Sleep(2 * paying); w.disk.holding(`"owed":`, r.Intent, `"paid"`) != 1 {
			t.Error("it is not on the disk")
		}
	})
}

package account

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/keys"
)

// make wants a post-only order, and takes the answer.
func (w *world) make(amount string, g keys.Guard) gateway.Reply {
	w.t.Helper()
	r := w.a.Place(w.t.Context(), gateway.Order{Bot: "maker", Until: time.Now().Add(patience), Guard: g, Order: bitbank.NewOrder{
		Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(w.t, amount), Price: num(w.t, "9000000"), PostOnly: true,
	}})
	if r.Told != nil {
		r.Told(true)
	}
	return r
}

// modeReads are the reads of modes that the simulator has seen.
func (w *world) modeReads() int {
	w.t.Helper()
	var truth struct {
		Requests []struct{ Host, Path string }
	}
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &truth); err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, r := range truth.Requests {
		if strings.HasSuffix(r.Path, "/circuit_break_info") {
			n++
		}
	}
	return n
}

func refusedFor(r gateway.Reply, why string) bool {
	return r.Outcome == gateway.NotPlaced && r.Intent == "" && strings.Contains(r.Reason, why)
}

func TestAPostOnlyOrderIsSentWhileItsWordHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if r := w.make("0.001", keys.GuardOn); r.Outcome != gateway.Placed || w.orders() != 1 {
			t.Fatalf("in continuous trading the bot is told %+v, %d orders", r, w.orders())
		}
		before := w.modeReads()
		for _, amount := range []string{"0.002", "0.003", "0.004"} {
			if r := w.make(amount, keys.GuardOn); r.Outcome != gateway.Placed {
				t.Fatalf("the bot is told %+v", r)
			}
		}
		if n := w.modeReads() - before; n > 1 || before == 0 {
			t.Errorf("%d reads of the mode at first, %d more for three orders", before, n)
		}
		w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"FULL_RANGE_CIRCUIT_BREAK"}`)
		time.Sleep(7 * time.Second)
		if r := w.make("0.005", keys.GuardOn); !refusedFor(r, "FULL_RANGE_CIRCUIT_BREAK") || w.orders() != 4 {
			t.Errorf("in an auction the bot is told %+v, %d orders", r, w.orders())
		}
		if r := w.make("0.005", keys.GuardKnown); !refusedFor(r, "FULL_RANGE_CIRCUIT_BREAK") || w.orders() != 4 {
			t.Errorf("in an auction a bot with the milder guard is told %+v", r)
		}
		if r := w.place("0.006", patience); r.Outcome != gateway.Placed {
			t.Errorf("an order without the word is told %+v", r)
		}
		if r := w.make("0.007", keys.GuardOff); r.Outcome != gateway.Placed || w.orders() != 6 {
			t.Errorf("without a guard the bot is told %+v", r)
		}
		w.control("POST", "/pairs/btc_jpy", `{"circuit_break":"NONE"}`)
		time.Sleep(7 * time.Second)
		if r := w.make("0.008", keys.GuardOn); r.Outcome != gateway.Placed {
			t.Errorf("afterwards the bot is told %+v", r)
		}
	})
}

// The public host is away, the private one works: a hiccup disturbs nobody, and after half a minute a bot is told at once what is
// not known, instead of being held.
func TestWithoutThePublicHostAModeIsTrustedForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.make("0.001", keys.GuardOn)
		w.control("POST", "/faults", `{"host":"public","effect":"blackhole"}`)
		time.Sleep(20 * time.Second)
		if r := w.make("0.002", keys.GuardOn); r.Outcome != gateway.Placed {
			t.Fatalf("20 s later the bot is told %+v", r)
		}
		time.Sleep(20 * time.Second)
		began := time.Now()
		if r := w.make("0.003", keys.GuardOn); !refusedFor(r, "cannot be read") || time.Since(began) > 10*time.Millisecond {
			t.Errorf("40 s later the bot is told %+v after %v", r, time.Since(began))
		}
		if r := w.make("0.004", keys.GuardKnown); r.Outcome != gateway.Placed {
			t.Errorf("with the milder guard it is told %+v", r)
		}
		if r := w.place("0.005", patience); r.Outcome != gateway.Placed {
			t.Errorf("without the word it is told %+v", r)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(6 * time.Second)
		if r := w.make("0.006", keys.GuardOn); r.Outcome != gateway.Placed {
			t.Errorf("when the public host is back it is told %+v", r)
		}
	})
}

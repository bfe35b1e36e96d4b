package account

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/ledger"
)

// seeds are how many worlds are played: one beside the race detector, which is some ten times slower, and a hundred in a long run.
func seeds(n uint64) uint64 {
	switch {
	case testing.Short():
		return 1
	case os.Getenv("HIKESHI_LONG") != "":
		return 100
	}
	return n
}

// Whatever bots and a human do: as long as everything is told, nothing is said to differ, also beside replicas that lag.
func TestAHealthyWorldHasNoBreaks(t *testing.T) {
	for seed := range seeds(4) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			rng := rand.New(rand.NewPCG(seed, 9))
			if seed%2 == 1 {
				w.control("POST", "/faults", `{"host":"private","match":{"method":"GET"},"effect":"replica_lag","delay_ms":9000}`)
			}
			human := w.human()
			var resting []bitbank.OrderID
			for range 120 {
				switch n := w.market(bitbank.Buy); rng.IntN(7) {
				case 0:
					w.by(human, n)
				case 1:
					n.Side = bitbank.Sell
					w.by(human, n)
				case 2:
					n.PositionSide = bitbank.Long
					w.by(human, n)
				case 3:
					resting = append(resting, w.by(human, w.limit("0.002")))
				case 4:
					if len(resting) > 0 {
						human.CancelOrder(t.Context(), "btc_jpy", resting[0])
						resting = resting[1:]
					}
				case 5:
					if r := w.place("0.001", patient); r.Outcome == gateway.Placed {
						w.a.Cancel(t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patient)})
					}
				default:
					w.control("POST", "/accounts/sim/deposits", `{"asset":"btc","amount":"0.5"}`)
				}
				time.Sleep(time.Duration(rng.Int64N(int64(20 * time.Second))))
			}
			time.Sleep(3 * time.Minute)
			w.wantBreaks(fmt.Sprintf("of a healthy world (seed %d)", seed))
			if got := w.a.View().Unsure; len(got) > 0 {
				t.Errorf("seed %d: nothing is said of %v in the end", seed, got)
			}
		})
	}
}

// However often we are down and the stream says nothing: every trade that nobody told us of is told once, and no other.
func TestEveryUnseenFillIsToldOnce(t *testing.T) {
	all, found := 0, 0
	for seed := range seeds(3) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			rng := rand.New(rand.NewPCG(seed, 77))
			human := w.human()
			unseen := map[bitbank.TradeID]bool{}
			trades := func() []bitbank.Trade {
				all, err := human.TradeHistory(t.Context(), bitbank.TradeQuery{Count: 1000})
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			round := func(hidden bool) {
				before := len(trades())
				for range 1 + rng.IntN(4) {
					n := w.market([]bitbank.Side{bitbank.Buy, bitbank.Sell}[rng.IntN(2)])
					w.by(human, n)
					time.Sleep(time.Duration(rng.Int64N(int64(30 * time.Second))))
				}
				time.Sleep(10 * time.Second)
				if all := trades(); hidden {
					for _, x := range all[:len(all)-before] {
						unseen[x.ID] = true
					}
				}
			}
			for range 12 {
				switch rng.IntN(3) {
				case 0:
					round(false)
				case 1:
					w.control("POST", "/faults", muteAll)
					round(true)
					time.Sleep(2 * time.Minute) // until it is read
					w.control("DELETE", "/faults", "")
					time.Sleep(30 * time.Second)
				default:
					w.stop()
					round(true)
					w.start()
				}
				time.Sleep(time.Minute)
			}
			told := 0
			for _, b := range w.a.View().Breaks {
				if b.Kind == ledger.Filled {
					told += b.Fills.N
				} else {
					t.Errorf("seed %d: there is a break %s", seed, b.ID)
				}
			}
			// One that a read finds within seconds, before the stream could have told, was seen.
			late := 0
			for r, err := range RecordsOf(w.disk.all) {
				if x := r.Traded; err == nil && x != nil && unseen[x.ID] && r.At.Sub(x.ExecutedAt.Time()) > slow+2*time.Second {
					late++
				}
			}
			all, found = all+len(unseen), found+told
			if told > len(unseen) || told < late || told == 0 {
				t.Errorf("seed %d: %d fills are told of, %d were not seen, %d of them for long", seed, told, len(unseen), late)
			}
		})
	}
	fmt.Printf("figure: account, %d worlds with outages of ours and silent streams: %d fills unseen, %d told of as such, the others read within %v\n", seeds(3), all, found, slow)
}

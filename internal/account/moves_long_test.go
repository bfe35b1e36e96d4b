package account

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/ledger"
	"hikeshi/internal/transfer"
)

// truth is how transfers stand at the exchange, by uuid.
func (w *world) truth() map[string]string {
	w.t.Helper()
	var x struct {
		Transfers []struct{ UUID, Status string }
	}
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &x); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, t := range x.Transfers {
		out[t.UUID] = t.Status
	}
	return out
}

// Days of deposits and withdrawals of every fate, with outages, restarts and stops: at no time is anything said to have arrived, to
// be sent or to be back that is not; in the end everything is known as it is; and each change of an alert is on the disk once.
func TestDaysOfTransfersOfEveryFate(t *testing.T) {
	seeds, steps, pause := 1, 24, 20
	if os.Getenv("HIKESHI_LONG") != "" {
		seeds, steps, pause = 20, 60, 40
	}
	looks, moves, alerted := 0, 0, 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(seed), 7))
			w := newWorld(t)
			var mine []string
			light := func() {}
			check := func() {
				is := w.truth()
				looks++
				for _, c := range w.a.View().Moves {
					status, known := is[c.UUID]
					if c.Kind == transfer.Awaited {
						continue
					}
					ended := status == "REJECTED" || status == "CANCELED" || status == "CONFIRM_TIMEOUT"
					switch {
					case !known:
						t.Fatalf("seed %d: %s is not at the exchange", seed, c.Key)
					case c.Arrived() && status != "DONE", c.Stand == transfer.Done && status != "DONE", c.Back == ledger.BackReturned && !ended:
						t.Fatalf("seed %d: %s is %s, and said to be %s, %q", seed, c.Key, status, c.Stand, c.Back)
					case c.Stand == transfer.Missing:
						t.Fatalf("seed %d: the money of %s is said to be missing", seed, c.Key)
					}
				}
			}
			for range steps {
				switch rng.IntN(9) {
				case 0, 1:
					mine = append(mine, w.arrive(fmt.Sprintf(`{"asset":%q,"amount":"%d","unconfirmed":%t,"hold":%t}`, []string{"xrp", "btc", "eth"}[rng.IntN(3)], 1+rng.IntN(50), rng.IntN(4) == 0, rng.IntN(4) == 0)))
				case 2:
					w.control("POST", "/accounts/sim/conditions", fmt.Sprintf(`{"nobody_confirms":%t}`, rng.IntN(2) == 0))
				case 3, 4:
					if id := w.withdrawn(fmt.Sprint(10 + rng.IntN(90))); id != "" {
						mine = append(mine, id)
					}
				case 5:
					if len(mine) > 0 {
						is, id := w.truth(), mine[rng.IntN(len(mine))]
						if to := map[string]string{"CONFIRMING": "CANCELED", "EXAMINING": "REJECTED", "FOUND": "CONFIRMED", "CONFIRMED": "DONE"}[is[id]]; to != "" {
							w.try("POST", "/accounts/sim/transfers", fmt.Sprintf(`{"uuid":%q,"status":%q}`, id, to))
						}
					}
				case 6:
					light()
					light = w.dark()
				case 7:
					light()
					light = func() {}
				case 8:
					w.stop()
					w.start()
				}
				time.Sleep(time.Duration(rng.IntN(pause)) * time.Minute)
				check()
			}
			light()
			time.Sleep(15 * time.Minute)
			check()
			is := w.truth()
			for _, c := range w.a.View().Moves {
				if is[c.UUID] != c.Status {
					t.Errorf("seed %d: %s is %s, and known as %s", seed, c.Key, is[c.UUID], c.Status)
				}
				if c.Stand == transfer.Ended && c.For > time.Hour {
					t.Logf("seed %d: %s: it cannot be told whether the money is back", seed, c.Key)
				}
				moves++
			}
			last := map[string]ledger.Alerted{}
			for r := range w.disk.all {
				x, err := decode(r)
				if err != nil {
					t.Fatal(err)
				}
				if a := x.Alerted; a != nil {
					if was := last[a.Key]; a.N != was.N+1 || a.State == was.State {
						t.Errorf("seed %d: after %+v comes %+v", seed, was, *a)
					}
					last[a.Key] = *a
					alerted++
				}
			}
		})
	}
	fmt.Printf("figure: account, %d transfers in %d worlds: known as they are in the end; %d looks, none ahead of the exchange; %d alerts, each once\n", moves, seeds, looks, alerted)
}

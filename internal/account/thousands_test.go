package account

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

// Thousands of orders were being sent when we went down: all of them are open after the start, and settled with what is true.
func TestThousandsOfOpenIntentsSurviveACrash(t *testing.T) {
	many, there := counts(5000, 500, 60), 20
	dir, before := t.TempDir(), t.TempDir()
	var settled, took time.Duration // virtual, real
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, dir)
		m.due = snapshotEvery
		m.stop()
		key, err := bitbank.NewCredentials("sim-key", "sim-secret", "http://private", bitbank.Auth{})
		if err != nil {
			t.Fatal(err)
		}
		client, err := bitbank.New(bitbank.Options{HTTP: m.private, PublicURL: "http://public", PrivateURL: "http://private", Credentials: key})
		if err != nil {
			t.Fatal(err)
		}
		var entries []journal.Entry
		placed := 0
		for i := range many {
			at := time.Now()
			n := bitbank.NewOrder{
				Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, fmt.Sprintf("0.%04d", i+1)), Price: num(t, "2000000"),
			}
			r := ledger.Record{At: at, Intended: &ledger.Intended{ID: fmt.Sprint("1-", 1000+i), Bot: "grid", Order: &n, Signed: at, Window: 2 * time.Second}}
			entries = append(entries, journal.Entry{Kind: Kind, At: at, Data: r})
			if i%(many/there) == 0 {
				if o := client.PlaceOrder(t.Context(), n); o.Err() == nil {
					placed++
				}
			}
		}
		if placed < there {
			t.Fatalf("%d orders were placed, want %d", placed, there)
		}
		if _, err := m.j.Append(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
		copyJournal(t, dir, before)
		m.j.Close()
		m.start()
		began := time.Now()
		for open := 1; open > 0 && time.Since(began) < 2*time.Hour; {
			time.Sleep(10 * time.Second)
			m.a.mu.Lock()
			open = len(m.a.broker.Ledger().Open())
			m.a.mu.Unlock()
		}
		settled = time.Since(began)
		if intents, got := m.settled(0); intents != many || got != placed {
			t.Errorf("%d intents are settled, %d as placed; want %d, %d", intents, got, many, placed)
		}
		m.stop()
		m.j.Close()
	})
	began := time.Now()
	j := openJournal(t, filepath.Join(before, "journal.db"))
	defer j.Close()
	m, err := Remember(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Ledger.Open()); n != many {
		t.Errorf("%d are open after the start, want %d", n, many)
	}
	b := broker.New()
	b.Begin(m.Ledger)
	b.Start(time.Now())
	took = time.Since(began)
	with := heap()
	runtime.KeepAlive(b)
	b, m = nil, nil
	used := with - heap()
	if used > 64<<20 {
		t.Errorf("%d MiB are in use", used>>20)
	}
	fmt.Printf("figure: account, %d open intents: begun in %v with %.1f MiB, all settled %v after the start\n", many, took.Round(time.Millisecond), float64(used)/(1<<20), settled)
}

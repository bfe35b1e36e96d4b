package ledger_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// Memory is bounded, and what cannot be answered from it is said not to be.
func TestAMillionRecordsLeaveABoundedLedger(t *testing.T) {
	var free, full runtime.MemStats
	records := million()
	runtime.GC()
	runtime.ReadMemStats(&free)
	l := fold(records)
	runtime.GC()
	runtime.ReadMemStats(&full)
	if used := int64(full.HeapAlloc) - int64(free.HeapAlloc); used > 40<<20 {
		t.Errorf("%d MiB are used", used>>20)
	}
	if n := len(l.Finished()); n != 10_000 {
		t.Errorf("%d finished orders are kept", n)
	}
	l.Apply(ledger.Record{At: at(0), Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: at(0), To: at(300_000)}})
	for _, c := range []struct {
		from  int
		whole bool
	}{{0, false}, {35_000, false}, {36_100, true}, {39_000, true}} {
		// Trades are 200 ms apart, 200,000 in all: the last 20,000 began after 36,000 s.
		fills, whole := l.Fills(at(c.from), at(40_000))
		if whole != c.whole || whole && len(fills) != (40_000-c.from)*5 {
			t.Errorf("from %d: %d fills, whole %v", c.from, len(fills), whole)
		}
	}
	runtime.KeepAlive(records)
}

// What is open is never dropped, however much comes after it.
func TestOpenIntentsAndLiveOrdersSurviveEverything(t *testing.T) {
	l := &ledger.Ledger{}
	const open = 5000
	for i := range open {
		n := buy(fmt.Sprint(1 + i))
		o := resting(bitbank.OrderID(1+i), n, 0)
		o.Pair = fmt.Sprintf("c%d_jpy", i%200)
		l.Apply(intend(0, fmt.Sprint("open", i), "maker", n))
		l.Apply(ledger.Record{At: at(0), Order: &o})
	}
	for _, r := range million()[:200_000] {
		l.Apply(r)
	}
	l.Apply(ledger.Record{At: at(90_000), Forgotten: &ledger.Forgotten{Before: at(80_000)}})
	if got := len(l.Open()); got != open {
		t.Errorf("%d intents are open, want %d", got, open)
	}
	if got := len(l.Live()); got != open {
		t.Errorf("%d orders live, want %d", got, open)
	}
	if got := len(l.Finished()); got != 0 {
		t.Errorf("%d finished orders are kept after they were to be forgotten", got)
	}
	if _, whole := l.Fills(at(79_999), at(80_001)); whole {
		t.Error("fills that were forgotten are whole")
	}
}

func TestAHistoryIsWholeOnlyWhereItWasRead(t *testing.T) {
	l := &ledger.Ledger{}
	for _, s := range [][2]int{{0, 10}, {20, 30}, {5, 15}, {40, 40}} {
		l.Apply(ledger.Record{At: at(50), Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: at(s[0]), To: at(s[1])}})
	}
	for _, c := range []struct {
		from, to int
		want     bool
	}{{0, 15, true}, {3, 12, true}, {20, 30, true}, {10, 20, false}, {0, 30, false}, {-1, 5, false}} {
		if got := l.Covered(ledger.Trades, at(c.from), at(c.to)); got != c.want {
			t.Errorf("from %d to %d: %v", c.from, c.to, got)
		}
	}
	if l.Covered(ledger.Deposits, at(0), at(10)) {
		t.Error("a history of deposits is whole that was never read")
	}
}

// A balance can come late; how old it is decides, and a message of the stream is nothing to count from.
func TestTheNewestBalanceCounts(t *testing.T) {
	row := func(onHand string) []bitbank.AssetUpdate {
		return []bitbank.AssetUpdate{{Asset: "jpy", OnHand: num(onHand), Locked: num("0")}}
	}
	l := fold([]ledger.Record{
		{At: at(100), Balance: &ledger.Balance{Rows: row("100"), Began: at(99)}},
		{At: at(120), Balance: &ledger.Balance{Rows: row("50"), Published: at(60)}},
	})
	if h := l.Holdings(); len(h) != 1 || h[0].OnHand != num("100") || !h[0].At.Equal(at(99)) {
		t.Errorf("holdings are %+v", h)
	}
	for _, c := range []struct {
		since int
		want  bool
	}{{99, false}, {100, true}} {
		d := l.Unexplained(ledger.Look{Row: row("100")[0], At: at(200), Since: at(c.since)}, ledger.Rates{})
		if d.Explained() != c.want {
			t.Errorf("since %d: %+v", c.since, d)
		}
	}
}

// What happened next to a read may be in it or not, so it proves nothing.
func TestWhatIsCloseToAReadIsADoubt(t *testing.T) {
	rates := ledger.Rates{Pairs: map[string]ledger.Rate{"btc_jpy": {}}}
	for _, c := range []struct {
		name   string
		traded time.Time
		doubts []ledger.Doubt
	}{
		{"well between", at(50), nil},
		{"next to the first", at(11), []ledger.Doubt{ledger.NoBalance}},
		{"next to the second", at(99), []ledger.Doubt{ledger.TooClose}},
		{"just after it", at(101), []ledger.Doubt{ledger.TooClose}},
	} {
		l := fold([]ledger.Record{
			{At: at(10), Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{{Asset: "jpy", OnHand: num("1000"), Locked: num("0")}}}},
			{At: c.traded, Traded: &bitbank.Trade{
				ID: 1, Pair: "btc_jpy", OrderID: 1, Side: bitbank.Sell, Amount: num("1"), Price: num("500"), FeeBase: num("0"), FeeQuote: num("1"),
				ExecutedAt: bitbank.Millis(c.traded.UnixMilli()),
			}},
		})
		d := l.Unexplained(ledger.Look{Row: bitbank.AssetUpdate{Asset: "jpy", OnHand: num("1499"), Locked: num("0")}, At: at(100), Since: at(20)}, rates)
		if fmt.Sprint(d.Doubts) != fmt.Sprint(c.doubts) || len(d.Doubts) == 0 && !d.Explained() {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

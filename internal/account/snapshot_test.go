package account

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/gateway"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

// openJournal opens a real one; in a synctest bubble, close it inside.
func openJournal(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func asText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// busy has a bot place orders, cancel some, and lose some answers.
func (w *world) busy() {
	for i := range 12 {
		if i%4 == 3 {
			w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"`+[]string{"drop_request", "drop_response"}[i/4%2]+`","count":1}`)
		}
		r := w.place(fmt.Sprintf("0.%03d", i+1), 3*time.Second)
		if i%3 == 0 && r.Outcome == gateway.Placed {
			w.a.Cancel(w.t.Context(), gateway.Cancel{Bot: "grid", Pair: "btc_jpy", IDs: ids(r), Until: time.Now().Add(patient)})
		}
		time.Sleep(5 * time.Second)
	}
}

// Whatever is remembered from a snapshot and the records after it, and from all records, is the same, at every record of an
// account's life: the ledger, and what the broker does when it starts.
func TestASnapshotStandsForTheRecordsBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.busy()
		w.stop()
		records := w.disk.records
		var read []ledger.Record
		for r, err := range RecordsOf(w.disk.all) {
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, r)
		}
		all := &ledger.Ledger{}
		for _, r := range read {
			all.Apply(r)
		}
		want := asText(t, all)
		began := func(l *ledger.Ledger) string {
			b := broker.New()
			b.Begin(l)
			return asText(t, b.Start(time.Now()))
		}
		start := began(all)
		before := &ledger.Ledger{}
		for k, r := range read {
			before.Apply(r)
			copied := before.Snapshot()
			data, err := pack(copied, records[k].Seq)
			if err != nil {
				t.Fatal(err)
			}
			l, upto, ok := unpack([]byte(asText(t, data)))
			if !ok || upto != records[k].Seq {
				t.Fatalf("after record %d: upto %d, %v", k+1, upto, ok)
			}
			for _, r := range read[k+1:] {
				l.Apply(r)
			}
			if got := asText(t, l); got != want {
				t.Fatalf("after record %d the rest makes another ledger: %s", k+1, apart(got, want))
			}
			if got := began(l); got != start {
				t.Fatalf("after record %d the broker starts with\n%s\nwant\n%s", k+1, got, start)
			}
		}
		if len(read) < 60 || !strings.Contains(start, "Records") {
			t.Errorf("%d records, %s", len(read), start)
		}
	})
}

// A copy is of its moment, however the ledger goes on.
func TestASnapshotDoesNotChangeWithTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.busy()
		w.stop()
		var read []ledger.Record
		for r, err := range RecordsOf(w.disk.all) {
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, r)
		}
		for cut := 10; cut < len(read); cut += 10 {
			l := &ledger.Ledger{}
			for _, r := range read[:cut] {
				l.Apply(r)
			}
			want, copied := asText(t, l), l.Snapshot()
			for _, r := range read[cut:] {
				l.Apply(r)
			}
			if asText(t, copied) != want {
				t.Fatalf("the copy after record %d has changed", cut)
			}
		}
	})
}

// The account writes snapshots while it runs and when it ends, and begins with the newest that can be read.
func TestAStartReadsTheNewestGoodSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stop()
		j := openJournal(t, path)
		w.open = func(o Options) (*Account, error) {
			o.Journal, o.Low = j, j.Low
			m, err := Remember(t.Context(), j)
			if err != nil {
				return nil, err
			}
			a := Resume(o, m)
			a.snapshots.due = 20
			return a, nil
		}
		w.start()
		w.busy()
		w.a.mu.Lock()
		w.a.snapshots.due, w.a.snapshots.since = 20, 20 // the next record is enough for one
		w.a.mu.Unlock()
		w.busy()
		w.stop()
		j.Close()
	})
	j := openJournal(t, path)
	defer func() { j.Close() }()
	var snapshots []journal.Record
	for r, err := range j.Read(t.Context(), journal.Query{Kinds: []journal.Kind{journal.Snapshot}}) {
		if err != nil {
			t.Fatal(err)
		}
		snapshots = append(snapshots, r)
	}
	if len(snapshots) < 2 {
		t.Fatalf("%d snapshots were written, want 2", len(snapshots))
	}
	whole := &Memory{Ledger: &ledger.Ledger{}, unsure: true}
	if err := whole.fold(j.Proved(t.Context(), 1)); err != nil {
		t.Fatal(err)
	}
	m, err := Remember(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	// Reads that say nothing new are seldom written, so a snapshot knows more of when what was read.
	same := func(l *ledger.Ledger) string {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(asText(t, l)), &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "balances")
		delete(fields, "newest")
		delete(fields, "spans")
		return asText(t, fields)
	}
	if got := same(m.Ledger); got != same(whole.Ledger) || m.since >= whole.since*3/4 || m.upto != whole.upto {
		t.Fatalf("%d of %d records were read, up to %d of %d%s", m.since, whole.since, m.upto, whole.upto, apart(got, same(whole.Ledger)))
	}
	newest := m.since
	// One of another schema, and one that cannot be read, are passed over.
	for _, bad := range []any{map[string]any{"schema": ledger.Schema + 1, "upto": m.upto}, map[string]any{"schema": ledger.Schema, "upto": m.upto, "ledger": []byte("no")}, 7} {
		if _, err := j.Append(t.Context(), journal.Entry{Kind: journal.Snapshot, At: time.Now(), Data: bad}); err != nil {
			t.Fatal(err)
		}
		if m, err = Remember(t.Context(), j); err != nil || m.since != newest || same(m.Ledger) != same(whole.Ledger) {
			t.Errorf("with %v: %v, %d records were read", bad, err, m.since)
		}
	}
}

// apart shows where two texts begin to differ.
func apart(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	near := func(s string) string { return s[min(len(s), max(0, i-200)):min(len(s), i+200)] }
	return "\n" + near(got) + "\nwant\n" + near(want)
}

// many are records as a busy account leaves them, of n orders, five of each.
func many(t testing.TB, n int) iter.Seq[ledger.Record] {
	amount, half, price, none := num(t, "0.0100"), num(t, "0.0050"), num(t, "15000000"), num(t, "0")
	opening := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return func(yield func(ledger.Record) bool) {
		for i := range n {
			at := opening.Add(time.Duration(i) * 200 * time.Millisecond)
			id := bitbank.OrderID(59_600_000_000 + i*7)
			name, ms := fmt.Sprint("i", i), bitbank.Millis(at.UnixMilli())
			o := bitbank.Order{
				ID: id, Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Status: bitbank.StatusUnfilled, StartAmount: amount,
				RemainingAmount: amount, ExecutedAmount: none, AveragePrice: none, Price: price, OrderedAt: ms,
			}
			end := o
			end.Status, end.RemainingAmount, end.ExecutedAmount, end.AveragePrice = bitbank.StatusFullyFilled, none, amount, price
			n := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: amount, Price: price}
			for _, r := range []ledger.Record{
				{At: at, Intended: &ledger.Intended{ID: name, Bot: "maker", Order: &n, Signed: at, Window: 2 * time.Second}},
				{At: at, Answered: &ledger.Answered{ID: name, Orders: []bitbank.Order{o}}},
				{At: at, Traded: &bitbank.Trade{
					ID: bitbank.TradeID(1_000_000 + i), Pair: "btc_jpy", OrderID: id, Side: bitbank.Buy, Type: bitbank.Limit, Amount: half,
					Price: price, MakerTaker: bitbank.Maker, FeeBase: none, FeeQuote: none, ExecutedAt: ms,
				}},
				{At: at, Order: &end},
				{At: at, Owed: &ledger.Owed{ID: name, N: 1, Debt: ledger.Paid}},
			} {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// heap is what is in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// million are a million records as a busy account leaves them: of each order two reports and a trade, with a balance and an
// intent now and then.
func million() []ledger.Record {
	const each = 1_000_000 / 5
	out := make([]ledger.Record, 0, 5*each)
	amount, half, price := num("0.0100"), num("0.0050"), num("15000000")
	none := num("0")
	for i := range each {
		at := opening.Add(time.Duration(i) * 200 * time.Millisecond)
		ms := bitbank.Millis(at.UnixMilli())
		id := bitbank.OrderID(59_600_000_000 + i*7)
		o := bitbank.Order{
			ID: id, Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Status: bitbank.StatusUnfilled, StartAmount: amount,
			RemainingAmount: amount, ExecutedAmount: none, AveragePrice: none, Price: price, OrderedAt: ms,
		}
		name := fmt.Sprint("i", i)
		n := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: amount, Price: price}
		end := o
		end.Status, end.RemainingAmount, end.ExecutedAmount, end.AveragePrice = bitbank.StatusFullyFilled, none, amount, price
		out = append(out,
			ledger.Record{At: at, Intended: &ledger.Intended{ID: name, Bot: "maker", Order: &n, Signed: at, Window: 2 * time.Second}},
			ledger.Record{At: at, Answered: &ledger.Answered{ID: name, Orders: []bitbank.Order{o}}},
			ledger.Record{At: at, Traded: &bitbank.Trade{
				ID: bitbank.TradeID(1_000_000 + i), Pair: "btc_jpy", OrderID: id, Side: bitbank.Buy, Type: bitbank.Limit, Amount: half,
				Price: price, MakerTaker: bitbank.Maker, FeeBase: none, FeeQuote: none, ExecutedAt: ms,
			}},
			ledger.Record{At: at, Order: &end},
			ledger.Record{At: at, Owed: &ledger.Owed{ID: name, N: 1, Debt: ledger.Paid}},
		)
	}
	return out
}

// BenchmarkAMillionRecords folds what a busy account leaves in some days; at most two seconds are wanted.
func BenchmarkAMillionRecords(b *testing.B) {
	records := million()
	b.ReportAllocs()
	for b.Loop() {
		if l := fold(records); len(l.Live()) != 0 {
			b.Fatal("orders live that were filled")
		}
	}
}

// BenchmarkUnexplained is what a look costs when all that can be kept is kept.
func BenchmarkUnexplained(b *testing.B) {
	l := fold(million())
	at := opening.Add(60 * time.Hour)
	l.Apply(ledger.Record{At: at, Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{{Asset: "jpy", OnHand: num("1"), Locked: num("0")}}}})
	look := ledger.Look{Row: bitbank.AssetUpdate{Asset: "jpy", OnHand: num("1"), Locked: num("0")}, At: at.Add(time.Minute), Since: at}
	b.ReportAllocs()
	for b.Loop() {
		if d := l.Unexplained(look, ledger.Rates{}); !d.Explained() {
			b.Fatal(d)
		}
	}
}

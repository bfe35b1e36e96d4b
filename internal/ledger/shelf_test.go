package ledger

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

// Whatever is reported, in whatever order: the baseline of an order is what a look at every order that is kept would find.
func TestABaselineMissesNothing(t *testing.T) {
	number := func(s string) bitbank.Number {
		if s == "" {
			return bitbank.Number{}
		}
		n, err := bitbank.ParseNumber(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		var l Ledger
		now := noonish
		pairs, prices := []string{"btc_jpy", "xrp_jpy"}, []string{"", "100", "100.0", "1e2", "101"}
		for range rapid.IntRange(1, 80).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			o := bitbank.Order{
				ID: bitbank.OrderID(rapid.IntRange(1, 12).Draw(t, "id")), Pair: rapid.SampledFrom(pairs).Draw(t, "pair"),
				Side: bitbank.Buy, Type: bitbank.Limit, StartAmount: number("1"), Price: number(rapid.SampledFrom(prices).Draw(t, "price")),
				Status: rapid.SampledFrom([]bitbank.OrderStatus{bitbank.StatusUnfilled, bitbank.StatusFullyFilled, bitbank.StatusCanceledUnfilled}).Draw(t, "status"),
			}
			l.Apply(Record{At: now, Order: &o})
			if rapid.IntRange(0, 30).Draw(t, "forgets") == 0 {
				l.Apply(Record{At: now, Forgotten: &Forgotten{Before: now.Add(-20 * time.Second)}})
			}
		}
		n := bitbank.NewOrder{
			Pair: rapid.SampledFrom(pairs).Draw(t, "wanted pair"), Side: bitbank.Buy, Type: bitbank.Limit, Amount: number("1.0"),
			Price: number(rapid.SampledFrom(prices[1:]).Draw(t, "wanted price")),
		}
		signed := now.Add(time.Duration(rapid.IntRange(-10, 90).Draw(t, "later")) * time.Second)
		var want []bitbank.OrderID
		for key, o := range l.orders.all {
			lately := l.orders.lately[key] == o && signed.Sub(o.Ended) <= lateFor
			if key.pair == n.Pair && (o.live() || lately) && looks(&o.Order, n) {
				want = append(want, key.id)
			}
		}
		slices.Sort(want)
		if got := l.Baseline(n, signed); !slices.Equal(got, want) {
			t.Fatalf("the baseline is %v, want %v", got, want)
		}
		shelved := 0
		for _, s := range l.orders.alike {
			shelved += len(s)
		}
		if most := len(l.orders.lately) + l.orders.alive; shelved != most {
			t.Fatalf("%d orders are on shelves, %d live or ended lately", shelved, most)
		}
	})
}

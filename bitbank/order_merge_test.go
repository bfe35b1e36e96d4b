package bitbank_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
)

func report(t interface{ Fatal(...any) }, id int, status bitbank.OrderStatus, remaining, executed string) bitbank.Order {
	o := bitbank.Order{ID: bitbank.OrderID(id), Pair: "btc_jpy", Status: status}
	if remaining != "" {
		o.RemainingAmount = number(t, remaining)
	}
	if executed != "" {
		o.ExecutedAmount = number(t, executed)
	}
	return o
}

func TestWhichReportOfAnOrderIsLater(t *testing.T) {
	for _, c := range []struct {
		known, fresh [3]string // status, remaining, executed
		want         bool
	}{
		{[3]string{"INACTIVE", "1", "0"}, [3]string{"UNFILLED", "1", "0"}, true},
		{[3]string{"UNFILLED", "1", "0"}, [3]string{"INACTIVE", "1", "0"}, false},
		{[3]string{"UNFILLED", "1", "0"}, [3]string{"UNFILLED", "1.0", "0"}, false},
		{[3]string{"PARTIALLY_FILLED", "10", "0"}, [3]string{"PARTIALLY_FILLED", "9", "1"}, true}, // as texts "9" > "10"
		{[3]string{"PARTIALLY_FILLED", "9", "1"}, [3]string{"PARTIALLY_FILLED", "10", "0"}, false},
		{[3]string{"PARTIALLY_FILLED", "0.1", "0"}, [3]string{"PARTIALLY_FILLED", "0.09999999999999999999", "0"}, true},
		{[3]string{"PARTIALLY_FILLED", "1", "1"}, [3]string{"FULLY_FILLED", "0", "2"}, true},
		{[3]string{"PARTIALLY_FILLED", "1", "1"}, [3]string{"CANCELED_PARTIALLY_FILLED", "1", "1"}, true},
		{[3]string{"UNFILLED", "1", "0"}, [3]string{"REJECTED", "", ""}, true},
		{[3]string{"FULLY_FILLED", "0", "2"}, [3]string{"PARTIALLY_FILLED", "1", "1"}, false},
		{[3]string{"FULLY_FILLED", "0", "2"}, [3]string{"CANCELED_UNFILLED", "2", "0"}, false},
		{[3]string{"CANCELED_UNFILLED", "2", "0"}, [3]string{"CANCELED_UNFILLED", "2", "0"}, false},
		{[3]string{"PARTIALLY_FILLED", "", "1"}, [3]string{"PARTIALLY_FILLED", "", "2"}, true},
		{[3]string{"PARTIALLY_FILLED", "", "2"}, [3]string{"PARTIALLY_FILLED", "", "1"}, false},
		{[3]string{"PARTIALLY_FILLED", "", "2"}, [3]string{"PARTIALLY_FILLED", "5", "1"}, true},
		{[3]string{"PARTIALLY_FILLED", "5", "1"}, [3]string{"PARTIALLY_FILLED", "", "2"}, false},
		{[3]string{"UNFILLED", "", ""}, [3]string{"UNFILLED", "", ""}, false},
		{[3]string{"UNFILLED", "1", "0"}, [3]string{"SOMETHING_NEW", "0", "1"}, false},
		{[3]string{"SOMETHING_NEW", "0", "1"}, [3]string{"INACTIVE", "1", "0"}, true},
	} {
		known := report(t, 1, bitbank.OrderStatus(c.known[0]), c.known[1], c.known[2])
		fresh := report(t, 1, bitbank.OrderStatus(c.fresh[0]), c.fresh[1], c.fresh[2])
		if got := bitbank.Newer(known, fresh); got != c.want {
			t.Errorf("%v after %v: %v, want %v", c.fresh, c.known, got, c.want)
		}
	}
}

func TestWhatALaterReportLeavesOutIsKept(t *testing.T) {
	var m bitbank.OrderMerger
	first := report(t, 7, "UNFILLED", "2", "0")
	first.Price, first.Type, first.Side, first.PostOnly, first.OrderedAt = number(t, "100.50"), bitbank.Limit, bitbank.Buy, true, 5
	m.Merge(first, time.Time{})
	got, news := m.Merge(report(t, 7, "PARTIALLY_FILLED", "1", ""), time.Time{})
	if !news || got.Price.String() != "100.50" || got.Type != bitbank.Limit || !got.PostOnly || got.OrderedAt != 5 || got.ExecutedAmount.Known() {
		t.Errorf("got %+v", got)
	}
	late := report(t, 7, "UNFILLED", "2", "0")
	late.ExpireAt = 99
	if got, news = m.Merge(late, time.Time{}); news || got.ExpireAt != 99 || got.Status != bitbank.StatusPartiallyFilled || got.RemainingAmount.String() != "1" {
		t.Errorf("an older report: %v, %+v", news, got)
	}
}

func TestWhatEndedIsNotRevivedForAWhileAndForgottenThen(t *testing.T) {
	m := bitbank.OrderMerger{KeepEnded: 10 * time.Minute, Most: 5}
	now := time.Unix(0, 0)
	m.Merge(report(t, 1, "UNFILLED", "1", "0"), now)
	m.Merge(report(t, 2, "UNFILLED", "1", "0"), now)
	m.Merge(report(t, 1, "FULLY_FILLED", "0", "1"), now)
	m.Invalidate(now, 2, 99)
	for _, id := range []int{1, 2} {
		if o, news := m.Merge(report(t, id, "PARTIALLY_FILLED", "0.5", "0.5"), now.Add(10*time.Minute)); news {
			t.Errorf("a late report revived %+v", o)
		}
	}
	if a := m.Active(); len(a) != 0 {
		t.Errorf("active: %+v", a)
	}
	if _, news := m.Merge(report(t, 2, "CANCELED_UNFILLED", "1", "0"), now.Add(10*time.Minute)); !news {
		t.Error("the end of an invalidated order is no news")
	}
	// Later they are forgotten, and their memory is free.
	if _, news := m.Merge(report(t, 2, "UNFILLED", "1", "0"), now.Add(11*time.Minute)); !news {
		t.Error("an order is kept for ever")
	}
	if _, there := m.Order("btc_jpy", 1); there {
		t.Error("an order that ended is kept for ever")
	}
	// Beyond the bound what ended goes first, and then what was silent for longest.
	now = now.Add(11 * time.Minute)
	m.Merge(report(t, 3, "CANCELED_UNFILLED", "1", "0"), now)
	for id := 4; id <= 9; id++ {
		m.Merge(report(t, id, "UNFILLED", "1", "0"), now.Add(time.Duration(id)*time.Second))
	}
	var ids []int
	for _, o := range m.Active() {
		ids = append(ids, int(o.ID))
	}
	if _, there := m.Order("btc_jpy", 3); there || !slices.Equal(ids, []int{5, 6, 7, 8, 9}) {
		t.Errorf("kept %v", ids)
	}
}

// However an order's reports overtake and repeat, it never goes back, and in the end it is as the last one says.
func TestAnOrderNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m bitbank.OrderMerger
		var all []bitbank.Order
		want := map[bitbank.OrderID]string{}
		for id := range rapid.IntRange(1, 3).Draw(t, "orders") {
			remaining := 12
			life := []bitbank.OrderStatus{"UNFILLED"}
			if rapid.Bool().Draw(t, "stop") {
				life = []bitbank.OrderStatus{"INACTIVE", "UNFILLED"}
			}
			for range rapid.IntRange(0, 3).Draw(t, "fills") {
				life = append(life, "PARTIALLY_FILLED")
			}
			end := rapid.SampledFrom([]bitbank.OrderStatus{"", "FULLY_FILLED", "CANCELED_PARTIALLY_FILLED", "REJECTED"}).Draw(t, "end")
			if end != "" {
				life = append(life, end)
			}
			for _, status := range life {
				if status == "PARTIALLY_FILLED" {
					remaining -= rapid.IntRange(1, 3).Draw(t, "fill")
				}
				if status == "FULLY_FILLED" {
					remaining = 0
				}
				o := report(t, id+1, status, itoa(remaining), itoa(12-remaining))
				if status == life[0] {
					o.Price = number(t, "5")
				}
				all = append(all, o)
				want[o.ID] = fmt.Sprintln(status, remaining, "5")
			}
		}
		arrival := rapid.Permutation(append(all, all...)).Draw(t, "arrival")
		last := map[bitbank.OrderID]bitbank.Order{}
		for _, o := range arrival {
			got, news := m.Merge(o, time.Time{})
			before, there := last[o.ID]
			if there && (got.Status.Stage() < before.Status.Stage() || got.ExecutedAmount.Decimal().LessThan(before.ExecutedAmount.Decimal())) {
				t.Fatalf("%+v went back to %+v", before, got)
			}
			if there && !news && got.Status != before.Status {
				t.Fatalf("%+v became %+v, which is called no news", before, got)
			}
			last[o.ID] = got
		}
		active := 0
		for id, w := range want {
			o, _ := m.Order("btc_jpy", id)
			if got := fmt.Sprintln(o.Status, o.RemainingAmount, o.Price); got != w {
				t.Fatalf("order %d ends as %s, want %s", id, got, w)
			}
			if !o.Status.Terminal() {
				active++
			}
		}
		if got := len(m.Active()); got != active {
			t.Fatalf("%d active, want %d", got, active)
		}
	})
}

package account

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

func TestAViewListsWhatNeedsAttentionFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		rests := w.place("0.001", patient)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"api_error","code":60001,"count":1}`)
		w.place("0.002", patient)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		lost := w.place("0.003", patient)
		v := w.a.View()
		var got []Standing
		for _, x := range v.Orders {
			got = append(got, x.Standing)
		}
		if !slices.Equal(got, []Standing{Uncertain, Live, Refused}) {
			t.Fatalf("the orders stand as %v", got)
		}
		if x := v.Orders[0]; x.Intent != lost.Intent || x.Bot != "grid" || x.Case == nil || x.Order.ID != 0 || x.Order.StartAmount.String() != "0.003" {
			t.Errorf("the lost one is shown as %+v", x)
		}
		if v.Orders[1].Order.ID != rests.Orders[0].ID || v.Orders[2].Code != 60001 {
			t.Errorf("the others are shown as %+v", v.Orders[1:])
		}
		if v.Read.IsZero() || time.Since(v.Read) > time.Minute || v.Trading != "open" || len(v.Holdings) == 0 {
			t.Errorf("read %v, trading %q, %d holdings", v.Read, v.Trading, len(v.Holdings))
		}
	})
}

// What the owner is asked to choose from stands beside the question, with whatever bitbank has said of it.
func TestAnAmbiguousOrderComesWithTheOrdersThatLookAlike(t *testing.T) {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	order := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "0.01"), Price: num(t, "9000000")}
	seen := func(id bitbank.OrderID) bitbank.Order {
		o := wanted(order)
		o.ID, o.Status, o.OrderedAt = id, bitbank.StatusUnfilled, bitbank.Millis(at.Add(time.Second).UnixMilli())
		return o
	}
	var l ledger.Ledger
	for _, r := range []ledger.Record{
		{Intended: &ledger.Intended{ID: "i-1", Bot: "grid", Order: &order, Signed: at, Window: 2 * time.Second}},
		{Answered: &ledger.Answered{ID: "i-1"}},
		{Order: new(seen(7))},
		{Learned: &ledger.Learned{ID: "i-1", N: 1, Fact: reconcile.Fact{At: at.Add(3 * time.Second), Pass: &reconcile.Pass{Live: []bitbank.Order{seen(7), seen(8)}}}}},
		{Frozen: &ledger.Frozen{Bot: "grid", On: true}},
	} {
		r.At = at.Add(3 * time.Second)
		l.Apply(r)
	}
	v := ViewOf(&l, at.Add(time.Minute))
	if len(v.Orders) == 0 || v.Orders[0].Standing != Ambiguous || len(v.Stops) != 1 {
		t.Fatalf("the view is %+v", v)
	}
	got := v.Orders[0].Alike
	if len(got) != 2 || got[0].ID != 7 || got[0].Status != bitbank.StatusUnfilled || got[1].ID != 8 || got[1].Status != "" {
		t.Errorf("alike are %+v, want 7 as reported and 8 by its id alone", got)
	}
}

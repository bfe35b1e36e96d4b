package account

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
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

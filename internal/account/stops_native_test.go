package account

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/stop"
)

func (s *stopWorld) native(trigger string, old bitbank.OrderID) stop.Native {
	return stop.Native{Old: old, Order: bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: num(s.t, "0.5"), TriggerPrice: num(s.t, trigger)}}
}

func (s *stopWorld) addNative(n stop.Native) stop.ID {
	s.t.Helper()
	id, err := s.a.AddNative(s.t.Context(), n)
	if err != nil {
		s.t.Fatalf("AddNative: %v", err)
	}
	return id
}

func (s *stopWorld) nativeEnd(id stop.ID, most time.Duration) NativeView {
	s.t.Helper()
	var last NativeView
	for range int(most / (100 * time.Millisecond)) {
		for _, v := range s.a.Natives() {
			if last = v; v.ID == id && v.Over {
				return v
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatalf("after %v it is not over: %+v", most, last)
	return last
}

// protected are the stops on bitbank, by trigger.
func (s *stopWorld) protected() map[string]string {
	s.t.Helper()
	live, err := s.a.o.Client.ActiveOrders(s.t.Context(), bitbank.OrderQuery{Pair: "btc_jpy"})
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]string{}
	for _, o := range live {
		out[o.TriggerPrice.String()] = o.RemainingAmount.String()
	}
	return out
}

// far has bitbank as far away as the real one.
func (s *stopWorld) far() {
	s.t.Helper()
	for _, host := range []string{"private", "public"} {
		s.control("POST", "/faults", `{"host":"`+host+`","effect":"slow","delay_ms":60}`)
	}
}

func TestAStopOnBitbankIsPlacedAndReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		first := s.nativeEnd(s.addNative(s.native("12000000", 0)), time.Minute)
		if first.Why != stop.Placed || len(s.protected()) != 1 || first.Naked != 0 {
			t.Fatalf("placing it ends with %q: %v", first.Why, s.protected())
		}
		time.Sleep(time.Minute)
		for _, v := range []string{"/v1/user/spot/order", "/v1/user/spot/cancel_order"} { // answers are lost on the way
			s.control("POST", "/faults", `{"host":"private","effect":"drop_response","match":{"method":"POST","path":"`+v+`"},"count":1}`)
		}
		old := first.Exits[0].Order.ID
		end := s.nativeEnd(s.addNative(s.native("12500000", old)), 5*time.Minute)
		if got := s.protected(); end.Why != stop.Placed || len(got) != 1 || got["12500000"] == "" || end.Naked <= 0 {
			t.Errorf("replacing it ends with %q after %v: %v", end.Why, end.Naked, got)
		}
		fmt.Printf("figure: stop naked time of a replacement whose answers are lost: %v\n", end.Naked)
	})
}

// F81: the old stop is cancelled, and bitbank refuses the new one.
func TestAStopThatIsRefusedIsRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		first := s.nativeEnd(s.addNative(s.native("12000000", 0)), time.Minute)
		time.Sleep(time.Minute)
		s.far()
		s.control("POST", "/faults", `{"host":"private","effect":"api_error","code":60018,"match":{"method":"POST","path":"/v1/user/spot/order"},"count":1}`)
		end := s.nativeEnd(s.addNative(s.native("12500000", first.Exits[0].Order.ID)), time.Minute)
		if got := s.protected(); end.Why != stop.Restored || len(got) != 1 || got["12000000"] == "" || end.Naked <= 0 || end.Naked > 2*time.Second {
			t.Errorf("it ends with %q after %v: %v", end.Why, end.Naked, got)
		}
		fmt.Printf("figure: stop naked time of a replacement that bitbank refuses: %v\n", end.Naked)
	})
}

// A crash between the old and the new stop: a stop is there again after the start.
func TestACrashInTheMiddleOfAReplacementLeavesAStop(t *testing.T) {
	for _, after := range []time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStopWorld(t)
				p := s.plugged()
				first := s.nativeEnd(s.addNative(s.native("12000000", 0)), time.Minute)
				time.Sleep(time.Minute)
				s.far()
				id := s.addNative(s.native("12500000", first.Exits[0].Order.ID))
				time.Sleep(after)
				s.crash(p)
				end := s.nativeEnd(id, 5*time.Minute)
				if got := s.protected(); end.Why != stop.Placed || len(got) != 1 || got["12500000"] == "" || !end.NakedSince.IsZero() {
					t.Errorf("it ends with %q after %v: %v", end.Why, end.Naked, got)
				}
			})
		})
	}
}

// While bitbank takes no stops the old one stays where it is; and one that was executed is not replaced.
func TestAStopThatCouldNotBeReplacedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStopWorld(t)
		first := s.nativeEnd(s.addNative(s.native("12000000", 0)), time.Minute)
		time.Sleep(time.Minute)
		s.control("POST", "/pairs/btc_jpy", `{"flags":{"stop_stop_order":true}}`)
		id := s.addNative(s.native("12500000", first.Exits[0].Order.ID))
		time.Sleep(time.Minute)
		if got := s.protected(); got["12000000"] == "" || s.a.Natives()[0].Doing.Why != stop.Closed {
			t.Errorf("the stops are %v, it does %+v", got, s.a.Natives()[0].Doing)
		}
		s.prices("11900000", "11900000")
		if end := s.nativeEnd(id, time.Minute); end.Why != stop.Fired || len(s.protected()) != 0 {
			t.Errorf("it ends with %q: %v", end.Why, s.protected())
		}
	})
}

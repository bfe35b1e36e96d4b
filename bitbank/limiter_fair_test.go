package bitbank_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
)

// However many urgent requests there are, of the others one a second leaves once they have waited for two.
func TestTheUrgentDoNotKeepOthersFromLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, bitbank.LimiterOptions{Shares: []bitbank.Share{{Priority: "cancel", Update: 2}, {Priority: "settle", Update: 1}}})
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		left := map[string][]time.Time{}
		done := make(chan struct{})
		sent := make(chan string)
		for _, priority := range []string{"cancel", "cancel", "cancel", "cancel", "cancel", "cancel", "cancel", "cancel", ""} {
			go func() {
				defer func() { done <- struct{}{} }()
				for {
					s, err := l.Wait(ctx, bitbank.Update, priority)
					if err != nil {
						return
					}
					s.Sent()
					s.Release()
					sent <- priority
				}
			}()
		}
		var all []time.Time
		for running := 9; running > 0; {
			select {
			case p := <-sent:
				left[p] = append(left[p], time.Now())
				all = append(all, time.Now())
			case <-done:
				running--
			}
		}
		if n := len(left[""]); n < 5 || n > 20 {
			t.Errorf("of the others %d left in 20 s", n)
		}
		if n := len(left["cancel"]); n < 80 {
			t.Errorf("of the urgent %d left in 20 s", n)
		}
		if n := most(all, time.Second); n > 6 {
			t.Errorf("%d left in one second", n)
		}
	})
}

package account

import (
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/keys"
)

// After an outage no order goes into a pair that is halted; when it is not any more, it does, and the account was read before.
func TestAnOrderWaitsForThePairToBeWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
		w.place("0.001", 3*time.Second)
		time.Sleep(time.Minute)
		w.control("POST", "/pairs/btc_jpy", `{"status":"HALT"}`)
		w.control("DELETE", "/faults", "")
		back := time.Now()
		for w.a.State("grid").Trading == "dark" {
			time.Sleep(100 * time.Millisecond)
		}
		if s := w.a.State("grid"); s.Trading != "reopening" {
			t.Fatalf("bitbank is back, and the bot is %s", s.Trading)
		}
		n := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "0.002"), Price: num(t, "9000000")}
		told := make(chan gateway.Reply, 1)
		go func() {
			told <- w.a.Place(t.Context(), gateway.Order{Bot: "grid", Order: n, Until: time.Now().Add(5 * time.Minute), Release: keys.ReleaseEarly})
		}()
		time.Sleep(30 * time.Second)
		r := w.a.View().Reopening
		if r == nil || r.Read.IsZero() || len(r.Pairs) != 1 || r.Pairs[0].Well() || r.Pairs[0].Thin() || r.Pairs[0].Status != "HALT" {
			t.Errorf("half a minute later it is %+v", r)
		}
		select {
		case r := <-told:
			t.Fatalf("into a halted pair: %+v", r)
		default:
		}
		w.control("POST", "/pairs/btc_jpy", `{"status":"NORMAL"}`)
		begun := time.Now()
		if r := <-told; r.Outcome != gateway.Placed || time.Since(begun) > 10*time.Second {
			t.Errorf("%v later: %+v", time.Since(begun), r)
		}
		time.Sleep(3 * time.Minute)
		if r := w.a.View().Reopening; r != nil {
			t.Errorf("%v after the return it still goes on: %+v", time.Since(back), r)
		}
	})
}

func TestABookIsWideAndDeep(t *testing.T) {
	level := func(price, amount string) bitbank.Level {
		return bitbank.Level{Price: num(t, price), Amount: num(t, amount)}
	}
	for name, c := range map[string]struct {
		d           bitbank.Depth
		spread, sum string
		thin        bool
	}{
		"empty":      {bitbank.Depth{}, "", "", true},
		"no bids":    {bitbank.Depth{Asks: []bitbank.Level{level("100", "1")}}, "", "", true},
		"an auction": {bitbank.Depth{Asks: []bitbank.Level{level("99", "1")}, Bids: []bitbank.Level{level("101", "1")}}, "", "", true},
		"wide":       {bitbank.Depth{Asks: []bitbank.Level{level("101", "1")}, Bids: []bitbank.Level{level("99", "5")}}, "0.02", "1", true},
		"well": {bitbank.Depth{
			Asks: []bitbank.Level{level("100.1", "1"), level("101", "2"), level("101.1", "9")}, Bids: []bitbank.Level{level("99.9", "5")},
		}, "0.002", "3", false},
	} {
		p := ReopenPair{}
		p.Mode = bitbank.ModeNone
		p.Spread, p.Near = book(c.d)
		spread, sum := "", ""
		if p.Spread.Valid {
			spread, sum = p.Spread.Decimal.String(), p.Near.Decimal.String()
		}
		if spread != c.spread || sum != c.sum || p.Thin() != c.thin {
			t.Errorf("%s: %s wide, %s near, thin %v", name, spread, sum, p.Thin())
		}
	}
}

package exposure_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

// margined is an account with a long position of 2 BTC that cost 200 yen, 1 BTC and 50 yen; the price was 100 when the margin was
// read. By bitbank's rules the balance is 50 + 1 x 100 x 0.5 + 0 = 100 yen, and the percentage 100 of 200.
func margined() exposure.Input {
	p := position("btc_jpy", bitbank.Long, "2", "200")
	return exposure.Input{
		Now: noon, Read: noon, Held: noon, Positions: []ledger.Position{p}, Holdings: []ledger.Holding{holds("btc", "1", 0), holds("jpy", "50", 0)},
		Markets: map[string]exposure.Market{"btc_jpy": here("100", 0)},
		Margin: &ledger.Margin{
			Began: noon.Add(-time.Second), Held: noon, Prices: map[string]bitbank.Number{"btc_jpy": num("100")},
			Status: bitbank.MarginStatus{
				Status: bitbank.MarginNormal, BalancePercentage: num("50.00"), CallPercentage: num("30.00"), LossCutPercentage: num("20.00"), Balance: num("100.0000"), ProfitLoss: num("0.0000"),
				OpenPositionProduct: num("200.0000"), PositionMaintenance: num("100.0000"),
			},
		},
	}
}

func TestTheDistanceFollowsBitbanksRules(t *testing.T) {
	e := exposure.Of(margined()).Margin.Ours
	if !e.Made || e.Base != "product" || !e.Balance.Equal(dec("100")) || !e.Percent.Equal(dec("50")) || !e.ToCall.Equal(dec("40")) || !e.ToLossCut.Equal(dec("60")) {
		t.Fatalf("the estimate is %+v", e)
	}
	// Each yen that the price falls costs 2 of the position and half of the coin: 40 of 250 are 16 %, 60 are 24 %.
	x := e.Reaches[0]
	if len(e.Reaches) != 1 || x.Up || !x.Call.Percent.Equal(dec("16")) || !x.Call.Price.Equal(dec("84")) || !x.LossCut.Percent.Equal(dec("24")) || !x.LossCut.Price.Equal(dec("76")) {
		t.Errorf("the reach is %+v", e.Reaches)
	}
	// At the price of the call it is at the call.
	in := margined()
	in.Markets["btc_jpy"] = here("84", 0)
	e = exposure.Of(in).Margin.Ours
	if !e.Percent.Equal(dec("30")) || !e.ToCall.IsZero() || !e.Reaches[0].Call.Passed || e.Reaches[0].LossCut.Passed {
		t.Errorf("at the call: %+v", e)
	}
}

func TestThereIsNoDistanceWhereItCannotBeKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*exposure.Input)
		why    string
	}{
		"never read":         {func(in *exposure.Input) { in.Margin = nil }, "figures"},
		"nothing is open":    {func(in *exposure.Input) { in.Positions = nil }, "flat"},
		"no percentage":      {func(in *exposure.Input) { in.Margin.Status.CallPercentage = bitbank.Number{} }, "figures"},
		"no price":           {func(in *exposure.Input) { in.Markets = nil }, "unpriced"},
		"figures that clash": {func(in *exposure.Input) { in.Margin.Status.BalancePercentage = num("77") }, "base"},
	} {
		in := margined()
		c.change(&in)
		if e := exposure.Of(in).Margin.Ours; e.Made || e.Why != c.why || len(e.Reaches) > 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	in := margined()
	in.Margin.Prices = nil
	if e := exposure.Of(in).Margin.Ours; !e.Made || !slices.Contains(e.Assumes, exposure.AssumeCollateral) {
		t.Errorf("without a price of then: %+v", e)
	}
	in = margined()
	in.Margin.Status.BalancePercentage, in.Margin.Status.OpenPositionProduct = num("100.00"), num("0")
	if e := exposure.Of(in).Margin.Ours; e.Base != "maintenance" || !e.BaseYen.Equal(dec("100")) {
		t.Errorf("when the percentage is of the maintenance margin: %+v", e)
	}
}

func TestBitbanksStatusIsAnAlarmWhateverWeReckon(t *testing.T) {
	for state, alarm := range map[bitbank.MarginState]bool{
		bitbank.MarginNormal: false, bitbank.MarginSettled: false, bitbank.MarginCall: true, bitbank.MarginLossCut: true, bitbank.MarginDebt: true, "LATER": true,
	} {
		in := margined()
		in.Margin.Status.Status = state
		if got := exposure.Of(in).Margin.Alarm; got != alarm {
			t.Errorf("%s: alarm is %v", state, got)
		}
	}
	in := margined()
	in.Margin.Began = noon.Add(-time.Hour)
	if !exposure.Of(in).Margin.Old {
		t.Error("figures of an hour ago are not old")
	}
}

// However much is long and short: at the price that a reach names, the balance by bitbank's rules is at the share, and the nearer
// reading is never beyond it.
func TestTheReachIsWhereBitbankWouldAct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string, most int) decimal.Decimal {
			return decimal.NewFromInt(int64(rapid.IntRange(0, most).Draw(t, name)))
		}
		long, short, coins, yen := n("long", 50), n("short", 50), n("coins", 50), n("yen", 9000)
		if long.Add(short).IsZero() {
			return
		}
		price := dec("100")
		in := margined()
		in.Positions = nil
		cost := decimal.Decimal{}
		for side, amount := range map[bitbank.PositionSide]decimal.Decimal{bitbank.Long: long, bitbank.Short: short} {
			if amount.IsPositive() {
				product := amount.Mul(price)
				cost = cost.Add(product)
				in.Positions = append(in.Positions, position("btc_jpy", side, amount.String(), product.String()))
			}
		}
		balance := yen.Add(coins.Mul(price).Mul(dec("0.5")))
		percent := balance.Mul(dec("100")).DivRound(cost, 2)
		if !percent.IsPositive() {
			return
		}
		in.Holdings = []ledger.Holding{holds("btc", coins.String(), 0), holds("jpy", yen.String(), 0)}
		in.Margin.Status.Balance, in.Margin.Status.BalancePercentage, in.Margin.Status.OpenPositionProduct = num(balance.String()), num(percent.String()), num(cost.String())
		e := exposure.Of(in).Margin.Ours
		if !e.Made {
			t.Fatalf("no estimate: %s", e.Why)
		}
		for _, x := range e.Reaches {
			if x.Call.Never || x.Call.Passed {
				continue
			}
			move := x.Call.Price.Sub(price)
			held := coins.Mul(dec("0.5")).Mul(move)
			if x.Up {
				held = decimal.Decimal{}
			}
			then := balance.Add(long.Sub(short).Mul(move)).Add(held)
			share := then.Mul(dec("100")).Div(cost)
			if share.LessThan(dec("29.99")) || !x.Up && share.GreaterThan(dec("30.01")) {
				t.Fatalf("at %s, %s %%, the margin is %s %%", x.Call.Price, x.Call.Percent, share)
			}
			if x.LossCut.Percent.LessThan(x.Call.Percent) && !x.LossCut.Never {
				t.Fatalf("liquidation comes before the call: %+v", x)
			}
		}
	})
}

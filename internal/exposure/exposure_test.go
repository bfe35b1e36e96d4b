package exposure_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func num(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

// here is a pair with bitbank's own price of so long ago, and nothing elsewhere.
func here(price string, age time.Duration) exposure.Market {
	return exposure.Market{Own: exposure.Quote{Price: dec(price), Stamp: noon.Add(-age), At: noon.Add(-age), Moving: true}}
}

// there is a pair with a price elsewhere of so long ago, that bitbank's usually follows within half a percent.
func there(price string, age time.Duration) exposure.Market {
	p := dec(price)
	return exposure.Market{Else: exposure.Else{
		Listed: true, Known: true, Price: p, At: noon.Add(-age), Expected: p, Low: p.Mul(dec("0.995")), High: p.Mul(dec("1.005")),
	}}
}

func holds(asset, amount string, age time.Duration) ledger.Holding {
	return ledger.Holding{AssetUpdate: bitbank.AssetUpdate{Asset: asset, OnHand: num(amount), Free: num(amount), Locked: num("0"), Withdrawing: num("0")}, At: noon.Add(-age)}
}

func position(pair string, side bitbank.PositionSide, amount, product string) ledger.Position {
	return ledger.Position{Position: bitbank.Position{
		Pair: pair, Side: side, OpenAmount: num(amount), Product: num(product), UnrealizedFee: num("0"), UnrealizedInterest: num("0"),
	}, At: noon.Add(-time.Second)}
}

func TestAPriceIsBitbanksWhileFreshThenOfOthersThenNone(t *testing.T) {
	both := there("90", time.Second)
	both.Own = here("100", time.Second).Own
	old := both
	old.Own.At = noon.Add(-time.Minute)
	raw := there("90", time.Second)
	raw.Else.Expected, raw.Else.Low, raw.Else.High = dec("0"), dec("0"), dec("0")
	few := there("90", time.Second)
	few.Else.Known, few.Else.Why = false, "few"
	agreed := there("90", 2*time.Minute)
	agreed.Else.Known, agreed.Else.Agreed, agreed.Else.Why = false, true, "stale"
	for _, c := range []struct {
		name   string
		market exposure.Market
		from   exposure.From
		value  string
		why    exposure.Why
	}{
		{"bitbank's own is fresh", both, exposure.Bitbank, "100", ""},
		{"it is old", old, exposure.Venues, "90", ""},
		{"how bitbank differs is not known", raw, exposure.Raw, "90", ""},
		{"two venues only", few, exposure.Nobody, "0", "few"},
		{"three agree and are not all fresh", agreed, exposure.Venues, "90", ""},
		{"venues are old too", there("90", 6*time.Minute), exposure.Nobody, "0", "stale"},
		{"nobody else trades it", here("100", time.Hour), exposure.Nobody, "0", exposure.Unlisted},
		{"a price of tomorrow", here("100", -time.Hour), exposure.Nobody, "0", exposure.Unlisted},
		{"a price of nothing", here("0", time.Second), exposure.Nobody, "0", exposure.Unlisted},
	} {
		in := exposure.Input{Now: noon, Holdings: []ledger.Holding{holds("btc", "1", 0)}, Markets: map[string]exposure.Market{"btc_jpy": c.market}}
		r := exposure.Of(in)
		a := r.Assets[0]
		if a.From != c.from || !a.Value.Equal(dec(c.value)) || a.Why != c.why {
			t.Errorf("%s: %s from %q because %q", c.name, a.Value, a.From, a.Why)
		}
		if counted := r.Worth.Counted == 1; counted != (c.from != exposure.Nobody) || counted == (len(r.Worth.Left) == 1) {
			t.Errorf("%s: %+v", c.name, r.Worth)
		}
	}
}

func TestPositionsGainAndLoseOnTheirOwnSide(t *testing.T) {
	long, short := position("btc_jpy", bitbank.Long, "2", "200"), position("btc_jpy", bitbank.Short, "1", "100")
	long.UnrealizedFee, long.UnrealizedInterest = num("3"), num("1")
	unbilled := position("eth_jpy", bitbank.Long, "1", "10")
	unbilled.UnrealizedFee = bitbank.Number{}
	costless := position("xrp_jpy", bitbank.Long, "1", "0")
	r := exposure.Of(exposure.Input{
		Now: noon, Held: noon, Positions: []ledger.Position{long, short, unbilled, costless},
		Markets: map[string]exposure.Market{"btc_jpy": here("110", 0), "eth_jpy": here("12", 0), "xrp_jpy": here("1", 0)},
	})
	var got []string
	for _, p := range r.Positions {
		got = append(got, fmt.Sprintf("%v %s %s %v", p.Known, p.Gross, p.Net, p.Billed))
	}
	if want := []string{"true 20 16 true", "true -10 -10 true", "true 2 2 false", "false 0 0 false"}; !slices.Equal(got, want) {
		t.Errorf("positions are %q, want %q", got, want)
	}
	if !r.Result.Value.Equal(dec("8")) || len(r.Result.Left) != 1 || r.Result.Left[0].Why != exposure.Cost {
		t.Errorf("together %+v", r.Result)
	}
	if c := r.Coins[0]; c.Asset != "btc" || !c.Long.Equal(dec("2")) || !c.Short.Equal(dec("1")) || !c.Net.Equal(dec("1")) {
		t.Errorf("btc is %+v", c)
	}
}

// order is a live one.
func order(side bitbank.Side, position bitbank.PositionSide, kind bitbank.OrderType, amount string) exposure.Order {
	o := exposure.Order{Order: bitbank.Order{ID: 1, Pair: "btc_jpy", Side: side, PositionSide: position, Type: kind, Status: bitbank.StatusUnfilled}}
	if slices.Contains([]bitbank.OrderType{bitbank.Stop, bitbank.StopLimit, bitbank.StopLoss, bitbank.TakeProfit}, kind) {
		o.Status = bitbank.StatusInactive
	}
	if amount != "" {
		o.StartAmount, o.RemainingAmount = num(amount), num(amount)
	}
	return o
}

func TestOpenOrdersAddWhatTheyMayAdd(t *testing.T) {
	unknown := order(bitbank.Buy, bitbank.Spot, bitbank.Limit, "0.5")
	unknown.Unknown = true
	r := exposure.Of(exposure.Input{
		Now: noon, Holdings: []ledger.Holding{holds("btc", "1", 0)}, Positions: []ledger.Position{position("btc_jpy", bitbank.Long, "2", "200")},
		Markets: map[string]exposure.Market{"btc_jpy": here("100", 0)},
		Orders: []exposure.Order{
			order(bitbank.Buy, bitbank.Spot, bitbank.Limit, "1"), unknown, order(bitbank.Sell, bitbank.Spot, bitbank.Limit, "0.4"),
			order(bitbank.Sell, bitbank.Long, bitbank.StopLoss, ""), order(bitbank.Sell, bitbank.Long, bitbank.TakeProfit, "2"), // together no more than is open
			order(bitbank.Buy, bitbank.Spot, bitbank.Market, ""),
		},
	})
	c := r.Coins[0]
	if !c.Buys.Equal(dec("1.5")) || !c.BuysMaybe.Equal(dec("0.5")) || !c.Sells.Equal(dec("2.4")) || !c.MostLong.Equal(dec("4.5")) || !c.MostShort.Equal(dec("0.6")) {
		t.Errorf("btc is %+v", c)
	}
	if c.Unsized != 1 || r.Sized {
		t.Errorf("%d orders without a size", c.Unsized)
	}
}

func TestAStopCountsWhenItWaitsOnTheRightSide(t *testing.T) {
	leaving := order(bitbank.Sell, bitbank.Long, bitbank.StopLoss, "2")
	leaving.Leaving = true
	unknown := order(bitbank.Sell, bitbank.Long, bitbank.Stop, "1")
	unknown.Unknown = true
	fired := order(bitbank.Sell, bitbank.Long, bitbank.StopLimit, "2")
	fired.Status = bitbank.StatusPartiallyFilled
	for _, c := range []struct {
		name    string
		orders  []exposure.Order
		cover   exposure.Cover
		percent int
	}{
		{"none", nil, exposure.Uncovered, 0},
		{"the whole position", []exposure.Order{order(bitbank.Sell, bitbank.Long, bitbank.StopLoss, "")}, exposure.Covered, 100},
		{"a part", []exposure.Order{order(bitbank.Sell, bitbank.Long, bitbank.Stop, "0.8")}, exposure.Partly, 40},
		{"two parts", []exposure.Order{order(bitbank.Sell, bitbank.Long, bitbank.Stop, "0.8"), order(bitbank.Sell, bitbank.Long, bitbank.StopLimit, "1.2")}, exposure.Covered, 100},
		{"a take profit", []exposure.Order{order(bitbank.Sell, bitbank.Long, bitbank.TakeProfit, "2")}, exposure.Uncovered, 0},
		{"of spot", []exposure.Order{order(bitbank.Sell, bitbank.Spot, bitbank.Stop, "2")}, exposure.Uncovered, 0},
		{"of the short side", []exposure.Order{order(bitbank.Buy, bitbank.Short, bitbank.StopLoss, "2")}, exposure.Uncovered, 0},
		{"a cancel is under way", []exposure.Order{leaving}, exposure.InDoubt, 0},
		{"one may exist", []exposure.Order{order(bitbank.Sell, bitbank.Long, bitbank.Stop, "0.8"), unknown}, exposure.InDoubt, 40},
		{"one was triggered and rests", []exposure.Order{fired}, exposure.Uncovered, 0},
	} {
		in := exposure.Input{Now: noon, Read: noon, Held: noon, Positions: []ledger.Position{position("btc_jpy", bitbank.Long, "2", "200")}, Orders: c.orders}
		s := exposure.Of(in).Stops[0]
		if s.Cover != c.cover || s.Percent != c.percent || !s.Wanted || s.Old {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// Nothing that was not read, was read long ago, or was read once as zero is taken for flat.
func TestFlatIsProven(t *testing.T) {
	open := []ledger.Position{position("btc_jpy", bitbank.Long, "2", "200")}
	for _, c := range []struct {
		name string
		in   exposure.Input
		flat bool
	}{
		{"never read", exposure.Input{}, false},
		{"read now", exposure.Input{Held: noon}, true},
		{"read long ago", exposure.Input{Held: noon.Add(-time.Hour)}, false},
		{"one is open", exposure.Input{Held: noon, Positions: open}, false},
		{"one read says that it is closed", exposure.Input{Held: noon, Positions: open, Doubted: []exposure.Key{{Pair: "btc_jpy", Side: bitbank.Long}}}, false},
	} {
		c.in.Now = noon
		if got := exposure.Of(c.in).Flat; got != c.flat {
			t.Errorf("%s: flat is %v", c.name, got)
		}
	}
}

// What is valued and what is left out are together all that is held, and the sum is the sum of what is valued: whatever is known
// of prices, nothing is counted twice or as zero.
func TestWhatIsValuedAndWhatIsLeftOutAreAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string) string {
			return fmt.Sprintf("%d.%03d", rapid.IntRange(0, 99).Draw(t, name), rapid.IntRange(1, 999).Draw(t, name))
		}
		in := exposure.Input{Now: noon, Markets: map[string]exposure.Market{}}
		for _, asset := range []string{"btc", "eth", "xrp", "mona", "jpy"} {
			if rapid.Bool().Draw(t, "held") {
				in.Holdings = append(in.Holdings, holds(asset, amount("amount"), time.Duration(rapid.IntRange(0, 9999).Draw(t, "age"))*time.Second))
			}
			price, age := amount("price"), time.Duration(rapid.IntRange(0, 90).Draw(t, "priced"))*time.Second
			switch rapid.IntRange(0, 3).Draw(t, "market") {
			case 1:
				in.Markets[asset+"_jpy"] = here(price, age)
			case 2:
				in.Markets[asset+"_jpy"] = there(price, age)
			case 3:
				m := there(price, age)
				m.Own = here(amount("own"), age/2).Own
				in.Markets[asset+"_jpy"] = m
			}
		}
		for _, side := range []bitbank.PositionSide{bitbank.Long, bitbank.Short} {
			for _, pair := range []string{"btc_jpy", "eth_jpy"} {
				if rapid.Bool().Draw(t, "open") {
					in.Positions = append(in.Positions, position(pair, side, amount("open"), amount("product")))
				}
			}
		}
		r := exposure.Of(in)
		if got, want := r.Worth.Counted+len(r.Worth.Left), len(in.Holdings)+len(in.Positions); got != want {
			t.Fatalf("%d are valued or left out, of %d", got, want)
		}
		sum := decimal.Decimal{}
		for _, a := range r.Assets {
			if (a.From == exposure.Nobody) != a.Value.IsZero() || a.From == exposure.Nobody && a.Why == "" {
				t.Fatalf("%s is worth %s from %q because %q", a.Asset, a.Value, a.From, a.Why)
			}
			sum = sum.Add(a.Value)
		}
		for _, p := range r.Positions {
			sum = sum.Add(p.Net)
		}
		if !sum.Equal(r.Worth.Value) || r.Worth.Least.GreaterThan(r.Worth.Value) || r.Worth.Most.LessThan(r.Worth.Value) {
			t.Fatalf("the sum is %s between %s and %s, and the parts make %s", r.Worth.Value, r.Worth.Least, r.Worth.Most, sum)
		}
	})
}

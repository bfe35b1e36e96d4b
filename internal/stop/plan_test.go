package stop

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func num(s string) bitbank.Number {
	if s == "" {
		return bitbank.Number{}
	}
	return bitbank.NewNumber(dec(s))
}

func btc() *bitbank.Pair {
	return &bitbank.Pair{
		Name: "btc_jpy", Base: "btc", Quote: "jpy", UnitAmount: num("0.0001"), LimitMaxAmount: num("1000"), PriceDigits: 0, AmountDigits: 4,
		IsEnabled: true, MarginIndividualRatio: num("0.5"), MarginOpenMakerFee: num("0"), MarginLongInterest: num("0.0004"),
	}
}

// selling is a plan to sell a holding when the price falls to nine millions.
func selling() Plan {
	return Plan{
		ID: "1", Pair: "btc_jpy", Side: bitbank.Sell, Trigger: num("9000000"), Guard: num("8500000"), Amount: num("0.5"), Slippage: num("1"),
		Set: noon, Held: num("1"),
	}
}

func facts() Facts {
	return Facts{
		Now: noon, Pair: btc(), Bitbank: quote("10000000", noon), Reference: quote("10010000", noon), Held: dec("1"), Usable: dec("1"), HeldAt: noon,
	}
}

func quote(price string, at time.Time) Quote {
	return Quote{Price: dec(price), Low: dec(price), High: dec(price), At: at, Venues: 3}
}

func TestAPlanThatCannotBeMeantIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Plan, *Facts)
	}{
		{"a good one", "", func(*Plan, *Facts) {}},
		{"all that is there", "", func(p *Plan, _ *Facts) { p.Amount = bitbank.Number{} }},
		{"an unknown pair", "pair", func(_ *Plan, f *Facts) { f.Pair = nil }},
		{"no margin", "no_margin", func(p *Plan, f *Facts) { p.Position, f.Pair = bitbank.Long, &bitbank.Pair{} }},
		{"buying more", "side", func(p *Plan, _ *Facts) { p.Side = bitbank.Buy }},
		{"selling a short", "side", func(p *Plan, _ *Facts) { p.Position = bitbank.Short }},
		{"a strange position", "position", func(p *Plan, _ *Facts) { p.Position = "both" }},
		{"no trigger", "price", func(p *Plan, _ *Facts) { p.Trigger = bitbank.Number{} }},
		{"half a yen", "price_grid", func(p *Plan, _ *Facts) { p.Guard = num("8500000.5") }},
		{"a guard above", "guard_sell", func(p *Plan, _ *Facts) { p.Guard = num("9000001") }},
		{"a short's guard below", "guard_buy", func(p *Plan, _ *Facts) { p.Position, p.Side = bitbank.Short, bitbank.Buy }},
		{"no slippage", "slippage", func(p *Plan, _ *Facts) { p.Slippage = bitbank.Number{} }},
		{"much slippage", "slippage", func(p *Plan, _ *Facts) { p.Slippage = num("21") }},
		{"already over", "expires", func(p *Plan, _ *Facts) { p.Expires = noon }},
		{"nothing", "amount", func(p *Plan, _ *Facts) { p.Amount = num("0") }},
		{"too fine", "amount_grid", func(p *Plan, _ *Facts) { p.Amount = num("0.00015") }},
		{"too small", "amount_small", func(p *Plan, f *Facts) { p.Amount, f.Pair.UnitAmount = num("0.0001"), num("0.001") }},
		{"more than there is", "held_less", func(p *Plan, _ *Facts) { p.Amount = num("1.0001") }},
		{"nothing there", "held_none", func(_ *Plan, f *Facts) { f.Usable = decimal.Zero }},
		{"unread is not nothing", "held_unknown", func(_ *Plan, f *Facts) { f.HeldAt, f.Usable = time.Time{}, decimal.Zero }},
		{"read long ago", "held_unknown", func(_ *Plan, f *Facts) { f.HeldAt = noon.Add(-time.Hour) }},
		{"fires at once", "at_once", func(_ *Plan, f *Facts) { f.Bitbank = quote("9000000", noon) }},
		{"fires at once elsewhere", "at_once", func(_ *Plan, f *Facts) { f.Reference = quote("8999999", noon) }},
		{"no price at all", "no_price", func(_ *Plan, f *Facts) { f.Bitbank, f.Reference = Quote{}, Quote{} }},
		{"beside one for all", "twice", func(_ *Plan, f *Facts) {
			f.Plans = []Standing{{Plan: Plan{ID: "2", Pair: "btc_usdt"}, State: Armed}}
		}},
		{"together too much", "together", func(_ *Plan, f *Facts) {
			f.Plans = []Standing{{Plan: Plan{ID: "2", Pair: "btc_jpy", Amount: num("0.6")}, State: Exiting}}
		}},
		{"beside one that is over", "", func(_ *Plan, f *Facts) { f.Plans = []Standing{{Plan: Plan{ID: "2", Pair: "btc_jpy"}, State: Done}} }},
		{"beside another coin's", "", func(_ *Plan, f *Facts) { f.Plans = []Standing{{Plan: Plan{ID: "2", Pair: "xrp_jpy"}, State: Armed}} }},
		{"beside a position's", "", func(_ *Plan, f *Facts) {
			f.Plans = []Standing{{Plan: Plan{ID: "2", Pair: "btc_jpy", Position: bitbank.Long}, State: Armed}}
		}},
	} {
		p, f := selling(), facts()
		c.change(&p, &f)
		got := ""
		if problem, is := errors.AsType[Problem](Check(p, f)); is {
			got = problem.ID
		}
		if got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

func TestABookIsTheSameWhateverIsRepeated(t *testing.T) {
	p := selling()
	records := []Record{
		{At: noon, Set: &p},
		{At: noon.Add(time.Second), Moved: &Moved{ID: "1", To: Pending, Why: Passed, Price: num("8999000")}},
		{At: noon.Add(2 * time.Second), Guard: &Guarded{ID: "1", Guard: num("8000000")}},
		{At: noon.Add(3 * time.Second), Moved: &Moved{ID: "1", To: Exiting}},
		{At: noon.Add(4 * time.Second), Moved: &Moved{ID: "1", To: Done, Why: Flat, Proof: &Proof{Left: num("0")}}},
		{At: noon.Add(5 * time.Second), Moved: &Moved{ID: "1", To: Armed}}, // it is over
		{At: noon.Add(6 * time.Second), Set: &p},
		{At: noon.Add(7 * time.Second), Moved: &Moved{ID: "9", To: Armed}},
	}
	var b Book
	for _, r := range records {
		b.Apply(r)
	}
	s, ok := b.Find("1")
	if !ok || s.State != Done || s.Proof == nil || !s.Triggered.Equal(noon.Add(time.Second)) || s.Plan.Guard != num("8000000") || s.Price != num("8999000") {
		t.Errorf("got %+v", s)
	}
	if b.Next() != "2" || len(b.Open()) != 0 || len(b.All()) != 1 {
		t.Errorf("next %s, open %d, all %d", b.Next(), len(b.Open()), len(b.All()))
	}
}

func TestWhatIsOverIsForgottenInTheEnd(t *testing.T) {
	var b Book
	for range overMost + 50 {
		p := selling()
		p.ID = b.Next()
		b.Apply(Record{At: noon, Set: &p})
		if p.ID != "7" {
			b.Apply(Record{At: noon, Moved: &Moved{ID: p.ID, To: Removed}})
		}
	}
	if _, kept := b.Find("7"); !kept || len(b.All()) > overMost+2 {
		t.Errorf("%d are kept, the open one %v", len(b.All()), kept)
	}
	if b.Next() != "251" {
		t.Errorf("the next is %s", b.Next())
	}
}

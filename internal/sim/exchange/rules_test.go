package exchange

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

// A floor is an exchange in which a test is the only one who acts: the crowd of its pairs is halted between calls.
type floor struct {
	t *testing.T
	x *Exchange
}

func newFloor(t *testing.T) floor {
	return floor{t, New(1, market.New(1, 1, opening), Limits{})}
}

func (f floor) open(id, brings string) *Account {
	f.t.Helper()
	has := map[string]decimal.Decimal{}
	for part := range strings.FieldsSeq(brings) {
		amount, asset, _ := strings.Cut(part, ":")
		has[asset] = decimal.RequireFromString(amount)
	}
	return f.x.Open(id, has)
}

// params reads "btc_jpy buy limit amount=1 price=2 ...".
func params(s string) Params {
	words := strings.Fields(s)
	p := Params{"pair": words[0], "side": words[1], "type": words[2]}
	for _, w := range words[3:] {
		k, v, _ := strings.Cut(w, "=")
		if p[k] = v; k == "post_only" {
			p[k] = v == "true"
		}
	}
	return p
}

func (f floor) place(a *Account, s string) *Order {
	f.t.Helper()
	row, code := f.x.Place(a, params(s))
	if code != 0 {
		f.t.Fatalf("%s: %d", s, code)
	}
	return a.orders[row.OrderID]
}

func (f floor) refused(want int, a *Account, s string) {
	f.t.Helper()
	if _, code := f.x.Place(a, params(s)); code != want {
		f.t.Errorf("%s: %d, want %d", s, code, want)
	}
}

func (f floor) status(o *Order, want string) {
	f.t.Helper()
	if o.status != want {
		f.t.Errorf("order %s %s %s is %s, want %s", o.pair.Name, o.side, o.kind, o.status, want)
	}
}

func (f floor) jump(pair, to string) {
	f.t.Helper()
	changes, err := f.x.market.Jump(pair, to, f.x.Clock())
	if err != nil {
		f.t.Fatal(err)
	}
	f.x.See(changes)
}

func (f floor) set(pair string, s market.Setting) {
	f.x.See(f.x.market.Set(pair, s, f.x.Clock()))
}

func (f floor) has(a *Account, asset, free, locked string) {
	f.t.Helper()
	b := a.balance(asset)
	if b.free.String() != free || b.locked.String() != locked {
		f.t.Errorf("%s of %s: free %s locked %s, want %s and %s", asset, a.ID, b.free, b.locked, free, locked)
	}
}

// The one lock that somebody measured: 101 x 9.9009 XRP locked 1001.1908 yen.
func TestALimitBuyLocksItsPriceWithTheTakersFee(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "5000:jpy 1:btc")
	o := f.place(a, "xrp_jpy buy limit amount=9.9009 price=101")
	f.has(a, "jpy", "3998.8092", "1001.1908")
	f.x.cancel(o)
	f.has(a, "jpy", "5000", "0")
	f.place(a, "btc_jpy sell limit amount=0.4 price=20000000")
	f.has(a, "btc", "0.6", "0.4")
	f.refused(60001, a, "btc_jpy sell limit amount=0.7 price=20000000")
}

func TestTheBetterPriceComesFirstAndThenTheEarlierOrder(t *testing.T) {
	f := newFloor(t)
	early, late, better := f.open("early", "1000000:jpy"), f.open("late", "1000000:jpy"), f.open("better", "1000000:jpy")
	seller := f.open("seller", "10:btc")
	best, _ := strconv.ParseInt(f.x.market.Depth("btc_jpy").Asks[0][0], 10, 64)
	at := func(p int64) string { return " price=" + strconv.FormatInt(p, 10) }
	one := f.place(early, "btc_jpy buy limit amount=0.001"+at(best-2))
	two := f.place(late, "btc_jpy buy limit amount=0.001"+at(best-2))
	three := f.place(better, "btc_jpy buy limit amount=0.001"+at(best-1))
	f.place(seller, "btc_jpy sell market amount=0.0015")
	f.status(three, fullyFilled)
	f.status(one, partiallyFilled)
	f.status(two, unfilled)
	f.place(seller, "btc_jpy sell market amount=0.0010")
	f.status(one, fullyFilled)
	if two.executed != 5 { // of ten units
		t.Errorf("the later order has %d units", two.executed)
	}
	// A maker of btc_jpy pays nothing, a taker 0.1 % of the value.
	if tr := early.trades[0]; tr.MakerTaker != "maker" || tr.FeeQuote != "0.0000" {
		t.Errorf("maker: %+v", tr)
	}
	value := decimal.NewFromInt(best - 1).Mul(decimal.RequireFromString("0.001"))
	if tr := seller.trades[0]; tr.MakerTaker != "taker" || tr.FeeQuote != value.Mul(decimal.RequireFromString("0.001")).Truncate(4).StringFixed(4) {
		t.Errorf("taker: %+v of %s", tr, value)
	}
}

func TestAMakerOfOtherPairsIsPaidARebate(t *testing.T) {
	f := newFloor(t)
	a, b := f.open("a", "10000:jpy"), f.open("b", "100:xrp")
	ask := f.x.market.Depth("xrp_jpy").Asks[0][0]
	below := decimal.RequireFromString(ask).Sub(decimal.RequireFromString("0.001")).String()
	f.place(a, "xrp_jpy buy limit amount=10 price="+below)
	f.place(b, "xrp_jpy sell market amount=10")
	value := decimal.RequireFromString(below).Mul(decimal.NewFromInt(10)).Truncate(4)
	rebate := value.Mul(decimal.RequireFromString("0.0002")).Truncate(4)
	f.has(a, "jpy", decimal.NewFromInt(10000).Sub(value).Add(rebate).String(), "0")
	f.has(a, "xrp", "10", "0")
}

func TestPostOnlyIsCancelledWhenItWouldTakeAndIgnoredInAnAuction(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "100000000:jpy")
	o := f.place(a, "btc_jpy buy limit amount=0.01 price=16000000 post_only=true")
	f.status(o, canceledUnfilled)
	f.has(a, "jpy", "100000000", "0")
	f.set("btc_jpy", market.Setting{CircuitBreak: market.ModeBreak})
	o = f.place(a, "btc_jpy buy limit amount=0.01 price=16000000 post_only=true")
	f.status(o, unfilled)
	f.refused(70020, a, "btc_jpy buy market amount=0.01")
	f.set("btc_jpy", market.Setting{CircuitBreak: market.ModeNone})
	f.status(o, fullyFilled) // the auction has made a taker of the maker
}

func TestAMarketOrderIsFilledWholeOrRejected(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "1000000000:jpy")
	f.status(f.place(a, "btc_jpy buy market amount=0.5"), fullyFilled)
	f.status(f.place(a, "btc_jpy buy market amount=10"), rejected)
	if b := a.balance("btc"); b.free.String() != "0.5" || !a.balance("jpy").locked.IsZero() {
		t.Errorf("after a rejection: %s btc, %s jpy locked", b.free, a.balance("jpy").locked)
	}
}

func TestStopsWaitForTheirPrice(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "50000000:jpy 2:btc")
	loss := f.place(a, "btc_jpy sell stop amount=0.1 trigger_price=14500000")
	limited := f.place(a, "btc_jpy sell stop_limit amount=0.1 trigger_price=14500000 price=16000000")
	rise := f.place(a, "btc_jpy buy stop amount=0.1 trigger_price=15500000")
	f.refused(60018, a, "btc_jpy sell stop amount=0.1 trigger_price=15500000")
	f.status(loss, inactive)
	if rows, _ := f.x.Active(a, Params{}); len(rows.Orders) != 3 {
		t.Errorf("active orders do not list stops: %v", rows)
	}
	f.jump("btc_jpy", "14400000")
	f.status(loss, fullyFilled)
	f.status(limited, unfilled)
	f.status(rise, inactive)
	if loss.triggered.IsZero() || f.x.row(loss, true).TriggeredAt == nil {
		t.Error("a stop that was triggered does not say when")
	}
	f.jump("btc_jpy", "15600000")
	f.status(rise, fullyFilled)
}

func TestOrdersExpireAndAreForgotten(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "50000000:jpy")
	o := f.place(a, "btc_jpy buy limit amount=0.1 price=9000000")
	ask := Params{"pair": "btc_jpy", "order_id": strconv.FormatInt(o.ID, 10)}
	many := Params{"pair": "btc_jpy", "order_ids": []any{ask["order_id"]}}
	f.set("btc_jpy", market.Setting{Status: "HALT"}) // half a year of a market takes a while
	f.x.Advance(opening.Add(lifetime - time.Minute))
	f.status(o, unfilled)
	f.x.Advance(opening.Add(lifetime + time.Minute))
	f.status(o, canceledUnfilled)
	if _, code := f.x.Order(a, ask); code != 0 {
		t.Errorf("a day after it was cancelled: %d", code)
	}
	f.x.Advance(opening.Add(lifetime + horizon + 2*time.Minute))
	if _, code := f.x.Order(a, ask); code != 50009 {
		t.Errorf("three months later: %d", code)
	}
	if rows, code := f.x.Infos(a, many); code != 0 || len(rows.Orders) != 0 {
		t.Errorf("orders_info three months later: %d %v", code, rows)
	}
}

func TestAPositionIsOpenedAndClosedWithItsFeesAndInterest(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "10000000:jpy")
	f.place(a, "btc_jpy buy market amount=0.5 position_side=long")
	pos := a.positions[spot{"btc_jpy", "long"}]
	product, fee := pos.product, pos.fee
	if pos.open != 5000 || !a.trades[0].amountIs("0") || a.balance("jpy").free.String() != "10000000" {
		t.Errorf("opened: %+v, trade %+v", pos, a.trades[0])
	}
	f.refused(50062, a, "btc_jpy sell limit amount=0.6 price=15000000 position_side=long")
	f.refused(40200, a, "btc_jpy buy stop amount=0.1 trigger_price=16000000 position_side=long")
	f.refused(60019, a, "btc_jpy buy take_profit trigger_price=16000000 position_side=long")
	f.set("btc_jpy", market.Setting{Status: "HALT"})
	f.x.Advance(opening.Add(24 * time.Hour))
	if want := product.Mul(daily).Truncate(4); !pos.interest.Equal(want) {
		t.Errorf("interest of a day: %s, want %s", pos.interest, want)
	}
	interest := pos.interest
	f.set("btc_jpy", market.Setting{Status: "NORMAL"})
	f.jump("btc_jpy", "16000000")
	before := a.balance("jpy").free
	f.place(a, "btc_jpy sell market amount=0.5 position_side=long")
	var value, paid decimal.Decimal
	for _, tr := range a.trades {
		if tr.Side == "sell" {
			v := decimal.RequireFromString(tr.Price).Mul(decimal.RequireFromString(tr.Amount)).Truncate(4)
			value, paid = value.Add(v), paid.Add(v.Mul(decimal.RequireFromString("0.001")).Truncate(4))
		}
	}
	net := value.Sub(product).Sub(fee).Sub(paid).Sub(interest)
	if got := a.balance("jpy").free.Sub(before); !got.Equal(net) {
		t.Errorf("closing brought %s, want %s", got, net)
	}
	if pos.open != 0 || !pos.product.IsZero() || !pos.interest.IsZero() {
		t.Errorf("closed: %+v", pos)
	}
}

func (t Trade) amountIs(fee string) bool {
	return decimal.RequireFromString(t.FeeQuote).String() == fee
}

func TestALosingPositionIsCalledLiquidatedAndOwed(t *testing.T) {
	f := newFloor(t)
	a := f.open("a", "1000000:jpy")
	f.place(a, "btc_jpy buy market amount=0.13 position_side=long") // nearly all that the margin allows
	state := func(want string) {
		t.Helper()
		f.x.Advance(f.x.Clock().Add(2 * time.Second))
		if got := f.x.MarginStatus(a); got.Status != want {
			t.Errorf("status %s, want %s: %+v", got.Status, want, got)
		}
	}
	state("NORMAL")
	f.jump("btc_jpy", "14500000")
	state("CALL")
	if n := f.x.Positions(a).Notice; n.What == nil || *n.What != "margin_call" || n.DueDateAt == nil {
		t.Errorf("notice: %+v", n)
	}
	f.jump("btc_jpy", "6000000") // far below what the margin is good for
	state("DEBT")
	last := a.sequence[len(a.sequence)-1]
	if last.kind != losscut || last.status != fullyFilled || f.x.row(last, true).UserCancelable {
		t.Errorf("liquidated by %+v", f.x.row(last, true))
	}
	if !a.balance("jpy").free.IsZero() || !a.payable.IsPositive() {
		t.Errorf("free %s, owed %s", a.balance("jpy").free, a.payable)
	}
	f.x.Purse(a).Receive("jpy", decimal.NewFromInt(500_000))
	state("SETTLED")
	if is, should := f.x.Sum("jpy"); !is.Equal(should) {
		t.Errorf("there is %s, there should be %s", is, should)
	}
}

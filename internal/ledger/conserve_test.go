package ledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/sim/exchange"
)

// differences waits until nothing is too close to a read, and explains every asset.
func (l *life) differences(books *ledger.Ledger, taken int, since time.Time) (map[string]ledger.Difference, int, bool) {
	for range 20 {
		l.pass(5 * time.Second)
		rows, at := l.rows(), l.now
		l.pass(5 * time.Second)
		for _, r := range l.records[taken:] {
			books.Apply(r)
		}
		taken = len(l.records)
		out, sure := map[string]ledger.Difference{}, true
		for _, row := range rows {
			d := books.Unexplained(ledger.Look{Row: row, At: at, Since: since}, l.rates)
			out[row.Asset], sure = d, sure && len(d.Doubts) == 0
		}
		if sure {
			return out, taken, true
		}
	}
	return nil, taken, false
}

// Whatever an account does, what its locks and balances are made of is known as long as everything is told.
func TestWhatIsToldExplainsEveryAmount(t *testing.T) {
	looked, explained := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		l := begin(t, rapid.Uint64().Draw(rt, "seed"))
		if rapid.Bool().Draw(rt, "stops lock late") {
			l.x.Choose(exchange.StopLocks, "no")
			l.rates.StopsLockLate = true
		}
		books, taken := &ledger.Ledger{}, 0
		for range rapid.IntRange(1, 6).Draw(rt, "checks") {
			for range 25 {
				l.step()
			}
			var ds map[string]ledger.Difference
			var sure bool
			looked++
			// Since the very beginning: all that ever happened has to add up.
			if ds, taken, sure = l.differences(books, taken, opening.Add(time.Second)); !sure {
				continue
			}
			explained++
			for asset, d := range ds {
				if !d.Locked.IsZero() || !d.OnHand.IsZero() {
					rt.Fatalf("%s: %s are locked and %s on hand by nothing known, since %s", asset, d.Locked, d.OnHand, d.Since)
				}
			}
		}
	})
	if explained*10 < looked*8 {
		t.Errorf("only %d of %d looks were beyond doubt", explained, looked)
	}
}

// An order that nobody reports is missing by exactly what it locks and what it has moved.
func TestAnOrderThatIsHeldBackIsMissingByExactlyItsMoney(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		l := begin(t, rapid.Uint64().Draw(rt, "seed"))
		for range 10 {
			l.step()
		}
		for len(l.places) == 0 || l.now.Sub(l.places[len(l.places)-1].at) > 0 {
			l.step()
		}
		missing := l.places[len(l.places)-1]
		for range rapid.IntRange(0, 25).Draw(rt, "later") {
			l.step()
		}
		l.pass(5 * time.Second)
		var told []ledger.Record
		hide := func(from int) []ledger.Record {
			return slices.DeleteFunc(slices.Clone(l.records[from:]), func(r ledger.Record) bool {
				return r.Order != nil && r.Order.ID == missing.order.ID || r.Answered != nil && len(r.Answered.Orders) > 0 && r.Answered.Orders[0].ID == missing.order.ID || r.Traded != nil && r.Traded.OrderID == missing.order.ID
			})
		}
		told = hide(0)
		books := fold(told)
		row, at, n := l.rows(), l.now, len(l.records)
		l.pass(5 * time.Second)
		for _, r := range hide(n) {
			books.Apply(r)
		}
		all := fold(l.records)
		truth, _, known := all.Order(missing.order.Pair, missing.order.ID)
		if !known {
			rt.Fatalf("order %d is not known", missing.order.ID)
		}
		for _, row := range row {
			look := ledger.Look{Row: row, At: at, Since: missing.at}
			if whole := all.Unexplained(look, l.rates); len(whole.Doubts) > 0 {
				continue // nothing can be said at this time
			} else if !whole.Explained() {
				rt.Fatalf("%s: %+v with everything told", row.Asset, whole)
			}
			got := books.Unexplained(look, l.rates)
			locked, moved := l.worth(truth, row.Asset)
			if !got.Locked.Equal(locked) || !got.OnHand.Equal(moved) {
				rt.Fatalf("%s: unexplained are %s locked and %s on hand, want %s and %s of %+v", row.Asset, got.Locked, got.OnHand, locked, moved, truth)
			}
			if want := locked.IsZero() && moved.IsZero(); got.Explained() != want {
				rt.Fatalf("%s: explained %v, want %v: %+v", row.Asset, got.Explained(), want, got)
			}
			switch {
			case !locked.IsZero():
				seen["locked"]++
			case !moved.IsZero():
				seen["moved"]++
			default:
				seen["nothing"]++
			}
		}
	})
	for _, what := range []string{"locked", "moved", "nothing"} {
		if seen[what] == 0 {
			t.Errorf("no missing order had %s: %v", what, seen)
		}
	}
}

// worth is what an order locks and has moved of an asset, by its own numbers.
func (l *life) worth(o bitbank.Order, asset string) (locked, moved decimal.Decimal) {
	base, quote := o.Pair[:len(o.Pair)-4], "jpy"
	rate := l.rates.Pairs[o.Pair]
	one := dec("1")
	if !o.Status.Terminal() && o.PositionSide == bitbank.Spot {
		switch {
		case o.Side == bitbank.Sell && asset == base:
			locked = o.RemainingAmount.Decimal()
		case o.Side == bitbank.Buy && asset == quote && o.Price.Known():
			locked = o.Price.Decimal().Mul(o.RemainingAmount.Decimal()).Mul(one.Add(rate.Taker)).Truncate(4)
		case o.Side == bitbank.Buy && asset == quote:
			locked = o.TriggerPrice.Decimal().Mul(o.RemainingAmount.Decimal()).Mul(one.Add(rate.Allowance)).Mul(one.Add(rate.Taker)).Truncate(4)
		}
	}
	for _, r := range l.records {
		t := r.Traded
		if t == nil || t.OrderID != o.ID {
			continue
		}
		sign := one
		if t.Side == bitbank.Sell {
			sign = sign.Neg()
		}
		switch {
		case t.PositionSide != bitbank.Spot && asset == quote:
			moved = moved.Add(t.ProfitLoss.Decimal())
		case t.PositionSide == bitbank.Spot && asset == base:
			moved = moved.Add(t.Amount.Decimal().Mul(sign))
		case t.PositionSide == bitbank.Spot && asset == quote:
			moved = moved.Sub(t.Amount.Decimal().Mul(t.Price.Decimal()).Truncate(4).Mul(sign)).Sub(t.FeeQuote.Decimal())
		}
	}
	return locked, moved
}

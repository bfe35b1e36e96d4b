package exposure

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A Side is on which side of a line something is.
type Side string

// The sides.
const (
	Blind Side = "blind" // nothing may be said
	Clear Side = "clear" // on the quiet side, and not just at the line
	Near  Side = "near"  // between the line and Clear, so that a price that trembles crosses once
	Over  Side = "over"  // crossed
)

// A Look is where something stands beside a line, by what may be relied on.
type Look struct {
	Side  Side
	Why   string          // of Blind: unlisted, single, unpriced, unread
	Value decimal.Decimal // a price, a loss in yen or percent, a gap in percent, or how much of a coin a stop covers in percent
	From  From
	// At is the age of the evidence: a look with the same At as another is the same look.
	At time.Time
}

// A Line is one of the owner's, and where things stand beside it now.
type Line struct {
	ledger.LineState
	Look Look
}

// How far on the quiet side something must be again: a fifth of a percent of a price, a twentieth of a loss, a fifth of a gap.
// They are our choice; yen markets tremble by less.
var (
	backPrice = decimal.New(2, -3)
	backLoss  = decimal.New(5, -2)
	backGap   = decimal.New(2, -1)
)

// look says on which side of a line things are.
func look(l ledger.Line, r Report, in Input) Look {
	switch l.Kind {
	case ledger.Above, ledger.Below:
		return lookPrice(l, in)
	case ledger.Loss:
		return lookLoss(l, in)
	case ledger.GapLine:
		return lookGap(l, in)
	case ledger.NoStop:
		return lookStop(l, r, in)
	}
	return Look{Side: Blind, Why: "unread"} // a kind of a later version
}

// sided is on which side a value lies that is bad when it is high: the whole of it must be over the line, or clear of it.
func sided(low, high, line, clear decimal.Decimal) Side {
	switch {
	case !low.LessThan(line):
		return Over
	case !high.GreaterThan(clear):
		return Clear
	}
	return Near
}

func lookPrice(l ledger.Line, in Input) Look {
	t, why, ok := in.Markets[l.Pair].trust(in.Now)
	if !ok {
		return Look{Side: Blind, Why: why}
	}
	v, one := l.Value.Decimal(), decimal.NewFromInt(1)
	k := Look{From: t.from, At: t.at}
	if l.Kind == ledger.Above {
		k.Side, k.Value = sided(t.low, t.high, v, v.Mul(one.Sub(backPrice))), t.low
		return k
	}
	k.Side, k.Value = sided(t.high.Neg(), t.low.Neg(), v.Neg(), v.Mul(one.Add(backPrice)).Neg()), t.high
	return k
}

// lookLoss adds up what margin positions have lost, by the price that is kindest and the one that is least kind to each.
func lookLoss(l ledger.Line, in Input) Look {
	var least, most, cost decimal.Decimal
	k := Look{From: Bitbank}
	some := false
	for _, p := range in.Positions {
		if l.Pair != "" && p.Pair != l.Pair {
			continue
		}
		some = true
		x := in.position(p)
		t, why, ok := in.Markets[p.Pair].trust(in.Now)
		switch {
		case !ok:
			return Look{Side: Blind, Why: why}
		case x.Cost.IsZero():
			return Look{Side: Blind, Why: "unpriced"}
		}
		n := p.OpenAmount.Decimal()
		costs := p.UnrealizedFee.Decimal().Add(p.UnrealizedInterest.Decimal())
		a, b := costs.Sub(gained(p.Side, n.Mul(t.low), x.Cost)), costs.Sub(gained(p.Side, n.Mul(t.high), x.Cost))
		least, most, cost = least.Add(decimal.Min(a, b)), most.Add(decimal.Max(a, b)), cost.Add(x.Cost)
		if t.from != Bitbank {
			k.From = t.from
		}
		if k.At.IsZero() || t.at.Before(k.At) {
			k.At = t.at
		}
	}
	if !some {
		if len(in.Doubted) > 0 || in.Held.IsZero() || in.Now.Sub(in.Held) > HeldLimit {
			return Look{Side: Blind, Why: "unread"} // that nothing is open is not proven
		}
		return Look{Side: Clear, At: in.Held}
	}
	if l.Percent {
		least, most = least.Mul(hundred).DivRound(cost, 4), most.Mul(hundred).DivRound(cost, 4)
	}
	v := l.Value.Decimal()
	k.Side, k.Value = sided(least, most, v, v.Mul(decimal.NewFromInt(1).Sub(backLoss))), least
	return k
}

// lookGap compares bitbank's last price with what it would be by the others. While bitbank is dark its last price stands still,
// and the gap is how far the market has moved.
func lookGap(l ledger.Line, in Input) Look {
	m := in.Markets[l.Pair]
	out := m.Else
	switch {
	case !out.Listed:
		return Look{Side: Blind, Why: "unlisted"}
	case !m.Own.Price.IsPositive():
		return Look{Side: Blind, Why: "unpriced"}
	}
	t, why, ok := m.trust(in.Now)
	if !ok {
		return Look{Side: Blind, Why: why}
	}
	// By the price elsewhere as it is, and as corrected: both must be far from bitbank's.
	gap := func(p decimal.Decimal) decimal.Decimal {
		return m.Own.Price.Sub(p).Mul(hundred).DivRound(p, 4).Abs()
	}
	low := gap(out.Price)
	high := low
	if out.Expected.IsPositive() {
		low, high = decimal.Min(low, gap(out.Expected)), decimal.Max(low, gap(out.Expected))
	}
	v := l.Value.Decimal()
	return Look{Side: sided(low, high, v, v.Mul(decimal.NewFromInt(1).Sub(backGap))), Value: low, From: Venues, At: latest(t.at, out.At)}
}

// lookStop: the line is crossed while a coin is held that no stop on bitbank covers. Orders in doubt leave it open.
func lookStop(l ledger.Line, r Report, in Input) Look {
	if in.Read.IsZero() || in.Now.Sub(in.Read) > ReadLimit {
		return Look{Side: Blind, Why: "unread"}
	}
	for _, s := range r.Stops {
		if s.Pair != l.Pair || s.Side != bitbank.Spot {
			continue
		}
		k := Look{Side: Over, Value: decimal.NewFromInt(int64(s.Percent)), At: in.Now}
		switch s.Cover {
		case Covered:
			k.Side = Clear
		case InDoubt:
			k.Side = Near
		}
		return k
	}
	return Look{Side: Clear, At: in.Now} // none is held
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

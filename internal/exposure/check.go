package exposure

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// LinesMost is how many lines an owner may have, WhyMost how many characters a line's reason.
const (
	LinesMost = 50
	WhyMost   = 200
)

// A Refusal is why a line is not set: words for people are in the text catalogue under "positions.refused." + ID.
type Refusal struct {
	ID   string
	Pair string
	Now  string // how it is now, where that is the reason
}

func (r *Refusal) Error() string { return "the line is not set: " + r.ID }

// Refusals are all that there are.
var Refusals = []string{
	"kind", "pair.needed", "pairs", "pair", "yen", "percent", "value.none", "value", "value.percent", "why", "many", "twice", "contradiction", "not_held", "unlisted",
	"unpriced", "no_position", "crossed",
}

// Kinds are the kinds of lines.
var Kinds = []ledger.LineKind{ledger.Above, ledger.Below, ledger.Loss, ledger.GapLine, ledger.NoStop}

// Check says whether a new line makes sense beside how things are. pairs are those that bitbank trades; nil: not known.
func Check(l ledger.Line, pairs []string, in Input) *Refusal {
	no := func(id string) *Refusal { return &Refusal{ID: id, Pair: l.Pair} }
	v := l.Value.Decimal()
	switch {
	case !slices.Contains(Kinds, l.Kind):
		return no("kind")
	case l.Kind != ledger.Loss && l.Pair == "":
		return no("pair.needed")
	case l.Pair != "" && pairs == nil:
		return no("pairs")
	case l.Pair != "" && !slices.Contains(pairs, l.Pair):
		return no("pair")
	case l.Pair != "" && !strings.HasSuffix(l.Pair, "_jpy"):
		return no("yen")
	case l.Percent && l.Kind != ledger.Loss:
		return no("percent")
	case l.Kind == ledger.NoStop && l.Value.Known():
		return no("value.none")
	case l.Kind != ledger.NoStop && (!l.Value.Known() || !v.IsPositive() || v.GreaterThan(decimal.New(1, 12))):
		return no("value")
	case l.Kind == ledger.GapLine && v.GreaterThan(hundred), l.Percent && v.GreaterThan(decimal.NewFromInt(1000)):
		return no("value.percent")
	case utf8.RuneCountInString(l.Why) > WhyMost:
		return no("why")
	case len(in.Lines) >= LinesMost:
		return no("many")
	}
	for _, x := range in.Lines {
		other := x.Value.Decimal()
		switch {
		case x.Pair != l.Pair:
		case x.Kind == l.Kind && x.Percent == l.Percent && other.Equal(v):
			return no("twice")
		case l.Kind == ledger.Above && x.Kind == ledger.Below && !v.GreaterThan(other), l.Kind == ledger.Below && x.Kind == ledger.Above && !v.LessThan(other):
			// At every price one of the two would be crossed.
			return &Refusal{ID: "contradiction", Pair: l.Pair, Now: x.Value.String()}
		}
	}
	return crossed(l, in)
}

// crossed refuses a line that is crossed already, or of which nobody could ever say so.
func crossed(l ledger.Line, in Input) *Refusal {
	no := func(id string, now decimal.Decimal) *Refusal {
		return &Refusal{ID: id, Pair: l.Pair, Now: now.String()}
	}
	zero := decimal.Decimal{}
	if l.Kind == ledger.NoStop {
		if !slices.ContainsFunc(in.Holdings, func(h ledger.Holding) bool { return h.Asset+"_jpy" == l.Pair && h.OnHand.Decimal().IsPositive() }) {
			return no("not_held", zero)
		}
		return nil // without a stop it is crossed at once, which is what its owner asks
	}
	v := l.Value.Decimal()
	if l.Kind == ledger.Loss {
		lost, cost, some := decimal.Decimal{}, decimal.Decimal{}, false
		for _, p := range in.Positions {
			if l.Pair != "" && p.Pair != l.Pair {
				continue
			}
			x := in.position(p)
			switch {
			case !in.Markets[p.Pair].Else.Listed:
				return &Refusal{ID: "unlisted", Pair: p.Pair}
			case !x.Known:
				return &Refusal{ID: "unpriced", Pair: p.Pair}
			}
			some, lost, cost = true, lost.Sub(x.Net), cost.Add(x.Cost)
		}
		if !some {
			return no("no_position", zero)
		}
		if l.Percent {
			lost = lost.Mul(hundred).DivRound(cost, 2)
		}
		if !lost.LessThan(v) {
			return no("crossed", lost)
		}
		return nil
	}
	m := in.Markets[l.Pair]
	p := m.price(in.Now)
	switch {
	case !m.Else.Listed:
		return no("unlisted", zero)
	case p.From == Nobody:
		return no("unpriced", zero)
	case l.Kind == ledger.Above && !p.Amount.LessThan(v), l.Kind == ledger.Below && !p.Amount.GreaterThan(v):
		return no("crossed", p.Amount)
	}
	if l.Kind == ledger.GapLine {
		if !m.Own.Price.IsPositive() || !m.Else.Price.IsPositive() {
			return no("unpriced", zero)
		}
		if gap := m.Own.Price.Sub(m.Else.Price).Mul(hundred).DivRound(m.Else.Price, 2).Abs(); !gap.LessThan(v) {
			return no("crossed", gap)
		}
	}
	return nil
}

func numberOf(d decimal.Decimal) bitbank.Number { return bitbank.NewNumber(d) }

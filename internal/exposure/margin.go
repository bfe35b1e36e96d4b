package exposure

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// MarginLimit is how old a read of the margin may be: it is read every minute while a position is open.
const MarginLimit = 3 * time.Minute

// A Margin is how far the account is from a margin call and from liquidation.
type Margin struct {
	Read   bool // it was read at all; else there is nothing below but Demand
	At     time.Time
	Old    bool
	Status bitbank.MarginStatus // bitbank's own figures, as of At
	Alarm  bool                 // bitbank's status asks for attention
	Demand bitbank.MarginNotice // what bitbank demands
	Owed   bitbank.Number       // in yen
	Ours   Estimate
}

// An Estimate is our own calculation of how the margin stands now. It is no figure of bitbank's.
type Estimate struct {
	Made bool
	Why  string // why not: flat, figures, base, unpriced
	// Base is what the percentages are of, as far as bitbank's own figures show: what the positions cost (product), or the
	// maintenance margin of the positions (maintenance).
	Base    string
	BaseYen decimal.Decimal
	Balance decimal.Decimal // the margin balance now
	Percent decimal.Decimal // of BaseYen
	// Of margin calls and of liquidation: how much the balance may fall, in yen; negative: it has.
	ToCall, ToLossCut decimal.Decimal
	Reaches           []Reach
	Assumes           []string // see the constants
}

// What an Estimate assumes, beside bitbank's published rules: margin balance = yen + coins at half of their price + what positions
// have gained - costs not yet paid (bitbank.cc/guide/margin-trading-rule).
const (
	AssumeBase       = "base"       // that what the percentages are of stays as it is; of short positions that it grows with the price
	AssumeAlone      = "alone"      // that other coins stay where they are
	AssumeRate       = "rate"       // that coins count for half of their price
	AssumeCosts      = "costs"      // that fees and interest are as they were read
	AssumeCollateral = "collateral" // that coins count as they did at the read, because their price then or now is not known
)

// A Reach is how far the price of one coin may move before bitbank acts, if nothing else moves.
type Reach struct {
	Asset         string
	Up            bool // a rise is what hurts
	Call, LossCut Level
}

// A Level is a price at which something happens.
type Level struct {
	Never   bool // no price of this coin alone leads there
	Passed  bool // it is so already
	Price   decimal.Decimal
	Percent decimal.Decimal // from the price now, never negative
}

// collateral is what a coin counts for, as a share of its price: 代用掛目 0.5 (bitbank.cc/guide/margin-trading-rule).
var collateral = decimal.New(5, -1)

var hundred = decimal.NewFromInt(100)

func (in Input) margin(r Report) Margin {
	m := Margin{Demand: in.Demand}
	if in.Margin == nil {
		m.Ours.Why = "figures"
		return m
	}
	m.Read, m.At, m.Status, m.Owed = true, in.Margin.Began, in.Margin.Status, in.Margin.Payable
	m.Old = in.Now.Sub(m.At) > MarginLimit && len(in.Positions) > 0 || in.Now.Sub(m.At) > HeldLimit
	m.Alarm = m.Status.Status != bitbank.MarginNormal && m.Status.Status != bitbank.MarginSettled
	m.Ours = in.estimate(r, *in.Margin)
	return m
}

// estimate works out how the margin stands now, from bitbank's own figures at the read and from prices since.
func (in Input) estimate(r Report, read ledger.Margin) Estimate {
	s := read.Status
	var e Estimate
	switch {
	case len(in.Positions) == 0:
		e.Why = "flat"
		return e
	case !s.BalancePercentage.Known() || !s.Balance.Known() || !s.CallPercentage.Known() || !s.LossCutPercentage.Known() || !s.ProfitLoss.Known():
		e.Why = "figures"
		return e
	case len(r.Result.Left) > 0:
		e.Why = "unpriced"
		return e
	}
	if e.Base, e.BaseYen = baseOf(s); e.Base == "" {
		e.Why = "base"
		return e
	}
	e.Made = true
	e.Assumes = []string{AssumeBase, AssumeAlone, AssumeRate, AssumeCosts}
	gross := decimal.Decimal{}
	for _, p := range r.Positions {
		gross = gross.Add(p.Gross)
	}
	e.Balance = s.Balance.Decimal().Sub(s.ProfitLoss.Decimal()).Add(gross)
	for _, a := range r.Assets {
		if a.Asset == "jpy" {
			continue
		}
		then, known := read.Prices[a.Asset+"_jpy"]
		if !known || a.From == Nobody {
			if !slices.Contains(e.Assumes, AssumeCollateral) {
				e.Assumes = append(e.Assumes, AssumeCollateral)
			}
			continue
		}
		e.Balance = e.Balance.Add(pledged(a).Mul(a.Amount.Sub(then.Decimal())).Mul(collateral))
	}
	e.Percent = e.Balance.Mul(hundred).DivRound(e.BaseYen, 2)
	call, cut := s.CallPercentage.Decimal().Div(hundred), s.LossCutPercentage.Decimal().Div(hundred)
	e.ToCall, e.ToLossCut = e.Balance.Sub(e.BaseYen.Mul(call)), e.Balance.Sub(e.BaseYen.Mul(cut))
	for _, c := range r.Coins {
		if c.Long.IsZero() && c.Short.IsZero() {
			continue
		}
		for _, up := range []bool{false, true} {
			x := Reach{Asset: c.Asset, Up: up, Call: e.level(r, c, up, call), LossCut: e.level(r, c, up, cut)}
			if !x.Call.Never || !x.LossCut.Never {
				e.Reaches = append(e.Reaches, x)
			}
		}
	}
	return e
}

// pledged is how much of a coin counts as collateral: what is being withdrawn does not (bitbank.cc/guide/margin-trading-rule).
func pledged(a Asset) decimal.Decimal { return a.OnHand.Decimal().Sub(a.Withdrawing.Decimal()) }

// baseOf is what bitbank's percentage is of. bitbank says in words that it is of the positions held; which of the figures of its
// interface that is, is not documented, so it is the one that its own numbers bear out, within what they are rounded to.
func baseOf(s bitbank.MarginStatus) (string, decimal.Decimal) {
	p := s.BalancePercentage.Decimal()
	if !p.IsPositive() {
		return "", decimal.Decimal{}
	}
	for _, of := range []struct {
		name string
		yen  bitbank.Number
	}{{"product", s.OpenPositionProduct}, {"maintenance", s.PositionMaintenance}} {
		yen := of.yen.Decimal()
		if yen.IsPositive() && s.Balance.Decimal().Mul(hundred).Div(yen).Sub(p).Abs().LessThanOrEqual(decimal.New(2, -2)) {
			return of.name, yen
		}
	}
	return "", decimal.Decimal{}
}

// level is the price of one coin at which the balance is a share of the base. Where the rules leave two readings it is the nearer
// one: coins held do not help against a rise, and the base of short positions grows with the price.
func (e Estimate) level(r Report, c Coin, up bool, share decimal.Decimal) Level {
	room := e.Balance.Sub(e.BaseYen.Mul(share))
	if !room.IsPositive() {
		return Level{Passed: true, Price: c.Amount}
	}
	var slope decimal.Decimal // lost in yen when the price moves by all of itself
	if up {
		slope = c.Short.Sub(c.Long).Mul(c.Amount).Add(e.shortBase(r, c.Asset).Mul(share))
	} else {
		held := decimal.Decimal{}
		for _, a := range r.Assets {
			if a.Asset == c.Asset {
				held = pledged(a).Mul(collateral)
			}
		}
		slope = c.Long.Sub(c.Short).Add(held).Mul(c.Amount)
	}
	one := decimal.NewFromInt(1)
	if !slope.IsPositive() {
		return Level{Never: true}
	}
	move := room.DivRound(slope, 8)
	if !up && move.GreaterThanOrEqual(one) {
		return Level{Never: true}
	}
	l := Level{Percent: move.Mul(hundred).Truncate(2), Price: c.Amount.Mul(one.Sub(move))}
	if up {
		l.Price = c.Amount.Mul(one.Add(move))
	}
	return l
}

// shortBase is the part of the base that belongs to short positions of a coin.
func (e Estimate) shortBase(r Report, asset string) decimal.Decimal {
	all, shorts := decimal.Decimal{}, decimal.Decimal{}
	for _, p := range r.Positions {
		all = all.Add(p.Cost)
		if p.Side == bitbank.Short && base(p.Pair) == asset {
			shorts = shorts.Add(p.Cost)
		}
	}
	if !all.IsPositive() {
		return decimal.Decimal{}
	}
	return e.BaseYen.Mul(shorts).Div(all)
}

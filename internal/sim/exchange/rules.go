package exchange

import (
	"hikeshi/internal/sim/market"
)

// admit applies the exchange's rules to a readable order. Which code wins when several rules are broken is not documented;
// this order is ours: the state of the exchange, then of the account, then the numbers.
func (x *Exchange) admit(a *Account, w wish) int {
	for _, rule := range []func(*Account, wish) int{x.open, x.margin, x.within, x.room} {
		if code := rule(a, w); code != 0 {
			return code
		}
	}
	return 0
}

// open: the exchange takes such orders at the moment. Which flag gives which code follows from their descriptions.
func (x *Exchange) open(_ *Account, w wish) int {
	s := x.market.State(w.pair.Name)
	opens := w.position != "" && !closes(w.side, w.position)
	switch f := s.Flags; {
	case s.Status == "HALT":
		return 70004
	case f.StopOrderAndCancel:
		return 70018
	case f.StopOrder && x.Plays(StoppedPair, "70004"):
		return 70004
	case f.StopOrder:
		return 70017
	case w.kind == atMarket && (f.StopMarketOrder || s.Mode != market.ModeNone):
		return 70020
	case w.kind == stopLimit && f.StopStopLimitOrder:
		return 70022
	case (w.kind == stop || w.kind == takeProfit || w.kind == stopLoss) && f.StopStopOrder:
		return 70023
	case opens && w.position == "long" && f.StopMarginLongOrder:
		return 70024
	case opens && w.position == "short" && f.StopMarginShortOrder:
		return 70025
	case w.side == market.Buy && f.StopBuyOrder:
		return 70005
	case w.side == market.Sell && f.StopSellOrder:
		return 70006
	}
	return 0
}

// margin: the account may trade so.
func (x *Exchange) margin(a *Account, w wish) int {
	switch {
	case w.position == "" && (w.kind == takeProfit || w.kind == stopLoss):
		return 60019 // there is no position to close
	case w.position == "" && w.side == market.Buy:
		return a.refuses("spot_buy")
	case w.position == "":
		return a.refuses("spot_sell")
	}
	if code := a.refuses("margin"); code != 0 {
		return code
	}
	if closes(w.side, w.position) {
		if code := a.refuses("close_" + w.position); code != 0 {
			return code
		}
		p := a.positions[spot{w.pair.Name, w.position}]
		// One order cannot close and flip.
		if p == nil || w.amount > p.open-p.locked || p.open == p.locked {
			return 50062
		}
		return 0
	}
	switch w.kind {
	case takeProfit, stopLoss:
		return 60019
	case stop, stopLimit:
		return 40200
	}
	return a.refuses("open_" + w.position)
}

// bounds of prices: ten times the last trade and a tenth of it. bitbank names none; these are ours.
const bound = 10

// within: the numbers are in the exchange's limits.
func (x *Exchange) within(_ *Account, w wish) int {
	s := x.market.State(w.pair.Name)
	most := w.pair.limitMax
	if !rests(w.kind) {
		most = w.pair.max
	}
	least, _ := w.pair.units(s.MinAmount, w.pair.AmountDigits)
	switch {
	case w.amount > 0 && w.amount < w.pair.unit:
		return 60004
	case w.amount > 0 && w.amount < least && x.Plays(RaisedMinimum, "70010"):
		return 70010
	case w.amount > 0 && w.amount < least:
		return 60004
	case w.amount > most && w.kind == atMarket && w.side == market.Buy:
		return 60002
	case w.amount > most:
		return 60003
	}
	if rests(w.kind) {
		switch {
		case w.price > s.Last*bound:
			return 60005
		case w.price < s.Last/bound:
			return 60006
		// In an auction only what can match within its range is taken.
		case (s.Mode == market.ModeBreak || s.Mode == market.ModeResumption) && (w.price > s.Upper || w.price < s.Lower):
			return 70021
		}
	}
	if triggers(w.kind) {
		if w.trigger > s.Last*bound {
			return 60016
		}
		if fires(w.kind, w.side, w.trigger, s.Last, s.Last) {
			return 60018
		}
	}
	return 0
}

// room: the account has not too many live orders.
func (x *Exchange) room(a *Account, w wish) int {
	of := w.pair.Name
	if x.Plays(RestLimit, "user") {
		of = ""
	}
	if a.lived(of) >= x.limits.Live {
		return 60011
	}
	return 0
}

// fires reports whether trades between low and high set off a trigger: stops go with the price, a profit is taken against it.
func fires(kind string, s market.Side, trigger, low, high int64) bool {
	rising := s == market.Buy
	if kind == takeProfit {
		rising = !rising
	}
	if rising {
		return high >= trigger
	}
	return low <= trigger
}

package stop

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A Reason is why a plan waits, or why it changed; in words by `stop.why.` and it.
type Reason string

// The reasons.
const (
	Gap       Reason = "gap"       // the price feed has only just begun again
	Stale     Reason = "stale"     // bitbank's own price is too old
	Single    Reason = "single"    // one source alone says so
	Passed    Reason = "passed"    // the level was passed
	Returned  Reason = "returned"  // bitbank's own book is clear of the level again
	Darkness  Reason = "dark"      // bitbank does not answer
	ByHand    Reason = "by_hand"   // its owner trades by hand, or has stopped it
	Unsettled Reason = "unsettled" // the answer to an order of the exit is lost, and is being looked for
	Unread    Reason = "unread"    // the account was not read since
	Unsure    Reason = "unsure"    // what was read does not add up yet
	Resting   Reason = "resting"   // an order of the exit rests on the book
	Locked    Reason = "locked"    // other orders lock what is to be sold
	Closed    Reason = "closed"    // bitbank takes no such order now
	Small     Reason = "small"     // less is left than bitbank takes now
	Outside   Reason = "outside"   // the guard is outside the auction's band
	Auction   Reason = "auction"   // the auction's price is not beyond the level, or not known
	Refused   Reason = "refused"   // bitbank has refused the newest order; it is tried again
	Flat      Reason = "flat"      // proved: nothing is left
)

// A Reading is one read of the account that began after the newest of our own writes was answered.
type Reading struct {
	Began time.Time
	// Doubt is why it is not conclusive, "" when it is: Unread, Unsure.
	Doubt Reason
	Held  decimal.Decimal // coins on hand, or the open amount of the position
	Free  decimal.Decimal // of it, what no order locks
	// Guards are the account's own stops on bitbank that would leave the same.
	Guards []bitbank.Order
	// Fired is what such stops have sold since the plan was set.
	Fired decimal.Decimal
	// Unproved says that the books do not explain what there is: enough to sell what is there, not to say that nothing is.
	Unproved bool
}

// A Market is what bitbank says of a pair at one time.
type Market struct {
	At     time.Time // when the first of its reads was sent
	Pair   bitbank.Pair
	Status string
	Least  bitbank.Number // smallest amount that is taken now, if it was raised
	Break  bitbank.CircuitBreakInfo
	Book   []bitbank.Level // the side that the exit takes from, best first
	BookAt time.Time       // of which the book speaks, by our clock
}

// An Exit is one order of a plan's exit.
type Exit struct {
	Intent  string
	Signed  time.Time
	Settled bool         // its outcome is known; else no other may be sent
	Refused bool         // it was not placed
	Code    bitbank.Code // of the refusal, if bitbank gave one
	Order   bitbank.Order
	Over    bool      // nothing of it rests any more
	Changed time.Time // when we learned the newest of it
}

// A World is what Next decides by.
type World struct {
	Now    time.Time
	Held   bool      // its owner trades by hand, or has stopped it
	Since  time.Time // nothing that was read before counts: bitbank has only just come back, or we have written since
	Reads  []Reading // newest last
	Market *Market   // nil: not read
	Exits  []Exit    // in the order in which they were sent
}

// An Act is what is to be done.
type Act string

// The acts.
const (
	Wait   Act = "wait"   // until Step.Again
	Read   Act = "read"   // the account
	Look   Act = "look"   // at the market
	Place  Act = "place"  // Step.Order
	Cancel Act = "cancel" // Step.Cancel: orders of the exit, or stops on bitbank that lock what is to be sold
	Finish Act = "finish"
	Rearm  Act = "rearm"
)

// A Step is the next thing to do for a plan.
type Step struct {
	Act    Act
	Why    Reason
	Whole  bool          // with Read: the books are weighed too, since it may prove that nothing is left
	Again  time.Duration // with Wait: when to ask again, at the latest
	Order  bitbank.NewOrder
	Cancel []bitbank.OrderID
	Guards bool            // with Cancel: they are stops, and until the exit is placed nothing protects
	Price  decimal.Decimal // with Rearm: bitbank's
	Proof  *Proof
}

const (
	readYoung   = 5 * time.Second        // of an account's read: a write of ours makes it void at once
	marketYoung = 2 * time.Second        // of a market's
	bookYoung   = 5 * time.Second        // of a book that says that the price is back
	readsApart  = 300 * time.Millisecond // between the two that prove that nothing is left
	restFor     = 2 * time.Second
	soon        = 250 * time.Millisecond
	later       = time.Second
	retryMost   = 30 * time.Second
)

// Next says what is to be done now for a plan that is pending or exiting.
func (s Standing) Next(w World) Step {
	if w.Held {
		return Step{Act: Wait, Why: ByHand, Again: later}
	}
	after := w.Since
	var rests *Exit
	for k, e := range w.Exits {
		if !e.Settled {
			return Step{Act: Wait, Why: Unsettled, Again: soon}
		}
		if e.Changed.After(after) {
			after = e.Changed
		}
		if !e.Over {
			rests = &w.Exits[k]
		}
	}
	read, ok := newest(w, after)
	switch {
	case !ok:
		return Step{Act: Read, Why: Unread}
	case read.Doubt != "" && w.Now.Sub(read.Began) < later:
		return Step{Act: Wait, Why: read.Doubt, Again: soon}
	case read.Doubt != "":
		return Step{Act: Read, Why: read.Doubt}
	}
	need := s.need(w, read)
	if w.Market == nil || w.Now.Sub(w.Market.At) > marketYoung || w.Market.At.Before(w.Since) {
		return Step{Act: Look}
	}
	m := w.Market
	if need.LessThan(m.Pair.UnitAmount.Decimal()) && rests == nil {
		return s.finish(w, after, read, need)
	}
	if closed(m.Pair, m.Status, s.Plan) {
		return Step{Act: Wait, Why: Closed, Again: later}
	}
	if wait := patience(w); wait > 0 {
		return Step{Act: Wait, Why: Refused, Again: wait}
	}
	step := s.order(w, m, read, need)
	if rests != nil {
		return s.resting(w, *rests, step)
	}
	return step
}

// newest is the newest read that did not begin before a time and is young enough.
func newest(w World, after time.Time) (Reading, bool) {
	if n := len(w.Reads); n > 0 {
		r := w.Reads[n-1]
		return r, !r.Began.Before(after) && w.Now.Sub(r.Began) <= readYoung
	}
	return Reading{}, false
}

// need is how much is still to be sold: never more than is proved to be there, and less by what the exit and stops on bitbank
// have sold already.
func (s Standing) need(w World, r Reading) decimal.Decimal {
	if s.Plan.all() {
		return r.Held
	}
	return decimal.Max(decimal.Zero, decimal.Min(r.Held, s.Plan.Amount.Decimal().Sub(sold(w)).Sub(r.Fired)))
}

func sold(w World) (sum decimal.Decimal) {
	for _, e := range w.Exits {
		sum = sum.Add(e.Order.ExecutedAmount.Decimal())
	}
	return sum
}

// finish ends the plan when a second read agrees.
func (s Standing) finish(w World, after time.Time, r Reading, need decimal.Decimal) Step {
	if n := len(w.Reads); n > 1 {
		before := w.Reads[n-2]
		if before.Doubt == "" && !r.Unproved && !before.Began.Before(after) && r.Began.Sub(before.Began) >= readsApart && before.Held.Equal(r.Held) && before.Fired.Equal(r.Fired) {
			return Step{Act: Finish, Why: Flat, Proof: &Proof{
				Left: bitbank.NewNumber(need), Sold: bitbank.NewNumber(sold(w)), Other: bitbank.NewNumber(r.Fired), Reads: [2]time.Time{before.Began, r.Began},
			}}
		}
	}
	if wait := readsApart - w.Now.Sub(r.Began); wait > 0 {
		return Step{Act: Wait, Why: Unread, Again: wait}
	}
	if r.Unproved {
		if wait := later - w.Now.Sub(r.Began); wait > 0 {
			return Step{Act: Wait, Why: Unsure, Again: wait}
		}
		return Step{Act: Read, Why: Unsure, Whole: true}
	}
	return Step{Act: Read, Why: Unread, Whole: true}
}

// closed reports whether bitbank says that it takes no such order.
func closed(p bitbank.Pair, status string, plan Plan) bool {
	side := p.StopSellOrder
	if plan.Side == bitbank.Buy {
		side = p.StopBuyOrder
	}
	return !p.IsEnabled || p.StopOrder || p.StopOrderAndCancel || side || status == bitbank.StatusHalt
}

// patience is how long an order that bitbank refused is followed by no other.
func patience(w World) time.Duration {
	n := 0
	for _, e := range slices.Backward(w.Exits) {
		if !e.Refused {
			break
		}
		n++
	}
	if n == 0 {
		return 0
	}
	last := w.Exits[len(w.Exits)-1]
	wait := min(soon<<min(n-1, 10), retryMost)
	wait += jitter(last.Intent, wait/2)
	return last.Changed.Add(wait).Sub(w.Now)
}

// jitter is up to most, and the same for the same intent.
func jitter(intent string, most time.Duration) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(intent))
	return time.Duration(h.Sum32()%1000) * most / 1000
}

// order is the next order of the exit, or what stands in its way.
func (s Standing) order(w World, m *Market, r Reading, need decimal.Decimal) Step {
	p := s.Plan
	price, takes, why := p.price(m)
	if s.State == Pending && len(w.Exits) == 0 && m.Break.Mode == bitbank.ModeNone && len(m.Book) > 0 && p.inside(m.Book[0].Price.Decimal()) {
		if w.Now.Sub(m.BookAt) > bookYoung { // it may be one of before the outage
			return Step{Act: Wait, Why: Stale, Again: soon}
		}
		return Step{Act: Rearm, Why: Returned, Price: m.Book[0].Price.Decimal()}
	}
	if why != "" {
		return Step{Act: Wait, Why: why, Again: later}
	}
	if r.Free.LessThan(need) && len(r.Guards) > 0 && m.Break.Mode == bitbank.ModeNone {
		step := Step{Act: Cancel, Guards: true}
		for _, o := range r.Guards {
			if o.Cancelable() {
				step.Cancel = append(step.Cancel, o.ID)
			}
		}
		if len(step.Cancel) > 0 {
			return step
		}
	}
	amount := decimal.Min(need, r.Free)
	if takes.IsPositive() {
		amount = decimal.Min(amount, takes)
	}
	if most := m.Pair.LimitMaxAmount.Decimal(); most.IsPositive() {
		amount = decimal.Min(amount, most)
	}
	amount = amount.Truncate(int32(m.Pair.AmountDigits))
	least := decimal.Max(m.Pair.UnitAmount.Decimal(), m.Least.Decimal())
	if amount.LessThan(least) {
		if r.Free.LessThan(least) {
			return Step{Act: Wait, Why: Locked, Again: later}
		}
		return Step{Act: Wait, Why: Small, Again: later}
	}
	return Step{Act: Place, Order: bitbank.NewOrder{
		Pair: p.Pair, Side: p.Side, Type: bitbank.Limit, PositionSide: p.Position,
		Amount: bitbank.NewNumber(amount), Price: bitbank.NewNumber(price),
	}}
}

// price is the price of the next order: marketable within the slippage while the pair trades continuously and the book is deep
// enough for it, and then how much the book takes; else the guard. A limit and not a market order, because a book can be
// emptied between our look and the order's arrival.
func (p Plan) price(m *Market) (price, takes decimal.Decimal, why Reason) {
	guard, digits := p.Guard.Decimal(), int32(m.Pair.PriceDigits)
	if m.Break.Mode != bitbank.ModeNone {
		lower, upper := m.Break.LowerPrice.Decimal(), m.Break.UpperPrice.Decimal()
		if estimate := m.Break.EstimatedPrice.Decimal(); !p.beyond(estimate) {
			return guard, takes, Auction
		}
		near, far := lower, upper // the worse end of the band for us, and the better one
		if p.Side == bitbank.Buy {
			near, far = upper, lower
		}
		switch {
		case near.IsPositive() && p.worse(guard, near):
			return near, takes, ""
		case far.IsPositive() && p.worse(far, guard):
			return guard, takes, Outside
		}
		return guard, takes, ""
	}
	if len(m.Book) == 0 {
		return guard, takes, ""
	}
	part := p.Slippage.Decimal().Shift(-2)
	if p.Side == bitbank.Sell {
		part = part.Neg()
	}
	limit := m.Book[0].Price.Decimal().Mul(decimal.NewFromInt(1).Add(part))
	if p.Side == bitbank.Sell {
		limit = limit.RoundUp(digits)
	} else {
		limit = limit.Truncate(digits)
	}
	limit = p.best(limit, guard)
	for _, level := range m.Book {
		if p.worse(level.Price.Decimal(), limit) {
			break
		}
		takes = takes.Add(level.Amount.Decimal())
	}
	takes = takes.Truncate(int32(m.Pair.AmountDigits))
	if takes.LessThan(decimal.Max(m.Pair.UnitAmount.Decimal(), m.Least.Decimal())) {
		return guard, decimal.Zero, ""
	}
	return limit, takes, ""
}

// resting says what becomes of an order of the exit that rests: it stays where the next would stand too, or makes way for it.
func (s Standing) resting(w World, e Exit, next Step) Step {
	stays := Step{Act: Wait, Why: Resting, Again: soon}
	same := next.Act == Place && next.Order.Price.Decimal().Equal(e.Order.Price.Decimal())
	blocked := next.Act == Wait && next.Why != Locked && next.Why != Small
	if same || blocked || w.Now.Sub(e.Signed) < restFor || !e.Order.Cancelable() {
		return stays
	}
	if next.Act != Place {
		// What it locks is not free, so what the next would be is only known when it has gone; at the guard it stands well.
		if price, _, why := s.Plan.price(w.Market); why != "" || price.Equal(e.Order.Price.Decimal()) {
			return stays
		}
	}
	return Step{Act: Cancel, Cancel: []bitbank.OrderID{e.Order.ID}}
}

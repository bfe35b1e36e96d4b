package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// Rates are what bitbank charges, by pair. They change, so they are asked for and not written here.
type Rates struct {
	Pairs map[string]Rate
	// StopsLockLate says that an order with a trigger locks nothing before it is triggered. bitbank's documents are silent;
	// that it locks when it is placed, as all others do, is our assumption.
	StopsLockLate bool
}

// A Rate is what counts for one pair.
type Rate struct {
	Taker     decimal.Decimal // the fee in the quote asset; a negative one is a rebate, which locks nothing
	Allowance decimal.Decimal // what a buy without a price locks on top, as a fraction
}

// RatesOf takes them from bitbank's settings of the pairs.
func RatesOf(pairs []bitbank.Pair) Rates {
	r := Rates{Pairs: make(map[string]Rate, len(pairs))}
	for _, p := range pairs {
		r.Pairs[p.Name] = Rate{p.TakerFeeQuote.Decimal(), p.MarketAllowance.Decimal()}
	}
	return r
}

// digits is how many decimals bitbank keeps of a quote asset: "amount_precision" of the assets.
func digits(asset string) int32 {
	if asset == "jpy" {
		return 4
	}
	return 8
}

// assetsOf are what a pair is traded in.
func assetsOf(pair string) (base, quote string) {
	base, quote, _ = strings.Cut(pair, "_")
	return base, quote
}

// A Doubt is why a difference is not to be relied on.
type Doubt string

// The doubts.
const (
	NoBalance Doubt = "no_balance" // there is no read of the asset that is old enough, with its trades still kept
	TooClose  Doubt = "too_close"  // something happened so close to a read that it is not sure whether the read shows it
	NoRate    Doubt = "no_rate"    // an order lives whose lock cannot be worked out
)

// A Difference is what nothing known explains of one asset. Zero with a doubt proves nothing.
type Difference struct {
	Asset    string
	Locked   decimal.Decimal // locked beyond what known live orders and withdrawals lock
	OnHand   decimal.Decimal // on hand beyond the earlier balance and what has happened since
	Since    time.Time       // of the earlier balance
	Rounding decimal.Decimal // what cutting to the asset's digits may have made of it
	Doubts   []Doubt
	Orders   []bitbank.OrderID // whose lock cannot be worked out: they are to be read again
	Moved    time.Time         // the newest thing that is known to have moved the asset, by bitbank's time
}

// Amount is how much is unexplained, locked and on hand together, so that neither hides the other. What is within the rounding
// is zero.
func (d Difference) Amount() decimal.Decimal {
	sum := decimal.Decimal{}
	for _, x := range []decimal.Decimal{d.Locked.Abs(), d.OnHand.Abs()} {
		if x.GreaterThan(d.Rounding) {
			sum = sum.Add(x)
		}
	}
	return sum
}

// Explained reports whether every amount is explained beyond doubt.
func (d Difference) Explained() bool { return len(d.Doubts) == 0 && d.Amount().IsZero() }

func (d *Difference) doubt(x Doubt) {
	if !slices.Contains(d.Doubts, x) {
		d.Doubts = append(d.Doubts, x)
	}
}

// A Look is a read of one asset whose amounts are to be explained.
type Look struct {
	Row   bitbank.AssetUpdate
	Began time.Time // when the read was sent; zero is the same as At
	At    time.Time // when it was answered
	// Since is when the earlier balance must be known: for a lost order, when its request was signed. A later balance might
	// hold the order's money already.
	Since time.Time
	// Near is how far bitbank's times and ours may be apart; 0 is two seconds. What happened nearer to a read than that may
	// or may not be in it, and is a doubt.
	Near time.Duration
}

// near is what reconcile allows bitbank's clocks, rounded up.
const near = 2 * time.Second

// Unexplained is what is locked and on hand of an asset by nothing that is known.
func (l *Ledger) Unexplained(k Look, rates Rates) Difference {
	return l.Explain(k, rates).Since(k.Since)
}

// An Explanation is one read of an asset beside what is known, for as many earlier balances as are asked for. It holds until
// the next record.
type Explanation struct {
	l       *Ledger
	k       Look
	rates   Rates
	locked  Difference
	changes []change
	since   map[time.Time]Difference

	lag    time.Duration // of events
	events []event       // see Moment
	told   bool          // events are all
}

// Explain begins to explain a read; its Since is not looked at.
func (l *Ledger) Explain(k Look, rates Rates) *Explanation {
	if k.Began.IsZero() {
		k.Began = k.At
	}
	k.Near = cmp.Or(k.Near, near)
	x := &Explanation{l: l, k: k, rates: rates, locked: Difference{Asset: k.Row.Asset}, since: map[time.Time]Difference{}}
	d := &x.locked
	d.Locked = k.Row.Locked.Decimal().Sub(l.locks(d, k, rates))
	slices.Sort(d.Orders)
	if s := l.balances[d.Asset]; s != nil && len(s.Reads) > 0 {
		x.changes = l.changes(d.Asset, s.Reads[0].Began.Add(-k.Near-Stale))
		for _, c := range x.changes {
			d.move(c.from)
			d.move(c.to)
		}
	}
	return x
}

func (d *Difference) move(at time.Time) {
	if at.After(d.Moved) {
		d.Moved = at
	}
}

// Since compares with a balance from before a time: see [Look].
func (x *Explanation) Since(signed time.Time) Difference {
	first, sure := x.first(signed)
	key := time.Time{}
	if first != nil {
		key = first.Began
	}
	d, known := x.since[key]
	if !known {
		d = x.locked
		d.Doubts = slices.Clone(d.Doubts)
		x.onHand(&d, first)
		if !sure && !d.OnHand.IsZero() {
			d.doubt(TooClose) // the earlier balance may have been stale
		}
		slices.Sort(d.Doubts)
		x.since[key] = d
	}
	return d
}

// shows says whether what happened from one time to another is in a balance.
type shows int

const (
	before shows = iota // it is in
	unsure
	after
)

func (k Look) shows(from, to, began, at time.Time) shows {
	switch {
	case to.Before(began.Add(-k.Near)):
		return before
	case from.After(at.Add(k.Near)):
		return after
	}
	return unsure
}

// moved reports whether an order has changed so late that what is known of it now need not be what the read shows.
func (k Look) moved(at bitbank.Millis) bool {
	return at != 0 && k.shows(at.Time(), at.Time(), k.Began, k.At) != before
}

// locks is what the known orders and withdrawals lock of an asset.
func (l *Ledger) locks(d *Difference, k Look, rates Rates) decimal.Decimal {
	sum := decimal.Decimal{}
	l.trades.sort()
	for _, t := range l.trades.list[l.trades.from(k.Began.Add(-k.Near-time.Millisecond)):] {
		if base, quote := assetsOf(t.Pair); (base == d.Asset || quote == d.Asset) && k.moved(t.ExecutedAt) {
			d.doubt(TooClose)
		}
	}
	for pair, live := range l.orders.live {
		if base, quote := assetsOf(pair); base != d.Asset && quote != d.Asset {
			continue
		}
		for id, o := range live {
			left := o.RemainingAmount.Decimal()
			k.stirs(d, o)
			if start := o.StartAmount; start.Known() {
				left = decimal.Min(left, start.Decimal().Sub(l.trades.sum(orderKey{pair, id}))) // a trade can be known before the order's report of it
			}
			asset, amount, known := lockOf(&o.Order, left, rates)
			if asset != d.Asset {
				continue
			}
			if !known {
				d.doubt(NoRate)
				d.Orders = append(d.Orders, id)
			}
			if asset == quoteOf(pair) {
				d.Rounding = d.Rounding.Add(decimal.New(1, -digits(asset)))
			}
			sum = sum.Add(amount)
		}
	}
	for _, o := range l.orders.lately {
		if base, quote := assetsOf(o.Pair); base == d.Asset || quote == d.Asset {
			k.stirs(d, o)
		}
	}
	for _, t := range l.transfers.by {
		if w := t.Withdrawal; w != nil && w.Asset == d.Asset && !w.Status.Terminal() {
			sum = sum.Add(w.Amount.Decimal()).Add(w.Fee.Decimal())
		}
	}
	return sum
}

// stirs notes when an order has moved money.
func (k Look) stirs(d *Difference, o *order) {
	for _, m := range []bitbank.Millis{o.OrderedAt, o.TriggeredAt, o.CanceledAt} {
		if m == 0 {
			continue
		}
		d.move(m.Time())
		if k.moved(m) {
			d.doubt(TooClose)
		}
	}
}

func quoteOf(pair string) string {
	_, quote := assetsOf(pair)
	return quote
}

// lockOf is what a live order locks: what it sells, or its price with the taker's fee (measured by others: price x amount x
// 1.0012, cut to four decimals of yen). Orders on margin lock no asset. An order without a price knows its trigger at best;
// an order at the market knows nothing, and lives no longer than its answer takes.
func lockOf(o *bitbank.Order, left decimal.Decimal, rates Rates) (asset string, amount decimal.Decimal, known bool) {
	base, quote := assetsOf(o.Pair)
	triggered := o.TriggeredAt != 0 || o.Status.Stage() > 0
	switch {
	case o.PositionSide != bitbank.Spot || !left.IsPositive():
		return "", decimal.Decimal{}, true
	case o.TriggerPrice.Known() && !triggered && rates.StopsLockLate:
		return "", decimal.Decimal{}, true
	case o.Side == bitbank.Sell:
		return base, left, true
	}
	rate, known := rates.Pairs[o.Pair]
	price, factor := o.Price, decimal.NewFromInt(1)
	if !price.Known() {
		price, factor = o.TriggerPrice, factor.Add(rate.Allowance)
	}
	factor = factor.Mul(decimal.NewFromInt(1).Add(decimal.Max(rate.Taker, decimal.Decimal{})))
	return quote, price.Decimal().Mul(left).Mul(factor).Truncate(digits(quote)), known && price.Known() && o.Side == bitbank.Buy
}

// A change is what happened to an asset on hand, at some time between two.
type change struct {
	amount   decimal.Decimal
	from, to time.Time
	rounding decimal.Decimal // what cutting the value and the fee may have made of it
}

// Stale is how old what a read shows may be: bitbank's replicas lag, see reconcile.L.
const Stale = 30 * time.Second

// first is the newest read from before a time that the money is counted from. Best is one before which nothing had moved for so
// long that even a replica that lags has shown it: then it is sure.
func (x *Explanation) first(signed time.Time) (first *reading, sure bool) {
	s := x.l.balances[x.locked.Asset]
	if s == nil {
		return nil, false
	}
	known := x.l.since()
	quiet := func(r reading, lag time.Duration) bool {
		from, to := r.Began.Add(-x.k.Near-lag), r.At.Add(x.k.Near)
		return !slices.ContainsFunc(x.changes, func(c change) bool { return !c.to.Before(from) && !c.from.After(to) })
	}
	for i, r := range slices.Backward(s.Reads) {
		if r.At.After(signed) || !r.At.Before(x.k.Began) {
			continue
		}
		if r.Began.Add(-x.k.Near).Before(known) {
			break
		}
		if quiet(r, Stale) {
			return &s.Reads[i], true
		}
		if first == nil && quiet(r, 0) {
			first = &s.Reads[i]
		}
	}
	return first, false
}

// onHand compares what is on hand with an earlier balance and the changes since.
func (x *Explanation) onHand(d *Difference, first *reading) {
	k := x.k
	if first == nil {
		d.doubt(NoBalance)
		return
	}
	d.Since = first.Began
	should := first.Row.OnHand.Decimal()
	for _, c := range x.changes {
		if k.shows(c.from, c.to, first.Began, first.At) == before {
			continue
		}
		switch k.shows(c.from, c.to, k.Began, k.At) {
		case after:
			continue
		case unsure:
			d.doubt(TooClose)
		}
		should = should.Add(c.amount)
		d.Rounding = d.Rounding.Add(c.rounding)
	}
	d.OnHand = k.Row.OnHand.Decimal().Sub(should)
}

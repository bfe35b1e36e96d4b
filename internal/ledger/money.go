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
	if k.Began.IsZero() {
		k.Began = k.At
	}
	k.Near = cmp.Or(k.Near, near)
	d := Difference{Asset: k.Row.Asset}
	d.Locked = k.Row.Locked.Decimal().Sub(l.locks(&d, k, rates))
	l.onHand(&d, k)
	slices.Sort(d.Orders)
	slices.Sort(d.Doubts)
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
	filled := map[orderKey]decimal.Decimal{} // a trade can be known before the order's report of it
	for _, t := range l.trades.list {
		if base, quote := assetsOf(t.Pair); (base == d.Asset || quote == d.Asset) && k.moved(t.ExecutedAt) {
			d.doubt(TooClose)
		}
		if key := (orderKey{t.Pair, t.OrderID}); l.orders.live[key.pair][key.id] != nil {
			filled[key] = filled[key].Add(t.Amount.Decimal())
		}
	}
	for pair, live := range l.orders.live {
		if base, quote := assetsOf(pair); base != d.Asset && quote != d.Asset {
			continue
		}
		for id, o := range live {
			left := o.RemainingAmount.Decimal()
			if start := o.StartAmount; start.Known() {
				left = decimal.Min(left, start.Decimal().Sub(filled[orderKey{pair, id}]))
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
	for _, o := range l.orders.all {
		if base, quote := assetsOf(o.Pair); base == d.Asset || quote == d.Asset {
			for _, m := range []bitbank.Millis{o.OrderedAt, o.TriggeredAt, o.CanceledAt} {
				if k.moved(m) {
					d.doubt(TooClose)
				}
			}
		}
	}
	for _, t := range l.transfers.by {
		if w := t.Withdrawal; w != nil && w.Asset == d.Asset && !w.Status.Terminal() {
			sum = sum.Add(w.Amount.Decimal()).Add(w.Fee.Decimal())
		}
	}
	return sum
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

// onHand compares what is on hand with an earlier balance and the changes since.
func (l *Ledger) onHand(d *Difference, k Look) {
	var changes []change
	var first *reading
	known := l.since()
	if s := l.balances[d.Asset]; s != nil && len(s.Reads) > 0 {
		changes = l.changes(d.Asset, s.Reads[0].Began.Add(-k.Near-time.Millisecond))
		for i, r := range slices.Backward(s.Reads) {
			if r.At.After(k.Since) || !r.At.Before(k.Began) {
				continue
			}
			if r.Began.Add(-k.Near).Before(known) {
				break
			}
			if !slices.ContainsFunc(changes, func(c change) bool { return k.shows(c.from, c.to, r.Began, r.At) == unsure }) {
				first = &s.Reads[i]
				break
			}
		}
	}
	if first == nil {
		d.doubt(NoBalance)
		return
	}
	d.Since = first.Began
	should := first.Row.OnHand.Decimal()
	for _, c := range changes {
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

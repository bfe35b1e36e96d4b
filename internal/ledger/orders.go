package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

type orderKey struct {
	pair string
	id   bitbank.OrderID
}

// An order is the newest that is known of one.
type order struct {
	bitbank.Order           // Status is "" when it was named by nothing but its id
	Ended         time.Time `json:"ended,omitzero"` // when a report that it was over came first
	Origin        origin    `json:"origin,omitzero"`

	shelf shelf // where it stands, if it stands anywhere; see orders.alike
}

// An origin is an Origin with what gives it its weight.
type origin struct {
	Origin
	Said bool      `json:"said,omitzero"` // by a record, not by an intent
	At   time.Time `json:"at"`
}

// heavier reports whether o overrules p: what was said before what follows, then the later, then any fixed order.
func (o origin) heavier(p origin) bool {
	if o.Said != p.Said {
		return o.Said
	}
	return cmp.Or(o.At.Compare(p.At), strings.Compare(string(o.By), string(p.By)), strings.Compare(o.Bot, p.Bot),
		strings.Compare(o.Intent, p.Intent)) > 0
}

func (o *order) live() bool { return o.Status != "" && !o.Status.Terminal() }

// over is when there was nothing more to come of it.
func (o *order) over() time.Time {
	if o.Status == "" {
		return o.Origin.At
	}
	return o.Ended
}

// orders are all that are kept.
type orders struct {
	all    map[orderKey]*order
	live   map[string]map[bitbank.OrderID]*order // by pair
	lately map[orderKey]*order                   // ended within lateFor of the newest record, and some more
	pruned int                                   // how many lately had when it was pruned last
	alive  int
	alike  map[shelf]map[bitbank.OrderID]*order // those of live and lately
}

// A shelf is where orders stand that can look the same: of one pair, at one price. With Price "" it is not known, or there is none.
type shelf struct{ pair, price string }

func shelfOf(pair string, price bitbank.Number) shelf {
	if !price.Known() {
		return shelf{pair: pair}
	}
	return shelf{pair, price.Decimal().String()}
}

// lateFor is how long after its end an order can still look like one that was sent after it: clocks of bitbank's hosts and
// ours differ by seconds.
const lateFor = time.Minute

// entry finds or makes the place of an order.
func (s *orders) entry(key orderKey) *order {
	o := s.all[key]
	if o == nil {
		if s.all == nil {
			s.all, s.live, s.lately = map[orderKey]*order{}, map[string]map[bitbank.OrderID]*order{}, map[orderKey]*order{}
			s.alike = map[shelf]map[bitbank.OrderID]*order{}
		}
		key.pair = strings.Clone(key.pair)
		o = &order{Order: bitbank.Order{ID: key.id, Pair: key.pair}}
		s.all[key] = o
	}
	return o
}

// reported takes in a report of an order.
func (l *Ledger) reported(fresh *bitbank.Order, at time.Time) {
	if fresh.ID <= 0 || fresh.Pair == "" || fresh.Status == "" {
		return
	}
	s := &l.orders
	key := orderKey{fresh.Pair, fresh.ID}
	if s.all[key] == nil && fresh.Status.Terminal() && at.Before(l.forgotten) {
		return
	}
	o := s.entry(key)
	was := o.live()
	merge(&o.Order, fresh)
	if fresh.Status.Terminal() && (o.Ended.IsZero() || at.Before(o.Ended)) {
		o.Ended = at
	}
	s.place(o, was, l.newest)
	l.intents.stale = l.intents.stale || o.Status.Terminal()
	if slack(s.ended(), keepOrders) {
		l.closeCancels()
		s.trim(keepOrders)
	}
}

// add takes in an order that another ledger knew.
func (s *orders) add(o *order, now time.Time) {
	*s.entry(orderKey{o.Pair, o.ID}) = *o
	s.place(s.all[orderKey{o.Pair, o.ID}], false, now)
}

// place puts an order where it is looked for; was says whether it lived until now.
func (s *orders) place(o *order, was bool, now time.Time) {
	switch is := o.live(); {
	case is && !was:
		if s.live[o.Pair] == nil {
			s.live[o.Pair] = map[bitbank.OrderID]*order{}
		}
		s.live[o.Pair][o.ID] = o
		s.alive++
	case was && !is:
		delete(s.live[o.Pair], o.ID)
		s.alive--
	}
	if !o.Ended.IsZero() && now.Sub(o.Ended) <= lateFor {
		s.lately[orderKey{o.Pair, o.ID}] = o
		s.prune(now)
	}
	s.sort(o)
}

// sort puts an order on its shelf, or takes it from there when it neither lives nor ended lately.
func (s *orders) sort(o *order) {
	to := shelf{}
	if o.live() || s.lately[orderKey{o.Pair, o.ID}] == o {
		to = shelfOf(o.Pair, o.Price)
	}
	s.move(o, to)
}

// move puts an order on another shelf; the zero one is none.
func (s *orders) move(o *order, to shelf) {
	if to == o.shelf {
		return
	}
	if delete(s.alike[o.shelf], o.ID); len(s.alike[o.shelf]) == 0 {
		delete(s.alike, o.shelf)
	}
	o.shelf = to
	if to == (shelf{}) {
		return
	}
	if s.alike[to] == nil {
		s.alike[to] = map[bitbank.OrderID]*order{}
	}
	s.alike[to][o.ID] = o
}

// prune takes out of lately what ended too long ago.
func (s *orders) prune(now time.Time) {
	if len(s.lately) < 2*s.pruned+64 {
		return
	}
	for key, o := range s.lately {
		if now.Sub(o.Ended) > lateFor {
			delete(s.lately, key)
			s.sort(o)
		}
	}
	s.pruned = len(s.lately)
}

// ended is how many are kept that do not live.
func (s *orders) ended() int { return len(s.all) - s.alive }

// trim drops those that ended first until no more than most that ended are left.
func (s *orders) trim(most int) {
	n := s.ended()
	if n <= most {
		return
	}
	over := make([]*order, 0, n)
	for _, o := range s.all {
		if !o.live() {
			over = append(over, o)
		}
	}
	slices.SortFunc(over, func(a, b *order) int {
		return cmp.Or(a.over().Compare(b.over()), cmp.Compare(a.ID, b.ID), strings.Compare(a.Pair, b.Pair))
	})
	for _, o := range over[:n-most] {
		s.drop(o)
	}
}

func (s *orders) drop(o *order) {
	key := orderKey{o.Pair, o.ID}
	delete(s.all, key)
	delete(s.lately, key)
	if o.live() {
		delete(s.live[o.Pair], o.ID)
		s.alive--
	}
	s.move(o, shelf{})
}

// forget drops what ended, or must have: bitbank cancels orders at their expire_at, and later forgets them.
func (s *orders) forget(before time.Time) {
	for _, o := range s.all {
		if !o.live() && o.over().Before(before) || o.live() && o.ExpireAt != 0 && o.ExpireAt.Time().Before(before) {
			s.drop(o)
		}
	}
}

// merge takes in what a report knows. The stage only rises, what remains only falls and what was executed only grows, each
// whatever the order of the reports; everything else is said once.
func merge(o, fresh *bitbank.Order) {
	if a, b := o.Status.Stage(), fresh.Status.Stage(); b > a || b == a && fresh.Status > o.Status {
		o.Status = fresh.Status
	}
	if c := compare(fresh.RemainingAmount, o.RemainingAmount); c < 0 || !o.RemainingAmount.Known() {
		o.RemainingAmount = fresh.RemainingAmount
	} else if c == 0 {
		o.RemainingAmount = better(o.RemainingAmount, fresh.RemainingAmount)
	}
	if c := compare(fresh.ExecutedAmount, o.ExecutedAmount); c > 0 || !o.ExecutedAmount.Known() {
		o.ExecutedAmount, o.AveragePrice = fresh.ExecutedAmount, fresh.AveragePrice
	} else if c == 0 && fresh.ExecutedAmount.Known() {
		o.ExecutedAmount, o.AveragePrice = better(o.ExecutedAmount, fresh.ExecutedAmount), better(o.AveragePrice, fresh.AveragePrice)
	}
	o.Side = max(o.Side, fresh.Side)
	o.PositionSide = max(o.PositionSide, fresh.PositionSide)
	o.Type = max(o.Type, fresh.Type)
	o.StartAmount = better(o.StartAmount, fresh.StartAmount)
	o.Price = better(o.Price, fresh.Price)
	o.TriggerPrice = better(o.TriggerPrice, fresh.TriggerPrice)
	o.PostOnly = o.PostOnly || fresh.PostOnly
	if c := fresh.UserCancelable; c != nil && (o.UserCancelable == nil || !*c) {
		o.UserCancelable = new(*c)
	}
	o.OrderedAt = max(o.OrderedAt, fresh.OrderedAt)
	o.ExpireAt = max(o.ExpireAt, fresh.ExpireAt)
	o.TriggeredAt = max(o.TriggeredAt, fresh.TriggeredAt)
	o.CanceledAt = max(o.CanceledAt, fresh.CanceledAt)
}

// compare is 0 when one of the two is not known.
func compare(a, b bitbank.Number) int {
	if a == b || !a.Known() || !b.Known() {
		return 0
	}
	return a.Decimal().Cmp(b.Decimal())
}

// Order is what is known of an order, whatever single reports leave out, and whose it is. A case of reconcile is given
// orders as they are known here.
func (l *Ledger) Order(pair string, id bitbank.OrderID) (bitbank.Order, Origin, bool) {
	o := l.orders.all[orderKey{pair, id}]
	if o == nil || o.Status == "" {
		return bitbank.Order{}, Origin{}, false
	}
	return o.copy(), o.Origin.Origin, true
}

func (o *order) copy() bitbank.Order {
	c := o.Order
	if c.UserCancelable != nil {
		c.UserCancelable = new(*c.UserCancelable)
	}
	return c
}

// Live are the orders that can still be executed, by id.
func (l *Ledger) Live() []bitbank.Order {
	return l.list(func(o *order) bool { return o.live() })
}

// Finished are the orders that are over and still kept, by id.
func (l *Ledger) Finished() []bitbank.Order {
	l.tidy()
	return l.list(func(o *order) bool { return o.Status.Terminal() })
}

// Strange are the orders of nobody that we know, by id: a human's, or a lost one that is ours.
func (l *Ledger) Strange() []bitbank.Order {
	l.tidy()
	return l.list(func(o *order) bool { return o.Status != "" && o.Origin.By == Nobody })
}

func (l *Ledger) list(want func(*order) bool) []bitbank.Order {
	var out []bitbank.Order
	for _, o := range l.orders.all {
		if want(o) {
			out = append(out, o.copy())
		}
	}
	slices.SortFunc(out, func(a, b bitbank.Order) int { return cmp.Or(cmp.Compare(a.ID, b.ID), strings.Compare(a.Pair, b.Pair)) })
	return out
}

// attribute says whose an order is.
func (l *Ledger) attribute(key orderKey, by origin) {
	if key.id <= 0 || key.pair == "" {
		return
	}
	if o := l.orders.entry(key); by.heavier(o.Origin) {
		o.Origin = by
	}
}

package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/reconcile"
)

// An Answer is how far an intent has come.
type Answer string

// The answers. Unanswered is the zero value: it is being sent, or we went down before we could write what came back.
const (
	Unanswered Answer = ""
	Done       Answer = "done" // bitbank placed or cancelled
	Declined   Answer = "refused"
	Lost       Answer = "lost" // a case of reconcile says what became of it
)

// An Intent is what has become of an Intended.
type Intent struct {
	Intended
	Recorded time.Time         `json:"recorded"`
	Answer   Answer            `json:"answer"`
	Refused  *Refused          `json:"refused,omitzero"`
	Code     bitbank.Code      `json:"code,omitzero"`
	Placed   []bitbank.OrderID `json:"placed,omitzero"` // as answered
	Over     bool              `json:"over,omitzero"`   // a cancel all of whose orders are over
	Case     *reconcile.Case   `json:"case,omitzero"`   // of a lost order
	Facts    int               `json:"facts,omitzero"`  // that the case has taken in; the next is one more
	Debt     Debt              `json:"debt,omitzero"`
	Debts    int               `json:"debts,omitzero"`   // changes of it so far; the next is one more
	DebtAt   time.Time         `json:"debt_at,omitzero"` // of the newest change
	Unwanted bool              `json:"unwanted,omitzero"`
}

// Settled reports whether its outcome is known.
func (i *Intent) Settled() bool {
	switch i.Answer {
	case Done, Declined:
		return true
	}
	return i.Over || i.Case != nil && i.Case.Settled()
}

// A Lane is what an order looks like: two of one lane cannot be told apart. Amounts and prices are compared as numbers.
// post_only is no part of it: bitbank drops it silently outside continuous trading.
type Lane struct {
	Pair         string
	Side         bitbank.Side
	PositionSide bitbank.PositionSide
	Type         bitbank.OrderType
	Price        string
	TriggerPrice string
	Amount       string
}

// LaneOf is the lane of an order.
func LaneOf(o bitbank.NewOrder) Lane {
	return Lane{o.Pair, o.Side, o.PositionSide, o.Type, plain(o.Price), plain(o.TriggerPrice), plain(o.Amount)}
}

// plain is one text for each value.
func plain(n bitbank.Number) string {
	if !n.Known() {
		return ""
	}
	return n.Decimal().String()
}

// intents are all that are kept.
type intents struct {
	by    map[string]*Intent
	open  map[string]*Intent          // those that are not settled
	lanes map[Lane]map[string]*Intent // those that are open, or not paid

	cancels map[string]*Intent // those that are open
	stale   bool               // an order has ended, or a cancel was added, since cancels were looked at
}

// dueFor is how long a bot's identical order is taken for a repetition of one whose outcome it was not told.
const dueFor = 10 * time.Minute

// file puts an intent where it is looked for.
func (s *intents) file(i *Intent) {
	if i.Settled() {
		delete(s.open, i.ID)
		delete(s.cancels, i.ID)
	} else {
		s.open[i.ID] = i
	}
	if i.Order == nil {
		if !i.Settled() {
			s.cancels[i.ID], s.stale = i, true
		}
		return
	}
	lane := LaneOf(*i.Order)
	if i.Settled() && i.Debt == Paid {
		if delete(s.lanes[lane], i.ID); len(s.lanes[lane]) == 0 {
			delete(s.lanes, lane)
		}
		return
	}
	if s.lanes[lane] == nil {
		s.lanes[lane] = map[string]*Intent{}
	}
	s.lanes[lane][i.ID] = i
}

func (l *Ledger) intended(n *Intended, at time.Time) {
	s := &l.intents
	if n.ID == "" || s.by[n.ID] != nil {
		return
	}
	s.add(&Intent{Intended: n.copy(), Recorded: at, DebtAt: at})
	if slack(len(s.by)-len(s.open), keepIntents) {
		s.trim(keepIntents, l.newest)
	}
}

func (s *intents) add(i *Intent) {
	if s.by == nil {
		s.by, s.open, s.lanes = map[string]*Intent{}, map[string]*Intent{}, map[Lane]map[string]*Intent{}
		s.cancels = map[string]*Intent{}
	}
	s.by[i.ID] = i
	s.file(i)
}

func (n Intended) copy() Intended {
	n.Signed, n.Known = n.Signed.UTC().Round(0), slices.Clone(n.Known)
	if n.Order != nil {
		n.Order = new(*n.Order)
	}
	if n.Cancel != nil {
		n.Cancel = &Cancel{n.Cancel.Pair, slices.Clone(n.Cancel.IDs)}
	}
	return n
}

// answered takes in the answer. Bitbank's word that it was placed stands above every verdict of ours; a refusal that comes after
// the outcome was settled otherwise is none.
func (l *Ledger) answered(a *Answered, at time.Time) {
	for k := range a.Orders {
		l.reported(&a.Orders[k], at)
	}
	i := l.intents.by[a.ID]
	if i == nil || i.Answer == Done || i.Answer == Declined {
		return
	}
	if i.Cancel != nil {
		i.Over = false // whether its orders were looked at before the answer came must not matter
		l.intents.stale = true
	}
	switch {
	case len(a.Orders) > 0:
		i.Answer = Done
		for _, o := range a.Orders {
			i.Placed = append(i.Placed, o.ID)
		}
		if i.Order != nil {
			l.own(i, at, i.Placed)
		}
	case i.Settled():
	case a.Refused != nil:
		i.Answer, i.Refused = Declined, new(*a.Refused)
	default:
		i.Answer, i.Code = Lost, cmp.Or(a.Code, i.Code)
		if i.Order != nil && i.Case == nil {
			i.Case = new(reconcile.Open(i.reconciled(), at))
		}
	}
	l.intents.file(i)
}

// own attributes orders to the bot of an intent.
func (l *Ledger) own(i *Intent, at time.Time, ids []bitbank.OrderID) {
	for _, id := range ids {
		l.attribute(orderKey{i.Order.Pair, id}, origin{Origin: Origin{Bot, i.Bot, i.ID}, At: at})
	}
}

func (i *Intent) reconciled() reconcile.Intent {
	return reconcile.Intent{ID: i.ID, Order: *i.Order, At: i.Signed, Window: i.Window, Known: i.Known}
}

// learned takes in a fact about a lost order. A fact about one that was never answered opens its case: we went down.
func (l *Ledger) learned(f *Learned, at time.Time) {
	i := l.intents.by[f.ID]
	if i == nil || i.Order == nil || i.Answer == Done || i.Answer == Declined || f.N <= i.Facts {
		return
	}
	if i.Case == nil {
		i.Answer, i.Case = Lost, new(reconcile.Open(i.reconciled(), at))
	}
	i.Facts = f.N
	i.Case = new(i.Case.Learn(f.Fact))
	if i.Case.Verdict == reconcile.Placed {
		l.own(i, at, i.Case.Orders)
	}
	l.intents.file(i)
}

func (l *Ledger) owed(o *Owed, at time.Time) {
	i := l.intents.by[o.ID]
	if i == nil || i.Debt == Paid || o.N <= i.Debts {
		return
	}
	i.Debt, i.Debts, i.DebtAt = o.Debt, o.N, at
	l.intents.file(i)
}

// started makes every intent due whose bot was waiting.
func (l *Ledger) started(n int, at time.Time) {
	if n <= l.starts {
		return // a repetition
	}
	l.starts = n
	for _, i := range l.intents.by {
		if i.Debt == Held && i.Order != nil {
			i.Debt, i.DebtAt = Due, at
			if i.Settled() {
				i.Debt = Perhaps
			}
		}
	}
}

// Starts is how often we were started; the next [Started] is one more.
func (l *Ledger) Starts() int { return l.starts }

// closeCancels settles the cancels whose orders are over, before those are dropped.
func (l *Ledger) closeCancels() {
	if !l.intents.stale {
		return
	}
	for _, i := range l.intents.cancels {
		if i.Cancel == nil || len(i.Cancel.IDs) == 0 {
			continue
		}
		i.Over = !slices.ContainsFunc(i.Cancel.IDs, func(id bitbank.OrderID) bool {
			o := l.orders.all[orderKey{i.Cancel.Pair, id}]
			return o == nil || !o.Status.Terminal()
		})
		l.intents.file(i)
	}
	l.intents.stale = false
}

// watched reports whether an absence was proved so recently that the order may still show up.
func (i *Intent) watched(now time.Time) bool {
	return i.Case != nil && i.Case.Verdict == reconcile.NotPlaced && now.Sub(i.Case.At) < ghostFor
}

// trim keeps the newest of those that are settled.
func (s *intents) trim(most int, now time.Time) {
	if len(s.by)-len(s.open) <= most {
		return
	}
	var over []*Intent
	for _, i := range s.by {
		if i.Settled() && !i.watched(now) {
			over = append(over, i)
		}
	}
	slices.SortFunc(over, byAge)
	for _, i := range over[:max(0, len(over)-most)] {
		s.drop(i)
	}
}

func (s *intents) drop(i *Intent) {
	delete(s.by, i.ID)
	i.Debt = Paid // nobody is told any more
	s.file(i)
}

func (s *intents) forget(before, now time.Time) {
	for _, i := range s.by {
		if i.Settled() && !i.watched(now) && i.Recorded.Before(before) {
			s.drop(i)
		}
	}
}

// byAge orders intents by when they were signed.
func byAge(a, b *Intent) int {
	return cmp.Or(a.Signed.Compare(b.Signed), a.Recorded.Compare(b.Recorded), strings.Compare(a.ID, b.ID))
}

// Intent is what has become of an intent, if it is kept.
func (l *Ledger) Intent(id string) (Intent, bool) {
	l.closeCancels()
	if i := l.intents.by[id]; i != nil {
		return i.copy(), true
	}
	return Intent{}, false
}

// Case is how the case of a lost order stands, and how many facts it has taken in.
func (l *Ledger) Case(id string) (c reconcile.Case, facts int, ok bool) {
	if i := l.intents.by[id]; i != nil && i.Case != nil {
		return *i.Case, i.Facts, true
	}
	return reconcile.Case{}, 0, false
}

func (i *Intent) copy() Intent {
	c := *i
	c.Intended, c.Placed = i.Intended.copy(), slices.Clone(i.Placed)
	if i.Case != nil {
		c.Case = new(*i.Case) // its lists are never written to: see reconcile.Case.Learn
	}
	return c
}

// Open are the intents whose outcome is not known, oldest first: those without an answer, lost orders without a verdict, and
// cancels that were not answered, until their orders are over.
func (l *Ledger) Open() []Intent {
	l.closeCancels()
	return copies(l.intents.open, func(*Intent) bool { return true })
}

// Watched are the lost orders that were proved not to exist less than a day before a time: one that shows up all the same is
// a fact for their cases.
func (l *Ledger) Watched(now time.Time) []Intent {
	return copies(l.intents.by, func(i *Intent) bool { return i.watched(now) })
}

func copies(of map[string]*Intent, want func(*Intent) bool) []Intent {
	var found []*Intent
	for _, i := range of {
		if want(i) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, byAge)
	out := make([]Intent, len(found))
	for k, i := range found {
		out[k] = i.copy()
	}
	return out
}

// Busy is the oldest open intent of a lane. Nothing else of that lane may be sent before it is settled: what looks the same
// could not be told apart from it.
func (l *Ledger) Busy(lane Lane) (Intent, bool) {
	return oldest(l.intents.lanes[lane], func(i *Intent) bool { return !i.Settled() })
}

// Owing is the oldest intent that an identical order of a bot joins instead of being sent, because the bot was not told the
// outcome of that one and probably repeats it. One of which it was perhaps told comes last. While the call of an intent is still
// held, an identical order is another one that is wanted too.
func (l *Ledger) Owing(bot string, n bitbank.NewOrder, now time.Time) (Intent, bool) {
	for _, d := range []Debt{Due, Perhaps} {
		i, found := oldest(l.intents.lanes[LaneOf(n)], func(i *Intent) bool {
			return i.Bot == bot && i.Order.PostOnly == n.PostOnly && i.Debt == d && now.Sub(i.DebtAt) < dueFor
		})
		if found {
			return i, true
		}
	}
	return Intent{}, false
}

func oldest(of map[string]*Intent, want func(*Intent) bool) (Intent, bool) {
	var found *Intent
	for _, i := range of {
		if want(i) && (found == nil || byAge(i, found) < 0) {
			found = i
		}
	}
	if found == nil {
		return Intent{}, false
	}
	return found.copy(), true
}

// Baseline are the orders that a new order signed at a time could be mistaken for: those of its lane, or of which too little is
// known to say, that live or ended within the minute before. Older ones are told apart by when they were ordered.
func (l *Ledger) Baseline(n bitbank.NewOrder, signed time.Time) []bitbank.OrderID {
	var out []bitbank.OrderID
	on := func(s shelf) {
		for id, o := range l.orders.alike[s] {
			if (o.live() || signed.Sub(o.Ended) <= lateFor) && looks(&o.Order, n) {
				out = append(out, id)
			}
		}
	}
	on(shelfOf(n.Pair, n.Price))
	if n.Price.Known() {
		on(shelf{pair: n.Pair})
	}
	slices.Sort(out)
	return out
}

// looks reports whether nothing that is known of an order tells it apart from one that is to be placed. post_only does not:
// bitbank drops it outside continuous trading.
func looks(o *bitbank.Order, n bitbank.NewOrder) bool {
	same := func(a, b bitbank.Number) bool { return !a.Known() || a.Equal(b) }
	return (o.Side == "" || o.Side == n.Side) && (o.Type == "" || o.Type == n.Type) && o.PositionSide == n.PositionSide &&
		same(o.StartAmount, n.Amount) && same(o.Price, n.Price) && same(o.TriggerPrice, n.TriggerPrice)
}

// Recent are the intents that were recorded at a time or later, and are kept, oldest first.
func (l *Ledger) Recent(since time.Time) []Intent {
	l.closeCancels()
	return copies(l.intents.by, func(i *Intent) bool { return !i.Recorded.Before(since) })
}

package broker

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// A Broker is one account's. Make one with New; it is one goroutine's.
type Broker struct {
	ledger ledger.Ledger
	rates  ledger.Rates
	out    []Effect // of the step under way

	made    int // ids since the start
	calls   map[CallID]*call
	sending map[string]*sending // by intent: from the Send to its Sent
	lanes   map[ledger.Lane]*lane
	pairs   map[string]*pair
	cancels map[string]*cancelling        // lost ones, by intent, and those of plans
	stuck   map[ledger.Named]bitbank.Code // orders that bitbank does not cancel
	batch   int                           // orders that one cancel names at most
	resized time.Time                     // when that was learned
	batches int                           // of plans, since the start
	gap     *reconcile.Gap                // of the stream, while it lasts
	line    line
	reading bool      // a Look, Fence or Read is under way
	fence   time.Time // when the newest Fence was asked for
	parked  []ledger.Lane
	wake    time.Time // when those that are parked are looked at again
	barrier barrier
	quiet   quiet
	reopen  reopening
	modes   modes
	written map[string]time.Time // when what seldom says anything new was written last
}

// A call is a bot that waits.
type call struct {
	Ask
	lane    ledger.Lane
	intent  string // what it waits for; "" while it waits in its lane
	told    bool   // a Reply was given, and is being written
	settled bool   // with the final outcome
}

// A sending is a write between the Send and its Sent.
type sending struct {
	Send
	call   CallID // 0 when nobody waits
	lane   ledger.Lane
	signed bool
	why    Reason // it must not leave, though the bot still waits
}

// A lane is the orders that look the same.
type lane struct {
	sending string            // the intent that is being sent
	waiting []CallID          // in the order in which they came
	parked  bool              // it waits for more than its own
	strange []bitbank.OrderID // nobody's, that have shown up while one of the lane is open
}

// New returns a broker that knows nothing. Let it Begin with what the journal holds, then Start it.
func New() *Broker {
	return &Broker{
		batch: batch,
		calls: map[CallID]*call{}, sending: map[string]*sending{}, lanes: map[ledger.Lane]*lane{}, pairs: map[string]*pair{},
		cancels: map[string]*cancelling{}, stuck: map[ledger.Named]bitbank.Code{}, written: map[string]time.Time{}, modes: modes{by: map[string]*circuit{}},
	}
}

// Ledger is what is known of the account. It is read only, and between steps only.
func (b *Broker) Ledger() *ledger.Ledger { return &b.ledger }

// SetRates says what bitbank charges: without them the money of a yen order cannot be explained, and no absence proved.
func (b *Broker) SetRates(r ledger.Rates) { b.rates = r }

// Begin takes over a ledger that records were folded into already, before Start. What else the broker holds follows from it.
func (b *Broker) Begin(l *ledger.Ledger) { b.ledger = *l }

// Start goes on where the journal ends: what was being sent when we went down is lost, and every bot that waited is owed its
// answer.
func (b *Broker) Start(now time.Time) []Effect {
	b.keep(now, ledger.Record{Started: &ledger.Started{N: b.ledger.Starts() + 1}})
	for _, i := range b.ledger.Open() {
		switch {
		case i.Order != nil:
			if i.Case == nil {
				b.keep(now, ledger.Record{Answered: &ledger.Answered{ID: i.ID}})
				i, _ = b.ledger.Intent(i.ID)
			}
			for _, g := range i.Case.Gaps { // whoever follows the stream now says when it sees again
				if g.To.IsZero() {
					b.learn(now, i.ID, reconcile.Fact{Gap: &reconcile.Gap{From: g.From, To: now}})
				}
			}
			b.follow(now, i)
		case i.Cancel != nil:
			b.check(now, i)
		}
	}
	for _, i := range b.ledger.Watched(now) {
		b.pair(i.Order.Pair).watch(i)
	}
	for _, i := range b.ledger.Recent(now.Add(-watchFor)) {
		if i.Case != nil && i.Case.Verdict == reconcile.Placed {
			b.pair(i.Order.Pair).watch(i)
		}
		b.unwanted(now, i)
	}
	b.sweep(now)
	b.expireStops(now)
	b.drain(now)
	b.recancel(now)
	return b.flush()
}

// Step takes in an event and says what is to be done, in this order. Times never go back.
func (b *Broker) Step(now time.Time, e Event) []Effect {
	b.expireStops(now)
	switch e := e.(type) {
	case Ask:
		b.ask(now, e)
	case Gone:
		b.gone(now, e.Call)
	case Told:
		b.told(now, e)
	case Sent:
		b.sent(now, e)
	case Looked:
		b.looked(now, e)
	case Fenced:
		b.fenced(now, e)
	case Seen:
		b.seen(now, e)
	case Heard:
		b.heard(now, e)
	case Freeze:
		b.keep(now, ledger.Record{Frozen: &e.Frozen})
	case Lease:
		b.leased(now, e)
	case Decided:
		b.decided(now, e)
	case Unwant:
		b.unwant(now, e)
	case Quoted:
		b.quoted(now, e)
	case CancelAll:
		b.cancelAll(now, e)
	case GiveUp:
		b.giveUp(now, e.ID)
	case Audited:
		b.audited(now, e)
	case Inspected:
		b.inspected(now, e)
	case Observed:
		b.observed(now, e)
	case Tick:
	}
	b.reopened()
	b.expire(now)
	b.foresee(now)
	b.unpark(now)
	b.guard(now)
	b.drain(now)
	b.recancel(now)
	b.observe(now)
	b.inspect(now)
	b.plan(now)
	return b.flush()
}

// Next is when a Tick is due, zero when none is.
func (b *Broker) Next(now time.Time) time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, c := range b.calls {
		if !c.told {
			sooner(c.Until)
		}
	}
	sooner(b.due(now))
	sooner(b.recancels())
	sooner(b.barrier.due)
	sooner(b.quiet.next)
	sooner(b.observes(now))
	_, inspection := b.inspects(now)
	sooner(inspection)
	sooner(b.stopsEnd())
	if len(b.parked) > 0 {
		sooner(b.wake)
	}
	return next
}

// do adds an effect.
func (b *Broker) do(e Effect) { b.out = append(b.out, e) }

// keep takes records into the ledger, and has them written before whatever follows.
func (b *Broker) keep(now time.Time, records ...ledger.Record) {
	for k := range records {
		if records[k].At.IsZero() {
			records[k].At = now
		}
		b.ledger.Apply(records[k])
	}
	if n := len(b.out); n > 0 {
		if k, ok := b.out[n-1].(Keep); ok {
			b.out[n-1] = Keep{append(k.Records, records...)}
			return
		}
	}
	b.do(Keep{slices.Clone(records)})
}

func (b *Broker) flush() []Effect {
	out := b.out
	b.out = nil
	return out
}

// ask admits a call.
func (b *Broker) ask(now time.Time, a Ask) {
	if a.Call == 0 || b.calls[a.Call] != nil || (a.Order == nil) == (a.Cancel == nil) {
		panic(fmt.Sprintf("broker: call %d is asked twice, or for nothing", a.Call))
	}
	c := &call{Ask: a}
	b.calls[a.Call] = c
	if a.Cancel != nil {
		b.send(c)
		return
	}
	c.lane = ledger.LaneOf(*a.Order)
	if !a.Another {
		if i, ok := b.ledger.Owing(a.Bot, *a.Order, now); ok {
			b.join(now, c, i)
			return
		}
	}
	if why := b.stopped(a.Bot); why != "" {
		b.refuse(c, why)
		return
	}
	if l, ok := b.ledger.Lease(a.Bot); ok && a.Epoch != 0 && a.Epoch < l.Epoch {
		b.refuse(c, OldEpoch)
		return
	}
	if b.line.dark() {
		b.refuse(c, Dark)
		return
	}
	if a.Order.PostOnly && a.Guard != Unguarded {
		b.modes.want(now, a.Order.Pair)
	}
	l := b.lane(c.lane)
	l.queue(c, b.calls)
	b.advance(now, c.lane)
}

func (b *Broker) lane(key ledger.Lane) *lane {
	l := b.lanes[key]
	if l == nil {
		l = &lane{}
		b.lanes[key] = l
	}
	return l
}

// advance sends the first that waits in a lane, when nothing of it is open and nothing else is in its way.
func (b *Broker) advance(now time.Time, key ledger.Lane) {
	l := b.lanes[key]
	if l == nil {
		return
	}
	if l.sending == "" && len(l.waiting) > 0 {
		if _, busy := b.ledger.Busy(key); busy {
			return
		}
		c := b.calls[l.waiting[0]]
		if at := b.gate(now, key.Pair); at.After(now) && !IsExit(c.Bot) {
			b.park(key, l, at)
			return
		}
		if at, wait := b.release(now, c); (wait || at.After(now)) && !IsExit(c.Bot) {
			if wait {
				at = c.Until
			}
			b.park(key, l, at)
			return
		}
		why, wait := b.hold(now, c)
		if wait {
			b.park(key, l, c.Until)
			return
		}
		l.waiting = l.waiting[1:]
		if why != "" {
			b.refuse(c, why)
			b.advance(now, key)
			return
		}
		b.line.admitted(now)
		b.send(c)
		return
	}
	if l.sending == "" && len(l.waiting) == 0 && len(l.strange) == 0 && !l.parked {
		delete(b.lanes, key)
	}
}

// send asks for a call's write to be sent.
func (b *Broker) send(c *call) {
	c.intent = b.id()
	s := &sending{Send: Send{ID: c.intent, Bot: c.Bot, Order: c.Order, Cancel: c.Cancel}, call: c.Call, lane: c.lane}
	b.sending[c.intent] = s
	if c.Order != nil {
		b.lane(c.lane).sending = c.intent
	}
	b.do(s.Send)
}

// id names the next intent: no other start of ours gives the same.
func (b *Broker) id() string {
	b.made++
	return fmt.Sprintf("%d-%d", b.ledger.Starts(), b.made)
}

// Sign is called when the request of a Send is signed and about to leave. False: it must not leave. Else the records of the
// effects are on the disk first; an order whose record cannot be written stays.
func (b *Broker) Sign(now time.Time, id string, at time.Time, window time.Duration) ([]Effect, bool) {
	s := b.sending[id]
	if s == nil || s.signed {
		return nil, false
	}
	if s.Order != nil {
		if s.why = b.stops(now, s); s.why != "" {
			return nil, false
		}
	}
	s.signed = true
	n := ledger.Intended{ID: id, Bot: s.Bot, Order: s.Order, Cancel: s.Cancel, Signed: at, Window: window}
	if s.Order != nil {
		n.Known = b.ledger.Baseline(*s.Order, at)
	}
	b.keep(now, ledger.Record{Intended: &n})
	if s.Urgent {
		b.recancel(now) // the next of its plan
	}
	return b.flush(), true
}

// stops says why an order must not leave that was to be sent: much may have changed while it waited for the limit.
func (b *Broker) stops(now time.Time, s *sending) Reason {
	if why := b.stopped(s.Bot); why != "" {
		return why
	}
	why, wait := b.hold(now, b.calls[s.call])
	if wait {
		why = Blind
	}
	return why
}

// sent takes in what came of a write.
func (b *Broker) sent(now time.Time, e Sent) {
	s := b.sending[e.ID]
	if s == nil {
		return // dropped: it was never signed
	}
	delete(b.sending, e.ID)
	if s.signed {
		b.keep(now, ledger.Record{Answered: &ledger.Answered{ID: e.ID, Orders: e.Orders, Refused: e.Refused, Code: e.Code}})
	}
	b.line.sent(now, e, s.signed)
	if s.Order != nil {
		b.lanes[s.lane].sending = ""
	}
	i, known := b.ledger.Intent(e.ID)
	if s.Order != nil && s.Bot == Own {
		b.barred(now, i)
	}
	switch {
	case !known: // never signed
		if c := b.calls[s.call]; c != nil {
			c.intent = ""
			b.refuse(c, cmp.Or(s.why, never(e.Refused)))
		}
	case s.Order == nil:
		b.sentCancel(now, s, e, i)
		return
	case i.Answer == ledger.Lost:
		b.follow(now, i)
		return
	default:
		if i.Answer == ledger.Done {
			b.pair(s.Order.Pair).own(e.Orders[0].ID, i.Signed)
		}
		b.answer(now, i)
		if i.Unwanted && i.Answer == ledger.Done {
			b.begin(now, "unwanted "+i.ID, i.Bot, i.Order.Pair, i.Placed...)
		}
	}
	if s.Order != nil {
		b.free(now, s.lane)
	}
}

// never says why something was not sent.
func never(r *ledger.Refused) Reason {
	if r != nil && r.Proof == bitbank.ProofLimit {
		return Waited
	}
	return NeverSent
}

// join lets a call wait for an intent whose outcome its bot was not told: it is held again, one call for each debt.
func (b *Broker) join(now time.Time, c *call, i ledger.Intent) {
	c.intent = i.ID
	b.owe(now, i.ID, ledger.Held)
	if i.Settled() {
		b.finish(c, i)
	}
}

func (b *Broker) owe(now time.Time, id string, d ledger.Debt) {
	if i, ok := b.ledger.Intent(id); ok {
		b.keep(now, ledger.Record{Owed: &ledger.Owed{ID: id, N: i.Debts + 1, Debt: d}})
	}
}

// gone takes in that a bot hung up: what was not signed is never sent, and the outcome of what was is owed.
func (b *Broker) gone(now time.Time, id CallID) {
	c := b.calls[id]
	if c == nil {
		return
	}
	delete(b.calls, id)
	switch {
	case !c.told:
		b.leave(now, c)
	case c.Order != nil && c.settled: // it was being written: the bot may repeat before we hear that it was not
		b.owe(now, c.intent, ledger.Due)
	}
}

// leave ends a call that is not answered with an outcome.
func (b *Broker) leave(now time.Time, c *call) {
	s := b.sending[c.intent]
	switch {
	case c.intent == "":
		l := b.lane(c.lane)
		l.waiting = slices.DeleteFunc(l.waiting, func(id CallID) bool { return id == c.Call })
		b.advance(now, c.lane)
	case s != nil && !s.signed:
		b.do(Drop{c.intent})
		delete(b.sending, c.intent)
		if c.Order != nil {
			b.lanes[c.lane].sending = ""
			b.advance(now, c.lane)
		}
	case c.Order != nil:
		if s != nil {
			s.call = 0
		}
		b.owe(now, c.intent, ledger.Due)
	}
}

// expire answers the calls whose time is up.
func (b *Broker) expire(now time.Time) {
	var over []*call
	for _, c := range b.calls {
		if !c.told && !now.Before(c.Until) {
			over = append(over, c)
		}
	}
	slices.SortFunc(over, func(x, y *call) int { return int(x.Call) - int(y.Call) })
	for _, c := range over {
		s := b.sending[c.intent]
		unsent := c.intent == "" || s != nil && !s.signed
		c.told = true
		b.leave(now, c)
		if unsent {
			b.do(Reply{Call: c.Call, Outcome: NotPlaced, Reason: b.waited(now, c)})
			continue
		}
		b.do(Reply{Call: c.Call, Intent: c.intent})
	}
}

// waited says why a call's order was not sent in time.
func (b *Broker) waited(now time.Time, c *call) Reason {
	if _, wait := b.hold(now, c); wait {
		return Blind
	}
	if c.Order != nil {
		if at, wait := b.release(now, c); wait || at.After(now) {
			return Reopens
		}
	}
	return Waited
}

// told pays the debt of an outcome that was written to the last byte, and makes every other one due.
func (b *Broker) told(now time.Time, e Told) {
	if e.Intent != "" {
		if i, ok := b.ledger.Intent(e.Intent); ok && e.Whole && i.Order != nil && i.Settled() && (i.Debt == ledger.Due || i.Debt == ledger.Perhaps) {
			b.owe(now, i.ID, ledger.Paid)
		}
		return
	}
	c := b.calls[e.Call]
	if c == nil || !c.told {
		return
	}
	delete(b.calls, e.Call)
	if c.Order == nil || !c.settled {
		return
	}
	if e.Whole {
		b.owe(now, c.intent, ledger.Paid)
		return
	}
	b.owe(now, c.intent, ledger.Due)
}

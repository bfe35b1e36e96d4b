package broker

import (
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// truth is what has really happened, and what bots were told of it.
type truth struct {
	w        *world
	sent     map[string]Send            // signed, by intent
	wire     map[string]int             // how often it was on the wire
	real     map[string]bitbank.OrderID // placed orders by intent
	since    map[string]time.Time       // when they were
	void     map[string]bool            // placed, and cancelled by bitbank in the same instant: neither rests nor was filled
	owner    map[bitbank.OrderID]string // the intent of an order
	lost     map[string]time.Time       // intents without an answer, since when
	verdicts map[string]reconcile.Verdict
	lanes    map[ledger.Lane]string // the newest intent that was signed
	asked    map[bitbank.OrderID]bool
	twins    map[ledger.Lane]bool // where the human has placed what a bot has
	books    map[string]*account
	told     map[bitbank.OrderID]time.Time // placed orders that bots know of, since when
}

// An account is the sums of one bot's equal orders.
type account struct{ wanted, absent, placed int }

func newTruth(w *world) *truth {
	return &truth{
		w: w, sent: map[string]Send{}, wire: map[string]int{}, real: map[string]bitbank.OrderID{}, void: map[string]bool{}, since: map[string]time.Time{},
		owner: map[bitbank.OrderID]string{}, lost: map[string]time.Time{}, verdicts: map[string]reconcile.Verdict{},
		lanes: map[ledger.Lane]string{}, asked: map[bitbank.OrderID]bool{}, twins: map[ledger.Lane]bool{}, books: map[string]*account{},
		told: map[bitbank.OrderID]time.Time{},
	}
}

// loose is a world in which an assumption does not hold: there it is only counted.
func (t *truth) loose() bool { return t.w.plan.unordered || t.w.plan.endless }

func (t *truth) book(bot string, o bitbank.NewOrder) *account {
	l := ledger.LaneOf(o)
	key := bot + " " + l.Pair + " " + string(l.Side) + " " + l.Price + " " + l.Amount
	a := t.books[key]
	if a == nil {
		a = &account{}
		t.books[key] = a
	}
	return a
}

// balance: a bot has no more orders than it wanted and was not told are absent.
func (t *truth) balance(bot string, o bitbank.NewOrder) {
	if a := t.book(bot, o); a.placed > a.wanted-a.absent {
		t.w.tally.doubled++
		if !t.loose() {
			t.w.never("bot %s wanted %d orders %v, was told that %d are absent, and has %d", bot, a.wanted, o, a.absent, a.placed)
		}
	}
}

func (t *truth) wants(bot string, o bitbank.NewOrder) {
	t.book(bot, o).wanted++
	t.w.tally.wants++
}

func (t *truth) absent(bot string, o bitbank.NewOrder) {
	t.book(bot, o).absent++
	t.balance(bot, o)
}

// signed: nothing that looks the same may be open.
func (t *truth) signed(s Send) {
	if s.Order == nil {
		return
	}
	look := ledger.LaneOf(*s.Order)
	if before, ok := t.lanes[look]; ok {
		if i, known := t.w.shell.b.Ledger().Intent(before); known && !i.Settled() {
			t.w.never("%s is signed while %s of the same lane is open", s.ID, before)
		}
	}
	t.lanes[look] = s.ID
	t.sent[s.ID] = s
	t.w.tally.orders++
}

// wired: its record is on the disk. recorded says whether it could be written.
func (t *truth) wired(s Send, durable, recorded bool) {
	if t.wire[s.ID]++; t.wire[s.ID] > 1 {
		t.w.never("%s is on the wire twice", s.ID)
	}
	if !durable && (s.Order != nil || recorded) {
		t.w.never("%s is on the wire and not on the disk", s.ID)
	}
}

// executed: bitbank has placed the order of an intent.
func (t *truth) executed(s Send, id bitbank.OrderID) {
	h := t.w.bank.orders[id]
	t.owner[id] = s.ID
	if o := h.v[len(h.v)-1].o; o.Status == bitbank.StatusCanceledUnfilled {
		t.void[s.ID] = true
		return
	}
	t.real[s.ID], t.since[s.ID] = id, t.w.now
	if t.verdicts[s.ID] == reconcile.NotPlaced {
		t.contradicted(s.ID)
	}
	if s.Bot == Own {
		return
	}
	t.book(s.Bot, *s.Order).placed++
	t.balance(s.Bot, *s.Order)
}

func (t *truth) contradicted(id string) {
	t.w.tally.falseAbsent++
	if !t.loose() {
		c, _, _ := t.w.shell.b.Ledger().Case(id)
		t.w.never("%s was placed as %d, and is said not to be: %+v", id, t.real[id], c)
	}
}

// cancels: only what somebody has asked for.
func (t *truth) cancels(ids []bitbank.OrderID) {
	for _, id := range ids {
		if t.sent[t.owner[id]].Bot != Own && !t.asked[id] {
			t.w.tally.unasked++
			t.w.never("order %d is cancelled, and nobody has asked for it", id)
		}
	}
	t.w.tally.cancels += len(ids)
}

// isLost: the answer of an order did not come.
func (t *truth) isLost(id string) {
	if _, known := t.lost[id]; !known {
		t.lost[id] = t.w.now
		t.w.tally.ambiguous++
	}
}

// restarted: a verdict that was not on the disk was told to nobody, and is found again.
func (t *truth) restarted() {
	for id := range t.verdicts {
		if c, _, ok := t.w.shell.b.Ledger().Case(id); ok {
			t.verdicts[id] = c.Verdict
		}
	}
}

// kept looks at what is being recorded.
func (t *truth) kept(records []ledger.Record) {
	for _, r := range records {
		if r.Learned != nil {
			t.judged(r.Learned.ID)
		}
	}
}

func (t *truth) judged(id string) {
	w := t.w
	c, _, ok := w.shell.b.Ledger().Case(id)
	if !ok || c.Verdict == t.verdicts[id] {
		if ok && c.Ghost() && !t.twins[ledger.LaneOf(c.Intent.Order)] && !t.loose() {
			w.never("%s is said to have a ghost: %+v", id, c)
		}
		return
	}
	before := t.verdicts[id]
	t.verdicts[id] = c.Verdict
	twin := t.twins[ledger.LaneOf(c.Intent.Order)]
	switch c.Verdict {
	case reconcile.Placed:
		w.tally.placed++
		if len(c.Orders) == 0 || c.Orders[0] != t.real[id] && !t.void[id] {
			w.tally.strangers++
			if !twin && !t.loose() {
				w.never("%s is said to be placed as %v, and was as %d", id, c.Orders, t.real[id])
			}
		}
		if c.Assumes == "" {
			since := t.lost[id]
			for _, t := range []time.Time{w.shell.brightened, w.shell.began, t.since[id]} {
				if t.After(since) {
					since = t
				}
			}
			switch {
			case !w.weather.calm():
				w.tally.inTrouble++
			case w.plan.lag > time.Second:
				w.tally.old = append(w.tally.old, c.At.Sub(since))
			default:
				w.tally.seen = append(w.tally.seen, c.At.Sub(since))
			}
		}
	case reconcile.NotPlaced:
		if t.real[id] != 0 {
			t.contradicted(id)
		}
		switch c.Assumes {
		case reconcile.AssumesOrder:
			w.tally.provedA1++
			since := c.FencedAt
			if w.shell.brightened.After(since) {
				since = w.shell.brightened
			}
			if took := c.At.Sub(since); w.shell.roomless[c.Intent.Order.Pair].After(c.FencedAt) {
				w.tally.full = append(w.tally.full, took)
			} else {
				w.tally.proof = append(w.tally.proof, took)
			}
		case reconcile.AssumesQ:
			w.tally.provedQ++
		}
	case reconcile.Ambiguous:
		w.tally.ambiguousEnd++
		if !twin && !t.loose() {
			w.never("%s is ambiguous without a twin (it was %q): %+v", id, before, c)
		}
		t.human(id)
	case reconcile.Unknown:
		w.never("%s is unknown again", id)
	}
	w.tally.settle = append(w.tally.settle, c.At.Sub(t.lost[id]))
}

// human lets the owner look, and say what is true. By then every queue is empty.
func (t *truth) human(id string) {
	t.w.after(t.w.plan.tail+3*time.Minute, func() {
		var ours []bitbank.OrderID
		if n := t.real[id]; n != 0 {
			ours = append(ours, n)
		}
		if t.w.shell.up {
			t.w.shell.step(Decided{ID: id, Ours: ours})
		} else {
			t.human(id)
		}
	})
}

// end: everything is settled, and the money adds up.
func (t *truth) end() {
	w := t.w
	for _, i := range w.shell.b.Ledger().Open() {
		if i.Order == nil || i.Case != nil && i.Case.Verdict == reconcile.Ambiguous {
			continue
		}
		w.tally.stuck++
		if !t.loose() {
			w.never("%s is not settled though bitbank is well: %+v", i.ID, i.Case)
		}
		break
	}
	w.bank.reach()
	for _, asset := range []string{"jpy", "btc", "eth", "xrp"} {
		if is, should := w.bank.x.Sum(asset); !is.Equal(should) {
			w.never("there are %s %s, and should be %s", is, asset, should)
		}
	}
	for id := range t.real {
		if i, ok := w.shell.b.Ledger().Intent(id); ok && i.Answer == ledger.Done && i.Placed[0] != t.real[id] {
			w.never("%s was answered as %v, and is %d", id, i.Placed, t.real[id])
		}
	}
}

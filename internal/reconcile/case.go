package reconcile

import (
	"slices"
	"time"

	"hikeshi/bitbank"
)

// A Verdict is how a case stands.
type Verdict string

// The verdicts. Unknown is the zero value: whatever is not proved is unknown.
const (
	Unknown   Verdict = ""
	Placed    Verdict = "placed"
	NotPlaced Verdict = "not_placed"
	Ambiguous Verdict = "ambiguous" // a human decides
)

// What a verdict of NotPlaced rests on beyond what was seen.
const (
	// AssumesOrder is A1: bitbank executes the writes of one user in the order in which it accepted them. Its replicas lag no
	// further behind than L.
	AssumesOrder = "A1"
	// AssumesQ is the bound of bitbank's queue.
	AssumesQ = "Q"
)

const (
	fenceReads  = 3                // that must agree, each over a connection of its own
	passesLeast = 3                // complete looks without a match
	passesSpan  = 30 * time.Second // from the first of them to the last
	ghostFor    = 24 * time.Hour
)

// A Case is one order whose answer was lost, and all that has been learned of it. The zero Case is none; make one with Open.
type Case struct {
	Intent  Intent    `json:"intent"`
	Opened  time.Time `json:"opened"`
	Verdict Verdict   `json:"verdict"`
	At      time.Time `json:"at,omitzero"` // of the verdict
	Assumes string    `json:"assumes,omitzero"`
	// Orders are the ids that belong to the case: one when it is placed, several when it is ambiguous.
	Orders []bitbank.OrderID `json:"orders,omitzero"`
	// Late are orders that match and came after the verdict that there was none.
	Late []bitbank.OrderID `json:"late,omitzero"`

	Fences   int       `json:"fences"` // reads in a row that showed it closed
	FencedAt time.Time `json:"fenced_at,omitzero"`
	Looked   Looks     `json:"looked"` // since the fence
	Fresh    Looks     `json:"fresh"`  // of those, the ones that showed the barrier
	Calm     bool      `json:"calm"`   // the pair was NORMAL or BUSY in the last pass
	Barrier  *Later    `json:"barrier,omitzero"`
	Moved    time.Time `json:"moved,omitzero"` // the newest public trade
	Gaps     []Gap     `json:"gaps,omitzero"`  // not filled yet
}

// Looks are complete passes in a row that showed no match and in which all money was explained.
type Looks struct {
	N     int       `json:"n"`
	First time.Time `json:"first,omitzero"` // when the first of them began
	Last  time.Time `json:"last,omitzero"`
}

// add counts one.
func (l *Looks) add(at time.Time) {
	if l.N == 0 {
		l.First = at
	}
	l.N, l.Last = l.N+1, at
}

// enough reports whether they are three and span half a minute.
func (l Looks) enough() bool { return l.N >= passesLeast && l.Last.Sub(l.First) >= passesSpan }

// Open begins the case of a lost order.
func Open(i Intent, at time.Time) Case { return Case{Intent: i, Opened: at} }

// Learn folds one fact into the case and returns what it has become; the old one is not changed. Facts come in the order in
// which they were learned.
func (c Case) Learn(f Fact) Case {
	c.Orders, c.Late, c.Gaps = slices.Clone(c.Orders), slices.Clone(c.Late), slices.Clone(c.Gaps)
	switch {
	case f.Fence != nil:
		c.fence(*f.Fence, f.At)
	case f.Pass != nil:
		c.pass(*f.Pass, f.At)
	case f.Told != nil:
		c.match(f.At, f.Told.Order)
	case f.Gap != nil:
		c.gap(*f.Gap)
	case f.Later != nil:
		// Sent before the fence it could have overtaken the lost one, which was still on its way.
		if c.fenced() && f.Later.Signed.After(c.FencedAt) && f.Later.ID > 0 && c.Barrier == nil {
			c.Barrier = f.Later
		}
	case f.Moved != nil:
		if f.Moved.Traded.After(c.Moved) {
			c.Moved = f.Moved.Traded
		}
	case f.Human != nil:
		c.human(*f.Human, f.At)
		return c
	}
	c.decide(f.At)
	return c
}

func (c *Case) fenced() bool { return !c.FencedAt.IsZero() }

// fence counts reads that agree. One that says otherwise begins anew: it came from another host, whose clock is behind.
func (c *Case) fence(f Fence, at time.Time) {
	if c.fenced() {
		return
	}
	if !f.closes(c.Intent) {
		if f.Code == 0 { // accepted, and too early to tell
			c.Fences = 0
		}
		return
	}
	if c.Fences++; c.Fences >= fenceReads {
		c.FencedAt = at
	}
}

// latest is the newest time that the lost order can bear; zero while the request may still be accepted.
func (c *Case) latest() time.Time {
	switch {
	case c.fenced():
		return c.FencedAt.Add(Q)
	case c.Verdict == Placed: // found before any fence was looked for
		return c.Intent.Expires().Add(time.Second + Q)
	}
	return time.Time{}
}

// pass takes in one complete look.
func (c *Case) pass(p Pass, at time.Time) {
	found := c.match(at, p.Live...)
	found = c.match(at, p.Traded...) || found
	c.Calm = p.Status == bitbank.StatusNormal || p.Status == bitbank.StatusBusy
	c.Gaps = slices.DeleteFunc(c.Gaps, func(g Gap) bool { return !g.To.IsZero() && p.Began.After(g.To) })
	switch {
	case !c.fenced() || p.Began.Before(c.FencedAt):
		return // proves no absence: the request could still be accepted
	case p.Unsure && !found && p.conserves():
		return
	case found || !p.conserves():
		c.Looked, c.Fresh = Looks{}, Looks{} // money that nothing explains may be the lost order's
		return
	}
	c.Looked.add(p.Began)
	if c.Barrier != nil && p.Fresh {
		c.Fresh.add(p.Began)
	}
}

// gap notes what the stream may have lost, or when that ended.
func (c *Case) gap(g Gap) {
	c.Gaps = append(slices.DeleteFunc(c.Gaps, func(old Gap) bool { return old.From.Equal(g.From) }), g)
}

// Fits reports whether an order could be the lost one, and is not accounted for.
func (c Case) Fits(o bitbank.Order) bool {
	return c.Intent.matches(o, c.latest()) && !slices.Contains(c.Orders, o.ID) && !slices.Contains(c.Late, o.ID)
}

// match adopts orders that look like the lost one, and reports whether there were new ones.
func (c *Case) match(at time.Time, orders ...bitbank.Order) (found bool) {
	for _, o := range orders {
		if !c.Fits(o) {
			continue
		}
		switch {
		case c.Assumes == byHuman:
		case c.Verdict != NotPlaced:
			c.Orders, found = append(c.Orders, o.ID), true
			if c.Verdict == Unknown && c.beyond(o) {
				c.settle(Ambiguous, "", at)
			}
		case at.Sub(c.At) < ghostFor:
			c.Late, found = append(c.Late, o.ID), true
		}
	}
	return found
}

// beyond reports whether an order took effect after the barrier had: under A1 it is not the lost one, and without A1 it may be.
func (c *Case) beyond(o bitbank.Order) bool {
	return c.Barrier != nil && !c.Barrier.Ordered.IsZero() && o.OrderedAt.Time().After(c.Barrier.Ordered.Add(ahead))
}

// decide gives a verdict when there is proof. A case that was Placed becomes Ambiguous when a second order looks the same; what
// a human has decided stands.
func (c *Case) decide(at time.Time) {
	switch {
	case c.Assumes == byHuman:
	case len(c.Orders) > 1 && c.Verdict != Ambiguous:
		c.settle(Ambiguous, "", at)
	case len(c.Orders) == 1 && c.Verdict == Unknown:
		c.settle(Placed, "", at)
	case c.Verdict != Unknown || !c.fenced() || len(c.Gaps) > 0:
	case c.Fresh.enough() && c.Fresh.Last.Sub(c.Barrier.Seen) >= L:
		c.settle(NotPlaced, AssumesOrder, at)
	case c.Looked.enough() && c.Calm && c.Moved.After(c.FencedAt.Add(Q)) && c.Looked.Last.After(c.FencedAt.Add(Q)):
		c.settle(NotPlaced, AssumesQ, at)
	}
}

func (c *Case) settle(v Verdict, assumes string, at time.Time) {
	c.Verdict, c.Assumes, c.At = v, assumes, at
}

// byHuman is what a human's decision rests on.
const byHuman = "human"

// human ends an ambiguous case as its owner says.
func (c *Case) human(h Human, at time.Time) {
	if c.Verdict != Ambiguous {
		return
	}
	c.Orders = slices.Clone(h.Ours)
	if len(h.Ours) == 0 {
		c.settle(NotPlaced, byHuman, at)
		return
	}
	c.settle(Placed, byHuman, at)
}

// Settled reports whether the case needs nothing more than the watch for ghosts.
func (c Case) Settled() bool { return c.Verdict == Placed || c.Verdict == NotPlaced }

// MayResend reports whether the order may be sent again at all: never on a verdict that only time has given.
func (c Case) MayResend() bool {
	return c.Verdict == NotPlaced && c.Assumes == AssumesOrder && len(c.Late) == 0
}

// Ghost reports whether an order has shown up that was proved not to be there.
func (c Case) Ghost() bool { return len(c.Late) > 0 }

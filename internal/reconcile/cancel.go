package reconcile

import (
	"time"

	"hikeshi/bitbank"
)

// A Cancel is one order that is to be cancelled. It names its order, so unlike a new order it may be sent again; it is over
// when the order is terminal, with what was executed counted. The zero Cancel is none.
type Cancel struct {
	Pair    string          `json:"pair"`
	ID      bitbank.OrderID `json:"id"` // 0 while the order itself is lost: it is cancelled on sight
	Opened  time.Time       `json:"opened"`
	State   CancelState     `json:"state"`
	Sent    int             `json:"sent"` // how often
	SentAt  time.Time       `json:"sent_at,omitzero"`
	ReadAt  time.Time       `json:"read_at,omitzero"` // when the order was read last
	Final   *bitbank.Order  `json:"final,omitzero"`   // as it ended
	Refused bitbank.Code    `json:"refused,omitzero"` // the newest code
}

// A CancelState is how far a cancel has come.
type CancelState string

// The states.
const (
	Deferred CancelState = "deferred" // the order is not known yet
	Sending  CancelState = "sending"  // to be sent, once more or for the first time
	Checking CancelState = "checking" // to be read until it is terminal
	Latched  CancelState = "latched"  // bitbank takes no cancels now; sent first when it does
	Done     CancelState = "done"     // the order is terminal
	Stuck    CancelState = "stuck"    // bitbank refuses for a reason that waiting does not mend: a human looks
)

const (
	// A repeated cancel costs a part of the budget that another order may need.
	cancelFirst = 2 * time.Second
	cancelMost  = 30 * time.Second
	// readEach is how often an order that is being cancelled is read: bitbank has been seen to take seconds.
	readEach = time.Second
	// unseen is how long "no such order" is put down to a replica that lags.
	unseen = L
)

// OpenCancel begins to cancel an order; id 0 is one whose own answer is lost.
func OpenCancel(pair string, id bitbank.OrderID, at time.Time) Cancel {
	c := Cancel{Pair: pair, ID: id, Opened: at, State: Sending}
	if id == 0 {
		c.State = Deferred
	}
	return c
}

// Sighted gives a deferred cancel its order.
func (c Cancel) Sighted(id bitbank.OrderID) Cancel {
	if c.State == Deferred && id > 0 {
		c.ID, c.State = id, Sending
	}
	return c
}

// A CancelAnswer is what came of sending a cancel, for one order. The zero CancelAnswer is lost.
type CancelAnswer struct {
	Order   *bitbank.Order // as bitbank answered it
	Refused bool
	Code    bitbank.Code // of the refusal; 0 when it was never sent
}

// Answered takes in what became of sending it.
func (c Cancel) Answered(a CancelAnswer, at time.Time) Cancel {
	if c.State == Done {
		return c
	}
	c.Sent, c.SentAt = c.Sent+1, at
	switch {
	case a.Order != nil:
		c.State = Checking
		return c.Read(*a.Order, at)
	case !a.Refused: // lost: the order says what became of it
		c.State = Checking
	case a.Code == 0:
		c.State = Sending
	default:
		return c.refused(a.Code)
	}
	return c
}

// Latches reports whether a code says that no cancel is taken at present, of a pair or at all (bitbank's documents, "Errors").
func Latches(code bitbank.Code) bool { return code == 70004 || code == 70013 || code == 70018 }

// refused sorts bitbank's codes for cancels (errors.md of its documents).
func (c Cancel) refused(code bitbank.Code) Cancel {
	c.Refused = code
	info, _ := bitbank.Lookup(code)
	switch {
	case Latches(code):
		c.State = Latched
	case code == 10009: // as if it was not sent: the account's limit says when the next may be
		c.State, c.Sent = Sending, c.Sent-1
	case info.Class == bitbank.ClassBusy:
		c.State = Sending // later
	case info.Class == bitbank.ClassOrderState || info.Class == bitbank.ClassUnknownOutcome:
		// Gone, filled, cancelled before, being cancelled, or not to be cancelled: none of these is the end of it.
		c.State = Checking
	default:
		c.State = Stuck
	}
	return c
}

// Read takes in the order as bitbank reports it.
func (c Cancel) Read(o bitbank.Order, at time.Time) Cancel {
	if c.State == Done || c.State == Deferred || o.ID != c.ID || o.Pair != c.Pair {
		return c
	}
	c.ReadAt = at
	switch {
	case o.Status.Terminal():
		c.State, c.Final = Done, &o
	case !o.Cancelable():
		c.State = Stuck // bitbank's own liquidation
	case c.State == Checking && at.Sub(c.SentAt) >= c.again():
		c.State = Sending // it rests all the same
	}
	return c
}

// Missing takes in that bitbank knows no such order (50009): a replica lags, or it ended long ago.
func (c Cancel) Missing(at time.Time) Cancel {
	if c.State != Checking {
		return c
	}
	c.ReadAt = at
	if at.Sub(c.Opened) >= unseen {
		c.State = Stuck
	}
	return c
}

// Opens lets latched cancels go: bitbank takes cancels again.
func (c Cancel) Opens() Cancel {
	if c.State == Latched {
		c.State = Sending
	}
	return c
}

// again is how long it waits before it is sent another time: twice as long each time.
func (c Cancel) again() time.Duration {
	wait := cancelFirst
	for range min(c.Sent-1, 10) {
		wait = min(2*wait, cancelMost)
	}
	return wait
}

// Wants says what is to be done next, and when: "send", "read", or nothing until something else happens.
func (c Cancel) Wants() (what string, at time.Time) {
	switch c.State {
	case Sending:
		if c.Sent == 0 {
			return "send", c.Opened
		}
		return "send", c.SentAt.Add(c.again())
	case Checking:
		if c.ReadAt.Before(c.SentAt) {
			return "read", c.SentAt
		}
		return "read", c.ReadAt.Add(readEach)
	}
	return "", time.Time{}
}

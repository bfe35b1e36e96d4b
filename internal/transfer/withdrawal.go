package transfer

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// freshly is how soon after its request a withdrawal must have been told by the stream as ended to count as one that we follow, when
// no report showed it under way.
const freshly = 24 * time.Hour

// followed reports whether we were there when a withdrawal ended: otherwise there may be no balance from before it.
func followed(f ledger.Followed, here ledger.Seen) bool {
	for _, s := range []bitbank.WithdrawalStatus{bitbank.WithdrawalConfirming, bitbank.WithdrawalExamining, bitbank.WithdrawalSending} {
		if _, ok := f.Seen[string(s)]; ok {
			return true
		}
	}
	requested := f.Withdrawal.RequestedAt.Time()
	if here.After.IsZero() {
		return here.At.Sub(requested) < freshly
	}
	return requested.After(here.After) // its list was read before it was requested
}

// shortly is how long the money of one that was not sent may take to come back before we say that it cannot be told: by then the
// balance has been read many times. Our assumption.
const shortly = time.Hour

// withdrawal judges one.
func (j *judge) withdrawal(f ledger.Followed) Case {
	w := f.Withdrawal
	c := Case{
		Key: "out " + w.UUID, Kind: Withdrawal, UUID: w.UUID, TxID: w.TxID, Asset: w.Asset, Network: w.Network, Amount: w.Amount, Fee: w.Fee,
		Status: string(w.Status), Began: w.RequestedAt.Time(), AsOf: j.asOf, Back: f.Back,
	}
	seen := func(s bitbank.WithdrawalStatus) ledger.Seen { return f.Seen[string(s)] }
	here := seen(w.Status)
	mark := func(approved, examined, sent, arrived Mark) {
		c.Stations = []Station{
			{Place: Requested, Mark: Past, At: ledger.Seen{At: c.Began}},
			{Place: Approved, Mark: approved}, {Place: Examined, Mark: examined},
			{Place: SentOut, Mark: sent}, {Place: Arrived, Mark: arrived},
		}
		for i, s := range []bitbank.WithdrawalStatus{bitbank.WithdrawalExamining, bitbank.WithdrawalSending, bitbank.WithdrawalDone} {
			if st := &c.Stations[i+1]; st.Mark == Past {
				st.At = seen(s)
			}
		}
	}
	var step Step
	switch w.Status {
	case bitbank.WithdrawalConfirming:
		c.Stand, c.Turn, c.Waits, c.Checks = Owner, You, c.Began, []string{"confirm"}
		mark(Present, Ahead, Ahead, Hidden)
		c.wait()
	case bitbank.WithdrawalExamining:
		c.Stand, c.Turn, c.Waits, step = Moving, Bitbank, here.At, Examine
		mark(Past, Present, Ahead, Hidden)
	case bitbank.WithdrawalSending:
		c.Stand, c.Turn, c.Waits, step = Moving, Bitbank, here.At, Send
		mark(Past, Past, Present, Hidden)
	case bitbank.WithdrawalDone:
		c.Stand, c.Checks = Done, []string{"receiver"}
		mark(Past, Past, Past, Hidden)
		if w.Asset == yen {
			c.Due = AfterBankHours(here.At, bankWait[Arrive])
		}
	case bitbank.WithdrawalRejected, bitbank.WithdrawalCanceled, bitbank.WithdrawalConfirmTimeout:
		j.ended(&c, f, here)
	default:
		c.Stand, c.Turn, c.Waits, c.Checks = Untold, Unknown, here.At, []string{"word", "support"}
		mark(Hidden, Hidden, Hidden, Hidden)
		c.wait()
	}
	if step != "" {
		j.lateness(&c, step, lane{true, w.Asset, w.Network})
	}
	return c
}

// ended judges one that ended without being sent: its money must come back.
func (j *judge) ended(c *Case, f ledger.Followed, here ledger.Seen) {
	passed := func(s bitbank.WithdrawalStatus) Mark {
		if _, ok := f.Seen[string(s)]; ok {
			return Past
		}
		return Failed
	}
	c.Stations = []Station{
		{Place: Requested, Mark: Past, At: ledger.Seen{At: c.Began}},
		{Place: Approved, Mark: passed(bitbank.WithdrawalExamining), At: f.Seen[string(bitbank.WithdrawalExamining)]},
		{Place: Examined, Mark: passed(bitbank.WithdrawalSending), At: f.Seen[string(bitbank.WithdrawalSending)]},
		{Place: SentOut, Mark: Failed}, {Place: GivenBack, Mark: Present},
	}
	back := &c.Stations[4]
	c.Waits = here.At
	c.wait()
	switch {
	case f.Back == ledger.BackReturned:
		c.Stand, back.Mark = Returned, Past
	case f.Back == ledger.BackMissing:
		c.Stand, c.Turn, back.Mark, c.Checks = Missing, Bitbank, Failed, []string{"balance", "support"}
	case !followed(f, here):
		c.Stand, back.Mark, c.Checks = Before, Hidden, []string{"balance"}
	default:
		c.Stand, c.Turn, c.Checks = Ended, Bitbank, []string{"balance", "support"}
		h, ok := j.l.Holding(c.Asset)
		c.Locked = ok && h.Withdrawing.Known() && !h.Withdrawing.Decimal().LessThan(cost(f.Withdrawal).Add(j.sending(c.Asset)))
		if !c.Locked && c.For > shortly {
			c.Turn, back.Mark = Unknown, Hidden
		}
	}
}

// cost is what a withdrawal takes from the balance.
func cost(w *bitbank.Withdrawal) decimal.Decimal { return w.Amount.Decimal().Add(w.Fee.Decimal()) }

// sending is what the withdrawals of an asset that are under way lock.
func (j *judge) sending(asset string) decimal.Decimal {
	sum := decimal.Decimal{}
	for _, t := range j.l.Transfers() {
		if w := t.Withdrawal; w != nil && w.Asset == asset && !w.Status.Terminal() {
			sum = sum.Add(cost(w))
		}
	}
	return sum
}

// lag is how much later than the end of a withdrawal a balance must have been read to speak of it: bitbank's replicas lag, and its
// clocks are not ours.
const lag = ledger.Stale + 2*time.Second

// slow is how late an event may show in a balance of an account that trades all the time.
const slow = 5 * time.Second

// CameBack says what a read of an asset proves of the money of a withdrawal that ended without being sent: that nothing of the asset
// is locked or missing beyond what is known, counted from a balance before the withdrawal was requested; or that so much is missing. All else
// proves nothing, a read from too soon after the end and one with doubts among it.
func CameBack(l *ledger.Ledger, f ledger.Followed, x *ledger.Explanation, read ledger.Look) ledger.Back {
	w := f.Withdrawal
	if w == nil || !w.Status.Terminal() || w.Status == bitbank.WithdrawalDone || w.RequestedAt == 0 || w.Asset != read.Row.Asset {
		return ledger.BackUnproved
	}
	if end := f.Seen[string(w.Status)].At; end.IsZero() || read.Began.Before(end.Add(lag)) {
		return ledger.BackUnproved
	}
	requested := w.RequestedAt.Time()
	d := x.Since(requested)
	switch {
	case len(d.Doubts) == 0 && d.Amount().IsZero(), x.Moment(requested, slow):
		return ledger.BackReturned
	case len(d.Doubts) == 0 && !d.Locked.GreaterThan(d.Rounding) && d.OnHand.Neg().GreaterThanOrEqual(cost(w).Sub(d.Rounding)):
		return ledger.BackMissing
	}
	return ledger.BackUnproved
}

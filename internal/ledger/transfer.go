package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// A transfer is the newest that is known of one. One of the pointers is set.
type transfer struct {
	Deposit    *bitbank.Deposit    `json:"deposit,omitzero"`
	Withdrawal *bitbank.Withdrawal `json:"withdrawal,omitzero"`
	Ended      time.Time           `json:"ended,omitzero"` // when a report that it was over came first
	Under      bool                `json:"under,omitzero"` // a report has shown it under way
	Seen       map[string]Seen     `json:"seen,omitzero"`  // by bitbank's status, when it was reported first
	Back       Back                `json:"back,omitzero"`  // of a withdrawal that ended without being sent
}

// idle is how long a transfer can take that no report has shown under way. That is our assumption: bitbank's last week is read
// again and again, so one that takes longer is seen.
const idle = 7 * 24 * time.Hour

// over is when nothing more was to come of it, at the latest. One that was over when its history was read for the first time
// ended at some time between its beginning and that read; without a bound every balance in between would be in doubt.
func (t *transfer) over() time.Time {
	if t.Ended.IsZero() || t.Under {
		return t.Ended
	}
	last := t.report().began()
	if d := t.Deposit; d != nil && d.ConfirmedAt.Time().After(last) {
		last = d.ConfirmedAt.Time()
	}
	if last = last.Add(idle); last.After(t.Ended) || last.Unix() < 0 { // or it is not said when it began
		return t.Ended
	}
	return last
}

// transfers are all that are kept: those that are under way, and the newest of the others.
type transfers struct {
	by    map[string]*transfer // by kind and uuid
	ended int
}

// add takes in a report of a transfer.
func (s *transfers) add(r *Transfer, at time.Time) {
	if s.by == nil {
		s.by = map[string]*transfer{}
	}
	var key string
	switch {
	case r.Deposit != nil && r.Deposit.UUID != "":
		key = "in " + r.Deposit.UUID
	case r.Withdrawal != nil && r.Withdrawal.UUID != "":
		key = "out " + r.Withdrawal.UUID
	default:
		return
	}
	t := s.by[key]
	if t == nil {
		t = &transfer{}
		s.by[key] = t
	}
	var over bool
	if r.Deposit != nil {
		t.Deposit = laterDeposit(t.Deposit, r.Deposit)
		over = r.Deposit.Status.Terminal()
	} else {
		t.Withdrawal = laterWithdrawal(t.Withdrawal, r.Withdrawal)
		over = r.Withdrawal.Status.Terminal()
	}
	if over && t.Ended.IsZero() {
		s.ended++
	}
	if over && (t.Ended.IsZero() || at.Before(t.Ended)) {
		t.Ended = at
	}
	t.Under = t.Under || !over
	t.see(r, at)
	if slack(s.ended, keepTransfers) {
		s.trim(keepTransfers)
	}
}

// Told reports whether a report of a transfer says nothing new.
func (l *Ledger) Told(r Transfer) bool {
	switch {
	case r.Deposit != nil:
		t := l.transfers.by["in "+r.Deposit.UUID]
		return t != nil && (t.Under || r.Deposit.Status.Terminal()) && *laterDeposit(t.Deposit, r.Deposit) == *t.Deposit
	case r.Withdrawal != nil:
		t := l.transfers.by["out "+r.Withdrawal.UUID]
		return t != nil && (t.Under || r.Withdrawal.Status.Terminal()) && *laterWithdrawal(t.Withdrawal, r.Withdrawal) == *t.Withdrawal
	}
	return false
}

var depositStages = map[bitbank.DepositStatus]int{bitbank.DepositFound: 1, bitbank.DepositConfirmed: 2, bitbank.DepositDone: 3}

// laterDeposit is the later of two reports, completed from the other.
func laterDeposit(known, fresh *bitbank.Deposit) *bitbank.Deposit {
	if known == nil {
		return new(*fresh)
	}
	if c := cmp.Or(cmp.Compare(depositStages[fresh.Status], depositStages[known.Status]), cmp.Compare(fresh.Status, known.Status)); c > 0 {
		known, fresh = new(*fresh), known
	}
	known.TxID = max(known.TxID, fresh.TxID)
	known.FoundAt = max(known.FoundAt, fresh.FoundAt)
	known.ConfirmedAt = max(known.ConfirmedAt, fresh.ConfirmedAt)
	return known
}

// withdrawalStages order the statuses; one that we do not know is before all others. A terminal one changes no more.
var withdrawalStages = map[bitbank.WithdrawalStatus]int{
	bitbank.WithdrawalConfirming: 1, bitbank.WithdrawalExamining: 2, bitbank.WithdrawalSending: 3, bitbank.WithdrawalDone: 4,
	bitbank.WithdrawalRejected: 4, bitbank.WithdrawalCanceled: 4, bitbank.WithdrawalConfirmTimeout: 4,
}

func laterWithdrawal(known, fresh *bitbank.Withdrawal) *bitbank.Withdrawal {
	if known == nil {
		return new(*fresh)
	}
	if c := cmp.Or(cmp.Compare(withdrawalStages[fresh.Status], withdrawalStages[known.Status]), cmp.Compare(fresh.Status, known.Status)); c > 0 {
		known, fresh = new(*fresh), known
	}
	known.TxID = max(known.TxID, fresh.TxID)
	known.Fee = better(known.Fee, fresh.Fee)
	known.RequestedAt = max(known.RequestedAt, fresh.RequestedAt)
	return known
}

// trim keeps the newest of those that are over.
func (s *transfers) trim(most int) {
	if s.ended <= most {
		return
	}
	var over []string
	for key, t := range s.by {
		if !t.Ended.IsZero() {
			over = append(over, key)
		}
	}
	slices.SortFunc(over, func(a, b string) int { return cmp.Or(s.by[a].over().Compare(s.by[b].over()), strings.Compare(a, b)) })
	for _, key := range over[:s.ended-most] {
		delete(s.by, key)
	}
	s.ended = most
}

func (s *transfers) forget(before time.Time) {
	for key, t := range s.by {
		if !t.Ended.IsZero() && t.over().Before(before) {
			delete(s.by, key)
			s.ended--
		}
	}
}

// Transfers are the deposits and withdrawals that are kept, oldest first.
func (l *Ledger) Transfers() []Transfer {
	l.tidy()
	var out []Transfer
	for _, t := range l.transfers.by {
		var c Transfer
		if t.Deposit != nil {
			c.Deposit = new(*t.Deposit)
		} else {
			c.Withdrawal = new(*t.Withdrawal)
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Transfer) int {
		return cmp.Or(a.began().Compare(b.began()), strings.Compare(a.uuid(), b.uuid()))
	})
	return out
}

func (t Transfer) began() time.Time {
	if t.Deposit != nil {
		return t.Deposit.FoundAt.Time()
	}
	return t.Withdrawal.RequestedAt.Time()
}

func (t Transfer) uuid() string {
	if t.Deposit != nil {
		return t.Deposit.UUID
	}
	return t.Withdrawal.UUID
}

// deals are the newest ones at the dealer's desk.
type deals struct {
	by map[bitbank.OrderID]*bitbank.DealerOrder
}

func (s *deals) add(d *bitbank.DealerOrder, forgotten time.Time) {
	if d.ID <= 0 || d.OrderedAt.Time().Before(forgotten) || s.by[d.ID] != nil {
		return
	}
	if s.by == nil {
		s.by = map[bitbank.OrderID]*bitbank.DealerOrder{}
	}
	s.by[d.ID] = new(*d)
	if slack(len(s.by), keepDeals) {
		s.trim(keepDeals)
	}
}

// trim keeps the newest by id.
func (s *deals) trim(most int) {
	if len(s.by) <= most {
		return
	}
	ids := make([]bitbank.OrderID, 0, len(s.by))
	for id := range s.by {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids[:len(ids)-most] {
		delete(s.by, id)
	}
}

func (s *deals) forget(before time.Time) {
	for id, d := range s.by {
		if d.OrderedAt.Time().Before(before) {
			delete(s.by, id)
		}
	}
}

// Over reports whether nothing more comes of a transfer, and when it began.
func (t Transfer) Over() (over bool, began time.Time) {
	if t.Deposit != nil {
		return t.Deposit.Status.Terminal(), t.began()
	}
	return t.Withdrawal.Status.Terminal(), t.began()
}

package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// A Seen is when a status of a transfer was reported first: at that time, and after the read before, when a read gave it. A
// long time between the two is one in which we were blind.
type Seen struct {
	At    time.Time `json:"at"`
	After time.Time `json:"after,omitzero"`
}

// An Expected is a deposit that the owner has sent and waits for. The newest of an id counts.
type Expected struct {
	ID      string         `json:"id"`
	Asset   string         `json:"asset"`
	Network string         `json:"network,omitzero"` // "" for yen
	TxID    string         `json:"txid,omitzero"`    // likewise
	Amount  bitbank.Number `json:"amount,omitzero"`  // not known when the owner gave none
	Sent    time.Time      `json:"sent"`             // by the owner's word, else when it was told
	Dropped bool           `json:"dropped,omitzero"` // the owner does not wait for it any more
}

// A Waiting is what a read of all lists of transfers has shown beside the transfers themselves: what waits for its sender to be
// declared, and how many senders the account has registered, by their status. Their names are not kept.
type Waiting struct {
	Deposits []bitbank.UnconfirmedDeposit `json:"deposits"`
	Senders  map[string]int               `json:"senders,omitzero"`
	Refused  []Kind                       `json:"refused,omitzero"` // lists that bitbank does not show to this key
	// Assets is when the assets were read before these lists: balances that have not changed are not recorded each time.
	Assets time.Time `json:"assets,omitzero"`
}

// A Route is one network of one coin, and whether bitbank takes deposits and withdrawals on it. Yen have no network.
type Route struct {
	Asset          string `json:"asset"`
	Network        string `json:"network,omitzero"`
	StopDeposit    bool   `json:"stop_deposit,omitzero"`
	StopWithdrawal bool   `json:"stop_withdrawal,omitzero"`
}

// Routes are all of them, as one read of the assets showed them. They are recorded when they have changed.
type Routes struct {
	Rows []Route `json:"rows"`
}

// A Back says what became of the money of a withdrawal that ended without being sent.
type Back string

// What can have become of it. The zero value is that nothing is proved yet.
const (
	BackUnproved Back = ""
	BackReturned Back = "returned" // nothing of it is locked, and nothing is missing on hand
	BackMissing  Back = "missing"  // it is not locked, and not on hand either
)

// A CameBack says so of one withdrawal. BackReturned stands once it was said; nothing else does.
type CameBack struct {
	UUID string `json:"uuid"`
	Back Back   `json:"back"`
}

// An Alerted says that somebody should look at a transfer, or does not have to any more. Each change is recorded once.
type Alerted struct {
	Key   string `json:"key"`   // of the transfer
	N     int    `json:"n"`     // counts the changes of one transfer, from 1
	State string `json:"state"` // why; "" is that nobody has to
}

// An Alert is the newest change of one transfer.
type Alert struct {
	Alerted
	At time.Time `json:"at"`
}

// moves are what is known of transfers beside bitbank's lists of them.
type moves struct {
	Expected  map[string]Expected `json:"expected,omitzero"`
	Waiting   Waiting             `json:"waiting,omitzero"`
	WaitingAt time.Time           `json:"waiting_at,omitzero"`
	Routes    []Route             `json:"routes,omitzero"`
	RoutesAt  time.Time           `json:"routes_at,omitzero"` // when they were seen first as they are
	Alerts    map[string]Alert    `json:"alerts,omitzero"`
}

// What is kept of them: of expected deposits and alerts the newest.
const (
	keepExpected = 1_000
	keepAlerts   = 1_000
)

func (m *moves) clone() moves {
	c := *m
	c.Expected, c.Alerts = maps.Clone(m.Expected), maps.Clone(m.Alerts)
	return c // lists are replaced, never written to
}

func (m *moves) expect(e Expected) {
	if e.ID == "" {
		return
	}
	if m.Expected == nil {
		m.Expected = map[string]Expected{}
	}
	m.Expected[e.ID] = e
	for len(m.Expected) > keepExpected {
		delete(m.Expected, m.listed()[0].ID)
	}
}

// listed are the expected deposits, oldest first.
func (m *moves) listed() []Expected {
	return slices.SortedFunc(maps.Values(m.Expected), func(a, b Expected) int {
		return cmp.Or(a.Sent.Compare(b.Sent), strings.Compare(a.ID, b.ID))
	})
}

func (m *moves) waits(w Waiting, at time.Time) {
	if !at.Before(m.WaitingAt) {
		m.Waiting, m.WaitingAt = Waiting{slices.Clone(w.Deposits), maps.Clone(w.Senders), slices.Clone(w.Refused), w.Assets}, at
	}
}

func (m *moves) routes(l Routes, at time.Time) {
	if !at.Before(m.RoutesAt) {
		m.Routes, m.RoutesAt = slices.Clone(l.Rows), at
	}
}

func (m *moves) alerted(a Alerted, at time.Time) {
	if m.Alerts == nil {
		m.Alerts = map[string]Alert{}
	}
	if a.N > m.Alerts[a.Key].N {
		m.Alerts[a.Key] = Alert{a, at}
	}
	for len(m.Alerts) > keepAlerts {
		oldest := slices.MinFunc(slices.Collect(maps.Values(m.Alerts)), func(a, b Alert) int {
			return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Key, b.Key))
		})
		delete(m.Alerts, oldest.Key)
	}
}

// see notes when a status was reported first.
func (t *transfer) see(r *Transfer, at time.Time) {
	status := r.status()
	fresh := Seen{at, r.After.UTC().Round(0)}
	known, ok := t.Seen[status]
	if c := cmp.Or(known.At.Compare(fresh.At), fresh.After.Compare(known.After)); ok && c <= 0 {
		return
	}
	if t.Seen == nil {
		t.Seen = map[string]Seen{}
	}
	t.Seen[status] = fresh
}

// status is bitbank's word.
func (t Transfer) status() string {
	if t.Deposit != nil {
		return string(t.Deposit.Status)
	}
	return string(t.Withdrawal.Status)
}

func (t *transfer) report() Transfer { return Transfer{Deposit: t.Deposit, Withdrawal: t.Withdrawal} }

func (s *transfers) cameBack(b CameBack) {
	if t := s.by["out "+b.UUID]; t != nil && t.Back != BackReturned {
		t.Back = b.Back
	}
}

// A Followed is a transfer and what was seen of it.
type Followed struct {
	Transfer
	Seen map[string]Seen // by bitbank's status
	Back Back
}

// Followed are the deposits and withdrawals that are kept, oldest first. They are not copied: they hold until the next record, and
// are only to be read.
func (l *Ledger) Followed() []Followed {
	l.tidy()
	type aged struct {
		began bitbank.Millis
		of    *transfer
	}
	all := make([]aged, 0, len(l.transfers.by))
	for _, t := range l.transfers.by {
		all = append(all, aged{t.report().millis(), t})
	}
	slices.SortFunc(all, func(a, b aged) int {
		if a.began != b.began {
			return cmp.Compare(a.began, b.began)
		}
		return strings.Compare(a.of.report().uuid(), b.of.report().uuid())
	})
	out := make([]Followed, len(all))
	for i, x := range all {
		out[i] = Followed{x.of.report(), x.of.Seen, x.of.Back}
	}
	return out
}

// millis is when a transfer began, as bitbank wrote it.
func (t Transfer) millis() bitbank.Millis {
	if t.Deposit != nil {
		return t.Deposit.FoundAt
	}
	return t.Withdrawal.RequestedAt
}

// Expected are the deposits that the owner has announced and not dropped, oldest first.
func (l *Ledger) Expected() []Expected {
	return slices.DeleteFunc(l.moves.listed(), func(e Expected) bool { return e.Dropped })
}

// Waiting is what the newest read of all lists has shown, and its time; zero: they were never read.
func (l *Ledger) Waiting() (Waiting, time.Time) { return l.moves.Waiting, l.moves.WaitingAt }

// Routes are all networks as they were seen last, and when they were seen so first; zero: never.
func (l *Ledger) Routes() ([]Route, time.Time) { return l.moves.Routes, l.moves.RoutesAt }

// Alert is the newest of one transfer; false when there was none.
func (l *Ledger) Alert(key string) (Alert, bool) {
	a, ok := l.moves.Alerts[key]
	return a, ok
}

// AssetsRead is when the assets were read last, the balances and the stops of networks, as far as that is recorded; zero: never.
func (l *Ledger) AssetsRead() time.Time {
	last := l.moves.Waiting.Assets
	for _, s := range l.balances {
		if n := len(s.Reads); n > 0 && s.Reads[n-1].At.After(last) {
			last = s.Reads[n-1].At
		}
	}
	return last
}

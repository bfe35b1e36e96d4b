package transfer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// A Purse holds the account's money. Amounts are positive.
type Purse interface {
	Receive(asset string, amount decimal.Decimal)   // from outside, free at once
	Lock(asset string, amount decimal.Decimal) bool // false, and nothing happens, when less is free
	Release(asset string, amount decimal.Decimal)   // what was locked is free again
	Pay(asset string, amount decimal.Decimal)       // what was locked leaves the exchange
}

// Options of a desk.
type Options struct {
	Seed   uint64  // of every identifier
	Assets []Asset // in bitbank's order, see [Table]
	Timing Timing
	Speed  float64 // how many times faster than life states follow each other; 0 is 1
	Keep   int     // most deposits, and most withdrawals, that are remembered; 0 is 10,000

	Readings
}

// Readings are points on which bitbank's documents are silent, or contradict what was seen. The zero value plays what is
// documented, or what we find likelier.
type Readings struct {
	// AssetRequired refuses withdrawal_history without asset (30016), as an account saw it in July 2026. The documents of
	// December 2025 call it optional.
	AssetRequired bool `json:"asset_required"`
	// HideUnconfirmed keeps deposits without sender data out of deposit_history. Nobody says; we list them as FOUND.
	HideUnconfirmed bool `json:"hide_unconfirmed"`
	// UnconfirmedDoNotBlock accepts withdrawals while deposits lack sender data. The documents have 50054 for that.
	UnconfirmedDoNotBlock bool `json:"unconfirmed_do_not_block"`
	// BothTokens wants both tokens of an account that has set up both. The Japanese documents want either one.
	BothTokens bool `json:"both_tokens"`
	// DeprecatedUnderReview answers 50051 for an originator that must be corrected, instead of 50052. Nobody says.
	DeprecatedUnderReview bool `json:"deprecated_under_review"`
	// LateTxID gives a withdrawal its txid only with DONE, not with SENDING. Nobody says.
	LateTxID bool `json:"late_txid"`
	// ClampCount reads a count above 100 as 100 instead of refusing it. The documents say "up to 100".
	ClampCount bool `json:"clamp_count"`
	// StringAmounts refuses an amount that is a JSON number. The documents say string; ccxt sends a number.
	StringAmounts bool `json:"string_amounts"`
}

// A Status is a state of a deposit or of a withdrawal, by bitbank's names.
type Status string

// The states of deposits are Found, Confirmed and Done; all others, and Done, are those of withdrawals.
const (
	unseen         Status = "" // on its way while the network is stopped
	Found          Status = "FOUND"
	Confirmed      Status = "CONFIRMED"
	Done           Status = "DONE"
	Confirming     Status = "CONFIRMING"
	Examining      Status = "EXAMINING"
	Sending        Status = "SENDING"
	Rejected       Status = "REJECTED"
	Canceled       Status = "CANCELED"
	ConfirmTimeout Status = "CONFIRM_TIMEOUT"
)

// Which state may follow which is not documented; these edges are inferred from the names. The last state of a deposit is
// DONE: no other is documented.
var (
	depositEdges    = map[Status][]Status{unseen: {Found}, Found: {Confirmed}, Confirmed: {Done}}
	withdrawalEdges = map[Status][]Status{
		Confirming: {Examining, Canceled, Rejected, ConfirmTimeout},
		Examining:  {Sending, Canceled, Rejected},
		Sending:    {Done},
	}
)

// A transfer is a deposit, or a withdrawal when out is set.
type transfer struct {
	out     bool
	serial  int64
	uuid    string
	asset   *Asset
	network string // "" for yen
	amount  decimal.Decimal
	status  Status
	at      time.Time // found, requested
	txid    string    // "" for none (yet)
	held    bool      // moves only by hand
	next    Status    // what it becomes by itself
	due     time.Time // when; zero for never
	parked  bool      // it was due while its network was stopped

	// Of deposits.
	internal    bool // a grant of the exchange: no txid, no real address
	unconfirmed bool // waits for sender data
	confirmedAt time.Time

	// Of withdrawals.
	fee     decimal.Decimal
	account Account // as it was when the withdrawal was requested
}

func (t *transfer) edges() []Status {
	if t.out {
		return withdrawalEdges[t.status]
	}
	return depositEdges[t.status]
}

func (t *transfer) ended() bool { return len(t.edges()) == 0 }

// cost is what a withdrawal takes out of the balance.
func (t *transfer) cost() decimal.Decimal { return t.amount.Add(t.fee) }

// An Event is a change that the private stream tells. What it does to balances the purse knows.
type Event struct {
	At     time.Time // never before that of an earlier event
	Method string    // deposit or withdrawal, the stream's names
	Asset  string
	Row    any // the row of the REST answer
}

// A Desk is the account's side of deposits and withdrawals. See the package comment.
type Desk struct {
	o           Options
	purse       Purse
	assets      map[string]*Asset
	now         time.Time
	serial      int64
	deposits    []*transfer // by time and serial, oldest first; withdrawals too
	withdrawals []*transfer
	byUUID      map[string]*transfer
	agenda      []*transfer // what is due, soonest first
	originators []Originator
	accounts    []Account
	stops       map[lane]stopped
	limits      map[string]limit
	conditions  Conditions
	refusals    []refusal
	failures    int // wrong tokens in a row
	lockedUntil time.Time
	events      []Event
}

const keep = 10_000 // rows of each kind: more than any account's page ever shows, some 10 MB

// New opens a desk without history, originators and withdrawal accounts. It panics when o.Assets names one twice.
func New(o Options, purse Purse) *Desk {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Keep == 0 {
		o.Keep = keep
	}
	d := &Desk{
		o: o, purse: purse, assets: map[string]*Asset{}, byUUID: map[string]*transfer{},
		stops: map[lane]stopped{}, limits: map[string]limit{},
	}
	for _, a := range o.Assets {
		if d.assets[a.Name] != nil {
			panic(fmt.Sprintf("transfer: asset %q stands twice in the table", a.Name))
		}
		d.assets[a.Name] = &a
	}
	return d
}

// SetReadings plays other readings from now on.
func (d *Desk) SetReadings(r Readings) { d.o.Readings = r }

// Clone copies the desk, without the news that Advance has not returned yet. The copy lives on its own with its own purse,
// which may be nil when the copy is only read.
func (d *Desk) Clone(purse Purse) *Desk {
	c := *d
	c.purse, c.events = purse, nil
	copies := make(map[*transfer]*transfer, len(d.byUUID))
	c.byUUID = make(map[string]*transfer, len(d.byUUID))
	for uuid, t := range d.byUUID {
		copies[t] = new(*t)
		c.byUUID[uuid] = copies[t]
	}
	renew := func(ts []*transfer) []*transfer {
		all := make([]*transfer, len(ts))
		for i, t := range ts {
			all[i] = copies[t]
		}
		return all
	}
	c.deposits, c.withdrawals, c.agenda = renew(d.deposits), renew(d.withdrawals), renew(d.agenda)
	c.stops, c.limits = maps.Clone(d.stops), maps.Clone(d.limits)
	c.originators, c.accounts = slices.Clone(d.originators), slices.Clone(d.accounts)
	c.refusals = slices.Clone(d.refusals)
	return &c
}

// Advance lets everything happen that is due at now, each at its own moment, and returns the news since the last call in
// order. A now before an earlier one counts as that one. Who never calls it keeps all news in memory.
func (d *Desk) Advance(now time.Time) []Event {
	d.reach(now)
	events := d.events
	d.events = nil
	return events
}

// reach is Advance that keeps the news. It returns the time that the desk is at.
func (d *Desk) reach(now time.Time) time.Time {
	for len(d.agenda) > 0 && !d.agenda[0].due.After(now) {
		t := d.agenda[0]
		at := t.due
		d.unplan(t)
		if d.stopped(t, t.next) {
			t.parked = true
			continue
		}
		d.enter(t, t.next, at)
	}
	if now.After(d.now) {
		d.now = now
	}
	return d.now
}

// bySoonest orders the agenda, byAge the histories. Serials make both orders total.
func bySoonest(a, b *transfer) int {
	return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.serial, b.serial))
}

func byAge(a, b *transfer) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.serial, b.serial))
}

func insert(ts []*transfer, t *transfer, order func(a, b *transfer) int) []*transfer {
	i, _ := slices.BinarySearchFunc(ts, t, order)
	return slices.Insert(ts, i, t)
}

func remove(ts []*transfer, t *transfer, order func(a, b *transfer) int) []*transfer {
	i, found := slices.BinarySearchFunc(ts, t, order)
	if !found {
		panic(fmt.Sprintf("transfer: %s stands at no place in its list", t.uuid))
	}
	return slices.Delete(ts, i, i+1)
}

// plan decides what the transfer does next by itself, counted from at.
func (d *Desk) plan(t *transfer, at time.Time) {
	d.unplan(t)
	if t.held || t.unconfirmed || t.ended() {
		return
	}
	after := time.Duration(0)
	t.next, after = d.following(t)
	t.due = at.Add(after)
	d.agenda = insert(d.agenda, t, bySoonest)
}

func (d *Desk) unplan(t *transfer) {
	t.parked = false
	if !t.due.IsZero() {
		d.agenda = remove(d.agenda, t, bySoonest)
		t.due = time.Time{}
	}
}

// enter moves the transfer on to a state that its edges allow, with all that belongs to it.
func (d *Desk) enter(t *transfer, to Status, at time.Time) {
	t.status = to
	if t.out {
		d.enterWithdrawal(t)
	} else {
		d.enterDeposit(t, at)
	}
	d.plan(t, at)
	d.tell(t, at)
}

// tell puts the transfer's state among the news.
func (d *Desk) tell(t *transfer, at time.Time) {
	if at.Before(d.now) { // a deposit that was found in the past is news today
		at = d.now
	}
	e := Event{At: at, Method: "deposit", Asset: t.asset.Name}
	switch {
	case t.out:
		e.Method, e.Row = "withdrawal", d.withdrawalRow(t)
	case d.listed(t):
		e.Row = d.depositRow(t)
	default:
		return
	}
	d.events = append(d.events, e)
}

// admit makes room for one more, forgetting the oldest that has ended. It reports false when all of them are under way.
func (d *Desk) admit(ts *[]*transfer) bool {
	if len(*ts) < d.o.Keep {
		return true
	}
	i := slices.IndexFunc(*ts, (*transfer).ended)
	if i < 0 {
		return false
	}
	delete(d.byUUID, (*ts)[i].uuid)
	*ts = slices.Delete(*ts, i, i+1)
	return true
}

// hash is the source of everything that looks drawn at random.
func (d *Desk) hash(kind string, of any) []byte {
	sum := sha256.Sum256(fmt.Appendln(nil, d.o.Seed, kind, of))
	return sum[:]
}

// newUUID draws the next one, in the form of a random UUID.
func (d *Desk) newUUID(kind string) string {
	d.serial++
	b := d.hash(kind, d.serial)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// newTxID draws the id of a transaction on a chain.
func (d *Desk) newTxID(of string) string { return hex.EncodeToString(d.hash("txid", of)) }

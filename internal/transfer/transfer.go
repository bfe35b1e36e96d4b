package transfer

import (
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A Kind is a kind of transfer.
type Kind string

// The kinds. Awaited is a deposit that its owner has announced and bitbank has not shown.
const (
	Deposit    Kind = "deposit"
	Withdrawal Kind = "withdrawal"
	Awaited    Kind = "awaited"
)

// A Stand is how a transfer stands, for people.
type Stand string

// The stands. A status that is not known is never taken for a good one.
const (
	Untold   Stand = "untold"   // bitbank uses a word for it that its documents do not have
	Moving   Stand = "moving"   // under way, within usual times
	Late     Stand = "late"     // under way for longer than is usual
	Stopped  Stand = "stopped"  // late, and bitbank has stopped its network
	Owner    Stand = "owner"    // it waits for its owner
	Differs  Stand = "differs"  // the amount is not the one that its owner awaits
	Ended    Stand = "ended"    // not sent, and it is not proved yet that the money is back
	Missing  Stand = "missing"  // not sent, and the money is neither locked nor on hand
	Returned Stand = "returned" // not sent, and the money is back
	Before   Stand = "before"   // not sent; it ended before we looked, so nothing can be said of the money
	Done     Stand = "done"
)

// Attention reports whether a person should look.
func (s Stand) Attention() bool {
	return slices.Contains([]Stand{Untold, Late, Stopped, Owner, Differs, Ended, Missing}, s)
}

// Over reports whether nothing more is to come.
func (s Stand) Over() bool { return s == Done || s == Returned || s == Before }

// A Turn is who must act for a transfer to go on.
type Turn string

// Whose turn it can be.
const (
	Nobody  Turn = ""
	You     Turn = "owner"
	Bitbank Turn = "bitbank"
	Chain   Turn = "chain"
	Bank    Turn = "bank"
	Unknown Turn = "unknown"
)

// A Place is the name of a station.
type Place string

// The stations. OnChain and AtBank are out of our sight: only bitbank's word counts.
const (
	Sent      Place = "sent"      // by the owner's word
	OnChain   Place = "chain"     // coins: before bitbank sees it
	AtBank    Place = "bank"      // yen: likewise
	Found     Place = "found"     // FOUND
	Declared  Place = "declared"  // its sender is declared (travel rule)
	Confirmed Place = "confirmed" // CONFIRMED
	Credited  Place = "credited"  // DONE
	Requested Place = "requested"
	Approved  Place = "approved" // CONFIRMING is over
	Examined  Place = "examined" // EXAMINING is over
	SentOut   Place = "sent_out" // DONE
	Arrived   Place = "arrived"  // at the other side, which bitbank does not tell
	GivenBack Place = "given_back"
)

// A Mark is how a station of a transfer is.
type Mark string

// The marks.
const (
	Past    Mark = "done"
	Present Mark = "now" // it is on its way to this station
	Ahead   Mark = "todo"
	Hidden  Mark = "unknown" // it cannot be seen from here
	Failed  Mark = "failed"  // it ended before it
)

// A Station is one of the stations of a transfer, in order.
type Station struct {
	Place Place
	Mark  Mark
	At    ledger.Seen // when it was reached, as far as is known
}

// A Case is one transfer, judged.
type Case struct {
	Key            string // names it as long as it lasts
	Kind           Kind
	UUID, TxID     string
	Asset, Network string
	Amount, Fee    bitbank.Number
	Status         string    // bitbank's word; "" when bitbank does not show it
	Began          time.Time // found, requested, or sent by the owner's word; zero: not said
	Stations       []Station
	Stand          Stand
	Turn           Turn
	Waits          time.Time        // since when it has been where it is, as far as is known
	For            time.Duration    // how long that was when bitbank was read last
	AsOf           time.Time        // of the judgement: nothing later is known
	Usual          *Usual           // of the step that it is in
	Due            time.Time        // of yen: by when banks usually have it; our assumption
	Awaited        *ledger.Expected // what its owner has announced
	Undeclared     bool             // it waits for its sender to be declared
	Senders        map[string]int   // the account's registered senders by status, when one is undeclared
	Back           ledger.Back      // of one that was not sent
	Locked         bool             // likewise: bitbank still locks so much
	Checks         []string         // what a person can check, the most useful first
	Alert          ledger.Alert     // the newest that was recorded
}

// Arrived reports whether the money is in the balance, which only bitbank's DONE says.
func (c Case) Arrived() bool {
	return c.Kind == Deposit && c.Status == string(bitbank.DepositDone)
}

const (
	// blind is how old a read of bitbank's lists may be before time stands still for a judgement: they are read every minute while
	// something moves, and every five minutes at most.
	blind = 10 * time.Minute
	// shown is how long a transfer that is over is shown.
	shown = 7 * 24 * time.Hour
)

// A judgement is made of these.
type judge struct {
	l      *ledger.Ledger
	read   time.Time
	now    time.Time
	asOf   time.Time
	past   past
	held   map[string]bitbank.UnconfirmedDeposit
	hold   ledger.Waiting
	stops  map[ledger.Route]ledger.Route
	awaits []ledger.Expected
	met    map[string]bool // expected deposits that were seen
}

// Judge judges all transfers that are under way, those that began in the last week, and those that are awaited, at a time. Read is
// when bitbank's lists were read last: what happened since is not known, so nothing becomes late after it. Those that need a person
// come first, then the others that are under way, then those that are over, the newest first in each.
func Judge(l *ledger.Ledger, read, now time.Time) []Case {
	all := l.Followed()
	j := &judge{l: l, read: read, now: now, asOf: now, past: pastOf(all), held: map[string]bitbank.UnconfirmedDeposit{}, stops: map[ledger.Route]ledger.Route{}, awaits: l.Expected(), met: map[string]bool{}}
	if now.Sub(read) > blind {
		j.asOf = read
	}
	j.hold, _ = l.Waiting()
	for _, d := range j.hold.Deposits {
		j.held[d.UUID] = d
	}
	routes, _ := l.Routes()
	for _, r := range routes {
		j.stops[ledger.Route{Asset: r.Asset, Network: r.Network}] = r
	}
	var out []Case
	meets := j.meet(all)
	for _, f := range all {
		over, began := f.Over()
		if over && now.Sub(began) > shown {
			continue
		}
		if f.Deposit != nil {
			out = append(out, j.deposit(f, meets[f.Deposit.UUID]))
			delete(j.held, f.Deposit.UUID)
		} else {
			out = append(out, j.withdrawal(f))
		}
	}
	for _, d := range j.hold.Deposits {
		if _, alone := j.held[d.UUID]; alone { // bitbank may list it there alone
			f := ledger.Followed{Transfer: ledger.Transfer{Deposit: &bitbank.Deposit{UUID: d.UUID, Asset: d.Asset, Network: d.Network, Amount: d.Amount, TxID: d.TxID, Status: bitbank.DepositFound, FoundAt: d.CreatedAt}}}
			out = append(out, j.deposit(f, meets[d.UUID]))
		}
	}
	for _, e := range j.awaits {
		if !j.met[e.ID] {
			out = append(out, j.awaited(e))
		}
	}
	for i := range out {
		out[i].Alert, _ = l.Alert(out[i].Key)
	}
	slices.SortStableFunc(out, func(a, b Case) int {
		if ra, rb := rank(a.Stand), rank(b.Stand); ra != rb {
			return ra - rb
		}
		return b.Began.Compare(a.Began)
	})
	return out
}

func rank(s Stand) int {
	switch {
	case s.Attention():
		return 0
	case !s.Over():
		return 1
	}
	return 2
}

// deposit judges one that bitbank shows.
func (j *judge) deposit(f ledger.Followed, e *ledger.Expected) Case {
	d := f.Deposit
	_, held := j.held[d.UUID]
	done := d.Status == bitbank.DepositDone
	held = held && !done
	c := Case{
		Key: "in " + d.UUID, Kind: Deposit, UUID: d.UUID, TxID: d.TxID, Asset: d.Asset, Network: d.Network, Amount: d.Amount,
		Status: string(d.Status), Began: d.FoundAt.Time(), AsOf: j.asOf, Awaited: e, Undeclared: held,
	}
	found, confirmed := ledger.Seen{At: c.Began}, f.Seen[string(bitbank.DepositConfirmed)]
	if at := d.ConfirmedAt; at != 0 {
		confirmed = ledger.Seen{At: at.Time()}
	}
	c.Stations = []Station{{Place: Sent, Mark: Past}, {Place: OnChain, Mark: Past}, {Place: Found, Mark: Past, At: found}}
	if d.Asset == yen {
		c.Stations[1].Place = AtBank
	}
	if d.Asset != yen || held {
		c.Stations = append(c.Stations, Station{Place: Declared, Mark: Past})
	}
	if e != nil {
		c.Stations[0].At.At = e.Sent
	}
	next := func(confirmedMark, creditedMark Mark) {
		c.Stations = append(c.Stations, Station{Place: Confirmed, Mark: confirmedMark, At: confirmed}, Station{Place: Credited, Mark: creditedMark, At: f.Seen[string(bitbank.DepositDone)]})
	}
	var step Step
	switch {
	case held:
		c.Stand, c.Turn, c.Waits, c.Senders = Owner, You, c.Began, j.hold.Senders
		c.Stations[3].Mark = Present
		c.Checks = []string{"declare", "held"}
		next(Ahead, Ahead)
	case d.Status == bitbank.DepositFound:
		c.Stand, c.Turn, c.Waits, step = Moving, Chain, c.Began, Confirm
		if d.Asset == yen {
			c.Turn = Bitbank
		}
		next(Present, Ahead)
	case d.Status == bitbank.DepositConfirmed:
		c.Stand, c.Turn, c.Waits, step = Moving, Bitbank, confirmed.At, Credit
		next(Past, Present)
	case done:
		c.Stand = Done
		next(Past, Past)
	default:
		c.Stand, c.Turn, c.Waits, c.Checks = Untold, Unknown, f.Seen[c.Status].At, []string{"word", "support"}
		next(Hidden, Hidden)
		c.wait()
	}
	if step != "" {
		j.lateness(&c, step, lane{false, d.Asset, d.Network})
	}
	if e != nil && e.Amount.Known() && !e.Amount.Decimal().Equal(d.Amount.Decimal()) {
		c.Stand, c.Checks = Differs, append([]string{"amount"}, c.Checks...)
	}
	return c
}

const yen = "jpy"

// wait fills in how long a transfer has been where it is.
func (c *Case) wait() {
	if !c.Waits.IsZero() && c.AsOf.After(c.Waits) {
		c.For = c.AsOf.Sub(c.Waits)
	}
}

// lateness fills in how long a transfer has been in a step, and whether that is late.
func (j *judge) lateness(c *Case, step Step, l lane) {
	c.wait()
	late := false
	if u, ok := j.past.usual(step, l); ok {
		c.Usual = &u
		late = c.For > u.Late
	}
	if c.Asset == yen && (c.Usual == nil || c.Usual.Own == 0) { // our assumptions count bank hours
		c.Usual = nil
		if !c.Waits.IsZero() {
			c.Due = AfterBankHours(c.Waits, bankWait[step])
			late = c.AsOf.After(c.Due)
		}
	}
	if !late {
		return
	}
	c.Stand = Late
	route, known := j.stops[ledger.Route{Asset: c.Asset, Network: c.Network}]
	if known && (l.out && route.StopWithdrawal || !l.out && route.StopDeposit) {
		c.Stand, c.Turn = Stopped, Bitbank
		c.Checks = append(c.Checks, "stopped")
	}
	switch {
	case c.Asset == yen && step == Arrive:
		c.Checks = append(c.Checks, "hours", "name", "statement", "support")
	case step == Arrive:
		c.Checks = append(c.Checks, "explorer", "address", "network", "support")
	case step == Confirm && c.Asset != yen, step == Send && c.Asset != yen:
		c.Checks = append(c.Checks, "explorer", "support")
	default:
		c.Checks = append(c.Checks, "support")
	}
}

// bankWait is how many bank hours a step of yen may take: a bank works seven hours a day. Our assumption.
var bankWait = map[Step]time.Duration{Arrive: time.Hour, Confirm: time.Hour, Credit: time.Hour, Examine: 7 * time.Hour, Send: 7 * time.Hour}

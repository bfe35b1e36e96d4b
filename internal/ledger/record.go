package ledger

import (
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/lease"
	"hikeshi/internal/reconcile"
)

// A Record is one thing that happened. Exactly one of the pointers is set; a reader that finds none it knows, because a later
// version wrote it, ignores the record.
type Record struct {
	At time.Time `json:"at"` // by our clock

	Intended   *Intended            `json:"intended,omitzero"`
	Answered   *Answered            `json:"answered,omitzero"`
	Owed       *Owed                `json:"owed,omitzero"`
	Started    *Started             `json:"started,omitzero"`
	Order      *bitbank.Order       `json:"order,omitzero"`  // a report, of REST or of the stream
	Traded     *bitbank.Trade       `json:"traded,omitzero"` // likewise
	Balance    *Balance             `json:"balance,omitzero"`
	Transfer   *Transfer            `json:"transfer,omitzero"`
	Dealt      *bitbank.DealerOrder `json:"dealt,omitzero"` // at the dealer's desk
	Position   *bitbank.Position    `json:"position,omitzero"`
	Learned    *Learned             `json:"learned,omitzero"`
	Attributed *Attributed          `json:"attributed,omitzero"`
	Backfilled *Backfilled          `json:"backfilled,omitzero"`
	Imported   *Imported            `json:"imported,omitzero"`
	Broke      *Break               `json:"broke,omitzero"`
	Forgotten  *Forgotten           `json:"forgotten,omitzero"`
	Frozen     *Frozen              `json:"frozen,omitzero"`
	Unwanted   *Unwanted            `json:"unwanted,omitzero"`
	Leased     *lease.Word          `json:"leased,omitzero"` // a bot's dead man's switch was armed or disarmed, or has lapsed
	Expected   *Expected            `json:"expected,omitzero"`
	Waiting    *Waiting             `json:"waiting,omitzero"`
	Routes     *Routes              `json:"routes,omitzero"`
	CameBack   *CameBack            `json:"came_back,omitzero"`
	Alerted    *Alerted             `json:"alerted,omitzero"`
	Margin     *Margin              `json:"margin,omitzero"`
	Line       *Line                `json:"line,omitzero"`
	Crossed    *Crossed             `json:"crossed,omitzero"`
	Planned    *Planned             `json:"planned,omitzero"`
	PlanMore   *PlanMore            `json:"plan_more,omitzero"`
	PlanEnded  *PlanEnded           `json:"plan_ended,omitzero"`
	Proposed   *Proposed            `json:"proposed,omitzero"`
	Disposed   *Disposed            `json:"disposed,omitzero"`
}

// An Unwanted says that an order is to be cancelled as soon as it is known whether there is one.
type Unwanted struct {
	ID string `json:"id"` // of the intent
}

// An Intended is an order or a cancel that is about to be sent. Its record is on the disk before the first byte leaves.
type Intended struct {
	ID     string            `json:"id"`
	Bot    string            `json:"bot"`
	Order  *bitbank.NewOrder `json:"order,omitzero"` // exactly as it is sent
	Cancel *Cancel           `json:"cancel,omitzero"`
	Signed time.Time         `json:"signed"` // the time that the request is signed with
	Window time.Duration     `json:"window"` // how long after it bitbank accepts the request
	// Known is the baseline of an order: see [Ledger.Baseline].
	Known   []bitbank.OrderID `json:"known,omitzero"`
	Attempt int               `json:"attempt,omitzero"` // 2 for one that is sent once more; else 1 or absent
}

// A Cancel names orders of a pair that are to be cancelled.
type Cancel struct {
	Pair string            `json:"pair"`
	IDs  []bitbank.OrderID `json:"ids"`
}

// An Answered is what became of sending an intent: done with what bitbank answered, refused, or else lost.
type Answered struct {
	ID      string          `json:"id"`
	Orders  []bitbank.Order `json:"orders,omitzero"` // done: the placed order, or the cancelled ones
	Refused *Refused        `json:"refused,omitzero"`
	Code    bitbank.Code    `json:"code,omitzero"` // of a lost one, when bitbank gave one that leaves the outcome open
}

// A Refused is why something is proved not to have happened.
type Refused struct {
	Proof bitbank.Proof `json:"proof"`
	Code  bitbank.Code  `json:"code,omitzero"`
}

// A Debt is what a bot has been told of an intent.
type Debt string

// The debts. Held is the zero value: the bot waits for its answer.
const (
	Held    Debt = ""
	Due     Debt = "due"     // the bot hung up, was told "unknown", or we were restarted: it does not know the outcome
	Perhaps Debt = "perhaps" // we were restarted after the outcome was known: it was being written, or was written
	Paid    Debt = "paid"    // the final outcome was written to the bot, to the last byte
)

// An Owed says how the debt of an intent has changed. An identical POST that joins a due intent makes it held again: one POST
// for each debt.
type Owed struct {
	ID string `json:"id"`
	// N counts the changes of an intent's debt from 1. A change whose number is not beyond the newest one is a repetition.
	N    int  `json:"n"`
	Debt Debt `json:"debt"`
}

// A Started is a new beginning of our gateway: every call that was held is gone, so its intent is due from then on.
type Started struct {
	N int `json:"n"` // counts the starts, from 1; see [Ledger.Starts]
}

// A Balance is a read of the assets, or one message of the stream about some of them.
type Balance struct {
	Rows []bitbank.AssetUpdate `json:"rows"`
	// Began is when the read was sent; bitbank looked at some time from then to the record's. Zero is the same time.
	Began time.Time `json:"began,omitzero"`
	// Published is the provider's time of a message of the stream, zero for a read. Messages can come 20 minutes late, so
	// only reads are what changes are counted from.
	Published time.Time `json:"published,omitzero"`
}

// age is the time that the balance speaks of.
func (b *Balance) age(at time.Time) time.Time {
	switch {
	case !b.Published.IsZero():
		return b.Published
	case !b.Began.IsZero():
		return b.Began
	}
	return at
}

// A Transfer is a deposit or a withdrawal as it was reported. One of the two is set.
type Transfer struct {
	Deposit    *bitbank.Deposit    `json:"deposit,omitzero"`
	Withdrawal *bitbank.Withdrawal `json:"withdrawal,omitzero"`
	// After is when its list was read before, of a report that a read gave: what is new in it happened since. Zero: the stream
	// told, within a second in calm.
	After time.Time `json:"after,omitzero"`
}

// A Learned is one more fact about a lost order.
type Learned struct {
	ID string `json:"id"` // of the intent
	// N counts the facts of an intent from 1. A fact whose number is not beyond the newest one is a repetition.
	N    int            `json:"n"`
	Fact reconcile.Fact `json:"fact"`
}

// A Who is somebody who places orders.
type Who string

// Who it can be. Nobody, the zero value, is nobody that we know.
const (
	Nobody Who = ""
	Bot    Who = "bot"
	Human  Who = "human"
)

// An Origin is whose an order is.
type Origin struct {
	By     Who    `json:"by"`
	Bot    string `json:"bot,omitzero"`
	Intent string `json:"intent,omitzero"`
}

// An Attributed says whose an order is. It overrules what follows from an intent; the newest counts.
type Attributed struct {
	Pair   string          `json:"pair"`
	Order  bitbank.OrderID `json:"order"`
	Origin Origin          `json:"origin"`
}

// A Kind is a kind of history.
type Kind string

// The kinds. Transfers are read list by list: see [Listed].
const (
	Trades      Kind = "trades"
	Deposits    Kind = "deposits"
	Withdrawals Kind = "withdrawals"
)

// Listed is the kind of one list of transfers: those of one asset, or with "" those of all coins, without yen.
func Listed(k Kind, asset string) Kind {
	if asset == "" {
		return k
	}
	return k + Kind("/"+asset)
}

// A Backfilled is a span of a history that was read whole, by bitbank's time.
type Backfilled struct {
	Kind Kind      `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A Forgotten drops from memory what was over before a time: finished orders, trades, finished transfers, balances and settled
// intents. Reports of older trades are not taken in any more.
type Forgotten struct {
	Before time.Time `json:"before"`
}

// A Frozen stops the orders of a bot, or lets them go again. The newest of a bot counts, of those with an end and of those
// without one apart.
type Frozen struct {
	Bot string `json:"bot,omitzero"` // "" is every bot
	On  bool   `json:"on"`
	Why string `json:"why,omitzero"` // the owner's words
	// Until is when it ends by itself; zero: it does not. Without On it says that this end has come.
	Until time.Time `json:"until,omitzero"`
}

package broker

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// A CallID is a bot's request as long as it waits; whoever asks gives it, and never twice.
type CallID uint64

// An Event is something that happened. See Ask, Gone, Told, Sent, Looked, Fenced,
// Seen, Heard, Freeze, Lease, Decided, Unwant, CancelAll, GiveUp, Quoted, Observed, Audited,
// Inspected and Tick.
type Event interface{ event() }

// An Ask is a bot that wants an order placed or orders cancelled. One of the two is set.
type Ask struct {
	Call    CallID
	Bot     string
	Order   *bitbank.NewOrder
	Cancel  *ledger.Cancel
	Until   time.Time // when the bot must have an answer
	Another bool      // an order that is wanted once more, even if an equal one is owed
	Guard   Guard     // of post-only orders
	Epoch   int64     // the life of the bot's program that an order comes from; 0: it does not say
	Class   Class     // how early it goes after an outage
}

// A Gone is a bot that hung up before it was answered.
type Gone struct{ Call CallID }

// A Told says that a Reply was written to the bot, and whether to the last byte; or, with an Intent in the place of a Call, that
// the bot has asked for that one by its id and the final outcome was written.
type Told struct {
	Call   CallID
	Intent string
	Whole  bool
}

// A Sent is what came of a Send. With neither Orders nor Refused it is lost.
type Sent struct {
	ID      string
	Orders  []bitbank.Order // the placed order, or those that were cancelled
	Refused *ledger.Refused
	Code    bitbank.Code // of a lost one, when bitbank gave one that leaves the outcome open
}

// A Looked is what came of a Look. What was read before something failed is given in any case: it may show the order.
type Looked struct {
	Pair     string
	Began    time.Time
	Whole    bool // everything was read, in the order that Look asks for
	Answered bool // something was read: bitbank answers
	Live     []bitbank.Order
	Trades   []bitbank.Trade
	Orders   []bitbank.Order // those of the trades, where the ledger does not know them whole
	Assets   []bitbank.AssetUpdate
	AssetsAt [2]time.Time // when the read of the assets was sent, and answered
	Status   string       // of the pair
	Moved    time.Time    // of the newest public trade, when Look asked for it
}

// A Fenced is what came of a Fence.
type Fenced struct {
	reconcile.Fence
	OK bool // bitbank answered
}

// A Seen is what came of a Read.
type Seen struct {
	Pair    string
	Orders  []bitbank.Order
	Missing []bitbank.OrderID // bitbank knows none of these
}

// A Heard is what the private stream or a reader of the account has learned.
type Heard struct {
	Records []ledger.Record
	Gap     *reconcile.Gap // messages may have been lost; with To it has ended
	// Answered says that bitbank has answered a read, which ends the darkness.
	Answered bool
}

// A Freeze stops a bot's orders, for good or until a time, or lets them go again; cancels are always served.
type Freeze struct{ ledger.Frozen }

// A Lease is what changes durably about a bot's dead man's switch. One that has lapsed stops the bot's orders at once; cancels are
// always served.
type Lease struct{ lease.Word }

// A Decided is the owner's word on an ambiguous order: the ids that are ours, or none.
type Decided struct {
	ID   string
	Ours []bitbank.OrderID
}

// An Unwant has a lost order cancelled as soon as it is found, or at once when it is known. It is no verdict, and changes none.
type Unwant struct{ ID string }

// A Quoted answers a Quote: what the smallest order far from the market looks like. Without it no barrier is sent.
type Quoted struct {
	Pair     string
	Smallest bitbank.Number  // amount that the pair takes now
	Digits   int32           // of its prices
	Last     decimal.Decimal // price; zero when it is not known
	Calm     bool            // the pair trades continuously (circuit-break mode NONE), its status is NORMAL or BUSY, and nothing is stopped
}

// An Observed answers an Observe. With Mode "" the mode was not read.
type Observed struct {
	Pair  string
	Mode  string    // one of bitbank.ModeNone and its kin
	Began time.Time // when the read was sent
	Stamp time.Time // bitbank's own time of the answer
}

// A CancelAll stops the bots of a scope and has every order of it cancelled, until each is over. An open plan that covers the scope is joined.
type CancelAll struct {
	Scope ledger.Scope
	By    string // see ledger.Planned
	Why   string
}

// A GiveUp ends a plan before all its orders are over.
type GiveUp struct{ ID string }

// An Audited says that the account was read whole: its balances, live orders and trades.
type Audited struct{ Began time.Time }

// An Inspected answers an Inspect: how a pair stands. With Mode or Status "" that was not read.
type Inspected struct {
	Pair    string
	Mode    string // one of bitbank.ModeNone and its kin
	Status  string // likewise, of bitbank.StatusNormal
	Stopped bool   // a stop flag is set, or the pair is switched off
	// Spread is between the best prices, of their middle; unknown where a side of the book is empty or was not read.
	Spread decimal.NullDecimal
	// Near is what can be bought and sold within a hundredth of the middle, the smaller of the two, in base currency.
	Near decimal.NullDecimal
}

// A Tick lets time pass. [Broker.Next] says when one is due.
type Tick struct{}

func (Ask) event()       {}
func (Gone) event()      {}
func (Told) event()      {}
func (Sent) event()      {}
func (Looked) event()    {}
func (Fenced) event()    {}
func (Seen) event()      {}
func (Heard) event()     {}
func (Freeze) event()    {}
func (Lease) event()     {}
func (Decided) event()   {}
func (Unwant) event()    {}
func (Quoted) event()    {}
func (Observed) event()  {}
func (CancelAll) event() {}
func (GiveUp) event()    {}
func (Audited) event()   {}
func (Inspected) event() {}
func (Tick) event()      {}

// An Effect is something to be done: Keep, Send, Drop, Reply, Look, Fence, Read, Quote, Observe, Audit or
// Inspect.
type Effect interface{ effect() }

// A Keep writes records to the journal. See the package comment.
type Keep struct{ Records []ledger.Record }

// A Send sends a write once, as soon as the account's limit has room. Answered by Sent, also when nothing was sent.
type Send struct {
	ID     string // of the intent
	Bot    string
	Order  *bitbank.NewOrder
	Cancel *ledger.Cancel
	Urgent bool // a cancel of a plan: before all others
}

// A Drop gives up a Send that was not signed yet: nobody waits for it any more.
type Drop struct{ ID string }

// An Outcome is what a bot is told. Unknown is the zero value.
type Outcome int

// The outcomes.
const (
	Unknown Outcome = iota
	Placed          // of a cancel: it was taken
	NotPlaced
)

// A Reply answers a call. Answered by Told.
type Reply struct {
	Call    CallID
	Intent  string // "" when nothing was recorded, because nothing was to be sent
	Outcome Outcome
	Orders  []bitbank.Order
	Code    bitbank.Code // bitbank's own; 0 when there is none
	Reason  Reason       // why we did not send it; or what a proof that it was not placed rests on
	Mode    string       // with Auction: the pair's mode
	Until   time.Time    // with ByHand: when that ends by itself
}

// A Reason is why something was not placed, where bitbank gave no code.
type Reason string

// The reasons.
const (
	Auction    Reason = "auction"     // post_only, and the pair does not trade continuously
	Blind      Reason = "blind"       // post_only, and it is not known whether the pair trades continuously
	ByHand     Reason = "by_hand"     // the owner trades by hand for a while
	Reopens    Reason = "reopening"   // bitbank is just back, and orders go again step by step
	Frozen     Reason = "frozen"      // the owner has stopped the bot's orders
	OldEpoch   Reason = "old_epoch"   // the order comes from an earlier life of the bot's program than its newest
	Lapsed     Reason = "lapsed"      // the bot's dead man's switch has lapsed, and no newer epoch is armed
	Dark       Reason = "dark"        // bitbank does not answer: nothing is sent into the outage
	Waited     Reason = "waited"      // an equal order was still open, or the account's limit had no room, until the bot's time was up
	Unrecorded Reason = "unrecorded"  // the record could not be written
	NeverSent  Reason = "never_sent"  // no connection came about
	Proved     Reason = "proved"      // the answer was lost, and it is proved that nothing was placed (assumption A1)
	ProvedByQ  Reason = "proved_by_q" // likewise, assuming that bitbank's queue is shorter than reconcile.Q
	ByOwner    Reason = "by_owner"    // the owner has decided that nothing was placed
)

// A Look asks for one complete pass over a pair: its live orders, then its trades since a time until an empty page, then the
// orders of those trades that the ledger does not know whole, then the assets, then the pair's status. It ends at the first
// read that fails. Answered by Looked.
type Look struct {
	Pair  string
	Since time.Time
	Moved bool // and the newest public trade
}

// A Fence asks for a signed read over a fresh connection. Answered by Fenced.
type Fence struct{}

// A Read asks for orders by their ids. Answered by Seen.
type Read struct {
	Pair string
	IDs  []bitbank.OrderID
}

// A Quote asks what a barrier of a pair may be; only after [Broker.AllowBarrier]. Answered by Quoted.
type Quote struct{ Pair string }

// An Observe asks for the circuit-break mode of a pair. Answered by Observed.
type Observe struct{ Pair string }

// An Audit asks for the account to be read whole, as soon as can be. Answered by Audited.
type Audit struct{}

// An Inspect asks how a pair stands. Answered by Inspected.
type Inspect struct{ Pair string }

func (Audit) effect()   {}
func (Inspect) effect() {}
func (Observe) effect() {}
func (Quote) effect()   {}
func (Keep) effect()    {}
func (Send) effect()    {}
func (Drop) effect()    {}
func (Reply) effect()   {}
func (Look) effect()    {}
func (Fence) effect()   {}
func (Read) effect()    {}

package gateway

import (
	"context"
	"errors"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/lease"
)

// A Desk takes bots' orders and cancels: it records, sends, settles, and answers. Its methods may be called concurrently.
type Desk interface {
	// Place answers when the outcome is known, or at Until with Unknown. When ctx ends, because the bot has hung up, what was
	// not sent yet is never sent.
	Place(ctx context.Context, w Order) Reply
	// Cancel answers likewise.
	Cancel(ctx context.Context, w Cancel) Reply
	// Intent is how an intent of a bot stands; false when the bot has none of that id.
	Intent(bot, id string) (Reply, bool)
	// Unwant has an order of a bot cancelled as soon as it is known, also one whose answer is lost, and says how its intent stands;
	// false when the bot has no order of that id.
	Unwant(bot, id string) (Reply, bool)
	// State is what a bot may do now.
	State(bot string) State
	// Beat arms, renews or disarms a bot's dead man's switch. It returns when that is recorded; the lease is the one that stands.
	// The error is one of package lease, which change nothing, or ErrNotNow, ErrReadOnly or ErrUnrecorded.
	Beat(a lease.Ask) (lease.Lease, error)
	// Alive takes any call of a bot for a heartbeat; epoch is the one that the call names, 0 when it names none.
	Alive(bot string, epoch int64)
}

// Errors of a Beat.
var (
	ErrNotNow     = errors.New("the gateway is starting or ending")
	ErrReadOnly   = errors.New("the account's key has no trading right, so nothing could be cancelled")
	ErrUnrecorded = errors.New("this counts but is not recorded yet, so a restart would forget it: the disk cannot be written")
)

// An Order is one that a bot wants to place.
type Order struct {
	Bot   string
	Order bitbank.NewOrder
	// Until is when the bot must be answered: shortly before it gives up by itself.
	Until time.Time
	// Another says that the order is wanted once more, even where an equal one is open or owed.
	Another bool
	// Guard is what the owner has said of the bot's post-only orders.
	Guard keys.Guard
	// Epoch is the life of the bot's program that the order says it comes from; 0: it does not say.
	Epoch int64
	// Release is how early its orders go again after an outage.
	Release keys.Release
}

// A Cancel is what a bot wants cancelled.
type Cancel struct {
	Bot   string
	Pair  string
	IDs   []bitbank.OrderID
	Until time.Time
}

// An Outcome is what a bot is told of an order or a cancel.
type Outcome string

// The outcomes, as the header Hikeshi-Outcome writes them. Unknown is the zero value's meaning too.
const (
	Unknown   Outcome = "unknown"
	Placed    Outcome = "placed" // of a cancel: bitbank took it
	NotPlaced Outcome = "not-placed"
)

// A Reply is an answer to a bot.
type Reply struct {
	Intent  string // "" when nothing was recorded, because nothing was to be sent
	Outcome Outcome
	Orders  []bitbank.Order // with Placed: the order, or those that were cancelled
	Code    bitbank.Code    // else bitbank's, or the one that stands for our reason
	Reason  string          // for people: one sentence in English
	// Told is called once, when the answer was written to the bot, with whether that was to the last byte. It may be nil.
	Told func(whole bool)
}

// A State is what a bot may do.
type State struct {
	Trading string    // "open", "frozen", "full" (the disk), "dark" or "reopening"
	Since   time.Time // of that
	Until   time.Time // when it ends by itself; zero: it does not
	Reason  string    // for people
	// Switch is the bot's dead man's switch; the zero one when it never armed one.
	Switch lease.Lease
	// Report says what has become of the bot's orders since its switch has lapsed; nil when it has not.
	Report *Report
}

// A Report is what is cancelled after a lapse, and how it stands.
type Report struct {
	Plan   string // its name
	Began  time.Time
	Ended  time.Time         // when bitbank had reported the end of every order; zero: it goes on
	Orders []bitbank.Order   // those that are cancelled, as bitbank reported them last
	Left   []bitbank.OrderID // of these, what bitbank refuses to cancel
	Spared []bitbank.Order   // what protects, and stays
	Lost   []string          // intents whose orders are looked for, and are cancelled as soon as they are found
}

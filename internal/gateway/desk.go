package gateway

import (
	"context"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
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
}

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
	Trading string    // "open", "frozen", "full" (the disk) or "dark"
	Since   time.Time // of that
	Until   time.Time // when it ends by itself; zero: it does not
	Reason  string    // for people
}

package account

import (
	"context"
	"fmt"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/gateway"
	"hikeshi/internal/keys"
	"hikeshi/internal/ledger"
)

// Place implements gateway.Desk.
func (a *Account) Place(ctx context.Context, w gateway.Order) gateway.Reply {
	return a.ask(ctx, broker.Ask{Bot: w.Bot, Order: &w.Order, Until: w.Until, Another: w.Another, Guard: guardOf(w), Epoch: w.Epoch, Class: classOf(w)})
}

// classOf is the broker's word for how early the owner lets a bot go again after an outage.
func classOf(w gateway.Order) broker.Class {
	switch w.Release {
	case keys.ReleaseEarly:
		return broker.Early
	case keys.ReleaseLate:
		return broker.Late
	}
	return broker.Usual
}

// guardOf is the broker's word for what the owner has said of a bot's post-only orders.
func guardOf(w gateway.Order) broker.Guard {
	switch w.Guard {
	case keys.GuardOff:
		return broker.Unguarded
	case keys.GuardKnown:
		return broker.Lenient
	}
	return broker.Strict
}

// Cancel implements gateway.Desk.
func (a *Account) Cancel(ctx context.Context, w gateway.Cancel) gateway.Reply {
	if code, shut := a.closed.word(w.Pair); shut {
		return gateway.Reply{Outcome: gateway.NotPlaced, Code: code, Reason: "bitbank took no cancel of this pair a moment ago; it is asked again soon"}
	}
	r := a.ask(ctx, broker.Ask{Bot: w.Bot, Cancel: &ledger.Cancel{Pair: w.Pair, IDs: w.IDs}, Until: w.Until})
	a.closed.take(w.Pair, r)
	if r.Reason == "" && a.Unrecorded() > 0 {
		r.Reason = "this is not recorded yet: the disk cannot be written"
	}
	return r
}

// full is why no order is taken while the journal has its reserve left only, which is for cancels and for what became of orders.
const full = "the disk is full: no order is taken until what becomes of it can be recorded; cancels are served"

// ask waits for the broker's answer.
func (a *Account) ask(ctx context.Context, e broker.Ask) gateway.Reply {
	if a.o.ReadOnly {
		return gateway.Reply{Outcome: gateway.NotPlaced, Reason: "the account's key has no trading right, as far as its owner has confirmed"}
	}
	answer := make(chan broker.Reply, 1)
	a.mu.Lock()
	owed := e.Order != nil && !e.Another && a.owes(e.Bot, *e.Order)
	if a.ctx == nil || a.ending || e.Order != nil && a.read.IsZero() && !owed {
		a.mu.Unlock()
		if owed {
			return gateway.Reply{Outcome: gateway.Unknown, Reason: "the gateway is starting or ending"}
		}
		return gateway.Reply{Outcome: gateway.NotPlaced, Reason: "the account has not been read since the start"}
	}
	if e.Order != nil && !owed && a.o.Low() {
		a.mu.Unlock()
		return gateway.Reply{Outcome: gateway.NotPlaced, Reason: full}
	}
	a.calls++
	e.Call = a.calls
	a.waiting[e.Call] = answer
	a.busy = time.Now()
	a.queue(item{effects: a.broker.Step(time.Now(), e)})
	a.mu.Unlock()
	poke(a.tick)
	var r broker.Reply
	select {
	case r = <-answer:
	case <-a.over:
		return gateway.Reply{Outcome: gateway.Unknown, Reason: "the gateway is ending"}
	case <-ctx.Done():
		a.step(broker.Gone{Call: e.Call})
		a.mu.Lock()
		delete(a.waiting, e.Call)
		a.mu.Unlock()
		// It may have been answered in the same moment: the bot did not hear it.
		a.step(broker.Told{Call: e.Call})
		return gateway.Reply{Outcome: gateway.Unknown, Reason: "the bot hung up"}
	}
	out := inWords(r)
	if r.Reason == broker.Lapsed {
		out.Reason = a.lapsedWords(e.Bot)
	}
	out.Told = func(whole bool) { a.paid(broker.Told{Call: e.Call, Whole: whole}) }
	return out
}

// owes reports whether a bot that sends this order probably repeats one whose outcome it was not told. Called with the lock.
func (a *Account) owes(bot string, o bitbank.NewOrder) bool {
	if _, due := a.broker.Ledger().Owing(bot, o, time.Now()); due {
		return true
	}
	open, busy := a.broker.Ledger().Busy(ledger.LaneOf(o))
	return a.ctx == nil && busy && open.Bot == bot
}

// inWords is a reply as the gateway writes it.
func inWords(r broker.Reply) gateway.Reply {
	out := gateway.Reply{Intent: r.Intent, Orders: r.Orders, Code: r.Code, Reason: reasons[r.Reason]}
	switch {
	case r.Mode != "":
		out.Reason += ": " + r.Mode
	case !r.Until.IsZero():
		out.Reason += r.Until.UTC().Format(time.RFC3339)
	}
	switch r.Outcome {
	case broker.Placed:
		out.Outcome = gateway.Placed
	case broker.NotPlaced:
		out.Outcome = gateway.NotPlaced
	default:
		out.Outcome = gateway.Unknown
	}
	return out
}

var reasons = map[broker.Reason]string{
	broker.Auction:    "bitbank drops post_only while a pair is not traded continuously; nothing was sent; the pair's circuit-break mode is",
	broker.Blind:      "bitbank drops post_only while a pair is not traded continuously, and the pair's circuit-break mode cannot be read; nothing was sent",
	broker.ByHand:     "the owner trades by hand, and new orders are held until ",
	broker.Frozen:     "the owner has stopped this bot's orders",
	broker.OldEpoch:   "the order comes from an earlier epoch of the bot than its newest; nothing was sent",
	broker.Reopens:    "bitbank is just back: orders go again step by step, after the account was read and the pair trades as usual; nothing was sent",
	broker.Dark:       "bitbank does not answer; nothing is sent until it does",
	broker.Waited:     "an equal order was still open, or the account's limit had no room, until the time was up; nothing was sent",
	broker.Unrecorded: "the disk is full or cannot be written: the order could not be recorded, so it was not sent",
	broker.NeverSent:  "no connection to bitbank came about; nothing was sent",
	broker.Proved:     "the answer was lost, and it is proved that nothing was placed, assuming that bitbank executes one account's requests in order",
	broker.ProvedByQ:  "the answer was lost, and nothing was placed, assuming that bitbank's queue is shorter than ten minutes",
	broker.ByOwner:    "the owner has decided that nothing was placed",
}

// Intent implements gateway.Desk.
func (a *Account) Intent(bot, id string) (gateway.Reply, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, ok := a.broker.Ledger().Intent(id)
	if !ok || i.Bot != bot {
		return gateway.Reply{}, false
	}
	out := inWords(a.broker.Outcome(i))
	if out.Outcome != gateway.Unknown {
		out.Told = func(whole bool) { a.paid(broker.Told{Intent: id, Whole: whole}) }
	}
	return out, true
}

// Unwant implements gateway.Desk.
func (a *Account) Unwant(bot, id string) (gateway.Reply, bool) {
	a.mu.Lock()
	i, ok := a.broker.Ledger().Intent(id)
	a.mu.Unlock()
	if !ok || i.Bot != bot || i.Order == nil {
		return gateway.Reply{}, false
	}
	a.step(broker.Unwant{ID: id})
	return a.Intent(bot, id)
}

// State implements gateway.Desk.
func (a *Account) State(bot string) gateway.State {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.trading(bot)
	s.Switch = a.guard.book.Of(bot)
	if p := a.planOfLapse(bot); p != nil {
		s.Report = reportOf(*p, bot)
	}
	return s
}

// trading is a State without the switch. Called with the lock.
func (a *Account) trading(bot string) gateway.State {
	f, since, on := a.broker.Ledger().Frozen(bot)
	l, armed := a.broker.Ledger().Lease(bot)
	switch lapsed := armed && l.State.Lapsed(); {
	case on && (f.Until.IsZero() || !lapsed):
		return gateway.State{Trading: "frozen", Since: since, Until: f.Until, Reason: f.Why}
	case lapsed:
		return gateway.State{Trading: "frozen", Since: l.At, Reason: lapsedWords(l)}
	case a.o.Low():
		return gateway.State{Trading: "full", Reason: full}
	case a.broker.Dark():
		return gateway.State{Trading: "dark", Reason: reasons[broker.Dark]}
	}
	if r, on := a.broker.Reopening(time.Now()); on {
		return gateway.State{Trading: "reopening", Since: r.Since, Reason: reasons[broker.Reopens]}
	}
	return gateway.State{Trading: "open"}
}

// Freeze stops a bot's orders, or lets them go again; "" is every bot. It holds over restarts. A bot that is let go by its name is
// released from its dead man's switch, too.
func (a *Account) Freeze(bot string, on bool, why string) {
	if !on {
		a.release(bot)
	}
	a.step(broker.Freeze{Frozen: ledger.Frozen{Bot: bot, On: on, Why: why}})
}

// Manual stops a bot's orders until a time, while the owner trades by hand; "" is every bot. It ends by itself, or with Freeze,
// holds over restarts, and a new end takes the place of the one before.
func (a *Account) Manual(bot string, until time.Time, why string) {
	a.step(broker.Freeze{Frozen: ledger.Frozen{Bot: bot, On: true, Until: until, Why: why}})
}

// Decide takes the owner's word on an ambiguous order: the ids that are the bot's, or none. It fails when there is no such
// question.
func (a *Account) Decide(intent string, ours []bitbank.OrderID) error {
	a.mu.Lock()
	c, _, ok := a.broker.Ledger().Case(intent)
	a.mu.Unlock()
	if !ok || c.Verdict != "ambiguous" {
		return fmt.Errorf("the order %.40q is not ambiguous: there is nothing to decide", intent)
	}
	a.step(broker.Decided{ID: intent, Ours: ours})
	return nil
}

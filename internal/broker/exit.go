package broker

import (
	"slices"
	"strings"
)

// Exits begins the names of the bots that the exits of local stops are recorded under: one for each plan, so that the journal
// alone says what a plan has sent.
const Exits = "hikeshi-stop-"

// IsExit reports whether a bot is the exit of a local stop. Its orders only leave what is held: they go before those of bots and
// without the ramp after an outage, and what keeps bots from entering does not close the way out.
func IsExit(bot string) bool { return strings.HasPrefix(bot, Exits) }

// Stopped says why the orders of a bot are stopped, "" when they are not.
func (b *Broker) Stopped(bot string) Reason { return b.stopped(bot) }

// exitStopped is stopped for an exit: by its own name alone, or while the owner trades by hand.
func (b *Broker) exitStopped(bot string) Reason {
	for _, s := range b.ledger.Stops() {
		if s.Bot == bot && s.Until.IsZero() {
			return Frozen
		}
	}
	for _, s := range b.ledger.ByHand() {
		if s.Bot == "" || s.Bot == bot {
			return ByHand
		}
	}
	return ""
}

// queue has a call wait in its lane: exits before all others.
func (l *lane) queue(c *call, calls map[CallID]*call) {
	at := len(l.waiting)
	for at > 0 && IsExit(c.Bot) && !IsExit(calls[l.waiting[at-1]].Bot) {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, c.Call)
}

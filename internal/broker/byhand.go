package broker

import (
	"time"

	"hikeshi/internal/ledger"
)

// While the owner trades by hand, the orders of a bot, or of all, are stopped until a time, and no barrier of ours is sent: what
// then appears on the account and is nobody's is the owner's. Such orders are not attributed to anybody, and how a lost order of a
// bot is found stays as it is: to make the owner's out of them would hide the bot's own, which may appear late.

// expireStops ends the stops whose time is over. Each end is a record, so that nothing is let go without one.
func (b *Broker) expireStops(now time.Time) {
	for _, f := range b.ledger.ByHand() {
		if !now.Before(f.Until) {
			at := now
			if f.Since.After(at) {
				at = f.Since // our clock was set back: the record must be newer than the one that it ends
			}
			b.keep(now, ledger.Record{At: at, Frozen: &ledger.Frozen{Bot: f.Bot, Why: f.Why, Until: f.Until}})
		}
	}
}

// stopsEnd is when the next stop ends by itself, zero when none does.
func (b *Broker) stopsEnd() (first time.Time) {
	for _, f := range b.ledger.ByHand() {
		if first.IsZero() || f.Until.Before(first) {
			first = f.Until
		}
	}
	return first
}

// stopped says why the orders of a bot are, "" when they are not.
func (b *Broker) stopped(bot string) Reason {
	if IsExit(bot) {
		return b.exitStopped(bot)
	}
	f, _, on := b.ledger.Frozen(bot)
	switch {
	case on && f.Until.IsZero():
		return Frozen
	case b.lapsed(bot):
		return Lapsed
	case on, bot == Own && len(b.ledger.ByHand()) > 0:
		return ByHand
	}
	return ""
}

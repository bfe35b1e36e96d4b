package broker

import (
	"time"

	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
)

// bySwitch is who makes the plan of a dead man's switch that has lapsed. It stops no bot by the owner's word: the lapse does, until
// the bot arms a newer epoch.
const bySwitch = "switch"

// leased takes in what has changed about a bot's switch. A lapse is recorded together with the plan that it makes.
func (b *Broker) leased(now time.Time, e Lease) {
	was := b.lapsed(e.Bot)
	b.keep(now, ledger.Record{Leased: &e.Word})
	if !was && b.lapsed(e.Bot) {
		b.cancelAll(now, CancelAll{Scope: ledger.Scope{Bot: e.Bot, Protective: e.Spare == lease.Nothing}, By: bySwitch, Why: string(e.Why)})
	}
}

// lapsed reports whether a bot's dead man's switch has lapsed.
func (b *Broker) lapsed(bot string) bool {
	l, ok := b.ledger.Lease(bot)
	return ok && l.State.Lapsed()
}

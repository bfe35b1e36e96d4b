package transfer

import (
	"encoding/hex"
	"time"
)

// enterDeposit does what belongs to the state that a deposit has just entered.
func (d *Desk) enterDeposit(t *transfer, at time.Time) {
	switch t.status {
	case Found:
		d.deposits = remove(d.deposits, t, byAge)
		t.at = at
		d.deposits = insert(d.deposits, t, byAge)
	case Confirmed:
		t.confirmedAt = at
	case Done:
		// confirmed_at is when it is certain that the balance will grow (documented); it grows with DONE, our assumption.
		d.purse.Receive(t.asset.Name, t.amount)
	}
}

// listed reports whether deposit_history and the private stream know the deposit.
func (d *Desk) listed(t *transfer) bool {
	return t.status != unseen && !(t.unconfirmed && d.o.HideUnconfirmed)
}

// waiting reports whether the deposit stands in unconfirmed_deposits.
func (t *transfer) waiting() bool { return t.unconfirmed && t.status != unseen }

// placeholder is the address of grants that came over no chain. Users have seen that there is one, not which.
const placeholder = "internal"

// address is where the account receives an asset on a network.
func (d *Desk) address(t *transfer) string {
	if t.internal {
		return placeholder
	}
	return "sim" + hex.EncodeToString(d.hash("address", t.asset.Name+" "+t.network)[:16])
}

// declared marks the deposit as one whose sender is known, and lets it go on.
func (d *Desk) declared(t *transfer, now time.Time) {
	hidden := !d.listed(t)
	t.unconfirmed = false
	d.plan(t, now)
	if hidden {
		d.tell(t, now)
	}
}

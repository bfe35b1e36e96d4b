package transfer

import (
	"time"

	"github.com/shopspring/decimal"
)

// withdraw opens a withdrawal whose cost has been locked.
func (d *Desk) withdraw(a *Asset, to Account, amount, fee decimal.Decimal, now time.Time) *transfer {
	t := &transfer{
		out: true, uuid: d.newUUID("withdrawal"), serial: d.serial, asset: a, network: to.Network, amount: amount, fee: fee,
		account: to, at: now,
	}
	d.byUUID[t.uuid] = t
	d.withdrawals = insert(d.withdrawals, t, byAge)
	d.enter(t, Confirming, now)
	return t
}

// enterWithdrawal does what belongs to the state that a withdrawal has just entered. The money leaves with DONE; until then
// it is the withdrawing part of what is locked, our reading of withdrawing_amount.
func (d *Desk) enterWithdrawal(t *transfer) {
	name := t.asset.Name
	switch t.status {
	case Sending:
		if name != yen && !d.o.LateTxID {
			t.txid = d.newTxID(t.uuid)
		}
	case Done:
		if name != yen && t.txid == "" {
			t.txid = d.newTxID(t.uuid)
		}
		d.purse.Pay(name, t.cost())
	case Rejected, Canceled, ConfirmTimeout:
		d.purse.Release(name, t.cost())
	}
}

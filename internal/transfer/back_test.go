package transfer

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// What a balance proves of the money of a withdrawal of 2 with a fee of 0.5 that was rejected.
func TestWhatABalanceProvesOfMoneyThatShouldBeBack(t *testing.T) {
	row := func(onHand, locked string) bitbank.AssetUpdate {
		return bitbank.AssetUpdate{Asset: "xrp", OnHand: num(onHand), Locked: num(locked), Withdrawing: num(locked)}
	}
	balance := func(at time.Time, onHand, locked string) ledger.Record {
		return ledger.Record{At: at, Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{row(onHand, locked)}, Began: at.Add(-100 * time.Millisecond)}}
	}
	asked, ended := noon, noon.Add(10*time.Minute)
	life := []ledger.Record{
		balance(noon.Add(-time.Minute), "10", "0"),
		out(noon.Add(time.Second), withdrawal("EXAMINING", "xrp", "ripple", asked)),
		balance(noon.Add(time.Minute), "10", "2.5"),
		out(ended, withdrawal("REJECTED", "xrp", "ripple", asked)),
	}
	other := withdrawal("SENDING", "xrp", "ripple", noon.Add(5*time.Minute))
	other.UUID = "other"
	gone := *other
	gone.Status = bitbank.WithdrawalDone
	for _, c := range []struct {
		name    string
		records []ledger.Record
		row     bitbank.AssetUpdate
		after   time.Duration // the end
		want    ledger.Back
	}{
		{"nothing is locked and nothing missing", life, row("10", "0"), 5 * time.Minute, ledger.BackReturned},
		{"the same too soon after the end", life, row("10", "0"), 5 * time.Second, ledger.BackUnproved},
		{"it is locked still", life, row("10", "2.5"), 5 * time.Minute, ledger.BackUnproved},
		{"it is neither locked nor on hand", life, row("7.5", "0"), 5 * time.Minute, ledger.BackMissing},
		{"less than that is missing", life, row("9", "0"), 5 * time.Minute, ledger.BackUnproved},
		{"another one under way explains the lock", append(life[:len(life):len(life)], out(ended, other)), row("10", "2.5"), 5 * time.Minute, ledger.BackReturned},
		{"another one that was sent explains what is missing", append(life[:len(life):len(life)], out(ended, other), out(ended.Add(time.Minute), &gone)), row("7.5", "0"), 5 * time.Minute, ledger.BackReturned},
		{"there is no balance from before it", life[1:], row("10", "0"), 5 * time.Minute, ledger.BackUnproved},
		{"a deposit that was credited", append(life[:len(life):len(life)], in(ended.Add(time.Minute), deposit("DONE", "xrp", "ripple", ended))), row("11.5", "0"), 5 * time.Minute, ledger.BackReturned},
		{"one that is only found hides nothing", append(life[:len(life):len(life)], in(ended.Add(time.Minute), deposit("FOUND", "xrp", "ripple", ended))), row("9", "0"), 5 * time.Minute, ledger.BackUnproved},
	} {
		l := fold(c.records...)
		var f ledger.Followed
		for _, x := range l.Followed() {
			if x.Withdrawal != nil && x.Withdrawal.UUID == "w" {
				f = x
			}
		}
		k := ledger.Look{Row: c.row, Began: ended.Add(c.after), At: ended.Add(c.after + 100*time.Millisecond)}
		if got := CameBack(l, f, l.Explain(k, ledger.Rates{}), k); got != c.want {
			t.Errorf("%s: %q, want %q (%+v)", c.name, got, c.want, l.Explain(k, ledger.Rates{}).Since(asked))
		}
	}
	// What was sent, and what is under way, is none of it.
	for _, status := range []string{"DONE", "SENDING", "HELD"} {
		l := fold(life[0], out(ended, withdrawal(status, "xrp", "ripple", asked)))
		k := ledger.Look{Row: row("10", "0"), Began: ended.Add(time.Hour), At: ended.Add(time.Hour)}
		if got := CameBack(l, l.Followed()[0], l.Explain(k, ledger.Rates{}), k); got != ledger.BackUnproved {
			t.Errorf("%s: %q", status, got)
		}
	}
}

package transfer

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// ahead is how long before the time that the owner gave a deposit may have been found: people round.
const ahead = time.Hour

// meet finds the deposits that the owner has announced: of coins by the transaction, of yen, which have none, by the amount among
// those that were found since. One deposit answers one announcement, the oldest first.
func (j *judge) meet(all []ledger.Followed) map[string]*ledger.Expected {
	var seen []bitbank.Deposit
	for _, f := range all {
		if d := f.Deposit; d != nil {
			seen = append(seen, *d)
		}
	}
	for _, d := range j.hold.Deposits {
		if !slices.ContainsFunc(seen, func(s bitbank.Deposit) bool { return s.UUID == d.UUID }) {
			seen = append(seen, bitbank.Deposit{UUID: d.UUID, Asset: d.Asset, Network: d.Network, Amount: d.Amount, TxID: d.TxID, FoundAt: d.CreatedAt})
		}
	}
	out := map[string]*ledger.Expected{}
	for _, e := range j.awaits {
		var fits []bitbank.Deposit
		for _, d := range seen {
			if out[d.UUID] == nil && answers(e, d) {
				fits = append(fits, d)
			}
		}
		if len(fits) == 0 {
			continue
		}
		// One transaction can hold several deposits: the one with the amount, else the nearest to it.
		best := slices.MinFunc(fits, func(a, b bitbank.Deposit) int { return off(e, a).Cmp(off(e, b)) })
		out[best.UUID], j.met[e.ID] = &e, true
	}
	return out
}

// answers reports whether a deposit can be the one that was announced.
func answers(e ledger.Expected, d bitbank.Deposit) bool {
	if e.Asset != d.Asset {
		return false
	}
	if e.Asset != yen {
		return sameTx(e.TxID, d.TxID)
	}
	return !d.FoundAt.Time().Before(e.Sent.Add(-ahead)) && off(e, d).IsZero()
}

// off is how far an amount is from the one that was announced.
func off(e ledger.Expected, d bitbank.Deposit) decimal.Decimal {
	if !e.Amount.Known() {
		return decimal.Decimal{}
	}
	return e.Amount.Decimal().Sub(d.Amount.Decimal()).Abs()
}

// awaited judges one that bitbank does not show.
func (j *judge) awaited(e ledger.Expected) Case {
	c := Case{
		Key: "await " + e.ID, Kind: Awaited, UUID: e.ID, TxID: e.TxID, Asset: e.Asset, Network: e.Network, Amount: e.Amount, Began: e.Sent,
		Stand: Moving, Turn: Chain, Waits: e.Sent, AsOf: j.asOf, Awaited: &e,
	}
	c.Stations = []Station{
		{Place: Sent, Mark: Past, At: ledger.Seen{At: e.Sent}}, {Place: OnChain, Mark: Hidden}, {Place: Found, Mark: Present},
		{Place: Declared, Mark: Ahead}, {Place: Confirmed, Mark: Ahead}, {Place: Credited, Mark: Ahead},
	}
	if e.Asset == yen {
		c.Turn = Bank
		c.Stations[1].Place = AtBank
		c.Stations = slices.Delete(c.Stations, 3, 4)
	}
	j.lateness(&c, Arrive, lane{false, e.Asset, e.Network})
	return c
}

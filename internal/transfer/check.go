package transfer

import (
	"slices"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A Flag says whether bitbank takes a kind of transfer.
type Flag string

// The flags. The zero value is that it is not known.
const (
	NotKnown Flag = ""
	Open     Flag = "open"
	Shut     Flag = "stopped"
)

// A Way is one network of a coin, or yen, before one sends.
type Way struct {
	Asset, Network      string
	Deposit, Withdrawal Flag
}

// A Checked is what is known before one sends.
type Checked struct {
	Asset string
	Ways  []Way     // that were asked for; none: nothing is known of them
	Read  time.Time // when bitbank was read last
	Old   bool      // too long ago to rely on
	// Undeclared deposits block withdrawals until their senders are declared (bitbank's code 50054).
	Undeclared int
	// Recent are deposits of the last hour and those under way: bitbank can hold withdrawals for some minutes while it checks
	// the latest one (code 50037).
	Recent int
	Late   int // transfers of this coin on this way that are late or stopped
}

// recently is how long a deposit counts as recent. bitbank's text says "several minutes"; the rest is our assumption.
const recently = time.Hour

// Ways are all networks that are known, as bitbank listed them.
func Ways(l *ledger.Ledger) []Way {
	routes, _ := l.Routes()
	var out []Way
	for _, r := range routes {
		out = append(out, Way{r.Asset, r.Network, flag(r.StopDeposit), flag(r.StopWithdrawal)})
	}
	return out
}

func flag(stop bool) Flag {
	if stop {
		return Shut
	}
	return Open
}

// Check is what is known of an asset, on one network or with "" on all of them, for somebody who reads at now. Ways are all that
// bitbank listed when it was read last, cases are Judge's.
func Check(ways []Way, cases []Case, asset, network string, read, now time.Time) Checked {
	c := Checked{Asset: asset, Read: read, Old: now.Sub(read) > blind}
	for _, w := range ways {
		if w.Asset == asset && (network == "" || w.Network == network) {
			c.Ways = append(c.Ways, w)
		}
	}
	for _, x := range cases {
		if x.Undeclared {
			c.Undeclared++
		}
		if x.Kind == Deposit && (!x.Stand.Over() || now.Sub(arrivedAt(x)) < recently) {
			c.Recent++
		}
		if x.Asset == asset && (network == "" || x.Network == network) && (x.Stand == Late || x.Stand == Stopped) {
			c.Late++
		}
	}
	return c
}

// arrivedAt is when a deposit was credited, at the latest.
func arrivedAt(c Case) time.Time {
	if i := slices.IndexFunc(c.Stations, func(s Station) bool { return s.Place == Credited }); i >= 0 {
		return c.Stations[i].At.At
	}
	return time.Time{}
}

// RoutesOf are the networks in bitbank's list of assets. An asset without networks is one way of its own.
func RoutesOf(assets []bitbank.Asset) []ledger.Route {
	var out []ledger.Route
	for _, a := range assets {
		if len(a.Networks) == 0 {
			out = append(out, ledger.Route{Asset: a.Asset, StopDeposit: a.StopDeposit, StopWithdrawal: a.StopWithdrawal})
		}
		for _, n := range a.Networks {
			out = append(out, ledger.Route{Asset: a.Asset, Network: n.Network, StopDeposit: a.StopDeposit || n.StopDeposit, StopWithdrawal: a.StopWithdrawal || n.StopWithdrawal})
		}
	}
	return out
}

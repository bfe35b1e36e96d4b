package transfer

import (
	"strings"

	"github.com/shopspring/decimal"
)

// An Asset is what can be deposited and withdrawn.
type Asset struct {
	Name      string
	Precision int32
	Networks  []Network // none for yen
}

// A Network carries an asset.
type Network struct {
	Name string
	Fee  decimal.Decimal // of a withdrawal
}

const yen = "jpy"

// The fee of a yen withdrawal depends on its size: bitbank's price list has 550 yen below 30,000 and 770 from there on.
var (
	yenUnder     = decimal.NewFromInt(550)
	yenOver      = decimal.NewFromInt(770)
	yenThreshold = decimal.NewFromInt(30_000)
)

// Table reads one asset a line: its name, a tab, and its networks separated by blanks. The fees of coins are our choice;
// those of yen are given.
func Table(text string) []Asset {
	var all []Asset
	for line := range strings.Lines(text) {
		name, networks, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name == "" {
			continue
		}
		a := Asset{Name: name, Precision: 8}
		fee := decimal.New(1, -4)
		switch name {
		case yen:
			a.Precision = 4
		case "xrp":
			a.Precision, fee = 6, decimal.New(1, -1)
		}
		for _, n := range strings.Fields(networks) {
			a.Networks = append(a.Networks, Network{n, fee})
		}
		all = append(all, a)
	}
	return all
}

// has reports whether the asset travels on a network; yen only on none.
func (a *Asset) has(network string) bool {
	for _, n := range a.Networks {
		if n.Name == network {
			return true
		}
	}
	return network == "" && a.Name == yen
}

// fee of a withdrawal of that much. At the threshold itself the higher one holds, our assumption.
func (a *Asset) fee(network string, amount decimal.Decimal) decimal.Decimal {
	if a.Name == yen {
		if amount.LessThan(yenThreshold) {
			return yenUnder
		}
		return yenOver
	}
	for _, n := range a.Networks {
		if n.Name == network {
			return n.Fee
		}
	}
	return decimal.Zero
}

// text writes an amount with all digits of the asset.
func (a *Asset) text(amount decimal.Decimal) string { return amount.StringFixed(a.Precision) }

// A lane is where stops apply: one network of one asset, no network for yen.
type lane struct{ asset, network string }

type stopped struct{ deposits, withdrawals bool }

func (a *Asset) lanes() []lane {
	if a.Name == yen {
		return []lane{{a.Name, ""}}
	}
	all := make([]lane, len(a.Networks))
	for i, n := range a.Networks {
		all[i] = lane{a.Name, n.Name}
	}
	return all
}

// stopped reports whether a stop keeps the transfer from becoming next: deposits rest where they are, withdrawals are
// examined and then not sent. Our assumption.
func (d *Desk) stopped(t *transfer, next Status) bool {
	s := d.stops[lane{t.asset.Name, t.network}]
	if t.out {
		return s.withdrawals && next == Sending
	}
	return s.deposits
}

// A Standing is what /user/assets says of an asset beyond its amounts.
type Standing struct {
	Precision      int32
	Fee            any  // CoinFee or YenFee
	StopDeposit    bool // on all networks, documented
	StopWithdrawal bool
	Networks       []NetworkRow // nil for yen
}

// A NetworkRow is one of network_list.
type NetworkRow struct {
	Asset          string `json:"asset"`
	Network        string `json:"network"`
	StopDeposit    bool   `json:"stop_deposit"`
	StopWithdrawal bool   `json:"stop_withdrawal"`
	WithdrawalFee  string `json:"withdrawal_fee"`
}

// A CoinFee is the withdrawal_fee of a coin over all its networks.
type CoinFee struct {
	Min string `json:"min"`
	Max string `json:"max"`
}

// A YenFee is the withdrawal_fee of yen.
type YenFee struct {
	Under     string `json:"under"`
	Over      string `json:"over"`
	Threshold string `json:"threshold"`
}

// Standing of an asset that is in the table; of any other the zero value.
func (d *Desk) Standing(asset string) Standing {
	a := d.assets[asset]
	if a == nil {
		return Standing{}
	}
	s := Standing{Precision: a.Precision, StopDeposit: true, StopWithdrawal: true}
	for _, l := range a.lanes() {
		stop := d.stops[l]
		s.StopDeposit, s.StopWithdrawal = s.StopDeposit && stop.deposits, s.StopWithdrawal && stop.withdrawals
	}
	if asset == yen {
		s.Fee = YenFee{yenUnder.String(), yenOver.String(), yenThreshold.String()}
		return s
	}
	var low, high decimal.Decimal
	for i, n := range a.Networks {
		if i == 0 {
			low, high = n.Fee, n.Fee
		}
		low, high = decimal.Min(low, n.Fee), decimal.Max(high, n.Fee)
		stop := d.stops[lane{asset, n.Name}]
		s.Networks = append(s.Networks, NetworkRow{asset, n.Name, stop.deposits, stop.withdrawals, n.Fee.String()})
	}
	s.Fee = CoinFee{low.String(), high.String()}
	return s
}

package transfer

import (
	"net/url"
	"slices"
)

// The answers of reads, as they stand in data.
type (
	deposits struct {
		Deposits []any `json:"deposits"`
	}
	originators struct {
		Originators []Originator `json:"originators"`
	}
	accounts struct {
		Accounts []any `json:"accounts"`
	}
	withdrawals struct {
		Withdrawals []any `json:"withdrawals"`
	}
)

// DepositHistory answers GET deposit_history: newest first (not documented) by found_at. Without asset it lists coins only.
func (d *Desk) DepositHistory(q url.Values) (data any, code int) {
	w, code := d.readWindow(q, false)
	if code = firstOf(code, func() int { return d.refused(depositHistory) }); code != 0 {
		return nil, code
	}
	return deposits{w.pick(d.deposits, d.listed, d.depositRow)}, 0
}

// WithdrawalHistory answers GET withdrawal_history: newest first (not documented) by requested_at. Without asset it lists
// coins only.
func (d *Desk) WithdrawalHistory(q url.Values) (data any, code int) {
	w, code := d.readWindow(q, d.o.AssetRequired)
	if code = firstOf(code, func() int { return d.refused(withdrawalHistory) }); code != 0 {
		return nil, code
	}
	return withdrawals{w.pick(d.withdrawals, func(*transfer) bool { return true }, d.withdrawalRow)}, 0
}

// UnconfirmedDeposits answers GET unconfirmed_deposits: what waits for sender data, oldest first (not documented).
func (d *Desk) UnconfirmedDeposits() (data any, code int) {
	if code := d.refused(unconfirmed); code != 0 {
		return nil, code
	}
	rows := []any{}
	for _, t := range d.deposits {
		if t.waiting() {
			rows = append(rows, UnconfirmedDeposit{t.uuid, t.asset.Name, t.asset.text(t.amount), t.network, t.txid, t.at.UnixMilli()})
		}
	}
	return deposits{rows}, 0
}

// DepositOriginators answers GET deposit_originators, in the order of registration.
func (d *Desk) DepositOriginators() (data any, code int) {
	if code := d.refused(depositOriginators); code != 0 {
		return nil, code
	}
	return originators{append([]Originator{}, d.originators...)}, 0
}

// WithdrawalAccounts answers GET withdrawal_account, in the order of registration, whatever their state.
func (d *Desk) WithdrawalAccounts(q url.Values) (data any, code int) {
	a, code := d.readAsset(q, true)
	if code = firstOf(code, func() int { return d.refused(withdrawalAccount) }); code != 0 {
		return nil, code
	}
	rows := []any{}
	for _, to := range d.accounts {
		switch {
		case to.Asset != a.Name:
		case a.Name == yen:
			rows = append(rows, YenAccount{to.uuid, to.Label})
		default:
			rows = append(rows, CoinAccount{to.uuid, to.Label, to.Network, to.Address})
		}
	}
	return accounts{rows}, 0
}

// pick lists the newest transfers of the window.
func (w window) pick(ts []*transfer, listed func(*transfer) bool, row func(*transfer) any) []any {
	rows := []any{}
	for _, t := range slices.Backward(ts) {
		at := t.at.UnixMilli()
		if len(rows) == w.count || at < w.since {
			break
		}
		if at <= w.end && w.wants(t.asset) && listed(t) {
			rows = append(rows, row(t))
		}
	}
	return rows
}

func (w window) wants(a *Asset) bool {
	if w.asset == nil {
		return a.Name != yen
	}
	return a == w.asset
}

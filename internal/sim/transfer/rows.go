package transfer

import "encoding/json"

// The types below are the rows of bitbank's answers, keys in the documented order. Amounts are strings (the documented
// table calls that of a deposit a number, its example and the live service say string) with all digits of the asset, as
// balances have them (our assumption); times are milliseconds.

// A CoinDeposit is a row of deposit_history, and of the stream's deposit.
type CoinDeposit struct {
	UUID        string  `json:"uuid"`
	Asset       string  `json:"asset"`
	Network     string  `json:"network"`
	Address     string  `json:"address"` // in the documented table and live, not in the example
	Amount      string  `json:"amount"`
	TxID        *string `json:"txid"`
	Status      Status  `json:"status"`
	FoundAt     int64   `json:"found_at"`
	ConfirmedAt int64   `json:"confirmed_at,omitempty"` // only once confirmed
}

// A YenDeposit has neither network nor address nor txid, as a user saw in 2026.
type YenDeposit struct {
	UUID        string `json:"uuid"`
	Asset       string `json:"asset"`
	Amount      string `json:"amount"`
	Status      Status `json:"status"`
	FoundAt     int64  `json:"found_at"`
	ConfirmedAt int64  `json:"confirmed_at,omitempty"`
}

// An UnconfirmedDeposit is a row of unconfirmed_deposits.
type UnconfirmedDeposit struct {
	UUID      string `json:"uuid"`
	Asset     string `json:"asset"`
	Amount    string `json:"amount"`
	Network   string `json:"network"`
	TxID      string `json:"txid"`
	CreatedAt int64  `json:"created_at"`
}

// A CoinAccount is a row of withdrawal_account.
type CoinAccount struct {
	UUID    string `json:"uuid"`
	Label   string `json:"label"`
	Network string `json:"network"`
	Address string `json:"address"`
}

// A YenAccount has no network and no address, as a user saw in 2026.
type YenAccount struct {
	UUID  string `json:"uuid"`
	Label string `json:"label"`
}

// A CoinWithdrawal is a row of withdrawal_history, the answer of request_withdrawal, and the stream's withdrawal.
type CoinWithdrawal struct {
	UUID        string          `json:"uuid"`
	Asset       string          `json:"asset"`
	AccountUUID string          `json:"account_uuid"`
	Amount      string          `json:"amount"`
	Fee         string          `json:"fee"`
	Label       string          `json:"label"`
	Address     string          `json:"address"`
	Network     string          `json:"network"`
	TxID        *string         `json:"txid"`
	Tag         json.RawMessage `json:"destination_tag,omitempty"` // number or string, only when the account has one
	Status      Status          `json:"status"`
	RequestedAt int64           `json:"requested_at"`
}

// A YenWithdrawal goes to a bank.
type YenWithdrawal struct {
	UUID        string `json:"uuid"`
	Asset       string `json:"asset"`
	AccountUUID string `json:"account_uuid"`
	Amount      string `json:"amount"`
	Fee         string `json:"fee"`
	Bank
	Status      Status `json:"status"`
	RequestedAt int64  `json:"requested_at"`
}

// A Bank is where yen go.
type Bank struct {
	Name   string `json:"bank_name"`
	Branch string `json:"branch_name"`
	Type   string `json:"account_type"` // NORMAL
	Number string `json:"account_number"`
	Owner  string `json:"account_owner"`
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (d *Desk) depositRow(t *transfer) any {
	confirmed := int64(0)
	if !t.confirmedAt.IsZero() {
		confirmed = t.confirmedAt.UnixMilli()
	}
	amount := t.asset.text(t.amount)
	if t.asset.Name == yen {
		return YenDeposit{t.uuid, yen, amount, t.status, t.at.UnixMilli(), confirmed}
	}
	return CoinDeposit{t.uuid, t.asset.Name, t.network, d.address(t), amount, orNull(t.txid), t.status, t.at.UnixMilli(), confirmed}
}

func (d *Desk) withdrawalRow(t *transfer) any {
	amount, fee, at := t.asset.text(t.amount), t.asset.text(t.fee), t.at.UnixMilli()
	if t.asset.Name == yen {
		return YenWithdrawal{t.uuid, yen, t.account.uuid, amount, fee, t.account.Bank, t.status, at}
	}
	return CoinWithdrawal{
		t.uuid, t.asset.Name, t.account.uuid, amount, fee, t.account.Label, t.account.Address, t.network, orNull(t.txid),
		t.account.Tag, t.status, at,
	}
}

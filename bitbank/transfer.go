package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A DepositStatus is how far a deposit is: FOUND, CONFIRMED, DONE, or one that bitbank added since.
type DepositStatus string

// The statuses of a deposit. Only Done is final; none for a refused deposit is documented.
const (
	DepositFound     DepositStatus = "FOUND"
	DepositConfirmed DepositStatus = "CONFIRMED"
	DepositDone      DepositStatus = "DONE"
)

// Terminal reports whether the deposit changes no more. An unknown status is not terminal.
func (s DepositStatus) Terminal() bool { return s == DepositDone }

// A Deposit is money that came in. Network, Address and TxID are "" for yen; grants of bitbank have no TxID.
type Deposit struct {
	UUID        string        `json:"uuid"`
	Asset       string        `json:"asset"`
	Network     string        `json:"network,omitempty"`
	Address     string        `json:"address,omitempty"`
	Amount      Number        `json:"amount"` // travels as a string, although the documents' table says number
	TxID        string        `json:"txid,omitempty"`
	Status      DepositStatus `json:"status"`
	FoundAt     Millis        `json:"found_at"`
	ConfirmedAt Millis        `json:"confirmed_at,omitempty"`
}

func (d *Deposit) check() error {
	if d.UUID == "" || d.Asset == "" || d.Status == "" || !d.Amount.Known() {
		return errors.New("a deposit without uuid, asset, status or amount")
	}
	return nil
}

type deposits struct {
	Deposits []Deposit `json:"deposits"`
}

func (l *deposits) check() error { return checkAll("deposits", l.Deposits) }

// An UnconfirmedDeposit waits for its sender to be declared. It is in no balance, and withdrawals can be blocked
// meanwhile (code 50054).
type UnconfirmedDeposit struct {
	UUID      string `json:"uuid"`
	Asset     string `json:"asset"`
	Amount    Number `json:"amount"`
	Network   string `json:"network,omitempty"`
	TxID      string `json:"txid,omitempty"`
	CreatedAt Millis `json:"created_at"`
}

func (d *UnconfirmedDeposit) check() error {
	if d.UUID == "" || d.Asset == "" || !d.Amount.Known() {
		return errors.New("an unconfirmed deposit without uuid, asset or amount")
	}
	return nil
}

type unconfirmedDeposits struct {
	Deposits []UnconfirmedDeposit `json:"deposits"`
}

func (l *unconfirmedDeposits) check() error { return checkAll("deposits", l.Deposits) }

// An Originator is a sender that the owner declared. Only one with Status CONFIRMED can be used. What does not apply
// to its Type is "".
type Originator struct {
	UUID                   string       `json:"uuid"`
	Label                  string       `json:"label"`
	DepositType            string       `json:"deposit_type"` // WALLET or ELSE
	DepositPurpose         string       `json:"deposit_purpose"`
	Status                 string       `json:"originator_status"` // SCREENING, CONFIRMED, REJECTED, DEPRECATED
	Type                   string       `json:"originator_type"`   // OWN, PERSON, COMPANY
	LastName               string       `json:"originator_last_name"`
	FirstName              string       `json:"originator_first_name"`
	Country                string       `json:"originator_country"`
	Prefecture             string       `json:"originator_prefecture"`
	City                   string       `json:"originator_city"`
	Address                string       `json:"originator_address"`
	Building               string       `json:"originator_building"`
	CompanyName            string       `json:"originator_company_name"`
	CompanyType            string       `json:"originator_company_type"`
	CompanyTypePosition    string       `json:"originator_company_type_position"`
	SubstantialControllers []Controller `json:"originator_substantial_controllers"`
}

// A Controller is a person behind a company.
type Controller struct {
	UUID       string `json:"uuid"`
	Name       string `json:"name"`
	Country    string `json:"country"`
	Prefecture string `json:"prefecture"`
}

func (o *Originator) check() error {
	if o.UUID == "" || o.Status == "" {
		return errors.New("an originator without uuid or originator_status")
	}
	return nil
}

type originators struct {
	Originators []Originator `json:"originators"`
}

func (l *originators) check() error { return checkAll("originators", l.Originators) }

// A WithdrawalAccount is a place that money can be withdrawn to. Network and Address are "" for yen.
type WithdrawalAccount struct {
	UUID    string `json:"uuid"`
	Label   string `json:"label"`
	Network string `json:"network,omitempty"`
	Address string `json:"address,omitempty"`
}

func (a *WithdrawalAccount) check() error {
	if a.UUID == "" {
		return errors.New("a withdrawal account without uuid")
	}
	return nil
}

type withdrawalAccounts struct {
	Accounts []WithdrawalAccount `json:"accounts"`
}

func (l *withdrawalAccounts) check() error { return checkAll("accounts", l.Accounts) }

// A WithdrawalStatus is how far a withdrawal is, as bitbank wrote it.
type WithdrawalStatus string

// The statuses of a withdrawal. What the middle ones mean is read from their names.
const (
	WithdrawalConfirming     WithdrawalStatus = "CONFIRMING" // waits for the owner
	WithdrawalExamining      WithdrawalStatus = "EXAMINING"
	WithdrawalSending        WithdrawalStatus = "SENDING"
	WithdrawalDone           WithdrawalStatus = "DONE"
	WithdrawalRejected       WithdrawalStatus = "REJECTED"
	WithdrawalCanceled       WithdrawalStatus = "CANCELED"
	WithdrawalConfirmTimeout WithdrawalStatus = "CONFIRM_TIMEOUT" // the owner did not confirm in time
)

// Terminal reports whether the withdrawal changes no more. An unknown status is not terminal.
func (s WithdrawalStatus) Terminal() bool {
	switch s {
	case WithdrawalDone, WithdrawalRejected, WithdrawalCanceled, WithdrawalConfirmTimeout:
		return true
	}
	return false
}

// A Withdrawal is money that goes out: the balance falls by Amount plus Fee. The fields of a bank are for yen, the
// others below Status for coins.
type Withdrawal struct {
	UUID        string           `json:"uuid"`
	Asset       string           `json:"asset"`
	AccountUUID string           `json:"account_uuid"`
	Amount      Number           `json:"amount"`
	Fee         Number           `json:"fee"`
	Status      WithdrawalStatus `json:"status"`
	RequestedAt Millis           `json:"requested_at"`

	Label          string `json:"label,omitempty"`
	Address        string `json:"address,omitempty"`
	Network        string `json:"network,omitempty"`
	TxID           string `json:"txid,omitempty"`
	DestinationTag Tag    `json:"destination_tag,omitempty"`

	BankName      string `json:"bank_name,omitempty"`
	BranchName    string `json:"branch_name,omitempty"`
	AccountType   string `json:"account_type,omitempty"`
	AccountNumber string `json:"account_number,omitempty"`
	AccountOwner  string `json:"account_owner,omitempty"`
}

func (w *Withdrawal) check() error {
	if w.UUID == "" || w.Asset == "" || w.Status == "" || !w.Amount.Known() {
		return errors.New("a withdrawal without uuid, asset, status or amount")
	}
	return nil
}

type withdrawals struct {
	Withdrawals []Withdrawal `json:"withdrawals"`
}

func (l *withdrawals) check() error { return checkAll("withdrawals", l.Withdrawals) }

// A Tag is a destination tag or memo. It travels as a number or a string.
type Tag string

// UnmarshalJSON keeps a number's digits as they came.
func (t *Tag) UnmarshalJSON(b []byte) error {
	if b[0] == '"' || string(b) == "null" {
		return json.Unmarshal(b, (*string)(t))
	}
	if len(b) > maxNumber || strings.Trim(string(b), "0123456789") != "" {
		return fmt.Errorf("read a destination tag: %.40q is neither text nor a whole number", b)
	}
	*t = Tag(b)
	return nil
}

// An AssetUpdate is a balance that changed, as the private stream reports it. The documents' table and their example
// name its fields in two styles; both are read.
type AssetUpdate struct {
	Asset       string `json:"asset"`
	Free        Number `json:"free_amount"`
	Locked      Number `json:"locked_amount"`
	OnHand      Number `json:"onhand_amount"`
	Withdrawing Number `json:"withdrawing_amount"`
	Precision   int    `json:"amount_precision"`
}

// UnmarshalJSON reads both styles.
func (a *AssetUpdate) UnmarshalJSON(b []byte) error {
	type table AssetUpdate
	w := struct {
		table
		FreeAmount        Number `json:"freeAmount"`
		LockedAmount      Number `json:"lockedAmount"`
		OnhandAmount      Number `json:"onhandAmount"`
		WithdrawingAmount Number `json:"withdrawingAmount"`
		AmountPrecision   int    `json:"amountPrecision"`
	}{}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		into  *Number
		camel Number
	}{
		{"free_amount", &w.Free, w.FreeAmount}, {"locked_amount", &w.Locked, w.LockedAmount},
		{"onhand_amount", &w.OnHand, w.OnhandAmount}, {"withdrawing_amount", &w.Withdrawing, w.WithdrawingAmount},
	} {
		if err := either(f.name, f.into, f.camel); err != nil {
			return err
		}
	}
	switch {
	case w.Precision == 0:
		w.Precision = w.AmountPrecision
	case w.AmountPrecision != 0 && w.AmountPrecision != w.Precision:
		return fmt.Errorf("amount_precision has two values: %d and %d", w.Precision, w.AmountPrecision)
	}
	*a = AssetUpdate(w.table)
	return nil
}

// checkAll checks a list that must be there, and every row of it.
func checkAll[T any, P interface {
	*T
	checked
}](name string, rows []T) error {
	if rows == nil {
		return errors.New("no list of " + name)
	}
	for i := range rows {
		if err := P(&rows[i]).check(); err != nil {
			return err
		}
	}
	return nil
}

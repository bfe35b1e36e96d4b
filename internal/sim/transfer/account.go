package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// An Account is where the user can withdraw to, as registered on the web site.
type Account struct {
	uuid    string
	Asset   string          `json:"asset"`
	Label   string          `json:"label"`
	Network string          `json:"network"`         // of coins
	Address string          `json:"address"`         // of coins
	Tag     json.RawMessage `json:"destination_tag"` // of coins that have it: a number or a string
	Bank    Bank            `json:"bank"`            // of yen
	State   AccountState    `json:"state"`
}

// An AccountState says why nothing can be sent to a withdrawal account; the empty one that something can.
type AccountState string

// The states, with bitbank's code for a request to withdraw.
const (
	AddressIncomplete AccountState = "ADDRESS_INCOMPLETE" // 50033
	UnknownVASP       AccountState = "UNKNOWN_VASP"       // 50034
	RefusedVASP       AccountState = "REFUSED_VASP"       // 50038
	UnderReview       AccountState = "UNDER_REVIEW"       // 50048
	Incomplete        AccountState = "INCOMPLETE"         // 50049
	Refused           AccountState = "REFUSED"            // 50050
)

var accountCodes = map[AccountState]int{
	"": 0, AddressIncomplete: 50033, UnknownVASP: 50034, RefusedVASP: 50038, UnderReview: 50048, Incomplete: 50049, Refused: 50050,
}

func (s AccountState) check() error {
	if _, ok := accountCodes[s]; !ok {
		return fmt.Errorf("state: %q is neither empty nor one of ADDRESS_INCOMPLETE, UNKNOWN_VASP, REFUSED_VASP, UNDER_REVIEW, INCOMPLETE, REFUSED", string(s))
	}
	return nil
}

func (d *Desk) checkAccount(a Account) error {
	as := d.assets[a.Asset]
	switch {
	case as == nil:
		return fmt.Errorf("asset: %q is no asset of this exchange", a.Asset)
	case a.Label == "":
		return errors.New("label: expected a text")
	case !as.has(a.Network):
		return fmt.Errorf("network: %s does not travel on %q", a.Asset, a.Network)
	case a.Asset == yen && (a.Address != "" || a.Tag != nil):
		return errors.New("address, destination_tag: yen go to a bank")
	case a.Asset == yen && (a.Bank.Name == "" || a.Bank.Number == ""):
		return errors.New("bank: expected at least bank_name and account_number")
	case a.Asset != yen && a.Address == "":
		return errors.New("address: expected a text")
	case a.Asset != yen && a.Bank != Bank{}:
		return errors.New("bank: only yen go to one")
	case a.Tag != nil && !isTag(a.Tag):
		return fmt.Errorf("destination_tag: expected a whole number or a string, got %s", a.Tag)
	}
	return a.State.check()
}

func isTag(raw json.RawMessage) bool {
	var text *string
	var number *int64
	return json.Unmarshal(raw, &text) == nil && text != nil || json.Unmarshal(raw, &number) == nil && number != nil
}

// AddAccount registers a withdrawal account and returns its uuid. Yen need a bank; its account_type is NORMAL when empty.
func (d *Desk) AddAccount(a Account) (string, error) {
	if err := d.checkAccount(a); err != nil {
		return "", err
	}
	if len(d.accounts) >= most {
		return "", fmt.Errorf("there are %d withdrawal accounts, which is as many as there can be", most)
	}
	if a.Asset == yen && a.Bank.Type == "" {
		a.Bank.Type = "NORMAL"
	}
	a.uuid = d.newUUID("account")
	d.accounts = append(d.accounts, a)
	return a.uuid, nil
}

// SetAccount changes the state of a withdrawal account.
func (d *Desk) SetAccount(uuid string, state AccountState) error {
	if err := state.check(); err != nil {
		return err
	}
	a := d.account(uuid)
	if a == nil {
		return fmt.Errorf("uuid: there is no withdrawal account %q", uuid)
	}
	a.State = state
	return nil
}

func (d *Desk) account(uuid string) *Account {
	i := slices.IndexFunc(d.accounts, func(a Account) bool { return a.uuid == uuid })
	if i < 0 {
		return nil
	}
	return &d.accounts[i]
}

// Furnish gives a new account what most users have: a bank, an address of their own for a few coins (one with a numeric
// tag, one with a memo, one on two networks), and an originator that can be used beside one that cannot yet.
func (d *Desk) Furnish() {
	bank := Bank{Name: "サンプル銀行", Branch: "本店", Type: "NORMAL", Number: "1234567", Owner: "ヤマダ タロウ"}
	for _, a := range []Account{
		{Asset: yen, Label: "サンプル銀行", Bank: bank},
		{Asset: "btc", Network: "bitcoin", Label: "my btc wallet"},
		{Asset: "xrp", Network: "ripple", Label: "my xrp wallet", Tag: json.RawMessage("1234567")},
		{Asset: "xlm", Network: "stellar", Label: "my xlm wallet", Tag: json.RawMessage(`"memo 1"`)},
		{Asset: "eth", Network: "ethereum", Label: "my eth wallet"},
		{Asset: "eth", Network: "arbitrum", Label: "my eth wallet on arbitrum"},
	} {
		if as := d.assets[a.Asset]; as == nil || !as.has(a.Network) {
			continue
		}
		if a.Asset != yen {
			a.Address = fmt.Sprintf("wallet%x", d.hash("wallet", a.Label)[:16])
		}
		if _, err := d.AddAccount(a); err != nil {
			panic(err)
		}
	}
	company := Originator{
		Label: "Example Trading", DepositType: "ELSE", DepositPurpose: new("payment for goods"), Status: "SCREENING", Type: "COMPANY",
		Country: new("JP"), Prefecture: new("東京都"), City: new("千代田区"), Address: new("1-1-1"), Building: new("サンプルビル"),
		CompanyName: new("Example Trading"), CompanyType: new("株式会社"), CompanyTypePosition: new("AFTER"),
		Controllers: []Controller{{Name: "Example Holder", Country: "JP", Prefecture: new("大阪府")}},
	}
	for _, o := range []Originator{{Label: "my own wallet", DepositType: "WALLET", Status: "CONFIRMED", Type: "OWN"}, company} {
		if _, err := d.AddOriginator(o); err != nil {
			panic(err)
		}
	}
}

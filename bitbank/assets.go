package bitbank

import (
	"encoding/json"
	"errors"
)

// An Asset is one balance: OnHand is Free plus Locked.
type Asset struct {
	Asset           string    `json:"asset"`
	Free            Number    `json:"free_amount"`
	Locked          Number    `json:"locked_amount"`
	OnHand          Number    `json:"onhand_amount"`
	Withdrawing     Number    `json:"withdrawing_amount"` // part of Locked
	Precision       int       `json:"amount_precision"`
	Fee             Fee       `json:"withdrawal_fee"`
	StopDeposit     bool      `json:"stop_deposit"`    // on every network
	StopWithdrawal  bool      `json:"stop_withdrawal"` // on every network
	Networks        []Network `json:"network_list"`    // absent for yen
	CollateralRatio Number    `json:"collateral_ratio"`
}

// A Network is one way for a coin to come and go.
type Network struct {
	Asset          string `json:"asset"`
	Network        string `json:"network"` // a name; new ones appear
	StopDeposit    bool   `json:"stop_deposit"`
	StopWithdrawal bool   `json:"stop_withdrawal"`
	Fee            Fee    `json:"withdrawal_fee"`
}

// A Fee of a withdrawal has two shapes: Min and Max for coins; Under, Over and Threshold for yen. A network gives
// one number, which becomes both Min and Max.
type Fee struct {
	Min, Max               Number
	Under, Over, Threshold Number
}

// UnmarshalJSON reads every shape.
func (f *Fee) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		var flat Number
		if err := json.Unmarshal(b, &flat); err != nil {
			return err
		}
		*f = Fee{Min: flat, Max: flat}
		return nil
	}
	var w struct {
		Min       Number `json:"min"`
		Max       Number `json:"max"`
		Under     Number `json:"under"`
		Over      Number `json:"over"`
		Threshold Number `json:"threshold"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*f = Fee(w)
	return nil
}

type assets struct {
	Assets []Asset `json:"assets"`
}

func (a *assets) check() error {
	if len(a.Assets) == 0 {
		return errors.New("no asset is listed")
	}
	for _, x := range a.Assets {
		if x.Asset == "" || !x.OnHand.Known() {
			return errors.New("an asset without name or amount")
		}
	}
	return nil
}

// quiet takes the quotation out of an error, because it may hold an account's balances.
func quiet(err error) error {
	if b, ok := errors.AsType[*BodyError](err); ok {
		b.Body = ""
		b.Err = nil // a parser quotes too
	}
	return err
}

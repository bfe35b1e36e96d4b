package transfer

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Conditions of the account and of the exchange that make requests fail. The zero value is an account that may do all.
type Conditions struct {
	Account        string `json:"account"`             // "", RESTRICTED, PROVISIONAL, LOCKED, LOCKED_2, UNVERIFIED: 50003-50006, 50008
	OTPToken       string `json:"otp_token"`           // the right one-time password; "" while none is set up
	SMSToken       string `json:"sms_token"`           // the right SMS code; "" while none is set up
	NoYen          bool   `json:"no_yen_withdrawals"`  // 50070
	NoCoins        bool   `json:"no_coin_withdrawals"` // 50071
	RealizedLoss   bool   `json:"realized_loss"`       // 50083
	NoCompany      bool   `json:"no_company_data"`     // 50035
	CheckDeposits  bool   `json:"check_deposits"`      // 50037 while a deposit has been found and is not DONE
	Busy           bool   `json:"restricted_by_load"`  // 70014
	NobodyConfirms bool   `json:"nobody_confirms"`     // new withdrawals end as CONFIRM_TIMEOUT
}

// The states of an account are named after bitbank's texts. LOCKED_2 is the second code with the same text.
var accountStates = map[string]int{"": 0, "RESTRICTED": 50003, "PROVISIONAL": 50004, "LOCKED": 50005, "LOCKED_2": 50006, "UNVERIFIED": 50008}

// Check says what is wrong with conditions.
func (c Conditions) Check() error {
	if _, ok := accountStates[c.Account]; !ok {
		return fmt.Errorf("account: %q is neither empty nor one of RESTRICTED, PROVISIONAL, LOCKED, LOCKED_2, UNVERIFIED", c.Account)
	}
	return nil
}

// Conditions that hold.
func (d *Desk) Conditions() Conditions { return d.conditions }

// SetConditions replaces all conditions by checked ones. Failed tokens are forgotten.
func (d *Desk) SetConditions(c Conditions) {
	d.conditions, d.failures, d.lockedUntil = c, 0, time.Time{}
}

// A limit bounds one withdrawal; nil is none.
type limit struct{ min, max *decimal.Decimal }

// SetLimits bounds the amount of one withdrawal of an asset: below min it gets 60020 (what that code means is our
// assumption), above max 60017. An empty text is no bound.
func (d *Desk) SetLimits(asset, min, max string) error {
	if d.assets[asset] == nil {
		return fmt.Errorf("asset: %q is no asset of this exchange", asset)
	}
	var l limit
	for _, f := range []struct {
		name, text string
		into       **decimal.Decimal
	}{{"min", min, &l.min}, {"max", max, &l.max}} {
		if f.text == "" {
			continue
		}
		v, ok := readDecimal(f.text)
		if !ok {
			return fmt.Errorf("%s: %q is no decimal number in a string, such as \"0.1\"", f.name, f.text)
		}
		*f.into = &v
	}
	d.limits[asset] = l
	return nil
}

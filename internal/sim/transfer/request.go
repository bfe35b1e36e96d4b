package transfer

import (
	"time"
)

// RequestWithdrawal answers POST request_withdrawal and locks amount and fee. The body is the decoded JSON object, numbers
// as json.Number. In which order bitbank checks is not documented; here it is parameters, refusals named by a person, the
// account's state, tokens, what the account and the destination may do, the amount, the balance.
func (d *Desk) RequestWithdrawal(body map[string]any, now time.Time) (data any, code int) {
	now = d.reach(now)
	w, code := d.readWithdrawal(body)
	code = firstOf(code,
		func() int { return d.forbidden(requestWithdrawal) },
		func() int { return d.authenticate(body, now) },
		func() int { return d.mayWithdraw(w) },
		func() int { return d.limits[w.asset.Name].code(w) },
		func() int {
			if !d.admit(&d.withdrawals) {
				return codeRestricted // none of those under way can be forgotten, see Options.Keep
			}
			if !d.purse.Lock(w.asset.Name, w.amount.Add(w.fee)) {
				return codeNotEnough
			}
			return 0
		},
	)
	if code != 0 {
		return nil, code
	}
	return d.withdrawalRow(d.withdraw(w.asset, w.to, w.amount, w.fee, now)), 0
}

// mayWithdraw is the code of the first condition that stands in the way.
func (d *Desk) mayWithdraw(w withdrawal) int {
	c, isYen := d.conditions, w.asset.Name == yen
	stop := d.stops[lane{w.asset.Name, w.to.Network}]
	for _, r := range []struct {
		holds bool
		code  int
	}{
		// No code is documented for a stopped asset or network. 70014 says what it means.
		{c.Busy || stop.withdrawals, codeRestricted},
		{isYen && c.NoYen, codeNoYen},
		{!isYen && c.NoCoins, codeNoCoins},
		{c.RealizedLoss, codeLoss},
		{!d.o.UnconfirmedDoNotBlock && d.any((*transfer).waiting), codeUnconfirmed},
		{c.CheckDeposits && d.any(func(t *transfer) bool { return t.status != unseen && !t.ended() }), codeDepositChecked},
		{c.NoCompany, codeNoCompany},
	} {
		if r.holds {
			return r.code
		}
	}
	return accountCodes[w.to.State]
}

// any reports whether there is such a deposit.
func (d *Desk) any(is func(*transfer) bool) bool {
	for _, t := range d.deposits {
		if is(t) {
			return true
		}
	}
	return false
}

func (l limit) code(w withdrawal) int {
	switch {
	case l.min != nil && w.amount.LessThan(*l.min):
		return codeTooLittle
	case l.max != nil && w.amount.GreaterThan(*l.max):
		return codeTooMuch
	}
	return 0
}

const (
	wrongTokens = 5                // in a row until the lock; how many is not documented
	tokenLock   = 60 * time.Second // documented with 20026
)

// authenticate checks the tokens of an account that has set up some. Of two, either one will do (Japanese documents), the
// one-time password is looked at first; a wrong one is never made good by the other.
func (d *Desk) authenticate(body map[string]any, now time.Time) int {
	c := d.conditions
	otp, sms := token(body, "otp_token"), token(body, "sms_token")
	useOTP, useSMS := c.OTPToken != "" && otp != "", c.SMSToken != "" && sms != ""
	switch {
	case c.OTPToken == "" && c.SMSToken == "":
		return 0
	case now.Before(d.lockedUntil):
		return codeTokensLocked
	case !useOTP && !useSMS && c.OTPToken != "" && c.SMSToken != "":
		return codeNoTokens
	case c.OTPToken != "" && !useOTP && (c.SMSToken == "" || d.o.BothTokens):
		return codeNoOTP
	case c.SMSToken != "" && !useSMS && (c.OTPToken == "" || d.o.BothTokens):
		return codeNoSMS
	case useOTP && otp != c.OTPToken:
		return d.wrongToken(codeOTPFailed, now)
	case useSMS && sms != c.SMSToken:
		return d.wrongToken(codeSMSFailed, now)
	}
	d.failures = 0
	return 0
}

func (d *Desk) wrongToken(code int, now time.Time) int {
	d.failures++
	if d.failures >= wrongTokens {
		d.failures, d.lockedUntil = 0, now.Add(tokenLock)
	}
	return code
}

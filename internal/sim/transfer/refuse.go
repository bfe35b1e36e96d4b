package transfer

import (
	"errors"
	"fmt"
	"slices"
)

// A request is one of the eight requests, by the last part of its path.
type request string

const (
	depositHistory     request = "deposit_history"
	unconfirmed        request = "unconfirmed_deposits"
	depositOriginators request = "deposit_originators"
	confirmDeposits    request = "confirm_deposits"
	confirmDepositsAll request = "confirm_deposits_all"
	withdrawalAccount  request = "withdrawal_account"
	requestWithdrawal  request = "request_withdrawal"
	withdrawalHistory  request = "withdrawal_history"
)

var (
	everything = []request{
		depositHistory, unconfirmed, depositOriginators, confirmDeposits, confirmDepositsAll, withdrawalAccount, requestWithdrawal, withdrawalHistory,
	}
	writes       = []request{confirmDeposits, confirmDepositsAll, requestWithdrawal}
	declarations = []request{confirmDeposits, confirmDepositsAll}
	sending      = []request{requestWithdrawal}
)

// belongs says which requests can be refused with which codes, from and to. Most codes have a condition of their own. The
// data of the web site's forms (30103 to 30123, 40116 to 40163, 50043, 50046, 50047, 50053) cannot be reached from the
// documented requests, so those codes can only be named.
var belongs = []struct {
	from, to int
	requests []request
}{
	{10001, 10001, everything}, {10003, 10003, everything}, {10005, 10005, everything}, {10007, 10008, everything},
	{20011, 20011, sending}, {20014, 20014, sending}, {20023, 20026, sending},
	{30103, 30123, sending},
	{40116, 40127, sending}, {40152, 40160, declarations}, {40163, 40163, sending},
	{50003, 50006, writes}, {50008, 50008, writes},
	{50033, 50035, sending}, {50037, 50038, sending}, {50043, 50045, declarations}, {50046, 50050, sending},
	{50051, 50053, declarations}, {50054, 50054, sending}, {50070, 50071, sending}, {50083, 50083, sending},
	{50088, 50088, writes}, // its meaning is not known
	{60001, 60001, sending}, {60017, 60017, sending}, {60020, 60020, sending},
	{70001, 70003, writes}, {70011, 70012, writes}, {70014, 70014, sending},
}

// refusable reports whether the request can be refused with the code; an empty request stands for any.
func refusable(code int, r request) bool {
	for _, b := range belongs {
		if code >= b.from && code <= b.to {
			return r == "" || slices.Contains(b.requests, r)
		}
	}
	return false
}

type refusal struct {
	code  int
	times int // 0 for ever
}

// Refuse lets requests that the code belongs to fail with it, whatever else holds, as long as their parameters are right:
// so many times, or until Allow when times is 0. The oldest refusal that fits a request is used first.
func (d *Desk) Refuse(code, times int) error {
	switch {
	case !refusable(code, ""):
		return fmt.Errorf("code: %d is none that deposits or withdrawals are refused with", code)
	case times < 0:
		return fmt.Errorf("times: expected 0 (until taken back) or more, got %d", times)
	case len(d.refusals) >= most:
		return errors.New("code: there are too many refusals already")
	}
	d.refusals = append(d.refusals, refusal{code, times})
	return nil
}

// Allow takes back all refusals.
func (d *Desk) Allow() { d.refusals = nil }

// refused is the code that a person has named for this request, 0 when nobody has.
func (d *Desk) refused(r request) int {
	i := slices.IndexFunc(d.refusals, func(f refusal) bool { return refusable(f.code, r) })
	if i < 0 {
		return 0
	}
	code := d.refusals[i].code
	switch d.refusals[i].times {
	case 0:
	case 1:
		d.refusals = slices.Delete(d.refusals, i, i+1)
	default:
		d.refusals[i].times--
	}
	return code
}

// forbidden is refused and then the state of the account, which holds for everything that changes something.
func (d *Desk) forbidden(r request) int {
	return firstOf(d.refused(r), func() int { return accountStates[d.conditions.Account] })
}

// firstOf is code, or when that is 0 the first code that a check gives.
func firstOf(code int, checks ...func() int) int {
	for _, check := range checks {
		if code != 0 {
			return code
		}
		code = check()
	}
	return code
}

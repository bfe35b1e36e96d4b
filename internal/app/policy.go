package app

import (
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/diagnose"
)

// policy is what the owner has decided beforehand, in the words of package account.
func (a *App) policy() (account.Policy, error) {
	rules, err := a.cfg.Policy.Prepared()
	return account.Policy{Armed: a.cfg.Policy.Armed, Rules: rules, Trouble: a.troubled}, err
}

// troubled is since when the watch says that bitbank, or a part of it that orders need, is in trouble; zero: it does not say so.
func (a *App) troubled() time.Time {
	v := a.watch.Snapshot().Verdict
	if v.Scope == diagnose.Bitbank || v.Scope == diagnose.Part && ofOrders(v.Parts, v.Pairs) {
		return v.Since
	}
	return time.Time{}
}

package app

import (
	"slices"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/config"
	"hikeshi/internal/diagnose"
	"hikeshi/internal/lease"
	"hikeshi/internal/part"
)

// switches are the owner's rules of the dead man's switch in the words of package account.
func (a *App) switches() account.Switch {
	s := a.cfg.Switch
	out := account.Switch{
		Rules: lease.Rules{
			Windows: map[string]lease.Windows{"cancel": lease.CancelBefore, "run": lease.CountOn}[s.Maintenance],
			Early:   time.Duration(s.EarlyS) * time.Second,
		},
		// The watch is made after the account, and runs when the account does.
		Maintenance: func() bool {
			v := a.watch.Snapshot().Verdict
			return v.Scope == diagnose.Maintenance && ofOrders(v.Parts, v.Pairs)
		},
	}
	for _, w := range a.cfg.Windows {
		if stopsOrders(w) {
			out.Windows = append(out.Windows, lease.Window{Start: w.Start, End: w.End})
		}
	}
	return out
}

// stopsOrders reports whether an announced maintenance is one of orders, of every pair, whose end is known: nothing is to be held
// up for good by one that somebody forgot.
func stopsOrders(w config.Window) bool { return !w.End.IsZero() && ofOrders(w.Parts, w.Pairs) }

// ofOrders reports whether functions of bitbank that are in maintenance are what orders need; none is all of them.
func ofOrders(parts []part.Code, pairs []string) bool {
	return len(pairs) == 0 && (len(parts) == 0 || slices.ContainsFunc(parts, func(c part.Code) bool {
		return c == part.All || c == part.Trading || c == part.PrivateAPI
	}))
}

package diagnose

import (
	"slices"
)

// The stop flags of /spot/pairs.
const (
	flagStop          = "stop_order"
	flagStopAndCancel = "stop_order_and_cancel"
)

// newFlags are those that are set now and were not when we began.
func newFlags(p PairSignal) []string {
	var out []string
	for _, f := range p.State.Flags {
		if !slices.Contains(p.Base, f) {
			out = append(out, f)
		}
	}
	return out
}

// stopped reports whether bitbank's own flags limit the pair in any way that was not there when we began.
func stopped(p PairSignal) bool {
	if p.Retired {
		return false
	}
	normal := p.State.Status == "" || p.State.Status == "NORMAL"
	open := p.State.Mode == "" || p.State.Mode == "NONE" || p.State.Mode == "LISTING" // a new listing is as announced
	return !normal || !open || len(newFlags(p)) > 0
}

func common(a, b []string) []string {
	var out []string
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

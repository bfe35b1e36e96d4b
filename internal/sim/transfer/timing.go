package transfer

import (
	"fmt"
	"time"
)

// Timing says how long each state lasts, in milliseconds of market time. A zero is the default. All defaults are our
// choice: long enough to be seen, short enough to wait for.
type Timing struct {
	ConfirmMS int64 `json:"confirm_ms"` // a deposit from FOUND to CONFIRMED: 60,000
	CreditMS  int64 `json:"credit_ms"`  // from CONFIRMED to DONE: 5,000
	ApproveMS int64 `json:"approve_ms"` // a withdrawal until its user confirms it: 10,000
	GiveUpMS  int64 `json:"give_up_ms"` // until CONFIRM_TIMEOUT when nobody does: 1,800,000
	ExamineMS int64 `json:"examine_ms"` // from EXAMINING to SENDING: 30,000
	SendMS    int64 `json:"send_ms"`    // from SENDING to DONE: 60,000
}

var defaults = Timing{ConfirmMS: 60_000, CreditMS: 5_000, ApproveMS: 10_000, GiveUpMS: 1_800_000, ExamineMS: 30_000, SendMS: 60_000}

const longest = 366 * 24 * 3600 * 1000 // ms; nobody waits longer

// Check says what is wrong with a timing.
func (t Timing) Check() error {
	for _, f := range []struct {
		name string
		ms   int64
	}{
		{"confirm_ms", t.ConfirmMS}, {"credit_ms", t.CreditMS}, {"approve_ms", t.ApproveMS},
		{"give_up_ms", t.GiveUpMS}, {"examine_ms", t.ExamineMS}, {"send_ms", t.SendMS},
	} {
		if f.ms < 0 || f.ms > longest {
			return fmt.Errorf("%s: expected milliseconds from 0 to %d, got %d", f.name, int64(longest), f.ms)
		}
	}
	return nil
}

// SetTiming changes how long states last that begin from now on. The timing must have passed its Check.
func (d *Desk) SetTiming(t Timing) { d.o.Timing = t }

// SetSpeed changes how many times faster than life states that begin from now on go by; it is positive.
func (d *Desk) SetSpeed(speed float64) { d.o.Speed = speed }

// following is what a transfer that has not ended becomes by itself, and after how long.
func (d *Desk) following(t *transfer) (Status, time.Duration) {
	set, usual := d.o.Timing, defaults
	last := func(ms, usual int64) time.Duration {
		if ms == 0 {
			ms = usual
		}
		return time.Duration(float64(ms) * float64(time.Millisecond) / d.o.Speed)
	}
	switch t.status {
	case Found:
		return Confirmed, last(set.ConfirmMS, usual.ConfirmMS)
	case Confirmed:
		return Done, last(set.CreditMS, usual.CreditMS)
	case Confirming:
		if d.conditions.NobodyConfirms {
			return ConfirmTimeout, last(set.GiveUpMS, usual.GiveUpMS)
		}
		return Examining, last(set.ApproveMS, usual.ApproveMS)
	case Examining:
		return Sending, last(set.ExamineMS, usual.ExamineMS)
	case Sending:
		return Done, last(set.SendMS, usual.SendMS)
	}
	return Found, 0 // a deposit that nobody has seen yet
}

package reconcile

import "time"

// A Want is what a case needs next.
type Want string

// The wants. The doing side spends the account's budget on them, for all cases of a pair at once.
const (
	WantFence   Want = "fence"   // a signed read over a fresh connection with the intent's own time and window
	WantPass    Want = "pass"    // one complete look
	WantBarrier Want = "barrier" // a write of ours that is sent after the fence, when one is to be sent anyway
	WantHuman   Want = "human"   // the owner's decision
	WantGhosts  Want = "ghosts"  // now and then a look, for a day
)

// steps are when passes are made after the fence; the last distance repeats.
var steps = []time.Duration{0, 1, 2, 5, 10, 20, 30, 45, 60, 75}

// after is the distance from the last step on.
const after = 15 * time.Second

// before the fence only a match is looked for: once a second at first, then every five.
const (
	hurry    = 10 * time.Second
	hurried  = time.Second
	patience = 5 * time.Second
)

// Wants says what the case needs and when: now when the time is not after now. Passes is how many were made already since the
// fence, whether they counted or not, and last when the newest one of any kind began.
func (c Case) Wants(now time.Time, made int, last time.Time) (wants []Want, at time.Time) {
	switch {
	case c.Verdict == Ambiguous:
		return []Want{WantHuman}, now
	case c.Verdict == NotPlaced && now.Sub(c.At) < ghostFor:
		return []Want{WantGhosts}, last.Add(time.Minute)
	case c.Settled():
		return nil, time.Time{}
	case !c.fenced():
		each := hurried
		if now.Sub(c.Opened) > hurry {
			each = patience
		}
		wants = []Want{WantPass}
		if !now.Before(c.Intent.Expires()) {
			wants = append(wants, WantFence)
		}
		return wants, last.Add(each)
	}
	wants = []Want{WantPass}
	if c.Barrier == nil {
		wants = append(wants, WantBarrier)
	}
	at = last.Add(after)
	if made < len(steps) {
		at = c.FencedAt.Add(steps[made] * time.Second)
	}
	if enough := c.EnoughAt(); !enough.IsZero() && now.Sub(enough) < time.Minute {
		if next := last.Add(hurried); !last.Before(enough) && next.After(enough) {
			enough = next
		}
		if enough.Before(at) {
			at = enough // this pass can be the one that proves it
		}
	}
	if c.Barrier != nil && c.Fresh.N == 0 && now.Sub(c.Barrier.Seen) < time.Minute && last.Add(hurried).Before(at) {
		at = last.Add(hurried) // half a minute counts from the first look that shows the barrier
	}
	return wants, at
}

// EnoughAt is when one more pass like the last ones would prove that nothing was placed; zero when it takes more.
func (c Case) EnoughAt() time.Time {
	if c.Verdict != Unknown || c.Barrier == nil || c.Fresh.N < passesLeast-1 {
		return time.Time{}
	}
	at := c.Fresh.First.Add(passesSpan)
	if seen := c.Barrier.Seen.Add(L); seen.After(at) {
		at = seen
	}
	return at
}

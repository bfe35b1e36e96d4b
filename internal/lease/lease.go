package lease

import (
	"errors"
	"time"
)

// A Moment is a reading of both clocks. Run is the monotonic one, from any start that stays the same.
type Moment struct {
	Wall time.Time
	Run  time.Duration
}

// A State is how a lease stands.
type State string

// The states. Off is the zero value: there is none, or it was disarmed.
const (
	Off     State = ""
	Armed   State = "armed"
	Suspect State = "suspect" // a refresh was missed, or we were away ourselves
	Frozen  State = "frozen"  // it has lapsed: the bot's orders are refused
	Resolve State = "resolve" // the orders whose answers are lost are being settled
	Drain   State = "drain"   // what rests is being cancelled
	Verify  State = "verify"  // it is being read whether anything rests still
	Latched State = "latched" // bitbank does not answer, or takes no cancels: it is cancelled as soon as it does
	Safe    State = "safe"    // nothing of the bot rests; it may arm a new epoch
)

// Counting reports whether there is a countdown.
func (s State) Counting() bool { return s == Armed || s == Suspect }

// Lapsed reports whether the bot's orders are refused until it arms anew.
func (s State) Lapsed() bool { return s != Off && !s.Counting() }

// A Spare says what a lapse leaves on the book.
type Spare string

// What can be spared. Protection is the zero value.
const (
	Protection Spare = ""    // stops, take profits and what closes margin positions stay
	Nothing    Spare = "all" // everything of the bot is cancelled
)

// A Why is why a lease stands as it does.
type Why string

// The reasons.
const (
	Silent      Why = "silent"      // nothing was heard for the time to live
	Maintenance Why = "maintenance" // an announced maintenance begins soon, and the owner wants orders cancelled before it
	ByOwner     Why = "owner"       // the owner has let the bot's orders go again
	Clock       Why = "clock"       // the wall clock jumped, or the machine was suspended: the countdown began anew
	Late        Why = "late"        // our program was stopped for a while: likewise
	Restart     Why = "restart"     // our program was started: likewise
)

// A Word is what is recorded of a lease: that it was armed, with what, that it was disarmed, that it has lapsed, and that nothing
// of the bot rests any more. Renewals are not recorded.
type Word struct {
	Bot   string        `json:"bot"`
	Epoch int64         `json:"epoch"` // from 1
	TTL   time.Duration `json:"ttl"`   // in nanoseconds
	Spare Spare         `json:"spare,omitzero"`
	State State         `json:"state,omitzero"` // Off, Armed, Frozen or Safe
	Why   Why           `json:"why,omitzero"`
}

// rank orders what is recorded of one epoch.
func (w Word) rank() int {
	switch w.State {
	case Armed:
		return 0
	case Off:
		return 3
	case Safe:
		return 2
	}
	return 1
}

// Overrules reports whether a word is newer than another of the same bot. It goes by epochs and not by time: a clock may have been
// set back in between.
func (w Word) Overrules(old Word) bool {
	if w.Epoch != old.Epoch {
		return w.Epoch > old.Epoch
	}
	return w.rank() > old.rank() || w.rank() == 0 && old.rank() == 0
}

// A Lease is one bot's, as it stands.
type Lease struct {
	Word                // State is any of the states, Why that of the state
	Since     time.Time // of the state
	Expires   time.Time // while it counts: when it lapses if nothing is heard, by the wall clock
	Held      bool      // while it counts: a maintenance is under way, and nothing is counted
	HeldUntil time.Time // as it was announced; zero: that is not known
	Anew      time.Time // when the countdown began anew because we were away; zero: it did not
	AnewWhy   Why       // Clock, Late or Restart

	heard time.Duration // the monotonic clock when it was heard last
}

// Bounds of a time to live.
const (
	LeastTTL  = time.Second
	MostTTL   = 10 * time.Minute
	MostEpoch = 1 << 53 // what JSON carries everywhere
)

// Errors of a beat that changes nothing.
var (
	ErrOld         = errors.New("the epoch is older than the one that is armed")
	ErrUsed        = errors.New("the epoch is used up: it was disarmed, or it has lapsed; arm with a higher one")
	ErrRunning     = errors.New("the switch has lapsed, and the orders are still being cancelled; arm again when the state is safe")
	ErrMaintenance = errors.New("a maintenance has begun or begins soon, and orders are cancelled before it; arm again after it")
	ErrNone        = errors.New("no lease of this epoch is armed")
)

// missed is when a refresh counts as missed: a bot refreshes every quarter of the time to live, and has half a quarter of jitter.
func missed(ttl time.Duration) time.Duration { return ttl * 3 / 8 }

// away is how far the two clocks may move apart before we count as suspended: what NTP corrects at once is less.
const away = 2 * time.Second

// lateness is how late we may be called before our own silence could pass for a bot's. Half of a short time to live, so that two
// refreshes fall into the rest of it.
func lateness(ttl time.Duration) time.Duration { return min(away, ttl/2) }

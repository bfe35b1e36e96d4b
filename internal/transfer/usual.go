package transfer

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// A Step is what lies between two stations and takes time.
type Step string

// The steps.
const (
	Arrive  Step = "arrive"  // sent, until bitbank sees it
	Confirm Step = "confirm" // of a deposit, from FOUND to CONFIRMED
	Credit  Step = "credit"  // from CONFIRMED to DONE
	Approve Step = "approve" // of a withdrawal, CONFIRMING: as long as its owner takes
	Examine Step = "examine" // EXAMINING
	Send    Step = "send"    // SENDING
)

// A Usual is how long a step takes usually, and from when on it counts as late.
type Usual struct {
	Step Step
	// Own is how many of the account's own transfers it is made of, of the same coin and network; 0 is the table, whose times
	// are our assumption.
	Own         int
	Median, P90 time.Duration // of the own ones; of the table Median is the usual time
	Late        time.Duration
}

// Of the account's own transfers so many are needed, and the newest of them count.
const (
	ownLeast = 5
	ownMost  = 100
)

//go:embed usual.tsv
var usualTable string

type laneKey struct {
	step    Step
	network string
}

var assumed = mustUsual(usualTable)

// mustUsual panics on a broken table: it is embedded, so that is a fault of ours that every test sees.
func mustUsual(table string) map[laneKey]Usual {
	out := map[laneKey]Usual{}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			panic(fmt.Sprintf("transfer: usual.tsv: %q has %d fields, not 5", line, len(f)))
		}
		usual, err := time.ParseDuration(f[2])
		late, errLate := time.ParseDuration(f[3])
		if err != nil || errLate != nil || late <= usual {
			panic(fmt.Sprintf("transfer: usual.tsv: %q", line))
		}
		out[laneKey{Step(f[0]), f[1]}] = Usual{Step: Step(f[0]), Median: usual, Late: late}
	}
	return out
}

// assumption is what the table says of a step; false when it says nothing: an approval takes as long as its owner does, and yen
// go by bank days.
func assumption(step Step, network string) (Usual, bool) {
	if u, ok := assumed[laneKey{step, network}]; ok {
		return u, true
	}
	u, ok := assumed[laneKey{step, "*"}]
	return u, ok
}

// lane is what is alike: the same way of the same coin.
type lane struct {
	out            bool
	asset, network string
}

// A past is how long steps have taken, by lane.
type past map[lane]map[Step][]time.Duration

// blurred is how far apart two reads may be for what happened between them to be worth counting.
const blurred = 10 * time.Minute

// pastOf collects how long the steps of finished transfers took, newest first.
func pastOf(all []ledger.Followed) past {
	p := past{}
	for _, f := range slices.Backward(all) {
		if over, _ := f.Over(); !over {
			continue
		}
		add := func(step Step, took time.Duration) {
			k := laneOf(f.Transfer)
			if p[k] == nil {
				p[k] = map[Step][]time.Duration{}
			}
			if len(p[k][step]) < ownMost && took >= 0 {
				p[k][step] = append(p[k][step], took)
			}
		}
		between := func(step Step, from, to string) {
			a, okA := f.Seen[from]
			b, okB := f.Seen[to]
			if okA && okB && sharp(a) && sharp(b) {
				add(step, b.At.Sub(a.At))
			}
		}
		if d := f.Deposit; d != nil {
			if d.FoundAt != 0 && d.ConfirmedAt != 0 { // bitbank's own times, whether we looked or not
				add(Confirm, d.ConfirmedAt.Time().Sub(d.FoundAt.Time()))
			}
			between(Credit, string(bitbank.DepositConfirmed), string(bitbank.DepositDone))
			continue
		}
		between(Examine, string(bitbank.WithdrawalExamining), string(bitbank.WithdrawalSending))
		between(Send, string(bitbank.WithdrawalSending), string(bitbank.WithdrawalDone))
	}
	return p
}

// sharp reports whether it is known well enough when a station was reached.
func sharp(s ledger.Seen) bool { return s.After.IsZero() || s.At.Sub(s.After) <= blurred }

func laneOf(t ledger.Transfer) lane {
	if d := t.Deposit; d != nil {
		return lane{false, d.Asset, d.Network}
	}
	return lane{true, t.Withdrawal.Asset, t.Withdrawal.Network}
}

// usual is what counts for a step on a lane.
func (p past) usual(step Step, l lane) (Usual, bool) {
	u, ok := assumption(step, l.network)
	took := p[l][step]
	if !ok || len(took) < ownLeast {
		return u, ok
	}
	took = slices.Sorted(slices.Values(took))
	rank := func(percent int) time.Duration { return took[(len(took)*percent+99)/100-1] }
	own := Usual{Step: step, Own: len(took), Median: rank(50), P90: rank(90)}
	// Twice the ninth decile, and ten minutes at least, so that quick ones are not late at once. One that took days makes the
	// others no later than a day.
	own.Late = min(max(2*own.P90, own.P90+10*time.Minute), max(u.Late, 24*time.Hour))
	return own, true
}

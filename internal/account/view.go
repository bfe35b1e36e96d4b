package account

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/transfer"
)

// A View is the account for people: everything that they ask about after an outage, and how old the knowledge is.
type View struct {
	At      time.Time // of the view
	Newest  time.Time // of the newest record; zero: nothing was ever recorded
	Read    time.Time // when balances, live orders and trades were read last; zero: not since the start
	Trading string    // as gateway.State
	Reason  string    // likewise, of "frozen": the owner's words
	Stops   []ledger.Stop
	// Switches are the dead man's switches of bots that ever armed one, by name. Of a journal alone they are as they were recorded.
	Switches []lease.Lease
	Orders   []Line // what needs attention first, then what lives, then what ended lately; newest first in each
	Holdings []ledger.Holding
	// Transfers are those under way, and those of the last week; Moves are the same and those that are awaited, judged.
	Transfers []ledger.Transfer
	Moves     []transfer.Case
	// Moved is when bitbank's lists of transfers were read last; zero: never.
	Moved      time.Time
	Refused    []ledger.Kind // lists of transfers that bitbank does not show to this key
	Ways       []transfer.Way
	Routed     time.Time // since when bitbank has said so of Ways; zero: it was never asked
	Balanced   time.Time // when balances, and with them Ways, were read last
	Unrecorded int       // records that wait for the disk
	// Breaks are the differences between our books and bitbank's: those that stand, and those of the last day.
	Breaks []ledger.Break
	// Unsure is of what nothing can be said: assets whose balance moves too much or differs for the first time, and orders, as
	// pair/id, that bitbank did not show once. While it is empty and the account was read lately the books agree but for Breaks.
	Unsure    []string
	Positions []ledger.Position
	// Held is when the margin positions were read whole last, as far as is recorded; zero: never, and what the stream told is all
	// there is.
	Held time.Time
	// Demand is what bitbank demands of the account's margin, as of Held.
	Demand bitbank.MarginNotice
	// Exposure is what is held and ordered, for what it is worth.
	Exposure exposure.Input
	Past     Past
	Policy   WhatNow // what the owner's policy would do
	// Proposals of the owner's policy wait for an answer, or were answered in the last day; newest first.
	Proposals []ledger.Proposal
	// Reopening is how bitbank's return after an outage goes; nil when none does.
	Reopening *Reopening
	Plans     []Plan // those that go on and the newest that are over, newest first
}

// A Past is how much of the account's history is in the journal.
type Past struct {
	Trades ledger.Span // the newest piece without a hole; zero: nothing was read yet
	All    bool        // bitbank has shown nothing before it
}

// A Standing is how an order stands, for people.
type Standing string

// The standings, in the order in which a View lists them.
const (
	Ambiguous Standing = "ambiguous"  // more orders look like the lost one than were lost: its owner decides
	Uncertain Standing = "uncertain"  // the answer was lost, and nothing is proved yet
	Ghost     Standing = "ghost"      // proved not to exist, and one that looks the same showed up all the same
	Live      Standing = "live"       // confirmed, on the book
	Filled    Standing = "filled"     // confirmed, executed whole
	Cancelled Standing = "cancelled"  // confirmed; ExecutedAmount counts
	Refused   Standing = "refused"    // bitbank refused it, or rejected it later
	NotPlaced Standing = "not_placed" // its answer was lost, and it is proved that nothing was placed
)

var standings = []Standing{Ambiguous, Uncertain, Ghost, Live, Filled, Cancelled, Refused, NotPlaced}

// A Line is one order.
type Line struct {
	Standing Standing
	Order    bitbank.Order // as bitbank reports it; of one that is not known to exist, as it was wanted, with ID 0
	Since    time.Time     // when it was sent, or ordered
	By       ledger.Who
	Bot      string
	Intent   string          // "" when it did not come through the gateway
	Code     bitbank.Code    // of a refusal
	Proof    bitbank.Proof   // of a refusal before bitbank saw anything of it, how that is known
	Case     *reconcile.Case // of one whose answer was lost: the proof, or what is missing of it
	Alike    []bitbank.Order // of an ambiguous one and of a ghost: the orders that look the same
}

// lately is how long what is over is shown.
const lately = 24 * time.Hour

// ViewOf is what a ledger says at a time, for whoever reads a journal without the program that writes it.
func ViewOf(l *ledger.Ledger, now time.Time) View {
	v := View{At: now, Newest: l.Newest(), Holdings: l.Holdings(), Stops: l.Stops(), Switches: switchesOf(l), Breaks: l.Breaks(), Positions: l.Positions(), Past: pastOf(l), Plans: plansOf(l), Proposals: proposalsOf(l, now)}
	shown, listed := map[bitbank.OrderID]bool{}, map[string]bool{}
	for _, i := range append(l.Recent(now.Add(-lately)), l.Open()...) {
		if i.Order == nil || listed[i.ID] {
			continue
		}
		listed[i.ID] = true
		x := line(l, i)
		if shown[x.Order.ID] = true; x.Standing != "" {
			v.Orders = append(v.Orders, x)
		}
	}
	for _, o := range append(l.Live(), l.Finished()...) {
		at := max(o.OrderedAt, o.CanceledAt).Time()
		if shown[o.ID] || o.Status.Terminal() && now.Sub(at) > lately {
			continue
		}
		v.Orders = append(v.Orders, lineOf(l, ledger.Named{Pair: o.Pair, ID: o.ID}))
	}
	slices.SortStableFunc(v.Orders, func(a, b Line) int {
		return cmp.Or(cmp.Compare(slices.Index(standings, a.Standing), slices.Index(standings, b.Standing)), b.Since.Compare(a.Since), strings.Compare(a.Intent, b.Intent))
	})
	v.Moves, v.Ways, v.Balanced = Moves(l, now), transfer.Ways(l), l.AssetsRead()
	_, v.Routed = l.Routes()
	var held ledger.Waiting
	held, v.Moved = l.Waiting()
	v.Refused = held.Refused
	for _, t := range l.Transfers() {
		over, at := t.Over()
		if !over || now.Sub(at) <= 7*lately {
			v.Transfers = append(v.Transfers, t)
		}
	}
	v.Exposure = exposed(l, now)
	v.Held, v.Demand = v.Exposure.Held, v.Exposure.Demand
	return v
}

func pastOf(l *ledger.Ledger) Past {
	p := Past{Trades: ledger.Span{From: l.CoveredFrom(ledger.Trades), To: l.CoveredTo(ledger.Trades)}}
	first := l.First(ledger.Trades)
	p.All = !first.IsZero() && !p.Trades.From.After(first)
	return p
}

// standing is how a known order stands.
func standing(o bitbank.Order) Standing {
	switch o.Status {
	case bitbank.StatusFullyFilled:
		return Filled
	case bitbank.StatusRejected:
		return Refused
	case bitbank.StatusCanceledUnfilled, bitbank.StatusCanceledPartiallyFilled:
		return Cancelled
	}
	return Live
}

// line is an order of ours.
func line(l *ledger.Ledger, i ledger.Intent) Line {
	x := Line{Since: i.Signed, By: ledger.Bot, Bot: i.Bot, Intent: i.ID, Case: i.Case, Order: wanted(*i.Order)}
	found := func(id bitbank.OrderID) {
		if o, _, ok := l.Order(i.Order.Pair, id); ok {
			x.Order = o
		}
		x.Standing = standing(x.Order)
	}
	switch {
	case i.Answer == ledger.Done:
		found(i.Placed[0])
	case i.Answer == ledger.Declined:
		x.Standing, x.Code, x.Proof = Refused, i.Refused.Code, i.Refused.Proof
	case i.Case == nil:
		x.Standing = Uncertain
	case i.Case.Ghost():
		x.Standing, x.Alike = Ghost, known(l, i.Order.Pair, i.Case.Late)
	case i.Case.Verdict == reconcile.Placed:
		found(i.Case.Orders[0])
	case i.Case.Verdict == reconcile.NotPlaced:
		x.Standing = NotPlaced
	case i.Case.Verdict == reconcile.Ambiguous:
		x.Standing, x.Alike = Ambiguous, known(l, i.Order.Pair, i.Case.Orders)
	default:
		x.Standing = Uncertain
	}
	return x
}

// known are orders of a pair; of one that no report has told of there is only its id.
func known(l *ledger.Ledger, pair string, ids []bitbank.OrderID) []bitbank.Order {
	var out []bitbank.Order
	for _, id := range ids {
		o, _, ok := l.Order(pair, id)
		if !ok {
			o = bitbank.Order{ID: id, Pair: pair}
		}
		out = append(out, o)
	}
	return out
}

// wanted is an order as it was to be placed.
func wanted(n bitbank.NewOrder) bitbank.Order {
	return bitbank.Order{
		Pair: n.Pair, Side: n.Side, PositionSide: n.PositionSide, Type: n.Type, StartAmount: n.Amount, RemainingAmount: n.Amount,
		Price: n.Price, TriggerPrice: n.TriggerPrice, PostOnly: n.PostOnly,
	}
}

// View is the account now.
func (a *Account) View() View {
	state := a.State("")
	situation := a.situation()
	a.mu.Lock()
	defer a.mu.Unlock()
	v := ViewOf(a.broker.Ledger(), time.Now())
	v.Read, v.Trading, v.Reason, v.Unrecorded = a.read, state.Trading, state.Reason, len(a.backlog)
	v.Unsure = slices.Clone(a.books.unsure)
	v.Switches = a.guard.book.All()
	a.sharpen(&v.Exposure)
	v.Held, v.Demand, v.Positions = v.Exposure.Held, v.Exposure.Demand, v.Exposure.Positions
	v.Reopening, v.Policy = a.reopening(time.Now()), a.whatNow(situation)
	for i, p := range v.Plans {
		v.Plans[i] = a.progress(p)
	}
	return v
}

package web

import (
	"fmt"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/text"
)

const (
	// underWay is how long an order that is being sent is in no doubt yet: its answer is waited for, and then it counts as lost.
	underWay = 5 * time.Second
	// settledFor is how long the first page tells how doubts have ended: somebody who comes back after an outage asks that first.
	settledFor = 30 * time.Minute
)

// sending reports whether an order has only just been sent.
func sending(x account.Line, now time.Time) bool {
	return x.Standing == account.Uncertain && x.Case == nil && now.Sub(x.Since) < underWay
}

// found reports whether an order's answer was lost and the order was not.
func found(x account.Line) bool { return x.Case != nil && x.Case.Verdict == reconcile.Placed }

// A tally counts the orders that somebody may have to know of.
type tally struct {
	ambiguous, uncertain, ghost int
	sending                     int // not among the uncertain ones
	placed, absent              int // whose answer was lost, and that were settled within settledFor
}

func count(v account.View, now time.Time) tally {
	var t tally
	for _, x := range v.Orders {
		switch {
		case sending(x, now):
			t.sending++
		case x.Standing == account.Uncertain:
			t.uncertain++
		case x.Standing == account.Ambiguous:
			t.ambiguous++
		case x.Standing == account.Ghost:
			t.ghost++
		case x.Case == nil || now.Sub(x.Case.At) > settledFor:
		case found(x):
			t.placed++
		default:
			t.absent++
		}
	}
	return t
}

// doubtful is how many orders a repeated one could come on top of.
func (t tally) doubtful() int { return t.ambiguous + t.uncertain + t.ghost }

// of is how many orders of a standing that needs attention there are.
func (t tally) of(s account.Standing) int {
	switch s {
	case account.Ambiguous:
		return t.ambiguous
	case account.Uncertain:
		return t.uncertain
	}
	return t.ghost
}

// key changes when there is something to announce.
func (t tally) key() string { return fmt.Sprint(t.ambiguous, t.uncertain, t.ghost) }

// A notice is what the first page says of orders.
type notice struct{ Class, Icon, Text string }

// noticeOf says whether orders are in doubt, and for a while how that has ended; how many, only to those who may see them.
func noticeOf(l text.Lang, t tally, see bool) *notice {
	n := func(n int) text.Args { return text.Args{"n": strconv.Itoa(n)} }
	switch ask := t.ambiguous + t.ghost; {
	case ask > 0 && see:
		return &notice{"s-own", "warn", text.Say(l, "web.home.orders.ask", n(ask))}
	case ask > 0:
		return &notice{"s-own", "warn", text.Say(l, "web.home.orders", nil)}
	case t.uncertain > 0 && see:
		return &notice{"s-unk", "unknown", text.Say(l, "web.home.orders.looks", n(t.uncertain))}
	case t.uncertain > 0:
		return &notice{"s-unk", "unknown", text.Say(l, "web.home.orders.doubt", nil)}
	case t.placed+t.absent > 0 && see:
		return &notice{"s-ok", "placed", text.Say(l, "web.home.orders.settled", text.Args{"placed": strconv.Itoa(t.placed), "absent": strconv.Itoa(t.absent)})}
	}
	return nil
}

package web

import (
	"slices"
	"strconv"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// A follower notices what has changed in the account since it looked last. It is one stream's.
type follower struct {
	s      *server
	gen    int
	began  bool
	orders map[string]stage
	moves  map[string]string // statuses of transfers, and how often each was told of
	breaks map[string]ledger.Break
	leases map[string]lease.Lease
	lines  map[int]ledger.Crossed
}

func (s *server) follow() *follower {
	return &follower{s: s, orders: map[string]stage{}, moves: map[string]string{}}
}

// A stage is how an order stands, and how far the proof is of one in doubt.
type stage struct {
	standing             account.Standing
	open, fenced, later  bool
	fences, looks, fresh int
	spanned, gaps        bool
}

func stageOf(x account.Line) stage {
	s := stage{standing: x.Standing}
	if c := x.Case; c != nil && x.Standing == account.Uncertain {
		s = stage{
			standing: x.Standing, open: true, fenced: !c.FencedAt.IsZero(), later: c.Barrier != nil,
			fences: c.Fences, looks: min(c.Looked.N, passes), fresh: min(c.Fresh.N, passes), spanned: spanned(c.Looked), gaps: len(c.Gaps) > 0,
		}
	}
	return s
}

// changes are the orders whose standing has changed, or whose proof has gone on, the transfers whose status has changed or that need
// somebody, and the differences that are new or have changed. The first time they are the orders and transfers that somebody must
// look at and the differences that stand: what else was so before is for /api/v1/orders.
func (f *follower) changes(l text.Lang, now time.Time) []watch.Event {
	v, gen := f.s.views.latest()
	if gen == f.gen {
		return nil
	}
	f.gen = gen
	var out []watch.Event
	seq := f.s.o.Source.Snapshot().Seq
	add := func(kind string, data any) {
		out = append(out, watch.Event{Seq: seq, At: v.At, Kind: kind, Data: data})
	}
	orders, moves := make(map[string]stage, len(v.Orders)), map[string]string{}
	for _, x := range v.Orders {
		key := lineKey(x)
		is := stageOf(x)
		orders[key] = is
		was, known := f.orders[key]
		if known && was != is || !known && (f.began || !ended(x.Standing) && x.Standing != account.Live) {
			add("order", shapeOrder(l, x, dark(v), now))
		}
	}
	for _, c := range v.Moves {
		is := c.Status + " " + strconv.Itoa(c.Alert.N)
		moves[c.Key] = is
		if was, known := f.moves[c.Key]; f.began && (!known || was != is) || !f.began && c.Alert.State != "" {
			add("transfer", shapeMove(l, c, now))
		}
	}
	leases := map[string]lease.Lease{}
	for _, s := range v.Switches {
		leases[s.Bot] = s
		if was, known := f.leases[s.Bot]; f.began && (!known || !sameSwitch(was, s)) || !f.began && s.State != lease.Off && s.State != lease.Armed {
			add("switch", shapeSwitch(l, s, now))
		}
	}
	breaks := map[string]ledger.Break{}
	for _, b := range v.Breaks {
		breaks[b.ID] = b
		was, known := f.breaks[b.ID]
		if known && !sameBreak(was, b) || !known && (f.began || b.Over.IsZero()) {
			add("break", shapeBreak(l, b, now))
		}
	}
	for _, x := range f.crossed(l, v) {
		add("line", x)
	}
	f.orders, f.moves, f.breaks, f.leases, f.began = orders, moves, breaks, leases, true
	return out
}

// sameSwitch reports whether nothing of a switch has changed but when it was heard last.
func sameSwitch(a, b lease.Lease) bool {
	return a.State == b.State && a.Epoch == b.Epoch && a.TTL == b.TTL && a.Held == b.Held && a.Why == b.Why && a.Anew.Equal(b.Anew)
}

// sameBreak reports whether nothing of a break has changed that its reader would want to know.
func sameBreak(a, b ledger.Break) bool {
	return a.Over.Equal(b.Over) && a.Fills.N == b.Fills.N && slices.EqualFunc(a.Money, b.Money, func(x, y ledger.Money) bool {
		return x.Asset == y.Asset && x.OnHand.Equal(y.OnHand) && x.Locked.Equal(y.Locked)
	})
}

// lineKey names an order through all its standings: by the intent it came with, else by bitbank's id.
func lineKey(x account.Line) string {
	if x.Intent != "" {
		return x.Intent
	}
	return x.Order.Pair + "/" + strconv.FormatInt(int64(x.Order.ID), 10)
}

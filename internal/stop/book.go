package stop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// A State is how far a plan has come. Armed is the first.
type State string

// The states.
const (
	Armed   State = "armed"   // watched; dark or not is seen in the view, and changes nothing
	Pending State = "pending" // triggered, and waits for bitbank
	Exiting State = "exiting" // orders of it may have been sent
	Done    State = "done"    // proved: nothing is left of what it was for
	Expired State = "expired"
	Removed State = "removed" // by its owner
)

// A Record is one thing that happened to a plan. Exactly one of the pointers is set.
type Record struct {
	At    time.Time `json:"at"`
	Set   *Plan     `json:"set,omitzero"`
	Moved *Moved    `json:"moved,omitzero"`
	Guard *Guarded  `json:"guard,omitzero"`
	Naked *Naked    `json:"naked,omitzero"`

	Native *Native `json:"native,omitzero"`
	Ended  *Ended  `json:"ended,omitzero"`
}

// An Ended ends a native stop's steps.
type Ended struct {
	ID  ID     `json:"id"`
	Why Reason `json:"why"`
}

// A Naked says that the stops on bitbank that protected the same were cancelled for the exit, or that an order of it has taken
// their place.
type Naked struct {
	ID ID   `json:"id"`
	On bool `json:"on"`
}

// A Moved takes a plan to another state.
type Moved struct {
	ID    ID             `json:"id"`
	To    State          `json:"to"`
	Why   Reason         `json:"why,omitzero"`
	Price bitbank.Number `json:"price,omitzero"` // that triggered it, or at which it was back
	Proof *Proof         `json:"proof,omitzero"` // of Done
}

// A Guarded gives a plan another guard.
type Guarded struct {
	ID    ID             `json:"id"`
	Guard bitbank.Number `json:"guard"`
}

// A Proof says why nothing is left.
type Proof struct {
	Left  bitbank.Number `json:"left"`  // too little to be sold, or zero
	Sold  bitbank.Number `json:"sold"`  // by orders of the plan
	Other bitbank.Number `json:"other"` // by stops on bitbank since the plan was set
	Reads [2]time.Time   `json:"reads"` // when the two agreeing reads began
}

// A Standing is a plan and how far it has come.
type Standing struct {
	Plan      Plan
	State     State
	Since     time.Time
	Why       Reason
	Price     bitbank.Number // that triggered it
	Triggered time.Time      // zero while it is armed
	Began     time.Time      // when its exit began
	Proof     *Proof
	// Naked is how long nothing on bitbank protected what the exit was for, Since when if it still is so.
	Naked      time.Duration
	NakedSince time.Time
}

// Over reports whether nothing becomes of it any more.
func (s Standing) Over() bool { return s.State == Done || s.State == Expired || s.State == Removed }

// Acting reports whether it waits to exit or does.
func (s Standing) Acting() bool { return s.State == Pending || s.State == Exiting }

// A Book is all plans. The zero Book is empty and ready.
type Book struct {
	by      map[ID]*Standing
	made    int
	natives []*NativeStanding // oldest first
}

// overMost is how many plans that are over are kept.
const overMost = 200

// Apply folds a record in. A record that does not fit, such as a move of a plan that is over, changes nothing.
func (b *Book) Apply(r Record) {
	switch {
	case r.Set != nil:
		b.set(*r.Set)
	case r.Guard != nil:
		if s := b.by[r.Guard.ID]; s != nil && !s.Over() {
			s.Plan.Guard = r.Guard.Guard
		}
	case r.Native != nil:
		if b.native(r.Native.ID) == nil {
			b.natives = append(b.natives, &NativeStanding{Native: *r.Native, Since: r.Native.Set})
			b.natives = b.natives[max(0, len(b.natives)-overMost):]
		}
	case r.Ended != nil:
		if n := b.native(r.Ended.ID); n != nil && !n.Over {
			n.Over, n.Why, n.Since = true, r.Ended.Why, r.At
		}
	case r.Naked != nil:
		if s := b.by[r.Naked.ID]; s != nil {
			bare(&s.Naked, &s.NakedSince, r.Naked.On, r.At)
		}
		if n := b.native(r.Naked.ID); n != nil {
			bare(&n.Naked, &n.NakedSince, r.Naked.On, r.At)
		}
	case r.Moved != nil:
		if s := b.by[r.Moved.ID]; s != nil && !s.Over() {
			s.move(*r.Moved, r.At)
		}
	}
}

func (b *Book) set(p Plan) {
	if b.by == nil {
		b.by = map[ID]*Standing{}
	}
	if p.ID == "" || b.by[p.ID] != nil {
		return
	}
	if n, err := strconv.Atoi(string(p.ID)); err == nil {
		b.made = max(b.made, n)
	}
	b.by[p.ID] = &Standing{Plan: p, State: Armed, Since: p.Set}
	over := b.All()
	over = slices.DeleteFunc(over, func(s Standing) bool { return !s.Over() })
	for _, s := range over[min(len(over), overMost):] {
		delete(b.by, s.Plan.ID)
	}
}

// bare begins or ends a time in which nothing protects.
func bare(sum *time.Duration, since *time.Time, on bool, at time.Time) {
	switch {
	case on && since.IsZero():
		*since = at
	case !on && !since.IsZero():
		*sum, *since = *sum+at.Sub(*since), time.Time{}
	}
}

func (b *Book) native(id ID) *NativeStanding {
	for _, n := range b.natives {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// Native is one native stop.
func (b *Book) Native(id ID) (NativeStanding, bool) {
	if n := b.native(id); n != nil {
		return *n, true
	}
	return NativeStanding{}, false
}

// Natives are the native stops, the newest first.
func (b *Book) Natives() []NativeStanding {
	var out []NativeStanding
	for _, n := range slices.Backward(b.natives) {
		out = append(out, *n)
	}
	return out
}

// NextNative is the name of the next native stop.
func (b *Book) NextNative() ID {
	if len(b.natives) == 0 {
		return "n1"
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(string(b.natives[len(b.natives)-1].ID), "n"))
	return ID("n" + strconv.Itoa(n+1))
}

func (s *Standing) move(m Moved, at time.Time) {
	s.State, s.Since, s.Why = m.To, at, m.Why
	switch m.To {
	case Armed:
		s.Triggered, s.Began, s.Price = time.Time{}, time.Time{}, bitbank.Number{}
	case Pending:
		s.Triggered, s.Price = at, m.Price
	case Exiting:
		if s.Began.IsZero() {
			s.Began = at
		}
	case Done:
		s.Proof = m.Proof
	}
}

// Next is the name of the next plan.
func (b *Book) Next() ID { return ID(strconv.Itoa(b.made + 1)) }

// Find is one plan.
func (b *Book) Find(id ID) (Standing, bool) {
	if s := b.by[id]; s != nil {
		return *s, true
	}
	return Standing{}, false
}

// All are the plans, those that are not over first, the newest first in each.
func (b *Book) All() []Standing {
	var out []Standing
	for _, s := range b.by {
		out = append(out, *s)
	}
	rank := func(s Standing) int {
		if s.Over() {
			return 1
		}
		return 0
	}
	number := func(s Standing) int { n, _ := strconv.Atoi(string(s.Plan.ID)); return n }
	slices.SortFunc(out, func(a, b Standing) int { return cmp.Or(rank(a)-rank(b), number(b)-number(a)) })
	return out
}

// Open are the plans that are not over.
func (b *Book) Open() []Standing {
	return slices.DeleteFunc(b.All(), Standing.Over)
}

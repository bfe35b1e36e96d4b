package stop

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Quote is what one source says of a pair's price.
type Quote struct {
	Price     decimal.Decimal
	Low, High decimal.Decimal // the band it is sure of; of bitbank both are the price
	At        time.Time       // of the newest data in it; zero: there is none
	Venues    int             // of a reference, how many exchanges it is made of
	First     bool            // the first after a gap
}

// Discipline of the trigger: our assumptions, each on the side of not firing.
const (
	bitbankYoung = 2 * time.Second
	// A reference that stands alone is no older than the first; beside bitbank's own price it may be as old as the second, because
	// in calm other exchanges are asked seldom: what it costs is that a plan fires later, never that it fires wrongly.
	referenceAlone  = 5 * time.Second
	referenceBeside = 30 * time.Second
	venuesLeast     = 3 // of a reference that stands alone
	samplesOf       = 5 // the newest samples
	samplesNeed     = 4 // of which so many show the level passed, the newest among them
	samplesOver     = 3 * time.Second
	samplesApart    = 500 * time.Millisecond
	samplesGap      = 10 * time.Second // without one for so long the rest is forgotten
)

// A Tick is what is known of a pair's price at a time.
type Tick struct {
	Now       time.Time
	Dark      bool // bitbank does not answer
	Bitbank   Quote
	Reference Quote
}

// A Watch looks whether a plan is triggered. It remembers the newest samples and is not kept over a restart. The zero Watch is
// ready.
type Watch struct {
	samples []sample
	last    time.Time // when a sample was taken last
	seen    [2]time.Time
	dark    bool
	why     Reason
}

type sample struct {
	at     time.Time
	beyond bool
}

// Back forgets the samples: the price was seen clear of the level since.
func (w *Watch) Back() { w.samples = nil }

// Why says what the newest tick lacked, "" when it could be judged.
func (w *Watch) Why() Reason { return w.why }

// Take takes in a tick, and reports whether the plan is triggered by it.
func (w *Watch) Take(p Plan, t Tick) bool {
	if t.Dark != w.dark || t.Now.Sub(w.last) > samplesGap || t.Now.Before(w.last) {
		gap := w.last.IsZero() || t.Dark != w.dark
		w.samples, w.dark = nil, t.Dark
		if w.last = t.Now; gap { // the first says nothing
			w.why = Gap
			return false
		}
	}
	beyond, why := p.judge(t)
	if w.why = why; why != "" {
		if why == Gap {
			w.samples = nil
		}
		return false
	}
	news := [2]time.Time{t.Bitbank.At, t.Reference.At}
	if news == w.seen || len(w.samples) > 0 && t.Now.Sub(w.samples[len(w.samples)-1].at) < samplesApart {
		return false // the same once more
	}
	w.last, w.seen = t.Now, news
	w.samples = append(w.samples, sample{t.Now, beyond})
	w.samples = w.samples[max(0, len(w.samples)-samplesOf):]
	return beyond && w.enough(t.Now)
}

func (w *Watch) enough(now time.Time) bool {
	n, oldest := 0, now
	for _, s := range slices.Backward(w.samples) {
		if s.beyond {
			n, oldest = n+1, s.at
		}
	}
	return n >= samplesNeed && now.Sub(oldest) >= samplesOver
}

// judge says whether both sources have the level passed. With a reason it cannot be said.
func (p Plan) judge(t Tick) (beyond bool, why Reason) {
	fresh := func(q Quote, young time.Duration) bool {
		return !q.At.IsZero() && q.Price.IsPositive() && t.Now.Sub(q.At) <= young && q.At.Sub(t.Now) <= young
	}
	young := referenceBeside
	if t.Dark {
		young = referenceAlone
	}
	own, other := fresh(t.Bitbank, bitbankYoung), fresh(t.Reference, young)
	switch {
	case t.Bitbank.First || t.Reference.First:
		return false, Gap
	case !t.Dark && !own:
		return false, Stale
	case !other:
		return false, Single
	case t.Dark && t.Reference.Venues < venuesLeast:
		return false, Single
	case t.Dark:
		// The edge of the band that is better for the holder must have passed too.
		edge := t.Reference.Low
		if p.worse(edge, t.Reference.High) {
			edge = t.Reference.High
		}
		return p.beyond(t.Reference.Price) && p.beyond(edge), ""
	}
	return p.beyond(t.Bitbank.Price) && p.beyond(t.Reference.Price), ""
}

// base is the coin of a pair.
func base(pair string) string {
	b, _, _ := strings.Cut(pair, "_")
	return b
}

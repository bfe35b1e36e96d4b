package stop

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// A feed plays seconds of prices to a watch.
type feed struct {
	p    Plan
	w    Watch
	now  time.Time
	dark bool
}

// second takes one tick, whose prices "" are not there, and reports whether the plan fired.
func (f *feed) second(bitbank, reference string) bool {
	f.now = f.now.Add(time.Second)
	t := Tick{Now: f.now, Dark: f.dark}
	if bitbank != "" {
		t.Bitbank = quote(bitbank, f.now)
	}
	if reference != "" {
		t.Reference = quote(reference, f.now)
	}
	return f.w.Take(f.p, t)
}

const (
	above = "9500000"
	below = "8900000"
)

func TestAPlanFiresWhenTwoSourcesAgreeForSeconds(t *testing.T) {
	f := &feed{p: selling(), now: noon}
	f.second(above, above)
	for k := range samplesNeed {
		if fired := f.second(below, below); fired != (k == samplesNeed-1) {
			t.Fatalf("after %d samples it fired: %v", k+1, fired)
		}
	}
}

func TestWhatDoesNotFire(t *testing.T) {
	for _, c := range []struct {
		name             string
		dark             bool
		bitbank, elsehow string
		why              Reason
		change           func(*Tick)
	}{
		{"bitbank alone, the others above", false, below, above, "", nil},
		{"the others alone", false, above, below, "", nil},
		{"bitbank and nobody else", false, below, "", Single, nil},
		{"a dead feed", false, "", below, Stale, nil},
		{"a stale one", false, below, below, Stale, func(t *Tick) { t.Bitbank.At = t.Now.Add(-3 * time.Second) }},
		{"one from the future", false, below, below, Stale, func(t *Tick) { t.Bitbank.At = t.Now.Add(3 * time.Second) }},
		{"a stale reference", false, below, below, Single, func(t *Tick) { t.Reference.At = t.Now.Add(-31 * time.Second) }},
		{"dark, and one of six seconds ago", true, "", below, Single, func(t *Tick) { t.Reference.At = t.Now.Add(-6 * time.Second) }},
		{"zero", false, "0", "0", Stale, nil},
		{"negative", false, "-1", below, Stale, nil},
		{"dark, and two venues", true, "", below, Single, func(t *Tick) { t.Reference.Venues = 2 }},
		{"dark, and an uncertain band", true, "", below, "", func(t *Tick) { t.Reference.High = dec("9000001") }},
		{"dark, and nobody", true, "", "", Single, nil},
		{"every tick the first after a gap", false, below, below, Gap, func(t *Tick) { t.Bitbank.First = true }},
	} {
		f := &feed{p: selling(), now: noon, dark: c.dark}
		for range 30 {
			f.now = f.now.Add(time.Second)
			tick := Tick{Now: f.now, Dark: c.dark}
			if c.bitbank != "" {
				tick.Bitbank = quote(c.bitbank, f.now)
			}
			if c.elsehow != "" {
				tick.Reference = quote(c.elsehow, f.now)
			}
			if c.change != nil {
				c.change(&tick)
			}
			if f.w.Take(f.p, tick) {
				t.Errorf("%s: it fired", c.name)
				break
			}
		}
		if c.why != "" && f.w.Why() != c.why {
			t.Errorf("%s: said is %q, want %q", c.name, f.w.Why(), c.why)
		}
	}
}

func TestTheSameDataOnceMoreIsNoSample(t *testing.T) {
	f := &feed{p: selling(), now: noon}
	f.second(below, below)
	at := f.now.Add(time.Second)
	for k := range 20 {
		now := at.Add(time.Duration(k) * 100 * time.Millisecond)
		f.w.Take(f.p, Tick{Now: now, Bitbank: quote(below, at), Reference: quote(below, at)})
	}
	if len(f.w.samples) != 1 {
		t.Errorf("%d samples of one datum", len(f.w.samples))
	}
}

func TestADarkPlanFiresByThreeVenuesAlone(t *testing.T) {
	f := &feed{p: selling(), now: noon, dark: true}
	fired := 0
	for range 6 {
		if f.second("", below) {
			fired++
		}
	}
	if fired == 0 {
		t.Error("it never fired")
	}
}

func TestTheFirstAfterAReconnectSaysNothing(t *testing.T) {
	f := &feed{p: selling(), now: noon}
	for range 3 {
		f.second(below, below)
	}
	f.dark = true
	if f.second("", below) || f.w.Why() != Gap || len(f.w.samples) > 0 {
		t.Errorf("going dark: %q, %d samples", f.w.Why(), len(f.w.samples))
	}
	f.dark = false
	if f.second(below, below) || len(f.w.samples) > 0 {
		t.Error("the first after the dark counts")
	}
	f.now = f.now.Add(time.Minute)
	if f.second(below, below) || len(f.w.samples) > 1 {
		t.Errorf("%d samples are left of a minute ago", len(f.w.samples))
	}
}

func TestWhatWasBackNeedsAllItsSamplesAgain(t *testing.T) {
	f := &feed{p: selling(), now: noon}
	f.second(above, above)
	for range samplesNeed - 1 {
		f.second(below, below)
	}
	f.w.Back()
	for k := range samplesNeed {
		if fired := f.second(below, below); fired != (k == samplesNeed-1) {
			t.Fatalf("after %d samples it fired: %v", k+1, fired)
		}
	}
}

// One bad source, whatever it says and however long, never triggers: bitbank's own feed, a reference that has gone wrong, or one
// venue of three while bitbank is dark.
func TestOneBadSourceNeverFires(t *testing.T) {
	ticks := 50_000
	if os.Getenv("HIKESHI_LONG") != "" {
		ticks = 1_200_000
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	wild := func() decimal.Decimal {
		switch r.IntN(6) {
		case 0:
			return decimal.Zero
		case 1:
			return decimal.NewFromInt(-r.Int64N(1e9))
		case 2:
			return decimal.New(r.Int64N(1e9), int32(r.IntN(20)-14))
		case 3:
			return dec(below)
		case 4:
			return dec("9000000")
		}
		return dec(below).Add(decimal.NewFromInt(r.Int64N(200_000)))
	}
	honest := func() decimal.Decimal { return dec(above).Add(decimal.NewFromInt(r.Int64N(20_000) - 10_000)) }
	triggers, made := 0, 0
	for made < ticks {
		f := &feed{p: selling(), now: noon}
		who := r.IntN(3)
		for range 1000 {
			f.now = f.now.Add(time.Duration(200+r.IntN(1800)) * time.Millisecond)
			at := f.now.Add(-time.Duration(r.IntN(2500)) * time.Millisecond)
			tick := Tick{Now: f.now, Dark: who == 2}
			own, other := honest(), honest()
			switch who {
			case 0:
				own = wild()
			case 1:
				other = wild()
			case 2: // the median of two honest ones and one bad
				other = middle(honest(), honest(), wild())
			}
			tick.Bitbank = Quote{Price: own, Low: own, High: own, At: at, First: r.IntN(50) == 0}
			tick.Reference = Quote{Price: other, Low: other, High: other, At: at, Venues: 3}
			if r.IntN(100) == 0 {
				tick.Bitbank = Quote{}
			}
			if f.w.Take(f.p, tick) {
				triggers++
			}
			made++
		}
	}
	fmt.Printf("figure: stop triggers in %d ticks with one bad source: %d\n", made, triggers)
	if triggers > 0 {
		t.Errorf("seed %d: one bad source has triggered %d times", seed, triggers)
	}
}

func middle(a, b, c decimal.Decimal) decimal.Decimal {
	return decimal.Max(decimal.Min(a, b), decimal.Min(decimal.Max(a, b), c))
}

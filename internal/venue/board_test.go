package venue

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// everybody says a price now, each a moment apart.
func everybody(t interface{ Fatal(...any) }, b *Board, price string, now time.Time) {
	for i, v := range b.venues {
		if err := b.Hear(v.ID, "btc_jpy", says(price, now.Add(-time.Duration(i)*time.Millisecond)), now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheBasisIsLearnedInCalmAndStandsStillInTheDark(t *testing.T) {
	b := NewBoard(trading(3), dec("2"))
	now := noon
	step := func(elsewhere, here string) {
		now = now.Add(6 * time.Second)
		everybody(t, b, elsewhere, now)
		b.Tell("btc_jpy", dec(here), now, now)
	}
	for range 4 {
		step("10000", "10010")
	}
	if r := b.Reference("btc_jpy", 5*time.Second, now); r.Basis.Known || !r.Expected.IsZero() {
		t.Errorf("after four samples: %+v", r.Basis)
	}
	step("10000", "10010")
	r := b.Reference("btc_jpy", 5*time.Second, now)
	if !r.Basis.Known || !r.Basis.Share.Equal(dec("0.001")) || !r.Expected.Equal(dec("10010")) || !r.Low.LessThan(r.Expected) || !r.High.GreaterThan(r.Expected) {
		t.Fatalf("after five samples: %+v", r)
	}
	calm := r.High.Sub(r.Low)

	b.Dark(true)
	learned := now
	for range 100 {
		step("9000", "10010") // it falls elsewhere, and bitbank repeats itself
	}
	r = b.Reference("btc_jpy", 5*time.Second, now)
	if !r.Known || !r.Basis.Frozen || !r.Basis.Share.Equal(dec("0.001")) || !r.Basis.At.Equal(learned) || !r.Expected.Equal(dec("9009")) {
		t.Errorf("in the dark: %+v", r)
	}
	if wide := r.High.Sub(r.Low); !wide.GreaterThan(calm.Mul(dec("1.5"))) {
		t.Errorf("the band is %s wide after ten minutes, it was %s", wide, calm)
	}
	if !r.Gap.Known || !r.Gap.Wide || !r.Gap.Percent.Equal(dec("11.2222")) || !r.Gap.Line.Equal(dec("2")) {
		t.Errorf("gap %+v", r.Gap)
	}
	b.Dark(false)
	step("9000", "9009")
	if r = b.Reference("btc_jpy", 5*time.Second, now); r.Basis.Frozen || !r.Basis.At.Equal(now) || r.Gap.Wide {
		t.Errorf("in the light again: %+v %+v", r.Basis, r.Gap)
	}
}

func TestWhatIsOldOrRepeatedTeachesNothing(t *testing.T) {
	for name, tell := range map[string]func(b *Board, now time.Time){
		"a price whose time stands still": func(b *Board, now time.Time) { b.Tell("btc_jpy", dec("10010"), noon, now) },
		"a price of a minute ago":         func(b *Board, now time.Time) { b.Tell("btc_jpy", dec("10010"), now.Add(-time.Minute), now) },
		"a price that came late":          func(b *Board, now time.Time) { b.Tell("btc_jpy", dec("10010"), now, now.Add(time.Minute)) },
		"no price":                        func(b *Board, now time.Time) { b.Tell("btc_jpy", decimal.Zero, now, now) },
		"another pair": func(b *Board, now time.Time) {
			b.Tell("eth_jpy", dec("10010"), now, now)
		},
	} {
		b := NewBoard(trading(3), decimal.Zero)
		now := noon
		for range 20 {
			now = now.Add(10 * time.Second)
			everybody(t, b, "10000", now)
			tell(b, now)
		}
		if got := b.Reference("btc_jpy", 5*time.Second, now).Basis; got.Known || got.Samples > 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWithoutAPriceOnBothSidesThereIsNoGap(t *testing.T) {
	b := NewBoard(trading(3), dec("2"))
	b.Tell("btc_jpy", dec("10000"), noon, noon)
	if r := b.Reference("btc_jpy", 5*time.Second, noon); r.Gap.Known || r.Gap.Wide || !r.Here.Price.Equal(dec("10000")) || r.Why != None {
		t.Errorf("%+v", r)
	}
	// A gap to one venue's word is shown, but it is over nobody's line.
	if err := b.Hear("v0", "btc_jpy", says("5000", noon), noon); err != nil {
		t.Fatal(err)
	}
	if r := b.Reference("btc_jpy", 5*time.Second, noon); !r.Gap.Known || r.Gap.Wide || !r.Gap.Percent.Equal(dec("100")) {
		t.Errorf("%+v", r.Gap)
	}
	everybody(t, b, "9804", noon.Add(time.Second)) // 1.9992 %
	if r := b.Reference("btc_jpy", 5*time.Second, noon.Add(time.Second)); !r.Known || r.Gap.Wide {
		t.Errorf("%+v", r.Gap)
	}
	everybody(t, b, "9800", noon.Add(2*time.Second)) // 2.0408 %
	if r := b.Reference("btc_jpy", 5*time.Second, noon.Add(2*time.Second)); !r.Gap.Wide {
		t.Errorf("%+v", r.Gap)
	}
}

func TestAVenueThatListsAPairLaterCountsThen(t *testing.T) {
	venues := trading(3)
	venues[2].Pairs = []string{"eth_jpy"}
	b := NewBoard(venues, decimal.Zero)
	states := func() (all [3]State) {
		for i, s := range b.Reference("btc_jpy", time.Minute, noon).Sources {
			all[i] = s.State
		}
		return all
	}
	b.Strike("v0", "btc_jpy")
	b.Hear("v1", "btc_jpy", []byte(`{"status":-100,"error_message":"Invalid product","data":null}`), noon)
	if got, want := states(), [3]State{Unlisted, Unlisted, Unlisted}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	b.Hear("v0", "btc_jpy", says("100", noon), noon)
	b.Strike("v0", "btc_jpy") // it was listed a moment ago: one refusal does not undo that
	if got, want := states(), [3]State{Fresh, Unlisted, Unlisted}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whatever is told, the band holds the expected price, does not shrink as time passes, and says at most a tenth and the spread.
func TestTheBandOnlyWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBoard(trading(3), decimal.Zero)
		now := noon
		for range rapid.IntRange(5, 30).Draw(t, "samples") {
			now = now.Add(time.Duration(rapid.IntRange(5, 600).Draw(t, "pause")) * time.Second)
			everybody(t, b, "10000", now)
			b.Tell("btc_jpy", decimal.NewFromInt(rapid.Int64Range(9000, 11000).Draw(t, "here")), now, now)
		}
		b.Dark(true)
		var last decimal.Decimal
		for range 5 {
			now = now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(t, "dark")) * time.Second)
			everybody(t, b, "10000", now)
			r := b.Reference("btc_jpy", 5*time.Second, now)
			share := r.Basis.Share.Abs()
			if !r.Basis.Known || share.GreaterThan(dec("0.1")) || r.Basis.Spread.GreaterThan(dec("0.2")) {
				t.Fatalf("basis %+v", r.Basis)
			}
			if r.Low.GreaterThan(r.Expected) || r.High.LessThan(r.Expected) || r.High.Sub(r.Low).LessThan(last) || r.High.GreaterThan(r.Expected.Mul(dec("1.1001"))) {
				t.Fatalf("%s between %s and %s, the band was %s", r.Expected, r.Low, r.High, last)
			}
			last = r.High.Sub(r.Low)
		}
	})
}

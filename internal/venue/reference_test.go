package venue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// trading are n venues of different operators.
func trading(n int) []Venue {
	var all []Venue
	for i := range n {
		all = append(all, Venue{ID: fmt.Sprint("v", i), Name: fmt.Sprint("V", i), URL: fmt.Sprintf("https://v%d.example/{pair}", i), Last: "last", Bid: "bid", Ask: "ask", Time: "at"})
	}
	all[0].URL = "https://a.one.example.com/{pair}"
	for i := range all[1:] {
		all[i+1].URL = fmt.Sprintf("https://api.venue%d.com/{pair}", i)
	}
	return all
}

// says is an answer of such a venue, with a book a hundredth of a percent wide.
func says(price string, at time.Time) []byte {
	p := dec(price)
	return fmt.Appendf(nil, `{"last":%q,"bid":%q,"ask":%q,"at":%d}`, p, p.Mul(dec("0.99995")), p.Mul(dec("1.00005")), at.UnixMilli())
}

type told struct {
	price string
	age   time.Duration // of the answer
	stuck time.Duration // how much older the venue's own time is than when it was first seen
	body  string        // instead of a price
}

func TestAPriceIsKnownWhenThreeAgree(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		venues []Venue
		told   []told
		known  bool
		why    Doubt
		price  string
		age    time.Duration
		states []State
	}{
		"three near each other": {trading(3), []told{{price: "100"}, {price: "101"}, {price: "100.5", age: 2 * s}}, true, Sure, "100.5", 2 * s, []State{Fresh, Fresh, Fresh}},
		"four, the mean of the middle": {trading(4), []told{{price: "100"}, {price: "101"}, {price: "100.5"}, {price: "100.7"}}, true, Sure, "100.6", 0,
			[]State{Fresh, Fresh, Fresh, Fresh}},
		"one of four is far": {trading(4), []told{{price: "100"}, {price: "101"}, {price: "150"}, {price: "100.7"}}, true, Sure, "100.7", 0, []State{Fresh, Fresh, Far, Fresh}},
		// Two are not enough, but people see the median of all three, which the bad one cannot move out of the others.
		"one of three is far": {trading(3), []told{{price: "100"}, {price: "101"}, {price: "150"}}, false, Apart, "101", 0, []State{Fresh, Fresh, Far}},
		"all apart":           {trading(3), []told{{price: "100"}, {price: "110"}, {price: "120"}}, false, Apart, "110", 0, []State{Far, Fresh, Far}},
		"two":                 {trading(3), []told{{price: "100"}, {price: "101"}, {}}, false, Few, "100.5", 0, []State{Fresh, Fresh, Unasked}},
		"one":                 {trading(3), []told{{price: "100", age: 3 * s}, {}, {}}, false, Few, "100", 3 * s, []State{Fresh, Unasked, Unasked}},
		"none":                {trading(3), []told{{}, {}, {}}, false, None, "0", 0, []State{Unasked, Unasked, Unasked}},
		"one is old":          {trading(3), []told{{price: "100"}, {price: "101"}, {price: "100.5", age: 6 * s}}, false, Stale, "100.5", 6 * s, []State{Fresh, Fresh, Old}},
		"all are old":         {trading(3), []told{{price: "100", age: 60 * s}, {price: "101", age: 30 * s}, {price: "99", age: 6 * s}}, false, Stale, "100", 60 * s, []State{Old, Old, Old}},
		"of yesterday":        {trading(3), []told{{price: "100", age: 24 * time.Hour}, {}, {}}, false, None, "0", 0, []State{Old, Unasked, Unasked}},
		"the youngest of the others": {trading(4), []told{{price: "100"}, {price: "101"}, {price: "90", age: 60 * s}, {price: "102", age: 6 * s}}, false, Stale, "101", 6 * s,
			[]State{Fresh, Fresh, Old, Old}},
		"no quote any more": {trading(3), []told{{price: "100"}, {price: "101"}, {body: `{"last":"0","bid":"1","ask":"2","at":1795575600000}`}}, false, Few, "100.5", 0, []State{Fresh, Fresh, Refused}},
		"not listed":        {trading(3), []told{{price: "100"}, {price: "101"}, {body: `{"error":"unknown"}`}}, false, Few, "100.5", 0, []State{Fresh, Fresh, Unlisted}},
		"its time stands still": {trading(3), []told{{price: "100"}, {price: "101"}, {price: "100", stuck: time.Minute}}, false, Stale, "100", time.Minute,
			[]State{Fresh, Fresh, Old}},
		"its clock is a little off": {trading(3), []told{{price: "100"}, {price: "101"}, {price: "100", stuck: 20 * s}}, true, Sure, "100", 0, []State{Fresh, Fresh, Fresh}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBoard(c.venues, decimal.Zero)
			for i, x := range c.told {
				at := noon.Add(-x.age)
				switch {
				case x.body != "":
					b.Hear(c.venues[i].ID, "btc_jpy", []byte(x.body), at) // its error is in the source
				case x.price != "":
					if err := b.Hear(c.venues[i].ID, "btc_jpy", says(x.price, at.Add(-x.stuck)), at); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := b.Reference("btc_jpy", 5*s, noon)
			if r.Known != c.known || r.Why != c.why || !r.Price.Equal(dec(c.price)) {
				t.Errorf("got %v %q %s, want %v %q %s", r.Known, r.Why, r.Price, c.known, c.why, c.price)
			}
			if !r.Price.IsZero() && noon.Sub(r.At) != c.age {
				t.Errorf("age %v, want %v", noon.Sub(r.At), c.age)
			}
			for i, want := range c.states {
				if got := r.Sources[i].State; got != want {
					t.Errorf("%s is %q, want %q (%s)", c.venues[i].ID, got, want, r.Sources[i].Said)
				}
			}
		})
	}
}

func TestAVenueWhoseTimeStandsStillGrowsStaleAlthoughItAnswers(t *testing.T) {
	b := NewBoard(trading(3), decimal.Zero)
	for second := range 10 {
		now := noon.Add(time.Duration(second) * time.Second)
		b.Hear("v0", "btc_jpy", says("100", now), now)
		b.Hear("v1", "btc_jpy", says("101", now), now)
		b.Hear("v2", "btc_jpy", says("102", noon), now)
		r := b.Reference("btc_jpy", 5*time.Second, now)
		if want := second <= 5; r.Known != want {
			t.Errorf("after %d s: known is %v, want %v", second, r.Known, want)
		}
		if got := now.Sub(r.At); got != time.Duration(second)*time.Second {
			t.Errorf("after %d s the age is told as %v", second, got)
		}
	}
}

// The wall clock goes on while a machine sleeps, the other is never set back. A test can make times that know both, or the wall's alone.
func TestTimePassesByEitherClock(t *testing.T) {
	since := time.Now()
	for name, now := range map[string]time.Time{"by both clocks": since.Add(time.Minute), "by the wall's alone": since.Add(time.Minute).Round(0)} {
		if got := passed(since, now); got != time.Minute {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOneVenueUnderTwoNamesCountsOnce(t *testing.T) {
	venues := trading(3)
	venues[2].URL = "https://other.venue0.com/{pair}" // the operator of v1
	b := NewBoard(venues, decimal.Zero)
	mirror := NewBoard(trading(3), decimal.Zero)
	for i, price := range []string{"100", "101", "101"} {
		for _, x := range []*Board{b, mirror} {
			if err := x.Hear(venues[i].ID, "btc_jpy", says(price, noon), noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, x := range map[string]*Board{"of one domain": b, "with the same words at the same time": mirror} {
		if r := x.Reference("btc_jpy", 5*time.Second, noon); r.Known || r.Why != Few || r.Sources[2].State != Same || !r.Price.Equal(dec("100.5")) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestAnOlderAnswerDoesNotOvertakeANewerOne(t *testing.T) {
	b := NewBoard(trading(3), decimal.Zero)
	b.Hear("v0", "btc_jpy", says("100", noon), noon)
	b.Hear("v0", "btc_jpy", says("90", noon.Add(-time.Second)), noon.Add(time.Second))
	b.Hear("v0", "btc_jpy", says("80", noon), noon.Add(-time.Second))
	if got := b.Reference("btc_jpy", time.Minute, noon.Add(time.Second)).Price; !got.Equal(dec("100")) {
		t.Errorf("price %s", got)
	}
	b.Miss("v0", "btc_jpy", "no answer")
	if s := b.Reference("btc_jpy", time.Minute, noon.Add(time.Second)).Sources[0]; s.State != Fresh || s.Said != "no answer" {
		t.Errorf("%+v", s)
	}
	if err := b.Hear("nobody", "btc_jpy", says("100", noon), noon); err == nil {
		t.Error("a venue that is not there was heard")
	}
}

// However venues speak, of any number: known needs three, and the price is one that the fresh ones allow.
func TestAPriceLiesWithinItsSources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "venues")
		venues := trading(n)
		b := NewBoard(venues, decimal.Zero)
		limit := 5 * time.Second
		for range rapid.IntRange(1, 20).Draw(t, "answers") {
			i := rapid.IntRange(0, n-1).Draw(t, "venue")
			at := noon.Add(-time.Duration(rapid.IntRange(0, 12000).Draw(t, "age")) * time.Millisecond)
			price := decimal.New(rapid.Int64Range(9000, 11000).Draw(t, "price"), -2)
			b.Hear(venues[i].ID, "btc_jpy", says(price.String(), at), at)
		}
		r := b.Reference("btc_jpy", limit, noon)
		var low, high decimal.Decimal
		fresh, counted, oldest := 0, 0, time.Duration(0)
		for _, s := range r.Sources {
			if !s.Counted {
				continue
			}
			counted++
			if age := noon.Sub(s.Since); age <= limit {
				fresh++
			}
			oldest = max(oldest, noon.Sub(s.Since))
			if p := s.Quote.Price(); counted == 1 || p.LessThan(low) {
				low = p
			}
			if p := s.Quote.Price(); p.GreaterThan(high) {
				high = p
			}
		}
		if counted > 0 && (r.Price.LessThan(low) || r.Price.GreaterThan(high) || noon.Sub(r.At) != oldest) {
			t.Fatalf("%s of %v is not within %s and %s, or not %v old", r.Price, noon.Sub(r.At), low, high, oldest)
		}
		if r.Known != (r.Why == Sure) || r.Known && (counted < least || fresh != counted) || (counted == 0) != r.Price.IsZero() {
			t.Fatalf("known %v (%q) with %d counted, %d of them fresh", r.Known, r.Why, counted, fresh)
		}
		if r.Known && r.Spread.GreaterThan(dec("0.0625")) {
			t.Fatalf("known with a spread of %s", r.Spread)
		}
	})
}

// One bad venue among honest ones, whatever it says, never moves the price out of what the honest ones say.
func TestOneBadVenueNeverMovesThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 6).Draw(t, "venues")
		bad := rapid.IntRange(0, n-1).Draw(t, "bad")
		venues := trading(n)
		b := NewBoard(venues, decimal.Zero)
		var honest []decimal.Decimal
		for i := range n {
			span := int64(500)
			if i == bad {
				span = 9999
			}
			price := decimal.New(10_000+rapid.Int64Range(-span, span).Draw(t, "price"), -2)
			own := noon.Add(-time.Duration(i) * time.Millisecond) // or two of the same price were one
			if err := b.Hear(venues[i].ID, "btc_jpy", says(price.String(), own), noon); err != nil {
				t.Fatal(err)
			}
			if i != bad {
				honest = append(honest, price)
			}
		}
		slices.SortFunc(honest, func(a, b decimal.Decimal) int { return a.Cmp(b) })
		r := b.Reference("btc_jpy", 5*time.Second, noon)
		// n of three means two honest ones: known or not, three were heard, so they hold the bad one.
		if r.Price.LessThan(honest[0]) || r.Price.GreaterThan(honest[len(honest)-1]) {
			t.Fatalf("%s with honest %v: %+v", r.Price, honest, r.Sources)
		}
	})
}

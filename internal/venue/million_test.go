package venue

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// One venue says whatever it likes, for 50,000 answers, and for a million with HIKESHI_LONG=1: the price stays among what the
// honest ones say, is never known without three, and the band around it holds.
func TestAMillionBadTicksOfOneVenueMoveNothing(t *testing.T) {
	ticks := 50_000
	if os.Getenv("HIKESHI_LONG") != "" {
		ticks = 1_000_000
	}
	const seed = 20261125
	rng := rand.New(rand.NewPCG(seed, 5))
	moved, known, cut := 0, 0, 0
	for made := 0; made < ticks; {
		n := 3 + rng.IntN(3)
		venues := trading(n)
		b, now := NewBoard(venues, decimal.NewFromInt(2)), noon
		bad := rng.IntN(n)
		fair := []int64{15_000_000, 400_000, 350}[rng.IntN(3)] * 100
		honest := make([]decimal.Decimal, n)
		for range 500 {
			now = now.Add(time.Second)
			fair += rng.Int64N(fair/500) - fair/1000
			for i := range venues {
				if i == bad || rng.IntN(2) == 0 && honest[i].IsPositive() {
					continue
				}
				honest[i] = decimal.New(fair+rng.Int64N(fair/500)-fair/1000, -2)
				own := now.Add(-time.Duration(i) * time.Millisecond)
				if err := b.Hear(venues[i].ID, "btc_jpy", says(honest[i].String(), own), now); err != nil {
					t.Fatal(err)
				}
			}
			b.Hear(venues[bad].ID, "btc_jpy", nonsense(rng, fair, now), now) // what it is worth is what is tested
			made++
			heard := slices.DeleteFunc(slices.Clone(honest), decimal.Decimal.IsZero)
			slices.SortFunc(heard, decimal.Decimal.Cmp)
			// Honest ones may be some seconds old, so nothing counts as stale here.
			r := b.Reference("btc_jpy", 20*time.Second, now)
			if r.Price.LessThan(heard[0]) || r.Price.GreaterThan(heard[len(heard)-1]) {
				if moved++; moved == 1 {
					t.Errorf("seed %d, tick %d: %s, the honest say %v: %+v", seed, made, r.Price, heard, r)
				}
			}
			if r.Known {
				known++
			}
			if s := r.Sources[bad]; s.State == Far || s.State == Refused {
				cut++
			}
			if counted := len(slices.DeleteFunc(slices.Clone(r.Sources), func(s Source) bool { return !s.Counted })); r.Known && counted < least {
				t.Fatalf("known by %d", counted)
			}
		}
	}
	if moved > 0 || known == 0 || cut < ticks/4 {
		t.Errorf("%d bad ticks moved the price, it was known %d times, the bad one was cut %d times of %d", moved, known, cut, ticks)
	}
	fmt.Printf("figure: prices elsewhere: of %d bad ticks of one venue %d moved the price out of what the others say; it was left out %d times\n", ticks, moved, cut)
}

// nonsense is what a sick venue answers.
func nonsense(rng *rand.Rand, fair int64, now time.Time) []byte {
	tick := func(price decimal.Decimal, at time.Time) []byte { return says(price.String(), at) }
	switch rng.IntN(10) {
	case 0:
		return []byte([]string{"", "<html>", "{}", "null", `{"last":null}`, `{"last":"NaN","bid":"NaN","ask":"NaN","at":1}`}[rng.IntN(6)])
	case 1:
		return tick(decimal.Zero, now)
	case 2:
		return tick(decimal.New(-fair, -2), now)
	case 3: // a digit too many or too few
		return tick(decimal.New(fair, int32(rng.IntN(9))-6), now)
	case 4:
		return fmt.Appendf(nil, `{"last":"%d","bid":"%d","ask":"%d","at":%d}`, fair, fair+rng.Int64N(fair), fair-rng.Int64N(fair), now.UnixMilli())
	case 5: // of long ago, or of tomorrow
		return tick(decimal.New(fair/2, -2), now.Add(time.Duration(rng.Int64N(int64(48*time.Hour)))-24*time.Hour))
	case 6: // near enough not to be cut
		return tick(decimal.New(fair+rng.Int64N(fair/20)-fair/40, -2), now)
	default:
		return tick(decimal.New(rng.Int64N(fair*3)+1, -2), now)
	}
}

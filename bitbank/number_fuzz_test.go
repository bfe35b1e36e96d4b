package bitbank

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
)

// What passes for a number is one to the library that calculates, and what is compared without it compares alike.
func FuzzNumber(f *testing.F) {
	for _, s := range [][2]string{
		{"15000000", "15000000.000"}, {"0.00000123", "1.23e-6"}, {"-0.0002", "-0"}, {"1.e5", "100000"}, {"1E+5", "01"},
		{"9999999999999999999", "9999999999999999999.9999999999999999999"}, {"18446744073709551616", "0.00000000000000000001"},
		{"1e-19", "1e-20"}, {"", "."}, {"1.10000000000000000000000000", "1.1"}, {"0e99", "1e99"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, left, right string) {
		a, errA := ParseNumber(left)
		b, errB := ParseNumber(right)
		for _, n := range []Number{a, b} {
			d, err := decimal.NewFromString(n.String())
			if n.Known() && err != nil || !d.Equal(n.Decimal()) || n.Known() && n.isZero() != d.IsZero() {
				t.Fatalf("%q is the number %v, zero %v; %v", n, n.Decimal(), n.isZero(), err)
			}
			key, ok := keyOf(n)
			if fits := n.Known() && !d.IsNegative() && d.Equal(d.Truncate(priceDigits)) && d.LessThan(decimal.New(1, priceDigits)); ok != fits {
				t.Fatalf("%q is a price: %v, want %v (%v)", n, ok, fits, key)
			}
		}
		if errA != nil || errB != nil {
			return
		}
		if got, want := a.Equal(b), a.Decimal().Equal(b.Decimal()); got != want {
			t.Fatalf("%q equals %q: %v, want %v", a, b, got, want)
		}
		ka, okA := keyOf(a)
		kb, okB := keyOf(b)
		want := a.Decimal().Cmp(b.Decimal())
		if okA && okB && (ka.compare(kb) != want || ka.flipped().compare(kb.flipped()) != -want) {
			t.Fatalf("%q compared with %q: %d, want %d", a, b, ka.compare(kb), want)
		}
		var back Number
		if out, err := json.Marshal(a); err != nil || json.Unmarshal(out, &back) != nil || back != a {
			t.Fatalf("%q came back as %q", a, back)
		}
	})
}

package exposure_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"hikeshi/internal/exposure"
	"hikeshi/internal/venue"
)

// Three that agree and are not all fresh value something; two, or three that are far apart, do not.
func TestWhatAReferenceIsGoodFor(t *testing.T) {
	of := func(known bool, why venue.Doubt, spread string, counted int) exposure.Else {
		r := venue.Reference{Pair: "btc_jpy", Price: dec("90"), At: noon, Known: known, Why: why, Spread: decimal.RequireFromString(spread)}
		for i := range 4 {
			r.Sources = append(r.Sources, venue.Source{State: venue.Old, Counted: i < counted})
		}
		return exposure.MarketOf(r).Else
	}
	for _, c := range []struct {
		name   string
		got    exposure.Else
		agreed bool
	}{
		{"fresh", of(true, "", "0.01", 3), true}, {"not all fresh", of(false, venue.Stale, "0.01", 3), true}, {"two", of(false, venue.Stale, "0.01", 2), false},
		{"far apart", of(false, venue.Stale, "0.2", 3), false}, {"fresh and far apart", of(false, venue.Apart, "0.2", 3), false},
	} {
		if c.got.Agreed != c.agreed || !c.got.Listed {
			t.Errorf("%s: %+v", c.name, c.got)
		}
	}
}

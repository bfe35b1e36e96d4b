package exposure

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/venue"
)

// near is how far apart prices may lie that agree, as a share: as package venue has it.
var near = decimal.New(3, -2)

// moving is how far bitbank's own time of a price may be behind for it to count as moving.
const moving = time.Minute

// MarketOf is what a reference says, in the words of this package.
func MarketOf(r venue.Reference) Market {
	m := Market{
		Own:  Quote{Price: r.Here.Price, Stamp: r.Here.Stamp, At: r.Here.At, Moving: r.Here.At.Sub(r.Here.Stamp) <= moving},
		Else: Else{Known: r.Known, Why: string(r.Why), Price: r.Price, At: r.At, Expected: r.Expected, Low: r.Low, High: r.High},
	}
	counted := 0
	for _, s := range r.Sources {
		m.Else.Listed = m.Else.Listed || s.State != venue.Unlisted
		if s.Counted {
			counted++
		}
	}
	m.Else.Agreed = r.Known || r.Why == venue.Stale && counted >= 3 && r.Spread.LessThanOrEqual(near)
	return m
}

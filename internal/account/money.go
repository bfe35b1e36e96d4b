package account

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// open names what is not decided: assets whose balance is unsure, and orders that were missing once, as pair/id.
func (j *judge) open(unsure map[string]bool, stand []ledger.Break) []string {
	names := slices.Collect(maps.Keys(unsure))
	for id := range j.seen {
		told := slices.ContainsFunc(stand, func(b ledger.Break) bool { return b.ID == id })
		if strings.HasPrefix(id, string(ledger.Missing)) && !told {
			names = append(names, id)
		}
	}
	for i, id := range names {
		_, names[i], _ = strings.Cut(id, " ")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unaccounted names the break of an asset.
func unaccounted(asset string) string { return string(ledger.Unaccounted) + " " + asset }

// money compares one balance with all that is known to have moved it. Not sure: nothing can be said this time, and what was
// said before stands.
func (j *judge) money(l *ledger.Ledger, r reading, row bitbank.AssetUpdate, rates ledger.Rates) (b ledger.Break, broken, sure bool) {
	if j.good == nil {
		j.good = map[string]time.Time{}
	}
	id := unaccounted(row.Asset)
	anchor, counted := j.good[row.Asset]
	if !counted {
		anchor = j.start // the newest balance of the run before
	}
	x := l.Explain(ledger.Look{Row: row, Began: r.rowsAt[0], At: r.rowsAt[1]}, rates)
	d := x.Since(anchor)
	alone := slices.Equal(d.Doubts, []ledger.Doubt{ledger.NoBalance})
	if alone && (!counted || r.began.Sub(anchor) > countFor) {
		j.good[row.Asset] = r.rowsAt[1] // there is nothing to count from: the counting begins here
	}
	explained := func() bool { return len(d.Doubts) == 0 && d.Amount().IsZero() || x.Moment(anchor, slow) }
	switch {
	case alone && d.Amount().IsZero():
		delete(j.seen, id)
		return b, false, true
	case explained():
		j.good[row.Asset] = r.rowsAt[1]
		delete(j.seen, id)
		return b, false, true
	case len(d.Doubts) > 0 && !alone, d.Amount().IsZero(), r.began.Sub(d.Moved) < ledger.Stale:
		return b, false, false
	case j.otherwise(l, r, row, rates, anchor):
		return b, false, false
	case !j.lasts(id, r.began):
		return b, false, false
	}
	m := ledger.Money{Asset: row.Asset}
	if d.OnHand.Abs().GreaterThan(d.Rounding) {
		m.OnHand = d.OnHand
	}
	if d.Locked.Abs().GreaterThan(d.Rounding) {
		m.Locked = d.Locked
	}
	b = ledger.Break{ID: id, Kind: ledger.Unaccounted, Since: cmp.Or(d.Since, j.seen[id]), Found: r.began, Money: []ledger.Money{m}}
	for _, i := range l.Open() { // a lost order may be what moved it
		if i.Order != nil && (strings.HasPrefix(i.Order.Pair, row.Asset+"_") || strings.HasSuffix(i.Order.Pair, "_"+row.Asset)) {
			b.Origin = ledger.Origin{By: ledger.Bot, Bot: i.Bot, Intent: i.ID}
		}
	}
	return b, true, true
}

// stopsLock is the name of the question whether orders with a trigger lock anything before they are triggered.
const stopsLock = "stops"

// otherwise reports whether the balance adds up when orders with a trigger lock as bitbank's documents do not say: see ledger.Rates.
// While an order is in doubt that is no sign, because what it locks could look the same.
func (j *judge) otherwise(l *ledger.Ledger, r reading, row bitbank.AssetUpdate, rates ledger.Rates, anchor time.Time) bool {
	rates.StopsLockLate = !rates.StopsLockLate
	d := l.Explain(ledger.Look{Row: row, Began: r.rowsAt[0], At: r.rowsAt[1]}, rates).Since(anchor)
	if !d.Amount().IsZero() || slices.ContainsFunc(l.Open(), func(i ledger.Intent) bool { return i.Order != nil }) {
		return false
	}
	j.doubted = true
	j.learned = j.learned || j.lasts(stopsLock, r.began)
	return true
}

// learn ends a reading of balances, and reports whether orders with a trigger lock otherwise than was taken for true.
func (j *judge) learn() bool {
	learned := j.learned
	if learned || !j.doubted {
		delete(j.seen, stopsLock)
	}
	j.doubted, j.learned = false, false
	return learned
}

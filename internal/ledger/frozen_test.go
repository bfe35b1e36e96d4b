package ledger

import (
	"testing"
	"time"
)

func TestStopsAreThoseThatHoldNow(t *testing.T) {
	var l Ledger
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for i, f := range []Frozen{
		{Bot: "grid", On: true, Why: "odd prices"}, {On: true}, {Bot: "arb", On: true}, {Bot: "arb"}, {On: false},
	} {
		l.Apply(Record{At: at.Add(time.Duration(i) * time.Second), Frozen: &f})
	}
	got := l.Stops()
	if len(got) != 1 || got[0].Bot != "grid" || got[0].Why != "odd prices" || !got[0].Since.Equal(at) {
		t.Errorf("stopped are %+v, want grid alone, since the first record", got)
	}
}

package ledger

import (
	"encoding/json"
	"testing"
	"time"
)

var noonish = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func TestStopsAreThoseThatHoldNow(t *testing.T) {
	var l Ledger
	for i, f := range []Frozen{
		{Bot: "grid", On: true, Why: "odd prices"}, {On: true}, {Bot: "arb", On: true}, {Bot: "arb"}, {On: false},
	} {
		l.Apply(Record{At: noonish.Add(time.Duration(i) * time.Second), Frozen: &f})
	}
	got := l.Stops()
	if len(got) != 1 || got[0].Bot != "grid" || got[0].Why != "odd prices" || !got[0].Since.Equal(noonish) {
		t.Errorf("stopped are %+v, want grid alone, since the first record", got)
	}
}

// Each line is what was said, in order, and who is stopped then, until when.
func TestAWordWithAnEndAndOneWithoutCountApart(t *testing.T) {
	end, later := noonish.Add(30*time.Minute), noonish.Add(time.Hour)
	for _, c := range []struct {
		name  string
		said  []Frozen
		all   bool      // the bot "arb" is stopped
		grid  bool      // the bot "grid" is
		until time.Time // of grid's
	}{
		{"by hand, all", []Frozen{{On: true, Until: end}}, true, true, end},
		{"by hand, one", []Frozen{{Bot: "grid", On: true, Until: end}}, false, true, end},
		{"its end has come", []Frozen{{On: true, Until: end}, {Until: end}}, false, false, time.Time{}},
		{"prolonged", []Frozen{{On: true, Until: end}, {On: true, Until: later}}, true, true, later},
		{"prolonged as its end came", []Frozen{{On: true, Until: end}, {On: true, Until: later}, {Until: end}}, true, true, later},
		{"shortened", []Frozen{{On: true, Until: later}, {On: true, Until: end}}, true, true, end},
		{"let go", []Frozen{{On: true, Until: end}, {}}, false, false, time.Time{}},
		{"let go, of another", []Frozen{{On: true, Until: end}, {Bot: "grid"}}, true, true, end},
		{"frozen before", []Frozen{{On: true}, {On: true, Until: end}, {Until: end}}, true, true, time.Time{}},
		{"frozen meanwhile", []Frozen{{On: true, Until: end}, {On: true}, {Until: end}}, true, true, time.Time{}},
		{"one frozen, all by hand", []Frozen{{Bot: "grid", On: true}, {On: true, Until: end}, {Until: end}}, false, true, time.Time{}},
		{"the end of another's", []Frozen{{Bot: "grid", On: true, Until: end}, {Bot: "arb", Until: end}}, false, true, end},
		{"an end before it was said", []Frozen{{On: true, Until: noonish.Add(-time.Hour)}}, true, true, noonish.Add(-time.Hour)},
		{"an older end", []Frozen{{On: true, Until: later}, {Until: end}}, true, true, later},
	} {
		var l Ledger
		for i, f := range c.said {
			l.Apply(Record{At: noonish.Add(time.Duration(i) * time.Second), Frozen: &f})
		}
		_, _, all := l.Frozen("arb")
		f, _, grid := l.Frozen("grid")
		if all != c.all || grid != c.grid || !f.Until.Equal(c.until) {
			t.Errorf("%s: arb %v, grid %v until %v, want %v, %v, %v", c.name, all, grid, f.Until, c.all, c.grid, c.until)
		}
		// A ledger that was written and read says the same.
		b, err := json.Marshal(&l)
		var again Ledger
		if err == nil {
			err = json.Unmarshal(b, &again)
		}
		if err != nil {
			t.Fatal(err)
		}
		if f2, _, grid := again.Frozen("grid"); grid != c.grid || !f2.Until.Equal(c.until) {
			t.Errorf("%s: written and read, grid is %v until %v", c.name, grid, f2.Until)
		}
	}
}

func TestAnEndThatCannotBeReadLetsNothingGo(t *testing.T) {
	for _, until := range []string{`"soon"`, `1764060000`, `""`, `{}`, `null`} {
		var l Ledger
		for i, text := range []string{`{"on":true,"until":` + until + `}`, `{"on":false,"until":` + until + `}`} {
			var f Frozen
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if until == "null" && i == 1 {
				break // that is no end at all: somebody lets go
			}
			l.Apply(Record{At: noonish.Add(time.Duration(i) * time.Second), Frozen: &f})
			if got, _, on := l.Frozen("grid"); !on || !got.Until.IsZero() {
				t.Errorf("after %s: %+v, %v", text, got, on)
			}
		}
	}
	var f Frozen
	if json.Unmarshal([]byte(`{"on":"yes"}`), &f) == nil {
		t.Error("what is no word at all is taken for one")
	}
}

package ledger_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// Of reads of the margin the newest counts, whatever comes first; a snapshot says the same, and what was handed in is not shared.
func TestTheNewestReadOfTheMarginCounts(t *testing.T) {
	read := func(s int, state bitbank.MarginState) ledger.Record {
		return ledger.Record{At: at(s + 1), Margin: &ledger.Margin{
			Status: bitbank.MarginStatus{Status: state, Balance: num("1"), Available: []bitbank.MarginAvailable{{Pair: "btc_jpy", Long: num("1")}}},
			Began:  at(s), Held: at(s), Prices: map[string]bitbank.Number{"btc_jpy": num("9000000")},
		}}
	}
	records := []ledger.Record{read(0, bitbank.MarginNormal), read(60, bitbank.MarginCall), read(30, bitbank.MarginNormal)}
	want := ""
	for range 6 {
		records = append(records[1:], records[0])
		l := fold(records)
		if m, ok := l.Margin(); !ok || m.Status.Status != bitbank.MarginCall || !m.Held.Equal(at(60)) {
			t.Fatalf("the margin is %+v, %v", m, ok)
		}
		got := text(t, l)
		if want != "" && got != want {
			t.Errorf("another order makes another ledger: %s", apart(got, want))
		}
		want = got
	}
	handed := read(90, bitbank.MarginNormal)
	l := fold([]ledger.Record{handed})
	handed.Margin.Status.Available[0].Long, handed.Margin.Prices["btc_jpy"] = num("7"), num("7")
	if m, _ := l.Margin(); m.Status.Available[0].Long != num("1") || m.Prices["btc_jpy"] != num("9000000") {
		t.Errorf("the ledger shares what it was handed: %+v", m)
	}
	if _, ok := (&ledger.Ledger{}).Margin(); ok {
		t.Error("nothing was read, and there is a margin")
	}
}

func TestALineStandsUntilItIsRemovedAndRemembersItsCrossings(t *testing.T) {
	rec := func(s int, r ledger.Record) ledger.Record { r.At = at(s); return r }
	below := ledger.Line{ID: 1, Kind: ledger.Below, Pair: "btc_jpy", Value: num("9000000")}
	records := []ledger.Record{
		rec(0, ledger.Record{Line: &below}),
		rec(1, ledger.Record{Line: &ledger.Line{ID: 2, Kind: ledger.NoStop, Pair: "eth_jpy"}}),
		rec(2, ledger.Record{Crossed: &ledger.Crossed{Line: 1, N: 1, On: true, Value: num("8999999"), From: "venues"}}),
		rec(3, ledger.Record{Crossed: &ledger.Crossed{Line: 1, N: 2, Value: num("9050000")}}),
		rec(4, ledger.Record{Line: &ledger.Line{ID: 2, Removed: true}}),
		rec(5, ledger.Record{Crossed: &ledger.Crossed{Line: 2, N: 1, On: true}}), // of one that is gone
	}
	l := fold(slices.Concat(records, records)) // again: nothing changes
	lines := l.Lines()
	if len(lines) != 1 || lines[0].Line != below || !lines[0].Set.Equal(at(0)) || lines[0].Last.N != 2 || lines[0].Last.On || !lines[0].At.Equal(at(3)) {
		t.Fatalf("the lines are %+v", lines)
	}
	if l.NextLine() != 3 {
		t.Errorf("the next line is %d: numbers are never used again", l.NextLine())
	}
	back := &ledger.Ledger{}
	if err := json.Unmarshal([]byte(text(t, l)), back); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, back), text(t, l); got != want || back.NextLine() != 3 {
		t.Errorf("a snapshot says otherwise: %s", apart(got, want))
	}
	back.Apply(ledger.Record{At: at(9).Add(time.Second), Crossed: &ledger.Crossed{Line: 1, N: 3, On: true}})
	if !back.Lines()[0].Last.On || l.Lines()[0].Last.On {
		t.Error("what was read back cannot be crossed, or the two share their lines")
	}
}

package ledger_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hikeshi/internal/ledger"
)

// history is a life of some length.
func history(rt *rapid.T, t testing.TB) []ledger.Record {
	l := begin(t, rapid.Uint64().Draw(rt, "seed"))
	for range rapid.IntRange(1, 80).Draw(rt, "steps") {
		l.step()
	}
	return l.records
}

// Reports overtake each other and come again: what is known in the end is the same.
func TestTheOrderOfReportsAndTheirRepetitionChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		records := history(rt, t)
		want := text(t, fold(records))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "shuffle"), 0))
		// What we did ourselves keeps its order, and comes again as well.
		var ours, mixed []ledger.Record
		for _, r := range records {
			if r.Intended != nil || r.Answered != nil || r.Owed != nil || r.Started != nil || r.Learned != nil {
				ours = append(ours, r)
			} else {
				mixed = append(mixed, r)
			}
		}
		for range rng.IntN(len(records)) {
			mixed = append(mixed, pick(rng, mixed...))
			if k := len(ours); k > 0 {
				i := rng.IntN(k)
				ours = slices.Insert(ours, i+1+rng.IntN(k-i), ours[i])
			}
		}
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		at := 0
		for _, r := range ours {
			at += rng.IntN(len(mixed) + 1 - at)
			mixed = slices.Insert(mixed, at, r)
			at++
		}
		if got := text(t, fold(mixed)); got != want {
			rt.Fatalf("in another order: %s", apart(got, want))
		}
	})
}

// A daemon that begins again goes on from what it had written.
func TestAFoldCanBeInterruptedAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		records := history(rt, t)
		want := text(t, fold(records))
		cut := rapid.IntRange(0, len(records)).Draw(rt, "cut")
		written := text(t, fold(as[[]ledger.Record](t, records[:cut])))
		l := &ledger.Ledger{}
		if err := json.Unmarshal([]byte(written), l); err != nil {
			rt.Fatal(err)
		}
		if again := text(t, l); again != written {
			rt.Fatalf("reads back as %s", apart(again, written))
		}
		for _, r := range as[[]ledger.Record](t, records[cut:]) {
			l.Apply(r)
		}
		if got := text(t, l); got != want {
			rt.Fatalf("in two parts: %s", apart(got, want))
		}
	})
}

// apart shows where two texts begin to differ.
func apart(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	near := func(s string) string { return s[max(0, i-200):min(len(s), i+200)] }
	return "\n" + near(got) + "\nwant\n" + near(want)
}

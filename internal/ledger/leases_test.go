package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
)

// Of a bot's words the newest epoch's counts, whatever the clock said, and a snapshot remembers it.
func TestTheNewestEpochOfALeaseCounts(t *testing.T) {
	word := func(bot string, epoch int64, s lease.State) ledger.Record {
		return ledger.Record{Leased: &lease.Word{Bot: bot, Epoch: epoch, TTL: time.Second, State: s}}
	}
	l := &ledger.Ledger{}
	for n, r := range []ledger.Record{
		word("grid", 2, lease.Armed), word("grid", 2, lease.Frozen), word("grid", 1, lease.Armed), word("grid", 2, lease.Armed), word("maker", 1, lease.Armed),
	} {
		r.At = at(-n) // the clock goes back
		l.Apply(r)
	}
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	read := &ledger.Ledger{}
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*ledger.Ledger{"folded": l, "read": read} {
		all := l.Leases()
		if len(all) != 2 || all[0].Bot != "grid" || all[1].Bot != "maker" {
			t.Fatalf("%s: %+v", name, all)
		}
		if w, ok := l.Lease("grid"); !ok || w.Epoch != 2 || w.State != lease.Frozen || !w.At.Equal(at(-1)) {
			t.Errorf("%s: %+v", name, w)
		}
		if _, ok := l.Lease("nobody"); ok {
			t.Errorf("%s: somebody who never armed has a lease", name)
		}
	}
}

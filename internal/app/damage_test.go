package app

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hikeshi/internal/account"
	"hikeshi/internal/journal"
	"hikeshi/internal/ledger"
)

// Damage that lies further back than opening looks is found when the account is read: the owner is told, the rest of the records
// counts, and the next start finds nothing.
func TestDamageFarBackIsToldAndTheAccountGoesOn(t *testing.T) {
	cfg := keeping(t)
	cfg.Listen, cfg.Gateway.Listen = "127.0.0.1:0", ""
	path := filepath.Join(cfg.DataDir, "journal.db")
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		r := ledger.Record{At: time.Now(), Frozen: &ledger.Frozen{Bot: "grid", On: i == 150}}
		if i > 150 {
			r.Frozen.Bot = "other"
		}
		if _, err := j.Append(t.Context(), journal.Entry{Kind: account.Kind, At: r.At, Data: r}); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE records SET at = at + 1 WHERE seq = 20"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for start, want := range []bool{true, false} {
		a, err := New(context.Background(), cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(a.Warnings(), func(w Trouble) bool { return w.ID == "damaged" && w.Args["n"] == "199" })
		if told != want {
			t.Errorf("start %d: warnings %+v", start+1, a.Warnings())
		}
		if a.account.State("grid").Trading != "frozen" || a.account.State("other").Trading != "open" {
			t.Errorf("start %d: grid is %+v", start+1, a.account.State("grid"))
		}
		a.close()
	}
}

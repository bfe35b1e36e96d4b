package journal_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func entry(k journal.Kind, at time.Time, data any) journal.Entry {
	return journal.Entry{Kind: k, At: at, Data: data}
}

func appendAll(t *testing.T, j *journal.Journal, entries ...journal.Entry) []journal.Seq {
	t.Helper()
	seqs, err := j.Append(t.Context(), entries...)
	if err != nil {
		t.Fatal(err)
	}
	return seqs
}

func verify(t *testing.T, j *journal.Journal) journal.Report {
	t.Helper()
	r, err := j.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatWasAppendedIsReadAgainAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	appendAll(t, j, entry(journal.Started, noon, "a<b>"), entry(journal.Verdict, noon.Add(time.Second), map[string]int{"n": 1}))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = journaltest.At(t, path)
	if seqs := appendAll(t, j, entry(journal.Stopped, noon.Add(time.Minute), nil)); seqs[0] != 3 {
		t.Errorf("the first record after the restart is %d, want 3", seqs[0])
	}
	var got []string
	for r, err := range j.Read(t.Context(), journal.Query{Reverse: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(r.Kind)+string(r.Data)+r.At.Format(time.TimeOnly))
	}
	if got, want := strings.Join(got, " "), `stoppednull12:01:00 verdict{"n":1}12:00:01 started"a\u003cb\u003e"12:00:00`; got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if r := verify(t, j); r.Broken != 0 || r.Records != 3 || r.Head != 3 {
		t.Errorf("verified %+v", r)
	}
}

func TestAQueryChoosesByKindTimeAndNumber(t *testing.T) {
	j := journaltest.Open(t)
	for i := range 20 {
		k := journal.Verdict
		if i%2 == 1 {
			k = journal.Minute
		}
		appendAll(t, j, entry(k, noon.Add(time.Duration(i)*time.Minute), i))
	}
	for _, tt := range []struct {
		q    journal.Query
		want string
	}{
		{journal.Query{From: 3, To: 5}, "3 4 5"},
		{journal.Query{Kinds: []journal.Kind{journal.Minute}, Limit: 2, Reverse: true}, "20 18"},
		{journal.Query{Since: noon.Add(17 * time.Minute), Until: noon.Add(19 * time.Minute)}, "18 19"},
		{journal.Query{Kinds: []journal.Kind{journal.Minute, journal.Verdict}, From: 19}, "19 20"},
	} {
		var got []string
		for r, err := range j.Read(t.Context(), tt.q) {
			if err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(r.Seq)
			got = append(got, string(b))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%+v chose %s, want %s", tt.q, s, tt.want)
		}
	}
	if r, ok, err := j.Last(t.Context(), journal.Verdict); err != nil || !ok || r.Seq != 19 {
		t.Errorf("last verdict is %d %v %v, want 19", r.Seq, ok, err)
	}
}

func TestASecondWriterIsRefusedAndAReaderIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	appendAll(t, j, entry(journal.Started, noon, 1))
	if _, err := journal.Open(t.Context(), path, journal.Options{}); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a second writer got %v, want ErrLocked", err)
	}
	r, err := journal.Open(t.Context(), path, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := verify(t, r); got.Records != 1 {
		t.Errorf("a reader beside the writer verified %+v", got)
	}
	if _, err := r.Append(t.Context(), entry(journal.Stopped, noon, nil)); err == nil {
		t.Error("a reader could append")
	}
}

func TestAppendsFromManySidesKeepOneChain(t *testing.T) {
	j := journaltest.Open(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				seqs, err := j.Append(context.Background(), entry(journal.Verdict, noon, 1), entry(journal.Component, noon, 2))
				if err != nil || seqs[1] != seqs[0]+1 {
					t.Errorf("appended %v, %v", seqs, err)
				}
			}
		})
	}
	wg.Wait()
	if r := verify(t, j); r.Broken != 0 || r.Records != 640 {
		t.Errorf("verified %+v, want 640 records", r)
	}
}

func TestAnyChangeToTheRowsIsNamed(t *testing.T) {
	for _, tt := range []struct {
		change string
		want   journal.Seq
	}{
		{"UPDATE records SET at = at + 1 WHERE seq = 40", 40},
		{"UPDATE records SET kind = 'minute' WHERE seq = 40", 40},
		{"UPDATE records SET enc = 0, data = x'30' WHERE seq = 40", 40},
		{"UPDATE records SET hash = zeroblob(32) WHERE seq = 40", 40},
		{"DELETE FROM records WHERE seq = 40", 40},
		{"DELETE FROM records WHERE seq = 1", 1},
		{"DELETE FROM records WHERE seq > 90", 91},
		{"UPDATE head SET seq = 99", 101},
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		j := journaltest.At(t, path)
		for i := range 100 {
			appendAll(t, j, entry(journal.Verdict, noon, i))
		}
		spoil(t, path, tt.change)
		if r := verify(t, j); r.Broken != tt.want {
			t.Errorf("%s: %+v, want record %d named", tt.change, r, tt.want)
		}
	}
}

func spoil(t *testing.T, path, change string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(change); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedJournalKeepsWhatVerifiesAndSetsTheRestAside(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"a record changed": func(t *testing.T, path string) { spoil(t, path, "UPDATE records SET at = 0 WHERE seq = 81") },
		"a hash changed": func(t *testing.T, path string) {
			spoil(t, path, "UPDATE records SET hash = zeroblob(32) WHERE seq = 81")
		},
		"not a database": func(t *testing.T, path string) { os.WriteFile(path, bytes.Repeat([]byte("x"), 8192), 0o600) },
		"cut short": func(t *testing.T, path string) {
			if err := os.Truncate(path, 12288); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			j := journaltest.At(t, path)
			for i := range 100 {
				appendAll(t, j, entry(journal.Verdict, noon, strings.Repeat("evidence ", i)))
			}
			j.Close()
			damage(t, path)
			j = journaltest.At(t, path)
			d := j.Damage()
			if d == nil {
				t.Fatal("the damage was not seen")
			}
			if want := map[string]int{"a record changed": 19, "a hash changed": 20}[name]; want != 0 && (d.From != 81 || d.Again != want) {
				t.Errorf("damaged from %d, and %d are good after it: want 81, %d", d.From, d.Again, want)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), d.Aside)); err != nil {
				t.Errorf("the damaged file: %v", err)
			}
			r := verify(t, j)
			if r.Broken != 0 || r.Records != int(d.From)+d.Again {
				t.Errorf("verified %+v, want %d kept records, %d written anew and one that tells", r, d.From-1, d.Again)
			}
			if last, _, _ := j.Last(t.Context(), journal.Damaged); last.Seq != d.From+journal.Seq(d.Again) {
				t.Errorf("the record that tells is %d, want the last", last.Seq)
			}
			j.Close()
			if j = journaltest.At(t, path); j.Damage() != nil {
				t.Errorf("the next start sees damage again: %+v", j.Damage())
			}
		})
	}
}

func TestRetentionCutsOnlyDetailAndTheRestStillVerifies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := journaltest.At(t, path)
	for i := range 4 * 1440 {
		if i%6 == 0 {
			at := noon.Add(time.Duration(i) * time.Minute)
			appendAll(t, j, entry(journal.Minute, at, strings.Repeat("calm ", i%50)), entry(journal.Minute, at, i))
			if i%500 == 0 {
				appendAll(t, j, entry(journal.Incident, at, i))
			}
		}
	}
	before := verify(t, j)
	keep := journal.Keep{journal.Minute: 24 * time.Hour, journal.Incident: time.Hour}
	now := noon.Add(4 * 24 * time.Hour)
	n, err := j.Prune(t.Context(), keep, now)
	if err != nil || n == 0 {
		t.Fatalf("pruned %d, %v", n, err)
	}
	if again, err := j.Prune(t.Context(), keep, now.Add(time.Hour)); again != 0 || err != nil {
		t.Errorf("an hour later it cut %d more, %v: want a step a day", again, err)
	}
	appendAll(t, j, entry(journal.Minute, now, "after"))
	r := verify(t, j)
	if r.Broken != 0 || r.Cut != n || r.Records != before.Records-n+2 || len(r.Keys) != 1 {
		t.Errorf("verified %+v after %d of %d were cut", r, n, before.Records)
	}
	for rec, err := range j.Read(t.Context(), journal.Query{Kinds: []journal.Kind{journal.Minute}}) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.At.Before(now.Add(-48 * time.Hour)) {
			t.Fatalf("a digest of %v is still there", rec.At)
		}
	}
	var out bytes.Buffer
	if err := j.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if e, err := journal.VerifyExport(bytes.NewReader(out.Bytes())); err != nil || e.Broken != 0 || e.Records != r.Records || e.Cut != n {
		t.Errorf("the export verifies as %+v, %v; the journal as %+v", e, err, r)
	}
	forged := bytes.Replace(out.Bytes(), []byte(`"last":`), []byte(`"last":1`), 1)
	if e, _ := journal.VerifyExport(bytes.NewReader(forged)); e.Broken == 0 {
		t.Error("a cut that was made longer still verifies")
	}
}

func TestAnyFlippedByteAndAnyShorterExportIsSeen(t *testing.T) {
	j := journaltest.Open(t)
	for i := range 5 {
		appendAll(t, j, entry(journal.Verdict, noon, map[string]any{"n": i, "text": "回復 <b>"}))
	}
	var out bytes.Buffer
	if err := j.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	if r, err := journal.VerifyExport(bytes.NewReader(whole)); err != nil || r.Broken != 0 || r.Records != 5 {
		t.Fatalf("the export verifies as %+v, %v", r, err)
	}
	for i := range len(whole) - 1 { // the last byte is the line's end
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(whole)
			bad[i] ^= bit
			if r, _ := journal.VerifyExport(bytes.NewReader(bad)); r.Broken == 0 {
				t.Fatalf("byte %d flipped by %#x is not seen", i, bit)
			}
		}
		if r, _ := journal.VerifyExport(bytes.NewReader(whole[:i])); r.Broken == 0 {
			t.Fatalf("an export cut at byte %d verifies", i)
		}
	}
}

func FuzzNoExportMakesVerificationPanic(f *testing.F) {
	f.Add([]byte(`{"head":{"seq":0,"hash":"` + strings.Repeat("0", 64) + `"}}`))
	f.Add([]byte(`{"seq":1,"at":"2026-11-24T12:00:00Z","kind":"verdict","v":1,"data":1,"hash":"00"}`))
	f.Add([]byte(`{"cut":{"first":1,"last":2,"hash":"00","key":"","sig":""}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := journal.VerifyExport(bytes.NewReader(b)); err == nil && r.Broken == 0 && r.Records > 0 && r.Head == 0 {
			t.Errorf("%+v for %q", r, b)
		}
	})
}

package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hikeshi/internal/secret"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFlippedBitAndEveryCutIsNoticedAndLeftAlone(t *testing.T) {
	dir, _ := kept(t)
	whole := read(t, File(dir))
	try := func(what string, b []byte) {
		t.Helper()
		write(t, File(dir), b)
		if _, err := Open(dir, secret.Value{}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", what, err)
		}
		if !bytes.Equal(read(t, File(dir)), b) {
			t.Errorf("%s: the file was written over", what)
		}
	}
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			try(fmt.Sprintf("bit %d of byte %d", bit, i), b)
		}
		try(fmt.Sprintf("cut at %d", i), whole[:i])
	}
	try("twice", append(bytes.Clone(whole), whole...))
	try("too long", bytes.Repeat([]byte(" "), maxFile+1))
}

func TestAWrongPassphraseOrAChangedHeadOpensNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	s := open(t, dir, "a long walk by the river")
	if err := errors.Join(s.Add(account1("main", hiddenID)), s.Save()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, secret.New("a long walk by the sea")); !errors.Is(err, ErrWrong) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := Open(dir, secret.Value{}); !errors.Is(err, ErrPassphrase) {
		t.Errorf("no passphrase: %v", err)
	}
	b := bytes.Replace(read(t, File(dir)), []byte("600000"), []byte("100000"), 1)
	write(t, File(dir), b)
	if _, err := Open(dir, secret.New("a long walk by the river")); !errors.Is(err, ErrWrong) {
		t.Errorf("fewer iterations: %v", err)
	}
	b = bytes.Replace(b, []byte("100000"), []byte("99000000"), 1)
	write(t, File(dir), b)
	if _, err := Open(dir, secret.New("a long walk by the river")); !errors.Is(err, ErrDamaged) {
		t.Errorf("iterations for hours: %v", err)
	}
}

func TestALockIsNotExchangedInSilence(t *testing.T) {
	dir, _ := kept(t)
	if _, err := Open(dir, secret.New("a long walk by the river")); !errors.Is(err, ErrKeyLock) {
		t.Errorf("a passphrase for a key file's lock: %v", err)
	}
	key := read(t, keyFile(dir))
	for what, b := range map[string][]byte{"short": key[:20], "no hexadecimal": bytes.Repeat([]byte("z"), 64), "empty": nil} {
		write(t, keyFile(dir), b)
		if _, err := Open(dir, secret.Value{}); !errors.Is(err, ErrKeyFile) {
			t.Errorf("%s key file: %v", what, err)
		}
	}
	if err := os.Remove(keyFile(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, secret.Value{}); !errors.Is(err, ErrKeyFile) {
		t.Errorf("no key file: %v", err)
	}
	write(t, keyFile(dir), []byte(strings.Repeat("00", keyBytes)))
	if _, err := Open(dir, secret.Value{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("another key file: %v", err)
	}
}

// A save that died after the key file and before the keys leaves a key file that the next one takes; a damaged one is
// never written over, because it may be the only copy of what opens a backup.
func TestAKeyFileIsTakenOrLeftAlone(t *testing.T) {
	dir, _ := kept(t)
	key := read(t, keyFile(dir))
	if err := os.Remove(File(dir)); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, "")
	if err := errors.Join(s.Add(account1("main", hiddenID)), s.Save()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, keyFile(dir)), key) {
		t.Error("the key file was exchanged")
	}
	if err := os.Remove(File(dir)); err != nil {
		t.Fatal(err)
	}
	write(t, keyFile(dir), key[:9])
	if err := open(t, dir, "").Save(); !errors.Is(err, ErrKeyFile) || len(read(t, keyFile(dir))) != 9 {
		t.Errorf("over a damaged key file: %v", err)
	}
}

func TestTheSecondToSaveIsToldSo(t *testing.T) {
	dir, first := kept(t)
	second := open(t, dir, "")
	if err := errors.Join(first.Add(account1("b", "b")), first.Save()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.Remove("main")); err != nil {
		t.Fatal(err)
	}
	if err := second.Save(); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	if got := len(open(t, dir, "").Accounts()); got != 2 {
		t.Errorf("%d keys, want 2", got)
	}
	fresh, err := Open(filepath.Join(t.TempDir(), "keys"), secret.Value{})
	if err != nil {
		t.Fatal(err)
	}
	fresh.dir = dir
	if err := fresh.Save(); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that appeared meanwhile: %v", err)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir, s := kept(t)
	for path, want := range map[string]os.FileMode{dir: 0o700, File(dir): 0o600, keyFile(dir): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %04o", path, info.Mode(), err, want)
		}
		for _, wide := range []os.FileMode{want | 0o040, want | 0o004, want | 0o020} {
			if err := os.Chmod(path, wide); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, secret.Value{})
			p, ok := errors.AsType[*PermissionError](err)
			if !ok || p.Path != path {
				t.Errorf("%s with mode %04o: %v", path, wide, err)
			}
		}
		if path == dir {
			if _, ok := errors.AsType[*PermissionError](s.Save()); !ok {
				t.Error("saved into an open folder")
			}
		}
		if err := os.Chmod(path, want); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "real")
	if err := errors.Join(os.Rename(File(dir), elsewhere), os.Symlink(elsewhere, File(dir))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, secret.Value{}); err == nil {
		t.Error("a link was followed")
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	dir, s := kept(t)
	b, err := s.AddBot("arb", Scope{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	a, _ := s.Account("main")
	hidden := []string{hiddenID, hiddenSecret, b.ID.Reveal(), b.Secret.Reveal(), strings.TrimSpace(string(read(t, keyFile(dir))))}
	check := func(what, got string) {
		t.Helper()
		got = strings.ReplaceAll(strings.ToLower(got), " ", "")
		for _, h := range hidden {
			if strings.Contains(got, h) || strings.Contains(got, fmt.Sprintf("%x", h)) {
				t.Errorf("%s shows a secret", what)
			}
		}
	}
	_, locked := Open(dir, secret.New("a long walk by the river"))
	_, unknown := s.Account(strings.Repeat("x", 99))
	for _, thing := range []any{a, &a, b, &b, s, *s, s.Accounts(), s.Bots(), s.Rotate(a), s.Add(a), locked, unknown} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x"} {
			check(verb, fmt.Sprintf(verb, thing))
		}
		j, err := json.Marshal(thing)
		if err != nil {
			t.Fatal(err)
		}
		check("JSON", string(j))
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("key", "it", thing)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "it", thing)
		check("a log", log.String())
	}
	check("the file", string(read(t, File(dir))))
	if got := a.ShortID(); got != "a1b2…" {
		t.Errorf("short: %q", got)
	}
	if got := (Account{ID: secret.New("sim-key")}).ShortID(); got != "…" {
		t.Errorf("a short id is shown as %q", got)
	}
}

// A file from elsewhere that holds a right to withdraw is not understood, whoever sealed it.
func TestARightToWithdrawCannotBeWrittenDown(t *testing.T) {
	var s Store
	err := s.unpack([]byte(`{"accounts":[{"name":"main","id":"a","secret":"b","origin":"https://api.bitbank.cc","rights":{"read":true,"withdraw":true}}],"bots":[]}`))
	if !errors.Is(err, ErrDamaged) || len(s.accounts) != 0 {
		t.Errorf("got %v", err)
	}
}

func FuzzTheFileIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"format":"hikeshi keys","version":2}`), "")
	f.Add([]byte(`{"format":"hikeshi keys","version":1,"lock":"key file","iterations":0,"salt":"","box":""}`), "")
	f.Add([]byte("{"), "x")
	dir := filepath.Join(f.TempDir(), "keys")
	s, err := Open(dir, secret.Value{})
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(s.Add(account1("main", hiddenID)), s.Save()); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(File(dir))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, "")
	f.Fuzz(func(t *testing.T, b []byte, passphrase string) {
		head, err := decode(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := head.encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("read, but written another way: %v", err)
		}
		if head.Lock == byKeyFile {
			if _, err := head.open(secret.New(passphrase)); err == nil && !bytes.Equal(b, whole) {
				t.Fatal("a file that nobody sealed was opened")
			}
		}
	})
}

func FuzzTheContentIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"accounts":[],"bots":[]}`))
	f.Add([]byte(`{"accounts":[{"name":"a","id":"b","secret":"c","origin":"d","rights":{"read":true,"trade":false}}],"bots":[{"name":"a","id":"b","secret":"c","trade":true,"types":["limit"],"most":{"btc_jpy":"1"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Store
		if err := s.unpack(b); err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := s.pack()
		if err != nil {
			return // a year that JSON cannot write
		}
		var second Store
		if err := second.unpack(again); err != nil {
			t.Fatalf("%s is not read back: %v", again, err)
		}
	})
}

package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hikeshi/internal/secret"
)

const (
	hiddenID     = "a1b2c3d4-0000-4000-8000-c0ffee000001"
	hiddenSecret = "5ec2e7c0ffee5ec2e7c0ffee"
)

var noon = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

func account1(name, id string) Account {
	return Account{
		Name: name, ID: secret.New(id), Secret: secret.New(hiddenSecret), Origin: "https://api.bitbank.cc",
		Rights: Rights{Read: true}, Confirmed: noon, Added: noon, Proved: noon,
	}
}

// kept is a folder with one key in it, locked with a key file.
func kept(t *testing.T) (dir string, s *Store) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	s = open(t, dir, "")
	if err := s.Add(account1("main", hiddenID)); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	return dir, s
}

func open(t *testing.T, dir, passphrase string) *Store {
	t.Helper()
	s, err := Open(dir, secret.New(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain is an account with its secrets open, to compare.
func plain(a Account) []any {
	return []any{a.Name, a.ID.Reveal(), a.Secret.Reveal(), a.Origin, a.Rights, a.Confirmed, a.Added, a.Proved}
}

func TestWhatIsKeptIsReadBack(t *testing.T) {
	for _, passphrase := range []string{"", "a long walk by the river"} {
		dir := filepath.Join(t.TempDir(), "keys")
		s := open(t, dir, passphrase)
		want := account1("main", hiddenID)
		want.Rights.Trade = true
		if err := errors.Join(s.Add(want), s.Save()); err != nil {
			t.Fatal(err)
		}
		got, err := open(t, dir, passphrase).Account("main")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain(got), plain(want)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestOnlyRightsThatCanBeKeptAreRead(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Rights
		err  error
	}{
		{"read", Rights{Read: true}, nil},
		{"read,trade", Rights{Read: true, Trade: true}, nil},
		{" Trade, READ ", Rights{Read: true, Trade: true}, nil},
		{"参照", Rights{Read: true}, nil},
		{"参照、取引", Rights{Read: true, Trade: true}, nil},
		{"read,withdraw", Rights{}, ErrWithdrawal},
		{"参照、取引、出金", Rights{}, ErrWithdrawal},
		{"everything,withdrawal", Rights{}, ErrWithdrawal},
		{"trade", Rights{}, ErrRights},
		{"read,trada", Rights{}, ErrRights},
		{"", Rights{}, ErrRights},
	} {
		got, err := ParseRights(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q: got %+v, %v; want %+v, %v", c.in, got, err, c.want, c.err)
		}
		if again, err := ParseRights(got.String()); c.err == nil && (again != got || err != nil) {
			t.Errorf("%q is read back as %+v, %v", got, again, err)
		}
	}
}

func TestTheOldKeyStaysUntilTheNewOneIsSaved(t *testing.T) {
	dir, s := kept(t)
	if err := s.Rotate(account1("main", hiddenID)); !errors.Is(err, ErrSame) {
		t.Errorf("the same key: %v", err)
	}
	if err := s.Rotate(account1("other", "b")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a name that is not there: %v", err)
	}
	if err := s.Rotate(account1("main", "the-new-key")); err != nil {
		t.Fatal(err)
	}
	id := func() string {
		a, err := open(t, dir, "").Account("main")
		if err != nil {
			t.Fatal(err)
		}
		return a.ID.Reveal()
	}
	if got := id(); got != hiddenID {
		t.Errorf("before Save the file holds %q", got)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if got := id(); got != "the-new-key" {
		t.Errorf("after Save the file holds %q", got)
	}
}

func TestAnAccountThatCouldNotBeUsedIsRefused(t *testing.T) {
	for what, spoil := range map[string]func(*Account){
		"no name":        func(a *Account) { a.Name = "" },
		"a path":         func(a *Account) { a.Name = "../main" },
		"no key":         func(a *Account) { a.ID = secret.Value{} },
		"no secret":      func(a *Account) { a.Secret = secret.New("") },
		"no origin":      func(a *Account) { a.Origin = "" },
		"no read":        func(a *Account) { a.Rights = Rights{Trade: true} },
		"the name again": func(a *Account) { a.Name = "main" },
	} {
		_, s := kept(t)
		a := account1("second", "b")
		spoil(&a)
		if err := s.Add(a); err == nil || len(s.Accounts()) != 1 {
			t.Errorf("%s was taken", what)
		}
	}
}

// However keys come and go, what was saved last is what the next program reads.
func TestTheFileIsWhatWasSavedLast(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "keys")
		if err != nil {
			r.Fatal(err)
		}
		s, err := Open(dir, secret.Value{})
		if err != nil {
			r.Fatal(err)
		}
		saved := map[string]string{}
		live := map[string]string{}
		name := rapid.SampledFrom([]string{"a", "b", "c"})
		r.Repeat(map[string]func(*rapid.T){
			"add": func(r *rapid.T) {
				n, id := name.Draw(r, "name"), rapid.StringMatching(`[!-~]{1,40}`).Draw(r, "id")
				if _, there := live[n]; (s.Add(account1(n, id)) == nil) == there {
					r.Fatalf("add %s, there %t", n, there)
				} else if !there {
					live[n] = id
				}
			},
			"remove": func(r *rapid.T) {
				n := name.Draw(r, "name")
				if _, there := live[n]; (s.Remove(n) == nil) != there {
					r.Fatalf("remove %s, there %t", n, there)
				}
				delete(live, n)
			},
			"save": func(r *rapid.T) {
				if err := s.Save(); err != nil {
					r.Fatal(err)
				}
				saved = map[string]string{}
				for n, id := range live {
					saved[n] = id
				}
			},
			"": func(r *rapid.T) {
				next, err := Open(dir, secret.Value{})
				if err != nil {
					r.Fatal(err)
				}
				got := map[string]string{}
				for _, a := range next.Accounts() {
					got[a.Name] = a.ID.Reveal()
				}
				if diff := cmp.Diff(got, saved); diff != "" {
					r.Fatal(diff)
				}
			},
		})
	})
}

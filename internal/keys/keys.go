package keys

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"hikeshi/internal/secret"
)

// Refusals. Other errors are those of the file system.
var (
	ErrPassphrase = errors.New("the keys are locked with a passphrase, and none was given")
	ErrKeyLock    = errors.New("the keys are locked with a key file, not with a passphrase")
	ErrWrong      = errors.New("the passphrase is wrong, or the file was changed")
	ErrDamaged    = errors.New("the file is damaged")
	ErrVersion    = errors.New("the file is of a later version")
	ErrKeyFile    = errors.New("the key file that opens it is missing or damaged")
	ErrChanged    = errors.New("another program has changed the keys meanwhile")
	ErrName       = errors.New("a name is 1 to 32 small letters, digits, - and _, the first one a letter")
	ErrExists     = errors.New("there is a key of this name already")
	ErrUnknown    = errors.New("there is no key of this name")
	ErrSame       = errors.New("the new key is the old one")
	ErrWithdrawal = errors.New("a key with the withdrawal right is refused")
	ErrRights     = errors.New("the rights are read, or read,trade")
	ErrScope      = errors.New("a scope for trading names pairs, types and a largest amount for each pair")
	ErrGuard      = errors.New("the guard of post-only orders is on, known or off")
	ErrAlive      = errors.New("a sign of life is heartbeats or calls")
	ErrLapse      = errors.New("a lapse cancels protect (all but what protects) or all")
	ErrRelease    = errors.New("the release after an outage is early, usual or late")
)

// Rights are what the owner saw ticked on bitbank's page. There is no field for withdrawals.
type Rights struct {
	Read  bool `json:"read"`
	Trade bool `json:"trade"`
}

// rightNames are the words for rights: ours, and the ones on bitbank's page.
var rightNames = map[string]string{
	"read": "read", "参照": "read", "trade": "trade", "取引": "trade", "withdraw": "withdraw", "withdrawal": "withdraw", "出金": "withdraw",
}

// ParseRights reads a list such as "read,trade" or 参照、取引. A key that may withdraw is refused with ErrWithdrawal,
// whatever stands beside it; one that may not read, which nothing could prove, with ErrRights.
func ParseRights(s string) (Rights, error) {
	var r Rights
	var unknown bool
	for _, word := range strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return strings.ContainsRune(",、 \t+・", c) }) {
		switch rightNames[word] {
		case "withdraw":
			return Rights{}, ErrWithdrawal
		case "read":
			r.Read = true
		case "trade":
			r.Trade = true
		default:
			unknown = true
		}
	}
	if unknown || !r.Read {
		return Rights{}, ErrRights
	}
	return r, nil
}

// String is what ParseRights reads.
func (r Rights) String() string {
	if r.Trade {
		return "read,trade"
	}
	return "read"
}

// An Account is an API key of bitbank.
type Account struct {
	Name       string
	ID, Secret secret.Value
	Origin     string // the only one that it signs for, such as https://api.bitbank.cc
	Rights     Rights
	Confirmed  time.Time // when the owner confirmed the rights
	Added      time.Time
	Proved     time.Time // the last signed read that succeeded
}

// ShortID tells keys apart without showing one: the first four characters of an id of twelve or more, else none.
func (a Account) ShortID() string { return short(a.ID) }

func short(id secret.Value) string {
	s := id.Reveal()
	if len(s) < 12 {
		return "…"
	}
	return s[:4] + "…"
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// CheckName refuses what is no name of a key, with ErrName.
func CheckName(s string) error {
	if !name.MatchString(s) {
		return ErrName
	}
	return nil
}

// check refuses an account that could not be used.
func (a Account) check() error {
	switch {
	case !name.MatchString(a.Name):
		return ErrName
	case a.ID.IsZero() || a.Secret.IsZero():
		return errors.New("the key or its secret is empty")
	case a.Origin == "":
		return errors.New("the key is bound to no origin")
	case !a.Rights.Read:
		return ErrRights
	}
	return nil
}

// Accounts are bitbank's keys in the order in which they were added.
func (s *Store) Accounts() []Account { return append([]Account(nil), s.accounts...) }

// Account is the key of a name, or ErrUnknown.
func (s *Store) Account(name string) (Account, error) {
	if i := s.account(name); i >= 0 {
		return s.accounts[i], nil
	}
	return Account{}, fmt.Errorf("key %.40q: %w", name, ErrUnknown)
}

func (s *Store) account(name string) int {
	for i, a := range s.accounts {
		if a.Name == name {
			return i
		}
	}
	return -1
}

// Add takes a new key: ErrExists when the name is taken.
func (s *Store) Add(a Account) error {
	if err := a.check(); err != nil {
		return err
	}
	if s.account(a.Name) >= 0 {
		return fmt.Errorf("key %q: %w", a.Name, ErrExists)
	}
	s.accounts = append(s.accounts, a)
	return nil
}

// Rotate puts a in the place of the key of its name: ErrUnknown when there is none, ErrSame when it is the old one.
// The old key stays in the file until [Store.Save].
func (s *Store) Rotate(a Account) error {
	if err := a.check(); err != nil {
		return err
	}
	i := s.account(a.Name)
	if i < 0 {
		return fmt.Errorf("key %q: %w", a.Name, ErrUnknown)
	}
	if s.accounts[i].ID.Reveal() == a.ID.Reveal() {
		return ErrSame
	}
	s.accounts[i] = a
	return nil
}

// Proved notes that the key worked at a time.
func (s *Store) Proved(name string, at time.Time) error {
	i := s.account(name)
	if i < 0 {
		return fmt.Errorf("key %.40q: %w", name, ErrUnknown)
	}
	s.accounts[i].Proved = at
	return nil
}

// Remove forgets a key of bitbank: ErrUnknown when there is none.
func (s *Store) Remove(name string) error {
	i := s.account(name)
	if i < 0 {
		return fmt.Errorf("key %.40q: %w", name, ErrUnknown)
	}
	s.accounts = append(s.accounts[:i], s.accounts[i+1:]...)
	return nil
}

package keys

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/secret"
)

// What is in the box. These types hold secrets as plain strings and leave neither this file nor memory.
type (
	content struct {
		Accounts []account `json:"accounts"`
		Bots     []bot     `json:"bots"`
	}
	account struct {
		Name      string    `json:"name"`
		ID        string    `json:"id"`
		Secret    string    `json:"secret"`
		Origin    string    `json:"origin"`
		Rights    Rights    `json:"rights"`
		Confirmed time.Time `json:"confirmed"`
		Added     time.Time `json:"added"`
		Proved    time.Time `json:"proved"`
	}
	bot struct {
		Name    string                     `json:"name"`
		ID      string                     `json:"id"`
		Secret  string                     `json:"secret"`
		Trade   bool                       `json:"trade"`
		Types   []bitbank.OrderType        `json:"types"`
		Most    map[string]decimal.Decimal `json:"most"`
		Guard   Guard                      `json:"guard,omitempty"`
		Alive   Alive                      `json:"alive,omitempty"`
		Lapse   Lapse                      `json:"lapse,omitempty"`
		Release Release                    `json:"release,omitempty"`
		Made    time.Time                  `json:"made"`
		Revoked time.Time                  `json:"revoked"`
	}
)

// pack is the box's content as JSON.
func (s *Store) pack() ([]byte, error) {
	c := content{Accounts: []account{}, Bots: []bot{}}
	for _, a := range s.accounts {
		c.Accounts = append(c.Accounts, account{
			a.Name, a.ID.Reveal(), a.Secret.Reveal(), a.Origin, a.Rights, a.Confirmed, a.Added, a.Proved,
		})
	}
	for _, b := range s.bots {
		c.Bots = append(c.Bots, bot{
			b.Name, b.ID.Reveal(), b.Secret.Reveal(), b.Scope.Trade, b.Scope.Types, b.Scope.Most, b.Scope.Guard, b.Scope.Alive, b.Scope.Lapse, b.Scope.Release, b.Made, b.Revoked,
		})
	}
	return json.Marshal(c)
}

// unpack reads it back. What we would not have written is ErrDamaged: parsers quote what they dislike, so their own
// words stay here.
func (s *Store) unpack(plain []byte) error {
	var c content
	if err := strict(plain, &c); err != nil {
		return ErrDamaged
	}
	for _, a := range c.Accounts {
		err := s.Add(Account{
			Name: a.Name, ID: secret.New(a.ID), Secret: secret.New(a.Secret), Origin: a.Origin,
			Rights: a.Rights, Confirmed: a.Confirmed, Added: a.Added, Proved: a.Proved,
		})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	for _, b := range c.Bots {
		scope := Scope{Trade: b.Trade, Types: b.Types, Most: b.Most, Guard: b.Guard, Alive: b.Alive, Lapse: b.Lapse, Release: b.Release}
		if CheckName(b.Name) != nil || b.ID == "" || b.Secret == "" || scope.check() != nil {
			return ErrDamaged
		}
		s.bots = append(s.bots, Bot{
			Name: b.Name, ID: secret.New(b.ID), Secret: secret.New(b.Secret), Scope: scope, Made: b.Made, Revoked: b.Revoked,
		})
	}
	return nil
}

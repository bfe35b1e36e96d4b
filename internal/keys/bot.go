package keys

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/secret"
)

// A Bot is a local key: it opens the gateway on this machine and nothing at bitbank. Its secret is kept as it is,
// because an HMAC is checked with the secret itself.
type Bot struct {
	Name       string
	ID, Secret secret.Value
	Scope      Scope
	Made       time.Time
	Revoked    time.Time // zero: it works
}

// A Scope is what a bot may do. Every bot may read; the zero Scope allows no order. Withdrawals have no field.
type Scope struct {
	Trade bool
	Types []bitbank.OrderType
	Most  map[string]decimal.Decimal // the largest amount of one order, in base currency, of each pair that it may trade
	Guard Guard                      // of its post-only orders
	Alive Alive                      // what keeps its dead man's switch from lapsing
	Lapse Lapse                      // what is cancelled when it lapses

	Release Release // after an outage
}

// A Guard says what becomes of a bot's post-only orders where bitbank would drop the word: while a pair is not traded
// continuously. What is none of the constants guards as the zero value does.
type Guard string

// The guards.
const (
	GuardOn    Guard = ""      // they are sent only while the pair is known to trade continuously
	GuardKnown Guard = "known" // also while that cannot be read, unless it was not so when it was read last
	GuardOff   Guard = "off"   // they are always sent
)

// guardIn are the guards as people write them.
var guardIn = map[string]Guard{"": GuardOn, "on": GuardOn, "known": GuardKnown, "off": GuardOff}

// ParseGuard reads on, known or off; "" is on. ErrGuard for anything else.
func ParseGuard(s string) (Guard, error) {
	g, ok := guardIn[s]
	if !ok {
		return GuardOn, fmt.Errorf("guard %.40q: %w", s, ErrGuard)
	}
	return g, nil
}

func (g Guard) String() string {
	if g == GuardOn {
		return "on"
	}
	return string(g)
}

// check refuses a scope that contradicts itself, with ErrScope.
func (c Scope) check() error {
	if _, err := ParseGuard(string(c.Guard)); err != nil {
		return err
	}
	if _, err := ParseAlive(string(c.Alive)); err != nil {
		return err
	}
	if _, err := ParseRelease(string(c.Release)); err != nil {
		return err
	}
	if _, err := ParseLapse(string(c.Lapse)); err != nil {
		return err
	}
	if !c.Trade {
		if len(c.Types) > 0 || len(c.Most) > 0 {
			return ErrScope
		}
		return nil
	}
	if len(c.Types) == 0 || len(c.Most) == 0 {
		return ErrScope
	}
	placeable := []bitbank.OrderType{bitbank.Limit, bitbank.Market, bitbank.Stop, bitbank.StopLimit, bitbank.TakeProfit, bitbank.StopLoss}
	for _, t := range c.Types {
		if !slices.Contains(placeable, t) {
			return fmt.Errorf("type %.40q: %w", t, ErrScope)
		}
	}
	for pair, most := range c.Most {
		if pair == "" || !most.IsPositive() {
			return fmt.Errorf("pair %.40q: %w", pair, ErrScope)
		}
	}
	return nil
}

// A Denial says why a scope does not allow an order: Field is trade, pair, type or amount.
type Denial struct{ Field, Reason string }

func (d *Denial) Error() string { return "the bot's key does not allow this order: " + d.Reason }

// Allows returns a *Denial when an order is outside the scope. An order without an amount, which closes a whole
// position, is outside every scope, because its size is not known.
func (c Scope) Allows(pair string, typ bitbank.OrderType, amount decimal.Decimal) error {
	if !c.Trade {
		return &Denial{"trade", "it may only read"}
	}
	most, ok := c.Most[pair]
	switch {
	case !ok:
		return &Denial{"pair", fmt.Sprintf("the pair %.40q is not in its scope", pair)}
	case !slices.Contains(c.Types, typ):
		return &Denial{"type", fmt.Sprintf("the type %.40q is not in its scope", typ)}
	case !amount.IsPositive() || amount.GreaterThan(most):
		return &Denial{"amount", fmt.Sprintf("the amount must be above 0 and at most %s", most)}
	}
	return nil
}

// AddBot makes a local key. The returned Bot is the one place to show its secret from, once. ErrExists when the name
// was ever used: records name bots, so a name never means two keys.
func (s *Store) AddBot(botName string, c Scope, at time.Time) (Bot, error) {
	if err := CheckName(botName); err != nil {
		return Bot{}, err
	}
	if err := c.check(); err != nil {
		return Bot{}, err
	}
	if slices.ContainsFunc(s.bots, func(b Bot) bool { return b.Name == botName }) {
		return Bot{}, fmt.Errorf("bot %q: %w", botName, ErrExists)
	}
	b := Bot{Name: botName, ID: secret.New("hikeshi-" + random(16)), Secret: secret.New(random(32)), Scope: c.clone(), Made: at}
	s.bots = append(s.bots, b)
	return b, nil
}

func (c Scope) clone() Scope {
	most := make(map[string]decimal.Decimal, len(c.Most))
	for pair, m := range c.Most {
		most[pair] = m
	}
	return Scope{Trade: c.Trade, Types: slices.Clone(c.Types), Most: most, Guard: c.Guard, Alive: c.Alive, Lapse: c.Lapse, Release: c.Release}
}

// random is n bytes from the system, in hexadecimal.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails: it ends the program instead
	return hex.EncodeToString(b)
}

// Bots are the local keys in the order in which they were made, revoked ones too.
func (s *Store) Bots() []Bot {
	all := slices.Clone(s.bots)
	for i := range all {
		all[i].Scope = all[i].Scope.clone()
	}
	return all
}

// Bot finds the working local key of an id, for whoever verifies a signature; ok is false for unknown and revoked ones.
func (s *Store) Bot(id string) (_ Bot, ok bool) {
	for _, b := range s.bots {
		if b.ID.Reveal() == id && b.Revoked.IsZero() {
			b.Scope = b.Scope.clone()
			return b, true
		}
	}
	return Bot{}, false
}

// Revoke ends a local key; its name stays. ErrUnknown when there is none. A second time changes nothing.
func (s *Store) Revoke(botName string, at time.Time) error {
	for i, b := range s.bots {
		if b.Name == botName {
			if b.Revoked.IsZero() {
				s.bots[i].Revoked = at
			}
			return nil
		}
	}
	return fmt.Errorf("bot %.40q: %w", botName, ErrUnknown)
}

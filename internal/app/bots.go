package app

import (
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/config"
	"hikeshi/internal/keys"
	"hikeshi/internal/secret"
	"hikeshi/internal/text"
)

// bots are the local keys: those that are kept, and those of the configuration.
type bots struct {
	kept  *keys.Store // nil when no key is kept
	named []keys.Bot
	holds map[string]time.Duration
}

// botsOf reads the local keys.
func botsOf(cfg config.Config) (bots, error) {
	kept, err := OpenKeys(cfg, secret.Value{})
	if err != nil {
		return bots{}, err
	}
	b := bots{kept: kept, holds: map[string]time.Duration{}}
	for _, c := range cfg.Gateway.Bots {
		guard, err := keys.ParseGuard(c.PostOnlyGuard)
		if err != nil {
			return bots{}, err // a validated configuration has none
		}
		alive, err := keys.ParseAlive(c.Alive)
		if err != nil {
			return bots{}, err // likewise
		}
		lapse, err := keys.ParseLapse(c.Lapse)
		if err != nil {
			return bots{}, err
		}
		made := keys.Bot{Name: c.Name, Scope: keys.Scope{Trade: len(c.Types) > 0, Most: map[string]decimal.Decimal{}, Guard: guard, Alive: alive, Lapse: lapse}}
		for _, f := range []struct {
			path string
			into *secret.Value
		}{{c.IDFile, &made.ID}, {c.SecretFile, &made.Secret}} {
			if *f.into, err = secret.Read(f.path); err != nil {
				return bots{}, &Trouble{ID: "key", Args: text.Args{"path": f.path}, Err: err}
			}
		}
		for _, t := range c.Types {
			made.Scope.Types = append(made.Scope.Types, bitbank.OrderType(t))
		}
		for pair, most := range c.Largest {
			if made.Scope.Most[pair], err = decimal.NewFromString(most); err != nil {
				return bots{}, err // a validated configuration has none
			}
		}
		b.named = append(b.named, made)
		b.holds[c.Name] = time.Duration(c.AnswerMS) * time.Millisecond
	}
	return b, nil
}

// find is the bot of a key.
func (b bots) find(id string) (keys.Bot, bool) {
	for _, n := range b.named {
		if n.ID.Reveal() == id {
			return n, true
		}
	}
	return b.kept.Bot(id)
}

// hold is how long a bot waits; 0 is the gateway's own measure.
func (b bots) hold(name string) time.Duration { return b.holds[name] }

// names are those of the bots that may come in.
func (b bots) names() []string {
	var out []string
	for _, n := range b.named {
		out = append(out, n.Name)
	}
	for _, n := range b.kept.Bots() {
		if n.Revoked.IsZero() {
			out = append(out, n.Name)
		}
	}
	return out
}

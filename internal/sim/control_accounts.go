package sim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/transfer"
)

// maxAccounts bounds what can be opened in one world.
const maxAccounts = 1000

// ways lists the points on which bitbank's documents leave a choice.
func (s *Sim) ways() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"ways": s.x.Ways()}
}

// choose plays other readings: a JSON object of names and readings. One that is wrong changes nothing.
func (s *Sim) choose(body io.Reader) (any, error) {
	to := map[string]string{}
	if err := strict(body, &to); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range sortedKeys(to) {
		if err := exchange.CheckWay(name, to[name]); err != nil {
			return nil, err
		}
	}
	for name, reading := range to {
		s.x.Choose(name, reading)
	}
	return done{true}, nil
}

// addAccount opens another customer's account.
func (s *Sim) addAccount(body io.Reader) (any, error) {
	var n struct {
		ID       string            `json:"id"`
		Key      string            `json:"key"`
		Secret   string            `json:"secret"`
		Balances map[string]string `json:"balances"`
	}
	if err := strict(body, &n); err != nil {
		return nil, err
	}
	brings := map[string]decimal.Decimal{}
	for asset, text := range n.Balances {
		d, err := amountOf(asset, text)
		if err != nil {
			return nil, err
		}
		brings[asset] = d
	}
	if n.ID == "" || n.Key == "" || n.Secret == "" {
		return nil, errors.New("id, key, secret: none of them may be empty")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.user(n.ID); err == nil {
		return nil, wrong(http.StatusConflict, fmt.Errorf("id: there is an account %q already", n.ID))
	}
	if u, _ := s.keyed(n.Key); u != nil {
		return nil, wrong(http.StatusConflict, errors.New("key: it is taken"))
	}
	if len(s.users) >= maxAccounts {
		return nil, wrong(http.StatusTooManyRequests, fmt.Errorf("there are %d accounts already, more are not opened", maxAccounts))
	}
	s.openUser(n.ID, n.Key, n.Secret, brings)
	return done{true}, nil
}

// amountOf reads a balance in the asset's own digits.
func amountOf(asset, text string) (decimal.Decimal, error) {
	known := slices.ContainsFunc(transfer.Table(assetTable), func(a transfer.Asset) bool { return a.Name == asset })
	d, err := decimal.NewFromString(text)
	switch {
	case !known:
		return d, fmt.Errorf("balances: %q is no asset of this exchange", asset)
	case err != nil || len(text) > 40 || d.IsNegative() || !d.Truncate(exchange.Precision(asset)).Equal(d) || d.GreaterThan(decimal.New(1, 15)):
		return d, fmt.Errorf("balances.%s: %.40q is no decimal number in a string from 0 to 10^15 with at most %d decimals", asset, text, exchange.Precision(asset))
	}
	return d, nil
}

// account changes something about one account: what, or the account itself when what is empty.
func (s *Sim) account(id, what string, body io.Reader) (any, error) {
	do, ok := accountCalls[what]
	if !ok {
		return nil, wrong(http.StatusNotFound, fmt.Errorf("accounts/%s/%s: no such path", id, what))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.user(id)
	if err != nil {
		return nil, wrong(http.StatusNotFound, err)
	}
	now := time.Now()
	s.advance(now)
	got, err := do(s, u, body, now)
	u.assets = nil // what is stopped shows there
	s.advance(now)
	s.tell()
	return got, err
}

// accountCalls are the parts of an account that can be changed from outside.
var accountCalls = map[string]func(s *Sim, u *user, body io.Reader, now time.Time) (any, error){
	"": (*Sim).changeAccount,
	"deposits": func(_ *Sim, u *user, body io.Reader, now time.Time) (any, error) {
		return with(body, func(a transfer.Arrival) (any, error) { return uuid(u.desk.AddDeposit(a, now)) })
	},
	"deals": func(s *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(d exchange.Deal) (any, error) { return done{true}, s.x.Deal(u.account, d) })
	},
	"transfers": moveTransfer,
	"stops": func(_ *Sim, u *user, body io.Reader, now time.Time) (any, error) {
		return with(body, func(x transfer.Stop) (any, error) { return done{true}, u.desk.SetStop(x, now) })
	},
	"conditions": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(c transfer.Conditions) (any, error) {
			if err := c.Check(); err != nil {
				return nil, err
			}
			u.desk.SetConditions(c)
			return done{true}, nil
		})
	},
	"timing": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(t transfer.Timing) (any, error) {
			if err := t.Check(); err != nil {
				return nil, err
			}
			u.desk.SetTiming(t)
			return done{true}, nil
		})
	},
	"readings": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(r transfer.Readings) (any, error) { u.desk.SetReadings(r); return done{true}, nil })
	},
	"refusals": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(r struct {
			Code  int `json:"code"`
			Times int `json:"times"`
		}) (any, error) {
			if r.Code == 0 {
				u.desk.Allow()
				return done{true}, nil
			}
			return done{true}, u.desk.Refuse(r.Code, r.Times)
		})
	},
	"limits": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(l struct {
			Asset string `json:"asset"`
			Min   string `json:"min"`
			Max   string `json:"max"`
		}) (any, error) {
			return done{true}, u.desk.SetLimits(l.Asset, l.Min, l.Max)
		})
	},
	"originators": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(o transfer.Originator) (any, error) {
			if o.UUID != "" {
				return done{true}, u.desk.SetOriginator(o.UUID, o.Status)
			}
			return uuid(u.desk.AddOriginator(o))
		})
	},
	"withdrawal_accounts": func(_ *Sim, u *user, body io.Reader, _ time.Time) (any, error) {
		return with(body, func(a struct {
			transfer.Account
			UUID string `json:"uuid"`
		}) (any, error) {
			if a.UUID != "" {
				return done{true}, u.desk.SetAccount(a.UUID, a.State)
			}
			return uuid(u.desk.AddAccount(a.Account))
		})
	},
}

// with decodes a body for a call.
func with[T any](body io.Reader, do func(T) (any, error)) (any, error) {
	var v T
	if err := strict(body, &v); err != nil {
		return nil, err
	}
	return do(v)
}

func uuid(id string, err error) (any, error) { return map[string]string{"uuid": id}, err }

// moveTransfer brings a deposit or withdrawal on, or holds it where it is.
func moveTransfer(_ *Sim, u *user, body io.Reader, now time.Time) (any, error) {
	return with(body, func(m struct {
		UUID   string          `json:"uuid"`
		Status transfer.Status `json:"status"`
		Hold   *bool           `json:"hold"`
	}) (any, error) {
		if m.Hold != nil {
			if err := u.desk.Hold(m.UUID, *m.Hold, now); err != nil {
				return nil, err
			}
		}
		if m.Status == "" {
			return done{true}, nil
		}
		return done{true}, u.desk.Move(m.UUID, m.Status, now)
	})
}

// changeAccount gives an account another key or other limits, sets its conditions, drops its orders, revokes its tokens.
func (s *Sim) changeAccount(u *user, body io.Reader, _ time.Time) (any, error) {
	return with(body, func(to struct {
		Key        string         `json:"key"`
		Secret     string         `json:"secret"`
		Query      int            `json:"query"`  // calls a second
		Update     int            `json:"update"` // likewise
		Refuse     map[string]int `json:"refuse"`
		Invalidate []int64        `json:"invalidate"`
		Revoke     bool           `json:"revoke"`
	}) (any, error) {
		if other, _ := s.keyed(to.Key); other != nil {
			return nil, wrong(http.StatusConflict, errors.New("key: it is taken"))
		}
		switch {
		case (to.Key == "") != (to.Secret == ""):
			return nil, errors.New("key, secret: one does not go without the other")
		case to.Query < 0 || to.Update < 0 || to.Query > 1e6 || to.Update > 1e6:
			return nil, errors.New("query, update: expected calls a second from 1 to 1000000, or 0 for no change")
		}
		for kind, code := range to.Refuse {
			if err := exchange.CheckCondition(kind, code); err != nil {
				return nil, fmt.Errorf("refuse: %w", err)
			}
		}
		if to.Key != "" {
			u.keys = append(u.keys, &apiKey{id: to.Key, secret: to.Secret})
		}
		u.reads.most, u.writes.most = orElse(to.Query, u.reads.most), orElse(to.Update, u.writes.most)
		for kind, code := range to.Refuse {
			u.account.Refuse(kind, code)
		}
		s.x.Invalidate(u.account, to.Invalidate)
		if to.Revoke {
			s.revoke(u)
		}
		return done{true}, nil
	})
}

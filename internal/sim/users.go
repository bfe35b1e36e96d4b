package sim

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/transfer"
)

// The first account of every world. Its secret is no secret.
const (
	firstUser     = "sim"
	accountKey    = "sim-key"
	accountSecret = "sim-secret"
)

// Key is the key of the first account and its secret.
func Key() (id, secret string) { return accountKey, accountSecret }

// firstBalances is what the first account brings along, as the contract says. Margin is on.
var firstBalances = map[string]decimal.Decimal{
	"jpy": decimal.NewFromInt(10_000_000), "btc": decimal.NewFromInt(10), "xrp": decimal.NewFromInt(100_000),
}

//go:embed assets.tsv
var assetTable string

// A user is a customer of the exchange: keys, limits, money.
type user struct {
	id      string
	keys    []*apiKey
	account *exchange.Account
	desk    *transfer.Desk
	reads   limiter   // the class QUERY
	writes  limiter   // the class UPDATE
	listens bool      // has ever asked for a ticket of the private stream
	free    time.Time // when the user's queue is empty, under queue_delay

	assets   []byte // the answer of /user/assets, until a balance changes; nil when it has
	assetsAt int
}

// An apiKey belongs to a user. Several share the user's limits.
type apiKey struct {
	id, secret string
	nonce      uint64 // the last accepted one: they must rise
	seen       map[string]time.Time
}

// openUser opens an account with a key.
func (s *Sim) openUser(id, key, secret string, brings map[string]decimal.Decimal) *user {
	a := s.x.Open(id, brings)
	u := &user{
		id: id, keys: []*apiKey{{id: key, secret: secret}}, account: a,
		desk:  transfer.New(transfer.Options{Seed: s.o.Seed + uint64(len(s.users)), Assets: transfer.Table(assetTable), Speed: s.o.Speed}, s.x.Purse(a)),
		reads: limiter{most: s.o.Limits.Query, within: time.Second}, writes: limiter{most: s.o.Limits.Update, within: time.Second},
	}
	u.desk.Furnish()
	s.users = append(s.users, u)
	return u
}

// keyed finds the user that a key belongs to.
func (s *Sim) keyed(key string) (*user, *apiKey) {
	for _, u := range s.users {
		for _, k := range u.keys {
			if k.id == key {
				return u, k
			}
		}
	}
	return nil, nil
}

func (s *Sim) user(id string) (*user, error) {
	for _, u := range s.users {
		if u.id == id {
			return u, nil
		}
	}
	return nil, fmt.Errorf("account: there is none called %q", id)
}

// A limiter counts in a window. Whether the real one slides, and whether refused calls count, is not known: see the ways
// rate_limit_window and rate_limit_refused_counts.
type limiter struct {
	most   int
	within time.Duration
	taken  []time.Time
}

// allow takes n calls at once; wait is how long until one more is allowed.
func (l *limiter) allow(now time.Time, n int, fixed, refusedCount bool) (ok bool, wait time.Duration) {
	from := now.Add(-l.within)
	if fixed {
		from = now.Truncate(l.within).Add(-1)
	}
	for len(l.taken) > 0 && (!l.taken[0].After(from) || now.Before(l.taken[0])) {
		l.taken = l.taken[1:]
	}
	ok = len(l.taken)+n <= l.most
	if (ok || refusedCount) && len(l.taken) < 4*l.most {
		for range n {
			l.taken = append(l.taken, now)
		}
	}
	if !ok && len(l.taken) > 0 {
		wait = l.taken[0].Sub(from)
	}
	return ok, wait
}

// assetRow is a row of /v1/user/assets. The fee has another shape for yen than for coins.
type assetRow struct {
	Asset       string                `json:"asset"`
	Free        string                `json:"free_amount"`
	Precision   int32                 `json:"amount_precision"`
	Onhand      string                `json:"onhand_amount"`
	Locked      string                `json:"locked_amount"`
	Withdrawing string                `json:"withdrawing_amount"`
	Fee         any                   `json:"withdrawal_fee"`
	StopDeposit bool                  `json:"stop_deposit"`
	StopOut     bool                  `json:"stop_withdrawal"`
	Networks    []transfer.NetworkRow `json:"network_list,omitempty"` // absent for yen
	Collateral  string                `json:"collateral_ratio"`
}

// assetRows lists all assets in bitbank's order, those that the account has nothing of too.
func assetRows(x *exchange.Exchange, a *exchange.Account, d *transfer.Desk) []assetRow {
	has := map[string]exchange.Asset{}
	for _, b := range x.Assets(a) {
		has[b.Name] = b
	}
	var all []assetRow
	for _, as := range transfer.Table(assetTable) {
		st := d.Standing(as.Name)
		row := assetRow{
			Asset: as.Name, Precision: st.Precision, Fee: st.Fee, StopDeposit: st.StopDeposit, StopOut: st.StopWithdrawal, Networks: st.Networks, Collateral: "0.5",
		}
		if as.Name == "jpy" {
			row.Collateral = "1"
		}
		b, ok := has[as.Name]
		if !ok {
			zero := decimal.Decimal{}.StringFixed(st.Precision)
			b = exchange.Asset{Free: zero, Locked: zero, Onhand: zero, Withdrawing: zero}
		}
		row.Free, row.Locked, row.Onhand, row.Withdrawing = b.Free, b.Locked, b.Onhand, b.Withdrawing
		all = append(all, row)
	}
	return all
}

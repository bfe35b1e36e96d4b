package exchange

import (
	"slices"

	"github.com/shopspring/decimal"
)

// An Account is one customer of the exchange.
type Account struct {
	ID       string
	balances map[string]*balance
	names    []string // of the balances, as they came

	orders    map[int64]*Order
	sequence  []*Order // of the orders, by id
	live      []*Order // those that are not finished, by id
	trades    []Trade  // oldest first
	positions map[spot]*position
	payable   decimal.Decimal // what is owed after a liquidation
	notice    notice
	refuse    map[string]int // a condition's code, by what it refuses; see conditions
	version   int
}

// Version rises with every change of a balance.
func (a *Account) Version() int { return a.version }

// A balance is what an account has of one asset.
type balance struct {
	asset                     string
	free, locked, withdrawing decimal.Decimal // withdrawing is part of locked
}

func (b *balance) onhand() decimal.Decimal { return b.free.Add(b.locked) }

const (
	// keepOrders and keepTrades bound the memory of one account: the oldest finished ones are forgotten, as bitbank itself
	// forgets orders after three months.
	keepOrders = 5_000
	keepTrades = 5_000
)

func newAccount(id string) *Account {
	return &Account{
		ID: id, balances: map[string]*balance{}, orders: map[int64]*Order{}, positions: map[spot]*position{}, refuse: map[string]int{},
	}
}

// balance finds or opens what the account has of an asset.
func (a *Account) balance(asset string) *balance {
	b := a.balances[asset]
	if b == nil {
		b = &balance{asset: asset}
		a.balances[asset] = b
		a.names = append(a.names, asset)
	}
	return b
}

// remember lists a new order, and forgets what is too old to be kept.
func (a *Account) remember(o *Order) {
	a.orders[o.ID] = o
	a.sequence = append(a.sequence, o)
	a.live = append(a.live, o)
	if len(a.sequence) <= keepOrders+keepOrders/4 {
		return
	}
	drop := len(a.sequence) - keepOrders
	kept := a.sequence[:0]
	for i, o := range a.sequence {
		if i < drop && o.terminal() {
			delete(a.orders, o.ID)
			continue
		}
		kept = append(kept, o)
	}
	clear(a.sequence[len(kept):])
	a.sequence = kept
}

// finish takes an order out of the live ones.
func (a *Account) finish(o *Order) {
	if i := slices.Index(a.live, o); i >= 0 {
		a.live = slices.Delete(a.live, i, i+1)
	}
}

// lived counts the live orders of a pair; "" for all.
func (a *Account) lived(pair string) int {
	n := 0
	for _, o := range a.live {
		if pair == "" || o.pair.Name == pair {
			n++
		}
	}
	return n
}

func (a *Account) traded(t Trade) {
	if a.trades = append(a.trades, t); len(a.trades) > keepTrades+keepTrades/4 {
		a.trades = slices.Clone(a.trades[len(a.trades)-keepTrades:])
	}
}

// A Purse lets deposits and withdrawals move an account's money.
type Purse struct {
	x *Exchange
	a *Account
}

// Purse is the account's money.
func (x *Exchange) Purse(a *Account) Purse { return Purse{x, a} }

// Free is what the account can use of an asset.
func (p Purse) Free(asset string) decimal.Decimal { return p.a.balance(asset).free }

// Receive adds what came from outside.
func (p Purse) Receive(asset string, amount decimal.Decimal) {
	b := p.a.balance(asset)
	b.free = b.free.Add(amount)
	p.x.arrived[asset] = p.x.arrived[asset].Add(amount)
	p.x.touch(p.a, asset)
	if asset == "jpy" {
		p.x.repay(p.a)
	}
}

// Lock puts an amount aside for a withdrawal; false when there is not so much.
func (p Purse) Lock(asset string, amount decimal.Decimal) bool {
	b := p.a.balance(asset)
	if b.free.LessThan(amount) {
		return false
	}
	b.free, b.locked, b.withdrawing = b.free.Sub(amount), b.locked.Add(amount), b.withdrawing.Add(amount)
	p.x.touch(p.a, asset)
	return true
}

// Release gives back what was put aside.
func (p Purse) Release(asset string, amount decimal.Decimal) {
	b := p.a.balance(asset)
	b.free, b.locked, b.withdrawing = b.free.Add(amount), b.locked.Sub(amount), b.withdrawing.Sub(amount)
	p.x.touch(p.a, asset)
}

// Pay lets what was put aside leave the exchange.
func (p Purse) Pay(asset string, amount decimal.Decimal) {
	b := p.a.balance(asset)
	b.locked, b.withdrawing = b.locked.Sub(amount), b.withdrawing.Sub(amount)
	p.x.arrived[asset] = p.x.arrived[asset].Sub(amount)
	p.x.touch(p.a, asset)
}

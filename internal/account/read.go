package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/reconcile"
)

// patience is how long one read of a lost order's pair may take.
const patience = 5 * time.Second

// settling is the client for reads that settle something.
func (a *Account) settling() *bitbank.Client {
	return a.o.Client.With(bitbank.Call{Priority: Settling})
}

// answers reports whether bitbank itself has answered, if only with a refusal.
func answers(err error) bool {
	_, refused := errors.AsType[*bitbank.Error](err)
	return err == nil || refused
}

// look makes one pass over a pair.
func (a *Account) look(l broker.Look) {
	e := broker.Looked{Pair: l.Pair, Began: time.Now()}
	e.Whole = a.pass(l, &e) == nil
	a.step(e)
}

func (a *Account) pass(l broker.Look, e *broker.Looked) error {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	c := a.settling()
	var err error
	e.Live, err = c.ActiveOrders(ctx, bitbank.OrderQuery{Pair: l.Pair})
	if e.Answered = answers(err); err != nil {
		return err
	}
	for t, err := range c.AllTrades(ctx, bitbank.TradeQuery{Pair: l.Pair, Since: l.Since}, 0) {
		if err != nil {
			return err
		}
		e.Trades = append(e.Trades, t)
	}
	if e.Orders, err = a.ordersOf(ctx, c, e.Trades); err != nil {
		return err
	}
	began := time.Now()
	assets, err := c.Assets(ctx)
	if err != nil {
		return err
	}
	base, quote, _ := strings.Cut(l.Pair, "_")
	for _, row := range rows(assets) {
		if row.Asset == base || row.Asset == quote {
			e.Assets = append(e.Assets, row)
		}
	}
	e.AssetsAt = [2]time.Time{began, time.Now()}
	status, err := c.SpotStatus(ctx)
	if err != nil {
		return err
	}
	for _, s := range status {
		if s.Pair == l.Pair {
			e.Status = s.Status
		}
	}
	if !l.Moved {
		return nil
	}
	public, err := c.Transactions(ctx, l.Pair)
	for _, t := range public {
		if at := t.At.Time(); at.After(e.Moved) {
			e.Moved = at
		}
	}
	return err
}

// unknown are the orders of trades that are not known whole, by pair.
func (a *Account) unknown(trades []bitbank.Trade) map[string][]bitbank.OrderID {
	out := map[string][]bitbank.OrderID{}
	type key struct {
		pair string
		id   bitbank.OrderID
	}
	seen := map[key]bool{}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range trades {
		o, _, known := a.broker.Ledger().Order(t.Pair, t.OrderID)
		if k := (key{t.Pair, t.OrderID}); !seen[k] && (!known || !o.Status.Terminal()) {
			seen[k] = true
			out[t.Pair] = append(out[t.Pair], t.OrderID)
		}
	}
	return out
}

// ordersOf reads the orders of trades that are not known whole, as far as bitbank still knows them. What was read before an error is
// returned with it.
func (a *Account) ordersOf(ctx context.Context, c *bitbank.Client, trades []bitbank.Trade) (out []bitbank.Order, err error) {
	for pair, ids := range a.unknown(trades) {
		orders, err := readAll(ctx, c, pair, ids)
		out = append(out, orders...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// readAll reads orders by id, thirty at a time.
func readAll(ctx context.Context, c *bitbank.Client, pair string, ids []bitbank.OrderID) ([]bitbank.Order, error) {
	var out []bitbank.Order
	for len(ids) > 0 {
		n := min(len(ids), 30)
		page, err := c.OrdersInfo(ctx, pair, ids[:n]...)
		if err != nil {
			return out, err
		}
		out, ids = append(out, page...), ids[n:]
	}
	return out, nil
}

// rows are balances as the ledger takes them.
func rows(assets []bitbank.Asset) []bitbank.AssetUpdate {
	out := make([]bitbank.AssetUpdate, len(assets))
	for k, x := range assets {
		out[k] = bitbank.AssetUpdate{Asset: x.Asset, Free: x.Free, Locked: x.Locked, OnHand: x.OnHand, Withdrawing: x.Withdrawing, Precision: x.Precision}
	}
	return out
}

// fence looks, over a connection of its own, whether bitbank's clock has passed the windows of lost orders.
func (a *Account) fence() {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	f := reconcile.Fence{Signed: a.o.Client.Now(), Window: 5 * time.Second}
	c := a.o.Client.With(bitbank.Call{Priority: Settling, Fresh: true, At: f.Signed, Window: f.Window})
	_, err := c.Assets(ctx)
	e := broker.Fenced{Fence: f, OK: answers(err)}
	if refused, ok := errors.AsType[*bitbank.Error](err); ok {
		e.Code = refused.Code
	}
	a.step(e)
}

// readOrders reads orders by id.
func (a *Account) readOrders(r broker.Read) {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	e := broker.Seen{Pair: r.Pair}
	var err error
	e.Orders, err = readAll(ctx, a.settling(), r.Pair, r.IDs)
	if err == nil {
		known := map[bitbank.OrderID]bool{}
		for _, o := range e.Orders {
			known[o.ID] = true
		}
		for _, id := range r.IDs {
			if !known[id] {
				e.Missing = append(e.Missing, id)
			}
		}
	}
	a.step(e)
}

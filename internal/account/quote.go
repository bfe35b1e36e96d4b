package account

import (
	"context"
	"fmt"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
)

// quote says what the smallest order far from a pair's market looks like. When anything of it cannot be read, it is none.
func (a *Account) quote(q broker.Quote) {
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	e, err := a.surroundings(ctx, q.Pair)
	if err != nil {
		e = broker.Quoted{Pair: q.Pair}
	}
	a.step(e)
}

// modePatience is how long a mode is waited for: bots wait for it before their first order.
const modePatience = 2 * time.Second

// observe reads the circuit-break mode of a pair, once.
func (a *Account) observe(o broker.Observe) {
	ctx, cancel := context.WithTimeout(a.ctx, modePatience)
	defer cancel()
	e := broker.Observed{Pair: o.Pair, Began: time.Now()}
	if c, err := a.o.Client.CircuitBreakInfo(ctx, o.Pair); err == nil {
		e.Mode, e.Stamp = c.Mode, c.At.Time()
	}
	a.step(e)
}

func (a *Account) surroundings(ctx context.Context, name string) (broker.Quoted, error) {
	e := broker.Quoted{Pair: name}
	c := a.settling()
	circuit, err := c.CircuitBreakInfo(ctx, name)
	if err != nil {
		return e, err
	}
	ticker, err := c.Ticker(ctx, name)
	if err != nil {
		return e, err
	}
	// The stop flags change in an outage, so they are not remembered.
	pairs, err := c.SpotPairs(ctx)
	if err != nil {
		return e, err
	}
	status, err := c.SpotStatus(ctx)
	if err != nil {
		return e, err
	}
	for _, p := range pairs {
		if p.Name == name {
			e.Smallest, e.Digits, e.Last = p.UnitAmount, int32(p.PriceDigits), ticker.Last.Decimal()
			e.Calm = circuit.Mode == bitbank.ModeNone && p.IsEnabled && len(p.Flags()) == 0
		}
	}
	if !e.Smallest.Known() {
		return e, fmt.Errorf("the pair %s is not listed", name)
	}
	for _, s := range status {
		if s.Pair != name {
			continue
		}
		e.Calm = e.Calm && (s.Status == bitbank.StatusNormal || s.Status == bitbank.StatusBusy)
		if s.MinAmount.Known() && s.MinAmount.Decimal().GreaterThan(e.Smallest.Decimal()) {
			e.Smallest = s.MinAmount // raised while it is busy
		}
	}
	return e, nil
}

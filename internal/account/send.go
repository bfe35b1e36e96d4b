package account

import (
	"context"
	"errors"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/broker"
	"hikeshi/internal/ledger"
)

// errStays keeps a write back that nobody wants any more.
var errStays = errors.New("it is not wanted any more")

// sendFor is how long an answer is waited for before it counts as lost. bitbank has been seen to take seconds, but a lost order
// is found sooner than its bot gives up when it is looked for in time.
const sendFor = 4 * time.Second

// send sends a write once, as soon as the account's limit has room.
func (a *Account) send(ctx context.Context, cancel context.CancelFunc, s broker.Send) {
	defer func() {
		cancel()
		a.mu.Lock()
		delete(a.sends, s.ID)
		a.mu.Unlock()
	}()
	if a.o.ReadOnly {
		a.step(broker.Sent{ID: s.ID, Refused: &ledger.Refused{Proof: bitbank.ProofNotBegun}})
		return
	}
	call := bitbank.Call{BeforeSend: func(_ context.Context, at bitbank.Attempt) error {
		err := a.sign(s, at)
		time.AfterFunc(sendFor, cancel)
		return err
	}}
	switch call.Priority = Cancels; {
	case s.Urgent:
		call.Priority = Panic
	case broker.IsExit(s.Bot):
		call.Priority = Exits
	}
	e := broker.Sent{ID: s.ID}
	switch {
	case s.Order != nil:
		if call.Priority = ""; broker.IsExit(s.Bot) {
			call.Priority = Exits
		}
		o := a.o.Client.With(call).PlaceOrder(ctx, *s.Order)
		if order, done := o.Done(); done {
			e.Orders = []bitbank.Order{order}
		}
		fill(&e, o)
	case len(s.Cancel.IDs) == 1:
		o := a.o.Client.With(call).CancelOrder(ctx, s.Cancel.Pair, s.Cancel.IDs[0])
		if order, done := o.Done(); done {
			e.Orders = []bitbank.Order{order}
		}
		fill(&e, o)
	default:
		o := a.o.Client.With(call).CancelOrders(ctx, s.Cancel.Pair, s.Cancel.IDs...)
		// With orders that the answer does not mention it is lost: each is read.
		if c, done := o.Done(); done && len(c.Open) == 0 {
			e.Orders = c.Orders
		}
		fill(&e, o)
	}
	if len(e.Orders) > 0 || e.Refused != nil {
		a.passOn(e)
		return
	}
	a.step(e)
}

// fill says how a write was refused, or with which code it was lost.
func fill[T any](e *broker.Sent, o bitbank.Outcome[T]) {
	if r, refused := o.Refused(); refused {
		e.Refused = &ledger.Refused{Proof: r.Proof, Code: r.Code}
	}
	if l, lost := o.Lost(); lost {
		e.Code = l.Code
	}
}

// errFull keeps an order back that was being sent when the disk became full.
var errFull = errors.New(full)

// sign has the intent on the disk before its first byte leaves. A cancel leaves without it when the disk is full.
func (a *Account) sign(s broker.Send, at bitbank.Attempt) error {
	done := make(chan error, 1)
	a.mu.Lock()
	effects, wanted := a.broker.Sign(time.Now(), s.ID, at.At, at.Window)
	if wanted {
		a.queue(item{effects, done})
		// From now on it is not given up any more: its answer is waited for.
		delete(a.sends, s.ID)
	}
	a.mu.Unlock()
	if !wanted {
		return errStays
	}
	err := <-done
	switch {
	case s.Order == nil:
		return nil
	case err == nil && a.o.Low():
		return errFull
	}
	return err
}

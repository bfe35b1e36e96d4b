package bitbank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// send sends a write once and tells what became of it. judge looks at an answer that bitbank calls a success: an
// error means that it is not the answer to this request.
func send[T any](ctx context.Context, c *Client, d dispatch, judge func(T) error) Outcome[T] {
	d.write = true
	v, j, err := signed[T](ctx, c, d)
	if err == nil {
		if err = judge(v); err == nil {
			return Outcome[T]{done: &v}
		}
		err = &BodyError{Op: d.op, Status: http.StatusOK, Defect: Shape, Err: err}
	}
	lost := &LostError{Op: d.op, Err: err}
	if j.window != 0 {
		lost.At, lost.Window = j.at, j.window
	}
	if e, ok := errors.AsType[*Error](err); ok {
		info, _ := Lookup(e.Code)
		if info.write(d.path).NotApplied() {
			return Outcome[T]{refused: &Refusal{Op: d.op, Proof: ProofCode, Code: e.Code, Err: e}}
		}
		lost.Code = e.Code
		return Outcome[T]{lost: lost}
	}
	if j.unsent != "" {
		return Outcome[T]{refused: &Refusal{Op: d.op, Proof: j.unsent, Err: err}}
	}
	return Outcome[T]{lost: lost}
}

// invalid is the outcome of a write that could not have been right.
func invalid[T any](op, format string, args ...any) Outcome[T] {
	return Outcome[T]{refused: &Refusal{Op: op, Proof: ProofInvalid, Err: fmt.Errorf(format, args...)}}
}

// body writes the JSON of a request. Its types are ours and hold nothing that cannot be written.
func body(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bitbank: write a request: " + err.Error())
	}
	return b
}

const (
	pathOrder      = "/v1/user/spot/order"
	pathCancel     = "/v1/user/spot/cancel_order"
	pathCancels    = "/v1/user/spot/cancel_orders"
	pathConfirm    = "/v1/user/confirm_deposits"
	pathConfirmAll = "/v1/user/confirm_deposits_all"
	pathWithdraw   = "/v1/user/request_withdrawal"
)

// PlaceOrder places an order. Done means that bitbank took it and named it: it may be filled, cancelled (post-only)
// or rejected already, so its state is read again.
//
// Lost means that it may rest on the book, be filled, or not exist. bitbank knows no mark of the caller's on an order,
// so looking for it means comparing pair, side, type, prices, amount and time with the orders and trades of the
// account.
func (c *Client) PlaceOrder(ctx context.Context, o NewOrder) Outcome[Order] {
	const op = "PlaceOrder"
	if err := o.Validate(); err != nil {
		return invalid[Order](op, "%w", err)
	}
	d := dispatch{op: op, class: Update, path: pathOrder, body: body(o)}
	placed := send(ctx, c, d, func(p placedOrder) error { return o.same(Order(p)) })
	return convert(placed, func(p placedOrder) Order { return Order(p) })
}

// convert changes what an outcome holds when it is done.
func convert[A, B any](o Outcome[A], f func(A) B) Outcome[B] {
	if v, done := o.Done(); done {
		return Outcome[B]{done: new(f(v))}
	}
	return Outcome[B]{refused: o.refused, lost: o.lost}
}

// A placedOrder is the answer to a placement: with a valid id it counts, whatever else is left out.
type placedOrder Order

func (p *placedOrder) check() error {
	if p.ID == 0 {
		return errors.New("an order without order_id")
	}
	return nil
}

// CancelOrder cancels an order. Done means that bitbank took the cancel; the order is cancelled when its status is
// terminal, with ExecutedAmount counted. A refusal does not mean that the order rests: codes 50026 and 50027 say that
// it was cancelled or filled before. Whatever the outcome, the order is read again; a lost cancel may be repeated by
// the caller, because it names its order.
func (c *Client) CancelOrder(ctx context.Context, pair string, id OrderID) Outcome[Order] {
	const op = "CancelOrder"
	if err := nameOrders(pair, id); err != nil {
		return invalid[Order](op, "%w", err)
	}
	d := dispatch{op: op, class: Update, path: pathCancel, body: body(struct {
		Pair string  `json:"pair"`
		ID   OrderID `json:"order_id"`
	}{pair, id})}
	return send(ctx, c, d, func(o Order) error { return wanted(o, pair, id) })
}

// maxOrders is how many orders one request may name: bitbank's documents for cancel_orders, our caution for
// orders_info, which documents no number.
const maxOrders = 30

// A Cancelled is the answer to CancelOrders.
type Cancelled struct {
	Orders []Order
	// Open are the orders that the answer does not mention. What became of them is not known.
	Open []OrderID
}

// CancelOrders cancels up to 30 orders of a pair. What bitbank does when some of them cannot be cancelled is not
// documented: whatever the outcome, each is read again.
func (c *Client) CancelOrders(ctx context.Context, pair string, ids ...OrderID) Outcome[Cancelled] {
	const op = "CancelOrders"
	if err := nameOrders(pair, ids...); err != nil {
		return invalid[Cancelled](op, "%w", err)
	}
	d := dispatch{op: op, class: Update, path: pathCancels, body: body(ordersOf{pair, ids})}
	o := send(ctx, c, d, func(l orders) error {
		if len(l.Orders) == 0 {
			return errors.New("no order is listed")
		}
		return wantedAll(l.Orders, pair, ids)
	})
	return convert(o, func(l orders) Cancelled { return Cancelled{l.Orders, missing(ids, l.Orders)} })
}

// ordersOf names orders on the wire.
type ordersOf struct {
	Pair string    `json:"pair"`
	IDs  []OrderID `json:"order_ids"`
}

// A ConfirmedDeposits is the answer to a declaration. bitbank says nothing in it.
type ConfirmedDeposits struct{}

// A DepositConfirmation declares who sent a deposit.
type DepositConfirmation struct {
	DepositUUID    string `json:"uuid"`
	OriginatorUUID string `json:"originator_uuid"`
}

// ConfirmDeposits declares the senders of deposits. It is a declaration to the authorities: a human decides it, for
// each deposit. After a lost one the unconfirmed deposits are read again; what is gone was taken.
func (c *Client) ConfirmDeposits(ctx context.Context, confirmations ...DepositConfirmation) Outcome[ConfirmedDeposits] {
	const op = "ConfirmDeposits"
	if len(confirmations) == 0 {
		return invalid[ConfirmedDeposits](op, "no deposit is named")
	}
	for _, x := range confirmations {
		if x.DepositUUID == "" || x.OriginatorUUID == "" {
			return invalid[ConfirmedDeposits](op, "a confirmation without the uuid of a deposit and of its originator")
		}
	}
	return confirm(ctx, c, op, pathConfirm, struct {
		Deposits []DepositConfirmation `json:"deposits"`
	}{confirmations})
}

// ConfirmDepositsAll declares one sender for every unconfirmed deposit; see ConfirmDeposits.
func (c *Client) ConfirmDepositsAll(ctx context.Context, originatorUUID string) Outcome[ConfirmedDeposits] {
	const op = "ConfirmDepositsAll"
	if originatorUUID == "" {
		return invalid[ConfirmedDeposits](op, "the uuid of the originator is empty")
	}
	return confirm(ctx, c, op, pathConfirmAll, struct {
		OriginatorUUID string `json:"originator_uuid"`
	}{originatorUUID})
}

// confirm counts as an update, which is the smaller budget; bitbank's documents can be read either way.
func confirm(ctx context.Context, c *Client, op, path string, v any) Outcome[ConfirmedDeposits] {
	d := dispatch{op: op, class: Update, path: path, body: body(v)}
	return send(ctx, c, d, func(ConfirmedDeposits) error { return nil })
}

// A NewWithdrawal asks for money to be sent away.
type NewWithdrawal struct {
	Asset       string
	AccountUUID string // of a WithdrawalAccount
	Amount      Number // without the fee, which the balance pays as well
	// OTPToken or SMSToken is the code of the owner's second factor, when one is set up. One of the two.
	OTPToken, SMSToken string
}

// RequestWithdrawal sends money away, for good: bitbank has no call that takes it back.
//
// One human decides it and one call does it. It must never stand in a loop, in a retry, in anything that runs by
// itself, or behind a button that can be pressed twice. After a lost outcome nothing is repeated before a human has
// compared WithdrawalHistory and the asset's Withdrawing amount, and has waited until the request can no longer be
// accepted. Hikeshi itself never calls it.
func (c *Client) RequestWithdrawal(ctx context.Context, w NewWithdrawal) Outcome[Withdrawal] {
	const op = "RequestWithdrawal"
	switch {
	case w.Asset == "" || w.AccountUUID == "":
		return invalid[Withdrawal](op, "asset and account must be named")
	case w.Amount.Decimal().Sign() <= 0:
		return invalid[Withdrawal](op, "the amount %s is not above zero", w.Amount)
	case w.OTPToken != "" && w.SMSToken != "":
		return invalid[Withdrawal](op, "two second factors are given, at most one is wanted")
	}
	d := dispatch{op: op, class: Update, path: pathWithdraw, body: body(struct {
		Asset    string `json:"asset"`
		UUID     string `json:"uuid"`
		Amount   string `json:"amount"`
		OTPToken string `json:"otp_token,omitempty"`
		SMSToken string `json:"sms_token,omitempty"`
	}{w.Asset, w.AccountUUID, w.Amount.plain(), w.OTPToken, w.SMSToken})}
	return send(ctx, c, d, func(got Withdrawal) error {
		if got.Asset != w.Asset || !got.Amount.Equal(w.Amount) || got.AccountUUID != "" && got.AccountUUID != w.AccountUUID {
			return errors.New("the answer is about another withdrawal")
		}
		return nil
	})
}

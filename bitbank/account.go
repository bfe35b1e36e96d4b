package bitbank

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Order reads one order. bitbank finds it by pair and id together: the right id with another pair is code 50009, and
// so is an order that ended more than three months ago.
func (c *Client) Order(ctx context.Context, pair string, id OrderID) (Order, error) {
	const op = "Order"
	if err := nameOrders(pair, id); err != nil {
		return Order{}, fmt.Errorf("%s: %w", op, err)
	}
	query := url.Values{"pair": {pair}, "order_id": {strconv.FormatInt(int64(id), 10)}}
	o, err := ask[Order](ctx, c, op, pathOrder, query)
	if err == nil {
		err = strange(op, wanted(o, pair, id))
	}
	if err != nil {
		return Order{}, err
	}
	return o, nil
}

// strange is the error of an answer that is well formed and to another question.
func strange(op string, err error) error {
	if err == nil {
		return nil
	}
	return &BodyError{Op: op, Status: 200, Defect: Shape, Err: err}
}

// OrdersInfo reads up to 30 orders of a pair. Orders that ended more than three months ago are left out without an
// error, and perhaps ids that do not exist: the answer is to be matched by id.
func (c *Client) OrdersInfo(ctx context.Context, pair string, ids ...OrderID) ([]Order, error) {
	const op = "OrdersInfo"
	if err := nameOrders(pair, ids...); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	d := dispatch{op: op, class: Query, path: "/v1/user/spot/orders_info", body: body(ordersOf{pair, ids})}
	l, _, err := signed[orders](ctx, c, d)
	if err == nil {
		err = strange(op, wantedAll(l.Orders, pair, ids))
	}
	if err != nil {
		return nil, named(op, err)
	}
	return l.Orders, nil
}

// An OrderQuery narrows ActiveOrders. The zero OrderQuery is every active order of the account.
type OrderQuery struct {
	Pair          string
	Count         int     // at most so many; 0 is all (bitbank's maintainers, issue 90 of its documents)
	FromID, EndID OrderID // with Pair only
	Since, End    time.Time
}

// ActiveOrders are the orders that can still be executed, untriggered stops among them. An order that is missing is
// finished or was never taken: which of the two, this answer does not say.
func (c *Client) ActiveOrders(ctx context.Context, q OrderQuery) ([]Order, error) {
	const op = "ActiveOrders"
	v := url.Values{}
	err := errors.Join(setPair(v, q.Pair, q.FromID != 0 || q.EndID != 0), setCount(v, q.Count, 0), setTimes(v, q.Since, q.End),
		setID(v, "from_id", int64(q.FromID)), setID(v, "end_id", int64(q.EndID)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	l, err := ask[orders](ctx, c, op, "/v1/user/spot/active_orders", v)
	for _, o := range l.Orders {
		if q.Pair != "" && o.Pair != q.Pair {
			return nil, strange(op, errors.New("an order of another pair"))
		}
	}
	return l.Orders, err
}

// A TradeQuery narrows TradeHistory. The zero TradeQuery is the newest trades of all pairs.
type TradeQuery struct {
	Pair          string
	Count         int     // at most 1000; the default is not documented
	OrderID       OrderID // with Pair only
	Since, End    time.Time
	FromID, EndID TradeID // not documented; measured by others
	Ascending     bool    // oldest first
}

// TradeHistory is one page of the account's trades, newest first unless q says otherwise. A short page does not prove
// that there are no more; AllTrades goes through all of them.
func (c *Client) TradeHistory(ctx context.Context, q TradeQuery) ([]Trade, error) {
	const op = "TradeHistory"
	v := url.Values{}
	err := errors.Join(setPair(v, q.Pair, q.OrderID != 0), setCount(v, q.Count, 1000), setTimes(v, q.Since, q.End),
		setID(v, "order_id", int64(q.OrderID)), setID(v, "from_id", int64(q.FromID)), setID(v, "end_id", int64(q.EndID)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if q.Ascending {
		v.Set("order", "asc")
	}
	l, err := ask[trades](ctx, c, op, "/v1/user/spot/trade_history", v)
	for _, t := range l.Trades {
		if q.Pair != "" && t.Pair != q.Pair || q.OrderID != 0 && t.OrderID != q.OrderID {
			return nil, strange(op, errors.New("a trade of another pair or order"))
		}
	}
	return l.Trades, err
}

// MarginStatus is the account's margin as a whole.
func (c *Client) MarginStatus(ctx context.Context) (MarginStatus, error) {
	return ask[MarginStatus](ctx, c, "MarginStatus", "/v1/user/margin/status", nil)
}

// MarginPositions are the account's margin positions and what bitbank demands.
func (c *Client) MarginPositions(ctx context.Context) (Positions, error) {
	return ask[Positions](ctx, c, "MarginPositions", "/v1/user/margin/positions", nil)
}

// A TransferQuery narrows DepositHistory and WithdrawalHistory. The zero TransferQuery is the newest transfers of all
// coins; yen must be asked for.
type TransferQuery struct {
	Asset      string
	Count      int // at most 100; the default is not documented
	Since, End time.Time
}

func (q TransferQuery) values() (url.Values, error) {
	v := url.Values{}
	if q.Asset != "" {
		v.Set("asset", q.Asset)
	}
	return v, errors.Join(setCount(v, q.Count, 100), setTimes(v, q.Since, q.End))
}

// DepositHistory is one page of what came in.
func (c *Client) DepositHistory(ctx context.Context, q TransferQuery) ([]Deposit, error) {
	v, err := q.values()
	if err != nil {
		return nil, fmt.Errorf("DepositHistory: %w", err)
	}
	l, err := ask[deposits](ctx, c, "DepositHistory", "/v1/user/deposit_history", v)
	return l.Deposits, err
}

// UnconfirmedDeposits wait for the owner to declare their senders.
func (c *Client) UnconfirmedDeposits(ctx context.Context) ([]UnconfirmedDeposit, error) {
	l, err := ask[unconfirmedDeposits](ctx, c, "UnconfirmedDeposits", "/v1/user/unconfirmed_deposits", nil)
	return l.Deposits, err
}

// DepositOriginators are the senders that the owner declared.
func (c *Client) DepositOriginators(ctx context.Context) ([]Originator, error) {
	l, err := ask[originators](ctx, c, "DepositOriginators", "/v1/user/deposit_originators", nil)
	return l.Originators, err
}

// WithdrawalAccounts are the places that an asset can be withdrawn to. They are none to deposit to.
func (c *Client) WithdrawalAccounts(ctx context.Context, asset string) ([]WithdrawalAccount, error) {
	if asset == "" {
		return nil, errors.New("WithdrawalAccounts: the asset is empty")
	}
	l, err := ask[withdrawalAccounts](ctx, c, "WithdrawalAccounts", "/v1/user/withdrawal_account", url.Values{"asset": {asset}})
	return l.Accounts, err
}

// WithdrawalHistory is one page of what went out. bitbank's documents made the asset optional in December 2025; an
// account test of July 2026 still had to name it.
func (c *Client) WithdrawalHistory(ctx context.Context, q TransferQuery) ([]Withdrawal, error) {
	v, err := q.values()
	if err != nil {
		return nil, fmt.Errorf("WithdrawalHistory: %w", err)
	}
	l, err := ask[withdrawals](ctx, c, "WithdrawalHistory", "/v1/user/withdrawal_history", v)
	return l.Withdrawals, err
}

// Subscribe asks for what opens the private stream.
func (c *Client) Subscribe(ctx context.Context) (Ticket, error) {
	return ask[Ticket](ctx, c, "Subscribe", "/v1/user/subscribe", nil)
}

func setPair(v url.Values, pair string, needed bool) error {
	switch {
	case pair == "" && !needed:
		return nil
	case !isPair(pair):
		return fmt.Errorf("%.40q is not a pair such as btc_jpy, which looking by id needs", pair)
	}
	v.Set("pair", pair)
	return nil
}

// setCount wants 1 to most; a most of 0 is without end.
func setCount(v url.Values, n, most int) error {
	if n < 0 || most > 0 && n > most {
		return fmt.Errorf("a count of %d is not 1 to %d", n, most)
	}
	if n > 0 {
		v.Set("count", strconv.Itoa(n))
	}
	return nil
}

func setTimes(v url.Values, since, end time.Time) error {
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"since", since}, {"end", end}} {
		if !t.at.IsZero() {
			v.Set(t.name, strconv.FormatInt(t.at.UnixMilli(), 10))
		}
	}
	if !since.IsZero() && !end.IsZero() && end.Before(since) {
		return fmt.Errorf("the end %v is before the beginning %v", end, since)
	}
	return nil
}

func setID(v url.Values, name string, id int64) error {
	if id < 0 {
		return fmt.Errorf("%s is %d", name, id)
	}
	if id > 0 {
		v.Set(name, strconv.FormatInt(id, 10))
	}
	return nil
}

package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
)

// Accounts is the account that the dashboard shows, and on which its owner acts. All methods may be called concurrently.
type Accounts interface {
	View() account.View
	// Freeze stops a bot's new orders, or lets them go again; "" is every bot.
	Freeze(bot string, on bool, why string)
	// Manual stops them until a time; Freeze with on false ends it sooner.
	Manual(bot string, until time.Time, why string)
	// Decide takes the owner's word on an ambiguous order; it fails when there is no such question any more.
	Decide(intent string, ours []bitbank.OrderID) error
	// WouldCancel is what CancelAll would do now.
	WouldCancel(ledger.Scope) account.Preview
	// CancelAll stops the bots of a scope and cancels its orders, until bitbank has reported the end of each; a plan that covers the
	// scope is joined. With an error it is carried out and not recorded.
	CancelAll(scope ledger.Scope, by, why string) (account.Plan, error)
	// AnswerProposal takes the owner's word on what a rule proposes; account.ErrAnswered when nothing waits for it.
	AnswerProposal(id string, cancel bool) error
	// GiveUp ends a plan. What was sent is sent.
	GiveUp(plan string)
	// Draw sets a line of the owner's, and gives it its number; a *exposure.Refusal says why it does not make sense.
	Draw(ctx context.Context, x ledger.Line) (ledger.Line, error)
	// Erase removes one; false when there is none with this number.
	Erase(ctx context.Context, id int) (bool, error)
	// Check compares the books with bitbank now; account.ErrDark is the error while bitbank does not answer.
	Check(ctx context.Context) error
	// Expect has a deposit awaited that was sent; what cannot be taken is a *transfer.Mistake. Unexpect drops it by its name.
	Expect(e ledger.Expected) (ledger.Expected, error)
	Unexpect(id string) error
}

// viewEach is how long a view is shown: making one takes the account's lock, and every page and stream wants it.
const viewEach = time.Second

// views makes a view of the account at most once a second, whoever asks.
type views struct {
	from Accounts

	mu  sync.Mutex
	v   account.View
	at  time.Time
	gen int // rises with every new view
}

func (c *views) now() account.View {
	v, _ := c.latest()
	return v
}

// latest is the view and its number, by which a stream sees that nothing can have changed.
func (c *views) latest() (account.View, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from == nil {
		return account.View{}, 0
	}
	if c.at.IsZero() || time.Since(c.at) >= viewEach {
		c.v, c.at = c.from.View(), time.Now()
		c.gen++
	}
	return c.v, c.gen
}

// drop has the next view made anew: something was done.
func (c *views) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = time.Time{}
}

// absent answers when there is no account, and reports that.
func (s *server) absent(w http.ResponseWriter, r *http.Request) bool {
	if s.o.Accounts != nil {
		return false
	}
	if isAPI(r) {
		if !s.shut(w, r) {
			fail(w, http.StatusNotFound, "no_account", "no account is set up: hikeshi keys add takes its key")
		}
		return true
	}
	s.render(w, r, http.StatusOK, "orders", ordersBody{})
	return true
}

const (
	ordersUsual = 100
	ordersMost  = 10_000
)

func (s *server) apiOrders(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	limit := ordersUsual
	if q := r.URL.Query().Get("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 0 || n > ordersMost {
			fail(w, http.StatusBadRequest, "bad_limit", "limit must be a number from 0 to "+strconv.Itoa(ordersMost))
			return
		}
		limit = n
	}
	answer(w, http.StatusOK, DescribeOrders(s.lang(r), s.views.now(), limit, time.Now()))
}

// checkFor bounds a check: the account's reads have a minute.
const checkFor = 30 * time.Second

// apiCheck reads the account now, and answers with what it has come to. Only the token opens this: it asks bitbank.
func (s *server) apiCheck(w http.ResponseWriter, r *http.Request) {
	if !s.acting(w, r, &struct{}{}) {
		return
	}
	// The answer waits for bitbank, longer than other answers may take.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(checkFor + writeWithin))
	ctx, cancel := context.WithTimeout(r.Context(), checkFor)
	defer cancel()
	err := s.o.Accounts.Check(ctx)
	s.views.drop()
	switch {
	case errors.Is(err, account.ErrDark):
		fail(w, http.StatusServiceUnavailable, "dark", "bitbank does not answer; nothing more is asked until it does")
	case err != nil:
		s.o.Log.Warn("a check of the account failed", "err", err)
		fail(w, http.StatusBadGateway, "unread", "the account could not be read; what was known before is at /api/v1/orders")
	default:
		s.apiOrders(w, r)
	}
}

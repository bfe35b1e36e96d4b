package web

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
)

// Accounts is the account that the dashboard shows, and on which its owner acts. All methods may be called concurrently.
type Accounts interface {
	View() account.View
	// Freeze stops a bot's new orders, or lets them go again; "" is every bot.
	Freeze(bot string, on bool, why string)
	// Decide takes the owner's word on an ambiguous order; it fails when there is no such question any more.
	Decide(intent string, ours []bitbank.OrderID) error
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

func (s *server) apiTransfers(w http.ResponseWriter, r *http.Request) {
	if s.shut(w, r) || s.absent(w, r) {
		return
	}
	v := s.views.now()
	out := struct {
		At        Stamp      `json:"at"`
		Read      Stamp      `json:"read,omitzero"`
		Transfers []Transfer `json:"transfers"`
	}{At: Stamp(v.At), Read: Stamp(v.Read), Transfers: []Transfer{}}
	for _, t := range v.Transfers {
		out.Transfers = append(out.Transfers, shapeTransfer(s.lang(r), t))
	}
	answer(w, http.StatusOK, out)
}

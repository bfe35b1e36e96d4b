package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
	"hikeshi/internal/sim/transfer"
)

// private is the api host: exchange status and pair settings for anybody, the rest for signed requests. ccxt asks for
// /spot/pairs without /v1, and the real host answers.
func (s *Sim) private(v visit, r *http.Request) answer {
	path := r.URL.Path
	open := strings.TrimPrefix(path, "/v1")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		open = "" // what anybody may ask is only ever read
	}
	switch open {
	case "/spot/status":
		var rows []market.Status
		s.read(v, func(m *market.Market) { rows = m.Statuses() })
		return success(map[string]any{"statuses": rows})
	case "/spot/pairs":
		var rows []market.Info
		s.read(v, func(m *market.Market) { rows = m.Infos() })
		return success(map[string]any{"pairs": rows})
	}
	switch {
	case strings.HasPrefix(path, "/v1/user/"):
		return s.signed(v, r)
	case strings.HasPrefix(path, "/user/") && r.Method == http.MethodGet:
		return failure(http.StatusOK, codeNoVersion)
	case strings.HasPrefix(path, "/user/"): // which of the two it is when is our assumption
		return failure(http.StatusOK, codeNoVersionEither)
	}
	return notFound()
}

// A desk is what a request of one user is answered from: the living exchange, or a picture of the past.
type desk struct {
	x       *exchange.Exchange
	user    *user
	account *exchange.Account
	funds   *transfer.Desk
	now     time.Time
	query   map[string][]string
	params  exchange.Params
}

// A route is a private endpoint.
type route struct {
	update bool // counts against the class UPDATE
	do     func(s *Sim, d desk) (data any, code int)
}

// routes is the whole private interface by method and path.
var routes = map[string]route{
	"GET /v1/user/spot/order":            {false, func(_ *Sim, d desk) (any, int) { return pass(d.x.Order(d.account, d.params)) }},
	"POST /v1/user/spot/order":           {true, func(_ *Sim, d desk) (any, int) { return pass(d.x.Place(d.account, d.params)) }},
	"POST /v1/user/spot/cancel_order":    {true, func(_ *Sim, d desk) (any, int) { return pass(d.x.Cancel(d.account, d.params)) }},
	"POST /v1/user/spot/cancel_orders":   {true, func(_ *Sim, d desk) (any, int) { return pass(d.x.CancelMany(d.account, d.params)) }},
	"POST /v1/user/spot/orders_info":     {false, func(_ *Sim, d desk) (any, int) { return pass(d.x.Infos(d.account, d.params)) }},
	"GET /v1/user/spot/active_orders":    {false, func(_ *Sim, d desk) (any, int) { return pass(d.x.Active(d.account, d.params)) }},
	"GET /v1/user/spot/trade_history":    {false, func(_ *Sim, d desk) (any, int) { return pass(d.x.History(d.account, d.params)) }},
	"GET /v1/user/margin/status":         {false, func(_ *Sim, d desk) (any, int) { return d.x.MarginStatus(d.account), 0 }},
	"GET /v1/user/margin/positions":      {false, func(_ *Sim, d desk) (any, int) { return d.x.Positions(d.account), 0 }},
	"GET /v1/user/deposit_history":       {false, func(_ *Sim, d desk) (any, int) { return d.funds.DepositHistory(d.query) }},
	"GET /v1/user/unconfirmed_deposits":  {false, func(_ *Sim, d desk) (any, int) { return d.funds.UnconfirmedDeposits() }},
	"GET /v1/user/deposit_originators":   {false, func(_ *Sim, d desk) (any, int) { return d.funds.DepositOriginators() }},
	"POST /v1/user/confirm_deposits":     {false, func(_ *Sim, d desk) (any, int) { return d.funds.ConfirmDeposits(d.params, d.now) }},
	"POST /v1/user/confirm_deposits_all": {false, func(_ *Sim, d desk) (any, int) { return d.funds.ConfirmDepositsAll(d.params, d.now) }},
	"GET /v1/user/withdrawal_account":    {false, func(_ *Sim, d desk) (any, int) { return d.funds.WithdrawalAccounts(d.query) }},
	"POST /v1/user/request_withdrawal":   {true, func(_ *Sim, d desk) (any, int) { return d.funds.RequestWithdrawal(d.params, d.now) }},
	"GET /v1/user/withdrawal_history":    {false, func(_ *Sim, d desk) (any, int) { return d.funds.WithdrawalHistory(d.query) }},
	"GET /v1/user/subscribe":             {false, func(s *Sim, d desk) (any, int) { return s.subscribe(d.user, d.now), 0 }},
	"GET /v1/user/assets":                {false, nil}, // see assets
}

func pass[T any](data T, code int) (any, int) { return data, code }

// signed answers what needs a key. Authorization comes before routing: an unknown path looks like a failed one (measured).
func (s *Sim) signed(v visit, r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return failure(http.StatusOK, codeNotJSON)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, code := s.authorize(v.now, r, body)
	if code != 0 {
		return failure(http.StatusOK, code)
	}
	to, known := routes[r.Method+" "+r.URL.Path]
	if !known {
		return failure(http.StatusOK, codeUnauthorized)
	}
	d := desk{x: s.x, user: u, account: u.account, funds: u.desk, query: r.URL.Query()}
	if d.params, known = parameters(r.Method, d.query, body); !known {
		return failure(http.StatusOK, codeNotJSON)
	}
	if a, refused := s.limited(u, to, r.URL.Path, d.params, v.now); refused {
		return a
	}
	if to.update {
		s.queue(u, v.queue)
	}
	d.now = time.Now()
	s.advance(d.now)
	if v.past != nil {
		d.x, d.account, d.funds = v.past.x, v.past.x.Account(u.id), v.past.desks[u.id]
	}
	if to.do == nil {
		return s.assets(d, v.past != nil)
	}
	data, code := to.do(s, d)
	s.tell()
	if code != 0 {
		return failure(http.StatusOK, code)
	}
	return success(data)
}

// parameters are the query of a GET and the JSON object of a POST.
func parameters(method string, query map[string][]string, body []byte) (exchange.Params, bool) {
	if method == http.MethodGet {
		return exchange.Query(query), true
	}
	p := exchange.Params{}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&p); err != nil || p == nil {
		return nil, false
	}
	_, err := dec.Token()
	return p, err == io.EOF
}

// limited counts a call against its class and refuses the one that is too many.
func (s *Sim) limited(u *user, to route, path string, p exchange.Params, now time.Time) (answer, bool) {
	class, n := &u.reads, 1
	if to.update || strings.Contains(path, "/confirm_deposits") && s.x.Plays(exchange.ConfirmClass, "update") {
		class = &u.writes
	}
	if list, ok := p["order_ids"].([]any); ok && to.update && s.x.Plays(exchange.CancelCounts, "each") {
		n = max(1, len(list))
	}
	ok, wait := class.allow(now, n, s.x.Plays(exchange.LimiterWindow, "second"), s.x.Plays(exchange.LimiterRefused, "yes"))
	if ok {
		return answer{}, false
	}
	a := failure(http.StatusTooManyRequests, codeTooMany)
	if s.x.Plays(exchange.RetryAfter, "present") {
		a.retryAfter = strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))
	}
	return a, true
}

// queue lets a write wait for its turn: a user's writes take effect one after the other, and none overtakes one that waits. The
// client that gives up does not take its request back. The lock is given up meanwhile.
func (s *Sim) queue(u *user, each time.Duration) {
	now := time.Now()
	if u.free.Before(now) {
		if each == 0 {
			return
		}
		u.free = now
	}
	u.free = u.free.Add(max(each, time.Millisecond))
	wait := u.free.Sub(now)
	s.mu.Unlock()
	defer s.mu.Lock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closing:
	}
}

// assets answers /user/assets. The living answer is kept until a balance changes: it is the call that bots repeat most.
func (s *Sim) assets(d desk, past bool) answer {
	if past {
		return success(map[string]any{"assets": assetRows(d.x, d.account, d.funds)})
	}
	if v := d.account.Version(); d.user.assets == nil || v != d.user.assetsAt {
		d.user.assets, d.user.assetsAt = success(map[string]any{"assets": assetRows(d.x, d.account, d.funds)}).body, v
	}
	return answer{status: http.StatusOK, kind: jsonType, body: d.user.assets}
}

// advance lets the exchange and the transfers reach now. The lock is held.
func (s *Sim) advance(now time.Time) {
	s.x.Advance(now)
	for _, u := range s.users {
		for _, e := range u.desk.Advance(now) {
			s.spoken = append(s.spoken, exchange.Event{Account: u.id, Method: e.Method, Params: []any{e.Row}})
		}
	}
}

// The codes of bitbank's errors.md that the simulator speaks by itself.
const (
	codeNotJSON         = 10002
	codeTooMany         = 10009
	codeUnauthorized    = 20001
	codeWrongKey        = 20002
	codeNoKey           = 20003
	codeNoNonce         = 20004
	codeSignature       = 20005
	codeNoVersion       = 20018
	codeNoVersionEither = 20019
	codeNoTime          = 20033
	codeEarly           = 20034
	codeLate            = 20035
	codeNeither         = 20036
	codeTimeMalformed   = 20037
	codeWindow          = 20038
	codeNonce           = 20039
)

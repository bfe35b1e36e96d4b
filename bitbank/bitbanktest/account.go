package bitbanktest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// An order is a placed order as the wire shows it.
type order map[string]any

func (o order) id() string   { return fmt.Sprint(o["order_id"]) }
func (o order) live() bool   { return o["status"] == "UNFILLED" || o["status"] == "INACTIVE" }
func (o order) pair() string { s, _ := o["pair"].(string); return s }

// account answers a signed request, and false for a path that it does not know. It holds the orders that were placed
// with it, and fills none of them.
func (s *Server) account(r *http.Request, body []byte) (outcome, bool) {
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		var asked map[string]any
		if err := unmarshal(body, &asked); err != nil {
			return refuse(http.StatusOK, 10002), true
		}
		switch r.URL.Path {
		case "/v1/user/spot/order":
			return s.place(asked), true
		case "/v1/user/spot/cancel_order":
			return s.cancel(asked), true
		case "/v1/user/spot/cancel_orders":
			return s.cancelAll(asked), true
		case "/v1/user/spot/orders_info":
			return s.info(asked), true
		case "/v1/user/confirm_deposits", "/v1/user/confirm_deposits_all":
			return accept(struct{}{}), true
		case "/v1/user/request_withdrawal":
			return s.withdraw(asked), true
		}
		return outcome{}, false
	}
	switch r.URL.Path {
	case "/v1/user/spot/order":
		if o := s.find(query.Get("pair"), query.Get("order_id")); o != nil {
			return accept(o), true
		}
		return refuse(http.StatusOK, 50009), true
	case "/v1/user/spot/active_orders":
		return accept(map[string]any{"orders": s.active(query.Get("pair"))}), true
	}
	return outcome{}, false
}

// accept is a success with data.
func accept(data any) outcome {
	b, err := json.Marshal(map[string]any{"success": 1, "data": data})
	if err != nil {
		panic("bitbanktest: write an answer: " + err.Error())
	}
	return outcome{http.StatusOK, string(b)}
}

// unmarshal keeps numbers as they are written.
func unmarshal(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

func (s *Server) place(asked map[string]any) outcome {
	kind, _ := asked["type"].(string)
	if asked["pair"] == nil || asked["side"] == nil || kind == "" {
		return refuse(http.StatusOK, 30009)
	}
	status := "UNFILLED"
	if kind != "limit" && kind != "market" {
		status = "INACTIVE"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	o := order{
		"order_id": s.lastID, "pair": asked["pair"], "side": asked["side"], "type": kind,
		"start_amount": asked["amount"], "remaining_amount": asked["amount"], "executed_amount": "0.0000",
		"average_price": "0", "user_cancelable": true, "ordered_at": time.Now().UnixMilli(),
		"expire_at": time.Now().Add(180 * 24 * time.Hour).UnixMilli(), "status": status,
	}
	for _, optional := range []string{"price", "trigger_price", "position_side"} {
		if asked[optional] != nil {
			o[optional] = asked[optional]
		}
	}
	if kind == "limit" {
		o["post_only"] = asked["post_only"] == true
	}
	s.orders = append(s.orders, o)
	return accept(o)
}

// find is the order of a pair and an id, which both matter, or nil. It is a copy.
func (s *Server) find(pair, id string) order {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.pair() == pair && o.id() == id {
			return maps.Clone(o)
		}
	}
	return nil
}

// end cancels an order and returns a copy, or the code that refuses it.
func (s *Server) end(pair, id string) (order, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		switch {
		case o.pair() != pair || o.id() != id:
		case !o.live():
			return nil, 50026
		default:
			o["status"], o["canceled_at"] = "CANCELED_UNFILLED", time.Now().UnixMilli()
			return maps.Clone(o), 0
		}
	}
	return nil, 50009
}

func (s *Server) cancel(asked map[string]any) outcome {
	o, code := s.end(fmt.Sprint(asked["pair"]), fmt.Sprint(asked["order_id"]))
	if code != 0 {
		return refuse(http.StatusOK, code)
	}
	return accept(o)
}

// cancelAll cancels what it can and leaves the rest out; what bitbank does is not documented.
func (s *Server) cancelAll(asked map[string]any) outcome {
	ids, ok := asked["order_ids"].([]any)
	if !ok || len(ids) == 0 {
		return refuse(http.StatusOK, 40014)
	}
	ended := []order{}
	for _, id := range ids {
		if o, code := s.end(fmt.Sprint(asked["pair"]), fmt.Sprint(id)); code == 0 {
			ended = append(ended, o)
		}
	}
	return accept(map[string]any{"orders": ended})
}

// info leaves out what it does not know, as bitbank does with old orders.
func (s *Server) info(asked map[string]any) outcome {
	ids, ok := asked["order_ids"].([]any)
	if !ok || len(ids) == 0 {
		return refuse(http.StatusOK, 40014)
	}
	found := []order{}
	for _, id := range ids {
		if o := s.find(fmt.Sprint(asked["pair"]), fmt.Sprint(id)); o != nil {
			found = append(found, o)
		}
	}
	return accept(map[string]any{"orders": found})
}

func (s *Server) active(pair string) []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []order{}
	for _, o := range s.orders {
		if o.live() && (pair == "" || o.pair() == pair) {
			list = append(list, maps.Clone(o))
		}
	}
	return list
}

func (s *Server) withdraw(asked map[string]any) outcome {
	if asked["asset"] == nil || asked["uuid"] == nil || asked["amount"] == nil {
		return refuse(http.StatusOK, 30006)
	}
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.mu.Unlock()
	return accept(map[string]any{
		"uuid": fmt.Sprintf("e0000000-0000-4000-8000-%012d", id), "asset": asked["asset"], "account_uuid": asked["uuid"],
		"amount": asked["amount"], "fee": "0.0006", "status": "CONFIRMING", "requested_at": time.Now().UnixMilli(),
	})
}

// trades picks from the trades that Server.Answer gave, or from the payload.
func (s *Server) trades(query url.Values) outcome {
	text := Payload("trade_history")
	s.mu.Lock()
	if given, ok := s.answers["/v1/user/spot/trade_history"]; ok {
		text = given
	}
	s.mu.Unlock()
	var all struct {
		Data struct {
			Trades []map[string]any `json:"trades"`
		} `json:"data"`
	}
	if err := unmarshal([]byte(text), &all); err != nil {
		return outcome{http.StatusOK, text}
	}
	bound := func(name string, preset int64) int64 {
		if n, err := strconv.ParseInt(query.Get(name), 10, 64); err == nil {
			return n
		}
		return preset
	}
	since, end, count := bound("since", 0), bound("end", 1<<62), bound("count", 500)
	rows := slices.DeleteFunc(all.Data.Trades, func(t map[string]any) bool {
		at := number(t["executed_at"])
		return at < since || at > end ||
			query.Get("pair") != "" && query.Get("pair") != t["pair"] ||
			query.Get("order_id") != "" && query.Get("order_id") != fmt.Sprint(t["order_id"])
	})
	slices.SortStableFunc(rows, func(a, b map[string]any) int {
		if query.Get("order") == "asc" {
			a, b = b, a
		}
		return cmp.Or(
			cmp.Compare(number(b["executed_at"]), number(a["executed_at"])),
			cmp.Compare(number(b["trade_id"]), number(a["trade_id"])),
		)
	})
	rows = rows[:min(int64(len(rows)), count)]
	return accept(map[string]any{"trades": append([]map[string]any{}, rows...)})
}

func number(v any) int64 {
	n, _ := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	return n
}

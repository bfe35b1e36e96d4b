package sim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
	"hikeshi/internal/sim/transfer"
)

// A refusal is an answer of the control host to a call that it cannot take.
type refusal struct {
	status int
	why    error
}

func (r refusal) Error() string { return r.why.Error() }

func wrong(status int, why error) error { return refusal{status, why} }

// control is the HTTP side of [Sim.call].
func (s *Sim) control(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	got, err := s.call(r.Method, r.URL.Path, r.Body)
	if err != nil {
		status := http.StatusBadRequest
		if refused, ok := errors.AsType[refusal](err); ok {
			status = refused.status
		}
		send(w, r, asJSON(status, map[string]string{"error": err.Error()}))
		return
	}
	send(w, r, asJSON(http.StatusOK, got))
}

// done is the answer of calls that have nothing to say.
type done struct {
	OK bool `json:"ok"`
}

// call performs one call of the control interface. Scenarios are lists of such calls.
func (s *Sim) call(method, path string, body io.Reader) (any, error) {
	where := strings.Split(strings.Trim(path, "/"), "/")
	name := ""
	if len(where) > 1 {
		name = where[1]
	}
	if method == http.MethodPost && where[0] == "accounts" && name != "" && len(where) <= 3 {
		return s.account(name, strings.Join(where[2:], ""), body)
	}
	if len(where) > 2 {
		return nil, wrong(http.StatusNotFound, fmt.Errorf("%s: no such path", path))
	}
	switch method + " " + where[0] {
	case "GET hosts":
		all := map[string]string{}
		for _, h := range Hosts() {
			all[h] = s.URL(h)
		}
		return all, nil
	case "GET faults":
		return map[string]any{"faults": s.faults.all()}, nil
	case "POST faults":
		return s.addFault(body)
	case "DELETE faults":
		return s.deleteFault(name)
	case "POST pairs":
		return s.setPair(name, body)
	case "POST market":
		return s.moveMarket(body)
	case "POST venues":
		return s.setVenue(name, body)
	case "POST accounts":
		return s.addAccount(body)
	case "GET ways":
		return s.ways(), nil
	case "POST ways":
		return s.choose(body)
	case "POST notices":
		return s.addNotice(body)
	case "GET scenarios":
		return map[string]any{"scenarios": listScenarios()}, nil
	case "POST scenarios":
		return s.playScenario(name)
	case "POST reset":
		s.stopScenario()
		s.faults.clear(false)
		s.open(time.Now())
		s.stream.restart()
		s.feed.Restart()
		return done{true}, nil
	case "GET truth":
		return s.truth(), nil
	}
	return nil, wrong(http.StatusNotFound, fmt.Errorf("%s %s: no such call", method, path))
}

func (s *Sim) addFault(body io.Reader) (any, error) {
	var f Fault
	if err := strict(body, &f); err != nil {
		return nil, err
	}
	if err := f.check(s.o.TLS); err != nil {
		return nil, err
	}
	if f.Match.Pair != "" && !s.known(f.Match.Pair) {
		return nil, fmt.Errorf("match.pair: %q is no pair of this exchange", f.Match.Pair)
	}
	var old *picture
	s.mu.Lock()
	switch f.Effect {
	case "stale_read":
		old = s.older
	case "freeze_sequence":
		old = s.take()
	}
	s.mu.Unlock()
	id, err := s.faults.add(f, old)
	if err != nil {
		return nil, wrong(http.StatusTooManyRequests, err)
	}
	return map[string]string{"id": id}, nil
}

func (s *Sim) deleteFault(id string) (any, error) {
	if id == "" {
		s.faults.clear(false)
		return done{true}, nil
	}
	if !s.faults.remove(id) {
		return nil, wrong(http.StatusNotFound, fmt.Errorf("fault %q: there is none of that id (any more)", id))
	}
	return done{true}, nil
}

func (s *Sim) setPair(pair string, body io.Reader) (any, error) {
	var to market.Setting
	if err := strict(body, &to); err != nil {
		return nil, err
	}
	if err := to.Check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.x.Market().Known(pair) {
		return nil, wrong(http.StatusNotFound, fmt.Errorf("pair %q: there is none of that name", pair))
	}
	now := time.Now()
	s.advance(now)
	s.x.See(s.x.Market().Set(pair, to, now))
	return done{true}, nil
}

func (s *Sim) addNotice(body io.Reader) (any, error) {
	var n Notice
	if err := strict(body, &n); err != nil {
		return nil, err
	}
	if err := n.check(time.Now()); err != nil {
		return nil, err
	}
	id, err := s.publish(n)
	if err != nil {
		return nil, wrong(http.StatusTooManyRequests, err)
	}
	return map[string]string{"id": id}, nil
}

// truthTrades is how many trades of each pair the truth tells: as many as the exchange's own list.
const truthTrades = 60

// truth is everything as the exchange knows it, also what no client could read.
func (s *Sim) truth() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	type row struct {
		ID     string     `json:"id"`
		Key    string     `json:"key"`
		Assets []assetRow `json:"assets"`
	}
	accounts, orders, transfers := []row{}, []exchange.Row{}, []transfer.Truth{}
	for _, u := range s.users {
		accounts = append(accounts, row{u.id, u.keys[0].id, assetRows(s.x, u.account, u.desk)})
		orders = append(orders, s.x.Everything(u.account)...)
		transfers = append(transfers, u.desk.Truth()...)
	}
	trades := s.x.Market().Executions(truthTrades)
	if trades == nil {
		trades = []market.Execution{}
	}
	requests := append([]Request{}, s.requests...)
	return map[string]any{
		"accounts": accounts, "orders": orders, "transfers": transfers, "trades": trades,
		"requests": requests, "requests_forgotten": s.firstSeen,
	}
}

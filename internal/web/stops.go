package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/stop"
	"hikeshi/internal/text"
)

// Stops are the local stops of an account. All methods may be called concurrently. See account.Account.
type Stops interface {
	Stops() []account.StopView
	CheckStop(context.Context, stop.Plan) (stop.Plan, error)
	AddStop(context.Context, stop.Plan) (stop.ID, error)
	RemoveStop(context.Context, stop.ID) error
	GuardStop(context.Context, stop.ID, bitbank.Number) error
	StopNow(context.Context, stop.ID) (account.StopNow, error)
	Natives() []account.NativeView
	CheckNative(context.Context, stop.Native) (stop.Native, error)
	AddNative(context.Context, stop.Native) (stop.ID, error)
	EndNative(context.Context, stop.ID) error
}

// StopList is the local stops for programs. `hikeshi stop list --json` prints the same.
type StopList struct {
	At    Stamp       `json:"at"`
	Stops []LocalStop `json:"stops"`
	// Native are stops on bitbank that were placed or replaced from here, the newest first; others are among the orders.
	Native []NativeStop `json:"native"`
}

// A Confirmation is what an act would do, and the code that has it done: two steps from a person.
type Confirmation struct {
	Confirm string   `json:"confirm"`
	Says    []string `json:"says"`
}

// A StopAnswer is what a plan would do now. Nothing of it was done.
type StopAnswer struct {
	ID    stop.ID `json:"id"`
	At    Stamp   `json:"at"`
	Act   string  `json:"act"`
	Text  string  `json:"text"`
	Order *Look   `json:"order,omitzero"`
	Held  string  `json:"held_amount"`
	Free  string  `json:"free_amount"`
	Best  string  `json:"best_price,omitzero"`
	Mode  string  `json:"circuit_break"`
}

// without answers when there is no account, or nobody may see it.
func (s *server) without(w http.ResponseWriter, r *http.Request) bool {
	if s.shut(w, r) || s.absent(w, r) {
		return true
	}
	if s.o.Stops == nil {
		fail(w, http.StatusNotFound, "no_account", "no account is set up: hikeshi keys add takes its key")
		return true
	}
	return false
}

// stopFor bounds what is asked of bitbank before a stop is set.
const stopFor = 10 * time.Second

func (s *server) apiStops(w http.ResponseWriter, r *http.Request) {
	if s.without(w, r) {
		return
	}
	if r.Method == http.MethodPost {
		s.apiAddStop(w, r)
		return
	}
	s.tellStops(w, r)
}

func (s *server) tellStops(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	out := StopList{At: Stamp(now), Stops: []LocalStop{}, Native: []NativeStop{}}
	for _, v := range s.o.Stops.Natives() {
		out.Native = append(out.Native, shapeNative(s.lang(r), v, now))
	}
	for _, v := range s.o.Stops.Stops() {
		out.Stops = append(out.Stops, shapeStop(s.lang(r), v, now))
	}
	answer(w, http.StatusOK, out)
}

// A stopForm is a stop as a program or the page asks for it.
type stopForm struct {
	Pair     string         `json:"pair"`
	Side     string         `json:"side"`
	Position string         `json:"position_side"`
	Trigger  bitbank.Number `json:"trigger_price"`
	Guard    bitbank.Number `json:"guard_price"`
	Amount   bitbank.Number `json:"amount"`
	Slippage bitbank.Number `json:"slippage_percent"`
	Expires  string         `json:"expires_at"`
	Confirm  string         `json:"confirm"`
}

// plan is the plan that a form asks for. The side follows from what is left; who names another contradicts himself.
func (f stopForm) plan() (stop.Plan, error) {
	p := stop.Plan{
		Pair: f.Pair, Side: bitbank.Side(f.Side), Position: bitbank.PositionSide(f.Position), Trigger: f.Trigger, Guard: f.Guard, Amount: f.Amount, Slippage: f.Slippage,
	}
	if f.Side == "" {
		if p.Side = bitbank.Sell; p.Position == bitbank.Short {
			p.Side = bitbank.Buy
		}
	}
	if !p.Slippage.Known() {
		p.Slippage = bitbank.NewNumber(slippageUsual)
	}
	if f.Expires != "" {
		at, err := time.Parse(time.RFC3339, f.Expires)
		if err != nil {
			return p, stop.Problem{ID: "expires_form"}
		}
		p.Expires = at
	}
	return p, nil
}

// codeOf is the code that confirms an act: it is another one as soon as anything of the act is.
func codeOf(act string, what any) string {
	b, err := json.Marshal([]any{act, what})
	if err != nil {
		panic("web: write a stop: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:4])
}

func (s *server) apiAddStop(w http.ResponseWriter, r *http.Request) {
	var asked stopForm
	if !s.acting(w, r, &asked) {
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stopFor + writeWithin))
	ctx, cancel := context.WithTimeout(r.Context(), stopFor)
	defer cancel()
	p, err := asked.plan()
	if err == nil {
		code := codeOf("add", p)
		if asked.Confirm == "" || asked.Confirm != code {
			if p, err = s.o.Stops.CheckStop(ctx, p); err == nil {
				if asked.Confirm != "" {
					fail(w, http.StatusConflict, "bad_confirm", text.Say(s.lang(r), "stop.bad.confirm", nil))
					return
				}
				answer(w, http.StatusOK, Confirmation{code, wouldAdd(s.lang(r), p)})
				return
			}
		} else {
			_, err = s.o.Stops.AddStop(ctx, p)
		}
	}
	if err != nil {
		s.failStop(w, r, err)
		return
	}
	s.tellStops(w, r)
}

// failStop answers with why a stop was not changed.
func (s *server) failStop(w http.ResponseWriter, r *http.Request, err error) {
	problem, is := errors.AsType[stop.Problem](err)
	switch l := s.lang(r); {
	case is:
		fail(w, http.StatusUnprocessableEntity, "refused", text.Say(l, "stop.bad."+problem.ID, text.Args(problem.Args)))
	case errors.Is(err, account.ErrNoStop):
		fail(w, http.StatusNotFound, "no_stop", text.Say(l, "stop.bad.none", nil))
	case errors.Is(err, account.ErrStopUnread):
		fail(w, http.StatusServiceUnavailable, "refused", text.Say(l, "stop.bad.unread", nil))
	case errors.Is(err, account.ErrStopReadOnly):
		fail(w, http.StatusUnprocessableEntity, "refused", text.Say(l, "stop.bad.read_only", nil))
	default:
		s.o.Log.Warn("a stop was not changed", "err", err)
		fail(w, http.StatusServiceUnavailable, "refused", text.Say(l, "stop.bad.unrecorded", nil))
	}
}

// found is a stop that is not over.
func (s *server) foundStop(id string) (account.StopView, bool) {
	for _, v := range s.o.Stops.Stops() {
		if string(v.Plan.ID) == id && !v.Over() {
			return v, true
		}
	}
	return account.StopView{}, false
}

// apiRemoveStop ends a stop by its owner's word, in two steps.
func (s *server) apiRemoveStop(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID      string `json:"id"`
		Confirm string `json:"confirm"`
	}
	if s.without(w, r) || !s.acting(w, r, &asked) {
		return
	}
	v, ok := s.foundStop(asked.ID)
	switch {
	case !ok && s.endNative(w, r, asked.ID, asked.Confirm):
		return
	case !ok:
		s.failStop(w, r, account.ErrNoStop)
		return
	}
	s.confirmed(w, r, asked.Confirm, codeOf("remove", v.Plan), wouldRemove(s.lang(r), v), func(ctx context.Context) error {
		return s.o.Stops.RemoveStop(ctx, v.Plan.ID)
	})
}

// apiGuardStop gives a stop another guard, in two steps.
func (s *server) apiGuardStop(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID      string         `json:"id"`
		Guard   bitbank.Number `json:"guard_price"`
		Confirm string         `json:"confirm"`
	}
	if s.without(w, r) || !s.acting(w, r, &asked) {
		return
	}
	v, ok := s.foundStop(asked.ID)
	if !ok {
		s.failStop(w, r, account.ErrNoStop)
		return
	}
	p := v.Plan
	p.Guard = asked.Guard
	if !p.Guard.Known() {
		s.failStop(w, r, stop.Problem{ID: "price", Args: map[string]string{"field": "guard"}})
		return
	}
	s.confirmed(w, r, asked.Confirm, codeOf("guard", p), []string{stopText(s.lang(r), p)}, func(ctx context.Context) error {
		return s.o.Stops.GuardStop(ctx, p.ID, p.Guard)
	})
}

// confirmed says what an act would do, or with the code of it has it done.
func (s *server) confirmed(w http.ResponseWriter, r *http.Request, given, code string, says []string, act func(context.Context) error) {
	switch given {
	case "":
		answer(w, http.StatusOK, Confirmation{code, says})
	case code:
		if err := act(r.Context()); err != nil {
			s.failStop(w, r, err)
			return
		}
		s.tellStops(w, r)
	default:
		fail(w, http.StatusConflict, "bad_confirm", text.Say(s.lang(r), "stop.bad.confirm", nil))
	}
}

// apiStopNow says what a stop would do now, and does nothing.
func (s *server) apiStopNow(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID string `json:"id"`
	}
	if s.without(w, r) || !s.acting(w, r, &asked) {
		return
	}
	v, ok := s.foundStop(asked.ID)
	if !ok {
		s.failStop(w, r, account.ErrNoStop)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stopFor + writeWithin))
	ctx, cancel := context.WithTimeout(r.Context(), stopFor)
	defer cancel()
	now, err := s.o.Stops.StopNow(ctx, v.Plan.ID)
	if err != nil {
		s.failStop(w, r, err)
		return
	}
	answer(w, http.StatusOK, shapeStopNow(s.lang(r), v.Plan, now))
}

package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// own answers the gateway's own addresses, which are signed like bitbank's:
//
//	GET /hikeshi/v1/state         what the bot may do: trading, since, until, reason; its dead man's switch,
//	                              see beat.go; after a lapse the report of what was cancelled
//	GET /hikeshi/v1/intents/{id}  how an order or a cancel stands: intent, outcome, orders, code, reason
//	POST /hikeshi/v1/cancel       {"intent":"1-7"}: the order is cancelled as soon as it is known; answered as the one before
//
// The id is what the header Hikeshi-Intent named. A bot that has read an intent's final outcome has been told of it.
func (g *Gateway) own(w http.ResponseWriter, ctx context.Context, c call) {
	what := strings.TrimPrefix(c.path, pathOwn)
	if what == "state" {
		s := g.o.Desk.State(c.bot.Name)
		respond(w, http.StatusOK, "", asJSON(struct {
			Trading string     `json:"trading"`
			Since   string     `json:"since,omitempty"`
			Until   string     `json:"until,omitempty"`
			Reason  string     `json:"reason,omitempty"`
			Switch  *beatRow   `json:"switch,omitempty"`
			Report  *reportRow `json:"report,omitempty"`
		}{s.Trading, stamp(s.Since), stamp(s.Until), s.Reason, switchOf(s.Switch), rowOfReport(s.Report)}))
		return
	}
	id, ok := strings.CutPrefix(what, "intents/")
	if !ok {
		g.notFound(w, c.path)
		return
	}
	r, ok := g.o.Desk.Intent(c.bot.Name, id)
	if !ok {
		g.notFound(w, c.path)
		return
	}
	g.standing(w, ctx, id, r)
}

// unwant cancels an order that its bot cannot name otherwise: its answer is lost.
func (g *Gateway) unwant(w http.ResponseWriter, ctx context.Context, c call) {
	var id string
	f, err := fields(c.body, "intent")
	if err != nil || json.Unmarshal(f["intent"], &id) != nil || id == "" {
		g.refuse(w, refusal{codeNotJSON, Malformed, "want an object with the text intent"})
		return
	}
	if !c.bot.Scope.Trade {
		g.refuse(w, refusal{codeHalted, OutOfScope, "the bot's key does not allow cancels"})
		return
	}
	r, ok := g.o.Desk.Unwant(c.bot.Name, id)
	if !ok {
		g.notFound(w, c.path)
		return
	}
	g.stats.cancels.Add(1)
	g.standing(w, ctx, id, r)
}

// standing tells how an intent stands.
func (g *Gateway) standing(w http.ResponseWriter, ctx context.Context, id string, r Reply) {
	if r.Outcome != Placed && r.Outcome != NotPlaced {
		r.Outcome = Unknown
	}
	g.tell(w, ctx, r, http.StatusOK, asJSON(struct {
		Intent  string       `json:"intent"`
		Outcome Outcome      `json:"outcome"`
		Orders  []orderRow   `json:"orders,omitempty"`
		Code    bitbank.Code `json:"code,omitempty"`
		Reason  string       `json:"reason,omitempty"`
	}{id, r.Outcome, rowsOf(r.Orders), r.Code, r.Reason}))
}

// stamp is a time as JSON carries it, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

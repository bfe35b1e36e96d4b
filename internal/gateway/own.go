package gateway

import (
	"context"
	"net/http"
	"strings"
	"time"

	"hikeshi/bitbank"
)

// own answers the gateway's own addresses, which are signed like bitbank's:
//
//	GET /hikeshi/v1/state         what the bot may do: trading, since, until, reason
//	GET /hikeshi/v1/intents/{id}  how an order or a cancel stands: intent, outcome, orders, code, reason
//
// The id is what the header Hikeshi-Intent named. A bot that has read an intent's final outcome has been told of it.
func (g *Gateway) own(w http.ResponseWriter, ctx context.Context, c call) {
	what := strings.TrimPrefix(c.path, pathOwn)
	if what == "state" {
		s := g.o.Desk.State(c.bot.Name)
		respond(w, http.StatusOK, "", asJSON(struct {
			Trading string `json:"trading"`
			Since   string `json:"since,omitempty"`
			Until   string `json:"until,omitempty"`
			Reason  string `json:"reason,omitempty"`
		}{s.Trading, stamp(s.Since), stamp(s.Until), s.Reason}))
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

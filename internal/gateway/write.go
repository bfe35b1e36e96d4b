package gateway

import (
	"context"
	"net"
	"net/http"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
)

// order places one.
func (g *Gateway) order(w http.ResponseWriter, ctx context.Context, c call) {
	o, err := readOrder(c.body)
	if err != nil {
		m := mistakeOf(err)
		g.refuse(w, refusal{m.code, Malformed, m.say})
		return
	}
	if err := c.bot.Scope.Allows(o.Pair, o.Type, o.Amount.Decimal()); err != nil {
		g.refuse(w, refusal{codeHalted, OutOfScope, err.Error()})
		return
	}
	g.stats.orders.Add(1)
	another := c.header.Get("Hikeshi-Duplicate") == "intended"
	r := g.o.Desk.Place(ctx, Order{Bot: c.bot.Name, Order: o, Until: c.until, Another: another, Guard: c.bot.Scope.Guard, Epoch: c.epoch, Release: c.bot.Scope.Release})
	if r.Outcome == Placed && len(r.Orders) != 1 {
		r.Outcome = Unknown // an order that has no name yet
	}
	g.reply(w, ctx, r, func() any { return rowOf(r.Orders[0]) })
}

// cancel cancels one order or several.
func (g *Gateway) cancel(w http.ResponseWriter, ctx context.Context, c call) {
	many := c.path == pathCancels
	pair, ids, err := readCancel(c.body, many)
	if err != nil {
		m := mistakeOf(err)
		g.refuse(w, refusal{m.code, Malformed, m.say})
		return
	}
	if !mayCancel(c.bot.Scope, pair) {
		g.refuse(w, refusal{codeHalted, OutOfScope, "the bot's key does not allow cancels on this pair"})
		return
	}
	g.stats.cancels.Add(1)
	r := g.o.Desk.Cancel(ctx, Cancel{Bot: c.bot.Name, Pair: pair, IDs: ids, Until: c.until})
	if r.Outcome == Placed && (len(r.Orders) == 0 || !many && len(r.Orders) != 1) {
		r.Outcome = Unknown
	}
	g.reply(w, ctx, r, func() any {
		if many {
			return map[string]any{"orders": rowsOf(r.Orders)}
		}
		return rowOf(r.Orders[0])
	})
}

// mayCancel wants a key that trades, and the pair.
func mayCancel(s keys.Scope, pair string) bool {
	_, named := s.Most[pair]
	return s.Trade && named
}

// reply tells the bot what became of its write, and the desk whether it could be told.
func (g *Gateway) reply(w http.ResponseWriter, ctx context.Context, r Reply, data func() any) {
	body := failure(codeTimedOut)
	switch r.Outcome {
	case Placed:
		body = success(data())
	case NotPlaced:
		body = failure(codeOf(r))
	default:
		r.Outcome = Unknown
	}
	h := w.Header()
	h.Set("Hikeshi-Outcome", string(r.Outcome))
	if r.Intent != "" {
		h.Set("Hikeshi-Intent", oneLine(r.Intent))
	}
	g.tell(w, ctx, r, http.StatusOK, body)
}

// codeOf is bitbank's code of what was not placed, or the one that stands for our reasons.
func codeOf(r Reply) bitbank.Code {
	if r.Code > 0 {
		return r.Code
	}
	return codeHalted
}

// noticing is how long after an answer it is asked whether the bot is still there. A connection that was closed before the
// answer came is noticed as soon as a goroutine gets to run.
const noticing = time.Millisecond

// tell writes an answer and says to the desk whether it was written whole: to the last byte, while the bot was there.
//
// What can be known of a TCP connection: that the kernel took the bytes, and, when the other side has closed or reset the
// connection by now, that they may be lost. That the bot has read and understood them cannot be known, so true is the weaker
// word: a bot that dies in the very moment of the answer may count as told. What follows from false is safe in any case: the
// answer is kept for the bot's next equal request. A bot that half-closes its connection after the request counts as gone,
// because it looks the same. One that has read its answer and closes at once, as python's requests does after every call, has
// been told, where the system can say so: see readAll.
func (g *Gateway) tell(w http.ResponseWriter, ctx context.Context, r Reply, status int, body []byte) {
	whole := false
	defer func() { // also when writing ends the handler
		if !whole {
			g.stats.hungUp.Add(1)
		}
		if r.Told != nil {
			r.Told(whole)
		}
	}()
	if ctx.Err() != nil {
		return
	}
	if !respond(w, status, r.Reason, body) {
		return
	}
	time.Sleep(noticing)
	c, _ := ctx.Value(connKey{}).(net.Conn)
	all, sure := readAll(c)
	whole = sure && all || !sure && ctx.Err() == nil
}

// connKey is the connection of a request in its context.
type connKey struct{}

package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/keys"
	"hikeshi/internal/lease"
)

// A beatRow is a bot's dead man's switch as it is told to the bot.
type beatRow struct {
	Epoch     int64     `json:"epoch"`
	ExpiresAt string    `json:"expires_at,omitempty"` // while it counts
	State     string    `json:"state"`                // off, or a state of package lease
	TTL       int64     `json:"ttl_ms,omitempty"`
	Since     string    `json:"since,omitempty"` // of the state
	Why       lease.Why `json:"why,omitempty"`   // of the state
	Held      bool      `json:"held,omitempty"`  // a maintenance is under way, and nothing is counted
	HeldUntil string    `json:"held_until,omitempty"`
	Anew      string    `json:"anew,omitempty"` // when the countdown began anew because Hikeshi itself was away
	AnewWhy   lease.Why `json:"anew_why,omitempty"`
	Reason    string    `json:"reason,omitempty"` // of a refusal
}

func rowOfLease(l lease.Lease) beatRow {
	r := beatRow{
		Epoch: l.Epoch, ExpiresAt: stamp(l.Expires), State: string(l.State), TTL: l.TTL.Milliseconds(), Since: stamp(l.Since), Why: l.Why,
		Held: l.Held, HeldUntil: stamp(l.HeldUntil), Anew: stamp(l.Anew), AnewWhy: l.AnewWhy,
	}
	if l.State == lease.Off {
		r.State = "off"
	}
	return r
}

// switchOf is a bot's switch, nil when it never armed one.
func switchOf(l lease.Lease) *beatRow {
	if l.Epoch == 0 {
		return nil
	}
	return new(rowOfLease(l))
}

// beat answers a heartbeat, POST /hikeshi/v1/heartbeat with {"epoch":1,"ttl_ms":30000}: it arms the bot's dead man's switch or
// renews it; "ttl_ms":0 disarms. What does not take effect, such as one of an older epoch, is answered with HTTP 409 and the
// lease that stands.
func (g *Gateway) beat(w http.ResponseWriter, _ context.Context, c call) {
	a, err := readBeat(c.body)
	if err != nil {
		m := mistakeOf(err)
		g.refuse(w, refusal{m.code, Malformed, m.say})
		return
	}
	if !c.bot.Scope.Trade {
		g.refuse(w, refusal{codeHalted, OutOfScope, "the bot's key does not allow orders, so there is nothing to switch off"})
		return
	}
	a.Bot = c.bot.Name
	if c.bot.Scope.Lapse == keys.LapseAll {
		a.Spare = lease.Nothing
	}
	l, err := g.o.Desk.Beat(a)
	row, status, say := rowOfLease(l), http.StatusOK, ""
	switch {
	case errors.Is(err, ErrNotNow):
		g.refuse(w, refusal{codeBusy, NotAnswering, err.Error()})
		return
	case errors.Is(err, ErrReadOnly):
		g.refuse(w, refusal{codeHalted, OutOfScope, err.Error()})
		return
	case errors.Is(err, ErrUnrecorded):
		say = err.Error()
	case err != nil:
		status, say, row.Reason = http.StatusConflict, err.Error(), err.Error()
	}
	respond(w, status, say, asJSON(row))
}

// readBeat reads a heartbeat's body.
func readBeat(body []byte) (lease.Ask, error) {
	f, err := fields(body, "epoch", "ttl_ms")
	if err != nil {
		return lease.Ask{}, err
	}
	var epoch, ttl int64
	if json.Unmarshal(f["epoch"], &epoch) != nil || epoch < 1 || epoch > lease.MostEpoch {
		return lease.Ask{}, wrong(codeNotJSON, "epoch must be a whole number from 1 to 2^53")
	}
	least, most := lease.LeastTTL.Milliseconds(), lease.MostTTL.Milliseconds()
	if json.Unmarshal(f["ttl_ms"], &ttl) != nil || ttl != 0 && (ttl < least || ttl > most) {
		return lease.Ask{}, wrong(codeNotJSON, "ttl_ms must be a whole number from %d to %d, or 0 to disarm", least, most)
	}
	return lease.Ask{Epoch: epoch, TTL: time.Duration(ttl) * time.Millisecond}, nil
}

// epochOf is the life of the bot's program that a call names in the header Hikeshi-Epoch; 0 when it names none.
func epochOf(h http.Header) (_ int64, ok bool) {
	all := h.Values("Hikeshi-Epoch")
	if len(all) == 0 {
		return 0, true
	}
	n, err := strconv.ParseInt(all[0], 10, 64)
	return n, len(all) == 1 && err == nil && n >= 1
}

// A reportRow is what has become of a bot's orders since its switch has lapsed.
type reportRow struct {
	Plan   string            `json:"plan"`
	Began  string            `json:"began"`
	Ended  string            `json:"ended,omitempty"` // absent: it goes on
	Orders []orderRow        `json:"orders"`
	Left   []bitbank.OrderID `json:"left,omitempty"` // what bitbank refuses to cancel
	Spared []orderRow        `json:"spared"`
	Lost   []string          `json:"lost,omitempty"` // intents
}

func rowOfReport(r *Report) *reportRow {
	if r == nil {
		return nil
	}
	return &reportRow{r.Plan, stamp(r.Began), stamp(r.Ended), rowsOf(r.Orders), r.Left, rowsOf(r.Spared), r.Lost}
}

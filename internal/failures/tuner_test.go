package failures

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

// A tuner is a hand that keeps its book by the private stream alone.
type tuner struct {
	*hand
	keeps  bool // after a cut it goes on where it stopped; else with what comes next
	renews bool // it asks for another token when its own is refused
	// drops says what it does not take in; known is whether the order is in its book, gone whether that has it as over. nil: nothing.
	drops func(method string, known, gone bool) bool
}

// tuned makes a tuner that listens.
func tuned(change func(*tuner)) func(w *world) bot {
	return func(w *world) bot {
		t := &tuner{hand: newHand(w, booksNothing), keeps: true, renews: true}
		change(t)
		ctx, cancel := context.WithCancel(w.t.Context())
		w.t.Cleanup(cancel)
		w.going.Go(func() { t.listen(ctx) })
		w.pass(5 * time.Second)
		return t
	}
}

// listen polls PubNub.
func (t *tuner) listen(ctx context.Context) {
	channel, token := t.ticket(ctx)
	at := "0"
	for ctx.Err() == nil {
		said, status := t.poll(ctx, channel, token, at)
		if status == http.StatusOK {
			at = said.T.T
			for _, m := range said.M {
				t.hear(m.D)
			}
			continue
		}
		rest(ctx, time.Second)
		if status == http.StatusForbidden && t.renews {
			channel, token = t.ticket(ctx)
		}
		if !t.keeps {
			at = "0"
		}
	}
}

func (t *tuner) ticket(ctx context.Context) (channel, token string) {
	_, b, err := t.send(ctx, http.MethodGet, "/v1/user/subscribe", "")
	var a struct {
		Data struct {
			Channel string `json:"pubnub_channel"`
			Token   string `json:"pubnub_token"`
		}
	}
	if err == nil {
		_ = json.Unmarshal(b, &a) // without a ticket the next poll is refused
	}
	return a.Data.Channel, a.Data.Token
}

// A poll is PubNub's answer.
type poll struct {
	T struct {
		T string `json:"t"`
	} `json:"t"`
	M []struct {
		D message `json:"d"`
	} `json:"m"`
}

type message struct {
	Method string
	Params json.RawMessage
}

func (t *tuner) poll(ctx context.Context, channel, token, at string) (said poll, status int) {
	q := url.Values{"uuid": {channel}, "auth": {token}, "tt": {at}}
	address := t.w.url("pubnub") + "/v2/subscribe/" + bitbank.DefaultSubscribeKey + "/" + channel + "/0?" + q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return said, 0
	}
	res, err := t.http.RoundTrip(req)
	if err != nil {
		return said, 0
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return said, res.StatusCode
	}
	if json.Unmarshal(b, &said) != nil {
		return said, 0
	}
	return said, http.StatusOK
}

// hear takes a message into the book: trades say what was executed, orders whether they live.
func (t *tuner) hear(m message) {
	var rows []struct {
		ID     int64 `json:"order_id"`
		Status string
		Amount decimal.Decimal
	}
	if !strings.HasPrefix(m.Method, "spot_order") && m.Method != "spot_trade" || json.Unmarshal(m.Params, &rows) != nil {
		return // what it does not know it leaves alone, an invalidation too
	}
	for _, r := range rows {
		e, known := t.book()[r.ID]
		if t.drops != nil && t.drops(m.Method, known, known && !e.live) {
			continue
		}
		t.note(r.ID, func(e *entry) {
			if m.Method == "spot_trade" {
				sum, _ := decimal.NewFromString(e.executed)
				e.executed = sum.Add(r.Amount).String()
				return
			}
			e.live = row{Status: r.Status}.live()
		})
	}
}

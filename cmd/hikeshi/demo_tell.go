package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/app"
	"hikeshi/internal/config"
	"hikeshi/internal/say"
	"hikeshi/internal/text"
)

// A lostOrder is what the demo reads of an order in /api/v1/orders.
type lostOrder struct {
	Intent string
	What   string
	Amount decimal.Decimal
	Since  time.Time
	Proof  *struct {
		Verdict string
		Why     string
	}
}

// A teller tells, line by line, of the orders whose answers were lost: that they are in doubt, where to watch that, and what has
// become of them.
type teller struct {
	p    *program
	link string            // opens the page of orders
	told map[string]string // the verdict that was told last of each intent
	met  bool              // an order was seen
}

// tellEvery is often enough for somebody who looks from the terminal to the page and back.
const tellEvery = time.Second

// tellLost tells until ctx ends. It asks the daemon over HTTP, as every program does.
func (p *program) tellLost(ctx context.Context, cfg config.Config) {
	t := teller{p: p, told: map[string]string{}}
	for pause(ctx, tellEvery) {
		link, err := p.loginLink(cfg, cfg.Listen)
		if err != nil {
			continue // the daemon has not made its token yet
		}
		t.link = link
		if orders, err := lostOrders(ctx, cfg, p.lang); err == nil {
			t.tell(orders, time.Now())
		}
	}
}

// lostOrders asks the daemon what became of each order.
func lostOrders(ctx context.Context, cfg config.Config, l text.Lang) ([]lostOrder, error) {
	token, err := app.Token(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Listen+"/api/v1/orders?lang="+string(l), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var all struct{ Orders []lostOrder }
	err = json.NewDecoder(res.Body).Decode(&all)
	return all.Orders, err
}

// tell says what is new.
func (t *teller) tell(orders []lostOrder, now time.Time) {
	if !t.met && len(orders) > 0 {
		t.met = true
		fmt.Fprintln(t.p.stdout, t.p.say("cli.demo.trades", nil))
	}
	slices.SortStableFunc(orders, func(a, b lostOrder) int { return a.Since.Compare(b.Since) })
	open, news := 0, false
	say := func(id string, o lostOrder) {
		a := text.Args{"at": say.Instant(t.p.lang, now), "order": o.What + " " + o.Amount.String()}
		if o.Proof != nil {
			a["why"] = o.Proof.Why
		}
		fmt.Fprintln(t.p.stdout, t.p.say(id, a))
	}
	for _, o := range orders {
		if o.Proof == nil {
			continue
		}
		was, known := t.told[o.Intent]
		t.told[o.Intent] = o.Proof.Verdict
		if o.Proof.Verdict == "unknown" {
			open++
			if !known {
				say("cli.demo.lost", o)
				if len(t.told) == 1 {
					fmt.Fprintln(t.p.stdout, t.p.say("cli.demo.look", text.Args{"url": t.link}))
				}
			}
			continue
		}
		if was != o.Proof.Verdict {
			news = true
			say("cli.demo."+o.Proof.Verdict, o)
		}
	}
	if news && open == 0 {
		fmt.Fprintln(t.p.stdout, t.p.say("cli.demo.settled", text.Args{"n": strconv.Itoa(len(t.told))}))
	}
}

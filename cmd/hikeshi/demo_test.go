package main

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/text"
)

func heard(intent, verdict string) lostOrder {
	return lostOrder{Intent: intent, What: "XRP/JPY buy limit", Amount: decimal.RequireFromString("10." + intent + "000"), Proof: &struct{ Verdict, Why string }{verdict, "Why " + verdict + "."}}
}

func TestTheDemoTellsOfEachLostOrderOnceAndOfItsEnd(t *testing.T) {
	for _, l := range []text.Lang{text.Japanese, text.English} {
		var out bytes.Buffer
		p := &program{lang: l, stdout: &out}
		tell := teller{p: p, link: "http://127.0.0.1:8160/login?token=x", told: map[string]string{}}
		at := time.Date(2026, 11, 25, 11, 12, 13, 0, time.UTC)
		for _, step := range []struct {
			orders []lostOrder
			says   []string // of the new lines, one each
		}{
			{nil, nil},
			{[]lostOrder{{Intent: "0"}}, []string{p.say("cli.demo.trades", nil)}},
			{[]lostOrder{{Intent: "0"}, heard("1", "unknown")}, []string{"XRP/JPY buy limit 10.1", "http://127.0.0.1:8160/login?token=x"}},
			{[]lostOrder{heard("2", "unknown"), heard("1", "unknown")}, []string{"10.2"}},
			{[]lostOrder{heard("1", "unknown"), heard("2", "unknown")}, nil},
			{[]lostOrder{heard("1", "placed"), heard("2", "unknown")}, []string{"Why placed."}},
			{[]lostOrder{heard("1", "placed"), heard("2", "not_placed")}, []string{"Why not_placed.", p.say("cli.demo.settled", text.Args{"n": "2"})}},
			{[]lostOrder{heard("1", "placed"), heard("2", "not_placed")}, nil},
		} {
			out.Reset()
			tell.tell(step.orders, at)
			lines := slices.DeleteFunc(strings.Split(out.String(), "\n"), func(s string) bool { return s == "" })
			if len(lines) != len(step.says) {
				t.Errorf("%s, of %d orders it says %q, want %d lines", l, len(step.orders), lines, len(step.says))
				continue
			}
			for i, want := range step.says {
				if !strings.Contains(lines[i], want) || strings.Contains(lines[i], "000") {
					t.Errorf("%s: it says %q, want %q in it", l, lines[i], want)
				}
			}
		}
	}
}

func TestTheDemosBotRepeatsNoOrderAndKeepsFewOnTheBook(t *testing.T) {
	p := &program{lang: text.English, stdout: t.Output(), stderr: t.Output()}
	world, err := p.openWorld(0)
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- world.Run(ctx) }()
	defer func() { cancel(); <-over }()
	key, err := bitbank.NewCredentials("sim-key", "sim-secret", world.URL("private"), bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := bitbank.New(bitbank.Options{PublicURL: world.URL("public"), PrivateURL: world.URL("private"), Credentials: key})
	if err != nil {
		t.Fatal(err)
	}
	q := quoter{client: client}
	for n := range 7 {
		q.round(ctx, n)
		q.orders.Wait()
	}
	for n, effect := range []string{"drop_response", "drop_request"} {
		fault := `{"host": "private", "effect": "` + effect + `", "match": {"method": "POST", "path": "/v1/user/spot/order"}, "count": 1, "delay_ms": 10}`
		res, err := http.Post(world.URL("control")+"/faults", "application/json", strings.NewReader(fault))
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(err, res)
		}
		res.Body.Close()
		q.round(ctx, 7+n)
		q.orders.Wait()
	}
	if q.silent != 2 {
		t.Errorf("%d answers were lost, want 2", q.silent)
	}
	q.round(ctx, 9) // bitbank answers, so it goes on
	q.orders.Wait()
	orders, err := client.ActiveOrders(ctx, bitbank.OrderQuery{Pair: quotePair})
	if err != nil {
		t.Fatal(err)
	}
	var amounts []string
	for _, o := range orders {
		amounts = append(amounts, o.StartAmount.Decimal().String())
	}
	slices.Sort(amounts)
	// 10.7 is the one whose answer was lost, and 10.8 never arrived.
	if diff := cmp.Diff(amounts, []string{"10.4", "10.5", "10.6", "10.7", "10.9"}); diff != "" {
		t.Errorf("on the book are:\n%s", diff)
	}
}

package failures

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/stop"
)

// stopping are the failures of leaving a holding when the price has fallen. Each sells 0.3 of ten coins when the price has reached
// thirteen millions, or sells nothing. What is wrong in the end is how many coins there are. Of the margin and of hedges the group
// of positions tells.
var stopping = group{name: "Stops and exits", ids: "F81 F82 F83 F84 F85 F86", scenarios: []scenario{
	{
		id: "F81", trigger: "A stop on bitbank is moved up: the old one is cancelled, and the new one refused.",
		play: func(w *world) {
			w.own(`{"pair":"btc_jpy","side":"sell","type":"stop","amount":"0.3","trigger_price":"13500000"}`)
			w.pass(time.Minute)
			w.fault(`{"host":"private","effect":"api_error","code":60018,"match":{"method":"POST","path":"/v1/user/spot/order"},"count":1}`)
			w.bot.(guardian).move(w.stopID(), "14000000")
			w.pass(time.Minute)
			w.falls12()
			w.pass(time.Minute)
		},
		wrong: soldShouldBe("0.3"),
		naive: []naive{{"cancels, and takes a refusal for the end of it", missing, watches(watchman{})}},
	},
	{
		id: "F82", trigger: "The level is passed while bitbank does not answer for two minutes.",
		play: func(w *world) {
			w.guarded()
			w.dark(true)
			w.pass(10 * time.Second)
			w.falls12()
			w.pass(2 * time.Minute)
			w.dark(false)
			w.pass(2 * time.Minute)
		},
		wrong: soldShouldBe("0.3"),
		naive: []naive{{"watches bitbank's price, and ends when it cannot be read", missing, watches(watchman{ends: true})}},
	},
	{
		id: "F83", trigger: "For three seconds bitbank's own price is wrong.",
		play: func(w *world) {
			w.guarded()
			w.elsewhere("14900000", 0)
			for range 3 {
				w.control("POST", "/market", `{"pair":"btc_jpy","last":"12000000"}`)
				w.pass(3 * time.Second)
				w.control("POST", "/market", `{"pair":"btc_jpy","last":"15000000"}`)
				w.pass(20 * time.Second)
			}
		},
		wrong: soldShouldBe("0"),
		naive: []naive{{"sells at the first price below the level", surplus, watches(watchman{})}},
	},
	{
		id: "F84", trigger: "bitbank is dark, and the price elsewhere stands still below the level, a minute old.",
		play: func(w *world) {
			w.guarded()
			w.dark(true)
			w.pass(10 * time.Second)
			w.elsewhere("12900000", time.Minute)
			w.pass(2 * time.Minute)
			w.dark(false)
			w.pass(20 * time.Second)
			w.elsewhere("14900000", 0)
			w.pass(time.Minute)
		},
		wrong: soldShouldBe("0"),
		naive: []naive{{"takes a price of any age", surplus, watches(watchman{abroad: true})}},
	},
	{
		id: "F85", trigger: "A stop on bitbank and a local one watch over the same coins, and the price falls past both.",
		play: func(w *world) {
			w.own(`{"pair":"btc_jpy","side":"sell","type":"stop","amount":"0.3","trigger_price":"13500000"}`)
			w.pass(time.Minute)
			w.guarded()
			w.falls12()
			w.pass(2 * time.Minute)
		},
		wrong: soldShouldBe("0.3"),
		naive: []naive{{"sells what it was told, whatever bitbank has done", doubled, watches(watchman{})}},
	},
	{
		id: "F86", trigger: "The price jumps over a stop limit, whose order then rests above the market.",
		play: func(w *world) {
			w.own(`{"pair":"btc_jpy","side":"sell","type":"stop_limit","amount":"10","trigger_price":"13500000","price":"13450000"}`)
			w.pass(time.Minute)
			w.guarded()
			w.falls12()
			w.pass(2 * time.Minute)
		},
		wrong: soldShouldBe("0.3"),
		naive: []naive{{"believes in its stop limit", missing, watches(watchman{believes: true})}},
	},
}}

// A guardian is a bot that leaves a holding by itself, and moves stops on bitbank.
type guardian interface {
	guard()
	move(id int64, trigger string)
}

// stopID is the stop that lives on bitbank.
func (w *world) stopID() int64 {
	w.t.Helper()
	for _, r := range w.truth().Orders {
		if strings.HasPrefix(r.Type, "stop") {
			return r.ID
		}
	}
	w.t.Fatal("there is no stop")
	return 0
}

// guarded has the bot watch over the coins from now on.
func (w *world) guarded() {
	w.t.Helper()
	w.elsewhere("14900000", 0)
	w.bot.(guardian).guard()
	w.pass(10 * time.Second)
}

// dark has bitbank not answer, or answer again.
func (w *world) dark(on bool) {
	w.t.Helper()
	if !on {
		w.control("DELETE", "/faults", "")
		return
	}
	w.fault(`{"host":"private","effect":"blackhole"}`, `{"host":"public","effect":"blackhole"}`)
}

// falls12 has the price fall below the level, at bitbank and elsewhere.
func (w *world) falls12() {
	w.t.Helper()
	w.control("POST", "/market", `{"pair":"btc_jpy","last":"12900000"}`)
	w.elsewhere("12900000", 0)
}

// elsewhere sets the price at other exchanges. With an age it stands still; else it is new all the time.
func (w *world) elsewhere(price string, age time.Duration) {
	e := &exposure.Else{Listed: true, Known: true, Price: decimal.RequireFromString(price)}
	if age > 0 {
		e.At = time.Now().Add(-age)
	}
	w.abroad.Store(e)
}

// market is what is known of other exchanges' prices.
func (w *world) market(string) (m exposure.Market) {
	if e := w.abroad.Load(); e != nil {
		if m.Else = *e; m.Else.At.IsZero() {
			m.Else.At = time.Now()
		}
	}
	return m
}

// own has the account's owner place an order by hand.
func (w *world) own(body string) {
	w.t.Helper()
	req, rec := httptest.NewRequest(http.MethodPost, "/v1/user/spot/order", strings.NewReader(body)), httptest.NewRecorder()
	sign(req, simKey, simSecret, body, time.Now(), 5000)
	w.sim.Handler("private").ServeHTTP(rec, req)
	if b := envelope(rec.Code, rec.Body.Bytes()); b.state != isPlaced {
		w.t.Fatalf("the owner's order was not taken: %s", rec.Body)
	}
}

// soldShouldBe judges by how many of the ten coins are left.
func soldShouldBe(amount string) func(w *world) []flaw {
	want := decimal.RequireFromString(amount)
	return func(w *world) []flaw {
		left := decimal.Zero
		for _, a := range w.truth().Accounts {
			for _, x := range a.Assets {
				if a.ID == "sim" && x.Asset == "btc" {
					left = decimal.RequireFromString(x.Onhand)
				}
			}
		}
		sold := decimal.NewFromInt(10).Sub(left)
		says := fmt.Sprintf("sold %s, wanted %s", sold, want)
		switch {
		case sold.Equal(want):
			return nil
		case want.IsZero():
			return []flaw{{surplus, says}}
		case sold.GreaterThan(want):
			return []flaw{{doubled, says}}
		}
		return []flaw{{missing, says}}
	}
}

// guard implements guardian: a local stop.
func (o *ours) guard() {
	number := func(s string) bitbank.Number { return bitbank.NewNumber(decimal.RequireFromString(s)) }
	_, err := o.now().account.AddStop(o.w.t.Context(), stop.Plan{
		Pair: pair, Side: bitbank.Sell, Trigger: number("13000000"), Guard: number("11000000"), Amount: number("0.3"), Slippage: number("1"),
	})
	if err != nil {
		o.w.t.Errorf("the stop was not set: %v", err)
	}
}

// move implements guardian.
func (o *ours) move(id int64, trigger string) {
	number := func(s string) bitbank.Number { return bitbank.NewNumber(decimal.RequireFromString(s)) }
	_, err := o.now().account.AddNative(o.w.t.Context(), stop.Native{Old: bitbank.OrderID(id), Order: bitbank.NewOrder{
		Pair: pair, Side: bitbank.Sell, Type: bitbank.Stop, Amount: number("0.3"), TriggerPrice: number(trigger),
	}})
	if err != nil {
		o.w.t.Errorf("the stop was not moved: %v", err)
	}
}

// A watchman is a bot that sells at the market when a price is at the level. Its zero habits are: bitbank's last price, once a second,
// and what cannot be read is asked again.
type watchman struct {
	bot
	w *world

	ends     bool // when a price cannot be read
	abroad   bool // it also watches the price elsewhere
	believes bool // a stop on bitbank is enough
}

func watches(habits watchman) func(w *world) bot {
	return func(w *world) bot {
		m := habits
		m.bot, m.w = direct(func(*library) {})(w), w
		return &m
	}
}

// guard implements guardian.
func (m *watchman) guard() {
	if m.believes {
		return
	}
	ctx, cancel := context.WithCancel(m.w.t.Context())
	m.w.t.Cleanup(cancel)
	m.w.going.Go(func() {
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; rest(ctx, time.Second) {
			price, ok := m.price(ctx)
			if !ok && m.ends {
				return
			}
			if m.abroad {
				price, ok = m.w.market(pair).Else.Price, true
			}
			if !ok || price.GreaterThan(decimal.NewFromInt(13_000_000)) {
				continue
			}
			if b := m.bot.place(ctx, order{Pair: pair, Side: "sell", Type: "market", Amount: "0.3"}); b.state == isPlaced {
				return
			}
		}
	})
}

// move implements guardian.
func (m *watchman) move(id int64, trigger string) {
	ctx := m.w.t.Context()
	m.bot.cancel(ctx, pair, id)
	body := fmt.Sprintf(`{"pair":%q,"side":"sell","type":"stop","amount":"0.3","trigger_price":%q}`, pair, trigger)
	if _, _, err := m.bot.(*library).send(ctx, http.MethodPost, "/v1/user/spot/order", body); err != nil {
		m.w.t.Errorf("the new stop was not asked for: %v", err)
	}
}

// price is bitbank's last one.
func (m *watchman) price(ctx context.Context) (decimal.Decimal, bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.w.url("public")+"/btc_jpy/ticker", nil)
	if err != nil {
		return decimal.Zero, false
	}
	res, err := m.bot.(*library).http.RoundTrip(req)
	if err != nil {
		return decimal.Zero, false
	}
	defer res.Body.Close()
	var t struct {
		Data struct{ Last decimal.Decimal }
	}
	if json.NewDecoder(res.Body).Decode(&t) != nil {
		return decimal.Zero, false
	}
	return t.Data.Last, t.Data.Last.IsPositive()
}

package exchange

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/internal/sim/market"
)

var opening = time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)

// A player does at random what customers, the crowd and the exchange can do, and holds the exchange to its promises.
type player struct {
	t        testing.TB
	rng      *rand.Rand
	x        *Exchange
	now      time.Time
	accounts []*Account
	stage    map[int64]int
	executed map[int64]int64 // by trades
	traded   map[string]bool
	said     map[int64]string // the last status of each order that the stream told
	codes    map[int]int
	seen     map[string]int // statuses, types and messages that the stream told
	did      int
	story    io.Writer // everything that is told; nil for nobody listens
}

var played = []string{"btc_jpy", "xrp_jpy", "doge_jpy", "eth_jpy"}

func newPlayer(t testing.TB, seed uint64) *player {
	m := market.New(seed, 1, opening)
	x := New(seed, m, Limits{})
	p := &player{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), x: x, now: opening, stage: map[int64]int{}, executed: map[int64]int64{},
		traded: map[string]bool{}, said: map[int64]string{}, codes: map[int]int{}, seen: map[string]int{},
	}
	for _, name := range []string{"one", "two"} {
		p.accounts = append(p.accounts, x.Open(name, map[string]decimal.Decimal{
			"jpy": decimal.NewFromInt(3_000_000), "btc": decimal.RequireFromString("0.5"), "xrp": decimal.NewFromInt(9000), "doge": decimal.NewFromInt(50_000),
		}))
	}
	p.accounts = append(p.accounts, x.Open("poor", map[string]decimal.Decimal{"jpy": decimal.NewFromInt(200_000)}))
	return p
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// step does one thing and checks what it came to.
func (p *player) step() {
	r := p.rng
	a := pick(r, p.accounts...)
	pr := p.x.pairs[pick(r, played...)]
	p.did++
	switch n := r.IntN(1000); {
	case n < 560:
		p.place(a, pr)
	case n < 760:
		p.cancel(a)
	case n < 960:
		p.now = p.now.Add(time.Duration(r.Int64N(int64(300 * time.Millisecond))))
		p.x.Advance(p.now)
	case n < 970:
		_, err := p.move(pr)
		if err != nil {
			p.t.Fatal(err)
		}
	case n < 980:
		p.x.See(p.x.market.Set(pr.Name, market.Setting{
			CircuitBreak: pick(r, market.ModeNone, market.ModeNone, market.ModeBreak, market.ModeFullRange, market.ModeResumption),
			Status:       pick(r, "NORMAL", "NORMAL", "BUSY", "HALT"), Flags: map[string]bool{pick(r, "stop_order", "stop_market_order", "stop_buy_order"): r.IntN(4) == 0},
		}, p.now))
	case n < 983:
		p.allIn(a, pr)
	case n < 986:
		asset := pick(r, "jpy", "btc", "xrp")
		some := p.x.Purse(a).Free(asset).Div(decimal.NewFromInt(3)).Truncate(4)
		if p.x.Purse(a).Lock(asset, some) {
			if r.IntN(2) == 0 {
				p.x.Purse(a).Pay(asset, some)
			} else {
				p.x.Purse(a).Release(asset, some)
			}
		}
	case n < 990:
		p.x.Purse(a).Receive("jpy", decimal.NewFromInt(r.Int64N(1_000_000)))
	case n < 991:
		p.now = p.now.Add(time.Duration(r.IntN(40)) * 24 * time.Hour)
		p.x.Advance(p.now)
	default:
		p.x.See(p.x.market.Set(pr.Name, market.Setting{CircuitBreak: market.ModeNone, Status: "NORMAL", Flags: map[string]bool{"stop_order": false, "stop_market_order": false, "stop_buy_order": false}}, p.now))
	}
	p.hear()
	for _, a := range p.accounts {
		p.check(a)
	}
}

func (p *player) move(pr *pair) ([]market.Change, error) {
	if p.rng.IntN(4) > 0 {
		return nil, nil
	}
	to := pr.price(max(1, int64(float64(p.x.market.Last(pr.Name))*pick(p.rng, 0.35, 0.75, 0.9, 1, 1.1, 1.4, 1.9))))
	changes, err := p.x.market.Jump(pr.Name, to, p.now)
	p.x.See(changes)
	return changes, err
}

// place sends an order that is mostly sensible.
func (p *player) place(a *Account, pr *pair) {
	r := p.rng
	last := p.x.market.Last(pr.Name)
	near := func() string {
		return pr.price(max(1, int64(float64(last)*(1+r.NormFloat64()*pick(r, 0.0005, 0.01, 0.1)))))
	}
	kind := pick(r, limit, limit, limit, limit, atMarket, atMarket, stop, stopLimit, takeProfit, stopLoss)
	amount := decimal.NewFromFloat(pick(r, 20_000, 20_000, 600_000.0) * r.ExpFloat64()).Div(decimal.New(last, -int32(pr.PriceDigits))).Truncate(int32(pr.AmountDigits))
	body := Params{"pair": pr.Name, "side": pick(r, "buy", "sell"), "type": kind, "amount": amount.String()}
	if rests(kind) {
		body["price"] = near()
	}
	if triggers(kind) {
		body["trigger_price"] = near()
	}
	if kind == limit && r.IntN(4) == 0 {
		body["post_only"] = true
	}
	if r.IntN(2) == 0 {
		body["position_side"] = pick(r, "long", "short")
	}
	if (kind == takeProfit || kind == stopLoss) && r.IntN(2) == 0 {
		delete(body, "amount")
	}
	row, code := p.x.Place(a, body)
	p.codes[code]++
	if code != 0 {
		if row != (Row{}) {
			p.t.Fatalf("%v was refused with %d and yet %+v", body, code, row)
		}
		return
	}
	if o := a.orders[row.OrderID]; o == nil || row.Status != unfilled && row.Status != inactive {
		p.t.Fatalf("%v was accepted as %+v", body, row)
	}
}

// allIn opens the largest position that the account can have.
func (p *player) allIn(a *Account, pr *pair) {
	price := decimal.New(p.x.market.Last(pr.Name), -int32(pr.PriceDigits))
	amount := p.x.figures(a).available.Mul(decimal.RequireFromString("0.99")).DivRound(price, int32(pr.AmountDigits))
	side, position := "buy", "long"
	if p.rng.IntN(2) == 0 {
		side, position = "sell", "short"
	}
	_, code := p.x.Place(a, Params{"pair": pr.Name, "side": side, "position_side": position, "type": "market", "amount": amount.String()})
	p.codes[code]++
}

func (p *player) cancel(a *Account) {
	if len(a.live) == 0 {
		return
	}
	o := pick(p.rng, a.live...)
	if p.rng.IntN(3) > 0 {
		_, code := p.x.Cancel(a, Params{"pair": o.pair.Name, "order_id": strconv.FormatInt(o.ID, 10)})
		p.codes[code]++
		return
	}
	var ids []any
	for _, o := range a.live {
		ids = append(ids, strconv.FormatInt(o.ID, 10))
	}
	_, code := p.x.CancelMany(a, Params{"pair": o.pair.Name, "order_ids": ids[:min(len(ids), 30)]})
	p.codes[code]++
}

var stages = map[string]int{inactive: 0, unfilled: 1, partiallyFilled: 2, fullyFilled: 3, canceledUnfilled: 3, canceledPartially: 3, rejected: 3}

// hear takes what the exchange has said, and checks that statuses only rise and that no execution is told twice.
func (p *player) hear() {
	changes, events := p.x.Changes(), p.x.Events()
	if p.story != nil {
		if err := json.NewEncoder(p.story).Encode([]any{changes, events}); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, e := range events {
		p.seen[e.Method]++
		list, ok := e.Params.([]any)
		if !ok {
			continue
		}
		switch v := list[0].(type) {
		case Trade:
			if key := v.Pair + strconv.FormatInt(v.TradeID, 10) + v.Side; p.traded[key] {
				p.t.Fatalf("the trade %+v was told twice", v)
			} else {
				p.traded[key] = true
			}
			pr := p.x.pairs[v.Pair]
			n, _ := pr.units(v.Amount, pr.AmountDigits)
			p.executed[v.OrderID] += n
		case streamRow:
			was, known := p.stage[v.OrderID]
			is := stages[v.Status]
			if known && (is < was || was == 3) {
				p.t.Fatalf("order %d went from stage %d to %s", v.OrderID, was, v.Status)
			}
			p.stage[v.OrderID], p.said[v.OrderID] = is, v.Status
			p.seen[v.Status]++
			p.seen[v.Type+" "+v.Status]++
		}
	}
}

// check holds an account to what must always be true.
func (p *player) check(a *Account) {
	locks := map[string]decimal.Decimal{}
	live := map[string]int{}
	held := map[spot]int64{}
	for _, o := range a.live {
		if o.terminal() || o.left <= 0 && o.start > 0 || o.executed+o.left != o.start && o.start > 0 {
			p.t.Fatalf("a live order: %+v", p.x.row(o, false))
		}
		live[o.pair.Name]++
		if o.position == "" {
			locks[o.lockAsset()] = locks[o.lockAsset()].Add(o.lock)
		} else if o.closes() && o.start > 0 {
			held[spot{o.pair.Name, o.position}] += o.left
		}
	}
	for name, n := range live {
		if n > 30 {
			p.t.Fatalf("%s: %d live orders", name, n)
		}
	}
	for _, name := range a.names {
		b := a.balances[name]
		if b.free.IsNegative() || b.locked.IsNegative() || b.withdrawing.IsNegative() || !b.locked.Equal(locks[name].Add(b.withdrawing)) {
			p.t.Fatalf("%s of %s: free %s, locked %s by orders %s, withdrawing %s", name, a.ID, b.free, b.locked, locks[name], b.withdrawing)
		}
	}
	for key, pos := range a.positions {
		if pos.open < 0 || pos.locked < 0 || pos.locked > pos.open || pos.locked != held[key] || pos.open == 0 && !(pos.product.IsZero() && pos.fee.IsZero() && pos.interest.IsZero()) {
			p.t.Fatalf("position %v of %s: %+v, orders close %d", key, a.ID, pos, held[key])
		}
	}
}

// whole is what is looked at now and then: all orders, all money, the books.
func (p *player) whole() {
	for _, asset := range []string{"jpy", "btc", "xrp", "doge", "eth"} {
		if is, should := p.x.Sum(asset); !is.Equal(should) {
			p.t.Fatalf("%s: there is %s, there should be %s", asset, is, should)
		}
	}
	for _, a := range p.accounts {
		for _, o := range a.sequence {
			if p.executed[o.ID] != o.executed || o.terminal() == slices.Contains(a.live, o) || p.said[o.ID] != o.status {
				p.t.Fatalf("order %+v: trades say %d, the stream said %s", p.x.row(o, false), p.executed[o.ID], p.said[o.ID])
			}
		}
	}
	for _, name := range played {
		d := p.x.market.Depth(name)
		if p.x.market.Mode(name) == market.ModeNone && len(d.Asks) > 0 && len(d.Bids) > 0 {
			ask, _ := strconv.ParseFloat(d.Asks[0][0], 64)
			bid, _ := strconv.ParseFloat(d.Bids[0][0], 64)
			if ask <= bid {
				p.t.Fatalf("%s is crossed: %v %v", name, d.Asks[0], d.Bids[0])
			}
		}
	}
}

// However customers, the crowd and the exchange act, money is conserved, limits hold and orders only grow older.
func TestWhateverHappensTheExchangeKeepsItsPromises(t *testing.T) {
	seeds, steps := 8, 10_000
	if testing.Short() {
		seeds, steps = 3, 6_000
	}
	if os.Getenv("HIKESHI_LONG") == "1" {
		seeds, steps = 20, 100_000
	}
	total := map[string]int{}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			p := newPlayer(t, uint64(seed))
			for i := range steps {
				if p.step(); i%500 == 0 {
					p.whole()
				}
			}
			p.whole()
			if p.codes[0] < steps/10 {
				t.Errorf("only %d of %d calls were accepted: %v", p.codes[0], steps, p.codes)
			}
			for _, must := range []string{
				inactive, partiallyFilled, fullyFilled, canceledUnfilled, canceledPartially, rejected, "stop FULLY_FILLED", "stop_limit UNFILLED",
				"take_profit FULLY_FILLED", "stop_loss FULLY_FILLED", "losscut FULLY_FILLED", "margin_position_update", "margin_notice_update", "margin_payable_update",
			} {
				total[must] += p.seen[must]
			}
			t.Logf("figure: exchange seed %d: %d operations, answers %v", seed, p.did, p.codes)
		})
	}
	for what, n := range total {
		if n == 0 {
			t.Errorf("%s was never seen: the play proves nothing about it", what)
		}
	}
	t.Logf("seen: %v", total)
}

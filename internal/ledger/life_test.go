package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
)

var opening = time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)

// A life is an account at the simulated exchange, and what is told of it, as records.
type life struct {
	t       testing.TB
	rng     *rand.Rand
	x       *exchange.Exchange
	a       *exchange.Account
	now     time.Time
	rates   ledger.Rates
	records []ledger.Record
	leaving []bitbank.Withdrawal // locked
	n       int
	starts  int
	places  []placed
}

type placed struct {
	order bitbank.Order
	at    time.Time
}

var dec = decimal.RequireFromString

func num(s string) bitbank.Number { return bitbank.NewNumber(dec(s)) }

func begin(t testing.TB, seed uint64) *life {
	m := market.New(seed, 0.2, opening)
	x := exchange.New(seed, m, exchange.Limits{})
	l := &life{t: t, rng: rand.New(rand.NewPCG(seed, 3)), x: x, now: opening, rates: ledger.Rates{Pairs: map[string]ledger.Rate{}}}
	for _, s := range m.Settings() {
		l.rates.Pairs[s.Name] = ledger.Rate{Taker: dec(s.Taker), Allowance: dec(s.Allowance)}
	}
	l.a = x.Open("me", map[string]decimal.Decimal{"jpy": dec("30000000"), "btc": dec("2"), "xrp": dec("9000"), "doge": dec("90000")})
	l.read()
	l.pass(5 * time.Second)
	return l
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// as reads one value as another through JSON, as it would come over the wire.
func as[T any](t testing.TB, v any) T {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return out
}

func (l *life) note(r ledger.Record) {
	r.At = l.now
	l.records = append(l.records, r)
}

// hear notes what the private stream tells.
func (l *life) hear() {
	l.x.Changes()
	for _, e := range l.x.Events() {
		switch e.Method {
		case "spot_order_new", "spot_order":
			for _, o := range as[[]bitbank.OrderUpdate](l.t, e.Params) {
				l.note(ledger.Record{Order: &o.Order})
			}
		case "spot_trade":
			for _, t := range as[[]bitbank.Trade](l.t, e.Params) {
				l.note(ledger.Record{Traded: &t})
			}
		case "asset_update":
			l.note(ledger.Record{Balance: &ledger.Balance{Rows: as[[]bitbank.AssetUpdate](l.t, e.Params), Published: l.now}})
		case "dealer_order_new":
			for _, d := range as[[]bitbank.DealerOrder](l.t, e.Params) {
				l.note(ledger.Record{Dealt: &d})
			}
		case "margin_position_update":
			for _, p := range as[[]bitbank.Position](l.t, e.Params) {
				l.note(ledger.Record{Position: &p})
			}
		}
	}
}

func (l *life) pass(d time.Duration) {
	l.now = l.now.Add(d)
	l.x.Advance(l.now)
	l.hear()
}

// rows are the balances as REST reads them.
func (l *life) rows() []bitbank.AssetUpdate {
	var out []bitbank.AssetUpdate
	for _, a := range l.x.Assets(l.a) {
		out = append(out, bitbank.AssetUpdate{Asset: a.Name, Free: num(a.Free), Locked: num(a.Locked), OnHand: num(a.Onhand), Withdrawing: num(a.Withdrawing)})
	}
	return out
}

func (l *life) read() { l.note(ledger.Record{Balance: &ledger.Balance{Rows: l.rows()}}) }

// step does one thing that an account's owner or the world can do.
func (l *life) step() {
	r := l.rng
	switch n := r.IntN(100); {
	case n < 45:
		l.place()
	case n < 60:
		l.cancel()
	case n < 64:
		l.withdraw()
	case n < 67:
		l.n++
		d := bitbank.Deposit{UUID: fmt.Sprint("d", l.n), Asset: pick(r, "jpy", "btc"), Amount: num("0.25"), Status: bitbank.DepositFound, FoundAt: l.millis()}
		l.note(ledger.Record{Transfer: &ledger.Transfer{Deposit: new(d)}})
		d.Status, d.ConfirmedAt = bitbank.DepositDone, l.millis()
		l.x.Purse(l.a).Receive(d.Asset, d.Amount.Decimal())
		l.note(ledger.Record{Transfer: &ledger.Transfer{Deposit: &d}})
	case n < 69:
		_ = l.x.Deal(l.a, exchange.Deal{Asset: "xrp", Side: pick(r, market.Buy, market.Sell), Price: dec("301.25"), Amount: dec("3.5")})
	case n < 75:
		l.pass(5 * time.Second)
		l.read()
		l.pass(5 * time.Second)
	default:
		l.pass(time.Duration(r.Int64N(int64(4 * time.Second))))
	}
	l.hear()
}

func (l *life) millis() bitbank.Millis { return bitbank.Millis(l.now.UnixMilli()) }

func (l *life) place() {
	r := l.rng
	pair := pick(r, "btc_jpy", "xrp_jpy", "doge_jpy")
	settings := l.x.Market().Settings()
	s := settings[slices.IndexFunc(settings, func(s market.Settings) bool { return s.Name == pair })]
	last := decimal.New(l.x.Market().Last(pair), -int32(s.PriceDigits))
	near := func() string {
		return last.Mul(decimal.NewFromFloat(1 + r.NormFloat64()*pick(r, 0.0005, 0.01))).Truncate(int32(s.PriceDigits)).String()
	}
	kind := pick(r, "limit", "limit", "limit", "limit", "market", "stop", "stop_limit")
	p := exchange.Params{"pair": pair, "side": pick(r, "buy", "sell"), "type": kind,
		"amount": decimal.NewFromFloat(20_000 + 300_000*r.ExpFloat64()).Div(last).Truncate(int32(s.AmountDigits)).String()}
	if kind == "limit" || kind == "stop_limit" {
		p["price"] = near()
	}
	if kind == "stop" || kind == "stop_limit" {
		p["trigger_price"] = near()
	}
	if kind == "limit" {
		p["post_only"] = r.IntN(4) == 0
	}
	if s.Margin() && (kind == "limit" || kind == "market") && r.IntN(5) == 0 {
		p["position_side"] = pick(r, "long", "short")
	}
	l.n++
	n := as[bitbank.NewOrder](l.t, p)
	i := ledger.Intended{ID: fmt.Sprint("i", l.n), Bot: pick(r, "maker", "taker"), Order: &n, Signed: l.now, Window: 2 * time.Second}
	row, code := l.x.Place(l.a, p)
	l.note(ledger.Record{Intended: &i})
	if code != 0 {
		l.note(ledger.Record{Answered: &ledger.Answered{ID: i.ID, Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: bitbank.Code(code)}}})
		return
	}
	o := as[bitbank.Order](l.t, row)
	l.places = append(l.places, placed{o, l.now})
	switch r.IntN(6) {
	case 0:
		l.note(ledger.Record{Answered: &ledger.Answered{ID: i.ID}})
		l.note(ledger.Record{Owed: &ledger.Owed{ID: i.ID, N: 1, Debt: ledger.Due}})
	case 1:
		l.note(ledger.Record{Answered: &ledger.Answered{ID: i.ID}})
		l.note(ledger.Record{Learned: &ledger.Learned{ID: i.ID, N: 1, Fact: reconcile.Fact{At: l.now, Told: &reconcile.Told{Order: o}}}})
	case 2: // the gateway goes down
		l.starts++
		l.note(ledger.Record{Started: &ledger.Started{N: l.starts}})
	case 3:
		l.note(ledger.Record{Order: &o})
		l.note(ledger.Record{Attributed: &ledger.Attributed{Pair: o.Pair, Order: o.ID, Origin: ledger.Origin{By: ledger.Human}}})
	default:
		l.note(ledger.Record{Answered: &ledger.Answered{ID: i.ID, Orders: []bitbank.Order{o}}})
		l.note(ledger.Record{Owed: &ledger.Owed{ID: i.ID, N: 1, Debt: ledger.Paid}})
	}
}

func (l *life) cancel() {
	rows, _ := l.x.Active(l.a, exchange.Params{})
	if len(rows.Orders) == 0 {
		return
	}
	o := pick(l.rng, rows.Orders...)
	row, code := l.x.Cancel(l.a, exchange.Params{"pair": o.Pair, "order_id": json.Number(strconv.FormatInt(o.OrderID, 10))})
	if code != 0 {
		l.t.Fatalf("cancel %d: %d", o.OrderID, code)
	}
	l.note(ledger.Record{Order: new(as[bitbank.Order](l.t, row))})
}

// withdraw begins a withdrawal, or brings one to its end.
func (l *life) withdraw() {
	r, purse := l.rng, l.x.Purse(l.a)
	if len(l.leaving) > 0 && r.IntN(2) == 0 {
		w := l.leaving[0]
		l.leaving = l.leaving[1:]
		cost := w.Amount.Decimal().Add(w.Fee.Decimal())
		if w.Status = pick(r, bitbank.WithdrawalDone, bitbank.WithdrawalRejected); w.Status == bitbank.WithdrawalDone {
			purse.Pay(w.Asset, cost)
		} else {
			purse.Release(w.Asset, cost)
		}
		l.note(ledger.Record{Transfer: &ledger.Transfer{Withdrawal: &w}})
		return
	}
	l.n++
	w := bitbank.Withdrawal{UUID: fmt.Sprint("w", l.n), Asset: pick(r, "jpy", "btc"), Amount: num("0.1"), Fee: num("0.0006"),
		Status: bitbank.WithdrawalConfirming, RequestedAt: l.millis()}
	if purse.Lock(w.Asset, dec("0.1006")) {
		l.leaving = append(l.leaving, w)
		l.note(ledger.Record{Transfer: &ledger.Transfer{Withdrawal: &w}})
	}
}

func fold(records []ledger.Record) *ledger.Ledger {
	l := &ledger.Ledger{}
	for _, r := range records {
		l.Apply(r)
	}
	return l
}

func text(t testing.TB, l *ledger.Ledger) string {
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

package broker

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/sim/exchange"
	"hikeshi/internal/sim/market"
)

// A bank is bitbank: the simulated exchange behind hosts whose clocks differ, with a queue for the user's writes and replicas
// that lag. What a replica shows is what was true some time ago: of everything the versions of the last minutes are kept.
type bank struct {
	w    *world
	x    *exchange.Exchange
	a    *exchange.Account
	tail time.Time // when the user's queue is empty

	orders map[bitbank.OrderID]*history
	pairs  map[string][]*history // those that may live, by id
	trades []execution
	assets []holdings

	deposits []ledger.Record
	naive    map[string]*attempt // of clients without a broker, by what they sent
	watch    func(id string, order bitbank.OrderID)
}

type version struct {
	at time.Time
	o  bitbank.Order
}

type history struct{ v []version }

// then is what was known of the order at a time.
func (h *history) then(at time.Time) (bitbank.Order, bool) {
	for _, v := range slices.Backward(h.v) {
		if !v.at.After(at) {
			return v.o, true
		}
	}
	return bitbank.Order{}, false
}

type execution struct {
	at time.Time
	t  bitbank.Trade
}

type holdings struct {
	at   time.Time
	rows []bitbank.AssetUpdate
}

// remembered is how long versions are kept: longer than any replica lags.
const remembered = 70 * time.Second

var tradedPairs = []string{"btc_jpy", "eth_jpy", "xrp_jpy"}

func newBank(w *world) *bank {
	m := market.New(w.seed, 0.02, begin)
	x := exchange.New(w.seed, m, exchange.Limits{Live: 100})
	k := &bank{w: w, x: x, orders: map[bitbank.OrderID]*history{}, pairs: map[string][]*history{}}
	k.a = x.Open("me", map[string]decimal.Decimal{
		"jpy": decimal.New(1, 11), "btc": decimal.New(1, 5), "eth": decimal.New(1, 6), "xrp": decimal.New(1, 9),
	})
	k.hold()
	w.after(time.Second, k.beat)
	return k
}

// rates are what the shell tells the broker.
func (k *bank) rates() ledger.Rates {
	r := ledger.Rates{Pairs: map[string]ledger.Rate{}}
	for _, s := range k.x.Market().Settings() {
		r.Pairs[s.Name] = ledger.Rate{Taker: decimal.RequireFromString(s.Taker), Allowance: decimal.RequireFromString(s.Allowance)}
	}
	return r
}

func (k *bank) flags(halt, cancels bool) {
	for _, name := range tradedPairs[:2] {
		s := market.Setting{Status: "NORMAL", Flags: map[string]bool{"stop_order_and_cancel": cancels}}
		if halt {
			s.Status = "HALT"
		}
		k.x.See(k.x.Market().Set(name, s, k.w.now))
	}
	k.reach()
}

// beat lets the exchange come to now every second, whether anybody looks or not: what a replica shows is as old as it lags, and
// no older.
func (k *bank) beat() {
	k.reach()
	k.w.after(time.Second, k.beat)
}

// reach lets the exchange come to now, and takes in what it has done.
func (k *bank) reach() {
	k.x.Advance(k.w.now)
	k.x.Changes()
	events := k.x.Events()
	held := false
	for _, e := range events {
		switch e.Method {
		case "spot_order_new", "spot_order":
			row := reflect.ValueOf(e.Params.([]any)[0]).FieldByName("Row").Interface().(exchange.Row)
			o := orderOf(row)
			k.version(o)
			k.w.shell.stream(ledger.Record{Order: &o})
		case "spot_trade":
			t := tradeOf(e.Params.([]any)[0].(exchange.Trade))
			k.trades = append(k.trades, execution{k.w.now, t})
			k.w.shell.stream(ledger.Record{Traded: &t})
		case "asset_update":
			held = true
		}
	}
	if held {
		k.hold()
		k.w.shell.stream(ledger.Record{Balance: &ledger.Balance{Rows: k.assets[len(k.assets)-1].rows, Published: k.w.now}})
	}
}

func (k *bank) version(o bitbank.Order) {
	h := k.orders[o.ID]
	if h == nil {
		h = &history{}
		k.orders[o.ID] = h
		k.pairs[o.Pair] = append(k.pairs[o.Pair], h)
	}
	h.v = append(h.v, version{k.w.now, o})
}

func (k *bank) hold() {
	list := k.x.Assets(k.a)
	rows := make([]bitbank.AssetUpdate, len(list))
	for i, x := range list {
		rows[i] = bitbank.AssetUpdate{Asset: x.Name, Free: num1(x.Free), Locked: num1(x.Locked), OnHand: num1(x.Onhand), Withdrawing: num1(x.Withdrawing)}
	}
	if n := len(k.assets); n > 400 && k.w.now.Sub(k.assets[n/2].at) > remembered {
		k.assets = slices.Clone(k.assets[n/2:])
	}
	k.assets = append(k.assets, holdings{k.w.now, rows})
}

// replica is how far back one read looks.
func (k *bank) replica() time.Time {
	k.reach()
	if k.w.plan.lag > 0 && k.w.chance(0.5) {
		return k.w.now.Add(-k.w.upTo(k.w.plan.lag))
	}
	return k.w.now
}

func (k *bank) live(pair string) []bitbank.Order {
	at := k.replica()
	var out []bitbank.Order
	kept := k.pairs[pair][:0]
	for _, h := range k.pairs[pair] {
		last := h.v[len(h.v)-1]
		if last.o.Status.Terminal() && k.w.now.Sub(last.at) > remembered {
			h.v = []version{last}
			continue
		}
		kept = append(kept, h)
		if o, ok := h.then(at); ok && !o.Status.Terminal() {
			out = append(out, o)
		}
	}
	clear(k.pairs[pair][len(kept):])
	k.pairs[pair] = kept
	return out
}

func (k *bank) traded(pair string, since time.Time) []bitbank.Trade {
	at := k.replica()
	var out []bitbank.Trade
	for _, e := range slices.Backward(k.trades) {
		if e.t.ExecutedAt.Time().Before(since.Add(-time.Minute)) {
			break
		}
		if !e.at.After(at) && (pair == "" || e.t.Pair == pair) && !e.t.ExecutedAt.Time().Before(since) {
			out = append(out, e.t)
		}
	}
	slices.Reverse(out)
	return out
}

func (k *bank) infos(ids []bitbank.OrderID) []bitbank.Order {
	at := k.replica()
	var out []bitbank.Order
	for _, id := range ids {
		if h := k.orders[id]; h != nil {
			if o, ok := h.then(at); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

func (k *bank) balances() []bitbank.AssetUpdate {
	at := k.replica()
	for _, h := range slices.Backward(k.assets) {
		if !h.at.After(at) {
			return h.rows
		}
	}
	return k.assets[0].rows
}

// skew is what one of bitbank's hosts is wrong by.
func (k *bank) skew() time.Duration { return k.w.between(-800*time.Millisecond, 800*time.Millisecond) }

// accept is the door: is the request in time?
func (k *bank) accept(signed time.Time, window time.Duration) bitbank.Code {
	clock := k.w.now.Add(k.skew())
	switch {
	case !signed.Before(clock.Add(time.Second)):
		return 20034
	case clock.Sub(signed) > window:
		return 20035
	}
	return 0
}

// enqueue lets something take effect after what the user sent before (A1).
func (k *bank) enqueue(do func()) {
	w := k.w
	slow := time.Duration(0)
	if w.weather.kind != "well" && w.plan.tail > 0 && w.chance(0.02) {
		slow = w.upTo(w.plan.tail)
	}
	if !k.tail.After(w.now) {
		k.tail = w.now
		slow = min(slow, w.plan.tail)
	} else if k.tail.Sub(w.now)+slow > w.plan.tail {
		slow = 0
	}
	k.tail = k.tail.Add(slow + w.upTo(20*time.Millisecond))
	at := k.tail
	switch {
	case w.plan.unordered && w.chance(0.05):
		at = w.now.Add(w.upTo(90 * time.Second))
	case w.plan.endless && w.chance(0.003) && k.tail.Sub(w.now) < time.Minute && w.weather.kind != "well":
		k.tail = k.tail.Add(w.between(11*time.Minute, 20*time.Minute))
		at = k.tail
	}
	w.at(at, func() { k.reach(); do(); k.reach() })
}

// post is a write on its way. done is told what the client sees, once.
func (k *bank) post(s Send, signed time.Time, window time.Duration, done func(Sent)) {
	w := k.w
	over := false
	answer := func(e Sent) {
		if !over {
			over = true
			e.ID = s.ID
			done(e)
		}
	}
	f := w.weather.write(w)
	if f.unsent {
		w.after(20*time.Millisecond, func() { answer(Sent{Refused: &ledger.Refused{Proof: bitbank.ProofNotSent}}) })
		return
	}
	w.after(4*time.Second, func() { answer(Sent{}) })
	back := func(e Sent) {
		switch {
		case f.nothing:
			w.after(30*time.Millisecond, func() { answer(Sent{}) })
		case !f.mute:
			w.after(w.between(5*time.Millisecond, 60*time.Millisecond), func() { answer(e) })
		}
	}
	w.after(f.travels, func() {
		if f.limited {
			back(k.refusal(s, 10009))
			return
		}
		if f.lost {
			back(k.refusal(s, f.code))
			return
		}
		if code := k.accept(signed, window); code != 0 {
			back(k.refusal(s, int(code)))
			return
		}
		k.enqueue(func() {
			if f.code != 0 && !f.after {
				back(k.refusal(s, f.code))
				return
			}
			e := k.execute(s)
			if f.code != 0 {
				e = k.refusal(s, f.code)
			}
			back(e)
		})
	})
}

// refusal is how our client reads a code.
func (k *bank) refusal(s Send, code int) Sent {
	info, _ := bitbank.Lookup(bitbank.Code(code))
	o := info.Order
	if s.Order == nil {
		o = info.Cancel
	}
	if code != 0 && o.NotApplied() {
		return Sent{Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: bitbank.Code(code)}}
	}
	return Sent{Code: bitbank.Code(code)}
}

func (k *bank) execute(s Send) Sent {
	if s.Order != nil {
		row, code := k.x.Place(k.a, paramsOf(*s.Order))
		if code != 0 {
			return k.refusal(s, code)
		}
		k.reach()
		if k.watch != nil {
			k.watch(s.ID, bitbank.OrderID(row.OrderID))
		} else {
			k.w.truth.executed(s, bitbank.OrderID(row.OrderID))
		}
		return Sent{Orders: []bitbank.Order{orderOf(row)}}
	}
	ids := make([]any, len(s.Cancel.IDs))
	for i, id := range s.Cancel.IDs {
		ids[i] = strconv.FormatInt(int64(id), 10)
	}
	if k.watch == nil {
		k.w.truth.cancels(s.Cancel.IDs)
	}
	if len(ids) == 1 {
		row, code := k.x.Cancel(k.a, exchange.Params{"pair": s.Cancel.Pair, "order_id": ids[0]})
		if code != 0 {
			return k.refusal(s, code)
		}
		return Sent{Orders: []bitbank.Order{orderOf(row)}}
	}
	rows, code := k.x.CancelMany(k.a, exchange.Params{"pair": s.Cancel.Pair, "order_ids": ids})
	if code != 0 {
		return k.refusal(s, code)
	}
	if len(rows.Orders) < len(ids) {
		return Sent{}
	}
	var e Sent
	for _, r := range rows.Orders {
		e.Orders = append(e.Orders, orderOf(r))
	}
	return e
}

func paramsOf(o bitbank.NewOrder) exchange.Params {
	p := exchange.Params{"pair": o.Pair, "side": string(o.Side), "type": string(o.Type), "amount": o.Amount.String()}
	if o.Price.Known() {
		p["price"] = o.Price.String()
	}
	if o.PostOnly {
		p["post_only"] = true
	}
	return p
}

func text(s *string) bitbank.Number {
	if s == nil {
		return bitbank.Number{}
	}
	return num1(*s)
}

func millis(n *int64) bitbank.Millis {
	if n == nil {
		return 0
	}
	return bitbank.Millis(*n)
}

func orderOf(r exchange.Row) bitbank.Order {
	o := bitbank.Order{
		ID: bitbank.OrderID(r.OrderID), Pair: r.Pair, Side: bitbank.Side(r.Side), Type: bitbank.OrderType(r.Type),
		Status: bitbank.OrderStatus(r.Status), StartAmount: text(r.StartAmount), RemainingAmount: text(r.Remaining),
		ExecutedAmount: num1(r.Executed), AveragePrice: num1(r.AveragePrice), Price: text(r.Price), TriggerPrice: text(r.TriggerPrice),
		OrderedAt: bitbank.Millis(r.OrderedAt), ExpireAt: millis(r.ExpireAt), TriggeredAt: millis(r.TriggeredAt), CanceledAt: millis(r.CanceledAt),
	}
	o.PostOnly = r.PostOnly != nil && *r.PostOnly
	return o
}

func tradeOf(t exchange.Trade) bitbank.Trade {
	return bitbank.Trade{
		ID: bitbank.TradeID(t.TradeID), Pair: t.Pair, OrderID: bitbank.OrderID(t.OrderID), Side: bitbank.Side(t.Side),
		Type: bitbank.OrderType(t.Type), Amount: num1(t.Amount), Price: num1(t.Price), MakerTaker: t.MakerTaker,
		FeeBase: num1(t.FeeBase), FeeQuote: num1(t.FeeQuote), ExecutedAt: bitbank.Millis(t.ExecutedAt),
	}
}

// price is so many hundredths of a percent off the pair's last one, cut to its digits.
func (k *bank) price(pair string, off int) bitbank.Number {
	last := decimal.RequireFromString(k.x.Market().Ticker(pair).Last)
	digits := int32(0)
	if _, after, ok := strings.Cut(k.x.Market().Ticker(pair).Last, "."); ok {
		digits = int32(len(after))
	}
	return num1(last.Mul(decimal.New(int64(10000+off), -4)).Truncate(digits).String())
}

// quote is what the shell finds out for a barrier.
func (k *bank) quote(pair string) Quoted {
	k.reach()
	m := k.x.Market()
	st := m.State(pair)
	last := m.Ticker(pair).Last
	q := Quoted{Pair: pair, Smallest: num1("0.0001"), Last: decimal.RequireFromString(last), Calm: st.Mode == market.ModeNone && st.Status == "NORMAL" && !st.Flags.StopOrderAndCancel}
	for _, s := range m.Settings() {
		if s.Name == pair {
			q.Smallest, q.Digits = num1(s.Unit), int32(s.PriceDigits)
		}
	}
	return q
}

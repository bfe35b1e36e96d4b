package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/broker"
	"hikeshi/internal/exposure"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/secret"
	"hikeshi/internal/transfer"
)

const testToken = "5ca1ab1e00000000000000000000000000000000000000000000000000000000"

// An owner is a fake account: what its ledger says, and what was asked of it.
type owner struct {
	mu    sync.Mutex
	l     ledger.Ledger
	read  time.Time
	full  int
	low   bool // orders are refused because of it
	asked []string
	// checked is what comes of a check.
	checked  error
	reopens  *account.Reopening // bitbank is just back
	rules    []policy.Rule
	switches []lease.Lease
	// adds completes what the ledger says of what is held.
	adds func(*exposure.Input)
}

func (o *owner) View() account.View {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := account.ViewOf(&o.l, time.Now())
	v.Read, v.Trading, v.Unrecorded, v.Reopening = o.read, "open", o.full, o.reopens
	v.Policy = o.whatNow()
	if o.switches != nil {
		v.Switches = o.switches
	}
	if _, _, on := o.l.Frozen(""); on {
		v.Trading = "frozen"
	}
	if o.low {
		v.Trading = "full"
	}
	if v.Exposure.Read = o.read; o.adds != nil {
		o.adds(&v.Exposure)
	}
	return v
}

func (o *owner) Freeze(bot string, on bool, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "freeze "+bot+" "+strconv.FormatBool(on)+" "+why)
	o.l.Apply(ledger.Record{At: time.Now(), Frozen: &ledger.Frozen{Bot: bot, On: on, Why: why}})
}

func (o *owner) Manual(bot string, until time.Time, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, fmt.Sprintf("manual %s %d %s", bot, int(time.Until(until).Round(time.Minute).Minutes()), why))
	o.l.Apply(ledger.Record{At: time.Now(), Frozen: &ledger.Frozen{Bot: bot, On: true, Until: until, Why: why}})
}

func (o *owner) Decide(intent string, ours []bitbank.OrderID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, n, ok := o.l.Case(intent)
	if !ok || c.Verdict != reconcile.Ambiguous {
		return errors.New("there is nothing to decide")
	}
	o.asked = append(o.asked, "decide "+intent)
	o.l.Apply(ledger.Record{At: time.Now(), Learned: &ledger.Learned{ID: intent, N: n + 1, Fact: reconcile.Fact{At: time.Now(), Human: &reconcile.Human{Ours: ours}}}})
	return nil
}

// would is called with the lock.
func (o *owner) would(s ledger.Scope) (v account.Preview) {
	cancel, spare := o.l.Within(s)
	for _, x := range cancel {
		v.Cancel = append(v.Cancel, account.Line{Standing: account.Live, Order: x, Since: x.OrderedAt.Time()})
	}
	for _, x := range spare {
		v.Spare = append(v.Spare, account.Line{Standing: account.Live, Order: x, Since: x.OrderedAt.Time()})
	}
	return v
}

func (o *owner) WouldCancel(s ledger.Scope) account.Preview {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.would(s)
}

// CancelAll is only recorded: package account does it.
func (o *owner) CancelAll(s ledger.Scope, by, why string) (account.Plan, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, fmt.Sprintf("cancel %+v %s %s", s, by, why))
	p := ledger.Planned{ID: "plan-1", Scope: s, By: by, Why: why}
	cancel, spare := o.l.Within(s)
	for _, x := range cancel {
		p.Orders = append(p.Orders, ledger.Named{Pair: x.Pair, ID: x.ID})
	}
	for _, x := range spare {
		p.Spared = append(p.Spared, ledger.Named{Pair: x.Pair, ID: x.ID})
	}
	o.l.Apply(ledger.Record{At: time.Now(), Planned: &p})
	return account.ViewOf(&o.l, time.Now()).Plans[0], nil
}

// whatNow is called with the lock.
func (o *owner) whatNow() account.WhatNow {
	w := account.WhatNow{Armed: true}
	for k, r := range o.rules {
		x := account.RuleNow{Rule: r, Due: k == 1}
		if k > 0 {
			x.Since = time.Now().Add(-time.Minute)
		}
		x.Orders = o.would(r.Scope)
		w.Rules = append(w.Rules, x)
	}
	return w
}

func (o *owner) AnswerProposal(id string, cancel bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.l.Proposals() {
		if p.ID == id && p.How == ledger.Waits {
			o.asked = append(o.asked, fmt.Sprintf("answer %s %v", id, cancel))
			how := ledger.Refusal
			if cancel {
				how = ledger.Carried
			}
			o.l.Apply(ledger.Record{At: time.Now(), Disposed: &ledger.Disposed{ID: id, How: how, Plan: "plan-9"}})
			return nil
		}
	}
	return account.ErrAnswered
}

func (o *owner) GiveUp(plan string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "give up "+plan)
	o.l.Apply(ledger.Record{At: time.Now(), PlanEnded: &ledger.PlanEnded{ID: plan, GivenUp: true}})
}

func (o *owner) Draw(_ context.Context, x ledger.Line) (ledger.Line, error) {
	in := o.View().Exposure
	if no := exposure.Check(x, []string{"btc_jpy", "eth_jpy", "xrp_jpy"}, in); no != nil {
		return ledger.Line{}, no
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	x.ID = o.l.NextLine()
	o.l.Apply(ledger.Record{At: time.Now(), Line: &x})
	return x, nil
}

func (o *owner) Erase(_ context.Context, id int) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	there := slices.ContainsFunc(o.l.Lines(), func(x ledger.LineState) bool { return x.ID == id })
	o.l.Apply(ledger.Record{At: time.Now(), Line: &ledger.Line{ID: id, Removed: true}})
	return there, nil
}

func (o *owner) Check(context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "check")
	if o.checked == nil {
		o.read = time.Now()
	}
	return o.checked
}

func (o *owner) Expect(e ledger.Expected) (ledger.Expected, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	routes, _ := o.l.Routes()
	e, err := transfer.Complete(e, routes, time.Now())
	if err != nil {
		return e, err
	}
	e.ID = "e" + e.Asset
	o.l.Apply(ledger.Record{At: time.Now(), Expected: &e})
	return e, nil
}

func (o *owner) Unexpect(id string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.l.Expected() {
		if e.ID == id {
			e.Dropped = true
			o.l.Apply(ledger.Record{At: time.Now(), Expected: &e})
			return nil
		}
	}
	return errors.New("it is not awaited")
}

func (o *owner) apply(records ...ledger.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range records {
		o.l.Apply(r)
	}
}

func number(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

func wants(amount string) bitbank.NewOrder {
	return bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: number(amount), Price: number("9000000")}
}

// reported is an order as bitbank reports it.
func reported(id bitbank.OrderID, n bitbank.NewOrder, status bitbank.OrderStatus, executed string, at time.Time) bitbank.Order {
	o := bitbank.Order{
		ID: id, Pair: n.Pair, Side: n.Side, Type: n.Type, Status: status, StartAmount: n.Amount, Price: n.Price,
		ExecutedAmount: number(executed), AveragePrice: number("0"), OrderedAt: bitbank.Millis(at.UnixMilli()),
	}
	o.RemainingAmount = bitbank.NewNumber(n.Amount.Decimal().Sub(o.ExecutedAmount.Decimal()))
	if executed != "0" {
		o.AveragePrice = number("8999500.5")
	}
	if status.Terminal() && status != bitbank.StatusFullyFilled {
		o.CanceledAt = bitbank.Millis(at.Add(time.Second).UnixMilli())
	}
	return o
}

// lost is an order whose answer was lost, and what was learned of it: facts at so long after it was sent.
func (o *owner) lost(id, amount string, sent time.Time, facts ...reconcile.Fact) {
	n := wants(amount)
	o.apply(
		ledger.Record{At: sent, Intended: &ledger.Intended{ID: id, Bot: "grid", Order: &n, Signed: sent, Window: 2 * time.Second}},
		ledger.Record{At: sent.Add(time.Second), Answered: &ledger.Answered{ID: id}},
	)
	for i, f := range facts {
		o.apply(ledger.Record{At: f.At, Learned: &ledger.Learned{ID: id, N: i + 1, Fact: f}})
	}
}

// The facts of a case, as long after it was sent.
func fenced(sent time.Time) []reconcile.Fact {
	var out []reconcile.Fact
	for i := range 3 {
		at := sent.Add(4*time.Second + time.Duration(i)*100*time.Millisecond)
		out = append(out, reconcile.Fact{At: at, Fence: &reconcile.Fence{Signed: sent, Window: 2 * time.Second, Code: 20035}})
	}
	return out
}

func looks(sent time.Time, fresh bool, after ...time.Duration) []reconcile.Fact {
	var out []reconcile.Fact
	for _, d := range after {
		at := sent.Add(d)
		out = append(out, reconcile.Fact{At: at, Pass: &reconcile.Pass{Began: at, Fresh: fresh, Status: bitbank.StatusNormal}})
	}
	return out
}

func barrier(sent time.Time, after time.Duration) reconcile.Fact {
	at := sent.Add(after)
	return reconcile.Fact{At: at, Later: &reconcile.Later{Signed: at.Add(-500 * time.Millisecond), ID: 59593289172, Seen: at}}
}

func shows(sent time.Time, after time.Duration, orders ...bitbank.Order) reconcile.Fact {
	at := sent.Add(after)
	return reconcile.Fact{At: at, Pass: &reconcile.Pass{Began: at, Live: orders, Status: bitbank.StatusNormal}}
}

// everything is an account with an order in every standing, at every step of a proof, and everything else that pages show.
func everything(now time.Time) *owner {
	o := &owner{read: now.Add(-4 * time.Second)}
	sec := time.Second
	o.apply(ledger.Record{At: now.Add(-5 * sec), Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{
		{Asset: "btc", OnHand: number("0.42"), Free: number("0.40"), Locked: number("0.02"), Withdrawing: number("0"), Precision: 8},
		{Asset: "jpy", OnHand: number("1234567.8901"), Free: number("1000000"), Locked: number("234567.8901"), Withdrawing: number("0"), Precision: 4},
		{Asset: "xrp", OnHand: number("0"), Free: number("0"), Locked: number("0"), Withdrawing: number("0"), Precision: 6},
	}}})
	// Sent a moment ago; at the fence; looking; waiting for a barrier; with a barrier; in a gap of the stream.
	o.lost("2-1", "0.001", now.Add(-sec))
	at := now.Add(-20 * sec)
	o.lost("2-2", "0.002", at, fenced(at)[:2]...)
	o.lost("2-3", "0.003", at, append(fenced(at), looks(at, false, 5*sec, 6*sec)...)...)
	at = now.Add(-2 * time.Minute)
	o.lost("2-4", "0.004", at, append(fenced(at), looks(at, false, 5*sec, 20*sec, 50*sec)...)...)
	o.lost("2-5", "0.005", at, append(append(fenced(at), looks(at, false, 5*sec, 20*sec, 50*sec)...), barrier(at, time.Minute))...)
	o.lost("2-6", "0.006", at, append(append([]reconcile.Fact{{At: at, Gap: &reconcile.Gap{From: at}}}, fenced(at)...), looks(at, false, 5*sec, 20*sec, 50*sec)...)...)
	// Ambiguous, proved, a ghost, by Q, by the owner.
	twins := []bitbank.Order{reported(71, wants("0.01"), bitbank.StatusUnfilled, "0", at.Add(sec)), reported(72, wants("0.01"), bitbank.StatusPartiallyFilled, "0.004", at.Add(sec))}
	o.apply(ledger.Record{At: at.Add(5 * sec), Order: &twins[0]}, ledger.Record{At: at.Add(5 * sec), Order: &twins[1]})
	o.lost("2-7", "0.01", at, shows(at, 5*sec, twins...))
	proved := append(fenced(at), append([]reconcile.Fact{barrier(at, 5*sec)}, looks(at, true, 6*sec, 30*sec, 40*sec)...)...)
	o.lost("2-8", "0.02", at, proved...)
	o.lost("2-9", "0.03", at, append(slices.Clone(proved), shows(at, 70*sec, reported(73, wants("0.03"), bitbank.StatusUnfilled, "0", at.Add(sec))))...)
	long := now.Add(-20 * time.Minute)
	moved := reconcile.Fact{At: long.Add(11 * time.Minute), Moved: &reconcile.Moved{Traded: long.Add(11 * time.Minute)}}
	o.lost("2-10", "0.04", long, append(append(fenced(long), looks(long, false, 5*sec, 20*sec, 50*sec)...), append([]reconcile.Fact{moved}, looks(long, false, 12*time.Minute)...)...)...)
	o.lost("2-11", "0.05", long, shows(long, 5*sec, reported(74, wants("0.05"), bitbank.StatusUnfilled, "0", long.Add(sec)), reported(75, wants("0.05"), bitbank.StatusUnfilled, "0", long.Add(sec))),
		reconcile.Fact{At: long.Add(time.Minute), Human: &reconcile.Human{}})
	// Found after its answer was lost.
	found := reported(76, wants("0.06"), bitbank.StatusUnfilled, "0", at.Add(sec))
	o.apply(ledger.Record{At: at.Add(5 * sec), Order: &found})
	o.lost("2-12", "0.06", at, shows(at, 5*sec, found))
	// Answered at once: every way to end, and refused at every point.
	for i, end := range []struct {
		status   bitbank.OrderStatus
		executed string
	}{
		{bitbank.StatusUnfilled, "0"}, {bitbank.StatusPartiallyFilled, "0.01"}, {bitbank.StatusFullyFilled, "0.07"},
		{bitbank.StatusCanceledUnfilled, "0"}, {bitbank.StatusCanceledPartiallyFilled, "0.05"}, {bitbank.StatusRejected, "0"},
	} {
		n, id := wants("0.07"), "2-2"+strconv.Itoa(i)
		r := reported(bitbank.OrderID(80+i), n, end.status, end.executed, at)
		o.apply(
			ledger.Record{At: at, Intended: &ledger.Intended{ID: id, Bot: "grid", Order: &n, Signed: at, Window: 2 * sec}},
			ledger.Record{At: at.Add(sec), Answered: &ledger.Answered{ID: id, Orders: []bitbank.Order{r}}}, ledger.Record{At: at.Add(sec), Order: &r},
		)
	}
	for i, why := range []ledger.Refused{{Proof: bitbank.ProofCode, Code: 60001}, {Proof: bitbank.ProofCode, Code: 79999}, {Proof: bitbank.ProofNotSent}} {
		n, id := wants("0.08"), "2-3"+strconv.Itoa(i)
		o.apply(
			ledger.Record{At: at, Intended: &ledger.Intended{ID: id, Bot: "arb", Order: &n, Signed: at, Window: 2 * sec}},
			ledger.Record{At: at.Add(sec), Answered: &ledger.Answered{ID: id, Refused: &why}},
		)
	}
	// Placed by hand: a stop that waits, a margin order.
	n := bitbank.NewOrder{Pair: "eth_jpy", Side: bitbank.Sell, Type: bitbank.StopLimit, Amount: number("1.5"), Price: number("498000")}
	stop := reported(90, n, bitbank.StatusInactive, "0", at)
	stop.TriggerPrice = number("500000")
	margin := reported(91, n, bitbank.StatusUnfilled, "0", at)
	margin.PositionSide, margin.Type = bitbank.Long, bitbank.StopLoss
	// A plan that bitbank has refused in part and that names what is not kept any more, and one that goes on.
	past := []ledger.Named{{Pair: "btc_jpy", ID: 82}, {Pair: "btc_jpy", ID: 84}, {Pair: "btc_jpy", ID: 81}, {Pair: "btc_jpy", ID: 5}}
	o.apply(
		ledger.Record{At: at, Planned: &ledger.Planned{ID: "plan-8", Scope: ledger.Scope{Bot: "grid", Pair: "btc_jpy"}, By: "switch", Orders: past}},
		ledger.Record{At: at.Add(sec), PlanEnded: &ledger.PlanEnded{ID: "plan-8", Left: []ledger.Left{{Named: past[2], Code: 50010}}}},
		ledger.Record{At: at.Add(sec), Planned: &ledger.Planned{ID: "plan-9", By: "owner", Why: "odd <prices>", Lost: []string{"2-7"}, Orders: []ledger.Named{{Pair: "btc_jpy", ID: 80}}, Spared: []ledger.Named{{Pair: "eth_jpy", ID: 90}}}},
	)
	o.rules = []policy.Rule{
		{Name: "mine", When: policy.Dark, Do: policy.Keep, Scope: ledger.Scope{Pair: "xrp_jpy"}}, {Name: "grid", When: policy.Dark, After: time.Minute, Do: policy.Cancel, Scope: ledger.Scope{Bot: "grid"}},
		{Name: "rest", When: policy.Trouble, After: time.Hour, Do: policy.Ask}, {Name: "planned", When: policy.Maintenance, After: time.Minute, Do: policy.Cancel},
	}
	for k, how := range []ledger.How{ledger.Waits, ledger.Carried, ledger.Refusal, ledger.Passed} {
		id := "rest-" + strconv.Itoa(k)
		o.apply(ledger.Record{At: at, Proposed: &ledger.Proposed{ID: id, Rule: "rest", Cause: "dark", Since: at}}, ledger.Record{At: at, Disposed: &ledger.Disposed{ID: id, How: how}})
	}
	share := func(s string) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.RequireFromString(s)) }
	o.reopens = &account.Reopening{Since: at, Pairs: []account.ReopenPair{
		{Inspected: broker.Inspected{Pair: "bcc_jpy"}},
		{Inspected: broker.Inspected{Pair: "btc_jpy", Mode: bitbank.ModeNone, Status: bitbank.StatusNormal, Spread: share("0.0001"), Near: share("3")}, Gap: share("-0.051")},
		{Inspected: broker.Inspected{Pair: "eth_jpy", Mode: "CIRCUIT_BREAK", Status: bitbank.StatusNormal}},
		{Inspected: broker.Inspected{Pair: "ltc_jpy", Mode: bitbank.ModeNone, Status: "HALT", Spread: share("0.0123"), Near: share("0")}},
		{Inspected: broker.Inspected{Pair: "xrp_jpy", Mode: bitbank.ModeNone, Status: bitbank.StatusNormal, Stopped: true}},
	}}
	// With the owner's own eyes: a bot stopped, transfers on their way.
	o.apply(
		ledger.Record{At: at, Order: &stop}, ledger.Record{At: at, Order: &margin},
		ledger.Record{At: at, Frozen: &ledger.Frozen{Bot: "arb", On: true, Why: "odd <prices>"}},
		ledger.Record{At: at, Transfer: &ledger.Transfer{Deposit: &bitbank.Deposit{UUID: "d-1", Asset: "btc", Network: "BTC", Amount: number("0.5"), Status: bitbank.DepositFound, FoundAt: bitbank.Millis(at.UnixMilli())}}},
		ledger.Record{At: at, Transfer: &ledger.Transfer{Withdrawal: &bitbank.Withdrawal{UUID: "w-1", Asset: "jpy", Amount: number("100000"), Fee: number("550"), Status: bitbank.WithdrawalSending, RequestedAt: bitbank.Millis(at.UnixMilli())}}},
		ledger.Record{At: at, Transfer: &ledger.Transfer{Withdrawal: &bitbank.Withdrawal{UUID: "w-2", Asset: "xrp", Amount: number("20"), Fee: number("0.1"), Status: "HELD", RequestedAt: bitbank.Millis(at.UnixMilli())}}},
	)
	return o
}

// calmly is an account in which nothing is in doubt.
func calmly(now time.Time) *owner {
	o := &owner{read: now.Add(-4 * time.Second)}
	r := reported(1, wants("0.07"), bitbank.StatusFullyFilled, "0.07", now.Add(-time.Hour))
	o.apply(ledger.Record{At: now.Add(-time.Hour), Order: &r})
	return o
}

// guarded is a dashboard with an account, and the server behind it.
func guarded(f *fake, o *owner) (http.Handler, *server) {
	s := newServer(Options{
		Source: f, Version: "1.2.3", Addr: "127.0.0.1:8710", Log: slog.New(slog.DiscardHandler), Accounts: o,
		Token: secret.New(testToken), Bots: func() []string { return []string{"grid", "reader"} },
	})
	return s.guard(http.HandlerFunc(s.serve)), s
}

// with shows the token, as programs do.
func with(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// enter opens the link, as a browser does, and returns what shows the cookie from then on.
func enter(t *testing.T, h http.Handler) func(*http.Request) {
	t.Helper()
	r := get(t, h, "/login?token="+testToken)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/orders" || len(r.Cookies()) != 1 {
		t.Fatalf("the link answers %s to %q with %d cookies", r.Status, r.Header.Get("Location"), len(r.Cookies()))
	}
	return func(q *http.Request) { q.AddCookie(r.Cookies()[0]) }
}

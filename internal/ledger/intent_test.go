package ledger_test

import (
	"slices"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// at is some seconds after the opening.
func at(seconds int) time.Time { return opening.Add(time.Duration(seconds) * time.Second) }

func buy(amount string) bitbank.NewOrder {
	return bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(amount), Price: num("15000000")}
}

// resting is the order that came of one.
func resting(id bitbank.OrderID, n bitbank.NewOrder, seconds int) bitbank.Order {
	return bitbank.Order{
		ID: id, Pair: n.Pair, Side: n.Side, Type: n.Type, Status: bitbank.StatusUnfilled, StartAmount: n.Amount, RemainingAmount: n.Amount,
		ExecutedAmount: num("0"), Price: n.Price, OrderedAt: bitbank.Millis(at(seconds).UnixMilli()),
	}
}

func intend(seconds int, id, bot string, n bitbank.NewOrder) ledger.Record {
	return ledger.Record{At: at(seconds), Intended: &ledger.Intended{ID: id, Bot: bot, Order: &n, Signed: at(seconds), Window: 2 * time.Second}}
}

func answer(seconds int, a ledger.Answered) ledger.Record {
	return ledger.Record{At: at(seconds), Answered: &a}
}

func owe(seconds, n int, id string, d ledger.Debt) ledger.Record {
	return ledger.Record{At: at(seconds), Owed: &ledger.Owed{ID: id, N: n, Debt: d}}
}

func learn(seconds, n int, id string, f reconcile.Fact) ledger.Record {
	f.At = at(seconds)
	return ledger.Record{At: at(seconds), Learned: &ledger.Learned{ID: id, N: n, Fact: f}}
}

func ids(intents []ledger.Intent) []string {
	out := []string{}
	for _, i := range intents {
		out = append(out, i.ID)
	}
	return out
}

func want(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestALaneIsBusyUntilItsIntentIsSettled(t *testing.T) {
	n := buy("0.01")
	refused := &ledger.Refused{Proof: bitbank.ProofCode, Code: 60001}
	for _, c := range []struct {
		name string
		then []ledger.Record
		busy bool
	}{
		{"it is being sent", nil, true},
		{"its answer is lost", []ledger.Record{answer(1, ledger.Answered{ID: "a"})}, true},
		{"it is placed", []ledger.Record{answer(1, ledger.Answered{ID: "a", Orders: []bitbank.Order{resting(9, n, 0)}})}, false},
		{"it is refused", []ledger.Record{answer(1, ledger.Answered{ID: "a", Refused: refused})}, false},
		{"its answer comes late", []ledger.Record{answer(1, ledger.Answered{ID: "a"}), answer(2, ledger.Answered{ID: "a", Refused: refused})}, false},
		{"it is found", []ledger.Record{answer(1, ledger.Answered{ID: "a"}), learn(2, 1, "a", reconcile.Fact{Told: &reconcile.Told{Order: resting(9, n, 0)}})}, false},
		{"it is found after a crash", []ledger.Record{learn(2, 1, "a", reconcile.Fact{Told: &reconcile.Told{Order: resting(9, n, 0)}})}, false},
		{"two look like it", []ledger.Record{
			answer(1, ledger.Answered{ID: "a"}),
			learn(2, 1, "a", reconcile.Fact{Pass: &reconcile.Pass{Began: at(2), Live: []bitbank.Order{resting(9, n, 0), resting(10, n, 0)}}}),
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := fold(append([]ledger.Record{intend(0, "a", "maker", n)}, c.then...))
			same := n
			same.Amount, same.Price = num("0.0100"), num("1.5e7")
			if _, busy := l.Busy(ledger.LaneOf(same)); busy != c.busy {
				t.Errorf("busy %v, want %v", busy, c.busy)
			}
			if open := len(l.Open()) > 0; open != c.busy {
				t.Errorf("open %v, want %v", open, c.busy)
			}
			for _, other := range []func(*bitbank.NewOrder){
				func(o *bitbank.NewOrder) { o.Price = num("1") }, func(o *bitbank.NewOrder) { o.Amount = num("0.02") },
				func(o *bitbank.NewOrder) { o.PositionSide = bitbank.Long }, func(o *bitbank.NewOrder) { o.Side = bitbank.Sell },
			} {
				o := n
				if other(&o); !free(l, o) {
					t.Errorf("the lane of %+v is busy", o)
				}
			}
			alike := n
			alike.PostOnly = !n.PostOnly // bitbank drops it silently at times
			if got := free(l, alike); got == c.busy {
				t.Errorf("the lane is free with another post_only: %v", got)
			}
		})
	}
}

func free(l *ledger.Ledger, o bitbank.NewOrder) bool {
	_, busy := l.Busy(ledger.LaneOf(o))
	return !busy
}

// SAFETY: a naive retry never doubles, and two equal orders on purpose are both placed.
func TestAnIdenticalOrderJoinsADebtAndNothingElse(t *testing.T) {
	n := buy("0.01")
	lost := []ledger.Record{intend(0, "a", "maker", n), answer(1, ledger.Answered{ID: "a"})}
	for _, c := range []struct {
		name string
		then []ledger.Record
		bot  string
		now  int
		join bool
	}{
		{"the call is still held: another one is wanted", nil, "maker", 2, false},
		{"the bot hung up", []ledger.Record{owe(2, 1, "a", ledger.Due)}, "maker", 3, true},
		{"another bot asks", []ledger.Record{owe(2, 1, "a", ledger.Due)}, "taker", 3, false},
		{"ten minutes are nearly over", []ledger.Record{owe(2, 1, "a", ledger.Due)}, "maker", 601, true},
		{"ten minutes are over", []ledger.Record{owe(2, 1, "a", ledger.Due)}, "maker", 602, false},
		{"one has joined: one POST per debt", []ledger.Record{owe(2, 1, "a", ledger.Due), owe(3, 2, "a", ledger.Held)}, "maker", 4, false},
		{"and hung up as well", []ledger.Record{owe(2, 1, "a", ledger.Due), owe(3, 2, "a", ledger.Held), owe(4, 3, "a", ledger.Due)}, "maker", 5, true},
		{"a repeated record is none", []ledger.Record{owe(2, 1, "a", ledger.Due), owe(3, 2, "a", ledger.Held), owe(2, 1, "a", ledger.Due)}, "maker", 5, false},
		{"it was told the outcome", []ledger.Record{owe(2, 1, "a", ledger.Due), owe(3, 2, "a", ledger.Held), owe(4, 3, "a", ledger.Paid), owe(5, 4, "a", ledger.Due)}, "maker", 6, false},
		{"it is settled and the bot does not know", []ledger.Record{owe(2, 1, "a", ledger.Due), answer(3, ledger.Answered{ID: "a", Orders: []bitbank.Order{resting(9, n, 0)}})}, "maker", 5, true},
		{"we were restarted", []ledger.Record{{At: at(4), Started: &ledger.Started{N: 1}}}, "maker", 5, true},
		{"and again, after one has joined", []ledger.Record{{At: at(4), Started: &ledger.Started{N: 1}}, owe(5, 1, "a", ledger.Held), {At: at(4), Started: &ledger.Started{N: 1}}}, "maker", 6, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, join := fold(append(slices.Clone(lost), c.then...)).Owing(c.bot, n, at(c.now))
			if join != c.join || join && i.ID != "a" {
				t.Errorf("joins %v %q, want %v", join, i.ID, c.join)
			}
		})
	}
	l := fold([]ledger.Record{intend(0, "a", "maker", n), intend(1, "b", "maker", n), owe(2, 1, "b", ledger.Due), owe(3, 1, "a", ledger.Due)})
	if i, _ := l.Owing("maker", n, at(4)); i.ID != "a" {
		t.Errorf("the oldest debt is %q, want a", i.ID)
	}
	done := answer(2, ledger.Answered{ID: "a", Orders: []bitbank.Order{resting(9, n, 0)}})
	l = fold([]ledger.Record{intend(0, "a", "maker", n), intend(1, "b", "maker", n), done, {At: at(3), Started: &ledger.Started{N: 1}}})
	if i, _ := l.Owing("maker", n, at(4)); i.ID != "b" {
		t.Errorf("%q is joined, want b: of a the bot was perhaps told before the restart", i.ID)
	}
	l.Apply(owe(5, 1, "b", ledger.Held))
	if i, join := l.Owing("maker", n, at(6)); !join || i.ID != "a" {
		t.Errorf("%q is joined, want a: perhaps the bot was not told", i.ID)
	}
}

func TestALostOrderThatIsFoundIsItsBots(t *testing.T) {
	n := buy("0.01")
	l := fold([]ledger.Record{intend(0, "a", "maker", n), answer(1, ledger.Answered{ID: "a", Code: 10007})})
	o := resting(9, n, 0)
	l.Apply(ledger.Record{At: at(2), Order: &o})
	if got := l.Strange(); len(got) != 1 || got[0].ID != 9 {
		t.Fatalf("strange are %v, want order 9", got)
	}
	l.Apply(learn(3, 1, "a", reconcile.Fact{Told: &reconcile.Told{Order: o}}))
	i, _ := l.Intent("a")
	if i.Case == nil || i.Case.Verdict != reconcile.Placed || i.Code != 10007 || i.Facts != 1 {
		t.Errorf("the intent is %+v", i)
	}
	if _, by, _ := l.Order("btc_jpy", 9); by != (ledger.Origin{By: ledger.Bot, Bot: "maker", Intent: "a"}) {
		t.Errorf("the order is of %+v", by)
	}
	l.Apply(ledger.Record{At: at(1), Attributed: &ledger.Attributed{Pair: "btc_jpy", Order: 9, Origin: ledger.Origin{By: ledger.Human}}})
	if _, by, _ := l.Order("btc_jpy", 9); by.By != ledger.Human {
		t.Errorf("the order is of %+v, although its owner said that it is his own", by)
	}
}

// Facts are counted: a fence that is read once and told three times is read once.
func TestAFactCountsOnce(t *testing.T) {
	l := fold([]ledger.Record{intend(0, "a", "maker", buy("0.01")), answer(1, ledger.Answered{ID: "a"})})
	f := reconcile.Fact{Fence: &reconcile.Fence{Signed: at(0), Window: 2 * time.Second, Code: 20035}}
	for range 3 {
		l.Apply(learn(4, 1, "a", f))
	}
	if i, _ := l.Intent("a"); i.Case.Fences != 1 || !i.Case.FencedAt.IsZero() {
		t.Errorf("%d fences, fenced at %v", i.Case.Fences, i.Case.FencedAt)
	}
}

func TestACancelIsOpenUntilItsOrdersAreOver(t *testing.T) {
	n := buy("0.01")
	one, two := resting(1, n, 0), resting(2, n, 0)
	l := fold([]ledger.Record{
		{At: at(1), Order: &one}, {At: at(1), Order: &two},
		{At: at(2), Intended: &ledger.Intended{ID: "c", Bot: "maker", Cancel: &ledger.Cancel{Pair: "btc_jpy", IDs: []bitbank.OrderID{1, 2}}, Signed: at(2), Window: time.Second}},
		answer(3, ledger.Answered{ID: "c"}),
	})
	one.Status = bitbank.StatusCanceledUnfilled
	l.Apply(ledger.Record{At: at(4), Order: &one})
	want(t, "one is over", ids(l.Open()), []string{"c"})
	two.Status = bitbank.StatusFullyFilled
	l.Apply(ledger.Record{At: at(5), Order: &two})
	want(t, "both are over", ids(l.Open()), []string{})
}

// What a lost order could be mistaken for is known before it is sent.
func TestTheBaselineHoldsWhatLooksTheSame(t *testing.T) {
	n := buy("0.01")
	var records []ledger.Record
	add := func(seconds int, id bitbank.OrderID, change func(*bitbank.Order)) {
		o := resting(id, n, seconds)
		change(&o)
		records = append(records, ledger.Record{At: at(seconds), Order: &o})
	}
	add(0, 1, func(*bitbank.Order) {})
	add(0, 2, func(o *bitbank.Order) { o.Price = num("14999999") })
	add(0, 3, func(o *bitbank.Order) { o.Status = bitbank.StatusFullyFilled })
	add(90, 4, func(o *bitbank.Order) { o.Status = bitbank.StatusFullyFilled })
	add(90, 5, func(o *bitbank.Order) { o.StartAmount = num("0.0100") })
	add(90, 6, func(o *bitbank.Order) { o.Price, o.Side = bitbank.Number{}, "" }) // the stream may say so little
	add(90, 7, func(o *bitbank.Order) { o.Pair = "eth_jpy" })
	add(90, 8, func(o *bitbank.Order) { o.PostOnly = true })
	if got := fold(records).Baseline(n, at(100)); !slices.Equal(got, []bitbank.OrderID{1, 4, 5, 6, 8}) {
		t.Errorf("the baseline is %v", got)
	}
}

package account

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// told yields records, and an error at last if there is one.
func told(records []ledger.Record, err error) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(ledger.Record{}, err)
		}
	}
}

// short is a history as "standing id-or-intent bot trades", newest first.
func short(h History) string {
	var out []string
	for _, o := range h.Orders {
		name := o.Intent
		if o.Order.ID != 0 {
			name = fmt.Sprint(o.Order.ID)
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Standing, name, o.Bot))+strings.Repeat("+", len(o.Trades)))
	}
	return strings.Join(out, ", ")
}

func TestOrdersOfThePast(t *testing.T) {
	at := func(day int) time.Time { return noon.AddDate(0, 0, -day) }
	order := func(id bitbank.OrderID, day int, s bitbank.OrderStatus) bitbank.Order {
		return bitbank.Order{ID: id, Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Status: s, StartAmount: num(t, "1"), RemainingAmount: num(t, "0"), ExecutedAmount: num(t, "1"), OrderedAt: millis(at(day))}
	}
	of := func(pair string, tr bitbank.Trade) bitbank.Trade { tr.Pair = pair; return tr }
	lost := bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "2"), Price: num(t, "100")}
	found := wanted(lost)
	found.ID, found.Status, found.OrderedAt = 91, bitbank.StatusUnfilled, millis(at(2))
	records := []ledger.Record{
		{At: at(3), Started: &ledger.Started{N: 1}},
		{At: at(3), Order: new(order(70, 20, bitbank.StatusUnfilled))}, // ordered long ago, filled yesterday
		{At: at(2), Intended: &ledger.Intended{ID: "i-1", Bot: "grid", Order: &lost, Signed: at(2), Window: time.Second}},
		{At: at(2), Answered: &ledger.Answered{ID: "i-1"}},
		{At: at(2), Intended: &ledger.Intended{ID: "i-2", Bot: "grid", Order: new(lost), Signed: at(2).Add(time.Minute), Window: time.Second}},
		{At: at(2), Answered: &ledger.Answered{ID: "i-2", Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: 60001}}},
		{At: at(2), Order: new(order(90, 2, bitbank.StatusUnfilled))},
		{At: at(2), Order: &found},
		{At: at(2), Learned: &ledger.Learned{ID: "i-1", N: 1, Fact: reconcile.Fact{At: at(2), Told: &reconcile.Told{Order: found}}}},
		{At: at(1), Traded: new(trade(t, 1, 70, at(1)))},
		{At: at(1), Order: new(order(70, 20, bitbank.StatusFullyFilled))},
		{At: at(1), Imported: &ledger.Imported{
			Kind: ledger.Trades, From: at(120), To: at(3),
			Trades: []bitbank.Trade{trade(t, 2, 50, at(110)), trade(t, 3, 50, at(110)), of("xrp_jpy", trade(t, 2, 51, at(100))), trade(t, 4, 60, at(50))},
			Orders: []bitbank.Order{order(60, 50, bitbank.StatusFullyFilled)},
		}},
		{At: at(1), Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: at(3), To: at(2)}},
		{At: at(0), Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: at(1), To: at(0)}},
	}
	for _, c := range []struct {
		name         string
		since, until int
		pair, want   string
		holes        int
	}{
		{"an outage three months ago", 112, 90, "", "traded 51+, traded 50++", 0},
		{"of one pair", 112, 90, "xrp_jpy", "traded 51+", 0},
		{"what bitbank still knew", 60, 40, "", "filled 60+", 0},
		{"what came through the gateway", 3, 1, "", "refused i-2 grid, live 91 grid, live 90", 1},
		{"an order that filled long after it was placed", 1, 0, "", "filled 70+", 0},
		{"before everything", 200, 130, "", "", 1},
		{"all", 200, -1, "", "refused i-2 grid, live 91 grid, live 90, filled 70+, filled 60+, traded 51+, traded 50++", 2},
	} {
		h, err := HistoryOf(told(records, nil), Query{at(c.since), at(c.until), c.pair}, noon)
		if err != nil || short(h) != c.want || len(h.Holes) != c.holes {
			t.Errorf("%s: %q with the holes %v, %v\nwant %q", c.name, short(h), h.Holes, err, c.want)
		}
		if !h.Followed.Equal(at(3)) {
			t.Errorf("followed since %v", h.Followed)
		}
	}
	if _, err := HistoryOf(told(records, errors.ErrUnsupported), Query{at(9), at(0), ""}, noon); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a journal that cannot be read gives %v", err)
	}
	h, _ := HistoryOf(told(records, nil), Query{at(112), at(105), ""}, noon)
	if o := h.Orders[0].Order; o.ExecutedAmount.String() != "1" || o.AveragePrice.String() != "100" {
		t.Errorf("trades alone come to %+v", o)
	}
}

// More orders than the ledger keeps: the journal has them all.
func TestThePastIsLongerThanTheLedger(t *testing.T) {
	const many = 30_000
	start := noon.AddDate(0, -1, 0)
	h, err := HistoryOf(func(yield func(ledger.Record, error) bool) {
		for k := range many {
			at := start.Add(time.Duration(k) * time.Minute)
			o := bitbank.Order{ID: bitbank.OrderID(k + 1), Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Limit, Status: bitbank.StatusFullyFilled, StartAmount: num(t, "1"), RemainingAmount: num(t, "0"), OrderedAt: millis(at)}
			if !yield(ledger.Record{At: at, Traded: new(trade(t, bitbank.TradeID(k+1), o.ID, at))}, nil) || !yield(ledger.Record{At: at, Order: &o}, nil) {
				return
			}
		}
	}, Query{start, noon, ""}, noon)
	if err != nil || len(h.Orders) != many {
		t.Fatalf("%d orders: %v", len(h.Orders), err)
	}
	if slices.ContainsFunc(h.Orders, func(o PastOrder) bool { return len(o.Trades) != 1 || o.Standing != Filled }) {
		t.Error("an order lacks its trade or how it ended")
	}
}

// What an imported past says is listed, and where it has holes is said.
func TestAnImportedPastIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s, d := newArchive(t, 900, 120), &disk{}
		s.follow(t, d, freeLimiter(t), 20*time.Minute)
		since, until := time.Now().AddDate(0, 0, -100), time.Now().AddDate(0, 0, -20)
		h, err := HistoryOf(RecordsOf(d.all), Query{since, until, "xrp_jpy"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want, got, alone := 0, 0, 0
		for _, x := range s.trades {
			if at := x.ExecutedAt.Time(); x.Pair == "xrp_jpy" && !at.Before(since) && at.Before(until) {
				want++
			}
		}
		for _, o := range h.Orders {
			if got += len(o.Trades); o.Standing == Traded {
				alone++
			}
		}
		moved := 0
		for _, d := range s.coins {
			if at := d.FoundAt.Time(); !at.Before(since) && at.Before(until) {
				moved++
			}
		}
		if len(h.Transfers) != moved || moved == 0 {
			t.Errorf("%d transfers, want %d", len(h.Transfers), moved)
		}
		if got != want || want == 0 || alone == 0 || alone == len(h.Orders) || len(h.Holes) != 0 {
			t.Errorf("%d trades of %d, %d orders of %d are not known themselves, holes %v", got, want, alone, len(h.Orders), h.Holes)
		}
	})
}

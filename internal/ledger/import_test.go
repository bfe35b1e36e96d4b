package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

const day = 24 * time.Hour

// past is what bitbank's histories tell of the time from 90 days to two days before the opening, in slices.
func past(rng *rand.Rand, slicesOf, each int) []ledger.Record {
	var out []ledger.Record
	for s := range slicesOf {
		to := opening.Add(-2*day - time.Duration(s)*day)
		i := ledger.Imported{Kind: ledger.Trades, From: to.Add(-day), To: to}
		for k := range each {
			at := bitbank.Millis(i.From.Add(time.Duration(rng.Int64N(int64(day)))).UnixMilli())
			id := s*each + k + 1
			pair, side := pick(rng, "btc_jpy", "xrp_jpy", "doge_jpy"), pick(rng, bitbank.Buy, bitbank.Sell)
			i.Trades = append(i.Trades, bitbank.Trade{
				ID: bitbank.TradeID(id), Pair: pair, OrderID: bitbank.OrderID(id), Side: side, Type: bitbank.Limit,
				Amount: num("0.5"), Price: num("301.5"), FeeBase: num("0"), FeeQuote: num("-0.1"), ExecutedAt: at,
			})
			if rng.IntN(3) == 0 {
				continue // bitbank has forgotten the order
			}
			o := bitbank.Order{
				ID: bitbank.OrderID(id), Pair: pair, Side: side, Type: bitbank.Limit, Status: bitbank.StatusFullyFilled, StartAmount: num("0.5"),
				RemainingAmount: num("0"), ExecutedAmount: num("0.5"), AveragePrice: num("301.5"), Price: num("301.5"), OrderedAt: at - 5000,
			}
			if rng.IntN(3) == 0 {
				o.Status, o.StartAmount, o.RemainingAmount, o.CanceledAt = bitbank.StatusCanceledPartiallyFilled, num("0.8"), num("0.3"), at+9000
			}
			i.Orders = append(i.Orders, o)
		}
		out = append(out, ledger.Record{Imported: &i})
		d := ledger.Imported{Kind: ledger.Listed(ledger.Deposits, pick(rng, "", "jpy")), From: i.From, To: i.To, First: s == slicesOf-1}
		found := bitbank.Millis(d.From.Add(-9 * day).UnixMilli())
		d.Transfers = []ledger.Transfer{
			{Deposit: &bitbank.Deposit{UUID: fmt.Sprint("old d", s), Asset: pick(rng, "jpy", "btc"), Amount: num("7"), Status: bitbank.DepositDone, FoundAt: found, ConfirmedAt: found + 1000}},
			{Withdrawal: &bitbank.Withdrawal{UUID: fmt.Sprint("old w", s), Asset: pick(rng, "jpy", "btc"), Amount: num("3"), Fee: num("0.1"), Status: bitbank.WithdrawalDone, RequestedAt: found}},
		}
		out = append(out, ledger.Record{Imported: &d})
	}
	return out
}

// Whatever is imported of the past and whenever: the money of today, what an order could be mistaken for, and what lives are as if
// nothing had been.
func TestAnOldHistoryThatComesLateChangesNothingOfToday(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := begin(t, rapid.Uint64().Draw(rt, "seed"))
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			l.step()
		}
		l.pass(time.Duration(rapid.IntRange(0, 6000).Draw(rt, "pause")) * time.Millisecond)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "past"), 0))
		plain, mixed := fold(l.records), slices.Clone(l.records)
		for _, r := range past(rng, rapid.IntRange(1, 20).Draw(rt, "slices"), 20) {
			at := rng.IntN(len(mixed))
			r.At = mixed[at].At
			mixed = slices.Insert(mixed, at+1, r)
		}
		with := fold(mixed)
		since := l.records[rng.IntN(len(l.records))].At
		for _, row := range l.rows() {
			look := ledger.Look{Row: row, At: l.now, Since: since}
			want, got := plain.Unexplained(look, l.rates), with.Unexplained(look, l.rates)
			if got.Moved.Before(opening) {
				got.Moved = want.Moved // it only ever rises, and counts while it is young
			}
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("with the past: %+v\nwithout: %+v", got, want)
			}
			w, g := plain.Explain(look, l.rates).Moment(since, 5*time.Second), with.Explain(look, l.rates).Moment(since, 5*time.Second)
			if w != g {
				rt.Fatalf("%s: explained by a moment %v, without the past %v", row.Asset, g, w)
			}
		}
		if len(l.places) > 0 {
			n := l.places[rng.IntN(len(l.places))].order
			of := bitbank.NewOrder{Pair: n.Pair, Side: n.Side, Type: n.Type, Amount: n.StartAmount, Price: n.Price}
			if want, got := plain.Baseline(of, l.now), with.Baseline(of, l.now); !slices.Equal(got, want) {
				rt.Fatalf("an order could be mistaken for %v, without the past for %v", got, want)
			}
		}
		if want, got := plain.Live(), with.Live(); !reflect.DeepEqual(got, want) {
			rt.Fatalf("%d orders live, want %d", len(got), len(want))
		}
		want, _ := plain.Fills(opening.Add(-day), l.now)
		if got, _ := with.Fills(opening.Add(-day), l.now); !slices.Equal(got, want) {
			rt.Fatalf("%d fills, want %d", len(got), len(want))
		}
	})
}

// Slices come in any order, several times, and before or after the stream's reports of the same.
func TestTheOrderOfSlicesChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		records := past(rng, 6, 10)
		for _, r := range records {
			for _, o := range r.Imported.Orders {
				if rng.IntN(3) == 0 {
					records = append(records, ledger.Record{Order: &o})
				}
			}
		}
		for k := range records {
			records[k].At = at(k)
		}
		want := text(t, fold(records))
		again := append(slices.Clone(records), records[:rng.IntN(len(records))]...)
		rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := text(t, fold(again)); got != want {
			rt.Fatalf("in another order: %s", apart(got, want))
		}
	})
}

// An account with a hundred thousand old trades keeps all of today's.
func TestALongPastDoesNotPushOutToday(t *testing.T) {
	l := &ledger.Ledger{}
	for k := range 3_000 {
		n := buy("0.01")
		o := resting(bitbank.OrderID(10_000_000+k), n, k)
		o.Status, o.RemainingAmount, o.ExecutedAmount = bitbank.StatusFullyFilled, num("0"), n.Amount
		l.Apply(ledger.Record{At: at(k), Order: &o})
		l.Apply(ledger.Record{At: at(k), Traded: &bitbank.Trade{ID: bitbank.TradeID(10_000_000 + k), Pair: n.Pair, OrderID: o.ID, Side: n.Side, Amount: n.Amount, Price: n.Price, ExecutedAt: o.OrderedAt}})
	}
	l.Apply(ledger.Record{At: at(3_000), Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: at(0), To: at(3_000)}})
	for _, r := range past(rand.New(rand.NewPCG(1, 1)), 80, 1_250) {
		r.At = at(3_001)
		l.Apply(r)
	}
	if fills, whole := l.Fills(at(0), at(3_000)); len(fills) != 3_000 || !whole {
		t.Errorf("%d fills of today are kept, whole %v", len(fills), whole)
	}
	kept := 0
	for _, o := range l.Finished() {
		if o.ID >= 10_000_000 {
			kept++
		}
	}
	if kept != 3_000 {
		t.Errorf("%d finished orders of today are kept", kept)
	}
}

func TestHolesAreWhatWasNotRead(t *testing.T) {
	l := &ledger.Ledger{}
	for _, s := range [][2]int{{10, 20}, {30, 40}} {
		l.Apply(ledger.Record{At: at(50), Imported: &ledger.Imported{Kind: ledger.Trades, From: at(s[0]), To: at(s[1]), First: s[0] == 10}})
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{{0, 50, "[0-10 20-30 40-50]"}, {12, 18, "[]"}, {12, 35, "[20-30]"}, {22, 25, "[22-25]"}, {41, 42, "[41-42]"}, {0, 5, "[0-5]"}, {10, 20, "[]"}} {
		var got []string
		for _, h := range l.Holes(ledger.Trades, at(c.from), at(c.to)) {
			got = append(got, fmt.Sprintf("%d-%d", int(h.From.Sub(opening).Seconds()), int(h.To.Sub(opening).Seconds())))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("from %d to %d: %v, want %s", c.from, c.to, got, c.want)
		}
	}
	if !l.CoveredFrom(ledger.Trades).Equal(at(30)) || !l.First(ledger.Trades).Equal(at(10)) || !l.First(ledger.Deposits).IsZero() {
		t.Errorf("covered from %v, first %v", l.CoveredFrom(ledger.Trades), l.First(ledger.Trades))
	}
}

// A transfer that was over when it was first heard of ended long ago when it began long ago; one that was seen under way ended when
// we saw it.
func TestAnOldTransferIsNotARecentChange(t *testing.T) {
	for _, c := range []struct {
		name      string
		began     time.Duration // before the first read
		under     bool
		explained bool
	}{
		{"over for long", 30 * day, false, true},
		{"found yesterday, may have ended just now", day, false, false},
		{"under way for long, and seen so", 30 * day, true, false},
	} {
		d := bitbank.Deposit{UUID: "d", Asset: "btc", Amount: num("1"), Status: bitbank.DepositConfirmed, FoundAt: bitbank.Millis(at(0).Add(-c.began).UnixMilli())}
		row := []bitbank.AssetUpdate{{Asset: "btc", OnHand: num("5"), Locked: num("0")}}
		l := &ledger.Ledger{}
		if c.under {
			l.Apply(ledger.Record{At: at(-10), Transfer: &ledger.Transfer{Deposit: new(d)}})
		}
		l.Apply(ledger.Record{At: at(0), Balance: &ledger.Balance{Rows: row}})
		d.Status = bitbank.DepositDone
		l.Apply(ledger.Record{At: at(100), Imported: &ledger.Imported{Kind: ledger.Deposits, From: at(-1), To: at(0), Transfers: []ledger.Transfer{{Deposit: &d}}}})
		got := l.Unexplained(ledger.Look{Row: row[0], At: at(200), Since: at(10)}, ledger.Rates{})
		if got.Explained() != c.explained {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestBreaksAreKeptForADayAfterTheirEnd(t *testing.T) {
	l := &ledger.Ledger{}
	broke := func(seconds int, id string, over bool) {
		b := ledger.Break{ID: id, Kind: ledger.Missing, Since: at(seconds), Found: at(seconds)}
		if over {
			b.Over = at(seconds)
		}
		l.Apply(ledger.Record{At: at(seconds), Broke: &b})
	}
	broke(0, "a", false)
	broke(1, "b", true)
	broke(2, "c", true)
	broke(3, "c", false) // it is back
	var got []string
	for _, b := range l.Breaks() {
		got = append(got, b.ID)
	}
	if fmt.Sprint(got) != "[c a b]" {
		t.Errorf("breaks are %v", got)
	}
	l.Apply(ledger.Record{At: at(90_000), Started: &ledger.Started{N: 1}})
	written := text(t, l)
	again := as[*ledger.Ledger](t, l)
	if got := text(t, again); got != written {
		t.Errorf("reads back as %s", apart(got, written))
	}
	if _, kept := l.Break("b"); kept || len(l.Breaks()) != 2 {
		t.Errorf("a day later: %v", l.Breaks())
	}
}

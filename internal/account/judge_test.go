package account

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func millis(at time.Time) bitbank.Millis { return bitbank.Millis(at.UnixMilli()) }

func trade(t testing.TB, id bitbank.TradeID, order bitbank.OrderID, at time.Time) bitbank.Trade {
	return bitbank.Trade{
		ID: id, Pair: "btc_jpy", OrderID: order, Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(t, "0.5"), Price: num(t, "100"),
		FeeBase: num(t, "0"), FeeQuote: num(t, "0.1"), ExecutedAt: millis(at),
	}
}

func TestWhyAFillWasNotSeen(t *testing.T) {
	running := judge{start: noon.Add(-time.Hour), known: true, stream: true, read: noon.Add(-time.Minute)}
	cut := running
	cut.cut(noon.Add(-30*time.Minute), time.Time{})
	cut.cut(noon.Add(-31*time.Minute), noon.Add(-20*time.Minute))
	alone := judge{start: noon.Add(-time.Hour), known: true, read: noon.Add(-10 * time.Minute)}
	often := judge{start: noon.Add(-time.Hour), known: true, read: noon.Add(-time.Minute)}
	fresh := judge{start: noon.Add(-time.Hour), stream: true}
	for _, c := range []struct {
		name string
		j    judge
		ago  time.Duration
		want string
	}{
		{"before this run", running, 2 * time.Hour, "off"},
		{"before the first run ever", fresh, 2 * time.Hour, ""},
		{"while the stream was cut", cut, 25 * time.Minute, "gap"},
		{"before the cut was noticed", cut, 1840 * time.Second, "gap"},
		{"after the cut", cut, 10 * time.Minute, "untold"},
		{"with a stream that says nothing", running, time.Minute, "untold"},
		{"so lately that the stream may still tell", running, 3 * time.Second, ""},
		{"without a stream, read every minute", often, 50 * time.Second, ""},
		{"without a stream, not read for long", alone, 5 * time.Minute, "unread"},
	} {
		got := ""
		for _, b := range c.j.missed(&ledger.Ledger{}, reading{began: noon, fills: []bitbank.Trade{trade(t, 1, 7, noon.Add(-c.ago))}}, ledger.Rates{}) {
			got += string(b.Cause)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := running.missed(&ledger.Ledger{}, reading{began: noon, first: true, fills: []bitbank.Trade{trade(t, 1, 7, noon.Add(-time.Minute))}}, ledger.Rates{}); got != nil {
		t.Errorf("the first read ever has missed %+v", got)
	}
}

func TestFillsOfOneOrderAreCountedTogether(t *testing.T) {
	j, l := judge{start: noon.Add(-time.Hour), known: true, stream: true}, &ledger.Ledger{}
	for k, of := range [][]bitbank.Trade{
		{trade(t, 1, 7, noon.Add(-10*time.Minute)), trade(t, 2, 7, noon.Add(-9*time.Minute)), trade(t, 3, 8, noon.Add(-8*time.Minute))},
		{trade(t, 4, 7, noon.Add(-5*time.Minute))},
	} {
		for _, b := range j.missed(l, reading{began: noon.Add(time.Duration(k) * time.Minute), fills: of}, ledger.Rates{}) {
			l.Apply(ledger.Record{At: noon, Broke: &b})
		}
	}
	b, ok := l.Break("filled btc_jpy/7")
	if !ok || len(l.Breaks()) != 2 {
		t.Fatalf("breaks are %+v", l.Breaks())
	}
	if b.Fills.N != 3 || b.Fills.Amount.String() != "1.5" || b.Fills.Value.String() != "150" || !b.Since.Equal(noon.Add(-10*time.Minute)) || !b.Fills.Last.Equal(noon.Add(-5*time.Minute)) {
		t.Errorf("it is %+v", b)
	}
	if m := b.Money; len(m) != 2 || m[0].OnHand.String() != "1.5" || m[1].OnHand.String() != "-150.3" {
		t.Errorf("it comes to %+v", m)
	}
}

func TestAnOrderThatBitbankDoesNotKnowIsMissingWhenItStaysSo(t *testing.T) {
	j, l := judge{start: noon.Add(-time.Hour), known: true}, &ledger.Ledger{}
	o := bitbank.Order{ID: 7, Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Limit, Status: bitbank.StatusUnfilled, StartAmount: num(t, "2"), RemainingAmount: num(t, "2"), ExecutedAmount: num(t, "0"), OrderedAt: millis(noon.Add(-time.Hour))}
	l.Apply(ledger.Record{At: noon, Order: &o})
	for _, c := range []struct {
		after   time.Duration
		missing bool
		want    string
	}{
		{0, true, "[]"}, {20 * time.Second, true, "[]"}, {30 * time.Second, false, "[]"}, {40 * time.Second, true, "[]"},
		{60 * time.Second, true, "[]"}, {80 * time.Second, true, "[missing btc_jpy/7 2]"}, {100 * time.Second, true, "[missing btc_jpy/7 2]"}, {2 * time.Minute, false, "[]"},
	} {
		r := reading{began: noon.Add(c.after)}
		if c.missing {
			r.missing = []bitbank.Order{o}
		}
		got := []string{}
		for _, b := range j.standing(l, r, ledger.Rates{}) {
			got = append(got, fmt.Sprint(b.ID, " ", b.Money[0].Locked))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("after %v: %v, want %s", c.after, got, c.want)
		}
		open := j.open(nil, j.standing(l, r, ledger.Rates{}))
		if want := c.missing && len(got) == 0; slices.Contains(open, "btc_jpy/7") != want {
			t.Errorf("after %v %v are not decided", c.after, open)
		}
	}
}

func TestWhatStandsTooLong(t *testing.T) {
	l, j := &ledger.Ledger{}, judge{start: noon.Add(-time.Hour)}
	for id, days := range map[bitbank.OrderID]int{1: 89, 2: 91} {
		o := bitbank.Order{ID: id, Pair: "btc_jpy", Side: bitbank.Sell, Status: bitbank.StatusUnfilled, StartAmount: num(t, "2"), RemainingAmount: num(t, "2"), OrderedAt: millis(noon.Add(-time.Duration(days) * 24 * time.Hour))}
		l.Apply(ledger.Record{At: noon, Order: &o})
	}
	for k, s := range []struct {
		status string
		hours  float64
	}{{"FOUND", 2}, {"FOUND", 4}, {"CONFIRMED", 1}, {"DONE", 99}, {"SOMETHING", 23}, {"SOMETHING", 25}} {
		at := noon.Add(-time.Duration(s.hours * float64(time.Hour)))
		l.Apply(ledger.Record{At: at, Transfer: &ledger.Transfer{Deposit: &bitbank.Deposit{UUID: fmt.Sprint(k), Asset: "btc", Amount: num(t, "1"), Status: bitbank.DepositStatus(s.status), FoundAt: millis(at)}}})
	}
	for k, s := range []struct {
		status bitbank.WithdrawalStatus
		hours  float64
	}{{bitbank.WithdrawalConfirming, 2}, {bitbank.WithdrawalExamining, 20}, {bitbank.WithdrawalExamining, 25}, {bitbank.WithdrawalSending, 7}, {bitbank.WithdrawalConfirmTimeout, 99}} {
		at := noon.Add(-time.Duration(s.hours * float64(time.Hour)))
		l.Apply(ledger.Record{At: at, Transfer: &ledger.Transfer{Withdrawal: &bitbank.Withdrawal{UUID: fmt.Sprint(k), Asset: "btc", Amount: num(t, "1"), Fee: num(t, "0.1"), Status: s.status, RequestedAt: millis(at)}}})
	}
	l.Apply(ledger.Record{At: noon, Waiting: &ledger.Waiting{}})
	var got []string
	for _, b := range j.standing(l, reading{began: noon}, ledger.Rates{}) {
		got = append(got, b.ID)
	}
	slices.Sort(got)
	if want := "[aged btc_jpy/2 stuck in 1 stuck in 2 stuck in 5 stuck out 0 stuck out 2 stuck out 3]"; fmt.Sprint(got) != want {
		t.Errorf("too long stand %v, want %s", got, want)
	}
}

// What is recorded of a difference that stands: its beginning, its changes, and its end.
func TestADifferenceIsRecordedWhenItChanges(t *testing.T) {
	l := &ledger.Ledger{}
	money := func(amount string) ledger.Break {
		return ledger.Break{ID: unaccounted("jpy"), Kind: ledger.Unaccounted, Since: noon, Found: noon, Money: []ledger.Money{{Asset: "jpy", OnHand: num(t, amount).Decimal()}}}
	}
	for _, c := range []struct {
		name    string
		after   time.Duration
		stand   []ledger.Break
		unsure  bool
		records int
	}{
		{"it begins", 0, []ledger.Break{money("5")}, false, 1},
		{"it stays", time.Minute, []ledger.Break{money("5")}, false, 0},
		{"it grows", 2 * time.Minute, []ledger.Break{money("6")}, false, 1},
		{"nothing can be said", 3 * time.Minute, nil, true, 0},
		{"it ends", 4 * time.Minute, nil, false, 1},
		{"it has ended", 5 * time.Minute, nil, false, 0},
		{"it is back", 6 * time.Minute, []ledger.Break{money("5")}, false, 1},
		{"it is taken as it is", 25 * time.Hour, nil, false, 1},
	} {
		at := noon.Add(c.after)
		for k := range c.stand {
			c.stand[k].Found = at
		}
		records := news(l, c.stand, map[string]bool{unaccounted("jpy"): c.unsure}, at)
		if len(records) != c.records {
			t.Errorf("%s: %d records, want %d", c.name, len(records), c.records)
		}
		for _, r := range records {
			r.At = at
			l.Apply(r)
		}
	}
	if b, _ := l.Break(unaccounted("jpy")); !b.Taken || b.Over.IsZero() {
		t.Errorf("in the end it is %+v", b)
	}
}

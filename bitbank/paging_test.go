package bitbank_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// trade is a row of the history.
func trade(pair string, id, at int64) string {
	return fmt.Sprintf(`{"trade_id":%d,"pair":%q,"order_id":1,"side":"buy","type":"limit","amount":"1","price":"1","executed_at":%d}`, id, pair, at)
}

func tradesBody(rows ...string) string {
	return `{"success":1,"data":{"trades":[` + strings.Join(rows, ",") + `]}}`
}

// collect goes through all pages and names what came, which has to be in the order of time.
func collect(c *bitbank.Client, t *testing.T, q bitbank.TradeQuery, pages int) (got []string, err error) {
	t.Helper()
	var last bitbank.Millis
	for trade, e := range c.AllTrades(t.Context(), q, pages) {
		if e != nil {
			err = e
			continue
		}
		if trade.ExecutedAt < last {
			t.Errorf("%+v comes late", trade)
		}
		last = trade.ExecutedAt
		got = append(got, fmt.Sprint(trade.Pair, " ", trade.ID))
	}
	return got, err
}

// However trades fall on times and pairs, and however long a page is: each comes once, in order, or an error says that
// it cannot be done.
func TestAllTradesComeOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type row struct {
			pair   string
			id, at int64
		}
		rows := rapid.SliceOfNDistinct(rapid.Custom(func(r *rapid.T) row {
			return row{rapid.SampledFrom([]string{"btc_jpy", "xrp_jpy"}).Draw(r, "pair"), rapid.Int64Range(1, 30).Draw(r, "id"), 1000 + rapid.Int64Range(0, 12).Draw(r, "at")}
		}), 0, 25, func(x row) string { return fmt.Sprint(x.pair, x.id) }).Draw(r, "rows")
		count := rapid.IntRange(1, 30).Draw(r, "count")
		slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
		var wire, want []string
		crowd := map[int64]int{}
		for _, x := range rows {
			wire = append(wire, trade(x.pair, x.id, x.at))
			want = append(want, fmt.Sprint(x.pair, " ", x.id))
			crowd[x.at]++
		}
		synctest.Test(t, func(t *testing.T) {
			fake, c := virtual(t, bitbank.Options{})
			fake.Answer("/v1/user/spot/trade_history", tradesBody(wire...))
			got, err := collect(c, t, bitbank.TradeQuery{Count: count}, 0)
			most := 0 // trades within two milliseconds next to each other
			for at, n := range crowd {
				most = max(most, n+crowd[at-1])
			}
			slices.Sort(got)
			slices.Sort(want)
			if err == nil && !slices.Equal(got, want) {
				r.Errorf("pages of %d: got %q, want %q", count, got, want)
			}
			if err != nil && most < count {
				r.Errorf("pages of %d, at most %d together: %v", count, most, err)
			}
			if len(slices.Compact(got)) != len(got) {
				r.Errorf("pages of %d: a trade came twice: %q", count, got)
			}
		})
	})
}

func TestAllTradesAsksUntilAPageIsEmpty(t *testing.T) {
	fake, c := owner(t)
	var rows []string
	for i := range int64(5) {
		rows = append(rows, trade("btc_jpy", 10+i, 1000+10*i))
	}
	fake.Answer("/v1/user/spot/trade_history", tradesBody(rows...))
	q := bitbank.TradeQuery{Pair: "btc_jpy", Count: 3, Since: time.UnixMilli(1000), End: time.UnixMilli(2000)}
	got, err := collect(c, t, q, 0)
	if err != nil || len(got) != 5 || got[0] != "btc_jpy 10" || got[4] != "btc_jpy 14" {
		t.Errorf("got %q, %v", got, err)
	}
	var since []string
	for _, r := range fake.Requests() {
		since = append(since, r.Query[strings.Index(r.Query, "since="):])
		if !strings.Contains(r.Query, "order=asc") || !strings.Contains(r.Query, "end=2000") || !strings.Contains(r.Query, "count=3") {
			t.Errorf("asked %s", r.Query)
		}
	}
	// From the beginning; a millisecond before the last; again; and after the last: nothing.
	if got := strings.Join(since, " "); got != "since=1000 since=1019 since=1039 since=1041" {
		t.Errorf("asked %s", got)
	}
	if _, err := collect(c, t, q, 2); !errors.Is(err, bitbank.ErrMorePages) {
		t.Errorf("two pages were not enough, but %v", err)
	}
	asked := len(fake.Requests())
	for range c.AllTrades(t.Context(), q, 0) {
		break
	}
	if n := len(fake.Requests()) - asked; n != 1 {
		t.Errorf("who stops after one trade caused %d requests", n)
	}
	q.End = time.UnixMilli(1040)
	if got, err := collect(c, t, q, 0); err != nil || len(got) != 5 {
		t.Errorf("up to the last trade: %q, %v", got, err)
	}
}

// Of a trade between two orders of the account both rows count: money came from the one, and went to the other.
func TestBothSidesOfATradeWithOneselfAreYielded(t *testing.T) {
	fake, c := owner(t)
	one := trade("btc_jpy", 1, 1000)
	other := strings.Replace(strings.Replace(one, `"order_id":1`, `"order_id":2`, 1), "buy", "sell", 1)
	fake.Answer("/v1/user/spot/trade_history", tradesBody(one, other))
	if got, err := collect(c, t, bitbank.TradeQuery{}, 0); err != nil || len(got) != 2 {
		t.Errorf("got %q, %v", got, err)
	}
}

// Pages that contradict each other end in an error, not in a loop and not in silence.
func TestPagesThatContradictEachOtherAreAnError(t *testing.T) {
	one, two, three := trade("btc_jpy", 1, 1000), trade("btc_jpy", 2, 1000), trade("btc_jpy", 3, 1000)
	for _, c := range []struct {
		name  string
		count int
		pages []string
		want  string
	}{
		{"the beginning of time is not heeded", 1000, []string{one, one, one}, "holds earlier trades"},
		{"a back end that knows less", 1000, []string{one + "," + two, one}, "does not reach back"},
		{"an empty page where there were trades", 1000, []string{one, ""}, "does not reach back"},
		{"more in a millisecond than in a page", 2, []string{one + "," + two, one + "," + two}, "more trades share the time"},
		{"a page that fails", 1000, []string{one, `{}`}, "the answer is shape"},
		{"the right thing", 1000, []string{one + "," + two, one + "," + two + "," + three, one + "," + two + "," + three, ""}, ""},
	} {
		fake, client := owner(t)
		for _, page := range c.pages {
			fake.Fail(bitbanktest.Fault{Effect: bitbanktest.Status, Body: tradesBody(page), Count: 1})
		}
		_, err := collect(client, t, bitbank.TradeQuery{Count: c.count}, 0)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

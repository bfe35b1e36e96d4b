package web

import (
	"errors"
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
	"hikeshi/internal/watch"
)

// broken is an account with a break of every kind and cause, a position, and an imported past.
func broken(now time.Time) *owner {
	o := calmly(now)
	order := reported(81, wants("0.5"), bitbank.StatusFullyFilled, "0.5", now.Add(-time.Hour))
	yen := func(onHand, locked string) []ledger.Money {
		return []ledger.Money{{Asset: "jpy", OnHand: number(onHand).Decimal(), Locked: number(locked).Decimal()}, {Asset: "btc", OnHand: number("0.5").Decimal()}}
	}
	hour := now.Add(-time.Hour)
	bot := ledger.Origin{By: ledger.Bot, Bot: "grid", Intent: "1-4"}
	deposit := ledger.Transfer{Deposit: &bitbank.Deposit{UUID: "d", Asset: "btc", Amount: number("1"), Status: bitbank.DepositFound, FoundAt: bitbank.Millis(hour.UnixMilli())}}
	fills := ledger.Sum{N: 2, Amount: number("0.5").Decimal(), Value: number("4500000").Decimal(), First: hour, Last: now}
	for _, b := range []ledger.Break{
		{ID: "1", Kind: ledger.Filled, Cause: ledger.WasOff, Over: now, Order: &order, Origin: bot, Fills: fills, Money: yen("-4500000", "0")},
		{ID: "2", Kind: ledger.Filled, Cause: ledger.WasCut, Over: now, Order: &order, Fills: fills, Money: yen("-4500000", "0")},
		{ID: "3", Kind: ledger.Ended, Cause: ledger.WasUnread, Over: now, Order: &order, Origin: bot},
		{ID: "4", Kind: ledger.Ended, Cause: ledger.WasDropped, Over: now, Order: &order, Origin: bot},
		{ID: "5", Kind: ledger.Appeared, Cause: ledger.WasUntold, Over: now, Order: &order, Money: yen("0", "900")},
		{ID: "6", Kind: ledger.Missing, Order: &order, Origin: bot, Money: yen("0", "900")},
		{ID: "7", Kind: ledger.Unaccounted, Money: yen("-7.5", "3"), Origin: bot},
		{ID: "8", Kind: ledger.Unaccounted, Money: yen("7.5", "0"), Over: now, Taken: true},
		{ID: "9", Kind: ledger.Stuck, Transfer: &deposit, Money: yen("0", "0")},
		{ID: "11", Kind: ledger.Undeclared, Transfer: &deposit, Money: yen("0", "0")},
		{ID: "10", Kind: ledger.Aged, Order: &order, Money: yen("0", "900")},
	} {
		b.Since, b.Found = hour, now
		o.apply(ledger.Record{At: now, Broke: &b})
	}
	o.apply(ledger.Record{At: now, Position: &bitbank.Position{Pair: "btc_jpy", Side: bitbank.Short, OpenAmount: number("0.2"), AveragePrice: number("9000000"), Product: number("1800000")}})
	o.apply(ledger.Record{At: now, Imported: &ledger.Imported{Kind: ledger.Trades, From: now.AddDate(0, -2, 0), To: now, First: true}})
	return o
}

func TestEveryBreakIsToldInBothLanguages(t *testing.T) {
	now := time.Now()
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, broken(now))
	c := published(t, h)
	for _, l := range bothLangs {
		c.answers(t, h, "/api/v1/orders", l, with(testToken))
		o := DescribeOrders(l, broken(now).View(), 10, now)
		if len(o.Breaks) != 11 || len(o.Positions) != 1 || !o.Past.All {
			t.Fatalf("%d breaks, %d positions, the past %+v", len(o.Breaks), len(o.Positions), o.Past)
		}
		for _, b := range o.Breaks {
			if b.Title == "" || strings.Contains(b.Title+b.Text, "web.") || strings.Contains(b.Title+b.Text, "{") {
				t.Errorf("%s %s is told as %q: %q", b.ID, b.Kind, b.Title, b.Text)
			}
		}
	}
	texts := map[string]string{}
	for _, b := range DescribeOrders(text.English, broken(now).View(), 10, now).Breaks {
		texts[b.ID] = b.State + ": " + b.Text
	}
	for id, want := range map[string]string{
		"1": "over: 2 fill(s): 0.5 BTC at 9,000,000 JPY on average. Hikeshi was not running then. It is an order of the bot “grid”. On hand: -4,500,000 JPY, +0.5 BTC.",
		"6": "open: Neither the open orders nor a look by its id show it, twice in a row. That does not prove that it is over, so it counts as live. It is an order of the bot “grid”. On hand: +0.5 BTC. Locked: 900 JPY.",
		"7": "open: Known orders, trades and transfers do not explain it. It may be a trade at the dealer's desk, lending, or a grant. The order in doubt (1-4) may be the reason. On hand: -7.5 JPY, +0.5 BTC. Locked: +3 JPY.",
		"9": "open: It has not moved for a while. Please look at bitbank's page. Deposit: Found. It waits to be confirmed. To come: +0.5 BTC.",
		"8": "taken: Known orders, trades and transfers do not explain it. It may be a trade at the dealer's desk, lending, or a grant. On hand: +7.5 JPY, +0.5 BTC. No explanation was found. The books go on from bitbank's balance.",
	} {
		if texts[id] != want {
			t.Errorf("%s is %q\nwant %q", id, texts[id], want)
		}
	}
}

func TestThePageOfOrdersTellsOfTheBooks(t *testing.T) {
	now := time.Now()
	for _, l := range bothLangs {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, broken(now))
		in := enter(t, h)
		page := html.UnescapeString(body(t, get(t, h, "/orders?lang="+string(l), in)))
		wellMade(t, l, page)
		for _, b := range DescribeOrders(l, broken(now).View(), 10, now).Breaks {
			if !strings.Contains(page, b.Title) || !strings.Contains(page, b.Text) {
				t.Errorf("%s: the page lacks %q", l, b.Text)
			}
		}
		if !strings.Contains(page, text.Say(l, "web.order.positions", nil)) {
			t.Errorf("%s: the page lacks the positions", l)
		}
	}
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, calmly(now))
	if page := html.UnescapeString(body(t, get(t, h, "/orders?lang=en", enter(t, h)))); !strings.Contains(page, "Our books and bitbank's agree.") {
		t.Error("without a break the page does not say that books agree")
	}
}

func TestWhatBitbankDemandsIsSaid(t *testing.T) {
	due := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what string
		due  time.Time
		want string
	}{
		{"margin_call", due, "bitbank demands more margin: 5,000 JPY. It is due Fri 27 Nov 12:00:00 JST."},
		{"marginCall", time.Time{}, "bitbank demands more margin: 5,000 JPY."},
		{"debt", due, "The margin account owes 5,000 JPY. It is due Fri 27 Nov 12:00:00 JST."},
		{"settled", due, "bitbank has closed the margin positions."},
		{"something new", due, "bitbank has a notice about the margin (something new)."},
	} {
		n := bitbank.MarginNotice{What: c.what, Amount: number("5000.0000")}
		if !c.due.IsZero() {
			n.DueDateAt = bitbank.Millis(c.due.UnixMilli())
		}
		if got := shapeDemand(text.English, n); got == nil || got.Text != c.want {
			t.Errorf("%s: %+v, want %q", c.what, got, c.want)
		}
	}
	if got := shapeDemand(text.English, bitbank.MarginNotice{}); got != nil {
		t.Errorf("no notice is %+v", got)
	}
}

func TestWhetherTheBooksAgreeIsSaidOnlyWhenItIsKnown(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	open, over := ledger.Break{ID: "1"}, ledger.Break{ID: "2", Over: now}
	for _, c := range []struct {
		v    account.View
		want string
	}{
		{account.View{Breaks: []ledger.Break{open}}, "From the records alone. To compare with bitbank now: `hikeshi orders --check`."},
		{account.View{Trading: "open"}, "They were not compared since the start."},
		{account.View{Trading: "open", Read: now.Add(-time.Hour), Breaks: []ledger.Break{open}}, "They were last compared about 20:00 JST. How it is now is not known."},
		{account.View{Trading: "open", Read: now, Breaks: []ledger.Break{over}}, "Our books and bitbank's agree."},
		{account.View{Trading: "open", Read: now, Breaks: []ledger.Break{open, over}}, "They differ in 1 place(s)."},
		{account.View{Trading: "open", Read: now, Unsure: []string{"btc_jpy/7", "jpy"}}, "Our books and bitbank's agree. Nothing can be said yet of BTC/JPY #7, JPY: it has just moved, or did not add up once."},
	} {
		if got := booksOf(text.English, c.v, now); got != c.want {
			t.Errorf("%+v is %q, want %q", c.v, got, c.want)
		}
	}
}

func TestHowFarThePastIsKnownIsSaid(t *testing.T) {
	at := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for want, p := range map[string]account.Past{
		"The history of trades was not read yet.":                                           {},
		"The history of trades is whole since 2026-08-01; what is older is being imported.": {Trades: ledger.Span{From: at}},
		"The history of trades is whole since 2026-08-01; bitbank has shown nothing older.": {Trades: ledger.Span{From: at}, All: true},
	} {
		if got := shapePast(text.English, p).Text; got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
}

func TestACheckAnswersWithWhatItHasComeTo(t *testing.T) {
	for _, c := range []struct {
		name   string
		comes  error
		body   string
		change func(*http.Request)
		status int
		asked  bool
	}{
		{"well", nil, `{}`, with(testToken), http.StatusOK, true},
		{"dark", account.ErrDark, `{}`, with(testToken), http.StatusServiceUnavailable, true},
		{"failed", errors.New("no answer"), `{}`, with(testToken), http.StatusBadGateway, true},
		{"a wrong token", nil, `{}`, with("wrong"), http.StatusUnauthorized, false},
		{"a browser's session", nil, `{}`, func(*http.Request) {}, http.StatusUnauthorized, false},
		{"another body", nil, `{"all":1}`, with(testToken), http.StatusBadRequest, false},
	} {
		o := broken(time.Now())
		o.checked = c.comes
		h, _ := guarded(&fake{}, o)
		r := post(t, h, "/api/v1/check", c.body, c.change)
		if r.StatusCode != c.status || slices.Contains(o.asked, "check") != c.asked {
			t.Errorf("%s: %s, asked %v", c.name, r.Status, o.asked)
		}
		if page := body(t, r); c.status == http.StatusOK && !strings.Contains(page, `"unaccounted"`) {
			t.Errorf("%s: without breaks: %s", c.name, page)
		}
	}
}

// A listener hears of a break when it comes, when it changes, and when it ends.
func TestAListenerHearsOfBreaks(t *testing.T) {
	o := calmly(time.Now())
	_, s := guarded(&fake{}, o)
	f := s.follow()
	hears := func(when, want string) {
		t.Helper()
		s.views.drop()
		got := ""
		for _, e := range f.changes(text.English, time.Now()) {
			if b, ok := e.Data.(Break); ok {
				got += b.ID + " " + b.State + ";"
			}
		}
		if got != want {
			t.Errorf("%s one hears %q, want %q", when, got, want)
		}
	}
	b := ledger.Break{ID: "jpy", Kind: ledger.Unaccounted, Since: time.Now(), Found: time.Now(), Money: []ledger.Money{{Asset: "jpy", OnHand: decimal.NewFromInt(5)}}}
	broke := func() {
		x := b
		o.apply(ledger.Record{At: time.Now(), Broke: &x})
	}
	past := b
	past.ID, past.Over = "old", time.Now()
	o.apply(ledger.Record{At: time.Now(), Broke: &past})
	broke()
	hears("at first", "jpy open;")
	hears("then", "")
	b.Money = []ledger.Money{{Asset: "jpy", OnHand: decimal.NewFromInt(6)}}
	broke()
	hears("when it grows", "jpy open;")
	b.Over = time.Now()
	broke()
	hears("when it ends", "jpy over;")
	if got := frame(text.English, watch.Event{Kind: "break", Data: shapeBreak(text.English, b, time.Now())}); !strings.HasPrefix(got, "event: break\ndata: {") {
		t.Errorf("it is written %q", got)
	}
}

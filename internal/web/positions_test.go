package web

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// marketOf is a pair whose price is known here and at three other exchanges.
func marketOf(price string, now time.Time) exposure.Market {
	p := dec(price)
	return exposure.Market{
		Own: exposure.Quote{Price: p, Stamp: now, At: now.Add(-2 * time.Second), Moving: true},
		Else: exposure.Else{
			Listed: true, Known: true, Price: p, At: now.Add(-3 * time.Second), Expected: p, Low: p.Mul(dec("0.998")), High: p.Mul(dec("1.002")),
		},
	}
}

// holder is an account with coins, a long and a short position, orders, and lines.
func holder(now time.Time) *owner {
	o := &owner{read: now.Add(-4 * time.Second)}
	o.apply(
		ledger.Record{At: now.Add(-4 * time.Second), Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{
			{Asset: "btc", OnHand: number("0.5"), Free: number("0.4"), Locked: number("0.1"), Withdrawing: number("0"), Precision: 8},
			{Asset: "eth", OnHand: number("2"), Free: number("2"), Locked: number("0"), Withdrawing: number("0"), Precision: 8},
			{Asset: "jpy", OnHand: number("1000000"), Free: number("1000000"), Locked: number("0"), Withdrawing: number("0"), Precision: 4},
			{Asset: "mona", OnHand: number("7"), Free: number("7"), Locked: number("0"), Withdrawing: number("0"), Precision: 8},
		}}},
		ledger.Record{At: now.Add(-4 * time.Second), Position: &bitbank.Position{Pair: "btc_jpy", Side: bitbank.Long, OpenAmount: number("0.2"), Product: number("2000000"), AveragePrice: number("10000000"), UnrealizedFee: number("1000"), UnrealizedInterest: number("800")}},
		ledger.Record{At: now.Add(-4 * time.Second), Position: &bitbank.Position{Pair: "btc_jpy", Side: bitbank.Short, OpenAmount: number("0.05"), Product: number("450000"), AveragePrice: number("9000000"), UnrealizedFee: number("100"), UnrealizedInterest: number("0")}},
		ledger.Record{At: now.Add(-4 * time.Second), Margin: &ledger.Margin{
			Began: now.Add(-4 * time.Second), Held: now.Add(-4 * time.Second), Prices: map[string]bitbank.Number{"btc_jpy": number("9500000"), "eth_jpy": number("500000")},
			Status: bitbank.MarginStatus{
				Status: bitbank.MarginCall, BalancePercentage: number("50.00"), CallPercentage: number("50.00"), LossCutPercentage: number("25.00"), Balance: number("1225000"),
				ProfitLoss: number("-125000"), OpenPositionProduct: number("2450000"),
			},
		}},
		ledger.Record{At: now, Line: &ledger.Line{ID: 1, Kind: ledger.Below, Pair: "btc_jpy", Value: number("9600000"), Why: "odd <prices>"}},
		ledger.Record{At: now, Line: &ledger.Line{ID: 2, Kind: ledger.Loss, Value: number("20"), Percent: true}},
		ledger.Record{At: now, Line: &ledger.Line{ID: 3, Kind: ledger.GapLine, Pair: "eth_jpy", Value: number("3")}},
		ledger.Record{At: now, Line: &ledger.Line{ID: 4, Kind: ledger.NoStop, Pair: "eth_jpy"}},
		ledger.Record{At: now, Crossed: &ledger.Crossed{Line: 1, N: 1, On: true, Value: number("9590000"), From: "bitbank"}},
	)
	stop := bitbank.Order{
		ID: 7, Pair: "btc_jpy", Side: bitbank.Sell, PositionSide: bitbank.Long, Type: bitbank.StopLoss, Status: bitbank.StatusInactive, StartAmount: number("0.08"), RemainingAmount: number("0.08"),
		ExecutedAmount: number("0"), TriggerPrice: number("9000000"), OrderedAt: bitbank.Millis(now.Add(-time.Hour).UnixMilli()),
	}
	rests := reported(8, wants("0.01"), bitbank.StatusUnfilled, "0", now.Add(-time.Hour))
	o.apply(ledger.Record{At: now, Order: &stop}, ledger.Record{At: now, Order: &rests})
	o.lost("9-1", "0.02", now.Add(-time.Minute))
	o.adds = func(in *exposure.Input) {
		in.Markets = map[string]exposure.Market{"btc_jpy": marketOf("9500000", in.Now), "eth_jpy": marketOf("500000", in.Now)}
	}
	return o
}

// darkly is the same account in an outage: bitbank is dark, and prices come from elsewhere, or not at all.
func darkly(now time.Time, elsewhere bool) *owner {
	o := holder(now)
	o.read = now.Add(-20 * time.Minute)
	o.adds = func(in *exposure.Input) {
		in.Dark, in.Held = true, in.Now.Add(-20*time.Minute)
		for i := range in.Holdings {
			in.Holdings[i].At = in.Now.Add(-20 * time.Minute)
		}
		in.Markets = map[string]exposure.Market{}
		if elsewhere {
			for pair, price := range map[string]string{"btc_jpy": "8000000", "eth_jpy": "400000"} {
				m := marketOf(price, in.Now)
				m.Own = exposure.Quote{Price: dec(price).Mul(dec("1.2")), Stamp: in.Now.Add(-20 * time.Minute), At: in.Now.Add(-20 * time.Minute)}
				in.Markets[pair] = m
			}
		}
	}
	return o
}

// positionsPages calls f with the page of each account in both languages.
func positionsPages(t *testing.T, f func(t *testing.T, l text.Lang, name, page string)) {
	t.Helper()
	now := time.Now()
	unread := holder(now)
	unread.read = time.Time{}
	unread.adds = nil
	for name, o := range map[string]*owner{
		"holder": holder(now), "dark": darkly(now, true), "dark and alone": darkly(now, false), "unread": unread, "nothing": {read: now}, "orders": everything(now),
	} {
		h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
		in := enter(t, h)
		for _, l := range bothLangs {
			t.Run(name+" "+string(l), func(t *testing.T) {
				f(t, l, name, body(t, get(t, h, "/positions?lang="+string(l), in)))
			})
		}
	}
}

func TestThePageOfHoldingsKeepsTheRulesOfPages(t *testing.T) {
	positionsPages(t, func(t *testing.T, l text.Lang, _, page string) {
		wellMade(t, l, page)
		if n := strings.Count(page, `<h1 id="v">`); n != 1 {
			t.Errorf("the sentence stands %d times", n)
		}
		if strings.Contains(page, "<prices>") {
			t.Error("the owner's words became markup")
		}
	})
}

// Whatever stands there: what is old says so in words and by its sign, and what has no price is named and never zero.
func TestThePageOfHoldingsLeadsWithWhatIsKnownAndWhatIsNot(t *testing.T) {
	want := map[string][]string{
		"holder":         {"値段のわかるものは、合わせて6,623,100円です。", "ほかの1件は、入れていません: 7 MONA(", "追証が発生しています", "越えました", "40%だけ", "結果のわからない注文"},
		"dark":           {"bitbankにつながらないので、いまの持ち高は確かめられません。", "合わせて約5,", "のあいだ", "ほかの1件は", "ほかの取引所からの見積もり 8,000,000円", "20分前"},
		"dark and alone": {"bitbankにつながらないので", "値段のわかるものは、合わせて1,000,000円です。", "ほかの5件は、入れていません", "いまは言えません", "損益は、いま言えません"},
		"unread":         {"起動してから、口座をまだ読めていません。"},
	}
	positionsPages(t, func(t *testing.T, l text.Lang, name, page string) {
		if l != text.Japanese {
			return
		}
		seen := html.UnescapeString(page)
		for _, w := range want[name] {
			if !strings.Contains(seen, w) {
				t.Errorf("the page does not say %q", w)
			}
		}
		if strings.HasPrefix(name, "dark") && !strings.Contains(page, "is-old") {
			t.Error("nothing is woven over although it is twenty minutes old")
		}
		if strings.HasPrefix(name, "dark") && strings.Contains(seen, "信用の建玉はありません(") {
			t.Error("the page says that nothing is open")
		}
	})
}

func TestALineIsSetOnThePageRefusedWithItsReasonAndRemoved(t *testing.T) {
	now := time.Now()
	o := holder(now)
	h, s := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	form := formOf(t, body(t, get(t, h, "/positions?lang=en", in))).Get("form")
	set := func(kind, pair, value string) *http.Response {
		s.views.drop()
		return send(t, h, "/positions/line?lang=en", url.Values{"form": {form}, "kind": {kind}, "pair": {pair}, "value": {value}}, in)
	}
	for _, c := range []struct{ kind, pair, value, says string }{
		{"below", "doge_jpy", "5", "bitbank has no pair"},
		{"below", "btc_jpy", "9,600,000", "This line is there already"},
		{"above", "btc_jpy", "9000000", "It contradicts the line at 9,600,000"},
		{"above", "eth_jpy", "499999", "It is crossed already (now 500,000)"},
		{"below", "eth_jpy", "-1", "above zero"},
		{"below", "eth_jpy", "5%", "Only loss and gap lines take a percentage"},
		{"gap", "xrp_jpy", "3%", "No other exchange is known to trade"},
		{"loss", "eth_jpy", "1000", "There is no such margin position"},
		{"stop", "xrp_jpy", "", "are held"},
	} {
		r := set(c.kind, c.pair, c.value)
		page := html.UnescapeString(body(t, get(t, h, strings.TrimSuffix(r.Header.Get("Location"), "#lines")+"&lang=en", in)))
		if r.StatusCode != http.StatusSeeOther || !strings.Contains(page, c.says) || c.value != "" && !strings.Contains(page, `value="`+c.value+`"`) {
			t.Errorf("%s %s %s: %s, and not %q", c.kind, c.pair, c.value, r.Status, c.says)
		}
	}
	if r := set("above", "ETH/JPY", "600,000円"); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/positions?did=set#lines" {
		t.Fatalf("a good line: %s to %s", r.Status, r.Header.Get("Location"))
	}
	if page := html.UnescapeString(body(t, get(t, h, "/positions?did=set&lang=en", in))); !strings.Contains(page, "The line is set.") || !strings.Contains(page, "ETH/JPY at 600,000 JPY or above") {
		t.Error("the page does not say that the line is set")
	}
	if r := send(t, h, "/positions/line/remove", url.Values{"form": {form}, "line": {"5"}}, in); r.StatusCode != http.StatusSeeOther || len(o.View().Exposure.Lines) != 4 {
		t.Errorf("removing: %s, and %d lines stand", r.Status, len(o.View().Exposure.Lines))
	}
	if r := send(t, h, "/positions/line", url.Values{"kind": {"above"}, "pair": {"eth_jpy"}, "value": {"700000"}}, in); r.StatusCode != http.StatusForbidden {
		t.Errorf("a form of somebody else's: %s", r.Status)
	}
}

func TestProgramsReadHoldingsAndSetLines(t *testing.T) {
	now := time.Now()
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, holder(now))
	if r := get(t, h, "/api/v1/positions"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", r.Status)
	}
	var x Exposed
	if err := json.Unmarshal([]byte(body(t, get(t, h, "/api/v1/positions?lang=en", with(testToken)))), &x); err != nil {
		t.Fatal(err)
	}
	if x.State != "alarm" || len(x.Worth.Left) != 1 || x.Worth.Left[0].Asset != "mona" || x.Worth.Counted+len(x.Worth.Left) != len(x.Assets)+len(x.Positions) {
		t.Errorf("it is %s, with %+v", x.State, x.Worth)
	}
	btc := x.Coins[0]
	if btc.Asset != "btc" || btc.Spot != "0.5" || btc.Long != "0.2" || btc.Short != "0.05" || btc.Net != "0.65" || btc.BuysMaybe != "0.02" || btc.MostLong != "0.68" {
		t.Errorf("btc is %+v", btc)
	}
	if m := x.Margin; m.Ours == nil || m.Ours.Base != "product" || len(m.Ours.Reaches) == 0 || m.Status != bitbank.MarginCall {
		t.Errorf("the margin is %+v", m)
	}
	act := func(body string) (int, string) {
		r := post(t, h, "/api/v1/positions/line?lang=en", body, with(testToken))
		var e struct {
			Error struct{ Code, Message string }
		}
		_ = json.NewDecoder(r.Body).Decode(&e)
		return r.StatusCode, e.Error.Code + " " + e.Error.Message
	}
	for _, c := range []struct {
		body   string
		status int
		says   string
	}{
		{`{"kind":"above","pair":"eth_jpy","value":"600000"}`, 200, ""},
		{`{"kind":"above","pair":"eth_jpy","value":"1"}`, 422, "refused_line It is crossed already"},
		{`{"kind":"sideways","pair":"eth_jpy","value":"1"}`, 422, "refused_line The kind of a line"},
		{`{"remove":99}`, 404, "no_line"},
		{`{"remove":5}`, 200, ""},
		{`{"kind":1}`, 400, "bad_body"},
	} {
		if status, says := act(c.body); status != c.status || !strings.HasPrefix(says, c.says) {
			t.Errorf("%s: %d %s", c.body, status, says)
		}
	}
}

// What is answered is what the description says.
func TestHoldingsAreAnsweredAsDescribed(t *testing.T) {
	now := time.Now()
	for name, o := range map[string]*owner{"holder": holder(now), "dark": darkly(now, true), "dark and alone": darkly(now, false), "nothing": {read: now}} {
		t.Run(name, func(t *testing.T) {
			h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
			c := published(t, h)
			for _, l := range bothLangs {
				c.answers(t, h, "/api/v1/positions", l, with(testToken))
			}
			c.answered(t, post(t, h, "/api/v1/positions/line", `{"kind":"stop","pair":"btc_jpy"}`, with(testToken)), "/api/v1/positions/line", "post")
			c.answered(t, post(t, h, "/api/v1/positions/line", `{"kind":"none"}`, with(testToken)), "/api/v1/positions/line", "post")
		})
	}
}

// One event a crossing, and one for each that stands when the stream begins.
func TestACrossingIsOneEvent(t *testing.T) {
	now := time.Now()
	o := holder(now)
	_, s := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	f := s.follow()
	lines := func() (out []int) {
		s.views.drop()
		for _, e := range f.changes(text.English, time.Now()) {
			if x, is := e.Data.(LineNow); is && e.Kind == "line" {
				out = append(out, x.ID)
				if framed := frame(text.English, e); !strings.HasPrefix(framed, "event: line\ndata: {") || !strings.Contains(framed, `"crossed":true`) {
					t.Errorf("the event is %s", framed)
				}
			}
		}
		return out
	}
	if got := fmt.Sprint(lines(), lines()); got != "[1] []" {
		t.Errorf("events %s, want one for the line that stands crossed", got)
	}
	cross := func(line, n int, on bool) {
		o.apply(ledger.Record{At: time.Now(), Crossed: &ledger.Crossed{Line: line, N: n, On: on, Value: number("1")}})
	}
	cross(3, 1, true)
	cross(1, 2, false)
	if got := fmt.Sprint(lines(), lines()); got != "[3] []" {
		t.Errorf("events %s, want one for the crossing, none for being clear", got)
	}
	cross(1, 3, true)
	if got := fmt.Sprint(lines()); got != "[1]" {
		t.Errorf("events %s, want one for crossing again", got)
	}
}

func TestTheFirstPageTellsOfHoldingsOnlyWhatItsReaderMaySee(t *testing.T) {
	now := time.Now()
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, holder(now))
	if page := body(t, get(t, h, "/?lang=en")); !strings.Contains(page, "Something about your holdings needs your attention") || strings.Contains(page, "margin needs") {
		t.Error("a stranger reads too much or too little")
	}
	if page := body(t, get(t, h, "/?lang=en", enter(t, h))); !strings.Contains(page, "status of your margin needs attention") {
		t.Error("the owner is not told")
	}
}

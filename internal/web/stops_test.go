package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/account"
	"hikeshi/internal/secret"
	"hikeshi/internal/stop"
	"hikeshi/internal/text"
)

// stopsOf is a fake account of local stops: one of each state, and what was asked of it.
type stopsOf struct {
	mu    sync.Mutex
	views []account.StopView
	asked []string
	err   error
}

func (o *stopsOf) Stops() []account.StopView {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]account.StopView{}, o.views...)
}

func (o *stopsOf) CheckStop(_ context.Context, p stop.Plan) (stop.Plan, error) {
	p.Held = number("1")
	return p, o.err
}

func (o *stopsOf) AddStop(_ context.Context, p stop.Plan) (stop.ID, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "add "+p.Pair)
	return "9", o.err
}

func (o *stopsOf) RemoveStop(_ context.Context, id stop.ID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "remove "+string(id))
	for k := range o.views {
		if o.views[k].Plan.ID == id {
			o.views[k].State = stop.Removed
		}
	}
	return o.err
}

func (o *stopsOf) GuardStop(_ context.Context, id stop.ID, guard bitbank.Number) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "guard "+string(id)+" "+guard.String())
	return o.err
}

func (o *stopsOf) StopNow(context.Context, stop.ID) (account.StopNow, error) {
	return account.StopNow{
		At: time.Now(), Mode: "NONE", Best: decimal.NewFromInt(9_100_000), Held: decimal.NewFromInt(1), Free: decimal.NewFromInt(1),
		Step: stop.Step{Act: stop.Place, Order: bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Limit, Amount: number("0.5"), Price: number("9009000")}},
	}, o.err
}

func (o *stopsOf) Natives() []account.NativeView {
	n := stop.Native{ID: "n1", Old: 5, Set: time.Unix(1_900_000_000, 0), Order: bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Stop, Amount: number("0.5"), TriggerPrice: number("9000000")}}
	going := account.NativeView{NativeStanding: stop.NativeStanding{Native: n, Since: time.Now(), NakedSince: time.Now().Add(-2 * time.Second)}, Doing: account.Doing{Step: stop.Step{Act: stop.Wait, Why: stop.Refused}}}
	out := []account.NativeView{going}
	for k, why := range []stop.Reason{stop.Placed, stop.Restored, stop.Fired, stop.ByHand} {
		over := going
		over.ID, over.Over, over.Why, over.Naked, over.NakedSince = stop.ID("n"+string(rune('2'+k))), true, why, time.Second, time.Time{}
		out = append(out, over)
	}
	return out
}

func (o *stopsOf) CheckNative(_ context.Context, n stop.Native) (stop.Native, error) { return n, o.err }

func (o *stopsOf) AddNative(_ context.Context, n stop.Native) (stop.ID, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "native "+string(n.Order.Type))
	return "n9", o.err
}

func (o *stopsOf) EndNative(_ context.Context, id stop.ID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, "end "+string(id))
	return o.err
}

// everyStop is a stop in each state, and in each kind of trouble.
func everyStop(now time.Time) *stopsOf {
	base := func(id stop.ID, state stop.State) account.StopView {
		v := account.StopView{Standing: stop.Standing{State: state, Since: now, Plan: stop.Plan{
			ID: id, Pair: "btc_jpy", Side: bitbank.Sell, Trigger: number("9000000"), Guard: number("8500000"), Amount: number("0.5"), Slippage: number("1"), Set: now.Add(-time.Hour), Held: number("1"),
		}}}
		v.Bitbank = stop.Quote{Price: decimal.NewFromInt(9_500_000), Low: decimal.NewFromInt(9_499_000), High: decimal.NewFromInt(9_501_000), At: now}
		v.Else, v.Sold = v.Bitbank, number("0")
		return v
	}
	armed, dark, pending, exiting, done, short := base("1", stop.Armed), base("2", stop.Armed), base("3", stop.Pending), base("4", stop.Exiting), base("5", stop.Done), base("6", stop.Pending)
	armed.Plan.Amount, armed.Plan.Expires = bitbank.Number{}, now.Add(time.Hour)
	dark.Dark, dark.Unheard, dark.Bitbank = true, stop.Single, stop.Quote{}
	pending.Dark, pending.Triggered, pending.Price, pending.Doing = true, now, number("8999000"), account.Doing{Step: stop.Step{Act: stop.Wait, Why: stop.Darkness}}
	order := bitbank.Order{ID: 7, Pair: "btc_jpy", Side: bitbank.Sell, Type: bitbank.Limit, Status: bitbank.StatusFullyFilled, StartAmount: number("0.2"), ExecutedAmount: number("0.2"), Price: number("8900000")}
	exiting.NakedSince, exiting.Sold = now.Add(-2*time.Second), number("0.2")
	exiting.Exits = []stop.Exit{{Intent: "1-1", Signed: now, Settled: true, Over: true, Order: order}, {Intent: "1-2", Signed: now, Order: order}, {Intent: "1-3", Signed: now, Settled: true, Over: true, Refused: true, Code: 60001, Order: order}}
	exiting.Doing = account.Doing{Step: stop.Step{Act: stop.Wait, Why: stop.Unsettled}}
	done.Proof = &stop.Proof{Left: number("0"), Sold: number("0.3"), Other: number("0.2"), Reads: [2]time.Time{now, now}}
	short.Plan.Side, short.Plan.Position, short.Else = bitbank.Buy, bitbank.Short, stop.Quote{}
	return &stopsOf{views: []account.StopView{armed, dark, pending, exiting, short, done, base("7", stop.Expired), base("8", stop.Removed)}}
}

func stopping(t *testing.T, o *stopsOf) http.Handler {
	t.Helper()
	now := time.Now()
	snap := scenes(now)[0].snapshot(now)
	return New(Options{Source: &fake{snap: snap}, Version: "test", Addr: "127.0.0.1:8080", Accounts: &owner{}, Stops: o, Token: secret.New(testToken)})
}

func postStop(t *testing.T, h http.Handler, l text.Lang, path, what string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+path+"?lang="+string(l), strings.NewReader(what))
	r.Header.Set("Authorization", "Bearer "+testToken)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestStopsAnswerAsTheDescriptionSays(t *testing.T) {
	now := time.Now()
	for _, l := range bothLangs {
		h := stopping(t, everyStop(now))
		c := published(t, h)
		withToken := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testToken) }
		c.answers(t, h, "/api/v1/stops", l, withToken)
		for _, x := range []struct{ path, what string }{
			{"/api/v1/stops", `{"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8500000","expires_at":"2030-01-01T00:00:00+09:00"}`},
			{"/api/v1/stops", `{"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8500000","expires_at":"tomorrow"}`},
			{"/api/v1/stops", `{"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8500000","confirm":"00"}`},
			{"/api/v1/stops", `{"pair":1}`},
			{"/api/v1/stops/remove", `{"id":"1"}`},
			{"/api/v1/stops/remove", `{"id":"99"}`},
			{"/api/v1/stops/remove", `{"id":"1","confirm":"00"}`},
			{"/api/v1/stops/guard", `{"id":"1","guard_price":"8000000"}`},
			{"/api/v1/stops/guard", `{"id":"1"}`},
			{"/api/v1/stops/native", `{"pair":"btc_jpy","trigger_price":"9000000","amount":"0.1"}`},
			{"/api/v1/stops/native", `{"pair":"btc_jpy","trigger_price":"9000000","replaces":5,"confirm":"00"}`},
			{"/api/v1/stops/now", `{"id":"1"}`},
			{"/api/v1/stops/now", `{"id":"8"}`},
		} {
			c.answered(t, postStop(t, h, l, x.path, x.what), x.path, "post")
		}
		for _, err := range []error{stop.Problem{ID: "held_less", Args: map[string]string{"held": "1"}}, account.ErrStopUnread, account.ErrStopReadOnly, account.ErrUnrecorded, account.ErrNoStop} {
			o := everyStop(now)
			o.err = err
			r := postStop(t, stopping(t, o), l, "/api/v1/stops", `{"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8500000"}`)
			if r.StatusCode < 400 {
				t.Errorf("%v is answered with %s", err, r.Status)
			}
			c.answered(t, r, "/api/v1/stops", "post")
		}
	}
}

// Setting, changing and ending a stop takes two steps: what is confirmed is exactly what was shown.
func TestAStopTakesTwoSteps(t *testing.T) {
	o := everyStop(time.Now())
	h := stopping(t, o)
	for _, c := range []struct{ path, what, other, done string }{
		{"/api/v1/stops", `"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8500000"`, `"pair":"btc_jpy","trigger_price":"9000000","guard_price":"8400000"`, "add btc_jpy"},
		{"/api/v1/stops/guard", `"id":"1","guard_price":"8000000"`, `"id":"1","guard_price":"7000000"`, "guard 1 8000000"},
		{"/api/v1/stops/remove", `"id":"1"`, `"id":"2"`, "remove 1"},
		{"/api/v1/stops/remove", `"id":"n1"`, `"id":"2"`, "end n1"},
		{"/api/v1/stops/native", `"pair":"btc_jpy","trigger_price":"9000000","price":"8900000","amount":"0.1"`, `"pair":"btc_jpy","trigger_price":"9000000","amount":"0.1"`, "native stop_limit"},
		{"/api/v1/stops/native", `"pair":"btc_jpy","trigger_price":"9000000","position_side":"long","replaces":7`, `"pair":"btc_jpy","trigger_price":"9000000","position_side":"long"`, "native stop_loss"},
	} {
		o.asked = nil
		var first Confirmation
		if err := json.NewDecoder(postStop(t, h, text.English, c.path, "{"+c.what+"}").Body).Decode(&first); err != nil || first.Confirm == "" || len(first.Says) == 0 {
			t.Fatalf("%s: the first step says %+v, %v", c.path, first, err)
		}
		if r := postStop(t, h, text.English, c.path, "{"+c.other+`,"confirm":"`+first.Confirm+`"}`); r.StatusCode != http.StatusConflict || len(o.asked) > 0 {
			t.Errorf("%s: the code of another is answered %s, and did %q", c.path, r.Status, o.asked)
		}
		if r := postStop(t, h, text.English, c.path, "{"+c.what+`,"confirm":"`+first.Confirm+`"}`); r.StatusCode != http.StatusOK || len(o.asked) != 1 || o.asked[0] != c.done {
			t.Errorf("%s: the second step is answered %s, and did %q", c.path, r.Status, o.asked)
		}
	}
}

func TestThePageOfStopsSaysHowEachStands(t *testing.T) {
	o := everyStop(time.Now())
	h := stopping(t, o)
	if r := get(t, h, "/stops"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a login: %s", r.Status)
	}
	in := enter(t, h)
	for _, l := range bothLangs {
		page := body(t, get(t, h, "/stops?lang="+string(l), in))
		if strings.Contains(page, "stop.why.") || strings.Contains(page, "stop.state.") || strings.Contains(page, "{price}") {
			t.Errorf("%s: words are missing", l)
		}
	}
	page := body(t, get(t, h, "/stops?lang=en", in))
	for _, want := range []string{"by the prices of other exchanges alone", "Wait first in line", "It is no advice", "Nothing on bitbank protects it", "no price is known for sure", "Two reads agree", "hikeshi stop guard 3 PRICE", "one like the old is there again"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	ask := body(t, get(t, h, "/stops/remove?id=1&lang=en", in))
	if !strings.Contains(ask, "Afterwards nobody watches this level") || len(o.asked) > 0 {
		t.Errorf("asking did %q", o.asked)
	}
	if r := send(t, h, "/stops/remove", formOf(t, ask), in); r.StatusCode != http.StatusSeeOther || len(o.asked) != 1 {
		t.Errorf("ending it: %s, %q", r.Status, o.asked)
	}
	if page := body(t, get(t, h, "/stops?lang=en&did=1", in)); !strings.Contains(page, "The stop is ended.") {
		t.Error("the page does not say that it is ended")
	}
}

func TestWithoutAnAccountThereAreNoStops(t *testing.T) {
	now := time.Now()
	h := New(Options{Source: &fake{snap: scenes(now)[0].snapshot(now)}, Version: "test", Addr: "127.0.0.1:8080", Token: secret.New(testToken)})
	r := postStop(t, h, text.English, "/api/v1/stops/now", `{"id":"1"}`)
	if r.StatusCode != http.StatusNotFound {
		t.Errorf("answered %s", r.Status)
	}
}

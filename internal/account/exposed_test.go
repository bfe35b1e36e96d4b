package account

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
	"hikeshi/internal/exposure"
	"hikeshi/internal/ledger"
)

// elsewhere are three venues that agree, one with another, on a price of btc_jpy.
type elsewhere struct {
	mu    sync.Mutex
	price decimal.Decimal // zero: they do not agree
}

func (e *elsewhere) set(price decimal.Decimal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.price = price
}

func (e *elsewhere) market(pair string) exposure.Market {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := exposure.Market{Else: exposure.Else{Listed: pair == "btc_jpy", Why: "few"}}
	if pair == "btc_jpy" && e.price.IsPositive() {
		at := time.Now().Truncate(2 * time.Second) // as often as venues are asked in an outage
		m.Else = exposure.Else{Listed: true, Known: true, Price: e.price, At: at, Expected: e.price, Low: e.price.Mul(decimal.New(999, -3)), High: e.price.Mul(decimal.New(1001, -3))}
	}
	return m
}

// holding is a world whose account has a long position of 0.01 BTC, with prices elsewhere.
func holding(t *testing.T) (*world, *elsewhere) {
	t.Helper()
	w, e := newWorld(t), &elsewhere{}
	human := w.human()
	w.stop()
	n := w.market(bitbank.Buy)
	n.PositionSide = bitbank.Long
	w.by(human, n)
	w.open = func(o Options) (*Account, error) {
		o.Market = e.market
		return Open(o, w.disk.all)
	}
	w.start()
	return w, e
}

// written are the account's records on the disk that hold something.
func (w *world) written(kind string) (out []ledger.Record) {
	w.t.Helper()
	for r, err := range w.disk.all {
		var x ledger.Record
		if err == nil {
			err = json.Unmarshal(r.Data, &x)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.Contains(string(r.Data), `"`+kind+`":`) {
			out = append(out, x)
		}
	}
	return out
}

func (w *world) last() decimal.Decimal {
	w.t.Helper()
	own := w.a.View().Exposure.Markets["btc_jpy"].Own
	if !own.Price.IsPositive() {
		w.t.Fatal("bitbank's own price was not read")
	}
	return own.Price
}

// The margin is read while a position is open, kept when it says something else or five minutes have passed, and remembered.
func TestTheMarginIsReadAndRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := holding(t)
		time.Sleep(31 * time.Minute)
		r := exposure.Of(w.a.View().Exposure)
		if m := r.Margin; !m.Read || m.Old || m.Status.Status != bitbank.MarginNormal || !m.Ours.Made || m.Ours.Base != "maintenance" {
			t.Fatalf("the margin is %+v", m)
		}
		if got, bitbanks := r.Margin.Ours.Percent, r.Margin.Status.BalancePercentage.Decimal(); got.Sub(bitbanks).Abs().GreaterThan(bitbanks.Mul(decimal.New(2, -2))) {
			t.Errorf("we reckon %s %%, and bitbank says %s %%", got, bitbanks)
		}
		if n := len(w.written("margin")); n < 6 || n > 12 {
			t.Errorf("%d reads of the margin were written in half an hour", n)
		}
		w.stop()
		w.control("POST", "/faults", `{"host":"private","effect":"refuse"}`)
		w.start()
		again := w.a.View()
		if m := again.Exposure.Margin; m == nil || m.Held.IsZero() || time.Since(m.Began) > 6*time.Minute || again.Held != m.Held {
			t.Errorf("after a restart in the dark the margin is %+v", m)
		}
		if r := exposure.Of(again.Exposure); !r.Dark || len(r.Positions) != 1 || r.Flat {
			t.Errorf("after a restart in the dark: dark %v, %d positions, flat %v", r.Dark, len(r.Positions), r.Flat)
		}
	})
}

// A list without the position, an empty one, and one that says zero once: none of them is a flat account.
func TestAWrongListOfPositionsIsNotFlat(t *testing.T) {
	zero := `{"success":1,"data":{"notice":{"what":null,"occurred_at":null,"amount":null,"due_date_at":null},"payables":{"amount":"0"},"losscut_threshold":{"individual":"0.5","company":"0.5"},"positions":[%s]}}`
	for name, rows := range map[string]string{
		"empty": "", "without the position": `{"pair":"eth_jpy","position_side":"long","open_amount":"0","product":"0","average_price":"0","unrealized_fee_amount":"0","unrealized_interest_amount":"0"}`,
		"zero": `{"pair":"btc_jpy","position_side":"long","open_amount":"0","product":"0","average_price":"0","unrealized_fee_amount":"0","unrealized_interest_amount":"0"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := holding(t)
			held := w.a.View().Held
			body, _ := json.Marshal(fmt.Sprintf(zero, rows))
			w.control("POST", "/faults", fmt.Sprintf(`{"host":"private","match":{"path":"/v1/user/margin/positions"},"effect":"status","status":200,"body":%s,"count":1}`, body))
			time.Sleep(70 * time.Second)
			v := w.a.View()
			if r := exposure.Of(v.Exposure); r.Flat || len(r.Positions) != 1 || name != "zero" && v.Held != held || name == "zero" && !r.Positions[0].Doubt {
				t.Errorf("%s: flat %v, positions %+v, read whole %v", name, r.Flat, r.Positions, v.Held)
			}
			time.Sleep(2 * time.Minute)
			v = w.a.View()
			if r := exposure.Of(v.Exposure); len(r.Positions) != 1 || r.Positions[0].Doubt || !v.Held.After(held) {
				t.Errorf("%s: after a good list %+v, read whole %v", name, r.Positions, v.Held)
			}
		})
	}
}

// A crash while bitbank is dark: the price falls elsewhere, and the owner's line is crossed once, whatever is restarted.
func TestALineIsCrossedOnceInACrashWhileBitbankIsDark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e := holding(t)
		last := w.last()
		e.set(last)
		draw := func(x ledger.Line) (ledger.Line, error) { return w.a.Draw(t.Context(), x) }
		below := ledger.Line{Kind: ledger.Below, Pair: "btc_jpy", Value: bitbank.NewNumber(last.Mul(decimal.New(95, -2)).Round(0))}
		x, err := draw(below)
		if err != nil || x.ID != 1 {
			t.Fatalf("the line %+v: %v", x, err)
		}
		if _, err := draw(ledger.Line{Kind: ledger.Below, Pair: "btc_jpy", Value: bitbank.NewNumber(last.Mul(decimal.New(2, 0)))}); err == nil {
			t.Error("a line that is crossed already is set")
		}
		if _, err := draw(ledger.Line{Kind: ledger.Loss, Value: num(t, "20"), Percent: true}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		w.control("POST", "/faults", `{"host":"private","effect":"refuse"}`)
		w.control("POST", "/faults", `{"host":"public","effect":"refuse"}`)
		w.control("POST", "/faults", `{"host":"pubnub","effect":"refuse"}`)
		time.Sleep(time.Minute)
		report := exposure.Of(w.a.View().Exposure)
		if !report.Dark || report.Assets[0].From != exposure.Venues || report.Lines[0].Last.On || report.Positions[0].From != exposure.Venues {
			t.Fatalf("in the dark: %v, %+v, lines %+v", report.Dark, report.Assets[0].Price, report.Lines)
		}
		e.set(decimal.Decimal{}) // nobody agrees: nothing is said
		time.Sleep(time.Minute)
		report = exposure.Of(w.a.View().Exposure)
		if report.Lines[0].Look.Side != exposure.Blind || report.Worth.Counted != 1 || len(report.Worth.Left) == 0 {
			t.Errorf("without a price: %+v, %+v", report.Lines[0].Look, report.Worth)
		}
		e.set(last.Mul(decimal.New(75, -2)))
		began := time.Now()
		for len(w.written("crossed")) < 2 && time.Since(began) < time.Minute {
			time.Sleep(time.Second)
		}
		took := time.Since(began)
		if took > 15*time.Second || took < spanningLeast {
			t.Errorf("both lines were crossed after %v", took)
		}
		w.stop()
		w.start()
		time.Sleep(time.Minute)
		crossed := w.written("crossed")
		if len(crossed) != 2 || !crossed[0].Crossed.On || !crossed[1].Crossed.On {
			t.Fatalf("crossings on the disk: %d", len(crossed))
		}
		report = exposure.Of(w.a.View().Exposure)
		if !report.Lines[0].Last.On || !report.Lines[1].Last.On || report.Worth.Least.GreaterThan(report.Worth.Value) {
			t.Errorf("after a restart: %+v", report.Lines)
		}
		if gone, err := w.a.Erase(t.Context(), 1); !gone || err != nil {
			t.Errorf("removing: %v, %v", gone, err)
		}
		if gone, err := w.a.Erase(t.Context(), 1); gone || err != nil || len(w.a.View().Exposure.Lines) != 1 {
			t.Errorf("removing again: %v, %v", gone, err)
		}
		t.Logf("figure: exposure, a crash of 25 %% elsewhere while bitbank was dark: two lines crossed and on the disk after %v", took)
	})
}

// spanningLeast is the least that looks must span before a line is crossed.
const spanningLeast = 3 * time.Second

// Another status is written at once, and a demand that the stream tells of has the margin read at once: a call is no matter of
// minutes.
func TestAMarginCallIsKnownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := holding(t)
		w.control("POST", "/faults", `{"host":"private","match":{"path":"/v1/user/margin/status"},"effect":"status","status":200,"body":"{\"success\":1,\"data\":{\"status\":\"CALL\"}}"}`)
		if w.a.marginDue(time.Now()) {
			t.Error("it is read again although it was read just now")
		}
		before := len(w.written("margin"))
		w.a.mu.Lock()
		w.a.books.margin.told = true // as a notice of the stream does
		w.a.mu.Unlock()
		poke(w.a.doubt)
		time.Sleep(2 * time.Second)
		r := exposure.Of(w.a.View().Exposure)
		if !r.Margin.Alarm || r.Margin.Ours.Why != "figures" {
			t.Fatalf("the margin is %+v", r.Margin)
		}
		if n := len(w.written("margin")); n != before+1 {
			t.Errorf("%d reads are on the disk, before it were %d", n, before)
		}
	})
}

package market

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

var opening = time.Date(2026, 11, 24, 5, 5, 30, 0, time.UTC)

func TestTwoMarketsWithOneSeedAgree(t *testing.T) {
	a, b := New(7, 1, opening), New(7, 1, opening)
	for i := range 600 {
		at := opening.Add(time.Duration(i) * 100 * time.Millisecond)
		if d := gocmp.Diff(a.Advance(at), b.Advance(at)); d != "" {
			t.Fatalf("after %v: %s", at.Sub(opening), d)
		}
	}
	if gocmp.Equal(a.Depth("btc_jpy"), New(8, 1, opening).Depth("btc_jpy")) {
		t.Error("another seed gives the same book")
	}
}

func TestACloneLivesOnItsOwn(t *testing.T) {
	m := New(1, 1, opening)
	m.Advance(opening.Add(time.Minute))
	c := m.Clone()
	before := c.Depth("btc_jpy")
	candles, _ := c.Candles("btc_jpy", "1min", "20261124")
	a := m.Advance(opening.Add(2 * time.Minute))
	if d := gocmp.Diff(c.Depth("btc_jpy"), before); d != "" {
		t.Errorf("the copy's book moved: %s", d)
	}
	again, _ := c.Candles("btc_jpy", "1min", "20261124")
	if d := gocmp.Diff(again, candles); d != "" {
		t.Errorf("the copy's candles moved: %s", d)
	}
	if d := gocmp.Diff(c.Advance(opening.Add(2*time.Minute)), a); d != "" {
		t.Errorf("the copy has another future: %s", d)
	}
}

// follower merges diffs over wholes as the documents say (streams.md of bitbank: whole, then diffs with larger ids).
type follower struct {
	asks, bids map[string]string
}

func whole(d Depth) follower {
	f := follower{map[string]string{}, map[string]string{}}
	for _, l := range d.Asks {
		f.asks[l[0]] = l[1]
	}
	for _, l := range d.Bids {
		f.bids[l[0]] = l[1]
	}
	return f
}

func (f follower) apply(d Diff) {
	for side, levels := range map[*map[string]string][][2]string{&f.asks: d.Asks, &f.bids: d.Bids} {
		for _, l := range levels {
			if l[1] == "0" {
				delete(*side, l[0])
			} else {
				(*side)[l[0]] = l[1]
			}
		}
	}
}

func TestDiffsOverAWholeGiveTheNextWhole(t *testing.T) {
	for seed := range uint64(2) {
		m := New(seed, 1, opening)
		for _, name := range []string{"btc_jpy", "xym_jpy", "sui_jpy"} {
			now := opening
			f := whole(m.Depth(name))
			last, _ := strconv.ParseInt(m.Depth(name).SequenceID, 10, 64)
			follow := func(changes []Change) {
				for _, c := range changes {
					if c.Pair != name {
						continue
					}
					if c.Seq <= last {
						t.Fatalf("seed %d: %s: sequence id %d after %d", seed, name, c.Seq, last)
					}
					last = c.Seq
					f.apply(m.Diff(c))
				}
			}
			for i := range 400 {
				now = now.Add(time.Second)
				switch i {
				case 100:
					changes, err := m.Move(name, -8, time.Minute, now)
					if err != nil {
						t.Fatal(err)
					}
					follow(changes)
				case 200:
					changes, err := m.Jump(name, strconv.FormatFloat(m.Price(name)*1.3, 'f', -1, 64), now)
					if err != nil {
						t.Fatal(err)
					}
					follow(changes)
				case 250:
					follow(m.Set(name, Setting{CircuitBreak: ModeBreak}, now))
				case 300:
					follow(m.Set(name, Setting{CircuitBreak: ModeNone}, now))
				}
				follow(m.Advance(now))
				d := m.Depth(name)
				if diff := gocmp.Diff(f, whole(d), gocmp.AllowUnexported(follower{})); diff != "" {
					t.Fatalf("seed %d: %s after %d s: %s", seed, name, i, diff)
				}
				sorted(t, d)
				if m.Circuit(name).Mode == ModeNone && number(t, d.Asks[0][0]) <= number(t, d.Bids[0][0]) {
					t.Fatalf("seed %d: %s after %d s: crossed book %v %v in continuous trading", seed, name, i, d.Asks[0], d.Bids[0])
				}
				if m.Circuit(name).Mode == ModeNone && (len(d.Asks) > 200 || len(d.Bids) > 200) {
					t.Fatalf("seed %d: %d asks and %d bids", seed, len(d.Asks), len(d.Bids))
				}
			}
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sorted(t *testing.T, d Depth) {
	t.Helper()
	if !slices.IsSortedFunc(d.Asks, func(a, b [2]string) int { return cmp.Compare(number(t, a[0]), number(t, b[0])) }) {
		t.Fatal("asks do not ascend")
	}
	if !slices.IsSortedFunc(d.Bids, func(a, b [2]string) int { return cmp.Compare(number(t, b[0]), number(t, a[0])) }) {
		t.Fatal("bids do not descend")
	}
	for _, l := range slices.Concat(d.Asks, d.Bids) {
		if number(t, l[1]) <= 0 || number(t, l[0]) <= 0 {
			t.Fatalf("level %v", l)
		}
	}
}

func TestCandlesOfEverySizeAgree(t *testing.T) {
	m := New(3, 1, opening)
	m.Advance(opening.Add(30 * time.Second))
	for range 50 {
		m.Advance(m.Clock().Add(30 * time.Second))
	}
	for _, name := range []string{"btc_jpy", "ltc_jpy", "xym_jpy"} {
		for _, day := range []string{"20261123", "20261124"} {
			minutes, _ := m.Candles(name, "1min", day)
			for _, kind := range []string{"5min", "15min", "30min", "1hour"} {
				c, answer := m.Candles(name, kind, day)
				if answer != Found {
					t.Fatalf("%s %s %s: %v", name, kind, day, answer)
				}
				if d := gocmp.Diff(c.Candlestick[0].Rows, aggregate(t, minutes.Candlestick[0].Rows, candleTypes[kind])); d != "" {
					t.Errorf("%s %s %s: %s", name, kind, day, d)
				}
			}
		}
	}
}

func aggregate(t *testing.T, rows [][6]any, minutes int64) [][6]any {
	var out [][6]any
	for _, r := range rows {
		at := r[5].(int64) / (minutes * 60_000) * (minutes * 60_000)
		if n := len(out); n == 0 || out[n-1][5] != at {
			r[5] = at
			out = append(out, r)
			continue
		}
		o := &out[len(out)-1]
		if number(t, r[1].(string)) > number(t, o[1].(string)) {
			o[1] = r[1]
		}
		if number(t, r[2].(string)) < number(t, o[2].(string)) {
			o[2] = r[2]
		}
		o[3] = r[3]
		digits := len(r[4].(string)) - 1 - strings.IndexByte(r[4].(string), '.')
		o[4] = strconv.FormatFloat(number(t, o[4].(string))+number(t, r[4].(string)), 'f', digits, 64)
	}
	return out
}

func TestTheTradesOfADayAreThoseOfItsCandles(t *testing.T) {
	m := New(3, 1, opening)
	day, answer := m.Day("btc_jpy", "20261123")
	if answer != Found {
		t.Fatal(answer)
	}
	candles, _ := m.Candles("btc_jpy", "1day", "2026")
	row := candles.Candlestick[0].Rows[len(candles.Candlestick[0].Rows)-2]
	var volume, high float64
	id := int64(math.MaxInt64)
	for _, x := range day.Transactions {
		if x.ID >= id {
			t.Fatalf("trade %d after %d in a list that is newest first", x.ID, id)
		}
		id = x.ID
		volume += number(t, x.Amount)
		high = max(high, number(t, x.Price))
	}
	if want := number(t, row[4].(string)); math.Abs(volume-want) > 1e-3 {
		t.Errorf("volume of the day's trades: %v, its candle says %v", volume, want)
	}
	if want := number(t, row[1].(string)); high != want {
		t.Errorf("high of the day's trades: %v, its candle says %v", high, want)
	}
	if newest := m.Transactions("btc_jpy").Transactions; len(newest) != 60 || newest[59].ID <= day.Transactions[0].ID {
		t.Errorf("the newest trades: %d of them, oldest id %d, yesterday's last is %d", len(newest), newest[59].ID, day.Transactions[0].ID)
	}
}

func TestWhatIsNotPublishedIsMissing(t *testing.T) {
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at        time.Duration
		kind, key string
		want      Answer
	}{
		{4 * time.Minute, "1min", "20261125", Late},
		{12 * time.Minute, "1min", "20261125", Found},
		{4 * time.Minute, "1min", "20261126", Missing},
		{0, "1min", "2026", Missing},
		{0, "4hour", "20261124", Missing},
		{0, "4hour", "2026", Found},
		{0, "1month", "2026", Found},
		{0, "2min", "20261124", Missing},
		{0, "1day", "2016", Missing},
		{0, "trades", "20261124", Missing},
		{16 * time.Minute, "trades", "20261124", Found},
	} {
		m := New(1, 1, midnight.Add(c.at))
		var got Answer
		if c.kind == "trades" {
			_, got = m.Day("btc_jpy", c.key)
		} else {
			_, got = m.Candles("btc_jpy", c.kind, c.key)
		}
		if got != c.want {
			t.Errorf("%s/%s %v after midnight: %v, want %v", c.kind, c.key, c.at, got, c.want)
		}
	}
}

func TestAHaltedPairStandsStillAndTheWorldGoesOn(t *testing.T) {
	m := New(1, 1, opening)
	m.Advance(opening.Add(time.Second))
	m.Set("btc_jpy", Setting{Status: "HALT"}, m.Clock())
	before, price := m.Depth("btc_jpy"), m.Price("btc_jpy")
	changes := m.Advance(opening.Add(40 * time.Second))
	if d := gocmp.Diff(m.Depth("btc_jpy"), before); d != "" {
		t.Errorf("the book moved: %s", d)
	}
	if m.Price("btc_jpy") == price {
		t.Error("the world's price stands still")
	}
	if !slices.ContainsFunc(changes, func(c Change) bool { return c.Pair == "eth_jpy" }) {
		t.Error("no other pair trades")
	}
}

func TestAMoveArrivesWhereItWasSent(t *testing.T) {
	m := New(1, 1, opening)
	m.Advance(opening.Add(time.Second))
	from := number(t, m.Ticker("btc_jpy").Last)
	if _, err := m.Move("btc_jpy", -8, time.Minute, m.Clock()); err != nil {
		t.Fatal(err)
	}
	for range 62 {
		m.Advance(m.Clock().Add(time.Second))
	}
	if got := number(t, m.Ticker("btc_jpy").Last)/from - 1; got < -0.085 || got > -0.075 {
		t.Errorf("moved by %.2f %%, want -8 %%", got*100)
	}
	if _, err := m.Jump("btc_jpy", "9000000", m.Clock()); err != nil {
		t.Fatal(err)
	}
	if got := m.Ticker("btc_jpy"); got.Last != "9000000" {
		t.Errorf("last: %s, want 9000000", got.Last)
	}
}

func TestDelistedPairsHaveNoBook(t *testing.T) {
	m := New(1, 1, opening)
	m.Advance(opening.Add(20 * time.Second))
	stopped := 0
	for _, in := range m.Infos() {
		tk := m.Ticker(in.Name)
		if in.StopOrder {
			stopped++
			if tk.Sell != nil || tk.Buy != nil || in.StopOrderAndCancel || !in.Enabled {
				t.Errorf("%s: %+v %+v", in.Name, tk, in)
			}
		} else if tk.Sell == nil || tk.Buy == nil {
			t.Errorf("%s has no quotes", in.Name)
		}
	}
	if stopped != 18 || len(m.Infos()) != 62 {
		t.Errorf("%d of %d pairs are stopped, want 18 of 62", stopped, len(m.Infos()))
	}
}

func TestACircuitBreakCollectsOrdersAndEndsInAnAuction(t *testing.T) {
	m := New(1, 1, opening)
	m.Advance(opening.Add(time.Second))
	m.Set("btc_jpy", Setting{CircuitBreak: ModeBreak}, m.Clock())
	for _, c := range m.Advance(m.Clock().Add(30 * time.Second)) {
		if c.Pair == "btc_jpy" && len(c.Trades) > 0 {
			t.Fatal("traded during the break")
		}
	}
	during := m.Circuit("btc_jpy")
	if during.EstimatedPrice == nil || during.UpperPrice == nil || during.UpperTrigger != nil || during.Reopen == nil {
		t.Errorf("during the break: %+v", during)
	}
	c := m.Set("btc_jpy", Setting{CircuitBreak: ModeNone}, m.Clock())
	if len(c) != 1 || len(c[0].Trades) == 0 {
		t.Fatalf("the auction: %d changes", len(c))
	}
	sum := int64(0)
	for i, got := range m.Executed(c[0]).Transactions {
		if sum += c[0].Trades[i].Amount; got.Price != *during.EstimatedPrice {
			t.Errorf("traded at %s, estimated %s", got.Price, *during.EstimatedPrice)
		}
	}
	if got := m.index["btc_jpy"].volume(sum); got != *during.EstimatedAmount {
		t.Errorf("traded %s, estimated %s", got, *during.EstimatedAmount)
	}
}

func BenchmarkASecondOfMarket(b *testing.B) {
	m := New(1, 1, opening)
	for b.Loop() {
		m.Advance(m.Clock().Add(time.Second))
	}
}

func TestAPriceThatLeavesItsBandBreaksTradingUntilTheAuction(t *testing.T) {
	m := New(1, 1, opening)
	now := opening
	advance := func(d time.Duration) {
		now = now.Add(d)
		m.Advance(now)
	}
	advance(time.Second)
	before := m.Circuit("btc_jpy")
	if _, err := m.Move("btc_jpy", -30, 30*time.Second, now); err != nil {
		t.Fatal(err)
	}
	advance(40 * time.Second)
	during := m.Circuit("btc_jpy")
	if during.Mode != ModeBreak || during.Reopen == nil || before.LowerTrigger == nil {
		t.Fatalf("before %+v, during %+v", before, during)
	}
	advance(auctionLength)
	after := m.Circuit("btc_jpy")
	if after.Mode != ModeNone {
		t.Fatalf("after: %+v", after)
	}
	// A further break within the hour needs a wider move.
	reference := float64(m.index["btc_jpy"].reference)
	if low := parse(*after.LowerTrigger); low > reference*0.71 || low < reference*0.69 {
		t.Errorf("the next band begins at %v, it stands around %v", low, reference)
	}
}

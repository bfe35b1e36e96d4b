package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/gateway"
	"hikeshi/internal/ledger"
)

// human is the account's owner at bitbank's own page: another key, which we do not see.
func (w *world) human() *bitbank.Client {
	w.t.Helper()
	w.control("POST", "/accounts/sim", `{"key":"human","secret":"s"}`)
	key, err := bitbank.NewCredentials("human", "s", "http://private", bitbank.Auth{})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := bitbank.New(bitbank.Options{HTTP: w.private, PublicURL: "http://public", PrivateURL: "http://private", Credentials: key})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// by places an order as a human, and returns its id.
func (w *world) by(c *bitbank.Client, n bitbank.NewOrder) bitbank.OrderID {
	w.t.Helper()
	o, done := c.PlaceOrder(w.t.Context(), n).Done()
	if !done {
		w.t.Fatalf("the human's order %+v was not taken", n)
	}
	return o.ID
}

func (w *world) market(side bitbank.Side) bitbank.NewOrder {
	return bitbank.NewOrder{Pair: "btc_jpy", Side: side, Type: bitbank.Market, Amount: num(w.t, "0.01")}
}

func (w *world) limit(amount string) bitbank.NewOrder {
	return bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num(w.t, amount), Price: num(w.t, "9000000")}
}

// breaks are the view's, as "kind cause pair asset:onhand/locked".
func (w *world) breaks() []string {
	var out []string
	for _, b := range w.a.View().Breaks {
		s := strings.TrimSpace(string(b.Kind) + " " + string(b.Cause))
		for _, m := range b.Money {
			sign := func(n int) string { return []string{"-", "0", "+"}[n+1] }
			s += fmt.Sprintf(" %s:%s/%s", m.Asset, sign(m.OnHand.Sign()), sign(m.Locked.Sign()))
		}
		if b.Over.IsZero() {
			s += " open"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func (w *world) wantBreaks(when string, want ...string) {
	w.t.Helper()
	if got := w.breaks(); !slices.Equal(got, want) {
		w.t.Errorf("%s the breaks are %q, want %q", when, got, want)
	}
}

const muteAll = `{"host":"pubnub","effect":"mute_channel"}`

func TestWhatHappenedWhileWeWereNotRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.wantBreaks("at the first start")
		human := w.human()
		resting := w.by(human, w.limit("0.001"))
		time.Sleep(2 * time.Minute)
		w.wantBreaks("of what the stream tells")
		w.stop()
		w.by(human, w.market(bitbank.Sell))
		w.by(human, w.limit("0.002"))
		if _, done := human.CancelOrder(t.Context(), "btc_jpy", resting).Done(); !done {
			t.Fatal("the cancel was not taken")
		}
		time.Sleep(10 * time.Minute)
		w.start()
		want := []string{"appeared off jpy:0/+", "ended off", "filled off btc:-/0 jpy:+/0"}
		w.wantBreaks("after a restart", want...)
		for _, b := range w.a.View().Breaks {
			if b.Order == nil || b.Order.Side == "" || b.Kind == ledger.Filled && (b.Fills.N == 0 || !b.Fills.Amount.Equal(num(t, "0.01").Decimal()) || b.Order.Status != bitbank.StatusFullyFilled) {
				t.Errorf("a break says too little: %+v", b)
			}
		}
		// It is remembered over another restart, and nothing is found twice.
		w.stop()
		w.start()
		time.Sleep(3 * time.Minute)
		w.wantBreaks("after another restart", want...)
	})
}

func TestWhatTheStreamDidNotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		human := w.human()
		w.control("POST", "/faults", muteAll)
		w.by(human, w.market(bitbank.Buy))
		w.by(human, w.market(bitbank.Buy))
		w.by(human, w.limit("0.002"))
		time.Sleep(2 * time.Minute)
		w.wantBreaks("of a silent stream", "appeared untold jpy:0/+", "filled untold btc:+/0 jpy:-/0", "filled untold btc:+/0 jpy:-/0")
	})
}

func TestWhatHappenedWhileTheStreamWasCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		human := w.human()
		w.control("POST", "/faults", `{"host":"pubnub","effect":"refuse","for_ms":1800000}`)
		time.Sleep(6 * time.Minute) // until its long poll is over
		w.by(human, w.market(bitbank.Buy))
		time.Sleep(2 * time.Minute)
		w.wantBreaks("of a cut stream", "filled gap btc:+/0 jpy:-/0")
	})
}

// Money that moves without a word is told after two reads, not after one, and until it is explained.
func TestMoneyThatNothingExplains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(2 * time.Minute)
		w.control("POST", "/faults", muteAll)
		w.control("POST", "/accounts/sim/deals", `{"asset":"xrp","side":"buy","price":"400","amount":"10"}`)
		time.Sleep(70 * time.Second)
		w.wantBreaks("after one read")
		if got := w.a.View().Unsure; !slices.Equal(got, []string{"jpy", "xrp"}) {
			t.Errorf("after one read nothing is said of %v", got)
		}
		time.Sleep(2 * time.Minute)
		w.wantBreaks("after more", "unaccounted jpy:-/0 open", "unaccounted xrp:+/0 open")
		for _, b := range w.a.View().Breaks {
			if m := b.Money[0]; m.Asset == "jpy" && m.OnHand.String() != "-4000" || m.Asset == "xrp" && m.OnHand.String() != "10" {
				t.Errorf("unexplained are %s of %s", m.OnHand, m.Asset)
			}
		}
		d := bitbank.DealerOrder{ID: 1, Asset: "xrp", Side: bitbank.Buy, Price: num(t, "400"), Amount: num(t, "10"), OrderedAt: bitbank.Millis(time.Now().Add(-3 * time.Minute).UnixMilli())}
		w.a.mu.Lock()
		w.a.broker.Ledger().Apply(ledger.Record{At: time.Now(), Dealt: &d})
		w.a.mu.Unlock()
		time.Sleep(2 * time.Minute)
		w.wantBreaks("once it is explained", "unaccounted jpy:-/0", "unaccounted xrp:+/0")
		if got := w.a.View().Unsure; len(got) != 0 {
			t.Errorf("in the end nothing is said of %v", got)
		}
	})
}

// Replicas that lag, and an account that trades all the time, are no differences.
func TestALaggingReplicaIsNoBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/faults", `{"host":"private","match":{"method":"GET"},"effect":"replica_lag","delay_ms":20000}`)
		human := w.human()
		for range 60 {
			w.by(human, w.market(bitbank.Buy))
			time.Sleep(7 * time.Second)
			w.by(human, w.market(bitbank.Sell))
			time.Sleep(11 * time.Second)
		}
		time.Sleep(3 * time.Minute)
		w.wantBreaks("beside lagging replicas")
	})
}

// A deposit whose sender must be declared is in no balance and can block withdrawals: its owner is told.
func TestADepositThatIsHeldBackIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/accounts/sim/deposits", `{"asset":"btc","amount":"0.5","unconfirmed":true}`)
		time.Sleep(6 * time.Minute)
		w.wantBreaks("of a held deposit", "undeclared btc:+/0 open")
		human := w.human()
		senders, err := human.DepositOriginators(t.Context())
		if err != nil || len(senders) == 0 {
			t.Fatalf("%d senders: %v", len(senders), err)
		}
		if _, done := human.ConfirmDepositsAll(t.Context(), senders[0].UUID).Done(); !done {
			t.Fatal("the declaration was not taken")
		}
		time.Sleep(6 * time.Minute)
		w.wantBreaks("once it is declared", "undeclared btc:+/0")
	})
}

// Whether a stop locks money before it is triggered bitbank's documents do not say. Its balances do, and what was learned counts for
// lost orders too.
func TestHowStopsLockIsLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stop()
		w.barrier = true
		w.control("POST", "/ways", `{"stop_orders_lock":"no"}`)
		w.start()
		human := w.human()
		n := w.limit("0.002")
		n.Type, n.Price, n.TriggerPrice = bitbank.Stop, bitbank.Number{}, num(t, "19000000")
		w.by(human, n)
		time.Sleep(3 * time.Minute)
		w.wantBreaks("beside a stop that locks nothing")
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		r := w.place("0.001", patient)
		time.Sleep(2 * time.Minute)
		if got, _ := w.a.Intent("grid", r.Intent); got.Outcome != gateway.NotPlaced {
			t.Errorf("a lost order is %+v", got)
		}
		if got := w.a.View().Unsure; len(got) > 0 {
			t.Errorf("nothing is said of %v", got)
		}
	})
}

func TestAnOrderThatTheEngineDropsIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.place("0.001", patient)
		w.control("POST", "/faults", `{"host":"pubnub","match":{"path":"spot_order"},"effect":"mute_channel"}`)
		w.control("POST", "/accounts/sim", fmt.Sprintf(`{"invalidate":[%d]}`, r.Orders[0].ID))
		time.Sleep(10 * time.Second)
		w.wantBreaks("of a dropped order", "ended dropped")
		if b := w.a.View().Breaks; len(b) > 0 && b[0].Origin.Bot != "grid" {
			t.Errorf("it is said to be of %+v", b[0].Origin)
		}
	})
}

// Positions are read: the stream tells of them only when they change.
func TestPositionsAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		human := w.human()
		w.stop()
		n := w.market(bitbank.Buy)
		n.PositionSide = bitbank.Long
		w.by(human, n)
		w.start()
		v := w.a.View()
		if len(v.Positions) != 1 || v.Positions[0].Side != bitbank.Long || !v.Positions[0].OpenAmount.Equal(num(t, "0.01")) || time.Since(v.Held) > time.Minute {
			t.Fatalf("positions are %+v, read at %v", v.Positions, v.Held)
		}
		n.Side = bitbank.Sell
		w.control("POST", "/faults", muteAll)
		w.by(human, n)
		time.Sleep(6 * time.Minute)
		if v := w.a.View(); len(v.Positions) != 0 || time.Since(v.Held) > 6*time.Minute {
			t.Errorf("after it was closed: %+v, read at %v", v.Positions, v.Held)
		}
	})
}

func TestAnAccountWithoutMarginIsReadAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stop()
		w.control("POST", "/faults", `{"host":"private","match":{"path":"/v1/user/margin/positions"},"effect":"api_error","code":50058}`)
		again := time.Now()
		w.start()
		if v := w.a.View(); v.Read.Before(again) || !v.Held.Before(again) {
			t.Errorf("read %v, positions %v", v.Read, v.Held)
		}
	})
}

// bitbank's documents let the asset of withdrawals be left out since 2025-12; others had to name it later than that.
func TestWithdrawalsAreReadThoughTheAssetMustBeNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stop()
		w.control("POST", "/accounts/sim/readings", `{"asset_required":true}`)
		w.start()
		w.stop()
		if w.a.books.transfersAt.IsZero() {
			t.Error("transfers were not read")
		}
	})
}

// What bitbank shows late has a time that was passed already: a whole read, as after each gap of the stream, goes back an hour.
func TestATradeThatIsShownLateIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s := newArchive(t, 10, 60)
		a := s.open(t, &disk{}, freeLimiter(t))
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- a.Run(ctx) }()
		time.Sleep(2 * time.Hour)
		if v := a.View(); v.Demand.Kind() != bitbank.NoticeCall || v.Held.IsZero() {
			t.Errorf("bitbank demands %+v, read at %v", v.Demand, v.Held)
		}
		late := trade(t, 9999, 8888, time.Now().Add(-40*time.Minute))
		s.mu.Lock()
		s.trades = append(s.trades, late)
		s.mu.Unlock()
		known := func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.broker.Ledger().Traded(late)
		}
		time.Sleep(3 * time.Minute)
		if known() {
			t.Error("every read goes back so far")
		}
		if err := a.Check(t.Context()); err != nil || !known() {
			t.Errorf("a whole read has not found it: %v", err)
		}
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// A busy day has more trades than one read takes in.
func TestABusyDayIsReadWholeAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s, d := newArchive(t, 6000, 0.9), &disk{}
		l := s.follow(t, d, freeLimiter(t), time.Minute)
		lost := 0
		for _, x := range s.trades {
			if !l.Traded(x) {
				lost++
			}
		}
		if lost > 0 || len(l.Breaks()) > 0 {
			t.Errorf("%d trades of %d are not known, %d breaks", lost, len(s.trades), len(l.Breaks()))
		}
	})
}

func TestACheckReadsAtOnceButNotInTheDark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(20 * time.Second)
		before := w.a.View().Read
		if err := w.a.Check(t.Context()); err != nil || !w.a.View().Read.After(before) {
			t.Errorf("checked: %v, read %v and %v before", err, w.a.View().Read, before)
		}
		again := w.a.View().Read
		if err := w.a.Check(t.Context()); err != nil || !w.a.View().Read.Equal(again) {
			t.Errorf("a second one right after it asked again: %v", err)
		}
		w.control("POST", "/faults", `{"host":"private","effect":"drop_request","for_ms":60000}`)
		w.place("0.001", 3*time.Second)
		time.Sleep(10 * time.Second)
		if err := w.a.Check(t.Context()); err != ErrDark {
			t.Errorf("in the dark: %v", err)
		}
		w.stop()
		if err := w.a.Check(t.Context()); err == nil {
			t.Error("an account that is not followed was checked")
		}
	})
}

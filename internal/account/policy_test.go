package account

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/policy"
)

// minded opens the account with a policy.
func (w *world) minded(armed bool, rules ...policy.Rule) {
	w.t.Helper()
	prepared, err := policy.Prepare(rules)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop()
	w.open = func(o Options) (*Account, error) {
		o.Policy = Policy{Armed: armed, Rules: prepared}
		return Open(o, w.disk.all)
	}
	w.start()
}

var darkRules = []policy.Rule{
	{Name: "mine", When: policy.Dark, Do: policy.Keep, Scope: ledger.Scope{Pair: "xrp_jpy"}},
	{Name: "grid", When: policy.Dark, After: time.Minute, Do: policy.Cancel, Scope: ledger.Scope{Bot: "grid"}},
	{Name: "rest", When: policy.Dark, After: 2 * time.Minute, Do: policy.Ask},
}

func TestAnArmedPolicyCancelsWhatItsOwnerHasDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.minded(true, darkRules...)
		w.grid("grid", 1, "btc_jpy", "xrp_jpy")
		w.grid("other", 1, "btc_jpy", "eth_jpy")
		time.Sleep(2 * time.Second)
		if v := w.a.View(); !v.Policy.Armed || len(v.Policy.Rules) != 3 || v.Policy.Rules[1].Due || len(v.Policy.Rules[1].Orders.Cancel) != 1 || len(v.Policy.Rules[2].Orders.Cancel) != 2 || len(v.Proposals) != 0 {
			t.Errorf("in calm it would do %+v", v.Policy)
		}
		w.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
		go w.place("0.02", 3*time.Second)
		time.Sleep(50 * time.Second)
		if n := len(w.a.View().Proposals); n != 0 {
			t.Errorf("%d proposals before the time", n)
		}
		time.Sleep(30 * time.Second)
		v := w.a.View()
		if len(v.Proposals) != 1 || v.Proposals[0].Rule != "grid" || v.Proposals[0].How != ledger.Carried || v.Plans[0].ID != v.Proposals[0].Plan || v.Plans[0].By != "policy" || v.Plans[0].State != PlanLatched {
			t.Fatalf("proposed %+v, plans %+v", v.Proposals, v.Plans)
		}
		if s := w.a.State("grid"); s.Trading != "frozen" {
			t.Errorf("the bot is %s", s.Trading)
		}
		time.Sleep(time.Minute)
		v = w.a.View()
		if len(v.Proposals) != 2 || v.Proposals[0].Rule != "rest" || v.Proposals[0].How != ledger.Waits || len(v.Plans) != 1 {
			t.Fatalf("proposed %+v", v.Proposals)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(12 * time.Minute) // the lost order is proved absent
		if v = w.a.View(); v.Proposals[0].How != ledger.Passed || v.Plans[0].State != PlanOver {
			t.Errorf("afterwards %+v, %s", v.Proposals[0], v.Plans[0].State)
		}
		if n := w.live(); n != 3 { // what is kept, and what was only asked about
			t.Errorf("%d orders rest", n)
		}
		if err := w.a.AnswerProposal(v.Proposals[0].ID, true); !errors.Is(err, ErrAnswered) {
			t.Errorf("an answer after the event: %v", err)
		}
	})
}

func TestAPolicyThatIsNotArmedAsks(t *testing.T) {
	for _, yes := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.minded(false, darkRules...)
			w.grid("grid", 1, "btc_jpy", "xrp_jpy")
			time.Sleep(2 * time.Second)
			w.control("POST", "/faults", `{"host":"private","effect":"blackhole"}`)
			go w.place("0.02", 3*time.Second)
			time.Sleep(90 * time.Second)
			v := w.a.View()
			if len(v.Proposals) != 1 || v.Proposals[0].How != ledger.Waits || len(v.Plans) != 0 {
				t.Fatalf("proposed %+v, plans %+v", v.Proposals, v.Plans)
			}
			// It waits over a restart.
			w.stop()
			w.start()
			if err := w.a.AnswerProposal(v.Proposals[0].ID, yes); err != nil {
				t.Fatal(err)
			}
			if err := w.a.AnswerProposal(v.Proposals[0].ID, yes); !errors.Is(err, ErrAnswered) {
				t.Errorf("a second answer: %v", err)
			}
			w.control("DELETE", "/faults", "")
			time.Sleep(time.Minute)
			if want := map[bool]int{true: 1, false: 2}[yes]; w.live() != want {
				t.Errorf("answered %v: %d orders rest, want %d", yes, w.live(), want)
			}
		})
	}
}

// No bot asks for anything: our own reads notice that bitbank does not answer. And what a machine slept through is no darkness.
func TestDarknessIsNoticedWithoutBots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.minded(true, policy.Rule{Name: "grid", When: policy.Dark, After: 5 * time.Minute, Do: policy.Cancel, Scope: ledger.Scope{Bot: "grid"}})
		w.grid("grid", 1, "btc_jpy")
		var slept time.Duration
		real := w.a.guard.now
		w.a.mu.Lock()
		w.a.guard.now = func() lease.Moment {
			m := real()
			m.Wall = m.Wall.Add(slept)
			return m
		}
		w.a.mu.Unlock()
		time.Sleep(time.Hour)
		w.control("POST", "/faults", `{"host":"private","effect":"refuse"}`)
		time.Sleep(3 * time.Minute)
		if n := w.a.View().Policy; n.Rules[0].Since.IsZero() || n.Rules[0].Due {
			t.Errorf("after three minutes: %+v", n.Rules[0])
		}
		w.a.mu.Lock()
		slept = 8 * time.Hour
		w.a.mu.Unlock()
		time.Sleep(4 * time.Minute)
		if n := len(w.a.View().Plans); n != 0 {
			t.Errorf("four minutes after it slept there are %d plans", n)
		}
		time.Sleep(2 * time.Minute)
		if v := w.a.View(); len(v.Plans) != 1 || v.Plans[0].State != PlanLatched {
			t.Fatalf("six minutes after: %+v", v.Plans)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(time.Minute)
		if w.live() != 0 {
			t.Errorf("%d rest", w.live())
		}
	})
}

func TestWithoutTheTradingRightNothingIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grid("grid", 1, "btc_jpy")
		w.stop()
		w.open = func(o Options) (*Account, error) {
			o.ReadOnly = true
			return Open(o, w.disk.all)
		}
		w.start()
		if _, err := w.a.CancelAll(ledger.Scope{}, "owner", ""); !errors.Is(err, ErrReadOnly) {
			t.Errorf("cancel all: %v", err)
		}
		time.Sleep(time.Minute)
		if len(w.cancelled()) != 0 || len(w.a.View().Plans) != 0 {
			t.Error("a cancel left, or a plan was made")
		}
	})
}

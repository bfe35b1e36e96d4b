package reconcile

import (
	"encoding/json"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"hikeshi/bitbank"
)

var sent = time.Date(2026, 11, 25, 5, 0, 0, 0, time.UTC)

func num(s string) bitbank.Number {
	n, err := bitbank.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

func lost() Intent {
	return Intent{
		ID: "i1", At: sent, Window: 2 * time.Second, Known: []bitbank.OrderID{100, 101},
		Order: bitbank.NewOrder{Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, Amount: num("0.01"), Price: num("15000000")},
	}
}

// same is an order that looks like the lost one.
func same(id bitbank.OrderID, after time.Duration) bitbank.Order {
	return bitbank.Order{
		ID: id, Pair: "btc_jpy", Side: bitbank.Buy, Type: bitbank.Limit, StartAmount: num("0.0100"), Price: num("15000000.0"),
		OrderedAt: bitbank.Millis(sent.Add(after).UnixMilli()), Status: bitbank.StatusUnfilled,
	}
}

// A story is a case and the time, moved on by what is learned.
type story struct {
	t *testing.T
	c Case
	s float64 // seconds after sent
}

func begin(t *testing.T) *story { return &story{t, Open(lost(), sent.Add(time.Second)), 1} }

func (s *story) now() time.Time { return sent.Add(time.Duration(s.s * float64(time.Second))) }

// learn folds a fact in, and holds the case to what the journal keeps of it.
func (s *story) learn(f Fact) *story {
	s.t.Helper()
	f.At = s.now()
	s.c = s.c.Learn(f)
	b, err := json.Marshal(s.c)
	if err != nil {
		s.t.Fatal(err)
	}
	var back Case
	if err := json.Unmarshal(b, &back); err != nil {
		s.t.Fatal(err)
	}
	if d := gocmp.Diff(s.c, back, gocmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), gocmp.Comparer(bitbank.Number.Equal)); d != "" {
		s.t.Fatalf("the journal keeps another case: %s", d)
	}
	return s
}

func (s *story) wait(seconds float64) *story { s.s += seconds; return s }

// fenced waits until the fence is closed.
func (s *story) fenced() *story {
	s.s = max(s.s, 4)
	for range fenceReads {
		s.learn(Fact{Fence: &Fence{Signed: sent, Window: 2 * time.Second, Code: 20035}})
	}
	return s
}

// look makes a pass.
func (s *story) look(p Pass) *story {
	p.Began = s.now()
	if p.Status == "" {
		p.Status = bitbank.StatusNormal
	}
	return s.learn(Fact{Pass: &p})
}

// barrier lets a later order of ours be seen.
func (s *story) barrier() *story {
	s.wait(2)
	return s.learn(Fact{Later: &Later{Signed: s.now().Add(-time.Second), ID: 500, Seen: s.now()}})
}

func (s *story) is(v Verdict, assumes string) *story {
	s.t.Helper()
	if s.c.Verdict != v || s.c.Assumes != assumes {
		s.t.Errorf("after %v s: %q assuming %q, want %q assuming %q: %+v", s.s, s.c.Verdict, s.c.Assumes, v, assumes, s.c)
	}
	return s
}

func fresh() Pass { return Pass{Fresh: true} }

func TestAnOrderThatIsSeenNeedsNoFence(t *testing.T) {
	begin(t).look(Pass{Live: []bitbank.Order{same(200, 0)}}).is(Placed, "")
	begin(t).look(Pass{Traded: []bitbank.Order{same(200, time.Second)}}).is(Placed, "")
	begin(t).learn(Fact{Told: &Told{same(200, 0)}}).is(Placed, "")
	for name, o := range map[string]bitbank.Order{
		"known before": same(101, 0), "too early": same(200, -2*time.Second), "another pair": with(same(200, 0), func(o *bitbank.Order) { o.Pair = "xrp_jpy" }),
		"another side": with(same(200, 0), func(o *bitbank.Order) { o.Side = bitbank.Sell }), "another price": with(same(200, 0), func(o *bitbank.Order) { o.Price = num("15000001") }),
		"another amount": with(same(200, 0), func(o *bitbank.Order) { o.StartAmount = num("0.02") }), "margin": with(same(200, 0), func(o *bitbank.Order) { o.PositionSide = bitbank.Long }),
		"another type": with(same(200, 0), func(o *bitbank.Order) { o.Type = bitbank.Market; o.Price = bitbank.Number{} }), "no id": same(0, 0),
	} {
		if s := begin(t).look(Pass{Live: []bitbank.Order{o}}); s.c.Verdict != Unknown {
			t.Errorf("%s: %+v", name, s.c)
		}
	}
}

func with(o bitbank.Order, change func(*bitbank.Order)) bitbank.Order {
	change(&o)
	return o
}

func TestAbsenceIsProvedByFencePassesBarrierAndMoney(t *testing.T) {
	all := func(s *story) *story {
		return s.fenced().barrier().look(fresh()).wait(15).look(fresh()).wait(16).look(fresh())
	}
	s := all(begin(t)).is(NotPlaced, AssumesOrder)
	if !s.c.MayResend() {
		t.Error("proved by a barrier, it may be sent again")
	}
	// Each part alone keeps it unknown.
	begin(t).barrier().look(fresh()).wait(15).look(fresh()).wait(16).look(fresh()).wait(500).look(fresh()).is(Unknown, "")                                      // no fence
	begin(t).fenced().look(fresh()).wait(15).look(fresh()).wait(16).look(fresh()).is(Unknown, "")                                                               // no barrier
	begin(t).fenced().barrier().look(Pass{}).wait(15).look(Pass{}).wait(16).look(Pass{}).is(Unknown, "")                                                        // replicas that may be older than it
	begin(t).fenced().barrier().look(fresh()).wait(10).look(fresh()).wait(10).look(fresh()).is(Unknown, "")                                                     // too short
	begin(t).fenced().barrier().look(fresh()).wait(60).look(fresh()).is(Unknown, "")                                                                            // too few
	begin(t).fenced().barrier().look(fresh()).wait(15).look(locks(1)).wait(16).look(fresh()).wait(15).look(fresh()).is(Unknown, "")                             // money begins it anew
	begin(t).learn(Fact{Gap: &Gap{From: sent.Add(time.Second)}}).fenced().barrier().look(fresh()).wait(15).look(fresh()).wait(16).look(fresh()).is(Unknown, "") // the stream is still away
	s = begin(t).learn(Fact{Gap: &Gap{From: sent.Add(time.Second)}}).learn(Fact{Gap: &Gap{From: sent.Add(time.Second), To: sent.Add(2 * time.Second)}})
	all(s).is(NotPlaced, AssumesOrder)
}

func locks(yen int64) Pass {
	return Pass{Fresh: true, Unexplained: map[string]decimal.Decimal{"jpy": decimal.NewFromInt(yen)}}
}

func TestTheFenceNeedsThreeHostsThatAgree(t *testing.T) {
	s := begin(t).wait(3)
	closed := Fact{Fence: &Fence{Signed: sent, Window: 2 * time.Second, Code: 20035}}
	slow := Fact{Fence: &Fence{Signed: sent, Window: 2 * time.Second}} // a host whose clock is behind still accepts it
	s.learn(closed).learn(closed).learn(slow).learn(closed).learn(closed)
	if s.c.fenced() {
		t.Error("a host that still accepts the request was passed over")
	}
	if s.learn(closed); !s.c.fenced() {
		t.Error("three that agree do not close the fence")
	}
	// A read that is accepted proves it as well when it is signed a second after the end.
	late := Fact{Fence: &Fence{Signed: sent.Add(3 * time.Second), Window: 2 * time.Second}}
	if s = begin(t).wait(3).learn(late).learn(late).learn(late); !s.c.fenced() {
		t.Error("reads from beyond the end do not close the fence")
	}
	// Other codes say nothing.
	busy := Fact{Fence: &Fence{Signed: sent, Window: 2 * time.Second, Code: 10008}}
	if s = begin(t).wait(3).learn(closed).learn(busy).learn(closed).learn(closed); !s.c.fenced() {
		t.Error("a crowded exchange began the fence anew")
	}
}

func TestWithoutABarrierOnlyTimeIsLeftAndAllowsNothing(t *testing.T) {
	s := begin(t).fenced().look(Pass{}).wait(300).look(Pass{}).wait(320).look(Pass{Status: "HALT"}).is(Unknown, "")
	s.learn(Fact{Moved: &Moved{Traded: s.now()}}).is(Unknown, "") // traded, and halted since
	s.wait(1).look(Pass{}).is(NotPlaced, AssumesQ)
	if s.c.MayResend() {
		t.Error("what only time says may be sent again")
	}
}

func TestMoreOrdersThanLostOnesAreForAHuman(t *testing.T) {
	s := begin(t).look(Pass{Live: []bitbank.Order{same(200, 0), same(201, time.Second)}}).is(Ambiguous, "")
	s.learn(Fact{Human: &Human{Ours: []bitbank.OrderID{201}}}).is(Placed, byHuman)
	if len(s.c.Orders) != 1 || s.c.Orders[0] != 201 {
		t.Errorf("orders %v", s.c.Orders)
	}
	s.look(Pass{Live: []bitbank.Order{same(202, time.Second)}}).is(Placed, byHuman)
	// The second one may come later.
	s = begin(t).look(Pass{Live: []bitbank.Order{same(200, 0)}}).is(Placed, "").wait(5).learn(Fact{Told: &Told{same(201, time.Second)}}).is(Ambiguous, "")
	s.learn(Fact{Human: &Human{}}).is(NotPlaced, byHuman)
	if s.c.MayResend() {
		t.Error("a human's word is no proof")
	}
	// Long after it could have been accepted it is somebody's own.
	begin(t).look(Pass{Live: []bitbank.Order{same(200, 0)}}).wait(2000).look(Pass{Live: []bitbank.Order{same(201, 1990*time.Second)}}).is(Placed, "")
}

func TestAnOrderThatShowsUpAfterAllIsAGhost(t *testing.T) {
	s := begin(t).fenced().barrier().look(fresh()).wait(15).look(fresh()).wait(16).look(fresh()).is(NotPlaced, AssumesOrder)
	s.wait(60).look(Pass{Live: []bitbank.Order{same(300, time.Second)}}).is(NotPlaced, AssumesOrder)
	if !s.c.Ghost() || s.c.MayResend() {
		t.Errorf("late %v, may be sent again: %v", s.c.Late, s.c.MayResend())
	}
}

func TestWhatACaseWants(t *testing.T) {
	has := func(ws []Want, w Want) bool {
		for _, x := range ws {
			if x == w {
				return true
			}
		}
		return false
	}
	s := begin(t)
	if ws, at := s.c.Wants(s.now(), 0, s.now()); !has(ws, WantPass) || has(ws, WantFence) || at.Sub(s.now()) != hurried {
		t.Errorf("at once: %v at %v", ws, at)
	}
	s.wait(2)
	if ws, _ := s.c.Wants(s.now(), 0, s.now()); !has(ws, WantFence) {
		t.Errorf("after its window: %v", ws)
	}
	s.fenced()
	if ws, at := s.c.Wants(s.now(), 1, s.now()); !has(ws, WantPass) || !has(ws, WantBarrier) || at.Sub(s.c.FencedAt) != time.Second {
		t.Errorf("after the fence: %v at %v", ws, at.Sub(s.c.FencedAt))
	}
	if _, at := s.c.Wants(s.now(), 40, s.now()); at.Sub(s.now()) != after {
		t.Errorf("long after it: %v", at.Sub(s.now()))
	}
	if ws, _ := s.barrier().c.Wants(s.now(), 1, s.now()); has(ws, WantBarrier) {
		t.Errorf("with a barrier: %v", ws)
	}
	s.look(fresh()).wait(15).look(fresh()).wait(16).look(fresh())
	if ws, at := s.c.Wants(s.now(), 3, s.now()); !has(ws, WantGhosts) || at.Sub(s.now()) != time.Minute {
		t.Errorf("proved not to be there: %v %v", ws, at)
	}
	if ws, _ := s.c.Wants(s.now().Add(ghostFor), 3, s.now()); len(ws) != 0 {
		t.Errorf("a day later: %v", ws)
	}
}

package account

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/sim"
	"hikeshi/internal/transfer"
)

// arrive lets a deposit come in and returns its uuid.
func (w *world) arrive(body string) string {
	w.t.Helper()
	var got struct{ UUID string }
	if err := json.Unmarshal([]byte(w.control("POST", "/accounts/sim/deposits", body)), &got); err != nil {
		w.t.Fatal(err)
	}
	return got.UUID
}

// withdraw requests a withdrawal of xrp as its owner does on bitbank's page, and returns its uuid.
func (w *world) withdraw(amount string) string {
	w.t.Helper()
	id := w.withdrawn(amount)
	if id == "" {
		w.t.Fatal("bitbank takes no withdrawal")
	}
	return id
}

// withdrawn is withdraw where bitbank may not take it: "" then.
func (w *world) withdrawn(amount string) string {
	w.t.Helper()
	var to struct{ UUID string }
	if err := json.Unmarshal([]byte(w.control("POST", "/accounts/sim/withdrawal_accounts", `{"asset":"xrp","network":"ripple","label":"own","address":"rOther"}`)), &to); err != nil {
		w.t.Fatal(err)
	}
	key, err := bitbank.NewCredentials("sim-key", "sim-secret", "http://private", bitbank.Auth{})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := bitbank.New(bitbank.Options{HTTP: w.private, PublicURL: "http://public", PrivateURL: "http://private", Credentials: key})
	if err != nil {
		w.t.Fatal(err)
	}
	requested, _ := c.RequestWithdrawal(w.t.Context(), bitbank.NewWithdrawal{Asset: "xrp", AccountUUID: to.UUID, Amount: num(w.t, amount)}).Done()
	return requested.UUID
}

// try calls the simulator's control interface where it may say no.
func (w *world) try(method, path, body string) {
	w.sim.Handler(sim.Control).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, strings.NewReader(body)))
}

// move is the judged transfer of a uuid.
func (w *world) move(uuid string) transfer.Case {
	w.t.Helper()
	v := w.a.View()
	i := slices.IndexFunc(v.Moves, func(c transfer.Case) bool { return c.UUID == uuid })
	if i < 0 {
		w.t.Fatalf("%s is not among %d transfers", uuid, len(v.Moves))
	}
	return v.Moves[i]
}

// told are the alerts of a transfer that are on the disk.
func (w *world) told(key string) []string {
	w.t.Helper()
	var out []string
	for r := range w.disk.all {
		x, err := decode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		if a := x.Alerted; a != nil && a.Key == key {
			out = append(out, fmt.Sprint(a.N, a.State))
		}
	}
	return out
}

// dark cuts everything off, and returns what ends that.
func (w *world) dark() func() {
	var ids []string
	for _, host := range []string{"private", "pubnub"} {
		var got struct{ ID string }
		if err := json.Unmarshal([]byte(w.control("POST", "/faults", `{"host":"`+host+`","effect":"refuse"}`)), &got); err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	return func() {
		for _, id := range ids {
			w.try("DELETE", "/faults/"+id, "")
		}
	}
}

// A deposit that is credited while bitbank does not answer is under way for us until bitbank says DONE, is not called late
// meanwhile, and is told with the time in which it can have happened.
func TestADepositThatArrivesWhileWeAreBlind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.arrive(`{"asset":"xrp","amount":"40"}`)
		time.Sleep(30 * time.Second)
		if c := w.move(id); c.Stand != transfer.Moving || c.Status != "FOUND" || c.Arrived() {
			t.Fatalf("found: %s, %q", c.Stand, c.Status)
		}
		began := time.Now()
		light := w.dark()
		time.Sleep(2 * time.Hour)
		if c := w.move(id); c.Stand != transfer.Moving || c.Arrived() || c.For > 15*time.Minute {
			t.Fatalf("in the dark: %s for %v, arrived %t", c.Stand, c.For, c.Arrived())
		}
		light()
		time.Sleep(5 * time.Minute)
		c := w.move(id)
		if c.Stand != transfer.Done || !c.Arrived() {
			t.Fatalf("afterwards: %s, %q", c.Stand, c.Status)
		}
		if s := c.Stations[len(c.Stations)-1]; s.Place != transfer.Credited || s.At.After.IsZero() || s.At.After.After(began.Add(time.Minute)) || s.At.At.Before(began.Add(2*time.Hour)) {
			t.Errorf("credited between %v and %v", s.At.After, s.At.At)
		}
		if got := w.told("in " + id); len(got) > 0 {
			t.Errorf("told: %v", got)
		}
	})
}

// One that its owner does not confirm ends as CONFIRM_TIMEOUT in the dark, and its money is back: proved by the balance, told once,
// and the same after a restart.
func TestAWithdrawalThatTimesOutGivesItsMoneyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/accounts/sim/conditions", `{"nobody_confirms":true}`)
		id := w.withdraw("100")
		time.Sleep(2 * time.Minute)
		if c := w.move(id); c.Stand != transfer.Owner || c.Turn != transfer.You {
			t.Fatalf("requested: %s, turn of %q", c.Stand, c.Turn)
		}
		light := w.dark()
		time.Sleep(time.Hour)
		light()
		time.Sleep(20 * time.Second)
		w.stop()
		w.start()
		time.Sleep(5 * time.Minute)
		c := w.move(id)
		if c.Status != "CONFIRM_TIMEOUT" || c.Stand != transfer.Returned || c.Back != ledger.BackReturned {
			t.Fatalf("afterwards: %q, %s, %q", c.Status, c.Stand, c.Back)
		}
		got := w.told("out " + id)
		if len(got) < 2 || got[0] != "1owner" || got[len(got)-1] != fmt.Sprint(len(got), "") {
			t.Errorf("told: %v", got)
		}
		w.stop()
		w.start()
		time.Sleep(10 * time.Minute)
		if again := w.told("out " + id); !slices.Equal(again, got) {
			t.Errorf("told after another start: %v, before %v", again, got)
		}
	})
}

// As long as a balance shows the money of a refused withdrawal as locked it is not said to be back, and its owner is told.
func TestMoneyThatDoesNotComeBackIsNotSaidToBeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.withdraw("100")
		w.control("POST", "/accounts/sim/transfers", `{"uuid":"`+id+`","hold":true}`)
		time.Sleep(2 * time.Minute)
		// From now on balances are shown as they were: the lock seems to stay.
		w.control("POST", "/faults", `{"host":"private","match":{"path":"/v1/user/assets"},"effect":"stale_read"}`)
		w.control("POST", "/accounts/sim/transfers", `{"uuid":"`+id+`","status":"REJECTED"}`)
		time.Sleep(10 * time.Minute)
		if c := w.move(id); c.Stand != transfer.Ended || c.Back != ledger.BackUnproved || !c.Locked {
			t.Fatalf("while it is locked: %s, %q, locked %t", c.Stand, c.Back, c.Locked)
		}
		if got := w.told("out " + id); !slices.Contains(got, fmt.Sprint(len(got), "ended")) {
			t.Errorf("told: %v", got)
		}
		w.control("DELETE", "/faults", "")
		time.Sleep(5 * time.Minute)
		if c := w.move(id); c.Stand != transfer.Returned {
			t.Fatalf("afterwards: %s, %q", c.Stand, c.Back)
		}
	})
}

// A transaction that its owner has typed in is looked for over restarts until bitbank shows it; held back for its sender, it is
// the owner's turn, and another amount than awaited is told.
func TestADepositThatIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const txid = "feedf00dfeedf00dfeedf00d"
		w := newWorld(t)
		if _, err := w.a.Expect(ledger.Expected{Asset: "xrp", Network: "bitcoin", TxID: txid, Sent: time.Now()}); err == nil {
			t.Error("a network that the coin does not have is taken")
		}
		e, err := w.a.Expect(ledger.Expected{Asset: "xrp", TxID: txid, Amount: num(t, "50"), Sent: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.a.Expect(ledger.Expected{Asset: "xrp", TxID: strings.ToUpper(txid), Amount: num(t, "50"), Sent: time.Now()})
		if err != nil || again.ID != e.ID {
			t.Errorf("the same again is %q, %v; want %q", again.ID, err, e.ID)
		}
		time.Sleep(90 * time.Minute)
		if c := w.move(e.ID); c.Stand != transfer.Late || c.Kind != transfer.Awaited {
			t.Fatalf("not seen: %s", c.Stand)
		}
		w.stop()
		w.start()
		if got := w.told("await " + e.ID); !slices.Equal(got, []string{"1late"}) {
			t.Errorf("told: %v", got)
		}
		w.control("POST", "/accounts/sim/originators", `{"label":"own","deposit_type":"WALLET","originator_type":"OWN","originator_status":"CONFIRMED"}`)
		id := w.arrive(`{"asset":"xrp","amount":"49.5","txid":"` + txid + `","unconfirmed":true}`)
		time.Sleep(2 * time.Minute)
		c := w.move(id)
		if c.Stand != transfer.Differs || !c.Undeclared || c.Senders["CONFIRMED"] != 2 || c.Awaited == nil || c.Arrived() {
			t.Fatalf("held: %+v", c)
		}
		if v := w.a.View(); slices.ContainsFunc(v.Moves, func(c transfer.Case) bool { return c.Kind == transfer.Awaited }) {
			t.Error("it is awaited still")
		}
		if err := w.a.Unexpect(e.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if c := w.move(id); c.Stand != transfer.Owner || c.Turn != transfer.You {
			t.Errorf("once it is not awaited: %s", c.Stand)
		}
		if err := w.a.Unexpect(e.ID); err == nil {
			t.Error("what is dropped can be dropped again")
		}
		// What comes as it was announced is awaited no longer by itself.
		if _, err := w.a.Expect(ledger.Expected{Asset: "jpy", Amount: num(t, "30000"), Sent: time.Now()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		id = w.arrive(`{"asset":"jpy","amount":"30000"}`)
		time.Sleep(time.Minute)
		if c := w.move(id); c.Awaited == nil || c.Stand != transfer.Moving {
			t.Errorf("on its way: %+v", c)
		}
		time.Sleep(5 * time.Minute)
		if c := w.move(id); c.Awaited != nil || c.Stand != transfer.Done {
			t.Errorf("credited: %+v", c)
		}
	})
}

// Stops are known per coin and network, as of the last read, and survive a restart in the dark.
func TestStopsOfNetworksAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.control("POST", "/accounts/sim/stops", `{"asset":"xrp","network":"ripple","stop_withdrawal":true}`)
		time.Sleep(50 * time.Minute)
		// The records alone are as good in a calm hour, in which no balance changes.
		m := &Memory{Ledger: &ledger.Ledger{}}
		if err := m.fold(w.disk.all); err != nil {
			t.Fatal(err)
		}
		if v := ViewOf(m.Ledger, time.Now()); time.Since(v.Balanced) > 6*time.Minute || time.Since(v.Moved) > 6*time.Minute {
			t.Errorf("by the records assets were read at %v, transfers at %v; it is %v", v.Balanced, v.Moved, time.Now())
		}
		light := w.dark()
		w.stop()
		w.start()
		defer light()
		v := w.a.View()
		c := transfer.Check(v.Ways, v.Moves, "xrp", "ripple", v.Balanced, time.Now())
		if len(c.Ways) != 1 || c.Ways[0].Withdrawal != transfer.Shut || c.Ways[0].Deposit != transfer.Open || c.Old {
			t.Errorf("xrp: %+v", c)
		}
		time.Sleep(20 * time.Minute)
		v = w.a.View()
		if c := transfer.Check(v.Ways, v.Moves, "xrp", "ripple", v.Balanced, time.Now()); !c.Old {
			t.Errorf("in the dark it is not old: %+v", c)
		}
	})
}

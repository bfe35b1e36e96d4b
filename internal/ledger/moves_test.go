package ledger_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// When a station was reached is what was reported first, whichever report was folded first; and a snapshot remembers it.
func TestWhatIsKnownBesideTheListsSurvivesASnapshot(t *testing.T) {
	found := &bitbank.Deposit{UUID: "d", Asset: "btc", Amount: num("1"), Status: bitbank.DepositFound, FoundAt: 1767225600000}
	done := new(*found)
	done.Status = bitbank.DepositDone
	out := &bitbank.Withdrawal{UUID: "w", Asset: "xrp", Amount: num("5"), Fee: num("0.1"), Status: bitbank.WithdrawalRejected}
	records := []ledger.Record{
		{At: at(20), Transfer: &ledger.Transfer{Deposit: found, After: at(10)}},
		{At: at(5), Transfer: &ledger.Transfer{Deposit: found}},
		{At: at(40), Transfer: &ledger.Transfer{Deposit: done, After: at(30)}},
		{At: at(40), Transfer: &ledger.Transfer{Withdrawal: out}},
		{At: at(41), CameBack: &ledger.CameBack{UUID: "w", Back: ledger.BackMissing}},
		{At: at(42), CameBack: &ledger.CameBack{UUID: "w", Back: ledger.BackReturned}},
		{At: at(43), CameBack: &ledger.CameBack{UUID: "w", Back: ledger.BackMissing}},
		{At: at(44), Expected: &ledger.Expected{ID: "a", Asset: "btc", TxID: "ff", Sent: at(1)}},
		{At: at(45), Expected: &ledger.Expected{ID: "b", Asset: "jpy", Amount: num("1000"), Sent: at(0)}},
		{At: at(46), Expected: &ledger.Expected{ID: "a", Asset: "btc", TxID: "ff", Sent: at(1), Dropped: true}},
		{At: at(47), Waiting: &ledger.Waiting{Deposits: []bitbank.UnconfirmedDeposit{{UUID: "u", Asset: "btc", Amount: num("1")}}, Senders: map[string]int{"CONFIRMED": 1}}},
		{At: at(48), Routes: &ledger.Routes{Rows: []ledger.Route{{Asset: "xrp", Network: "ripple", StopWithdrawal: true}}}},
		{At: at(49), Alerted: &ledger.Alerted{Key: "in d", N: 2}},
		{At: at(50), Alerted: &ledger.Alerted{Key: "in d", N: 1, State: "late"}},
	}
	l := &ledger.Ledger{}
	if err := json.Unmarshal([]byte(text(t, fold(records))), l); err != nil {
		t.Fatal(err)
	}
	for _, f := range l.Followed() {
		if f.Deposit != nil && (!f.Seen["FOUND"].At.Equal(at(5)) || !f.Seen["FOUND"].After.IsZero() || !f.Seen["DONE"].After.Equal(at(30))) {
			t.Errorf("the deposit was seen %+v", f.Seen)
		}
		if f.Withdrawal != nil && f.Back != ledger.BackReturned {
			t.Errorf("what came back once is %q", f.Back)
		}
	}
	if e := l.Expected(); len(e) != 1 || e[0].ID != "b" {
		t.Errorf("expected are %+v", e)
	}
	if w, since := l.Waiting(); len(w.Deposits) != 1 || w.Senders["CONFIRMED"] != 1 || !since.Equal(at(47)) {
		t.Errorf("waiting since %v: %+v", since, w)
	}
	if r, since := l.Routes(); len(r) != 1 || !r[0].StopWithdrawal || !since.Equal(at(48)) {
		t.Errorf("routes since %v: %+v", since, r)
	}
	if a, ok := l.Alert("in d"); !ok || a.N != 2 || a.State != "" {
		t.Errorf("the alert is %+v", a)
	}
}

// Announcements and alerts are bounded: the oldest give way.
func TestExpectationsAndAlertsAreBounded(t *testing.T) {
	l := &ledger.Ledger{}
	for i := range 1_500 {
		id := fmt.Sprint(i)
		l.Apply(ledger.Record{At: at(i), Expected: &ledger.Expected{ID: id, Asset: "jpy", Sent: at(i)}})
		l.Apply(ledger.Record{At: at(i), Alerted: &ledger.Alerted{Key: id, N: 1, State: "late"}})
	}
	if e := l.Expected(); len(e) != 1_000 || e[0].ID != "500" {
		t.Errorf("%d are expected, the first is %q", len(e), e[0].ID)
	}
	if _, kept := l.Alert("499"); kept {
		t.Error("an old alert is kept")
	}
	if _, kept := l.Alert("500"); !kept {
		t.Error("a newer alert is not kept")
	}
}

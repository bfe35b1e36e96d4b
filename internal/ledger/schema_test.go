package ledger_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/lease"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
)

// schemas are what ledger.Schema stands for: the first digits of the SHA-256 of what a fixed history makes. When the test fails, records are
// folded or written in another way than before: raise Schema, and write the new digits beside it.
var schemas = map[int]string{1: "34b6960f5342e4a5", 2: "67cf618fbc94a22b", 3: "f48b470dbead1074", 4: "743d4bcaa1ecc123", 5: "6e723bf62594d7a8", 6: "89a60ecdfa17fea9", 7: "6b23661c6a80ac0d"}

func TestASnapshotIsOfItsSchema(t *testing.T) {
	records := million()[:500]
	last := records[499].At
	n := buy("7")
	o := resting(9, n, 0)
	add := func(r ledger.Record) {
		last = last.Add(time.Second)
		r.At = last
		records = append(records, r)
	}
	add(ledger.Record{Started: &ledger.Started{N: 1}})
	add(ledger.Record{Intended: &ledger.Intended{ID: "lost", Bot: "maker", Order: &n, Signed: last, Window: time.Second}})
	add(ledger.Record{Answered: &ledger.Answered{ID: "lost"}})
	add(ledger.Record{Learned: &ledger.Learned{ID: "lost", N: 1, Fact: reconcile.Fact{At: last, Fence: &reconcile.Fence{Signed: last, Window: time.Second, Code: 20035}}}})
	add(ledger.Record{Order: &o})
	add(ledger.Record{Attributed: &ledger.Attributed{Pair: o.Pair, Order: o.ID, Origin: ledger.Origin{By: ledger.Human}}})
	add(ledger.Record{Balance: &ledger.Balance{Rows: []bitbank.AssetUpdate{{Asset: "jpy", OnHand: num("1"), Locked: num("0")}}}})
	add(ledger.Record{Transfer: &ledger.Transfer{Deposit: &bitbank.Deposit{UUID: "d", Asset: "btc", Amount: num("1"), Status: bitbank.DepositDone, FoundAt: 1767225600000}}})
	add(ledger.Record{Dealt: &bitbank.DealerOrder{ID: 5, Asset: "btc", Side: bitbank.Buy, Price: num("1"), Amount: num("1"), OrderedAt: bitbank.Millis(last.UnixMilli())}})
	add(ledger.Record{Position: &bitbank.Position{Pair: "btc_jpy", Side: bitbank.Long, OpenAmount: num("1")}})
	add(ledger.Record{Backfilled: &ledger.Backfilled{Kind: ledger.Trades, From: opening, To: last}})
	add(ledger.Record{Frozen: &ledger.Frozen{Bot: "maker", On: true}})
	add(ledger.Record{Unwanted: &ledger.Unwanted{ID: "lost"}})
	add(ledger.Record{Leased: &lease.Word{Bot: "maker", Epoch: 1, TTL: time.Second, State: lease.Armed}})
	add(ledger.Record{Margin: &ledger.Margin{Status: bitbank.MarginStatus{Status: bitbank.MarginCall, Balance: num("1")}, Began: last, Held: last, Prices: map[string]bitbank.Number{"btc_jpy": num("1")}}})
	add(ledger.Record{Line: &ledger.Line{ID: 1, Kind: ledger.Below, Pair: "btc_jpy", Value: num("1")}})
	add(ledger.Record{Line: &ledger.Line{ID: 2, Kind: ledger.Loss, Value: num("1"), Percent: true}})
	add(ledger.Record{Crossed: &ledger.Crossed{Line: 1, N: 1, On: true, Value: num("1"), From: "venues"}})
	add(ledger.Record{Line: &ledger.Line{ID: 2, Removed: true}})
	add(ledger.Record{Planned: &ledger.Planned{ID: "p", By: "owner", Orders: []ledger.Named{{Pair: o.Pair, ID: o.ID}}}})
	add(ledger.Record{PlanMore: &ledger.PlanMore{ID: "p", Spared: []ledger.Named{{Pair: o.Pair, ID: 8}}}})
	add(ledger.Record{Proposed: &ledger.Proposed{ID: "r-1", Rule: "r", Cause: "dark", Since: last, Scope: ledger.Scope{Except: []ledger.Lot{{Bot: "maker"}}}}})
	add(ledger.Record{Disposed: &ledger.Disposed{ID: "r-1", How: ledger.Carried, Plan: "p"}})
	add(ledger.Record{PlanEnded: &ledger.PlanEnded{ID: "p", Left: []ledger.Left{{Named: ledger.Named{Pair: o.Pair, ID: o.ID}, Code: 50010}}}})
	m := buy("8")
	add(ledger.Record{Intended: &ledger.Intended{ID: "refused", Bot: "maker", Order: &m, Signed: last, Window: time.Second}})
	add(ledger.Record{Answered: &ledger.Answered{ID: "refused", Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: 60001}}})
	add(ledger.Record{Started: &ledger.Started{N: 2}})
	sum := sha256.Sum256([]byte(text(t, fold(records))))
	if got := hex.EncodeToString(sum[:8]); got != schemas[ledger.Schema] {
		t.Errorf("schema %d is %q, not %q", ledger.Schema, got, schemas[ledger.Schema])
	}
}

// Whether a ledger was looked at, or a snapshot taken, between an order's end and the answer to its cancel makes no difference.
func TestLookingChangesNothing(t *testing.T) {
	n := buy("7")
	open := resting(9, n, 0)
	over := open
	over.Status = bitbank.StatusCanceledUnfilled
	for name, answer := range map[string]ledger.Answered{
		"done": {ID: "c", Orders: []bitbank.Order{over}}, "refused": {ID: "c", Refused: &ledger.Refused{Proof: bitbank.ProofCode, Code: 50027}}, "lost": {ID: "c"},
	} {
		records := []ledger.Record{
			{At: at(0), Order: &open},
			{At: at(1), Intended: &ledger.Intended{ID: "c", Bot: "maker", Cancel: &ledger.Cancel{Pair: open.Pair, IDs: []bitbank.OrderID{9}}, Signed: at(1), Window: time.Second}},
			{At: at(2), Order: &over},
			{At: at(3), Answered: &answer},
		}
		l := &ledger.Ledger{}
		for _, r := range records {
			l.Apply(r)
			l.Open()
		}
		if got, want := text(t, l), text(t, fold(records)); got != want {
			t.Errorf("%s: %s", name, apart(got, want))
		}
	}
}

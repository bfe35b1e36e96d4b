package web

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
	"hikeshi/internal/reconcile"
	"hikeshi/internal/watch"
)

// A listener who may see what concerns money hears of what is in doubt, and within a second of every change from then on.
func TestAListenerWithTheTokenHearsOfOrdersAndTransfers(t *testing.T) {
	var o *owner
	f := &fake{snap: watch.Snapshot{Seq: 41}}
	c := published(t, handler(&fake{}))
	serve(t, func() http.Handler {
		o = calmly(time.Now())
		o.lost("3-1", "0.01", time.Now())
		h, _ := guarded(f, o)
		return h
	}, func(p *pipes) {
		s := p.open(t, "Authorization: Bearer "+testToken+"\r\n")
		defer s.conn.Close()
		s.next() // the pause before coming back
		began := time.Now()
		hears := func(event, schema string, field, want string) {
			t.Helper()
			got := s.next()
			for got["event"] == "" {
				got = s.next()
			}
			var data map[string]any
			if err := json.Unmarshal([]byte(got["data"]), &data); err != nil {
				t.Fatal(err)
			}
			if got["event"] != event || data[field] != want || got["id"] != "" || data["seq"] != float64(41) || data["at"] == nil {
				t.Errorf("got %v, want %s with %s %s and no id", got, event, field, want)
			}
			delete(data, "seq")
			delete(data, "at")
			c.check(t, event, c.at(t, c.root, "components", "schemas", schema), data)
			if took := time.Since(began); took > 1100*time.Millisecond {
				t.Errorf("it came after %v", took)
			}
		}
		hears("order", "Order", "standing", "uncertain")
		// Its proof goes on.
		synctest.Wait()
		began = time.Now()
		o.apply(ledger.Record{At: began, Learned: &ledger.Learned{ID: "3-1", N: 1, Fact: reconcile.Fact{At: began, Fence: &reconcile.Fence{Signed: began, Window: 2 * time.Second, Code: 20035}}}})
		hears("order", "Order", "standing", "uncertain")
		synctest.Wait()
		began = time.Now()
		found := reported(71, wants("0.01"), bitbank.StatusUnfilled, "0", began)
		o.apply(ledger.Record{At: began, Order: &found})
		o.apply(ledger.Record{At: began, Learned: &ledger.Learned{ID: "3-1", N: 2, Fact: shows(began, 0, found)}})
		hears("order", "Order", "standing", "live")
		began = time.Now()
		o.apply(ledger.Record{At: began, Transfer: &ledger.Transfer{Deposit: &bitbank.Deposit{UUID: "d-1", Asset: "btc", Amount: number("1"), Status: bitbank.DepositFound, FoundAt: bitbank.Millis(began.UnixMilli())}}})
		hears("transfer", "Move", "status", "FOUND")
		// A change that was recorded is told once, whatever else is looked at meanwhile.
		synctest.Wait()
		began = time.Now()
		o.apply(ledger.Record{At: began, Alerted: &ledger.Alerted{Key: "in d-1", N: 1, State: "late"}})
		hears("transfer", "Move", "key", "in d-1")
		synctest.Wait()
		began = time.Now()
		o.apply(ledger.Record{At: began, Alerted: &ledger.Alerted{Key: "in d-1", N: 1, State: "late"}})
		o.apply(ledger.Record{At: time.Now(), Transfer: &ledger.Transfer{Deposit: &bitbank.Deposit{UUID: "d-2", Asset: "btc", Amount: number("1"), Status: bitbank.DepositDone, FoundAt: bitbank.Millis(time.Now().UnixMilli())}}})
		hears("transfer", "Move", "key", "in d-2")
	})
}

func TestAListenerWithoutTheTokenHearsNothingOfMoney(t *testing.T) {
	serve(t, func() http.Handler {
		o := calmly(time.Now())
		o.lost("3-1", "0.01", time.Now())
		h, _ := guarded(&fake{}, o)
		return h
	}, func(p *pipes) {
		wrong := p.open(t, "Authorization: Bearer wrong\r\n")
		defer wrong.conn.Close()
		if wrong.resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a wrong token: %s", wrong.resp.Status)
		}
		s := p.open(t, "")
		defer s.conn.Close()
		s.next()
		for range 3 { // the heartbeats of 45 s
			if got := s.next(); got["event"] != "" {
				t.Errorf("heard %v", got)
			}
		}
	})
}

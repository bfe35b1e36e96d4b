package account

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// wantWhole fails unless a ledger knows every trade of an archive, the orders that bitbank still knows, and every transfer.
func wantWhole(t *testing.T, s *archive, l *ledger.Ledger) {
	t.Helper()
	orders, lost := 0, 0
	for _, x := range s.trades {
		if !l.Traded(x) {
			lost++
		}
		if _, _, known := l.Order(x.Pair, x.OrderID); !known && time.Since(x.ExecutedAt.Time()) < memory {
			orders++
		}
	}
	if lost > 0 || orders > 0 || len(l.Transfers()) != len(s.coins)+len(s.yen) {
		t.Errorf("%d trades of %d and the orders of %d are not known; %d transfers of %d are", lost, len(s.trades), orders, len(l.Transfers()), len(s.coins)+len(s.yen))
	}
	oldest := s.trades[0].ExecutedAt.Time()
	if p := pastOf(l); !p.All || p.Trades.From.After(oldest) || !l.Covered(ledger.Trades, oldest, time.Now().Add(-12*time.Minute)) { // not every read is recorded
		t.Errorf("the past is known as %+v, and its oldest trade is of %v", p, oldest)
	}
}

func TestThePastIsImported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s, d := newArchive(t, 3000, 150), &disk{}
		wantWhole(t, s, s.follow(t, d, freeLimiter(t), 15*time.Minute))
		reads := s.past()
		fmt.Printf("figure: account, import of %d trades of 150 days: %d requests about trades and orders in %v\n", len(s.trades), len(reads), reads[len(reads)-1].at.Sub(reads[0].at).Round(time.Second))
		for i := 1; i < len(reads); i++ {
			if since := reads[i].at.Sub(reads[i-1].at); since < importEvery {
				t.Errorf("%s was asked %v after %s", reads[i].path, since, reads[i-1].path)
			}
		}
		seen := map[bitbank.TradeID]bool{}
		for r := range d.all {
			for _, x := range importedTrades(t, r.Data) {
				if seen[x.ID] {
					t.Errorf("trade %d is recorded twice", x.ID)
				}
				seen[x.ID] = true
			}
		}
		// Another run asks for nothing of it again.
		s.reads = nil
		s.follow(t, d, freeLimiter(t), 15*time.Minute)
		if n := len(s.past()); n > 0 {
			t.Errorf("%d requests in another run: %v", n, s.past()[0])
		}
	})
}

// A restart goes on where the run before has stopped.
func TestAnImportThatIsInterruptedGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s, d := newArchive(t, 2000, 80), &disk{}
		var l *ledger.Ledger
		var ends []string
		for range 2 {
			s.reads = nil
			l = s.follow(t, d, freeLimiter(t), 135*time.Second)
			for _, r := range s.past() {
				if strings.HasSuffix(r.path, "trade_history") && strings.Contains(r.query, "order=asc") {
					ends = append(ends, r.query[:strings.Index(r.query, "&order")])
				}
			}
		}
		if l.Covered(ledger.Trades, s.trades[0].ExecutedAt.Time(), time.Now().Add(-time.Hour)) || len(ends) < 3 {
			t.Fatalf("it was never interrupted: %d slices", len(ends))
		}
		wantWhole(t, s, s.follow(t, d, freeLimiter(t), 15*time.Minute))
		slices.Sort(ends)
		// A slice that was cut off is read again, and no other.
		if again := len(ends) - len(slices.Compact(ends)); again > 2 {
			t.Errorf("%d slices were read twice", again)
		}
	})
}

func TestTheImportRestsWhileBitbankDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s := newArchive(t, 3000, 80)
		began := time.Now()
		go func() {
			time.Sleep(150 * time.Second)
			s.mu.Lock()
			s.down = true
			s.mu.Unlock()
			time.Sleep(20 * time.Minute)
			s.mu.Lock()
			s.down = false
			s.mu.Unlock()
		}()
		s.follow(t, &disk{}, freeLimiter(t), 40*time.Minute)
		down, up := began.Add(150*time.Second), began.Add(150*time.Second+20*time.Minute)
		inside, after := 0, 0
		for _, r := range s.past() {
			switch {
			case r.at.After(up):
				if r.at.Before(up.Add(importAfter)) {
					t.Errorf("%s was asked %v after bitbank answered again", r.path, r.at.Sub(up))
				}
				after++
			case r.at.After(down):
				inside++
			}
		}
		if inside > 4 || after == 0 { // the audit notices within a minute and a half, and each failure makes a pause
			t.Errorf("%d requests in the dark, %d afterwards", inside, after)
		}
	})
}

// What bitbank says is believed when it says so from both ends.
func TestAnswersThatDisagreeAreNotTakenIn(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade
	}{
		{"an empty answer is not the beginning", func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade {
			if n < 6 && n%2 == 0 {
				return rows[:0]
			}
			return rows
		}},
		{"two empty answers in a row are not either", func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade {
			if n <= 2 {
				return rows[:0]
			}
			return rows
		}},
		{"a page with a hole", func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade {
			if n < 8 && !asc && len(rows) > 20 {
				return slices.Delete(rows, 5, 9)
			}
			return rows
		}},
		{"a page that stops early", func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade {
			if n < 8 && asc && len(rows) > 20 {
				return rows[:20]
			}
			return rows
		}},
		{"short pages", func(n int, asc bool, rows []bitbank.Trade) []bitbank.Trade {
			if !asc {
				return rows[:min(len(rows), 90)]
			}
			return rows
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(20 * 365 * 24 * time.Hour)
			s, n := newArchive(t, 800, 60), 0
			s.answers = func(r *http.Request, rows []bitbank.Trade) []bitbank.Trade {
				if !strings.Contains(r.URL.RawQuery, "end=") {
					return rows // the audit's
				}
				n++
				return c.spoil(n, strings.Contains(r.URL.RawQuery, "order=asc"), rows)
			}
			l := s.follow(t, &disk{}, freeLimiter(t), 3*time.Hour)
			if n < 8 {
				t.Fatalf("%s: only %d requests", c.name, n)
			}
			if wantWhole(t, s, l); t.Failed() {
				t.Log(c.name)
			}
		})
	}
}

// The pages of transfers are read newest first, which bitbank's documents do not promise. If it is otherwise nothing is said to be
// whole.
func TestAListInAnotherOrderIsNotTakenForWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s := newArchive(t, 10, 60)
		slices.Reverse(s.coins)
		l := s.follow(t, &disk{}, freeLimiter(t), time.Hour)
		if !l.First(ledger.Deposits).IsZero() || !l.CoveredFrom(ledger.Deposits).IsZero() {
			t.Errorf("deposits are said to be known from %v", l.CoveredFrom(ledger.Deposits))
		}
		if l.First(ledger.Trades).IsZero() || l.First(ledger.Listed(ledger.Withdrawals, "jpy")).IsZero() {
			t.Error("another history was held up")
		}
	})
}

// While an order is in doubt the limit is for what settles it.
func TestThePastWaitsForAnOrderInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if !w.a.calm(time.Now()) {
			t.Error("it is not calm after the start")
		}
		w.control("POST", "/faults", `{"host":"private","match":{"method":"POST"},"effect":"drop_request","count":1}`)
		w.place("0.001", patient)
		if w.a.calm(time.Now()) {
			t.Error("it is calm beside an order in doubt")
		}
		w.stop()
		if w.a.calm(time.Now().Add(time.Hour)) {
			t.Error("it is calm an hour after the account was read")
		}
	})
}

// Others come first: while more than half of the account's limit is in use, the past waits.
func TestTheImportWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 365 * 24 * time.Hour)
		s, limiter := newArchive(t, 500, 60), freeLimiter(t)
		ctx := t.Context()
		go func() {
			for range 20 * 60 * 4 { // four reads a second of bots
				slot, err := limiter.Wait(ctx, bitbank.Query, "")
				if err != nil {
					return
				}
				slot.Sent()
				slot.Release()
				time.Sleep(250 * time.Millisecond)
			}
		}()
		s.follow(t, &disk{}, limiter, 20*time.Minute)
		if n := len(s.past()); n > 0 {
			t.Errorf("%d requests beside busy bots", n)
		}
		s.follow(t, &disk{}, limiter, 20*time.Minute)
		if len(s.past()) == 0 {
			t.Error("no request after they had rested")
		}
	})
}

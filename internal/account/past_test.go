package account

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// An archive is an account's past at bitbank, answered without a network.
type archive struct {
	t       *testing.T
	mu      sync.Mutex
	trades  []bitbank.Trade // oldest first
	coins   []bitbank.Deposit
	yen     []bitbank.Withdrawal
	reads   []pastRead
	began   time.Time // of the newest run
	down    bool
	answers func(r *http.Request, rows []bitbank.Trade) []bitbank.Trade // may spoil an answer about trades
}

// A pastRead is a request that reached bitbank.
type pastRead struct {
	at    time.Time
	path  string
	query string
}

// newArchive has n trades of the last days, several of one order and some in one millisecond.
func newArchive(t *testing.T, n int, days float64) *archive {
	s := &archive{t: t}
	rng := rand.New(rand.NewPCG(1, 2))
	span := time.Duration(days * 24 * float64(time.Hour))
	var times []int64
	for range n {
		times = append(times, time.Now().Add(-time.Duration(rng.Int64N(int64(span)))).UnixMilli()/3000*3000)
	}
	slices.Sort(times)
	for k, at := range times {
		s.trades = append(s.trades, bitbank.Trade{
			ID: bitbank.TradeID(1000 + k), Pair: []string{"btc_jpy", "xrp_jpy"}[k/3%2], OrderID: bitbank.OrderID(500 + k/3), Side: bitbank.Buy, Type: bitbank.Limit,
			Amount: num(t, "0.1"), Price: num(t, "100"), FeeBase: num(t, "0"), FeeQuote: num(t, "0"), MakerTaker: "maker", ExecutedAt: bitbank.Millis(at),
		})
	}
	for k := range 250 {
		at := bitbank.Millis(time.Now().Add(-time.Duration(k+1) * 36 * time.Hour).UnixMilli())
		s.coins = append(s.coins, bitbank.Deposit{UUID: fmt.Sprint("d", k), Asset: "btc", Amount: num(t, "1"), Status: bitbank.DepositDone, FoundAt: at, ConfirmedAt: at + 1})
	}
	s.yen = []bitbank.Withdrawal{{UUID: "w", Asset: "jpy", Amount: num(t, "1000"), Fee: num(t, "550"), Status: bitbank.WithdrawalDone, RequestedAt: s.coins[3].FoundAt}}
	return s
}

// RoundTrip implements http.RoundTripper.
func (s *archive) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads = append(s.reads, pastRead{time.Now(), r.URL.Path, r.URL.RawQuery})
	if s.down {
		return nil, io.ErrUnexpectedEOF
	}
	q := r.URL.Query()
	bound := func(name string, otherwise int64) int64 {
		if n, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	since, end, count := bound("since", 0), bound("end", 1<<60), int(bound("count", 500))
	var data any
	switch strings.TrimPrefix(r.URL.Path, "/v1") {
	case "/user/assets":
		data = map[string]any{"assets": []any{map[string]any{"asset": "jpy", "free_amount": "5", "locked_amount": "0", "onhand_amount": "5", "withdrawing_amount": "0", "amount_precision": 4}}}
	case "/user/spot/active_orders":
		data = map[string]any{"orders": []any{}}
	case "/spot/pairs":
		data = json.RawMessage(`{"pairs":[{"name":"btc_jpy","base_asset":"btc","quote_asset":"jpy","maker_fee_rate_base":"0","taker_fee_rate_base":"0",
			"maker_fee_rate_quote":"0","taker_fee_rate_quote":"0","unit_amount":"0.0001","limit_max_amount":"9","market_max_amount":"9","market_allowance_rate":"0.2",
			"price_digits":0,"amount_digits":4,"is_enabled":true}]}`)
	case "/user/margin/status":
		data = map[string]any{"status": bitbank.MarginNormal}
	case "/user/margin/positions":
		data = json.RawMessage(`{"positions":[],"notice":{"what":"margin_call","amount":"5000","occurred_at":1,"due_date_at":2}}`)
	case "/user/spot/trade_history":
		rows := []bitbank.Trade{}
		for _, t := range s.trades {
			if int64(t.ExecutedAt) >= since && int64(t.ExecutedAt) <= end {
				rows = append(rows, t)
			}
		}
		if q.Get("order") != "asc" {
			slices.Reverse(rows)
		}
		rows = rows[:min(count, len(rows))]
		if s.answers != nil {
			rows = s.answers(r, rows)
		}
		data = map[string]any{"trades": rows}
	case "/user/spot/orders_info":
		var asked struct {
			Pair string  `json:"pair"`
			IDs  []int64 `json:"order_ids"`
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(b, &asked) != nil || len(asked.IDs) > 30 {
			s.t.Errorf("orders_info was asked %s", b)
		}
		orders := []bitbank.Order{}
		for _, id := range asked.IDs {
			var last bitbank.Millis
			for _, t := range s.trades {
				if int64(t.OrderID) == id {
					last = t.ExecutedAt
				}
			}
			if time.Since(last.Time()) < memory { // older ones are left out without a word
				orders = append(orders, bitbank.Order{ID: bitbank.OrderID(id), Pair: asked.Pair, Side: bitbank.Buy, Type: bitbank.Limit, StartAmount: num(s.t, "0.3"),
					RemainingAmount: num(s.t, "0"), ExecutedAmount: num(s.t, "0.3"), AveragePrice: num(s.t, "100"), Price: num(s.t, "100"), Status: bitbank.StatusFullyFilled, OrderedAt: last - 1000})
			}
		}
		data = map[string]any{"orders": orders}
	case "/user/unconfirmed_deposits":
		data = map[string]any{"deposits": []any{}}
	case "/user/deposit_history":
		rows := []bitbank.Deposit{}
		for _, d := range s.coins { // newest first
			if q.Get("asset") == "" && int64(d.FoundAt) >= since && int64(d.FoundAt) <= end && len(rows) < count {
				rows = append(rows, d)
			}
		}
		data = map[string]any{"deposits": rows}
	case "/user/withdrawal_history":
		rows := []bitbank.Withdrawal{}
		for _, w := range s.yen {
			if q.Get("asset") == "jpy" && int64(w.RequestedAt) >= since && int64(w.RequestedAt) <= end {
				rows = append(rows, w)
			}
		}
		data = map[string]any{"withdrawals": rows}
	default:
		s.t.Errorf("%s was asked", r.URL.Path)
	}
	b, err := json.Marshal(map[string]any{"success": 1, "data": data})
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, err
}

// open opens the account on what a disk holds.
func (s *archive) open(t *testing.T, d *disk, limiter *bitbank.Limiter) *Account {
	t.Helper()
	key, err := bitbank.NewCredentials("k", "s", "http://private", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := bitbank.New(bitbank.Options{HTTP: &http.Client{Transport: s}, PublicURL: "http://public", PrivateURL: "http://private", Credentials: key, Limiter: limiter})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(Options{Client: client, Journal: d, Limiter: limiter}, d.all)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// follow runs an account on a disk for a time, and returns its ledger as the records tell it.
func (s *archive) follow(t *testing.T, d *disk, limiter *bitbank.Limiter, lasts time.Duration) *ledger.Ledger {
	t.Helper()
	a := s.open(t, d, limiter)
	s.began = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	if err := a.Run(ctx); err != nil {
		t.Fatal(err)
	}
	l := &ledger.Ledger{}
	for r := range d.all {
		var x ledger.Record
		if err := json.Unmarshal(r.Data, &x); err != nil {
			t.Fatal(err)
		}
		l.Apply(x)
	}
	return l
}

// past are the requests of the import about trades and their orders.
func (s *archive) past() (out []pastRead) {
	for _, r := range s.reads {
		if strings.HasSuffix(r.path, "trade_history") && strings.Contains(r.query, "end=") || strings.HasSuffix(r.path, "orders_info") && r.at.Sub(s.began) > importAfter {
			out = append(out, r)
		}
	}
	return out
}

func freeLimiter(t *testing.T) *bitbank.Limiter {
	l, err := bitbank.NewLimiter(Limits())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// importedTrades are those that a record holds.
func importedTrades(t *testing.T, data []byte) []bitbank.Trade {
	t.Helper()
	var x struct {
		Imported struct{ Trades []bitbank.Trade }
	}
	if err := json.Unmarshal(data, &x); err != nil {
		t.Fatal(err)
	}
	return x.Imported.Trades
}

package sim

import (
	"net/http"
	"strconv"
	"strings"
)

// The other exchanges' tickers have the shapes of their public documents: bitFlyer's /v1/ticker, Coincheck's /api/ticker and
// GMO Coin's /public/v1/ticker.

func (s *Sim) abroadTicker(host string, v visit, r *http.Request) answer {
	q := r.URL.Query()
	switch host + r.URL.Path {
	case "venue1/v1/ticker", "venue1/v1/getticker":
		return s.bitflyer(v, orElse(q.Get("product_code"), "BTC_JPY"))
	case "venue2/api/ticker":
		return s.coincheck(v, orElse(q.Get("pair"), "btc_jpy"))
	case "venue3/public/v1/ticker":
		return s.gmo(v, q.Get("symbol"))
	}
	return plain(http.StatusNotFound, "")
}

func (s *Sim) bitflyer(v visit, product string) answer {
	q, ok := s.elsewhere("venue1", v, strings.ToLower(product), 2e-4)
	if !ok {
		return asJSON(http.StatusBadRequest, map[string]any{"status": -100, "error_message": "Invalid product", "data": nil})
	}
	return asJSON(http.StatusOK, struct {
		Product   string  `json:"product_code"`
		State     string  `json:"state"`
		Timestamp string  `json:"timestamp"`
		TickID    int64   `json:"tick_id"`
		BestBid   float64 `json:"best_bid"`
		BestAsk   float64 `json:"best_ask"`
		BidSize   float64 `json:"best_bid_size"`
		AskSize   float64 `json:"best_ask_size"`
		BidDepth  float64 `json:"total_bid_depth"`
		AskDepth  float64 `json:"total_ask_depth"`
		MarketBid float64 `json:"market_bid_size"`
		MarketAsk float64 `json:"market_ask_size"`
		LTP       float64 `json:"ltp"`
		Volume    float64 `json:"volume"`
		ByProduct float64 `json:"volume_by_product"`
	}{product, "RUNNING", q.at.UTC().Format("2006-01-02T15:04:05.000"), q.at.UnixMilli(), rounded(q.bid), rounded(q.ask), 0.1, 0.1,
		420, 380, 0, 0, rounded(q.last), q.volume, q.volume})
}

func (s *Sim) coincheck(v visit, pair string) answer {
	q, ok := s.elsewhere("venue2", v, pair, 1e-4)
	if !ok {
		return asJSON(http.StatusBadRequest, map[string]any{"success": false, "error": "invalid pair"})
	}
	return asJSON(http.StatusOK, struct {
		Last      float64 `json:"last"`
		Bid       float64 `json:"bid"`
		Ask       float64 `json:"ask"`
		High      float64 `json:"high"`
		Low       float64 `json:"low"`
		Volume    float64 `json:"volume"`
		Timestamp int64   `json:"timestamp"`
	}{rounded(q.last), rounded(q.bid), rounded(q.ask), rounded(q.last * 1.02), rounded(q.last * 0.98), q.volume, q.at.Unix()})
}

func (s *Sim) gmo(v visit, symbol string) answer {
	pair := symbol
	if !strings.Contains(pair, "_") {
		pair += "_JPY"
	}
	q, ok := s.elsewhere("venue3", v, strings.ToLower(pair), 1e-4)
	if !ok {
		return asJSON(http.StatusOK, map[string]any{
			"status": 5, "messages": []any{map[string]string{"message_code": "ERR-5207", "message_string": "The symbol is not supported."}},
			"responsetime": v.now.UTC().Format("2006-01-02T15:04:05.000Z"),
		})
	}
	text := func(f float64) string { return strconv.FormatFloat(rounded(f), 'f', -1, 64) }
	const layout = "2006-01-02T15:04:05.000Z"
	row := map[string]string{
		"ask": text(q.ask), "bid": text(q.bid), "high": text(q.last * 1.02), "low": text(q.last * 0.98), "last": text(q.last),
		"symbol": symbol, "timestamp": q.at.UTC().Format(layout), "volume": strconv.FormatFloat(q.volume, 'f', 4, 64),
	}
	return asJSON(http.StatusOK, map[string]any{"status": 0, "data": []any{row}, "responsetime": v.now.UTC().Format(layout)})
}

// rounded keeps whole yen of dear coins and three decimals of cheap ones.
func rounded(price float64) float64 {
	digits := 0
	if price < 1000 {
		digits = 3
	}
	f, _ := strconv.ParseFloat(strconv.FormatFloat(price, 'f', digits, 64), 64)
	return f
}

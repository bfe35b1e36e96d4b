package sim

import (
	"net/http"
	"strconv"
	"strings"

	"hikeshi/internal/sim/market"
)

// The other exchanges' tickers have the shapes of their public documents: bitFlyer's /v1/ticker, Coincheck's /api/ticker and
// GMO Coin's /public/v1/ticker. They follow the world's price, which no halt at bitbank stops, each a little apart.

func (s *Sim) venue(host string, v visit, r *http.Request) answer {
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

// elsewhere is the price of a coin at another exchange: apart by a share of the price. Only majors are traded everywhere.
func (s *Sim) elsewhere(v visit, symbol string, apart float64) (price, volume float64, ok bool) {
	pair := strings.ToLower(symbol)
	switch pair {
	case "btc_jpy", "eth_jpy", "xrp_jpy":
	default:
		return 0, 0, false
	}
	s.read(v, func(m *market.Market) {
		price = m.Price(pair) * (1 + apart)
		volume, _ = strconv.ParseFloat(m.Ticker(pair).Vol, 64)
	})
	return price, volume, true
}

func (s *Sim) bitflyer(v visit, product string) answer {
	price, volume, ok := s.elsewhere(v, product, 2e-4)
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
	}{product, "RUNNING", v.now.UTC().Format("2006-01-02T15:04:05.000"), v.now.UnixMilli(), rounded(price * 0.9998), rounded(price * 1.0002), 0.1, 0.1,
		420, 380, 0, 0, rounded(price), volume, volume})
}

func (s *Sim) coincheck(v visit, pair string) answer {
	price, volume, ok := s.elsewhere(v, pair, -1e-4)
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
	}{rounded(price), rounded(price * 0.9999), rounded(price * 1.0001), rounded(price * 1.02), rounded(price * 0.98), volume, v.now.Unix()})
}

func (s *Sim) gmo(v visit, symbol string) answer {
	pair := symbol
	if !strings.Contains(pair, "_") {
		pair += "_JPY"
	}
	price, volume, ok := s.elsewhere(v, pair, 1e-4)
	if !ok {
		return asJSON(http.StatusOK, map[string]any{
			"status": 5, "messages": []any{map[string]string{"message_code": "ERR-5207", "message_string": "The symbol is not supported."}},
			"responsetime": v.now.UTC().Format("2006-01-02T15:04:05.000Z"),
		})
	}
	text := func(f float64) string { return strconv.FormatFloat(rounded(f), 'f', -1, 64) }
	at := v.now.UTC().Format("2006-01-02T15:04:05.000Z")
	row := map[string]string{
		"ask": text(price * 1.0001), "bid": text(price * 0.9999), "high": text(price * 1.02), "low": text(price * 0.98), "last": text(price),
		"symbol": symbol, "timestamp": at, "volume": strconv.FormatFloat(volume, 'f', 4, 64),
	}
	return asJSON(http.StatusOK, map[string]any{"status": 0, "data": []any{row}, "responsetime": at})
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

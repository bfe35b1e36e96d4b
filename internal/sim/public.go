package sim

import (
	"net/http"
	"strings"

	"hikeshi/internal/sim/market"
)

// public is market data: GET only, lower case only, no version in the path.
func (s *Sim) public(v visit, r *http.Request) answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notFound()
	}
	a := notFound()
	s.read(v, func(m *market.Market) { a = marketData(m, strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")) })
	return a
}

func marketData(m *market.Market, path []string) answer {
	switch {
	case len(path) == 1 && path[0] == "tickers":
		return success(m.Tickers(false))
	case len(path) == 1 && path[0] == "tickers_jpy":
		return success(m.Tickers(true))
	case len(path) < 2 || !m.Known(path[0]):
		return notFound()
	}
	pair := path[0]
	switch what := path[1]; {
	case what == "ticker" && len(path) == 2:
		return success(m.Ticker(pair))
	case what == "depth" && len(path) == 2:
		return success(m.Depth(pair))
	case what == "circuit_break_info" && len(path) == 2:
		return success(m.Circuit(pair))
	case what == "transactions" && len(path) == 2:
		return success(m.Transactions(pair))
	case what == "transactions" && len(path) == 3:
		day, found := m.Day(pair, path[2])
		return published(day, found)
	case what == "candlestick" && len(path) == 4:
		candles, found := m.Candles(pair, path[2], path[3])
		return published(candles, found)
	}
	return notFound()
}

func published(data any, found market.Answer) answer {
	switch found {
	case market.Missing:
		return notFound()
	case market.Late:
		return failure(http.StatusOK, 10000)
	}
	return success(data)
}

package market

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed pairs.tsv
var table string

// Settings of a pair that do not change while the market runs.
type Settings struct {
	Name, Base, Quote string
	Maker, Taker      string // fee rates in quote currency; a negative one is a rebate
	Unit              string // smallest order amount
	LimitMax          string
	MarketMax         string
	Allowance         string
	PriceDigits       int
	AmountDigits      int
	CompanyRatio      string // of margin pairs; "" for the others
	Delisted          bool   // all single stop flags for ever, no book
	price             float64
	rate              float64 // book changes a second in calm
}

// Margin reports whether the pair can be traded on margin.
func (s Settings) Margin() bool { return s.CompanyRatio != "" }

// loadSettings reads the embedded table. A row that cannot be read is a mistake of ours, so it panics with the row.
func loadSettings() []Settings {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	all := make([]Settings, 0, len(lines)-1)
	for _, line := range lines[1:] {
		c := strings.Split(line, "\t")
		if len(c) != 13 {
			panic(fmt.Sprintf("pairs.tsv: %q has %d columns, want 13", line, len(c)))
		}
		base, quote, ok := strings.Cut(c[0], "_")
		priceDigits, err1 := strconv.Atoi(c[6])
		amountDigits, err2 := strconv.Atoi(c[7])
		price, err3 := strconv.ParseFloat(c[11], 64)
		rate, err4 := strconv.ParseFloat(c[12], 64)
		if !ok || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			panic(fmt.Sprintf("pairs.tsv: %q cannot be read", line))
		}
		s := Settings{
			Name: c[0], Base: base, Quote: quote, Maker: c[1], Taker: c[2], LimitMax: c[3], MarketMax: c[4], Allowance: c[5],
			PriceDigits: priceDigits, AmountDigits: amountDigits, Unit: c[8], Delisted: c[10] == "yes", price: price, rate: rate,
		}
		if c[9] != "-" {
			s.CompanyRatio = c[9]
		}
		all = append(all, s)
	}
	return all
}

// Flags are the nine ways in which a pair can be stopped, by bitbank's own names.
type Flags struct {
	StopOrder            bool `json:"stop_order"`
	StopOrderAndCancel   bool `json:"stop_order_and_cancel"`
	StopMarketOrder      bool `json:"stop_market_order"`
	StopStopOrder        bool `json:"stop_stop_order"`
	StopStopLimitOrder   bool `json:"stop_stop_limit_order"`
	StopMarginLongOrder  bool `json:"stop_margin_long_order"`
	StopMarginShortOrder bool `json:"stop_margin_short_order"`
	StopBuyOrder         bool `json:"stop_buy_order"`
	StopSellOrder        bool `json:"stop_sell_order"`
}

// byName finds the flag that a caller names, nil when there is none.
func (f *Flags) byName(name string) *bool {
	switch name {
	case "stop_order":
		return &f.StopOrder
	case "stop_order_and_cancel":
		return &f.StopOrderAndCancel
	case "stop_market_order":
		return &f.StopMarketOrder
	case "stop_stop_order":
		return &f.StopStopOrder
	case "stop_stop_limit_order":
		return &f.StopStopLimitOrder
	case "stop_margin_long_order":
		return &f.StopMarginLongOrder
	case "stop_margin_short_order":
		return &f.StopMarginShortOrder
	case "stop_buy_order":
		return &f.StopBuyOrder
	case "stop_sell_order":
		return &f.StopSellOrder
	}
	return nil
}

// delistedFlags is what all 18 delisted pairs showed in July 2026: every single stop, but not stop_order_and_cancel.
func delistedFlags() Flags {
	return Flags{
		StopOrder: true, StopMarketOrder: true, StopStopOrder: true, StopStopLimitOrder: true, StopMarginLongOrder: true,
		StopMarginShortOrder: true, StopBuyOrder: true, StopSellOrder: true,
	}
}

package bitbank

import "errors"

// Statuses of a pair. BUSY and VERY_BUSY take orders, with a raised minimum amount; HALT takes neither orders nor
// cancels.
const (
	StatusNormal   = "NORMAL"
	StatusBusy     = "BUSY"
	StatusVeryBusy = "VERY_BUSY"
	StatusHalt     = "HALT"
)

// A PairStatus says how busy a pair is.
type PairStatus struct {
	Pair      string `json:"pair"`
	Status    string `json:"status"` // one of the Status constants, or one that bitbank added since
	MinAmount Number `json:"min_amount"`
}

type statuses struct {
	Statuses []PairStatus `json:"statuses"`
}

func (s *statuses) check() error {
	if len(s.Statuses) == 0 {
		return errors.New("no pair has a status")
	}
	for _, p := range s.Statuses {
		if p.Pair == "" || p.Status == "" {
			return errors.New("a status without pair or value")
		}
	}
	return nil
}

// A Pair is the settings of a pair. IsEnabled is true even for delisted pairs: the stop flags tell. The margin
// fields are absent for pairs that have no margin trading.
type Pair struct {
	Name  string `json:"name"`
	Base  string `json:"base_asset"`
	Quote string `json:"quote_asset"`

	MakerFeeBase  Number `json:"maker_fee_rate_base"`
	TakerFeeBase  Number `json:"taker_fee_rate_base"`
	MakerFeeQuote Number `json:"maker_fee_rate_quote"` // negative is a rebate
	TakerFeeQuote Number `json:"taker_fee_rate_quote"`

	MarginOpenMakerFee  Number `json:"margin_open_maker_fee_rate_quote"`
	MarginOpenTakerFee  Number `json:"margin_open_taker_fee_rate_quote"`
	MarginCloseMakerFee Number `json:"margin_close_maker_fee_rate_quote"`
	MarginCloseTakerFee Number `json:"margin_close_taker_fee_rate_quote"`
	MarginLongInterest  Number `json:"margin_long_interest"` // a day
	MarginShortInterest Number `json:"margin_short_interest"`

	MarginIndividualRatio     Number `json:"margin_current_individual_ratio"`
	MarginIndividualUntil     Millis `json:"margin_current_individual_until"` // 253402300799999: no end
	MarginCompanyRatio        Number `json:"margin_current_company_ratio"`
	MarginCompanyUntil        Millis `json:"margin_current_company_until"`
	NextMarginIndividualRatio Number `json:"margin_next_individual_ratio"`
	NextMarginIndividualUntil Millis `json:"margin_next_individual_until"`
	NextMarginCompanyRatio    Number `json:"margin_next_company_ratio"`
	NextMarginCompanyUntil    Millis `json:"margin_next_company_until"`

	UnitAmount             Number `json:"unit_amount"` // the smallest order
	LimitMaxAmount         Number `json:"limit_max_amount"`
	MarketMaxAmount        Number `json:"market_max_amount"`
	MarketAllowance        Number `json:"market_allowance_rate"`       // reserved on top of a market buy
	MarketAllowanceInBreak Number `json:"market_in_cb_allowance_rate"` // sent, though not documented
	PriceDigits            int    `json:"price_digits"`
	AmountDigits           int    `json:"amount_digits"`

	IsEnabled          bool `json:"is_enabled"`
	StopOrder          bool `json:"stop_order"`
	StopOrderAndCancel bool `json:"stop_order_and_cancel"`
	StopMarketOrder    bool `json:"stop_market_order"`
	StopStopOrder      bool `json:"stop_stop_order"`
	StopStopLimitOrder bool `json:"stop_stop_limit_order"`
	StopMarginLong     bool `json:"stop_margin_long_order"`
	StopMarginShort    bool `json:"stop_margin_short_order"`
	StopBuyOrder       bool `json:"stop_buy_order"`
	StopSellOrder      bool `json:"stop_sell_order"`
}

// Margin reports whether the pair can be traded on margin.
func (p Pair) Margin() bool { return p.MarginOpenTakerFee.Known() || p.MarginLongInterest.Known() }

// Flags names the stop flags that are set, sorted, as the wire calls them. Delisted pairs carry them for good: what
// tells of trouble is a change.
func (p Pair) Flags() []string {
	var out []string
	for _, f := range []struct {
		set  bool
		name string
	}{
		{p.StopBuyOrder, "stop_buy_order"},
		{p.StopMarginLong, "stop_margin_long_order"},
		{p.StopMarginShort, "stop_margin_short_order"},
		{p.StopMarketOrder, "stop_market_order"},
		{p.StopOrder, "stop_order"},
		{p.StopOrderAndCancel, "stop_order_and_cancel"},
		{p.StopSellOrder, "stop_sell_order"},
		{p.StopStopLimitOrder, "stop_stop_limit_order"},
		{p.StopStopOrder, "stop_stop_order"},
	} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

type pairs struct {
	Pairs []Pair `json:"pairs"`
}

func (p *pairs) check() error {
	if len(p.Pairs) == 0 {
		return errors.New("no pair is listed")
	}
	for _, x := range p.Pairs {
		if x.Name == "" {
			return errors.New("a pair without a name")
		}
	}
	return nil
}

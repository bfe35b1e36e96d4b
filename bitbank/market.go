package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Ticker is the newest price of a pair. Sell and Buy, the best prices on either side, are absent for pairs without
// a book; outside continuous trading they may cross.
type Ticker struct {
	Pair string `json:"pair"` // only in lists
	Sell Number `json:"sell"`
	Buy  Number `json:"buy"`
	High Number `json:"high"`
	Low  Number `json:"low"`
	Open Number `json:"open"`
	Last Number `json:"last"`
	Vol  Number `json:"vol"`
	At   Millis `json:"timestamp"`
}

func (t *Ticker) check() error {
	if t.At <= 0 {
		return errors.New("a ticker without a timestamp")
	}
	return nil
}

type tickers []Ticker

func (all *tickers) check() error {
	if len(*all) == 0 {
		return errors.New("no ticker is listed")
	}
	for i := range *all {
		if (*all)[i].Pair == "" {
			return errors.New("a ticker without a pair in a list")
		}
		if err := (*all)[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// A Transaction is one public trade.
type Transaction struct {
	ID     int64  `json:"transaction_id"`
	Side   string `json:"side"` // buy or sell
	Price  Number `json:"price"`
	Amount Number `json:"amount"`
	At     Millis `json:"executed_at"`
}

type transactions struct {
	Transactions []Transaction `json:"transactions"`
}

func (t *transactions) check() error {
	if t.Transactions == nil {
		return errors.New("no list of transactions")
	}
	for _, x := range t.Transactions {
		if x.ID <= 0 || x.At <= 0 || !x.Price.Known() || !x.Amount.Known() {
			return errors.New("a transaction without id, time, price or amount")
		}
	}
	return nil
}

// A Candle is one row of a chart.
type Candle struct {
	Open, High, Low, Close, Volume Number
	At                             Millis // its beginning
}

// UnmarshalJSON reads [open, high, low, close, volume, time].
func (c *Candle) UnmarshalJSON(b []byte) error {
	var row []json.RawMessage
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	if len(row) != 6 {
		return fmt.Errorf("a candle of %d values", len(row))
	}
	for i, into := range []any{&c.Open, &c.High, &c.Low, &c.Close, &c.Volume, &c.At} {
		if err := json.Unmarshal(row[i], into); err != nil {
			return err
		}
	}
	return nil
}

// A Candlestick is the rows of one kind of candle, ascending.
type Candlestick struct {
	Kind string   // such as 1min or 1day
	Rows []Candle // partial for the running day
	At   Millis   // when bitbank computed it; bitbank began to document this in 2026, and it may be absent
}

// candlestick is the wire's form. Readings of the documents differ on where the timestamp stands: both are read.
type candlestick struct {
	At   Millis `json:"timestamp"`
	List []struct {
		Kind string   `json:"type"`
		Rows []Candle `json:"ohlcv"`
		At   Millis   `json:"timestamp"`
	} `json:"candlestick"`
}

func (k *candlestick) check() error {
	if len(k.List) == 0 || k.List[0].Rows == nil {
		return errors.New("no list of candles")
	}
	for _, c := range k.List[0].Rows {
		if c.At <= 0 || !c.Close.Known() {
			return errors.New("a candle without time or price")
		}
	}
	return nil
}

func (k candlestick) first() Candlestick {
	if len(k.List) == 0 {
		return Candlestick{}
	}
	c := k.List[0]
	return Candlestick{Kind: c.Kind, Rows: c.Rows, At: max(c.At, k.At)}
}

// Modes of a market. In every mode but ModeNone market orders are refused and post_only is silently ignored.
const (
	ModeNone       = "NONE"
	ModeBreak      = "CIRCUIT_BREAK"
	ModeFullBreak  = "FULL_RANGE_CIRCUIT_BREAK" // no price range and no fixed end
	ModeResumption = "RESUMPTION"               // the auction after a stop
	ModeListing    = "LISTING"                  // the auction of a new pair
)

// A CircuitBreakInfo is the market mode of a pair. Which of the prices are known depends on the mode.
type CircuitBreakInfo struct {
	Mode            string `json:"mode"` // one of the Mode constants, or one that bitbank added since
	EstimatedPrice  Number `json:"estimated_itayose_price"`
	EstimatedAmount Number `json:"estimated_itayose_amount"`
	UpperPrice      Number `json:"itayose_upper_price"`
	LowerPrice      Number `json:"itayose_lower_price"`
	UpperTrigger    Number `json:"upper_trigger_price"`
	LowerTrigger    Number `json:"lower_trigger_price"`
	FeeType         string `json:"fee_type"`         // NORMAL, SELL_MAKER, BUY_MAKER, DYNAMIC
	ReopenAt        Millis `json:"reopen_timestamp"` // absent when it is not decided
	At              Millis `json:"timestamp"`
}

func (c *CircuitBreakInfo) check() error {
	if c.Mode == "" || c.At <= 0 {
		return errors.New("a circuit break without mode or timestamp")
	}
	return nil
}

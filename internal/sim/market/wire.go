package market

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The shapes below are those of bitbank's answers: prices and amounts are strings, ids and times are numbers, and
// sequenceId is a string although the documented table calls it a number.

// A Ticker is what /{pair}/ticker and the room ticker_{pair} say. Pairs without a book have neither Sell nor Buy.
type Ticker struct {
	Pair      string  `json:"pair,omitempty"` // in lists only
	Sell      *string `json:"sell"`
	Buy       *string `json:"buy"`
	High      string  `json:"high"`
	Low       string  `json:"low"`
	Open      string  `json:"open"`
	Last      string  `json:"last"`
	Vol       string  `json:"vol"`
	Timestamp int64   `json:"timestamp"`
}

// A Depth is what /{pair}/depth and the room depth_whole_{pair} say.
type Depth struct {
	Asks       [][2]string `json:"asks"`
	Bids       [][2]string `json:"bids"`
	AsksOver   string      `json:"asks_over"`
	BidsUnder  string      `json:"bids_under"`
	AsksUnder  string      `json:"asks_under"`
	BidsOver   string      `json:"bids_over"`
	AskMarket  string      `json:"ask_market"`
	BidMarket  string      `json:"bid_market"`
	Timestamp  int64       `json:"timestamp"`
	SequenceID string      `json:"sequenceId"`
}

// A Diff is what the room depth_diff_{pair} says.
type Diff struct {
	Asks      [][2]string `json:"a"`
	Bids      [][2]string `json:"b"`
	AsksOver  string      `json:"ao,omitempty"`
	BidsUnder string      `json:"bu,omitempty"`
	Time      int64       `json:"t"`
	Sequence  string      `json:"s"`
}

// A Transaction is one trade.
type Transaction struct {
	ID         int64  `json:"transaction_id"`
	Side       Side   `json:"side"`
	Price      string `json:"price"`
	Amount     string `json:"amount"`
	ExecutedAt int64  `json:"executed_at"`
}

// Transactions is the list that REST and the room transactions_{pair} share.
type Transactions struct {
	Transactions []Transaction `json:"transactions"`
}

// A Circuit is what /{pair}/circuit_break_info and the room of that name say.
type Circuit struct {
	Mode            Mode    `json:"mode"`
	EstimatedPrice  *string `json:"estimated_itayose_price"`
	EstimatedAmount *string `json:"estimated_itayose_amount"`
	UpperPrice      *string `json:"itayose_upper_price"`
	LowerPrice      *string `json:"itayose_lower_price"`
	UpperTrigger    *string `json:"upper_trigger_price"`
	LowerTrigger    *string `json:"lower_trigger_price"`
	FeeType         string  `json:"fee_type"`
	Reopen          *int64  `json:"reopen_timestamp"`
	Timestamp       int64   `json:"timestamp"`
}

// A Status is one row of /spot/status.
type Status struct {
	Pair      string `json:"pair"`
	Status    string `json:"status"`
	MinAmount string `json:"min_amount"`
}

// An Info is one row of /spot/pairs.
type Info struct {
	Name              string  `json:"name"`
	Base              string  `json:"base_asset"`
	Quote             string  `json:"quote_asset"`
	MakerBase         string  `json:"maker_fee_rate_base"`
	TakerBase         string  `json:"taker_fee_rate_base"`
	Maker             string  `json:"maker_fee_rate_quote"`
	Taker             string  `json:"taker_fee_rate_quote"`
	OpenMaker         *string `json:"margin_open_maker_fee_rate_quote"`
	OpenTaker         *string `json:"margin_open_taker_fee_rate_quote"`
	CloseMaker        *string `json:"margin_close_maker_fee_rate_quote"`
	CloseTaker        *string `json:"margin_close_taker_fee_rate_quote"`
	LongInterest      *string `json:"margin_long_interest"`
	ShortInterest     *string `json:"margin_short_interest"`
	CurrentIndividual *string `json:"margin_current_individual_ratio"`
	CurrentUntil      *int64  `json:"margin_current_individual_until"`
	CurrentCompany    *string `json:"margin_current_company_ratio"`
	CompanyUntil      *int64  `json:"margin_current_company_until"`
	NextIndividual    *string `json:"margin_next_individual_ratio"`
	NextUntil         *int64  `json:"margin_next_individual_until"`
	NextCompany       *string `json:"margin_next_company_ratio"`
	NextCompanyUntil  *int64  `json:"margin_next_company_until"`
	Unit              string  `json:"unit_amount"`
	LimitMax          string  `json:"limit_max_amount"`
	MarketMax         string  `json:"market_max_amount"`
	Allowance         string  `json:"market_allowance_rate"`
	BreakAllowance    string  `json:"market_in_cb_allowance_rate"`
	PriceDigits       int     `json:"price_digits"`
	AmountDigits      int     `json:"amount_digits"`
	Enabled           bool    `json:"is_enabled"` // true even for delisted pairs
	Flags
}

// forever is the time in milliseconds that bitbank writes for "no end".
const forever = 253402300799999

// Decimal writes n units of 10^-digits.
func Decimal(n int64, digits int) string {
	if digits == 0 {
		return strconv.FormatInt(n, 10)
	}
	s := strconv.FormatInt(n, 10)
	if len(s) <= digits {
		s = strings.Repeat("0", digits+1-len(s)) + s
	}
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}

func (p *pair) price(n int64) string  { return Decimal(n, p.PriceDigits) }
func (p *pair) volume(n int64) string { return Decimal(n, p.AmountDigits) }

func (p *pair) levels(side []Level) [][2]string {
	out := make([][2]string, len(side))
	for i, l := range side {
		out[i] = [2]string{p.price(l.Price), p.volume(l.Amount)}
		if l.Amount == 0 {
			out[i][1] = "0" // as in the documents' examples
		}
	}
	return out
}

// quote is a ticker before it is written: comparable, to see whether anything differs.
type quote struct{ sell, buy, high, low, open, last, volume int64 }

func (p *pair) ticker() quote {
	q := quote{last: p.last, high: p.window[0].high, low: p.window[0].low, open: p.window[0].open}
	for i := range p.window {
		b := &p.window[i]
		q.high, q.low, q.volume = max(q.high, b.high), min(q.low, b.low), q.volume+b.volume
	}
	q.sell, _ = p.asks.best()
	q.buy, _ = p.bids.best()
	return q
}

// Ticker reads the ticker of a known pair.
func (m *Market) Ticker(name string) Ticker {
	p := m.index[name]
	if !p.Delisted {
		p.roll(m.now)
	}
	q := p.ticker()
	t := Ticker{
		High: p.price(q.high), Low: p.price(q.low), Open: p.price(q.open), Last: p.price(q.last), Vol: p.volume(q.volume),
		Timestamp: p.stamp.UnixMilli(),
	}
	if q.sell > 0 {
		t.Sell = new(p.price(q.sell))
	}
	if q.buy > 0 {
		t.Buy = new(p.price(q.buy))
	}
	return t
}

// Tickers reads all of them, or only those in yen.
func (m *Market) Tickers(yen bool) []Ticker {
	all := make([]Ticker, 0, len(m.pairs))
	for _, p := range m.pairs {
		if yen && p.Quote != "jpy" {
			continue
		}
		t := m.Ticker(p.Name)
		t.Pair = p.Name
		all = append(all, t)
	}
	return all
}

// Depth reads the book of a known pair.
func (m *Market) Depth(name string) Depth {
	p := m.index[name]
	return Depth{
		Asks: p.levels(p.asks.shown()), Bids: p.levels(p.bids.shown()), AsksOver: p.volume(p.asks.beyond()), BidsUnder: p.volume(p.bids.beyond()),
		AsksUnder: "0", BidsOver: "0", AskMarket: "0", BidMarket: "0",
		Timestamp: p.stamp.UnixMilli(), SequenceID: strconv.FormatInt(p.seq, 10),
	}
}

// Diff writes what a change did to the book.
func (m *Market) Diff(c Change) Diff {
	p := m.index[c.Pair]
	return Diff{
		Asks: p.levels(c.Asks), Bids: p.levels(c.Bids), AsksOver: p.volume(p.asks.beyond()), BidsUnder: p.volume(p.bids.beyond()),
		Time: c.At.UnixMilli(), Sequence: strconv.FormatInt(c.Seq, 10),
	}
}

// Executed writes the trades of a change, newest first.
func (m *Market) Executed(c Change) Transactions {
	return m.index[c.Pair].transactions(c.Trades, false)
}

func (p *pair) transactions(trades []Trade, reverse bool) Transactions {
	out := Transactions{make([]Transaction, len(trades))}
	for i, t := range trades {
		if reverse {
			i = len(trades) - 1 - i
		}
		out.Transactions[i] = Transaction{t.ID, t.Side, p.price(t.Price), p.volume(t.Amount), t.At.UnixMilli()}
	}
	return out
}

// Transactions reads the newest 60 trades, newest first.
func (m *Market) Transactions(name string) Transactions {
	p := m.index[name]
	return p.transactions(p.trades[max(0, len(p.trades)-latest):], true)
}

// Circuit reads the circuit-break info of a known pair.
func (m *Market) Circuit(name string) Circuit {
	p := m.index[name]
	c := Circuit{Mode: p.circuit.mode, FeeType: p.circuit.fee, Timestamp: m.now.UnixMilli()}
	if p.Delisted {
		return c
	}
	low, high := p.band()
	lower, upper := new(p.price(low)), new(p.price(high))
	if c.Mode == ModeNone {
		c.UpperTrigger, c.LowerTrigger = upper, lower
		return c
	}
	if price, amount := p.auction(); amount > 0 {
		c.EstimatedPrice, c.EstimatedAmount = new(p.price(price)), new(p.volume(amount))
	}
	if c.Mode == ModeBreak || c.Mode == ModeResumption {
		c.UpperPrice, c.LowerPrice = upper, lower
	}
	if !p.circuit.reopen.IsZero() {
		c.Reopen = new(p.circuit.reopen.UnixMilli())
	}
	return c
}

// Statuses reads the status of all pairs.
func (m *Market) Statuses() []Status {
	all := make([]Status, len(m.pairs))
	for i, p := range m.pairs {
		all[i] = Status{p.Name, p.status, p.minAmount}
	}
	return all
}

// Infos reads the settings of all pairs.
func (m *Market) Infos() []Info {
	all := make([]Info, len(m.pairs))
	for i, p := range m.pairs {
		in := Info{
			Name: p.Name, Base: p.Base, Quote: p.Quote, MakerBase: "0", TakerBase: "0", Maker: p.Maker, Taker: p.Taker,
			Unit: p.Unit, LimitMax: p.LimitMax, MarketMax: p.MarketMax, Allowance: p.Allowance, BreakAllowance: p.Allowance,
			PriceDigits: p.PriceDigits, AmountDigits: p.AmountDigits, Enabled: true, Flags: p.flags,
		}
		if p.Margin() {
			in.OpenMaker, in.CloseMaker = new(p.Maker), new(p.Maker)
			in.OpenTaker, in.CloseTaker = new(p.Taker), new(p.Taker)
			in.LongInterest, in.ShortInterest = new("0.0004"), new("0.0004")
			in.CurrentIndividual, in.CurrentCompany = new("0.5"), new(p.CompanyRatio)
			in.CurrentUntil, in.CompanyUntil = new(int64(forever)), new(int64(forever))
		}
		all[i] = in
	}
	return all
}

// Price is the price that the rest of the world sees, which no halt of ours stops, as a number for other venues' tickers.
func (m *Market) Price(name string) float64 {
	p := m.index[name]
	return p.fair / math.Pow10(p.PriceDigits)
}

// Executions lists the trades since the market opened, oldest first, at most the last n of each pair, with their pair.
func (m *Market) Executions(n int) []Execution {
	var all []Execution
	for _, p := range m.pairs {
		ts := p.trades[max(0, len(p.trades)-n):]
		for len(ts) > 0 && ts[0].At.Before(m.start) {
			ts = ts[1:]
		}
		for _, t := range p.transactions(ts, false).Transactions {
			all = append(all, Execution{p.Name, t})
		}
	}
	return all
}

// An Execution is a trade with its pair.
type Execution struct {
	Pair string `json:"pair"`
	Transaction
}

// Clock is the time that the market has reached.
func (m *Market) Clock() time.Time { return m.now }

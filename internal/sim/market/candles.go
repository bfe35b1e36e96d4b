package market

import (
	"slices"
	"sort"
	"time"
)

// A Candles is what /{pair}/candlestick answers.
type Candles struct {
	Candlestick []Candlestick `json:"candlestick"`
	Timestamp   int64         `json:"timestamp"`
}

// A Candlestick is one type's rows: open, high, low, close, volume as strings and the time as a number.
type Candlestick struct {
	Type string   `json:"type"`
	Rows [][6]any `json:"ohlcv"`
}

// An Answer says what became of a question about the past.
type Answer int

// The answers. Late is a key that exists in the calendar but is not published yet: bitbank answers it with HTTP 200 and
// success 0, unlike Missing, which is a 404.
const (
	Found Answer = iota
	Missing
	Late
)

const (
	// candleDelay is how long after 00:00 UTC the new day's candles are missing: 4 to 12 minutes were measured.
	candleDelay = 10 * time.Minute
	// tradesDelay is when a day's trades are published after it: more than 12 minutes were seen.
	tradesDelay = 15 * time.Minute
	// listed is how far back our past reaches, in years.
	listed = 3
)

// candleTypes maps a type to its length in minutes; month is 0, it has none.
var candleTypes = map[string]int64{
	"1min": 1, "5min": 5, "15min": 15, "30min": 30, "1hour": 60,
	"4hour": 240, "8hour": 480, "12hour": 720, "1day": 1440, "1week": 7 * 1440, "1month": 0,
}

// Candles reads the candles of a known pair under a key: YYYYMMDD up to 1hour, YYYY beyond.
func (m *Market) Candles(name, kind, key string) (Candles, Answer) {
	p := m.index[name]
	length, ok := candleTypes[kind]
	if !ok {
		return Candles{}, Missing
	}
	layout, years, days := "20060102", 0, 1
	if length > 60 || length == 0 {
		layout, years, days = "2006", 1, 0
	}
	from, err := time.Parse(layout, key)
	if err != nil || len(key) != len(layout) || from.After(m.now) || from.Before(m.start.AddDate(-listed, 0, 0)) {
		return Candles{}, Missing
	}
	if m.now.Sub(from) < candleDelay {
		return Candles{}, Late
	}
	until := from.AddDate(years, 0, days)
	if until.After(m.now) {
		until = m.now.Truncate(time.Minute).Add(time.Minute) // with the running one, also in its first instant
	}
	var rows [][6]any
	var open bar
	var at int64
	write := func() {
		if open.open > 0 {
			rows = append(rows, [6]any{p.price(open.open), p.price(open.high), p.price(open.low), p.price(open.close), p.volume(open.volume), at * 60_000})
		}
	}
	p.minutes(from, until, m.start, func(b bar) {
		if s := slot(b.minute, kind, length); s != at || open.open == 0 {
			write()
			open, at = b, s
			return
		}
		open.fold(b)
	})
	write()
	return Candles{[]Candlestick{{kind, rows}}, m.now.UnixMilli()}, Found
}

// slot is the first minute of the candle that a minute belongs to. Weeks start on Monday; 1970 began on a Thursday.
func slot(minute int64, kind string, length int64) int64 {
	switch {
	case length == 0:
		t := time.Unix(minute*60, 0).UTC()
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).Unix() / 60
	case kind == "1week":
		const monday = 4 * 1440
		return (minute-monday)/length*length + monday
	}
	return minute / length * length
}

// minutes tells visit every minute in [from, until), from the past before start and from what was traded after it.
func (p *pair) minutes(from, until, start time.Time, visit func(bar)) {
	first, end, live := from.Unix()/60, until.Unix()/60, start.Unix()/60
	for at := first; at < min(end, live); at++ {
		visit(p.past.bar(at))
	}
	bars := p.bars
	if p.bar.volume > 0 {
		bars = append(slices.Clip(bars), p.bar)
	}
	at := max(first, live)
	i := sort.Search(len(bars), func(i int) bool { return bars[i].minute >= at })
	price := p.past.at(live - 1)
	if i > 0 {
		price = bars[i-1].close
	}
	for ; at < end; at++ {
		b := bar{minute: at, open: price, high: price, low: price, close: price}
		if i < len(bars) && bars[i].minute == at {
			b = bars[i]
			i++
		}
		price = b.close
		visit(b)
	}
}

// Day reads all trades of one UTC day, newest first.
func (m *Market) Day(name, key string) (Transactions, Answer) {
	p := m.index[name]
	from, err := time.Parse("20060102", key)
	if err != nil || len(key) != 8 || from.Before(m.start.AddDate(-listed, 0, 0)) {
		return Transactions{}, Missing
	}
	until := from.AddDate(0, 0, 1)
	if m.now.Before(until.Add(tradesDelay)) || p.Delisted {
		return Transactions{}, Missing
	}
	var day []Trade
	for at := from.Unix() / 60; at < min(until.Unix(), m.start.Unix())/60; at++ {
		day = append(day, p.past.trades(at)...)
	}
	for _, t := range p.trades {
		if !t.At.Before(m.start.Truncate(time.Minute)) && !t.At.Before(from) && t.At.Before(until) {
			day = append(day, t)
		}
	}
	slices.Reverse(day)
	return p.transactions(day, false), Found
}

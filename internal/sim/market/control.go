package market

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Mode is how a pair is traded.
type Mode string

// The modes, by bitbank's names.
const (
	ModeNone       Mode = "NONE"
	ModeBreak      Mode = "CIRCUIT_BREAK"
	ModeFullRange  Mode = "FULL_RANGE_CIRCUIT_BREAK"
	ModeResumption Mode = "RESUMPTION"
	ModeListing    Mode = "LISTING"
)

// Known reports whether there is such a pair.
func (m *Market) Known(name string) bool { return m.index[name] != nil }

// Names lists the pairs in the order of bitbank's list.
func (m *Market) Names() []string {
	names := make([]string, len(m.pairs))
	for i, p := range m.pairs {
		names[i] = p.Name
	}
	return names
}

// A Setting changes what bitbank says of a pair; what is empty stays.
type Setting struct {
	Status       string          `json:"status"`
	MinAmount    string          `json:"min_amount"`
	Flags        map[string]bool `json:"flags"`
	CircuitBreak Mode            `json:"circuit_break"`
}

// Check says what is wrong with a setting.
func (s Setting) Check() error {
	if statuses := []string{"", "NORMAL", "BUSY", "VERY_BUSY", "HALT"}; !slices.Contains(statuses, s.Status) {
		return fmt.Errorf("status: %q is none of NORMAL, BUSY, VERY_BUSY, HALT", s.Status)
	}
	if s.MinAmount != "" && !(decimalNumber(s.MinAmount) > 0) {
		return fmt.Errorf("min_amount: %q is no positive decimal number in a string, such as \"0.01\"", s.MinAmount)
	}
	for name := range s.Flags {
		if new(Flags).byName(name) == nil {
			return fmt.Errorf("flags: %q is none of bitbank's nine stop flags, such as stop_order", name)
		}
	}
	if modes := []Mode{"", ModeNone, ModeBreak, ModeFullRange, ModeResumption, ModeListing}; !slices.Contains(modes, s.CircuitBreak) {
		return fmt.Errorf("circuit_break: %q is none of NONE, CIRCUIT_BREAK, FULL_RANGE_CIRCUIT_BREAK, RESUMPTION, LISTING", s.CircuitBreak)
	}
	return nil
}

// reach lets what is due happen before something is done to the market, so that no pair's time runs back. It returns the
// time that the market is at: the clock's, unless that was set back.
func (m *Market) reach(now time.Time) ([]Change, time.Time) {
	changes := m.Advance(now)
	return changes, m.now
}

// Set applies a checked setting to a known pair. Leaving a call auction executes it.
func (m *Market) Set(name string, s Setting, now time.Time) []Change {
	p := m.index[name]
	changes, now := m.reach(now)
	if s.Status != "" {
		p.status = s.Status
	}
	if s.MinAmount != "" {
		p.minAmount = s.MinAmount
	}
	for flag, on := range s.Flags {
		*p.flags.byName(flag) = on
	}
	if s.CircuitBreak == "" || s.CircuitBreak == p.circuit.mode {
		return changes
	}
	return append(changes, m.enter(p, s.CircuitBreak, now))
}

// enter changes the mode of a pair.
func (m *Market) enter(p *pair, mode Mode, now time.Time) Change {
	c := p.begin(now)
	c.Circuit = true
	p.circuit = circuit{mode: mode, fee: "NORMAL"}
	if mode == ModeBreak || mode == ModeResumption {
		p.circuit.reopen = now.Add(auctionLength)
	}
	if mode == ModeNone && !p.Delisted {
		p.uncross(&c)
		p.reopen(m.rng)
		p.reference = p.last
		c.Ticker = true
	}
	p.settle(m.rng, &c)
	return c
}

// uncross executes the call auction: everything that crosses trades at one price, in the order of price and time. Nobody
// was first with a price that all of them get, so both sides count as takers: our assumption.
func (p *pair) uncross(c *Change) {
	price, amount := p.auction()
	type share struct{ id, amount int64 }
	var shares [2][]share
	for i, s := range []*side{&p.asks, &p.bids} {
		for left := amount; left > 0; {
			r := &s.rungs[0]
			left -= r.eat(left, func(id, n int64) { shares[i] = append(shares[i], share{id, n}) })
			s.tell(r.Level)
			s.prune(&s.rungs, 0)
		}
	}
	asks, bids := shares[0], shares[1]
	for len(asks) > 0 && len(bids) > 0 {
		a, b := &asks[0], &bids[0]
		n := min(a.amount, b.amount)
		trade := p.execute(c, Buy, price, n)
		for _, f := range []Fill{{Order: a.id, Against: b.id}, {Order: b.id, Against: a.id}} {
			if f.Order != 0 {
				f.Price, f.Amount, f.Taker, f.Trade = price, n, true, trade
				c.Fills = append(c.Fills, f)
			}
		}
		if a.amount -= n; a.amount == 0 {
			asks = asks[1:]
		}
		if b.amount -= n; b.amount == 0 {
			bids = bids[1:]
		}
	}
}

// reopen puts a first order on a side that an auction has emptied.
func (p *pair) reopen(rng *rand.Rand) {
	fair := int64(math.Round(p.fair))
	ask, asked := p.asks.best()
	bid, bidden := p.bids.best()
	if !asked {
		if ask = max(fair+1, 1); bidden {
			ask = max(ask, bid+1)
		}
		p.asks.put(Level{ask, p.amount(rng)}, 0)
	}
	if !bidden && ask > 1 {
		p.bids.put(Level{max(1, min(fair, ask-1)), p.amount(rng)}, 0)
	}
}

// auction estimates the price at which most would trade, and how much; zeros when nothing crosses.
func (p *pair) auction() (price, amount int64) {
	asks, bids := p.asks.rungs, p.bids.rungs
	i, j := 0, 0
	var askLeft, bidLeft int64
	for {
		if askLeft == 0 {
			if i == len(asks) {
				break
			}
			askLeft = asks[i].Amount
			i++
		}
		if bidLeft == 0 {
			if j == len(bids) {
				break
			}
			bidLeft = bids[j].Amount
			j++
		}
		if bids[j-1].Price < asks[i-1].Price {
			break
		}
		n := min(askLeft, bidLeft)
		askLeft, bidLeft, amount = askLeft-n, bidLeft-n, amount+n
		price = (asks[i-1].Price + bids[j-1].Price) / 2
	}
	return price, amount
}

// dearest is the highest price in ticks. Beyond it sums of prices would leave 64 bits.
const dearest = 1e15

// Move bends the pair's price by percent of what it is, over a length of market time.
func (m *Market) Move(name string, percent float64, over time.Duration, now time.Time) ([]Change, error) {
	p := m.index[name]
	if p.Delisted {
		return nil, errDelisted(name)
	}
	changes, now := m.reach(now)
	p.moving = &move{from: p.fair, to: min(max(1, p.fair*(1+percent/100)), dearest), start: now, length: max(over, 1)}
	return changes, nil
}

// Jump makes the pair trade at a price (text, in quote currency) at once.
func (m *Market) Jump(name, last string, now time.Time) ([]Change, error) {
	p := m.index[name]
	v := decimalNumber(last)
	if !(v > 0 && v <= 1e12) {
		return nil, fmt.Errorf("last: %q is no positive decimal number in a string up to 1000000000000, such as \"15000000\"", last)
	}
	if p.Delisted {
		return nil, errDelisted(name)
	}
	changes, now := m.reach(now)
	ticks := max(1, math.Round(v*math.Pow10(p.PriceDigits)))
	p.roll(now)
	p.fair, p.base, p.moving, p.fairAt, p.reference = ticks, ticks, nil, now, int64(ticks)
	c := p.begin(now)
	p.requote(m.rng, &c)
	p.settle(m.rng, &c)
	return append(changes, c), nil
}

// decimalNumber reads a number as bitbank writes them, digits and a point; 0 when it is none. A min_amount is repeated to
// clients as it came, so an exponent would reach them.
func decimalNumber(s string) float64 {
	if len(s) > 40 || strings.Trim(s, "0123456789.") != "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return v
}

func errDelisted(name string) error {
	return fmt.Errorf("pair: %s is delisted, nobody trades it", name)
}
